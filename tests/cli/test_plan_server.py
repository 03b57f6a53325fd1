#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""plan with a model that a server runs: what its answers depend on, which protocols it has, what the looking took."""
import json
import sqlite3

from fake_chat import Chat
from harness import main
from test_server import Server, sure

YES_NO = "".join(f"  - {{name: Q{i}, text: Is it {i}?}}\n" for i in range(6))


class Decider(Chat):
    """Also /v1/decisions, where chance(text, place, n, time) is the probability of yes to the place-th of n questions,
    asked for the time-th time."""

    def __init__(self, chance, **more):
        super().__init__(sure, **more)
        self.chance, self.lists, self.times = chance, [], {}

    def one(self, n, handler, body):
        if handler.path != "/v1/decisions":
            return super().one(n, handler, body)
        request = json.loads(body)
        texts = [q["instructions"] for q in request["questions"]]
        with self.lock:
            self.lists.append(texts)
            answers = []
            for place, text in enumerate(texts):
                key = text, request["input"][-1]["content"][0]["image_url"]
                self.times[key] = self.times.get(key, 0) + 1
                answers.append({"type": "predicate", "probability": self.chance(text, place, len(texts), self.times[key])})
        return 200, {}, json.dumps({"answers": answers, "usage": {"input_tokens": 50}}).encode()


class Plan(Server):
    def decider(self, chance, pictures=6, **more):
        server = Decider(chance, **more)
        self.addCleanup(server.stop)
        self.project(server.url, pictures, YES_NO, ", protocol: decisions")
        return server

    def otherwise(self, plan):
        return {row["asked"]: row for row in plan["asked_otherwise"]}

    def test_answers_that_depend_on_nothing_do_not_move(self):
        server = self.decider(lambda text, *_: 0.9 if "3" in text else 0.2)
        plan = self.json("plan")
        asked = self.otherwise(plan)
        for what in ("asked again", "asked alone", "in another order"):
            row = asked[what]
            self.assertEqual((row["annotator"], row["images"], row["answers"], row["changed"], row["mean_move"],
                              row["largest_move"], row["works"], row["why"]), ("qwen", 5, 30, 0, 0, 0, True, None), what)
        self.assertEqual((asked["asked again"]["requests"], asked["asked alone"]["requests"]), (5, 30))
        self.assertIn(list(reversed([f"Is it {i}?" for i in range(6)])), server.lists)
        self.assertEqual(plan["usage"]["requests"], server.n)  # all of them, those of other protocols too
        self.assertEqual(plan["measured_images"], 4)
        self.assertEqual(self.json("status")["annotators"], [])  # the answers are forgotten

    def test_answers_that_depend_on_their_neighbours_are_said_to_in_plan_and_report(self):
        # the first of several is nearly always yes, as of a model that decides them jointly
        self.decider(lambda text, place, n, time: 0.8 if place == 0 and n > 1 else 0.4)
        asked = self.otherwise(self.json("plan"))
        alone, order = asked["asked alone"], asked["in another order"]
        self.assertEqual((asked["asked again"]["changed"], alone["answers"], alone["changed"]), (0, 30, 5))
        self.assertAlmostEqual(alone["share"], 5 / 30, 9)
        self.assertAlmostEqual(alone["mean_move"], 0.4 * 5 / 30, 6)
        self.assertAlmostEqual(alone["largest_move"], 0.4, 6)
        self.assertEqual((order["answers"], order["changed"]), (30, 10))  # the first, and the last
        self.run_assent("annotate", "-q")
        report = self.json("report", "--resamples", "0")
        kept = {row["asked"]: row for row in report["moved"]}
        self.assertEqual((kept["asked alone"]["changed"], kept["in another order"]["changed"]), (5, 10))
        self.assertRegex(kept["asked alone"]["at"], r"^\d{4}-\d\d-\d\dT")
        self.assertEqual({a["alarm"] for a in report["alarms"] if a["of"] == "qwen"},
                         {"answers depend on their neighbours", "answers depend on the order"})
        self.assertIn("What the answers of servers depend on", self.run_assent("report", "--resamples", "0").out)
        self.write("assent.yaml", self.read("assent.yaml") + "alarms: {max_moved: 0.2}\n")
        self.assertEqual([a["alarm"] for a in self.json("report", "--resamples", "0")["alarms"] if a["of"] == "qwen"],
                         ["answers depend on the order"])

    def test_answers_that_change_by_themselves(self):
        self.decider(lambda text, place, n, time: 0.55 if time % 2 else 0.45)
        again = self.otherwise(self.json("plan"))["asked again"]
        self.assertEqual((again["answers"], again["changed"]), (30, 30))
        self.assertAlmostEqual(again["mean_move"], 0.1, 6)
        out = self.run_assent("plan").out
        self.assertRegex(out, r"asked again +5 +30 +30 +100")

    def test_a_newer_plan_takes_the_place_of_an_older_one(self):
        server = self.decider(lambda *_: 0.3)
        self.run_assent("plan")
        server.chance = lambda text, place, n, time: 0.3 if time % 2 else 0.7
        self.run_assent("plan")
        with sqlite3.connect(self.path("assent.db")) as db:
            rows = db.execute("SELECT what, count(*), max(changed) FROM probe GROUP BY what").fetchall()
        self.assertEqual({(what, n) for what, n, _ in rows},
                         {("asked again", 1), ("asked alone", 1), ("in another order", 1), ("protocol chat", 1), ("mode together", 1)})
        self.assertGreater(dict((what, most) for what, _, most in rows)["asked again"], 0)

    def test_another_model_has_measurements_of_its_own(self):
        self.decider(lambda text, place, n, time: 0.3 if time % 2 else 0.7)
        self.run_assent("plan")
        self.write("assent.yaml", self.read("assent.yaml").replace("Qwen3-VL", "Qwen4-VL"))
        self.run_assent("annotate", "-q")
        self.assertEqual(self.json("report", "--resamples", "0")["moved"], [])

    def test_the_other_protocols(self):
        self.decider(lambda *_: 0.9)
        asked = self.otherwise(self.json("plan"))
        self.assertTrue(asked["protocol chat"]["works"])  # `sure` says yes to some pictures and no to others
        self.assertTrue(0 < asked["protocol chat"]["changed"] < asked["protocol chat"]["answers"] == 30)
        self.assertFalse(asked["protocol systemone"]["works"])
        self.assertIn("404", asked["protocol systemone"]["why"])
        self.assertIn("protocol systemone does not work: ", self.run_assent("plan").out)

    def test_one_request_a_question_depends_on_no_neighbour(self):
        chat = self.chat()
        self.project(chat.url, questions=YES_NO)
        plan = self.json("plan")
        self.assertEqual(set(self.otherwise(plan)), {"asked again", "mode together", "protocol systemone", "protocol decisions"})
        self.assertEqual(plan["usage"]["requests"], chat.n)
        out = self.run_assent("plan").out
        self.assertIn("no answer depends on its neighbours", out)
        self.assertNotIn("cached: the server", out)  # 64 of 100 tokens are

    def test_a_server_that_shares_nothing_of_a_picture_is_told(self):
        chat = self.chat()
        whole = chat.completion
        chat.completion = lambda said: {**whole(said), "usage": {"prompt_tokens": 100, "completion_tokens": 1}}
        self.project(chat.url, questions=YES_NO)
        self.assertIn("0 % of the prompts' tokens were cached", self.run_assent("plan").out)

    def test_one_question_alone(self):
        self.decider(lambda *_: 0.9, pictures=1)
        self.write("assent.yaml", self.read("assent.yaml").replace(YES_NO, "  - {name: Q, text: Is it?}\n"))
        self.assertNotIn("asked alone", self.otherwise(self.json("plan")))

    def test_a_server_that_fails_half_way_leaves_what_was_found(self):
        server = self.decider(lambda *_: 0.9)
        server.trouble = lambda n, request: None
        one = server.one
        server.one = lambda n, handler, body: one(n, handler, body) if n <= 5 else (400, {}, b'{"error": {"message": "gone mad"}}')
        plan = self.json("plan")
        (row,) = plan["asked_otherwise"]
        self.assertEqual((row["asked"], row["works"], row["images"]), ("asked again", False, 0))
        self.assertIn("400", row["why"])
        self.assertEqual(plan["measured_images"], 4)
        server.n = 0
        self.assertIn("asked again does not work: ", self.run_assent("plan").out)

    def test_a_server_that_answers_nothing(self):
        self.decider(lambda *_: 2)
        self.fails("plan", says=["the server's answer to question 1 is none"])


if __name__ == "__main__":
    main()
