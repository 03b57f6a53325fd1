#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What commands print on terminals of several widths, into files and pipes, and when the reader goes away."""
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import tempfile
import termios

from harness import ASSENT, STUDY, Case, main

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
TABLES = (["agree"], ["agree", "--by", "site"], ["report"], ["status", "-v"], ["consensus"], ["plan", "--review"],
          ["reviewers", "list"], ["help", "figures"], ["agree", "llava-next-8b", "celeba", "person"])


class OnStudy(Case):
    @classmethod
    def setUpClass(cls):
        """One project for all: the study with a column to group by."""
        cls.folder = tempfile.mkdtemp(prefix="assent-test-")
        with open(os.path.join(STUDY, "ai_annotation.json"), encoding="utf-8") as f:
            images = list(json.load(f))
        with open(os.path.join(cls.folder, "m.csv"), "w", encoding="utf-8") as f:
            f.write("image,site\n" + "".join(f"{name},{'north' if i % 2 else 'the south of the town'}\n"
                                             for i, name in enumerate(images)))
        for args in (["init", "--preset", "celeba"], ["import", STUDY], ["import", "--metadata", "m.csv"],
                     ["consensus"], ["reviewers", "add", "anna"]):
            subprocess.run([ASSENT, "-q", *args], cwd=cls.folder, check=True, stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)


class Terminal(OnStudy):
    def on_terminal(self, columns, *args, **environment):
        terminal, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        ran = subprocess.Popen([ASSENT, *args], cwd=self.folder, stdout=end, stderr=subprocess.DEVNULL,
                               env={**os.environ, "NO_COLOR": "", **environment})
        os.close(end)
        said = b""
        while True:
            try:
                more = os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
            said += more
        os.close(terminal)
        self.assertEqual(ran.wait(), 0)
        return said.decode().replace("\r\n", "\n")

    def in_pipe(self, *args):
        return self.run_assent(*args, cwd=self.folder).out

    def test_no_line_is_wider_than_the_terminal(self):
        for columns in (60, 80, 100, 132):
            for args in TABLES:
                for line in COLOUR.sub("", self.on_terminal(columns, *args)).splitlines():
                    self.assertLessEqual(len(line), columns, (args, line))

    def test_what_is_left_out_is_named(self):
        narrow = COLOUR.sub("", self.on_terminal(80, "agree"))
        self.assertRegex(narrow, r"\(not shown at this width: n, .*yes 1st, yes 2nd, precision, F1\)")
        self.assertRegex(narrow, r"question +agree +95 % \(images\) +kappa +AC1 +recall\n")

    def test_wide_terminals_and_pipes_show_everything(self):
        for args in TABLES:
            piped = self.in_pipe(*args)
            self.assertNotIn("not shown", piped)
            self.assertNotIn("\x1b", piped)
        wide = COLOUR.sub("", self.on_terminal(300, "agree"))
        self.assertEqual(re.findall(r".*agree  .*", wide), re.findall(r".*agree  .*", self.in_pipe("agree")))

    def test_colour_is_for_terminals_and_can_be_refused(self):
        self.assertIn("\x1b[1m", self.on_terminal(80, "report"))
        self.assertNotIn("\x1b", self.on_terminal(80, "report", NO_COLOR="1"))

    def test_numbers_are_not_torn_apart(self):
        for columns in range(60, 90, 3):
            text = COLOUR.sub("", self.on_terminal(columns, "report"))
            self.assertNotRegex(text, r"\d\n +%|\d\n *\d{3} |of \d+\n")


class Pipes(OnStudy):
    """The reader of a pipe goes away, as head does when it has its lines."""

    def closed(self, *args):
        ran = subprocess.Popen([ASSENT, *args], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ran.stdout.close()
        said = ran.stderr.read()
        ran.stderr.close()
        return ran.wait(), said

    def test_a_reader_who_has_gone_is_no_error_to_talk_about(self):
        for args in (["agree"], ["report", "--json"], ["status"], ["export", "-", "-f", "csv", "-a", "celeba"],
                     ["help"], ["version"], ["consensus"]):
            self.assertEqual(self.closed(*args), (141, ""), args)

    def test_a_real_error_is_told_all_the_same(self):
        code, said = self.closed("agree", "nobody", "celeba")
        self.assertEqual(code, 2)
        self.assertIn("'nobody'", said)

    def test_demos_into_a_pipe_have_no_escape_codes(self):
        demo = os.path.join(STUDY, "demo.sh")
        ran = subprocess.run(["sh", demo, ASSENT, self.path("demo")], check=True, capture_output=True, text=True)
        self.assertIn("$ assent", ran.stdout)
        self.assertNotIn("\x1b", ran.stdout + ran.stderr)
        faces = os.path.join(os.path.dirname(STUDY), "faces", "demo.sh")
        with open(faces, encoding="utf-8") as f:
            self.assertNotRegex(f.read(), r"\\033|\\e\[")


if __name__ == "__main__":
    main()
