// SPDX-License-Identifier: MIT
// This tab's name: kept over a reload, and never that of another open tab.

import {ofTab, randomName} from "./storage.js";

const TAB_NAME = "assent.tab";
const CLAIM_TRIES = 3;
const CLAIM_WAIT_MS = 100;

export async function tabName() {
  let name = ofTab.get(TAB_NAME);
  if (!name || !(await claimPatiently(name))) {
    name = randomName();
    await claimTab(name);
  }
  ofTab.put(TAB_NAME, name);
  return name;
}

/* A page that is being reloaded lets go of its name a moment late. */
async function claimPatiently(name) {
  for (let i = 0; i < CLAIM_TRIES; i++) {
    if (await claimTab(name)) return true;
    await new Promise((resolve) => setTimeout(resolve, CLAIM_WAIT_MS));
  }
  return false;
}

/* "Duplicate tab" copies session storage, and so the name: the lock is with one of the two. */
function claimTab(name) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const held = (lock) => {
      resolve(Boolean(lock));
      return lock ? new Promise(() => {}) : null;
    };
    navigator.locks.request(`assent.tab.${name}`, {ifAvailable: true}, held).catch(() => resolve(true));
  });
}
