#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""annotate with real servers on loopback: transformers serve and llama.cpp's, with the demo's model.

tools/servers/run installs them into ASSENT_SERVERS (6 GB and a quarter of an hour, too long for every run of the tests);
where they are not, all is skipped.
"""
import array
import base64
import ctypes
import json
import math
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from harness import FACES, ROOT, Case, main

SERVERS = os.environ.get("ASSENT_SERVERS") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "assent-servers")
MODEL = os.path.join(FACES, "model")
PICTURES = os.path.join(FACES, "images")
CLOSE = 1e-3  # sums of another order
START_SECONDS = 180
DIE_WITH_PARENT = 1  # prctl's PR_SET_PDEATHSIG

# docs/serving.md's: the demo's own prompt with the picture, the question's text and a choice's options in it.
TEMPLATE = ("{{ '<|start_header_id|>user<|end_header_id|>\\n\\n' }}{% for part in state %}{% if part.type == 'image' %}"
            "{{ '<image>' }}{% endif %}{% endfor %}{{ '\\n' + question.instructions }}{% if question.type == 'choice' %}"
            "{% for option in question.options %}{{ '\\n' + question.labels[loop.index0] + '. ' + option }}{% endfor %}"
            "{% endif %}{{ '<|eot_id|><|start_header_id|>assistant<|end_header_id|>\\n\\n' }}")
DECISION = {"sanitize_control_tokens": False}
# The demo was not taught letters, so the mass is next to nothing.
HAIR = ("  - {name: Hair, kind: choice, format: letters, min_mass: 0, options: [black, blond, brown],"
        " text: \"What colour is the hair: black, blond, brown, gray or red?\"}\n")
PICTURE = "  - {name: Named, text: \"Is the background of the picture dark? Answer with only yes or no.\"}\n"


def demo_questions():
    """The demo's yes or no questions, as YAML."""
    with open(os.path.join(FACES, "assent.yaml"), encoding="utf-8") as f:
        return "".join(line for line in f if re.match(r"  - \{name: ", line))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def die_with_parent():
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)


class Real(Case):
    """A server that all tests of a class ask."""

    @classmethod
    def start(cls, program, command, **environment):
        """Starts command with {port} filled in, and waits until it answers /health."""
        if not os.access(program, os.X_OK):
            raise unittest.SkipTest(f"needs {program}: tools/servers/run installs it")
        port = free_port()
        log = os.path.join(cls.folder, "log")
        with open(log, "wb") as out:
            cls.process = subprocess.Popen([program, *(a.format(port=port) for a in command)], stdout=out, stderr=out,
                                           cwd=cls.folder, env={**os.environ, **environment}, preexec_fn=die_with_parent)
        cls.addClassCleanup(cls.stop)
        cls.url = f"http://127.0.0.1:{port}/v1"
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and cls.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            time.sleep(0.2)
        with open(log, encoding="utf-8", errors="replace") as f:
            raise AssertionError(f"{program} does not answer:\n{f.read()[-3000:]}")

    @classmethod
    def stop(cls):
        cls.process.terminate()
        try:
            cls.process.wait(10)
        except subprocess.TimeoutExpired:
            cls.process.kill()
            cls.process.wait()

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="assent-server-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)

    def project(self, questions, annotators, pictures=4):
        names = sorted(os.listdir(PICTURES))[:pictures]
        os.makedirs(self.path("images"), exist_ok=True)
        for name in names:
            shutil.copy(os.path.join(PICTURES, name), self.path("images"))
        self.write("assent.yaml", f"name: test\nimages: images/\nquestions:\n{questions}annotators:\n"
                   f"  toy: {{kind: model, engine: vlm, model: \"{MODEL}\", dtype: f32}}\n"
                   + "".join(f"  {name}: {{kind: model, engine: http, url: \"{self.url}\", {rest}}}\n"
                             for name, rest in annotators.items()))
        return names

    def annotate(self, name):
        return self.run_assent("annotate", "-a", name, "--json").json

    def rows(self, annotator):
        out = self.run_assent("-q", "export", "-", "-f", "jsonl", "-a", annotator).out
        return {(r["image"], r["question"]): r for r in map(json.loads, out.splitlines())}


class Transformers(Real):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = os.path.join(cls.folder, "model")
        shutil.copytree(MODEL, cls.model)
        with open(os.path.join(cls.model, "decision.json"), "w", encoding="utf-8") as f:
            json.dump(DECISION, f)
        with open(os.path.join(cls.model, "decision_template.jinja"), "w", encoding="utf-8") as f:
            f.write(TEMPLATE)
        cls.start(os.path.join(SERVERS, "venv", "bin", "transformers"),
                  ["serve", cls.model, "--host", "127.0.0.1", "--port", "{port}", "--device", "cpu", "--dtype", "float32"],
                  HF_HUB_OFFLINE="1", HF_HOME=os.path.join(cls.folder, "hub"), OMP_NUM_THREADS="1")

    def test_probabilities_are_the_engine_s(self):
        questions = demo_questions() + HAIR + PICTURE
        names = self.project(questions, {"decider": f"model: \"{self.model}\", protocol: systemone"})
        self.annotate("toy")
        ran = self.annotate("decider")
        self.assertEqual((ran["images"], ran["errors"], ran["usage"]["requests"]), (4, 0, 4))
        ours, theirs = self.rows("toy"), self.rows("decider")
        self.assertEqual(len(ours), len(names) * questions.count("name: "))
        self.assertEqual(set(ours), set(theirs))
        furthest = 0
        for cell, row in ours.items():
            for option, p in row["options"].items():
                furthest = max(furthest, abs(p - theirs[cell]["options"][option]))
        print(f"# {len(ours)} answers, the furthest apart {furthest:.2g}")
        self.assertLess(furthest, CLOSE)
        self.assertEqual({r["value"] for r in theirs.values()} & {"yes", "no"}, {"yes", "no"})

    def test_labels_are_the_engine_s(self):
        questions = demo_questions()
        self.project(questions, {"chatter": f"model: \"{self.model}\""})
        self.annotate("toy")
        ran = self.annotate("chatter")
        self.assertEqual((ran["labels"], ran["abstentions"], ran["errors"]), (4 * questions.count("name: "), 0, 0))
        self.assertEqual(self.labels("chatter"), self.labels("toy"))

    def test_another_model_than_the_one_it_has(self):
        self.project(PICTURE, {"decider": "model: other, protocol: systemone", "chatter": "model: other"}, 1)
        for name in ("decider", "chatter"):
            said = self.run_assent("annotate", "-a", name, code=1).err
            self.assertIn("answers 400", said)
            self.assertIn("is pinned to", said)


class Llama(Real):
    IMAGE_TOKENS = 80  # an overview and four tiles of 16

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        program = os.path.join(SERVERS, "llama-server")
        if os.access(program, os.X_OK):
            subprocess.run([os.path.join(SERVERS, "venv", "bin", "python"), os.path.join(ROOT, "tools/servers/to_gguf.py"),
                            MODEL, cls.folder], check=True, timeout=120)
        cls.start(program, ["-m", "text.gguf", "--mmproj", "vision.gguf", "--host", "127.0.0.1", "--port", "{port}",
                            "-c", "8192", "-np", "4", "-t", "1", "--no-warmup", "--jinja"])

    def ask(self, picture, question):
        """The probabilities {token: p} at the answer's first place, asked for without the program."""
        with open(os.path.join(PICTURES, picture), "rb") as f:
            url = "data:image/jpeg;base64," + base64.b64encode(f.read()).decode()
        body = {"model": "toy", "temperature": 0, "max_tokens": 16, "logprobs": True, "top_logprobs": 20, "messages": [
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}},
                                         {"type": "text", "text": question}]}]}
        request = urllib.request.Request(self.url + "/chat/completions", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            first = json.load(answer)["choices"][0]["logprobs"]["content"][0]
        return [(t["token"].strip().lower(), math.exp(t["logprob"])) for t in first["top_logprobs"]]

    def masses(self):
        """{image: [mass]} in the questions' order."""
        db = sqlite3.connect(self.path("assent.db"))
        try:
            rows = db.execute("SELECT key, mass FROM answers JOIN image ON image.id = answers.image").fetchall()
        finally:
            db.close()
        return {key: array.array("f", mass) for key, mass in rows}

    def test_probabilities_are_those_of_a_direct_call(self):
        questions = demo_questions()
        names = self.project(questions, {"llama": "model: toy"})
        ran = self.annotate("llama")
        self.assertEqual((ran["images"], ran["errors"]), (4, 0))
        rows, masses = self.rows("llama"), self.masses()
        furthest, likeliest = 0, []
        for name in names:
            for i, (question, text) in enumerate(re.findall(r'name: (\w+),.*text: "([^"]*)"', questions)):
                said = self.ask(name, text)
                yes, no = (sum(p for token, p in said if token == word) for word in ("yes", "no"))
                furthest = max(furthest, abs(rows[name, question]["options"]["yes"] - yes / (yes + no)),
                               abs(masses[name][i] - yes - no))
                likeliest.append(yes / (yes + no))
        print(f"# {len(likeliest)} answers, the furthest apart {furthest:.2g}")
        self.assertLess(furthest, CLOSE)
        self.assertGreater(max(likeliest) - min(likeliest), 0.5)  # it does look, and does read

    def test_a_picture_is_read_once(self):
        questions = demo_questions()
        self.project(questions, {"llama": "model: toy, concurrency: 1"})
        usage = self.annotate("llama")["usage"]
        self.assertGreaterEqual(usage["cached_tokens"], 4 * (questions.count("name: ") - 1) * self.IMAGE_TOKENS)
        self.assertLess(usage["cached_tokens"], usage["prompt_tokens"])

    def test_a_question_that_is_too_long_is_left_open_alone(self):
        long = "  - {name: Long, text: \"" + "is it a hat or is it not a hat " * 300 + "\"}\n"
        names = self.project(PICTURE + long, {"llama": "model: toy"}, 2)
        ran = self.run_assent("annotate", "-a", "llama", "--json", code=3)
        self.assertEqual((ran.json["images"], ran.json["left_open"]), (2, 2))
        self.assertIn("context size", ran.err)
        self.assertEqual({self.labels("llama")[name, "Long"] for name in names}, {"(error)"})


if __name__ == "__main__":
    main()
