// SPDX-License-Identifier: MIT
// Answers and undos on their way: kept in local storage first, sent in order, again and again until acknowledged.

import {lasting} from "./storage.js";

const OUTBOX = "assent.outbox.";
const REFUSED = "assent.refused.";
const ORPHAN_MS = 15000; // what another tab has not sent for so long it will not send
const WAITS_MS = [1000, 2000, 4000, 5000];

export class Outbox {
  /* on.change(): something waits, or no more; on.reply(entry, reply); on.refused(entry, message); on.session(message);
     on.wants(entry): what else to ask for with an answer. */
  constructor(api, tab, on) {
    this.api = api;
    this.tab = tab;
    this.on = on;
    this.fresh = new Set();
    this.problem = null;
    this.tries = 0;
    this.running = false;
    this.stamp = 0;
    this.list = [];
    this.reread();
    addEventListener("online", () => this.hurry());
    addEventListener("storage", (event) => {
      if (event.key === null || event.key.startsWith(OUTBOX)) this.reread();
    });
    setInterval(() => this.run(), ORPHAN_MS);
  }

  /* Entries of this person that are not acknowledged, oldest first. */
  get waiting() {
    return this.list.filter((entry) => entry.who === this.api.who);
  }

  /* People whose answers wait in this browser until they open their link. */
  get others() {
    return [...new Set(this.list.filter((entry) => entry.who !== this.api.who).map((e) => e.person))];
  }

  get lasts() {
    return !lasting.refused;
  }

  add(entry) {
    const stamp = Math.max(Date.now(), this.stamp + 1);
    this.stamp = stamp;
    const name = `${OUTBOX}${String(stamp).padStart(15, "0")}.${this.tab}`;
    const full = {...entry, name, stamp, tab: this.tab, who: this.api.who, person: this.api.name, at: new Date().toISOString()};
    lasting.put(name, full);
    this.list.push(full);
    this.fresh.add(name);
    this.on.change();
    this.run();
  }

  /* Takes back an answer that was never sent. */
  withdraw(key) {
    const entry = this.list.find((e) => e.key === key && this.fresh.has(e.name));
    if (!entry) return false;
    this.drop(entry);
    return true;
  }

  drop(entry) {
    lasting.drop(entry.name);
    this.fresh.delete(entry.name);
    this.list = this.list.filter((e) => e.name !== entry.name);
    this.on.change();
  }

  reread() {
    this.list = lasting.names(OUTBOX).map((name) => lasting.get(name)).filter(Boolean);
    this.stamp = Math.max(this.stamp, ...this.list.map((entry) => entry.stamp));
    this.on.change();
  }

  next() {
    const old = Date.now() - ORPHAN_MS;
    return this.waiting.find((entry) => entry.tab === this.tab) ?? this.waiting.find((entry) => entry.stamp < old);
  }

  hurry() {
    clearTimeout(this.timer);
    this.timer = null;
    this.run();
  }

  async run() {
    if (this.running || this.timer) return;
    this.running = true;
    for (let entry = this.next(); entry; entry = this.next()) {
      if (!(await this.send(entry))) break;
    }
    this.running = false;
  }

  /* Is the entry done with? */
  async send(entry) {
    this.fresh.delete(entry.name);
    try {
      const reply = entry.kind === "undo" ? await this.api.undo(bodyOfUndo(entry)) : await this.sendAnswer(entry);
      this.done(entry);
      this.on.reply(entry, reply);
      return true;
    } catch (error) {
      return this.failed(entry, error);
    }
  }

  async sendAnswer(entry) {
    try {
      return await this.api.answer({...bodyOfAnswer(entry), ...this.on.wants(entry)});
    } catch (error) {
      if (error.status === 409 && error.body.results) return error.body;
      throw error;
    }
  }

  done(entry) {
    this.problem = null;
    this.tries = 0;
    this.drop(entry);
  }

  failed(entry, error) {
    if (error.isFinal) {
      lasting.put(`${REFUSED}${entry.stamp}`, {...entry, message: error.message});
      this.done(entry);
      this.on.refused(entry, error.message);
      return true;
    }
    this.problem = error.message;
    this.on.change();
    if (error.isSession) {
      this.on.session(error.message);
    } else {
      this.timer = setTimeout(() => this.hurry(), WAITS_MS[Math.min(this.tries++, WAITS_MS.length - 1)]);
    }
    return false;
  }
}

function bodyOfAnswer({tab, key, mode, seconds, answers, change}) {
  return {tab, key, mode, seconds, answers, ...(change && {change})};
}

function bodyOfUndo({tab, key}) {
  return {tab, key};
}
