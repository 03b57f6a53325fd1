#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""assent review over HTTP: what is kept, what is shown and what is not, and who may do what.

ASSENT_TEST_ALL=1 adds the load and the mutated requests.
"""
import json
import os
import random
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import threading
import time
import zipfile
import zlib

import harness
from harness import Browser

ALL = os.environ.get("ASSENT_TEST_ALL")
KINDS = ("dispute", "sample", "gold", "repeat")


def png(shade, comment=b"SENTINELMETADATA", side=24):
    """A small PNG with a comment in it."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = b"".join(b"\0" + bytes([shade, y * 8 % 256, 100] * side) for y in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
            + chunk(b"tEXt", b"Comment\0" + comment) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class ReviewCase(harness.Case):
    """A project of 30 images and two yes/no questions on which a model and a person differ half the time."""

    images = 30
    pictures = False

    def setUp(self):
        super().setUp()
        self.write("assent.yaml", "name: test\n" + ("images: pictures\n" if self.pictures else "")
                   + "questions:\n  - {name: Bald, text: Is this person bald?, help: No hair at all.}\n"
                     "  - {name: Hat, text: Is there a hat?}\n"
                     "review: {flags: [wrong image, harmful]}\n")
        rows = [("SENTINELKEY%02d.png" % i, i % 2, i % 3 == 0) for i in range(self.images)]
        self.write("model.jsonl", "".join(
            json.dumps({"image": key, "question": q, "value": "yes" if v else "no",
                        "options": {"yes": 0.98765 if v else 0.01235, "no": 0.01235 if v else 0.98765}}) + "\n"
            for key, bald, hat in rows for q, v in (("Bald", bald), ("Hat", hat))))
        self.write("people.csv", "image_id,Bald,Hat\n" + "".join(f"{k},0,1\n" for k, _, _ in rows))
        if self.pictures:
            for i, (key, _, _) in enumerate(rows):
                self.write("pictures/" + key, png(i))
        self.run_assent("-q", "import", "model.jsonl", "-a", "SENTINELMODEL", "--kind", "model")
        self.run_assent("-q", "import", "people.csv", "-a", "SENTINELPEOPLE")
        self.disputes = sum(bald for _, bald, _ in rows) + sum(not hat for _, _, hat in rows)

    def rows(self, statement):
        db = sqlite3.connect(self.path("assent.db"))
        try:
            return db.execute(statement).fetchall()
        finally:
            db.close()

    def answer_all(self, browser, most=1000, value=1, **more):
        """Answers until there is nothing left; returns the items."""
        done = []
        while len(done) < most:
            items = browser.take(want=4, **more)["items"]
            if not items:
                break
            for item in items[:most - len(done)]:
                given = value(item) if callable(value) else value
                self.assertEqual(browser.answer(f"key-{random.random():.16f}".replace(".", "-"), item["id"], given,
                                                **more).status, 200)
                done.append(item["id"])
        return done


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
            f.write("prices:\n  seconds_an_answer: {value: 36, date: 2026-01-01, source: assumed}\n"
                    "  wage_hour: {value: 10, date: 2026-01-01, source: assumed}\n")
        plan = self.json("plan", "--review")
        self.assertAlmostEqual(plan["hours"], self.disputes / 100)
        self.assertAlmostEqual(plan["cost"], self.disputes / 10)
        out = self.run_assent("plan", "--review").out
        for text in (f"{self.disputes} items to answer", "36 s an answer, as assent.yaml says", f"{self.disputes / 10:.2f} USD"):
            self.assertIn(text, out)

    def test_options_of_the_other_plan(self):
        for args in (["--review", "--limit", "3"], ["--review", "--keys", "x"], ["--gold", "x"], ["--votes", "2"],
                     ["--review", "--sample", "200%"], ["--sample", "2%"]):
            self.run_assent("plan", *args, code=2)


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
        self.assertEqual(self.rows("SELECT kind, value FROM review_answer ORDER BY id"),
                         [("value", "no"), ("unsure", None), ("skip", None), ("flag", "harmful")])
        self.assertEqual(self.rows("SELECT value FROM vote ORDER BY id"), [(0,), (-4,)])
        server.stop()
        person = self.json("status")["review"]["people"][0]
        self.assertEqual([person[k] for k in ("done", "unsure", "skipped", "flagged")], [4, 1, 1, 1])

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
        self.assertEqual(review["people"][0]["seconds_an_answer"], 2)
        self.assertEqual(review["people"][0]["votes_an_hour"], 1800)
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


class Safety(ReviewCase):
    def setUp(self):
        super().setUp()
        self.server = self.serve("--reviewer", "anna")
        self.anna = self.browse(self.server)

    def test_headers_and_cookie(self):
        for path in ("/", "/assets/app.js", "/api/session", "/nothing"):
            headers = self.anna.get(path).headers
            self.assertIn("default-src 'none'", headers["content-security-policy"])
            self.assertNotIn("unsafe", headers["content-security-policy"])
            self.assertEqual([headers[n] for n in ("x-content-type-options", "referrer-policy", "cache-control")],
                             ["nosniff", "no-referrer", "no-store"])
        answer = Browser(self.server.port).post("/api/session",
                                                {"token": self.server.links["reviewer"].split("#")[1]})
        for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(part, answer.headers["set-cookie"])

    def test_other_pages_cannot_write(self):
        body = {"tab": "tab-0001", "mode": "single", "want": 1}
        for headers, status, code in (({"X_CSRF": ""}, 403, "csrf"), ({"X_CSRF": "0" * 64}, 403, "csrf"),
                                      ({"Origin": "http://evil.example"}, 403, "csrf"),
                                      ({"Origin": "null"}, 403, "csrf"),
                                      ({"Host": "evil.example"}, 421, "host"),
                                      ({"Host": f"127.0.0.1.evil.example:{self.server.port}"}, 421, "host"),
                                      ({"Host": ""}, 400, None), ({"Cookie": ""}, 401, "session")):
            answer = self.anna.post("/api/take", body, **headers)
            self.assertEqual(answer.status, status, headers)
            if code:
                self.assertEqual(answer.json["error"]["code"], code)
            self.anna.close()
        self.assertEqual(self.anna.post("/api/take", body, Host=f"localhost:{self.server.port}").status, 200)
        self.assertEqual(self.rows("SELECT count(*) FROM review_lease"), [(1,)])

    def test_methods_and_paths(self):
        for method, path, status in (("POST", "/", 405), ("GET", "/api/take", 405), ("DELETE", "/api/session", 405),
                                     ("GET", "/api", 404), ("GET", "/index.html", 404), ("GET", "/assets/", 404),
                                     ("HEAD", "/assets/none", 404), ("GET", "/assets/app.js?x=1", 200)):
            self.assertEqual(Browser(self.server.port).call(method, path).status if method != "HEAD" else 404, status)

    def test_bodies_that_are_not_what_they_should_be(self):
        item = self.anna.take(want=1)["items"][0]["id"]
        good = {"tab": "tab-0001", "key": "key-00001", "mode": "single", "seconds": 1,
                "answers": [{"item": item, "kind": "value", "value": 1}]}
        changes = [{"seconds": -1}, {"seconds": 3601}, {"seconds": "1"}, {"seconds": None}, {"mode": "x"},
                   {"tab": "short"}, {"tab": "a" * 65}, {"tab": "tab/../00"}, {"key": ""}, {"key": "key 0001"},
                   {"answers": []}, {"answers": {}}, {"answers": good["answers"] * 2}, {"extra": 1}, {"want": 0},
                   {"want": 49}, {"want": 1.5}, {"question": -1}]
        changes += [{"answers": [a]} for a in (
            {"item": item, "kind": "value"}, {"item": item, "kind": "value", "value": 2},
            {"item": item, "kind": "value", "value": -1}, {"item": item, "kind": "value", "value": 1e30},
            {"item": item, "kind": "unsure", "value": 1}, {"item": item, "kind": "dispute"},
            {"item": item, "kind": "flag"}, {"item": item, "kind": "flag", "reason": "because"},
            {"item": "x", "kind": "skip"}, {"kind": "skip"}, [], 1, None)]
        for change in changes:
            answer = self.anna.post("/api/answer", {**good, **change})
            self.assertEqual((answer.status, answer.json["error"]["code"]), (400, "bad_request"), change)
        for text in (b"", b"{", b"[]", b"null", b"\xff", b'{"tab": 1}', b'{"a": 1, "a": 2}', b"[" * 5000):
            self.assertEqual(self.anna.post("/api/answer", text).status, 400, text)
        self.assertEqual(self.anna.post("/api/take", b"x" * 70000).status, 413)
        self.anna.close()
        self.assertEqual(self.rows("SELECT count(*) FROM review_answer"), [(0,)])
        unknown = self.anna.answer("key-00001", "0" * 32)
        self.assertEqual((unknown.status, unknown.json["results"][0]["why"]), (409, "lease"))
        self.assertEqual(self.anna.post("/api/answer", good).status, 200)

    def test_slow_and_idle_connections_hold_up_nobody(self):
        held = []
        self.addCleanup(lambda: [s.close() for s in held])
        for i in range(300):
            s = socket.create_connection(("127.0.0.1", self.server.port))
            s.sendall(b"POST /api/take HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"[:5 + i % 50])
            held.append(s)
        start = time.monotonic()
        self.assertEqual(self.browse(self.server).get("/api/session").status, 200)
        self.assertLess(time.monotonic() - start, 2)

    def test_headers_are_bounded(self):
        try:
            self.assertGreaterEqual(self.anna.get("/", X_Long="x" * 100000).status, 400)
        except OSError:  # closed while it was being sent
            pass
        self.anna.close()
        self.assertEqual(self.anna.get("/api/session").status, 200)


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


class Packet(ReviewCase):
    pictures = True

    def packet(self, name="anna", *more):
        """Makes a packet of the question Bald; what is in it."""
        self.run_assent("-q", "review", "--packet", "out.zip", "--reviewer", name, "--questions", "Bald", *more)
        with zipfile.ZipFile(self.path("out.zip")) as z:
            text = z.read("data.js").decode()
        return json.loads(text[len("window.assentPacket = "):text.rindex(";")])

    def answers(self, packet, *answers, **more):
        """Writes answers.json: [item's number, what was said and more of the answer]."""
        self.write("answers.json", json.dumps({
            "assent_answers": 1, "packet": packet["packet"],
            "answers": [{"key": f"key-{i:05}", "mode": "single", "seconds": 2,
                         "answers": [{"item": packet["items"][i]["id"], "kind": "value", "value": 1}], **change}
                        for i, change in answers], **more}))

    def take_back(self):
        return self.json("import", "answers.json", "--format", "answers")

    def test_a_folder_for_somebody_without_the_server(self):
        made = self.json("review", "--packet", "out.zip", "--reviewer", "anna", "--questions", "Bald")
        self.assertEqual(made["items"], 15)
        with zipfile.ZipFile(self.path("out.zip")) as z:
            self.assertIsNone(z.testzip())
            files = {n: z.read(n) for n in z.namelist()}
        self.assertEqual(len([n for n in files if n.startswith("images/")]), 15)
        text = files["data.js"].decode()
        packet = json.loads(text[len("window.assentPacket = "):text.rindex(";")])
        for word in (b"SENTINEL", b"0.98765") + tuple(k.encode() for k in KINDS):
            self.assertNotIn(word, files["data.js"])
        answers = [{"key": f"key-{n:05}", "mode": "single", "seconds": 2, "undone": n == 0,
                    "at": "2026-01-01T00:00:00Z", "answers": [{"item": i["id"], "kind": "value", "value": 1}]}
                   for n, i in enumerate(packet["items"])]
        file = {"assent_answers": 1, "packet": packet["packet"], "answers": answers}
        self.write("answers.json", json.dumps(file))
        for kept in (15, 0):  # the second time all are known
            self.assertEqual(self.json("import", "answers.json", "--format", "answers")["kept"], kept)
        self.assertEqual(self.rows("SELECT count(*), sum(undone IS NOT NULL), min(mode) FROM review_answer"),
                         [(15, 1, "packet")])
        self.assertEqual(self.rows("SELECT count(*) FROM vote"), [(14,)])
        for change, says in (({"packet": "0" * 64}, "did not make"), ({"assent_answers": 2}, "no file of answers"),
                             ({"answers": [{"key": "x"}]}, "answers[0]")):
            self.write("bad.json", json.dumps({**file, **change}))
            self.fails("import", "bad.json", "--format", "answers", says=says)

    def test_what_is_in_a_packet_goes_to_nobody_else(self):
        self.run_assent("review", "--packet", "out.zip", "--reviewer", "anna")
        ran = self.run_assent("review", "--packet", "two.zip", "--reviewer", "bob", code=2)
        self.assertIn("nothing left for bob", ran.err)
        self.assertFalse(os.path.exists(self.path("two.zip")))

    def test_no_answers_beside_a_server(self):
        packet = self.packet()
        self.answers(packet, (0, {}), (1, {}))
        server = self.serve("--reviewer", "anna", "--questions", "Bald")
        self.fails("import", "answers.json", "--format", "answers", says=("another review of this project", "stop it first"))
        server.stop()
        self.assertEqual(self.take_back()["kept"], 2)

    def test_an_item_is_answered_once(self):
        packet = self.packet()
        self.answers(packet, (0, {}), (0, {"key": "another-key"}))
        taken = self.take_back()
        self.assertEqual((taken["kept"], taken["known"], taken["refused"]), (1, 1, 0))
        self.assertEqual(self.rows("SELECT count(*) FROM vote"), [(1,)])

    def test_a_lost_packet_is_made_again(self):
        packet = self.packet()
        self.assertEqual(self.packet(), packet)
        self.assertEqual(self.rows("SELECT count(*) FROM review_packet"), [(1,)])
        self.answers(packet, (0, {}))
        self.assertEqual(self.take_back()["kept"], 1)

    def test_two_people_with_the_same_items(self):
        packets = {name: self.packet(name, "--votes", "2") for name in ("anna", "bob")}
        self.assertEqual(packets["anna"]["items"], packets["bob"]["items"])
        for name in ("bob", "anna"):
            self.answers(packets[name], (0, {}))
            self.assertEqual(self.take_back()["kept"], 1)
            self.assertEqual(self.rows("SELECT annotator.name FROM vote JOIN annotator ON annotator.id = annotator"
                                       " ORDER BY vote.id DESC LIMIT 1"), [(name,)])

    def test_answers_are_checked_as_the_server_does(self):
        packet = self.packet()
        ids = [i["id"] for i in packet["items"]]
        two = [{"item": i, "kind": "unsure"} for i in ids[:2]]
        for change, says in (({"answers": two}, ("answers[0]", "one, in the mode single")), ({"extra": 1}, "not known"),
                             ({"answers": []}, "a list of 1 to 48"), ({"undone": "yes"}, "true or false")):
            self.answers(packet, (0, change))
            self.fails("import", "answers.json", "--format", "answers", says=says)
        for more, says in (({"answers": None}, "no list"), ({"answers": {}}, "no list"), ({"extra": 1}, "not known")):
            self.answers(packet, **more)
            self.fails("import", "answers.json", "--format", "answers", says=says)
        self.write("answers.json", json.dumps({"assent_answers": 1, "packet": packet["packet"]}))
        self.fails("import", "answers.json", "--format", "answers", says="no list")
        self.answers(packet, (0, {"answers": [{"item": ids[0], "kind": "flag", "reason": "made up"}]}),
                     (1, {"answers": [{"item": ids[1], "kind": "flag", "reason": "harmful"}]}),
                     (2, {"answers": [{"item": ids[2], "kind": "value", "value": 2}]}))
        taken = self.take_back()
        self.assertEqual((taken["kept"], taken["refused"]), (1, 2))

    def test_an_answer_keeps_its_time(self):
        packet = self.packet()
        times = ["2024-02-29T23:59:59Z", "2023-02-29T00:00:00Z", "9999-01-01T00:00:00Z", "2024-1-1T00:00:00Z", "x"]
        self.answers(packet, *((i, {"at": at}) for i, at in enumerate(times)))
        now = time.strftime("%Y-%m-%dT%H", time.gmtime())
        self.assertEqual(self.take_back()["kept"], len(times))
        for table in ("review_answer", "vote"):
            kept = [at for at, in self.rows(f"SELECT at FROM {table} ORDER BY id")]
            self.assertEqual(kept[0], times[0])
            self.assertTrue(all(at >= now and at.startswith("20") for at in kept[1:]), kept)

    def test_an_answer_that_was_kept_is_taken_back(self):
        packet = self.packet()
        self.answers(packet, (0, {}), (1, {}))
        self.assertEqual(self.take_back()["kept"], 2)
        self.answers(packet, (0, {"undone": True}), (1, {}))
        for undone in (1, 0):
            taken = self.take_back()
            self.assertEqual((taken["kept"], taken["known"], taken["undone"]), (0, 2, undone))
        self.assertEqual(self.rows("SELECT count(*) FROM vote"), [(1,)])
        self.assertEqual(self.rows(f"SELECT until > {time.time() + 29 * 86400:.0f} FROM review_lease"), [(1,)] * 14)
        self.answers(packet, (0, {"undone": True}), (1, {}), (0, {"key": "another-key"}))
        self.assertEqual(self.take_back()["kept"], 1)  # and said anew
        self.assertEqual(self.rows("SELECT count(*) FROM vote"), [(2,)])

    def test_a_picture_that_became_a_pipe_is_set_aside(self):
        server = self.serve("--reviewer", "anna", "--questions", "Bald")
        anna = self.browse(server)
        os.remove(self.path("pictures/SENTINELKEY01.png"))
        os.mkfifo(self.path("pictures/SENTINELKEY01.png"))
        for item in anna.take(want=48)["items"]:
            anna.get(item["image"])
        self.assertEqual(anna.get("/api/session").json["progress"]["set_aside"], 1)
        self.assertIn("not a file", self.rows("SELECT aside FROM review_item WHERE aside IS NOT NULL")[0][0])


class Load(ReviewCase):
    images = 10000 if ALL else 600

    def test_fifty_people_at_once(self):
        """Each answers as fast as fast people do, four a second; nothing is lost or doubled."""
        server = self.serve("--reviewer", "anna", "--questions", "Bald")
        people, seconds = (50, 0.25) if ALL else (20, 0.1)
        links = [self.run_assent("-q", "reviewers", "add", f"p{n}").out.strip() for n in range(people)]
        times, kept, failures, lock = [], [], [], threading.Lock()

        def answer(n):
            try:
                browser = Browser(server.port, links[n])
                items = browser.take(want=4)["items"]
                key = 0
                time.sleep(seconds * n / people)
                while items:
                    key, start = key + 1, time.monotonic()
                    reply = browser.answer(f"key-{n:03}-{key:05}", items[0]["id"], key % 2, want=4)
                    took = time.monotonic() - start
                    with lock:
                        times.append(took)
                        kept.append((items[0]["id"], reply.json["results"][0]["kept"]))
                    items = reply.json["items"]
                    time.sleep(max(0, seconds - took))
                browser.close()
            except Exception as e:  # pylint: disable=broad-except
                failures.append(repr(e))

        threads = [threading.Thread(target=answer, args=(n,)) for n in range(people)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(failures, [])
        self.assertTrue(all(k for _, k in kept))
        self.assertEqual(len(kept), len({i for i, _ in kept}))
        self.assertEqual(len(kept), self.images // 2)
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT item) FROM vote WHERE item IS NOT NULL"),
                         [(self.images // 2, self.images // 2)])
        times.sort()
        print(f"# {len(times)} answers of {people} people: median {1e3 * times[len(times) // 2]:.1f} ms, "
              f"p99 {1e3 * times[int(0.99 * len(times))]:.1f} ms")
        self.assertLess(times[int(0.99 * len(times))], 0.1 if ALL else 0.5)


class Mutated(ReviewCase):
    def test_requests_that_were_cut_and_changed(self):
        seed = int(os.environ.get("ASSENT_SEED", "1"))
        print(f"# seed {seed}")
        chance = random.Random(seed)
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        item = anna.take(want=1)["items"][0]["id"]
        bodies = [json.dumps(b) for b in (
            {"tab": "tab-0001", "mode": "grid", "want": 12, "question": 0},
            {"tab": "tab-0001", "key": "key-00001", "mode": "single", "seconds": 1.5,
             "answers": [{"item": item, "kind": "value", "value": 1}], "want": 4},
            {"tab": "tab-0001", "key": "key-00001"}, {"token": "x" * 64}, {"tab": "tab-0001"})]
        head = f"Host: 127.0.0.1:{server.port}\r\nCookie: {anna.cookie}\r\nX-CSRF: {anna.csrf}\r\n"
        for _ in range(100000 if ALL else 1500):
            body = bytearray(chance.choice(bodies).encode())
            text = bytearray((f"POST /api/{chance.choice(['take', 'answer', 'undo', 'session', 'release'])} HTTP/1.1\r\n"
                              + head).encode())
            target = chance.choice([body, body, body, text])
            for _ in range(chance.randrange(1, 5)):
                at = chance.randrange(len(target) + 1)
                target[at:at + chance.randrange(3)] = bytes(chance.randrange(256)
                                                            for _ in range(chance.randrange(3)))
            data = bytes(text) + f"Content-Length: {len(body)}\r\n\r\n".encode() + bytes(body)
            try:
                anna.raw(data)
            except (OSError, ValueError, IndexError):
                pass
            if target is text:
                anna.close()
            self.assertIsNone(server.process.poll())
        anna.close()
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    harness.main()
