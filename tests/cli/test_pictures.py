#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How pictures are prepared, where a model leaves a choice: in assent.yaml, by options; part of what the model is."""
import os

from harness import FACES, ROOT, Case, main

TOY = os.path.join(FACES, "model")
VLM = os.path.join(ROOT, "tests", "data", "vlm")
QWEN, SMOL = os.path.join(VLM, "qwen3vl-a"), os.path.join(VLM, "smolvlm-a")
ONEVISION, LLAVA = os.path.join(VLM, "onevision-a"), os.path.join(VLM, "llava15-a")
QWEN_LIMITS = 256, 3072  # of that folder
CAT = "Is it a cat? Answer with only yes or no."


class Pictures(Case):
    def picture(self, name, width, height):
        """Of two colours, in the simplest format."""
        half = width * height // 2
        pixels = b"\x20\x60\xa0" * half + b"\xe0\x80\x20" * (width * height - half)
        self.write(name, b"P6 %d %d 255\n" % (width, height) + pixels)

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


if __name__ == "__main__":
    main()
