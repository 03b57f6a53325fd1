#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A review to which too many connect: who works goes on working. ASSENT_TEST_ALL=1 has a larger crowd."""
import os
import socket
import ssl
import subprocess
import sys
import time

import harness
from review_case import ALL, ReviewCase

sys.path.insert(0, os.path.join(harness.ROOT, "bench"))
import crowd  # pylint: disable=wrong-import-position


class Many(ReviewCase):
    images = 1000

    def knock(self, server, n, address):
        """n connections from an address that say nothing."""
        for _ in range(n):
            s = socket.create_connection(("127.0.0.1", server.port), source_address=(address, 0))
            self.addCleanup(s.close)
            yield s

    def test_a_reviewer_works_on_beside_thousands(self):
        idle, asking, seconds = (2000, 8000, 20) if ALL else (2000, 500, 4)
        server = self.serve("--reviewer", "anna")
        there = crowd.Crowd(server.port, idle, asking)
        self.addCleanup(there.close)
        times = crowd.answer_times(self.browse(server), seconds)
        print(f"# {len(times)} answers beside {there.said[0]} connections: median {1e3 * crowd.share(times, 0.5):.1f} "
              f"ms, p99 {1e3 * crowd.share(times, 0.99):.1f} ms")
        self.assertGreater(there.said[0], 0.9 * (idle + asking))
        self.assertLess(crowd.share(times, 0.99), 0.1 if ALL else 0.5)

    def test_who_is_idle_makes_room_when_files_are_few(self):
        server = self.serve("--reviewer", "anna", files=256)
        anna = self.browse(server)
        held = list(self.knock(server, 400, "127.0.0.2"))
        self.assertEqual(anna.get("/api/session").status, 200)  # the same connection
        self.assertEqual(self.browse(server).get("/api/session").status, 200)
        self.assertEqual(held[0].recv(1), b"")

    def test_an_address_has_a_limit(self):
        server = self.serve("--reviewer", "anna", "--per-address", "20")
        anna = self.browse(server)
        first = list(self.knock(server, 5, "127.0.0.3"))
        held = list(self.knock(server, 60, "127.0.0.2"))
        for s in held[:40]:
            self.assertEqual(s.recv(1), b"")
        self.assertEqual(anna.get("/api/session").status, 200)
        for s in first + held[40:]:  # open still
            s.setblocking(False)
            self.assertRaises(BlockingIOError, s.recv, 1)
        self.run_assent("review", "--per-address", "0", code=2)

    def test_addresses_with_many_arguments(self):
        server = self.serve("--reviewer", "anna")
        anna = self.browse(server)
        for n, status in ((100, 200), (101, 414), (500, 414), (5000, 414), (10000, 414)):
            for path in ("/", "/api/session", "/assets/app.js"):
                answer = anna.get(f"{path}?{'&'.join('a' * n)}")
                self.assertEqual(answer.status, status, n)
        self.assertEqual(answer.json["error"]["code"], "too_large")
        self.assertEqual(anna.get("/api/session").status, 200)


class Tls(ReviewCase):
    def setUp(self):
        super().setUp()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", self.path("k.pem"), "-out", self.path("c.pem"), "-days", "2", "-subj",
                        "/CN=localhost"], check=True, capture_output=True)
        self.server = self.serve("--reviewer", "anna", "--cert", "c.pem", "--key", "k.pem")

    def context(self, versions=None, ciphers=None):
        context = ssl.create_default_context(cafile=self.path("c.pem"))
        context.check_hostname = False
        if versions:
            context.minimum_version = context.maximum_version = versions
        if ciphers:
            context.set_ciphers(ciphers)
        return context

    def shake_hands(self, context):
        """The cipher that was agreed upon; None: none was."""
        try:
            with socket.create_connection(("127.0.0.1", self.server.port)) as s, context.wrap_socket(s) as t:
                return t.cipher()[0]
        except OSError:
            return None

    def test_old_versions_and_ciphers_are_refused(self):
        strong = {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"}
        two = ssl.TLSVersion.TLSv1_2
        all_ciphers = [c["name"] for c in self.context(two, "ALL:@SECLEVEL=0").get_ciphers()
                       if c["protocol"] != "TLSv1.3"]
        self.assertGreater(len(all_ciphers), 20)
        taken = {c for c in all_ciphers if self.shake_hands(self.context(two, c + ":@SECLEVEL=0"))}
        self.assertEqual(taken, strong)
        self.assertIsNotNone(self.shake_hands(self.context(ssl.TLSVersion.TLSv1_3)))
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            self.assertIsNone(self.shake_hands(self.context(version, "ALL:@SECLEVEL=0")))

    def test_handshakes_that_do_not_end_are_ended(self):
        start, held = time.monotonic(), []
        for i in range(1200):
            s = socket.create_connection(("127.0.0.1", self.server.port), timeout=20)
            self.addCleanup(s.close)
            s.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[:i % 12])  # a handshake's beginning
            held.append(s)
        anna = self.browse(self.server, wrap=self.context().wrap_socket)
        self.assertEqual(anna.get("/api/session").status, 200)
        self.assertLess(time.monotonic() - start, 5)
        for s in held:
            self.assertEqual(s.recv(100), b"")
        self.assertLess(time.monotonic() - start, 15)


if __name__ == "__main__":
    harness.main()
