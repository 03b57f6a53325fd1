// SPDX-License-Identifier: MIT
// Elements, said aloud and shown for a moment. Texts go in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const TOAST_MS = 6000;

const ICONS = {
  undo: "M9 7 4 12l5 5M4 12h10a6 6 0 0 1 0 12h-2",
  pause: "M9 6v16M19 6v16",
  earlier: "M14 8v6.5l4.5 2.7M4.6 17a10 10 0 1 0 .4-7M4.5 4.500v5.500h5.500",
  help: "M10 11a4 4 0 1 1 6 3.4c-1.4.9-2 1.6-2 3.1M14 22v.2",
  single: "M6 5h16v18H6z",
  grid: "M5 5h7v7H5zM16 5h7v7h-7zM5 16h7v7H5zM16 16h7v7h-7z",
  flag: "M7 24V5h13l-3 4.5 3 4.5H7",
  check: "M6 15l6 6L23 8",
  zoom: "M12.5 20a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM18 18l6 6",
};

/* Attributes that are functions listen to the event of that name. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({viewBox: "0 0 28 28", "aria-hidden": "true"})) svg.setAttribute(key, value);
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/* The key is for eyes; screen readers get it as the button's shortcut. */
export function keyButton(label, key, work, attributes = {}) {
  return el("button", {type: "button", "aria-keyshortcuts": shortcutOf(key), click: work, ...attributes},
    el("span", {class: "label"}, label), key && el("kbd", {"aria-hidden": "true"}, key));
}

export function iconButton(name, label, key, work, attributes = {}) {
  return el("button", {type: "button", "aria-label": label, title: `${label} (${key})`, "aria-keyshortcuts": shortcutOf(key),
    click: work, ...attributes}, icon(name));
}

function shortcutOf(key) {
  return key && {"⌫": "Backspace", "↵": "Enter", "␣": "Space"}[key] || key;
}

/* Another question than before: the eye should notice. */
export function arrive(node) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  node.animate([{color: "var(--accent)"}, {}], {duration: 900, easing: "ease-out"});
}

export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function counted(n, one, many = `${one}s`) {
  return `${n.toLocaleString()} ${n === 1 ? one : many}`;
}

export function duration(seconds) {
  if (seconds < 90) return "about a minute";
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `about ${minutes} min` : `about ${Math.round(minutes / 6) / 10} h`;
}

/* Says it to screen readers. */
export function announce(text) {
  liveRegion("announcer", "status").textContent = text;
}

/* Shows it for a moment, and says it. */
export function toast(text) {
  const region = liveRegion("toasts", "log");
  const note = el("p", {}, text);
  region.append(note);
  while (region.children.length > 3) region.firstChild.remove();
  setTimeout(() => note.remove(), TOAST_MS);
}

function liveRegion(name, role) {
  let region = document.getElementById(name);
  if (!region) {
    region = el("div", {id: name, "aria-live": "polite", role});
    document.body.append(region);
  }
  return region;
}

/* A dialog with all the page behind it out of reach. onKey(key event) may close it. */
export function openDialog(kind, title, content, onKey, onClose) {
  const heading = el("h2", {id: `${kind}-title`}, title);
  const dialog = el("dialog", {class: kind, "aria-labelledby": heading.id}, heading, content);
  const ended = () => {
    if (!dialog.isConnected) return;
    dialog.remove();
    onClose?.();
  };
  dialog.close = () => {
    HTMLDialogElement.prototype.close.call(dialog);
    ended(); // the event comes late: the keys until then would be lost
  };
  dialog.addEventListener("close", ended);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation(); // or the page behind would take the key too, once the dialog is closed
    onKey?.(event);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && kind !== "veil") dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
