#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `make install` puts in place is whole: what texts point at is there, and a program can be built on it."""
import glob
import os
import re
import shlex
import subprocess

from harness import STUDY, Case, main

BUILD, SOURCE = os.environ["ASSENT_BUILD"], os.environ["ASSENT_SOURCE"]


class Install(Case):
    def setUp(self):
        super().setUp()
        subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", self.path("root")], check=True,
                       stdout=subprocess.DEVNULL)

    def installed(self, name):
        found = glob.glob(self.path(f"root/**/{name}"), recursive=True)
        self.assertEqual(len(found), 1, name)
        return found[0]

    def test_documents_that_texts_point_at_are_there(self):
        named = set()
        for folder, endings in (("src", (".c", ".yaml")), ("docs", (".md",))):
            for where, _, names in os.walk(os.path.join(SOURCE, folder)):
                for name in filter(lambda n: n.endswith(endings), names):
                    with open(os.path.join(where, name), encoding="utf-8") as f:
                        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S) if folder == "src" else f.read()
                    named |= set(re.findall(r"\b[a-z-]+\.md\b", text.replace(r"\\-", "-")))  # roff's hyphens
        self.assertIn("task-file.md", named)
        for name in named:
            self.installed(name)

    def test_a_program_is_built_on_the_library(self):
        environment = {**os.environ, "PKG_CONFIG_PATH": os.path.dirname(self.installed("assent.pc")),
                       "PKG_CONFIG_SYSROOT_DIR": self.path("root")}
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "assent"], env=environment, check=True,
                               capture_output=True, text=True).stdout
        subprocess.run(["cc", "-Wall", "-Werror", self.installed("compare.c"), *shlex.split(flags),
                        "-o", self.path("compare")], check=True)
        self.run_assent("init", "--preset", "celeba")
        libraries = os.path.dirname(self.installed("libassent.so"))
        ran = subprocess.run([self.path("compare"), ".", "llava-next-8b", "celeba", STUDY], cwd=self.dir, check=True,
                             env={**os.environ, "LD_LIBRARY_PATH": libraries}, capture_output=True, text=True)
        self.assertIn('"agreement": 0.795175', ran.stdout)


if __name__ == "__main__":
    main()
