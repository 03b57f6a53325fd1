#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What chat completions can carry: extra fields and headers, all questions in one request, exact probabilities."""
import json
import math
import os

from harness import main
from test_server import QUESTIONS, Server as Base, sure

HAT = "  - {name: Hat, text: Is there a hat?}\n"


class Modes(Base):
    """What it needs of a server's tests, without those themselves."""

    def one(self, chat, more, questions=HAT, pictures=1, **run):
        """A project with one question on one picture, annotated; the first request's body."""
        self.project(chat.url, pictures, questions, more)
        self.run_assent("annotate", "-q", **run)
        return chat.bodies[0]


def place(token, **top):
    """A token of an answer, with what it might have been: token=probability."""
    top = {key.replace("_", " "): value for key, value in (top or {token: 0.9}).items()}
    return {"token": token, "logprob": -0.1, "top_logprobs": [{"token": t, "logprob": p and math.log(p)} for t, p in top.items()]}


def said(content, tokens, finish="stop", **more):
    return {"choices": [{"message": {"role": "assistant", "content": content, **more}, "finish_reason": finish,
                         "logprobs": {"content": tokens} if tokens else None}]}


YES = place("Yes", Yes=0.75, No=0.15)


class Thoughts(Modes):
    """Models that think, and servers that say less than was asked."""

    def check(self, answers, values, shares):
        bodies = iter(answers)
        chat = self.chat(trouble=lambda n, request: (200, {}, json.dumps(next(bodies)).encode()))
        names = self.project(chat.url, len(answers), HAT, ", concurrency: 1")
        self.run_assent("annotate", "-q")
        rows = self.rows()
        self.assertEqual([rows[n, "Hat"]["value"] or rows[n, "Hat"]["reason"] for n in names], values)
        self.assertEqual([round(rows[n, "Hat"]["options"]["yes"], 4) if rows[n, "Hat"].get("options") else None for n in names], shares)

    def test_the_answer_s_first_token_is_behind_the_thought(self):
        thought = [place("<think>"), place("No"), place(", wait"), place("</think>"), place("\n\n")]
        cut = [place("<"), place("/thi"), place("nk>"), YES]  # of several tokens
        self.check([said("<think>No, wait</think>\n\nYes", thought + [YES]),
                    said("Yes", thought + [YES], reasoning="No, wait"),
                    said("Yes", thought + [YES], reasoning_content="No, wait"),
                    said("</think>Yes", cut),
                    said("No, wait[/THINK]Yes", [place("No", No=0.9, Yes=0.1), place("[/THINK]"), YES, place("<|im_end|>")])],
                   ["yes"] * 5, [round(0.75 / 0.9, 4)] * 5)

    def test_a_thought_beside_whose_tokens_do_not_end_gives_a_label_alone(self):
        no = place("No", No=0.9, Yes=0.05)
        self.check([said("Yes", [no], reasoning="No, wait"), said("Yes", [no], reasoning_content="No, wait"),
                    said("Yes", [YES], reasoning_content=""), said("Yes", [YES], reasoning=None)],
                   ["yes"] * 4, [None, None] + [round(0.75 / 0.9, 4)] * 2)

    def test_a_thought_that_does_not_end_is_no_answer(self):
        no = place("No", No=0.9, Yes=0.05)
        self.check([said(None, [no], "length", reasoning="No, wait"), said("", [no], "length", reasoning_content="No, wait"),
                    said("<think>\nNo", [place("<think>"), no], "length"), said("\n<think>No", [no], "length")],
                   ["unparseable"] * 4, [None] * 4)
        self.assertIn("larger max_tokens", self.json_details())

    def test_log_probabilities_of_some_answers_only(self):
        self.check([said("Yes", [YES]), said("Yes", []), said("no", [{"token": "no", "logprob": -0.1, "top_logprobs": []}]),
                    said("no", [{"token": "no", "logprob": -0.1}]), said("No", [place("No", No=0.9, Yes=None)]),
                    said("No", [place("No", No=0.9, the=None)])],
                   ["yes", "yes", "no", "no", "no", "no"], [round(0.75 / 0.9, 4), None, None, None, None, 0.0])


class Extra(Modes):
    def test_a_field_that_is_given_replaces_ours_and_null_takes_it_away(self):
        chat = self.chat()
        body = self.one(chat, ", extra: {chat_template_kwargs: {enable_thinking: false}, temperature: 0.5, top_logprobs: null, seed: 7,"
                              " stop: [\"1\", x], note: \"null\", guided: {}}")
        self.assertEqual({k: v for k, v in body.items() if k != "messages"},
                         {"model": "Qwen3-VL", "max_tokens": 16, "logprobs": True, "temperature": 0.5, "seed": 7, "stop": ["1", "x"],
                          "note": "null", "guided": {}, "chat_template_kwargs": {"enable_thinking": False}})

    def test_the_other_name_of_max_tokens(self):
        chat = self.chat()
        body = self.one(chat, ", extra: {max_completion_tokens: 4}, max_tokens: 9")
        self.assertEqual((body.get("max_tokens"), body["max_completion_tokens"]), (None, 4))

    def check_decision(self, protocol):
        chat = self.chat(path="/v1/" + protocol, trouble=lambda n, request: (400, {}, b"{}"))
        body = self.one(chat, f", protocol: {protocol}, extra: {{x_mode: fast, seed: null}}", code=(1, 2, 3))
        self.assertEqual(body["x_mode"], "fast")
        self.assertIn("questions", body)
        self.assertNotIn("seed", body)

    def test_of_systemone(self):
        self.check_decision("systemone")

    def test_of_decisions(self):
        self.check_decision("decisions")

    def test_what_it_may_not_say(self):
        chat = self.chat()
        for more, says in (("extra: {messages: []}", ["extra may not have the field messages", "assent.yaml"]),
                           ("extra: {model: other}", ["extra may not have the field model"]),
                           ("extra: {stream: true}", ["extra may not have the field stream", "read whole"]),
                           ("protocol: decisions, extra: {input: []}", ["extra may not have the field input"]),
                           ("extra: [1]", ["should be a mapping"]),
                           ("extra: {a: 1, a: 2}", ["'a' stands here twice"]),
                           ("extra: {a: yes}", ["may be a text or a truth"]),
                           ("extra: &x {a: *x}", ["holds too much"]),
                           ("extra: {a: " + "[" * 20 + "]" * 20 + "}", ["holds too much"])):
            with self.subTest(more=more):
                self.project(chat.url, 1, HAT, ", " + more)
                self.fails("annotate", code=(1, 2), says=says)
        self.assertEqual(chat.n, 0)

    def test_it_is_part_of_what_the_annotator_is(self):
        chat = self.chat()
        self.one(chat, ", extra: {seed: 1, top_k: 5}")
        self.write("assent.yaml", self.read("assent.yaml").replace("{seed: 1, top_k: 5}", "{top_k: 5, seed: 1}"))
        self.assertIn("all that was asked for", self.run_assent("annotate").out)
        self.write("assent.yaml", self.read("assent.yaml").replace("seed: 1", "seed: 2"))
        self.fails("annotate", says=["the model of 'qwen' is not the one", "extra.seed was 1, is 2"])


class Headers(Modes):
    def test_values_and_variables(self):
        chat = self.chat()
        os.environ["THE_TENANT"] = "tenant-SECRET-2"
        self.addCleanup(os.environ.pop, "THE_TENANT")
        self.one(chat, ", headers: {X-Project: faces and hats, api-key: {env: THE_TENANT}}")
        self.assertEqual((chat.headers[0]["X-Project"], chat.headers[0]["api-key"]), ("faces and hats", "tenant-SECRET-2"))
        with open(self.path("assent.db"), "rb") as file:
            self.assertNotIn(b"tenant-SECRET-2", file.read())

    def test_a_server_that_repeats_a_secret(self):
        os.environ["THE_TENANT"] = "tenant-SECRET-2"
        self.addCleanup(os.environ.pop, "THE_TENANT")
        chat = self.chat(trouble=lambda n, request: (403, {}, b'{"error": {"message": "not tenant-SECRET-2"}}'))
        self.project(chat.url, 1, HAT, ", headers: {api-key: {env: THE_TENANT}}")
        ran = self.run_assent("annotate", code=(1, 2))
        self.assertIn("not ***************", ran.err)
        self.assertNotIn("SECRET", ran.err)

    def test_what_they_may_not_be(self):
        chat = self.chat()
        for headers, says in (("{Authorization: Bearer x-SECRET}", ["set by the program", "api_key_env"]),
                              ("{content-type: text/plain}", ["set by the program"]),
                              ("{X-Api-Key: x-SECRET}", ["looks like a secret", "X-Api-Key: {env: VARIABLE}"]),
                              ("{X-A: \"one\\ntwo\"}", ["not usable as a header's value"]),
                              ("{\"X A\": b}", ["not usable as a header's name"]),
                              ("{X-A: b, x-a: c}", ["stands here twice"]),
                              ("{X-A: {env: NOT_THERE_AT_ALL}}", ["the variable NOT_THERE_AT_ALL holds no key"]),
                              ("{X-A: {env: x-SECRET}}", ["no variable's name"]),
                              ("{X-A: {file: b}}", ["no key here"]),
                              ("[X-A]", ["should be a mapping"])):
            with self.subTest(headers=headers):
                self.project(chat.url, 1, HAT, ", headers: " + headers)
                ran = self.fails("annotate", code=(1, 2), says=says)
                self.assertNotIn("SECRET", ran.err)
        self.assertEqual(chat.n, 0)


del Base
if __name__ == "__main__":
    main()
