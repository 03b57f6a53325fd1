// SPDX-License-Identifier: MIT
// One picture on a stage: whole, at 100 %, or at any scale, moved about by drag, wheel, pinch or arrow keys.

import {el} from "./ui.js";

const LARGEST_FIT = 6; // times its size: a thumbnail is not blown up further
const LEAST = 0.1;
const MOST = 16;
const ARROW_STEP = 80;
const STAGE_SAYS = {
  loading: "Loading the picture …",
  failed: "The picture cannot be loaded. Trying again …",
  none: "No picture: this project has none.",
};

export class Viewer {
  /* onScale(text): the scale has changed. */
  constructor(onScale = () => {}) {
    this.onScale = onScale;
    this.note = el("p", {class: "placeholder"});
    this.element = el("div", {class: "stage"}, this.note);
    this.pointers = new Map();
    this.image = null;
    this.reset();
    this.width = 0; // of the stage: asking for it after each change would cost a layout
    this.height = 0;
    new ResizeObserver(([{contentRect}]) => this.resized(contentRect)).observe(this.element);
    this.listen();
  }

  show({image, state}) {
    if (this.image) this.image.style.transform = "";
    this.image?.remove();
    this.image = state === "ready" ? image : null;
    this.note.textContent = STAGE_SAYS[state] ?? "";
    this.note.hidden = state === "ready";
    this.reset();
    if (this.image) this.element.append(this.image);
    this.place();
  }

  resized({width, height}) {
    this.width = width;
    this.height = height;
    this.place();
  }

  /* The picture may be shown elsewhere. */
  clear() {
    this.show({image: null, state: "loading"});
  }

  reset() {
    this.scale = null; // null: as large as fits
    this.x = 0; // of the picture's centre from the stage's, in pixels
    this.y = 0;
  }

  get fit() {
    const {naturalWidth, naturalHeight} = this.image;
    return Math.min(this.width / naturalWidth, this.height / naturalHeight, LARGEST_FIT);
  }

  place() {
    if (!this.image || !this.width) return;
    const scale = this.scale ?? this.fit;
    const spare = (size, room) => Math.max(0, (size * scale - room) / 2);
    const across = spare(this.image.naturalWidth, this.width);
    const down = spare(this.image.naturalHeight, this.height);
    this.x = Math.min(across, Math.max(-across, this.x));
    this.y = Math.min(down, Math.max(-down, this.y));
    this.image.style.transform = `translate(-50%, -50%) translate(${this.x}px, ${this.y}px) scale(${scale})`;
    this.element.classList.toggle("movable", across + down > 0);
    this.onScale(this.scale === null ? "Fit" : `${Math.round(scale * 100)} %`);
  }

  /* Whole, or at 100 %; about a point from the stage's centre. */
  toggle(x = 0, y = 0) {
    if (!this.image) return;
    if (this.scale === null) this.scaleTo(1, x, y);
    else {
      this.reset();
      this.place();
    }
  }

  scaleBy(factor, x = 0, y = 0) {
    if (this.image) this.scaleTo((this.scale ?? this.fit) * factor, x, y);
  }

  scaleTo(wanted, x, y) {
    const before = this.scale ?? this.fit;
    const scale = Math.min(MOST, Math.max(LEAST, wanted));
    this.x = x - (x - this.x) * (scale / before);
    this.y = y - (y - this.y) * (scale / before);
    this.scale = scale;
    this.place();
  }

  move(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.place();
  }

  arrowKeys() {
    const step = (dx, dy) => Object.assign(() => this.move(dx * ARROW_STEP, dy * ARROW_STEP), {repeats: true});
    return {ArrowLeft: step(1, 0), ArrowRight: step(-1, 0), ArrowUp: step(0, 1), ArrowDown: step(0, -1)};
  }

  fromCentre(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  }

  listen() {
    const stage = this.element;
    stage.addEventListener("dblclick", (event) => this.toggle(...this.fromCentre(event)));
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.scaleBy(Math.exp(-event.deltaY / 400), ...this.fromCentre(event));
    }, {passive: false});
    stage.addEventListener("pointerdown", (event) => {
      stage.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, this.fromCentre(event));
    });
    stage.addEventListener("pointermove", (event) => this.dragged(event));
    for (const type of ["pointerup", "pointercancel"]) {
      stage.addEventListener(type, (event) => this.pointers.delete(event.pointerId));
    }
  }

  dragged(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before || !this.image) return;
    const now = this.fromCentre(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (other) {
      const spread = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
      this.scaleBy(spread(now) / Math.max(1, spread(before)), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    }
    this.move((now[0] - before[0]) / (other ? 2 : 1), (now[1] - before[1]) / (other ? 2 : 1));
  }
}
