// SPDX-License-Identifier: MIT
// A question's instructions, a key away.

import {el, keyButton} from "./ui.js";

export class Explained {
  constructor(open) {
    this.isOpen = open;
    this.text = el("p", {class: "explained", id: `explained-${++made}`});
    this.button = keyButton("What counts?", "h", () => this.toggle(), {class: "quiet", "aria-controls": this.text.id});
  }

  /* help: null where the question has none. */
  show(help) {
    this.text.textContent = help ?? "";
    this.button.hidden = !help;
    this.button.setAttribute("aria-expanded", this.isOpen);
    this.text.hidden = !help || !this.isOpen;
  }

  toggle() {
    this.isOpen = !this.isOpen;
    this.show(this.text.textContent);
  }
}

let made = 0;

/* What a question is asked with; long ones in smaller letters, so that they fit. */
export function askIn(heading, {text, about}) {
  const length = text.length + (about ?? "").length;
  heading.classList.toggle("long", length > 80);
  heading.classList.toggle("longest", length > 200);
  heading.replaceChildren(text, ...(about ? [" ", el("strong", {class: "about"}, about)] : []));
}
