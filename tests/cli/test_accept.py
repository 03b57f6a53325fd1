#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which answers may be accepted: a model that is right about some questions, people who answer a random sample."""
import json
import random
import time

import harness
from review_case import ReviewCase

IMAGES = 900
QUESTIONS = ("Easy", "Half", "Bad", "Rare")


def world():
    """By question and image: what the model says, with which probability, and what is true."""
    rnd = random.Random(7)
    cells = {}
    for q in QUESTIONS:
        for i in range(IMAGES):
            says = rnd.random() < 0.4
            sure = rnd.random() < 0.6
            p = rnd.uniform(0.95, 0.999) if sure else rnd.uniform(0.55, 0.8)
            wrong = {"Easy": 0.0, "Half": 0.0 if sure else 0.3, "Bad": 0.35, "Rare": 0.01}[q]
            if q == "Rare":
                says = False
            true = says != (rnd.random() < wrong)
            cells[q, i] = says, p if says else 1 - p, true
    return cells


class Accept(ReviewCase):
    cells = world()

    def setUp(self):
        super(ReviewCase, self).setUp()
        self.write("assent.yaml", "name: test\nquestions:\n"
                   + "".join(f"  - {{name: {q}, text: Is it {q}?}}\n" for q in QUESTIONS))
        self.write("model.jsonl", "".join(
            json.dumps({"image": f"{i:04}.png", "question": q, "value": "yes" if says else "no",
                        "options": {"yes": p, "no": 1 - p}}) + "\n"
            for (q, i), (says, p, _) in self.cells.items()))
        self.run_assent("-q", "import", "model.jsonl", "-a", "model", "--kind", "model")

    def truth(self, item):
        return int(self.cells[QUESTIONS[item["question"]], self.image_of[item["id"]]][2])

    def review(self, *args, most=100000, reviewer="anna"):
        """Answers a sample truly; how many answers were given."""
        server = self.serve("--reviewer", reviewer, *args)
        self.image_of = {key: int(image[:4]) for key, image in self.rows(
            "SELECT review_item.key, image.key FROM review_item JOIN image ON image.id = image")}
        given, new = 0, 1
        while given < most and new:  # 200 requests a second are let in, 600 at once
            new = len(self.answer_all(self.browse(server), min(400, most - given), value=self.truth))
            given += new
            time.sleep(2.2 if new == 400 else 0)
        server.stop()
        return given

    def verdicts(self, *args):
        return {q["name"]: q for q in self.json("accept", *args)["questions"]}

    def test_a_sample_decides(self):
        self.review("--sample", "1400")
        got = self.json("accept")
        by = {q["name"]: q for q in got["questions"]}
        self.assertEqual(by["Easy"]["verdict"], "alone")
        self.assertEqual(by["Half"]["verdict"], "check")
        self.assertEqual(by["Bad"]["verdict"], "people")
        self.assertEqual(by["Rare"]["verdict"], "alone")
        print("#", json.dumps(by["Half"]))
        print("#", json.dumps(by["Rare"]))
        print("#", json.dumps(got["sample"]))
        self.assertEqual(got["counts"], {"alone": 2, "check": 1, "people": 1, "cannot_say": 0})
        print("# " + self.run_assent("accept").out.replace("\n", "\n# "))


if __name__ == "__main__":
    harness.main()
