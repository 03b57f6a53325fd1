// SPDX-License-Identifier: MIT
// Pages that are only a message: the link is needed, the server is away, nothing is left.

import {capital, counted, el} from "./ui.js";

/* The heading takes the focus, so that it is read. */
function messagePage(title, ...content) {
  return el("main", {class: "message"}, el("h1", {tabindex: -1}, title), content);
}

/* on.link(token) */
export function linkPage(reason, waiting, onToken) {
  const field = el("input", {id: "link", type: "text", autocomplete: "off", spellcheck: "false", "aria-describedby": "link-error"});
  const error = el("p", {id: "link-error", role: "alert"});
  const submit = (event) => {
    event.preventDefault();
    const token = field.value.trim().replace(/^.*#/, "");
    if (token) onToken(token);
    else error.textContent = "Paste the whole link, with what follows the #.";
  };
  return messagePage("Open your link again", el("p", {}, capital(reason)),
    waiting > 0 && el("p", {}, `${counted(waiting, "answer")} not sent yet: kept in this browser, and sent once you are back.`),
    el("form", {submit}, el("label", {for: "link"}, "The link that you were sent"), field, error,
      el("button", {type: "submit", class: "main"}, "Go on")));
}

export function waitingPage(reason, waiting) {
  return messagePage("Waiting for the server", el("p", {}, `${capital(reason)} This page goes on by itself.`),
    waiting > 0 && el("p", {}, `${counted(waiting, "answer")} not sent yet: kept in this browser.`));
}

export function loadingPage() {
  return el("main", {class: "message"}, el("p", {}, "Loading …"));
}

/* on.undo(), on.mode(name), on.look(), and on.save() for a packet. */
export function endPage(desk, on) {
  const {progress, mode} = desk;
  const buttons = [el("button", {type: "button", disabled: !desk.canUndo, click: on.undo}, "Undo the last answer")];
  const button = (label, work) => buttons.unshift(el("button", {type: "button", class: "main", click: work}, label));
  const aside = progress.set_aside > 0
    && el("p", {}, `${counted(progress.set_aside, "picture")} could not be read and ${progress.set_aside === 1 ? "was" : "were"} set aside.`);
  let title = "All done. Thank you!";
  const copied = progress.copied ? `, ${progress.copied.toLocaleString()} of them with another that shows the same picture` : "";
  const skipped = progress.skipped ? ` You skipped ${progress.skipped.toLocaleString()}.` : "";
  let text = `You have answered ${counted(progress.done - progress.skipped, "item")}${copied}.${skipped}`;
  if (progress.decided) {
    title = "Everything that was asked is decided. Thank you!";
    text += " You may close this page.";
  } else if (progress.left > 0 && mode === "grid" && !progress.left_grid) {
    title = "No grids left";
    text = `${counted(progress.left, "item")} left, to be answered one by one.`;
    button("Go on one by one", () => on.mode("single"));
  } else if (progress.left > 0) {
    title = "Nothing for you just now";
    text = `Others hold the last ${counted(progress.left, "item")}. What they leave comes back here by itself.`;
    button("Look again", on.look);
  } else if (!progress.done) {
    title = "There is nothing to review";
    text = "No item waits for you. You may close this page.";
  }
  if (on.save) button("Save answers", on.save);
  return messagePage(title, el("p", {}, text), aside, on.save && el("p", {}, "Send the saved file to who gave you this folder."),
    el("div", {class: "buttons"}, buttons));
}
