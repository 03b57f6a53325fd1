#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What people would say of all cells: the report's estimates from a random sample, against the truth and by hand."""
import collections
import csv
import csv
import io
import json
import math
import random
import sqlite3
import time

import harness
from harness import Browser  # noqa: F401 (the case below browses)
from review_case import ReviewCase

QUESTIONS = ("Bald", "Hat", "Smile")


class Estimates(ReviewCase):
    """600 images: a truth that reviewers know, a model that is wrong in 15 of 100 cells, labels wrong in 10."""

    n_images = 600

    def setUp(self):
        super(ReviewCase, self).setUp()
        chance = random.Random(5)
        rates = dict(zip(QUESTIONS, (0.1, 0.4, 0.7)))
        keys = [f"{i:04}.png" for i in range(self.n_images)]
        self.truth = {(k, q): int(chance.random() < rates[q]) for k in keys for q in QUESTIONS}
        self.model, self.people = ({cell: y ^ (chance.random() < wrong) for cell, y in self.truth.items()}
                                   for wrong in (0.15, 0.1))
        self.write("assent.yaml", "name: test\nquestions:\n" + "".join(f"  - {{name: {q}, text: {q}?}}\n" for q in QUESTIONS))
        for name, kind, labels in (("model", "model", self.model), ("people", "human", self.people)):
            self.write(name + ".csv", "image_id," + ",".join(QUESTIONS) + "\n"
                       + "".join(k + "," + ",".join(str(labels[k, q]) for q in QUESTIONS) + "\n" for k in keys))
            self.run_assent("-q", "import", name + ".csv", "-a", name, "--kind", kind)

    def review(self, *args, wrong=0.0, most=100000, reviewer="anna"):
        """A person answers as it is, but for some answers by mistake."""
        server = self.serve("--reviewer", reviewer, *args)
        cells = {key: (image, question) for key, image, question in
                 self.rows("SELECT review_item.key, image.key, question FROM review_item JOIN image ON image.id = image")}
        browser, done, seen = self.browse(server), 0, collections.Counter()

        def patiently(ask, refused):
            while refused(answer := ask()):
                time.sleep(0.3)  # one person does not answer so fast
            return answer
        while done < most and (items := patiently(lambda: browser.take(want=4), lambda a: "items" not in a)["items"]):
            for item in items[:most - done]:
                cell = cells[item["id"]]
                seen[cell] += 1
                value = self.truth[cell] ^ (random.Random(f"{reviewer} {cell} {seen[cell]}").random() < wrong)
                answered = patiently(lambda: browser.answer(f"key-{done:09}", item["id"], value),
                                     lambda a: a.status == 429)
                self.assertEqual(answered.status, 200)
                done += 1
        self.assertEqual(server.stop(), 0)

    def estimates(self):
        return self.json("report", "--resamples", "0")["over_all_cells"]

    def assert_near_interval(self, interval, truth):
        """Within three standard errors, not two: drawn otherwise, one of twenty intervals misses the truth."""
        low, high = interval
        self.assertTrue(low - (high - low) / 4 <= truth <= high + (high - low) / 4, (interval, truth))

    def by_hand(self, column, labels):
        """Agreement, share and its error, by the strata of one question: what the labels of the two say."""
        strata = collections.defaultdict(list)
        drawn = set(self.rows("SELECT image.key, question FROM review_item JOIN image ON image.id = image"
                              " WHERE design IS NOT NULL AND review_item.kind <> 'repeat'"))
        for (key, question), y in self.truth.items():
            if question == column:
                strata[self.model[key, column], self.people[key, column]].append(
                    (y, labels[key, column], (key, column) in drawn))
        agreement = share = variance = 0
        for cells in strata.values():
            seen = [(y, f) for y, f, seen in cells if seen]
            weight, mean = len(cells) / self.n_images, sum(y for y, _ in seen) / len(seen)
            share += weight * mean
            agreement += weight * sum(y == f for y, f in seen) / len(seen)
            if len(seen) > 1:
                spread = sum((y - mean) ** 2 for y, _ in seen) / (len(seen) - 1)
                variance += weight ** 2 * (1 - len(seen) / len(cells)) * spread / len(seen)
        return agreement, share, math.sqrt(variance)

    def test_nothing_is_said_without_a_random_sample(self):
        self.review()
        x = self.estimates()
        self.assertIn("no sample was drawn at random", x["refused"])
        self.assertNotIn("agreement", x)
        out = self.run_assent("report", "--resamples", "0").out
        self.assertIn("Over all cells", out)
        self.assertIn("assent review --sample N", out)

    def test_estimates_are_those_worked_out_by_hand(self):
        self.review("--sample", "240")
        x = self.estimates()
        self.assertIsNone(x["refused"])
        self.assertEqual((x["frame"], x["guess"]), (3 * self.n_images, "model"))
        self.assertEqual([a["annotator"] for a in x["agreement"]], ["model", "people", "consensus"])
        labels = {"model": self.model, "people": self.people}
        for q in x["questions"]:
            if q["annotator"] != "consensus":
                self.assertAlmostEqual(q["agreement"], self.by_hand(q["name"], labels[q["annotator"]])[0], 9)
        for s in x["shares"]:
            _, share, error = self.by_hand(s["name"], self.model)
            self.assertEqual(s["option"], "yes")
            self.assertAlmostEqual(s["share"], share, 9)
            self.assertAlmostEqual(s["standard_error"], error, 9)
            self.assertAlmostEqual(s["population"], share, 9)  # the labels do not vary within a stratum
            self.assertGreater(s["population_error"], error)
            labels_share = sum(self.model[cell] for cell in self.truth if cell[1] == s["name"]) / self.n_images
            self.assertAlmostEqual(s["labels"], labels_share)
            self.assertIsNone(s["corrected"])

    def test_intervals_hold_the_truth_where_plain_shares_mislead(self):
        self.review("--sample", "300")
        x = self.estimates()
        for a, labels in zip(x["agreement"], (self.model, self.people)):
            truth = sum(labels[c] == y for c, y in self.truth.items()) / len(self.truth)
            self.assert_near_interval(a["interval"], truth)
            self.assertFalse(a["interval"][0] <= a["voted"] <= a["interval"][1])  # disputes, mostly
        for s in x["shares"]:
            truth = sum(y for c, y in self.truth.items() if c[1] == s["name"]) / self.n_images
            self.assert_near_interval(s["interval"], truth)
        out = self.run_assent("report", "--resamples", "0").out
        for words in ("Over all cells", "this data set", "Nothing shows how often people err", "population"):
            self.assertIn(words, out)
        self.assertNotIn("nan", out.lower().replace("annotator", "").replace("anna", ""))

    def test_the_consensus_is_estimated_without_the_votes_that_only_drawn_cells_have(self):
        """All disputes are voted on, so the truth wins there; elsewhere both say the same, right or wrong."""
        self.review("--sample", "300")
        consensus = self.estimates()["agreement"][2]
        right = sum(self.model[c] == y or self.people[c] == y for c, y in self.truth.items()) / len(self.truth)
        self.assert_near_interval(consensus["interval"], right)
        self.assertLess(consensus["agreement"], 1)

    def test_known_answers_correct_for_people_who_err(self):
        gold = sorted(self.truth)[:240]
        self.write("known.csv", "task,worker,label\n" + "".join(f"{k}/{q},gold,{self.truth[k, q]}\n" for k, q in gold))
        self.review("--sample", "400", "--gold", "known.csv", wrong=0.1)
        x = self.estimates()
        self.assertEqual(x["known_yes"][1] + x["known_no"][1], 240)
        self.assertGreater(x["agreement"][0]["corrected"], x["agreement"][0]["agreement"])
        truth = sum(self.model[c] == y for c, y in self.truth.items()) / len(self.truth)
        low, high = x["agreement"][0]["corrected_interval"]
        self.assert_near_interval((low, high), truth)
        self.assertLess(x["agreement"][0]["interval"][1] - x["agreement"][0]["interval"][0], high - low)
        self.assertIn("known yes", self.run_assent("report", "--resamples", "0").out)

    def test_repeats_correct_where_nothing_is_known(self):
        self.review("--sample", "300", "--repeat", "100", wrong=0.08)
        x = self.estimates()
        self.assertGreater(x["repeats"][1], 50)
        self.assertGreater(x["agreement"][0]["corrected"], x["agreement"][0]["agreement"])
        self.assertIn("repeats", self.run_assent("report", "--resamples", "0").out)

    def test_majorities_err_less_often(self):
        """Of two votes that agree on a cell, .9 of which are right each, .81 / .82 are right."""
        options = ("--sample", "300", "--votes", "2", "--gold", "known.csv", "--no-disputes")
        gold = sorted(self.truth)[:200]
        self.write("known.csv", "task,worker,label\n" + "".join(f"{k}/{q},gold,{self.truth[k, q]}\n" for k, q in gold))
        for person in ("anna", "bob"):
            self.review(*options, wrong=0.1, reviewer=person)
        x = self.estimates()
        right = (x["known_yes"][0] + x["known_no"][0]) / (x["known_yes"][1] + x["known_no"][1])
        keep = (right ** 2 - (1 - right) ** 2) / (right ** 2 + (1 - right) ** 2)
        a = x["agreement"][0]
        self.assertAlmostEqual(a["corrected"], 0.5 + (a["agreement"] - 0.5) / keep, 6)
        share = x["shares"][0]
        self.assertAlmostEqual(share["corrected"], max(0, 0.5 + (share["share"] - 0.5) / keep), 6)
        self.assertIn("several votes", self.run_assent("report", "--resamples", "0").out)

    def test_a_sample_that_nobody_has_answered(self):
        self.review("--sample", "100", most=0)
        self.assertIn("none of the cells", self.estimates()["refused"])

    def test_a_part_of_the_answers(self):
        self.review("--sample", "200", "--no-disputes", most=7)
        x = self.estimates()
        self.assertEqual(x["settled"], 7)
        self.assertLess(x["agreement"][0]["covered"], 1)
        json.dumps(x, allow_nan=False)

    def design(self, *args):
        return list(csv.DictReader(io.StringIO(self.run_assent("export", "-", "--design", *args).out)))

    def test_the_design_is_a_table_from_which_others_get_the_same(self):
        self.review("--sample", "240", "--no-disputes")
        rows = self.design()
        self.assertEqual(list(rows[0]), ["image", "question", "y", "f", "R", "pi"])
        self.assertEqual({(r["image"], r["question"]) for r in rows}, set(self.truth))
        self.assertEqual(sum(r["R"] == "1" for r in rows), 240)
        for r in rows:
            cell = r["image"], r["question"]
            self.assertEqual(r["y"], str(self.truth[cell]) if r["R"] == "1" else "")
            self.assertEqual(r["f"], str(self.model[cell]))
        for share in self.estimates()["shares"]:
            terms = [float(r["f"]) + ((float(r["y"]) - float(r["f"])) / float(r["pi"]) if r["R"] == "1" else 0)
                     for r in rows if r["question"] == share["name"]]
            self.assertAlmostEqual(sum(terms) / len(terms), share["share"], 7)
        self.assertEqual([int(r["f"]) for r in self.design("-a", "people")],
                         [self.people[r["image"], r["question"]] for r in rows])

    def test_a_design_where_not_all_is_answered(self):
        """A cell was seen with the probability of being drawn and answered."""
        self.review("--sample", "240", "--no-disputes", most=100)
        rows = self.design()
        self.assertEqual(sum(r["R"] == "1" for r in rows), 100)
        self.assertAlmostEqual(sum(float(r["pi"]) for r in rows), 100, 4)
        self.assertAlmostEqual(sum(1 / float(r["pi"]) for r in rows if r["R"] == "1"),
                               sum(float(r["pi"]) > 0 for r in rows), 2)

    def test_a_probability_a_cell(self):
        """As an active sample has them: the cells of one stratum are not equally likely."""
        self.review("--sample", "240", "--no-disputes")
        db = sqlite3.connect(self.path("assent.db"))
        db.execute("UPDATE review_item SET inclusion_probability = 0.05 + id % 7 / 10.0")
        db.commit()
        db.close()
        x = self.estimates()
        self.assertTrue(x["active"])
        rows = self.design()
        self.assertEqual({r["pi"] == "" for r in rows if r["R"] == "0"}, {True})
        for share in x["shares"]:
            own = [r for r in rows if r["question"] == share["name"]]
            seen = [(float(r["y"]), float(r["f"]), float(r["pi"])) for r in own if r["R"] == "1"]
            mean = (sum(float(r["f"]) for r in own) + sum((y - f) / pi for y, f, pi in seen)) / len(own)
            error = math.sqrt(sum((1 - pi) * ((y - f) / pi) ** 2 for y, f, pi in seen)) / len(own)
            self.assertAlmostEqual(share["share"], max(0, min(1, mean)), 6)
            self.assertAlmostEqual(share["standard_error"], error, 6)
            self.assertGreater(share["population_error"], error)
        for a in x["questions"]:
            if a["annotator"] == "model":
                seen = [(r["y"] == r["f"], 1 / float(r["pi"])) for r in rows if r["question"] == a["name"] and r["R"] == "1"]
                self.assertAlmostEqual(a["agreement"], sum(w for z, w in seen if z) / sum(w for _, w in seen), 6)
        self.assertIn("each with its own probability", self.run_assent("report", "--resamples", "0").out)

    def test_designs_that_cannot_be_written(self):
        self.fails("export", "-", "--design", code=2, says=("no sample was drawn at random", "assent review --sample N"))
        self.run_assent("export", "x.csv", "--design", "-f", "csv", code=2)
        self.run_assent("export", "x.csv", "--design", "-a", "model", "-a", "people", code=2)
        self.review("--sample", "50", most=0)
        self.fails("export", "-", "--design", "-a", "nobody", code=2, says=("nobody",))
        self.assertEqual({r["R"] for r in self.design()}, {"0"})

    def test_options_are_answers_too(self):
        """A question of three options is asked with the others, on images of their own."""
        with open(self.path("assent.yaml"), "a", encoding="utf-8") as f:
            f.write("  - {name: Hair, kind: choice, options: [dark, fair, none], text: Hair?}\n")
        self.write("hair.csv", "image_id,Hair\n" + "".join(
            f"{i:04}.png,{('dark', 'fair', 'none')[i * i % 7 % 3]}\n" for i in range(self.n_images)))
        self.run_assent("-q", "import", "hair.csv", "-a", "model", "--kind", "model")
        for i in range(self.n_images):
            self.truth[f"{i:04}.png", "Hair"] = i * i % 7 % 3 if i % 10 else 0
        self.review("--sample", "200", "--no-disputes")
        x = self.estimates()
        shares = {s["option"]: s for s in x["shares"] if s["name"] == "Hair"}
        self.assertEqual(sorted(shares), ["dark", "fair", "none"])
        self.assertAlmostEqual(sum(s["share"] for s in shares.values()), 1, 9)
        self.assertAlmostEqual(sum(s["labels"] for s in shares.values()), 1, 9)
        for s in shares.values():
            self.assertIsNone(s["corrected"])
        rows = [r for r in self.design() if r["question"] == "Hair"]
        self.assertEqual({r["f"] for r in rows}, {"dark", "fair", "none"})
        self.assertLess({r["y"] for r in rows}, {"dark", "fair", "none", ""} | {"other"})

    def test_one_annotator(self):
        self.run_assent("undo", str(self.rows("SELECT id FROM run ORDER BY id DESC LIMIT 1")[0][0]))
        self.review("--sample", "200")
        x = self.estimates()
        self.assertEqual([a["annotator"] for a in x["agreement"]], ["model"])
        self.assertIsNone(x["agreement"][0]["other"])
        self.assertEqual(len(x["shares"]), 3)


if __name__ == "__main__":
    harness.main()
