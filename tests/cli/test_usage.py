#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command line itself: help, options, exit codes, the man page and the completion."""
import os
import re
import shutil
import sqlite3
import subprocess

from harness import ASSENT, STUDY, Case, main

COMMANDS = ["init", "import", "plan", "annotate", "status", "agree", "review", "reviewers",
            "accept", "calibrate", "consensus", "report", "export", "ask", "serve", "server", "undo", "images", "annotators", "check", "model", "help", "version"]


class Usage(Case):
    def test_help_lists_the_commands(self):
        out = self.run_assent("help").out
        self.assertEqual(re.findall(r"^  (\w+)  +\w", out, re.M), COMMANDS)
        self.assertEqual(self.run_assent().out, out)

    def test_every_command_has_help_with_an_example(self):
        for command in COMMANDS:
            out = self.run_assent(command, "--help").out
            self.assertRegex(out, rf"Usage: assent {command} ")
            self.assertRegex(out, rf"Examples?:\n +assent .*{command}")
            for option in ("--directory", "--json", "--quiet", "--verbose"):
                self.assertIn(option, out)

    def test_what_people_try(self):
        self.assertRegex(self.run_assent("--version").out, r"^assent \d")
        self.assertEqual(self.run_assent("help", "agree").out, self.run_assent("agree", "--help").out)
        self.assertIn("did you mean 'agree'?", self.run_assent("help", "agre", code=2).err)

    def test_unknown_commands_and_options(self):
        self.assertIn("did you mean 'agree'?", self.run_assent("agre", code=2).err)
        self.assertIn("assent help", self.run_assent("zzzzzz", code=2).err)
        for args in (["agree", "--nope"], ["--nope"], ["agree", "one"], ["import"], ["import", "a", "--metadata", "b"],
                     ["export", "x"], ["agree", "--resamples", "-3"], ["agree", "--seed", "x"],
                     ["consensus", "--method", "magic"], ["consensus", "--tie", "last"], ["init", "a", "b"]):
            ran = self.run_assent(*args, code=2)
            self.assertEqual(ran.out, "", args)
            self.assertTrue(ran.err, args)

    def test_global_options_stand_anywhere(self):
        self.run_assent("init", "p", "--preset", "celeba")
        for args in (["-C", "p", "--json", "status"], ["status", "-C", "p", "--json"], ["--json", "status", "-Cp"],
                     ["--directory=p", "status", "--json"]):
            self.assertEqual(self.run_assent(*args).json["name"], "celeba")

    def test_init(self):
        out = self.run_assent("init", "p").out
        self.assertIn("p/assent.yaml", out)
        self.assertIn("left as it is", self.run_assent("init", "p", code=1).err)
        self.assertIn("did you mean 'celeba'?", self.run_assent("init", "q", "--preset", "celebA", code=2).err)
        self.assertEqual(self.run_assent("-C", "p", "status", "--json").json["questions"], 1)

    def test_every_json_is_one_document(self):
        self.assertEqual(self.json("init", ".", "--preset", "celeba"), {"wrote": "assent.yaml"})
        self.assertEqual(self.json("import", STUDY)["format"], "study")
        for args in (["status"], ["agree"], ["consensus"], ["report"], ["version"],
                     ["export", "x.csv", "-f", "csv", "-a", "celeba"]):
            self.assertIsInstance(self.json(*args), dict, args)

    def test_quiet_says_nothing_but_warnings(self):
        self.run_assent("init", ".", "--preset", "celeba")
        self.run_assent("import", STUDY)
        self.assertEqual(self.run_assent("-q", "export", "x.csv", "-f", "csv", "-a", "celeba").err, "")
        self.assertIn("40 000 cells", self.run_assent("export", "x.csv", "-f", "csv", "-a", "celeba").err)

    def test_output_that_cannot_be_written(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        self.run_assent("init", ".", "--preset", "celeba")
        with open("/dev/full", "w", encoding="utf-8") as full:
            ran = subprocess.run([ASSENT, "status"], cwd=self.dir, stdout=full, stderr=subprocess.PIPE, text=True,
                                 check=False)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("No space left", ran.stderr)

    def test_export_replaces_whole_or_not_at_all(self):
        self.run_assent("init", ".", "--preset", "celeba")
        self.run_assent("import", STUDY)
        self.write("x.txt", "before")
        os.symlink("x.txt", self.path("link"))
        self.run_assent("export", "link", "-f", "csv", "-a", "celeba")
        self.assertTrue(os.path.islink(self.path("link")) and self.read("x.txt").startswith("image_id,"))
        self.write("x.txt", "before")
        self.fails("export", "x.txt", "-f", "celeba", "-a", "person", says="no label for")
        self.assertEqual(self.read("x.txt"), "before")
        self.fails("export", "none/x", "-f", "csv", "-a", "celeba", says="none/x")
        self.fails("export", ".", "-f", "csv", "-a", "celeba", says="folder")
        self.assertEqual(sorted(n for n in os.listdir(self.dir) if "x.txt" in n), ["x.txt"])

    def test_unknown_annotators_are_answered_with_the_known(self):
        self.run_assent("init", ".", "--preset", "celeba")
        self.run_assent("import", STUDY)
        self.fails("agree", "celebA", "person", code=2, says=["'celebA'", "did you mean 'celeba'?", "llava-next-8b"])
        self.fails("agree", "celeba", "consensus", code=2, says="assent consensus makes it")


class Generated(Case):
    def options(self):
        for command in COMMANDS:
            for option in re.findall(r"--[a-z][a-z-]*[a-z]", self.run_assent(command, "--help").out):
                yield command, option

    def test_man_page(self):
        text = self.run_assent("generate", "man").out
        plain = text.replace("\\-", "-")
        for command, option in self.options():
            if option not in ("--help", "--usage", "--version"):
                self.assertIn(option, plain, command)
        if not shutil.which("mandoc"):
            self.skipTest("mandoc is not installed")
        ran = subprocess.run(["mandoc", "-T", "lint", "-W", "error"], input=text, text=True, capture_output=True,
                             check=False)
        self.assertEqual((ran.returncode, ran.stdout), (0, ""))

    def complete(self, *words):
        """What bash offers for the last word."""
        if not os.path.exists(self.path("c.bash")):
            self.write("c.bash", self.run_assent("generate", "completion").out)
        script = 'source ./c.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _assent; printf "%s\\n" "${COMPREPLY[@]}"'
        ran = subprocess.run(["bash", "-c", script, "bash", ASSENT, *words], cwd=self.dir, text=True,
                             capture_output=True, check=True)
        self.assertEqual(ran.stderr, "")
        return sorted(filter(None, ran.stdout.splitlines()))

    def test_completion(self):
        self.assertEqual(self.complete("ag"), ["agree"])
        self.assertEqual(self.complete("-C", "x", "cons"), ["consensus"])
        self.assertEqual(self.complete("import", "--format", "cel"), ["celeba"])
        for command, option in self.options():
            if option not in ("--usage", "--version"):
                self.assertIn(option, self.complete(command, option), command)

    def test_completion_offers_what_the_project_has(self):
        self.task("  - {name: Bald, text: a, group: look}\n  - {name: Hat, text: b, group: things}\n"
                  "annotators:\n  toy: {kind: model, engine: vlm, model: m}\n")
        self.write("l.csv", "image_id,Bald,Hat\na.png,1,0\n")
        self.run_assent("import", "l.csv", "-a", "anna b")
        self.write("m.csv", "image,site\na.png,x\n")
        self.run_assent("import", "--metadata", "m.csv")
        self.run_assent("reviewers", "add", "carl")
        everybody = ["anna\\ b", "carl", "toy"]
        for words, offered in (
                (["agree", ""], everybody), (["agree", "toy", "an"], ["anna\\ b"]),
                (["annotate", "-a", ""], everybody), (["annotate", "--annotator", "t"], ["toy"]),
                (["annotate", "--annotator", "=", "t"], ["toy"]), (["annotate", "--annotator", "="], everybody),
                (["review", "--between", ""], everybody), (["review", "--between", "toy", "a"], ["anna\\ b"]),
                (["consensus", "--tie", ""], ["abstain", "first"]), (["consensus", "--tie", "first", "t"], ["toy"]),
                (["agree", "--group", ""], ["look", "things"]), (["agree", "--by", ""], ["site"]),
                (["calibrate", "--by", ""], ["question"]), (["calibrate", "--against", "t"], ["toy"]),
                (["consensus", "--method", ""], ["majority"]), (["calibrate", "--method", "p"], ["plain", "platt"]),
                (["review", "--questions", ""], ["Bald", "Hat"]), (["review", "--questions", "Bald,H"], ["Bald,Hat"]),
                (["review", "--order", ""], ["question", "random", "rules-first", "uncertain"]),
                (["reviewers", ""], ["add", "list", "revoke"]), (["reviewers", "revoke", ""], ["carl"]),
                (["report", "--seed", ""], []), (["annotate", "--limit", ""], []), (["model", ""], ["info", "tokenize"]),
                (["help", "fig"], ["figures"]), (["import", "l."], ["l.csv"]), (["import", "--metadata", "m."], ["m.csv"]),
                (["-C", "nowhere", "agree", ""], []), (["annotate", ""], [])):
            self.assertEqual(self.complete(*words), offered, words)

    def test_completion_runs_nothing_that_a_name_says(self):
        self.task("  - {name: '$(touch owned)', text: a}\n  - {name: '`touch owned`', text: b}\n")
        self.assertEqual(len(self.complete("review", "--questions", "")), 2)
        self.assertFalse(os.path.exists(self.path("owned")))

    def test_completion_offers_files_for_files_only(self):
        self.write("some.file", "")
        for command in COMMANDS:
            for option, value in re.findall(r"(--[a-z-]+)=(\S+)", self.run_assent(command, "--help").out):
                takes_a_path = any(word in value for word in ("FILE", "DIR", "OUT"))
                self.assertEqual("some.file" in self.complete(command, option, ""), takes_a_path, (command, option))


class Agree(Case):
    def test_who_is_missing_is_said(self):
        self.task("  - {name: Hat, text: Hat?}\n")
        self.write("a.csv", "image,Hat\n1.jpg,1\n")
        self.fails("agree", code=2, says="nobody has labels yet")
        self.run_assent("import", "a.csv", "-a", "anna")
        err = self.fails("agree", code=2, says=("only anna has labels to compare", "brings another's")).err
        self.assertNotIn("consensus", err)
        self.run_assent("consensus")
        self.fails("agree", code=2, says=("only anna has labels to compare", "assent agree anna consensus"))
        self.run_assent("agree", "anna", "consensus")


class Bytes(Case):
    """What was given does nothing to a terminal."""

    def test_arguments_that_are_refused(self):
        self.task("  - {name: Hat, text: Hat?}\n")
        for args in (["st\x1b[31mat"], ["status", "--ve\x1b[31m"], ["-\x1b", "status"], ["annotate", "--limit", "\x1b[2J"],
                     ["undo", "\x1b[31m\x07"], ["agree", "--interval", "\x9b2J"],
                     ["agree", "--interval", "x" * 3000 + "\x1b[31m\n"]):
            err = self.run_assent(*args, code=2).err
            self.assertIn("?", err)
            self.assertFalse(set(err) & {"\x1b", "\x07", "\x9b"}, err)
            self.assertIn("assent", err.splitlines()[0])

    def test_names_that_completion_offers(self):
        self.task("  - {name: Hat, text: Hat?}\n")
        self.write("a.csv", "image,Hat\n1.jpg,1\n")
        for name in ("anna", "bert"):
            self.run_assent("import", "a.csv", "-a", name)
        db = sqlite3.connect(self.path("assent.db"))
        with db:
            db.execute("UPDATE annotator SET name = 'b\x1b[31m' WHERE name = 'bert'")
        db.close()
        self.assertEqual(self.run_assent("generate", "names", "annotators").out, "anna\n")


if __name__ == "__main__":
    main()
