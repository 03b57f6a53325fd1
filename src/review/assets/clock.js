// SPDX-License-Identifier: MIT
// How long somebody looked: neither pauses, nor a hidden page, nor the time after `idle` without a touch count.

const TOUCHES = ["keydown", "pointerdown", "pointermove", "wheel", "scroll", "touchmove"];
const LONGEST_SECONDS = 3600;
const WATCH_MS = 1000;

export class Clock {
  /* onIdle is called once nobody has touched the page for so long. */
  constructor(idleSeconds, onIdle) {
    this.idle = idleSeconds * 1000;
    this.onIdle = onIdle;
    this.stops = new Set(document.hidden ? ["hidden"] : []);
    this.restart();
    for (const type of TOUCHES) {
      addEventListener(type, () => this.touch(), {capture: true, passive: true});
    }
    document.addEventListener("visibilitychange", () => {
      document.hidden ? this.stop("hidden") : this.go("hidden");
    });
    setInterval(() => this.watch(), WATCH_MS);
  }

  restart() {
    this.counted = 0;
    this.touched = performance.now();
  }

  touch() {
    const now = performance.now();
    if (!this.stops.size) this.counted += Math.min(now - this.touched, this.idle);
    this.touched = now;
  }

  stop(why) {
    this.touch();
    this.stops.add(why);
  }

  go(why) {
    this.touch();
    this.stops.delete(why);
  }

  seconds() {
    const open = this.stops.size ? 0 : Math.min(performance.now() - this.touched, this.idle);
    return Math.min(Math.round((this.counted + open) / 100) / 10, LONGEST_SECONDS);
  }

  watch() {
    if (!this.stops.size && performance.now() - this.touched >= this.idle) this.onIdle();
  }
}
