#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""agree and report: what is more than chance, questions of every kind, two annotators against a third, votes on disputes
alone; against plain computations here, in whole numbers where the test is exact."""
import json
import random
from fractions import Fraction
from math import comb

from harness import STUDY, Case, main

MODEL, PEOPLE, PERSON = "llava-next-8b", "celeba", "person"
TASK = """name: scenes
questions:
  - {name: Hat, text: Hat?}
  - {name: Worn, kind: multi, options: [scarf, glasses, tie], text: "What is worn?"}
  - {name: Light, kind: ordinal, options: [none, low, mid, high], text: How bright?}
  - {name: Place, kind: choice, options: [indoors, outdoors, unknown], text: Where?}
alarms: {min_agreement: 0.7}
"""
LIGHT, PLACE, WORN = ["none", "low", "mid", "high"], ["indoors", "outdoors"], ["scarf", "glasses", "tie"]


def mcnemar(b, c):
    """Exact, as a fraction until the end."""
    n = b + c
    return float(min(Fraction(1), 2 * Fraction(sum(comb(n, k) for k in range(min(b, c) + 1)), 2 ** n)))


def fisher(a, b, c, d):
    n, row, column = a + b + c + d, a + b, a + c
    weight = {x: comb(row, x) * comb(n - row, column - x) for x in range(max(0, row + column - n), min(row, column) + 1)}
    return float(Fraction(sum(w for w in weight.values() if w <= weight[a]), comb(n, column)))


def at_most(k, n, tenths):
    """P(Bin(n, tenths / 10) <= k)."""
    return float(Fraction(sum(comb(n, x) * tenths ** x * (10 - tenths) ** (n - x) for x in range(k + 1)), 10 ** n))


def holm(p):
    out, so_far = [0.0] * len(p), 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        so_far = max(so_far, p[i] * (len(p) - rank))
        out[i] = min(1.0, so_far)
    return out


def benjamini_hochberg(p):
    out, so_far = [0.0] * len(p), 1.0
    for rank, i in reversed(list(enumerate(sorted(range(len(p)), key=lambda i: p[i]), 1))):
        so_far = min(so_far, p[i] * len(p) / rank)
        out[i] = so_far
    return out


def no_nan(text):
    def refuse(word):
        raise AssertionError(f"{word} is in the document")
    return json.loads(text, parse_constant=refuse)


class Agreement(Case):
    def rows_of(self, seed, noise, n=90):
        """{image: {column: value}} about a truth that only the image says."""
        own, rows = random.Random(seed), {}
        for i in range(n):
            truth, row = random.Random(i), {}
            for name, values in (("Hat", ["no", "yes"]), *((f"Worn:{o}", ["no", "yes"]) for o in WORN), ("Light", LIGHT),
                                 ("Place", PLACE)):
                value = truth.randrange(len(values))
                if own.random() < noise:
                    value = max(0, value - 1) if name == "Light" else own.randrange(len(values))
                row[name] = values[value]
            rows[f"i{i:03}"] = row
        return rows

    def bring(self, annotator, rows):
        """Labels in long form."""
        lines = ["task,worker,label"]
        lines += [f"{image}/{name},{annotator},{value}" for image, row in rows.items() for name, value in row.items()]
        self.write(f"{annotator}.csv", "\n".join(lines) + "\n")
        self.run_assent("import", f"{annotator}.csv", "--format", "long")

    def scenes(self):
        self.write("assent.yaml", TASK)
        self.a, self.b, self.c = self.rows_of(1, .2), self.rows_of(2, .35), self.rows_of(3, .1)
        for name, rows in (("a", self.a), ("b", self.b), ("c", self.c)):
            self.bring(name, rows)

    def check_tests(self, rows, p, key="name"):
        """rows' p as p has it, and adjusted over all of them."""
        wanted = [p[r[key] if isinstance(key, str) else tuple(r[k] for k in key)] for r in rows]
        for row, one, h, bh in zip(rows, wanted, holm(wanted), benjamini_hochberg(wanted)):
            for got, value in ((row["p"], one), (row["holm"], h), (row["bh"], bh)):
                self.assertAlmostEqual(got, value, delta=1e-8 * value, msg=row)

    def test_questions_of_every_kind(self):
        self.scenes()
        d = no_nan(self.run_assent("agree", "a", "b", "--json").out)
        light = next(q for q in d["questions"] if q["name"] == "Light")
        for key in ("linear_kappa", "quadratic_kappa", "linear_ac2", "quadratic_ac2", "ordinal_ac2", "ordinal_alpha",
                    "interval_alpha", "kappa_standard_error", "ac1_standard_error", "ordinal_ac2_standard_error"):
            self.assertIsInstance(light[key], float, key)
        self.assertGreater(light["quadratic_kappa"], light["linear_kappa"])
        self.assertGreater(light["linear_kappa"], light["kappa"])  # all errors are of one step
        weights = [[1 - abs(i - j) / 3 for j in range(4)] for i in range(4)]
        n, counts = light["n"], light["counts"]
        rows, columns = [sum(r) for r in counts], [sum(c) for c in zip(*counts)]
        observed = sum(weights[i][j] * counts[i][j] for i in range(4) for j in range(4)) / n
        chance = sum(weights[i][j] * rows[i] * columns[j] for i in range(4) for j in range(4)) / n ** 2
        self.assertAlmostEqual(light["linear_kappa"], (observed - chance) / (1 - chance), 10)
        for other in ("Hat", "Place"):
            self.assertIsNone(next(q for q in d["questions"] if q["name"] == other)["linear_kappa"])
        self.assertIsNone(d["pooled"]["ac1_standard_error"])
        out = self.run_assent("agree", "a", "b").out
        for text in ("weighted", "AC2", "Jaccard", "Questions that allow several options"):
            self.assertIn(text, out)
        self.assertNotIn("weighted", self.study().run_assent("agree", MODEL, PEOPLE, "--resamples", "0").out)

    def study(self):
        self.run_assent("init", "study", "--preset", "celeba")
        self.run_assent("-C", "study", "import", STUDY)
        outer = self

        class There:
            def run_assent(self, *args, **options):
                return outer.run_assent("-C", "study", *args, **options)

            def json(self, *args):
                return no_nan(self.run_assent(*args, "--json").out)
        return There()

    def test_sets_of_options(self):
        self.scenes()
        multi = self.json("agree", "a", "b", "--resamples", "0")["multi"]
        sets = [({o for o in WORN if self.a[i][f"Worn:{o}"] == "yes"}, {o for o in WORN if self.b[i][f"Worn:{o}"] == "yes"})
                for i in self.a]
        jaccard = [len(x & y) / len(x | y) if x | y else 1 for x, y in sets]
        self.assertEqual([m["name"] for m in multi], ["Worn"])
        self.assertEqual((multi[0]["n"], multi[0]["both_empty"]), (90, sum(not x | y for x, y in sets)))
        self.assertAlmostEqual(multi[0]["jaccard"], sum(jaccard) / 90, 10)
        self.assertAlmostEqual(multi[0]["exact_match"], sum(x == y for x, y in sets) / 90, 10)
        low, high = multi[0]["jaccard_interval"]
        self.assertTrue(low < multi[0]["jaccard"] < high)
        three = self.json("agree", "a", "b", "c", "--resamples", "0")["multi"][0]
        self.assertEqual((three["n"], three["jaccard_interval"]), (270, [None, None]))

    def test_each_two_of_three(self):
        self.scenes()
        pairs = self.json("agree", "a", "b", "c", "--resamples", "0")["pairs"]
        self.assertEqual([(p["first"], p["second"]) for p in pairs], [("a", "b"), ("a", "c"), ("b", "c")])
        for pair in pairs:
            alone = self.json("agree", pair["first"], pair["second"], "--resamples", "0")
            self.assertEqual(alone["pairs"], [])
            self.assertEqual([pair[k] for k in ("n", "agreement", "kappa")],
                             [alone["pooled"][k] for k in ("n", "agreement", "kappa")])
        told = self.run_assent("agree", "a", "b", "c", "--resamples", "0").out.split("Each two\n")[1].split("\n")
        self.assertEqual([row.split()[0] for row in told[:5] if row.split()][0], "agreement")
        cell = f"{pairs[1]['agreement']:.3f}".removeprefix("0")
        self.assertEqual((told[2].split()[3], told[4].split()[1]), (cell, cell))

    def test_where_models_are_sure_and_people_differ(self):
        """Answers with probabilities on either side of .95, and people who say otherwise or nothing."""
        self.write("assent.yaml", "name: t\nquestions:\n  - {name: Hat, text: a hat?}\n"
                   "  - {name: Light, kind: choice, options: [dim, bright], text: light?}\n")
        cells = [  # P(yes) of one model, of the other, the label of either person; what it counts as
            (.99, .96, "yes", "yes", "n"), (.99, .94, "no", "no", ""), (.99, .02, "no", "no", ""),
            (.01, .03, "yes", "no", "n differ"), (.01, .03, "yes", "yes", "n differ all_differ"),
            (.97, .97, "", "no", "n differ all_differ"), (.97, .97, "", "", ""), (.96, .99, "no", "", "n differ all_differ"),
        ]
        for at, who in enumerate(("m1", "m2")):
            lines = []
            for i, cell in enumerate(cells):
                p = cell[at]
                lines.append({"image": f"i{i}", "question": "Hat", "value": "yes" if p > .5 else "no",
                              "options": {"yes": p, "no": 1 - p}})
                lines.append({"image": f"i{i}", "question": "Light", "value": "dim" if p > .5 else "bright",
                              "options": {"dim": p, "bright": 1 - p}})
            self.write(f"{who}.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
            self.run_assent("import", f"{who}.jsonl", "-a", who, "--kind", "model")
        light = {"yes": "dim", "no": "bright", "": ""}
        for at, who in ((2, "anna"), (3, "bob")):
            self.write(f"{who}.csv", "image,Hat,Light\n" + "".join(f"i{i},{c[at]},{light[c[at]]}\n" for i, c in enumerate(cells)))
            self.run_assent("import", f"{who}.csv", "-a", who)
        found = self.json("agree", "m1", "anna", "m2", "bob", "--resamples", "0")["sure"]
        want = {k: sum(k in c[4].split() for c in cells) for k in ("n", "differ", "all_differ")}
        self.assertEqual(found, [{"name": name, **want, "share": want["differ"] / want["n"]} for name in ("Hat", "Light")])
        told = self.run_assent("agree", "m1", "anna", "m2", "bob", "--resamples", "0").out
        self.assertRegex(told, r"\n  all +10 +8 +\.800 +6\n")
        for names in (("m1", "anna", "bob"), ("m1", "m2"), ("anna", "bob", "m1")):
            self.assertNotIn("sure", self.json("agree", *names, "--resamples", "0"))

    def test_yes_bias_and_low_agreement_of_the_study(self):
        d = self.study().json("agree", MODEL, PEOPLE, "--resamples", "0")
        found, questions = d["differences"], {q["name"]: q for q in d["questions"]}
        self.assertEqual(len(found["yes_bias"]), 40)
        for row in found["yes_bias"]:
            counts = questions[row["name"]]["counts"]
            self.assertEqual((row["first_only"], row["second_only"]), (counts[1][0], counts[0][1]))
            first, second = questions[row["name"]]["positive_rate"]
            self.assertAlmostEqual(row["difference"], first - second, 10)
        self.check_tests(found["yes_bias"], {n: mcnemar(q["counts"][1][0], q["counts"][0][1]) for n, q in questions.items()})
        self.check_tests(found["low_agreement"], {n: at_most(q["counts"][0][0] + q["counts"][1][1], q["n"], 7)
                                                  for n, q in questions.items()})
        self.assertEqual((found["gaps"], found["question_gaps"]), ([], []))
        low = sum(r["holm"] <= .05 for r in found["low_agreement"])
        self.assertIn(f"agreement is below 0.7 on {low} questions of the 40", self.study_out("agree", MODEL, PEOPLE, "--resamples", "0"))

    def study_out(self, *args):
        return " ".join(self.run_assent("-C", "study", *args).out.split())

    def test_report_has_the_same(self):
        study = self.study()
        report, agree = study.json("report", "--resamples", "0"), study.json("agree", "--resamples", "0")
        self.assertEqual(report["differences"], agree["differences"])
        self.assertEqual((report["selective"], report["multi"]), (PERSON, []))
        out = " ".join(study.run_assent("report", "--resamples", "0").out.split())
        for text in ("More than chance", "person labelled only cells on which others differ"):
            self.assertIn(text, out)

    def test_groups_of_images(self):
        self.scenes()
        place = {i: ("north", "south", "west")[n % 3] for n, i in enumerate(self.a)}
        self.write("meta.csv", "image,site\n" + "".join(f"{i},{site}\n" for i, site in place.items()))
        self.run_assent("import", "--metadata", "meta.csv")
        d = no_nan(self.run_assent("agree", "a", "b", "--by", "site", "--resamples", "0", "--json").out)["differences"]
        p = {}
        for site in ("north", "south", "west"):
            for q in self.a["i000"]:
                cells = [[0, 0], [0, 0]]
                for i in self.a:
                    cells[place[i] != site][self.a[i][q] != self.b[i][q]] += 1
                p[site, q] = fisher(*cells[0], *cells[1])
        self.assertEqual(len(d["question_gaps"]), 18)
        self.check_tests(d["question_gaps"], p, key=("value", "name"))
        self.assertEqual([g["value"] for g in d["gaps"]], ["north", "south", "west"])
        for gap in d["gaps"]:
            self.assertAlmostEqual(gap["difference"], gap["agreement"] - gap["others"], 10)
            self.assertTrue(0 < gap["p"] <= gap["bh"] <= gap["holm"] <= 1)
        self.assertIn("against all other images", self.run_assent("agree", "a", "b", "--by", "site", "--resamples", "0").out)

    def test_two_annotators_against_a_third(self):
        self.scenes()
        d = no_nan(self.run_assent("agree", "a", "b", "--against", "c", "--json").out)
        self.assertEqual((d["annotators"], d["against"], d["images"]), (["a", "b"], "c", 90))
        counts, p = {}, {}
        for q in self.a["i000"]:
            right = [(self.a[i][q] == self.c[i][q], self.b[i][q] == self.c[i][q]) for i in self.a]
            counts[q] = (right.count((True, True)), right.count((True, False)), right.count((False, True)))
            p[q] = mcnemar(counts[q][1], counts[q][2])
        self.check_tests(d["questions"], p)
        for row in d["questions"]:
            both, first, second = counts[row["name"]]
            self.assertEqual((row["n"], row["both"], row["first_only"], row["second_only"]), (90, both, first, second))
            self.assertAlmostEqual(row["difference"], (first - second) / 90, 10)
            self.assertTrue(row["difference_bootstrap"][0] <= row["difference"] <= row["difference_bootstrap"][1])
        self.assertAlmostEqual(d["pooled"]["difference"], sum(c[1] - c[2] for c in counts.values()) / 540, 10)
        self.assertIsNone(d["pooled"]["p"])
        other = self.json("agree", "b", "a", "--against", "c")
        self.assertAlmostEqual(other["pooled"]["difference"], -d["pooled"]["difference"], 12)
        self.assertEqual([q["p"] for q in other["questions"]], [q["p"] for q in d["questions"]])
        self.assertEqual(d, self.json("agree", "a", "b", "--against", "c"))
        self.assertIn("is nearer to c on", self.run_assent("agree", "a", "b", "--against", "c").out)

    def test_against_what_cannot_be(self):
        self.scenes()
        self.fails("agree", "a", "b", "--against", "a", code=2, says=("its own labels",))
        self.fails("agree", "a", "b", "--against", "nobody", code=2, says=("nobody",))
        self.assertIn("not 3", self.run_assent("agree", "a", "b", "c", "--against", "a", code=2).err)
        self.assertIn("no --by", self.run_assent("agree", "a", "b", "--against", "c", "--by", "site", code=2).err)
        self.bring("d", {"i900": {"Hat": "yes"}})
        self.fails("agree", "a", "b", "--against", "d", code=2, says=("no cell that all three",))

    def test_a_third_that_saw_disputes_only(self):
        study = self.study()
        d = study.json("agree", MODEL, PEOPLE, "--against", PERSON, "--resamples", "200")
        self.assertEqual((d["selective"], d["pooled"]["n"], d["pooled"]["both"]), (PERSON, 8193, 0))
        self.assertEqual((d["pooled"]["first_only"], d["pooled"]["second_only"]), (3839, 4354))
        self.check_tests(d["questions"], {q["name"]: mcnemar(q["first_only"], q["second_only"]) for q in d["questions"]})
        self.assertIn("labelled only cells on which others differ", study.run_assent(
            "agree", MODEL, PEOPLE, "--against", PERSON, "--resamples", "0").out)

    def test_degenerate_labels_are_no_nan(self):
        """Answered all yes, one image, nothing but abstentions of one, options never used, an empty group."""
        self.write("assent.yaml", TASK)
        same = {"Hat": "yes", **{f"Worn:{o}": "no" for o in WORN}, "Light": "low", "Place": "indoors"}
        for name in ("a", "b", "c"):
            self.bring(name, {"i1": same})
        self.check_degenerate()
        for name in ("a", "b", "c"):
            self.bring(name, {f"i{i}": same for i in range(2, 6)})
        self.write("meta.csv", "image,site\ni1,north\ni2,north\ni3,south\ni4,south\ni9,empty\n")
        self.bring("c", {"i9": {"Hat": "no"}})
        self.run_assent("import", "--metadata", "meta.csv")
        self.check_degenerate("--by", "site")

    def check_degenerate(self, *by):
        for names in (("a", "b"), ("a", "b", "c")):
            d = no_nan(self.run_assent("agree", *names, *by, "--resamples", "20", "--json").out)
            self.assertEqual(d["pooled"]["agreement"], 1)
            self.assertEqual({(q["alpha"], q["kappa"], q["ac1"]) for q in d["questions"]}, {(None, None, 1)})
            self.assertNotIn("nan", self.run_assent("agree", *names, *by, "--resamples", "20").out.lower())
        for row in d["multi"]:
            self.assertEqual((row["jaccard"], row["both_empty"]), (1, row["n"]))
        d = no_nan(self.run_assent("agree", "a", "b", "--against", "c", "--resamples", "20", "--json").out)
        self.assertEqual({q["p"] for q in d["questions"]}, {1})
        self.assertNotIn("nan", self.run_assent("agree", "a", "b", "--against", "c", "--resamples", "20").out.lower())
        no_nan(self.run_assent("report", *by, "--resamples", "20", "--json").out)


if __name__ == "__main__":
    main()
