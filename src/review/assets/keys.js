// SPDX-License-Identifier: MIT
// Keys: which one an event is, and what it does.

const FIELDS = "input, select, textarea";
const OF_CONTROLS = ["Enter", " "]; // a focused button's own

/* "y", "?", "Enter", "ctrl+z", "shift+ArrowLeft"; a letter by its place where the keyboard is not a Latin one. */
export function keyOf(event) {
  let key = event.key;
  if (key.length === 1 && key.charCodeAt(0) > 127 && /^Key[A-Z]$/.test(event.code)) key = event.code[3];
  if (key.length === 1) key = key.toLowerCase();
  if (event.altKey) return "";
  if (event.ctrlKey || event.metaKey) return `ctrl+${key}`;
  return event.shiftKey && key.length > 1 ? `shift+${key}` : key;
}

/* keysNow() gives {key: what it does}; one that may be held down has `.repeats`. */
export function listenToKeys(keysNow) {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]") || event.target.closest?.(FIELDS)) return;
    const key = keyOf(event);
    const work = keysNow()[key];
    if (!work || (OF_CONTROLS.includes(key) && event.target.closest?.("button:not([data-cell]), a"))) return;
    event.preventDefault();
    if (!event.repeat || work.repeats) work();
  });
}

export function repeating(work) {
  work.repeats = true;
  return work;
}
