# SPDX-License-Identifier: MIT
"""A page in Chromium and a server of its own: fake_server.py, or the program.

ASSENT_TEST_ALL=1 runs the slow tests too; screenshots go to ASSENT_SHOTS (tests/web/out).
"""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))

try:
    import browser
    from browser import Keys
    MISSING = browser.missing()
except ImportError as e:
    browser, Keys, MISSING = None, None, str(e)
from fake_server import Site
from harness import ASSENT, FACES, Case

ALL = os.environ.get("ASSENT_TEST_ALL")


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
    program.run("annotate", "-a", "toy")
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
