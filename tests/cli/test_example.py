#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program of examples/c, which has nothing but the public header and the library."""
import json
import os
import subprocess

from harness import STUDY, Case, main

EXAMPLE = os.environ["ASSENT_EXAMPLE"]


class Example(Case):
    def compare(self, *args, code=0):
        ran = subprocess.run([EXAMPLE, *args], cwd=self.dir, capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, code, ran.stderr)
        return ran

    def test_the_study_goes_through(self):
        self.run_assent("init", "--preset", "celeba")
        ran = self.compare(".", "llava-next-8b", "celeba", STUDY)
        self.assertEqual(json.loads(ran.stdout), self.json("agree", "llava-next-8b", "celeba"))
        self.assertRegex(ran.stderr, r"\d+ images")
        with open(self.path("consensus.csv"), encoding="utf-8") as f:
            self.assertEqual(len(f.readlines()), 1001)

    def test_what_fails_is_said_and_not_kept(self):
        self.assertIn("usage:", self.compare(code=2).stderr)
        self.assertIn("assent init", self.compare(".", "a", "b", "labels.csv", code=1).stderr)
        self.run_assent("init", "--preset", "celeba")
        self.write("labels.csv", "image_id,Bald\na.png,what\n")
        ran = self.compare(".", "a", "b", "labels.csv", code=1)
        self.assertIn("labels.csv:2", ran.stderr)
        self.assertEqual(ran.stdout, "")
        self.assertEqual(self.json("status")["annotators"], [])


if __name__ == "__main__":
    main()
