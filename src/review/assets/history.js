// SPDX-License-Identifier: MIT
// What this tab has answered, so that it can be undone step by step: kept over a reload.

import {ofTab} from "./storage.js";

const HISTORY = "assent.history.";

export class History {
  constructor(who) {
    this.who = who;
    this.steps = ofTab.names(HISTORY).map((name) => ofTab.get(name)).filter((step) => step?.who === who);
    this.count = Math.max(0, ...this.steps.map((step) => step.count));
  }

  get last() {
    return this.steps.at(-1);
  }

  push(step) {
    this.count += 1;
    const full = {...step, who: this.who, count: this.count};
    this.steps.push(full);
    ofTab.put(nameOfStep(full), full);
  }

  pop() {
    const step = this.steps.pop();
    if (step) ofTab.drop(nameOfStep(step));
    return step;
  }

  /* Another answer took the place of this item's. */
  forgetItem(id) {
    for (const step of this.steps.filter((s) => s.answers.some((answer) => answer.item === id))) {
      step.answers = step.answers.filter((answer) => answer.item !== id);
      step.items = step.items.filter((item) => item.id !== id);
      if (step.answers.length) ofTab.put(nameOfStep(step), step);
      else this.forget(step.key);
    }
  }

  forget(key) {
    this.steps.filter((step) => step.key === key).forEach((step) => ofTab.drop(nameOfStep(step)));
    this.steps = this.steps.filter((step) => step.key !== key);
  }
}

function nameOfStep(step) {
  return HISTORY + String(step.count).padStart(9, "0");
}
