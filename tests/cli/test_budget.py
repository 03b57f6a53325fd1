#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a model behind a server costs, and the limits that keep a run from costing more."""
import fcntl
import json
import os
import re
import shutil
import sqlite3
import struct
import subprocess
import termios
import time

from harness import ASSENT, main
from test_annotate import MODEL
from test_server import Server, sure

PRICE = ", price: {input: 100, cached_input: 10, output: 1000, date: 2026-01-01, source: list}"
REQUEST = (36 * 100 + 64 * 10 + 1 * 1000) / 1e6  # fake_chat.py's usage


class Budget(Server):
    def sql(self, query, *values):
        db = sqlite3.connect(self.path("assent.db"))
        try:
            return db.execute(query, values).fetchall()
        finally:
            db.close()

    def answered(self):
        """Pictures and questions that have an answer."""
        return len(self.rows())


class Requests(Budget):
    def test_not_one_more_is_sent(self):
        for most, whole in ((1, 0), (4, 1), (7, 1), (8, 2), (23, 5), (24, 6)):
            with self.subTest(most=most):
                chat = self.chat()
                self.project(chat.url)
                ran = self.run_assent("annotate", "--json", "--max-requests", str(most), code=0 if most == 24 else 3)
                # four questions a picture: no picture is begun that is not ended
                self.assertEqual((ran.json["images"], chat.n), (whole, 4 * whole))
                self.assertEqual(ran.json["usage"]["requests"], chat.n)
                self.assertEqual((ran.json["stopped"], ran.json["images_left"]),
                                 (None, 0) if most == 24 else ("max_requests", 6 - whole))
                self.assertEqual(self.answered(), 4 * whole)
                os.unlink(self.path("assent.db"))

    def test_failures_count_and_what_was_answered_stays(self):
        busy = json.dumps({"error": {"message": "busy"}}).encode()
        for most, status in ((5, 429), (9, 500), (17, 429)):
            with self.subTest(most=most, status=status):
                chat = self.chat(trouble=lambda n, request, s=status: (s, {}, busy) if n % 3 == 0 else None)
                self.project(chat.url, more=", concurrency: 3")
                ran = self.run_assent("annotate", "--json", "--max-requests", str(most), code=3)
                self.assertLessEqual(chat.n, most)
                self.assertEqual(ran.json["usage"]["requests"], chat.n)
                self.assertEqual(ran.json["stopped"], "max_requests")
                self.assertEqual(self.answered(), chat.n - chat.n // 3)  # every answer that came
                self.assertEqual(ran.json["errors"] + ran.json["left_open"], 0)
                asked = len(chat.asked)
                chat.trouble = lambda n, request: None
                again = self.run_assent("annotate", "--json")
                self.assertEqual((self.answered(), len(chat.asked)), (24, 24))
                self.assertEqual(again.json["usage"]["requests"], 24 - asked)  # the rest, and nothing twice
                os.unlink(self.path("assent.db"))

    def test_it_says_why_it_ended_and_what_is_next(self):
        chat = self.chat()
        self.project(chat.url)
        ran = self.run_assent("annotate", "--max-requests", "9", code=3)
        self.assertIn("Stopped before --max-requests was passed: 4 images left", ran.out)
        self.assertIn("The same command goes on", ran.out)
        self.assertIn("sent 8 requests", ran.out)
        self.assertNotIn("cost", ran.out)  # nobody says what it costs

    def test_pictures_in_one_request(self):
        answers = [{"type": "predicate", "probability": 0.75}] * 2
        chat = self.chat(trouble=lambda n, request: (200, {}, json.dumps({"answers": answers, "model": "m"}).encode()),
                         path="/v1/decisions")
        self.project(chat.url, 5, "  - {name: A, text: a}\n  - {name: B, text: b}\n", ", protocol: decisions")
        ran = self.run_assent("annotate", "--json", "--max-requests", "3", code=3).json
        self.assertEqual((ran["images"], chat.n, ran["images_left"]), (3, 3, 2))
        self.assertEqual(ran["usage"], {"requests": 3, "prompt_tokens": None, "cached_tokens": None,
                                        "completion_tokens": None})

    def test_what_cannot_be(self):
        chat = self.chat()
        self.project(chat.url)
        for arguments in (("--max-requests", "0"), ("--max-requests", "x"), ("--max-cost", "0"), ("--max-cost", "-1"),
                          ("--max-cost", "nan")):
            self.run_assent("annotate", *arguments, code=2)
        self.write("assent.yaml", self.read("assent.yaml").replace(chat.url, "http://127.0.0.1:port/v1"))
        self.assertRegex(self.run_assent("annotate", "--yes", code=(1, 2)).err, r"assent.yaml:\d+: qwen: the server's address cannot be used")
        for option in ("--record", "--replay"):
            self.assertIn(f"{option} takes a file", self.run_assent("annotate", option, "", code=2).err)
        self.assertIn("--fresh and --retry-errors", self.run_assent("annotate", "--fresh", "--retry-errors", code=2).err)
        self.write("assent.yaml", self.read("assent.yaml").replace("engine: http", "engine: vlm"))
        self.assertIn("asks no server", self.run_assent("annotate", "--max-requests", "5", code=2).err)
        self.assertEqual(chat.n, 0)


class Cost(Budget):
    def test_without_a_price_it_is_refused_before_anything_is_sent(self):
        chat = self.chat()
        self.project(chat.url)
        ran = self.run_assent("annotate", "--max-cost", "1", code=2)
        for word in ("price:", "input", "output", "cached_input", "assent.yaml:"):
            self.assertIn(word, ran.err)
        self.assertEqual(chat.n, 0)

    def test_it_ends_before_it_is_passed(self):
        for most in (0.5, 1, 3.9, 4, 4.1, 11.5, 12, 23.9):
            with self.subTest(most=most):
                chat = self.chat()
                self.project(chat.url, more=PRICE)
                limit = most * REQUEST + 1e-9
                ran = self.run_assent("annotate", "--json", "--max-cost", f"{limit:.9f}", code=3).json
                self.assertAlmostEqual(ran["cost"], chat.n * REQUEST, 9)
                self.assertEqual((ran["stopped"], ran["currency"]), ("max_cost", "USD"))
                if most >= 1:  # what the first request costs is known when it is answered
                    self.assertLessEqual(ran["cost"], limit)
                self.assertEqual(self.answered(), chat.n)
                if most >= 4:  # whole pictures, and all that fit
                    self.assertEqual(chat.n, 4 * int(most // 4))
                os.unlink(self.path("assent.db"))

    def test_later_requests_that_are_cached_fit_where_first_ones_would_not(self):
        def dear_first(n, request):
            first = request["messages"][-1]["content"][1]["text"] == "Is there a hat?"
            usage = {"prompt_tokens": 1000, "completion_tokens": 1,
                     "prompt_tokens_details": {"cached_tokens": 0 if first else 990}}
            return 200, {}, json.dumps({"choices": [{"message": {"content": "A" if "A." in json.dumps(request) else
                                                                 "yes"}}], "usage": usage}).encode()

        chat = self.chat(trouble=dear_first)
        self.project(chat.url, more=PRICE)
        first, later = (1000 * 100 + 1000) / 1e6, (10 * 100 + 990 * 10 + 1000) / 1e6
        limit = 2 * first + 6 * later + 1e-9
        ran = self.run_assent("annotate", "--json", "--max-cost", f"{limit:.9f}", code=3).json
        self.assertEqual(ran["images"], 2)
        self.assertAlmostEqual(ran["cost"], limit, 6)

    def test_a_server_that_does_not_say_its_tokens(self):
        said = json.dumps({"choices": [{"message": {"content": "yes"}}]}).encode()
        chat = self.chat(trouble=lambda n, request: (200, {}, said))
        self.project(chat.url, 6, "  - {name: Hat, text: Is there a hat?}\n", PRICE)
        self.assertIn("does not say its tokens", self.run_assent("annotate", "--max-cost", "1", code=1).err)
        self.assertEqual(chat.n, 1)
        ran = self.run_assent("annotate", "--json", "--limit", "2")
        self.assertIsNone(ran.json["cost"])
        self.assertIsNone(ran.json["usage"]["prompt_tokens"])

    def test_the_cost_is_said(self):
        chat = self.chat()
        self.project(chat.url, more=PRICE)
        ran = self.run_assent("annotate")
        self.assertIn(f"cost: {24 * REQUEST:.4g} USD", ran.out)


class Fresh(Budget):
    def test_what_is_answered_is_asked_again_if_somebody_says_so(self):
        chat = self.chat(lambda question, picture: "yes", logprobs=False)
        hat = "  - {name: Hat, text: Is there a hat?}\n"
        names = self.project(chat.url, 6, hat)
        self.run_assent("annotate", "-q")
        self.assertEqual(self.json("annotate")["usage"]["requests"], 0)
        self.assertEqual(chat.n, 6)
        chat.answer = lambda question, picture: "no"
        with self.subTest("by keys"):
            self.write("keys", f"{names[2]}\n{names[4]}\n")
            self.run_assent("annotate", "-q", "--fresh", "--keys", "keys")
            self.assertEqual(chat.n, 8)
            self.assertEqual([self.rows()[n, "Hat"]["value"] for n in names], ["yes", "yes", "no", "yes", "no", "yes"])
        with self.subTest("a limit"):
            self.assertEqual(self.json("annotate", "--fresh", "--limit", "3")["images"], 3)
            self.assertEqual(self.json("annotate", "--fresh", "--sample", "4")["images"], 4)
            self.assertEqual(chat.n, 15)
        with self.subTest("all, and back"):
            self.run_assent("annotate", "-q", "--fresh")
            self.assertEqual(chat.n, 21)
            self.assertEqual({r["value"] for r in self.rows().values()}, {"no"})
            for _ in range(4):
                self.run_assent("undo")
            self.assertEqual({r["value"] for r in self.rows().values()}, {"yes"})

    def test_equal_pictures_are_asked_about_once_and_not_taken_from_before(self):
        chat = self.chat(lambda question, picture: "yes", logprobs=False)
        names = self.project(chat.url, 1, "  - {name: Hat, text: Is there a hat?}\n")
        shutil.copy(self.path("images/" + names[0]), self.path("images/zz.jpg"))
        self.run_assent("annotate", "-q")
        chat.answer = lambda question, picture: "no"
        self.run_assent("annotate", "-q", "--fresh")
        self.assertEqual(chat.n, 2)
        self.assertEqual([r["value"] for r in self.rows().values()], ["no", "no"])


class Ledger(Budget):
    """What was used is in the database."""

    def runs(self):
        return self.sql("SELECT requests, prompt_tokens, cached_tokens, completion_tokens FROM run ORDER BY id")

    def test_status_and_report_have_it(self):
        chat = self.chat()
        self.project(chat.url, more=PRICE)
        self.run_assent("annotate", "-q", "--max-requests", "8", code=3)
        self.run_assent("annotate", "-q")
        self.assertEqual(self.runs(), [(8, 800, 512, 8), (16, 1600, 1024, 16)])
        newest, first = self.json("status")["runs"]
        self.assertEqual(first["usage"], {"requests": 8, "prompt_tokens": 800, "cached_tokens": 512,
                                          "completion_tokens": 8})
        self.assertAlmostEqual(newest["cost"], 16 * REQUEST, 9)
        for wage, says in (("", "took 0.1258 USD for 24 requests on 6 images"),
                           ("  wage_hour: {value: 15, date: d, source: s}\n"
                            "  seconds_per_answer: {value: 3, date: d, source: s}\n", "The model costs 41.92 %")):
            self.write("assent.yaml", self.read("assent.yaml") + (f"prices:\n  scale_images: 600\n{wage}" if wage else ""))
            self.assertIn(says, " ".join(self.run_assent("report").out.split()))
            cost = self.json("report")["cost"]
            self.assertAlmostEqual(cost["server"]["cost"], 24 * REQUEST, 9)
            self.assertEqual((cost["server"]["annotator"], cost["server"]["images"]), ("qwen", 6))
            self.assertAlmostEqual(cost["project"]["model"], 24 * REQUEST, 9)
        self.assertAlmostEqual(cost["scaled"]["model"], 2400 * REQUEST, 9)
        self.assertAlmostEqual(cost["project"]["model_answer"], REQUEST, 9)
        self.assertIsNone(cost["break_even"]["max_machine_hour"])
        # an image that several runs touched is one
        self.run_assent("annotate", "-q", "--fresh")
        cost = self.json("report")["cost"]
        self.assertEqual(cost["server"]["images"], 6)
        self.assertAlmostEqual(cost["server"]["cost"], 48 * REQUEST, 9)
        self.assertAlmostEqual(cost["project"]["model"], 48 * REQUEST, 9)
        self.run_assent("undo")
        # what is withdrawn was paid for
        self.run_assent("undo")
        self.assertAlmostEqual(self.json("report")["cost"]["server"]["cost"], 48 * REQUEST, 9)
        self.assertEqual(self.json("check")["n_faults"], 0)

    def test_without_a_price_there_is_no_cost(self):
        chat = self.chat()
        self.project(chat.url)
        self.run_assent("annotate", "-q")
        self.assertEqual(self.runs(), [(24, 2400, 1536, 24)])
        self.assertIsNone(self.json("status")["runs"][0]["cost"])
        self.assertIsNone(self.json("report")["cost"]["server"])

    def test_tokens_that_are_not_said_are_null(self):
        said = json.dumps({"choices": [{"message": {"content": "yes"}}]}).encode()
        chat = self.chat(trouble=lambda n, request: (200, {}, said) if n == 3 else None)
        self.project(chat.url, 6, "  - {name: Hat, text: Is there a hat?}\n", PRICE)
        self.run_assent("annotate", "-q")
        self.assertEqual(self.runs(), [(6, None, None, None)])
        status = self.json("status")["runs"][0]
        self.assertEqual((status["usage"]["requests"], status["usage"]["prompt_tokens"], status["cost"]), (6, None, None))

    def test_a_run_that_is_killed(self):
        def slow(question, picture):
            time.sleep(0.02)
            return sure(question, picture)

        chat = self.chat(slow)
        self.project(chat.url, 60, more=PRICE + ", concurrency: 2")
        with subprocess.Popen([ASSENT, "annotate", "-q"], cwd=self.dir) as run:
            while chat.n < 60:
                time.sleep(0.01)
            run.kill()
        (requests, prompt, _, _), = self.runs()
        kept, = self.sql("SELECT count(*) FROM answers")[0]
        self.assertGreater(kept, 0)
        self.assertTrue(4 * kept <= requests <= chat.n, (kept, requests, chat.n))
        self.assertGreaterEqual(prompt, 400 * kept)

    def test_an_engine_asks_no_server(self):
        self.project("http://127.0.0.1:9/v1", 1, "  - {name: Hat, text: Is there a hat?}\n")
        self.write("assent.yaml", self.read("assent.yaml").replace("engine: http, model: Qwen3-VL",
                                                                   f"engine: vlm, model: \"{MODEL}\"")
                   .replace(', url: "http://127.0.0.1:9/v1"', ""))
        self.run_assent("annotate", "-q")
        self.assertEqual(self.runs(), [(None, None, None, None)])
        self.assertIsNone(self.json("status")["runs"][0]["usage"])


class Names(Budget):
    def test_a_failure_has_the_server_s_name_for_the_request(self):
        chat = self.chat(trouble=lambda n, request: (500, {"X-Request-Id": f"req-{n}"}, b"{}") if n == 3 else
                         (200, {"X-Request-Id": f"req-{n}"}, b"{}") if n == 5 else
                         (400, {"X-Request-Id": f"req-{n}"}, b'{"error": {"message": "no"}}') if n == 8 else None)
        self.project(chat.url, 6, "  - {name: Hat, text: Is there a hat?}\n", ", concurrency: 1")
        ran = self.run_assent("annotate", "-v", code=3)
        for n, says in ((3, "the server answers 500"), (5, ""), (8, "does not take this request: got no")):
            self.assertRegex(ran.err, rf"try \d: .*{re.escape(says)}.*\(request req-{n}\)")
        self.assertEqual(ran.err.count("request req-8"), 2)  # once among the details, once as a warning
        self.assertIn("request req-8", self.sql("SELECT detail FROM answers WHERE detail IS NOT NULL")[0][0])

    def test_a_name_that_repeats_the_key_is_not_said(self):
        chat = self.chat(trouble=lambda n, request: (500, {"X-Request-Id": "for-sk-SECRET-1"}, b"{}") if n == 2 else None)
        self.project(chat.url, 2, "  - {name: Hat, text: Is there a hat?}\n", ", api_key_env: THE_KEY")
        ran = self.run_assent("annotate", "-v", env={**os.environ, "THE_KEY": "sk-SECRET-1"})
        self.assertIn("the server answers 500", ran.err)
        self.assertNotIn("SECRET", ran.err)


class Progress(Budget):
    def lines(self, width):
        """What is drawn on a terminal of so many columns."""
        master, terminal = os.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))

        def slow(question, picture):
            time.sleep(0.05)
            return sure(question, picture)

        chat = self.chat(slow)
        self.project(chat.url, 20, more=PRICE + ", concurrency: 3")
        with subprocess.Popen([ASSENT, "annotate"], cwd=self.dir, stdout=subprocess.DEVNULL, stderr=terminal) as run:
            os.close(terminal)
            drawn = b""
            try:
                while part := os.read(master, 4096):
                    drawn += part
            except OSError:  # it is closed
                pass
            self.assertEqual(run.wait(), 0)
        os.close(master)
        return [line for line in re.split(r"\r|\x1b\[K|\n", drawn.decode()) if line.startswith("answering")]

    def test_the_running_cost_fits_its_terminal(self):
        wide = self.lines(200)[-1]
        self.assertRegex(wide, r"answering \d+ of 20 images, .*/s, .* questions/s, .* left, \d+ requests, 64 % cached, "
                               r"[\d.]+ USD$")
        for width, says in ((80, "USD"), (60, "USD"), (50, "")):
            os.unlink(self.path("assent.db"))
            for line in self.lines(width):
                self.assertLess(len(line), width)
            self.assertTrue(line.endswith(says), line)


class Pace(Budget):
    def test_requests_per_minute(self):
        chat = self.chat()
        self.project(chat.url, 6, "  - {name: Hat, text: Is there a hat?}\n", ", requests_per_minute: 120")
        begun = time.monotonic()
        self.run_assent("annotate", "-q")
        # a second's worth, two, at once; then two a second
        self.assertGreater(time.monotonic() - begun, 1.4)
        self.assertEqual(chat.n, 6)

    def test_tokens_per_minute(self):
        chat = self.chat()  # 101 tokens a request
        self.project(chat.url, 6, "  - {name: Hat, text: Is there a hat?}\n", ", tokens_per_minute: 12120")
        begun = time.monotonic()
        self.run_assent("annotate", "-q")
        self.assertGreater(time.monotonic() - begun, 1.4)
        self.assertEqual(chat.n, 6)


if __name__ == "__main__":
    main()
