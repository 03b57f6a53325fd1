#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several people answer the same drawn cells, and the report says whether the model is as good as one of them."""
import os

import harness
from review_case import ReviewCase

NAMES = ("anna", "bob", "cleo")


class Overlap(ReviewCase):
    images = 60

    def people_answer(self, differs, *options):
        """Three people answer all that is asked of them; differs(i, person): not as the model, of image i."""
        server = self.serve("--reviewer", NAMES[0], *options)
        keys = dict(self.rows("SELECT review_item.key, image.key FROM review_item"
                              " JOIN image ON image.id = review_item.image"))
        counts = []
        for person, name in enumerate(NAMES):
            link = [] if person == 0 else [self.run_assent("-q", "reviewers", "add", name).out.strip()]
            browser = self.browse(server, *link)

            def value(item, person=person):
                i = int(keys[item["id"]][len("SENTINELKEY"):-len(".png")])
                model = i % 2 if item["question"] == 0 else int(i % 3 == 0)
                return 1 - model if differs(i, person) else model
            counts.append(len(self.answer_all(browser, value=value)))
        server.stop()
        return counts

    def verdict(self):
        test = self.json("report")["alt_test"]
        return test, test["models"][0]

    def test_a_model_that_people_agree_with_passes(self):
        counts = self.people_answer(lambda i, person: i % 20 == person, "--sample", "80", "--no-disputes",
                                    "--overlap", "60")
        self.assertEqual(sum(counts), 60 * 3 + 20)
        self.assertTrue(all(n >= 60 for n in counts))
        test, model = self.verdict()
        self.assertEqual((test["epsilon"], test["skill"], test["left_out"]), (0.15, "skilled", 0))
        self.assertEqual([p["name"] for p in model["people"]], ["SENTINELPEOPLE", *NAMES])
        for p in model["people"]:
            self.assertGreaterEqual(p["items"], 60)
            self.assertEqual((p["test"], p["verdict"], p["selective"]), ("t", "beats", False))
        self.assertEqual((model["all"]["verdict"], model["all"]["tested"], model["all"]["winning_rate"]),
                         ("passed", 4, 1))
        text = self.run_assent("report").out
        self.assertIn("SENTINELMODEL is as good as one more person (skilled): it beats 4 of 4 people", text)

    def test_a_model_that_nobody_agrees_with_fails(self):
        self.people_answer(lambda i, person: True, "--sample", "80", "--no-disputes", "--overlap", "60:3")
        _, model = self.verdict()
        self.assertEqual((model["all"]["verdict"], model["all"]["winning_rate"]), ("failed", 0))
        self.assertIn("is not shown to be as good as one more person", self.run_assent("report").out)

    def test_votes_on_disputes_are_no_test(self):
        self.people_answer(lambda i, person: False, "--votes", "3")
        test, model = self.verdict()
        self.assertEqual(test["left_out"], 3 * self.disputes)
        self.assertEqual((model["all"]["verdict"], model["all"]["items"], model["all"]["lacking"]), ("cannot say", 0, 30))
        text = self.run_assent("report").out
        self.assertIn("it cannot be said yet. 0 of 4 people share enough images", text)
        self.assertIn("anna shares 0 images, and needs 30 more.", text)
        self.assertIn("only cells drawn at random are fair to a model", text)

    def test_a_project_without_people_says_so(self):
        model = self.verdict()[1]
        self.assertEqual((model["all"]["verdict"], model["all"]["winning_rate"], model["all"]["lacking"]),
                         ("cannot say", None, 30))
        self.assertIn("1 person has labels, and the test needs 3 people", self.run_assent("report").out)

    def test_an_overlap_needs_a_sample(self):
        self.fails("review", "--overlap", "20", "--listen", "127.0.0.1:0", code=2,
                   says=["no cell was drawn at random", "--sample 20 draws some"])
        for wrong in ("0", "20:1", "20:x", "twenty", "20:1000"):
            self.assertIn("--overlap", self.run_assent("review", "--sample", "40", "--overlap", wrong, code=2).err)

    def test_the_plan_counts_the_overlap(self):
        plain = self.json("plan", "--review", "--sample", "40", "--no-disputes")
        more = self.json("plan", "--review", "--sample", "40", "--no-disputes", "--overlap", "25:4")
        self.assertEqual((plain["votes"], more["votes"], more["items"]), (40, 40 + 25 * 3, 40))

    def test_the_plan_for_the_test_leads_to_a_verdict(self):
        plan = self.json("plan", "--alt-test")
        self.assertEqual((plan["annotator"], plan["against"], plan["people"]), ("SENTINELMODEL", "SENTINELPEOPLE", 3))
        n = 2 * self.images
        self.assertAlmostEqual(plan["all"]["differ"], (self.disputes + 1) / (n + 2), 9)
        self.assertGreaterEqual(plan["all"]["power"], 0.8)
        self.assertEqual(plan["all"]["votes"], 3 * plan["all"]["items"])
        self.assertIn("it cannot be shown", self.run_assent("plan", "--alt-test", "--items", "121").out)
        some = self.json("plan", "--alt-test", "--items", "60", "--people", "4")
        self.assertEqual((some["all"]["items"], some["all"]["votes"]), (60, 240))
        self.assertLess(some["all"]["power"], 0.8)
        self.assertEqual(some["next"], "assent review --sample 60 --no-disputes --overlap 60:4")
        self.people_answer(lambda i, person: i % 20 == person, *some["next"].replace(":4", ":3").split()[2:])
        self.assertEqual(self.verdict()[1]["all"]["verdict"], "passed")
        self.assertIn("--overlap", self.run_assent("plan", "--alt-test", "--items", "60").out)
        self.assertIsNone(self.json("plan", "--alt-test", "--items", "60")["next"])

    def test_a_plan_that_makes_no_sense_is_refused(self):
        for wrong in (("--people", "2", "--alt-test"), ("--items", "0", "--alt-test"), ("--items", "30"),
                      ("--alt-test", "--review"), ("--alt-test", "--sample", "5")):
            self.run_assent("plan", *wrong, code=2)
        self.fails("plan", "--alt-test", "-a", "nobody", code=2, says="nobody")
        os.mkdir(self.path("few"))
        self.write("few/assent.yaml", "name: few\nquestions:\n  - {name: Bald, text: q?}\n")
        self.run_assent("-C", "few", "plan", "--alt-test", code=2)


if __name__ == "__main__":
    harness.main()
