#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The database is moved, replaced or destroyed under a review: what was acknowledged is kept, or is where the
message says, and nothing is acknowledged any more. A log that is another database's destroys none."""
import os
import random
import shutil
import sqlite3

import harness
from review_case import ReviewCase


class Moved(ReviewCase):
    def setUp(self):
        super().setUp()
        self.server = self.serve("--reviewer", "anna")
        self.anna = self.browse(self.server)
        self.acknowledged = self.answer_all(self.anna, most=5)

    def answers_in(self, name):
        db = sqlite3.connect(self.path(name))
        try:
            return [k for k, in db.execute("SELECT review_item.key FROM review_answer JOIN review_item"
                                           " ON review_item.id = item ORDER BY review_answer.id")]
        finally:
            db.close()

    def refused(self):
        """An answer is; then the server has ended by itself. What it said."""
        try:
            item = self.anna.take(want=1)["items"][0]["id"]
            answer = self.anna.answer("key-refused", item)
            self.assertEqual((answer.status, answer.json["error"]["code"]), (500, "failed"))
        except (OSError, KeyError):  # it was noticed before
            pass
        self.assertEqual(self.server.process.wait(timeout=20), 1)
        return self.server.process.stderr.read()

    def test_a_database_that_was_moved_has_every_answer(self):
        os.rename(self.path("assent.db"), self.path("x"))
        said = self.refused()
        for text in ("deleted, moved or replaced", self.path("x"), "move it back"):
            self.assertIn(text, said)
        self.run_assent("import", "people.csv", "-a", "others")  # a new database, at the old place
        self.assertEqual(self.answers_in("x"), self.acknowledged)
        self.assertEqual(self.answers_in("assent.db"), [])
        os.rename(self.path("x"), self.path("assent.db"))
        self.assertEqual(len(self.rows("SELECT 1 FROM review_answer")), 5)

    def test_it_is_noticed_while_nobody_answers(self):
        os.rename(self.path("assent.db"), self.path("x"))
        self.assertEqual(self.server.process.wait(timeout=10), 1)
        self.assertEqual(self.answers_in("x"), self.acknowledged)

    def test_a_server_that_is_stopped_at_once(self):
        os.rename(self.path("assent.db"), self.path("x"))
        self.server.stop()
        shutil.copy(self.path("x"), self.path("y"))  # alone, without any log
        self.assertEqual(self.answers_in("y"), self.acknowledged)

    def test_another_file_in_its_place(self):
        os.rename(self.path("assent.db"), self.path("x"))
        self.write("assent.db", b"")
        self.assertIn(self.path("x"), self.refused())
        self.assertEqual(self.answers_in("x"), self.acknowledged)

    def test_a_database_that_went_to_another_disk(self):
        """Which is a copy without its log, and a file that nobody sees any more."""
        shutil.copy(self.path("assent.db"), self.path("x"))
        os.remove(self.path("assent.db"))
        self.assertIn("assent.db-rescued", self.refused())
        self.run_assent("import", "people.csv", "-a", "others")
        self.assertEqual(self.answers_in("assent.db"), [])
        os.rename(self.path("assent.db-rescued"), self.path("assent.db"))
        self.assertEqual(self.answers_in("assent.db"), self.acknowledged)
        server = self.serve("--reviewer", "anna")
        self.answer_all(self.browse(server), most=1)

    def test_a_log_that_was_removed(self):
        os.remove(self.path("assent.db-wal"))
        said = self.refused()
        self.assertIn("assent.db-wal", said)
        self.assertIn("the same command goes on", said)
        self.assertEqual(self.answers_in("assent.db"), self.acknowledged)

    def destroyed(self, destroy):
        with open(self.path("assent.db"), "r+b") as f:
            destroy(f)
        said = self.refused()
        self.assertIn("cut off or overwritten", said)
        self.assertIn("backup", said)
        self.assertGreater(os.path.getsize(self.path("assent.db-wal")), 0)

    def test_a_database_that_is_cut_to_nothing(self):
        self.destroyed(lambda f: f.truncate(0))

    def test_a_database_that_is_cut(self):
        self.run_assent("-q", "reviewers", "add", "berta")
        db = sqlite3.connect(self.path("assent.db"))
        db.execute("PRAGMA wal_checkpoint")
        db.close()
        self.answer_all(self.anna, most=1)
        self.destroyed(lambda f: f.truncate(8192))

    def test_a_database_that_is_overwritten_with_zeros(self):
        self.destroyed(lambda f: f.write(bytes(os.path.getsize(self.path("assent.db")))))


class Log(ReviewCase):
    """Of servers that were killed: their logs stay."""

    def kill(self, folder, answers):
        server = self.serve("--reviewer", "anna", folder=folder)
        self.answer_all(self.browse(server), most=answers)
        server.process.kill()
        server.process.wait()
        self.assertGreater(os.path.getsize(os.path.join(self.dir, folder, "assent.db-wal")), 0)

    def contents(self, folder="."):
        names = [os.path.join(self.dir, folder, "assent.db" + end) for end in ("", "-wal")]
        found = []
        for name in names:
            if os.path.exists(name):
                with open(name, "rb") as f:
                    found.append(f.read())
        return found

    def is_refused(self, says, folder="."):
        before = self.contents(folder)
        for command in (["import", self.path("people.csv"), "-a", "others"], ["status"], ["review"],
                        ["import", self.path("people.csv"), "-a", "others", "--dry-run"]):
            ran = self.run_assent("-C", folder, *command, code=1)
            self.assertIn(says, ran.err)
            self.assertIn("assent.db-wal", ran.err)
            self.assertEqual(self.contents(folder), before, command)

    def test_a_log_without_its_database(self):
        self.kill(".", 5)
        os.rename(self.path("assent.db"), self.path("x"))
        self.is_refused("the log of a database that is not here")
        self.write("assent.db", b"")
        self.is_refused("the log of a database that is not here")
        os.rename(self.path("x"), self.path("assent.db"))
        self.assertEqual(len(self.rows("SELECT 1 FROM review_answer")), 5)

    def test_a_log_beside_another_database(self):
        for folder in ("older", "larger", "smaller"):
            shutil.copytree(self.dir, self.path(folder), ignore=shutil.ignore_patterns("older", "larger"))
        os.remove(self.path("smaller/assent.db"))
        self.run_assent("-C", "smaller", "-q", "import", self.path("people.csv"), "-a", "SENTINELPEOPLE")
        for n in range(30):
            self.run_assent("-q", "import", "people.csv", "-a", f"more-{n}")
        for n in range(40):
            self.run_assent("-C", "larger", "-q", "import", self.path("people.csv"), "-a", f"other-{n}")
        self.kill(".", 5)
        for folder in ("older", "larger", "smaller"):
            shutil.copy(self.path("assent.db-wal"), self.path(folder))
            self.is_refused("another database's log", folder)

    def test_own_logs_are_taken(self):
        """Killed again and again, at whatever moment: the log is the database's own."""
        chance = random.Random(1)
        for n in range(12):
            self.kill(".", chance.randrange(1, 4))
            if n % 3 == 0:
                db = sqlite3.connect(self.path("assent.db"))
                db.execute("PRAGMA wal_checkpoint")
                copies = self.contents()
                db.close()
                for end, content in zip(("", "-wal"), copies):
                    self.write("assent.db" + end, content)
            self.run_assent("-q", "status")
            self.run_assent("-q", "reviewers", "add", f"p{n}")


if __name__ == "__main__":
    harness.main()
