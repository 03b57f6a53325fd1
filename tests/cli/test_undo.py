#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A run is withdrawn and brought back: what counts, what is open again, what is out of date."""
import sqlite3

from harness import STUDY, Case, main


class Undo(Case):
    def setUp(self):
        super().setUp()
        self.task("  - {name: Bald, text: b}\n  - {name: Smiling, text: s}\n")

    def bring(self, text, annotator="p"):
        self.write("in.csv", text)
        self.run_assent("import", "in.csv", "-a", annotator)

    def test_an_import_is_withdrawn_and_brought_back(self):
        self.bring("i,Bald\n1,1\n2,0\n")
        self.bring("i,Bald,Smiling\n1,0,1\n")
        given = self.json("undo")
        self.assertEqual((given["run"], given["withdrawn"], given["labels_before"], given["labels"]), (2, True, 3, 2))
        self.assertEqual(self.labels("p"), {("1", "Bald"): "yes", ("2", "Bald"): "no"})
        out = self.run_assent("undo", "--undo", "2").out
        self.assertIn("run 2 of p (in.csv, ", out)
        self.assertIn("2 labels by p counted before, 3 now", out)
        self.assertEqual(self.labels("p"), {("1", "Bald"): "no", ("2", "Bald"): "no", ("1", "Smiling"): "yes"})
        self.run_assent("undo", "1")
        self.assertEqual(self.labels("p"), {("1", "Bald"): "no", ("1", "Smiling"): "yes"})

    def test_history_stays(self):
        self.bring("i,Bald\n1,1\n")
        self.run_assent("undo")
        self.run_assent("undo", "--undo", "1")
        self.run_assent("undo", "1")
        database = sqlite3.connect(self.path("assent.db"))
        self.assertEqual(database.execute("SELECT count(*) FROM answers").fetchone(), (1,))
        self.assertEqual(database.execute("SELECT run, back FROM withdrawal ORDER BY id").fetchall(),
                         [(1, 0), (1, 1), (1, 0)])
        database.close()

    def test_status_shows_what_is_withdrawn(self):
        self.bring("i,Bald\n1,1\n")
        self.bring("i,Bald\n1,0\n", "q")
        self.run_assent("undo", "1")
        self.assertIn("1 of the newest runs is withdrawn", self.run_assent("status").out)
        runs = self.json("status")["runs"]
        self.assertEqual([r["withdrawn"] == "-" for r in runs], [True, False])
        self.assertRegex(self.run_assent("status", "-v").out, r"(?m)^ +1 +p .* 20\d\d-")

    def test_the_same_file_may_come_again(self):
        self.bring("i,Bald\n1,1\n")
        self.run_assent("undo")
        self.bring("i,Bald\n1,1\n")
        self.assertEqual(self.labels("p"), {("1", "Bald"): "yes"})
        self.assertEqual(len(self.json("status")["runs"]), 2)

    def test_a_consensus_of_what_is_withdrawn_is_out_of_date(self):
        self.bring("i,Bald\n1,1\n2,1\n", "a")
        self.bring("i,Bald\n1,1\n2,0\n", "b")
        self.run_assent("consensus", "--tie", "first", "a")
        self.assertFalse(self.json("status")["stale_consensus"])
        given = self.run_assent("undo", "1")
        self.assertIn("assent consensus makes it anew", given.out)
        self.assertTrue(self.json("status")["stale_consensus"])
        self.assertIn("older", self.run_assent("export", "x.csv", "-f", "csv", "-a", "consensus").err)
        self.run_assent("consensus")
        self.assertFalse(self.json("status")["stale_consensus"])
        self.assertEqual(self.labels("consensus"), {("1", "Bald"): "yes", ("2", "Bald"): "no"})
        self.run_assent("undo", "--undo", "1")
        self.assertTrue(self.json("status")["stale_consensus"])

    def test_a_consensus_is_withdrawn(self):
        self.bring("i,Bald\n1,1\n", "a")
        self.bring("i,Bald\n1,0\n", "b")
        self.run_assent("consensus", "--tie", "first", "a")
        self.run_assent("consensus", "--tie", "first", "b")
        self.assertFalse(self.json("undo")["stale_consensus"])
        self.assertEqual(self.labels("consensus"), {("1", "Bald"): "yes"})

    def test_votes_of_a_file(self):
        self.write("long.csv", "task,worker,label\n1/Bald,anna,yes\n1/Bald,ben,no\n")
        self.run_assent("import", "long.csv")
        self.run_assent("undo", "2")
        self.assertEqual(self.labels("anna"), {("1", "Bald"): "yes"})
        self.assertEqual(self.labels("ben"), {})

    def test_what_cannot_be_withdrawn(self):
        self.fails("undo", code=2, says="no run is left that counts")
        self.bring("i,Bald\n1,1\n")
        self.fails("undo", "7", code=2, says=["no run 7", "status -v"])
        self.fails("undo", "--undo", "1", code=2, says="run 1 counts already")
        self.run_assent("undo", "1")
        self.fails("undo", "1", code=2, says="run 1 is withdrawn already")
        self.fails("undo", code=2, says="no run is left")
        for arguments in (["--undo"], ["x"], ["0"], ["-1"], ["1", "2"]):
            self.run_assent("undo", *arguments, code=2)

    def test_votes_of_the_study(self):
        self.run_assent("init", "--preset", "celeba", "new")
        self.run_assent("-C", "new", "import", STUDY)
        person = next(r["id"] for r in self.json("-C", "new", "status")["runs"] if r["annotator"] == "person")
        given = self.json("-C", "new", "undo", str(person))
        self.assertEqual((given["labels_before"], given["labels"]), (8193, 0))
        self.assertEqual(self.json("-C", "new", "status")["between"]["disputed_with_vote"], 0)
        self.assertEqual(self.json("-C", "new", "undo", "--undo", str(person))["labels"], 8193)

    def test_who_is_withdrawn_is_compared_with_nobody(self):
        self.bring("i,Bald\n1,1\n", "a")
        self.bring("i,Bald\n1,0\n", "b")
        self.bring("i,Bald\n1,1\n", "c")
        self.assertEqual(self.json("status")["between"]["annotators"], ["a", "b"])
        self.run_assent("undo", "1")
        self.assertEqual(self.json("status")["between"]["annotators"], ["b", "c"])
        self.assertEqual(self.json("agree")["annotators"], ["b", "c"])

    def test_without_a_consensus_none_is_out_of_date(self):
        self.bring("i,Bald\n1,1\n", "a")
        self.bring("i,Bald\n1,0\n", "b")
        self.run_assent("consensus")
        self.assertFalse(self.json("undo")["stale_consensus"])
        self.assertFalse(self.json("status")["stale_consensus"])


if __name__ == "__main__":
    main()
