// SPDX-License-Identifier: MIT
// What the person has answered, newest first, to look at and to change. Nothing changes until another answer is given.

import {capital, el, keyButton, openDialog} from "./ui.js";
import {keyOf} from "./keys.js";
import {keyedOptions, saidOf} from "./single.js";
import {Viewer} from "./viewer.js";

const PER_LIST = 24;

export class Earlier {
  constructor(desk) {
    this.desk = desk;
    this.list = el("ul", {class: "earlier"});
    this.note = el("p", {role: "status"});
    this.more = el("button", {type: "button", hidden: true, click: () => this.load()}, "Show more");
    this.close = keyButton("Close", "Esc", () => this.dialog.close());
    this.body = el("div", {class: "scrolls"}, this.note, this.list, this.more);
    this.ends = el("p", {class: "ends"}, this.close);
    desk.clock.stop("earlier");
    this.dialog = openDialog("answers", "Earlier answers", [this.body, this.ends], (event) => this.key(event), () => {
      desk.clock.go("earlier");
      desk.freshen();
      desk.view?.refocus?.();
    });
    this.load();
  }

  async load() {
    this.more.hidden = true;
    try {
      const {answers, before} = await this.desk.api.earlier({n: PER_LIST, ...(this.before && {before: this.before})});
      this.before = before;
      this.list.append(...answers.map((item) => this.row(item)));
      this.more.hidden = before === null;
      this.note.textContent = this.list.children.length ? "" : "Nothing is answered yet.";
    } catch (error) {
      this.note.textContent = capital(error.message);
      this.more.hidden = false;
      if (error.isSession) this.dialog.close();
    }
    (this.list.children[this.shown ?? 0]?.firstChild ?? this.close).focus();
    this.shown = this.list.children.length;
  }

  row(item) {
    const question = this.desk.question(item);
    const said = el("strong");
    const button = el("button", {type: "button", click: () => this.open(item, said)},
      item.image ? el("img", {src: item.image, alt: "", loading: "lazy"}) : el("span", {class: "none"}, "no picture"),
      el("span", {class: "what"}, [question.text, question.about].filter(Boolean).join(" ")), said);
    said.textContent = saidOf(item.was, question);
    return el("li", {}, button);
  }

  /* One of them, with its buttons. */
  open(item, said) {
    const question = this.desk.question(item);
    const viewer = new Viewer();
    this.choices = [...keyedOptions(question).map(([key, value, label]) => [label, key, {kind: "value", value}]),
      ["Can’t tell", "u", {kind: "unsure"}], ["Skip", "s", {kind: "skip"}]];
    this.choose = (answer) => this.change(item, answer, said);
    this.back = () => this.listAgain(said);
    this.opened = performance.now();
    const buttons = this.choices.map(([label, key, answer]) => keyButton(label, key, () => this.choose(answer),
      {class: isSame(answer, item.was) ? "said" : ""}));
    this.body.replaceChildren(
      el("h3", {}, question.text, question.about && el("span", {class: "about"}, ` ${question.about}`)),
      viewer.element, el("div", {class: "choices"}, buttons));
    this.ends.replaceChildren(keyButton("Leave it", "⌫", this.back), this.close);
    showOn(viewer, item.image);
    this.ends.firstChild.focus();
  }

  listAgain(said) {
    this.choices = null;
    this.body.replaceChildren(this.note, this.list, this.more);
    this.ends.replaceChildren(this.close);
    said.closest("button").focus();
  }

  change(item, answer, said) {
    const {desk} = this;
    const seconds = Math.min((performance.now() - this.opened) / 1000, desk.session.idle_seconds);
    if (!isSame(answer, item.was)) {
      desk.change(item, answer, Math.round(seconds * 10) / 10);
      item.was = answer;
      said.textContent = saidOf(answer, desk.question(item));
    }
    this.back();
  }

  key(event) {
    const key = keyOf(event);
    const chosen = this.choices?.find(([, one]) => one && one === key);
    if (event.repeat || !this.choices || (!chosen && key !== "Backspace")) return;
    event.preventDefault();
    if (chosen) this.choose(chosen[2]);
    else this.back();
  }
}

function isSame(a, b) {
  return a.kind === b.kind && a.value === b.value && a.reason === b.reason;
}

async function showOn(viewer, source) {
  if (!source) return viewer.show({image: null, state: "none"});
  const image = new Image();
  image.alt = "";
  image.src = source;
  viewer.clear();
  const state = await image.decode().then(() => "ready", () => "failed");
  return viewer.show({image, state});
}
