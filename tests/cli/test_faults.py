#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""annotate behind a proxy that deals faults: each question is answered once and rightly, and nothing leaks.

With ASSENT_TEST_ALL=1 every fault by itself, and more seeds.
"""
import json
import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import time
import unittest

from fault_proxy import FAULTS, Proxy, holds, shuffled
from harness import ASSENT, main
from test_annotate import MODEL
from test_serve import Engine
from test_server import Server, sure

ALL = bool(os.environ.get("ASSENT_TEST_ALL"))
slow = unittest.skipUnless(ALL, "with ASSENT_TEST_ALL=1")
KEY = "sk-FAULT-7f3a9c51e2"
MORE_MEMORY = (192 if "asan" in ASSENT else 48) << 20  # than usual, for what is freed is kept for a while
SLOW = {"never", "drips_for_ever"}  # until time runs out
MISSING = -1


class Faults(Server):
    """Pictures that are asked about through a proxy, with a key."""

    def behind(self, plan=lambda n: None, pictures=6, seed=0, more="", **chat_more):
        """The server behind a proxy, and a new project that asks it."""
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

    def assert_one_message(self, ran, *says):
        self.assertEqual(ran.err.count("assent: ") + ran.err.count("warning: "), 1, ran.err)
        for text in says:
            self.assertIn(text, ran.err)

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

    def begin(self, *args):
        return subprocess.Popen([ASSENT, "annotate", "--json", *args], cwd=self.dir, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=self.environment())

    def end(self, run, code=0):
        out, err = run.communicate(timeout=120)
        self.assertEqual(run.returncode, code, err)
        self.assert_no_leak(out + err)
        return json.loads(out)

    @staticmethod
    def wait_for(what, seconds=30):
        until = time.monotonic() + seconds
        while not what() and time.monotonic() < until:
            time.sleep(0.005)

    def cells(self):
        """What is acknowledged: it is in the database."""
        try:
            return sum(map(len, self.given().values()))
        except sqlite3.OperationalError:  # it is being made
            return 0


class Each(Faults):
    def test_faults_that_pass(self):
        names = sorted(set(FAULTS) - SLOW)
        for i in range(0, len(names), 12):
            some = names[i:i + 12]
            with self.subTest(faults=some):
                proxy = self.goes_through(shuffled(some, i), 12, i)
                self.assertEqual(sorted(proxy.dealt), some)
                self.assertLess(proxy.connections, proxy.requests)

    @slow
    def test_each_fault_by_itself(self):
        for name in sorted(set(FAULTS) - SLOW):
            with self.subTest(fault=name):
                proxy = self.goes_through({4: name, 9: name}.get)
                self.assertEqual(proxy.dealt, [name] * 2)

    @slow
    def test_many_at_a_time(self):
        for seed in range(8):
            with self.subTest(seed=seed):
                chance = random.Random(seed)
                names = sorted(set(FAULTS) - SLOW)
                plan = {n: chance.choice(names) for n in range(2, 160) if chance.random() < 0.2}
                self.goes_through(plan.get, 40, seed, ", concurrency: 32")

    def test_what_does_not_end(self):
        for name in sorted(SLOW) if ALL else ["drips_for_ever"]:
            with self.subTest(fault=name):
                proxy = self.goes_through({5: name}.get, more=", timeout: 1")
                self.assertEqual(proxy.dealt, [name])

    def test_what_does_not_end_from_the_start(self):
        _, proxy, _ = self.behind(lambda n: "never", more=", timeout: 1")
        ran = self.ask(code=1)
        self.assert_one_message(ran, "no whole answer within 1 s", proxy.url, "timeout in assent.yaml")
        self.assertEqual(proxy.requests, 2)

    @slow
    def test_a_server_that_dies_with_all_in_flight(self):
        """More requests fail at once than are sent again in a quiet hour: none is left open for that."""
        chat, proxy, names = self.behind(pictures=40, more=", concurrency: 100",
                                         answer=lambda q, p: time.sleep(0.2) or sure(q, p))
        run = self.begin()
        self.wait_for(lambda: chat.now > 30)
        proxy.stop()
        time.sleep(0.5)
        proxy.start()
        ran = self.end(run)
        self.assertEqual((ran["images"], ran["errors"], ran["left_open"]), (40, 0, 0))
        self.assertGreaterEqual(ran["usage"]["requests"], proxy.requests)  # some were on their way when it died
        self.assertLess(ran["usage"]["requests"], 160 + 3 * 100)
        self.assert_whole(names, chat)

    def beside(self, answer):
        """Of two addresses one that can die; the other is the server itself."""
        chat, proxy, names = self.behind(pictures=30, answer=answer)
        self.write("assent.yaml", self.read("assent.yaml").replace(f'"{proxy.url}"', f'["{proxy.url}", "{chat.url}"]'))
        return chat, proxy, names

    def test_a_replica_that_is_gone_from_the_start(self):
        chat, proxy, names = self.beside(sure)
        proxy.stop()
        ran = self.ask("--record", "run.jsonl")
        self.assertEqual((ran.json["images"], ran.json["errors"], ran.json["usage"]["requests"]), (30, 0, 120))
        self.assert_one_message(ran, proxy.url, "its pictures go to other servers")
        self.assert_whole(names, chat)
        asked = chat.n
        self.run_assent("annotate", "-q", "--as", "again", "--replay", "run.jsonl")
        self.assertEqual(self.without_runs(self.rows("again")), self.without_runs(self.rows()))
        self.assertEqual(chat.n, asked)

    def test_a_replica_that_dies(self):
        chat, proxy, names = self.beside(lambda q, p: time.sleep(0.02) or sure(q, p))
        run = self.begin()
        self.wait_for(lambda: proxy.requests > 12)
        proxy.stop()
        ran = self.end(run)
        self.assertEqual((ran["images"], ran["errors"], ran["left_open"]), (30, 0, 0))
        self.assert_whole(names, chat)

    def test_annotate_that_dies(self):
        def late(question, picture):
            time.sleep(0.02)
            return sure(question, picture)

        chat, proxy, names = self.behind(shuffled(["cut_body", "broken", "hangs_up", "too_many"], 1), 24, answer=late)
        for goal in (10, 40, 60):
            run = self.begin()
            self.wait_for(lambda g=goal: proxy.requests >= g or run.poll() is not None)
            before = self.cells()
            run.kill()
            run.communicate()
            self.assertGreaterEqual(self.cells(), before)
        self.ask()
        self.assert_whole(names, chat)


class Large(Faults):
    def most_memory(self):
        """Of a run, in bytes."""
        run = subprocess.Popen([ASSENT, "annotate", "-q"], cwd=self.dir, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env=self.environment())
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(run.returncode, 0)
        return used.ru_maxrss << 10

    def test_large_answers_are_not_held(self):
        self.behind()
        usual = self.most_memory()
        for name in ("large", "large_chunked", "gzip_bomb"):
            with self.subTest(fault=name):
                chat, proxy, names = self.behind({6: name}.get)
                self.assertLess(self.most_memory(), usual + MORE_MEMORY)
                self.assertLess(proxy.poured, 40 << 20)
                self.assert_whole(names, chat)


class Decisions(Faults):
    """The same in front of `assent serve`: its answers, bit for bit, whatever happens in between."""

    questions = """  - {name: Hat, text: ["Is this person wearing a hat?", "Is there a hat?"]}
  - {name: Hair, kind: choice, options: [black, blond, brown], text: Which hair?}
"""

    def engine(self, port=0):
        served = Engine(self.dir, port=port)
        self.addCleanup(served.stop, signal.SIGKILL)
        return served

    def asks(self, url, protocol, pictures):
        names = self.project(url, pictures, self.questions, f", protocol: {protocol}}}\n"
                             f"  toy: {{kind: model, engine: vlm, model: \"{MODEL}\"")
        self.write("assent.yaml", self.read("assent.yaml").replace("Qwen3-VL", "model"))
        if not os.path.exists(self.path("assent.db")):
            self.run_assent("annotate", "-q", "-a", "toy")
        return names

    def test_faults_that_pass(self):
        served = self.engine()
        for i, protocol in enumerate(("systemone", "decisions")):
            with self.subTest(protocol=protocol):
                names = sorted(set(FAULTS) - SLOW)
                some = names if ALL else random.Random(i).sample(names, 5)
                proxy = Proxy(served.port, shuffled(some, i, 1), i)
                self.addCleanup(proxy.stop)
                asked = self.asks(proxy.url, protocol, 80 if ALL else 24)
                ran = self.run_assent("annotate", "-a", "qwen", "--json").json
                self.assertEqual((ran["images"], ran["errors"], ran["left_open"]), (len(asked), 0, 0))
                self.assertEqual(ran["usage"]["requests"], proxy.requests, proxy.dealt)
                self.assertEqual(sorted(proxy.dealt), sorted(some))
                self.assertEqual(self.blobs("qwen"), self.blobs("toy"))
                shutil.rmtree(self.dir)

    def test_a_server_that_is_killed_and_started_again(self):
        served = self.engine()
        names = self.asks(f"http://127.0.0.1:{served.port}/v1", "systemone", 96)
        for more in (8, 24):
            enough = self.cells() + more  # of this run: it has met the server
            run = self.begin("-a", "qwen")
            self.wait_for(lambda m=enough: self.cells() >= m or run.poll() is not None)
            served.stop(signal.SIGKILL)
            self.assertIsNone(run.poll())
            if more == 8:  # annotate is killed, too
                run.kill()
                run.communicate()
            before = self.blobs("qwen")
            served = self.engine(served.port)
        ran = self.end(run)
        self.assertEqual((ran["errors"], ran["left_open"]), (0, 0))
        after = self.blobs("qwen")
        self.assertEqual([b for b in before if b not in after], [])
        self.assertEqual(after, self.blobs("toy"))
        self.assertEqual({len(v) for v in self.given().values()}, {1})
        self.assertEqual(len(self.given()), 2 * len(names))


if __name__ == "__main__":
    main()
