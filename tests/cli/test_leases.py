#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who holds what in a review, and what the numbers on the page and an item's place do not tell."""
import collections
import sqlite3
import time

import harness
from review_case import ReviewCase


class Holds(ReviewCase):
    def test_what_a_closed_tab_held_comes_back_to_its_person(self):
        anna = self.browse(self.serve("--reviewer", "anna"))
        lost = {i["id"] for i in anna.take(want=5, tab="closed-tab")["items"]}
        done = self.answer_all(anna, tab="other-tab")
        self.assertEqual(len(done), self.disputes)
        self.assertLessEqual(lost, set(done))
        self.assertEqual(anna.take(tab="other-tab")["progress"]["left"], 0)

    def test_a_limit_counts_a_persons_tabs_together(self):
        anna = self.browse(self.serve("--reviewer", "anna", "--limit", "5"))
        first = anna.take(want=4, tab="tab-0001")["items"]
        second = anna.take(want=4, tab="tab-0002")["items"]
        self.assertEqual((len(first), len(second)), (4, 1))
        for i, item in enumerate(first + second):
            self.assertEqual(anna.answer(f"key-0000{i}", item["id"], tab="tab-0001").status, 200)
        self.assertEqual(anna.take(want=4)["items"], [])

    def test_a_database_that_is_busy_ends_nothing(self):
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        item = anna.take(want=1)["items"][0]
        other = sqlite3.connect(self.path("assent.db"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        self.assertEqual(anna.answer("key-00001", item["id"]).status, 500)
        other.execute("ROLLBACK")
        other.close()
        self.assertEqual(anna.answer("key-00001", item["id"]).status, 200)
        self.assertIsNone(server.process.poll())


    def test_what_a_revoked_person_held_is_free(self):
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        bob = self.browse(server, self.run_assent("-q", "reviewers", "add", "bob").out.strip())
        self.assertEqual(len(bob.take(want=6)["items"]), 6)
        self.run_assent("-q", "reviewers", "revoke", "bob")
        until = time.monotonic() + 30
        while len(self.answer_all(anna)) > 0 or anna.take()["progress"]["left"] > 0:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)  # asked without a pause, the server would refuse by rate
        self.assertEqual(anna.take()["progress"]["done"], self.disputes)


class Blindness(ReviewCase):
    def test_what_is_left_goes_down_by_one(self):
        """Also by a skip of an item that will be shown again."""
        anna = self.browse(self.serve("--reviewer", "anna", "--repeat", "8"))
        left = anna.take(want=1)["progress"]["left"]
        for i in range(left):
            item = anna.take(want=1)["items"][0]
            value = {"kind": "skip"} if i % 2 else 1
            now = anna.answer(f"key-{i:05d}", item["id"], value).json["progress"]["left"]
            self.assertEqual(now, left - i - 1)

    def test_a_rules_first_block_has_samples_too(self):
        with open(self.path("assent.yaml"), "a", encoding="utf-8") as f:
            f.write("rules:\n  - {at_most_one: [Bald, Hat]}\n")
        server = self.serve("--reviewer", "anna", "--sample", "50%", "--order", "rules-first", "--rule-breaking")
        server.stop()
        kinds = [kind for kind, in self.rows("SELECT kind FROM review_item ORDER BY place")]
        first = collections.Counter(kinds[:len(kinds) // 3])
        self.assertGreater(first["dispute"], 0)
        self.assertGreater(first["sample"], 0)


if __name__ == "__main__":
    harness.main()
