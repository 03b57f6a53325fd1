#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several people at one review: who gets what, who may see what, who is let go."""
import os
import signal
import sqlite3

import harness
from harness import Browser
from review_case import ReviewCase


class People(ReviewCase):
    def link(self, name, *more):
        return self.run_assent("-q", "reviewers", "add", name, *more).out.strip()

    def test_two_people_never_get_one_vote(self):
        server = self.serve("--reviewer", "anna")
        anna, bob = self.browse(server), self.browse(server, self.link("bob"))
        mine, theirs = anna.take(want=20)["items"], bob.take(want=20)["items"]
        self.assertEqual(len(mine) + len(theirs), self.disputes)
        self.assertFalse({i["id"] for i in mine} & {i["id"] for i in theirs})
        refused = bob.answer("key-00001", mine[0]["id"])
        self.assertEqual((refused.status, refused.json["results"][0]["why"]), (409, "lease"))
        anna.post("/api/release", {"tab": "tab-0001"})
        self.assertEqual(len(bob.take(want=48)["items"]), self.disputes)

    def test_two_tabs_get_different_items(self):
        anna = self.browse(self.serve("--reviewer", "anna"))
        first, second = anna.take(want=3, tab="tab-0001")["items"], anna.take(want=3, tab="tab-0002")["items"]
        self.assertFalse({i["id"] for i in first} & {i["id"] for i in second})
        self.assertEqual(anna.take(want=3, tab="tab-0001")["items"], first)
        anna.answer("key-00001", first[0]["id"], tab="tab-0001")
        again = anna.answer("key-00002", first[0]["id"], tab="tab-0002")
        self.assertEqual((again.status, again.json["results"][0]["why"]), (409, "answered"))

    def test_a_lease_that_ended_goes_to_others_when_they_need_it(self):
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        items = [i["id"] for i in anna.take(want=48)["items"]]
        server.stop()
        db = sqlite3.connect(self.path("assent.db"))
        db.execute("UPDATE review_lease SET until = 1")
        db.commit()
        db.close()
        server = self.serve("--reviewer", "anna", port=server.port)
        anna.close()
        self.assertEqual(anna.answer("key-00001", items[0]).status, 200)  # late, and nobody took it
        bob = self.browse(server, self.link("bob"))
        taken = bob.take(want=1)["items"][0]["id"]
        self.assertEqual(anna.answer("key-00002", taken).json["results"][0]["why"], "lease")

    def test_votes_of_several_people(self):
        server = self.serve("--reviewer", "anna", "--votes", "2")
        everybody = [self.browse(server)] + [self.browse(server, self.link(n)) for n in ("bob", "cleo")]
        counts = [len(self.answer_all(who)) for who in everybody]
        self.assertEqual(counts, [self.disputes, self.disputes, 0])

    def test_a_limit_a_person(self):
        server = self.serve("--reviewer", "anna", "--limit", "5")
        anna = self.browse(server)
        self.assertEqual(anna.info["progress"]["left"], 5)
        self.assertEqual(len(self.answer_all(anna)), 5)

    def test_a_person_gets_a_cell_again_only_as_a_repeat(self):
        server = self.serve("--reviewer", "anna", "--sample", "40", "--repeat", "10", "--no-disputes")
        anna = self.browse(server)
        done = self.answer_all(anna)
        self.assertEqual(len(done), 50)
        self.assertEqual(len(set(done)), 50)
        bob = self.browse(server, self.link("bob"))
        self.assertEqual(self.answer_all(bob), [])
        order = self.rows("SELECT min(review_answer.id), max(review_answer.id), count(*) FROM review_answer"
                          " JOIN review_item ON review_item.id = item GROUP BY image, question")
        self.assertEqual(sum(n == 2 for _, _, n in order), 10)
        self.assertTrue(all(last - first >= 1 for first, last, n in order if n == 2))
        server.stop()
        person = self.json("report")["review"]["people"][0]
        self.assertEqual((person["repeats"], person["repeat_consistency"]), (10, 1))

    def test_known_answers_measure_a_person(self):
        self.write("known.csv", "image_id,Bald\n" + "".join(f"SENTINELKEY{i:02}.png,{i % 2}\n" for i in range(20)))
        server = self.serve("--reviewer", "anna", "--gold", "known.csv", "--no-disputes")
        self.answer_all(self.browse(server), value=1)
        server.stop()
        person = self.json("report")["review"]["people"][0]
        self.assertEqual((person["gold"], person["gold_accuracy"]), (20, 0.5))

    def test_answers_that_took_no_time(self):
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        for item in anna.take(want=3)["items"]:
            anna.answer(f"key-{item['id'][:12]}", item["id"], seconds=0)
        server.stop()
        person = self.json("report")["review"]["people"][0]
        self.assertEqual((person["done"], person["hours"], person["votes_per_hour"]), (3, 0, None))
        self.assertNotRegex(self.run_assent("report").out, r"\b(inf|nan)\b")

    def test_a_link_is_printed_as_it_is_to_be_sent(self):
        self.assertRegex(self.link("bob"), r"^http://127\.0\.0\.1:8321/#\w+$")
        self.assertIn("start one with assent review", self.run_assent("reviewers", "add", "bob").err)
        server = self.serve("--reviewer", "anna")
        added = self.run_assent("reviewers", "add", "bob")
        self.assertEqual(added.out.split("/#")[0], server.links["address"])
        self.assertIn("2 earlier links of bob work too", added.err)
        for link in (self.link("bob"), added.out.strip()):
            self.assertEqual(self.browse(server, link).info["name"], "bob")
        self.assertTrue(self.link("bob", "--at", "https://labels.example.org").startswith("https://labels.example.org/#"))
        given = self.json("reviewers", "add", "cleo")
        self.assertEqual((given["running"], given["earlier_links"]), (True, 0))
        self.run_assent("reviewers", "revoke", "bob")
        self.assertEqual(self.json("reviewers", "add", "bob")["earlier_links"], 0)
        server.stop()
        self.assertFalse(os.path.exists(self.path("assent.serving")))
        self.assertFalse(self.json("reviewers", "add", "cleo")["running"])

    def test_a_server_that_was_killed_is_not_taken_for_one_that_runs(self):
        server = self.serve("--reviewer", "anna")
        server.stop(signal.SIGKILL)
        self.assertIn(server.links["address"], self.read("assent.serving"))
        self.assertEqual(self.link("bob").split("/#")[0], "http://127.0.0.1:8321")
        server = self.serve("--reviewer", "anna")
        self.assertEqual(self.link("bob").split("/#")[0], server.links["address"])

    def test_an_address_that_cannot_be_left_is_no_reason_not_to_serve(self):
        os.mkdir(self.path("assent.serving"))
        server = self.serve("--reviewer", "anna")
        self.assertEqual(self.browse(server).info["name"], "anna")

    def test_what_somebody_answered_is_withdrawn_and_brought_back(self):
        server = self.serve("--reviewer", "anna", "--votes", "2")
        anna, bob = self.browse(server), self.browse(server, self.link("bob"))
        items = [i["id"] for i in bob.take(want=6)["items"]]
        for n, item in enumerate(items):
            bob.answer(f"key-{n:05}", item, 1)
        bob.post("/api/undo", {"tab": "tab-0001", "key": "key-00000"})
        self.answer_all(anna, 5)
        self.fails("undo", "--reviewer", "bob", says="Ctrl-C")
        server.stop()
        given = self.json("undo", "--reviewer", "bob")
        self.assertEqual((given["annotator"], given["labels_before"], given["labels"]), ("bob", 5, 0))
        self.assertEqual([(p["name"], p["done"]) for p in self.json("status")["review"]["people"]], [("anna", 5), ("bob", 0)])
        self.assertEqual(self.rows("SELECT count(*) FROM review_answer"), [(11,)])
        self.fails("undo", "--reviewer", "bob", code=2, says="no answers on the review page")
        self.assertIn("neither RUN nor --undo", self.run_assent("undo", "--reviewer", "bob", "--undo", code=2).err)
        server = self.serve("--reviewer", "bob", "--votes", "2")
        self.assertEqual(self.browse(server).info["progress"]["left"], self.disputes)  # all is open again
        server.stop()
        back = self.json("undo", "--undo", str(given["run"]))
        self.assertEqual((back["labels"], self.json("status")["review"]["people"][1]["done"]), (5, 5))
        again = self.json("undo", "--reviewer", "bob")  # what was brought back can be withdrawn again
        self.assertEqual((again["labels_before"], again["labels"]), (5, 0))

    def test_who_never_voted_is_in_no_majority(self):
        self.write("third.csv", "image_id,Bald,Hat\n" + "".join(f"SENTINELKEY{i:02}.png,1,1\n" for i in range(30)))
        self.run_assent("-q", "import", "third.csv", "-a", "third")
        self.link("bob")
        self.assertIn("Majority of 3 annotators", self.run_assent("consensus").out)
        report = self.run_assent("report")
        self.assertIn("majority of 3 annotators", report.out)
        self.assertNotIn("bob 0", report.out)
        self.assertNotIn("bob", [a["name"] for a in self.json("report")["annotators"]])
        self.fails("report", "--between", "SENTINELMODEL", "bob", code=2, says="'bob' has no labels that count")

    def test_links_are_revoked_at_once(self):
        server = self.serve("--reviewer", "anna")
        link = self.link("bob")
        bob = self.browse(server, link)
        self.assertEqual(bob.take()["items"][0]["image"], None)
        self.run_assent("reviewers", "revoke", "bob")
        refused = bob.post("/api/take", {"tab": "tab-0001", "mode": "single", "want": 1})
        self.assertEqual((refused.status, refused.json["error"]["code"]), (401, "session"))
        token = link.split("#")[1]
        for wrong in (token, "", "x" * 64, token[:-1]):
            self.assertEqual(Browser(server.port).post("/api/session", {"token": wrong}).status, 401)
        self.assertNotIn(token, self.dump())  # its hash only
        people = self.json("reviewers", "list")["reviewers"]
        self.assertEqual([(p["name"], p["role"], p["revoked"] is None) for p in people if p["role"] == "reviewer"],
                         [("anna", "reviewer", True), ("bob", "reviewer", False)])
        self.assertIn("bob", self.run_assent("reviewers", "list").out)

    def test_what_somebody_held_goes_to_others_when_revoked(self):
        server = self.serve("--reviewer", "anna")
        self.browse(server).take(want=48)
        server.stop()
        self.assertEqual(self.rows("SELECT count(*) FROM review_lease"), [(self.disputes,)])
        self.run_assent("reviewers", "revoke", "anna")
        self.assertEqual(self.rows("SELECT count(*) FROM review_lease"), [(0,)])
        self.assertEqual(self.json("review", "--packet", "out.zip", "--reviewer", "bob")["items"], self.disputes)
        self.run_assent("reviewers", "revoke", "bob")
        self.assertEqual(self.json("review", "--packet", "out.zip", "--reviewer", "cleo")["items"], self.disputes)

    def test_a_link_opens_so_many_sessions(self):
        server, browsers = self.serve("--reviewer", "anna"), []
        for _ in range(40):
            browsers.append(Browser(server.port, server.links["reviewer"]))
            browsers[-1].close()
        self.assertEqual(self.rows("SELECT count(*) FROM review_token WHERE kind = 'session'"), [(32,)])
        open_still = [b for b in browsers if b.get("/api/session").status == 200]
        self.assertEqual(len(open_still), 32)
        self.assertIn(browsers[-1], open_still)

    def test_leaving(self):
        anna = self.browse(self.serve("--reviewer", "anna"))
        self.assertEqual(anna.post("/api/leave", {}).status, 200)
        self.assertEqual(anna.get("/api/session").status, 401)

    def test_an_owner_looks(self):
        server = self.serve("--reviewer", "anna")
        owner, anna = self.browse(server, server.links["owner"]), self.browse(server)
        self.assertEqual(owner.info["role"], "owner")
        self.assertNotIn("questions", owner.info)
        refused = owner.post("/api/take", {"tab": "tab-0001", "mode": "single", "want": 1})
        self.assertEqual((refused.status, refused.json["error"]["code"]), (403, "role"))
        for path in ("/api/overview", "/api/gallery"):
            self.assertEqual(anna.get(path).json["error"]["code"], "role")
        self.assertEqual(owner.get("/api/gallery").json["total"], 0)
        self.answer_all(anna, value=lambda item: 1 if item["question"] == 0 else {"kind": "unsure"})
        overview = owner.get("/api/overview").json
        self.assertEqual((overview["items"], overview["done"], overview["people"][0]["done"]),
                         (self.disputes, self.disputes, self.disputes))
        self.assertNotIn(b"SENTINELKEY", owner.get("/api/overview").body)
        model = owner.get("/api/gallery?outcome=model&question=Bald&n=3").json
        self.assertEqual((model["total"], len(model["items"]), model["model"]), (15, 3, "SENTINELMODEL"))
        self.assertEqual(model["items"][0]["votes"], [{"name": "anna", "label": "yes"}])
        self.assertAlmostEqual(model["items"][0]["model"]["probability"], 0.98765, 5)
        self.assertEqual(owner.get("/api/gallery?outcome=unclear").json["total"], self.disputes - 15)
        self.assertEqual(owner.get("/api/gallery?outcome=x").status, 400)

    def test_an_owner_sees_that_an_option_is_gone(self):
        server = self.serve("--reviewer", "anna", "--questions", "Bald")
        gone = iter([{"kind": "flag", "reason": "harmful"}])
        self.answer_all(self.browse(server), value=lambda item: next(gone, 1))
        server.stop()
        self.task("  - {name: Bald, text: Bald?, kind: choice, options: [no, some, all]}\n"
                  "  - {name: Hat, text: Is there a hat?}\n")
        server = self.serve("--no-disputes")
        items = self.browse(server, server.links["owner"]).get("/api/gallery").json["items"]
        self.assertEqual(sorted(str(i["votes"][0]["label"]) for i in items), ["None"] * 14 + ["flagged"])


if __name__ == "__main__":
    harness.main()
