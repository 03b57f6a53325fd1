# SPDX-License-Identifier: MIT
"""A proxy on loopback between the program and a server, which deals faults by a plan and counts what went through.

A fault is a function of this file in FAULTS: it is given the connection and a request whose head has arrived, and
returns whether the connection goes on. What a fault sends in place of an answer repeats the request's key where
that is text, as some servers do: it must be found nowhere afterwards.
"""
import gzip
import http.client
import json
import os
import random
import select
import socket
import struct
import threading
import time
import zlib

FAULTS = {}
GIB = 1 << 30


class Gone(Exception):
    """The other side closed the connection, or the proxy is being stopped."""


class Request:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = lines[0].split()
        self.headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        self.length = int(self.headers.get("Content-Length", 0))
        self.key = self.headers.get("Authorization", "")
        self.body = b""


class Connection:
    """From the program to the proxy: reads requests, and sends what it is told to."""

    def __init__(self, proxy, sock):
        self.proxy, self.socket, self.buffer, self.upstream = proxy, sock, b"", None
        self.random = random.Random(proxy.random.random())

    def more(self):
        try:
            piece = self.socket.recv(1 << 18)
        except OSError:
            piece = b""
        if not piece:
            raise Gone
        self.buffer += piece

    def head(self):
        while b"\r\n\r\n" not in self.buffer:
            self.more()
            if self.buffer[0] == 0x16:  # TLS, where none is spoken
                self.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                raise Gone
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        return Request(head)

    def body(self, request, share=1.0):
        """Reads the request's body, or so much of it; more may have arrived."""
        n = int(request.length * share)
        while len(self.buffer) < n:
            self.more()
        if share == 1.0:
            request.body, self.buffer = self.buffer[:n], self.buffer[n:]
        return request

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            raise Gone from None

    def reset(self):
        """Closes as a process that is killed does."""
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()
        except OSError:
            pass

    def close(self):
        for end in (self.socket, self.upstream):
            if end:
                end.close()

    def gone(self, seconds):
        """Waits until the program has gone away, at most so long: has it?"""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.proxy.stopping:
            if select.select([self.socket], [], [], 0.05)[0]:
                try:
                    if not self.socket.recv(1 << 16):
                        return True
                except OSError:
                    return True
        return False

    def ask(self, request):
        """The server's answer as (status, headers, body)."""
        self.body(request)
        for fresh in (False, True):  # the server may have closed a kept connection
            if not self.upstream or fresh:
                self.upstream = http.client.HTTPConnection("127.0.0.1", self.proxy.target, timeout=60)
            try:
                self.upstream.request(request.method, request.path, request.body, request.headers)
                answer = self.upstream.getresponse()
                whole = answer.status, dict(answer.getheaders()), answer.read()
            except (OSError, http.client.HTTPException):
                self.upstream.close()
                if fresh:
                    raise Gone from None
                continue
            with self.proxy.lock:
                self.proxy.answered += 1
            return whole
        raise Gone

    def say(self, status, headers, body, length=None):
        """Sends an answer's head; length: what it says of its body, where that is not so."""
        said = {**headers, "Content-Length": len(body) if length is None else length}
        self.send(f"HTTP/1.1 {status} {http.client.responses.get(status, '-')}\r\n".encode()
                  + "".join(f"{k}: {v}\r\n" for k, v in said.items()).encode() + b"\r\n")

    def answer(self, status, headers, body):
        self.say(status, headers, body)
        self.send(body)
        return True

    def refuse(self, request, status, headers=None, what="refused"):
        """A server's own error, with the key in it."""
        self.body(request)
        said = json.dumps({"error": {"message": f"{what}: {request.key}"}}).encode()
        return self.answer(status, {"Content-Type": "application/json", **(headers or {})}, said)

    def passes(self, request):
        status, headers, body = self.ask(request)
        return self.answer(status, {"Content-Type": headers["Content-Type"]}, body)


def fault(f):
    FAULTS[f.__name__] = f
    return f


# ---- slow

@fault
def late(c, request):
    time.sleep(c.random.uniform(0.05, 0.4))
    return c.passes(request)


@fault
def drips(c, request):
    """A few bytes at a time, for about half a second."""
    status, headers, body = c.ask(request)
    c.say(status, {"Content-Type": headers["Content-Type"]}, body)
    step = len(body) // 30 + 1
    for at in range(0, len(body), step):
        c.send(body[at:at + step])
        time.sleep(0.015)
    return True


@fault
def drips_for_ever(c, request):
    """A byte every so often: each is progress, and the end is never reached."""
    _, headers, body = c.ask(request)
    c.say(200, {"Content-Type": headers["Content-Type"]}, body, 1 << 20)
    while not c.gone(0.1):
        if c.proxy.stopping:
            return False
        c.send(b" ")
    return False


@fault
def never(c, request):
    """Takes the request, and says nothing until the program goes away."""
    c.body(request)
    c.gone(60)
    return False


# ---- cut

@fault
def cut_request(c, request):
    c.body(request, 0.3)
    c.reset()
    return False


@fault
def unheard(c, request):
    """All of the request arrives, and nothing comes of it."""
    c.body(request)
    return False


@fault
def forgotten(c, request):
    """The server has answered, and its answer is lost."""
    c.ask(request)
    c.reset()
    return False


@fault
def cut_head(c, request):
    c.ask(request)
    c.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Le")
    return False


@fault
def cut_body(c, request):
    status, headers, body = c.ask(request)
    c.say(status, {"Content-Type": headers["Content-Type"]}, body)
    c.send(body[:len(body) // 2])
    return False


@fault
def reset_in_body(c, request):
    cut_body(c, request)
    c.reset()
    return False


@fault
def cut_chunk(c, request):
    _, _, body = c.ask(request)
    c.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    c.send(f"{len(body):x}\r\n".encode() + body[:len(body) // 2])
    return False


@fault
def half_closed(c, request):
    """It sends no more, and would go on to listen."""
    cut_body(c, request)
    c.socket.shutdown(socket.SHUT_WR)
    c.gone(5)
    return False


@fault
def hangs_up(c, request):
    """A whole answer, and the connection is closed without a word: it must not be used again."""
    c.passes(request)
    return False


# ---- other answers than it should

@fault
def truncated(c, request):
    """Half a document whose length is right."""
    status, headers, body = c.ask(request)
    return c.answer(status, {"Content-Type": headers["Content-Type"]}, body[:len(body) // 2] + request.key.encode())


@fault
def too_many(c, request):
    return c.refuse(request, 429, what="slow down")


@fault
def too_many_until(c, request):
    return c.refuse(request, 429, {"Retry-After": "1"}, "slow down")


@fault
def too_many_nonsense(c, request):
    return c.refuse(request, 429, {"Retry-After": "soon"}, "slow down")


@fault
def loading(c, request):
    return c.refuse(request, 503, what="the model is being loaded")


@fault
def broken(c, request):
    return c.refuse(request, 500, what="CUDA error")


@fault
def timed_out(c, request):
    return c.refuse(request, 408, what="too slow")


@fault
def bad_gateway(c, request):
    c.body(request)
    return c.answer(502, {"Content-Type": "text/html"}, f"<html><h1>502</h1>{request.key}</html>".encode())


@fault
def page(c, request):
    """What a captive portal, or a proxy's error page with a status of 200, says."""
    c.body(request)
    return c.answer(200, {"Content-Type": "text/html"}, f"<html>Please sign in. {request.key}</html>".encode())


@fault
def other_type(c, request):
    """The right answer, called something else."""
    status, _, body = c.ask(request)
    return c.answer(status, {"Content-Type": "text/plain"}, body)


@fault
def no_choices(c, request):
    c.body(request)
    return c.answer(200, {"Content-Type": "application/json"}, b'{"choices": []}')


@fault
def error_in_200(c, request):
    return c.refuse(request, 200, what="out of memory")


@fault
def twice(c, request):
    """A key twice: which of the two would count?"""
    _, headers, body = c.ask(request)
    return c.answer(200, {"Content-Type": headers["Content-Type"]}, b'{"choices": [],' + body.lstrip()[1:])


@fault
def not_a_number(c, request):
    c.body(request)
    top = '{"token": "Yes", "logprob": NaN}'
    return c.answer(200, {"Content-Type": "application/json"}, (
        '{"choices": [{"message": {"content": "Yes"}, "logprobs": {"content": [{"token": "Yes", "logprob": NaN,'
        ' "top_logprobs": [%s]}]}}]}' % top).encode())


@fault
def continued(c, request):
    """An interim answer in front."""
    c.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    return c.passes(request)


@fault
def no_http(c, request):
    c.body(request)
    c.send(b"SSH-2.0-OpenSSH_9.2\r\n")
    return False


# ---- large

def pour(c, piece, n):
    """At most so many bytes, until the program has had enough."""
    for _ in range(n // len(piece)):
        if c.proxy.stopping:
            return
        c.send(piece)
        with c.proxy.lock:
            c.proxy.poured += len(piece)


@fault
def large(c, request):
    c.body(request)
    c.say(200, {"Content-Type": "application/json"}, b"", GIB)
    pour(c, b" " * (1 << 16), GIB)
    return False


@fault
def large_chunked(c, request):
    c.body(request)
    c.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    pour(c, b"10000\r\n" + b" " * (1 << 16) + b"\r\n", GIB)
    return False


def bomb():
    """Spaces of 1 GiB, packed: one block that can be repeated, for it is flushed in full."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return gzip.compress(b"")[:10] + block * 1024


@fault
def gzip_bomb(c, request):
    c.body(request)
    return c.answer(200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, bomb())


@fault
def no_gzip(c, request):
    """It says that it is packed, and is not."""
    _, headers, body = c.ask(request)
    return c.answer(200, {"Content-Type": headers["Content-Type"], "Content-Encoding": "gzip"}, body)


@fault
def large_head(c, request):
    c.body(request)
    c.send(b"HTTP/1.1 200 OK\r\n")
    pour(c, b"X-More: " + b"x" * 1000 + b"\r\n", 1 << 20)
    return False


# ---- the proxy

class Proxy:
    """In front of the server at a port of 127.0.0.1. plan(n) -> the fault of the n-th request, from 1 on; None: it
    passes. context: an ssl.SSLContext, where it speaks TLS."""

    def __init__(self, target, plan=lambda n: None, seed=0, context=None):
        self.target, self.plan, self.context = target, plan, context
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.connections, self.requests, self.answered, self.poured = 0, 0, 0, 0
        self.dealt, self.open, self.stopping = [], set(), False
        self.port = 0
        self.start()

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}/v1"

    def start(self):
        """Listens, at the port of before where it was killed."""
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(512)
        self.port = self.listener.getsockname()[1]
        self.stopping = False
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        """As kill -9: whoever is connected is told nothing, and the port is closed."""
        if self.stopping:
            return
        self.stopping = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for connection in list(self.open):
                connection.reset()

    def accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        try:
            sock = self.context.wrap_socket(sock, server_side=True) if self.context else sock
        except OSError:  # the program does not trust it, or speaks no TLS
            sock.close()
            return
        connection = Connection(self, sock)
        with self.lock:
            self.connections += 1
            self.open.add(connection)
        try:
            while self.one(connection):
                pass
        except Gone:
            pass
        finally:
            with self.lock:
                self.open.discard(connection)
            connection.close()

    def one(self, connection):
        request = connection.head()
        with self.lock:
            self.requests += 1
            name = self.plan(self.requests)
            if name:
                self.dealt.append(name)
        return FAULTS[name](connection, request) if name else connection.passes(request)


def shuffled(faults, seed, gap=2):
    """A plan: each of the faults once, some requests apart, by chance."""
    chance = random.Random(seed)
    faults, n, plan = list(faults), 1, {}
    chance.shuffle(faults)
    for name in faults:
        n += chance.randint(1, 2 * gap)
        plan[n] = name
    return plan.get


def holds(folder, secret):
    """The files below a folder in which these bytes are."""
    found = []
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as f:
                if secret in f.read():
                    found.append(name)
    return found
