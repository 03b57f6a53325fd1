// SPDX-License-Identifier: MIT
// Many pictures, one question: the person marks those that are a yes, and sends the page.

import {announce, counted, el, icon, iconButton, keyButton} from "./ui.js";
import {Explained, askIn} from "./explained.js";
import {chooseReason, showLarge} from "./dialogs.js";
import {lasting, ofTab} from "./storage.js";
import {repeating} from "./keys.js";

const MARKS = "assent.marks";
const PER_PAGE = "assent.per-page";
const GAP = 8;
const COMFORTABLE = 148; // pixels across, of a picture in a page of "as many as fit"
const LARGE = 210;
const NARROWEST = 92;
const HARDLY = 0.2; // so little of a picture may be out of sight
const MARGIN = 40; // of the window's width and height, what is not for pictures
const AROUND = 190;
const RATIO = 0.8; // width to height, until the pictures say otherwise
const NARROW = 820; // as style.css has it: instructions are closed at first
const TALLEST = 0.6;
const WIDEST = 1.6;
const LONG_PRESS_MS = 500;
const TOO_SOON_MS = 400; // a page that came just now was not looked at
const SIZES = [12, 16, 20, 24, 30, 36, 42, 48];
const BRUSHES = {yes: ["Yes", "y"], unsure: ["Can’t tell", "u"], skip: ["Skip", "s"], flag: ["Flag", "f"]};
const MARK_SAYS = {yes: "yes", unsure: "can’t tell", skip: "skipped", flag: "flagged"};

export class Grid {
  constructor(desk, on) {
    this.desk = desk;
    this.on = on;
    this.page = [];
    this.cells = [];
    this.focus = 0;
    this.brush = "yes";
    this.ratio = RATIO;
    this.marks = new Map(Object.entries(ofTab.get(MARKS) ?? {}));
    this.build();
    new ResizeObserver(() => this.layOut()).observe(this.field);
    this.field.addEventListener("scroll", () => this.look(), {passive: true});
  }

  build() {
    this.heading = el("h1", {id: "grid-question"});
    this.explained = new Explained(innerWidth > NARROW);
    this.field = el("div", {class: "field", role: "group", "aria-labelledby": "grid-question", keydown: (event) => this.cellKey(event), keyup: (event) => event.key === " " && event.preventDefault()});
    this.brushes = Object.entries(BRUSHES).filter(([name]) => name !== "flag" || this.desk.session.reasons.length)
      .map(([name, [label, key]]) => keyButton(label, key, () => this.pick(name), {"data-brush": name}));
    this.undoButton = keyButton("Undo", "⌫", () => this.on.undo(), {class: "undo"});
    this.sendButton = keyButton("Send", "↵", () => this.send(), {class: "main"});
    this.note = el("p", {class: "note"});
    this.size = el("output", {"aria-label": "Pictures on a page"});
    this.element = el("main", {class: "grid"},
      el("section", {class: "ask"}, this.heading, this.explained.button, this.explained.text,
        el("div", {class: "size", role: "group", "aria-label": "Pictures on a page"},
          el("button", {type: "button", "aria-label": "Fewer pictures", click: () => this.resize(-1)}, "−"), this.size,
          el("button", {type: "button", "aria-label": "More pictures", click: () => this.resize(1)}, "+"))),
      this.field,
      el("section", {class: "answer", "aria-label": "Answer"},
        el("div", {class: "segments brushes", role: "group", "aria-label": "A tap marks"}, this.brushes),
        iconButton("zoom", "Enlarge the picture", "z", () => this.enlarge()), this.note, this.undoButton, this.sendButton));
    this.pick("yes");
  }

  // ---- the page

  get least() {
    return this.desk.session.grid.least;
  }

  get most() {
    return this.desk.session.grid.most;
  }

  get perPage() {
    return Math.min(this.most, Math.max(this.least, lasting.get(PER_PAGE) ?? this.fitting()));
  }

  /* This page, and the next where the server allows so many. */
  get hold() {
    return Math.min(this.most, 2 * this.perPage);
  }

  fitting() {
    const width = innerWidth - MARGIN;
    const height = innerHeight - AROUND;
    let best = {n: this.least, area: 0};
    for (let columns = 3; columns <= this.most; columns++) {
      const across = (width + GAP) / columns - GAP;
      const rows = Math.floor((height + GAP) / (across / this.ratio + GAP));
      const area = rows * columns * across * across;
      if (across >= COMFORTABLE && across <= LARGE && area > best.area) best = {n: rows * columns, area};
    }
    return best.n;
  }

  show() {
    const held = new Map(this.desk.items.map((item) => [item.id, item]));
    const page = this.page.filter((item) => held.has(item.id));
    if (!page.length && this.desk.items.length) this.turn(this.desk.items.slice(0, this.perPage));
    else if (page.length !== this.page.length) this.turn(page);
    else if (page.length < this.perPage && !this.touched) this.fill();
    this.undoButton.disabled = !this.desk.canUndo;
    this.size.textContent = String(this.perPage);
  }

  /* A page that came short, and that nobody has begun, takes more. */
  fill() {
    const more = this.desk.items.slice(0, this.perPage);
    if (more.length > this.page.length && this.page.every((item, i) => item.id === more[i].id)) this.turn(more);
  }

  showUndone(step) {
    step.answers.forEach((answer) => this.marks.set(answer.item, markOf(answer)));
    this.keepMarks();
    this.turn(step.items);
    this.seenTo = Infinity;
    this.look();
    this.touched = true;
    this.show();
  }

  leave() {
    this.turn([]);
  }

  turn(page) {
    this.page = page;
    this.turned = performance.now();
    this.seenTo = 0;
    this.touched = false;
    this.anchor = null;
    this.focus = 0;
    if (!page.length) return;
    const question = this.desk.question(page[0]);
    askIn(this.heading, question);
    this.explained.show(question.help);
    this.cells = page.map((item, i) => this.cell(item, i));
    this.field.replaceChildren(...this.cells);
    this.field.scrollTop = 0;
    this.layOut();
    this.shape();
    page.forEach((item, i) => this.paint(i));
    this.refocus();
    announce(`${counted(page.length, "picture")}. ${question.text} ${question.about ?? ""}`);
  }

  refocus() {
    if (!document.querySelector("dialog[open]")) this.cells[this.focus]?.focus({preventScroll: true});
  }

  cell(item, i) {
    const button = el("button", {type: "button", "data-cell": i, tabindex: i === this.focus ? 0 : -1,
      click: (event) => this.clicked(i, event.shiftKey), focus: () => this.moveTo(i, false),
      contextmenu: (event) => event.preventDefault()});
    longPress(button, () => this.enlarge(i));
    return button;
  }

  pictureChanged(id) {
    const i = this.page.findIndex((item) => item.id === id);
    if (i < 0) return;
    this.shape();
    this.paint(i);
  }

  /* Cells are of the shape that most pictures have. */
  shape() {
    const records = this.page.map((item) => this.desk.pictures.of(item));
    const ratios = records.filter(({state}) => state === "ready")
      .map(({image}) => image.naturalWidth / image.naturalHeight).sort((a, b) => a - b);
    if (!ratios.length || records.some(({state}) => state === "loading")) return;
    const ratio = Math.min(WIDEST, Math.max(TALLEST, ratios[Math.floor(ratios.length / 2)]));
    if (ratio === this.ratio) return;
    this.ratio = ratio;
    this.layOut();
  }

  paint(i) {
    const item = this.page[i];
    const {image, state} = this.desk.pictures.of(item);
    const mark = this.markOn(item);
    const cell = this.cells[i];
    const said = mark ? MARK_SAYS[mark.kind] : "not marked";
    cell.dataset.mark = mark?.kind ?? "";
    cell.setAttribute("aria-pressed", mark?.kind === "yes");
    cell.setAttribute("aria-label", `Picture ${i + 1}: ${said}${state === "ready" ? "" : `, ${PICTURE_SAYS[state]}`}`);
    const badge = mark && el("span", {class: "badge", "aria-hidden": "true"},
      mark.kind === "yes" ? icon("check") : mark.kind === "flag" ? [icon("flag"), mark.reason] : MARK_SAYS[mark.kind]);
    if (state === "ready") {
      if (image.parentNode !== cell) cell.replaceChildren(image);
      cell.querySelector(".badge")?.remove();
      if (badge) cell.append(badge);
    } else {
      cell.replaceChildren(el("span", {class: "placeholder"}, PICTURE_SAYS[state]), ...(badge ? [badge] : []));
    }
    this.showCounts();
  }

  layOut() {
    const {clientWidth: width, clientHeight: height} = this.field;
    const n = this.page.length;
    if (!n || !width) return;
    let best = {columns: 1, size: 0};
    for (let columns = 1; columns <= n; columns++) {
      const across = (width - GAP * (columns - 1)) / columns;
      const rows = Math.ceil(n / columns);
      const down = ((height - GAP * (rows - 1)) / rows) * this.ratio;
      if (Math.min(across, down) > best.size) best = {columns, size: Math.min(across, down)};
    }
    const columns = best.size >= NARROWEST ? best.columns : Math.max(3, Math.floor((width + GAP) / (COMFORTABLE + GAP)));
    const size = best.size >= NARROWEST ? best.size : (width - GAP * (columns - 1)) / columns;
    this.columns = columns;
    this.field.style.setProperty("--columns", columns);
    this.field.style.setProperty("--across", `${Math.floor(size)}px`);
    this.down = Math.floor(size / this.ratio);
    this.field.style.setProperty("--down", `${this.down}px`);
    this.look();
  }

  /* How many pictures have not been in sight yet. */
  look() {
    const {scrollTop, clientHeight} = this.field;
    this.seenTo = Math.max(this.seenTo, scrollTop + clientHeight);
    const rows = Math.floor((this.seenTo + this.down * HARDLY + GAP) / (this.down + GAP));
    this.below = Math.max(0, this.page.length - rows * this.columns);
    this.showCounts();
  }

  scrollOn() {
    this.field.scrollBy({top: this.field.clientHeight - this.down / 2});
    announce(`${counted(this.below, "picture")} more below.`);
  }

  resize(step) {
    const now = SIZES.findIndex((size) => size >= this.perPage);
    const size = SIZES[Math.min(SIZES.length - 1, Math.max(0, (now < 0 ? SIZES.length : now) + step))];
    lasting.put(PER_PAGE, Math.min(this.most, Math.max(this.least, size)));
    if (this.desk.items.length) this.turn(this.desk.items.slice(0, this.perPage));
    this.show();
    this.desk.take();
  }

  // ---- marks

  pick(brush) {
    this.brush = brush;
    for (const button of this.brushes) button.setAttribute("aria-pressed", button.dataset.brush === brush);
    this.refocus();
  }

  async clicked(i, range) {
    const anchor = this.anchor;
    this.moveTo(i, false);
    if (range && anchor !== null) return this.extend(anchor, i);
    this.anchor = i;
    return this.toggle(i, this.brush);
  }

  async toggle(i, kind) {
    const item = this.page[i];
    if (!item) return;
    if (this.markOn(item)?.kind === kind) return this.mark(i, null);
    const reason = kind === "flag" ? await chooseReason(this.desk.session.reasons) : undefined;
    if (reason === null || this.page[i]?.id !== item.id) return;
    this.mark(i, {kind, reason});
    this.refocus();
  }

  /* What was said of an item and undone is its mark, until the person says otherwise. */
  markOn(item) {
    if (this.marks.has(item.id)) return this.marks.get(item.id);
    return item.was ? markOf(item.was) : null;
  }

  keepMarks() {
    ofTab.put(MARKS, Object.fromEntries(this.marks));
  }

  mark(i, mark) {
    this.marks.set(this.page[i].id, mark);
    this.touched = true;
    this.keepMarks();
    this.paint(i);
  }

  /* All from one cell to another get the first one's mark. */
  extend(from, to) {
    const mark = this.markOn(this.page[from]);
    for (let i = Math.min(from, to); i <= Math.max(from, to); i++) this.mark(i, mark);
  }

  count(kind) {
    return this.page.filter((item) => this.markOn(item)?.kind === kind).length;
  }

  showCounts() {
    const yes = this.count("yes");
    const others = ["unsure", "skip", "flag"].map((kind) => [this.count(kind), MARK_SAYS[kind]]).filter(([n]) => n);
    const marked = others.reduce((sum, [n]) => sum + n, yes);
    const parts = [`${yes} yes`, `${this.page.length - marked} no`, ...others.map(([n, said]) => `${n} ${said}`)];
    this.sendButton.querySelector(".label").textContent = this.below ? `${this.below} more below` : `Send ${parts.join(", ")}`;
    this.note.textContent = "Unmarked becomes “no” only when you send the page.";
  }

  // ---- focus

  moveTo(i, focus = true) {
    const to = Math.min(this.page.length - 1, Math.max(0, i));
    this.cells[this.focus]?.setAttribute("tabindex", -1);
    this.focus = to;
    this.cells[to]?.setAttribute("tabindex", 0);
    if (focus) this.cells[to]?.focus();
  }

  step(by, extend) {
    const to = this.focus + by;
    if (to < 0 || to >= this.page.length) return;
    this.anchor = extend ? this.anchor ?? this.focus : null;
    this.moveTo(to);
    if (extend) this.extend(this.anchor, to);
  }

  /* Space and Enter on a cell are ours, not the button's own. */
  cellKey(event) {
    if (event.key === " ") {
      event.preventDefault();
      if (!event.repeat) this.clicked(this.focus, event.shiftKey);
    }
  }

  enlarge(i = this.focus) {
    const record = this.page[i] && this.desk.pictures.of(this.page[i]);
    if (record?.state === "ready") showLarge(record);
  }

  // ---- sending

  send() {
    if (!this.page.length || performance.now() - this.turned < TOO_SOON_MS) return;
    if (this.below) return this.scrollOn(); // nobody says no to what they have not seen
    const states = this.page.map((item) => this.desk.pictures.of(item).state);
    if (states.includes("loading")) return announce("Some pictures are still loading.");
    const seen = this.page.filter((item, i) => states[i] !== "failed" || this.markOn(item));
    if (!seen.length) return;
    const answers = seen.map((item) => answerOf(item.id, this.markOn(item)));
    seen.forEach((item) => this.marks.delete(item.id));
    this.keepMarks();
    this.page = [];
    this.desk.answer(seen, answers);
  }

  keys() {
    if (this.desk.state !== "work") return {};
    const moves = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns};
    const keys = {Enter: () => this.send(), z: () => this.enlarge(), h: () => this.explained.toggle(), "+": () => this.resize(1), "=": () => this.resize(1),
      "-": () => this.resize(-1), n: () => this.mark(this.focus, null), Home: () => this.moveTo(0),
      End: () => this.moveTo(this.page.length - 1)};
    for (const [key, by] of Object.entries(moves)) {
      keys[key] = repeating(() => this.step(by, false));
      keys[`shift+${key}`] = repeating(() => this.step(by, true));
    }
    for (const button of this.brushes) {
      const {brush} = button.dataset;
      keys[BRUSHES[brush][1]] = () => this.toggle(this.focus, brush);
    }
    return keys;
  }

  helpRows() {
    return [[["←", "→", "↑", "↓"], "move"], [["Space"], "mark as the button below says, or take the mark back"],
      [["Shift", "click"], "or Shift and an arrow: a range"], [["y", "u", "s", "f"], "yes, can’t tell, skip, flag"],
      [["n"], "take the mark away"], [["z"], "enlarge; on a phone, press long"], [["+", "−"], "more or fewer pictures a page"],
      [["h"], "what counts, where the question says"],
      [["Enter"], "send the page: what is not marked becomes a no"]];
  }
}

const PICTURE_SAYS = {loading: "loading", failed: "not loaded: left out", none: "no picture"};

/* The mark that an answer was; null for a no. */
function markOf({kind, value, reason}) {
  if (kind === "value") return value === 1 ? {kind: "yes"} : null;
  return {kind, reason};
}

function answerOf(item, mark) {
  if (!mark || mark.kind === "yes") return {item, kind: "value", value: mark ? 1 : 0};
  return mark.kind === "flag" ? {item, kind: "flag", reason: mark.reason} : {item, kind: mark.kind};
}

function longPress(button, work) {
  let timer;
  let fired = false;
  button.addEventListener("pointerdown", (event) => {
    fired = false;
    if (event.pointerType !== "touch") return;
    timer = setTimeout(() => {
      fired = true;
      work();
    }, LONG_PRESS_MS);
  });
  for (const type of ["pointerup", "pointercancel", "pointermove", "pointerleave"]) {
    button.addEventListener(type, (event) => (type !== "pointermove" || Math.abs(event.movementX) + Math.abs(event.movementY) > 6)
      && clearTimeout(timer));
  }
  button.addEventListener("click", (event) => {
    if (fired) event.stopImmediatePropagation();
  }, {capture: true});
}
