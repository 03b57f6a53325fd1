#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The review page when the network, the server, a tab or a session goes, and with others at work."""
from page_case import Keys, PageCase, browser, slow
from fake_server import Refused
from harness import main


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


if __name__ == "__main__":
    main()
