#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The demo's model really sees: balanced accuracy on the 200 drawings that it was not trained on, in two wordings.

And the demo goes through to the verdicts, twice alike.
"""
import csv
import json
import os
import re
import subprocess

from harness import ASSENT, FACES, Case, main

OTHER_WORDING = {
    "Wearing_Hat": "Does this person wear a hat?",
    "Eyeglasses": "Does this person wear glasses?",
    "Beard": "Is there a beard on this face?",
    "Mustache": "Is there a mustache on this face?",
    "Smiling": "Does this person smile?",
    "Mouth_Open": "Does this person have an open mouth?",
    "Wearing_Earrings": "Does this person wear earrings?",
    "Wearing_Necktie": "Does this person wear a tie?",
    "Wearing_Necklace": "Does this person wear a necklace?",
    "Wearing_Lipstick": "Does this person wear lipstick?",
    "Bald": "Does this person have a bald head?",
    "Bangs": "Are there bangs on the forehead?",
    "Long_Hair": "Is the hair of this person long?",
    "Rosy_Cheeks": "Are the cheeks of this person rosy?",
    "Dark_Background": "Does this picture have a dark background?",
}


class Faces(Case):
    def setUp(self):
        super().setUp()
        with open(os.path.join(FACES, "truth.csv"), encoding="utf-8") as f:
            self.truth = {row["image"]: row for row in csv.DictReader(f)}
        with open(os.path.join(FACES, "assent.yaml"), encoding="utf-8") as f:
            self.yaml = f.read().replace("images/", f"{FACES}/images/").replace("model/", f"{FACES}/model/")

    def see(self, yaml):
        """Balanced accuracy (mean of the recalls of yes and of no) by question, and the share of hair colours."""
        self.write("assent.yaml", yaml)
        self.run_assent("annotate", "-q")
        labels = self.labels("toy")
        balanced = {}
        for question in OTHER_WORDING:
            recalls = []
            for value in ("yes", "no"):
                those = [k for k, row in self.truth.items() if row[question] == value]
                recalls.append(sum(labels[k, question] == value for k in those) / len(those))
            balanced[question] = sum(recalls) / 2
        hair = sum(labels[k, "Hair_Color"] == row["Hair_Color"] for k, row in self.truth.items()) / len(self.truth)
        return balanced, hair

    def check(self, yaml):
        balanced, hair = self.see(yaml)
        print("# " + json.dumps({k: round(v, 3) for k, v in balanced.items()}), f"hair {hair:.3f}")
        self.assertEqual(len(balanced), 15)
        self.assertGreaterEqual(sum(balanced.values()) / len(balanced), 0.93)
        self.assertGreaterEqual(min(balanced.values()), 0.80)
        self.assertGreaterEqual(hair, 0.9)

    def test_the_demos_wording(self):
        self.check(self.yaml)

    def test_another_wording(self):
        yaml = self.yaml
        for name, text in OTHER_WORDING.items():
            yaml, n = re.subn(rf'(name: {name},.*text: )"[^"]*"', rf'\1"{text}"', yaml)
            self.assertEqual(n, 1, name)
        self.check(yaml)

    def demo(self):
        ran = subprocess.run([f"{FACES}/demo.sh", ASSENT, self.path("demo")], capture_output=True, text=True)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return self.json("-C", "demo", "accept")

    def test_the_demo_has_verdicts(self):
        verdict = self.demo()
        self.assertIsNone(verdict["why_not"])
        self.assertEqual(verdict["sample"]["people"], ["imagined"])
        self.assertEqual(verdict["sample"]["settled"], 2400)
        self.assertLessEqual(verdict["sample"]["drawn_at"], verdict["sample"]["first_vote"])
        self.assertGreaterEqual(verdict["counts"]["alone"], 8)
        self.assertGreaterEqual(verdict["counts"]["cannot_say"], 1)
        self.assertTrue(os.path.exists(self.path("demo/report.html")))
        said = self.labels("imagined", "demo")
        self.assertEqual(len(said), 2400)
        for (image, question), value in said.items():
            self.assertEqual(value, self.truth[image][question], (image, question))
        self.assertEqual(self.demo(), verdict)


if __name__ == "__main__":
    main()
