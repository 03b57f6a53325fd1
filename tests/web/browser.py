# SPDX-License-Identifier: MIT
"""One headless Chromium, driven by chromedriver, and what the tests ask a page."""
import atexit
import base64
import os
import signal
import sys
import time

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

SHOTS = os.environ.get("ASSENT_SHOTS", os.path.join(os.path.dirname(os.path.abspath(__file__)), "out"))
WAIT_SECONDS = 60
CHROMIUM, CHROMEDRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
SWITCHES = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", "--lang=en-US",
            "--force-device-scale-factor=1", "--disable-background-networking", "--disable-component-update"]

# Texts that can be seen, each with the contrast to what is behind it.
CONTRAST = """
const parse = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
  return .2126 * r + .7152 * g + .0722 * b; };
const behind = (node) => { for (let n = node; n; n = n.parentElement) { const c = parse(getComputedStyle(n).backgroundColor);
  if (c.length === 3 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
const found = [];
const walker = document.createTreeWalker(document.querySelector("dialog[open]") || document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !node.checkVisibility({visibilityProperty: true}) || node.closest(":disabled, #announcer, .hidden")) continue;
  const [a, b] = [light(parse(getComputedStyle(node).color).slice(0, 3)), light(behind(node))].sort((x, y) => y - x);
  found.push([walker.currentNode.data.trim(), (a + .05) / (b + .05)]);
}
return found;"""

# Controls that can be seen and are smaller than a thumb, and those without a name.
CONTROLS = """
const all = [...document.querySelectorAll("button, input, select, a[href]")].filter((n) => n.checkVisibility());
const named = (n) => n.getAttribute("aria-label") || n.innerText || n.labels?.[0]?.innerText;
return {small: all.filter((n) => { const b = n.getBoundingClientRect(); return b.width < 44 || b.height < 43.9; }).map((n) => n.outerHTML.slice(0, 90)),
  unnamed: all.filter((n) => !named(n)).map((n) => n.outerHTML.slice(0, 90)),
  wide: document.scrollingElement.scrollWidth - innerWidth};"""

# From each key press to the frame that shows another picture, in ms.
STOPWATCH = """
window.pressed = [];
addEventListener("keydown", (event) => {
  const before = document.querySelector(".stage img");
  const look = () => requestAnimationFrame(() => {
    if ([null, before].includes(document.querySelector(".stage img"))) return look();
    const channel = new MessageChannel();
    channel.port1.onmessage = () => window.pressed.push(performance.now() - event.timeStamp);
    channel.port2.postMessage(0);
  });
  look();
}, true);"""

# A clock that tests set: window.ahead, in ms.
AHEAD = """
window.ahead = 0;
const now = performance.now.bind(performance);
performance.now = () => now() + window.ahead;"""

# What a second Enter does that follows at once.
ENTER_TWICE = """
for (let i = 0; i < 2; i++) {
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true}));
}"""


def missing():
    """Why there can be no browser; None where there can."""
    return next((f"{path} is missing" for path in (CHROMIUM, CHROMEDRIVER) if not os.path.exists(path)), None)


class Browser:
    def __init__(self):
        options = webdriver.ChromeOptions()
        for switch in SWITCHES:
            options.add_argument(switch)
        options.binary_location = CHROMIUM
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(CHROMEDRIVER), options=options)
        self.size(1440, 900)
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=AHEAD)

    def quit(self):
        try:
            self.driver.quit()
        finally:
            process = self.driver.service.process
            if process and process.poll() is None:
                process.kill()

    # ---- the window

    def size(self, width, height, touch=False):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=touch)
        self.cdp("Emulation.setTouchEmulationEnabled", enabled=touch, maxTouchPoints=2 if touch else 1)

    def prefer(self, scheme="light", motion="no-preference"):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme},
                                                        {"name": "prefers-reduced-motion", "value": motion}])

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def offline(self, cut):
        self.cdp("Network.enable")
        self.cdp("Network.emulateNetworkConditions", offline=cut, latency=0, downloadThroughput=-1, uploadThroughput=-1)

    def shot(self, name):
        os.makedirs(SHOTS, exist_ok=True)
        with open(os.path.join(SHOTS, f"{name}.png"), "wb") as f:
            f.write(base64.b64decode(self.cdp("Page.captureScreenshot", format="png")["data"]))

    def tab(self, address=None):
        """Opens a new tab, and goes there."""
        self.driver.switch_to.new_window("tab")
        self.size(1440, 900)
        if address:
            self.open(address)
        return self.driver.current_window_handle

    def close_tabs(self):
        first, *others = self.driver.window_handles
        for handle in others:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(first)

    # ---- the page

    def open(self, address):
        self.driver.get(address)

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector="body"):
        return self.js("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def keys(self, *keys):
        for key in keys:
            ActionChains(self.driver, duration=0).send_keys(key).perform()

    def with_shift(self, key):
        ActionChains(self.driver, duration=0).key_down(Keys.SHIFT).send_keys(key).key_up(Keys.SHIFT).perform()

    def with_control(self, key):
        ActionChains(self.driver, duration=0).key_down(Keys.CONTROL).send_keys(key).key_up(Keys.CONTROL).perform()

    def tap(self, selector, index=0, hold=0.0):
        box = self.js("const b = document.querySelectorAll(arguments[0])[arguments[1]].getBoundingClientRect();"
                      "return [b.x + b.width / 2, b.y + b.height / 2]", selector, index)
        point = [{"x": box[0], "y": box[1]}]
        self.cdp("Input.dispatchTouchEvent", type="touchStart", touchPoints=point)
        time.sleep(hold)
        self.cdp("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def until(self, what, condition):
        """Waits until condition() holds, and returns what it gave."""
        end = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                got = condition()
            except (NoSuchElementException, StaleElementReferenceException):
                got = None
            if got:
                return got
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain: {what}\n{self.text()}")
            time.sleep(0.02)

    def until_text(self, text, selector="body"):
        return self.until(text, lambda: text in self.text(selector))

    def until_ready(self):
        """All pictures that are in sight are there."""
        return self.until("pictures", self.pictures_are_there)

    def pictures_are_there(self):
        return self.js("const all = [...document.querySelectorAll('main .stage, [data-cell]')];"
                       "return all.length && all.every((n) => n.querySelector('img'))")

    def until_saved(self):
        return self.until("Saved", lambda: self.text(".saved") == "Saved" and self.waiting() == 0)

    def waiting(self):
        return self.js("return Object.keys(localStorage).filter((n) => n.startsWith('assent.outbox.')).length")

    def image(self):
        """The id of the picture that is shown."""
        return self.js("return document.querySelector('main .stage img')?.src.split('/').pop()")

    def cells(self):
        """{id: mark} of the grid, in order."""
        return dict(self.js("return [...document.querySelectorAll('[data-cell]')].map((c) => "
                            "[c.querySelector('img')?.src.split('/').pop(), c.dataset.mark])"))

    def complaints(self):
        """What the browser has logged since the last call, but for requests that tests break on purpose."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if "Failed to load resource" not in entry["message"]]


_open = []


def browser():
    """The one that all tests share."""
    return _open[0] if _open else another()


def another():
    """A browser with nothing in common with the others."""
    if not _open:
        atexit.register(quit_all)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    _open.append(Browser())
    return _open[-1]


def quit_all():
    while _open:
        _open.pop().quit()
