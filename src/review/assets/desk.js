// SPDX-License-Identifier: MIT
// A reviewer's work, whatever it looks like: the items held, the answers given, what can be undone.

import {Clock} from "./clock.js";
import {History} from "./history.js";
import {Outbox} from "./outbox.js";
import {Pictures} from "./pictures.js";
import {randomName} from "./storage.js";
import {counted, toast} from "./ui.js";

const RETRY_MS = 3000;
const LOOK_AGAIN_MS = 20000; // others' items come back when their leases end
const NOT_KEPT = {
  lease: "somebody else had taken it meanwhile",
  answered: "you had answered it already, in another tab",
  aside: "its picture cannot be read, so it was set aside",
};

export class Desk {
  /* on.changed(): show it all anew; on.session(message): the link is needed; on.idle(). */
  constructor(api, session, tab, on) {
    this.api = api;
    this.session = session;
    this.tab = tab;
    this.on = on;
    this.mode = null;
    this.view = null;
    this.items = [];
    this.progress = session.progress;
    this.problem = null;
    this.ended = false;
    this.taken = 0;
    this.history = new History(api.who);
    this.pictures = new Pictures((id) => this.view?.pictureChanged(id));
    this.clock = new Clock(session.idle_seconds, on.idle);
    this.outbox = new Outbox(api, tab, {
      change: () => this.outbox && this.on.changed(),
      reply: (entry, reply) => this.replied(entry, reply),
      refused: (entry, message) => this.refused(entry, message),
      session: on.session,
      wants: (entry) => this.wants(entry),
    });
    setInterval(() => this.ended && !document.hidden && this.take(), LOOK_AGAIN_MS);
    setInterval(() => this.freshen(), LOOK_AGAIN_MS);
    this.outbox.run();
  }

  question(item) {
    return this.session.questions[item.question];
  }

  /* The answers that wait count as given. */
  get counts() {
    const ahead = this.outbox.waiting.reduce((sum, entry) => sum + entry.count, 0);
    return {done: this.progress.done + ahead, left: Math.max(0, this.progress.left - ahead)};
  }

  /* work, loading, offline or ended. */
  get state() {
    if (this.items.length) return "work";
    if (this.ended) return "ended";
    return this.problem || this.outbox.problem ? "offline" : "loading";
  }

  get undoWaits() {
    return this.outbox.waiting.some((entry) => entry.kind === "undo");
  }

  open(mode, view) {
    this.mode = mode;
    this.view = view;
    this.items = [];
    this.ended = false;
    this.clock.restart();
    this.take();
  }

  // ---- taking items

  /* What waits is still held, as far as the server knows; but not what `sent` answers. */
  request(question, sent) {
    const behind = this.outbox.waiting.filter((e) => e.kind === "answer" && e.tab === this.tab && e !== sent);
    const waiting = behind.reduce((sum, entry) => sum + entry.count, 0);
    const want = Math.min(this.session.grid.most, this.view.hold + waiting);
    return question === undefined ? {want} : {want, question};
  }

  /* Grids stay with one question while it lasts. */
  get wantedQuestion() {
    return this.mode === "grid" ? this.items[0]?.question ?? this.lastQuestion : undefined;
  }

  wants(entry) {
    const mine = entry.tab === this.tab && entry.mode === this.mode && this.view;
    return mine && !this.undoWaits ? this.request(this.wantedQuestion, entry) : {};
  }

  async take() {
    if (this.taking) {
      this.takeAgain = true;
      return;
    }
    this.taking = true;
    this.takeAgain = false;
    clearTimeout(this.retry);
    const mode = this.mode;
    try {
      const reply = await this.takeItems(mode);
      this.problem = null;
      if (mode === this.mode) this.accept(reply);
    } catch (error) {
      this.takeFailed(error);
    }
    this.taking = false;
    if (this.takeAgain || mode !== this.mode) this.take();
    else this.on.changed();
  }

  async takeItems(mode) {
    const question = this.wantedQuestion;
    const reply = await this.api.take({tab: this.tab, mode, ...this.request(question)});
    if (reply.items.length || question === undefined) return reply;
    return this.api.take({tab: this.tab, mode, ...this.request()});
  }

  takeFailed(error) {
    this.problem = error.message;
    if (error.isSession) this.on.session(error.message);
    else this.retry = setTimeout(() => this.take(), RETRY_MS);
  }

  /* The server's list is the whole truth, but for what it has not heard of yet. */
  accept(reply) {
    this.progress = reply.progress;
    this.taken = Date.now();
    if (!reply.items || this.undoWaits) return;
    const waiting = new Set(this.outbox.waiting.flatMap((e) => (e.answers ?? []).map((a) => a.item)));
    this.items = reply.items.filter((item) => !waiting.has(item.id));
    this.ended = !this.items.length && !this.outbox.waiting.length;
    this.pictures.preload(this.items);
  }

  freshen() {
    const old = this.session.lease_seconds * 1000 / 3;
    if (this.view && !this.clock.stops.size && Date.now() - this.taken > old) this.take();
  }

  // ---- answers

  answer(items, answers) {
    const step = {key: randomName(), mode: this.mode, items, answers};
    const ids = new Set(items.map((item) => item.id));
    this.history.push(step);
    this.items = this.items.filter((item) => !ids.has(item.id));
    this.lastQuestion = items[0].question;
    this.outbox.add({kind: "answer", key: step.key, mode: this.mode, seconds: this.clock.seconds(), answers,
      count: answers.length});
    this.clock.restart();
  }

  /* Another answer to what was answered: the one before stays in the record, and counts no more. */
  change(item, answer, seconds) {
    const answers = [{item: item.id, ...answer}];
    const step = {key: randomName(), mode: "single", items: [item], answers};
    this.history.forgetItem(item.id);
    this.history.push(step);
    this.outbox.add({kind: "answer", key: step.key, mode: "single", seconds, answers, change: true, count: 0});
  }

  replied(entry, reply) {
    if (entry.kind === "undo") this.undone(entry, reply);
    else this.answered(entry, reply);
    if (!this.outbox.waiting.length && !this.items.length && !this.ended) this.take();
    this.on.changed();
  }

  answered(entry, {results, items, progress}) {
    const lost = results.filter((result) => !result.kept);
    if (lost.length) {
      toast(`${counted(lost.length, "answer")} not kept: ${NOT_KEPT[lost[0].why] ?? lost[0].why}.`);
    }
    if (lost.length === results.length) {
      this.history.forget(entry.key);
      this.take();
    }
    if (progress) this.accept({items: entry.mode === this.mode ? items : undefined, progress});
    if (this.ended && this.mode === "grid") { // of this question; there may be another
      this.ended = false;
      this.take();
    }
  }

  refused(entry, message) {
    toast(`${counted((entry.answers ?? entry.items).length, "answer")} refused: ${message}. Kept in this browser; please tell who sent you the link.`);
    this.history.forget(entry.key);
    this.take();
  }

  // ---- undo

  get canUndo() {
    return this.history.steps.length > 0;
  }

  /* The step that was taken back, now in front again; null where there was none. */
  undo() {
    const step = this.history.pop();
    if (!step) {
      toast("Nothing left to undo in this tab.");
      return null;
    }
    const items = step.items.map((item) => {
      const {item: _, ...was} = step.answers.find((answer) => answer.item === item.id) ?? {};
      return {...item, was};
    });
    const ids = new Set(items.map((item) => item.id));
    const rest = step.mode === this.mode ? this.items.filter((item) => !ids.has(item.id)) : [];
    this.items = [...items, ...rest];
    this.ended = false;
    this.clock.restart();
    if (!this.outbox.withdraw(step.key)) {
      this.outbox.add({kind: "undo", key: step.key, mode: step.mode, count: -step.answers.length,
        items: [...ids]});
    }
    return {...step, items};
  }

  /* What did not come back is not this person's any more. */
  undone(entry, reply) {
    const back = new Set(reply.items.map((item) => item.id));
    const gone = entry.items.filter((id) => !back.has(id));
    if (gone.length) {
      this.items = this.items.filter((item) => !gone.includes(item.id));
      toast(`${counted(gone.length, "answer")} could not be taken back.`);
    }
    this.progress = reply.progress;
  }
}
