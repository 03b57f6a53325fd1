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

    def test_plans_that_are_refused(self):
        self.fails("plan", "--accept", "--true-error", "6%", code=2, says=("never accepted", "below --max-error"))
        self.fails("plan", "--accept", "--questions", "Beard", code=2, says="no question of assent.yaml is called 'Beard'")
        for args in (["--accept", "--review"], ["--accept", "--sample", "3"], ["--power", "0.5"], ["--accept", "--power", "1"],
                     ["--accept", "--gold", "x"], ["--accept", "--limit", "2"], ["--review", "--max-error", "1%"],
                     ["--review", "--annotator", "model"], ["--questions", "Sure"]):
            self.run_assent("plan", *args, code=2)


if __name__ == "__main__":
    harness.main()
