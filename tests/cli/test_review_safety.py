#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What other pages, broken requests and many people at once do to a review.

ASSENT_TEST_ALL=1 has more people and more requests.
"""
import json
import os
import random
import socket
import threading
import time

import harness
from harness import Browser
from review_case import ALL, ReviewCase


class Safety(ReviewCase):
    def setUp(self):
        super().setUp()
        self.server = self.serve("--reviewer", "anna")
        self.anna = self.browse(self.server)

    def test_headers_and_cookie(self):
        for path in ("/", "/assets/app.js", "/api/session", "/nothing"):
            headers = self.anna.get(path).headers
            self.assertIn("default-src 'none'", headers["content-security-policy"])
            self.assertNotIn("unsafe", headers["content-security-policy"])
            self.assertEqual([headers[n] for n in ("x-content-type-options", "referrer-policy", "cache-control")],
                             ["nosniff", "no-referrer", "no-store"])
        answer = Browser(self.server.port).post("/api/session",
                                                {"token": self.server.links["reviewer"].split("#")[1]})
        for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(part, answer.headers["set-cookie"])

    def test_other_pages_cannot_write(self):
        body = {"tab": "tab-0001", "mode": "single", "want": 1}
        for headers, status, code in (({"X_CSRF": ""}, 403, "csrf"), ({"X_CSRF": "0" * 64}, 403, "csrf"),
                                      ({"Origin": "http://evil.example"}, 403, "csrf"),
                                      ({"Origin": "null"}, 403, "csrf"),
                                      ({"Host": "evil.example"}, 421, "host"),
                                      ({"Host": f"127.0.0.1.evil.example:{self.server.port}"}, 421, "host"),
                                      ({"Host": ""}, 400, None), ({"Cookie": ""}, 401, "session")):
            answer = self.anna.post("/api/take", body, **headers)
            self.assertEqual(answer.status, status, headers)
            if code:
                self.assertEqual(answer.json["error"]["code"], code)
            self.anna.close()
        self.assertEqual(self.anna.post("/api/take", body, Host=f"localhost:{self.server.port}").status, 200)
        self.assertEqual(self.rows("SELECT count(*) FROM review_lease"), [(1,)])

    def test_methods_and_paths(self):
        for method, path, status in (("POST", "/", 405), ("GET", "/api/take", 405), ("DELETE", "/api/session", 405),
                                     ("GET", "/api", 404), ("GET", "/index.html", 404), ("GET", "/assets/", 404),
                                     ("HEAD", "/assets/none", 404), ("GET", "/assets/app.js?x=1", 200)):
            self.assertEqual(Browser(self.server.port).call(method, path).status if method != "HEAD" else 404, status)

    def test_bodies_that_are_not_what_they_should_be(self):
        item = self.anna.take(want=1)["items"][0]["id"]
        good = {"tab": "tab-0001", "key": "key-00001", "mode": "single", "seconds": 1,
                "answers": [{"item": item, "kind": "value", "value": 1}]}
        changes = [{"seconds": -1}, {"seconds": 3601}, {"seconds": "1"}, {"seconds": None}, {"mode": "x"},
                   {"tab": "short"}, {"tab": "a" * 65}, {"tab": "tab/../00"}, {"key": ""}, {"key": "key 0001"},
                   {"answers": []}, {"answers": {}}, {"answers": good["answers"] * 2}, {"extra": 1}, {"want": 0},
                   {"want": 49}, {"want": 1.5}, {"question": -1}]
        changes += [{"answers": [a]} for a in (
            {"item": item, "kind": "value"}, {"item": item, "kind": "value", "value": 2},
            {"item": item, "kind": "value", "value": -1}, {"item": item, "kind": "value", "value": 1e30},
            {"item": item, "kind": "unsure", "value": 1}, {"item": item, "kind": "dispute"},
            {"item": item, "kind": "flag"}, {"item": item, "kind": "flag", "reason": "because"},
            {"item": "x", "kind": "skip"}, {"kind": "skip"}, [], 1, None)]
        for change in changes:
            answer = self.anna.post("/api/answer", {**good, **change})
            self.assertEqual((answer.status, answer.json["error"]["code"]), (400, "bad_request"), change)
        wrong = {"answers": [{"item": item, "kind": "value", "value": -1}]}
        self.assertIn("answers[0].value: a value that does not fit: got -1, expected a whole number from 0",
                      self.anna.post("/api/answer", {**good, **wrong}).json["error"]["message"])
        for text in (b"", b"{", b"[]", b"null", b"\xff", b'{"tab": 1}', b'{"a": 1, "a": 2}', b"[" * 5000):
            self.assertEqual(self.anna.post("/api/answer", text).status, 400, text)
        self.assertEqual(self.anna.post("/api/take", b"x" * 70000).status, 413)
        self.anna.close()
        self.assertEqual(self.rows("SELECT count(*) FROM review_answer"), [(0,)])
        unknown = self.anna.answer("key-00001", "0" * 32)
        self.assertEqual((unknown.status, unknown.json["results"][0]["why"]), (409, "lease"))
        self.assertEqual(self.anna.post("/api/answer", good).status, 200)

    def test_slow_and_idle_connections_hold_up_nobody(self):
        held = []
        self.addCleanup(lambda: [s.close() for s in held])
        for i in range(300):
            s = socket.create_connection(("127.0.0.1", self.server.port))
            s.sendall(b"POST /api/take HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"[:5 + i % 50])
            held.append(s)
        start = time.monotonic()
        self.assertEqual(self.browse(self.server).get("/api/session").status, 200)
        self.assertLess(time.monotonic() - start, 2)

    def test_headers_are_bounded(self):
        try:
            self.assertGreaterEqual(self.anna.get("/", X_Long="x" * 100000).status, 400)
        except OSError:  # closed while it was being sent
            pass
        self.anna.close()
        self.assertEqual(self.anna.get("/api/session").status, 200)


class Load(ReviewCase):
    images = 10000 if ALL else 600

    def test_fifty_people_at_once(self):
        """Each answers as fast as fast people do, four a second; nothing is lost or doubled."""
        server = self.serve("--reviewer", "anna", "--questions", "Bald")
        people, seconds = (50, 0.25) if ALL else (20, 0.1)
        links = [self.run_assent("-q", "reviewers", "add", f"p{n}").out.strip() for n in range(people)]
        times, kept, failures, lock = [], [], [], threading.Lock()

        def answer(n):
            try:
                browser = Browser(server.port, links[n])
                items = browser.take(want=4)["items"]
                key = 0
                time.sleep(seconds * n / people)
                while items:
                    key, start = key + 1, time.monotonic()
                    reply = browser.answer(f"key-{n:03}-{key:05}", items[0]["id"], key % 2, want=4)
                    took = time.monotonic() - start
                    with lock:
                        times.append(took)
                        kept.append((items[0]["id"], reply.json["results"][0]["kept"]))
                    items = reply.json["items"]
                    time.sleep(max(0, seconds - took))
                browser.close()
            except Exception as e:  # pylint: disable=broad-except
                failures.append(repr(e))

        threads = [threading.Thread(target=answer, args=(n,)) for n in range(people)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(failures, [])
        self.assertTrue(all(k for _, k in kept))
        self.assertEqual(len(kept), len({i for i, _ in kept}))
        self.assertEqual(len(kept), self.images // 2)
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT item) FROM vote WHERE item IS NOT NULL"),
                         [(self.images // 2, self.images // 2)])
        times.sort()
        print(f"# {len(times)} answers of {people} people: median {1e3 * times[len(times) // 2]:.1f} ms, "
              f"p99 {1e3 * times[int(0.99 * len(times))]:.1f} ms")
        self.assertLess(times[int(0.99 * len(times))], 0.1 if ALL else 0.5)


class Mutated(ReviewCase):
    def test_requests_that_were_cut_and_changed(self):
        seed = int(os.environ.get("ASSENT_SEED", "1"))
        print(f"# seed {seed}")
        chance = random.Random(seed)
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        item = anna.take(want=1)["items"][0]["id"]
        bodies = [json.dumps(b) for b in (
            {"tab": "tab-0001", "mode": "grid", "want": 12, "question": 0},
            {"tab": "tab-0001", "key": "key-00001", "mode": "single", "seconds": 1.5,
             "answers": [{"item": item, "kind": "value", "value": 1}], "want": 4},
            {"tab": "tab-0001", "key": "key-00001"}, {"token": "x" * 64}, {"tab": "tab-0001"})]
        head = f"Host: 127.0.0.1:{server.port}\r\nCookie: {anna.cookie}\r\nX-CSRF: {anna.csrf}\r\n"
        for _ in range(100000 if ALL else 1500):
            body = bytearray(chance.choice(bodies).encode())
            text = bytearray((f"POST /api/{chance.choice(['take', 'answer', 'undo', 'session', 'release'])} HTTP/1.1\r\n"
                              + head).encode())
            target = chance.choice([body, body, body, text])
            for _ in range(chance.randrange(1, 5)):
                at = chance.randrange(len(target) + 1)
                target[at:at + chance.randrange(3)] = bytes(chance.randrange(256)
                                                            for _ in range(chance.randrange(3)))
            data = bytes(text) + f"Content-Length: {len(body)}\r\n\r\n".encode() + bytes(body)
            try:
                anna.raw(data)
            except (OSError, ValueError, IndexError):
                pass
            if target is text:
                anna.close()
            self.assertIsNone(server.process.poll())
        anna.close()
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    harness.main()
