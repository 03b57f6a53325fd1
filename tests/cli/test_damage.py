#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the program does with a database that holds what assent never wrote: altered fields, flipped bytes.

ASSENT_TEST_ALL=1 damages 2 300 databases; ASSENT names the program, best one that was built with sanitizers.
"""
import concurrent.futures
import json
import os
import random
import re
import shutil
import sqlite3
import struct
import subprocess

import harness
from harness import ASSENT

ALL = os.environ.get("ASSENT_TEST_ALL")

TASK = """name: test
questions:
  - {name: Bald, text: Is this person bald?}
  - {name: Hair, kind: choice, options: [black, blond, brown], text: Which hair?}
  - {name: Wears, kind: multi, options: [hat, scarf], text: "Does this person wear a {option}?"}
  - {name: Age, kind: ordinal, options: [young, middle, old], text: How old?}
rules:
  - {if: Bald, then: not Wears:hat}
"""
HAIR, AGE = ("black", "blond", "brown"), ("young", "middle", "old")
READERS = (  # everything that reads answers, and what writes by what it read
    ("status", "-v"), ("agree", "model", "people"), ("report",), ("plan", "--review"), ("reviewers", "list"),
    ("export", "-", "-f", "jsonl", "-a", "model"), ("export", "-", "-f", "long", "-a", "consensus"),
    ("export", "-", "-f", "label-studio", "-a", "people"),
    ("consensus",), ("check", "--set-aside"), ("report", "--by", "place"), ("review", "--packet", "packet", "--reviewer", "ben"))
NUMBERS = (-2, -1, 0, 1, 3, 7, 0x7FFF, 0xFFFF, 2**31, 2**32 + 1, 2**62, -2**63)
TEXTS = ("", "x", "[]", "{}", "null", '["a"]', "a" * 70000, "\x1b[2J", "2026-13-45T99:99:99Z", "-1")
REALS = (-1.0, 2.5, 1e308, float("inf"), float("-inf"), 0.0)
BLOBS = (b"", b"\x00", b"\xff\x7f" * 7, b"\x00\x80" * 7, b"\x00" * 14, b"\xff" * 48, b"\x00\x00\x80\x7f" * 12)


class Damage(harness.Case):
    """A project with every kind of question, bulk answers, single votes, a review and a consensus."""

    def setUp(self):
        super().setUp()
        self.write("assent.yaml", TASK)
        chance = random.Random(7)
        keys = [f"p/{i:02}.jpg" for i in range(12)]

        def line(key, question, value, options):
            share = {o: (0.8 if o == value else 0.2 / (len(options) - 1)) for o in options}
            return json.dumps({"image": key, "question": question, "value": value, "options": share}) + "\n"

        self.write("model.jsonl", "".join(
            line(k, "Bald", chance.choice(("yes", "no")), ("yes", "no")) + line(k, "Hair", chance.choice(HAIR), HAIR)
            + line(k, "Wears:hat", chance.choice(("yes", "no")), ("yes", "no"))
            + line(k, "Age", chance.choice(AGE), AGE) for k in keys))
        self.write("people.csv", "image,Bald,Hair,Age\n" + "".join(
            f"{k},{i % 2},{HAIR[i % 3]},{AGE[i % 3]}\n" for i, k in enumerate(keys)))
        self.write("votes.csv", "task,worker,label\n" + "".join(f"{k}/Bald,w{i % 3},yes\n" for i, k in enumerate(keys)))
        self.write("places.csv", "image,place\n" + "".join(f"{k},{'ab'[i % 2]}\n" for i, k in enumerate(keys)))
        self.run_assent("-q", "import", "model.jsonl", "-a", "model", "--kind", "model")
        self.run_assent("-q", "import", "people.csv", "-a", "people")
        self.run_assent("-q", "import", "votes.csv", "-f", "long")
        self.run_assent("-q", "import", "--metadata", "places.csv")
        server = self.serve("--between", "model", "people", "--sample", "6", "--reviewer", "anna")
        anna = self.browse(server)
        for n in range(8):
            item = anna.take(want=1)["items"][0]
            anna.answer(f"key-{n:05}", item["id"], n % 2)
        anna.close()
        server.stop()
        self.run_assent("-q", "consensus")
        self.good = self.path("good.db")
        db = sqlite3.connect(self.path("assent.db"))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        shutil.copy(self.path("assent.db"), self.good)

    def damage(self, change, folder="."):
        """A fresh copy of the database in the folder, changed: by SQL, or as bytes."""
        path = os.path.join(self.dir, folder, "assent.db")
        for end in ("", "-wal", "-shm"):
            if os.path.exists(path + end):
                os.unlink(path + end)
        shutil.copy(self.good, path)
        if callable(change):
            change(path)
            return
        db = sqlite3.connect(path)
        db.execute("PRAGMA foreign_keys = OFF")
        try:
            db.execute(*([change] if isinstance(change, str) else change))
        except sqlite3.IntegrityError:
            pass  # what a constraint keeps out is no damage
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()

    def survives(self, number, change, commands):
        """No command crashes, hangs, or says nothing when it fails; what is wrong, or None."""
        folder = self.path(f"damaged-{number}")
        os.mkdir(folder)
        shutil.copy(self.path("assent.yaml"), folder)
        self.damage(change, folder)
        wrong = None
        for args in commands:
            ran = subprocess.run([ASSENT, *args], cwd=folder, check=False, timeout=120, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
            said = ran.stderr.decode(errors="replace")
            if (ran.returncode not in (0, 1, 2, 3) or re.search("Sanitizer|runtime error", said)
                    or ran.returncode == 1 and "assent: " not in said):
                wrong = f"assent {' '.join(args)}: exit code {ran.returncode}\n{said}"
        shutil.rmtree(folder)
        return wrong

    def all_survive(self, changes):
        """As many at once as there are processors; each is read by `check` and three other commands."""
        chance = random.Random(14)
        jobs = [(n, change, [("check",), *chance.sample(READERS, 3)]) for n, change in enumerate(changes)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for (n, change, _), wrong in zip(jobs, pool.map(lambda job: self.survives(*job), jobs)):
                if wrong:
                    with self.subTest(n=n, change=str(change)[:200]):
                        self.fail(wrong)

    def faults(self):
        """Damage, a command that meets it, what its message says, and whether it can be set aside."""
        value = struct.pack("<5h", 0, 32767, 1, -1, 2)
        share = struct.pack("<9f", *[0.1, 7.0] + [0.1] * 7)
        return (
            (("UPDATE answers SET value = ? WHERE run = 1 AND image = 2", (value,)), ("agree", "model", "people"),
             ("run 1, image p/01.jpg, question Hair: ", "got 32767, expected 0 to 2, or a reason from -6 to -1"), True),
            ("UPDATE answers SET value = x'0000' WHERE run = 2 AND image = 1", ("consensus",),
             ("run 2, image p/00.jpg: ", "got 2 bytes, expected 10"), True),
            (("UPDATE answers SET probability = ? WHERE run = 1", (share,)), ("export", "-", "-f", "jsonl", "-a", "model"),
             ("run 1, image p/00.jpg, question Hair: ", "got 7, expected 0 to 1"), True),
            ("UPDATE question_column SET position = position + 100 WHERE position = 1", ("report",),
             ("question set 1, question Wears:hat: ", "got position 2, expected 1"), True),
            ("UPDATE question_column SET labels = '[1, 2]' WHERE position = 0", ("plan", "--review"),
             ("question set 1, question Bald: ",), True),
            ("UPDATE vote SET value = 9", ("report",), ("the review, image p/", "got 9, expected 0 to", "or a reason"), True),
            ("UPDATE vote SET position = 77 WHERE item IS NOT NULL", ("report",),
             ("the review, image p/", "got position 77 of question set 1, expected below 5"), True),
            ("UPDATE review_item SET id = -5 WHERE id = 19", ("report",), ("ids of review_item", "from -5 to"), True),
            ("UPDATE review_item SET id = 4294967294 WHERE id = 19", ("report",), ("ids of review_item",), True),
            ("UPDATE review_item SET inclusion_probability = 3 WHERE design IS NOT NULL", ("report",),
             ("review_item.inclusion_probability", "got 3, expected"), True),
            ("UPDATE review_stratum SET drawn = -1 WHERE position = 0", ("report",),
             ("review_stratum.drawn", "got -1"), True),
            ("UPDATE review_stratum SET position = 1", ("report",),
             ("review_stratum.position", "got 1, expected 0"), True),
            ("UPDATE review_frame_column SET first = first + 1000", ("report",),
             ("review_frame_column.first", "got 1000, expected 0 to"), True),
            ("UPDATE review_frame_column SET strata = x'0000ffff' WHERE id = 1", ("report",),
             ("review_frame_column.strata", "row 1: got 65534, expected 0 to"), True),
            ("UPDATE review_answer SET kind = 'x' WHERE id = 1", ("report",), ("review_answer.kind", "'x'"), True),
            ("UPDATE review_answer SET seconds = 9e999", ("report",), ("review_answer.seconds", "got inf"), True),
            ("UPDATE run SET labels = -1 WHERE id = 1", ("status",), ("run.labels", "row 1: got -1"), True),
            ("UPDATE annotator SET kind = 'x' WHERE id = 1", ("status",), ("annotator.kind", "'x'"), False),
            ("UPDATE image SET id = 4294967294 WHERE id = 1", ("status",), ("ids of image",), False),
            (("UPDATE image SET key = CAST(? AS TEXT) WHERE id = 3", (b"p/\xff.jpg",)), ("status",),
             ("image.key", "no UTF-8"), False))

    def test_an_error_names_what_is_damaged(self):
        for change, command, says, _ in self.faults():
            with self.subTest(change=change):
                self.damage(change)
                ran = self.run_assent(*command, code=1)
                self.assertEqual(ran.err.count("assent: "), 1, ran.err)
                for text in says + ("assent check lists all that is damaged",):
                    self.assertIn(text, ran.err)

    def test_what_is_damaged_is_listed_and_set_aside(self):
        for change, command, _, can_go in self.faults():
            with self.subTest(change=change):
                self.damage(change)
                self.assertIn("fault", self.run_assent("check", code=3).out)
                found = self.run_assent("check", "--json", code=3).json
                self.assertTrue(any(f["can_be_set_aside"] == can_go for f in found["faults"]), found)
                if not can_go:
                    self.run_assent("check", "--set-aside", code=3)
                    continue
                ran = self.run_assent("check", "--set-aside", "--json").json
                self.assertGreater(ran["set_aside"], 0)
                self.assertEqual(ran["set_aside"], ran["n_faults"])
                self.run_assent(*command, code=(0, 3))
                again = self.run_assent("check", "--json").json
                self.assertEqual((again["n_faults"], again["set_aside_before"] > 0), (0, True))

    def test_questions_are_those_that_were_asked(self):
        self.assertIn("nothing is damaged: 1 question set", self.run_assent("check").out)
        for change in ("UPDATE question SET wordings = '[\"Is she?\"]' WHERE position = 0",
                       "UPDATE question SET name = 'Mald' WHERE name = 'Bald'",
                       "UPDATE question_column SET labels = '[\"no\", \"yet\"]' WHERE position = 3",
                       "UPDATE question_column SET name = 'Wears:hut' WHERE name = 'Wears:hat'"):
            with self.subTest(change=change):
                self.damage(change)
                self.assertIn("their hash is another", self.run_assent("check", code=3).out)
                self.run_assent("check", "--set-aside")
                self.assertIn("withdrawn", self.run_assent("status", "-v").out)
                self.run_assent("-q", "import", "people.csv", "-a", "people")
                self.assertEqual(self.json("check")["n_faults"], 0)  # not to the damaged questions again

    def test_a_file_that_is_damaged_is_not_touched(self):
        def break_a_page(path):
            with open(path, "r+b") as f:
                f.seek(4096 * 3)
                f.write(b"\xff" * 64)

        self.damage(break_a_page)
        before = open(self.path("assent.db"), "rb").read()
        ran = self.run_assent("check", "--set-aside", code=(1, 3))
        self.assertRegex(ran.out + ran.err, "from a backup")
        self.assertEqual(before, open(self.path("assent.db"), "rb").read())

    def fields(self):
        db = sqlite3.connect(self.good)
        tables = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = [(t, c[1], c[2]) for t in tables for c in db.execute(f"PRAGMA table_info({t})")]
        db.close()
        return columns

    def test_any_field_may_hold_anything(self):
        values = {"INTEGER": NUMBERS, "TEXT": TEXTS, "REAL": REALS, "BLOB": BLOBS}
        chance = random.Random(12)
        changes = [(f"UPDATE {table} SET {column} = ? WHERE {where}", (value,))
                   for table, column, kind in self.fields() for value in values[kind]
                   for where in (chance.choice(("1", f"{column} IS (SELECT max({column}) FROM {table})")),)]
        self.all_survive(chance.sample(changes, 800 if ALL else 20))

    def test_any_byte_may_be_flipped(self):
        chance = random.Random(13)
        size = os.path.getsize(self.good)

        def flips(places):
            def flip(path):
                with open(path, "r+b") as f:
                    for at, bit in places:
                        f.seek(at)
                        byte = f.read(1)[0]
                        f.seek(at)
                        f.write(struct.pack("B", byte ^ 1 << bit))
            return flip

        self.all_survive([flips([(chance.randrange(100, size), chance.randrange(8))
                                 for _ in range(chance.choice((1, 1, 4, 30)))]) for _ in range(1500 if ALL else 20)])


if __name__ == "__main__":
    harness.main()
