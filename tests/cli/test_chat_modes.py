#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What chat completions can carry: extra fields and headers, all questions in one request, exact probabilities."""
import json
import math
import os
import sqlite3
import struct

from harness import main
from test_server import QUESTIONS, Server as Base, sure

HAT = "  - {name: Hat, text: Is there a hat?}\n"


class Modes(Base):
    """What it needs of a server's tests, without those themselves."""

    def fresh(self):
        if os.path.exists(self.path("assent.db")):
            os.remove(self.path("assent.db"))

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

    def test_a_number_that_is_too_big_loses_no_label(self):
        self.check([{**said("Yes", [YES]), "created": 10**30}], ["yes"], [0.8333])

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


LABELS = {"Hat": "yes", "Hair": "blond", "Wears:scarf": "no", "Wears:tie": "yes"}
SINGLY = ["Is there a hat?", "Which hair?\nA. black\nB. blond\nC. brown", "Is there a scarf?", "Is there a tie?"]


class Together(Modes):
    def ask(self, text, questions=QUESTIONS, pictures=1, more="", finish="stop", **run):
        """Annotates with a server that answers all questions by `text`, and one alone by yes or B."""
        self.alone = []

        def trouble(n, request):
            if "response_format" in request:
                return 200, {}, json.dumps(said(text(request) if callable(text) else text, None, finish)).encode()
            self.alone.append(request["messages"][-1]["content"][1]["text"])
            self.assertNotIn("logprobs", request)
            return 200, {}, json.dumps(said("B" if "\nA. " in self.alone[-1] else "Yes", [YES])).encode()

        chat = self.chat(trouble=trouble)
        self.names = self.project(chat.url, pictures, questions, ", mode: together" + more)
        self.ran = self.run_assent("annotate", "--json", **run)
        return chat

    def labels(self):
        rows = self.rows()
        for row in rows.values():
            self.assertIsNone(row.get("options"))  # nothing is made up
        return {q: row["value"] or row["reason"] for (n, q), row in rows.items() if n == self.names[0]}

    def test_one_request_a_picture(self):
        chat = self.ask('{"q1": "yes", "q2": "blond", "q3": "no", "q4": "yes"}', pictures=6)
        self.assertEqual((chat.n, self.alone), (6, []))
        self.assertEqual(self.ran.json["labels"], 24)
        self.assertEqual(self.labels(), LABELS)
        body = chat.bodies[0]
        schema = body["response_format"]["json_schema"]
        yesno = {"type": "string", "enum": ["no", "yes"]}
        self.assertEqual((body["response_format"]["type"], schema["strict"], schema["schema"]),
                         ("json_schema", True, {
                             "type": "object", "additionalProperties": False, "required": ["q1", "q2", "q3", "q4"],
                             "properties": {"q1": yesno, "q2": {"type": "string", "enum": ["black", "blond", "brown"]},
                                            "q3": yesno, "q4": yesno}}))
        image, text = body["messages"][-1]["content"]
        self.assertEqual(image["type"], "image_url")
        self.assertTrue(text["text"].endswith('q1: Is there a hat? ("no", "yes")\nq2: Which hair? ("black", "blond", "brown")\n'
                                              'q3: Is there a scarf? ("no", "yes")\nq4: Is there a tie? ("no", "yes")'), text)
        self.assertNotIn("logprobs", body)
        self.assertTrue(100 < body["max_tokens"] < 200)
        self.assertIn("all that was asked for", self.run_assent("annotate").out)

    def test_a_fence_and_a_thought(self):
        self.ask('<think>{"q1": "no"}</think>\n\n```json\n{"q1": "Yes", "q2": "BLOND", "q3": "no", "q4": "yes"}\n```\n')
        self.assertEqual((self.labels(), self.alone), (LABELS, []))

    def test_entries_that_are_none_are_asked_again_alone(self):
        self.ask('{"q1": "perhaps", "q2": "blond", "q3": ["no"], "q5": "yes"}')
        self.assertEqual(sorted(self.alone), sorted([SINGLY[0], SINGLY[2], SINGLY[3]]))
        self.assertEqual(self.labels(), {**LABELS, "Wears:scarf": "yes"})

    def test_what_is_no_json_is_asked_again_alone(self):
        for text, finish in (("Yes, blond, no, yes", "stop"), ('{"q1": "yes", "q2": "bl', "length"), (None, "stop"), ("", "stop"),
                             ('{"q1": "yes", "q1": "no", "q2": "blond", "q3": "no", "q4": "no"}', "stop"), ('["yes"]', "stop"),
                             ("```", "stop"), ("``````", "stop"), ("B", "stop")):
            with self.subTest(text=text):
                self.fresh()
                chat = self.ask(text, finish=finish)
                self.assertEqual((chat.n, sorted(self.alone)), (5, sorted(SINGLY)))
                self.assertEqual(self.labels(), {**LABELS, "Wears:scarf": "yes"})

    def test_more_questions_than_a_request_may_have(self):
        sizes = []

        def text(request):
            keys = request["response_format"]["json_schema"]["schema"]["required"]
            sizes.append(len(keys))
            return json.dumps({key: "no" for key in keys[:-1]})  # one is missing in each

        chat = self.ask(text, "".join(f"  - {{name: Q{i}, text: Is it {i}?}}\n" for i in range(250)), pictures=3)
        self.assertEqual(sorted(sizes), [50] * 3 + [100] * 6)
        self.assertEqual((chat.n, sorted(set(self.alone))), (18, ["Is it 199?", "Is it 249?", "Is it 99?"]))
        self.assertEqual(sum(r["value"] == "no" for r in self.rows().values()), 3 * 247)
        self.assertEqual(sum(r["value"] == "yes" for r in self.rows().values()), 3 * 3)

    def test_none_of_many_is_an_answer(self):
        """More questions to ask again than there may be requests in flight."""
        chat = self.ask("{}", "".join(f"  - {{name: Q{i}, text: Is it {i}?}}\n" for i in range(100)), pictures=6)
        self.assertEqual((chat.n, self.ran.json["labels"]), (606, 600))

    def test_wordings_vote(self):
        self.ask('{"q1": "no", "q2": "no", "q3": "yes", "q4": "yes", "q5": "no"}',
                 "  - {name: A, text: [one, two, three]}\n  - {name: B, text: [four, five]}\n")
        self.assertEqual(self.labels(), {"A": "no", "B": "tied"})

    def test_a_refusal_is_one_of_all(self):
        chat = self.chat(trouble=lambda n, request: (200, {}, json.dumps(said(None, None, refusal="I cannot")).encode()))
        self.names = self.project(chat.url, 1, more=", mode: together")
        self.run_assent("annotate", "-q")
        self.assertEqual((set(self.labels().values()), chat.n), ({"refused"}, 1))

    def test_a_question_that_cannot_be_asked_alone_either(self):
        def trouble(n, request):
            if "response_format" in request:
                return 200, {}, json.dumps(said('{"q1": "yes", "q2": "blond", "q4": "no"}', None)).encode()
            return 400, {}, b'{"error": {"message": "too much"}}'

        chat = self.chat(trouble=trouble)
        self.names = self.project(chat.url, 2, more=", mode: together")
        self.assertIn("too much", self.run_assent("annotate", code=3).err)
        self.assertEqual(self.labels(), {**LABELS, "Wears:scarf": "error", "Wears:tie": "no"})
        chat.trouble = lambda n, request: (200, {}, json.dumps(said('{"q1": "no"}', None)).encode())
        self.run_assent("annotate", "-q", "--retry-errors")
        self.assertEqual(self.labels(), {**LABELS, "Wears:tie": "no"})

    def test_a_server_without_schemas(self):
        chat = self.chat(trouble=lambda n, request: (200, {}, json.dumps(said('{"q1": "no"}', None)).encode()))
        body = self.one(chat, ", mode: together, extra: {response_format: null, max_tokens: 900}")
        self.assertEqual((body.get("response_format"), body["max_tokens"]), (None, 900))

    def test_it_is_another_annotator(self):
        chat = self.chat()
        self.one(chat, ", mode: each")
        self.write("assent.yaml", self.read("assent.yaml").replace(", mode: each", ""))
        self.assertIn("all that was asked for", self.run_assent("annotate").out)
        self.write("assent.yaml", self.read("assent.yaml").replace("kind: model", "mode: together, kind: model"))
        self.fails("annotate", says=["the model of 'qwen' is not the one", "mode was none, is together"])

    def test_modes_that_there_are_not(self):
        for more, says in ((", mode: all", ["no mode 'all'", "or mode: together"]),
                           (", probabilities: some", ["no mode 'each' with probabilities 'some'"]),
                           (", mode: together, probabilities: exact", ["no mode 'together' with probabilities 'exact'"]),
                           (", mode: together, protocol: decisions", ["chat's, and nothing to decisions"])):
            with self.subTest(more=more):
                self.project("http://127.0.0.1:9/v1", 1, HAT, more)
                self.fails("annotate", code=2, says=says)


class Exact(Modes):
    """A server as vLLM 0.33: /tokenize beside /v1, and log-probabilities of the tokens that are asked for."""
    SHARES = {"Yes": 0.2, " Yes": 0.1, "yes": 0.0625, "No": 0.25, " no": 0.125, "A": 0.125, "B": 0.5, " B": 0.25, "C": 0.0625}

    def vllm(self, split=(), sampled="Well", knows=True, **more):
        """Forms in `split` are several tokens. knows: it has the field; else it gives the likeliest."""
        self.words = {}  # a form: its number

        def tokenize(request):
            self.assertEqual((request["model"], request["add_special_tokens"]), ("Qwen3-VL", False))
            form = request["prompt"]
            tokens = [5, 6] if form in split else [self.words.setdefault(form, 100 + len(self.words))]
            return 200, {}, json.dumps({"count": len(tokens), "max_model_len": 9, "tokens": tokens, "token_strs": None}).encode()

        def answer(n, request):
            self.assertIs(request["logprobs"], True)
            self.assertNotIn("top_logprobs", request)
            names = {number: form for form, number in self.words.items()}
            asked = [names[number] for number in request["logprob_token_ids"]] if knows else ["Yes", "No", "the", "a"]
            self.assertEqual(len(asked), len(set(asked)))
            self.forms.append(set(asked))
            # what is below -9999 is -9999
            top = [{"token": t, "logprob": math.log(p) if p else -9999.0}
                   for t, p in [(sampled, 0.3)] + [(t, self.SHARES.get(t, 0)) for t in asked if t != sampled]]
            return 200, {}, json.dumps({"choices": [{"message": {"content": sampled, "reasoning": None}, "finish_reason": "length",
                                                     "logprobs": {"content": [{**top[0], "top_logprobs": top}]}}]}).encode()

        self.forms = []
        chat = self.chat(trouble=answer, **more)
        chat.others["/tokenize"] = tokenize
        return chat

    def test_mass_and_probabilities_of_all_forms(self):
        chat = self.vllm(split=[" YES", "c"])
        names = self.project(chat.url, 3, more=", probabilities: exact")
        self.run_assent("annotate", "-q")
        self.assertEqual(chat.n, 18 + 12)  # the forms once a run
        row = self.rows()[names[0], "Hat"]
        self.assertAlmostEqual(row["options"]["yes"], 0.3625 / 0.7375, 6)
        hair = self.rows()[names[0], "Hair"]["options"]
        self.assertAlmostEqual(hair["blond"], 0.75 / 0.9375, 6)
        self.assertIn({"Yes", " Yes", "yes", " yes", "YES", "No", " No", "no", " no", "NO", " NO"}, self.forms)
        self.assertIn({"A", " A", "B", " B", "C", " C"}, self.forms)
        db = sqlite3.connect(self.path("assent.db"))
        self.addCleanup(db.close)
        masses = {round(m, 6) for blob, in db.execute("SELECT mass FROM answers") for m in struct.unpack("<4f", blob)}
        self.assertEqual(masses, {0.7375, 0.9375})

    def test_of_the_token_that_was_chosen_too(self):
        chat = self.vllm(sampled="Yes")
        names = self.project(chat.url, 1, HAT, ", probabilities: exact")
        self.run_assent("annotate", "-q")
        self.assertAlmostEqual(self.rows()[names[0], "Hat"]["options"]["yes"], (0.3 + 0.1625) / (0.3 + 0.1625 + 0.375), 6)

    def test_a_server_that_ignores_the_field_is_refused(self):
        chat = self.vllm(knows=False)
        self.project(chat.url, 2, HAT, ", probabilities: exact")
        self.fails("annotate", says=["does not give the log-probabilities of the tokens that were asked for", "vLLM", chat.url])
        labels = self.chat(logprobs=False)
        labels.others = chat.others
        self.fresh()
        self.project(labels.url, 2, HAT, ", probabilities: exact")
        self.fails("annotate", says=["does not give the log-probabilities"])

    def test_a_server_without_tokenize_is_refused(self):
        for answer, says in (((404, {}, b'{"detail": "Not Found"}'), ["answers 404", "Not Found", "/tokenize"]),
                             ((200, {}, b"{}"), ["these are no tokens"]), ((200, {}, b"<html>"), ["the tokens"])):
            with self.subTest(says=says):
                chat = self.chat()
                chat.others["/tokenize"] = lambda request: answer
                self.fresh()
                self.project(chat.url, 1, HAT, ", probabilities: exact")
                ran = self.fails("annotate", says=says)
                self.assertNotIn("/v1/tokenize", ran.err)
                self.assertEqual(chat.n, 1)

    def test_asking_for_tokens_counts(self):
        chat = self.vllm()
        self.project(chat.url, 2, HAT, ", probabilities: exact")
        ran = self.run_assent("annotate", "--max-requests", "11", code=2)
        self.assertIn("more than 12", ran.err)
        self.assertEqual(chat.n, 0)
        ran = self.run_assent("annotate", "--max-requests", "12", code=3)
        self.assertEqual(chat.n, 0)
        ran = self.run_assent("annotate", "--max-requests", "13", code=3)
        self.assertEqual((chat.n, len(self.words)), (13, 12))
        self.assertIn("13 requests", ran.out)
        self.run_assent("annotate", "-q")
        self.assertEqual(chat.n, 26)

    def test_asking_for_tokens_again(self):
        chat = self.vllm()
        tokenize, troubles = chat.others["/tokenize"], [(429, {"Retry-After": "0"}, b"busy"), (503, {"Retry-After": "0"}, b""), (500, {}, b"")]
        chat.others["/tokenize"] = lambda request: troubles.pop() if troubles else tokenize(request)
        self.project(chat.url, 1, HAT, ", probabilities: exact")
        self.run_assent("annotate", "-q")
        self.assertEqual(chat.n, 3 + 12 + 1)
        for status, says in ((401, ["the key is not accepted", "api_key_env"]), (404, ["vLLM's /tokenize"])):
            self.fresh()
            chat.others["/tokenize"] = lambda request: (status, {}, b"no")
            self.fails("annotate", says=says)

    def test_an_answer_that_is_no_single_token(self):
        chat = self.vllm(split=["B", " B"])
        self.project(chat.url, 1, more=", probabilities: exact")
        self.run_assent("annotate", code=(1, 2))
        self.assertIn("'B' is no single token of this model", self.run_assent("annotate", code=(1, 2)).err)

    def test_the_record_says_what_masses_are(self):
        for more, mass in (("", "at least"), (", probabilities: exact", "exact"), (", mode: together", "none")):
            self.fresh()
            chat = self.vllm() if "exact" in more else self.chat()
            self.one(chat, more)
            db = sqlite3.connect(self.path("assent.db"))
            settings = json.loads(db.execute("SELECT settings FROM run").fetchone()[0])
            db.close()
            self.assertEqual(settings["mass"], mass)
            self.assertEqual((settings.get("mode"), settings.get("probabilities")),
                             {"": (None, None), "exact": ("each", "exact"), "none": ("together", "none")}[mass if more else ""])


class LittleMass(Modes):
    def test_a_lower_bound_is_called_one(self):
        chat = self.chat(lambda question, picture: {"The": 0.7, "Yes": 0.2, "No": 0.05})
        self.project(chat.url, 2, HAT)
        ran = self.run_assent("annotate")
        self.assertIn("on 2 images at least 0.250 of the probability fell on valid answers", ran.out + ran.err)
        (said,) = self.json("report")["unanswered"]
        self.assertEqual((round(said["mass"], 4), said["mass_is"]), (0.25, "at least"))


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
