#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packets for people without the server, and what comes back of them."""
import json
import os
import time
import zipfile

import harness
from review_case import KINDS, ReviewCase


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

    def take_back(self, code=0):
        return self.run_assent("import", "answers.json", "--json", code=code).json

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
            self.assertEqual(self.json("import", "answers.json")["kept"], kept)
        self.assertEqual(self.rows("SELECT count(*), sum(undone IS NOT NULL), min(mode) FROM review_answer"),
                         [(15, 1, "packet")])
        self.assertEqual(self.rows("SELECT count(*) FROM vote"), [(14,)])
        for change, says in (({"packet": "0" * 64}, "did not make"), ({"assent_answers": 2}, "no file of answers"),
                             ({"answers": [{"key": "x"}]}, "bad.json: answers[0].key")):
            self.write("bad.json", json.dumps({**file, **change}))
            self.fails("import", "bad.json", "--format", "answers", says=says)

    def test_a_packet_s_answers_are_withdrawn_and_brought_back(self):
        packet = self.packet()
        self.answers(packet, *[(i, {}) for i in range(15)])
        self.take_back()
        run = self.json("status")["runs"][0]
        self.assertEqual((run["annotator"], run["source"]), ("anna", "answers.json"))
        self.assertEqual(self.json("status")["review"]["done"], 15)
        given = self.json("undo")
        self.assertEqual((given["run"], given["labels_before"] - given["labels"]), (run["id"], 15))
        self.assertEqual(self.json("status")["review"]["done"], 0)
        self.assertEqual(self.rows("SELECT count(*) FROM vote"), [(15,)])
        again = self.take_back()
        self.assertEqual((again["kept"], again["known"], again["withdrawn"]), (0, 15, 15))
        self.run_assent("undo", "--undo", str(run["id"]))
        self.assertEqual(self.json("status")["review"]["done"], 15)

    def test_what_was_answered_since_counts_once(self):
        packet = self.packet()
        self.answers(packet, *[(i, {}) for i in range(15)])
        self.take_back()
        self.run_assent("undo")
        server = self.serve("--reviewer", "anna", "--questions", "Bald", "--votes", "2")
        self.answer_all(self.browse(server), value=0)
        server.stop()
        self.run_assent("undo", "--undo", str(self.json("status")["runs"][0]["id"]))
        review = self.json("status")["review"]
        self.assertEqual((review["done"], review["votes_open"], review["people"][0]["done"]), (0, 15, 15))
        self.assertEqual({v for (_, q), v in self.labels("anna").items() if q == "Bald"}, {"no"})
        anna, = (a for a in self.json("status")["annotators"] if a["name"] == "anna")
        self.assertEqual((anna["labels"], anna["votes"]), (15, 15))

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
        self.write("answers.json", '{"assent_answers": 1,\n "packet": nothing}')
        self.fails("import", "answers.json", "--format", "answers", says=("answers.json: line 2", "not valid JSON"))
        self.answers(packet, (0, {"answers": [{"item": ids[0], "kind": "flag", "reason": "made up"}]}),
                     (1, {"answers": [{"item": ids[1], "kind": "flag", "reason": "harmful"}]}),
                     (2, {"answers": [{"item": ids[2], "kind": "value", "value": 2}]}))
        taken = self.take_back(code=3)
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
        os.mkfifo(self.path("pipe"))  # renamed onto it: at no moment is there nothing
        os.rename(self.path("pipe"), self.path("pictures/SENTINELKEY01.png"))
        for item in anna.take(want=48)["items"]:
            anna.get(item["image"])
        self.assertEqual(anna.get("/api/session").json["progress"]["set_aside"], 1)
        anna.close()
        server.stop()  # commits are grouped: the row is there at the latest now
        self.assertIn("not a file", self.rows("SELECT aside FROM review_item WHERE aside IS NOT NULL")[0][0])


if __name__ == "__main__":
    harness.main()
