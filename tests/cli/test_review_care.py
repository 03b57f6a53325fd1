#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Somebody who does not look is told to the owner, and to nobody else."""
import json
import math
import random

import harness
from review_case import ReviewCase


def upper(k, n, z=1.959963984540054):
    """The upper end of Wilson's 95 % interval."""
    return (k + z * z / 2 + z * math.sqrt(k * (n - k) / n + z * z / 4)) / (n + z * z)


class Care(ReviewCase):
    images = 60

    def review(self, *args, **answers):
        """Everybody answers all that there is; name=function(image's number, question, n) gives (value, seconds)."""
        server = self.serve("--no-disputes", "--sample", "120", "--votes", str(len(answers)), *args)
        truth = dict(self.rows("SELECT review_item.key, image.key FROM review_item JOIN image ON image.id = image"))
        for name, answer in answers.items():
            browser = self.browse(server, self.run_assent("-q", "reviewers", "add", name).out.strip())
            n = 0
            while items := browser.take(want=8)["items"]:
                for item in items:
                    value, seconds = answer(int(truth[item["id"]][11:13]), item["question"], n)
                    browser.answer(f"key-{name}-{n:05}", item["id"], value, seconds=seconds)
                    n += 1
        self.overview = self.browse(server, server.links["owner"]).get("/api/overview").json
        server.stop()

    @staticmethod
    def truth(i, question):
        return i % 2 if question == 0 else int(i % 3 == 0)

    def alarms(self):
        """{(person, sign): the alarm}; the same for the owner's page, in status and in report."""
        found = self.json("status")["review"]["alarms"]
        self.assertEqual(found, self.json("report")["review"]["alarms"])
        self.assertEqual([a["text"] for a in found], [a["text"] for a in self.overview["alarms"]])
        self.assertEqual({(a["of"], a["alarm"]) for a in found} - {(a["of"], a["alarm"]) for a in self.json("report")["alarms"]}, set())
        return {(a["of"], a["alarm"]): a for a in found}

    def careful(self, wrong=0.1, seed=1):
        chance = random.Random(seed)
        return lambda i, question, n: (self.truth(i, question) ^ (chance.random() < wrong), 1.5 + chance.random())

    def test_careful_people_ring_nothing(self):
        self.review(anna=self.careful(), bob=self.careful(0.2, 2), cleo=self.careful(0.3, 3))
        self.assertEqual(self.alarms(), {})
        self.assertNotIn("look at the pictures", self.run_assent("report").out)

    def test_somebody_faster_than_eyes(self):
        self.review(anna=self.careful(), bob=lambda i, q, n: (self.truth(i, q), 0.3))
        alarm, = self.alarms().items()
        self.assertEqual((alarm[0], alarm[1]["value"], alarm[1]["threshold"]), (("bob", "too fast"), 0.3, 0.5))
        out = self.run_assent("status").out
        self.assertIn("Does bob look at the pictures?", out)
        self.assertIn("half of 120 answers one by one took 0.30 s or less; min_seconds is 0.5", out)
        self.assertIn("undo --reviewer bob", out)
        with open(self.path("assent.yaml"), "a", encoding="utf-8") as f:
            f.write("alarms: {min_seconds: 0.25}\n")
        self.assertEqual(self.json("status")["review"]["alarms"], [])

    def test_one_key_all_along(self):
        self.review(anna=self.careful(), bob=lambda i, q, n: (1, 2))
        alarms = self.alarms()
        self.assertEqual(list(alarms), [("bob", "one key")])
        k, n = self.rows("SELECT sum(value = 'yes'), count(*) FROM review_answer JOIN review_item ON review_item.id = item"
                         " JOIN annotator ON annotator.id = annotator WHERE name = 'anna' AND question = 'Bald'")[0]
        bald = max(upper(k, n), upper(30, 60))  # anna's, the model's; the people of the file said no to all
        expected = 120 * bald ** 60  # of Hat they said yes to all
        self.assertAlmostEqual(alarms["bob", "one key"]["value"] / expected, 1, 9)
        self.assertIn("'yes' 120 times in a row", alarms["bob", "one key"]["text"])

    def test_one_key_for_a_while(self):
        self.review(anna=self.careful(), bob=lambda i, q, n: (1 if 30 <= n < 100 else self.truth(i, q), 2))
        self.assertEqual(list(self.alarms()), [("bob", "one key")])

    def test_a_rare_answer_may_stay_away(self):
        """Everybody says no to nearly all, the model to half of it: that is the model's mistake."""
        self.review(anna=lambda i, q, n: (int(i % 20 == 3), 2), bob=lambda i, q, n: (int(i % 20 == 3), 2))
        self.assertEqual(self.alarms(), {})

    def test_alone_against_a_model_that_is_wrong(self):
        self.review(anna=lambda i, q, n: (int(i % 20 == 3), 2))
        self.assertEqual(self.alarms(), {})

    def test_known_answers_missed(self):
        self.write("known.csv", "image_id,Bald\n" + "".join(f"SENTINELKEY{i:02}.png,{i % 2}\n" for i in range(60)))
        wrong = lambda i, q, n: (1 - self.truth(i, q) if i % 3 else self.truth(i, q), 2)
        self.review("--gold", "known.csv", anna=self.careful(), bob=wrong)
        alarms = self.alarms()
        self.assertEqual(list(alarms), [("bob", "known answers missed")])
        self.assertRegex(alarms["bob", "known answers missed"]["text"], r"^33\.3 % of 60 known answers are right \(95 %: 22\.")

    def test_what_a_sample_says_without_somebody(self):
        self.review(anna=self.careful(0), bob=lambda i, q, n: (1 - self.truth(i, q), 0.2))
        alarm = self.alarms()["bob", "too fast"]
        self.assertEqual(alarm["without"]["agreement"], 1)
        self.assertIn("Without bob people would agree with 100.0 % of the labels", " ".join(self.run_assent("report").out.split()))
        self.run_assent("undo", "--reviewer", "bob")
        review = self.json("report")["review"]
        self.assertEqual((review["alarms"], review["sample"]["agreement"]), ([], 1))

    def test_a_grid_has_its_own_pace(self):
        anna = self.browse(self.serve("--no-disputes", "--sample", "120", "--reviewer", "anna"))
        for page, (seconds, rings) in enumerate([(0.2, []), (0.2, []), (0.05, []), (0.05, ["grid too fast"])]):
            items = anna.take(want=12, mode="grid")["items"]
            anna.post("/api/answer", {"tab": "tab-0001", "key": f"key-page-{page}", "mode": "grid", "seconds": 12 * seconds,
                                      "answers": [{"item": i["id"], "kind": "value", "value": n % 2} for n, i in enumerate(items)]})
            if page == 3:
                items = anna.take(want=1, mode="grid")["items"]
                anna.answer("key-one-more", items[0]["id"], mode="grid", seconds=0.05)
            self.assertEqual([a["alarm"] for a in self.json("status")["review"]["alarms"]], rings)

    def test_the_person_is_told_nothing(self):
        server = self.serve("--no-disputes", "--sample", "60", "--reviewer", "anna")
        anna = self.browse(server)
        for n, item in enumerate(anna.take(want=48)["items"]):
            anna.answer(f"key-{n:05}", item["id"], 1, seconds=0.1)
        anna.get("/api/session")
        for word in (b"alarm", b"fast", b"one key", b"min_seconds"):
            self.assertNotIn(word, bytes(anna.seen))
        self.assertTrue(json.loads(self.run_assent("status", "--json").out)["review"]["alarms"])


if __name__ == "__main__":
    harness.main()
