#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""assent review over HTTP: plans, answers, what is shown and what is not, restarts, starting."""
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import threading

import harness
from harness import Browser
from review_case import KINDS, ReviewCase, png


class Plan(ReviewCase):
    def test_plan_counts_and_keeps_nothing(self):
        plan = self.json("plan", "--review", "--sample", "10%", "--votes", "2")
        self.assertEqual(plan["new"]["disputes"], self.disputes)
        self.assertGreater(plan["new"]["sample"], 0)
        self.assertEqual(plan["items"], plan["new"]["disputes"] + plan["new"]["sample"])
        self.assertEqual(plan["votes"], 2 * plan["items"])
        self.assertIsNone(plan["hours"])
        self.assertEqual(self.json("plan", "--review", "--sample", "10%", "--votes", "2"), plan)
        with open(self.path("assent.yaml"), "a", encoding="utf-8") as f:
            f.write("prices:\n  seconds_per_answer: {value: 36, date: 2026-01-01, source: assumed}\n"
                    "  wage_hour: {value: 10, date: 2026-01-01, source: assumed}\n")
        plan = self.json("plan", "--review")
        self.assertAlmostEqual(plan["hours"], self.disputes / 100)
        self.assertAlmostEqual(plan["cost"], self.disputes / 10)
        out = self.run_assent("plan", "--review").out
        for text in (f"{self.disputes} items to answer", "36 s per answer, as assent.yaml says", f"{self.disputes / 10:.2f} USD"):
            self.assertIn(text, out)

    def test_options_of_the_other_plan(self):
        for args in (["--review", "--limit", "3"], ["--review", "--keys", "x"], ["--gold", "x"], ["--votes", "2"],
                     ["--review", "--sample", "200%"], ["--sample", "2%"]):
            self.run_assent("plan", *args, code=2)


    def test_a_plan_of_two_votes_counts_those_that_are_given(self):
        server = self.serve("--reviewer", "anna", "--votes", "2")
        everybody = [self.browse(server),
                     self.browse(server, self.run_assent("-q", "reviewers", "add", "bob").out.strip())]
        self.answer_all(everybody[0])
        self.answer_all(everybody[1], most=5)
        server.stop()
        plan = self.json("plan", "--review", "--votes", "2")
        self.assertEqual((plan["items"], plan["votes"]), (self.disputes - 5, self.disputes - 5))
        plan = self.json("plan", "--review", "--votes", "3")
        self.assertEqual((plan["items"], plan["votes"]), (self.disputes, 2 * self.disputes - 5))
        server = self.serve("--reviewer", "bob", "--votes", "2")
        self.answer_all(self.browse(server))
        server.stop()
        plan = self.json("plan", "--review", "--votes", "2")
        self.assertEqual((plan["items"], plan["votes"], plan["hours"]), (0, 0, 0))


class Growth(ReviewCase):
    """A sample is of the images that there were; a project grows."""

    images = 100

    def review(self, *args, answer=True):
        server = self.serve("--reviewer", "anna", "--no-disputes", *args)
        if answer:
            self.answer_all(self.browse(server))
        server.stop()
        return server.said

    def test_images_set_aside_leave_the_sample(self):
        """What is left of a stratum is a domain: as many of its cells as of what was drawn in it."""
        self.review("--sample", "30%")
        before = self.json("report")["review"]["sample"]
        gone = [key for key, in self.rows("SELECT DISTINCT image.key FROM review_item JOIN image ON image.id = review_item.image"
                                          " WHERE stratum IS NOT NULL ORDER BY image.key LIMIT 7")]
        self.run_assent("images", "remove", *gone)
        strata = self.rows("SELECT h.cells, h.drawn, count(image.id) - count(image.aside) FROM review_stratum AS h"
                           " JOIN review_item AS i ON i.stratum = h.position JOIN image ON image.id = i.image"
                           " GROUP BY h.position")
        after = self.json("report")["review"]["sample"]
        self.assertEqual(after["settled"], sum(left for _, _, left in strata))
        self.assertEqual(after["frame"], sum(round(cells * left / drawn) for cells, drawn, left in strata))
        self.assertLess(after["settled"], before["settled"])
        self.run_assent("images", "restore", *gone)
        self.assertEqual(self.json("report")["review"]["sample"], before)

    def test_a_sample_is_drawn_from_what_came_later_too(self):
        self.review("--sample", "10%")
        sample = self.json("report")["review"]["sample"]
        self.assertEqual((sample["drawn"], sample["frame"], sample["cells"]), (20, 200, 200))
        self.write("more.csv", "image_id,Bald,Hat\n" + "".join(f"later{i:04}.png,0,1\n" for i in range(1900)))
        self.run_assent("import", "more.csv", "-a", "SENTINELPEOPLE")
        sample = self.json("report")["review"]["sample"]
        self.assertEqual((sample["frame"], sample["cells"]), (200, 4000))
        self.assertRegex(self.run_assent("report").out, "the 200 cells that could be drawn. The project has 3 800 more")
        self.review("--sample", "10%", answer=False)
        self.assertEqual(self.rows("SELECT count(*) FROM review_item JOIN image ON image.id = review_item.image"
                                   " WHERE image.key LIKE 'later%'"), [(380,)])
        sample = self.json("report")["review"]["sample"]
        self.assertEqual((sample["drawn"], sample["frame"], sample["cells"]), (400, 4000, 4000))
        self.assertEqual(sample["settled"], 20)
        self.assertAlmostEqual(sample["covered"], 200 / 4000)
        self.review("--sample", "10%")
        self.assertAlmostEqual(self.json("report")["review"]["sample"]["covered"], 1)
        self.review("--sample", "10%")
        self.assertEqual(self.json("report")["review"]["sample"]["drawn"], 400)

    def test_a_sample_by_score(self):
        """The model's scores are all .98765 or one less that: one band. Its command goes on with it, and is another design's elsewhere."""
        self.review("--sample", "20", "--strata", "question,score")
        names = [name for name, in self.rows("SELECT name FROM review_stratum ORDER BY position")]
        self.assertEqual(names, ["Bald: all cells; score 0.95 to 0.99", "Hat: all cells; score 0.95 to 0.99"])
        self.review("--sample", "20", "--strata", "score,question", answer=False)
        self.assertEqual(self.rows("SELECT count(*) FROM review_design"), [(1,)])
        self.review("--sample", "20", "--active", "--floor", "0.2", answer=False)
        settings = json.loads(self.rows("SELECT settings FROM review_design ORDER BY id DESC")[0][0])
        self.assertEqual((settings["strata"], settings["active_floor"], settings["score_edges"][0]),
                         (["question", "answer", "score"], 0.2, 0.5))
        self.run_assent("undo", "1")
        self.fails("review", "--sample", "20", "--active", code=2, says="no answer has a probability")
        for args, says in ((["--strata", "answer,"], "--strata takes"), (["--strata", "answers"], "--strata takes"),
                           (["--floor", "0"], "--floor takes"), (["--floor", "1.1"], "--floor takes")):
            self.assertIn(says, self.run_assent("plan", "--review", *args, code=2).err)

    def test_a_larger_sample_keeps_what_was_answered(self):
        self.review("--sample", "30")
        said = self.review("--sample", "50", answer=False)
        self.assertIn("the sample had 30 cells: 20 more were drawn of the same strata", said)
        sample = self.json("report")["review"]["sample"]
        self.assertEqual((sample["drawn"], sample["settled"]), (50, 30))
        self.assertEqual(self.rows("SELECT count(*) FROM review_design"), [(1,)])
        self.assertEqual(self.json("plan", "--review", "--no-disputes", "--sample", "80")["new"]["sample"], 30)
        self.run_assent("images", "remove", *[key for key, in self.rows("SELECT key FROM image LIMIT 1")])
        self.assertIn("another one was drawn", self.review("--sample", "60", answer=False))


class Door(ReviewCase):
    """Whoever comes by a tunnel, a forwarded port or a proxy."""

    def enter(self, server, **headers):
        browser = harness.Browser(server.port)
        self.addCleanup(browser.close)
        token = server.links["reviewer"].split("#", 1)[1]
        return browser.post("/api/session", {"token": token}, **headers)

    def test_the_end_of_a_tunnel_has_another_port(self):
        server = self.serve("--reviewer", "anna")
        self.assertEqual(self.enter(server, Host="localhost:9000", Origin="http://localhost:9000").status, 200)
        self.assertEqual(self.enter(server, Host="localhost:9000", Origin="http://localhost:3000").status, 403)
        self.assertEqual(self.enter(server, Host="localhost:9000", Origin="http://evil.example").status, 403)
        self.assertEqual(self.enter(server, Host=f"evil.example:{server.port}").status, 421)

    def test_a_proxy_in_front(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        server = self.serve("--reviewer", "anna", "--public-url", "https://labels.example.org:443", port=port)
        self.assertTrue(server.links["reviewer"].startswith("https://labels.example.org:443/#"), server.links)
        server.port = port
        own = {"Host": "labels.example.org:443", "Origin": "https://labels.example.org:443"}
        answer = self.enter(server, **own)
        self.assertEqual(answer.status, 200)
        self.assertIn("; Secure", answer.headers["set-cookie"])
        self.assertEqual(self.enter(server, **{**own, "Origin": "http://labels.example.org:443"}).status, 403)
        self.assertEqual(self.enter(server, **own, X_Forwarded_Host="evil.example").status, 200)
        self.assertEqual(self.enter(server, Host="evil.example", X_Forwarded_Host="labels.example.org:443").status, 421)
        self.assertEqual(self.enter(server, Host=f"127.0.0.1:{port}").status, 200)  # the proxy's own check

    def test_addresses_that_are_none(self):
        for url in ("labels.example.org", "ftp://x", "https://", "https://x/path", "https://a@b", "https://x?y"):
            self.assertIn("--public-url takes", self.run_assent("review", "--public-url", url, code=2).err)


class Equal(ReviewCase):
    """Every picture stands there twice: people are asked once, and the answer is kept for both."""

    pictures = True

    def setUp(self):
        super().setUp()
        for i in range(0, self.images, 2):  # 0 and 1, 2 and 3, ..: one shows what the other shows
            self.write("pictures/SENTINELKEY%02d.png" % (i + 1), self.read_bytes("pictures/SENTINELKEY%02d.png" % i))
        self.run_assent("import", "--images", "pictures")

    def read_bytes(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def pairs(self, where="undone IS NULL"):
        """[(picture, question, whether it was copied)] of answers."""
        return [(int(key[11:13]) // 2, question, bool(copied)) for key, question, copied in self.rows(
            "SELECT image.key, question, copy_of IS NOT NULL FROM review_answer AS a JOIN review_item AS i ON i.id = a.item"
            f" JOIN image ON image.id = i.image WHERE {where} ORDER BY a.id")]

    def test_answered_once_counts_for_both(self):
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        given = self.answer_all(anna)
        self.assertEqual(anna.take()["progress"]["left"], 0)
        server.stop()
        pairs = self.pairs()
        asked = [p[:2] for p in pairs if not p[2]]
        self.assertEqual(len(asked), len(given))
        self.assertEqual(len(asked), len(set(asked)))  # nothing twice
        self.assertEqual(len(pairs), self.disputes)
        review = self.json("status")["review"]
        self.assertEqual((review["done"], review["items"]), (self.disputes, self.disputes))
        self.assertEqual((review["copied"], review["people"][0]["done"]), (self.disputes - len(given), len(given)))
        self.assertGreater(review["copied"], 0)
        self.assertEqual(sum(v == "yes" for v in self.labels("anna").values()), self.disputes)
        self.assertIn(f"{review['copied']} answers kept for an item with the same picture", self.run_assent("status").out)

    def test_copies_are_no_part_of_a_limit(self):
        server = self.serve("--reviewer", "anna", "--limit", "8")
        anna = self.browse(server)
        self.assertEqual(len(self.answer_all(anna)), 8)
        progress = anna.take()["progress"]
        self.assertGreater(progress["copied"], 0)
        self.assertEqual((progress["done"], progress["left"]), (8 + progress["copied"], 0))

    def test_a_repeat_compares_with_a_copy(self):
        server = self.serve("--reviewer", "anna", "--repeat", "12", "--seed", "3")
        self.answer_all(self.browse(server))
        server.stop()
        person = self.json("status")["review"]["people"][0]
        on_copies = self.rows("SELECT count(*) FROM review_item AS again JOIN review_answer AS a ON a.item = again.repeats"
                              " WHERE a.copy_of IS NOT NULL")[0][0]
        self.assertGreater(on_copies, 0)
        self.assertEqual((person["repeats"], person["repeat_consistency"]), (12, 1))

    def test_undo_takes_both_back(self):
        server = self.serve("--reviewer", "anna", "--questions", "Hat")
        anna = self.browse(server)
        left = anna.take(want=1)
        while True:
            item = anna.take(want=1)["items"][0]["id"]
            anna.answer("the-key-of-" + item[:8], item)
            if self.pairs("copy_of IS NOT NULL"):
                break
        before = len(self.pairs())
        self.assertEqual(anna.post("/api/undo", {"tab": "tab-0001", "key": "the-key-of-" + item[:8]}).status, 200)
        self.assertEqual(len(self.pairs()), before - 2)
        self.assertEqual(self.rows("SELECT count(*) FROM vote"), [(before - 2,)])
        self.assertEqual(anna.answer("again-the-key-0", item, 0).status, 200)
        self.assertEqual(len(self.pairs()), before)
        self.assertGreater(left["progress"]["left"], 0)

    def test_a_server_that_starts_again_knows_them(self):
        server = self.serve("--reviewer", "anna")
        self.answer_all(self.browse(server), most=6)
        server.stop()
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        self.answer_all(anna)
        self.assertEqual(anna.take()["progress"]["left"], 0)
        server.stop()
        asked = [p[:2] for p in self.pairs() if not p[2]]
        self.assertEqual(len(asked), len(set(asked)))
        self.assertEqual(self.json("status")["review"]["done"], self.disputes)

    def test_a_grid_and_a_packet_show_one_of_them(self):
        server = self.serve("--reviewer", "anna", "--questions", "Hat")
        anna = self.browse(server)
        grid = anna.take(want=30, mode="grid")["items"]
        pictures = [self.rows(f"SELECT image.sha256 FROM review_item AS i JOIN image ON image.id = i.image WHERE i.key = '{i['id']}'")
                    for i in grid]
        self.assertEqual(len(pictures), len({p[0][0] for p in pictures}))
        anna.post("/api/release", {"tab": "tab-0001"})
        server.stop()
        made = self.json("review", "--packet", "out.zip", "--reviewer", "anna", "--questions", "Hat")
        self.assertEqual(made["items"], len(pictures))


class Pair(ReviewCase):
    def test_review_agree_and_status_compare_one_pair(self):
        """Two models, and people who come third."""
        self.run_assent("init", "other")
        self.write("other/assent.yaml", self.read("assent.yaml"))
        for name, file, kind in (("one", "model.jsonl", "model"), ("two", "model.jsonl", "model"),
                                 ("people", "people.csv", "human")):
            self.run_assent("-C", "other", "import", self.path(file), "-a", name, "--kind", kind)
        agree, status = self.json("-C", "other", "agree"), self.json("-C", "other", "status")
        self.assertEqual(agree["annotators"], ["one", "people"])
        self.assertEqual(status["between"]["annotators"], ["one", "people"])
        self.assertEqual(self.json("-C", "other", "report")["between"], ["one", "people"])
        self.assertEqual(self.json("-C", "other", "plan", "--review")["new"]["disputes"], self.disputes)


class Flow(ReviewCase):
    def test_an_answer_is_a_vote_and_sending_it_again_changes_nothing(self):
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        self.assertEqual(anna.info["role"], "reviewer")
        self.assertEqual(anna.info["questions"][0], {"text": "Is this person bald?", "about": None,
                                                     "help": "No hair at all.", "kind": "yesno",
                                                     "options": ["no", "yes"]})
        self.assertEqual(anna.info["reasons"], ["wrong image", "harmful"])
        self.assertEqual(anna.info["progress"]["left"], self.disputes)
        items = anna.take()["items"]
        for _ in range(3):
            answer = anna.answer("key-00001", items[0]["id"], 1, want=4)
            self.assertEqual(answer.json["results"], [{"item": items[0]["id"], "kept": True}])
            self.assertEqual(answer.json["progress"]["done"], 1)
            self.assertNotIn(items[0]["id"], [i["id"] for i in answer.json["items"]])
        self.assertEqual(self.rows("SELECT count(*) FROM review_answer"), [(1,)])
        self.assertEqual(self.rows("SELECT value, seconds FROM vote"), [(1, 2.0)])

    def test_every_kind_of_answer(self):
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        items = [i["id"] for i in anna.take(want=4)["items"]]
        for n, given in enumerate([{"kind": "value", "value": 0}, {"kind": "unsure"}, {"kind": "skip"},
                                   {"kind": "flag", "reason": "harmful"}]):
            self.assertEqual(anna.answer(f"key-{n:05}", items[n], given).status, 200)
        progress = anna.take()["progress"]
        self.assertEqual((progress["done"], progress["skipped"]), (4, 1))
        anna.post("/api/undo", {"tab": "tab-0001", "key": "key-00002"})
        self.assertEqual(anna.take()["progress"]["skipped"], 0)
        anna.answer("key-00004", items[2], {"kind": "skip"})
        self.assertEqual(self.rows("SELECT kind, value FROM review_answer WHERE undone IS NULL ORDER BY id"),
                         [("value", "no"), ("unsure", None), ("flag", "harmful"), ("skip", None)])
        self.assertEqual(self.rows("SELECT value FROM vote ORDER BY id"), [(0,), (-4,)])
        server.stop()
        person = self.json("status")["review"]["people"][0]
        self.assertEqual([person[k] for k in ("done", "unsure", "skipped", "flagged")], [3, 1, 1, 1])

    def test_earlier_answers_are_looked_at_and_changed(self):
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        items = [i["id"] for i in anna.take(want=40)["items"]]
        self.assertEqual(anna.get("/api/answers").json, {"answers": [], "before": None})
        for n in range(30):
            anna.answer(f"key-{n:05}", items[n], n % 2)
        newest = anna.get("/api/answers?n=20").json
        self.assertEqual([(a["id"], a["was"]["value"]) for a in newest["answers"]], [(items[n], n % 2) for n in range(29, 9, -1)])
        rest = anna.get(f"/api/answers?n=20&before={newest['before']}").json
        self.assertEqual(([a["id"] for a in rest["answers"]], rest["before"]), (items[9::-1], None))
        self.assertEqual(anna.answer("key-00030", items[3], 0).status, 409)
        changed = anna.answer("key-00031", items[3], 0, change=True)
        self.assertEqual((changed.status, changed.json["progress"]["done"]), (200, 30))
        self.assertEqual(anna.answer("key-00031", items[3], 0, change=True).json["progress"]["done"], 30)
        self.assertEqual(anna.get("/api/answers?n=1").json["answers"][0]["id"], items[3])
        self.assertEqual(self.rows("SELECT value, undone IS NULL FROM review_answer JOIN review_item ON review_item.id = item"
                                   f" WHERE review_item.key = '{items[3]}' ORDER BY review_answer.id"), [("yes", 0), ("no", 1)])
        self.assertEqual(self.rows("SELECT count(*), sum(value = 1) FROM vote"), [(30, 14)])
        self.assertEqual(anna.answer("key-00032", items[34], 0, change=True).json["progress"]["done"], 31)  # had none: as any
        bob = self.browse(server, self.run_assent("-q", "reviewers", "add", "bob").out.strip())
        self.assertEqual(bob.get("/api/answers").json["answers"], [])
        self.assertEqual(bob.answer("key-00001", items[3], 1, change=True).status, 409)
        self.assertEqual(self.browse(server, server.links["owner"]).get("/api/answers").status, 403)
        self.assertEqual(anna.get("/api/answers?n=49").status, 400)

    def test_undo_any_number_of_steps(self):
        anna = self.browse(self.serve("--reviewer", "anna"))
        items = [i["id"] for i in anna.take(want=4)["items"]]
        for n in range(3):
            anna.answer(f"key-{n:05}", items[n], n % 2)
        for n in (2, 1, 0):
            for _ in range(2):  # the same again gives the same
                undone = anna.post("/api/undo", {"tab": "tab-0001", "key": f"key-{n:05}"}).json
                self.assertEqual([(i["id"], i["was"]) for i in undone["items"]],
                                 [(items[n], {"kind": "value", "value": n % 2})])
        self.assertEqual(undone["progress"]["done"], 0)
        self.assertEqual([i["id"] for i in anna.take(want=4)["items"]], items)
        self.assertEqual(self.rows("SELECT count(*) FROM vote"), [(0,)])
        self.assertEqual(self.rows("SELECT count(*) FROM review_answer WHERE undone IS NOT NULL"), [(3,)])
        anna.answer("key-00009", items[0], 1)
        self.assertEqual(self.rows("SELECT value FROM vote"), [(1,)])

    def test_a_grid_page(self):
        anna = self.browse(self.serve("--reviewer", "anna"))
        items = anna.take(want=12, mode="grid")["items"]
        self.assertEqual(len(items), 12)
        self.assertEqual(len({i["question"] for i in items}), 1)
        answers = [{"item": i["id"], "kind": "value", "value": n % 2} for n, i in enumerate(items)]
        body = {"tab": "tab-0001", "key": "page-0001", "mode": "grid", "seconds": 24, "answers": answers, "want": 12}
        for _ in range(2):
            answer = anna.post("/api/answer", body)
            self.assertEqual([r["kept"] for r in answer.json["results"]], [True] * 12)
        self.assertEqual(self.rows("SELECT count(*), sum(seconds), min(mode) FROM review_answer"), [(12, 24.0, "grid")])
        undone = anna.post("/api/undo", {"tab": "tab-0001", "key": "page-0001"}).json["items"]
        self.assertEqual([i["id"] for i in undone], [i["id"] for i in items])
        self.assertEqual([i["was"]["value"] for i in undone], [n % 2 for n in range(12)])
        self.assertEqual([i["id"] for i in anna.take(want=12, mode="grid")["items"]], [i["id"] for i in items])

    def test_votes_reach_consensus_status_and_report(self):
        server = self.serve("--reviewer", "anna", "--sample", "20")
        self.answer_all(self.browse(server))
        self.assertEqual(server.stop(), 0)
        consensus = self.json("consensus")
        self.assertEqual(consensus["disputed"], self.disputes)
        self.assertEqual(consensus["ties"], 0)
        review = self.json("report")["review"]
        self.assertEqual((review["items"], review["done"]), (review["done"], review["items"]))
        self.assertEqual(review["people"][0]["seconds_per_answer"], 2)
        self.assertEqual(review["people"][0]["votes_per_hour"], 1800)
        self.assertEqual(review["sample"]["drawn"], 20)
        self.assertTrue(review["sample"]["interval"][0] <= review["sample"]["agreement"]
                        <= review["sample"]["interval"][1])
        self.assertIn("anna", self.run_assent("status").out)
        self.assertIn("drawn at random", self.run_assent("report").out)

    def test_a_stale_consensus_is_told(self):
        self.run_assent("consensus")
        self.assertFalse(self.json("status")["stale_consensus"])
        server = self.serve("--reviewer", "anna")
        self.answer_all(self.browse(server), most=1)
        server.stop()
        self.assertTrue(self.json("status")["stale_consensus"])


class Blind(ReviewCase):
    pictures = True

    def test_nothing_that_the_server_sends_tells(self):
        self.write("known.csv", "image_id,Bald\nSENTINELKEY00.png,0\nSENTINELKEY02.png,0\n")
        server = self.serve("--reviewer", "anna", "--sample", "20", "--gold", "known.csv", "--repeat", "8",
                            "--votes", "2")
        self.run_assent("-q", "reviewers", "add", "SENTINELBOB")
        bob = self.browse(server, self.run_assent("-q", "reviewers", "add", "SENTINELBOB").out.strip())
        self.answer_all(bob, most=15, value=0)
        bob.post("/api/release", {"tab": "tab-0001"})
        anna = self.browse(server)
        shapes = set()
        for _ in range(200):
            items = anna.take(want=3)["items"]
            for item in items:
                shapes.add(json.dumps({k: type(v).__name__ for k, v in item.items()}))
                image = anna.get(item["image"])
                self.assertEqual((image.status, image.headers["content-type"]), (200, "image/jpeg"))
                self.assertTrue(image.body.startswith(b"\xff\xd8\xff\xe0"))
                self.assertNotIn(b"Exif", image.body)
            if not items:
                break
            anna.answer(f"key-{random.getrandbits(64)}", items[0]["id"], 1)
        self.assertEqual(len(shapes), 1)
        kinds = {k for k, in self.rows("SELECT DISTINCT review_item.kind FROM review_item JOIN review_answer"
                                       " ON item = review_item.id JOIN annotator ON annotator.id = annotator"
                                       " WHERE annotator.name = 'anna'")}
        self.assertEqual(kinds, set(KINDS))  # all came to her, and none could be told
        self.assertEqual(len(anna.get("/api/answers?n=48").json["answers"]), 48)
        sent = bytes(anna.seen)
        for word in (b"SENTINEL", b"0.98765", b"0.01235", b"bob", b"Bald", b'"Hat"') + tuple(k.encode() for k in KINDS):
            self.assertNotIn(word, sent)

    def test_an_image_is_for_who_holds_it(self):
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        bob = self.browse(server, self.run_assent("-q", "reviewers", "add", "bob").out.strip())
        item = anna.take(want=1)["items"][0]
        self.assertEqual(anna.get(item["image"]).status, 200)
        self.assertEqual(bob.get(item["image"]).status, 404)
        self.assertEqual(Browser(server.port).get(item["image"]).status, 401)
        anna.answer("key-00001", item["id"])
        self.assertEqual(anna.get(item["image"]).status, 200)  # to be undone
        for path in ("/image/../assent.db", "/image/..%2fassent.yaml", "/image/", "/assets/../x", "/assets//etc/passwd",
                     "/image/" + "0" * 32):
            self.assertEqual(anna.get(path).status, 404, path)

    def test_images_that_moved_or_broke_are_set_aside(self):
        os.remove(self.path("pictures/SENTINELKEY01.png"))
        self.write("pictures/SENTINELKEY03.png", png(3)[:-40])
        server = self.serve("--reviewer", "anna", "--questions", "Bald")
        anna = self.browse(server)
        self.assertEqual(anna.info["progress"]["set_aside"], 1)
        seen = 0
        for _ in range(100):
            items = anna.take(want=1)["items"]
            if not items:
                break
            if anna.get(items[0]["image"]).status == 200:
                anna.answer(f"key-{random.getrandbits(64)}", items[0]["id"])
                seen += 1
        self.assertEqual(seen, 13)  # of 15 disputes
        server.stop()
        self.assertEqual(self.json("status")["review"]["set_aside"], 2)
        self.assertEqual(len(self.rows("SELECT aside FROM review_item WHERE aside IS NOT NULL")), 2)
        self.write("pictures/SENTINELKEY01.png", png(1))
        server = self.serve("--reviewer", "anna", "--questions", "Bald")  # back again
        self.assertEqual(len(self.browse(server).take(want=4)["items"]), 2)


class Durable(ReviewCase):
    def test_a_restart_in_the_middle(self):
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        items = [i["id"] for i in anna.take(want=4)["items"]]
        anna.answer("key-00001", items[0])
        self.assertEqual(server.stop(signal.SIGTERM), 0)
        again = self.serve("--reviewer", "anna", port=server.port)
        anna.close()
        self.assertEqual(anna.get("/api/session").json["csrf"], anna.csrf)
        self.assertEqual(anna.get("/api/session").json["who"], anna.info["who"])
        self.assertEqual(anna.get("/api/session").json["progress"]["done"], 1)
        self.assertEqual([i["id"] for i in anna.take(want=3)["items"]], items[1:])
        self.assertEqual(anna.answer("key-00001", items[0]).json["results"][0]["kept"], True)
        self.assertEqual(anna.answer("key-00002", items[1]).json["results"][0]["kept"], True)
        self.assertEqual(again.stop(), 0)

    def test_a_killed_server_loses_no_answer_that_it_acknowledged(self):
        for n in range(5):
            server = self.serve("--reviewer", "anna")
            anna = self.browse(server)
            threading.Timer(0.05 + 0.05 * n, server.process.kill).start()
            acknowledged = []
            try:
                for i in range(1000):
                    item = anna.take(want=1)["items"][0]["id"]
                    if anna.answer(f"key-{n}-{i:05}", item).status == 200:
                        acknowledged.append(item)
            except (OSError, IndexError):
                pass
            server.process.wait()
            kept = {k for k, in self.rows("SELECT review_item.key FROM review_answer JOIN review_item"
                                          " ON review_item.id = item")}
            self.assertLessEqual(set(acknowledged), kept)

    def test_a_project_that_is_deleted_under_the_server(self):
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        item = anna.take(want=1)["items"][0]["id"]
        for name in ("assent.db", "assent.db-wal", "assent.db-shm"):
            os.remove(self.path(name))
        answer = anna.answer("key-00001", item)
        self.assertEqual((answer.status, answer.json["error"]["code"]), (500, "failed"))
        self.assertEqual(server.process.wait(timeout=10), 1)
        self.assertIn("deleted, moved or replaced", server.process.stderr.read())


class Start(ReviewCase):
    def test_one_server_a_project(self):
        self.serve("--reviewer", "anna")
        self.fails("review", "--listen", "127.0.0.1:0", says="another review of this project")

    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            ran = self.run_assent("review", "--listen", f"127.0.0.1:{port}", code=1)
            self.assertIn(f"127.0.0.1:{port}: cannot listen", ran.err)
            self.assertIn(":0 takes a free one", ran.err)

    def test_nothing_to_review(self):
        self.run_assent("-q", "import", "people.csv", "-a", "twin")
        self.fails("review", "--between", "SENTINELPEOPLE", "twin", code=2, says=("nothing to review", "--sample"))
        self.fails("review", "--between", "SENTINELPEOPLE", "nobody", code=2, says="no annotator here is called 'nobody'")

    def test_known_answers_of_unknown_images(self):
        self.write("known.csv", "image_id,Bald\nSENTINELKEY00.png,0\nother.png,0\n")
        self.fails("review", "--gold", "known.csv", says=("not in this project: 'other.png'", "known.csv:3"))
        self.fails("review", "--gold", "none.csv", says="none.csv")

    def test_certificates(self):
        self.write("bad.pem", "no certificate")
        ran = self.run_assent("review", "--listen", "127.0.0.1:0", "--cert", "bad.pem", "--key", "bad.pem", code=1)
        self.assertIn("are these a certificate and its key", ran.err)
        ran = self.run_assent("review", "--listen", "127.0.0.1:0", "--cert", "none.pem", "--key", "bad.pem", code=1)
        self.assertIn("none.pem", ran.err)

    def test_usage(self):
        for arguments in (["--listen", "0.0.0.0:0"], ["--listen", "8321"], ["--listen", "127.0.0.1:99999"],
                          ["--cert", "x"], ["--sample", "0%"], ["--sample", "x"], ["--votes", "0"], ["--order", "x"],
                          ["--between", "A"], ["--packet", "x.zip"], ["--questions", "A,,B"]):
            self.run_assent("review", *arguments, code=2)
        for arguments in ([], ["add"], ["list", "x"], ["add", "a", "b"], ["remove", "a"]):
            self.run_assent("reviewers", *arguments, code=2)
        self.assertIn("--unencrypted", self.run_assent("review", "--listen", "0.0.0.0:0", code=2).err)

    def test_names(self):
        for name in ("consensus", "", "a\nb", "SENTINELMODEL", "SENTINELPEOPLE"):
            self.fails("reviewers", "add", name, code=2, says="assent: ")
        self.fails("reviewers", "revoke", "nobody", code=2, says="no reviewer is called 'nobody'")
        self.fails("review", "--questions", "Beard", code=2, says="no question of assent.yaml is called 'Beard'")

    def test_the_same_command_again_goes_on(self):
        arguments = ("--reviewer", "anna", "--sample", "10", "--repeat", "5")
        for _ in range(2):
            self.serve(*arguments).stop()
            self.assertEqual(dict(self.rows("SELECT kind, count(*) FROM review_item GROUP BY kind"))["repeat"], 5)
            self.assertEqual(self.rows("SELECT count(*) FROM review_design"), [(1,)])

    def test_one_annotator_or_none(self):
        self.write("one/assent.yaml", "name: one\nquestions: [{name: Bald, text: Bald?}]\n")
        self.run_assent("-C", "one", "-q", "import", "people.csv", "-a", "people")
        self.fails("-C", "one", "review", code=2, says=("no two annotators", "--sample"))
        server = self.serve("--reviewer", "anna", "--sample", "50%", folder="one")
        self.assertEqual(self.browse(server).info["progress"]["left"], 15)

    def test_tls(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", self.path("k.pem"), "-out", self.path("c.pem"), "-days", "2", "-subj",
                        "/CN=localhost"], check=True, capture_output=True)
        server = self.serve("--reviewer", "anna", "--cert", "c.pem", "--key", "k.pem")
        context = ssl.create_default_context(cafile=self.path("c.pem"))
        context.check_hostname = False
        anna = self.browse(server, wrap=lambda s: context.wrap_socket(s))
        self.assertTrue(server.links["reviewer"].startswith("https://127.0.0.1:"))
        self.assertEqual(len(anna.take(want=4)["items"]), 4)


if __name__ == "__main__":
    harness.main()
