#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The demo's models really see: balanced accuracy on the 200 drawings that they were not trained on, in two wordings,
over all of them and over those of each of the two sizes.

And the demo goes through to the verdicts, twice alike.
"""
import csv
import json
import os
import re
import struct
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
MODELS = {"toy": "model", "toy-qwen": "model-qwen3-vl"}
MEAN, WEAKEST, HAIR = .93, .80, .90


def jpeg_size(path):
    """Width and height, from the frame's header."""
    with open(path, "rb") as f:
        data = f.read()
    at = 2
    while data[at + 1] not in (0xC0, 0xC2):
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    height, width = struct.unpack(">HH", data[at + 5:at + 9])
    return width, height


class Faces(Case):
    def setUp(self):
        super().setUp()
        with open(os.path.join(FACES, "truth.csv"), encoding="utf-8") as f:
            self.truth = {row["image"]: row for row in csv.DictReader(f)}
        with open(os.path.join(FACES, "assent.yaml"), encoding="utf-8") as f:
            self.yaml = f.read().replace("images/", f"{FACES}/images/")
        for folder in MODELS.values():
            self.yaml = self.yaml.replace(f" {folder}/", f" {FACES}/{folder}/")
        self.sizes = {}
        for image in self.truth:
            self.sizes.setdefault(jpeg_size(os.path.join(FACES, "images", image)), []).append(image)

    def balanced(self, labels, question, images):
        """The mean of the recalls of yes and of no."""
        recalls = []
        for value in ("yes", "no"):
            those = [image for image in images if self.truth[image][question] == value]
            recalls.append(sum(labels[image, question] == value for image in those) / len(those))
        return sum(recalls) / 2

    def check_images(self, labels, what, images):
        balanced = {question: self.balanced(labels, question, images) for question in OTHER_WORDING}
        hair = sum(labels[image, "Hair_Color"] == self.truth[image]["Hair_Color"] for image in images) / len(images)
        mean, weakest = sum(balanced.values()) / len(balanced), min(balanced, key=balanced.get)
        print(f"# {what}: {len(images)} images, mean {mean:.3f}, weakest {weakest} {balanced[weakest]:.3f}, hair {hair:.3f}")
        self.assertEqual(len(balanced), 15)
        self.assertGreaterEqual(mean, MEAN)
        self.assertGreaterEqual(balanced[weakest], WEAKEST)
        self.assertGreaterEqual(hair, HAIR)

    def check(self, yaml):
        self.write("assent.yaml", yaml)
        for model in MODELS:
            self.run_assent("annotate", "-q", "-a", model)
            labels = self.labels(model)
            self.check_images(labels, model, self.truth)
            self.assertEqual(len(self.sizes), 2)
            for size, images in self.sizes.items():
                self.check_images(labels, f"{model}, {size[0]} x {size[1]}", images)

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

    def test_the_demo_compares_two_families(self):
        self.demo()
        compared = self.json("-C", "demo", "agree", "toy", "toy-qwen", "first", "second", "--resamples", "0")
        pairs = {(p["first"], p["second"]): p for p in compared["pairs"]}
        self.assertEqual(len(pairs), 6)
        self.assertGreaterEqual(pairs["toy", "toy-qwen"]["agreement"], .95)
        for (a, b), pair in pairs.items():
            self.assertGreaterEqual(pair["n"], 3100)
            if (a, b) != ("toy", "toy-qwen"):
                self.assertLess(pair["agreement"], pairs["toy", "toy-qwen"]["agreement"])
        sure = compared["sure"]
        self.assertGreaterEqual(len(sure), 10)
        for row in sure:
            self.assertLessEqual(row["all_differ"], row["differ"])
        wrong = sum(row["differ"] for row in self.json("-C", "demo", "agree", "toy", "toy-qwen", "imagined", "--resamples", "0")["sure"])
        self.assertLess(wrong, sum(row["differ"] for row in sure) / 10)  # it is people who err there


if __name__ == "__main__":
    main()
