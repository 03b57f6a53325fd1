#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""annotate where a server refuses: from the first request on, or one picture of many; TLS; words that it says."""
import json
import os
import ssl
import subprocess
import time

from fault_proxy import Proxy
from harness import main
from test_faults import ALL, KEY, Faults, slow
from test_server import sure


class Tls(Faults):
    def certificate(self, name):
        """A self-signed certificate for such a name: (its file, that of its key)."""
        os.makedirs(self.dir, exist_ok=True)
        files = self.path("cert.pem"), self.path("cert.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={name}",
                        "-out", files[0], "-keyout", files[1]], check=True, stderr=subprocess.DEVNULL)
        return files

    def secured(self, name, pictures=6):
        chat, plain, names = self.behind(pictures=pictures)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate(name))
        proxy = Proxy(plain.target, context=context)
        self.addCleanup(proxy.stop)
        self.project(proxy.url, len(names), more=", api_key_env: THE_KEY")
        return chat, proxy, names

    def test_a_certificate_that_nobody_vouches_for(self):
        chat, proxy, _ = self.secured("IP:127.0.0.1")
        self.assert_one_message(self.ask(code=1), "the server's certificate is not trusted", proxy.url,
                                "SSL_CERT_FILE")
        self.assertEqual(chat.n, 0)

    def test_a_certificate_of_somebody_else(self):
        chat, proxy, _ = self.secured("DNS:somebody.example")
        self.assert_one_message(self.ask(code=1, SSL_CERT_FILE=self.path("cert.pem")),
                                "the server's certificate is not trusted", proxy.url)
        self.assertEqual(chat.n, 0)

    def test_a_certificate_that_is_vouched_for(self):
        chat, proxy, names = self.secured("IP:127.0.0.1")
        ran = self.ask(SSL_CERT_FILE=self.path("cert.pem"))
        self.assertEqual(ran.json["usage"]["requests"], proxy.requests)
        self.assert_whole(names, chat)
        os.unlink(self.path("assent.db"))
        self.assert_one_message(self.ask(code=1, SSL_CERT_FILE=self.path("none.pem")), "none.pem")

    def test_http_where_https_is_asked_and_the_other_way_round(self):
        chat, proxy, names = self.behind()
        self.project(proxy.url.replace("http:", "https:"), len(names), more=", api_key_env: THE_KEY")
        self.assert_one_message(self.ask(code=1), "no TLS with the server", "plain http")
        chat, proxy, names = self.secured("IP:127.0.0.1", 1)
        self.project(proxy.url.replace("https:", "http:"), len(names), more=", api_key_env: THE_KEY")
        self.assert_one_message(self.ask(code=1), "https?", proxy.url.replace("https:", "http:"))
        self.assertEqual(chat.n, 0)


def said(message, status=400):
    return status, {}, json.dumps({"error": {"message": message}}).encode()


class Bad(Faults):
    """What a server refuses for good, from the first request on or one picture of."""

    def of_picture(self, wanted, answer):
        """A server's trouble with the wanted-th picture that it is asked about."""
        pictures = []

        def trouble(n, request):
            picture = request["messages"][-1]["content"][0]["image_url"]["url"]
            if picture not in pictures:
                pictures.append(picture)
            return answer if pictures.index(picture) == wanted else None
        return trouble

    def test_what_is_refused_from_the_start(self):
        for answer, most, says in (
                (said("The model `Qwen3-VL` does not exist.", 404), 1, ["Qwen3-VL", "/v1/models"]),
                (said("At most 0 image(s) may be provided: not a multimodal model"), 3, ["At most 0", "see pictures"]),
                (said("image input is not supported"), 3, ["image input is not supported", "see pictures"]),
                (said("maximum context length is 512 tokens"), 3, ["512 tokens", "max_pixels"]),
                ((413, {"Content-Type": "text/html"}, b"<h1>413 Request Entity Too Large</h1>"), 3,
                 ["413", "the picture is too large", "max_pixels"]),
                ((200, {}, b'{"choices": []}'), 2, ["this is no chat completion", "protocol"]),
                (said("out of memory", 200), 2, ["this is no chat completion", "out of memory"]),
                ((200, {}, b'{"choices": [], "choices": []}'), 2, ["the answer", "protocol"]),
                ((200, {}, b'{"choices": [{"message": {"content": "x"}, "logprobs": {"content": [{"top_logprobs":'
                  b' [{"token": "Yes", "logprob": NaN}]}]}}]}'), 2, ["the answer", "protocol"]),
                ((204, {}, b""), 1, ["this is no answer"])):
            with self.subTest(answer=answer):
                chat, proxy, _ = self.behind(trouble=lambda n, request, a=answer: a)
                self.assert_one_message(self.ask(code=1), proxy.url, *says)
                self.assertLessEqual(proxy.requests, most)
                self.assertEqual(self.cells(), 0)  # nothing has to be asked again
                if ALL or answer[0] == 413:
                    chat.trouble = lambda n, request: None
                    self.assertEqual(self.ask().json["images"], 6)

    def test_a_key_that_is_not_accepted_is_said_once(self):
        for wanted in (1, 9):  # from the start; or withdrawn meanwhile
            with self.subTest(wanted=wanted):
                _, proxy, _ = self.behind(trouble=lambda n, request, w=wanted: said(f"no key {KEY}", 401)
                                          if n >= w else None, more=", concurrency: 1")
                self.assert_one_message(self.ask(code=1), "the key is not accepted", proxy.url, "api_key_env")
                self.assertEqual(proxy.requests, wanted)

    def test_redirects_are_not_followed(self):
        for n_first in (1, 7):
            with self.subTest(first=n_first):
                other = self.chat()
                elsewhere = 307, {"Location": other.url + "/chat/completions"}, b""
                _, proxy, names = self.behind(trouble=lambda n, request, f=n_first, e=elsewhere: e if n == f else None)
                ran = self.ask(code=1 if n_first == 1 else 3)
                self.assert_one_message(ran, "a redirect, which is not followed", proxy.url)
                self.assertEqual(other.n, 0)
                self.assertEqual(proxy.requests, 1 if n_first == 1 else 4 * len(names))

    def test_one_picture_that_is_refused(self):
        """The first is no other case than one in the middle, and once it is taken nothing is left of it."""
        for wanted in (0, 2):
            for answer in (said("image too large: at most 100 pixels"), (413, {}, b""), said("context length exceeded"),
                           said("CUDA error", 500)):
                with self.subTest(wanted=wanted, answer=answer):
                    if not ALL and (wanted, answer[0]) not in ((0, 413), (2, 400)):
                        continue
                    chat, proxy, names = self.behind(trouble=self.of_picture(wanted, answer), pictures=5)
                    ran = self.ask(code=3)
                    self.assertEqual((ran.json["images"], ran.json["errors"]), (4, 1))
                    self.assertEqual(ran.json["usage"]["requests"], proxy.requests)
                    self.assert_one_message(ran, *([] if answer[0] == 500 else ["max_pixels"]), proxy.url)
                    given = self.given()
                    self.assertEqual({len(v) for v in given.values()}, {1})
                    self.assertEqual(sum(v == [-5] for v in given.values()), 4)
                    chat.trouble = lambda n, request: None
                    self.ask("--retry-errors")
                    self.assertEqual(self.without_runs(self.rows()), self.right(names, chat))

    def test_the_only_picture(self):
        _, proxy, _ = self.behind(trouble=lambda n, request: said("image too large"), pictures=1)
        self.assert_one_message(self.ask(code=1), "image too large", "max_pixels")
        self.assertEqual((proxy.requests, self.cells()), (1, 0))

    def test_what_is_wrong_with_the_time_it_may_take(self):
        for timeout, says in (("0", "1 to 86400, in seconds"), ("86401", "1 to 86400, in seconds"),
                              ("1.5", "whole number"), ("soon", "whole number")):
            self.behind(more=f", timeout: {timeout}")
            self.assert_one_message(self.ask(code=1), "assent.yaml:", says)

    def test_words_that_reach_the_terminal(self):
        """They are the server's: no control characters, nothing endless, and UTF-8."""
        for words in ("\x1b[2J\x07\r\n", "x" * 100000, "\u202e\u0000"):
            with self.subTest(words=words[:9]):
                self.behind(trouble=lambda n, request, w=words: said(w))
                ran = self.ask(code=1)
                self.assert_one_message(ran)
                self.assertLess(len(ran.err), 1500)
                self.assertFalse([c for c in ran.err if ord(c) < 32 and c != "\n"])
        self.behind(trouble=lambda n, request: (400, {"Content-Type": "text/plain"}, b"\xff\xfe\x00\x1b[31m"))
        self.assertNotIn("\x1b", self.ask(code=1).err)

    @slow
    def test_a_server_that_is_gone_for_long(self):
        _, proxy, _ = self.behind(pictures=40, answer=lambda q, p: time.sleep(0.02) or sure(q, p))
        run = self.begin()
        self.wait_for(lambda: proxy.requests > 12)
        proxy.stop()
        _, err = run.communicate(timeout=200)
        self.assertEqual(run.returncode, 1)
        self.assertIn("Connection refused", err)
        self.assertIn("nothing was answered for", err)
        self.assertIn("goes on where it stopped", err)

    @slow
    def test_a_server_that_is_broken_for_long(self):
        for wanted in (1, 10):
            _, proxy, _ = self.behind(lambda n, w=wanted: "broken" if n >= w else None)
            err = self.ask(code=1).err  # a picture may have been tried six times by then: that is said, too
            self.assertEqual(err.count("assent: "), 1, err)
            self.assertIn("CUDA error", err.split("assent: ")[1])
            self.assertIn(proxy.url, err.split("assent: ")[1])
            self.assertLess(proxy.requests, 40)


if __name__ == "__main__":
    main()
