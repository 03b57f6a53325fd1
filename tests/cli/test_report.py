#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reports of projects that have little to report, and figures that stand in more than one place."""
import re

from harness import STUDY, Case, main

PAIR = ("llava-next-8b", "celeba")
BAD = r"\b(inf|nan|9 223|18 446|9223372036854775808|18446744073709551615)\b"


class Little(Case):
    """Projects with fewer labels than a report compares."""

    def setUp(self):
        super().setUp()
        self.task("  - {name: Bald, text: a}\n  - {name: Hat, text: b}\n")

    def labels_of(self, who, rows, kind="human"):
        self.write(f"{who}.csv", "image_id,Bald,Hat\n" + "".join(f"{row}\n" for row in rows))
        self.run_assent("import", f"{who}.csv", "-a", who, "--kind", kind)

    def check(self, says):
        ran = self.run_assent("report")
        self.assertIn(says, ran.out)
        self.assertNotRegex(ran.out.lower(), BAD)
        document = self.run_assent("report", "--json").out
        self.assertNotRegex(document.lower(), BAD)
        return self.json("report")

    def test_without_labels(self):
        self.check("import a second one's labels")

    def test_of_one_annotator(self):
        self.labels_of("anna", ["a.png,1,0", "b.png,1,1"])
        self.check("import a second one's labels")

    def test_without_common_cells(self):
        self.labels_of("model", ["a.png,1,0", "b.png,1,1"], "model")
        self.labels_of("anna", ["c.png,1,0", "d.png,0,1"])
        before = self.check("no cell")["before"]
        self.assertEqual((before["pooled"]["n"], before["pooled"]["agreement"]), (0, None))

    def test_of_abstentions_only(self):
        self.labels_of("model", ["a.png,1,0", "b.png,1,1"], "model")
        self.labels_of("anna", ["a.png,unsure,unsure", "b.png,unsure,unsure"])
        self.check("no cell")


class Intervals(Case):
    def setUp(self):
        super().setUp()
        self.run_assent("init", "--preset", "celeba")
        self.run_assent("import", STUDY)
        self.run_assent("consensus")

    def of_eyeglasses(self, *args):
        """The heading of the interval and Eyeglasses' own, where a table has them."""
        out = self.run_assent(*args).out
        rows = [re.split(r"  +", line.strip()) for line in out.splitlines()]
        head = next(r for r in rows if r[:2] == ["question", "n"] or r[:2] == ["question", "agree"])
        place = next(i for i, name in enumerate(head) if name.startswith("95 %"))
        return head[place], next(r for r in rows if r[0] == "Eyeglasses" and len(r) == len(head))[place]

    def test_agree_and_report_show_one_interval_and_name_it(self):
        shown = {}
        for kind in ("images", "cells"):
            for command in (["agree", *PAIR], ["report"]):
                shown[kind, command[0]] = self.of_eyeglasses(*command, "--interval", kind)
                self.assertEqual(shown[kind, command[0]][0], f"95 % ({kind})")
            self.assertEqual(shown[kind, "agree"], shown[kind, "report"])
        self.assertNotEqual(shown["images", "agree"], shown["cells", "agree"])
        self.assertEqual(self.of_eyeglasses("agree", *PAIR), shown["images", "agree"])  # unless somebody says
        self.assertEqual(self.of_eyeglasses("report"), shown["images", "report"])

    def test_the_table_has_the_documents_interval(self):
        row = next(q for q in self.json("agree", *PAIR)["questions"] if q["name"] == "Eyeglasses")
        for kind, key in (("images", "bootstrap"), ("cells", "wilson")):
            text = " - ".join(f"{x:.3f}".removeprefix("0") for x in row[key])
            self.assertEqual(self.of_eyeglasses("agree", *PAIR, "--interval", kind)[1], text)

    def test_without_a_bootstrap_cells_are_shown(self):
        self.assertEqual(self.of_eyeglasses("agree", *PAIR, "--resamples", "0")[0], "95 % (cells)")
        self.assertIn("images or cells", self.run_assent("agree", "--interval", "both", code=2).err)


if __name__ == "__main__":
    main()
