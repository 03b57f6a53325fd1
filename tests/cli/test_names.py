#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What got another name keeps its answers; what is set aside counts no more, and comes back."""
import os
import shutil
import sqlite3

from harness import FACES, Case, main

YES_NO = "  - {name: Bald, text: b}\n  - {name: Smiling, text: s}\n"
MULTI = "  - {name: Tags, kind: multi, options: [hat, tie], text: t}\n"


class Renamed(Case):
    def bring(self, text, annotator="p", name="in.csv"):
        self.write(name, text)
        self.run_assent("import", name, "-a", annotator)

    def setUp(self):
        super().setUp()
        self.task(YES_NO + MULTI)
        self.bring("i,Bald,Smiling,Tags\n1,1,0,hat\n2,0,1,tie;hat\n")

    def test_a_question_keeps_its_answers_by_was(self):
        before = self.labels("p")
        self.task("  - {name: No_Hair, was: Bald, text: b}\n  - {name: Smiling, text: s}\n"
                  "  - {name: Worn, was: [Tag, Tags], kind: multi, options: [tie, hat], text: t}\n")
        names = {"Bald": "No_Hair", "Tags:hat": "Worn:hat", "Tags:tie": "Worn:tie"}
        self.assertEqual(self.labels("p"), {(i, names.get(q, q)): v for (i, q), v in before.items()})
        self.assertEqual(self.json("status")["unused"], [])

    def test_a_file_may_still_have_the_old_name(self):
        self.task("  - {name: No_Hair, was: Bald, text: b}\n" + MULTI.replace("name: Tags", "name: Worn, was: Tags"))
        self.write("q.csv", "i,Bald,Tags:hat\n1,0,1\n")
        given = self.json("import", "q.csv", "-a", "q")
        self.assertEqual(given["names"]["folded"], [["Bald", "No_Hair"], ["Tags:hat", "Worn:hat"]])
        self.assertEqual(self.labels("q"), {("1", "No_Hair"): "no", ("1", "Worn:hat"): "yes"})

    def test_old_and_new_answers_are_one_question_s(self):
        self.task("  - {name: No_Hair, was: Bald, text: b}\n")
        self.bring("i,No_Hair\n2,1\n")
        self.assertEqual(self.labels("p"), {("1", "No_Hair"): "yes", ("2", "No_Hair"): "yes"})

    def test_without_was_it_is_said_which_answers_lie_unused(self):
        self.task("  - {name: Balding, text: other}\n  - {name: Smiling, text: s}\n" + MULTI)
        out = self.run_assent("status").out
        self.assertIn("2 answers to 'Bald' lie unused: assent.yaml has no such question.", out)
        self.assertIn("`was: Bald`", out)
        self.assertEqual(self.json("report")["unused"],
                         [{"kind": "question", "name": "Bald", "answers": 2, "likely": "Balding"}])

    def test_the_same_words_tell_more_than_the_spelling(self):
        self.task("  - {name: Balt, text: x}\n  - {name: No_Hair, text: b}\n  - {name: Smiling, text: s}\n" + MULTI)
        self.assertEqual([u["likely"] for u in self.json("status")["unused"]], ["No_Hair"])

    def test_options_and_kinds_that_went(self):
        self.task("  - {name: Bald, kind: choice, options: [a, b], text: b}\n" + MULTI.replace("hat, tie", "tie"))
        self.assertEqual({(u["kind"], u["name"], u["likely"]) for u in self.json("status")["unused"]},
                         {("option", "Bald", None), ("question", "Smiling", None), ("option", "Tags:hat", None)})
        self.task("  - {name: Hair, was: Bald, kind: choice, options: [a, b], text: b}\n")
        self.assertIn(("option", "Bald", None),
                      {(u["kind"], u["name"], u["likely"]) for u in self.json("status")["unused"]})

    def test_an_option_that_went_from_a_choice(self):
        self.task("  - {name: Hair, kind: choice, options: [black, red, gray], text: h}\n")
        self.bring("i,Hair\n1,red\n2,red\n3,gray\n", "q")
        self.task("  - {name: Hair, kind: choice, options: [black, gray], text: h}\n")
        self.assertIn({"kind": "option", "name": "Hair = red", "answers": 2, "likely": None}, self.json("status")["unused"])
        self.assertIn("2 answers to 'Hair = red' lie unused", self.run_assent("report").out)

    def test_the_view_for_sql_has_what_counts(self):
        self.bring("i,Bald\n3,1\n", "q")
        self.run_assent("undo")
        self.run_assent("images", "remove", "1")
        with sqlite3.connect(self.path("assent.db")) as db:
            self.assertEqual(set(db.execute("SELECT DISTINCT annotator, image FROM cell")), {("p", "2")})

    def test_was_that_cannot_be(self):
        for text, says in (("  - {name: A, was: Smiling, text: b}\n  - {name: Smiling, text: s}\n", "'Smiling' is taken"),
                           ("  - {name: A, was: C, text: b}\n  - {name: B, was: C, text: s}\n", "'C' is taken"),
                           ("  - {name: A, was: 'x=y', text: b}\n", "assent.yaml:3")):
            self.task(text)
            self.fails("status", says=says)

    def test_none_of_these_by_an_own_word(self):
        self.task("  - {name: Tags, kind: multi, options: [hat, tie], none: keins davon, text: t}\n")
        self.bring("i,Tags\n1,Keins davon\n2,\n3,hat\n", "q")
        self.assertEqual(self.labels("q"), {("1", "Tags:hat"): "no", ("1", "Tags:tie"): "no",
                                            ("3", "Tags:hat"): "yes", ("3", "Tags:tie"): "no"})
        for text in ("kind: multi, options: [hat], none: HAT", "none: x", "kind: multi, options: [hat], none: unsure"):
            self.task(f"  - {{name: Tags, {text}, text: t}}\n")
            self.fails("status", says="none of the options")


class Annotators(Case):
    def setUp(self):
        super().setUp()
        self.task(YES_NO)
        self.bring("i,Bald\n1,1\n2,0\n", "old")
        self.bring("i,Bald\n1,1\n", "other")

    def bring(self, text, annotator):
        self.write("in.csv", text)
        self.run_assent("import", "in.csv", "-a", annotator)

    def test_rename(self):
        given = self.json("annotators", "rename", "old", "new")
        self.assertEqual(given, {"was": "old", "annotator": "new", "labels": 2, "in_task": False})
        self.assertEqual(self.labels("new"), {("1", "Bald"): "yes", ("2", "Bald"): "no"})
        self.assertEqual({r["annotator"] for r in self.json("status")["runs"]}, {"new", "other"})
        self.fails("agree", "old", "other", code=2, says="'old'")

    def test_what_cannot_be_renamed(self):
        for args, says in ((("nobody", "x"), ["'nobody'", "one of old, other"]), (("old", "other"), "somebody is"),
                           (("old", "consensus"), "not usable"), (("old", "a\nb"), "not usable"), (("old", ""), "not usable")):
            self.fails("annotators", "rename", *args, code=2, says=says)
        for args, says in ((("rename", "old"), "rename OLD NEW"), (("forget", "old"), "'forget'")):
            self.assertIn(says, self.run_assent("annotators", *args, code=2).err)

    def test_a_reviewer_keeps_the_link_and_the_votes(self):
        self.run_assent("reviewers", "add", "anna")
        self.run_assent("annotators", "rename", "anna", "anne")
        self.assertEqual([r["name"] for r in self.json("reviewers", "list")["reviewers"]], ["anne"])

    def test_was_in_the_task_file(self):
        """For a command that reads it is only called so; one that writes keeps it."""
        self.write("assent.yaml", f"name: t\nquestions:\n{YES_NO}annotators:\n  new: {{kind: human, was: old}}\n")
        before = self.dump()
        self.assertEqual({a["name"] for a in self.json("status")["annotators"]}, {"new", "other"})
        self.assertEqual({r["annotator"] for r in self.json("status")["runs"]}, {"new", "other"})
        self.assertEqual(self.labels("new"), {("1", "Bald"): "yes", ("2", "Bald"): "no"})
        self.assertEqual(self.dump(), before)
        self.bring("i,Smiling\n1,1\n", "old")
        self.assertEqual(self.labels("new"), {("1", "Bald"): "yes", ("2", "Bald"): "no", ("1", "Smiling"): "yes"})
        self.fails("annotators", "rename", "new", "old", code=2, says="`was: old`")
        self.write("assent.yaml", f"name: t\nquestions:\n{YES_NO}")
        self.assertEqual({a["name"] for a in self.json("status")["annotators"]}, {"new", "other"})

    def test_was_of_somebody_who_is_there(self):
        self.write("assent.yaml", f"name: t\nquestions:\n{YES_NO}annotators:\n  other: {{kind: human, was: old}}\n")
        for was in ("old", "[old]"):
            self.write("assent.yaml", f"name: t\nquestions:\n{YES_NO}annotators:\n  other: {{kind: human, was: {was}}}\n")
            for command in (("status",), ("consensus",), ("import", "in.csv", "-a", "z")):
                self.fails(*command, code=2, says=["assent.yaml: 'old' and 'other' both have answers", "`was`"])
        self.write("assent.yaml", f"name: t\nquestions:\n{YES_NO}annotators:\n  new: {{kind: human, was: [old, other]}}\n")
        for command in (("status",), ("consensus",)):
            self.fails(*command, code=2, says="cannot both be 'new'")


class SetAside(Case):
    def setUp(self):
        super().setUp()
        drawn = sorted(os.listdir(os.path.join(FACES, "images")))
        os.makedirs(self.path("images/b"))
        for i, name in enumerate(("1.jpg", "2.jpg", "b/3.jpg")):
            shutil.copy(os.path.join(FACES, "images", drawn[i]), self.path(os.path.join("images", name)))
        self.write("assent.yaml", f"name: t\nimages: images/\nquestions:\n{YES_NO}")
        self.write("in.csv", "i,Bald\n1.jpg,1\n2.jpg,0\nb/3.jpg,1\n4.jpg,1\n")
        self.run_assent("import", "in.csv", "-a", "p", "--add-images")

    def images(self):
        return {image for image, _ in self.labels("p")}

    def test_named_ones_and_back(self):
        given = self.json("images", "remove", "1.jpg", "3.jpg")
        self.assertEqual((given["changed"], given["images_before"], given["images"], given["set_aside"]), (2, 4, 2, 2))
        self.assertEqual(given["annotators"], [{"name": "p", "labels_before": 4, "labels": 2}])
        self.assertEqual(self.images(), {"2.jpg", "4.jpg"})
        status = self.json("status")
        self.assertEqual((status["images"], status["images_set_aside"]), (2, 2))
        self.assertIn("2 more images set aside", self.run_assent("status").out)
        self.assertEqual(self.json("images", "restore", "b/3.jpg")["images"], 3)
        self.assertEqual(self.images(), {"2.jpg", "b/3.jpg", "4.jpg"})

    def test_those_without_a_picture(self):
        before = self.dump()
        self.assertEqual(self.json("images", "remove", "--unmatched", "--dry-run")["changed_named"], ["4.jpg"])
        self.assertEqual(self.dump(), before)
        out = self.run_assent("images", "remove", "--unmatched").out
        self.assertIn("1 image set aside: the project had 4 images, and has 3", out)
        self.assertEqual(self.json("images", "remove", "--unmatched")["changed"], 0)

    def test_by_a_list(self):
        self.write("gone", "1.jpg\n\n4.jpg\n1.jpg\n")
        self.assertEqual(self.json("images", "remove", "--keys", "gone")["changed"], 2)
        self.write("gone", "2.jpg\nx.jpg\n")
        self.fails("images", "remove", "--keys", "gone", code=2, says=["gone:2", "'x.jpg'"])

    def test_their_pictures_make_no_new_images(self):
        self.run_assent("images", "remove", "1.jpg")
        self.assertEqual(self.json("import", "--images", "images")["images"], 2)
        self.assertEqual(self.json("status")["images"], 3)

    def test_a_name_means_what_it_meant_before(self):
        """Of two pictures with one file name the one that is left is not what the other's name says."""
        shutil.copy(self.path("images/2.jpg"), self.path("images/b/1.jpg"))
        self.run_assent("import", "--images", "images")
        self.run_assent("images", "remove", "1.jpg")
        self.fails("images", "remove", "1.jpg", code=2, says="'1.jpg' is set aside already")
        self.write("in.csv", "image,Smiling\n1.jpg,1\n")
        given = self.json("import", "in.csv", "-a", "p")
        self.assertEqual((given["rows_set_aside"], given["annotators"]), (1, []))
        self.assertNotIn(("b/1.jpg", "Smiling"), self.labels("p"))
        self.write("meta.csv", "image,site\n1.jpg,x\n2.jpg,y\n")
        given = self.json("import", "--metadata", "meta.csv")
        self.assertEqual((given["images"]["matched"], given["images"]["set_aside"]), (1, 1))
        self.write("in.csv", "image,Smiling\n1.jpg,1\nb/1.jpg,0\n")
        self.run_assent("import", "in.csv", "-a", "p")
        self.assertEqual(self.labels("p")["b/1.jpg", "Smiling"], "no")
        self.assertEqual(self.json("import", "--images", "images")["images"], 3)  # b/1.jpg is another picture than 1.jpg
        self.write("images/b/metadata.csv", "file_name,Smiling\n1.jpg,1\n3.jpg,1\n")
        self.run_assent("images", "restore", "1.jpg")
        self.run_assent("images", "remove", "b/1.jpg")
        given = self.json("import", "images/b/metadata.csv", "-a", "q")
        self.assertEqual(given["rows_set_aside"], 1)
        self.assertEqual(self.labels("q"), {("b/3.jpg", "Smiling"): "yes"})

    def test_labels_of_them_are_left_out(self):
        self.run_assent("images", "remove", "1.jpg")
        self.write("in.csv", "i,Smiling\nphotos/1.jpg,1\n2.jpg,1\n")
        self.write("in.csv", "i,Smiling\n1.jpg,1\n2.jpg,1\n")
        given = self.json("import", "in.csv", "-a", "p")
        self.assertEqual((given["rows_set_aside"], given["images"]["of"]), (1, 1))
        self.run_assent("import", "in.csv", "-a", "q", "--add-images")
        self.assertEqual(self.json("status")["images"], 3)
        self.run_assent("images", "restore", "1.jpg")
        self.assertEqual(self.labels("p")["1.jpg", "Bald"], "yes")

    def test_all_of_them(self):
        self.run_assent("images", "remove", "1.jpg", "2.jpg", "b/3.jpg", "4.jpg")
        for command in (("consensus",), ("export", "-", "-f", "csv", "-a", "p"), ("review", "--sample", "1", "--reviewer", "a")):
            self.fails(*command, code=2, says=["all images are set aside: 4 images", "images restore"])

    def test_what_cannot_be_done(self):
        self.fails("images", "remove", "9.jpg", code=2, says=["'9.jpg'", "did you mean"])
        self.run_assent("images", "remove", "2.jpg")
        self.fails("images", "remove", "2.jpg", code=2, says="'2.jpg' is set aside already")
        self.fails("images", "restore", "1.jpg", code=2, says="no image of this name is set aside")
        for args, says in (((), "say remove"), (("remove",), "which images"), (("restore", "--unmatched"), "goes with remove"),
                           (("drop", "1.jpg"), "'drop'")):
            self.assertIn(says, self.run_assent("images", *args, code=2).err)


if __name__ == "__main__":
    main()
