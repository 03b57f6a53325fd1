#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How the review page looks and reads, the owner's pages, a packet's page, and the files of all of them."""
import json
import os
import re
from unittest import mock

from page_case import ALL, Keys, PageCase, browser, slow
from fake_server import ASSETS, QUESTIONS, packet
from harness import Case, main


class Looks(PageCase):
    SIZES = ((1440, 900, False), (360, 740, True))

    def views(self):
        """Puts each view on the screen in turn, and gives its name."""
        site = self.serve(items=200)
        site.state.decides = {"question": 4, "answers": 15}
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
        self.page.until_text("Does bob look at the pictures?")
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

    LONG = ("Does the person in this picture wear eyeglasses, sunglasses, goggles or any other thing in front of the eyes that is held"
            " by the ears or by a band around the head, whether or not the eyes can be seen through it?")
    CUT = """return [...document.querySelectorAll("main *")].concat(document.scrollingElement).filter((n) => n.checkVisibility() && n.clientHeight
      && n.scrollHeight > n.clientHeight + 1 && (n === document.scrollingElement || ["auto", "scroll"].includes(getComputedStyle(n).overflowY)))
      .map((n) => `${n.tagName}.${n.className}`);"""

    def test_nothing_is_cut_off(self):
        """Not a long question either; its instructions are a key away, and yes is on the left everywhere."""
        long = mock.patch.dict(QUESTIONS[0], text=self.LONG)
        long.start()
        self.addCleanup(long.stop)
        self.begin(items=200)
        for width, height, touch in ((1440, 900, False), (1280, 720, False), (390, 844, True)):
            self.page.size(width, height, touch)
            for key in ("h", "h"):
                with self.subTest(width=width, explained=key):
                    self.assertEqual(self.page.js(self.CUT), [])
                    yes, no = self.page.js("return [1, 0].map((v) => document.querySelector(`.choices [data-value='${v}']`).getBoundingClientRect().x)")
                    self.assertLess(yes, no)
                self.page.keys(key)
        self.page.size(1440, 900)
        self.page.keys("n", "n", "n")
        self.page.until_text("What colour is the hair?")
        for height in (900, 720):
            self.page.size(1280, height)
            self.assertEqual(self.page.js(self.CUT), [])
        self.to_grid()
        self.page.size(1440, 900)
        self.page.until("it fits", lambda: not self.page.js(self.CUT))
        self.assertTrue(self.page.find(".explained").is_displayed())
        self.page.keys("h")
        self.assertFalse(self.page.find(".explained").is_displayed())

    def test_focus_order(self):
        self.begin()
        order = self.tabbed(13)
        self.assertEqual(order, ["One by one", "Grid", "Earlier answers", "Pause", "Help", "What counts?", "Zoom: whole or 100 %", "Yes", "No",
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
        rows = [[cell.text for cell in row.find_elements("css selector", "th, td")]
                for row in self.page.all("[aria-label=Verdicts] tbody tr")]
        self.assertEqual([(row[0], row[1], row[3]) for row in rows],
                         [("Wearing_Hat", "alone", "decided"), ("Hair_Color", "people", "decided"),
                          ("Smiling", "cannot say", "about 12"), ("Eyeglasses", "cannot say", "about 140"),
                          ("Wears", "cannot say", "out of reach")])
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
        page.keys("y", "e")
        page.until("the list", lambda: len(page.all(".earlier li")) == 2)
        page.keys(Keys.ENTER, "u", Keys.ESCAPE)
        self.to_grid()
        page.keys(" ")
        self.send()
        page.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=self.dir)
        page.find("button.save").click()
        name = page.until("the file", lambda: [n for n in os.listdir(self.dir) if n.endswith(".json")])[0]
        saved = json.loads(self.read(name))
        self.assertEqual((saved["assent_answers"], len(saved["packet"])), (1, 64))
        self.assertEqual([(a["mode"], a["undone"]) for a in saved["answers"]],
                         [("single", False), ("single", True), ("single", True), ("single", False), ("grid", False)])
        self.assertEqual(saved["answers"][3]["answers"][0]["kind"], "unsure")
        self.assertEqual(saved["answers"][4]["answers"][0]["value"], 1)
        self.assertRegex(saved["answers"][0]["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


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
