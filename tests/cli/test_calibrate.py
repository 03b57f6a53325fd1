#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""calibrate: figures as worked out here from the files, fits that images do not see themselves in, a blank picture."""
import json
import math
import os
import random
import struct

from harness import FACES, Case, main
from review_case import ReviewCase
from test_server import Server

EPSILON = 1e-6
METHODS = ["plain", "temperature", "platt", "isotonic", "contextual"]


def stored(p):
    """As a float of 32 bits."""
    return struct.unpack("f", struct.pack("f", p))[0]


def logit(p):
    p = min(max(p, EPSILON), 1 - EPSILON)
    return math.log(p / (1 - p))


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


def figures(cells):
    """Of (probability, truth): by the definitions, pair by pair."""
    n = len(cells)
    bins = {}
    for p, y in cells:
        bins.setdefault(min(int(p * 10 + 1e-6), 9), []).append((p, y))
    pairs = [(a > b) + (a == b) / 2 for a, y in cells if y for b, z in cells if not z]
    clipped = [(min(max(p, EPSILON), 1 - EPSILON), y) for p, y in cells]
    return {"n": n, "n_true": sum(y for _, y in cells), "mean": sum(p for p, _ in cells) / n,
            "rate": sum(y for _, y in cells) / n, "agreement": sum((p > 0.5) == y for p, y in cells) / n,
            "ece": sum(abs(sum(p - y for p, y in b)) for b in bins.values()) / n,
            "brier": sum((p - y)**2 for p, y in cells) / n,
            "log_loss": -sum(math.log(p if y else 1 - p) for p, y in clipped) / n,
            "auroc": sum(pairs) / len(pairs)}


class Files(Case):
    """A model whose probabilities are known to be wrong: Sure too sure, Yes with a bias to yes, Round to one decimal."""

    images = 300

    def setUp(self):
        super().setUp()
        self.task("  - {name: Sure, text: a}\n  - {name: Yes, text: b}\n  - {name: Round, text: c}\n"
                  "  - {name: Hair, kind: choice, options: [black, blond, red], text: d}\n")
        self.project(range(self.images))

    def cells_of(self, i):
        draw = random.Random(i)
        for question, of in (("Sure", lambda z: 3 * z), ("Yes", lambda z: z + 1.5), ("Round", lambda z: z)):
            z = draw.gauss(-0.5, 1.5)
            p = round(sigmoid(of(z)), 1 if question == "Round" else 4)
            yield question, {"yes": p, "no": 1 - p}, "yes" if draw.random() < sigmoid(z) else "no"
        best, right = draw.choice(["black", "blond", "red"]), draw.random() < 0.7
        yield "Hair", {h: 0.9 if h == best else 0.05 for h in ("black", "blond", "red")}, \
            best if right else {"black": "blond", "blond": "red", "red": "black"}[best]

    def project(self, images, truth=lambda i, question, value: value, folder="."):
        model, people, self.known = [], [], {}
        for i in images:
            row = [f"{i:04d}.png"]
            for question, options, value in self.cells_of(i):
                model.append(json.dumps({"image": row[0], "question": question, "value": max(options, key=options.get),
                                         "options": options}) + "\n")
                row.append(truth(i, question, value))
                self.known[i, question] = options, row[-1]
            people.append(",".join(row) + "\n")
        self.write(f"{folder}/model.jsonl", "".join(model))
        self.write(f"{folder}/people.csv", "image_id,Sure,Yes,Round,Hair\n" + "".join(people))
        for name, kind in (("model.jsonl", "model"), ("people.csv", "human")):
            self.run_assent("-C", folder, "-q", "import", self.path(f"{folder}/{name}"), "-a", name[:5], "--kind", kind)

    def by_name(self, document, rows="questions"):
        return {row["name"]: row for row in document[rows]}

    def same(self, got, expected, what):
        for key, value in expected.items():
            self.assertAlmostEqual(got[key], value, 9, f"{what}: {key}")

    def test_figures_are_those_of_the_definitions(self):
        document = self.json("calibrate")
        self.assertEqual((document["annotator"], document["against"], document["random_sample"], document["cells"],
                          document["images"]), ("model", "peopl", False, 4 * self.images, self.images))
        rows, every = self.by_name(document), []
        for question in ("Sure", "Yes", "Round"):
            cells = [(stored(self.known[i, question][0]["yes"]), self.known[i, question][1] == "yes")
                     for i in range(self.images)]
            every += cells
            self.same(rows[question]["before"], figures(cells), question)
        self.same(document["pooled"][0]["before"], figures(every), "pooled")
        hair = [self.known[i, "Hair"] for i in range(self.images)]
        right = sum(options[value] == 0.9 for options, value in hair) / self.images
        self.assertEqual((rows["Hair"]["probability_of"], rows["Sure"]["probability_of"]), ("label", "yes"))
        self.same(rows["Hair"]["before"], {"rate": right, "agreement": right, "mean": stored(0.9), "auroc": 0.5,
                                           "ece": abs(stored(0.9) - right)}, "Hair")

    def test_fits_undo_what_is_wrong_with_the_probabilities(self):
        rows = {m: self.by_name(self.json("calibrate", "--method", m, "--by", "question")) for m in METHODS[1:4]}
        for question, method, slope, intercept in (("Sure", "temperature", 1 / 3, 0), ("Yes", "platt", 1, -1.5),
                                                   ("Round", "platt", 1, 0)):
            row = rows[method][question]
            self.assertEqual(row["fit"], "own")
            self.assertAlmostEqual(row["slope"], slope, delta=0.3)
            self.assertAlmostEqual(row["intercept"], intercept, delta=0.5)
        for method, question in (("temperature", "Sure"), ("platt", "Sure"), ("isotonic", "Sure"), ("platt", "Yes"),
                                 ("isotonic", "Yes")):
            row = rows[method][question]
            self.assertLess(row["after"]["brier"], row["before"]["brier"] - 0.01, (method, question))
            self.assertLess(row["after"]["ece_debiased"], row["before"]["ece_debiased"] / 2, (method, question))
        self.assertLess(rows["platt"]["Yes"]["after"]["auroc"], rows["platt"]["Yes"]["before"]["auroc"] + 1e-9)

    def test_the_methods_are_compared_on_the_same_cells(self):
        document = self.json("calibrate")
        yesno = {row["method"]: row for row in document["methods"] if row["of"] == "all yes/no questions"}
        self.assertEqual(list(yesno), METHODS)
        self.assertEqual({row["n"] for row in yesno.values()}, {3 * self.images, 0})
        self.assertIn("--blank", yesno["contextual"]["why"])
        self.assertIsNone(yesno["contextual"]["brier"])
        self.assertLess(yesno["platt"]["brier"], yesno["plain"]["brier"])
        self.assertEqual(yesno["platt"]["brier"], document["pooled"][0]["after"]["brier"])
        for row in document["pooled"] + document["questions"]:
            for side in ("before", "after"):
                self.assertAlmostEqual(sum(b["share"] for b in row[side]["bins"]), 1, 9)
                self.assertEqual(sum(b["cells"] for b in row[side]["mass_bins"]), row[side]["n"])

    def test_a_bias_to_yes_is_taken_off_by_a_threshold_that_is_tested_on_other_images(self):
        row = self.by_name(self.json("calibrate"))["Yes"]
        rate = row["before"]["rate"]
        self.assertGreater(row["yes_plain"], rate + 0.15)
        self.assertGreater(row["threshold"], 0.6)
        self.assertLess(abs(row["yes_chosen"] - rate), 0.01)
        self.assertLess(abs(row["yes_tested"] - rate), 0.05)
        self.assertGreater(row["agreement_tested"], row["agreement_plain"])
        balanced = self.by_name(self.json("calibrate", "--threshold", "balanced"))["Yes"]
        self.assertGreaterEqual(balanced["balanced_chosen"], row["balanced_chosen"])
        self.assertGreater(balanced["balanced_tested"], balanced["balanced_plain"])
        self.assertIsNone(self.by_name(self.json("calibrate"))["Hair"]["threshold"])

    def test_a_seed_says_it_all_and_the_order_of_images_nothing(self):
        out = self.run_assent("calibrate", "--json").out
        self.assertEqual(self.run_assent("calibrate", "--json").out, out)
        self.write("other/assent.yaml", self.read("assent.yaml"))
        self.project(list(reversed(range(self.images))), folder="other")
        self.assertEqual(self.run_assent("-C", "other", "calibrate", "--json").out, out)
        other = self.json("calibrate", "--seed", "2")
        self.assertEqual(other["pooled"][0]["before"], json.loads(out)["pooled"][0]["before"])
        self.assertNotEqual(other["pooled"][0]["after"]["brier"], json.loads(out)["pooled"][0]["after"]["brier"])

    def test_the_report_has_the_same(self):
        document = self.json("calibrate")
        self.assertEqual(self.json("report", "--resamples", "0")["calibration"], document)
        self.run_assent("report", "--html", "r.html", "--resamples", "0")
        self.assertIn("as said, 95 % (cells)", self.read("r.html"))
        self.assertIn("What model&#39;s probabilities are worth", self.read("r.html").replace("'", "&#39;"))
        self.run_assent("undo", "-q")  # nothing says what is true any more
        self.assertNotIn("calibration", self.json("report"))

    def test_one_class_one_value_and_too_few_cells_are_said(self):
        self.write("no/assent.yaml", self.read("assent.yaml"))
        self.project(range(40), lambda i, question, value: value if question == "Hair" else "no", "no")
        document = self.json("-C", "no", "calibrate", "--method", "isotonic")
        row = self.by_name(document)["Sure"]
        self.assertEqual((row["before"]["rate"], row["before"]["auroc"], row["threshold"], row["fit"]), (0, None, None, None))
        self.assertEqual(row["before"], row["after"])
        self.assertIsNone(document["failed"])  # questions with options have a fit
        self.assertIn("some that are true", document["methods"][2]["why"] or document["methods"][4]["why"])
        out = self.run_assent("-C", "no", "calibrate").out
        self.assertNotIn("nan", out)
        self.write("one/assent.yaml", self.read("assent.yaml"))
        self.project([5], folder="one")
        document = self.json("-C", "one", "calibrate", "--by", "question")
        self.assertEqual((document["images"], document["cells"]), (1, 4))
        self.assertIn("some that are true", document["failed"])
        self.assertNotIn("nan", self.run_assent("-C", "one", "calibrate").out)

    def test_what_cannot_be_is_refused(self):
        self.fails("calibrate", "--against", "model", code=2, says="itself")
        self.fails("calibrate", "--against", "modl", code=2, says="did you mean 'model'?")
        self.fails("calibrate", "--against", "people", code=2, says=("no random sample", "assent review --sample"))
        self.fails("calibrate", "-a", "peopl", "--against", "model", code=2, says="has no probabilities")
        self.fails("calibrate", "--blank", code=2, says="assent.yaml has no model")
        for args in (["--method", "magic"], ["--by", "image"], ["--threshold", "0.5"], ["--blank", "--method", "platt"],
                     ["--yes"]):
            self.assertEqual(self.run_assent("calibrate", *args, code=2).out, "")
        self.write("empty/assent.yaml", self.read("assent.yaml"))
        self.fails("-C", "empty", "calibrate", code=2, says="nobody has labels yet")
        self.run_assent("-C", "empty", "-q", "import", self.path("model.jsonl"), "-a", "model", "--kind", "model")
        self.fails("-C", "empty", "calibrate", code=2, says=("nothing says what is true", "assent review --sample"))


class People(ReviewCase):
    """Truth is what people said of a random sample."""

    images = 80

    def test_a_random_sample_stands_for_all_cells(self):
        server = self.serve("--reviewer", "anna", "--no-disputes", "--sample", "60", "--seed", "3")
        draw = random.Random(1)
        self.answer_all(self.browse(server), value=lambda item: int(draw.random() < 0.5))
        server.stop()
        document = self.json("calibrate")
        self.assertEqual((document["against"], document["random_sample"]), ("people", True))
        sample = self.json("report")["review"]["sample"]
        self.assertEqual(document["cells"], sample["settled"])
        self.assertAlmostEqual(document["pooled"][0]["before"]["agreement"], sample["agreement"], 9)
        self.assertIn("a random sample", self.run_assent("calibrate").out)
        self.assertFalse(self.json("calibrate", "--against", "SENTINELPEOPLE")["random_sample"])


class Blank(Case):
    def setUp(self):
        super().setUp()
        with open(os.path.join(FACES, "assent.yaml"), encoding="utf-8") as f:
            lines = [line for line in f if not line.startswith("  toy-qwen:")]
        self.yaml = "".join(lines).replace("images/", f"{FACES}/images/").replace("model/", f"{FACES}/model/")
        self.write("assent.yaml", self.yaml)
        self.run_assent("annotate", "-q", "--sample", "60")
        self.run_assent("import", os.path.join(FACES, "truth.csv"), "-a", "truth", "-q")

    def said(self):
        """{(image, question): its options' probabilities}"""
        out = self.run_assent("-q", "export", "-", "-f", "jsonl", "-a", "toy").out
        return {(r["image"], r["question"]): r["options"] for r in map(json.loads, out.splitlines()) if r.get("options")}

    def test_the_prior_of_a_blank_picture_is_taken_out(self):
        blank = self.json("calibrate", "--blank")
        self.assertEqual((blank["annotator"], blank["width"], blank["height"]), ("toy", 89, 109))
        prior = {(q["name"], q["option"]): q["probability"] for q in blank["questions"]}
        self.assertEqual(len(prior), 15 + 5)
        self.assertAlmostEqual(sum(p for (name, _), p in prior.items() if name == "Hair_Color"), 1, 5)
        self.assertEqual(self.json("calibrate", "--blank"), blank)  # asked again, kept once
        said, truth = self.said(), self.labels("truth")
        document = self.json("calibrate", "--method", "contextual")
        rows = {row["name"]: row for row in document["questions"]}
        for question in ("Smiling", "Bangs", "Necktie", "Mustache", "Wearing_Necklace"):
            cells = [(sigmoid(logit(stored(p["yes"])) - logit(prior[question, None])), truth[key] == "yes")
                     for key, p in said.items() if key[1] == question]
            if not cells:
                continue
            after = figures(cells)
            for key in ("n", "mean", "agreement", "brier", "log_loss", "auroc"):
                self.assertAlmostEqual(rows[question]["after"][key], after[key], 5, (question, key))
            self.assertAlmostEqual(rows[question]["blank"], prior[question, None], 6)
            self.assertEqual(rows[question]["fit"], "blank")
            self.assertAlmostEqual(rows[question]["after"]["auroc"], rows[question]["before"]["auroc"], 2)
        right = sum(max(p, key=lambda h: p[h] / max(prior["Hair_Color", h], EPSILON)) == truth[key]
                    for key, p in said.items() if key[1] == "Hair_Color") / 60
        self.assertAlmostEqual(rows["Hair_Color"]["after"]["agreement"], right, 9)
        self.assertEqual(self.json("report")["moved"], [])

    def test_other_words_are_another_question(self):
        self.json("calibrate", "--blank")
        self.write("assent.yaml", self.yaml.replace("Is this person smiling?", "Does this person smile?"))
        document = self.json("calibrate", "--method", "contextual")
        rows = {row["name"]: row for row in document["questions"]}
        self.assertEqual((rows["Smiling"]["fit"], rows["Smiling"]["blank"]), (None, None))
        self.assertEqual(rows["Smiling"]["before"], rows["Smiling"]["after"])
        self.assertEqual(rows["Bangs"]["fit"], "blank")
        self.assertIn("1 question: nothing is known of a blank picture",
                      self.run_assent("calibrate", "--method", "contextual").out)


class BlankOfAServer(Server):
    def test_a_server_is_asked_about_a_blank_picture_too(self):
        server = self.chat()
        self.project(server.url, 4)
        blank = self.json("calibrate", "--blank")
        self.assertEqual(self.json("calibrate", "--blank"), blank)
        self.assertTrue(all(q["probability"] is not None for q in blank["questions"]), blank)
        self.assertEqual(self.json("status")["annotators"], [])  # it has answered nothing of the project's


if __name__ == "__main__":
    main()
