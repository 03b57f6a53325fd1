// SPDX-License-Identifier: MIT
// The owner's pages: how far the review is, and what came out of it.

import {capital, el, icon, openDialog} from "./ui.js";

const REFRESH_MS = 10000;
const PER_GALLERY_PAGE = 48;

export class Owner {
  constructor(api, session, on) {
    this.api = api;
    this.on = on;
    this.query = {outcome: "all", question: "", offset: 0};
    this.content = el("main", {class: "owner"});
    this.tabs = [["overview", "Overview"], ["gallery", "Gallery"]].map(([page, label]) =>
      el("button", {type: "button", "data-page": page, click: () => on.page(page)}, label));
    this.element = [el("header", {class: "owner"}, el("p", {class: "whose"}, el("strong", {}, session.title), el("span", {}, session.name)),
      el("nav", {class: "segments", "aria-label": "Pages"}, this.tabs),
      el("button", {type: "button", class: "quiet", click: () => on.leave()}, "Sign out")), this.content];
    setInterval(() => this.page === "overview" && !document.hidden && this.load(), REFRESH_MS);
  }

  open(page) {
    this.page = page;
    for (const tab of this.tabs) {
      if (tab.dataset.page === page) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    return this.load();
  }

  async load() {
    const {page} = this;
    try {
      const reply = page === "overview" ? await this.api.overview() : await this.api.gallery(this.asked());
      if (page === this.page) this.content.replaceChildren(...(page === "overview" ? overviewOf(reply) : this.galleryOf(reply)));
    } catch (error) {
      if (error.isSession) this.on.session(error.message);
      else if (page === this.page) this.content.replaceChildren(...this.troubleOf(error));
    }
  }

  asked() {
    const {outcome, question, offset} = this.query;
    return {outcome, offset, n: PER_GALLERY_PAGE, ...(question && {question})};
  }

  troubleOf(error) {
    const title = error.code === "not_yet" ? "Votes are still missing" : "This cannot be shown now";
    return [el("section", {class: "message"}, el("h1", {}, title), el("p", {}, error.message),
      el("button", {type: "button", class: "main", click: () => this.load()}, "Look again"))];
  }

  ask(change) {
    this.query = {...this.query, offset: 0, ...change};
    return this.load();
  }

  galleryOf({total, model, people, questions, items}) {
    const {outcome, question, offset} = this.query;
    const named = [["all", "All"], ["model", model && `${model} right`], ["people", people && `${people} right`], ["unclear", "Unclear"]];
    const outcomes = named.filter(([, label]) => label).map(([name, label]) =>
      el("button", {type: "button", "aria-pressed": String(name === outcome), click: () => this.ask({outcome: name})}, label));
    const choice = el("select", {"aria-label": "Question", change: (event) => this.ask({question: event.target.value})},
      el("option", {value: ""}, "All questions"),
      questions.map((name) => el("option", {value: name, selected: name === question}, name)));
    const turn = (by, label) => el("button", {type: "button", disabled: offset + by < 0 || offset + by >= total,
      click: () => this.ask({offset: offset + by}).then(() => scrollTo(0, 0))}, label);
    const range = total ? `${offset + 1}–${offset + items.length} of ${total.toLocaleString()}` : "None";
    return [el("h1", {class: "hidden"}, "Gallery"),
      el("section", {class: "filters"}, el("div", {class: "segments", role: "group", "aria-label": "Outcome"}, outcomes), choice,
        el("p", {role: "status"}, range)),
      items.length ? el("ul", {class: "cards"}, items.map((item) => cardOf(item, model, people)))
        : el("p", {class: "message"}, "No picture has this outcome."),
      total > PER_GALLERY_PAGE && el("nav", {class: "turn", "aria-label": "More pictures"},
        turn(-PER_GALLERY_PAGE, "Before"), turn(PER_GALLERY_PAGE, "Next"))].filter(Boolean);
  }
}

function cardOf(item, model, people) {
  const picture = item.image ? el("img", {src: item.image, alt: item.key, loading: "lazy"})
    : el("span", {class: "placeholder"}, "no picture");
  const label = (name, answer, chosen, more) => name && el("div", {class: chosen ? "chosen" : ""}, el("dt", {}, name),
    el("dd", {}, chosen && icon("check"), answer?.label == null ? "no answer" : capital(answer.label), more));
  const sure = item.model?.probability;
  return el("li", {},
    el("button", {type: "button", class: "thumb", "aria-label": `Enlarge ${item.key}`, click: () => enlargeCard(item)}, picture),
    el("h2", {}, item.text), el("p", {class: "key"}, `${item.key}, ${item.question}`),
    el("dl", {}, label(model, item.model, item.outcome === "model", sure == null ? "" : el("span", {}, ` ${Math.round(sure * 100)} %`)),
      label(people, item.people, item.outcome === "people"),
      item.votes.map((vote) => el("div", {class: "vote"}, el("dt", {}, vote.name), el("dd", {}, capital(vote.label ?? ""))))));
}

function enlargeCard(item) {
  if (!item.image) return;
  const dialog = openDialog("large", item.key, [el("img", {src: item.image, alt: item.text}),
    el("p", {class: "ends"}, el("button", {type: "button", autofocus: true, click: () => dialog.close()}, "Close"))]);
}

function overviewOf(overview) {
  const {items, done, set_aside: aside, flagged, questions, people} = overview;
  const figures = [[`${done.toLocaleString()} of ${items.toLocaleString()}`, "items answered"],
    [items ? `${Math.floor((100 * done) / items)} %` : "–", "done"], [flagged.toLocaleString(), "flagged"],
    [aside.toLocaleString(), "set aside: picture unreadable"]];
  return [el("h1", {class: "hidden"}, "Overview"),
    el("dl", {class: "figures"}, figures.map(([figure, text]) => el("div", {}, el("dd", {}, figure), el("dt", {}, text)))),
    el("h2", {}, "People"), people.length ? peopleOf(people) : el("p", {}, "Nobody has a link yet: assent reviewers add NAME."),
    el("h2", {}, "Questions"), questionsOf(questions)];
}

function tableOf(kind, heads, rows) {
  return el("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": kind}, el("table", {},
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", {scope: "col"}, head)))),
    el("tbody", {}, rows.map(([first, ...rest]) => el("tr", {}, el("th", {scope: "row"}, first), rest.map((cell) => el("td", {}, cell)))))));
}

function peopleOf(people) {
  return tableOf("People", ["Name", "Answers", "Seconds each", "Hours", "Can’t tell", "Skipped", "Flagged", "Undone", "Holds", "Last answer"],
    people.map((p) => [p.revoked ? `${p.name} (link taken back)` : p.name, p.done.toLocaleString(), p.seconds_an_answer?.toFixed(1) ?? "–",
      p.hours.toFixed(2), p.unsure, p.skipped, p.flagged, p.undone, p.leased, p.last ? new Date(p.last).toLocaleString() : "–"]));
}

function questionsOf(questions) {
  return tableOf("Questions", ["Question", "Done", "Items", ""], questions.map((q) => [q.name, q.done.toLocaleString(),
    q.items.toLocaleString(), el("progress", {max: q.items || 1, value: q.done, "aria-label": `${q.name}: ${q.done} of ${q.items}`})]));
}
