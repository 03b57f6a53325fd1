#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The study's published data: every figure of examples/study/README.md, computed here from the files or as stated
there, against what the program prints."""
import hashlib
import json
import math
import os

from harness import STUDY, Case, main

MODEL, PEOPLE, PERSON = "llava-next-8b", "celeba", "person"
HAIR = ["Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair"]
BEARD = ["5_o_Clock_Shadow", "Goatee", "Mustache", "Sideburns"]


def load(name):
    with open(os.path.join(STUDY, name), encoding="utf-8") as f:
        return json.load(f)


def read_study():
    """{image: {question: value}} of the model, the people and the person's votes, from the files alone."""
    names = [n.replace("clock_shadow", "Clock_Shadow") for n in load("questions.json")]
    model = {i: dict(zip(names, row)) for i, row in load("ai_annotation.json").items()}
    votes = load("re_annotation.json")
    people = {i: {q: -v if q in votes.get(i, {}) else v for q, v in row.items()} for i, row in model.items()}
    majority = {i: {q: votes.get(i, {}).get(q, v) for q, v in row.items()} for i, row in model.items()}
    return names, model, people, votes, majority


class Study(Case):
    @classmethod
    def setUpClass(cls):
        cls.names, cls.model, cls.people, cls.votes, cls.majority = read_study()

    def setUp(self):
        super().setUp()
        self.run_assent("init", ".", "--preset", "celeba")
        self.imported = self.run_assent("import", STUDY).out

    def find(self, rows, name):
        return next(r for r in rows if r["name"] == name)

    def test_import_says_what_it_found(self):
        for text in ("format study", "40 of 40 names matched", "'5_o_clock_shadow' taken as '5_o_Clock_Shadow'",
                     "1 000 images", "40 000 labels", "8 193 labels"):
            self.assertIn(text, self.imported)

    def test_labels_are_those_of_the_files(self):
        for annotator, rows in ((MODEL, self.model), (PEOPLE, self.people), (PERSON, self.votes)):
            expected = {(i, q): "yes" if v == 1 else "no" for i, row in rows.items() for q, v in row.items()}
            self.assertEqual(self.labels(annotator), expected)

    def test_agreement_of_model_and_people(self):
        a = self.json("agree", MODEL, PEOPLE)
        pooled, counts = a["pooled"], a["pooled"]["counts"]
        self.assertEqual(counts[0][0] + counts[1][1], 31807)
        self.assertEqual((pooled["n"], pooled["agreement"], pooled["coverage"]), (40000, 0.795175, 1))
        self.assertAlmostEqual(pooled["kappa"], 0.486, 3)
        self.assertAlmostEqual(a["macro"]["kappa"], 0.374, 3)
        self.assertAlmostEqual(pooled["wilson"][0], 0.7912, 4)
        self.assertAlmostEqual(pooled["wilson"][1], 0.7991, 4)
        self.assertAlmostEqual(pooled["bootstrap"][0], 0.7912, delta=4e-4)
        self.assertAlmostEqual(pooled["bootstrap"][1], 0.7993, delta=4e-4)
        out = self.run_assent("agree").out
        for text in ("0.795175", "0.486", "0.374"):
            self.assertIn(text, out)

    def test_rows_that_the_field_notes_give(self):
        rows = self.json("agree", MODEL, PEOPLE, "--resamples", "0")["questions"]
        for name, agreement, kappa, ac1, yes, other in (
                ("Pale_Skin", .226, .002, -.505, .796, .034), ("Brown_Hair", .456, .142, -.088, .749, .231),
                ("Pointy_Nose", .717, -.003, .623, .020, .273), ("Male", .986, .971, .973, .398, .408)):
            row = self.find(rows, name)
            got = [row["agreement"], row["kappa"], row["ac1"], *row["positive_rate"]]
            for x, expected in zip(got, (agreement, kappa, ac1, yes, other)):
                self.assertAlmostEqual(x, expected, delta=5.1e-4, msg=name)

    def test_contract_of_agree(self):
        a = self.json("agree", MODEL, PEOPLE, "--resamples", "50")
        for row in (a["pooled"], a["macro"], *a["questions"]):
            for key in ("n", "coverage", "agreement", "agreement_with_abstentions", "kappa", "ac1", "alpha",
                        "precision", "recall", "f1", "positive_agreement", "negative_agreement"):
                self.assertIsInstance(row[key], (int, float), key)
            for key in ("wilson", "bootstrap", "kappa_bootstrap", "positive_rate"):
                self.assertEqual(len(row[key]), 2, key)
        self.assertEqual([r["name"] for r in a["questions"]], self.names)
        self.assertEqual(len(a["questions"][0]["counts"]), 2)

    def test_three_annotators(self):
        a = self.json("agree", MODEL, PEOPLE, PERSON, "--resamples", "0")
        self.assertEqual(a["selective"], PERSON)
        self.assertAlmostEqual(a["pooled"]["alpha"], 0.555, 3)  # field notes, section 0
        self.assertIn("fleiss_kappa", a["pooled"])
        self.assertIn("comparable", self.run_assent("agree", MODEL, PEOPLE, PERSON, "--resamples", "0").out)
        self.assertEqual(self.json("agree", MODEL, PERSON, "--resamples", "0")["selective"], PERSON)
        self.assertNotIn("selective", self.json("agree", MODEL, PEOPLE, "--resamples", "0"))

    def test_same_seed_same_intervals(self):
        one, two, other = (self.json("agree", "--seed", s)["pooled"]["bootstrap"] for s in ("7", "7", "8"))
        self.assertEqual(one, two)
        self.assertNotEqual(one, other)

    def test_consensus(self):
        c = self.json("consensus")
        model, people = self.find(c["annotators"], MODEL), self.find(c["annotators"], PEOPLE)
        self.assertEqual((c["method"], c["cells"], c["disputed"], c["ties"]), ("majority", 40000, 8193, 0))
        self.assertEqual((model["agreement"], people["agreement"]), (0.89115, 0.904025))
        self.assertAlmostEqual(model["coin_flip"], 0.8975875, 12)
        self.assertAlmostEqual(people["coin_flip"], 0.8975875, 12)
        self.assertEqual((model["disputes_won"], model["sided"]["votes"], model["sided"]["of"]), (3839, 3839, 8193))
        self.assertAlmostEqual(model["sided"]["share"], 3839 / 8193, 10)
        self.assertAlmostEqual(model["sided"]["wilson"][0], 0.4578, 4)
        self.assertAlmostEqual(model["sided"]["wilson"][1], 0.4794, 4)
        winners = [q["winner"] for q in c["questions"]]
        self.assertEqual([winners.count(w) for w in (MODEL, PEOPLE, "tie")], [20, 19, 1])
        self.assertEqual(self.find(c["questions"], "Wearing_Hat")["winner"], "tie")
        expected = {(i, q): "yes" if v == 1 else "no" for i, row in self.majority.items() for q, v in row.items()}
        self.assertEqual(self.labels("consensus"), expected)

    def test_terminal_shows_the_consensus_figures(self):
        out = self.run_assent("consensus").out
        for text in (".891150", ".904025", ".8975875", "3 839", "0.46857", "8 193",
                     f"{MODEL} 20, {PEOPLE} 19, tied 1"):
            self.assertIn(text, out)

    def test_recall_against_the_majority(self):
        self.run_assent("consensus")
        rows = self.json("agree", MODEL, "consensus", "--resamples", "0")["questions"]
        for name, precision, recall in (("Eyeglasses", (32, 32), (32, 60)), ("Wearing_Hat", (54, 59), (54, 61)),
                                        ("Smiling", (520, 529), (520, 543))):
            row = self.find(rows, name)
            self.assertAlmostEqual(row["precision"], precision[0] / precision[1], 10)
            self.assertAlmostEqual(row["recall"], recall[0] / recall[1], 10)

    def test_rules(self):
        r = self.json("report", "--resamples", "0")
        for name, rows in ((PEOPLE, self.people), (MODEL, self.model), ("consensus", self.majority)):
            hair = sum(sum(row[q] == 1 for q in HAIR) > 1 for row in rows.values())
            beard = sum(row["No_Beard"] == 1 and any(row[q] == 1 for q in BEARD) for row in rows.values())
            rules = self.find(r["annotators"], name)["rules"]
            self.assertEqual([(x["broken"], x["checked"]) for x in rules], [(hair, 1000), (beard, 1000)])
        shares = [self.find(r["annotators"], n)["rules"][0]["share"] for n in (PEOPLE, MODEL, "consensus")]
        self.assertEqual(shares, [0.017, 0.523, 0.213])

    def test_report_on_the_terminal(self):
        out = self.run_assent("report").out
        for text in (".7952", ".8911", ".9040", ".8976", "46.9 %", "52.3 %", "21.3 %", "Eyeglasses", ".533",
                     "objective", "subjective", "low agreement", "yes-bias", "rule breaking", "202 599", "120.7 %"):
            self.assertIn(text, out)

    def test_missed_classes_and_alarms(self):
        r = self.json("report", "--resamples", "0")
        glasses = self.find(r["rare_missed"], "Eyeglasses")
        self.assertEqual((glasses["positives"], glasses["found"]), (60, 32))
        rung = {(a["alarm"], a["of"]) for a in r["alarms"]}
        agreement = {q: sum(self.model[i][q] == self.people[i][q] for i in self.model) / 1000 for q in self.names}
        self.assertEqual({q for a, q in rung if a == "low agreement"}, {q for q in agreement if agreement[q] < .7})
        self.assertIn(("rule breaking", MODEL), rung)
        self.assertNotIn(("rule breaking", PEOPLE), rung)
        self.assertNotIn(("many disputes", "all cells"), rung)  # 20.5 %, the threshold is 25 %

    def test_cost(self):
        c = self.json("report", "--resamples", "0")["cost"]
        price = {k: v["value"] for k, v in c["prices"].items()}
        self.assertTrue(all("assumed" in v["source"] for v in c["prices"].values()))
        for size, images, votes in ((c["project"], 1000, 8193), (c["scaled"], 202599, 8193 * 202.599)):
            model = images / price["images_per_second"] / 3600 * price["machine_hour"]
            people = images * 40 * price["seconds_per_answer"] / 3600 * price["wage_hour"]
            review = votes * price["seconds_per_answer"] / 3600 * price["wage_hour"]
            self.assertAlmostEqual(size["model"], model, 6)
            self.assertAlmostEqual(size["people"], people, 6)
            self.assertAlmostEqual(size["review"], review, delta=.02)
            self.assertAlmostEqual(size["model_share"], model / people, 10)
            self.assertAlmostEqual(size["process_share"], 1 + model / people + votes / images / 40, 6)
        even = c["break_even"]
        for key, name in (("wage_hour", "min_wage_hour"), ("machine_hour", "max_machine_hour"),
                          ("images_per_second", "min_images_per_second")):
            p = dict(price, **{key: even[name]})
            ratio = p["machine_hour"] / (p["images_per_second"] * 40 * p["seconds_per_answer"] * p["wage_hour"])
            self.assertAlmostEqual(ratio, 0.01, 10, name)

    def test_groups(self):
        a = self.json("agree", MODEL, PEOPLE, "--resamples", "0")
        self.assertEqual([g["name"] for g in a["groups"]], ["objective", "subjective"])
        one = self.json("agree", MODEL, PEOPLE, "--group", "subjective", "--resamples", "0")
        self.assertEqual(one["pooled"]["agreement"], self.find(a["groups"], "subjective")["agreement"])
        self.assertTrue(all(q["group"] == "subjective" for q in one["questions"]))
        self.fails("agree", "--group", "objectiv", code=2, says="did you mean 'objective'?")

    def test_by_metadata(self):
        rows = "".join(f"{int(i):06d}.jpg,{'man' if row['Male'] == 1 else 'woman'}\n" for i, row in self.people.items())
        self.write("meta.csv", "image,gender\n" + rows)
        self.assertIn("1 000 of 1 000 images matched", self.run_assent("import", "--metadata", "meta.csv").out)
        parts = {p["value"]: p for p in self.json("agree", "--by", "gender", "--resamples", "0")["by"]["parts"]}
        self.assertAlmostEqual(parts["man"]["pooled"]["agreement"], 0.772, 3)  # field notes, section 0
        self.assertAlmostEqual(parts["woman"]["pooled"]["agreement"], 0.811, 3)
        self.assertIn("gender", self.run_assent("report", "--by", "gender", "--resamples", "100").out)
        self.fails("agree", "--by", "sex", code=2, says=["'sex'", "gender"])

    def test_status_and_provenance(self):
        s = self.json("status")
        self.assertEqual((s["images"], s["questions"], s["cells"]), (1000, 40, 40000))
        self.assertEqual((s["between"]["disputed"], s["between"]["disputed_with_vote"]), (8193, 8193))
        with open(os.path.join(STUDY, "re_annotation.json"), "rb") as f:
            digest = hashlib.sha256(f.read()).hexdigest()
        self.assertEqual(next(r["sha256"] for r in s["runs"] if r["annotator"] == PERSON), digest)

    def test_export_study_is_the_study(self):
        self.run_assent("export", "out", "--format", "study")
        for name in ("ai_annotation.json", "re_annotation.json"):
            self.assertEqual(json.loads(self.read(f"out/{name}")), load(name))
        self.assertEqual(list(json.loads(self.read("out/questions.json")).values()), list(load("questions.json").values()))

    def test_kappa_by_hand(self):
        n = [[0, 0], [0, 0]]
        for i, row in self.model.items():
            for q, v in row.items():
                n[v == 1][self.people[i][q] == 1] += 1
        total = sum(map(sum, n))
        po = (n[0][0] + n[1][1]) / total
        pe = sum((n[k][0] + n[k][1]) * (n[0][k] + n[1][k]) for k in (0, 1)) / total ** 2
        pooled = self.json("agree", MODEL, PEOPLE, "--resamples", "0")["pooled"]
        self.assertEqual(pooled["counts"], n)
        self.assertTrue(math.isclose(pooled["kappa"], (po - pe) / (1 - pe), rel_tol=1e-9))


if __name__ == "__main__":
    main()
