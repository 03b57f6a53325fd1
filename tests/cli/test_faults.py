#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""annotate behind a proxy that deals faults: each question is answered once and rightly, and nothing leaks.

With ASSENT_TEST_ALL=1 every fault by itself, and more seeds.
"""
import json
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import time

from fault_proxy import FAULTS, Proxy, holds, resident, shuffled
from harness import ASSENT, Case, main
from test_server import LETTERS, Server as ServerCase, sure

ALL = bool(os.environ.get("ASSENT_TEST_ALL"))
KEY = "sk-FAULT-7f3a9c51e2"
SLOW = {"never", "drips_for_ever"}  # until time runs out
MISSING = -1


class Faults(ServerCase):
    """Pictures that are asked about through a proxy, with a key."""

    def behind(self, plan=lambda n: None, pictures=6, seed=0, more="", **chat_more):
        """The server behind a proxy, and a project that asks it."""
        chat = self.chat(key=KEY, **chat_more)
        proxy = Proxy(chat.server.server_address[1], plan, seed)
        self.addCleanup(proxy.stop)
        shutil.rmtree(self.dir)
        names = self.project(proxy.url, pictures, more=f", api_key_env: THE_KEY{more}")
        return chat, proxy, names

    def environment(self, **more):
        return {**os.environ, "THE_KEY": KEY, **more}

    def ask(self, *args, code=0, **more):
        ran = self.run_assent("annotate", "-v", "--json", *args, code=code, env=self.environment(**more))
        self.assert_no_leak(ran.out + ran.err)
        return ran

    def assert_no_leak(self, said):
        self.assertNotIn(KEY, said)
        self.assertEqual(holds(self.dir, KEY.encode()), [])

    def given(self, annotator="qwen"):
        """{(image, column): values that are no gap}, of all rows of the database, in the order of runs."""
        db = sqlite3.connect(self.path("assent.db"))
        try:
            rows = db.execute("SELECT image.key, answers.value FROM answers JOIN image ON image.id = answers.image"
                              " JOIN run ON run.id = answers.run JOIN annotator ON annotator.id = run.annotator"
                              " WHERE annotator.name = ? ORDER BY run.id", (annotator,)).fetchall()
        finally:
            db.close()
        given = {}
        for image, blob in rows:
            for column, value in enumerate(struct.unpack(f"<{len(blob) // 2}h", blob)):
                given.setdefault((image, column), [])
                if value != MISSING:
                    given[image, column].append(value)
        return given

    def assert_whole(self, names, chat, columns=4):
        """Each cell is answered once, and as the server alone answers it."""
        given = self.given()
        self.assertEqual(set(given), {(n, c) for n in names for c in range(columns)})
        self.assertEqual({len(v) for v in given.values()}, {1}, given)
        self.assertEqual(self.without_runs(self.rows()), self.right(names, chat))
        self.assertEqual(self.json("check")["n_faults"], 0)

    @staticmethod
    def without_runs(rows):
        return {k: {n: v for n, v in r.items() if n not in ("run", "seconds", "at")} for k, r in rows.items()}

    def right(self, names, chat):
        """What is kept where nothing is in between."""
        folder = self.dir
        self.dir = os.path.join(folder, "alone")
        os.makedirs(self.dir, exist_ok=True)
        try:
            self.project(f"http://127.0.0.1:{chat.server.server_address[1]}/v1", len(names),
                         more=", api_key_env: THE_KEY")
            self.run_assent("annotate", "-q", env=self.environment())
            return self.without_runs(self.rows())
        finally:
            self.dir = folder

    def goes_through(self, plan, pictures=6, seed=0, more="", **environment):
        """The whole run of a plan."""
        chat, proxy, names = self.behind(plan, pictures, seed, more)
        ran = self.ask(**environment)
        self.assertEqual((ran.json["images"], ran.json["errors"], ran.json["left_open"]), (len(names), 0, 0))
        self.assertEqual(ran.json["usage"]["requests"], proxy.requests, proxy.dealt)
        self.assert_whole(names, chat)
        return proxy


class Each(Faults):
    def test_faults_that_pass(self):
        names = sorted(set(FAULTS) - SLOW)
        for i in range(0, len(names), 12):
            some = names[i:i + 12]
            with self.subTest(faults=some):
                proxy = self.goes_through(shuffled(some, i), 12, i)
                self.assertEqual(sorted(proxy.dealt), some)

    def test_each_fault_by_itself(self):
        for name in sorted(set(FAULTS) - SLOW) if ALL else ():
            with self.subTest(fault=name):
                proxy = self.goes_through({4: name, 9: name}.get)
                self.assertEqual(proxy.dealt, [name] * 2)


if __name__ == "__main__":
    main()
