#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which answers may be accepted: a model that is right about some questions, people who answer a random sample."""
import json
import os
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
        self.review("--sample", "1400", "--strata", "question,answer")
        got = self.json("accept")
        by = {q["name"]: q for q in got["questions"]}
        self.assertEqual({name: q["verdict"] for name, q in by.items()},
                         {"Easy": "alone", "Half": "check", "Bad": "people", "Rare": "alone"})
        self.assertEqual(got["counts"], {"alone": 2, "check": 1, "people": 1, "cannot_say": 0})
        self.check_figures(got, by)
        self.check_accepted(by)
        report = self.json("report")
        self.assertEqual([(m["name"], m["found"]) for m in report["rare_missed"]], [("Rare", 0)])
        self.assertIsNone(report["cost"]["agreement_after"])
        text = self.run_assent("report").out  # a consensus with the only reviewer would hide every mistake
        self.assertNotIn("after: model", text)
        self.assertIn("Precision and recall are those of model against anna.", " ".join(text.split()))
        report = report["accept"]
        self.assertEqual({k: report[k] for k in ("counts", "accepted", "questions")},
                         {k: got[k] for k in ("counts", "accepted", "questions")})
        self.check_again(got)

    def check_figures(self, got, by):
        """What the truth, which is known here, says of them."""
        self.assertAlmostEqual(by["Half"]["threshold"], 0.95, delta=0.02)
        for name, q in by.items():
            wrong = sum(says != true for (n, _), (says, _, true) in self.cells.items() if n == name)
            self.assertEqual(q["answers"], IMAGES)
            self.assertEqual((q["verdict"] == "people") or q["bound"] <= 0.05, True)
            self.assertAlmostEqual(q["error"], wrong / IMAGES, delta=0.06)
            self.assertEqual(q["votes_to_decide"], None)
        missed = sum(true for (n, _), (_, _, true) in self.cells.items() if n == "Rare")
        self.assertGreaterEqual(by["Rare"]["missed_at_most"], missed)
        self.assertLessEqual(by["Rare"]["missed_at_most"], 0.05 * IMAGES)
        self.assertEqual(by["Rare"]["yes"]["answers"], 0)
        self.assertEqual(by["Rare"]["yes"]["bound"], None)
        self.assertEqual(got["pooled"]["settled"], got["sample"]["settled"])
        self.assertLess(got["pooled"]["error"], got["pooled"]["bound"])

    def check_accepted(self, by):
        done = self.run_assent("export", "out", "--accepted", "--format", "jsonl")
        self.assertIn("certificate.html", done.err)
        accepted = [json.loads(line) for line in self.read("out/accepted.jsonl").splitlines()]
        self.assertEqual(len(accepted), sum(q["accepted"] for q in by.values()))
        for row in accepted:
            says, p, _ = self.cells[row["question"], int(row["image"][:4])]
            self.assertEqual(row["value"], "yes" if says else "no")
            self.assertGreaterEqual(max(p, 1 - p), (by[row["question"]]["threshold"] or 0) - 1e-6)
        wrong = sum(self.cells[row["question"], int(row["image"][:4])][0]
                    != self.cells[row["question"], int(row["image"][:4])][2] for row in accepted)
        self.assertLess(wrong / len(accepted), 0.05)
        people = self.read("out/people.csv").splitlines()
        self.assertEqual(people[0], "image,question,why")
        self.assertEqual(len(people) - 1 + len(accepted), 4 * IMAGES)
        self.assertEqual({line.split(",")[1:][0]: line.split(",")[2] for line in people[1:]},
                         {"Half": "below the threshold", "Bad": "wrong too often"})
        certificate = json.loads(self.read("out/certificate.json"))
        self.assertEqual(certificate["questions"], list(by.values()))
        self.assertEqual(certificate["project"], "test")
        page = self.read("out/certificate.html")
        self.assertIn("anna", page)
        self.assertNotIn("<script", page)

    def check_again(self, got):
        """Another promise, and the model's answers imported anew: the strata are those of the drawing."""
        kept = self.rows("SELECT settings, settled FROM acceptance")
        self.assertEqual(len(kept), 1)  # once for accept and export, which asked for the same
        strict = self.json("accept", "--max-error", "0.1%", "--confidence", "99%")
        self.assertEqual(strict["counts"]["alone"], 0)
        self.assertEqual(len(self.rows("SELECT id FROM acceptance")), 2)
        self.run_assent("-q", "import", "model.jsonl", "-a", "model", "--kind", "model")
        self.assertEqual(self.json("accept")["questions"], got["questions"])
        self.run_assent("undo", "--reviewer", "anna")
        self.assertEqual(self.json("accept")["counts"]["cannot_say"], 4)
        self.assertEqual(self.json("accept")["sample"]["settled"], 0)

    def test_sides_and_questions(self):
        self.review("--sample", "500", "--strata", "question,answer", "--questions", "Bad,Half")
        yes = self.verdicts("--side", "yes", "--questions", "Bad")
        self.assertEqual(list(yes), ["Bad"])
        self.assertEqual(yes["Bad"]["answers"], sum(says for (n, _), (says, _, _) in self.cells.items() if n == "Bad"))
        self.assertEqual(yes["Bad"]["verdict"], yes["Bad"]["yes"]["verdict"])
        every = self.verdicts()
        self.assertEqual(every["Easy"]["verdict"], "cannot say")
        self.assertEqual((every["Easy"]["outside"], every["Easy"]["answers"], every["Easy"]["bound"]), (IMAGES, 0, None))
        self.run_assent("export", "out", "--accepted", "--side", "no", "--questions", "Half")
        reasons = {line.split(",")[2] for line in self.read("out/people.csv").splitlines()[1:]}
        self.assertLessEqual(reasons, {"the other side", "below the threshold", "not decided yet", "wrong too often"})
        self.fails("accept", "--questions", "Nobody", code=2, says="Nobody")

    def test_more_votes_decide(self):
        self.review("--sample", "400", "--questions", "Easy", most=40)
        early = self.json("accept")
        q = early["questions"][0]
        self.assertEqual(q["verdict"], "cannot say")
        self.assertEqual(early["next"], "assent review --no-disputes --order decide")
        self.assertGreater(q["votes_to_decide"], 20)
        text = self.run_assent("accept", "--questions", "Easy").out
        self.assertIn("Too few people have answered", text)
        self.assertIn("more answers would decide", text)
        wanted = int(self.json("accept", "--questions", "Easy")["questions"][0]["votes_to_decide"])
        self.review("--sample", "400", "--questions", "Easy", most=wanted)
        self.assertEqual(self.verdicts("--questions", "Easy")["Easy"]["verdict"], "alone")

    def test_what_is_refused(self):
        hint = "assent review --sample"
        self.fails("accept", code=2, says=("nobody has checked", hint))
        self.fails("export", "out", "--accepted", code=2, says=("nobody has checked", hint))
        self.assertFalse(os.path.exists(self.path("out")))
        self.fails("accept", "-a", "nobody", code=2, says="nobody")
        for wrong in (("--max-error", "0"), ("--max-error", "100%"), ("--confidence", "1"), ("--side", "left"),
                      ("--fixed-n", "0")):
            self.assertIn(wrong[0], self.run_assent("accept", *wrong, code=2).err)
        self.assertIn("--accepted", self.run_assent("export", "labels.csv", "-f", "csv", "--max-error", "5%", code=2).err)
        self.assertIn("folder", self.run_assent("export", "-", "--accepted", code=2).err)
        self.write("people.csv", "image_id,Easy\n" + "".join(f"{i:04}.png,0\n" for i in range(IMAGES)))
        self.run_assent("-q", "import", "people.csv", "-a", "people")
        self.review(most=30)  # disputes only
        self.fails("accept", code=2, says=("not given on cells drawn at random", hint))
        self.assertIn("cannot be said yet", self.run_assent("report").out)

    def test_answers_that_hold_the_votes(self):
        """They are right wherever people answered, and nowhere else by that."""
        self.review("--sample", "400", "--questions", "Bad", most=200)
        self.run_assent("-q", "consensus")
        self.fails("accept", "-a", "anna", code=2, says=("what people said of the sample", "--annotator"))
        for args in (("accept",), ("export", "out", "--accepted")):
            self.fails(*args, "-a", "consensus", code=2, says=("the consensus has people's answers", "models alone"))
        self.assertEqual(self.verdicts("--questions", "Bad")["Bad"]["verdict"], "people")

    def test_cells_that_were_answered_before(self):
        self.write("people.csv", "image_id,Easy\n" + "".join(
            f"{i:04}.png,{int(not self.cells['Easy', i][0])}\n" for i in range(IMAGES)))
        self.run_assent("-q", "import", "people.csv", "-a", "people")
        self.review("--order", "uncertain", "--questions", "Easy", most=100)
        time.sleep(1.1)  # times are whole seconds
        self.review("--sample", "300", "--questions", "Easy", most=0)
        before = self.json("accept")["sample"]
        self.assertEqual(before["answered_before"], before["settled"])
        self.assertGreater(before["settled"], 10)
        self.assertIn("before the sample was drawn", self.run_assent("accept").out)
        self.review("--sample", "300", "--questions", "Easy")
        self.assertEqual(self.json("accept")["sample"]["answered_before"], before["settled"])
        self.assertNotIn("before the sample was drawn", self.run_assent("accept").out)

    def test_another_sample(self):
        self.review("--sample", "100", "--questions", "Easy", most=30)
        self.assertEqual(self.json("accept")["sample"]["earlier_samples"], 0)
        self.assertNotIn("drawn before", self.run_assent("accept").out)
        self.review("--sample", "100", "--questions", "Easy", "--seed", "2", most=0)
        self.assertEqual(self.json("accept")["sample"]["earlier_samples"], 1)
        self.assertIn("Another sample was drawn before this one", self.run_assent("accept").out)
        self.run_assent("export", "out", "--accepted")
        self.assertIn("Another sample was drawn before", self.read("out/certificate.html"))
        self.review("--sample", "100", "--questions", "Easy", "--seed", "3", most=0)
        self.assertIn("2 samples were drawn before", self.run_assent("accept").out)

    def test_an_order_of_disputes(self):
        """Drawn cells are answered in random order, also where the least sure disputes come first."""
        self.write("people.csv", "image_id,Easy\n" + "".join(
            f"{i:04}.png,{int(not self.cells['Easy', i][0])}\n" for i in range(IMAGES)))
        self.run_assent("-q", "import", "people.csv", "-a", "people")
        self.review("--sample", "300", "--order", "uncertain", "--strata", "question", "--questions", "Easy", most=0)
        sure, drawn = zip(*[(max(p, 1 - p) > 0.9, drawn) for image, drawn in self.rows(
            "SELECT image.key, design IS NOT NULL FROM review_item JOIN image ON image.id = image ORDER BY place")
            for p in [self.cells["Easy", int(image[:4])][1]]])
        self.assertEqual(sum(drawn), 300)
        rest = [s for s, d in zip(sure, drawn) if not d]
        self.assertEqual(sum(rest[:100]), 0)
        mixed = [s for s, d in zip(sure, drawn) if d]
        self.assertAlmostEqual(sum(mixed[:150]) / 150, sum(mixed) / 300, delta=0.12)

    def test_a_number_fixed_before(self):
        self.fails("accept", "--fixed-n", "100", code=2, says="nobody has checked")
        args = "--sample", "400", "--strata", "question", "--questions", "Easy"
        self.review(*args, most=0)
        fixed = "accept", "--questions", "Easy", "--fixed-n", "100"
        self.assertEqual(self.json(*fixed)["questions"][0]["votes_to_decide"], 100)
        self.fails("accept", "--questions", "Easy", "--fixed-n", "50", code=2, says=("is 100", "--fixed-n 50"))
        self.review(*args, most=60)
        q = self.json(*fixed)["questions"][0]
        self.assertEqual((q["verdict"], q["bound"], q["votes_to_decide"]), ("cannot say", None, 40))
        self.review(*args, most=60)
        q = self.json(*fixed)["questions"][0]
        self.assertEqual((q["verdict"], q["settled"]), ("alone", 100))
        self.assertAlmostEqual(q["bound"], 1 - (0.05 / 3) ** (1 / 100), delta=0.003)  # and what the frame takes off
        self.fails("accept", "--questions", "Easy", "--fixed-n", "50", code=2, says=("is 100", "--fixed-n 50"))

    def test_a_fixed_number_that_does_not_do(self):
        """No acceptance at that number is no proof that the answers are wrong too often, and no more are looked at."""
        args = "--sample", "300", "--strata", "question", "--questions", "Half"
        self.review(*args, most=0)
        fixed = "accept", "--questions", "Half", "--fixed-n", "20"
        self.json(*fixed)
        self.review(*args, most=60)
        q = self.json(*fixed)["questions"][0]
        self.assertEqual((q["verdict"], q["settled"], q["votes_to_decide"]), ("cannot say", 20, None))
        self.assertGreater(q["bound"], 0.05)

    def test_a_number_that_comes_late(self):
        self.review("--sample", "400", "--strata", "question", "--questions", "Easy", most=5)
        self.fails("accept", "--questions", "Easy", "--fixed-n", "100", code=2, says=("no number was fixed", "5 answers"))
        self.run_assent("undo", "--reviewer", "anna")  # they were seen all the same
        self.fails("accept", "--questions", "Easy", "--fixed-n", "100", code=2, says=("no number was fixed", "5 answers"))

    def test_answers_without_probabilities(self):
        self.write("plain.csv", "image_id," + ",".join(QUESTIONS) + "\n" + "".join(
            f"{i:04}.png," + ",".join(str(int(self.cells[q, i][0])) for q in QUESTIONS) + "\n" for i in range(IMAGES)))
        self.run_assent("-q", "import", "plain.csv", "-a", "plain", "--kind", "model")
        self.review("--sample", "500", "--strata", "question", "--questions", "Easy,Half")
        got = self.json("accept", "-a", "plain", "--questions", "Easy,Half")
        self.assertEqual([q["verdict"] for q in got["questions"]], ["alone", "people"])
        self.assertEqual([q["threshold"] for q in got["questions"]], [None, None])
        self.assertIn("no probabilities", self.run_assent("accept", "-a", "plain").out)

    def test_calibrated_answers(self):
        """A fit needs labels that decide nothing; the order within a question, and so the verdict, hardly changes."""
        self.write("other.csv", "image_id," + ",".join(QUESTIONS) + "\n" + "".join(
            f"{i:04}.png," + ",".join(str(int(self.cells[q, i][2])) for q in QUESTIONS) + "\n" for i in range(IMAGES)))
        self.run_assent("-q", "import", "other.csv", "-a", "other")
        self.review("--sample", "500", "--no-disputes", "--strata", "question", "--questions", "Easy,Half")
        self.fails("accept", "--calibrated", "platt", code=2, says=("cannot also calibrate", "--against"))
        self.fails("accept", "--calibrated", "platt", "--against", "people", code=2, says="cannot also calibrate")
        self.run_assent("-q", "consensus")
        for voted in ("anna", "consensus"):
            self.fails("accept", "--calibrated", "platt", "--against", voted, code=2, says=("cannot also calibrate", voted))
            self.fails("export", "out", "--accepted", "--calibrated", "isotonic", "--against", voted, code=2,
                       says="cannot also calibrate")
        self.fails("accept", "--calibrated", "magic", code=2, says=("magic", "isotonic"))
        self.fails("accept", "--calibrated", "contextual", code=2, says="--blank")
        got = self.json("accept", "--questions", "Easy,Half", "--calibrated", "platt", "--against", "other")
        self.assertEqual((got["calibrated"], got["against"]), ("platt", "other"))
        self.assertEqual([q["verdict"] for q in got["questions"]], ["alone", "check"])
        self.assertIn("calibrated: platt", self.run_assent("accept", "--calibrated", "platt", "--against", "other").out)

    def test_images_that_came_later(self):
        self.review("--sample", "400", "--strata", "question", "--questions", "Easy")
        self.write("more.jsonl", "".join(json.dumps({"image": f"9{i:03}.png", "question": "Easy", "value": "yes"}) + "\n"
                                         for i in range(10)))
        self.run_assent("-q", "import", "more.jsonl", "-a", "model", "--kind", "model", "--add-images")
        got = self.json("accept", "--questions", "Easy")
        self.assertEqual((got["sample"]["cells"], got["sample"]["frame"]), (4 * (IMAGES + 10), IMAGES))
        self.assertEqual((got["questions"][0]["outside"], got["questions"][0]["verdict"]), (10, "alone"))
        self.run_assent("export", "out", "--accepted", "--questions", "Easy")
        self.assertIn("not among the cells that the sample was drawn from", self.read("out/people.csv"))


if __name__ == "__main__":
    harness.main()
