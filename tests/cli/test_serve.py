#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""serve, with the demo's model: its answers are ask's; what is refused; who may ask; turns; a stop under load."""
import base64
import json
import os
import random
import re
import shlex
import signal
import socket
import ssl
import subprocess
import threading
import time

import harness
from harness import FACES, ROOT, Browser, Case

ALL = os.environ.get("ASSENT_TEST_ALL")
MODEL = os.path.join(FACES, "model")
PICTURE = os.path.join(FACES, "images", "face_0001.jpg")
CAT = "Is it a cat? Answer with only yes or no."
HAT = "Is this person wearing a hat?"
HAIR = "Which colour does the hair have?"
TOKEN = "0123456789abcdef0123456789abcdef"
WAITING = 64  # requests that may wait


def picture():
    with open(PICTURE, "rb") as f:
        return base64.b64encode(f.read()).decode()


URL = "data:image/jpeg;base64," + picture()


def systemone(questions, **more):
    return {"images": [URL], "questions": questions, **more}


def decisions(*questions, content=None, **more):
    content = content or [{"type": "input_image", "image_url": URL}]
    return {"input": [{"role": "user", "content": content}], "questions": list(questions), **more}


def noul(text=CAT):
    return {"type": "noul", "instructions": text}


def predicate(text=CAT):
    return {"type": "predicate", "instructions": text}


def slow(words=0):
    """Keeps the engine busy for a while, with more words for longer."""
    return decisions(*(predicate(f"Number {n}: {'word ' * words}{CAT}") for n in range(400)))


def digits(x):
    """As ask prints it."""
    return float(f"{x:.12g}")


class Engine(harness.Server):
    command = "serve"

    def __init__(self, folder, *args, **more):
        super().__init__(folder, "--model", MODEL, *args, **more)


class Sent(Browser):
    """A request that was sent, from any address of this machine; receive() waits for its answer."""

    def __init__(self, port, path, body, source="127.0.0.1"):
        super().__init__(port)
        data = json.dumps(body).encode()
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(source, 0))
        self.socket.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(data)}\r\n\r\n"
                            .encode() + data)


class ServeCase(Case):
    def engine(self, *args, **more):
        engine = Engine(self.dir, *args, **more)
        self.addCleanup(engine.stop, signal.SIGKILL)
        return engine

    def client(self, engine, **more):
        client = Browser(engine.port, **more)
        self.addCleanup(client.close)
        return client

    def send(self, engine, path, body, **more):
        sent = Sent(engine.port, path, body, **more)
        self.addCleanup(sent.close)
        return sent


class Serve(ServeCase):
    def setUp(self):
        super().setUp()
        self.server = self.engine()
        self.http = self.client(self.server)

    def ask(self, *args):
        return self.json("ask", "--model", MODEL, PICTURE, *args)["results"][0]["answers"]

    def answers(self, path, body):
        answer = self.http.post(path, body)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def refused(self, path, body, status, says):
        answer = self.http.post(path, body)
        self.assertEqual(answer.status, status, answer.body)
        self.assertIn(says, answer.json["error"]["message"])

    def test_yes_and_no_are_those_of_ask(self):
        asked = self.ask("-Q", CAT, "-Q", HAT)
        got = self.answers("/v1/systemone", systemone({"cat": noul(), "hat": noul(HAT)}))
        self.assertEqual(got["model"], "model")
        self.assertEqual(list(got["answers"]), ["cat", "hat"])
        other = self.answers("/v1/decisions", decisions({**predicate(), "name": "cat"}, predicate(HAT)))
        self.assertEqual([a["name"] for a in other["answers"]], ["cat", None])
        for name, mine, a in zip(("cat", "hat"), other["answers"], asked):
            self.assertEqual(digits(got["answers"][name]["noul"]), a["score"])
            self.assertEqual(digits(got["diagnostics"][name]["label_mass"]), a["mass"])
            self.assertEqual(digits(mine["probability"]), a["score"])
            self.assertEqual(mine["probability"], got["answers"][name]["noul"])
            self.assertEqual(mine["mass"], got["diagnostics"][name]["label_mass"])

    def test_choices_are_those_of_ask(self):
        hues = ["black", "blond", "brown"]
        for formatted, args in (({}, ()), ({"format": "letters"}, ("--letters",))):
            asked, = self.ask("-Q", HAIR, "-o", ",".join(hues), *args)
            got = self.answers("/v1/systemone", systemone(
                {"hair": {"type": "choice", "instructions": HAIR, "criteria": dict.fromkeys(hues), **formatted}}))
            answer = got["answers"]["hair"]
            self.assertEqual(answer["choice"], "blond")
            self.assertEqual(list(answer["probabilities"]), hues)
            self.assertEqual(digits(answer["probabilities"]["blond"]), asked["score"])
            self.assertEqual(digits(got["diagnostics"]["hair"]["label_mass"]), asked["mass"])
            other, = self.answers("/v1/decisions", decisions(
                {"type": "choice", "instructions": HAIR, "choices": [{"value": h} for h in hues], **formatted}))["answers"]
            self.assertEqual({p["value"]: p["probability"] for p in other["probabilities"]}, answer["probabilities"])
            self.assertEqual((other["choice"], other["confidence"]), ("blond", answer["confidence"]))

    def test_scores_and_usage(self):
        levels = ["black", "brown", "blond"]
        one = self.answers("/v1/systemone", systemone({"s": {"type": "score", "instructions": HAIR, "criteria": levels}}))
        two = self.answers("/v1/decisions", decisions(
            {"type": "score", "instructions": HAIR, "levels": [{"label": level} for level in levels]}))
        answer, other = one["answers"]["s"], two["answers"][0]
        self.assertEqual(answer["legend"], dict(zip("012", levels)))
        self.assertEqual(answer["score"], sum(int(k) * p for k, p in answer["probabilities"].items()))
        self.assertEqual((other["score"], other["confidence"]), (answer["score"], answer["confidence"]))
        self.assertEqual([(p["label"], p["value"]) for p in other["probabilities"]], [*zip(levels, range(3))])
        self.assertEqual(one["usage"], {"input_tokens": two["usage"]["input_tokens"], "output_tokens": 0})
        self.assertEqual(two["usage"]["total_tokens"], two["usage"]["input_tokens"])
        self.assertGreater(two["usage"]["input_tokens"], 50)

    def test_an_asset_is_an_image(self):
        asset = {"p": {"type": "image", "format": "jpg", "data_base64": picture()}}
        want = self.answers("/v1/systemone", systemone({"q": noul()}))
        for state in ("p", {"photo": "p"}, [" p\n"]):
            self.assertEqual(self.answers("/v1/systemone", {"state": state, "assets": asset, "questions": {"q": noul()}}), want)

    def test_what_is_refused(self):
        two = [URL, URL]
        for path, body, status, says in (
                ("/v1/systemone", systemone({"q": noul()}, images=two), 422, "images[1]: a second picture"),
                ("/v1/systemone", systemone({"q": noul()}, joint=False), 422, "got joint"),
                ("/v1/systemone", systemone({"q": noul()}, model="other"), 404, "got other, expected model"),
                ("/v1/systemone", systemone({"q": noul()}, images=["data:;base64,AAAA"]), 400, "images[0]: "),
                ("/v1/systemone", systemone({"q": noul()}, images=["https://x.org/a.png"]), 422, "fetches nothing"),
                ("/v1/systemone", systemone({str(n): noul() for n in range(65)}), 413, "too many questions: got 65"),
                ("/v1/systemone", systemone({"q": noul("word " * 9000)}), 400, "too long for the model"),
                ("/v1/systemone", systemone({"q": noul("x" + "é" * 90 + "<image>")}), 400, "a control token"),
                ("/v1/systemone", systemone({"q": noul("word " * 20000)}), 413, "a question is too long"),
                ("/v1/systemone", b"{\"images\": ", 400, "not valid JSON"),
                ("/v1/systemone", b"[" + b"0," * 100000 + b"0]", 413, "too many values: got 100001"),
                ("/v1/decisions", decisions(), 400, "one question or more"),
                ("/v1/decisions", decisions(predicate(), temperature=0), 400, "got temperature"),
                ("/v1/decisions", decisions(predicate(), content=[{"type": "input_text", "text": "x"}]), 400, "input_image"),
                ("/v1/decisions", slow(words=50), 413, "the request is too long"),
                ("/v1/decisions", decisions(*[predicate()] * 401), 413, "too many questions: got 401")):
            self.refused(path, body, status, says)
        answer = self.http.call("POST", "/v1/systemone", Content_Length=str((24 << 20) + 1))
        self.assertEqual(answer.status, 413)
        self.assertEqual(self.http.get("/v1/systemone").status, 405)
        self.assertEqual(self.http.get("/v1/models", Host="evil.example").status, 421)
        self.assertEqual(self.http.post("/v1/systemone", {}, Origin="http://evil.example").status, 403)

    def test_models_and_health(self):
        self.assertEqual([m["id"] for m in self.http.get("/v1/models").json["data"]], ["model"])
        answer = self.http.get("/health")
        self.assertEqual((answer.status, answer.json), (200, {"status": "ok"}))
        self.assertFalse([h for h in answer.headers if h.startswith("access-control") or h == "set-cookie"])
        self.assertEqual(self.server.stop(), 0)

    def test_the_documents_examples(self):
        with open(os.path.join(ROOT, "docs", "serve.md"), encoding="utf-8") as f:
            blocks = re.findall(r"^    (curl(?:.|\n    )*)", f.read(), re.M)
        self.assertGreaterEqual(len(blocks), 3)
        for block in blocks:
            script = block.replace("127.0.0.1:8322", f"127.0.0.1:{self.server.port}").replace("\n    ", "\n")
            ran = subprocess.run(["bash", "-c", script], cwd=ROOT, text=True, capture_output=True, check=True)
            self.assertNotIn("error", json.loads(ran.stdout), shlex.quote(script))


class Doors(ServeCase):
    def test_a_token_is_asked_for(self):
        self.write("token", TOKEN + "\n")
        server = self.engine("--token-file", "token")
        client = self.client(server)
        self.assertEqual(client.get("/health").status, 200)
        for given in ({}, {"Authorization": "Bearer " + TOKEN[:-1]}, {"Authorization": "Bearer " + TOKEN + "0"},
                      {"Authorization": TOKEN}, {"Authorization": "Basic " + TOKEN}):
            answer = client.get("/v1/models", **given)
            self.assertEqual((answer.status, answer.headers["www-authenticate"]), (401, "Bearer"), given)
            self.assertEqual(client.post("/v1/systemone", systemone({"q": noul()}), **given).status, 401)
        self.assertEqual(client.get("/v1/models", Authorization="bearer " + TOKEN).status, 200)
        self.assertEqual(client.post("/v1/systemone", systemone({"q": noul()}), Authorization="Bearer " + TOKEN).status, 200)

    def test_a_token_that_is_none(self):
        for text in ("", "short", "with a space in it, long", "x" * 2000):
            self.write("token", text)
            self.fails("serve", "--model", MODEL, "--listen", "127.0.0.1:0", "--token-file", "token", says="token")

    def test_other_machines_need_a_token_and_tls(self):
        self.write("token", TOKEN)
        token, cert = ["--token-file", "token"], ["--cert", "c", "--key", "k"]
        for args, says in ((["--listen", "0.0.0.0:0"], "--token-file"), (["--listen", "0.0.0.0:0", *cert], "--token-file"),
                           (["--listen", "0.0.0.0:0", *token], "--cert"), (["--public-url", "https://x.org"], "--token-file"),
                           (["--public-url", "x.org", *token], "https://HOST"), (["--cert", "c"], "go together"),
                           (["--listen", "nowhere"], "HOST:PORT"), (["--public-url", "https://x.org", "--name", "x"], "--name")):
            self.assertIn(says, self.run_assent("serve", "--model", MODEL, *args, code=2).err)
        self.assertIn("--model", self.run_assent("serve", code=2).err)

    def test_tls(self):
        self.write("token", TOKEN)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", "k.pem", "-out", "c.pem"], cwd=self.dir, check=True, capture_output=True)
        server = self.engine("--cert", "c.pem", "--key", "k.pem", "--token-file", "token")
        self.assertTrue(server.links["address"].startswith("https://"))
        context = ssl.create_default_context(cafile=self.path("c.pem"))
        client = self.client(server, wrap=lambda s: context.wrap_socket(s, server_hostname="localhost"))
        self.assertEqual(client.post("/v1/decisions", decisions(predicate()), Authorization="Bearer " + TOKEN).status, 200)
        self.assertEqual(client.post("/v1/decisions", decisions(predicate())).status, 401)


class Turns(ServeCase):
    def setUp(self):
        super().setUp()
        self.server = self.engine()

    def test_clients_take_turns(self):
        many = [self.send(self.server, "/v1/decisions", slow()) for _ in range(6)]
        time.sleep(0.2)
        one = self.send(self.server, "/v1/decisions", slow(), source="127.0.0.2")
        ended = {}

        def wait(name, sent):
            self.assertEqual(sent.receive().status, 200)
            ended[name] = time.monotonic()
        threads = [threading.Thread(target=wait, args=(n, s)) for n, s in [("one", one), *enumerate(many)]]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        order = sorted(ended, key=ended.get)
        self.assertLess(order.index("one"), 4, order)

    def test_a_full_line_and_clients_that_leave_it(self):
        one = self.seconds_of(slow())
        waiting = [self.send(self.server, "/v1/decisions", slow()) for _ in range(WAITING + 20)]
        refused = self.until_refused(waiting)
        self.assertGreater(int(refused.headers["retry-after"]), 0)
        self.assertIn("too many", refused.json["error"]["message"])
        other = self.send(self.server, "/v1/decisions", decisions(predicate()), source="127.0.0.2")
        self.assertEqual(other.receive().status, 200)  # somebody else finds a place
        for sent in waiting:
            sent.close()
        self.assertLess(self.seconds_of(decisions(predicate())), one * WAITING / 4)  # not after all of them
        self.assertEqual(self.server.stop(), 0)

    def test_who_leaves_frees_the_engine(self):
        """A pass that has begun is ended: the next client waits for a part of it at most."""
        long = self.seconds_of(slow(words=20))
        waits = []
        for _ in range(5):
            sent = self.send(self.server, "/v1/decisions", slow(words=20))
            time.sleep(0.3 * long)
            sent.close()
            waits.append(self.seconds_of(decisions(predicate())))
        self.assertLess(min(waits), 0.3 * long, (long, waits))
        self.assertEqual(self.server.stop(), 0)

    def seconds_of(self, body):
        """Until it is answered, asked again while it is refused."""
        began = time.monotonic()
        while self.send(self.server, "/v1/decisions", body).receive().status != 200:
            pass
        return time.monotonic() - began

    def until_refused(self, waiting):
        """The refusal that one of them gets."""
        for sent in reversed(waiting):
            sent.socket.settimeout(1)
            try:
                answer = sent.receive()
            except TimeoutError:
                continue
            if answer.status == 429:
                return answer
        return self.fail("nobody was refused")


class Stop(ServeCase):
    def load(self, port, seen, failures):
        body = decisions(*(predicate(f"{n}: {CAT}") for n in range(random.randrange(1, 60))))
        try:
            while True:
                sent = Sent(port, "/v1/decisions", body)
                if random.random() < 0.2:
                    sent.close()
                    continue
                seen.add(sent.receive().status)
                sent.close()
        except OSError:  # it is gone
            pass
        except Exception as e:  # pylint: disable=broad-except
            failures.append(repr(e))

    def stop_under_load(self, n):
        server, seen, failures = self.engine(), set(), []
        threads = [threading.Thread(target=self.load, args=(server.port, seen, failures)) for _ in range(12)]
        for t in threads:
            t.start()
        time.sleep(random.uniform(0.3, 1))
        server.process.send_signal([signal.SIGINT, signal.SIGTERM, signal.SIGHUP][n % 3])
        said = server.process.communicate(timeout=60)[1]
        for t in threads:
            t.join()
        self.assertEqual((server.process.returncode, failures), (0, []), said)
        for word in ("assent: ", "Sanitizer"):
            self.assertNotIn(word, said)
        self.assertLessEqual(seen, {200, 429, 503})
        self.assertIn(200, seen)

    def test_stopped_under_load(self):
        random.seed(int(os.environ.get("ASSENT_SEED", "1")))
        for n in range(30 if ALL else 4):
            self.stop_under_load(n)

    def test_what_the_engine_is_at_is_answered(self):
        server = self.engine()
        first = self.send(server, "/v1/decisions", slow(words=20))
        time.sleep(0.1)
        second = self.send(server, "/v1/decisions", slow())
        server.process.send_signal(signal.SIGTERM)
        while self.client(server).get("/health").status == 200:
            pass
        self.assertEqual((first.receive().status, second.receive().status), (200, 503))
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    harness.main()
