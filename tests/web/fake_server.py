#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The review server's interface (docs/review-http.md) over items in memory: a double for the page's tests.

    fake_server.py [--images DIR] [--items N] [--port P]      prints a link for each person

Tests use the class Site: it is stopped and started again under one address, and told to fail.
"""
import argparse
import hashlib
import http.server
import json
import os
import re
import sys
import threading
import time
import urllib.parse

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
ASSETS = os.path.join(ROOT, "src", "review", "assets")
FACES = os.path.join(ROOT, "examples", "faces", "images")
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
         "svg": "image/svg+xml", "jpg": "image/jpeg", "png": "image/png"}
CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
       "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
NAME = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")
LEASE_SECONDS, LEAST, MOST = 600, 12, 48

QUESTIONS = [
    {"name": "Wearing_Hat", "text": "Is this person wearing a hat?", "about": None,
     "help": "Any headwear counts: caps, hoods and headbands too.\nA helmet is a hat. Hair ornaments are not.",
     "kind": "yesno", "options": ["no", "yes"]},
    {"name": "Eyeglasses", "text": "Is this person wearing eyeglasses?", "about": None, "help": None,
     "kind": "yesno", "options": ["no", "yes"]},
    {"name": "Smiling", "text": "Is this person smiling?", "about": None,
     "help": "Corners of the mouth turned up. An open mouth alone is not a smile.",
     "kind": "yesno", "options": ["no", "yes"]},
    {"name": "Hair_Color", "text": "What colour is the hair?", "about": None, "help": None,
     "kind": "choice", "options": ["black", "blond", "brown", "gray", "red"]},
    {"name": "Wears", "text": "Does the person wear any of these?", "about": "a necktie", "help": None,
     "kind": "yesno", "options": ["no", "yes"]},
]
REASONS = ["wrong image", "harmful", "not a face", "cannot be made out"]


class Refused(Exception):
    def __init__(self, status, code, message, **more):
        super().__init__(message)
        self.status, self.body = status, {"error": {"code": code, "message": message}, **more}


class Item:
    def __init__(self, number, question, image):
        self.id = hashlib.sha256(f"item {number}".encode()).hexdigest()[:32]
        self.number, self.question, self.image = number, question, image
        self.lease = None   # (person, tab, until)
        self.answer = None  # (person, answer)
        self.aside = False


class Page:
    """One request's answers, as they came."""

    def __init__(self, person, seconds, answers, results):
        self.person, self.seconds, self.answers, self.results, self.undone = person, seconds, answers, results, False


class State:
    """All that outlives a restart."""

    def __init__(self, items=60, images=FACES, pictures=True, names=("anna", "bob"), by_question=False):
        self.folder, self.files = images, sorted(os.listdir(images))
        order = sorted(range(items), key=lambda n: (n % len(QUESTIONS), n)) if by_question else range(items)
        self.items = [Item(n, n % len(QUESTIONS), pictures) for n in order]
        self.by_id = {i.id: i for i in self.items}
        self.tokens = {f"{name}-token-{'0' * 16}": name for name in names}
        self.tokens[f"owner-token-{'0' * 16}"] = None
        self.sessions, self.pages, self.writes, self.undone = {}, {}, [], []
        self.copied = 0  # told as such; nothing is
        self.decides, self.over = None, False  # the question that the fewest answers decide; all are decided

    def image(self, item):
        path = os.path.join(self.folder, self.files[item.number % len(self.files)])
        with open(path, "rb") as f:
            return path.rsplit(".", 1)[-1], f.read()

    # ---- items

    def mine(self, person, tab):
        return [i for i in self.items if i.lease and i.lease[:2] == (person, tab) and not i.answer and not i.aside]

    def open_for(self, person):
        now = time.time()
        return [i for i in self.items if not i.answer and not i.aside
                and (not i.lease or i.lease[0] == person or i.lease[2] < now)]

    def take(self, person, tab, mode, want, question=None):
        def fits(i):
            if mode == "single":
                return True
            return QUESTIONS[i.question]["kind"] == "yesno" and question in (None, i.question)

        held = [i for i in self.mine(person, tab) if fits(i)]
        want = 0 if self.over else want
        free = [i for i in self.open_for(person) if fits(i) and not (i.lease and i.lease[2] >= time.time())]
        items = held + [i for i in free if i not in held]
        if mode == "grid":
            items = [i for i in items if i.question == items[0].question]
        items = items[:want]
        for i in self.mine(person, tab):
            i.lease = None
        for i in items:
            i.lease = (person, tab, time.time() + LEASE_SECONDS)
        return [self.told(i, person) for i in items]

    def told(self, item, person):
        out = {"id": item.id, "question": item.question, "image": f"/image/{item.id}" if item.image else None}
        was = [a for p in self.pages.values() if p.undone and p.person == person
               for a in p.answers if a["item"] == item.id]
        if was:
            out["was"] = {k: v for k, v in was[-1].items() if k != "item"}
        return out

    def progress(self, person):
        left = self.open_for(person)
        pages = [p for p in self.pages.values() if p.person == person and not p.undone]
        paces = sorted(p.seconds / len(p.answers) for p in pages[-100:])
        pace = paces[len(paces) // 2] if paces else None
        return {"done": sum(1 for i in self.items if i.answer and i.answer[0] == person), "left": len(left),
                "skipped": sum(1 for i in self.items if i.answer and i.answer[0] == person and i.answer[1]["kind"] == "skip"),
                "copied": self.copied, "left_grid": sum(1 for i in left if QUESTIONS[i.question]["kind"] == "yesno"),
                "seconds_per_answer": pace, "seconds_left": pace * len(left) if pace else None,
                "set_aside": sum(1 for i in self.items if i.aside), "decides": self.decides, "decided": self.over}

    def earlier(self, person, before, n):
        """What the person has answered, newest first."""
        pages = [p for p in self.pages.values() if p.person == person and not p.undone]
        all_ = [a for p in pages for a, r in zip(p.answers, p.results)
                if r["kept"] and self.by_id[a["item"]].answer == (person, a)][:before]
        told = [{**self.told(self.by_id[a["item"]], person), "was": {k: v for k, v in a.items() if k != "item"},
                 "at": "2026-05-01T10:00:00Z"} for a in all_[-n:]]
        return {"answers": told[::-1], "before": len(all_) - len(told) or None}

    def keep(self, person, tab, answer, change=False):
        item = self.by_id.get(answer["item"])
        why = None
        if change and item and item.answer and item.answer[0] == person:
            item.answer, item.lease = None, (person, tab, time.time() + LEASE_SECONDS)
        if not item:
            why = "lease"
        elif item.aside:
            why = "aside"
        elif item.answer:
            why = "answered" if item.answer[0] == person else "lease"
        elif not item.lease or item.lease[0] != person:
            why = "lease"
        if why:
            return {"item": answer["item"], "kept": False, "why": why}
        item.answer, item.lease = (person, answer), None
        return {"item": item.id, "kept": True}

    def check(self, answer):
        item = self.by_id.get(answer.get("item"))
        options = len(QUESTIONS[item.question]["options"]) if item else 2
        fine = (answer["kind"] in ("unsure", "skip") or answer["kind"] == "flag" and answer["reason"] in REASONS
                or answer["kind"] == "value" and answer["value"] in range(options))
        if not fine:
            raise Refused(400, "bad_request", "there is no such option")

    def answer(self, person, body):
        for a in body["answers"]:
            self.check(a)
        page = self.pages.get(body["key"])
        if not page:
            results = [self.keep(person, body["tab"], a, body.get("change")) for a in body["answers"]]
            page = self.pages[body["key"]] = Page(person, body["seconds"], body["answers"], results)
            self.writes.append(body)
        out = {"results": page.results}
        if "want" in body:
            out["items"] = self.take(person, body["tab"], body["mode"], body["want"], body.get("question"))
        out["progress"] = self.progress(person)
        if not any(r["kept"] for r in page.results):
            raise Refused(409, "lease", "somebody else has taken this picture", **out)
        return out

    def undo(self, person, body):
        page = self.pages.get(body["key"])
        kept = [r["item"] for r in page.results if r["kept"]] if page and page.person == person else []
        if kept and not page.undone:
            self.undone.append(body["key"])
        for name in kept:
            item = self.by_id[name]
            if not page.undone:
                item.answer = None
            if not item.answer:
                item.lease = (person, body["tab"], time.time() + LEASE_SECONDS)
        if page:
            page.undone = True
        items = [self.told(self.by_id[n], person) for n in kept if not self.by_id[n].answer]
        return {"items": items, "progress": self.progress(person)}

    # ---- for the owner

    def overview(self):
        def counts(name):
            mine = [i.answer[1]["kind"] for i in self.items if i.answer and i.answer[0] == name]
            return {"name": name, "done": len(mine) - mine.count("skip"), "undone": len(self.undone), "unsure": mine.count("unsure"),
                    "skipped": mine.count("skip"), "flagged": mine.count("flag"),
                    "seconds_per_answer": 2.4 if mine else None, "hours": round(len(mine) * 2.4 / 3600, 2),
                    "votes_per_hour": 1500 if mine else None, "gold": 10, "gold_accuracy": 0.9, "repeats": 0,
                    "repeat_consistency": None,
                    "leased": sum(1 for i in self.items if i.lease and i.lease[0] == name),
                    "last": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) if mine else None, "revoked": False}

        answered = [i for i in self.items if i.answer]
        return {"title": "faces", "items": len(self.items), "done": len(answered), "set_aside": 0,
                "alarms": [{"alarm": "too fast", "of": "bob", "value": 0.3, "threshold": 0.5,
                            "text": "half of 120 answers one by one took 0.30 s or less; min_seconds is 0.5"}],
                "seconds_per_answer": 2.4 if answered else None, "hours": round(len(answered) * 2.4 / 3600, 2),
                "sample": {"drawn": 200, "settled": 120, "agreement": 0.86, "standard_error": 0.03,
                           "interval": [0.79, 0.91], "covered": 1.0},
                "flagged": sum(1 for i in answered if i.answer[1]["kind"] == "flag"),
                "verdicts": {"max_error": 0.05, "confidence": 0.95, "questions": [
                    {"name": q["name"], "verdict": verdict, "settled": 20 * n, "votes_to_decide": votes}
                    for n, (q, verdict, votes) in enumerate(zip(QUESTIONS, ("alone", "cannot say", "cannot say", "people", "cannot say"),
                                                                (None, 140, 12, None, None)))]},
                "questions": [{"name": q["name"], "items": sum(1 for i in self.items if i.question == n),
                               "done": sum(1 for i in answered if i.question == n),
                               "seconds_per_answer": 2.1 if answered else None}
                              for n, q in enumerate(QUESTIONS)],
                "people": [counts(name) for name in self.tokens.values() if name]}

    def gallery(self, query):
        rows = []
        for item in (i for i in self.items if i.answer):
            options = QUESTIONS[item.question]["options"]
            by, a = item.answer
            vote = a["value"] if a["kind"] == "value" else None
            model = item.number % len(options)
            people = (model + 1) % len(options)
            outcome = "model" if vote == model else "people" if vote == people else "unclear"
            rows.append({"id": item.id, "image": f"/image/{item.id}" if item.image else None,
                         "key": f"{item.number:06d}.jpg", "question": QUESTIONS[item.question]["name"],
                         "text": QUESTIONS[item.question]["text"],
                         "about": QUESTIONS[item.question]["about"], "outcome": outcome, "options": options,
                         "model": {"value": model, "label": options[model],
                                   "probability": round(0.99 - item.number / len(self.items) * 0.4, 3)},
                         "people": {"value": people, "label": options[people]},
                         "votes": [{"name": by, "label": options[vote] if vote is not None else a["kind"]}]})
        outcome, question = query.get("outcome", "all"), query.get("question")
        rows = [r for r in rows if outcome in ("all", r["outcome"]) and question in (None, r["question"])]
        rows.sort(key=lambda r: -r["model"]["probability"])
        offset, n = int(query.get("offset", 0)), min(96, int(query.get("n", 48)))
        return {"total": len(rows), "model": "llava", "people": "celeba", "questions": [q["name"] for q in QUESTIONS],
                "items": rows[offset:offset + n]}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def send(self, status, kind, content, cookie=None):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", len(content)), ("Content-Security-Policy", CSP),
                            ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
                            ("Cache-Control", "no-store"), ("Cross-Origin-Resource-Policy", "same-origin"),
                            ("Cross-Origin-Opener-Policy", "same-origin")):
            self.send_header(name, str(value))
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(content)

    def json(self, body, status=200, cookie=None):
        self.send(status, "application/json", json.dumps(body).encode(), cookie)

    def session(self):
        found = re.search(rf"assent-{self.server.server_port}=(\w+)", self.headers.get("Cookie", ""))
        if not found or found[1] not in self.server.state.sessions:
            raise Refused(401, "session", "open your link again")
        return found[1], self.server.state.sessions[found[1]]

    def reviewer(self):
        _, name = self.session()
        if not name:
            raise Refused(403, "role", "this page is for reviewers")
        return name

    def owner(self):
        if self.session()[1]:
            raise Refused(403, "role", "this page is for the owner")

    def welcome(self, session, name):
        out = {"role": "reviewer" if name else "owner", "who": hashlib.sha256(f"faces {name}".encode()).hexdigest(),
               "name": name or "owner", "title": "faces",
               "csrf": hashlib.sha256((self.server.secret + session).encode()).hexdigest()[:24],
               "lease_seconds": LEASE_SECONDS, "idle_seconds": self.server.site.idle,
               "grid": {"least": LEAST, "most": MOST}}
        if name:
            out.update(reasons=REASONS, progress=self.server.state.progress(name),
                       questions=[{k: v for k, v in q.items() if k != "name"} for q in QUESTIONS])
        return out

    def handled(self, work):
        try:
            time.sleep(self.server.site.latency)
            with self.server.site.lock:
                work()
        except Refused as e:
            self.json(e.body, e.status)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def do_GET(self):
        if self.path.startswith("/image/"):
            self.server.site.open_gate.wait()
        self.handled(self.get)

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length) or b"{}")
        self.handled(lambda: self.post(body))

    def get(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        state = self.server.state
        if url.path == "/":
            self.file("index.html")
        elif url.path.startswith("/assets/"):
            self.file(url.path[len("/assets/"):])
        elif url.path.startswith("/image/"):
            self.image(url.path[len("/image/"):])
        elif url.path == "/api/session":
            self.json(self.welcome(*self.session()))
        elif url.path == "/api/answers":
            self.json(state.earlier(self.reviewer(), int(query.get("before", 10 ** 9)), int(query.get("n", 24))))
        elif url.path == "/api/overview":
            self.owner()
            self.json(state.overview())
        elif url.path == "/api/gallery":
            self.owner()
            self.json(state.gallery(query))
        else:
            raise Refused(404, "not_found", "there is no such page")

    def file(self, name):
        if name not in os.listdir(ASSETS):
            raise Refused(404, "not_found", "there is no such file")
        with open(os.path.join(ASSETS, name), "rb") as f:
            self.send(200, TYPES[name.rsplit(".", 1)[-1]], f.read())

    def image(self, name):
        _, person = self.session()
        item = self.server.state.by_id.get(name)
        if self.server.site.no_images or not item or item.aside or person and not (item.lease and item.lease[0] == person or item.answer
                                                     and item.answer[0] == person):
            raise Refused(404, "not_found", "there is no such picture")
        kind, content = self.server.state.image(item)
        self.send(200, TYPES[kind], content)

    def post(self, body):
        site, state = self.server.site, self.server.state
        site.requests.append((self.path, body))
        if site.faults and self.path != "/api/session":
            fault = site.faults.pop(0)
            if fault != "cut after":
                raise fault
        else:
            fault = None
        if self.path == "/api/session":
            return self.enter(body)
        session, name = self.session()
        if self.headers.get("X-CSRF") != self.welcome(session, name)["csrf"]:
            raise Refused(403, "csrf", "the page is older than the server")
        if self.path == "/api/leave":
            del state.sessions[session]
            return self.json({})
        person = self.reviewer()
        for key in ("tab", "key"):
            if key in body and not NAME.match(body[key]):
                raise Refused(400, "bad_request", f"{key}: 8 to 64 letters and digits")
        if self.path == "/api/take":
            reply = {"items": state.take(person, body["tab"], body["mode"], body["want"], body.get("question")),
                     "progress": state.progress(person)}
        elif self.path == "/api/release":
            for item in state.mine(person, body["tab"]):
                item.lease = None
            reply = {}
        elif self.path == "/api/answer":
            reply = state.answer(person, body)
        elif self.path == "/api/undo":
            reply = state.undo(person, body)
        else:
            raise Refused(404, "not_found", "there is no such page")
        if fault == "cut after":
            self.close_connection = True
            return self.connection.close()
        return self.json(reply)

    def enter(self, body):
        state = self.server.state
        if body.get("token") not in state.tokens:
            raise Refused(401, "session", "this link is wrong, or was taken back")
        session, name = os.urandom(12).hex(), state.tokens[body["token"]]
        state.sessions[session] = name
        self.json(self.welcome(session, name),
                  cookie=f"assent-{self.server.server_port}={session}; HttpOnly; SameSite=Strict; Path=/")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, site, port):
        super().__init__(("127.0.0.1", port), Handler)
        self.site, self.state, self.secret, self.open = site, site.state, os.urandom(8).hex(), set()

    def process_request(self, request, client_address):
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        pass  # a connection that broke: the tests break them


class Site:
    """The server with its state: `stop` it, `start` it again; `faults` are what its next POSTs end in, each a
    Refused, or "cut after" for an answer that is kept and never acknowledged."""

    def __init__(self, latency=0.0, idle=60, port=0, **state):
        self.state, self.latency, self.idle, self.port = State(**state), latency, idle, port
        self.no_images = False
        self.open_gate = threading.Event()  # cleared: pictures do not come
        self.open_gate.set()
        self.faults, self.requests, self.lock, self.server = [], [], threading.Lock(), None
        self.start()

    def start(self):
        self.server = Server(self, self.port)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        if not self.server:
            return
        self.server.shutdown()
        for connection in list(self.server.open):
            self.server.shutdown_request(connection)
        self.server.server_close()
        self.server = None

    def link(self, name="anna"):
        return f"http://127.0.0.1:{self.port}/#{name}-token-{'0' * 16}"


def packet(folder, items=24, images=FACES):
    """Writes a packet's folder, as `review --packet` does."""
    state = State(items=items, images=images)
    os.makedirs(os.path.join(folder, "images"), exist_ok=True)
    listed = []
    for item in state.items:
        kind, content = state.image(item)
        with open(os.path.join(folder, "images", f"{item.id}.{kind}"), "wb") as f:
            f.write(content)
        listed.append({"id": item.id, "question": item.question, "image": f"images/{item.id}.{kind}"})
    data = {"version": 1, "packet": hashlib.sha256(b"packet").hexdigest(), "name": "anna", "title": "faces",
            "questions": [{k: v for k, v in q.items() if k != "name"} for q in QUESTIONS], "reasons": REASONS,
            "idle_seconds": 60, "grid": {"least": LEAST, "most": MOST}, "items": listed}
    texts = {"data.js": f"window.assentPacket = {json.dumps(data)};\n", "review.js": one_script()}
    for name, source in (("index.html", "packet.html"), ("style.css", "style.css")):
        with open(os.path.join(ASSETS, source), encoding="utf-8") as f:
            texts[name] = f.read()
    for name, text in texts.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)


def one_script():
    """All modules in one classic script, each after those that it imports."""
    done, parts = set(), []

    def add(name):
        if name in done:
            return
        done.add(name)
        with open(os.path.join(ASSETS, name), encoding="utf-8") as f:
            text = f.read()
        for other in re.findall(r'^import \{.*\} from "\./(.*)";$', text, re.M):
            add(other)
        text = re.sub(r"^import .*\n", "", text, flags=re.M)
        parts.append(re.sub(r"^export ", "", text, flags=re.M))

    add("app.js")
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--images", default=FACES)
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0)
    args = parser.parse_args()
    site = Site(items=args.items, images=args.images, port=args.port, latency=args.latency)
    for name in ("anna", "bob", "owner"):
        print(site.link(name), flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        site.stop()
        sys.exit(130)


if __name__ == "__main__":
    main()
