#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""annotate --record and --replay: what was asked and answered, kept in a file, and answered from it without a network."""
import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import time
from math import exp

from harness import ASSENT, Case, main
from review_case import png
from test_annotate import MODEL
from test_server import Server, sure

DATA = os.path.join(os.environ["ASSENT_TEST_DATA"], "serving")
KEY = "sk-t/e\\s\"t-1234"
BUSY = 429, {"Retry-After": "0"}, b'{"error": {"message": "slow down"}}'


def closed():
    """An address where nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{s.getsockname()[1]}/v1"


class Recording(Server):
    def lines(self, name="run.jsonl"):
        return [json.loads(line) for line in self.read(name).splitlines()]

    def rows_of(self, sql, folder="."):
        db = sqlite3.connect(os.path.join(self.path(folder), "assent.db"))
        try:
            return [tuple(r) for r in db.execute(sql)]
        finally:
            db.close()

    def answers(self, folder="."):
        """What the database holds of all answers, but for the time they took."""
        columns = [c[1] for c in self.rows_of("PRAGMA table_info(answers)", folder)]
        kept = ", ".join(f"a.{c}" for c in columns if c not in ("run", "image", "seconds"))
        return self.rows_of(f"SELECT i.key, i.sha256, {kept} FROM answers a JOIN image i ON i.id = a.image ORDER BY i.key", folder)

    def fresh(self, folder="again", url=None):
        """The project once more, without its database; nobody listens at its address, unless one is given."""
        shutil.copytree(self.path("images"), self.path(os.path.join(folder, "images")))
        text = self.read("assent.yaml")
        self.write(os.path.join(folder, "assent.yaml"), text.replace(text.split('url: "')[1].split('"')[0], url or closed()))
        return folder

    def record(self, *args, code=0, **options):
        return self.run_assent("annotate", "--json", "--record", "run.jsonl", *args, code=code, **options)

    def replay(self, folder="again", *args, code=0, name="run.jsonl", **options):
        return self.run_assent("-C", folder, "annotate", "--json", "--replay", name, *args, code=code, **options)


class Same(Recording):
    def test_a_recorded_run_is_gone_through_again(self):
        def trouble(n, request):
            return BUSY if n in (3, 4, 9) else (500, {}, b"\xff oh\n\"no\"") if n == 12 else None

        chat = self.chat(trouble=trouble, key=KEY)
        self.project(chat.url, more=", api_key_env: ASSENT_TEST_KEY")
        ran = self.record(env={**os.environ, "ASSENT_TEST_KEY": KEY})
        self.assertEqual((ran.json["images"], ran.json["labels"], ran.json["usage"]["requests"]), (6, 24, 28))
        asked = chat.n
        again = self.replay(self.fresh())  # no key, no server
        self.assertEqual(chat.n, asked)
        self.assertEqual(again.json["usage"], ran.json["usage"])
        self.assertEqual(self.answers("again"), self.answers())
        self.assertEqual(self.rows_of("SELECT identity, settings FROM run", "again"), self.rows_of("SELECT identity, settings FROM run"))
        self.assertNotIn("error", again.err)

    def test_an_audit_beside_the_run(self):
        chat = self.chat()
        self.project(chat.url)
        self.record()
        chat.stop()
        self.replay(".", "--as", "audit")
        agreed = self.run_assent("agree", "qwen", "audit", "--json").json
        self.assertEqual((agreed["pooled"]["n"], agreed["pooled"]["agreement"]), (24, 1.0))

    def test_what_the_file_holds(self):
        def trouble(n, request):
            said = json.dumps({"error": {"message": f"you said {KEY}, {KEY}"}}).replace("/", "\\/").encode()
            return (503, {"Retry-After": "0", "Content-Type": "application/json; charset=utf-8"}, said) if n == 2 else None

        chat = self.chat(trouble=trouble, key=KEY)
        self.project(chat.url, pictures=2, more=", api_key_env: ASSENT_TEST_KEY")
        self.write("images/drawn.png", png(5))
        self.record(env={**os.environ, "ASSENT_TEST_KEY": KEY})
        text = self.read("run.jsonl")
        for secret in (KEY, json.dumps(KEY)[1:-1], json.dumps(KEY)[1:-1].replace("/", "\\/"), "Authorization", "Bearer"):
            self.assertNotIn(secret, text)
        head, *lines = self.lines()
        self.assertEqual(head, {"assent_recording": 1})
        self.assertEqual(len(lines), chat.n)
        urls = {x["body"]["messages"][-1]["content"][0]["image_url"]["url"] for x in lines}
        sent = {f"{kind},sha256:{hashlib.sha256(p).hexdigest()}" for kind, p in chat.pictures if "jpeg" in kind}
        self.assertEqual(len(sent), 2)
        self.assertEqual({u for u in urls if "jpeg" in u}, sent)
        self.assertEqual(len([u for u in urls if u.startswith("data:image/png;base64,sha256:")]), 1)
        self.assertLess(len(text), 2000 * len(lines))  # no pictures
        refused = [x for x in lines if x["status"] == 503]
        self.assertEqual([(x["type"], x["retry_after"]) for x in refused], [("application/json", 0)])
        self.assertIn("*****", refused[0]["answer"]["error"]["message"])
        self.assertEqual({x["path"] for x in lines}, {"/chat/completions"})

    def test_png_however_it_is_packed(self):
        """Of a picture that goes as PNG the pixels count, not the bytes."""
        chat = self.chat()
        self.project(chat.url, pictures=0)
        self.write("images/drawn.png", png(5))
        self.record()
        self.fresh()
        self.write("again/images/drawn.png", png(5, comment=b"other bytes"))
        self.replay()
        self.assertNotEqual(self.answers()[0][1], self.answers("again")[0][1])
        self.assertEqual(self.answers()[0][2:], self.answers("again")[0][2:])

    def test_what_was_given_up_is_given_up_again(self):
        """A question that is refused, a server that is busy, and a text that is no answer."""
        def trouble(n, request):
            if request["messages"][-1]["content"][1]["text"] == "Is there a scarf?":
                return 400, {}, b"no"
            return (429, {"Retry-After": "1"}, b"no") if n == 6 else (200, {}, b"<html>\n") if n == 10 else None

        chat = self.chat(trouble=trouble)
        self.project(chat.url, pictures=4)
        ran = self.record(code=3)
        self.assertEqual(ran.json["left_open"], 4)
        began = time.monotonic()
        chat.stop()
        again = self.replay(self.fresh(url=chat.url), code=3)  # the errors that are kept name it
        self.assertLess(time.monotonic() - began, ran.json["seconds"])  # pauses are not waited for
        self.assertEqual((again.json["left_open"], again.json["usage"]), (4, ran.json["usage"]))
        self.assertEqual(self.answers(), self.answers("again"))

    def test_decisions_are_recorded_as_well(self):
        def decide(n, request):
            if not isinstance(request["assets"], dict):
                return 422, {}, b'{"detail": "assets"}'
            return 200, {}, json.dumps({"answers": {q: {"noul": 0.25} for q in request["questions"]},
                                        "usage": {"input_tokens": 70}}).encode()

        chat = self.chat(trouble=decide, path="/v1/systemone")
        self.project(chat.url, questions="  - {name: Hat, text: Is there a hat?}\n  - {name: Tie, text: A tie?}\n",
                     more=", protocol: systemone")
        self.record()
        self.assertEqual([x["path"] for x in self.lines()[1:]], ["/systemone"] * 6)
        self.assertNotIn("/9j/", self.read("run.jsonl"))  # how JPEG begins as base64
        again = self.replay(self.fresh())
        self.assertEqual(again.json["usage"]["prompt_tokens"], 420)
        self.assertEqual(self.answers(), self.answers("again"))


class Files(Recording):
    def test_a_run_that_goes_on_appends_and_the_newest_counts(self):
        values = [0.9]
        chat = self.chat(lambda question, picture: {"Yes": values[0], "No": 1 - values[0]})
        self.project(chat.url, pictures=3, questions="  - {name: Hat, text: Is there a hat?}\n")
        self.record("--limit", "2")
        values[0] = 0.6
        self.record()
        self.record("--as", "later")
        self.assertEqual([len(x) for x in self.lines()].count(1), 3)  # headers
        self.replay(self.fresh())
        self.assertEqual({round(r["options"]["yes"], 5) for r in self.rows_in("again")}, {0.6})

    def rows_in(self, folder):
        return [json.loads(line) for line in self.run_assent("-C", folder, "-q", "export", "-", "-f", "jsonl", "-a", "qwen").out.splitlines()]

    def test_a_kill_loses_nothing_that_was_answered(self):
        chat = self.chat(lambda question, picture: time.sleep(0.02) or sure(question, picture))
        self.project(chat.url, pictures=16)
        with subprocess.Popen([ASSENT, "annotate", "--record", "run.jsonl"], cwd=self.dir, stderr=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL) as p:
            while not os.path.exists(self.path("run.jsonl")) or len(self.read("run.jsonl").splitlines()) < 30:
                time.sleep(0.01)
            p.send_signal(signal.SIGKILL)
        kept = self.rows_of("SELECT count(*) FROM answers")[0][0]
        self.assertGreater(kept, 0)
        self.record()  # goes on where it stopped
        self.replay(self.fresh())
        self.assertEqual(self.answers(), self.answers("again"))
        self.assertEqual(len(self.answers()), 16)

    def test_a_torn_line(self):
        chat = self.chat()
        self.project(chat.url, pictures=2)
        self.record()
        whole = self.read("run.jsonl")
        self.write("run.jsonl", whole[:-30])
        again = self.replay(self.fresh(), code=1)  # its question is not there
        self.assertIn("torn", again.err)
        self.assertIn("no answer to this request", again.err)
        self.write("run.jsonl", whole + whole.splitlines()[-1][:50])
        self.assertIn("torn", self.replay(self.fresh("third"), "--as", "a").err)
        self.assertIn("torn, and is taken away", self.record("--as", "b").err)
        self.assertTrue(self.read("run.jsonl").startswith(whole + '{"assent_recording":1}\n{'))

    def test_files_that_are_none(self):
        self.project("http://127.0.0.1:9/v1", pictures=1)
        line = '{"path":"/chat/completions","body":{},"status":200,"answer":{}}\n'
        head = '{"assent_recording":1}\n'
        for text, says in (("", "no whole line"), ("hello\n", "no recording"), (line, "no recording"),
                           ('{"assent_recording":2}\n', "of another version: got 2"), (head + "{\n", "run.jsonl:2: no request"),
                           (head + "[1]\n", "run.jsonl:2: no request"), (head + '{"path":7,"body":{}}\n', "run.jsonl:2"),
                           (head + '{"body":{}}\n', "run.jsonl:2"), (head + '{"path":"/x"}\n', "run.jsonl:2"), (head + '{"path":"/x","body":"\\ud800"}\n', "run.jsonl:2")):
            with self.subTest(text):
                self.write("run.jsonl", text)
                self.fails("annotate", "--replay", "run.jsonl", says=says)
        self.fails("annotate", "--replay", "images", says="images")
        self.fails("annotate", "--replay", "missing.jsonl", says="missing.jsonl: cannot open")
        self.fails("annotate", "--record", "assent.yaml", says="assent.yaml: the file is there, and is no recording")
        self.assertIn("engine: http", self.read("assent.yaml"))  # as it was
        self.fails("annotate", "--record", "no/folder.jsonl", says="no/folder.jsonl")
        self.run_assent("annotate", "--record", "a", "--replay", "b", code=2)

    def test_two_processes_do_not_share_a_file(self):
        chat = self.chat(lambda question, picture: time.sleep(0.3) or "Yes")
        self.project(chat.url, pictures=4)
        with subprocess.Popen([ASSENT, "annotate", "--record", "run.jsonl"], cwd=self.dir, stderr=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL) as p:
            while chat.n == 0:
                time.sleep(0.01)
            self.run_assent("annotate", "--record", "run.jsonl", code=1)
            p.send_signal(signal.SIGKILL)

    def test_a_server_that_is_not_asked_cannot_be_recorded(self):
        self.write("images/a.png", png(5))
        self.write("assent.yaml", "name: test\nimages: images/\nquestions:\n  - {name: Hat, text: A hat?}\n"
                   f"annotators:\n  own: {{kind: model, model: {json.dumps(MODEL)}}}\n")
        for option in ("--record", "--replay"):
            self.fails("annotate", option, "run.jsonl", code=2, says="only what servers answer")


class Servers(Recording):
    """Recordings in the wire formats of servers (tests/data/serving/README.md)."""

    def replayed(self, name, code=0):
        shutil.copy(os.path.join(DATA, name), self.path("run.jsonl"))
        self.project(closed(), pictures=2, questions="  - {name: Hat, text: Is the person wearing a hat?}\n"
                     "  - {name: Hair, kind: choice, options: [black, blond], text: Which hair?}\n")
        text = self.read("assent.yaml").replace("model: Qwen3-VL", "model: Qwen/Qwen3-VL-8B-Instruct")
        self.write("assent.yaml", text)
        ran = self.replay(".", code=code)
        masses = {key: struct.unpack("<2f", mass) for key, mass in
                  self.rows_of("SELECT i.key, a.mass FROM answers a JOIN image i ON i.id = a.image")}
        rows = self.rows()
        return ran.json, [(rows[k, "Hat"], rows[k, "Hair"], masses[k]) for k in sorted(masses)]

    def near(self, row, option, share, of):
        self.assertAlmostEqual(row["options"][option], share / of, 5)

    def test_vllm(self):
        ran, ((hat, hair, mass), (hat2, hair2, mass2)) = self.replayed("vllm.jsonl")
        self.assertEqual(ran["usage"], {"requests": 4, "prompt_tokens": 1174, "cached_tokens": 288, "completion_tokens": 4})
        yes, no = exp(-0.25) + exp(-4.5) + exp(-6.0), exp(-1.75)
        self.near(hat, "yes", yes, yes + no)
        self.assertAlmostEqual(mass[0], yes + no, 5)
        black, blond = exp(-1.25) + exp(-3.5), exp(-0.5)
        self.near(hair, "blond", blond, black + blond)
        self.assertAlmostEqual(mass[1], black + blond, 5)
        self.assertEqual((hat["value"], hair["value"], hat2["value"]), ("yes", "blond", "no"))
        self.assertAlmostEqual(mass2[0], exp(-0.125) + exp(-2.5) + exp(-5.25), 5)
        self.assertEqual((hair2["value"], hair2["reason"]), (None, "unparseable"))  # most of it on other tokens
        self.assertAlmostEqual(mass2[1], exp(-2.0) + exp(-3.0), 5)

    def test_sglang(self):
        """Its errors have their message on the outside; a gateway in front says when to come back."""
        ran, ((hat, hair, mass), (hat2, hair2, _)) = self.replayed("sglang.jsonl", code=3)
        self.assertEqual(ran["usage"], {"requests": 5, "prompt_tokens": 877, "cached_tokens": 290, "completion_tokens": 3})
        yes, no = exp(-0.25) + exp(-4.5), exp(-1.75)
        self.near(hat, "yes", yes, yes + no)
        self.assertAlmostEqual(mass[0], yes + no, 5)
        self.near(hair, "blond", exp(-0.5), exp(-0.5) + exp(-1.25))
        self.assertEqual((hat["value"], hat2["value"], hair2["reason"]), ("yes", "no", "error"))
        self.assertIn("too long: 4297 tokens", self.rows_of("SELECT detail FROM answers WHERE detail IS NOT NULL")[0][0])
        self.assertLess(ran["seconds"], 15)  # the half minute is not waited for


class Missing(Recording):
    def test_what_differs_is_said(self):
        chat = self.chat()
        names = self.project(chat.url, pictures=2, questions="  - {name: Hat, text: Is there a hat?}\n  - {name: Tie, text: A tie?}\n")
        self.record()
        folder = self.fresh()
        text = self.read("again/assent.yaml")
        for n, (old, new, says) in enumerate((("A tie?", "A bow tie?", f"{names[0]}: A bow tie?: the recording has no answer to this request"),
                               ("A tie?", "A bow tie?", "this picture was shown, but with other questions"),
                               ("Qwen3-VL", "Qwen4", "got Qwen4, expected Qwen3-VL"),
                               ("model: Qwen3-VL", "model: Qwen3-VL, protocol: systemone", "another protocol"),
                               ("model: Qwen3-VL", "model: Qwen3-VL, max_pixels: 100", "about other pictures"),
                               ("model: Qwen3-VL", "model: Qwen3-VL, system: Hush., max_pixels: 50", "neither this picture"))):
            with self.subTest(says):
                self.write("again/assent.yaml", text.replace(old, new))
                ran = self.replay(folder, "--as", f"a{n}", code=1)
                self.assertIn(says, ran.err)
                self.assertEqual(ran.err.count("assent: "), 1)

    def test_a_run_that_was_of_fewer_images(self):
        chat = self.chat()
        self.project(chat.url, pictures=3)
        self.record("--limit", "1")
        again = self.replay(self.fresh(), code=1)
        self.assertIn("about other pictures", again.err)
        self.assertEqual(len(self.answers("again")), 1)  # what there is, is kept


if __name__ == "__main__":
    main()
