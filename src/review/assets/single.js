// SPDX-License-Identifier: MIT
// One picture at a time.

import {announce, arrive, capital, el, iconButton, keyButton} from "./ui.js";
import {Explained, askIn} from "./explained.js";
import {chooseReason} from "./dialogs.js";
import {repeating} from "./keys.js";
import {Viewer} from "./viewer.js";

const HOLD = 5; // the one that is shown, and the next ones, loaded already
const ZOOM_STEP = 1.25;

export class Single {
  constructor(desk, on) {
    this.desk = desk;
    this.on = on;
    this.hold = HOLD;
    this.item = null;
    this.build();
  }

  build() {
    this.scale = el("output", {"aria-label": "Scale"});
    this.viewer = new Viewer((text) => {
      this.scale.textContent = text;
    });
    this.heading = el("h1", {id: "question"});
    this.explained = new Explained(false);
    this.choices = el("div", {class: "choices", role: "group", "aria-labelledby": "question"});
    this.before = el("p", {class: "before"});
    this.undoButton = keyButton("Undo", "⌫", () => this.on.undo());
    this.others = el("div", {class: "others"}, this.undoButton,
      keyButton("Can’t tell", "u", () => this.give({kind: "unsure"}), {"data-value": "unsure"}),
      keyButton("Skip", "s", () => this.give({kind: "skip"}), {"data-value": "skip"}),
      this.desk.session.reasons.length > 0 && keyButton("Flag", "f", () => this.flag(), {"data-value": "flag"}));
    this.element = el("main", {class: "single"},
      el("section", {class: "ask"}, this.heading, this.explained.button, this.explained.text),
      el("section", {class: "picture", "aria-label": "Picture"}, this.viewer.element,
        el("div", {class: "zoom"}, iconButton("zoom", "Zoom: whole or 100 %", "z", () => this.viewer.toggle()), this.scale)),
      el("section", {class: "answer", "aria-label": "Answer"}, this.choices, this.others, this.before));
  }

  show() {
    const item = this.desk.items[0];
    if (item !== this.item && item?.id !== this.item?.id) this.change(item);
    this.item = item;
    this.undoButton.disabled = !this.desk.canUndo;
    this.showBefore();
  }

  showUndone() {
    this.item = null;
    this.show();
  }

  leave() {
    this.item = null;
    this.viewer.clear();
  }

  change(item) {
    const question = this.desk.question(item);
    if (question !== this.asked) this.ask(question);
    this.asked = question;
    const said = item.was && (item.was.value ?? item.was.kind);
    for (const button of [...this.choices.children, ...this.others.children]) {
      button.classList.toggle("said", button.dataset.value === String(said));
    }
    this.viewer.show(this.desk.pictures.of(item));
    announce(`Picture ${this.desk.counts.done + 1}. ${question.text} ${question.about ?? ""}${saidBefore(item, question)}`);
  }

  ask(question) {
    askIn(this.heading, question);
    this.explained.show(question.help);
    this.keyed = keyedOptions(question);
    this.choices.classList.toggle("many", this.keyed.length > 3);
    this.choices.classList.toggle("most", this.keyed.length > 6);
    this.choices.replaceChildren(...this.keyed.map(([key, value, label]) =>
      keyButton(label, key, () => this.give({kind: "value", value}), {"data-value": value})));
    arrive(this.heading);
  }

  showBefore() {
    const step = this.desk.history.last;
    const answer = step?.mode === "single" && step.answers[0];
    this.before.replaceChildren(...(answer ? ["Before: ", el("b", {}, saidOf(answer, this.desk.question(step.items[0])))] : []));
  }

  pictureChanged(id) {
    if (this.item?.id === id) this.viewer.show(this.desk.pictures.of(this.item));
  }

  give(answer) {
    const {item} = this;
    if (!item || this.desk.state !== "work") return;
    const {state} = this.desk.pictures.of(item);
    const seen = state === "ready" || state === "none";
    if (!seen && ["value", "unsure"].includes(answer.kind)) return; // nobody answers what they have not seen
    this.desk.answer([item], [{item: item.id, ...answer}]);
  }

  async flag() {
    const {item} = this;
    const reason = await chooseReason(this.desk.session.reasons);
    if (reason && item?.id === this.item?.id) this.give({kind: "flag", reason});
  }

  keys() {
    if (this.desk.state !== "work") return {};
    const zoom = (factor) => repeating(() => this.viewer.scaleBy(factor));
    const keys = {u: () => this.give({kind: "unsure"}), s: () => this.give({kind: "skip"}), z: () => this.viewer.toggle(),
      "+": zoom(ZOOM_STEP), "=": zoom(ZOOM_STEP), "-": zoom(1 / ZOOM_STEP), h: () => this.explained.toggle(), ...this.viewer.arrowKeys()};
    if (this.desk.session.reasons.length) keys.f = () => this.flag();
    for (const [key, value] of this.keyed ?? []) {
      if (key) keys[key] = () => this.give({kind: "value", value});
    }
    return keys;
  }

  helpRows() {
    return [[["y", "n"], "yes, no"], [["1", "…", "9"], "the options, in their order"], [["u"], "can’t tell"],
      [["s"], "skip this one"], [["f"], "flag the picture, and say why"], [["z"], "whole picture, or 100 %"],
      [["+", "−"], "larger, smaller; drag or arrow keys move it"], [["h"], "what counts, where the question says"]];
  }
}

/* [[key, value, label], ..] in the order shown. */
export function keyedOptions({kind, options}) {
  if (kind === "yesno") return [["y", 1, capital(options[1])], ["n", 0, capital(options[0])]];
  return options.map((option, i) => [i < 9 ? String(i + 1) : "", i, capital(option)]);
}

export function saidOf(answer, question) {
  if (answer.kind === "value") return capital(question.options[answer.value]);
  return {unsure: "Can’t tell", skip: "Skipped", flag: `Flagged: ${answer.reason}`}[answer.kind];
}

function saidBefore(item, question) {
  return item.was ? ` You had said: ${saidOf(item.was, question)}.` : "";
}
