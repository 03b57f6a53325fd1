# SPDX-License-Identifier: MIT
"""Runs the program in a throw-away folder, and prints unittest's results as TAP.

ASSENT names the program, ASSENT_STUDY the study's folder (tests/meson.build sets both).
"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
ASSENT = os.path.abspath(os.environ.get("ASSENT", os.path.join(ROOT, "build-test", "assent")))
FACES = os.path.join(ROOT, "examples", "faces")
STUDY = os.environ.get("ASSENT_STUDY", os.path.join(ROOT, "examples", "study"))


class Result:
    """What one run of the program gave."""

    def __init__(self, ran):
        self.code, self.out, self.err = ran.returncode, ran.stdout, ran.stderr

    @property
    def json(self):
        return json.loads(self.out)


class Case(unittest.TestCase):
    """A test with a folder of its own, self.dir, in which the program runs."""

    maxDiff = 2000

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="assent-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        """Writes a text, or bytes, and returns the file's name."""
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return name

    def read(self, name):
        with open(self.path(name), encoding="utf-8", newline="") as f:
            return f.read()

    def run_assent(self, *args, code=0, **options):
        """Runs the program and checks its exit code."""
        ran = subprocess.run([ASSENT, *args], text=True, check=False, timeout=120, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, **{"cwd": self.dir, **options})
        self.assertEqual(ran.returncode, code, f"assent {' '.join(args)}\n{ran.stdout}{ran.stderr}")
        return Result(ran)

    def json(self, *args):
        return self.run_assent(*args, "--json").json

    def task(self, text):
        """Makes self.dir a project that asks these questions (a YAML list), with rules if any."""
        self.write("assent.yaml", f"name: test\nquestions:\n{text}")

    def labels(self, annotator, folder="."):
        """{(image, question): value or the reason of an abstention}, as export jsonl has them."""
        out = self.run_assent("-C", folder, "-q", "export", "-", "-f", "jsonl", "-a", annotator).out
        rows = [json.loads(line) for line in out.splitlines()]
        return {(r["image"], r["question"]): r["value"] or f"({r['reason']})" for r in rows}

    def dump(self, folder="."):
        """All that the database holds, as text; None where there is none."""
        path = os.path.join(self.dir, folder, "assent.db")
        if not os.path.exists(path):
            return None
        db = sqlite3.connect(path)
        try:
            return "\n".join(db.iterdump())
        finally:
            db.close()

    def fails(self, *args, code=1, says=(), **options):
        """The run fails with one message that holds every text of `says`, prints nothing on stdout, and the
        database holds what it held."""
        before = self.dump()
        ran = self.run_assent(*args, code=code, **options)
        self.assertEqual(ran.out, "")
        self.assertEqual(ran.err.count("assent: "), 1, ran.err)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, ran.err)
        self.assertEqual(self.dump() or "", before or self.dump() or "")
        return ran


class TapResult(unittest.TestResult):
    """Prints a line a test."""

    def startTestRun(self):
        self.count = 0

    def line(self, good, test, note="", details=""):
        self.count += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {test.id().split('.', 1)[1]}{note}")
        for text in details.splitlines():
            print(f"# {text}")
        sys.stdout.flush()

    def addSuccess(self, test):
        self.line(True, test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line(False, test, details=self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.line(False, test, details=self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self.line(False, subtest, details=(self.failures or self.errors)[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line(True, test, f" # SKIP {reason}")


def main():
    names = [f"{key}.{n}" for key, value in vars(sys.modules["__main__"]).items()
             if isinstance(value, type) and issubclass(value, Case) and value is not Case
             for n in unittest.TestLoader().getTestCaseNames(value)]
    wanted = [n for n in names if len(sys.argv) < 2 or any(a in n for a in sys.argv[1:])]
    suite = unittest.TestLoader().loadTestsFromNames(wanted, sys.modules["__main__"])
    result = TapResult()
    result.startTestRun()
    suite.run(result)
    print(f"1..{result.count}")
    sys.exit(0 if result.wasSuccessful() else 1)
