#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The review page in Chromium, against fake_server.py and against the program.

ASSENT_TEST_ALL=1 runs the slow tests too; screenshots go to ASSENT_SHOTS (tests/web/out). The README's pictures are
docs/review-*.png: `ASSENT_TEST_ALL=1 ASSENT_SHOTS=DIR tests/web/test_page.py readme` takes them anew; 160 colours are enough.
"""
import csv
import json
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))

try:
    import browser
    from browser import Keys
    MISSING = browser.missing()
except ImportError as e:
    browser, MISSING = None, str(e)
from fake_server import ASSETS, QUESTIONS, REASONS, Refused, Site, packet
from harness import ASSENT, FACES, Case, main

ALL = os.environ.get("ASSENT_TEST_ALL")
KEY_TO_PICTURE_MS = 250  # with room for a busy machine: the test prints what it measured


def slow(test):
    """Not of the short pass."""
    return test if ALL else None


class PageCase(Case):
    """A page and a server of its own."""

    def setUp(self):
        super().setUp()
        if MISSING:
            self.skipTest(MISSING)
        self.page = browser.browser()
        self.page.size(1440, 900)
        self.page.prefer()
        self.page.complaints()
        self.addCleanup(self.page.close_tabs)
        self.addCleanup(self.page.offline, False)

    def tearDown(self):
        self.assertEqual(self.page.complaints(), [], "the browser's log")

    def serve(self, **options):
        site = Site(**options)
        self.addCleanup(site.stop)
        return site

    def begin(self, mode="single", name="anna", **options):
        """A server with this many items, and the page open at it."""
        self.site = self.serve(**options)
        self.enter(self.site.link(name), mode)
        return self.site.state

    def enter(self, link, mode="single"):
        self.page.open(link)
        self.page.until("the page", lambda: self.page.all("main.single, main.grid, main.message"))
        if mode == "grid":
            self.to_grid()
        self.page.until_ready()

    def to_grid(self):
        self.page.find("[data-mode=grid]").click()
        self.page.until("the grid", lambda: self.page.all("main.grid"))
        self.page.until_ready()

    def send(self, press=lambda page: page.keys(Keys.ENTER)):
        """Sends the grid's page: one that came just now, or has more below, is not sent at the first press."""
        before = list(self.page.cells())

        def gone():
            press(self.page)
            return list(self.page.cells()) != before

        self.page.until("the page is sent", gone)

    def ahead(self, seconds):
        """Lets the page's clock go on by this much."""
        self.page.js("window.ahead += arguments[0] * 1000", seconds)

    def open_packet(self, folder):
        """All files share one local storage: what other tests left there goes."""
        self.page.open(f"file://{folder}/index.html")
        self.page.js("localStorage.clear(); sessionStorage.clear()")
        self.page.open("about:blank")
        self.page.open(f"file://{folder}/index.html")
        self.page.until_ready()

    def kinds(self):
        """What the server has kept: [(kind, value or reason), ..] in order."""
        return [(a["kind"], a.get("value", a.get("reason"))) for w in self.site.state.writes for a in w["answers"]]


class Single(PageCase):
    def test_keys_answer(self):
        self.begin()
        page = self.page
        seen = [page.image()]
        for key in ("y", "n", "u", "3", "s"):  # the fourth question is a choice
            page.keys(key)
            page.until("the next picture", lambda: page.image() not in (None, seen[-1]))
            seen.append(page.image())
        page.keys("f")
        page.until_text("What is wrong", "dialog")
        page.keys("2")
        page.until_saved()
        self.assertEqual(self.kinds(), [("value", 1), ("value", 0), ("unsure", None), ("value", 2), ("skip", None),
                                        ("flag", REASONS[1])])
        order = [i.id for i in self.site.state.items]
        self.assertEqual(seen, order[:6])
        self.assertEqual([w["answers"][0]["item"] for w in self.site.state.writes], order[:6])
        self.assertTrue(all(0 <= w["seconds"] < 600 for w in self.site.state.writes))

    @slow
    def test_a_key_of_a_dialog_is_not_an_answer(self):
        self.begin()
        for _ in range(3):
            self.page.keys("n")
            self.page.until_ready()
        self.page.keys("f")
        self.page.until_saved()  # the server's list has replaced ours meanwhile
        self.page.keys("1")  # at the choice, "1" is an option too
        self.page.keys("?")
        self.page.until_text("these keys", "dialog")
        self.page.keys("y", "?")
        self.page.until("closed", lambda: not self.page.all("dialog"))
        self.page.until_saved()
        self.assertEqual(self.kinds()[3:], [("flag", REASONS[0])])

    def test_undo_any_number_of_steps(self):
        state = self.begin()
        page = self.page
        first = page.image()
        for key in "yny1":
            page.keys(key)
        page.until_saved()
        page.keys(Keys.BACKSPACE)
        page.with_control("z")
        page.find("button[aria-keyshortcuts=Backspace]").click()
        page.keys(Keys.BACKSPACE, Keys.BACKSPACE)
        page.until_text("Nothing left to undo")
        self.assertEqual(page.image(), first)
        self.assertEqual(page.text(".choices .said .label"), "Yes")
        page.until_saved()
        self.assertEqual(len(state.undone), 4)
        self.assertEqual(state.progress("anna")["done"], 0)
        page.keys("n")
        page.until_saved()
        self.assertEqual(state.by_id[first].answer[1]["value"], 0)

    def test_undone_answers_are_shown_after_a_reload(self):
        self.begin()
        page = self.page
        for key, said in (("u", "Can’t tell"), ("n", "No")):
            first = page.image()
            page.keys(key)
            page.until_saved()
            page.keys(Keys.BACKSPACE)
            page.until_saved()
            page.driver.refresh()
            page.until("what was said", lambda: page.image() == first and page.all(".said"))
            self.assertEqual(page.text(".said .label"), said)

    def test_nothing_is_answered_unseen(self):
        self.site = self.serve()
        self.site.open_gate.clear()
        self.page.open(self.site.link())
        self.page.until_text("Loading the picture")
        self.page.keys(*"ynu")
        self.assertEqual(self.page.waiting(), 0)
        self.site.open_gate.set()
        self.page.until_ready()
        self.page.keys("y")
        self.page.until_saved()
        self.assertEqual(self.kinds(), [("value", 1)])

    @slow
    def test_zoom(self):
        self.begin()
        page = self.page
        scale = "return document.querySelector('.stage img').getBoundingClientRect().width"
        whole = page.js(scale)
        page.keys("z")
        self.assertEqual(page.text(".zoom output"), "100 %")
        self.assertEqual(page.js(scale), page.js("return document.querySelector('.stage img').naturalWidth"))
        page.keys("+", "+", "-", "z")
        self.assertEqual(page.js(scale), whole)

    def test_key_to_next_picture(self):
        self.begin(items=60)
        page = self.page
        page.js(browser.STOPWATCH)
        for i in range(30):
            page.keys("1" if i % len(QUESTIONS) == 3 else "y")
            page.until("the next picture", lambda n=i: page.js("return window.pressed.length") > n)
        taken = sorted(page.js("return window.pressed"))
        print(f"# key to next picture: median {statistics.median(taken):.0f} ms, 90 % {taken[int(len(taken) * 0.9)]:.0f} ms,"
              f" longest {taken[-1]:.0f} ms of {len(taken)}")
        self.assertLess(statistics.median(taken), KEY_TO_PICTURE_MS)

    @slow
    def test_touch(self):
        self.site = self.serve()
        self.page.size(360, 740, touch=True)
        self.enter(self.site.link())
        page = self.page
        first = page.image()
        page.tap(".choices button[data-value='1']")
        page.until("the next", lambda: page.image() not in (first, None))
        page.tap(".choices button[data-value='0']")
        page.tap(".others button", 1)
        page.until_saved()
        self.assertEqual(self.kinds(), [("value", 1), ("value", 0), ("unsure", None)])
        for _ in range(3):
            page.tap(".others button", 0)
        page.until("back", lambda: page.image() == first)

    @slow
    def test_placeholder(self):
        self.begin_without_pictures()
        self.page.keys("y")
        self.page.until_saved()
        self.assertEqual(self.kinds(), [("value", 1)])

    def begin_without_pictures(self):
        self.site = self.serve(pictures=False)
        self.page.open(self.site.link())
        self.page.until_text("No picture")

    @slow
    def test_a_picture_that_does_not_load(self):
        self.site = self.serve()
        self.site.no_images = True
        self.page.open(self.site.link())
        self.page.until_text("cannot be loaded")
        self.page.keys("y", "u")
        self.assertEqual(self.page.waiting(), 0)
        self.site.no_images = False
        self.page.until_ready()
        self.page.keys("y")
        self.page.until_saved()
        self.assertEqual(self.kinds(), [("value", 1)])

    @slow
    def test_time_in_another_tab_is_not_counted(self):
        self.begin()
        self.page.tab()
        hidden = "return document.hidden"
        self.page.driver.switch_to.window(self.page.driver.window_handles[0])
        if not self.page.js(hidden):
            self.skipTest("this browser hides no tab")
        self.ahead(1000)
        self.page.close_tabs()
        self.page.keys("y")
        self.page.until_saved()
        self.assertLess(self.site.state.writes[0]["seconds"], 500)

    def test_pause_and_idle_stop_the_clock(self):
        self.begin()
        page = self.page
        page.keys("y")
        page.until_saved()
        self.ahead(61)
        page.until_text("Nobody has touched", "dialog")
        self.ahead(1000)
        page.keys("n")  # only goes on
        page.until("gone on", lambda: not page.all("dialog"))
        self.assertEqual(len(self.site.state.writes), 1)
        page.keys("p")
        page.until_text("Paused", "dialog")
        self.assertEqual(self.page.js("return document.querySelector('main.single').checkVisibility()"), False)
        self.ahead(1000)
        page.keys(" ", "n")
        page.until_saved()
        seconds = self.site.state.writes[1]["seconds"]
        self.assertTrue(60 <= seconds < 500, seconds)  # the minute until it was idle counts


class Grid(PageCase):
    def test_keys_mark_and_send(self):
        state = self.begin("grid", items=200)
        page = self.page
        ids = list(page.cells())
        self.assertGreaterEqual(len(ids), 12)
        page.keys(" ", Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, "u", Keys.ARROW_RIGHT, "f")
        page.until_text("What is wrong", "dialog")
        page.keys("1")
        page.until("the flag", lambda: page.cells()[ids[3]] == "flag")
        page.keys(Keys.ARROW_RIGHT, "y")
        page.with_shift(Keys.ARROW_RIGHT)
        page.with_shift(Keys.ARROW_RIGHT)
        marks = list(page.cells().values())
        self.assertEqual(marks[:8], ["yes", "", "unsure", "flag", "yes", "yes", "yes", ""])
        self.assertIn(f"4 yes, {len(ids) - 6} no", page.text(".answer .main"))
        self.assertEqual(state.writes, [])
        self.send()
        page.until_saved()
        (written,) = state.writes
        self.assertEqual([a["item"] for a in written["answers"]], ids)
        self.assertEqual(self.kinds()[:8], [("value", 1), ("value", 0), ("unsure", None), ("flag", REASONS[0]), ("value", 1),
                                            ("value", 1), ("value", 1), ("value", 0)])
        page.until_ready()
        page.keys(Keys.BACKSPACE)
        page.until("the page again", lambda: list(page.cells()) == ids)
        self.assertEqual(list(page.cells().values()), marks)
        page.until_saved()
        self.assertEqual(state.progress("anna")["done"], 0)
        page.js("sessionStorage.removeItem('assent.marks')")  # as in another browser
        page.driver.refresh()
        page.until("the marks", lambda: list(page.cells().values()) == marks)
        page.keys("n")
        page.driver.refresh()
        page.until("all but one", lambda: list(page.cells().values()) == ["", *marks[1:]])

    @slow
    def test_clicks_and_brushes(self):
        self.begin("grid", items=200)
        page = self.page
        page.all("[data-cell]")[0].click()
        page.find("[data-brush=skip]").click()
        page.all("[data-cell]")[1].click()
        page.all("[data-cell]")[0].click()
        page.all("[data-cell]")[0].click()
        shift = browser.ActionChains(page.driver).key_down(Keys.SHIFT)
        page.all("[data-cell]")[5].click()
        shift.click(page.all("[data-cell]")[8]).key_up(Keys.SHIFT).perform()
        self.assertEqual(list(page.cells().values())[:10], ["", "skip", "", "", "", "skip", "skip", "skip", "skip", ""])

    def test_reload_keeps_the_page_and_its_marks(self):
        self.begin("grid", items=200)
        page = self.page
        page.keys(" ", Keys.ARROW_RIGHT, "u")
        before = page.cells()
        page.driver.refresh()
        page.until_ready()
        self.assertEqual(page.cells(), before)

    @slow
    def test_a_page_that_just_came_is_not_sent(self):
        self.begin("grid", items=200)
        self.ahead(1)
        self.page.js(browser.ENTER_TWICE)
        self.page.until_saved()
        self.assertEqual(len(self.site.state.writes), 1)

    @slow
    def test_a_sent_page_does_not_come_again(self):
        self.begin("grid", items=200)
        self.page.keys("+", "-", "-")  # takes anew, and the server's list replaces ours
        self.page.until_ready()
        before = set(self.page.cells())
        self.site.latency = 0.5
        self.send()
        self.assertFalse(before & set(self.page.cells()))
        self.page.until_saved()

    @slow
    def test_undo_crosses_modes(self):
        self.begin(items=200)
        page = self.page
        first = page.image()
        page.keys("y")
        self.to_grid()
        page.keys(Keys.BACKSPACE)
        page.until("the single picture", lambda: page.image() == first)
        page.driver.back()
        page.until("the grid", lambda: page.all("main.grid"))
        page.driver.back()
        page.until("single", lambda: page.all("main.single"))

    @slow
    def test_touch(self):
        self.site = self.serve(items=200)
        self.page.size(360, 740, touch=True)
        self.enter(self.site.link(), "grid")
        page = self.page
        self.assertEqual(len(page.cells()), 12)
        for _ in range(2):
            page.tap("[aria-label='More pictures']")
        page.until("more", lambda: len(page.cells()) == 20)
        page.until_ready()
        page.tap("[data-cell]", 1)
        page.tap("[data-brush=unsure]")
        page.tap("[data-cell]", 2)
        self.assertEqual(list(page.cells().values())[:4], ["", "yes", "unsure", ""])
        page.tap("[data-cell]", 3, hold=0.7)
        page.until("enlarged", lambda: page.all("dialog.large .stage img"))
        page.tap("dialog.large .ends button")
        page.until("closed", lambda: not page.all("dialog"))
        self.assertEqual(list(page.cells().values())[3], "")
        self.assertIn("more below", page.text(".answer .main"))
        self.ahead(1)
        page.tap(".answer .main")  # only goes there
        self.assertEqual(page.waiting() + len(self.kinds()), 0)
        self.send(lambda page: page.tap(".answer .main"))
        page.until("it is kept", lambda: len(self.kinds()) == 20)

    @slow
    def test_ends(self):
        self.begin("grid", items=5)
        for _ in range(4):
            self.page.until_ready()
            self.send()
            self.page.until_saved()
        self.page.until_text("No grids left")
        self.page.find(".message .main").click()
        self.page.until_ready()
        self.page.keys("2")
        self.page.until_text("All done")
        self.page.keys(Keys.BACKSPACE)
        self.page.until_ready()


class Network(PageCase):
    def test_reload(self):
        self.begin()
        self.page.keys("y", "n")
        self.page.until_saved()
        before = self.page.image()
        self.page.driver.refresh()
        self.page.until_ready()
        self.assertEqual(self.page.image(), before)
        self.page.keys(Keys.BACKSPACE, Keys.BACKSPACE)
        self.page.until("undone", lambda: len(self.site.state.undone) == 2)

    def test_restart_in_the_middle(self):
        state = self.begin()
        page = self.page
        page.keys("y")
        page.until_saved()
        self.site.stop()
        page.keys("n", "y")
        page.until_text("Offline: 2 answers wait", ".saved")
        self.site.start()
        page.until_saved()
        page.keys("1")
        page.until_saved()
        self.assertEqual(self.kinds(), [("value", 1), ("value", 0), ("value", 1), ("value", 0)])
        self.assertEqual(state.progress("anna")["done"], 4)

    def test_an_answer_whose_acknowledgement_is_lost_counts_once(self):
        state = self.begin()
        self.site.faults = ["cut after", Refused(500, "failed", "the disk is full"), Refused(429, "rate", "too fast")]
        self.page.keys("y")
        self.page.until_text("Offline: 1 answer waits", ".saved")
        self.page.until_saved()
        self.assertEqual(len(state.writes), 1)
        self.assertEqual(state.progress("anna")["done"], 1)

    def test_a_closed_tab_loses_nothing(self):
        state = self.begin()
        self.site.faults = [Refused(500, "failed", "the disk is full")] * 3
        self.page.keys("y", "n")
        self.page.until_text("Offline: 2 answers wait", ".saved")
        self.page.driver.refresh()
        self.page.until_saved()
        self.assertEqual([a for _, a in self.kinds()], [1, 0])
        self.assertEqual(state.progress("anna")["done"], 2)

    def test_the_link(self):
        site = self.serve()
        page = self.page
        page.open(site.link().replace("anna", "nobody"))
        page.until_text("This link is wrong")
        self.assertNotIn("#", page.driver.current_url)
        page.find("#link").send_keys(site.link(), Keys.ENTER)
        page.until_ready()
        self.assertNotIn("token", page.js("return location.href + JSON.stringify({...localStorage, ...sessionStorage})"))

    def test_a_lost_session_keeps_what_is_unsent(self):
        state = self.begin()
        state.sessions.clear()
        self.page.keys("y")
        self.page.until_text("Open your link again")
        self.page.until_text("1 answer not sent yet")
        self.page.find("#link").send_keys(self.site.link("bob"), Keys.ENTER)
        self.page.until_text("Answers of anna wait", ".saved")
        self.assertEqual(state.writes, [])
        self.page.open(self.site.link("anna"))
        self.page.until_saved()
        self.assertEqual(self.kinds(), [("value", 1)])
        self.assertEqual(state.items[0].answer[0], "anna")

    @slow
    def test_network_cut(self):
        state = self.begin()
        page = self.page
        page.offline(True)
        page.keys("y", "n", "y", "1", "y")
        page.until_text("Waiting for the server")
        page.until_text("5 answers not sent yet")
        page.keys(Keys.BACKSPACE)
        page.until_ready()
        page.offline(False)
        page.until_saved()
        self.assertEqual(state.progress("anna")["done"], 4)
        page.keys("y")
        page.until_saved()
        self.assertEqual(state.progress("anna")["done"], 5)

    @slow
    def test_two_tabs(self):
        state = self.begin()
        first = self.page.image()
        self.page.tab(self.site.link())
        self.page.until_ready()
        self.assertNotEqual(self.page.image(), first)
        self.page.keys("y", "n")
        self.page.until_saved()
        self.page.driver.switch_to.window(self.page.driver.window_handles[0])
        self.page.keys("y", "n")
        self.page.until_saved()
        self.assertEqual(state.progress("anna")["done"], 4)

    @slow
    def test_a_duplicated_tab_is_another_tab(self):
        self.begin()
        name = self.page.js("return sessionStorage.getItem('assent.tab')")
        self.page.js("window.open(location.href)")  # copies session storage, as "Duplicate" does
        self.page.driver.switch_to.window(self.page.driver.window_handles[-1])
        self.page.until_ready()
        self.assertNotEqual(self.page.js("return sessionStorage.getItem('assent.tab')"), name)

    @slow
    def test_another_person_in_another_tab(self):
        state = self.begin()
        self.page.tab(self.site.link("bob"))
        self.page.until_ready()
        self.page.driver.switch_to.window(self.page.driver.window_handles[0])
        self.page.keys("y")
        self.page.until_text("used by bob")
        self.assertEqual(state.writes, [])

    @slow
    def test_two_people_at_once(self):
        state = self.begin(items=40)
        other = browser.another()
        other.open(self.site.link("bob"))
        other.until_ready()
        for i in range(12):
            for page in (self.page, other):
                page.until_ready()
                page.keys("y" if "smiling" in page.text("h1") or i % 2 else "u")
        for page in (self.page, other):
            page.until_saved()
        items = [a["item"] for w in state.writes for a in w["answers"]]
        self.assertEqual(len(items), len(set(items)))
        self.assertGreater(len(items), 18)

    @slow
    def test_a_lost_lease_is_said(self):
        state = self.begin()
        item = state.items[0]
        item.lease, item.answer = None, ("bob", {"item": item.id, "kind": "skip"})
        self.page.keys("y")
        self.page.until_text("1 answer not kept: somebody else")
        self.page.until_saved()
        self.assertEqual(self.page.text(".before"), "")


class Looks(PageCase):
    SIZES = ((1440, 900, False), (360, 740, True))

    def views(self):
        """Puts each view on the screen in turn, and gives its name."""
        site = self.serve(items=200)
        self.enter(site.link())
        self.page.keys("h")
        yield "single"
        for key in "nny":
            self.page.keys(key)
        self.page.until_ready()
        yield "choice"
        self.page.keys("?")
        yield "help"
        self.page.keys("?", "f")
        yield "reasons"
        self.page.keys(Keys.ESCAPE, "p")
        yield "pause"
        self.page.keys("x")
        self.to_grid()
        self.page.keys(" ", Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, " ", Keys.ARROW_RIGHT, "u", Keys.ARROW_RIGHT)
        yield "grid"
        self.page.open(site.link("owner"))
        self.page.driver.refresh()
        self.page.until_text("People")
        yield "overview"
        self.page.find("[data-page=gallery]").click()
        self.page.until_text("llava")
        yield "gallery"
        self.page.open("about:blank")
        self.page.open(site.link("nobody"))
        self.page.until_text("Open your link")
        yield "link"

    def test_contrast_names_and_sizes(self):
        for view in self.views():
            for width, height, touch in self.SIZES:
                self.page.size(width, height, touch)
                for scheme in ("light", "dark"):
                    self.page.prefer(scheme)
                    with self.subTest(view=view, width=width, scheme=scheme):
                        self.check(touch)
                        if ALL or view in ("single", "grid"):
                            self.page.shot(f"{view}-{width}-{scheme}")
            self.page.size(1440, 900)
            self.page.prefer()

    def check(self, touch):
        low = [(text, round(ratio, 2)) for text, ratio in self.page.js(browser.CONTRAST) if ratio < 4.5]
        self.assertEqual(low, [])
        controls = self.page.js(browser.CONTROLS)
        self.assertEqual(controls["unnamed"], [])
        self.assertLessEqual(controls["wide"], 0)
        if touch:
            self.assertEqual(controls["small"], [])

    def test_focus_order(self):
        self.begin()
        order = self.tabbed(12)
        self.assertEqual(order, ["One by one", "Grid", "Pause", "Help", "What counts?", "Zoom: whole or 100 %", "Yes", "No",
                                 "Can’t tell", "Skip", "Flag"])
        self.page.keys(Keys.TAB)
        self.to_grid()
        self.assertTrue(self.page.js("return document.activeElement.matches('[data-cell]')"))
        self.assertEqual(self.tabbed(5)[:4], ["Yes", "Can’t tell", "Skip", "Flag"])

    def tabbed(self, n):
        out = []
        for _ in range(n):
            self.page.keys(Keys.TAB)
            name, ring = self.page.js(
                "const n = document.activeElement; const s = getComputedStyle(n);"
                "return [n.getAttribute('aria-label') || n.querySelector('.label')?.textContent || n.innerText,"
                " s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2]")
            if self.page.js("return document.activeElement === document.body"):
                break
            self.assertTrue(ring, f"{name} shows no focus")
            out.append(name)
        return out

    @slow
    def test_reduced_motion(self):
        self.page.prefer(motion="reduce")
        self.begin()
        moving = self.page.js("return document.getAnimations().length")
        self.assertEqual(moving, 0)

    @slow
    def test_progress_is_told(self):
        self.begin(items=50)
        self.page.keys("y")
        self.page.until_saved()
        self.assertIn("Picture 2. Is this person wearing eyeglasses?", self.page.js("return document.getElementById('announcer').textContent"))
        self.assertEqual(self.page.js("const m = document.querySelector('[role=progressbar]');"
                                      "return [m.ariaValueNow, m.ariaValueMax]"), ["1", "50"])


class OwnersPage(PageCase):
    @slow
    def test_overview_and_gallery(self):
        state = self.begin("single", items=30)
        self.page.open(self.site.link("owner"))
        self.page.driver.refresh()
        self.page.until_text("items answered")
        self.page.find("[data-page=gallery]").click()
        self.page.until_text("Nothing is settled yet")
        tab = "o" * 16
        taken = state.take("bob", tab, "single", 10)
        for n, item in enumerate(taken):
            state.answer("bob", {"tab": tab, "key": f"key-{n:08d}", "mode": "single", "seconds": 1,
                                 "answers": [{"item": item["id"], "kind": "value", "value": 1}]})
        self.page.find(".message .main").click()
        self.page.until_text("1–10 of 10")
        self.page.driver.find_element("xpath", "//button[.='llava right']").click()
        self.page.until("fewer", lambda: len(self.page.all(".cards li")) < 10)
        self.assertEqual(self.page.text(".cards li .chosen dt"), "llava")
        self.page.driver.back()
        self.page.until_text("items answered")


class Offline(PageCase):
    @slow
    def test_packet(self):
        folder = self.path("packet")
        packet(folder, items=24)
        page = self.page
        self.open_packet(folder)
        page.keys("y", "n")
        page.keys(Keys.BACKSPACE)
        page.driver.refresh()
        page.until_ready()
        page.keys("y")
        self.to_grid()
        page.keys(" ")
        self.send()
        page.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=self.dir)
        page.find("button.save").click()
        name = page.until("the file", lambda: [n for n in os.listdir(self.dir) if n.endswith(".json")])[0]
        saved = json.loads(self.read(name))
        self.assertEqual((saved["assent_answers"], len(saved["packet"])), (1, 64))
        self.assertEqual([(a["mode"], a["undone"]) for a in saved["answers"]],
                         [("single", False), ("single", True), ("single", False), ("grid", False)])
        self.assertEqual(saved["answers"][3]["answers"][0]["value"], 1)
        self.assertRegex(saved["answers"][0]["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


class Program:
    """`assent review` over a project."""

    def __init__(self, folder):
        self.folder, self.process, self.port = folder, None, 0

    def run(self, *args):
        return subprocess.run([ASSENT, "-C", self.folder, *args], check=True, capture_output=True, text=True).stdout

    def start(self):
        self.process = subprocess.Popen([ASSENT, "-C", self.folder, "review", "--reviewer", "anna", "--listen",
                                         f"127.0.0.1:{self.port}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.link = self.process.stdout.readline().strip()
        self.owner = self.process.stdout.readline().strip().split()[-1]
        self.port = int(re.search(r":(\d+)/", self.link)[1])
        return self

    def stop(self, how="terminate"):
        if self.process:
            getattr(self.process, how)()
            self.process.wait()
            self.process.stdout.close()
        self.process = None


def differing(folder, images=24):
    """A project whose two annotators differ on every cell."""
    program = Program(folder)
    os.makedirs(os.path.join(folder, "images"))
    for name in sorted(os.listdir(os.path.join(FACES, "images")))[:images]:
        shutil.copy(os.path.join(FACES, "images", name), os.path.join(folder, "images"))
    with open(os.path.join(folder, "assent.yaml"), "w", encoding="utf-8") as f:
        f.write("name: faces\nimages: images/\nquestions:\n"
                "  - {name: Hat, text: \"Is there a hat?\"}\n  - {name: Smile, text: \"Is there a smile?\"}\n")
    for annotator, value in (("model", "yes"), ("people", "no")):
        path = os.path.join(folder, f"{annotator}.csv")
        with open(path, "w", encoding="utf-8") as f:
            f.write("image,Hat,Smile\n" + "".join(f"{name},{value},{value}\n" for name in os.listdir(os.path.join(folder, "images"))))
        program.run("import", path, "--annotator", annotator, "--kind", "model" if annotator == "model" else "human")
    return program


def demo(folder):
    """The drawn faces, labelled by the toy model and by two people."""
    program = Program(folder)
    shutil.copytree(FACES, folder)
    program.run("annotate")
    for who in ("first", "second"):
        program.run("import", os.path.join(FACES, f"{who}.csv"), "--annotator", who)
    return program


class ProgramCase(PageCase):
    """A page that the program serves."""

    def serve_program(self, make):
        with subprocess.Popen([ASSENT, "review", "--help"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as probe:
            if probe.wait():
                self.skipTest("the program has no review")
        self.program = make(self.path("project"))
        self.addCleanup(self.program.stop)
        self.program.start()


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


class Assets(Case):
    """What docs/review-http.md asks of the files, so that a packet can be made of them."""

    def test_modules(self):
        declared = {}
        for name in sorted(n for n in os.listdir(ASSETS) if n.endswith(".js")):
            with open(os.path.join(ASSETS, name), encoding="utf-8") as f:
                text = f.read()
            for line in text.splitlines():
                if line.startswith("import"):
                    self.assertRegex(line, r'^import \{[\w, ]+\} from "\./[a-z]+\.js";$', name)
                if line.startswith("export"):
                    self.assertRegex(line, r"^export (async function|function|const|class) ", name)
            for found in re.findall(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", text, re.M):
                self.assertNotIn(found, declared, f"{name} and {declared.get(found)}")
                declared[found] = name
            self.assertNotRegex(text, r"innerHTML|outerHTML|insertAdjacentHTML|\beval\b|https?://(?!www\.w3\.org)", name)

    def test_pages(self):
        for name in ("index.html", "packet.html"):
            with open(os.path.join(ASSETS, name), encoding="utf-8") as f:
                text = f.read()
            self.assertNotRegex(text, r"style=|<style|\son\w+=|<script(?![^>]*src=)|https?://")


if __name__ == "__main__":
    main()
