#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The report as a page: what it asks of nobody, how it looks and reads on a screen of any width, and on paper.

The README's picture, docs/report.png, is of the report that `make demo` writes of the drawings: 1440 x 900, light; 64 colours are enough.
"""
import base64
import os
import random
import re
import shutil
from html.parser import HTMLParser

from page_case import PageCase, browser
from harness import FACES, STUDY, main

SIZES = ((360, 740), (768, 1024), (1440, 900))
VOID = {"meta", "br", "hr", "img", "link", "input"}
HOSTILE = "<script>alert(1)<b>"  # names have no slashes

# Requests that the page made, but for itself.
REQUESTS = "return performance.getEntriesByType('resource').map((e) => e.name);"

# Landmarks, headings and tables, as assistive programs find them.
STRUCTURE = """
const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((h) => Number(h.tagName[1]));
const ids = [...document.querySelectorAll("[id]")].map((n) => n.id);
return {
  landmarks: ["header", "nav", "main", "footer"].map((n) => document.querySelectorAll(`body > ${n}, .columns > ${n}`).length),
  levels, twice: ids.filter((id, i) => ids.indexOf(id) !== i),
  dead: [...document.querySelectorAll("a")].map((a) => a.getAttribute("href")).filter((h) => !h.startsWith("#") || !document.getElementById(h.slice(1))),
  unlabelled: [...document.querySelectorAll("section")].filter((s) => !s.ariaLabel && !document.getElementById(s.getAttribute("aria-labelledby"))).length,
  captions: [...document.querySelectorAll("table")].map((t) => t.caption?.innerText ?? ""),
  unscoped: [...document.querySelectorAll("th")].filter((th) => !th.scope).length,
  untitled: [...document.querySelectorAll("svg:not([aria-hidden])")].filter((s) => !s.querySelector(":scope > title")).length,
};"""

# Tables that are wider than the page, in no box that scrolls; boxes that no key reaches.
LOOSE = """
return [...document.querySelectorAll("table")].filter((t) => !t.closest(".box") || t.closest(".box").tabIndex !== 0
  || t.closest(".box").getBoundingClientRect().right > innerWidth + 1).length;"""


class Balance(HTMLParser):
    """Every tag that is opened is closed, in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.wrong = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "srcset", "action"):
                self.wrong.append((tag, name, value))

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


class Report(PageCase):
    def of_study(self):
        self.run_assent("init", "--preset", "celeba")
        self.run_assent("import", STUDY)
        self.run_assent("consensus")
        self.write_report()

    def write_report(self, *args):
        path = os.path.join(self.dir, "report.html")
        self.run_assent("report", "--html", "report.html", *args)
        with open(path, encoding="utf-8") as f:
            self.html = f.read()
        self.page.open("file://" + path)

    def test_it_asks_nobody_for_anything(self):
        self.of_study()
        self.assertEqual(self.page.js(REQUESTS), [])
        self.assertNotIn("<script", self.html)
        self.assertNotRegex(self.html, r"https?://(?!www\.w3\.org)")
        self.assertIn("default-src 'none'", self.html)
        self.assertLess(len(self.html.encode()), 200_000)
        self.assertEqual(self.page.complaints(), [])

    def test_its_parts_are_what_they_look_like(self):
        self.of_study()
        balance = Balance(self.html)
        self.assertEqual((balance.open, balance.wrong), ([], []))
        found = self.page.js(STRUCTURE)
        self.assertEqual(found["landmarks"], [1, 1, 1, 1])
        self.assertEqual(found["levels"][0], 1)
        self.assertEqual(set(found["levels"][1:]), {2})
        self.assertNotIn("", found["captions"])
        self.assertEqual(len(set(found["captions"])), len(found["captions"]))
        for name in ("twice", "dead"):
            self.assertEqual(found[name], [], name)
        for name in ("unlabelled", "unscoped", "untitled"):
            self.assertEqual(found[name], 0, name)
        self.assertEqual(self.page.js("return document.documentElement.lang"), "en")

    def test_it_fits_every_width_light_and_dark(self):
        self.of_study()
        for width, height in SIZES:
            self.page.size(width, height, width < 500)
            self.assertLessEqual(self.page.js("return document.scrollingElement.scrollWidth"), width)
            self.assertEqual(self.page.js(LOOSE), 0)
            for scheme in ("light", "dark"):
                self.page.prefer(scheme)
                low = [(text, round(ratio, 2)) for text, ratio in self.page.js(browser.CONTRAST) if ratio < 4.5]
                self.assertEqual(low, [], (width, scheme))
                self.page.shot(f"report-{width}-{scheme}")

    def test_the_first_screen_says_what_may_be_used_and_what_is_next(self):
        self.of_study()
        first = self.page.text("section.first")
        self.assertIn(self.json("report")["accept"]["next"], first)
        for part in (".verdict", ".tallies", ".alarms", ".next"):
            top = self.page.js("return document.querySelector(arguments[0]).getBoundingClientRect().bottom", part)
            self.assertLess(top, 900, part)
        self.assertIn("low agreement: Pale_Skin 22.6\u00a0%", first)

    def test_it_has_every_question_and_the_terminals_numbers(self):
        self.of_study()
        rows = {}
        for row in self.page.js("return [...document.querySelectorAll('tbody tr')].map((r) => [...r.cells].map((c) => c.innerText))"):
            rows.setdefault(row[0], row)
        questions = self.json("report")["before"]["questions"]
        self.assertEqual(len(questions), 40)
        for q in questions:
            self.assertIn(f"{q['agreement']:.3f}".removeprefix("0"), rows[q["name"]])
        self.assertIn(".8976", rows["after: llava-next-8b = consensus"])

    def test_it_can_be_printed(self):
        self.of_study()
        pdf = base64.b64decode(self.page.cdp("Page.printToPDF", printBackground=False)["data"])
        self.assertTrue(pdf.startswith(b"%PDF"))
        pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
        self.assertTrue(3 <= pages <= 20, pages)
        self.page.cdp("Emulation.setEmulatedMedia", media="print")
        self.page.size(680, 900)  # A4 without its margins
        cut = self.page.js("return [...document.querySelectorAll('table')].filter((t) => t.getBoundingClientRect().right > 680)"
                           ".map((t) => t.caption.innerText)")
        self.page.cdp("Emulation.setEmulatedMedia", media="")
        self.assertEqual(cut, [])

    def test_names_are_never_markup(self):
        name, right = f"Hat{HOSTILE}&quot;'\"", "\u05db\u05d5\u05d1\u05e2"
        self.write("assent.yaml", "name: '<!--" + HOSTILE + "'\nquestions:\n  - {name: " + f"'{name.replace(chr(39), chr(39) * 2)}'"
                   + ", text: a}\n  - {name: " + right + ", text: b}\n")
        for who, values in (("model", "1,0\nb.png,1,1\nc.png,0,0"), ("anna", "0,0\nb.png,1,0\nc.png,0,1")):
            quoted = name.replace('"', '""')
            self.write(f"{who}.csv", f'image_id,"{quoted}",{right}\na.png,{values}\n')
            self.run_assent("import", f"{who}.csv", "-a", f"{who}{HOSTILE}", "--kind", "model" if who == "model" else "human")
        self.write_report()
        self.assertEqual(Balance(self.html).wrong, [])
        self.assertEqual(self.page.js("return document.querySelectorAll('script').length"), 0)
        self.assertEqual(self.page.js("return document.title"), f"<!--{HOSTILE}")
        names = self.page.js("return [...document.querySelectorAll('th bdi')].map((n) => n.textContent)")
        self.assertIn(name, names)
        self.assertIn(right, names)
        self.assertEqual(self.page.complaints(), [])


class Pictures(PageCase):
    """The worst disagreements of two annotators of drawn faces."""

    def setUp(self):
        super().setUp()
        shutil.copytree(os.path.join(FACES, "images"), self.path("images"))
        shutil.copy(os.path.join(FACES, "assent.yaml"), self.dir)
        for who in ("first", "second"):
            self.run_assent("import", os.path.join(FACES, f"{who}.csv"), "-a", who)

    def show(self, n, *more):
        document = self.run_assent("report", "--html", "report.html", "--pictures", str(n), "--json", *more).json
        self.page.open("file://" + self.path("report.html"))
        return document["worst"]

    SEEN = "return [...document.querySelectorAll('.pictures img')].map((i) => i.complete && i.naturalWidth > 0 && i.naturalWidth <= 320);"

    def test_they_are_in_the_file(self):
        worst = self.show(12)
        self.assertEqual(self.page.js(self.SEEN), [True] * 12)
        self.assertEqual(self.page.js(REQUESTS), [])
        captions = self.page.js("return [...document.querySelectorAll('.pictures figcaption')].map((c) => c.innerText)")
        for cell, caption in zip(worst, captions, strict=True):
            for part in (cell["question"], cell["image"], f"first: {cell['first']}", f"second: {cell['second']}"):
                self.assertIn(part, caption)
        self.assertEqual(self.page.complaints(), [])

    def test_one_that_cannot_be_read_is_said_to_be(self):
        broken = self.show(1)[0]["image"]
        self.write(f"images/{broken}", "no picture")
        self.show(1)
        self.assertIn("cannot be read", self.page.text(".pictures"))

    def test_many_are_in_a_folder_beside_it(self):
        noise = random.Random(1)
        self.task("".join(f"  - {{name: q{i}, text: a}}\n" for i in range(20)))
        with open(self.path("assent.yaml"), "a", encoding="utf-8") as f:
            f.write("images: noise\n")
        os.mkdir(self.path("noise"))
        for i in range(10):
            with open(self.path(f"noise/{i}.ppm"), "wb") as f:
                f.write(b"P6 320 320 255\n" + noise.randbytes(320 * 320 * 3))
        head = "image_id," + ",".join(f"q{i}" for i in range(20)) + "\n"
        for who, value in (("yes", 1), ("no", 0)):
            self.write(f"{who}.csv", head + "".join(f"{i}.ppm{f',{value}' * 20}\n" for i in range(10)))
            self.run_assent("import", f"{who}.csv", "-a", who, "--add-images")
        self.show(200, "--between", "yes", "no")
        self.assertLess(os.path.getsize(self.path("report.html")), 1 << 20)
        self.assertEqual(len(os.listdir(self.path("report-pictures"))), 200)
        self.page.until("pictures", lambda: self.page.js(self.SEEN) == [True] * 200)
        self.assertEqual(self.page.complaints(), [])

    def test_they_need_a_page_and_pictures(self):
        self.assertIn("--html", self.run_assent("report", "--pictures", "3", code=2).err)
        shutil.rmtree(self.path("images"))
        self.run_assent("report", "--html", "report.html", "--pictures", "3", code=1)
        self.run_assent("report", "--html", "report.html")


class Files(PageCase):
    """Where the report is written."""

    def setUp(self):
        super().setUp()
        self.task("  - {name: Bald, text: a}\n")

    def test_it_takes_the_place_of_an_older_one_whole_or_not_at_all(self):
        self.write("report.html", "older")
        self.assertEqual(self.run_assent("report", "--html", "report.html").out, "")
        with open(os.path.join(self.dir, "report.html"), encoding="utf-8") as f:
            self.assertTrue(f.read().endswith("</html>\n"))
        self.assertEqual([n for n in os.listdir(self.dir) if n.startswith("report")], ["report.html"])
        self.assertIn("nowhere", self.run_assent("report", "--html", "nowhere/report.html", code=1).err)

    def test_it_can_go_to_standard_output_or_beside_the_document(self):
        self.assertTrue(self.run_assent("report", "--html", "-").out.startswith("<!DOCTYPE html>"))
        self.assertEqual(self.run_assent("report", "--html", "r.html", "--json").json["questions"], 1)
        self.assertTrue(os.path.exists(os.path.join(self.dir, "r.html")))


if __name__ == "__main__":
    main()
