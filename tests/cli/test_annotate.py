#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""annotate and plan, with the demo's model and drawings: resuming, sharing, errors, changed questions and models."""
import csv
import json
import mmap
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tarfile
import tempfile
import time
import unittest

from harness import ASSENT, FACES, Case, main

MODEL = os.path.join(FACES, "model")
PICTURES = os.path.join(FACES, "images")
HAT = "Is this person wearing a hat? Answer with only yes or no."
GLASSES = "Is this person wearing eyeglasses? Answer with only yes or no."
HAIR = "What colour is the hair: black, blond, brown, gray or red?"
QUESTIONS = f"""  - {{name: Hat, text: "{HAT}"}}
  - {{name: Glasses, text: "{GLASSES}"}}
  - {{name: Hair, kind: choice, options: [black, blond, brown, gray, red], text: "{HAIR}"}}
"""


class Project(Case):
    def project(self, pictures=8, questions=QUESTIONS, more=""):
        """self.dir with so many drawings in images/."""
        names = sorted(os.listdir(PICTURES))[:pictures]
        os.makedirs(self.path("images"), exist_ok=True)
        for name in names:
            shutil.copy(os.path.join(PICTURES, name), self.path("images"))
        self.ask(questions, more)
        return names

    def ask(self, questions, more=""):
        self.write("assent.yaml", f"name: test\nimages: images/\nquestions:\n{questions}"
                   f"annotators:\n  toy: {{kind: model, engine: vlm, model: \"{MODEL}\"{more}}}\n")

    def rows(self, sql):
        db = sqlite3.connect(self.path("assent.db"))
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def answered(self):
        """How often each image was answered."""
        return dict(self.rows("SELECT image.key, count(answers.run) FROM image"
                              " LEFT JOIN answers ON answers.image = image.id GROUP BY image.id"))


class Annotate(Project):
    def test_answers_are_what_was_drawn(self):
        names = self.project(60)
        ran = self.run_assent("annotate")
        self.assertIn("toy answered 60 images", ran.out)
        self.assertIn("180 labels, 0 abstentions", ran.out)
        for said in ("a llama of", "60 images, 180 answers to give", "FLOP per image", "MB mapped"):
            self.assertIn(said, ran.err)
        with open(os.path.join(FACES, "truth.csv"), encoding="utf-8") as f:
            truth = {row["image"]: row for row in csv.DictReader(f)}
        labels = self.labels("toy")
        right = sum(labels[name, question] == wanted for name in names for question, wanted in (
            ("Hat", truth[name]["Wearing_Hat"]),
            ("Glasses", truth[name]["Eyeglasses"]),
            ("Hair", truth[name]["Hair_Color"])))
        self.assertGreater(right, 165)
        self.assertIn("has answered all that was asked for: 60 images", self.run_assent("annotate").out)

    def test_answers_keep_probability_mass_and_picture(self):
        names = self.project(2)
        self.run_assent("annotate", "-q")
        out = self.run_assent("-q", "export", "-", "-f", "jsonl", "-a", "toy").out
        for row in map(json.loads, out.splitlines()):
            self.assertAlmostEqual(sum(row["options"].values()), 1, places=5)
            self.assertEqual(max(row["options"], key=row["options"].get), row["value"])
        asked = self.json("ask", "--model", MODEL, "--image", f"images/{names[0]}", "--question", HAT)
        score = asked["results"][0]["answers"][0]["score"]
        kept = json.loads(out.splitlines()[0])["options"]["yes"]
        self.assertAlmostEqual(kept, score, places=5)
        self.assertEqual(self.rows("SELECT count(*) FROM answers WHERE length(mass) = 12 AND spread IS NULL"
                                   " AND detail IS NULL AND seconds > 0"), [(2,)])
        self.assertEqual(self.rows("SELECT count(*) FROM image WHERE length(sha256) = 64 AND width > 80 AND height > 100"
                                   " AND state = 'read'"), [(2,)])

    def test_limit_then_the_rest(self):
        self.project(7)
        self.assertEqual(self.json("annotate", "--limit", "3")["images"], 3)
        self.assertEqual(self.json("annotate")["images"], 4)
        self.assertEqual(set(self.answered().values()), {1})

    def test_sample_is_the_seeds(self):
        self.project(12)
        self.assertEqual(self.json("annotate", "--sample", "4", "--seed", "7", "--limit", "2")["images"], 2)
        self.assertEqual(self.json("annotate", "--sample", "4", "--seed", "7")["images"], 2)  # the same four
        first = {k for k, n in self.answered().items() if n}
        self.assertEqual(len(first), 4)
        self.assertEqual(self.json("annotate", "--sample", "4", "--seed", "7")["images"], 0)
        self.assertGreater(self.json("annotate", "--sample", "4", "--seed", "8")["images"], 0)

    def test_what_is_withdrawn_is_open_again(self):
        self.project(4)
        self.run_assent("annotate", "-q")
        first = self.labels("toy")
        self.run_assent("undo")
        self.assertEqual(self.json("plan")["images"], 4)
        self.assertEqual(self.json("annotate")["images"], 4)
        self.assertEqual(self.labels("toy"), first)

    def test_keys(self):
        names = self.project(5)
        self.write("keys.txt", f"{names[1]}\n\n{names[3].split('.')[0]}\n")  # folded too
        self.assertEqual(self.json("annotate", "--keys", "keys.txt")["images"], 2)
        self.assertEqual([n for n in names if self.answered()[n]], [names[1], names[3]])
        self.write("keys.txt", f"{names[1]}\nnobody\n")
        self.assertIn("keys.txt:2: no picture is called 'nobody'",
                      self.run_assent("annotate", "--keys", "keys.txt", code=1).err)

    def test_images_that_labels_brought_are_the_same_images(self):
        names = self.project(4)
        self.write("people.csv", "image,Hat\n" + "".join(f"{n.split('.')[0]},1\n" for n in names) + "gone,1\n")
        self.run_assent("import", "people.csv", "-a", "people", "--add-images")
        ran = self.run_assent("annotate")
        self.assertIn("1 image of this project not found among the pictures", ran.out)
        self.assertEqual(self.json("status")["images"], 5)
        self.assertEqual(self.json("agree", "toy", "people", "--resamples", "0")["pooled"]["n"], 4)

    def test_a_tar_is_a_folder(self):
        names = self.project(4)
        self.run_assent("annotate", "-q")
        folder = self.labels("toy")
        os.makedirs(self.path("other"))
        with tarfile.open(self.path("other/images.tar.gz"), "w:gz") as tar:
            for name in reversed(names):
                tar.add(self.path(f"images/{name}"), name)
        text = self.read("assent.yaml").replace("images: images/", "images: images.tar.gz")
        self.write("other/assent.yaml", text)
        self.run_assent("-C", "other", "annotate", "-q")
        self.assertEqual(self.labels("toy", "other"), folder)

    def test_reference_arithmetic_agrees(self):
        self.project(1)
        self.run_assent("annotate", "-q", "--reference")
        reference = self.labels("toy")
        os.remove(self.path("assent.db"))
        self.run_assent("annotate", "-q")
        self.assertEqual(self.labels("toy"), reference)

    def test_cost_uses_the_measured_speed(self):
        self.project(4)
        self.run_assent("annotate", "-q")
        with open(self.path("assent.yaml"), "a", encoding="utf-8") as f:
            f.write("prices:\n  machine_hour: {value: 1, date: 2026-01-01, source: assumed}\n")
        speed = self.json("report")["cost"]["prices"]["images_per_second"]
        self.assertEqual(speed["source"], "measured")
        self.assertGreater(speed["value"], 0.1)


class Questions(Project):
    def test_a_new_question_is_asked_alone(self):
        self.project(3, QUESTIONS.splitlines(True)[0])
        self.run_assent("annotate", "-q")
        self.ask(QUESTIONS)
        ran = self.run_assent("annotate")
        self.assertIn("3 images, 6 answers to give", ran.err)
        self.assertEqual(len(self.labels("toy")), 9)
        self.assertEqual(set(self.answered().values()), {2})

    def test_pictures_that_lack_different_questions(self):
        self.project(12, f'  - {{name: Hat, text: "{HAT}"}}\n')
        self.run_assent("annotate", "--limit", "1")
        self.ask(QUESTIONS)
        self.run_assent("annotate")
        self.run_assent("annotate", "--as", "at-once")
        self.run_assent("export", "--format", "long", "--annotator", "toy", "a.csv")
        self.run_assent("export", "--format", "long", "--annotator", "at-once", "b.csv")
        self.assertEqual(self.read("a.csv").count("\n"), 1 + 3 * 12)
        self.assertEqual(self.read("a.csv").replace(",toy,", ",at-once,"), self.read("b.csv"))

    def test_another_wording_is_asked_again(self):
        self.project(2, QUESTIONS.splitlines(True)[0])
        self.run_assent("annotate", "-q")
        self.ask('  - {name: Hat, text: "Does this person wear a hat?"}\n')
        self.assertIn("toy gave 2 answers to other words", self.run_assent("status").out)
        self.assertEqual(self.json("annotate")["labels"], 2)
        self.assertNotIn("other words", self.run_assent("status").out)
        self.assertEqual(self.json("annotate")["labels"], 0)

    def test_the_wording_of_before_again(self):
        """Of A, B and A again the answers to A count, and they are the newest."""
        questions = [f'  - {{name: Q, text: "{text}"}}\n' for text in (HAT, "Is this person smiling?")]
        self.project(9, questions[0])
        self.run_assent("annotate", "-q")
        first = self.labels("toy")
        for question in reversed(questions):
            self.ask(question)
            self.assertEqual(self.json("annotate")["images"], 9)
        self.assertEqual(self.labels("toy"), first)

    def test_wordings_multi_and_letters(self):
        self.project(3, f"""  - {{name: Hat, text: ["{HAT}", "Does this person wear a hat?"]}}
  - {{name: Wears, kind: multi, options: [hat, necktie], text: "Is this person wearing a {{option}}?"}}
  - {{name: Hair, kind: choice, format: letters, min_mass: 0, options: [black, blond], text: "{HAIR}"}}
""")
        self.run_assent("annotate", "-q")
        labels = self.labels("toy")
        self.assertEqual(len(labels), 12)
        hats = [(labels[k, "Hat"], labels[k, "Wears:hat"]) for k in self.answered()]
        self.assertEqual([a for a, _ in hats], [b for _, b in hats])
        spread, = self.rows("SELECT spread FROM answers LIMIT 1")[0]
        self.assertEqual(len(spread), 16)

    def test_a_question_that_is_never_answered_heads_the_list_with_why(self):
        self.project(4, f"  - {{name: Hat, text: \"{HAT}\"}}\n  - {{name: Odd, min_mass: 1, text: \"{GLASSES}\"}}\n")
        ran = self.run_assent("annotate")
        self.assertIn("toy never answered 1 question:", ran.out)
        self.assertRegex(ran.out, r"Odd: on 4 images (0\.\d{3}|1\.000) of the probability fell on valid answers, and 1 is "
                                  r"needed; likeliest instead: '(Yes|No)' \d")
        self.write("p.csv", "i,Hat,Odd\nface_0001.jpg,1,1\n")
        self.run_assent("import", "p.csv", "-a", "p")
        for command in ("agree", "report"):
            (said,) = self.json(command)["unanswered"]
            self.assertEqual((said["annotator"], said["name"], said["asked"]), ("toy", "Odd", 4))
            self.assertEqual(len(said["top"]), 3)
            self.assertIn("never answered", self.run_assent(command).out)

    def test_a_question_with_another_name_is_said_before_it_is_asked_again(self):
        self.project(2, f"  - {{name: Hat, text: \"{HAT}\"}}\n")
        self.run_assent("annotate")
        self.ask(f"  - {{name: Cap, text: \"{HAT}\"}}\n")
        self.assertIn("2 answers to 'Hat' lie unused", self.run_assent("plan").err)
        self.ask(f"  - {{name: Cap, was: Hat, text: \"{HAT}\"}}\n")
        self.assertEqual(self.json("annotate")["labels"], 0)  # nothing is open
        self.ask(f"  - {{name: Cap, text: \"{HAT}\"}}\n")
        self.assertIn("`was: Hat`", self.run_assent("annotate").err)

    def test_little_mass_is_unparseable_and_says_why(self):
        self.project(1, '  - {name: Hat, text: "Which colour does the hair have?"}\n')
        self.assertEqual(self.json("annotate")["abstentions"], 1)
        self.assertEqual(list(self.labels("toy").values()), ["(unparseable)"])
        detail, = self.rows("SELECT detail FROM answers")[0]
        top = json.loads(detail)["Hat"]
        self.assertEqual(len(top), 5)
        self.assertIn(top[0]["text"], ("black", "blond", "brown", "gray", "red"))

    def test_questions_that_cannot_be_asked(self):
        for question, says in (
                ('{name: A, text: "<image> Is it a cat?"}', ["control token", "<image>"]),
                ('{name: A, kind: multi, options: [x, y], text: "Is it?"}', ["{option}", "assent.yaml:4"]),
                ('{name: A, format: letters, text: "Is it?"}', ["format", "assent.yaml:4"]),
                ('{name: A, min_mass: 2, text: "Is it?"}', ["share", "assent.yaml:4"])):
            self.project(1, f"  - {question}\n")
            err = self.run_assent("annotate", code=1 if "assent.yaml" in says[1] and "option" not in says[0] else 2).err
            for text in says:
                self.assertIn(text, err)


class Equal(Project):
    """Pictures with the same bytes."""

    def twins(self):
        """Three drawings, of which one lies there under three names."""
        names = self.project(3)
        for twin in ("twin.jpg", "zwilling.jpg"):
            shutil.copy(self.path(f"images/{names[1]}"), self.path(f"images/{twin}"))
        return names

    def model_answered(self):
        """Images whose answers took time: the model gave them."""
        return {k for k, in self.rows("SELECT key FROM answers JOIN image ON image.id = image WHERE seconds > 0")}

    def check_alike(self, name, *twins):
        rows = dict((r[0], r[1:]) for r in self.rows(
            "SELECT key, value, probability, mass, spread, detail, sha256, width, state FROM answers"
            " JOIN image ON image.id = image ORDER BY run"))
        for twin in twins:
            self.assertEqual(rows[twin], rows[name])

    def test_they_are_answered_once_and_each_has_answers(self):
        names = self.twins()
        ran = self.run_assent("annotate")
        self.assertIn("toy answered 5 images", ran.out)
        self.assertIn("2 images of them equal to others", ran.out)
        self.assertEqual(self.model_answered(), set(names))
        self.check_alike(names[1], "twin.jpg", "zwilling.jpg")
        labels = self.labels("toy")
        self.assertEqual(labels["twin.jpg", "Hair"], labels[names[1], "Hair"])
        self.assertEqual(self.rows("SELECT count(DISTINCT run), count(*) FROM answers"), [(1, 5)])

    def test_a_later_run_takes_over_an_earlier_one_s_answers(self):
        names = self.project(3)
        self.run_assent("annotate", "-q")
        shutil.copy(self.path(f"images/{names[0]}"), self.path("images/twin.jpg"))
        done = self.json("annotate")
        self.assertEqual((done["images"], done["equal"], done["labels"]), (1, 1, 3))
        self.check_alike(names[0], "twin.jpg")
        self.assertEqual(self.json("annotate")["images"], 0)

    def test_the_model_is_asked_what_the_equal_one_was_not(self):
        names = self.twins()
        first = QUESTIONS[:QUESTIONS.index("  - {name: Hair")]
        self.ask(first)
        self.write("one.txt", names[1] + "\n")
        self.run_assent("annotate", "-q", "--keys", "one.txt")
        self.ask(QUESTIONS)
        self.write("one.txt", "twin.jpg\n")
        done = self.json("annotate", "--keys", "one.txt")  # Hat and Glasses are known, Hair is not
        self.assertEqual((done["images"], done["equal"], done["labels"]), (1, 0, 3))
        done = self.json("annotate")  # twin.jpg knows all: the other two take it
        self.assertEqual((done["images"], done["equal"]), (4, 2))
        labels = self.labels("toy")
        for question in ("Hat", "Glasses", "Hair"):
            self.assertEqual(len({labels[n, question] for n in (names[1], "twin.jpg", "zwilling.jpg")}), 1)

    def test_a_picture_that_changed_gives_no_answers_away(self):
        names = self.project(2)
        self.run_assent("annotate", "-q")
        for name in (names[0], "new.jpg"):
            shutil.copy(os.path.join(PICTURES, sorted(os.listdir(PICTURES))[5]), self.path(f"images/{name}"))
        self.run_assent("import", "--images", "images")
        done = self.json("annotate")
        self.assertEqual((done["images"], done["equal"]), (1, 0))

    def test_another_wording_is_another_question(self):
        names = self.twins()
        self.write("one.txt", names[1] + "\n")
        self.run_assent("annotate", "-q", "--keys", "one.txt")
        self.ask(QUESTIONS.replace(HAT, "Is there a hat? Answer with only yes or no."))
        self.write("one.txt", "twin.jpg\n")
        self.assertEqual(self.json("annotate", "--keys", "one.txt")["equal"], 0)


class Errors(Project):
    def test_an_unreadable_image_ends_nothing(self):
        names = self.project(5)
        whole = open(self.path(f"images/{names[2]}"), "rb").read()
        self.write(f"images/{names[2]}", whole[:len(whole) // 2])
        self.write("images/text.jpg", "no picture")
        ran = self.run_assent("annotate", code=3)
        self.assertIn("toy answered 4 images", ran.out)
        self.assertIn("2 images could not be read", ran.out)
        self.assertIn(f"{names[2]}: ", ran.err)
        self.assertEqual(self.labels("toy")[names[2], "Hat"], "(error)")
        details = [json.loads(d) for d, in self.rows("SELECT detail FROM answers WHERE detail IS NOT NULL")]
        self.assertEqual([bool(d["error"]) for d in details], [True, True])
        for command in (["annotate"], ["annotate", "--retry-errors"]):  # advised once, and only where it would help
            code = 3 if len(command) == 2 else 0
            ran = self.run_assent(*command, code=code)
            self.assertEqual((ran.out + ran.err).count("--retry-errors"), 1, command)
        again = self.json("annotate")  # not tried again unasked, and said
        self.assertEqual((again["images"], again["unreadable"]), (0, 2))
        self.write(f"images/{names[2]}", whole)
        again = self.run_assent("annotate", "--retry-errors", "--json", code=3).json
        self.assertEqual((again["images"], again["errors"]), (1, 1))
        self.assertIn(self.labels("toy")[names[2], "Hat"], ("yes", "no"))

    def test_what_is_missing_is_said(self):
        self.project(1)
        whole = self.read("assent.yaml")
        for change, with_, code, says in (
                ("images: images/", "", 2, ["where the images are", "images: FOLDER_OR_ARCHIVE"]),
                ("images: images/", "images: nowhere/", 1, ["nowhere"]),
                (MODEL, "/nowhere", 1, ["/nowhere"]),
                (f', model: "{MODEL}"', "", 2, ["names no model", "assent.yaml:8"]),
                ("kind: model, engine: vlm", "kind: model, engine: warp", 2, ["no engine is called 'warp'", "vlm"]),
                ("kind: model, engine: vlm", "kind: human", 2, ["no model that could answer"])):
            self.write("assent.yaml", whole.replace(change, with_))
            err = self.run_assent("annotate", code=code).err
            for text in says:
                self.assertIn(text, err)
        self.write("assent.yaml", whole)
        self.assertIn("did you mean 'toy'?", self.run_assent("annotate", "-a", "toi", code=2).err)
        for args in (["--limit", "0"], ["--sample", "0"], ["--limit", "x"], ["stray"]):
            self.run_assent("annotate", *args, code=2)

    def test_a_question_too_long_spoils_no_other(self):
        self.project(2, QUESTIONS + f"  - {{name: Long, text: \"{'word ' * 3000}?\"}}\n")
        err = self.run_assent("annotate", code=2).err
        for text in ("too long for the model", "at most 2048", "question"):
            self.assertIn(text, err)
        self.assertEqual(self.rows("SELECT count(*) FROM answers"), [(0,)])

    def test_another_model_is_refused_also_where_nothing_is_left(self):
        self.project(1)
        self.run_assent("annotate", "-q")
        self.ask(QUESTIONS, ", dtype: bf16")
        self.assertIn("dtype was f32, is bf16", self.run_assent("annotate", code=1).err)

    def test_a_damaged_archive(self):
        names = self.project(4)
        with tarfile.open(self.path("images.tar"), "w") as tar:
            for name in names:
                tar.add(self.path(f"images/{name}"), name)
            last = tar.getmembers()[-1].offset
        data = bytearray(open(self.path("images.tar"), "rb").read())
        data[last] ^= 1
        self.write("images.tar", bytes(data))
        self.assertIn("broken", self.run_assent("import", "--images", "images.tar", code=1).err)

    def test_an_empty_folder(self):
        self.project(0)
        self.assertIn("images", self.run_assent("annotate", code=1).err)

    def test_another_model_under_the_same_name(self):
        self.project(2)
        self.run_assent("annotate", "--limit", "1", "-q")
        shutil.copytree(MODEL, self.path("model"))
        self.write("assent.yaml", self.read("assent.yaml").replace(MODEL, "model"))
        self.run_assent("annotate", "--limit", "1", "-q")  # a copy is the same model
        self.write("images/third.jpg", open(os.path.join(PICTURES, sorted(os.listdir(PICTURES))[5]), "rb").read())
        path = self.path("model/model.safetensors")
        data = bytearray(open(path, "rb").read())
        data[-3] ^= 1
        self.write("model/model.safetensors", bytes(data))
        err = self.run_assent("annotate", code=1).err
        for text in ("the model of 'toy' is not the one", "weights changed", "--as NEWNAME"):
            self.assertIn(text, err)


class Processes(Project):
    def start(self, *args):
        return subprocess.Popen([ASSENT, "annotate", "-q", *args], cwd=self.dir, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)

    def wait_for_answers(self, run, most=20):
        """Waits until some are on the disk."""
        until = time.monotonic() + most
        while time.monotonic() < until and run.poll() is None:
            try:
                if self.rows("SELECT count(*) FROM answers")[0][0] > 0:
                    return
            except sqlite3.OperationalError:
                pass
            time.sleep(0.005)

    def test_kill_9_and_on(self):
        self.project(120)
        run = self.start()
        self.wait_for_answers(run)
        run.kill()
        run.stderr.close()
        self.assertEqual(run.wait(), -signal.SIGKILL)
        before = sum(self.answered().values())
        self.assertGreater(before, 0)
        self.assertLess(before, 120)
        self.assertEqual(self.json("annotate")["images"], 120 - before)  # a dead process holds nothing
        self.assertEqual(set(self.answered().values()), {1})

    def test_ctrl_c_finishes_the_image_in_hand(self):
        self.finishes_the_image_in_hand(signal.SIGINT)

    def test_a_terminal_that_closes_does_too(self):
        self.finishes_the_image_in_hand(signal.SIGHUP)

    def finishes_the_image_in_hand(self, how):
        self.project(120)
        run = subprocess.Popen([ASSENT, "annotate"], cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True)
        self.wait_for_answers(run)
        run.send_signal(how)
        out, _ = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 130)
        self.assertIn("goes on where this one stopped", out)
        before = sum(self.answered().values())
        self.assertIn(f"answered {before} images", out)
        self.assertEqual(self.rows("SELECT count(*) FROM claim"), [(0,)])
        self.assertEqual(self.json("annotate")["images"], 120 - before)
        self.assertEqual(set(self.answered().values()), {1})

    def interrupted_by(self, do):
        """Does something while it answers; its exit code and message."""
        self.project(200)
        shutil.copytree(MODEL, self.path("model"))
        self.write("assent.yaml", self.read("assent.yaml").replace(MODEL, "model"))
        run = self.start()
        self.wait_for_answers(run)
        do()
        _, err = run.communicate(timeout=60)
        return run.returncode, err

    def test_the_database_goes(self):
        code, err = self.interrupted_by(lambda: os.rename(self.path("assent.db"), self.path("gone.db")))
        self.assertEqual(code, 1, err)
        self.assertIn("deleted, moved or replaced", err)

    def test_the_images_go_for_a_while(self):
        code, err = self.interrupted_by(lambda: os.rename(self.path("images"), self.path("away")))
        self.assertEqual(code, 1, err)
        os.rename(self.path("away"), self.path("images"))
        self.run_assent("annotate", "-q")
        self.assertEqual(set(self.answered().values()), {1})
        self.assertNotIn("(error)", self.labels("toy").values())

    def test_the_model_changes(self):
        def change():
            path = self.path("model/model.safetensors")
            before = os.stat(path)
            with open(path, "r+b") as f:
                f.seek(-1, os.SEEK_END)
                f.write(b"\x01")
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as rsync -t leaves it
        code, err = self.interrupted_by(change)
        self.assertEqual(code, 1, err)
        self.assertIn("model.safetensors: the model's file was changed", err)
        self.assertIn("before is kept", err)

    @unittest.skipUnless(os.access("/dev/shm", os.W_OK), "needs a file system that notes no writing through memory")
    def test_the_model_changes_through_memory(self):
        place = tempfile.mkdtemp(dir="/dev/shm")
        self.addCleanup(shutil.rmtree, place)
        path = os.path.join(place, "model", "model.safetensors")
        shutil.copytree(MODEL, os.path.dirname(path))
        self.project(200)
        self.write("assent.yaml", self.read("assent.yaml").replace(MODEL, os.path.dirname(path)))
        run, before = self.start(), os.stat(path)
        self.wait_for_answers(run)
        with open(path, "r+b") as f, mmap.mmap(f.fileno(), 0) as memory:
            memory[-1] ^= 1
        if os.stat(path).st_ctime_ns != before.st_ctime_ns:
            run.communicate()
            self.skipTest("this file system notes writing through memory")
        _, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 1, err)
        kept = self.rows("SELECT count(*) FROM answers")[0][0]
        for part in ("model.safetensors: the model's file was changed", "its times do not say when",
                     f"run 1 kept the answers to {kept} images", "assent undo 1 withdraws"):
            self.assertIn(part, err)
        self.run_assent("undo", "1")
        self.assertEqual(self.json("annotate")["images"], 200)

    def test_the_model_is_cut_off(self):
        code, err = self.interrupted_by(lambda: os.truncate(self.path("model/model.safetensors"), 1000))
        self.assertEqual(code, 1, err)
        self.assertIn("the model's file", err.replace("model's files", "model's file"))

    def test_two_share_the_work(self):
        self.project(150)
        runs = [self.start(), self.start()]
        codes = []
        for run in runs:
            codes.append(run.wait(timeout=120))
            self.assertIn(codes[-1], (0, 3), run.stderr.read())
            run.stderr.close()
        self.assertIn(0, codes)  # whoever is the last to end
        self.assertEqual(set(self.answered().values()), {1})
        self.assertEqual(len(self.labels("toy")), 450)
        shares = [n for n, in self.rows("SELECT count(*) FROM answers GROUP BY run")]
        self.assertEqual(len(shares), 2)
        self.assertGreater(min(shares), 15)
        self.assertEqual(self.rows("SELECT count(*) FROM claim"), [(0,)])


class Plan(Project):
    def test_plan_keeps_nothing(self):
        self.project(6)
        out = self.run_assent("plan").out
        for text in ("6 images, 18 answers", "measured on ", "FLOP per image", "MB of weights", "not known"):
            self.assertIn(text, out)
        self.assertEqual(sorted(os.listdir(self.path(""))), ["assent.yaml", "images"])
        with open(self.path("assent.yaml"), "a", encoding="utf-8") as f:
            f.write("prices:\n  machine_hour: {value: 3600, date: 2026-01-01, source: assumed}\n")
        plan = self.json("plan", "--limit", "5")
        self.assertEqual(plan["images"], 5)
        self.assertAlmostEqual(plan["cost"], plan["seconds"], places=6)
        self.run_assent("annotate", "-q")
        self.assertIn("Nothing is left", self.run_assent("plan").out)

    def test_plan_adds_no_images_and_no_annotator(self):
        names = self.project(4)
        self.write("people.csv", f"image_id,Hat,Glasses\n{names[0]},1,0\n")
        self.run_assent("import", "people.csv", "-a", "people")
        before = self.dump()
        self.assertEqual(self.json("plan")["images"], 4)
        self.assertEqual(self.dump(), before)

    def test_forecasts_price_open_columns_only(self):
        self.project(4)
        whole, flops = self.json("plan")["flop_per_image"], []
        self.run_assent("annotate", "-q")
        self.ask("  - {name: Hat, text: Is this person wearing a hat?}\n")
        os.rename(self.path("assent.db"), self.path("kept.db"))
        flops.append(self.json("plan")["flop_per_image"])  # the one question alone, in a project of its own
        os.rename(self.path("kept.db"), self.path("assent.db"))
        self.ask(QUESTIONS + "  - {name: Hat2, text: Is this person wearing a hat?}\n")
        flops.append(self.json("plan")["flop_per_image"])  # the same question, beside three that are answered
        self.assertEqual(flops[0], flops[1])
        self.assertLess(flops[1], whole)
        self.assertEqual(re.search(r"[\d.]+ .?FLOP per image", self.run_assent("plan").out)[0],
                         re.search(r"[\d.]+ .?FLOP per image", self.run_assent("annotate").err)[0])

    def test_pictures_that_failed_are_not_measured(self):
        names = self.project(5)
        for name in names[:2]:
            self.write(f"images/{name}", "no picture")
        plan = self.json("plan")
        self.assertEqual((plan["images"], plan["measured_images"]), (5, 2))  # of three, the first warms up
        for name in names:
            self.write(f"images/{name}", "no picture")
        self.fails("plan", says=["none of the images", "not a picture"])

    def test_plan_checks_settings_with_nothing_left_to_do(self):
        self.project(2)
        self.run_assent("annotate", "-q")
        self.assertEqual(self.json("plan")["images"], 0)
        for more, code, says in ((", dtype: f64", 2, "f64"), (", prompt: \"no place for it\"", 2, "{question}")):
            self.ask(QUESTIONS, more)
            for command in ("plan", "annotate"):
                self.assertIn(says, self.run_assent(command, code=code).err)


class Images(Project):
    def test_import_images(self):
        names = self.project(3)
        shutil.copy(self.path(f"images/{names[0]}"), self.path("images/again.jpg"))
        self.write("images/deep/text.png", "no picture")
        ran = self.run_assent("import", "--images", "images", code=3)
        for text in ("5 pictures, 0 known before, 5 new", "has the same bytes as", "deep/text.png"):
            self.assertIn(text, ran.out)
        again = self.run_assent("import", "--images", "images", "--json", code=3).json
        self.assertEqual((again["images"], again["matched"], again["new"], again["equal"]), (5, 5, 0, 1))
        self.assertEqual(self.rows("SELECT count(DISTINCT sha256) FROM image"), [(3,)])
        shutil.copy(self.path(f"images/{names[1]}"), self.path(f"images/{names[2]}"))
        self.assertIn(f"'{names[2]}' had other bytes before", self.run_assent("import", "--images", "images", code=3).out)

    def test_importing_pictures_again_keeps_their_sizes(self):
        names = self.project(3)
        self.run_assent("annotate", "-q")
        sizes = self.rows("SELECT key, width, height FROM image ORDER BY key")
        self.assertEqual({w for _, w, _ in sizes} & {None, 0}, set())
        self.run_assent("import", "--images", "images")
        self.assertEqual(self.rows("SELECT key, width, height FROM image ORDER BY key"), sizes)
        shutil.copy(self.path(f"images/{names[1]}"), self.path(f"images/{names[0]}"))  # other bytes: not known any more
        self.run_assent("import", "--images", "images")
        self.assertEqual(self.rows(f"SELECT width FROM image WHERE key = '{names[0]}'"), [(None,)])


if __name__ == "__main__":
    main()
