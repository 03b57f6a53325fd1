// SPDX-License-Identifier: MIT
// The line above the work: whose, how far, how long still, and whether all is saved.

import {announce, counted, duration, el, icon, iconButton} from "./ui.js";

const MODES = {single: "One by one", grid: "Grid"};
const SHOW_SAVING_MS = 250; // shorter than that, "saving" would only flicker

export class Frame {
  /* on.mode(name), on.earlier(), on.pause(), on.help(), and on.save() where answers are saved to a file. */
  constructor(session, on) {
    this.bar = el("div", {class: "bar"});
    this.meter = el("div", {class: "meter", role: "progressbar", "aria-label": "Progress", "aria-valuemin": "0"}, this.bar);
    this.done = el("strong");
    this.pace = el("span", {class: "pace"});
    this.decides = el("p", {class: "decides"});
    this.questions = session.questions;
    this.saved = el("span", {class: "saved"});
    this.modes = Object.entries(MODES).map(([mode, label]) =>
      el("button", {type: "button", "data-mode": mode, "aria-label": label, click: () => on.mode(mode)},
        icon(mode), el("span", {class: "label"}, label)));
    this.element = el("header", {},
      el("p", {class: "whose"}, el("strong", {}, session.title), el("span", {}, session.name)),
      el("div", {class: "progress"}, this.meter, el("p", {}, this.done, this.pace)),
      el("div", {class: "tools"}, this.saved,
        on.save && el("button", {type: "button", class: "save", click: on.save}, "Save answers"),
        el("div", {class: "segments", role: "group", "aria-label": "How to answer"}, this.modes),
        iconButton("earlier", "Earlier answers", "e", on.earlier),
        iconButton("pause", "Pause", "p", on.pause), iconButton("help", "Help", "?", on.help)));
  }

  update(desk) {
    const {done, left} = desk.counts;
    const all = done + left;
    this.done.textContent = `${done.toLocaleString()} of ${all.toLocaleString()}`;
    this.bar.style.width = `${all ? (100 * done) / all : 0}%`;
    this.meter.setAttribute("aria-valuemax", all);
    this.meter.setAttribute("aria-valuenow", done);
    this.pace.textContent = paceOf(desk.progress, left);
    this.decides.textContent = decidesOf(desk.progress.decides, this.questions);
    this.decides.hidden = !this.decides.textContent;
    this.showSaved(desk);
    for (const button of this.modes) {
      button.setAttribute("aria-pressed", button.dataset.mode === desk.mode);
    }
    document.title = `${done}/${all} ${desk.session.title}`;
  }

  showSaved(desk) {
    const {outbox} = desk;
    const waiting = outbox.waiting.length;
    clearTimeout(this.late);
    if (!waiting) this.say("saved", outbox.others.length ? othersWait(outbox.others) : "Saved");
    else if (outbox.problem) this.say("offline", `Offline: ${counted(waiting, "answer")} ${waiting === 1 ? "waits" : "wait"}`,
      outbox.lasts ? outbox.problem : `${outbox.problem} This browser keeps nothing: leave the page open.`);
    else if (this.saved.dataset.state === "saved") this.late = setTimeout(() => this.say("saving", "Saving …"), SHOW_SAVING_MS);
    else this.say("saving", "Saving …");
  }

  say(state, text, title = "") {
    if (this.saved.textContent === text) return;
    const was = this.saved.dataset.state;
    if (state === "offline" && was !== state) announce(text);
    if (state === "saved" && was === "offline") announce("All answers are saved.");
    this.saved.dataset.state = state;
    this.saved.textContent = text;
    this.saved.title = title;
  }
}

function paceOf({seconds_per_answer: pace, seconds_left: time}, left) {
  if (pace == null || !left) return "";
  const rest = time == null ? "" : `, ${duration(time)} left`;
  return `${pace.toFixed(1)} s each${rest}`;
}

function othersWait(names) {
  return `Answers of ${names.join(", ")} wait for their link`;
}

/* How many, and of which question: never what was answered. */
function decidesOf(decides, questions) {
  if (!decides) return "";
  const {text, about} = questions[decides.question];
  return `About ${counted(decides.answers, "more answer")} decide: ${text}${about ? ` ${about}` : ""}`;
}
