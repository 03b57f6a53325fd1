// SPDX-License-Identifier: MIT
// A packet's folder in place of the server: items come from data.js, answers stay in local storage until saved to a file.

import {lasting} from "./storage.js";
import {el} from "./ui.js";

/* The methods of Api that a desk uses. */
export class Packet {
  constructor(data) {
    this.data = data;
    this.prefix = `assent.packet.${data.packet}.`;
    this.who = data.packet;
    this.name = data.name;
    this.records = lasting.names(this.prefix).map((name) => lasting.get(name));
  }

  session() {
    const {name, title, questions, reasons, idle_seconds, grid} = this.data;
    return {role: "reviewer", who: this.who, name, title, questions, reasons, idle_seconds, grid, lease_seconds: Infinity, progress: this.progress()};
  }

  async take({mode, want, question}) {
    return {items: this.told(this.open(mode, question).slice(0, want)), progress: this.progress()};
  }

  async answer({key, mode, seconds, answers, change, want, question}) {
    if (change) answers.forEach((answer) => this.takeBack(answer.item));
    if (!this.records.some((record) => record.key === key)) {
      this.keep({key, mode, seconds, undone: false, at: new Date().toISOString().replace(/\.\d+/, ""), answers, n: this.records.length});
    }
    const results = answers.map(({item}) => ({item, kept: true}));
    const taken = want === undefined ? {} : {items: this.told(this.open(mode, question).slice(0, want))};
    return {results, ...taken, progress: this.progress()};
  }

  async undo({key}) {
    const record = this.records.find((r) => r.key === key);
    if (record) this.keep({...record, undone: true});
    const ids = new Set(record?.answers.map((answer) => answer.item));
    return {items: this.told(this.data.items.filter((item) => ids.has(item.id))), progress: this.progress()};
  }

  /* Newest first; before: the place of the one that was listed last. */
  async earlier({n, before = Infinity}) {
    const items = new Map(this.data.items.map((item) => [item.id, item]));
    const all = this.counting.flatMap(({answers, at}) => answers.map(({item, ...was}) => ({...items.get(item), was, at})));
    const end = Math.min(all.length, before);
    const start = Math.max(0, end - n);
    return {answers: all.slice(start, end).reverse(), before: start || null};
  }

  /* One answer of a page becomes a record of its own, undone. */
  takeBack(id) {
    const record = this.counting.find(({answers}) => answers.some((answer) => answer.item === id));
    if (!record) return;
    const seconds = record.seconds / record.answers.length;
    const rest = record.answers.filter((answer) => answer.item !== id);
    const taken = {...record, seconds, answers: record.answers.filter((answer) => answer.item === id), undone: true};
    if (!rest.length) return this.keep(taken);
    this.keep({...record, seconds: record.seconds - seconds, answers: rest});
    this.keep({...taken, n: this.records.length});
  }

  keep(record) {
    this.records[record.n] = record;
    lasting.put(this.prefix + String(record.n).padStart(9, "0"), record);
  }

  /* With what was said of them and taken back. */
  told(items) {
    const undone = this.records.filter((record) => record.undone).flatMap((record) => record.answers);
    const was = new Map(undone.map(({item, ...answer}) => [item, answer]));
    return items.map((item) => (was.has(item.id) ? {...item, was: was.get(item.id)} : item));
  }

  get counting() {
    return this.records.filter((record) => !record.undone);
  }

  open(mode, question) {
    const answered = new Set(this.counting.flatMap((record) => record.answers.map((answer) => answer.item)));
    const left = this.data.items.filter((item) => !answered.has(item.id));
    if (mode === "single") return left;
    const yesno = left.filter((item) => this.isYesNo(item));
    const wanted = question ?? yesno[0]?.question;
    return yesno.filter((item) => item.question === wanted);
  }

  isYesNo(item) {
    return this.data.questions[item.question].kind === "yesno";
  }

  progress() {
    const left = this.open("single");
    const paces = this.counting.slice(-100).map((record) => record.seconds / record.answers.length).sort((a, b) => a - b);
    const pace = paces.length ? paces[Math.floor(paces.length / 2)] : null;
    const skipped = this.counting.flatMap((record) => record.answers).filter((answer) => answer.kind === "skip").length;
    return {done: this.data.items.length - left.length, skipped, left: left.length, left_grid: left.filter((item) => this.isYesNo(item)).length,
      seconds_per_answer: pace, seconds_left: pace === null ? null : pace * left.length, set_aside: 0};
  }

  file() {
    const answers = this.records.map(({n: _, ...record}) => record);
    return JSON.stringify({assent_answers: 1, packet: this.data.packet, answers});
  }

  save() {
    const address = URL.createObjectURL(new Blob([this.file()], {type: "application/json"}));
    const link = el("a", {href: address, download: `answers-${this.data.name}-${this.data.packet.slice(0, 8)}.json`});
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }
}
