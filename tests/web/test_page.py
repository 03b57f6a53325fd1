#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The review page in Chromium, against fake_server.py: one picture at a time, and the grid."""
import statistics

from page_case import Keys, PageCase, browser, slow
from fake_server import QUESTIONS, REASONS
from harness import main

KEY_TO_PICTURE_MS = 250  # with room for a busy machine: the test prints what it measured


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

    def test_earlier_answers(self):
        state = self.begin(items=200)
        page = self.page
        ids = []
        for key in "nny":
            ids.append(page.image())
            page.keys(key)
            page.until_ready()
        page.until_saved()
        self.to_grid()
        cells = page.cells()
        page.keys("e")
        page.until("the list", lambda: len(page.all(".earlier li")) == 3)
        page.keys(Keys.ENTER)  # the newest
        page.until("the picture", lambda: page.all("dialog .stage img"))
        self.assertEqual(page.text("dialog .said .label"), page.text("dialog .choices .said .label"))
        page.keys(Keys.BACKSPACE)
        page.keys(Keys.TAB, Keys.TAB, Keys.ENTER)
        page.until("the picture", lambda: page.all("dialog .stage img"))
        self.assertEqual(page.js("return document.querySelector('dialog .stage img').src.split('/').pop()"), ids[0])
        page.keys("y")
        page.until("the list says it", lambda: page.text(".earlier li:nth-child(3) strong") == "Yes")
        page.keys(Keys.ESCAPE)
        self.assertEqual(page.cells(), cells)
        page.until_saved()
        self.assertEqual((self.kinds(), state.progress("anna")["done"]),
                         ([("value", 0), ("value", 0), ("value", 1), ("value", 1)], 3))
        self.assertEqual(state.by_id[ids[0]].answer[1]["value"], 1)
        page.keys(Keys.BACKSPACE)  # the change, too
        page.until("the picture again", lambda: page.image() == ids[0])

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
    def test_it_says_what_decides_and_that_all_is_decided(self):
        """Also when the server is gone by then: nothing is left that could be lost."""
        state = self.begin(items=20)
        self.page.until_ready()
        self.assertFalse(self.page.find(".decides").is_displayed())
        state.decides = {"question": 4, "answers": 5}
        self.page.keys("y")
        self.page.until_text("About 5 more answers decide: Does the person wear any of these? a necktie")
        state.decides, state.over = None, True
        self.page.keys("y")
        self.page.until_text("Everything that was asked is decided. Thank you!")
        self.assertFalse(self.page.find(".decides").is_displayed())
        self.site.stop()
        self.page.driver.find_element("xpath", "//button[.='Undo the last answer']").is_displayed()
        self.page.until_text("Everything that was asked is decided. Thank you!")

    @slow
    def test_ends(self):
        self.begin("grid", items=5).copied = 2
        for _ in range(4):
            self.page.until_ready()
            self.send()
            self.page.until_saved()
        self.page.until_text("No grids left")
        self.page.find(".message .main").click()
        self.page.until_ready()
        self.page.keys("s")
        self.page.until_text("All done")
        self.page.until_text("You have answered 4 items, 2 of them with another that shows the same picture. You skipped 1.")
        self.page.keys(Keys.BACKSPACE)
        self.page.until_ready()


if __name__ == "__main__":
    main()
