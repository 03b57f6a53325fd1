#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The review page served by the program.

The README's pictures are docs/review-*.png: `ASSENT_TEST_ALL=1 ASSENT_SHOTS=DIR
tests/web/test_page_program.py readme` takes them anew; 160 colours are enough.
"""
import csv
import os
import shutil
import sqlite3

from page_case import Keys, ProgramCase, demo, differing, slow
from harness import FACES, main


class RealServer(ProgramCase):
    def setUp(self):
        super().setUp()
        self.serve_program(differing)

    def votes(self):
        labels = self.labels("anna", "project")
        return sorted(v for v in labels.values() if v)

    def test_answers_undo_and_a_kill(self):
        page = self.page
        self.enter(self.program.link)
        first = page.image()
        page.keys("y", "n", "u")
        page.until_saved()
        page.keys(Keys.BACKSPACE, Keys.BACKSPACE, Keys.BACKSPACE)
        page.until("the first", lambda: page.image() == first)
        page.until_saved()
        page.keys("n", "y", "s")
        page.until_saved()
        self.program.stop("kill")
        page.keys("y")
        page.until_text("Offline: 1 answer waits", ".saved")
        self.program.start()
        page.until_saved()
        self.assertIn("4 of 48", page.text("header"))
        self.to_grid()
        ids = list(page.cells())
        page.keys(" ")
        self.send()
        page.until_saved()
        self.assertNotIn(ids[0], page.cells())
        page.keys(Keys.BACKSPACE)
        page.until("the page", lambda: list(page.cells()) == ids)
        self.assertEqual(list(page.cells().values())[:2], ["yes", ""])
        page.driver.refresh()
        page.until_ready()
        self.assertEqual(list(page.cells()), ids)
        page.open(self.program.owner)
        page.driver.refresh()
        page.until_text("3 of 48")  # a skip is no vote

    @slow
    def test_what_was_undone_is_shown_after_a_reload(self):
        page = self.page
        self.enter(self.program.link)
        page.keys("n")
        page.until_saved()
        page.keys(Keys.BACKSPACE)
        page.until_saved()
        page.driver.refresh()
        page.until("what was said", lambda: page.all(".said"))
        self.assertEqual(page.text(".said .label"), "No")

    @slow
    def test_packet_there_and_back(self):
        page = self.page
        self.program.stop()
        self.program.run("review", "--packet", self.path("packet.zip"), "--reviewer", "anna")
        shutil.unpack_archive(self.path("packet.zip"), self.path("unpacked"))
        found = [folder for folder, _, files in os.walk(self.path("unpacked")) if "index.html" in files]
        self.open_packet(found[0])
        page.keys("y", "n", Keys.BACKSPACE, "u")
        self.to_grid()
        page.keys(" ")
        self.send()
        page.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=self.dir)
        page.find("button.save").click()
        name = page.until("the file", lambda: [n for n in os.listdir(self.dir) if n.endswith(".json")])[0]
        for _ in range(2):  # reading it twice changes nothing
            self.program.run("import", self.path(name), "--format", "answers")
            votes = self.votes()
        self.assertEqual((votes.count("yes"), votes.count("(unsure)")), (2, 1))
        self.assertGreater(votes.count("no"), 10)


class Demo(ProgramCase):
    """The drawn faces, reviewed as a person would, to the end."""

    SIZES = ((1440, 900, False), (360, 740, True))

    def setUp(self):
        super().setUp()
        self.serve_program(demo)

    def known(self):
        """{item: its true answer}, by the database and what the faces were drawn from."""
        with open(os.path.join(FACES, "truth.csv"), encoding="utf-8") as f:
            truth = {row["image"]: row for row in csv.DictReader(f)}
        with sqlite3.connect(os.path.join(self.program.folder, "assent.db")) as db:
            rows = db.execute("SELECT i.key, image.key, i.question FROM review_item i JOIN image ON image.id = i.image")
            known = {item: truth[image][question] for item, image, question in rows}
        db.close()
        return known

    def answer_truly(self, known, seconds=2.4):
        """Gives the true answer, after a while by the page's clock."""
        before = self.page.image()
        self.ahead(seconds)
        label = known[before].capitalize()
        self.page.driver.find_element("xpath", f"//div[@class and contains(@class, 'choices')]//button[span='{label}']").click()
        self.page.until("the next, or the end", lambda: self.page.image() not in (None, before) or self.ended())

    def ended(self):
        return self.page.all(".message .buttons")

    def mark_truly(self, known):
        for cell, item in zip(self.page.all("[data-cell]"), list(self.page.cells())):
            if known[item] == "yes":
                cell.click()

    @slow
    def test_pictures_for_the_readme(self):
        page = self.page
        page.size(1280, 800)
        self.enter(self.program.link)
        known = self.known()
        for _ in range(11):
            self.answer_truly(known)
        page.until_ready()
        page.until_saved()
        page.js("document.activeElement.blur()")
        self.still()
        page.shot("review-single")
        self.to_grid()
        self.mark_truly(known)
        page.shot("review-grid")

    def still(self):
        self.page.until("no motion", lambda: not self.page.js("return document.getAnimations().length"))

    def shots(self, view):
        for width, height, touch in self.SIZES:
            self.page.size(width, height, touch)
            for scheme in ("light", "dark"):
                self.page.prefer(scheme)
                self.still()
                self.page.shot(f"demo-{view}-{width}-{scheme}")
        self.page.size(1440, 900)
        self.page.prefer()

    @slow
    def test_to_the_end(self):
        page = self.page
        self.enter(self.program.link)
        known = self.known()
        self.answer_truly(known)
        page.until_saved()
        self.shots("single")
        self.to_grid()
        self.mark_truly(known)
        self.shots("grid")
        grids = 0
        while not self.ended():
            self.ahead(30)
            self.send()
            grids += 1
            if grids == 2:  # in the middle of it
                self.program.stop("kill")
                self.program.start()
            page.until_saved()
            page.until("pictures, or the end", lambda: self.ended() or page.pictures_are_there())
            self.mark_truly(known)
        page.until_text("No grids left")
        self.shots("no-grids")
        page.find(".message .main").click()
        page.until_ready()
        self.shots("choice")
        while not self.ended():
            page.until_ready()
            self.answer_truly(known)
        page.until_text("All done")
        self.shots("end")
        page.open("about:blank")
        page.open(self.program.owner)
        page.until_text("items answered")
        page.until_text("100 %")
        self.shots("overview")
        page.find("[data-page=gallery]").click()
        page.until("cards", lambda: page.all(".cards li img"))
        page.until("pictures", lambda: page.js("return [...document.querySelectorAll('.cards img')].slice(0, 12).every((i) => i.complete)"))
        self.shots("gallery")


if __name__ == "__main__":
    main()
