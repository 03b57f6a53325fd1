#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How pictures are prepared, where a model leaves a choice: in assent.yaml, by options; part of what the model is."""
import os

from harness import FACES, ROOT, Case, main

TOY = os.path.join(FACES, "model")
VLM = os.path.join(ROOT, "tests", "data", "vlm")
QWEN, SMOL, INTERNVL = (os.path.join(VLM, name) for name in ("qwen3vl-a", "smolvlm-a", "internvl-b"))
ONEVISION, LLAVA = os.path.join(VLM, "onevision-a"), os.path.join(VLM, "llava15-a")
QWEN_LIMITS = 256, 3072  # of that folder
CAT = "Is it a cat? Answer with only yes or no."


class Pictures(Case):
    def picture(self, name, width, height):
        """Of two colours, in the simplest format."""
        half = width * height // 2
        pixels = b"\x20\x60\xa0" * half + b"\xe0\x80\x20" * (width * height - half)
        self.write(name, b"P6 %d %d 255\n" % (width, height) + pixels)

    def shape(self, name):
        """Of a .npy file."""
        with open(self.path(name), "rb") as f:
            return eval(f.read()[10:].split(b"\n")[0], {}, {})["shape"]  # pylint: disable=eval-used # a literal

    def project(self, *sizes, model=QWEN, more=""):
        for i, size in enumerate(sizes):
            self.picture(f"images/{i}.ppm", *size)
        self.ask(model, more)

    def ask(self, model=QWEN, more=""):
        self.write("assent.yaml", f'name: test\nimages: images/\nquestions:\n  - {{name: Cat, text: "{CAT}"}}\n'
                   f"annotators:\n  m: {{kind: model, engine: vlm, model: {model}{more}}}\n")


class Chosen(Pictures):
    def test_what_the_model_cannot_do_is_refused_with_the_line(self):
        least, most = QWEN_LIMITS
        self.project((64, 64))
        for model, more, says in (
                (QWEN, "tiles: 1", ["not cut into tiles", "max_pixels"]),
                (QWEN, f"min_pixels: {most + 1}", ["min_pixels is above max_pixels", f"{most + 1} and {most}"]),
                (QWEN, f"max_pixels: {least - 1}", ["min_pixels is above max_pixels", f"{least} and {least - 1}"]),
                (SMOL, "max_pixels: 4096", ["cut into tiles", "expected tiles"]),
                (SMOL, "tiles: 1, min_pixels: 4096", ["got min_pixels"]),
                (TOY, "max_pixels: 4096", ["pictures", "max_pixels"]),
                (TOY, "tiles: 1", ["no canvas of so few tiles", "at least 3"]),
                (ONEVISION, "tiles: 1, max_pixels: 4096", ["cut into tiles", "got max_pixels"]),
                (LLAVA, "tiles: 1", ["in one way only", "leave it out"])):
            self.ask(model, f", {more}")
            for command in ("plan", "annotate"):
                self.fails(command, code=2, says=["assent.yaml:6: m", *says])
        for more in ("max_pixels: 0", "max_pixels: many", "tiles: 1001", "min_pixels: -1"):
            self.ask(QWEN, f", {more}")
            self.fails("plan", code=1, says="assent.yaml:6")

    def test_another_choice_is_another_model(self):
        least, most = QWEN_LIMITS
        for model, said, other, before, now in (
                (QWEN, f"max_pixels: {most}", "max_pixels: 1024", f"preparation.max_pixels was {most}", "is 1024"),
                (QWEN, f"min_pixels: {least}", "min_pixels: 1024", f"preparation.min_pixels was {least}", "is 1024"),
                (SMOL, "tiles: 1000", "tiles: 1", "preparation.do_image_splitting was", "false"),
                (ONEVISION, "tiles: 16", "tiles: 15", "preparation.image_grid_pinpoints", "changed"),
                (ONEVISION, "tiles: 1000", "tiles: 1", "preparation.image_grid_pinpoints", "changed")):
            self.project((64, 64), (40, 60), (100, 50), model=model)
            self.run_assent("annotate", "-q", "--limit", "1")
            self.ask(model, f", {said}")  # what the folder says is no change
            self.run_assent("annotate", "-q", "--limit", "1")
            self.ask(model, f", {other}")
            for command in ("plan", "annotate"):
                self.fails(command, says=["not the one that answered before", before, now])
            self.run_assent("annotate", "-q", "--as", "other")
            self.assertEqual((len(self.labels("m")), len(self.labels("other"))), (2, 3))
            os.remove(self.path("assent.db"))

    def test_by_an_option(self):
        self.picture("a.ppm", 160, 120)
        for model, option, tokens in ((QWEN, ("--max-pixels", "1024"), 12), (QWEN, (), 48), (QWEN, ("--min-pixels", "3000"), 48),
                                      (INTERNVL, ("--tiles", "8"), 28), (INTERNVL, (), 52),
                                      (SMOL, ("--tiles", "1"), 4), (SMOL, ("--tiles", "5"), 20), (SMOL, (), 52)):
            info = self.json("model", "info", model, "--size", "160x120", *option)
            self.assertEqual(info["images"][0]["image_tokens"], tokens)
            self.json("ask", "-m", model, "a.ppm", "-Q", CAT, "--trace", "t", *option)
            self.assertEqual(self.shape("t/features.npy")[0], tokens)
        for model, option, says in ((QWEN, ("--tiles", "2"), "not cut into tiles"), (SMOL, ("--max-pixels", "9"), "expected tiles")):
            self.fails("ask", "-m", model, "a.ppm", "-Q", CAT, *option, code=2, says=says)
            self.fails("model", "info", model, *option, code=2, says=says)
        for option in ("--max-pixels", "--min-pixels", "--tiles"):
            for command in (("ask", "-m", QWEN, "a.ppm", "-Q", CAT), ("model", "info", QWEN), ("serve", "-m", QWEN)):
                self.run_assent(*command, option, "0", code=2)

    def test_what_is_in_effect_is_said(self):
        least, most = QWEN_LIMITS
        wanted = {"min_pixels": least, "max_pixels": most, "tiles": None}
        self.assertEqual(self.json("model", "info", QWEN)["pictures"], wanted)
        self.assertEqual(self.json("model", "info", QWEN, "--max-pixels", "999")["pictures"], {**wanted, "max_pixels": 999})
        self.assertEqual(self.json("model", "info", SMOL)["pictures"], {"min_pixels": None, "max_pixels": None, "tiles": 17})
        self.assertEqual(self.json("model", "info", SMOL, "--tiles", "16")["pictures"]["tiles"], 10)
        for options, tiles in (((), 13), (("--tiles", "5"), 5), (("--tiles", "2"), 1)):
            self.assertEqual(self.json("model", "info", INTERNVL, *options)["pictures"]["tiles"], tiles)
        self.assertIn("of 256 to 3 072 pixels", self.run_assent("model", "info", QWEN).out)
        self.assertIn("at most 17 tiles", self.run_assent("model", "info", SMOL).out)
        self.assertIn("at most 16 tiles", self.run_assent("model", "info", ONEVISION).out)
        self.assertIn("whole, not cut into tiles", self.run_assent("model", "info", ONEVISION, "--tiles", "1").out)
        self.assertIn("nothing to choose", self.run_assent("model", "info", LLAVA).out)

    def test_a_size_that_cannot_be_seen_spoils_no_other(self):
        images = self.json("model", "info", QWEN, "--max-pixels", "800000", "--size", "4000x10", "--size", "2000x1000",
                           "--size", "9x7")["images"]
        self.assertIn("long and narrow", images[0]["why"])
        self.assertIn("more tokens than the model was trained for", images[1]["why"])
        self.assertEqual([set(i) & {"flop", "why"} for i in images], [{"why"}, {"why"}, {"flop"}])


class Plan(Pictures):
    def test_a_limit_counts(self):
        self.project((320, 200), (200, 320), (64, 64), (300, 300))
        whole = self.json("plan")
        self.ask(more=", max_pixels: 1024")
        less = self.json("plan")
        self.assertLess(less["image_tokens"], whole["image_tokens"])
        self.assertAlmostEqual(whole["tokens_per_image"] - whole["image_tokens"],
                               less["tokens_per_image"] - less["image_tokens"], places=6)
        self.assertLess(less["flop_per_image"], whole["flop_per_image"])
        self.assertRegex(self.run_assent("plan").out, r"tokens +\d+ per image, \d+ of them the picture's")

    def test_what_a_limit_would_save(self):
        self.project((320, 200), (200, 320), model=SMOL)
        plan = self.json("plan")
        self.assertEqual((plan["less"]["key"], plan["less"]["value"]), ("tiles", 1))
        self.assertIn("With tiles: 1 at 'm' in assent.yaml", self.run_assent("plan").out)
        self.ask(SMOL, ", tiles: 1")
        chosen = self.json("plan")
        self.assertAlmostEqual(chosen["flop_per_image"], plan["less"]["flop_per_image"], delta=1)
        self.assertIsNone(chosen["less"])
        self.assertNotIn("in assent.yaml an image", self.run_assent("plan").out)

    def test_where_pictures_are_small_nothing_is_said(self):
        for model in (QWEN, TOY):
            self.project((64, 64), (40, 60), model=model)
            self.assertIsNone(self.json("plan")["less"])


if __name__ == "__main__":
    main()
