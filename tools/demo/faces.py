#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws cartoon faces with known attributes: what the demo model is trained on and asked about.

    faces.py OUT_DIR --count 200 --seed 7      writes OUT_DIR/face_0001.jpg .. and OUT_DIR/truth.csv

A drawing follows from its seed alone. What is drawn is what the truth says: an attribute that another would hide (a bald
head under a hat) is never drawn under it.
"""

import argparse
import csv
import pathlib
import random

from PIL import Image, ImageDraw

ATTRIBUTES = (
    "Wearing_Hat",
    "Eyeglasses",
    "Beard",
    "Mustache",
    "Smiling",
    "Mouth_Open",
    "Wearing_Earrings",
    "Wearing_Necktie",
    "Wearing_Necklace",
    "Wearing_Lipstick",
    "Bald",
    "Bangs",
    "Long_Hair",
    "Rosy_Cheeks",
    "Dark_Background",
)
HAIR_COLORS = ("black", "blond", "brown", "gray", "red")
SIZES = ((89, 109), (128, 128))  # width, height: portrait and square

SKIN = ((255, 219, 172), (241, 194, 125), (224, 172, 105), (206, 148, 88), (160, 104, 62))
HAIR = {
    "black": (26, 22, 24),
    "blond": (236, 205, 96),
    "brown": (92, 50, 20),
    "gray": (168, 170, 174),
    "red": (196, 62, 18),
}
LIGHT = ((214, 232, 245), (240, 232, 205), (214, 238, 214), (242, 218, 226), (232, 232, 232))
DARK = ((32, 40, 70), (24, 62, 52), (66, 30, 54), (44, 44, 48), (60, 40, 24))
CLOTHES = ((60, 98, 170), (160, 50, 60), (70, 130, 90), (120, 90, 150), (200, 170, 80), (235, 235, 240))
BRIGHT = ((206, 32, 44), (32, 84, 196), (24, 140, 72), (140, 44, 160), (230, 130, 20))
MUSTACHE = ((0, 0.36), (0.46, 0.47), (0.54, 0.6), (0.1, 0.57), (0, 0.53), (-0.1, 0.57), (-0.54, 0.6), (-0.46, 0.47))

TIE = (
    ((-0.1, 1.78), (0.1, 1.78), (0.26, 2.7), (-0.26, 2.7)),
    ((-0.2, 1.5), (0.2, 1.5), (0.1, 1.78), (-0.1, 1.78)),
)


def choose(rng):
    """The attributes of one face, as {name: bool} with the hair's colour under "Hair_Color"."""
    face = {name: rng.random() < 0.45 for name in ATTRIBUTES}
    if face["Wearing_Hat"]:
        face["Bald"] = face["Bangs"] = False
    if face["Bald"]:
        face["Bangs"] = face["Long_Hair"] = False
    if face["Wearing_Necktie"]:
        face["Wearing_Necklace"] = False
    face["Hair_Color"] = rng.choice(HAIR_COLORS)
    return face


def near(rng, colour, spread=10):
    return tuple(max(0, min(255, c + rng.randint(-spread, spread))) for c in colour)


class Pen:
    """Draws in units of the face's half width about its centre, on a canvas three times too large."""

    OVER = 3

    def __init__(self, size, background, centre, unit):
        self.size = size
        self.image = Image.new("RGB", (size[0] * self.OVER, size[1] * self.OVER), background)
        self.draw = ImageDraw.Draw(self.image)
        self.centre = (centre[0] * self.OVER, centre[1] * self.OVER)
        self.unit = unit * self.OVER

    def at(self, x, y):
        return self.centre[0] + x * self.unit, self.centre[1] + y * self.unit

    def box(self, x0, y0, x1, y1):
        return [self.at(x0, y0), self.at(x1, y1)]

    def ellipse(self, x, y, rx, ry, fill=None, outline=None, width=0.0):
        self.draw.ellipse(self.box(x - rx, y - ry, x + rx, y + ry), fill, outline, self.pixels(width))

    def rectangle(self, x0, y0, x1, y1, fill):
        self.draw.rectangle(self.box(x0, y0, x1, y1), fill)

    def polygon(self, points, fill):
        self.draw.polygon([self.at(*p) for p in points], fill)

    def line(self, points, fill, width):
        self.draw.line([self.at(*p) for p in points], fill, self.pixels(width), "curve")

    def arc(self, x, y, rx, ry, start, end, fill, width):
        self.draw.arc(self.box(x - rx, y - ry, x + rx, y + ry), start, end, fill, self.pixels(width))

    def chord(self, x, y, rx, ry, start, end, fill):
        self.draw.chord(self.box(x - rx, y - ry, x + rx, y + ry), start, end, fill)

    def pixels(self, width):
        return max(1, round(width * self.unit)) if width else 0

    def done(self):
        return self.image.resize(self.size, Image.Resampling.BOX)


def body(pen, face, rng, skin):
    clothes = near(rng, rng.choice(CLOTHES))
    pen.rectangle(-0.36, 0.9, 0.36, 1.7, skin)
    pen.ellipse(0, 2.5, 1.55, 1.05, clothes)
    pen.polygon([(-0.36, 1.5), (0.36, 1.5), (0, 1.85)], skin)
    if face["Wearing_Necktie"]:
        tie = near(rng, rng.choice(BRIGHT))
        edge = tuple(c // 3 for c in tie)
        for shape in TIE:
            pen.polygon(shape, tie)
            pen.line([*shape, shape[0]], edge, 0.04)
    if face["Wearing_Necklace"]:
        bead = rng.choice(((250, 250, 252), (250, 205, 40), (60, 200, 210)))
        for i in range(-4, 5):
            pen.ellipse(i * 0.135, 1.72 - 0.022 * i * i, 0.095, 0.095, bead, (70, 60, 60), 0.02)


def hair_behind(pen, face, hair):
    if face["Long_Hair"]:
        pen.ellipse(0, -0.2, 1.3, 1.25, hair)
        pen.rectangle(-1.3, -0.2, -0.55, 1.75, hair)
        pen.rectangle(0.55, -0.2, 1.3, 1.75, hair)
    elif not face["Bald"]:
        pen.ellipse(0, -0.3, 1.14, 1.14, hair)


def head(pen, face, skin, hair, shade):
    for side in (-1, 1):
        pen.ellipse(side * 1.0, 0.1, 0.17, 0.25, skin, shade, 0.03)
    pen.ellipse(0, 0.05, 1.0, 1.25, skin)
    if face["Bald"]:  # tufts over the ears keep the colour in sight
        for side in (-1, 1):
            pen.ellipse(side * 1.0, -0.28, 0.2, 0.34, hair)
    elif not face["Wearing_Hat"]:
        pen.chord(0, -0.1, 1.03, 1.15, 205, 335, hair)
    else:
        for side in (-1, 1):
            pen.ellipse(side * 0.95, -0.3, 0.17, 0.4, hair)
    if face["Bangs"]:
        pen.chord(0, -0.42, 0.93, 0.72, 180, 360, hair)
        for i in range(-3, 4):
            pen.polygon([(i * 0.25 - 0.15, -0.45), (i * 0.25 + 0.15, -0.45), (i * 0.25, -0.25)], hair)


def hat(pen, rng):
    colour = near(rng, rng.choice(BRIGHT))
    band = tuple(c // 3 for c in colour)
    if rng.random() < 0.5:
        pen.rectangle(-0.72, -1.75, 0.72, -0.7, colour)
        pen.rectangle(-0.72, -0.95, 0.72, -0.75, band)
        pen.ellipse(0, -0.68, 1.3, 0.14, colour)
    else:
        pen.chord(0, -0.6, 1.08, 1.05, 180, 360, colour)
        pen.rectangle(-1.1, -0.78, 1.1, -0.58, band)
        pen.ellipse(0, -1.68, 0.15, 0.15, band)


def eyes(pen, face, rng, hair):
    iris = rng.choice(((60, 40, 20), (40, 90, 150), (50, 110, 60)))
    for side in (-1, 1):
        pen.ellipse(side * 0.4, -0.05, 0.17, 0.13, (255, 255, 255))
        pen.ellipse(side * 0.4, -0.05, 0.09, 0.1, iris)
        pen.line([(side * 0.22, -0.27), (side * 0.58, -0.29)], hair, 0.07)
    if face["Eyeglasses"]:
        frame = rng.choice(((15, 15, 20), (110, 20, 30), (20, 40, 110)))
        for side in (-1, 1):
            pen.ellipse(side * 0.42, -0.04, 0.33, 0.28, None, frame, 0.085)
            pen.line([(side * 0.74, -0.08), (side * 1.0, -0.14)], frame, 0.08)
        pen.line([(-0.1, -0.06), (0.1, -0.06)], frame, 0.08)


def lower_face(pen, face, skin, hair, shade):
    if face["Rosy_Cheeks"]:
        for side in (-1, 1):
            pen.ellipse(side * 0.62, 0.36, 0.2, 0.15, (238, 92, 104))
    edge = tuple(c // 2 for c in hair)  # hair and skin may have one colour: an outline tells them apart
    if face["Beard"]:
        pen.chord(0, 0.05, 1.01, 1.33, 21, 159, edge)
        pen.chord(0, 0.08, 0.96, 1.26, 22, 158, hair)
        pen.ellipse(0, 0.72, 0.52, 0.3, skin, edge, 0.03)
    pen.line([(0.02, 0.05), (0.1, 0.3), (-0.05, 0.32)], shade, 0.05)
    lips = (206, 18, 58) if face["Wearing_Lipstick"] else tuple(c // 2 for c in skin)
    width = 0.13 if face["Wearing_Lipstick"] else 0.06
    if face["Mouth_Open"]:
        if face["Smiling"]:
            pen.chord(0, 0.58, 0.42, 0.36, 0, 180, (70, 10, 20))
            pen.chord(0, 0.58, 0.36, 0.13, 0, 180, (255, 255, 255))
            pen.arc(0, 0.58, 0.42, 0.36, 0, 180, lips, width)
            pen.line([(-0.42, 0.58), (0.42, 0.58)], lips, width)
        else:
            pen.ellipse(0, 0.72, 0.22, 0.2, (70, 10, 20))
            pen.ellipse(0, 0.72, 0.24, 0.22, None, lips, width)
    elif face["Smiling"]:
        pen.arc(0, 0.42, 0.44, 0.36, 20, 160, lips, width + 0.03)
    else:
        pen.line([(-0.28, 0.7), (0.28, 0.7)], lips, width + 0.02)
    if face["Mustache"]:
        pen.polygon(MUSTACHE, hair)
        pen.line([*MUSTACHE, MUSTACHE[0]], edge, 0.045)


def earrings(pen, rng):
    colour = rng.choice(((250, 205, 30), (40, 200, 220), (230, 30, 120)))
    for side in (-1, 1):
        pen.ellipse(side * 1.05, 0.5, 0.14, 0.17, colour, (60, 50, 40), 0.03)


def draw(face, size, rng):
    """One face as an RGB image of `size` = (width, height)."""
    width, height = size
    unit = min(width * 0.27, height * 0.22) * rng.uniform(0.92, 1.1)
    centre = (width / 2 + rng.uniform(-0.05, 0.05) * width, height * 0.46 + rng.uniform(-0.03, 0.03) * height)
    pen = Pen(size, near(rng, rng.choice(DARK if face["Dark_Background"] else LIGHT)), centre, unit)
    skin = near(rng, rng.choice(SKIN))
    shade = tuple(c * 2 // 3 for c in skin)
    hair = near(rng, HAIR[face["Hair_Color"]], 8)
    hair_behind(pen, face, hair)
    body(pen, face, rng, skin)
    head(pen, face, skin, hair, shade)
    lower_face(pen, face, skin, hair, shade)
    eyes(pen, face, rng, hair)
    if face["Wearing_Earrings"]:
        earrings(pen, rng)
    if face["Wearing_Hat"]:
        hat(pen, rng)
    return pen.done()


def make(seed, size=None):
    """The face of a seed: its attributes and its drawing."""
    rng = random.Random(f"assent-face-{seed}")
    face = choose(rng)
    size = size or SIZES[rng.random() < 0.25]
    return face, draw(face, size, rng)


def row(face, say=lambda name, value: value):
    """A face's line of a label table: yes, no and the colour, as `say` tells them."""
    told = {name: say(name, face[name]) for name in (*ATTRIBUTES, "Hair_Color")}
    return [{True: "yes", False: "no"}.get(value, value) for value in told.values()]


def write_table(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["image", *ATTRIBUTES, "Hair_Color"])
        table.writerows(rows)


def write_images(folder, count, seed):
    """Draws `count` faces into `folder` and returns them by file name."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {}
    for i in range(count):
        name = f"face_{i + 1:04d}.jpg"
        drawn[name], image = make(seed + i)
        image.save(folder / name, quality=88)
    return drawn


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="the first face's seed; the others follow")
    args = parser.parse_args()
    drawn = write_images(args.out, args.count, args.seed)
    write_table(args.out / "truth.csv", ([name, *row(face)] for name, face in drawn.items()))


if __name__ == "__main__":
    main()
