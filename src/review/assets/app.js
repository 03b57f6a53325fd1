// SPDX-License-Identifier: MIT
// The page: who is here, which part of it they see, and what every part shares.

import {Api} from "./api.js";
import {Desk} from "./desk.js";
import {Earlier} from "./earlier.js";
import {Frame} from "./frame.js";
import {Grid} from "./grid.js";
import {Owner} from "./owner.js";
import {Packet} from "./packet.js";
import {Single} from "./single.js";
import {el} from "./ui.js";
import {endPage, linkPage, loadingPage, waitingPage} from "./messages.js";
import {lasting} from "./storage.js";
import {listenToKeys} from "./keys.js";
import {showHelp, showVeil} from "./dialogs.js";
import {tabName} from "./tab.js";

const MODE = "assent.mode";
const ENTER_AGAIN_MS = 3000;
const NO_LINK = "This page knows you by the link that you were sent.";

class App {
  constructor() {
    this.root = el("div", {id: "app"});
    document.body.append(this.root);
    this.unsent = () => lasting.names("assent.outbox.").length;
  }

  show(...content) {
    this.root.replaceChildren(...content);
    content.at(-1).querySelector?.("h1[tabindex]")?.focus();
  }

  // ---- coming in

  async enter(token = tokenOfAddress()) {
    this.api = new Api();
    try {
      const session = token ? await this.api.enter(token) : await this.api.session();
      if (session.role === "owner") this.openOwner(session);
      else await this.openDesk(session);
    } catch (error) {
      if (error.isSession) return this.askForLink(token ? error.message : NO_LINK);
      if (error.status === undefined) throw error;
      this.show(waitingPage(error.message, this.unsent()));
      setTimeout(() => this.enter(token), ENTER_AGAIN_MS);
    }
  }

  async openPacket(data) {
    this.api = new Packet(data);
    this.save = () => this.api.save();
    await this.openDesk(this.api.session());
  }

  /* A page that is up is loaded anew: what it must not lose is in the browser's storage. */
  askForLink(reason) {
    this.lost = true;
    document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
    this.show(linkPage(reason, this.unsent(), (token) => {
      location.hash = token;
      location.reload();
    }));
  }

  async leave() {
    if (this.desk) await this.api.release(this.desk.tab).catch(() => {});
    await this.api.leave().catch(() => {});
    location.hash = "";
    location.reload();
  }

  openOwner(session) {
    const owner = new Owner(this.api, session, {session: (message) => this.askForLink(message), leave: () => this.leave(),
      page: (page) => {
        history.pushState(null, "", `#/${page}`);
        owner.open(page);
      }});
    const routed = () => owner.open(routeOfAddress() === "gallery" ? "gallery" : "overview");
    addEventListener("popstate", routed);
    document.title = session.title;
    this.show(...owner.element);
    routed();
  }

  // ---- a reviewer's page

  async openDesk(session) {
    const on = {undo: () => this.undo(), mode: (mode) => this.goTo(mode), look: () => this.desk.take(), save: this.save,
      earlier: () => new Earlier(this.desk), pause: () => this.pause("asked"), help: () => this.help()};
    this.on = on;
    this.desk = new Desk(this.api, session, await tabName(), {changed: () => this.changed(), idle: () => this.pause("idle"),
      session: (message) => this.askForLink(message)});
    this.views = {single: new Single(this.desk, on), grid: new Grid(this.desk, on)};
    this.frame = new Frame(session, on);
    this.work = el("div", {class: "work"});
    this.show(this.frame.element, this.frame.decides, this.work);
    listenToKeys(() => this.keys());
    addEventListener("popstate", () => this.openMode(modeOfAddress()));
    document.addEventListener("visibilitychange", () => document.hidden || this.desk.freshen());
    history.replaceState(null, "", `#/${modeOfAddress()}`); // so that "back" finds the mode it began with
    this.openMode(modeOfAddress());
  }

  goTo(mode) {
    if (mode === this.desk.mode) return;
    history.pushState(null, "", `#/${mode}`);
    this.openMode(mode);
  }

  openMode(mode) {
    if (mode === this.desk.mode) return;
    lasting.put(MODE, mode);
    this.shown = null;
    this.desk.view?.leave();
    this.desk.open(mode, this.views[mode]);
    this.changed();
  }

  changed() {
    if (this.lost || !this.frame) return;
    const {desk} = this;
    const {state} = desk;
    this.frame.update(desk);
    if (state === "work") this.showPage(desk.mode, () => desk.view.element);
    else if (state === "loading") this.showPage("loading", loadingPage);
    else if (state === "offline") this.showPage(`offline ${this.unsent()}`, () => this.offlinePage());
    else this.showPage(`ended ${desk.mode} ${JSON.stringify(desk.progress)} ${desk.canUndo}`, () => endPage(desk, this.on));
    if (state === "work") desk.view.show();
  }

  offlinePage() {
    return waitingPage(this.desk.problem ?? this.desk.outbox.problem, this.unsent());
  }

  showPage(name, make) {
    if (this.shown === name) return;
    this.shown = name;
    const page = make();
    this.work.replaceChildren(page);
    page.querySelector("h1[tabindex]")?.focus();
  }

  undo() {
    const {mode} = this.desk;
    const last = this.desk.history.last;
    if (last && last.mode !== mode) this.switchTo(last.mode);
    const step = this.desk.undo();
    if (!step) return;
    this.changed();
    this.desk.view.showUndone(step);
  }

  /* The undone step brings its own items. */
  switchTo(mode) {
    history.pushState(null, "", `#/${mode}`);
    lasting.put(MODE, mode);
    this.desk.view.leave();
    this.desk.items = [];
    this.desk.mode = mode;
    this.desk.view = this.views[mode];
  }

  pause(why) {
    if (this.lost || document.querySelector("dialog.veil")) return;
    document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
    this.desk.clock.stop("pause");
    this.work.hidden = true;
    showVeil(why, this.desk.outbox.waiting.length, () => {
      this.work.hidden = false;
      this.desk.clock.go("pause");
      this.desk.freshen();
      this.desk.view.refocus?.();
    });
  }

  help() {
    const {desk} = this;
    const rows = [...desk.view.helpRows(), [["Backspace", "Ctrl Z"], "undo, as often as you like"],
      [["e"], "earlier answers: look at them, change them"], [["p"], "pause: stops the clock"],
      [["?"], "these keys"]];
    showHelp(rows, !this.save && el("p", {class: "signed"}, `You are here as ${desk.session.name}. `,
      el("button", {type: "button", class: "quiet", click: () => this.leave()}, "Sign out")));
  }

  keys() {
    if (this.lost) return {};
    const undo = () => this.undo();
    return {...this.desk.view?.keys(), Backspace: undo, "ctrl+z": undo, e: this.on.earlier, p: () => this.pause("asked"), "?": () => this.help()};
  }
}

/* The token leaves the address at once, so that it is not left in the history. */
function tokenOfAddress() {
  const hash = location.hash.slice(1);
  if (!hash || hash.startsWith("/")) return null;
  history.replaceState(null, "", location.pathname);
  return hash;
}

function routeOfAddress() {
  return location.hash.startsWith("#/") ? location.hash.slice(2) : "";
}

function modeOfAddress() {
  const mode = routeOfAddress() || lasting.get(MODE);
  return mode === "grid" ? "grid" : "single";
}

const app = new App();
if (window.assentPacket) app.openPacket(window.assentPacket);
else app.enter();
addEventListener("hashchange", () => {
  if (!location.hash.startsWith("#/") && location.hash.length > 1) location.reload();
});
