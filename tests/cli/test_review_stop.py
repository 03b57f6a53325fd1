#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A review is stopped, while many people ask for things or nobody does: nothing that was acknowledged is lost.

ASSENT_TEST_ALL=1 stops it more often; with a sanitized program in ASSENT this is the test of its threads.
"""
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time

import harness
from harness import Browser
from review_case import ALL, ReviewCase, png


class Crowd:
    """Ten people who answer, look at pictures and ask on until the server is gone."""

    def __init__(self, server, links):
        self.port, self.links = server.port, links
        self.acknowledged = set()
        self.failures = []
        self.idle = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(20)]
        self.threads = [threading.Thread(target=self.run, args=(n,)) for n in range(len(links))]
        for t in self.threads:
            t.start()

    def join(self):
        for t in self.threads:
            t.join()
        for s in self.idle:
            s.close()

    def run(self, n):
        try:
            browser = Browser(self.port, self.links[n])
            while True:
                self.ask(browser)
        except (OSError, ValueError, IndexError):  # it is gone, in the middle of an answer maybe
            pass
        except Exception as e:  # pylint: disable=broad-except
            self.failures.append(repr(e))

    def ask(self, browser):
        taken = browser.post("/api/take", {"tab": "tab-0001", "mode": "single", "want": 4})
        for item in taken.json["items"] if taken.status == 200 else ():
            browser.get(item["image"])
            key = f"key-{random.random():.16f}".replace(".", "-")
            if browser.answer(key, item["id"]).status == 200:
                self.acknowledged.add(key)
        browser.get("/api/session")


class Stop(ReviewCase):
    images = 200
    pictures = True

    def setUp(self):
        super().setUp()
        for i in range(20):  # some take a while to make
            self.write(f"pictures/SENTINELKEY{i:02}.png", png(i, side=600))
        self.links = [self.run_assent("-q", "reviewers", "add", f"p{n}").out.strip() for n in range(10)]

    def stop_under_load(self, n):
        folder = f"run-{n}"
        shutil.copytree(self.dir, self.path(folder), ignore=shutil.ignore_patterns("run-*"))
        server = self.serve("--reviewer", "anna", folder=folder)
        crowd = Crowd(server, self.links)
        try:
            time.sleep(random.uniform(0.2, 0.8))
            server.process.send_signal([signal.SIGINT, signal.SIGTERM, signal.SIGHUP][n % 3])
            said = server.process.communicate(timeout=60)[1]
        finally:
            server.process.kill()
            crowd.join()
        self.assertEqual(crowd.failures, [])
        self.assertEqual(server.process.returncode, 0, said)
        for word in ("assent: ", "Sanitizer"):
            self.assertNotIn(word, said)
        kept = {key for key, in self.rows("SELECT key FROM review_answer", folder)}
        self.assertEqual(crowd.acknowledged - kept, set())
        shutil.rmtree(self.path(folder))
        return len(crowd.acknowledged)

    def test_stopped_under_load(self):
        random.seed(int(os.environ.get("ASSENT_SEED", "1")))
        answers = [self.stop_under_load(n) for n in range(50 if ALL else 4)]
        print(f"# {len(answers)} stops, {sum(answers)} answers acknowledged")
        self.assertGreater(sum(answers), 0)


CLOCK = """
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *t)
{
    long rc = syscall(SYS_clock_gettime, clock, t);

    if (clock == CLOCK_REALTIME)
        t->tv_sec += 3600;
    return (int)rc;
}
"""


class Clock(ReviewCase):
    """The wall clock is set back by an hour after each time that the program reads it: whatever the system is to
    wait for by that clock comes an hour late."""

    def setUp(self):
        super().setUp()
        with open(harness.ASSENT, "rb") as f:
            program = f.read()
        if b"libasan.so" in program or b"libtsan.so" in program:
            self.skipTest("a sanitizer's library wants to be the first")
        self.write("clock.c", CLOCK)
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", self.path("clock.so"),
                        self.path("clock.c")], check=True)

    def test_a_clock_set_back_keeps_no_signal_from_an_idle_server(self):
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            server = self.serve("--reviewer", "anna", LD_PRELOAD=self.path("clock.so"))
            anna = self.browse(server)
            item = anna.take(want=1)["items"][0]["id"]
            self.assertEqual(anna.answer(f"key-{how:05}", item).status, 200)
            time.sleep(0.5)  # it is idle
            self.assertEqual(server.stop(how), 0)
        self.assertEqual(self.rows("SELECT count(*) FROM review_answer"), [(3,)])

    def test_what_nohup_started_stays(self):
        self.addCleanup(signal.signal, signal.SIGHUP, signal.signal(signal.SIGHUP, signal.SIG_IGN))
        server = self.serve("--reviewer", "anna")
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        self.assertIsNone(server.process.poll())
        self.assertEqual(server.stop(signal.SIGTERM), 0)


if __name__ == "__main__":
    harness.main()
