#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Broken files, full disks, killed programs: one clear message, the right exit code, and the database holds what it
held."""
import os
import random
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

from harness import ASSENT, FACES, ROOT, STUDY, Case, main

YES_NO = "  - {name: Bald, text: a}\n  - {name: Smiling, text: b}\n"


def limit(what, bound):
    return lambda: resource.setrlimit(what, (bound, bound))


class LabelFiles(Case):
    def setUp(self):
        super().setUp()
        self.task(YES_NO)
        self.write("good.csv", "i,Bald,Smiling\n1,1,0\n2,0,1\n")
        self.run_assent("import", "good.csv", "-a", "good")

    def bad(self, content, *says, flags=()):
        self.write("bad", content)
        return self.fails("import", "bad", "-a", "x", *flags, says=says)

    def test_celeba_cut_off_between_rows(self):
        self.bad("3\nBald Smiling\n1 1 1\n2 1 1\n", "bad:4", "got 2 rows, expected 3", "cut off")

    def test_celeba_cut_off_in_a_row(self):
        self.bad("3\nBald Smiling\n1 1 1\n2 1", "bad:4", "too few values: got 1, expected 2", "cut off")

    def test_celeba_with_too_many_rows(self):
        self.bad("1\nBald Smiling\n1 1 1\n2 1 1\n", "got 2 rows, expected 1")

    def test_celeba_without_its_count(self):
        self.bad("Bald Smiling\n1 1 1\n", "bad:1", "'Bald Smiling'", flags=["-f", "celeba"])

    def test_binary_file(self):
        self.bad(random.Random(1).randbytes(5000), "bad")
        self.bad(random.Random(1).randbytes(5000), "bad:", flags=["-f", "csv"])

    def test_nul_byte(self):
        self.bad(b"i,Bald\n1,1\n2,\x001\n", "bad:3", "byte 0 at column 3")

    def test_utf_16(self):
        self.bad("i,Bald\n1,1\n".encode("utf-16-le"), "NUL", "iconv -f utf-16le", flags=["-f", "csv"])

    def test_invalid_utf8(self):
        self.bad(b"i,Bald\n\xe9.jpg,1\n", "bad:2", "0xe9 at column 1", "iconv")

    def test_empty_file(self):
        self.bad("", "empty file")
        self.bad("i,Bald\n", "no labels")

    def test_unknown_format(self):
        self.bad("hello world\n", "no label format is recognised", "'hello world'", "one of celeba, jsonl, label-studio")
        self.fails("import", "bad", "-a", "x", "--format", "kagle", code=2, says="'kagle'")

    def test_row_with_too_few_columns(self):
        self.bad('i,Bald,Smiling\n"a\nb",1,1\n', "bad:2", "line end")
        self.bad('i,note,Bald\n1,"two\nlines",1\n2,1\n', "bad:4", "too few columns: got 2, expected 3")
        self.bad("i,Bald,Smiling\n1,1,0,1\n", "bad:2", "too many columns: got 4, expected 3")

    def test_quote_that_is_never_closed(self):
        self.bad('i,Bald\n1,1\n"2,1\n3,1\n', "bad:3", "quote")

    def test_two_values_of_one_cell(self):
        self.bad("i,Bald\n1,1\n2,0\n1,0\n", "bad:4", "'1'", "'Bald'", "'no' here, 'yes' before", "line 2")
        self.write("same", "i,Bald\n1,1\n2,0\n1,1\n")
        self.assertIn("1 cell stood there twice", self.run_assent("import", "same", "-a", "y").out)

    def test_one_question_in_two_columns(self):
        self.bad("i,Bald,bald\n1,1,1\n", "bad:1", "'Bald' and 'bald'")

    def test_minus_one_and_zero(self):
        self.bad("i,Bald\n1,-1\n2,0\n", "bad:3", "both -1 and 0")

    def test_value_that_is_none(self):
        self.bad("i,Bald\n1,maybe\n", "bad:2", "'Bald'", "got 'maybe'", "yes/no")

    def test_long_table(self):
        self.write("bad", "task,worker,label\n1/Bald,a,1\nBald,a,1\n")
        self.fails("import", "bad", says=["bad:3", "got task 'Bald'", "image/question"])
        self.fails("import", "bad", "-a", "x", code=2, says="names its annotators itself")

    def test_broken_json(self):
        self.bad('{"image": "1", "question": "Bald", "value": "yes"}\n{"image": \n', "bad:2", "not valid JSON")
        self.bad('{"image": "1", "question": "Bald", "value": [1]}\n', "bad:1", "a choice should be a text")
        self.bad('[{"data": {"image": "1"}, "annotations": [', "bad", "JSON")
        self.bad('[{"data": {}}]', "data.image")

    def test_deep_json(self):
        self.bad("[" + "[" * 100000, "JSON", flags=["-f", "label-studio"])

    def test_study_folder_without_its_files(self):
        os.mkdir(self.path("empty"))
        self.fails("import", "empty", says=["ai_annotation.json", "questions.json"])

    def test_study_with_a_wrong_row(self):
        shutil.copytree(STUDY, self.path("study"))
        self.write("study/ai_annotation.json", '{"1": [1, -1]}')
        self.fails("import", "study", says=["ai_annotation.json:1", "image 1", "got 2", "expected 40"])

    def test_file_that_is_not_there(self):
        self.fails("import", "nothing.csv", "-a", "x", says=["nothing.csv", "No such file"])

    def test_a_gigabyte_without_a_line_end(self):
        with open(self.path("bad"), "wb") as f:
            f.write(b"i,Bald\n")
            f.truncate(1 << 30)  # zeros, and no disk
        self.fails("import", "bad", "-a", "x", "-f", "csv", says="bad:2", preexec_fn=limit(resource.RLIMIT_AS, 1 << 29))
        letters = subprocess.Popen(["sh", "-c", "printf 'i,Bald\\n'; yes a | tr -d '\\n' | head -c 1000000000"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.fails("import", "-", "-a", "x", "-f", "csv", says=["input:2", "too long"], stdin=letters.stdout,
                   preexec_fn=limit(resource.RLIMIT_AS, 1 << 29))
        letters.stdout.close()
        letters.wait()

    def test_annotators_names(self):
        self.fails("import", "good.csv", says="--annotator NAME", code=2)
        self.fails("import", "good.csv", "-a", "consensus", says="consensus", code=2)
        self.fails("import", "good.csv", "-a", "x", "--kind", "robot", says="human or model", code=2)
        self.fails("import", "good.csv", "-a", "good", "--kind", "model", says="another kind", code=2)

    def test_one_name_for_several_annotators(self):
        row = '{"image": "%d", "question": "Bald", "value": "yes", "annotator": "%s"}\n'
        self.write("bad", row % (1, "ann") + row % (2, "ben"))
        self.fails("import", "bad", "-a", "x", code=2, says=["'ann' and 'ben'", "--annotator"])
        self.run_assent("import", "bad")
        self.assertEqual([a["name"] for a in self.json("status")["annotators"]], ["good", "ann", "ben"])

    def test_metadata(self):
        self.write("m", "image,colour\n7,red\n")
        self.fails("import", "--metadata", "m", says="none of the 1 rows")
        self.write("m", "image,colour\n1,red,x\n")
        self.fails("import", "--metadata", "m", says=["m:2", "got 3", "expected 2"])

    def test_terminal_escapes_are_not_passed_on(self):
        self.write("bad", 'i,Bald\n1,"\x1b[31mred"\n')
        self.assertNotIn("\x1b", self.fails("import", "bad", "-a", "x", says="?[31mred").err)
        self.write("bad", "i,Bald,\x1b[31mred,\u009b1m\n1,1,1,1\n")
        out = self.run_assent("import", "bad", "-a", "x").out
        self.assertIn("'?[31mred' is no question", out)
        self.assertNotRegex(out, "[\x1b\x9b]")
        self.bad("i,Bald\n\x1b[2J.jpg,1\n", "bad:2", "control character", "'?[2J.jpg'")
        self.fails("import", "good.csv", "-a", "\x1b[1m", code=2, says="'?[1m'")


class Pipes(Case):
    """A named pipe is waited for by nobody; one that is open is read."""

    CSV = "image,Hat\n1.jpg,1\n"

    def setUp(self):
        super().setUp()
        self.task("  - {name: Hat, text: Hat?}\n")
        os.mkfifo(self.path("pipe.csv"))

    def test_in_the_place_of_a_file(self):
        for args in (["import", "pipe.csv", "-a", "x"], ["import", "pipe.csv", "-a", "x", "-f", "celeba"],
                     ["import", "--metadata", "pipe.csv"], ["import", "pipe.csv", "-f", "answers"],
                     ["ask", "--model", os.path.join(FACES, "model"), "--image", "pipe.csv", "--question", "x"]):
            err = self.run_assent(*args, code=1).err
            self.assertIn("pipe.csv: not a file", err, args)
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(self.path("socket"))
            self.fails("import", "socket", "-a", "x", says="socket: not a file")

    def test_in_the_place_of_pictures_a_task_or_a_study(self):
        os.mkfifo(self.path("p"))
        for place in ("p", "/dev/zero"):
            self.fails("import", "--images", place, says=("not a file", "a folder, a .zip, or a .tar"))
        os.makedirs(self.path("study"))
        os.mkfifo(self.path("study/ai_annotation.json"))
        self.fails("import", "study", "-f", "study", says="ai_annotation.json: not a file")
        with open(self.path("assent.yaml"), "a", encoding="utf-8") as f:
            f.write(f"images: p\nannotators:\n  toy: {{kind: model, engine: vlm, model: \"{FACES}/model\"}}\n")
        self.fails("annotate", says="p: not a file")
        os.remove(self.path("assent.yaml"))
        os.mkfifo(self.path("assent.yaml"))
        self.fails("status", says="assent.yaml: not a file")

    def test_that_is_open_is_read(self):
        for n, place in enumerate(("-", "/dev/stdin", "/dev/fd/0")):
            self.run_assent("import", place, "-a", f"anna{n}", input=self.CSV)
            self.assertEqual(len(self.labels(f"anna{n}")), 1)
        subprocess.run(["bash", "-c", f'"{ASSENT}" -q import <(printf "{self.CSV}") -a bert'], cwd=self.dir, check=True,
                       timeout=20, stdout=subprocess.DEVNULL)
        self.assertEqual(len(self.labels("bert")), 1)
        with subprocess.Popen(["sh", "-c", f"printf '{self.CSV}' > pipe.csv"], cwd=self.dir):
            with open(self.path("pipe.csv"), "rb") as pipe:
                self.run_assent("import", "/dev/stdin", "-a", "carl", stdin=pipe)  # as the hint says
        self.assertEqual(len(self.labels("carl")), 1)


class TaskFile(Case):
    def bad(self, text, *says):
        self.write("assent.yaml", text)
        self.fails("status", says=says)

    def test_the_usual_mistakes(self):
        head = "name: t\nquestions:\n"
        self.bad(head + "  - {name: A, text: a, grup: g}\n", "assent.yaml:3", "'grup'", "did you mean 'group'?")
        self.bad(head + "  - {name: A b, text: a}\n  - {name: a_B, text: b}\n", "assent.yaml:4", "'a_B'", "line 3")
        self.bad(head + "  - {name: A, kind: choice, options: [x], text: a}\n", "assent.yaml:3", "got 1", "2 or more")
        self.bad(head + "  - {name: Goatee, text: a}\nrules:\n  - {if: Goatee, then: not Goate}\n", "assent.yaml:5",
                 "'Goate'", "did you mean 'Goatee'?")
        self.bad(head + "  - {name: A, text: [}\n", "assent.yaml:3", "not valid YAML")
        self.bad("", "empty", "assent init")

    def test_no_project(self):
        self.fails("status", says="assent init")


class Database(Case):
    def setUp(self):
        super().setUp()
        self.run_assent("init", ".", "--preset", "celeba")

    def test_that_four_make_at_once(self):
        self.write("small.csv", "i,Bald\n1,1\n")
        for _ in range(5):
            for name in ("assent.db", "assent.db-wal", "assent.db-shm"):
                if os.path.exists(self.path(name)):
                    os.remove(self.path(name))
            runs = [subprocess.Popen([ASSENT, "-q", "import", "small.csv", "-a", f"a{i}"], cwd=self.dir,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for i in range(4)]
            for run in runs:
                _, err = run.communicate(timeout=60)
                self.assertEqual(run.returncode, 0, err)
            self.assertEqual(len(self.json("status")["annotators"]), 4)

    def test_of_version_1(self):
        """Made by the schema of then: read with a word on what to do, brought up to date by writing, nothing lost."""
        db = sqlite3.connect(self.path("assent.db"))
        with open(os.path.join(ROOT, "src", "store", "schema.sql"), encoding="utf-8") as f:
            db.executescript(f.read())
        db.executescript("PRAGMA application_id = 0x41534e54; PRAGMA user_version = 1;"
                         "INSERT INTO image (key) VALUES ('1'); INSERT INTO annotator (name, kind) VALUES ('a', 'human');")
        db.close()
        self.fails("status", says=["older assent", "got schema version 1", "any import"])
        self.write("more.csv", "i,Bald\n1,1\n")
        self.run_assent("import", "more.csv", "-a", "a")
        self.assertEqual(self.json("status")["images"], 1)

    def test_of_a_newer_version(self):
        self.run_assent("import", STUDY)
        db = sqlite3.connect(self.path("assent.db"))
        db.execute("PRAGMA user_version = 99")
        db.close()
        for command in (["status"], ["import", STUDY]):
            self.fails(*command, says=["newer", "got schema version 99"])

    def test_that_is_none_of_ours(self):
        self.write("assent.db", "this is no database" * 100)
        before = self.read("assent.db")
        for command in (["status"], ["import", STUDY]):
            ran = self.run_assent(*command, code=1)
            self.assertIn("assent.db", ran.err)
        self.assertEqual(self.read("assent.db"), before)
        os.unlink(self.path("assent.db"))
        db = sqlite3.connect(self.path("assent.db"))
        db.execute("CREATE TABLE other (a)")
        db.commit()
        db.close()
        with open(self.path("assent.db"), "rb") as f:
            before = f.read()
        self.fails("import", STUDY, says="not one of assent's")
        with open(self.path("assent.db"), "rb") as f:
            self.assertEqual(f.read(), before)

    def test_that_a_killed_program_left_empty(self):
        self.write("assent.db", b"")
        self.assertIn("nothing is imported yet", self.run_assent("status").out)
        self.run_assent("import", STUDY)
        self.assertEqual(self.json("status")["images"], 1000)

    def test_full_disk(self):
        self.run_assent("import", STUDY)
        self.fails("consensus", says=["assent.db", "disk", "holds what it held"],
                   preexec_fn=limit(resource.RLIMIT_FSIZE, 30000))
        self.fails("export", "x.csv", "-f", "csv", "-a", "celeba", says=["x.csv", "File too large"],
                   preexec_fn=limit(resource.RLIMIT_FSIZE, 40000))  # room for what SQLite needs to read
        self.assertEqual([n for n in os.listdir(self.dir) if n.startswith("x.csv")], [])
        self.assertEqual(self.json("status")["annotators"][0]["labels"], 40000)

    def in_a_mount(self, script):
        """Runs a script with a small file system of its own; None where that is not allowed."""
        ran = subprocess.run(["unshare", "-m", "sh", "-c", script], cwd=self.dir, text=True, check=False,
                             env={**os.environ, "A": ASSENT, "S": STUDY}, capture_output=True)
        if "unshare" in ran.stderr or "mount:" in ran.stderr:
            self.skipTest("mounting is not allowed here")
        return ran

    def test_small_file_system(self):
        ran = self.in_a_mount("mkdir m && mount -t tmpfs -o size=200k none m && cp assent.yaml m && $A -C m import $S;"
                              " echo code $?; $A -C m status")
        self.assertIn("code 1", ran.stdout)
        self.assertEqual(ran.stderr.count("assent: "), 1, ran.stderr)
        self.assertIn("nothing is imported yet", ran.stdout)

    def test_read_only_folder(self):
        ran = self.in_a_mount("mkdir m && mount -t tmpfs none m && cp assent.yaml m && $A -q -C m import $S > /dev/null"
                              " && mount -o remount,ro m && $A -C m status && $A -C m import $S; echo code $?")
        self.assertIn("code 1", ran.stdout)
        self.assertIn("8 193 of 40 000", ran.stdout)  # reading still works
        self.assertEqual(ran.stderr.count("assent: "), 1, ran.stderr)
        self.assertIn("may this folder be written to?", ran.stderr)


class Interruption(Case):
    """A larger file, so that there is time to interrupt."""

    @classmethod
    def setUpClass(cls):
        rng = random.Random(3)
        names = [f"Q{i}" for i in range(40)]
        cls.questions = "".join(f"  - {{name: {n}, text: t}}\n" for n in names)
        rows = (f"{i:06d}.jpg " + " ".join(rng.choices(("-1", "1"), k=40)) for i in range(30000))
        cls.big = "30000\n" + " ".join(names) + "\n" + "\n".join(rows) + "\n"

    def setUp(self):
        super().setUp()
        self.task(self.questions)
        self.write("big.txt", self.big)
        self.write("small.csv", "i,Q1\n000001.jpg,1\n")
        self.run_assent("import", "small.csv", "-a", "before")
        self.held = self.dump()

    def start(self, *args):
        return subprocess.Popen([ASSENT, "-q", "import", "big.txt", *args], cwd=self.dir, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)

    def test_kill_9_loses_nothing(self):
        killed = 0
        for delay in (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25):
            run = self.start("-a", "x")
            time.sleep(delay)
            run.kill()
            killed += run.wait() == -signal.SIGKILL
            run.stderr.close()
            kept = {a["name"]: a["labels"] for a in self.json("status")["annotators"] if a["name"] != "before"}
            self.assertIn(kept, ({}, {"x": 1200000}))  # nothing, or killed between the commit and its exit
            if kept:
                break
        self.assertGreater(killed, 0)
        self.run_assent("import", "big.txt", "-a", "y")
        self.assertEqual(self.json("status")["annotators"][-1]["labels"], 1200000)

    def test_ctrl_c(self):
        for delay in (0.05, 0.1, 0.01):
            run = self.start("-a", "x")
            time.sleep(delay)
            run.send_signal(signal.SIGINT)
            message = run.stderr.read()
            run.stderr.close()
            if run.wait() == 130:
                break
        self.assertEqual(run.returncode, 130)
        self.assertIn("interrupted", message)
        self.assertEqual(self.dump(), self.held)

    def test_two_at_once_and_a_reader(self):
        runs = [self.start("-a", name) for name in ("x", "y")]
        while runs[0].poll() is None:  # readers are not held up
            started = time.monotonic()
            self.json("status")
            self.assertLess(time.monotonic() - started, 5)
        for run in runs:
            self.assertEqual(run.wait(), 0, run.stderr.read())
            run.stderr.close()
        labels = {a["name"]: a["labels"] for a in self.json("status")["annotators"]}
        self.assertEqual(labels, {"before": 1, "x": 1200000, "y": 1200000})


if __name__ == "__main__":
    main()
