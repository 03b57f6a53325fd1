#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every label format both ways, matching of names and images, and how votes become a consensus."""
import csv
import hashlib
import io
import json
import os
import random
import sqlite3
import xml.etree.ElementTree as xml
from collections import Counter
from fractions import Fraction
from itertools import product

from harness import Case, main

ALL_KINDS = """\
  - {name: Bald, text: a, group: one}
  - {name: Wavy_Hair, text: [b, c]}
  - {name: Hair, kind: choice, options: [black, blond, gray], text: d}
  - {name: Tags, kind: multi, options: [hat, tie], text: e}
  - {name: Age, kind: ordinal, options: [child, young, old], text: f}
"""
YES_NO = "  - {name: Bald, text: a}\n  - {name: Wavy_Hair, text: b}\n"
COLUMNS = {"Bald": ["no", "yes"], "Wavy_Hair": ["no", "yes"], "Hair": ["black", "blond", "gray"],
           "Tags:hat": ["no", "yes"], "Tags:tie": ["no", "yes"], "Age": ["child", "young", "old"]}
LABELS = """\
image,Bald,Wavy_Hair,Hair,Tags:hat,Tags:tie,Age
a/1.jpg,yes,no,black,yes,no,old
"b ""2"", x.jpg",no,yes,gray,no,no,child
3.jpg,unsure,,blond,,,refused
"""
EXPECTED = {
    ("a/1.jpg", "Bald"): "yes", ("a/1.jpg", "Wavy_Hair"): "no", ("a/1.jpg", "Hair"): "black",
    ("a/1.jpg", "Tags:hat"): "yes", ("a/1.jpg", "Tags:tie"): "no", ("a/1.jpg", "Age"): "old",
    ('b "2", x.jpg', "Bald"): "no", ('b "2", x.jpg', "Wavy_Hair"): "yes", ('b "2", x.jpg', "Hair"): "gray",
    ('b "2", x.jpg', "Tags:hat"): "no", ('b "2", x.jpg', "Tags:tie"): "no", ('b "2", x.jpg', "Age"): "child",
    ("3.jpg", "Bald"): "(unsure)", ("3.jpg", "Hair"): "blond", ("3.jpg", "Age"): "(refused)",
}


class RoundTrip(Case):
    def setUp(self):
        super().setUp()
        self.task(ALL_KINDS)
        self.write("labels.csv", LABELS)
        self.run_assent("import", "labels.csv", "--annotator", "ann", "--kind", "model")

    def again(self, fmt, *names, name="out", flags=("-a", "ann")):
        """Exports, and imports into a second project."""
        self.run_assent("export", name, "--format", fmt, *flags)
        self.write("two/assent.yaml", self.read("assent.yaml"))
        return self.run_assent("-C", "two", "import", name, *names)

    def test_csv(self):
        self.assertEqual(self.labels("ann"), EXPECTED)
        self.again("csv", "--annotator", "x")
        self.assertEqual(self.labels("x", "two"), EXPECTED)
        rows = list(csv.reader(io.StringIO(self.read("out"))))
        self.assertEqual(rows[2], ['b "2", x.jpg', "no", "yes", "gray", "no", "no", "child"])

    def test_jsonl(self):
        self.again("jsonl", "--annotator", "x")
        self.assertEqual(self.labels("x", "two"), EXPECTED)

    def test_long_leaves_abstentions_out(self):
        self.again("long")
        self.assertEqual(self.labels("ann", "two"), {k: v for k, v in EXPECTED.items() if v[0] != "("})
        rows = list(csv.DictReader(io.StringIO(self.read("out"))))
        self.assertEqual(list(rows[0]), ["task", "worker", "label"])
        self.assertIn({"task": "a/1.jpg/Hair", "worker": "ann", "label": "black"}, rows)

    def test_label_studio_predictions(self):
        self.again("label-studio", name="ls.json")
        self.assertEqual(self.labels("ann", "two"), EXPECTED)
        task = json.loads(self.read("ls.json"))[0]
        self.assertEqual(task["predictions"][0]["model_version"], "ann")
        tags = next(r for r in task["predictions"][0]["result"] if r["from_name"] == "Tags")
        self.assertEqual((tags["type"], tags["to_name"], tags["value"]), ("choices", "image", {"choices": ["hat"]}))

    def test_label_studio_annotations(self):
        self.run_assent("import", "labels.csv", "--annotator", "anna")
        self.again("label-studio", "--annotator", "anna", name="ls.json", flags=("-a", "anna"))
        self.assertEqual(self.labels("anna", "two"), EXPECTED)

    def test_label_studio_configuration(self):
        self.run_assent("export", "ls.json", "--format", "label-studio", "-a", "ann")
        choices = xml.fromstring(self.read("ls.xml")).findall("Choices")
        self.assertEqual([c.get("name") for c in choices], ["Bald", "Wavy_Hair", "Hair", "Tags", "Age"])
        self.assertEqual([c.get("choice") for c in choices], ["single"] * 3 + ["multiple", "single"])
        self.assertEqual([o.get("value") for o in choices[2]], ["black", "blond", "gray"])

    def test_sql_view(self):
        rows = sqlite3.connect(self.path("assent.db")).execute("SELECT image, question, label, value FROM cell")
        got = {(i, q): label or {-4: "(unsure)", -3: "(refused)"}[v] for i, q, label, v in rows}
        self.assertEqual(got, EXPECTED)

    def test_provenance(self):
        db = sqlite3.connect(self.path("assent.db"))
        run = db.execute("SELECT source, source_sha256, by_whom, labels, abstentions, ended FROM run").fetchone()
        self.assertEqual(run[:2], ("labels.csv", hashlib.sha256(LABELS.encode()).hexdigest()))
        self.assertTrue(run[2] and run[5])
        self.assertEqual(run[3:5], (13, 2))
        self.assertEqual(db.execute("SELECT count(*) FROM event").fetchone(), (1,))

    def test_pipe_into_pipe(self):
        text = self.run_assent("export", "-", "--format", "csv", "-a", "ann").out
        self.run_assent("import", "-", "--annotator", "copy", "--kind", "model", input=text)
        self.assertEqual(self.labels("copy"), EXPECTED)

    def test_formats_that_cannot_hold_it_say_so(self):
        self.fails("export", "x", "--format", "celeba", "-a", "ann", says="'Hair'")
        self.fails("export", "x", "--format", "csv", code=2, says="--annotator")
        self.assertFalse(os.path.exists(self.path("x")))


class Probabilities(Case):
    def test_they_survive(self):
        self.task(ALL_KINDS)
        self.write("in.jsonl", "".join(json.dumps(row) + "\n" for row in (
            {"image": "1", "question": "Bald", "value": "yes", "options": {"yes": 0.75, "no": 0.25}},
            {"image": "1", "question": "Hair", "value": "blond",
             "options": {"black": 0.125, "blond": 0.5, "gray": 0.375}},
            {"image": "2", "question": "Bald", "value": "no"})))
        self.run_assent("import", "in.jsonl", "--annotator", "m", "--kind", "model")
        rows = [json.loads(r) for r in self.run_assent("-q", "export", "-", "-f", "jsonl", "-a", "m").out.splitlines()]
        self.assertEqual(rows, [json.loads(r) for r in self.read("in.jsonl").splitlines()])
        self.run_assent("export", "ls.json", "-f", "label-studio", "-a", "m")
        task = json.loads(self.read("ls.json"))[0]
        self.assertEqual((task["data"]["p_Bald"], task["predictions"][0]["score"]), (0.75, 0.5))

    def test_a_probability_above_one_is_refused(self):
        self.task(YES_NO)
        self.write("x.jsonl", '{"image": "1", "question": "Bald", "value": "yes", "options": {"yes": 2, "no": 0}}\n')
        self.fails("import", "x.jsonl", "--annotator", "m", says="x.jsonl:1")


class CelebA(Case):
    def setUp(self):
        super().setUp()
        self.task(YES_NO)

    def test_spaces_and_line_ends(self):
        self.write("a.txt", "2\r\nBald  Wavy_Hair \r\n000001.jpg -1  1\r\n000002.jpg  1 -1 \r\n")
        self.assertIn("format celeba, 2 rows, values -1/1", self.run_assent("import", "a.txt", "-a", "c").out)
        self.assertEqual(list(self.labels("c").values()), ["no", "yes", "yes", "no"])

    def test_written_as_celeba_writes_it(self):
        text = "2\nBald Wavy_Hair \n000001.jpg -1  1\n000002.jpg  1 -1\n"
        self.write("a.txt", text)
        self.run_assent("import", "a.txt", "-a", "c")
        self.run_assent("export", "b.txt", "-f", "celeba", "-a", "c")
        self.assertEqual(self.read("b.txt"), text)

    def test_kaggle(self):
        text = "image_id,Bald,Wavy_Hair\n000001.jpg,-1,1\n000002.jpg,1,-1\n"
        self.write("k.csv", text)
        self.run_assent("import", "k.csv", "-a", "c")
        self.run_assent("export", "l.csv", "-f", "csv", "-a", "c")
        self.assertEqual(self.read("l.csv"), text)


class Reading(Case):
    def setUp(self):
        super().setUp()
        self.task(YES_NO)

    def check(self, text, expected, *says, flags=()):
        self.write("in", text)
        out = self.run_assent("import", "in", "--annotator", "x", *flags).out
        for part in says:
            self.assertIn(part, out)
        self.assertEqual(list(self.labels("x").values()), expected)

    def test_codings(self):
        for no, yes, said in (("-1", "1", "-1/1"), ("0", "1", "0/1"), ("No", "YES", "yes/no"),
                              ("false", "True", "true/false")):
            with self.subTest(said):
                self.check(f"i,Bald,Wavy_Hair\n1,{yes},{no}\n", ["yes", "no"], f"values {said}")

    def test_a_padded_one_is_yes(self):
        self.check("i,Bald,Wavy_Hair\n1, 1 ,0\n", ["yes", "no"])

    def test_byte_order_mark_semicolons_and_tabs(self):
        self.check("\ufeffi;Bald;Wavy_Hair\n1;1;0\n", ["yes", "no"])
        self.check("i\tBald\tWavy_Hair\n1\t0\t1\n", ["no", "yes"])

    def test_quotes_and_line_ends_inside(self):
        self.check('i,"Bald",note,Wavy_Hair\n1,"yes","two\nlines, ""quoted""",no\n', ["yes", "no"],
                   "2 of 3 names matched", "'note' is no question")

    def test_names_are_folded_and_said(self):
        self.check("i,BALD,wavy hair\n1,1,0\n", ["yes", "no"], "'BALD' taken as 'Bald'",
                   "'wavy hair' taken as 'Wavy_Hair'", "2 of 2 names matched")

    def test_first_five_unmatched_are_named(self):
        self.check("i,Bald,Wavy_Hair,q1,q2,q3,q4,q5,q6,q7\n1,1,0,,,,,,,\n", ["yes", "no"], "2 of 9 names matched",
                   "'q5'", "and 2 more")

    def test_nothing_matched(self):
        self.write("in", "i,Smile\n1,1\n")
        self.fails("import", "in", "-a", "x", says=["none of the 1 names", "Smile", "Bald"])

    def test_strict(self):
        self.write("in", "i,Bald,other\n1,1,1\n")
        self.fails("import", "in", "-a", "x", "--strict", says="other")
        self.write("in", "i,Bald\n1,1\n")
        self.run_assent("import", "in", "-a", "x", "--strict")
        self.write("in", "i,Bald\n1,1\n2,1\n")
        self.fails("import", "in", "-a", "x", "--strict", says=["1 of 2 images", "2"])

    def test_images_are_folded_where_unambiguous(self):
        self.write("one", "i,Bald\n009189.jpg,1\na/5.jpg,1\nb/5.jpg,0\n")
        self.run_assent("import", "one", "-a", "one")
        self.write("two", "i,Bald\n9189,0\n6,1\n")
        out = self.run_assent("import", "two", "-a", "two").out
        self.assertIn("1 of 2 images matched", out)
        self.assertIn("'9189' taken as '009189.jpg'", out)
        self.assertIn("'6' was not in this project: added", out)
        self.assertEqual(self.labels("two"), {("009189.jpg", "Bald"): "no", ("6", "Bald"): "yes"})
        self.write("three", "i,Bald\n6,0\n5,1\n")
        self.fails("import", "three", "-a", "three", says=["three:3", "'5'", "'a/5.jpg' and 'b/5.jpg'"])

    def test_latest_answer_counts_and_a_partial_run_hides_nothing(self):
        self.check("i,Bald,Wavy_Hair\n1,1,1\n2,0,0\n", ["yes", "yes", "no", "no"])
        self.check("i,Bald\n2,1\n", ["yes", "yes", "yes", "no"])
        rows = sqlite3.connect(self.path("assent.db")).execute("SELECT count(*) FROM answers").fetchone()
        self.assertEqual(rows, (3,))  # history stays

    def test_questions_may_move_and_go(self):
        self.task("  - {name: Hair, kind: choice, options: [black, gray], text: h}\n" + YES_NO)
        self.write("in", "i,Bald,Hair\n1,1,gray\n2,0,black\n")
        self.run_assent("import", "in", "-a", "x")
        self.task("  - {name: New, text: n}\n  - {name: Bald, text: b}\n"
                  "  - {name: Hair, kind: choice, options: [white, gray], text: h}\n")
        self.assertEqual(self.labels("x"), {("1", "Bald"): "yes", ("1", "Hair"): "gray", ("2", "Bald"): "no"})

    def test_label_studio_of_people(self):
        self.write("ls.json", json.dumps([
            {"data": {"image": "/data/local-files/?d=x%20y/1.jpg"}, "annotations": [
                {"completed_by": 7, "was_cancelled": False, "lead_time": 4.2, "result": [
                    {"from_name": "Bald", "to_name": "image", "type": "choices", "value": {"choices": ["yes"]}},
                    {"from_name": "box", "type": "rectanglelabels", "value": {"x": 1}}]},
                {"completed_by": {"id": 8, "email": "a@example.org"}, "was_cancelled": True, "result": []}]},
            {"data": {"image": "https://host/p/2.jpg?v=1"}, "annotations": [
                {"completed_by": {"id": 8, "email": "a@example.org"}, "result": [
                    {"from_name": "Bald", "type": "choices", "value": {"choices": ["no"]}}]}]}]))
        self.assertIn("1 cancelled", self.run_assent("import", "ls.json").out)
        self.assertEqual(self.labels("label-studio-7"), {("x y/1.jpg", "Bald"): "yes"})
        self.assertEqual(self.labels("a@example.org"), {("host/p/2.jpg", "Bald"): "no"})


class Consensus(Case):
    """Majority, ties and the coin-flip baseline against counting by hand."""

    def votes(self, seed=5, images=40):
        """Random votes of two bulk annotators and two single voters; None: no vote."""
        rng = random.Random(seed)
        return {who: {i: rng.choice(["black", "blond", "gray", None, None][:5 if who in "cd" else 3])
                      for i in range(images)} for who in "abcd"}

    def load(self, votes):
        self.task("  - {name: Hair, kind: choice, options: [black, blond, gray], text: h}\n")
        rows = "".join(f"{i}/Hair,{who},{v}\n" for who in votes for i, v in votes[who].items() if v)
        self.write("long.csv", "task,worker,label\n" + rows)
        self.run_assent("import", "long.csv")

    @staticmethod
    def majority(labels, first=None):
        """The value, None without votes, or 'tie'."""
        counts = Counter(labels)
        top = [v for v, n in counts.items() if n == max(counts.values())]
        if len(top) == 1 or (first in top):
            return top[0] if len(top) == 1 else first
        return "tie" if top else None

    def test_against_enumeration(self):
        votes = self.votes()
        self.load(votes)
        for rule in ("abstain", "a", "d"):
            with self.subTest(rule):
                tie = ["--tie", "abstain"] if rule == "abstain" else ["--tie", "first", rule]
                c = self.json("consensus", *tie, "--extra", "c", "--extra", "d")
                agree, decided, real, n = Fraction(0), Fraction(0), 0, 0
                for i, own in votes["a"].items():
                    fixed = [own, votes["b"][i]]
                    extra = [w for w in "cd" if votes[w][i]]
                    value = self.majority(fixed + [votes[w][i] for w in extra], votes.get(rule, {}).get(i))
                    n += value != "tie"
                    real += value == own
                    draws = list(product(("black", "blond", "gray"), repeat=len(extra)))
                    for draw in draws:
                        named = dict(zip(extra, draw)).get(rule) or (votes["a"][i] if rule == "a" else None)
                        value = self.majority(fixed + list(draw), named)
                        agree += Fraction(value == own, len(draws))
                        decided += Fraction(value != "tie", len(draws))
                a = next(x for x in c["annotators"] if x["name"] == "a")
                self.assertEqual((a["n"], a["agreement"]), (n, round(real / n, 12)))
                self.assertAlmostEqual(a["coin_flip"], float(agree / decided), 10)

    def test_ties_of_four(self):
        self.load({"a": {0: "black"}, "b": {0: "black"}, "c": {0: "gray"}, "d": {0: "gray"}})
        c = self.json("consensus")
        self.assertEqual((c["ties"], c["open_ties"], c["disputed"]), (1, 1, 1))
        self.assertEqual(self.labels("consensus"), {("0", "Hair"): "(tied)"})
        self.assertEqual(self.json("consensus", "--tie", "first", "c")["open_ties"], 0)
        self.assertEqual(self.labels("consensus"), {("0", "Hair"): "gray"})
        self.assertEqual(self.json("consensus", "--tie", "first", "a")["changed"], 1)
        self.fails("consensus", "--tie", "first", "nobody", code=2, says="'nobody'")

    def test_abstentions_do_not_vote(self):
        self.load({"a": {0: "black"}, "b": {0: "unsure"}, "c": {0: "unsure"}})
        self.run_assent("consensus")
        self.assertEqual(self.labels("consensus"), {("0", "Hair"): "black"})

    def test_abstentions_in_agreement(self):
        self.load({"a": {0: "black", 1: "gray", 2: "unsure"}, "b": {0: "black", 1: "refused", 2: "unsure"}})
        p = self.json("agree", "a", "b", "--resamples", "0")["pooled"]
        self.assertEqual((p["n"], p["asked"], p["agreement"]), (1, 3, 1))
        self.assertAlmostEqual(p["coverage"], 1 / 3)
        self.assertAlmostEqual(p["agreement_with_abstentions"], 1 / 3)

    def test_an_older_consensus_is_said(self):
        self.load({"a": {0: "black"}, "b": {0: "gray"}})
        self.run_assent("consensus", "--tie", "first", "a")
        self.load({"a": {0: "black"}, "b": {0: "black"}})
        self.assertIn("older", self.run_assent("export", "x.csv", "-f", "csv", "-a", "consensus").err)
        self.assertTrue(self.json("status")["stale_consensus"])


if __name__ == "__main__":
    main()
