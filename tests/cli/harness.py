# SPDX-License-Identifier: MIT
"""Runs the program in a throw-away folder, and prints unittest's results as TAP. Serves reviews too.

ASSENT names the program, ASSENT_STUDY the study's folder (tests/meson.build sets both).
"""
import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
ASSENT = os.path.abspath(os.environ.get("ASSENT", os.path.join(ROOT, "build-test", "assent")))
FACES = os.path.join(ROOT, "examples", "faces")
STUDY = os.environ.get("ASSENT_STUDY", os.path.join(ROOT, "examples", "study"))


class Result:
    """What one run of the program gave."""

    def __init__(self, ran):
        self.code, self.out, self.err = ran.returncode, ran.stdout, ran.stderr

    @property
    def json(self):
        return json.loads(self.out)


class Server:
    """A review that is being served: its process, and the links that it printed. files: how many it may open."""

    command = "review"
    said = ""

    def __init__(self, folder, *args, port=0, files=None, **environment):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(64, files), files))
        self.process = subprocess.Popen(
            [ASSENT, self.command, "--listen", f"127.0.0.1:{port}", *args, "--json"], cwd=folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environment},
            preexec_fn=limit if files else None)
        try:
            text = ""
            while True:  # the document's last line is its closing brace
                line = self.process.stdout.readline()
                text += line
                if line in ("}\n", ""):
                    break
            self.links = json.loads(text)
        except ValueError:
            self.process.kill()
            raise AssertionError(self.process.communicate()[1]) from None
        self.port = int(self.links["address"].rsplit(":", 1)[1])

    def stop(self, how=signal.SIGINT):
        """Ends the server and returns its exit code; said: its standard error."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.said = self.process.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return self.process.returncode


class Answer:
    """What the server sent: status, headers (names in lower case), body."""

    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            self.headers[name.lower()] = value.strip()
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)


class Browser:
    """One browser: a connection, a cookie, the token for writes. Keeps every byte it was sent."""

    def __init__(self, port, link=None, wrap=None):
        self.port, self.wrap = port, wrap
        self.cookie = self.csrf = self.info = None
        self.seen = bytearray()
        self.socket = None
        if link:
            self.open(link)

    def open(self, link):
        answer = self.post("/api/session", {"token": link.split("#", 1)[1]})
        if answer.status != 200:
            raise AssertionError(f"{answer.status} {answer.body}")
        self.cookie = answer.headers["set-cookie"].split(";", 1)[0]
        self.info = answer.json
        self.csrf = self.info["csrf"]

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def receive(self):
        buffer = b""
        while b"\r\n\r\n" not in buffer:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError("the server closed the connection")
            buffer += piece
        head, body = buffer.split(b"\r\n\r\n", 1)
        answer = Answer(head, body)
        while len(answer.body) < int(answer.headers.get("content-length", 0)):
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError("the server closed the connection")
            answer.body += piece
        self.seen += head + b"\r\n\r\n" + answer.body
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def raw(self, data):
        """Sends bytes as they are."""
        if not self.socket:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=20)
            if self.wrap:
                self.socket = self.wrap(self.socket)
        self.socket.sendall(data)
        return self.receive()

    def call(self, method, path, body=None, **headers):
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = {"Host": f"127.0.0.1:{self.port}", "Content-Length": str(len(data))}
        if self.cookie:
            lines["Cookie"] = self.cookie
        if self.csrf:
            lines["X-CSRF"] = self.csrf
        lines.update({k.replace("_", "-"): v for k, v in headers.items()})
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v)
        return self.raw(head.encode() + b"\r\n" + data)

    def get(self, path, **headers):
        return self.call("GET", path, **headers)

    def post(self, path, body, **headers):
        return self.call("POST", path, body, **headers)

    def take(self, want=4, mode="single", tab="tab-0001", **more):
        return self.post("/api/take", {"tab": tab, "mode": mode, "want": want, **more}).json

    def answer(self, key, item, value=1, mode="single", seconds=2.0, tab="tab-0001", **more):
        """Answers one item with a value, or with what `value` says in whole."""
        given = value if isinstance(value, dict) else {"kind": "value", "value": value}
        return self.post("/api/answer", {"tab": tab, "key": key, "mode": mode, "seconds": seconds,
                                         "answers": [{"item": item, **given}], **more})


class Case(unittest.TestCase):
    """A test with a folder of its own, self.dir, in which the program runs."""

    maxDiff = 2000

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="assent-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        """Writes a text, or bytes, and returns the file's name."""
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return name

    def read(self, name):
        with open(self.path(name), encoding="utf-8", newline="") as f:
            return f.read()

    def run_assent(self, *args, code=0, **options):
        """Runs the program and checks its exit code, one or several."""
        ran = subprocess.run([ASSENT, *args], text=True, check=False, timeout=120, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, **{"cwd": self.dir, **options})
        self.assertIn(ran.returncode, code if isinstance(code, tuple) else (code,),
                      f"assent {' '.join(args)}\n{ran.stdout}{ran.stderr}")
        return Result(ran)

    def json(self, *args):
        return self.run_assent(*args, "--json").json

    def task(self, text):
        """Makes self.dir a project that asks these questions (a YAML list), with rules if any."""
        self.write("assent.yaml", f"name: test\nquestions:\n{text}")

    def labels(self, annotator, folder="."):
        """{(image, question): value or the reason of an abstention}, as export jsonl has them."""
        out = self.run_assent("-C", folder, "-q", "export", "-", "-f", "jsonl", "-a", annotator).out
        rows = [json.loads(line) for line in out.splitlines()]
        return {(r["image"], r["question"]): r["value"] or f"({r['reason']})" for r in rows}

    def serve(self, *args, folder=".", **more):
        """A review of this folder, ended with the test."""
        server = Server(os.path.join(self.dir, folder), *args, **more)
        self.addCleanup(server.stop, signal.SIGKILL)
        return server

    def browse(self, server, link=None, **more):
        """A browser, by the reviewer's link unless another is given."""
        browser = Browser(server.port, link or server.links["reviewer"], **more)
        self.addCleanup(browser.close)
        return browser

    def dump(self, folder="."):
        """All that the database holds, as text; None where there is none."""
        path = os.path.join(self.dir, folder, "assent.db")
        if not os.path.exists(path):
            return None
        db = sqlite3.connect(path)
        try:
            return "\n".join(db.iterdump())
        finally:
            db.close()

    def fails(self, *args, code=1, says=(), **options):
        """The run fails with one message that holds every text of `says`, prints nothing on stdout, and the
        database holds what it held."""
        before = self.dump()
        ran = self.run_assent(*args, code=code, **options)
        self.assertEqual(ran.out, "")
        self.assertEqual(ran.err.count("assent: "), 1, ran.err)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, ran.err)
        self.assertEqual(self.dump() or "", before or self.dump() or "")
        return ran


class TapResult(unittest.TestResult):
    """Prints a line a test."""

    def startTestRun(self):
        self.count = 0

    def line(self, good, test, note="", details=""):
        self.count += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {test.id().split('.', 1)[1]}{note}")
        for text in details.splitlines():
            print(f"# {text}")
        sys.stdout.flush()

    def addSuccess(self, test):
        self.line(True, test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line(False, test, details=self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.line(False, test, details=self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self.line(False, subtest, details=(self.failures or self.errors)[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line(True, test, f" # SKIP {reason}")


def main():
    names = [f"{key}.{n}" for key, value in vars(sys.modules["__main__"]).items()
             if isinstance(value, type) and issubclass(value, Case) and value is not Case
             for n in unittest.TestLoader().getTestCaseNames(value)]
    wanted = [n for n in names if len(sys.argv) < 2 or any(a in n for a in sys.argv[1:])]
    suite = unittest.TestLoader().loadTestsFromNames(wanted, sys.modules["__main__"])
    result = TapResult()
    result.startTestRun()
    suite.run(result)
    print(f"1..{result.count}")
    sys.exit(0 if result.wasSuccessful() else 1)
