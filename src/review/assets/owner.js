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
    return [this.message("This cannot be shown now", capital(error.message))];
  }

  message(title, text) {
    return el("section", {class: "message"}, el("h1", {}, title), el("p", {}, text),
      el("button", {type: "button", class: "main", click: () => this.load()}, "Look again"));
  }

  ask(change) {
    this.query = {...this.query, offset: 0, ...change};
    return this.load();
  }

  galleryOf({total, model, people, questions, items}) {
    const {outcome, question, offset} = this.query;
    if (!total && outcome === "all" && !question) {
      return [this.message("Nothing is settled yet", "A picture is shown here once all its votes are in.")];
    }
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
    el("h2", {}, item.text, item.about && el("span", {class: "about"}, ` ${item.about}`)), el("p", {class: "key"}, `${item.key}, ${item.question}`),
    el("dl", {}, label(model, item.model, item.outcome === "model", sure == null ? "" : el("span", {}, sureness(sure))),
      label(people, item.people, item.outcome === "people"),
      item.votes.map((vote) => el("div", {class: "vote"}, el("dt", {}, vote.name), el("dd", {}, vote.label == null ? "option gone" : capital(vote.label))))));
}

function enlargeCard(item) {
  if (!item.image) return;
  const dialog = openDialog("large", item.key, [el("img", {src: item.image, alt: item.text}),
    el("p", {class: "ends"}, el("button", {type: "button", autofocus: true, click: () => dialog.close()}, "Close"))]);
}

function overviewOf(overview) {
  const {items, done, set_aside: aside, flagged, questions, people} = overview;
  const figures = [[`${done.toLocaleString()} of ${items.toLocaleString()}`, "items answered"],
    [items ? `${Math.floor((100 * done) / items)} %` : "–", "done"], [figureOf(overview.seconds_per_answer), "seconds per answer"],
    [figureOf(overview.hours, 2), "hours of work"], ...sampleFigures(overview.sample),
    flagged > 0 && [flagged.toLocaleString(), "flagged"], aside > 0 && [aside.toLocaleString(), "set aside: picture unreadable"]]
    .filter(Boolean);
  return [el("h1", {class: "hidden"}, "Overview"),
    el("dl", {class: "figures"}, figures.map(([figure, text]) => el("div", {}, el("dd", {}, figure), el("dt", {}, text)))),
    ...alarmsOf(overview.alarms),
    ...verdictsOf(overview.verdicts),
    el("h2", {}, "People"), people.length ? peopleOf(people) : el("p", {}, "Nobody has a link yet: assent reviewers add NAME."),
    el("h2", {}, "Questions"), questionsOf(questions)];
}

/* Who may not look at the pictures, and why one could think so. */
function alarmsOf(alarms) {
  const names = [...new Set(alarms.map((alarm) => alarm.of))];
  return names.flatMap((name) => [el("h2", {}, `Does ${name} look at the pictures?`),
    el("ul", {class: "alarms"}, alarms.filter((alarm) => alarm.of === name).map((alarm) =>
      el("li", {}, el("strong", {}, capital(alarm.alarm)), ` ${alarm.text}`))),
    el("p", {class: "afterword"}, `All of it counts. With the server stopped, assent undo --reviewer ${name} withdraws what ${name} answered.`)]);
}

function tableOf(kind, heads, rows) {
  return el("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": kind}, el("table", {},
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", {scope: "col"}, head)))),
    el("tbody", {}, rows.map(([first, ...rest]) => el("tr", {}, el("th", {scope: "row"}, first), rest.map((cell) => el("td", {}, cell)))))));
}

/* The model against the people who judged the sample, over all cells. */
function sampleFigures(sample) {
  if (!sample?.drawn) return [];
  const judged = [`${sample.settled.toLocaleString()} of ${sample.drawn.toLocaleString()}`, "of the sample judged"];
  if (sample.agreement === null) return [judged];
  const [low, high] = sample.interval;
  return [[percent(sample.agreement), low === null ? "agreement, by the sample" : `agreement, by the sample: ${percent(low)} to ${percent(high)}`],
    judged];
}

/* [head, what a person's row says, whether to show it at all] */
const PERSON_COLUMNS = [
  ["Name", (p) => (p.revoked ? `${p.name} (link taken back)` : p.name)],
  ["Answers", (p) => p.done.toLocaleString()],
  ["Seconds each", (p) => figureOf(p.seconds_per_answer)],
  ["Votes per hour", (p) => figureOf(p.votes_per_hour, 0)],
  ["Hours", (p) => figureOf(p.hours, 2)],
  ["Can’t tell", (p) => p.unsure],
  ["Skipped", (p) => p.skipped],
  ["Flagged", (p) => p.flagged],
  ["Undone", (p) => p.undone],
  ["Right, where known", (p) => shareOf(p.gold_accuracy, p.gold), (p) => p.gold > 0],
  ["Same again", (p) => shareOf(p.repeat_consistency, p.repeats), (p) => p.repeats > 0],
  ["Holds", (p) => p.leased],
  ["Last answer", (p) => (p.last ? new Date(p.last).toLocaleString([], {dateStyle: "medium", timeStyle: "short"}) : "–")],
];

function peopleOf(people) {
  const columns = PERSON_COLUMNS.filter(([,, wanted]) => !wanted || people.some(wanted));
  return tableOf("People", columns.map(([head]) => head), people.map((p) => columns.map(([, cell]) => cell(p))));
}

/* What the sample says so far of the model's answers, the questions first that few votes decide. */
function verdictsOf(verdicts) {
  if (!verdicts?.questions.length) return [];
  const {questions, max_error: error, confidence} = verdicts;
  const nearness = (q) => q.votes_to_decide ?? (q.verdict === "cannot say" ? Infinity : -1);
  const rows = [...questions].sort((a, b) => nearness(a) - nearness(b)).map((q) => [q.name, q.verdict, q.settled.toLocaleString(),
    q.verdict !== "cannot say" ? "decided" : q.votes_to_decide === null ? "out of reach" : `about ${q.votes_to_decide.toLocaleString()}`]);
  return [el("h2", {}, "What may be used of the model’s answers"),
    tableOf("Verdicts", ["Question", "Verdict", "Sample seen", "Votes to go"], rows),
    el("p", {class: "afterword"}, `At most ${percent(error)} of the accepted answers wrong, with ${percent(confidence)} confidence.`)];
}

function questionsOf(questions) {
  return tableOf("Questions", ["Question", "Done", "Items", "Seconds each", ""], questions.map((q) => [q.name, q.done.toLocaleString(),
    q.items.toLocaleString(), figureOf(q.seconds_per_answer),
    el("progress", {max: q.items || 1, value: q.done, "aria-label": `${q.name}: ${q.done} of ${q.items}`})]));
}

function figureOf(x, digits = 1) {
  return x == null ? "–" : x.toLocaleString([], {minimumFractionDigits: digits, maximumFractionDigits: digits});
}

/* Never quite sure. */
function sureness(x) {
  return x < 1 && x > 0.99 ? "> 99 %" : `${Math.round(100 * x)} %`;
}

function percent(x) {
  return `${(100 * x).toFixed(1)} %`;
}

function shareOf(share, n) {
  return n > 0 ? `${Math.round(100 * share)} % of ${n.toLocaleString()}` : "–";
}
