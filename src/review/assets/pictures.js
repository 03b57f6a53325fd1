// SPDX-License-Identifier: MIT
// Pictures, loaded and decoded before they are shown.

const PICTURE_AGAIN_MS = 3000;
const BEHIND = 60; // so many that were shown are kept, for undo

export class Pictures {
  /* onChange(item's id): a picture is there, or cannot be loaded. */
  constructor(onChange) {
    this.onChange = onChange;
    this.records = new Map();
  }

  /* {image, state: loading|ready|failed}; state is "none" where the item has no picture. */
  of(item) {
    if (!item.image) return {image: null, state: "none"};
    let record = this.records.get(item.id);
    if (!record) {
      record = {image: null, state: "loading", source: item.image};
      this.records.set(item.id, record);
      this.load(item.id, record);
    }
    return record;
  }

  preload(items) {
    items.forEach((item) => this.of(item));
    const wanted = new Set(items.map((item) => item.id));
    const behind = [...this.records.keys()].filter((id) => !wanted.has(id));
    behind.slice(0, -BEHIND).forEach((id) => this.records.delete(id));
  }

  async load(id, record) {
    const image = new Image();
    image.alt = "";
    image.draggable = false;
    image.decoding = "sync";
    image.src = record.source;
    record.image = image;
    try {
      await image.decode();
      record.state = "ready";
    } catch {
      record.state = "failed";
      setTimeout(() => this.again(id), PICTURE_AGAIN_MS);
    }
    this.onChange(id);
  }

  again(id) {
    const record = this.records.get(id);
    if (record?.state !== "failed") return;
    record.state = "loading";
    this.load(id, record);
  }
}
