#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ways of asking a model that writes: what it is told, in which order, and what comes of its answers."""
import json
import sqlite3

from fake_chat import Talk
from harness import main
from test_server import LETTERS, QUESTIONS, Server

HAT = "  - {name: Hat, text: Is there a hat?}\n"
HAIR = "  - {name: Hair, kind: choice, options: [black, blond, brown], text: Which hair?}\n"


class Ways(Server):
    def talk(self, answer, way, pictures=1, questions=HAT, more="", **chat_more):
        chat = Talk(answer, **chat_more)
        self.addCleanup(chat.stop)
        return chat, self.project(chat.url, pictures, questions, f", way: {way}{more}")

    def details(self):
        """By picture, what is kept beside its answers."""
        db = sqlite3.connect(self.path("assent.db"))
        try:
            return {k: json.loads(d) if d else None for k, d in
                    db.execute("SELECT key, detail FROM answers JOIN image ON image.id = image")}
        finally:
            db.close()

    def settings(self):
        db = sqlite3.connect(self.path("assent.db"))
        try:
            return json.loads(db.execute("SELECT settings FROM run ORDER BY id DESC LIMIT 1").fetchone()[0])
        finally:
            db.close()


class Described(Ways):
    def answer(self, talk, request):
        if talk[-1][1].startswith("Describe"):
            return "<think>hm</think>A man with a hat. " + "\U0001f3a9" * 1000
        return {"B": 0.6, "A": 0.3} if talk[-1][1] == LETTERS else {"Yes": 0.8, "No": 0.1}

    def test_a_description_then_the_questions(self):
        chat, names = self.talk(self.answer, "describe", 5, QUESTIONS, ", concurrency: 8, system: Be brief.")
        ran = self.run_assent("annotate", "--json").json
        self.assertEqual((ran["images"], ran["labels"], ran["usage"]["requests"]), (5, 20, 25))
        first = [t for t in chat.talks if len(t) == 2]
        self.assertEqual(len(first), 5)
        for talk in first:
            self.assertEqual([r for r, _, _ in talk], ["system", "user"])
            self.assertIsNotNone(talk[-1][2])
        for talk in (t for t in chat.talks if len(t) != 2):
            self.assertEqual([r for r, _, _ in talk], ["system", "user", "assistant", "user"])
            self.assertIn(talk[1], [t[1] for t in first])  # the same words and picture: a prefix that is cached
            self.assertTrue(talk[2][1].startswith("A man with a hat. \U0001f3a9"))
            self.assertIsNone(talk[3][2])
        self.assertEqual(sorted({t[-1][1] for t in chat.talks if len(t) != 2}),
                         ["Is there a hat?", "Is there a scarf?", "Is there a tie?", LETTERS])
        self.assertAlmostEqual(self.rows()[names[0], "Hat"]["options"]["yes"], 0.8 / 0.9, 6)
        for detail in self.details().values():
            self.assertTrue(detail[":description"].startswith("A man with a hat. \U0001f3a9"))
            self.assertTrue(detail[":description"].endswith("..."))
            self.assertLess(len(detail[":description"].encode()), 2001)

    def test_what_is_sent_and_what_it_is(self):
        sent = []
        chat, _ = self.talk(lambda talk, request: sent.append(request) or self.answer(talk, request), "describe", 1, HAT,
                            ', describe: "Describe the head.", describe_tokens: 77')
        self.run_assent("annotate", "-q")
        self.assertEqual(chat.talks[0][0][1], "Describe the head.")
        self.assertEqual([(r["max_tokens"], "logprobs" in r) for r in sent], [(77, False), (16, True)])
        self.assertEqual(self.settings()["way"],
                         {"name": "describe", "describe": "Describe the head.", "describe_tokens": 77})
        self.write("assent.yaml", self.read("assent.yaml").replace("the head", "a head"))
        self.fails("annotate", says=["the model of 'qwen' is not the one", "way"])
        self.write("assent.yaml", self.read("assent.yaml").replace('way: describe, describe: "Describe a head.", describe_tokens: 77',
                                                                   "way: verify"))
        self.fails("annotate", says=["the model of 'qwen' is not the one", "way"])

    def test_pictures_that_are_not_described(self):
        bad = json.dumps({"error": {"message": "too dark"}}).encode()

        chat, names = self.talk(self.answer, "describe", 6, QUESTIONS, ", concurrency: 1")
        seen = []

        def dark(n, request):
            """The third picture that comes is not taken."""
            picture = request["messages"][0]["content"][0]["image_url"]["url"]
            if picture not in seen:
                seen.append(picture)
            return (400, {}, bad) if seen.index(picture) == 2 else None

        chat.trouble = dark
        ran = self.run_assent("annotate", "--json", code=3)
        self.assertIn("too dark", ran.err)
        self.assertEqual(ran.json["errors"], 1)
        failed = {n for (n, _), r in self.rows().items() if r.get("reason") == "error"}
        self.assertEqual(len(failed), 1)
        self.assertEqual(sum(r["value"] is not None for r in self.rows().values()), 20)
        chat.trouble = lambda n, request: None
        before = chat.n
        self.run_assent("annotate", "-q", "--retry-errors")
        self.assertEqual(chat.n - before, 5)
        self.assertEqual({r.get("reason") for r in self.rows().values()}, {None})

    def test_a_model_that_will_not_describe(self):
        refusal = json.dumps({"choices": [{"message": {"content": None, "refusal": "no"}, "finish_reason": "stop"}]}).encode()
        chat, _ = self.talk(self.answer, "describe", 2, QUESTIONS, trouble=lambda n, request: (200, {}, refusal))
        self.run_assent("annotate", "-q")
        self.assertEqual({r["reason"] for r in self.rows().values()}, {"refused"})
        self.assertEqual(chat.n, 2)

    def test_an_empty_description_is_none(self):
        self.talk(lambda talk, request: "  ", "describe")
        self.assertIn("a larger describe_tokens", self.run_assent("annotate", code=1).err)


class Counted(Ways):
    def test_limits_count_every_stage(self):
        """A picture is begun where all of its requests fit."""
        for way, per_picture in (("describe", 3), ("verify", 4), ("reason", 2)):
            with self.subTest(way=way):
                chat, names = self.talk(lambda talk, request: "yes", way, 6, HAT + HAIR)
                most = 3 * per_picture + 1
                ran = self.run_assent("annotate", "--json", "--as", way, "--max-requests", str(most), code=3).json
                self.assertEqual((ran["images"], chat.n), (3, 3 * per_picture))

    def test_refusals_owe_no_more(self):
        refusal = json.dumps({"choices": [{"message": {"content": None, "refusal": "no"}, "finish_reason": "stop"}]}).encode()
        for way, most in (("describe", 8), ("verify", 9)):
            with self.subTest(way=way):
                chat, _ = self.talk(None, way, 6, HAT + HAIR, trouble=lambda n, request: (200, {}, refusal))
                ran = self.run_assent("annotate", "--json", "--as", way, "--max-requests", str(most), code=(0, 3)).json
                self.assertEqual(chat.n, 6 if way == "describe" else 2 * ran["images"])
                self.assertGreaterEqual(ran["images"], 3)


class Replayed(Ways):
    def test_every_stage_is_gone_through_again(self):
        for way in ("describe", "reason", "verify"):
            with self.subTest(way=way):
                chat, names = self.talk(lambda talk, request: "Hm\nyes", way, 4, HAT + HAIR)
                self.run_assent("annotate", "-q", "--as", f"{way} one", "--record", f"{way}.jsonl")
                chat.stop()
                self.run_assent("annotate", "-q", "--as", f"{way} two", "--replay", f"{way}.jsonl")
                self.assertEqual(self.rows(f"{way} two"), self.rows(f"{way} one"))
                self.assertEqual(len(self.rows(f"{way} two")), 8)


class Reasoned(Ways):
    def test_the_last_line_is_the_answer(self):
        said = iter(["There is a brim.\n\n**Yes**\n", "No hat.\nno", "Yes", "I see\nAnswer: yes, a hat", "Yes\nor no?",
                     ("It may be that", "length"), ("Yes", "length"), "<think>no\n</think>yes"])
        chat, names = self.talk(lambda talk, request: next(said), "reason", 8, HAT, ", concurrency: 1", logprobs=False)
        self.run_assent("annotate", "-q")
        rows, details = self.rows(), self.details()
        self.assertEqual([rows[n, "Hat"]["value"] for n in names], ["yes", "no", "yes", None, None, None, None, "yes"])
        self.assertEqual([rows[n, "Hat"].get("reason") for n in names[3:7]], ["unparseable"] * 4)
        self.assertTrue(all(r.get("options") is None for r in rows.values()))
        self.assertEqual(details[names[0]], {":thoughts": {"Hat": "There is a brim."}})
        self.assertIsNone(details[names[2]])
        self.assertEqual(details[names[3]], {":thoughts": {"Hat": "I see"}, "Hat": "Answer: yes, a hat"})
        self.assertIn("a larger max_tokens", details[names[5]]["Hat"])
        self.assertEqual(details[names[5]][":thoughts"], {"Hat": "It may be that"})
        self.assertTrue(chat.talks[0][0][1].startswith("Is there a hat?\nThink step by step, then answer with yes or no"))
        self.assertIn("It may be that", self.run_assent("report", "--json").out + json.dumps(details))

    def test_the_probability_is_the_last_lines(self):
        def answer(talk, request):
            self.assertEqual(request["max_tokens"], 512)
            if "letter" in talk[-1][1]:
                return [("No", {"No": 1.0}), (" yes\n", {" yes\n": 1.0}), ("**", {"**": 0.9, "B": 0.1}),
                        ("C", {"C": 0.5, "B": 0.25, "A": 0.15}), ("**", {"**": 1.0}), ("<|im_end|>", {"<|im_end|>": 1.0})]
            return [("Yes", {"Yes": 0.99, "No": 0.01}), (" or", {" or": 1.0}), (" no", {" no": 1.0}), ("\n", {"\n": 1.0}),
                    (" no", {" no": 0.7, "No": 0.1, "Yes": 0.15, "Maybe": 0.05}), (".", {".": 1.0}), ("</s>", {"</s>": 1.0})]

        _, names = self.talk(answer, "reason", 2, HAT + HAIR)
        self.run_assent("annotate", "-q")
        rows = self.rows()
        for name in names:
            self.assertAlmostEqual(rows[name, "Hat"]["options"]["yes"], 0.15 / 0.95, 6)
            self.assertEqual((rows[name, "Hat"]["value"], rows[name, "Hair"]["value"]), ("no", "brown"))
            self.assertAlmostEqual(rows[name, "Hair"]["options"]["brown"], 0.5 / 0.9, 6)
            self.assertEqual(self.details()[name], {":thoughts": {"Hat": "Yes or no", "Hair": "No yes"}})

    def test_an_answer_in_words_has_no_probability(self):
        _, names = self.talk(lambda talk, request: [("blond", {"blond": 0.6, "B": 0.4})], "reason", 1, HAIR)
        self.run_assent("annotate", "-q")
        self.assertEqual((self.rows()[names[0], "Hair"]["value"], self.rows()[names[0], "Hair"].get("options")),
                         ("blond", None))

    def test_several_wordings_keep_a_thought_each(self):
        _, names = self.talk(lambda talk, request: f"of {talk[-1][1].split()[0]}\nyes", "reason", 1,
                             "  - {name: A, text: [one, two, three]}\n", logprobs=False)
        self.run_assent("annotate", "-q")
        self.assertEqual(self.details()[names[0]][":thoughts"], {"A": ["of one", "of two", "of three"]})


class Verified(Ways):
    def test_the_second_answer_counts(self):
        def answer(talk, request):
            again = len(talk) > 1
            if again:
                self.assertTrue(talk[-1][1].startswith("Are you sure?"))
                self.assertIsNone(talk[-1][2])
                self.assertIsNotNone(talk[0][2])
            if talk[0][1] == LETTERS:
                return {"C": 0.7, "B": 0.2} if again else {"B": 0.8, "A": 0.1}
            if talk[0][1] == "Is there a tie?":
                return "no" if again else "Well, a tie"
            return {"Yes": 0.3, "No": 0.6} if again else {"Yes": 0.9, "No": 0.1}

        chat, names = self.talk(answer, "verify", 3, QUESTIONS, ", concurrency: 4")
        ran = self.run_assent("annotate", "--json").json
        self.assertEqual((ran["labels"], ran["usage"]["requests"]), (12, 24))
        rows = self.rows()
        for name in names:
            self.assertEqual([rows[name, q]["value"] for q in ("Hat", "Hair", "Wears:tie")], ["no", "brown", "no"])
            self.assertAlmostEqual(rows[name, "Hat"]["options"]["yes"], 0.3 / 0.9, 6)
            self.assertEqual(self.details()[name], {":first": {"Hat": "yes", "Hair": "blond", "Wears:scarf": "yes",
                                                               "Wears:tie": "Well, a tie"}})
        self.assertEqual({t[1][1] for t in chat.talks if len(t) > 1 and t[0][1] == LETTERS}, {"B"})
        db = sqlite3.connect(self.path("assent.db"))  # as docs/serving.md says it
        self.assertEqual(set(db.execute("""SELECT detail ->> '$.":first".Hat' FROM answers""")), {("yes",)})
        db.close()

    def test_trouble_with_the_second_turn_is_the_questions(self):
        bad = json.dumps({"error": {"message": "too long"}}).encode()
        chat, names = self.talk(lambda talk, request: {"Yes": 0.9, "No": 0.1}, "verify", 2, QUESTIONS,
                                trouble=lambda n, request: (400, {}, bad) if len(request["messages"]) > 1 and "Which hair"
                                in request["messages"][0]["content"][1]["text"] else None)
        self.assertIn("too long", self.run_assent("annotate", code=3).err)
        self.assertEqual({q for (_, q), r in self.rows().items() if r.get("reason") == "error"}, {"Hair"})
        chat.trouble = lambda n, request: (503, {}, bad) if n % 3 == 0 else None
        chat.answer = lambda talk, request: {"A": 0.9}
        self.run_assent("annotate", "-q", "--retry-errors")
        self.assertEqual({self.rows()[n, "Hair"]["value"] for n in names}, {"black"})

    def test_a_refusal_is_the_last_word(self):
        refusal = json.dumps({"choices": [{"message": {"content": None, "refusal": "no"}, "finish_reason": "stop"}]}).encode()
        chat, names = self.talk(None, "verify", 1, HAT, trouble=lambda n, request: (200, {}, refusal))
        self.run_assent("annotate", "-q")
        self.assertEqual((chat.n, self.rows()[names[0], "Hat"]["reason"]), (1, "refused"))


class Shown(Ways):
    """Way examples: labels of a person, or a review's known answers."""

    def answer(self, talk, request):
        return {"B": 0.6, "A": 0.3} if talk[-1][1] == LETTERS else {"Yes": 0.8, "No": 0.1}

    def known(self, names):
        """What a person said: Hat is rare, Hair black or blond."""
        rows = [f"{n},{int(i % 4 == 0)},{'black' if i % 2 else 'blond'}\n" for i, n in enumerate(names)]
        self.write("known.csv", "image_id,Hat,Hair\n" + "".join(rows))
        return {n: row.strip().split(",")[1:] for n, row in zip(names, rows)}

    def ready(self, more=", examples_of: anna", pictures=12):
        chat, names = self.talk(self.answer, "examples", pictures, HAT + HAIR, more)
        self.run_assent("-q", "import", "--images", "images")
        known = self.known(names)
        self.run_assent("-q", "import", "known.csv", "--annotator", "anna")
        self.bytes = {}
        for n in names:
            with open(self.path(f"images/{n}"), "rb") as f:
                self.bytes[n] = f.read()
        return chat, names, known

    def test_each_question_behind_its_own_examples(self):
        chat, names, known = self.ready(", examples_of: anna, examples: 4")
        self.run_assent("annotate", "-q")
        self.assertEqual(chat.n, 24)
        prefixes = {}
        for talk in chat.talks:
            question, own = talk[-1][1], talk[-1][2]
            self.assertIn(question, ("Is there a hat?", LETTERS))
            self.assertEqual([r for r, _, _ in talk], ["user", "assistant"] * (len(talk) // 2) + ["user"])
            shown = [(t[2], a[1]) for t, a in zip(talk[:-1:2], talk[1::2])]
            self.assertEqual({t[1] for t in talk[:-1:2]}, {question})
            self.assertNotIn(own, [p for p, _ in shown])  # no picture is its own example
            prefixes.setdefault(question, set()).add(tuple(shown))
        for question, of in prefixes.items():
            whole = max(of, key=len)
            self.assertEqual(len(whole), 4)
            for shown in of:  # the same for all pictures, but for those that are examples
                self.assertTrue(set(shown) <= set(whole) and len(shown) in (3, 4))
            self.assertEqual(sum(len(shown) == 3 for shown in of), 4)
            answers = [a for _, a in whole]
            self.assertEqual(sorted(answers), ["No", "No", "Yes", "Yes"] if question != LETTERS else ["A", "A", "B", "B"])
        self.assertTrue(self.matches(max(prefixes["Is there a hat?"], key=len), known))

    def matches(self, shown, known):
        """Does each answer stand behind a picture of a person whom anna so labelled? Pictures leave without metadata, so
        that their pixels' bytes tell which they are."""
        for picture, answer in shown:
            fits = [known[n][0] for n, b in self.bytes.items() if picture[-200:] == b[-200:]]
            if fits != ["1" if answer == "Yes" else "0"]:
                return False
        return True

    def test_they_are_part_of_what_it_is(self):
        chat, names, _ = self.ready()
        self.run_assent("annotate", "-q", "--limit", "2")
        way = self.settings()["way"]
        self.assertEqual((way["name"], set(way["examples"])), ("examples", {"Hat", "Hair"}))
        self.assertEqual(sorted(label for _, label in way["examples"]["Hat"]), ["no", "no", "yes", "yes"])
        self.assertTrue(all(len(sha256) == 64 for sha256, _ in way["examples"]["Hair"]))
        self.assertEqual(self.json("plan")["images"], 10)
        self.run_assent("annotate", "-q", "--limit", "1")  # the same are drawn again
        self.assertEqual(self.settings()["way"], way)
        for change in (("examples_of: anna", "examples_of: anna, examples: 3"), ("examples: 3", "examples_seed: 5")):
            self.write("assent.yaml", self.read("assent.yaml").replace(*change))
            self.fails("annotate", says=["the model of 'qwen' is not the one", "examples.Hat changed"])

    def test_a_scarce_option_is_shown_as_often_as_it_is_known(self):
        chat, names, _ = self.ready(", examples_of: anna, examples: 8")
        self.run_assent("annotate", "-q", "--limit", "6")
        counts = {tuple(sorted(a[1] for a in t[1::2])) for t in chat.talks if t[-1][1] == "Is there a hat?" and len(t) == 17}
        self.assertEqual(counts, {("No",) * 5 + ("Yes",) * 3})

    def test_a_recording_has_no_pictures_and_answers_again(self):
        chat, names, _ = self.ready()
        self.run_assent("annotate", "-q", "--record", "run.jsonl")
        before, first = self.rows(), chat.n
        recorded = self.read("run.jsonl")
        self.assertLess(len(recorded), 24 * 3000)
        self.assertIn("base64,sha256:", recorded)
        chat.stop()
        self.run_assent("annotate", "-q", "--as", "again", "--replay", "run.jsonl")
        self.assertEqual((self.rows("again"), chat.n), (before, first))

    def test_a_reviews_known_answers(self):
        chat, names, _ = self.ready("")
        self.assertIn("assent review --gold", self.run_assent("annotate", code=2).err)
        self.serve("--reviewer", "bob", "--gold", "known.csv", "--no-disputes").stop()
        self.run_assent("annotate", "-q")
        self.assertEqual(len(self.settings()["way"]["examples"]["Hat"]), 4)

    def test_questions_without_an_example(self):
        chat, names, _ = self.ready()
        self.write("assent.yaml", self.read("assent.yaml").replace("questions:\n", "questions:\n  - {name: Scarf, text: A scarf?}\n"))
        for command in ("annotate", "plan"):
            err = self.run_assent(command, code=2).err
            self.assertIn("the question 'Scarf' has no example", err)
            self.assertIn("'anna' has no label of it", err)
        self.write("assent.yaml", self.read("assent.yaml").replace("examples_of: anna", "examples_of: ann"))
        self.assertIn("anna", self.run_assent("annotate", code=2).err)
        self.assertEqual(chat.n, 0)


class Refused(Ways):
    def test_what_cannot_be(self):
        for more, says in (("way: guess", "describe, reason, verify or examples"), ("way: reason, protocol: systemone", "needs protocol: chat"),
                           ("way: verify, mode: together", "mode: each"),
                           ("describe: x", "is for way: describe"), ("way: verify, describe_tokens: 9", "is for way: describe"),
                           ("examples: 3", "is for way: examples"), ("way: reason, examples_of: x", "is for way: examples")):
            with self.subTest(more=more):
                self.project("http://127.0.0.1:9/v1", more=f", {more}")
                ran = self.run_assent("annotate", code=2)
                self.assertIn(says, ran.err)
                self.assertIn("assent.yaml:", ran.err)

    def test_numbers_of_examples(self):
        for n in (0, 33, "many"):
            self.project("http://127.0.0.1:9/v1", more=f", way: examples, examples: {n}")
            self.assertIn("assent.yaml:", self.run_assent("annotate", code=1).err)

    def test_the_engine_has_no_ways(self):
        self.project("http://127.0.0.1:9/v1", more=", way: reason")
        self.write("assent.yaml", self.read("assent.yaml").replace("engine: http", "engine: vlm"))
        self.assertIn("it has no way: reason", self.run_assent("annotate", code=2).err)


if __name__ == "__main__":
    main()
