// SPDX-License-Identifier: MIT
// What opens over the page: the keys, the reasons of a flag, the pause, one picture of a grid.

import {counted, el, keyButton, openDialog} from "./ui.js";
import {keyOf} from "./keys.js";
import {Viewer} from "./viewer.js";

/* rows: [[keys, what they do], ..] */
export function showHelp(rows, foot) {
  const lines = rows.map(([keys, text]) =>
    el("div", {}, el("dt", {}, keys.map((key) => el("kbd", {}, key))), el("dd", {}, text)));
  const dialog = openDialog("help", "Keys", [el("dl", {}, lines), foot,
    el("p", {class: "ends"}, el("button", {type: "button", autofocus: true, click: () => dialog.close()}, "Close"))],
  (event) => keyOf(event) === "?" && dialog.close());
}

/* Resolves to one of the reasons, or null. */
export function chooseReason(reasons) {
  return new Promise((resolve) => {
    const choose = (reason) => {
      resolve(reason);
      dialog.close();
    };
    const buttons = reasons.map((reason, i) => keyButton(reason, i < 9 ? String(i + 1) : "", () => choose(reason)));
    const dialog = openDialog("reasons", "What is wrong with the picture?",
      [el("div", {class: "choices"}, buttons),
        el("p", {class: "ends"}, keyButton("Cancel", "Esc", () => dialog.close()))],
      (event) => {
        const reason = /^[1-9]$/.test(event.key) && reasons[Number(event.key) - 1];
        if (reason) choose(reason);
      }, () => resolve(null));
  });
}

/* Hides everything until the person is back. */
export function showVeil(why, waiting, onClose) {
  const said = {
    asked: "The clock has stopped.",
    idle: "Nobody has touched the page for a while, so the clock has stopped.",
  };
  const dialog = openDialog("veil", "Paused",
    [el("p", {}, said[why]), waiting > 0 && el("p", {}, `${counted(waiting, "answer")} not sent yet: kept in this browser.`),
      keyButton("Go on", "any key", () => dialog.close(), {class: "main", autofocus: true})],
    (event) => {
      if (["Tab", "Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
      event.preventDefault();
      dialog.close();
    }, onClose);
}

/* One picture of a grid, as large as it goes. */
export function showLarge(record) {
  const viewer = new Viewer();
  const keys = {z: () => viewer.toggle(), "+": () => viewer.scaleBy(1.25), "=": () => viewer.scaleBy(1.25),
    "-": () => viewer.scaleBy(0.8), ...viewer.arrowKeys()};
  const dialog = openDialog("large", "The picture, enlarged",
    [viewer.element, el("p", {class: "ends"}, keyButton("Close", "Esc", () => dialog.close(), {autofocus: true}))],
    (event) => {
      const work = keys[keyOf(event)];
      if (!work) return;
      event.preventDefault();
      work();
    });
  const copy = record.image.cloneNode();
  viewer.show({image: copy, state: "ready"});
}
