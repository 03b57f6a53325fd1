#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the demo project's data: drawings, what was drawn, and two imagined people's annotations of them.

    labels.py examples/faces

writes images/face_0001.jpg .. face_0200.jpg, truth.csv, first.csv and second.csv. The drawings are of seeds 1 to 200,
which the model was not trained on. Who annotates errs more where a thing is hard to see: an answer is wrong with the
probability below, times the annotator's carelessness; one who overlooks things says no to what is there more often than
yes to what is not. The second annotator now and then is unsure.
"""

import argparse
import pathlib
import random

import faces

COUNT, SEED = 200, 1
DIFFICULTY = {
    "Wearing_Hat": 0.02,
    "Eyeglasses": 0.02,
    "Beard": 0.03,
    "Mustache": 0.06,
    "Smiling": 0.08,
    "Mouth_Open": 0.06,
    "Wearing_Earrings": 0.08,
    "Wearing_Necktie": 0.04,
    "Wearing_Necklace": 0.06,
    "Wearing_Lipstick": 0.12,
    "Bald": 0.04,
    "Bangs": 0.10,
    "Long_Hair": 0.05,
    "Rosy_Cheeks": 0.12,
    "Dark_Background": 0.02,
    "Hair_Color": 0.08,
}
LOOKALIKES = {"black": "brown", "brown": "black", "blond": "gray", "gray": "blond", "red": "brown"}


class Annotator:
    """Somebody imagined; two of one name answer alike."""

    def __init__(self, name, careless, overlooks, unsure):
        self.name, self.careless, self.overlooks, self.unsure = name, careless, overlooks, unsure
        self.rng = random.Random(f"assent-{name}")

    def say(self, question, truth):
        wrong, unsure = self.rng.random(), self.rng.random()
        chance = DIFFICULTY[question] * self.careless
        if unsure < self.unsure * DIFFICULTY[question]:
            return "unsure"
        if question == "Hair_Color":
            return LOOKALIKES[truth] if wrong < chance else truth
        return truth != (wrong < chance * (self.overlooks if truth else 2 - self.overlooks))


ANNOTATORS = (
    Annotator("first", careless=1.0, overlooks=1.5, unsure=0.0),
    Annotator("second", careless=0.7, overlooks=0.9, unsure=0.1),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    out = parser.parse_args().out
    drawn = faces.write_images(out / "images", COUNT, SEED)
    faces.write_table(out / "truth.csv", ([name, *faces.row(face)] for name, face in drawn.items()))
    for annotator in ANNOTATORS:
        rows = ([name, *faces.row(face, annotator.say)] for name, face in drawn.items())
        faces.write_table(out / f"{annotator.name}.csv", rows)


if __name__ == "__main__":
    main()
