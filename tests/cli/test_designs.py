#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many votes it takes, and a review that asks what decides first and ends by itself."""
import json
import random

import harness
from review_case import ReviewCase

IMAGES = 400
QUESTIONS = ("Sure", "Wild")


class Designs(ReviewCase):
    """A model that is always right of one question, and wrong of a third of the other's images."""

    def setUp(self):
        super(ReviewCase, self).setUp()
        rnd = random.Random(5)
        self.write("assent.yaml", "name: test\nquestions:\n"
                   + "".join(f"  - {{name: {q}, text: Is it {q}?}}\n" for q in QUESTIONS)
                   + "prices: {currency: EUR, wage_hour: {value: 36, date: 2026-01-01, source: a}, seconds_per_answer: {value: 10, date: 2026-01-01, source: a}}\n")
        self.says, self.true = {}, {}
        for q in QUESTIONS:
            for i in range(IMAGES):
                self.says[q, i] = rnd.random() < 0.5
                self.true[q, i] = self.says[q, i] != (q == "Wild" and rnd.random() < 0.35)
        self.write("model.csv", "image,Sure,Wild\n" + "".join(
            f"{i:04}.png,{int(self.says['Sure', i])},{int(self.says['Wild', i])}\n" for i in range(IMAGES)))
        self.run_assent("-q", "import", "model.csv", "-a", "model", "--kind", "model")

    def images(self):
        return {key: int(image[:4]) for key, image in self.rows(
            "SELECT review_item.key, image.key FROM review_item JOIN image ON image.id = image")}

    def plan(self, *args):
        return self.json("plan", "--accept", *args)

    def test_a_plan_before_anything_is_drawn(self):
        plan = self.plan("--true-error", "1%")
        self.assertEqual((plan["alpha"], plan["tests"], plan["undecided"]), (0.025, 1, 2))
        votes = [q["votes"] for q in plan["questions"]]
        self.assertEqual([q["votes_to_decide"] for q in plan["questions"]], votes)
        self.assertEqual((plan["items"], plan["sample"]), (sum(votes), 2 * max(votes)))
        self.assertAlmostEqual(plan["hours"], sum(votes) * 10 / 3600)
        self.assertAlmostEqual(plan["cost"], plan["hours"] * 36)
        self.assertLess(plan["mean_votes"], votes[0] + 1)
        self.assertEqual(plan["next"], f"assent review --sample {plan['sample']} --order decide --until decided")
        one = self.plan("--true-error", "1%", "--questions", "Sure", "--votes", "3")
        self.assertEqual([q["name"] for q in one["questions"]], ["Sure"])
        self.assertLess(one["questions"][0]["votes"], votes[0])  # one question is tested with all of alpha
        self.assertEqual(one["votes"], 3 * one["items"])
        for easier in (["--max-error", "10%"], ["--confidence", "80%"], ["--power", "50%"]):
            self.assertLess(self.plan("--true-error", "1%", *easier)["questions"][0]["votes"], votes[0], easier)
        self.assertRegex(self.run_assent("plan", "--accept").out, "Sure +400 +")

    def answer_until_the_end(self, server, most=1000):
        """Answers truly what it gives out, one by one: (question, progress) of each answer, and the last progress."""
        anna, images, given = self.browse(server), self.images(), []
        taken = anna.take(want=1)
        while taken["items"] and len(given) < most:
            item = taken["items"][0]
            true = self.true[QUESTIONS[item["question"]], images[item["id"]]]
            reply = anna.answer(f"key-number-{len(given):08}", item["id"], int(true))
            self.assertEqual(reply.status, 200)
            given.append((QUESTIONS[item["question"]], reply.json["progress"]))
            taken = anna.take(want=1)
        return given, taken["progress"]

    def test_a_review_asks_first_what_decides_and_ends_by_itself(self):
        server = self.serve("--reviewer", "anna", "--no-disputes", "--sample", "500", "--order", "decide", "--until", "decided",
                            "--votes", "1")
        given, progress = self.answer_until_the_end(server)
        self.assertTrue(progress["decided"])
        self.assertIsNone(progress["decides"])
        self.assertEqual(server.process.wait(20), 0)  # nobody stopped it
        server.stop()
        self.assertIn("every question that was asked is decided", server.said)
        self.assertLess(len(given), 400)
        asked = [question for question, _ in given]
        self.assertEqual(set(asked[:20]), {"Sure"})  # equal at first: the first question
        runs = 1 + sum(a != b for a, b in zip(asked, asked[1:]))
        self.assertLessEqual(runs, 1 + len(given) // 20)  # looked at again every 20 answers, not after each
        for _, told in given:
            self.assertEqual(set(told["decides"] or ()) - {"question", "answers"}, set())
            self.assertEqual((told["decides"] or {"answers": 0})["answers"] % 5, 0)
        got = self.json("accept")
        self.assertEqual({q["name"]: q["verdict"] for q in got["questions"]}, {"Sure": "alone", "Wild": "people"})
        plan = self.plan()
        self.assertEqual((plan["undecided"], plan["sample"], plan["next"], plan["items"]), (0, 0, None, 0))
        again = self.serve("--reviewer", "anna", "--no-disputes", "--sample", "500", "--until", "decided")
        self.assertEqual(again.process.wait(20), 0)
        again.stop()

    def test_a_sample_that_is_too_small_says_so(self):
        server = self.serve("--reviewer", "anna", "--no-disputes", "--sample", "30", "--until", "decided", "--seed", "9")
        given, progress = self.answer_until_the_end(server)
        self.assertEqual((len(given), progress["decided"]), (30, True))
        self.assertEqual(server.process.wait(20), 0)
        server.stop()
        self.assertRegex(server.said, "[01] of 2 questions are decided, and the sample is used up")
        plan = self.plan()
        self.assertGreater(plan["sample"], 30)
        self.assertRegex(plan["next"], f"^assent review --sample {plan['sample']} --no-disputes --seed 9 --order decide")
        self.assertEqual(sum(q["settled"] for q in plan["questions"]), 30)
        server = self.serve("--reviewer", "anna", *plan["next"].split()[2:])
        self.assertEqual(len(self.rows("SELECT 1 FROM review_design")), 1)  # it was extended
        given, progress = self.answer_until_the_end(server)
        self.assertTrue(progress["decided"])
        self.assertEqual(server.process.wait(20), 0)

    def test_the_owner_sees_the_verdicts_and_people_do_not(self):
        server = self.serve("--reviewer", "anna", "--no-disputes", "--sample", "400", "--order", "decide")
        given, progress = self.answer_until_the_end(server, most=45)
        self.assertIn(progress["decides"]["question"], (0, 1))
        self.assertFalse(progress["decided"])
        owner = self.browse(server, server.links["owner"])
        verdicts = owner.get("/api/overview").json["verdicts"]
        self.assertEqual((verdicts["max_error"], verdicts["confidence"]), (0.05, 0.95))
        by = {q["name"]: q for q in verdicts["questions"]}
        self.assertEqual(by["Sure"]["verdict"], "cannot say")
        self.assertGreater(by["Sure"]["settled"], 0)
        self.assertIsNotNone(by["Sure"]["votes_to_decide"])
        server.stop()

    def test_what_cannot_be_decided_is_refused(self):
        self.fails("review", "--gold", "model.csv", "--until", "decided", code=2, says=("nothing can be decided", "--sample"))
        for args in (["--until", "x"], ["--packet", "x.zip", "--reviewer", "anna", "--until", "decided"], ["--order", "decided"]):
            self.run_assent("review", *args, code=2)

    def test_plans_that_are_refused(self):
        self.fails("plan", "--accept", "--true-error", "6%", code=2, says=("never accepted", "below --max-error"))
        self.fails("plan", "--accept", "--questions", "Beard", code=2, says="no question of assent.yaml is called 'Beard'")
        for args in (["--accept", "--review"], ["--accept", "--sample", "3"], ["--power", "0.5"], ["--accept", "--power", "1"],
                     ["--accept", "--gold", "x"], ["--accept", "--limit", "2"], ["--review", "--max-error", "1%"],
                     ["--review", "--annotator", "model"], ["--questions", "Sure"]):
            self.run_assent("plan", *args, code=2)


if __name__ == "__main__":
    harness.main()
