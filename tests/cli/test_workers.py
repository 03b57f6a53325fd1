#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several processes annotate one project: what one that is gone, or slow, had claimed."""
import os
import shutil
import signal
import sqlite3
import subprocess
import time

from harness import ASSENT, FACES, Case, main

MODEL = os.path.join(FACES, "model")
PICTURES = os.path.join(FACES, "images")
N = 120
AWAY = "away 1 77 5"  # host, room of process ids, process, when it began


class Workers(Case):
    def setUp(self):
        super().setUp()
        os.makedirs(self.path("images"))
        for name in sorted(os.listdir(PICTURES))[:N]:
            shutil.copy(os.path.join(PICTURES, name), self.path("images"))
        self.write("assent.yaml", "name: test\nimages: images/\nquestions:\n"
                   "  - {name: Hat, text: Is this person wearing a hat? Answer with only yes or no.}\n"
                   f"annotators:\n  toy: {{kind: model, engine: vlm, model: \"{MODEL}\"}}\n")

    def sql(self, statement, *values):
        db = sqlite3.connect(self.path("assent.db"), timeout=20)
        try:
            with db:
                return db.execute(statement, values).fetchall()
        finally:
            db.close()

    def start_and(self, do):
        """A process that has answered some images, and was sent a signal while it held no lock."""
        run = subprocess.Popen([ASSENT, "annotate", "-q"], cwd=self.dir, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
        self.addCleanup(run.kill)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if not self.sql("SELECT 1 FROM answers LIMIT 1"):
                    continue
            except sqlite3.OperationalError:
                continue
            run.send_signal(signal.SIGSTOP)
            db = sqlite3.connect(self.path("assent.db"), timeout=0, isolation_level=None)
            try:
                db.execute("BEGIN IMMEDIATE")
                if db.execute("SELECT count(*) FROM claim").fetchone()[0] > 0:
                    break
            except sqlite3.OperationalError:
                pass
            finally:
                db.close()
            run.send_signal(signal.SIGCONT)
            time.sleep(0.01)
        self.assertIsNone(run.poll())
        run.send_signal(do)
        return run

    def killed(self):
        """How many images a process that was killed had claimed, and how many it had not answered."""
        run = self.start_and(signal.SIGKILL)
        self.assertEqual(run.wait(), -signal.SIGKILL)
        return (self.sql("SELECT count(*) FROM claim")[0][0], N - self.sql("SELECT count(*) FROM answers")[0][0])

    def each_is_answered(self, times=1):
        self.assertEqual(len(self.labels("toy")), N)
        self.assertEqual(self.sql("SELECT count(*) FROM claim"), [(0,)])
        most, = self.sql("SELECT max(n) FROM (SELECT count(*) AS n FROM answers GROUP BY image)")[0]
        self.assertLessEqual(most, times)

    def test_one_on_another_host_is_named_and_its_images_are_taken_over(self):
        claimed, left = self.killed()
        self.sql("UPDATE claim SET worker = ?", AWAY)
        ran = self.run_assent("annotate", code=3)
        for part in (f"answered {left - claimed} image", f"{claimed} image", "claimed by another process",
                     "away, process 77: for another ", "--take-over"):
            self.assertIn(part, ran.out)
        r = self.run_assent("annotate", "--json", code=3).json
        self.assertEqual((r["images"], r["claimed_by_others"]), (0, claimed))
        by, = r["claimed_by"]
        self.assertEqual((by["worker"], by["images"]), ("away, process 77", claimed))
        self.assertTrue(0 < by["seconds"] <= 60, by)
        r = self.json("annotate", "--take-over")
        self.assertEqual((r["images"], r["claimed_by_others"], r["claimed_by"]), (claimed, 0, []))
        self.each_is_answered()

    def test_one_on_another_host_is_waited_for_a_minute_only(self):
        _, left = self.killed()
        now = time.time()
        self.assertLessEqual(self.sql("SELECT max(until_unix) FROM claim")[0][0], now + 60)
        self.sql("UPDATE claim SET worker = ?, until_unix = ?", AWAY, now - 1)
        self.assertEqual(self.json("annotate")["images"], left)
        self.each_is_answered()

    def test_one_whose_claims_were_made_before_the_clock_was_set_back(self):
        _, left = self.killed()
        self.sql("UPDATE claim SET worker = ?, until_unix = until_unix + 3600", AWAY)
        self.assertEqual(self.json("annotate")["images"], left)
        self.each_is_answered()

    def test_a_process_number_that_another_got(self):
        _, left = self.killed()
        host, room, _, began = self.sql("SELECT worker FROM claim")[0][0].rsplit(" ", 3)
        self.sql("UPDATE claim SET worker = ?", f"{host} {room} {os.getpid()} {began}")  # ours, begun at another time
        self.assertEqual(self.json("annotate")["images"], left)
        self.each_is_answered()

    def test_one_that_ended_and_nobody_waits_for(self):
        run = self.start_and(signal.SIGKILL)
        while True:  # dead, and still there: as in a container without init
            with open(f"/proc/{run.pid}/stat", encoding="utf-8") as f:
                if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                    break
        self.assertEqual(self.json("annotate")["claimed_by_others"], 0)
        self.each_is_answered()
        run.wait()

    def test_taking_over_from_one_that_goes_on(self):
        run = self.start_and(signal.SIGSTOP)
        self.run_assent("annotate", "-q", code=3)  # it is there, and slow
        self.run_assent("annotate", "-q", "--take-over")
        run.send_signal(signal.SIGCONT)
        self.assertEqual(run.wait(timeout=60), 0)
        self.each_is_answered(times=2)


if __name__ == "__main__":
    main()
