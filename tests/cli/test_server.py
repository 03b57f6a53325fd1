#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""annotate with a model that a server runs: probabilities, labels alone, refusals, a server in trouble."""
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

from fake_chat import Chat
from harness import ASSENT, Case, main
from review_case import png
from test_annotate import MODEL, PICTURES
from test_serve import Engine

QUESTIONS = """  - {name: Hat, text: Is there a hat?}
  - {name: Hair, kind: choice, options: [black, blond, brown], text: Which hair?}
  - {name: Wears, kind: multi, options: [scarf, tie], text: "Is there a {option}?"}
"""
LETTERS = "Which hair?\nA. black\nB. blond\nC. brown"


def sure(question, picture):
    """An answer that depends on the picture and the question, with 0.9 of all probability on valid tokens."""
    side = len(picture) % 2
    if question == LETTERS:
        return {" B": 0.6, "B": 0.1, "A": 0.15, "C": 0.05, "the": 0.06}
    return {"Yes": 0.5, " yes": 0.25, "No": 0.15, "Maybe": 0.04} if side else {"NO": 0.7, "Yes": 0.2, "Maybe": 0.04}


class Server(Case):
    def chat(self, answer=sure, **more):
        chat = Chat(answer, **more)
        self.addCleanup(chat.stop)
        return chat

    def project(self, url, pictures=6, questions=QUESTIONS, more=""):
        names = sorted(os.listdir(PICTURES))[:pictures]
        os.makedirs(self.path("images"), exist_ok=True)
        for name in names:
            shutil.copy(os.path.join(PICTURES, name), self.path("images"))
        self.write("assent.yaml", f"name: test\nimages: images/\nquestions:\n{questions}"
                   f"annotators:\n  qwen: {{kind: model, engine: http, model: Qwen3-VL, url: \"{url}\"{more}}}\n")
        return names

    def rows(self, annotator="qwen"):
        out = self.run_assent("-q", "export", "-", "-f", "jsonl", "-a", annotator).out
        return {(r["image"], r["question"]): r for r in map(json.loads, out.splitlines())}

    def json_details(self):
        db = sqlite3.connect(self.path("assent.db"))
        try:
            return "".join(d for d, in db.execute("SELECT detail FROM answers WHERE detail IS NOT NULL"))
        finally:
            db.close()

    def blobs(self, annotator):
        db = sqlite3.connect(self.path("assent.db"))
        try:
            return db.execute("SELECT image, value, probability, mass, spread FROM answers JOIN run ON run.id = run"
                              " JOIN annotator ON annotator.id = annotator WHERE annotator.name = ? ORDER BY image",
                              (annotator,)).fetchall()
        finally:
            db.close()


class Answers(Server):
    def test_probabilities_labels_and_what_was_sent(self):
        chat = self.chat()
        names = self.project(chat.url)
        ran = self.run_assent("annotate", "--json")
        self.assertEqual((ran.json["images"], ran.json["labels"]), (6, 24))
        self.assertEqual(ran.json["usage"], {"requests": 24, "prompt_tokens": 2400, "cached_tokens": 24 * 64,
                                             "completion_tokens": 24})
        self.assertIn(f"qwen: Qwen3-VL at {chat.url}", ran.err)
        rows = self.rows()
        sizes = {len(p) % 2 for _, p in chat.pictures}
        self.assertEqual(sizes, {0, 1})  # both answers are given
        for name in names:
            hair = rows[name, "Hair"]
            self.assertEqual(hair["value"], "blond")
            for option, share in (("black", 0.15), ("blond", 0.7), ("brown", 0.05)):
                self.assertAlmostEqual(hair["options"][option], share / 0.9, 6)
            self.assertIn(round(rows[name, "Hat"]["options"]["yes"], 5), (round(0.75 / 0.9, 5), round(0.2 / 0.9, 5)))
        self.assertEqual({r["value"] for (_, q), r in rows.items() if q == "Hat"}, {"yes", "no"})
        self.assertEqual(sorted(set(chat.asked)), ["Is there a hat?", "Is there a scarf?", "Is there a tie?", LETTERS])
        for head, picture in chat.pictures:
            self.assertEqual(head, "data:image/jpeg;base64")
            self.assertNotIn(b"Exif", picture)
        self.assertIn("all that was asked for", self.run_assent("annotate").out)
        self.assertEqual(chat.n, 24)  # nothing is asked twice

    def test_the_first_question_of_a_picture_goes_alone(self):
        open_now, early = set(), []

        def answer(question, picture):
            if question != "Is there a hat?" and picture not in open_now:
                early.append(question)
            time.sleep(0.01)
            open_now.add(picture)
            return sure(question, picture)

        chat = self.chat(answer)
        self.project(chat.url, more=", concurrency: 16")
        self.run_assent("annotate", "-q")
        self.assertEqual((early, chat.n), ([], 24))
        self.assertGreater(chat.most, 4)

    def test_labels_alone(self):
        said = iter(["**Yes**", "no.", "<think>a hat? No, wait.</think>\n\nYes!", "Yes, there is a hat", "", "Oui",
                     "\"No\"", "NO"])
        chat = self.chat(lambda question, picture: next(said), logprobs=False)
        names = self.project(chat.url, 8, "  - {name: Hat, text: Is there a hat?}\n", ", concurrency: 1")
        self.assertEqual(self.run_assent("annotate", "--json").json["labels"], 5)
        rows = self.rows()
        self.assertEqual([rows[n, "Hat"]["value"] for n in names], ["yes", "no", "yes", None, None, None, "no", "no"])
        self.assertEqual([rows[n, "Hat"].get("reason") for n in names[3:6]], ["unparseable"] * 3)
        self.assertTrue(all(r.get("options") is None for r in rows.values()))  # nothing is made up
        self.assertIn("Yes, there is a hat", self.run_assent("report", "--json").out + self.json_details())

    def test_wordings_of_a_label_alone_vote(self):
        said = {"one": "yes", "two": "no", "three": "Yes.", "four": "who knows", "five": "hm"}
        chat = self.chat(lambda question, picture: said[question], logprobs=False)
        names = self.project(chat.url, 1, "  - {name: A, text: [one, two, three]}\n  - {name: B, text: [four, two]}\n"
                             "  - {name: C, text: [four, five, two]}\n")
        self.run_assent("annotate", "-q")
        self.assertEqual([self.rows()[names[0], q]["value"] for q in "ABC"], ["yes", "no", "no"])

    def test_a_wording_that_is_refused_leaves_its_question_open(self):
        bad = json.dumps({"error": {"message": "too long"}}).encode()
        chat = self.chat(trouble=lambda n, request: (400, {}, bad) if "two" in json.dumps(request["messages"]) else None)
        names = self.project(chat.url, 2, "  - {name: Hat, text: [one, two]}\n  - {name: Tie, text: three}\n")
        ran = self.run_assent("annotate", "--json", code=3)
        self.assertEqual((ran.json["labels"], ran.json["left_open"]), (2, 2))
        rows = self.rows()
        self.assertEqual([rows[n, "Hat"]["reason"] for n in names], ["error"] * 2)
        self.assertIn("too long", self.json_details())
        chat.trouble = lambda n, request: None
        before = chat.n
        self.run_assent("annotate", "-q", "--retry-errors")
        self.assertEqual(chat.n - before, 4)
        self.assertTrue(all(self.rows()[n, "Hat"]["options"] for n in names))

    def test_letters_in_words(self):
        said = iter(["B", "blond", "(c)", "A. black", "A. blond", "D"])
        chat = self.chat(lambda question, picture: next(said), logprobs=False)
        names = self.project(chat.url, 6, "  - {name: Hair, kind: choice, options: [black, blond, brown], text: h}\n",
                             ", concurrency: 1")
        self.run_assent("annotate", "-q")
        rows = self.rows()
        self.assertEqual([rows[n, "Hair"]["value"] for n in names], ["blond", "blond", "brown", "black", None, None])

    def test_little_on_valid_tokens_is_no_answer(self):
        chat = self.chat(lambda question, picture: {"The": 0.7, "Yes": 0.2, "No": 0.05})
        names = self.project(chat.url, 2, "  - {name: Hat, text: Is there a hat?}\n")
        self.run_assent("annotate", "-q")
        self.assertEqual({self.rows()[n, "Hat"]["reason"] for n in names}, {"unparseable"})
        self.assertIn("The", self.json_details())

    def test_a_model_that_refuses(self):
        chat = self.chat(trouble=lambda n, request: (200, {}, json.dumps({"choices": [
            {"message": {"content": None, "refusal": "I cannot"}, "finish_reason": "stop"}]}).encode()))
        names = self.project(chat.url, 2, "  - {name: Hat, text: Is there a hat?}\n")
        self.run_assent("annotate", "-q")
        self.assertEqual({self.rows()[n, "Hat"]["reason"] for n in names}, {"refused"})

    def test_pictures_that_are_turned_large_or_of_other_formats(self):
        chat = self.chat()
        self.project(chat.url, 0, more=", max_pixels: 100")
        for i in range(3):
            self.write(f"images/{i}.png", png(i, side=40))
        self.run_assent("annotate", "-q")
        self.assertEqual({h for h, _ in chat.pictures}, {"data:image/png;base64"})
        for _, picture in chat.pictures:
            width, height = (int.from_bytes(picture[i:i + 4], "big") for i in (16, 20))
            self.assertLessEqual(width * height, 100)
            self.assertNotIn(b"SENTINEL", picture)

    def test_replicas_share_the_pictures(self):
        one, two = self.chat(), self.chat()
        self.project(one.url, 30)
        self.write("assent.yaml", self.read("assent.yaml").replace(f'"{one.url}"', f'["{one.url}", "{two.url}/"]'))
        self.run_assent("annotate", "-q")
        self.assertEqual(one.n + two.n, 120)
        self.assertGreater(min(one.n, two.n), 20)
        self.assertFalse({p for _, p in one.pictures} & {p for _, p in two.pictures})

    def of_two(self, one, two, pictures=30, more=""):
        self.project(one, pictures, more=more)
        self.write("assent.yaml", self.read("assent.yaml").replace(f'"{one}"', f'["{one}", "{two}"]'))

    def test_a_replica_that_is_not_there_leaves_its_pictures_to_the_others(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            dead = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
            for first in (True, False):
                chat = self.chat()
                self.of_two(*((dead, chat.url) if first else (chat.url, dead)))
                began = time.monotonic()
                ran = self.run_assent("annotate", "--json")
                self.assertLess(time.monotonic() - began, 30)
                self.assertEqual((ran.json["images"], ran.json["errors"], ran.json["usage"]["requests"], chat.n),
                                 (30, 0, 120, 120))
                self.assertEqual(ran.err.count("its pictures go to other servers"), 1)
                self.assertIn(f"{dead}/chat/completions: cannot connect", ran.err)
                os.unlink(self.path("assent.db"))

    def test_a_replica_that_goes_or_hangs(self):
        gone, hangs, stays = self.chat(), self.chat(), self.chat()

        def breaks(n, request):
            if n >= 10:
                gone.server.socket.close()
                raise ConnectionError

        gone.trouble = breaks
        hangs.trouble = lambda n, request: time.sleep(6) if n > 10 else None
        for other in (gone, hangs):
            self.of_two(other.url, stays.url, more=", timeout: 1, concurrency: 4")
            ran = self.run_assent("annotate", "--json")
            self.assertEqual((ran.json["images"], ran.json["errors"], ran.json["left_open"]), (30, 0, 0), ran.err)
            self.assertIn("its pictures go to other servers", ran.err)
            os.unlink(self.path("assent.db"))

    def test_no_replica_at_all(self):
        with socket.socket() as closed, socket.socket() as too:
            closed.bind(("127.0.0.1", 0))
            too.bind(("127.0.0.1", 0))
            self.of_two(*(f"http://127.0.0.1:{s.getsockname()[1]}/v1" for s in (closed, too)))
            self.fails("annotate", says=["cannot connect", "is it running"])

    def test_plan_and_another_model(self):
        chat = self.chat()
        self.project(chat.url)
        self.assertEqual(self.json("plan")["images"], 6)
        self.run_assent("annotate", "-q")
        self.write("assent.yaml", self.read("assent.yaml").replace("Qwen3-VL", "Qwen4-VL"))
        self.fails("annotate", says=["the model of 'qwen' is not the one", "Qwen4-VL", "--as NEWNAME"])
        self.write("assent.yaml", self.read("assent.yaml").replace("Qwen4-VL", "Qwen3-VL").replace("127.0.0.1", "localhost"))
        self.assertIn("all that was asked for", self.run_assent("annotate").out)  # the same model elsewhere


class Decisions(Server):
    """This program asks this program: the answers are the engine's, bit for bit."""

    def engine(self):
        served = Engine(self.dir)
        self.addCleanup(served.stop, signal.SIGKILL)
        return f"http://127.0.0.1:{served.port}/v1"

    def test_the_engine_s_answers_bit_for_bit(self):
        url = self.engine()
        self.project(url, 12, """  - {name: Hat, text: ["Is this person wearing a hat?", "Is there a hat?"]}
  - {name: Hair, kind: choice, options: [black, blond, brown], text: Which hair?}
  - {name: Wears, kind: multi, options: [hat, scarf], text: "Is there a {option}?"}
""", ", protocol: systemone}\n"
                     f"  list: {{kind: model, engine: http, model: model, url: \"{url}\", protocol: decisions}}\n"
                     f"  toy: {{kind: model, engine: vlm, model: \"{MODEL}\"")
        self.write("assent.yaml", self.read("assent.yaml").replace("Qwen3-VL", "model"))
        for name in ("toy", "qwen", "list"):
            ran = self.run_assent("annotate", "-a", name, "--json").json
            self.assertEqual((ran["images"], ran["errors"]), (12, 0))
            self.assertEqual(ran["usage"]["requests"], {"toy": 0, "qwen": 14}.get(name, 12))  # one a picture; two find how
        self.assertEqual(self.blobs("qwen"), self.blobs("toy"))
        self.assertEqual(self.blobs("list"), self.blobs("toy"))

    def test_more_questions_than_a_request_may_have(self):
        url = self.engine()
        self.project(url, 2, "".join(f"  - {{name: Q{i}, text: Is it {i}?}}\n" for i in range(150)),
                     ", protocol: systemone")
        self.write("assent.yaml", self.read("assent.yaml").replace("Qwen3-VL", "model"))
        ran = self.run_assent("annotate", "--json").json
        self.assertEqual((ran["labels"] + ran["abstentions"], ran["usage"]["requests"]), (300, 8))  # two find how

    def test_no_question_has_the_picture_s_name(self):
        """A server may put the picture wherever its name stands, in a question too."""
        sent = []

        def answer(n, request):
            if not isinstance(request.get("assets"), dict):  # as any that reads them
                return 422, {}, b'{"detail": "assets"}'
            sent.append(request)
            return 200, {}, json.dumps({"answers": {"q1": {"type": "noul", "noul": 0.75}, "q2": {
                "type": "choice", "probabilities": {"img-2": 0.25, "none": 0.75}}}}).encode()

        chat = self.chat(trouble=answer, path="/v1/systemone")
        names = self.project(chat.url, 1, "  - {name: A, text: Is img-1 a picture?}\n"
                             "  - {name: B, kind: choice, options: [img-2, none], text: Which?}\n",
                             ", protocol: systemone")
        self.run_assent("annotate", "-q")
        self.assertEqual({q: self.rows()[names[0], q]["value"] for q in "AB"}, {"A": "yes", "B": "none"})
        name = sent[-1]["state"]
        self.assertEqual(list(sent[-1]["assets"]), [name])
        self.assertNotIn(name, json.dumps(sent[-1]["questions"]))

    def test_counts_of_tokens_that_cannot_be(self):
        for count in (2**62, 2**63 - 1, -5, "100", 1.5):
            with self.subTest(count=count):
                reply = {"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}],
                         "usage": {"prompt_tokens": count, "completion_tokens": count}}
                chat = self.chat(trouble=lambda n, request: (200, {}, json.dumps(reply).encode()))
                self.project(chat.url, 3, "  - {name: Hat, text: Is there a hat?}\n")
                ran = self.run_assent("annotate", "--fresh", "--json").json
                self.assertEqual((ran["labels"], ran["usage"]["prompt_tokens"]), (3, None))
                self.run_assent("report")

    def test_single_refusals_and_masses_that_are_not_said(self):
        answers = [{"type": "predicate", "probability": 0.75}, {"type": "refusal", "name": None},
                   {"type": "choice", "choice": "a", "confidence": 1,
                    "probabilities": [{"value": "b", "probability": 0.33}, {"value": "a", "probability": 0.66}]}]
        chat = self.chat(trouble=lambda n, request: (200, {}, json.dumps({"answers": answers, "model": "m", "usage": {
            "input_tokens": 90, "input_tokens_details": {"cached_tokens": 80}}}).encode()), path="/v1/decisions")
        names = self.project(chat.url, 1, "  - {name: A, text: a}\n  - {name: B, text: b}\n"
                             "  - {name: C, kind: choice, options: [a, b], text: c}\n", ", protocol: decisions")
        ran = self.run_assent("annotate", "--json").json
        self.assertEqual((ran["usage"]["prompt_tokens"], ran["usage"]["cached_tokens"]), (90, 80))
        rows = self.rows()
        self.assertEqual([rows[names[0], q]["value"] for q in "ABC"], ["yes", None, "a"])
        self.assertEqual(rows[names[0], "B"]["reason"], "refused")
        self.assertAlmostEqual(rows[names[0], "C"]["options"]["a"], 2 / 3, 6)

    def test_answers_that_are_none(self):
        for answer in ({}, {"answers": []}, {"answers": [{"type": "predicate", "probability": 7}]},
                       {"answers": [{"type": "predicate", "probability": "0.5"}]}, []):
            with self.subTest(answer=answer):
                chat = self.chat(trouble=lambda n, request, a=answer: (200, {}, json.dumps(a).encode()),
                                 path="/v1/decisions")
                self.project(chat.url, 1, "  - {name: A, text: a}\n", ", protocol: decisions")
                self.assertIn("the server's answer to question 1 is none", self.run_assent("annotate", code=(1, 3)).err)
                os.unlink(self.path("assent.db"))

    def test_protocols_that_there_are(self):
        chat = self.chat()
        self.project(chat.url, more=", protocol: morse")
        self.assertIn("chat, systemone or decisions", self.run_assent("annotate", code=2).err)
        self.project(chat.url, more=", protocol: systemone, system: be brief")
        self.assertIn("no system message", self.run_assent("annotate", code=2).err)


class Words(Server):
    """What a server says that it should not."""

    def test_rounded_probabilities_are_no_damage(self):
        chat = self.chat(lambda question, picture: {"Yes": 0.995, "No": 0.0067, " Yes": 0.0025})
        names = self.project(chat.url, 2, "  - {name: Hat, text: Is there a hat?}\n")
        self.run_assent("annotate", "-q")
        self.assertEqual({self.rows()[n, "Hat"]["value"] for n in names}, {"yes"})
        self.assertEqual(self.json("check")["n_faults"], 0)
        chat.answer = lambda question, picture: {"Yes": 0.9, " Yes": 0.9}
        self.write("assent.yaml", self.read("assent.yaml").replace("a hat?", "one hat?"))
        self.assertIn("more than 1", self.run_assent("annotate", code=(1, 3)).err)
        self.assertEqual(self.json("check")["n_faults"], 0)

    def test_a_key_that_is_repeated_is_blanked_out(self):
        said = b'{"error": {"message": "bad picture, key sk-SECRET-1"}}'
        chat = self.chat(trouble=lambda n, request: (400, {}, said) if n % 5 == 0 else None, key="sk-SECRET-1")
        self.project(chat.url, more=", api_key_env: THE_KEY")
        ran = self.run_assent("annotate", code=3, env={**os.environ, "THE_KEY": "sk-SECRET-1"})
        self.assertIn("bad picture, key ***", ran.err)
        with open(self.path("assent.db"), "rb") as f:
            self.assertNotIn(b"SECRET", f.read() + ran.err.encode() + ran.out.encode())
        for url in ("http://user:SECRET@127.0.0.1/v1", "http://127.0.0.1/v1?key=SECRET"):
            self.project(url)
            self.assertNotIn("SECRET", self.run_assent("annotate", code=2).err)
        self.project(chat.url, more=", api_key_env: sk-SECRET-1")
        self.assertNotIn("SECRET", self.run_assent("annotate", code=2).err)

    def test_one_question_that_is_refused_leaves_the_others(self):
        def trouble(n, request):
            text = request["messages"][-1]["content"][1]["text"]
            return (400, {}, b'{"error": {"message": "content policy"}}') if text == LETTERS else None

        chat = self.chat(trouble=trouble)
        self.project(chat.url, 4)
        ran = self.run_assent("annotate", "--json", code=3)
        self.assertEqual((ran.json["images"], ran.json["errors"], ran.json["left_open"]), (4, 0, 4))
        self.assertIn("content policy", ran.err)
        self.assertEqual({q for (_, q), r in self.rows().items() if r.get("reason") == "error"}, {"Hair"})
        chat.trouble = lambda n, request: None
        before = chat.n
        self.run_assent("annotate", "-q", "--retry-errors")
        self.assertEqual(chat.n - before, 4)  # nothing is paid for twice
        self.assertEqual({r.get("reason") for r in self.rows().values()}, {None})

    def test_pictures_that_are_asked_different_things(self):
        """Some were answered in part before: lists of questions come and go while pictures are in flight."""
        chat = self.chat(trouble=lambda n, request: (400, {}, b"{}") if n > 1 and n % 3 == 0 else None)
        self.project(chat.url, 20)
        self.run_assent("annotate", code=3)
        chat.trouble = lambda n, request: None
        self.run_assent("annotate", "-q", "--retry-errors")
        self.assertEqual({r.get("reason") for r in self.rows().values()}, {None})

    def test_a_thought_that_does_not_end(self):
        said = json.dumps({"choices": [{"message": {"content": None, "reasoning_content": "Let me see"},
                                        "finish_reason": "length"}]}).encode()
        chat = self.chat(trouble=lambda n, request: (200, {}, said))
        self.project(chat.url, 1, "  - {name: Hat, text: Is there a hat?}\n")
        self.assertEqual(self.run_assent("annotate", "--json").json["abstentions"], 1)

    def test_what_cannot_be_of_a_server(self):
        chat = self.chat()
        for more, code in ((", dtype: bf16", 2), (", prompt: x", 2), (", concurrency: 0", 1), (", concurrency: 257", 1)):
            self.project(chat.url, more=more)
            self.run_assent("annotate", code=code)
        self.project("127.0.0.1:8000/v1")
        self.assertIn("no http(s) one", self.run_assent("annotate", code=2).err)


class Trouble(Server):
    def run_through(self, trouble, pictures=12, more="", code=0, **chat_more):
        chat = self.chat(trouble=trouble, **chat_more)
        names = self.project(chat.url, pictures, more=more)
        ran = self.run_assent("annotate", code=code)
        return chat, names, ran

    def whole(self, names):
        self.assertEqual(set(self.rows()), {(n, q) for n in names for q in ("Hat", "Hair", "Wears:scarf", "Wears:tie")})

    def test_bursts_of_429_and_503(self):
        busy = b'{"error": {"message": "busy"}}'
        for headers in ({}, {"Retry-After": "1"}):
            with self.subTest(headers=headers):
                begun = []

                def trouble(n, request, headers=headers, begun=begun):
                    if n == 10:
                        begun.append(time.monotonic())
                    return (429 if n % 2 else 503, headers, busy) if begun and time.monotonic() < begun[0] + 1 else None

                _, names, _ = self.run_through(trouble)
                self.whole(names)
                os.unlink(self.path("assent.db"))

    def test_answers_that_are_broken(self):
        whole = json.dumps({"choices": []}).encode()
        for what in ((500, {}, b"oops"), (200, {}, b'{"choices": [{"mess'), (200, {}, whole), (200, {}, b""),
                     (502, {"Content-Type": "text/html"}, b"<html>"),
                     (200, {"Content-Length": "100000", "Connection": "close"}, b"{"),
                     (200, {}, b'{"choices": [{"message": {"content": "yes"}, "logprobs": {"content": '
                               b'[{"top_logprobs": [{"token": "Yes", "logprob": 3}]}]}}]}')):
            with self.subTest(what=what):
                _, names, _ = self.run_through(lambda n, request, w=what: w if n % 5 == 3 else None)
                self.whole(names)
                os.unlink(self.path("assent.db"))

    def test_a_wrong_key(self):
        chat = self.chat(key="right")
        self.project(chat.url, more=", api_key_env: THE_KEY")
        for value, says in ((None, "holds no key"), ("wr-SECRET-ong", "the key is not accepted"),):
            env = {**os.environ, **({"THE_KEY": value} if value else {})}
            ran = self.run_assent("annotate", "-v", code=(1, 2), env=env)
            self.assertIn(says, ran.err)
            self.assertNotIn("SECRET", ran.err + ran.out)
        self.assertLess(chat.n, 3)
        self.run_assent("annotate", "-q", env={**os.environ, "THE_KEY": "right"})
        self.assertNotIn(b"right", open(self.path("assent.db"), "rb").read())

    def test_pictures_leave_the_machine_once_somebody_says_so(self):
        self.project("https://api.example.invalid/v1")
        for command in ("annotate", "plan"):
            self.assertIn("6 pictures would leave this machine, for https://api.example.invalid/v1",
                          self.run_assent(command, code=2).err)
            self.assertIn("--yes", self.run_assent(command, code=2).err)
        self.assertIn("no server of this name", self.run_assent("annotate", "--yes", code=1).err)  # it was tried
        self.assertIn("no server of this name", self.run_assent("annotate", code=1).err)  # once is enough

    def test_another_server_outside_is_another_question(self):
        """Who has said yes to one address, or to none, has not to the next."""
        self.project(self.chat().url, 2)
        self.run_assent("annotate", "-q", "--limit", "1")
        text = self.read("assent.yaml")
        here = text.split('url: "')[1].split('"')[0]
        for said, url in (("a", "https://a.example.invalid/v1"), ("b", f'{here}", "https://b.example.invalid/v1')):
            url = f'["{url}"]' if '"' in url else f'"{url}"'
            self.write("assent.yaml", text.replace(f'"{here}"', url))
            for command in ("annotate", "plan"):
                self.assertIn(f"1 picture would leave this machine, for https://{said}.example.invalid/v1",
                              self.run_assent(command, code=2).err)
            if said == "a":
                self.run_assent("annotate", "--yes", code=1)
                self.assertIn("no server of this name", self.run_assent("annotate", code=1).err)
        self.write("assent.yaml", text)  # the model is the same all along
        self.run_assent("annotate", "-q")

    def test_which_of_several_models(self):
        self.project("http://127.0.0.1:9/v1", 1)
        text = self.read("assent.yaml")
        self.write("assent.yaml", text + text[text.index("  qwen:"):].replace("qwen", "other"))
        self.assertIn("--annotator NAME says which: qwen, other", self.run_assent("annotate", code=2).err)

    def test_what_is_wrong_from_the_start(self):
        chat = self.chat()
        closed = self.chat()
        closed.stop()
        for url, says in ((chat.url + "/x", ["there is no such path"]), (closed.url, ["cannot connect", "is it running"]),
                          ("ftp://127.0.0.1/v1", ["http"]), ("http://nobody.invalid/v1", ["nobody.invalid"])):
            with self.subTest(url=url):
                self.project(url)
                ran = self.run_assent("annotate", code=(1, 2))
                self.assertEqual(ran.err.count("assent: "), 1, ran.err)
                for text in says:
                    self.assertIn(text, ran.err)
        self.write("assent.yaml", self.read("assent.yaml").replace(", url: \"http://nobody.invalid/v1\"", ""))
        self.assertIn("url: http://127.0.0.1:8000/v1", self.run_assent("annotate", code=2).err)

    def test_a_picture_that_it_does_not_take(self):
        large = json.dumps({"error": {"message": "image too large"}}).encode()
        chat = self.chat()
        names = self.project(chat.url, 12, more=", concurrency: 2")
        bad = []

        def trouble(n, request):
            data = request["messages"][-1]["content"][0]["image_url"]["url"]
            if n == 7:
                bad.append(data)
            return (400, {}, large) if data in bad else None

        chat.trouble = trouble
        ran = self.run_assent("annotate", code=3)
        self.assertIn("image too large", ran.err)
        failed = [n for (n, _), r in self.rows().items() if r.get("reason") == "error"]
        self.assertEqual(len(set(failed)), 1)  # what it answered of that picture before stays
        self.assertEqual(sum(r["value"] is not None for r in self.rows().values()), 48 - len(failed))
        chat.trouble = lambda n, request: None
        self.run_assent("annotate", "-q", "--retry-errors")
        self.whole(names)

    def test_a_server_that_goes_and_comes_back(self):
        chat = self.chat()
        names = self.project(chat.url, 40, more=", concurrency: 4")

        def slow(question, picture):
            time.sleep(0.01)
            return sure(question, picture)

        chat.answer = slow
        run = subprocess.Popen([ASSENT, "annotate"], cwd=self.dir, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        while chat.n < 40:
            time.sleep(0.01)
        run.kill()
        run.communicate()
        self.run_assent("annotate", "-q")
        self.whole(names)

    def test_ctrl_c_keeps_what_was_paid_for(self):
        def slow(question, picture):
            time.sleep(0.05)
            return sure(question, picture)

        chat = self.chat(slow)
        names = self.project(chat.url, 40, more=", concurrency: 8")
        run = subprocess.Popen([ASSENT, "annotate", "--json"], cwd=self.dir, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
        while chat.n < 60:
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=30)
        self.assertEqual(run.returncode, 130)
        first = json.loads(out)
        self.assertEqual(chat.n % 4, 0)  # every picture that was begun was finished
        self.assertEqual(first["images"], chat.n // 4)
        self.run_assent("annotate", "-q")
        self.assertEqual(chat.n, 160)
        self.whole(names)

    def test_concurrency_grows(self):
        def slow(question, picture):
            time.sleep(0.05)
            return sure(question, picture)

        chat = self.chat(slow)
        self.project(chat.url, 60)
        begin = time.monotonic()
        self.run_assent("annotate", "-q")
        self.assertGreater(chat.most, 8)
        self.assertLess(time.monotonic() - begin, 240 * 0.05)  # one after the other would take 12 s


if __name__ == "__main__":
    main()
