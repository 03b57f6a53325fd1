#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills and full disks at any moment: nothing that was acknowledged is lost, nothing is there twice.

make test has a few of each; ASSENT_TEST_ALL=1 has 500 kills and 24 full disks (docs/reliability.md has the figures).
"""
import os
import random
import resource
import signal
import sqlite3
import subprocess
import threading
import time

import harness
from harness import ASSENT, Browser, Server
from review_case import ReviewCase
from test_annotate import Project

ALL = os.environ.get("ASSENT_TEST_ALL")


def some(everywhere, full):
    """How often: in every run of the tests, in the long one."""
    return full if ALL else everywhere


class Soak(harness.Case):
    def setUp(self):
        super().setUp()
        self.chance = random.Random(2026)

    def rows(self, sql):
        db = sqlite3.connect(self.path("assent.db"), timeout=30)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def sound(self):
        """The file is whole, and holds what assent writes."""
        self.assertEqual(self.rows("PRAGMA integrity_check"), [("ok",)])
        found = self.json("check")
        self.assertEqual(found["faults"], [])

    def kill_within(self, longest, *commands):
        """Starts commands at once and kills all at some moment; how many had not ended by themselves."""
        runs = [subprocess.Popen([ASSENT, "-q", *c], cwd=self.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                for c in commands]
        time.sleep(self.chance.uniform(0, longest))
        for run in runs:
            run.kill()
        return sum(run.wait() == -signal.SIGKILL for run in runs)


class Labels(Soak):
    """A label file of some size, imported and exported."""

    images = 4000

    def setUp(self):
        super().setUp()
        names = [f"Q{i}" for i in range(40)]
        self.task("".join(f"  - {{name: {n}, text: t}}\n" for n in names))
        self.write("big.csv", "image," + ",".join(names) + "\n" + "".join(
            f"{i:06d}.jpg," + ",".join(self.chance.choices("01", k=40)) + "\n" for i in range(self.images)))

    def kept(self):
        known = {a["name"]: a["labels"] for a in self.json("status")["annotators"]}
        return known.get("x", 0)

    def test_killed_imports_bring_all_or_nothing(self):
        killed = whole = 0
        begin = time.monotonic()
        self.run_assent("-q", "import", "big.csv", "-a", "first")
        longest = 1.2 * (time.monotonic() - begin)
        while killed < some(6, 100):
            killed += self.kill_within(longest, ("import", "big.csv", "-a", "x"))
            kept = self.kept()
            self.assertIn(kept, (0, 40 * self.images))
            if kept:
                whole += 1
                os.unlink(self.path("assent.db"))
        if os.path.exists(self.path("assent.db")):
            self.sound()
        self.run_assent("-q", "import", "big.csv", "-a", "x")
        self.assertEqual(self.kept(), 40 * self.images)

    def test_killed_exports_leave_the_old_file_or_the_new(self):
        self.run_assent("-q", "import", "big.csv", "-a", "x")
        begin = time.monotonic()
        self.run_assent("-q", "export", "out.csv", "-f", "csv", "-a", "x")
        longest = 1.2 * (time.monotonic() - begin)
        new = self.read("out.csv")
        killed = 0
        while killed < some(6, 100):
            self.write("out.csv", "the old one\n")
            killed += self.kill_within(longest, ("export", "out.csv", "-f", "csv", "-a", "x"))
            self.assertIn(self.read("out.csv"), (new, "the old one\n"))
        self.run_assent("-q", "export", "out.csv", "-f", "csv", "-a", "x")
        self.assertEqual(self.read("out.csv"), new)
        self.sound()

    def test_disks_that_fill(self):
        """A file may grow to so many bytes and no more: it fails with one message, and holds what it held."""
        self.run_assent("-q", "import", "big.csv", "-a", "first")
        before = self.dump()
        for n in range(some(3, 12)):
            most = self.chance.randrange(40000, 330000)

            def limit(most=most):
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

            for command in (("import", "big.csv", "-a", "x"), ("export", "out.csv", "-f", "csv", "-a", "first")):
                ran = subprocess.run([ASSENT, *command], cwd=self.dir, text=True, capture_output=True, preexec_fn=limit,
                                     timeout=60, check=False)
                if ran.returncode == 0:
                    self.assertEqual(command[0], "export")
                    continue
                self.assertEqual((ran.returncode, ran.stderr.count("assent: ")), (1, 1), ran.stderr)
                self.assertFalse(command[0] == "export" and os.path.exists(self.path("out.csv")), n)
            if os.path.exists(self.path("out.csv")):
                os.unlink(self.path("out.csv"))
            self.assertEqual(self.dump(), before)
        self.sound()


class Answers(Project, Soak):
    """A model that answers pictures."""

    def test_killed_workers_lose_and_double_nothing(self):
        for workers, wanted in ((1, some(4, 125)), (2, some(4, 125))):
            killed = 0
            self.project(120)
            while killed < wanted:
                killed += self.kill_within(0.5, *[("annotate",)] * workers)
                if not os.path.exists(self.path("assent.db")) or os.path.getsize(self.path("assent.db")) == 0:
                    continue
                if killed % 10 == 0:
                    self.sound()
                tables = {t for t, in self.rows("SELECT name FROM sqlite_master")}
                times = set(self.answered().values()) if "answers" in tables else set()
                self.assertLessEqual(times, {0, 1})  # two workers never answer one picture
                if times == {1}:
                    self.clear()
            self.run_assent("-q", "annotate")
            self.assertEqual(set(self.answered().values()), {1})
            whole = self.labels("toy")
            self.clear()
            self.run_assent("-q", "annotate")
            self.assertEqual(self.labels("toy"), whole)
            self.clear()

    def clear(self):
        for end in ("", "-wal", "-shm"):
            if os.path.exists(self.path("assent.db" + end)):
                os.unlink(self.path("assent.db" + end))

    def test_disks_that_fill(self):
        for _ in range(some(2, 12)):
            self.project(60)
            most = self.chance.randrange(150000, 400000)

            def limit(most=most):
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

            ran = subprocess.run([ASSENT, "annotate"], cwd=self.dir, text=True, capture_output=True, preexec_fn=limit,
                                 timeout=120, check=False)
            self.assertIn(ran.returncode, (0, 1), ran.stderr)
            self.assertEqual(ran.stderr.count("assent: "), ran.returncode, ran.stderr)
            self.run_assent("-q", "annotate")
            self.assertEqual(set(self.answered().values()), {1})
            self.sound()
            self.clear()


class Review(ReviewCase, Soak):
    """Ten people answer at once, and the server is killed."""

    images = some(300, 6000)
    people = 10

    def answer_until_it_is_gone(self, link, port, name, given):
        """Answers one item after the other; what was acknowledged is noted only then."""
        try:
            browser = Browser(port, link)
            n = 0
            while True:
                items = browser.take(want=4, tab=f"tab-0{name}")["items"]
                if not items:
                    return
                for item in items:
                    key = f"{name}-{len(given):06}-{n}"
                    n += 1
                    answer = browser.answer(key, item["id"], n % 2, tab=f"tab-0{name}")
                    if answer.status == 200:
                        given.append((key, item["id"]))
                    else:
                        return
        except OSError:  # the connection is gone with the server
            return

    def test_a_killed_server_lost_no_acknowledged_answer(self):
        names = [f"p{i:02}" for i in range(self.people)]
        links = {n: self.json("reviewers", "add", n)["link"] for n in names}
        given = {n: [] for n in names}
        for _ in range(some(3, 50)):
            server = Server(self.dir, "--votes", "3", "--order", "random")
            threads = [threading.Thread(target=self.answer_until_it_is_gone,
                                        args=(links[n], server.port, n, given[n])) for n in names]
            for thread in threads:
                thread.start()
            time.sleep(self.chance.uniform(0.05, 0.6))
            server.stop(signal.SIGKILL)
            for thread in threads:
                thread.join(30)
                self.assertFalse(thread.is_alive())
        kept = self.rows("SELECT review_answer.key, review_item.key, count(*) FROM review_answer"
                         " JOIN review_item ON review_item.id = review_answer.item GROUP BY review_answer.key, item")
        self.assertEqual({n for *_, n in kept}, {1})
        lost = {pair for n in names for pair in given[n]} - {(key, item) for key, item, _ in kept}
        self.assertEqual(lost, set())
        self.assertEqual(self.rows("SELECT count(*) FROM (SELECT 1 FROM vote GROUP BY annotator, item"
                                   " HAVING count(*) > 1)"), [(0,)])
        self.sound()
        print(f"# {sum(map(len, given.values()))} acknowledged answers, {len(kept)} kept")


class Together(ReviewCase, Soak):
    images = 2000

    def test_votes_do_not_wait_for_an_import(self):
        """It holds the database only while it writes: a vote waits for that, at the most."""
        rows = some(40000, 400000)
        self.write("big.csv", "task,worker,label\n" + "".join(
            f"SENTINELKEY{i % 2000:02d}.png/{'Bald' if i % 2 else 'Hat'},w{i // 4000},{i % 2}\n" for i in range(rows)))
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        run = subprocess.Popen([ASSENT, "import", "big.csv", "-f", "long"], cwd=self.dir, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        waits, n = [], 0
        while run.poll() is None or n < 5:
            item = anna.take(want=1)["items"][0]["id"]
            begin = time.monotonic()
            self.assertEqual(anna.answer(f"key-{n:05}", item, n % 2).status, 200)
            self.assertEqual(Browser(server.port).get("/").status, 200)
            waits.append(time.monotonic() - begin)
            n += 1
        out, said = run.communicate()
        self.assertEqual(run.returncode, 0, said)
        self.assertIn(f"{rows // 1000} 000 rows", out)
        self.assertEqual(self.rows("SELECT count(*) FROM vote"), [(n,)])
        print(f"# {n} answers during an import of {rows} rows, the slowest {max(waits):.3f} s")


if __name__ == "__main__":
    harness.main()
