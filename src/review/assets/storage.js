// SPDX-License-Identifier: MIT
// What the browser keeps: local storage outlives the tab, session storage a reload of it.

/* Where the browser refuses (full, or forbidden), things are kept in memory, and `refused` says so. */
class Shelf {
  constructor(area) {
    this.area = area;
    this.memory = new Map();
    this.refused = false;
  }

  put(name, value) {
    const text = JSON.stringify(value);
    try {
      window[this.area].setItem(name, text);
      this.memory.delete(name);
    } catch {
      this.memory.set(name, text);
      this.refused = true;
    }
  }

  get(name) {
    try {
      return JSON.parse(this.memory.get(name) ?? window[this.area].getItem(name));
    } catch {
      return null;
    }
  }

  drop(name) {
    this.memory.delete(name);
    try {
      window[this.area].removeItem(name);
    } catch {
      this.refused = true;
    }
  }

  /* Sorted. */
  names(prefix) {
    let stored = [];
    try {
      stored = Object.keys(window[this.area]);
    } catch {
      this.refused = true;
    }
    return [...stored, ...this.memory.keys()].filter((name) => name.startsWith(prefix)).sort();
  }
}

export const lasting = new Shelf("localStorage");
export const ofTab = new Shelf("sessionStorage");

export function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
