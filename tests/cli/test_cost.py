#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What was spent, and what more money would buy: figures that were computed by hand."""
import os
import sqlite3

from harness import STUDY, main
from review_case import ReviewCase

PRICES = """annotators:
  SENTINELMODEL: {kind: model, machine: gpu}
  hosted: {kind: model, price: {input: 0.4, cached_input: 0.1, output: 1.6, date: d, source: s}}
  killed: {kind: model, machine: gpu}
prices:
  wage_hour: {value: 18, date: d, source: s}
  seconds_per_answer: {value: 5, date: d, source: s}
  images_per_second: {value: 0.5, date: d, source: s}
  machines:
    gpu: {kind: reserved, hour: 1.5, utilisation: 0.75, date: d, source: s}
"""


class Money(ReviewCase):
    """60 cells; who answers the review says yes to everything."""

    def change(self, statement, *values):
        db = sqlite3.connect(os.path.join(self.dir, "assent.db"))
        try:
            with db:
                db.execute(statement, values)
        finally:
            db.close()

    def computed_here(self, model, **columns):
        """The model's labels came in a file; let them be of a run of this program."""
        sets = "".join(f", {name} = {value}" for name, value in columns.items())
        self.change("UPDATE run SET source = NULL, source_sha256 = NULL" + sets
                    + " WHERE annotator = (SELECT id FROM annotator WHERE name = ?)", model)

    def priced(self, prices=PRICES):
        self.write("assent.yaml", self.read("assent.yaml") + prices)

    def review(self, *args, **how):
        server = self.serve("--reviewer", "anna", *args)
        answered = self.answer_all(self.browse(server), **how)
        self.assertEqual(server.stop(), 0)
        return len(answered)

    def near(self, got, wanted):
        self.assertEqual(set(got) & set(wanted), set(wanted))
        for key, value in wanted.items():
            if isinstance(value, float):
                self.assertAlmostEqual(got[key], value, 9, key)
            else:
                self.assertEqual(got[key], value, key)


class Ledger(Money):
    def ledger(self):
        return self.json("report", "--resamples", "0")["ledger"]

    def model(self, name):
        return next(m for m in self.ledger()["models"] if m["name"] == name)

    def test_a_machine_is_paid_by_the_hour(self):
        self.priced()
        self.computed_here("SENTINELMODEL", seconds=7200)
        # two hours at 1.5 / 0.75, for 30 images and 60 labels
        self.near(self.model("SENTINELMODEL"),
                  {"runs": 1, "unknown": 0, "labels": 60, "hours": 2.0, "cost": 4.0, "answer_cost": 4 / 60, "right": None,
                   "correct_cost": None, "image_cost": 4 / 30, "basis": "measured"})
        self.near(self.ledger(), {"models_cost": 4.0, "people_cost": None, "cost": 4.0, "unknown": 0,
                                  "unknown_people": 1, "accepted": 0, "accepted_cost": None})

    def test_tokens_are_paid_and_their_server_is_not(self):
        self.priced()
        self.run_assent("import", "model.jsonl", "-a", "hosted", "--kind", "model")
        self.computed_here("hosted", seconds=7200, requests=60, prompt_tokens=1000000, cached_tokens=250000,
                           completion_tokens=1000)
        run = self.ledger()["runs"][0]
        # 0.75 * 0.4 + 0.25 * 0.1 + 0.001 * 1.6
        self.near(run, {"annotator": "hosted", "hours": 2.0, "machine_cost": 0.0, "token_cost": 0.3266, "cost": 0.3266,
                        "unknown": None, "machine": None, "images": 30, "answers": 60})

    def test_what_was_withdrawn_was_paid(self):
        self.priced()
        self.run_assent("import", "model.jsonl", "-a", "hosted", "--kind", "model")
        self.computed_here("hosted", requests=60, prompt_tokens=1000000, cached_tokens=0, completion_tokens=0)
        self.run_assent("undo")
        self.assertTrue(self.ledger()["runs"][0]["withdrawn"])
        self.near(self.ledger(), {"models_cost": 0.4, "labels": 60})

    def test_what_is_not_known_stays_so(self):
        self.priced()
        why = {}
        for name, columns in (("killed", {"ended": "NULL", "images": "NULL", "labels": "NULL"}),
                              ("hosted", {"requests": 60})):
            self.run_assent("import", "model.jsonl", "-a", name, "--kind", "model")
            self.computed_here(name, **columns)
            why[name] = self.ledger()["runs"][0]
            self.assertIsNone(self.model(name)["cost"])
            self.assertIsNone(self.model(name)["answer_cost"])
        self.assertEqual([why[n]["unknown"] for n in why], ["did not end", "tokens not counted"])
        self.near(why["killed"], {"images": None, "answers": None, "hours": None, "cost": None})
        self.near(self.ledger(), {"unknown": 3, "models_cost": None, "cost": None})
        # by assent.yaml alone: 2 / 0.5 / 3600
        self.near(self.model("SENTINELMODEL"), {"basis": "stated", "image_cost": 2 / 0.5 / 3600})
        self.assertIn("came in a file", self.run_assent("report", "--resamples", "0").out)

    def test_without_prices_nothing_is_reckoned(self):
        self.computed_here("SENTINELMODEL", seconds=7200)
        self.near(self.model("SENTINELMODEL"), {"hours": 2.0, "cost": None, "image_cost": None, "basis": None})
        self.assertEqual(self.ledger()["runs"][0]["unknown"], "no price of the machine")

    def test_people_are_paid_for_what_they_took_back_too(self):
        self.priced()
        self.computed_here("SENTINELMODEL", seconds=7200)
        self.assertEqual(self.review("--sample", "60", "--no-disputes"), 60)
        self.change("UPDATE review_answer SET undone = at WHERE id = 1")
        # 60 answers of two seconds at 18 an hour; the model says yes to 15 and 10 of 30
        ledger = self.ledger()
        self.near(next(p for p in ledger["people"] if p["name"] == "anna"),
                  {"answers": 60, "hours": 1 / 30, "cost": 0.6})
        self.near(ledger, {"people_cost": 0.6, "people_hours": 1 / 30, "cost": 4.6})
        self.change("UPDATE review_answer SET undone = NULL")
        self.near(self.model("SENTINELMODEL"), {"right": 25 / 60, "correct_cost": 4 / 25})


class BreakEven(Money):
    def cost(self):
        return self.json("report", "--resamples", "0")["cost"]

    def test_the_study(self):
        self.run_assent("init", "study", "--preset", "celeba")
        self.run_assent("-C", "study", "import", STUDY)
        report = self.json("-C", "study", "report", "--resamples", "0")
        cost, wages = report["cost"], report["cost"]["break_even"]["wages"]
        # 2 an hour / (0.5 images a second * 40 * 3 s) is 1/30 of the wage, whatever the votes
        for at in wages:
            self.near(at, {"model_share": 1 / 30 / at["wage_hour"], "holds": at["wage_hour"] > 10 / 3,
                           "process_share": 1 + 8193 / 40000 + 1 / 30 / at["wage_hour"]})
        self.assertEqual((wages[0]["wage_hour"], wages[-1]["wage_hour"]), (2, 30))
        machines = {(m["machine_hour"], m["images_per_second"]): m["min_wage_hour"] for m in cost["break_even"]["machines"]}
        self.assertEqual(len(machines), 30)
        for (hour, speed), wage in machines.items():
            self.assertAlmostEqual(wage, hour / (speed * 40 * 3) * 100, 9)
        self.assertAlmostEqual(machines[2, 0.5], cost["break_even"]["min_wage_hour"], 9)
        # what it took: votes on 20.5 % of the cells, for 89.1 %
        self.near(cost, {"review_rate": 8193 / 40000, "agreement_after": report["after"]["first"]["pooled"]["agreement"]})
        text = " ".join(self.run_assent("-C", "study", "report", "--resamples", "0").out.split())
        self.assertIn("That 89.1 % of its labels equal the consensus also needed people's labels, and votes on 20.5 % of"
                      " the cells", text)

    def test_without_votes_nothing_came_after(self):
        self.priced()
        self.assertIsNone(self.cost()["agreement_after"])

    def test_without_prices_nothing_is_swept(self):
        even = self.cost()["break_even"]
        self.assertEqual({m["min_wage_hour"] for m in even["machines"]}, {None})
        self.assertEqual({(w["model_share"], w["holds"]) for w in even["wages"]}, {(None, False)})


class Frontier(Money):
    """The model says yes to 15 of 30 and to 10 of 30, the others no and yes; people say yes to everything."""

    def frontier(self):
        return self.json("report", "--resamples", "0")["frontier"]

    def points(self):
        return {(p["who"], p["way"]): p for p in self.frontier()["points"]}

    def priced(self, prices=PRICES):
        super().priced(prices)
        self.computed_here("SENTINELMODEL", seconds=7200)

    def test_all_cells_were_seen(self):
        self.priced()
        self.review("--sample", "60", "--no-disputes")
        self.assertEqual(self.frontier()["against"], "adjudicators")
        # an answer took two seconds at 18 an hour: a cent; the model's labels took 4
        wanted = {
            ("SENTINELMODEL", "alone"): (25 / 60, 0, 0.0, 4.0),
            # 15 + 20 disputes, and the model's 10 yes that the others share
            ("SENTINELMODEL", "+ disputes reviewed"): (45 / 60, 35, 0.6, 4.95),
            ("SENTINELMODEL", "+ disputes and sample"): (1.0, 60, 0.6, 5.2),
            ("SENTINELMODEL", "accept by verdict"): (1.0, 60, 0.0, 4.6),  # more errors than are promised
            ("SENTINELPEOPLE", "people alone"): (30 / 60, 60, 0.0, 0.6),
            ("the review's people", "all cells"): (1.0, 60, 0.0, 0.6),
        }
        points = self.points()
        self.assertEqual(set(points), set(wanted))
        for who, (quality, answers, labels, cost) in wanted.items():
            with self.subTest(who):
                self.near(points[who], {"quality": quality, "answers": answers, "labels_cost": labels, "cost": cost,
                                        "cost_per_thousand": cost / 30 * 1000, "expected": False,
                                        "dominated": who[1] != "all cells"})

    def test_some_cells_were_seen(self):
        self.priced()
        self.review("--sample", "24", "--no-disputes")
        drawn = self.rows("SELECT image.key, question, inclusion_probability FROM review_item"
                          " JOIN image ON image.id = image WHERE kind = 'sample'")
        model = {"Bald": lambda i: i % 2, "Hat": lambda i: i % 3 == 0}
        others = {"Bald": 0, "Hat": 1}
        alone = reviewed = both = 0.0
        for key, question, probability in drawn:
            said = model[question](int(key.removeprefix("SENTINELKEY").removesuffix(".png")))
            alone += bool(said) / probability / 60
            right = bool(said) or bool(said) != others[question]
            reviewed += right / probability / 60
            both += (not right) / 60
        points = self.points()
        for way, quality in (("alone", alone), ("+ disputes reviewed", reviewed), ("+ disputes and sample", reviewed + both)):
            point = points["SENTINELMODEL", way]
            self.near(point, {"quality": quality})
            self.assertLessEqual(point["interval"][0], quality)
            self.assertGreaterEqual(point["interval"][1], quality)
        seen = sum(not (bool(model[q](int(k[11:13]))) != others[q]) for k, q, _ in drawn)
        self.assertEqual(points["SENTINELMODEL", "+ disputes and sample"]["answers"], 35 + seen)

    def test_a_reviewer_makes_no_disputes(self):
        """Of cells that nobody was asked about there is no other label that would find the errors."""
        self.priced()
        self.review("--sample", "24", "--no-disputes")
        points = {(p["who"], p["way"]): p for p in self.json(
            "report", "--resamples", "0", "--between", "SENTINELMODEL", "anna")["frontier"]["points"]}
        wrong = sum(bool(n) for (n,) in self.rows(  # all is yes in truth
            "SELECT CASE question WHEN 'Bald' THEN NOT id % 2 = 0 ELSE (id - 1) % 3 <> 0 END FROM"
            " (SELECT question, image AS id FROM review_item WHERE kind = 'sample')"))
        self.assertEqual({way for who, way in points if who == "SENTINELMODEL"}, {"alone", "+ sample", "accept by verdict"})
        self.near(points["SENTINELMODEL", "+ sample"], {
            "quality": points["SENTINELMODEL", "alone"]["quality"] + wrong / 60, "answers": 24, "labels_cost": 0.0})

    def test_without_a_sample_two_say_nothing_of_each_other(self):
        self.priced()
        frontier = self.frontier()
        self.assertIsNone(frontier["against"])
        for point in frontier["points"]:
            self.near(point, {"quality": None, "interval": [None, None], "dominated": False})
        self.near(self.points()["SENTINELMODEL", "+ disputes reviewed"],
                  {"answers": 35, "cost": 4 + 60 * 0.025 + 35 * 0.025})  # 5 s each
        disputes = next(v for v in frontier["next_votes"] if v["where"] == "disputes")
        self.near(disputes, {"gain": None, "interval": [None, None], "open": 35})
        self.assertIn("nobody has said yet", self.run_assent("report", "--resamples", "0").out)

    def test_without_a_sample_the_consensus_is_asked(self):
        self.run_assent("init", "study", "--preset", "celeba")
        self.run_assent("-C", "study", "import", STUDY)
        report = self.json("-C", "study", "report", "--resamples", "0")
        self.assertEqual(report["frontier"]["against"], "consensus")
        points = {p["who"]: p for p in report["frontier"]["points"] if p["way"] != "+ disputes reviewed"}
        for who, which in (("llava-next-8b", "first"), ("celeba", "second")):
            self.near(points[who], {"quality": report["after"][which]["pooled"]["agreement"], "dominated": False})
        self.assertIsNone(next(p for p in report["frontier"]["points"] if p["way"] == "+ disputes reviewed")["quality"])
        # 4 353 of 8 193 votes went against the model; no dispute is left
        votes = report["frontier"]["next_votes"][0]
        self.near(votes, {"where": "disputes", "open": 0, "gain": 0.0})

    def test_fine_tuning_is_an_expectation(self):
        self.priced(PRICES + "  fine_tuning: {cost: 400, gain: 0.25, date: d, source: s}\n")
        self.review("--sample", "60", "--no-disputes")
        self.near(self.points()["SENTINELMODEL", "fine-tuned, expected"],
                  {"quality": 40 / 60, "cost": 404.0, "expected": True, "interval": [None, None]})

    def test_the_next_votes(self):
        self.priced()
        self.review(most=20)
        votes = {v["where"]: v for v in self.frontier()["next_votes"]}
        # people said yes: against the model where it says no, which are the disputes about hats
        hats = self.rows("SELECT count(*) FROM review_answer JOIN review_item ON review_item.id = item"
                         " WHERE question = 'Hat'")[0][0]
        self.assertGreater(hats, 0)
        self.near(votes["disputes"], {"open": 15, "gain": 15 * hats / 20})
        self.near(votes["least certain"], {"open": 40})
        self.assertAlmostEqual(votes["least certain"]["gain"], 40 * 0.01235, 4)

    def test_without_prices_quality_is_known_all_the_same(self):
        self.review("--sample", "60", "--no-disputes")
        self.near(self.points()["SENTINELMODEL", "alone"],
                  {"quality": 25 / 60, "cost": None, "cost_per_thousand": None, "dominated": False})
        self.assertNotRegex(self.run_assent("report").out.lower(), r"\b(nan|inf)\b")


if __name__ == "__main__":
    main()
