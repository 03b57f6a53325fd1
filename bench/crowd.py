#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long a reviewer waits for an answer to be kept while a crowd is connected to the same server.

    bench/crowd.py [--assent PROGRAM] [--idle N] [--asking N] [--seconds S] [--per-address N]

The crowd comes from many addresses of this machine, 127.0.0.2 and on. Its idle connections send nothing, or a
request's beginning; the asking ones fetch the page every few seconds. Whatever the server closes is opened again.
All ends by itself.
"""
import argparse
import heapq
import multiprocessing
import os
import resource
import select
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "cli"))
import harness  # pylint: disable=wrong-import-position
import review_case  # pylint: disable=wrong-import-position

PAUSE = 5  # seconds between two requests of a connection
A_SECOND = 2000  # connections that are opened
BEGINNINGS = (b"", b"POST /api/take HTTP/1.1\r\nHost: x\r\n")


def raise_files():
    """Opens the limit of open files, and returns it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Connections:
    """A crowd: `idle` and `asking` connections to a port, from so many addresses."""

    def __init__(self, port, idle, asking, addresses):
        self.port, self.addresses = port, addresses
        self.page = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        self.to_open = [n < idle for n in range(idle + asking)]
        self.epoll, self.open, self.times = select.epoll(), {}, []
        self.opened = self.answered = 0

    def connect(self, is_idle):
        s = socket.socket()
        s.setblocking(False)
        s.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        s.bind((f"127.0.0.{2 + self.opened % self.addresses}", 0))
        s.connect_ex(("127.0.0.1", self.port))
        self.opened += 1
        self.open[s.fileno()] = (s, is_idle)
        self.epoll.register(s.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def close(self, fd):
        s, is_idle = self.open.pop(fd)
        s.close()
        self.to_open.append(is_idle)

    def event(self, fd, what):
        s, is_idle = self.open[fd]
        try:
            if what & select.EPOLLOUT:  # connected
                s.sendall(BEGINNINGS[fd % 2] if is_idle else self.page)
                self.epoll.modify(fd, select.EPOLLIN)
            elif not s.recv(65536):
                self.close(fd)
            elif not is_idle:
                self.answered += 1
                heapq.heappush(self.times, (time.monotonic() + PAUSE, fd))
        except OSError:
            self.close(fd)

    def step(self):
        for _ in range(min(len(self.to_open), A_SECOND // 100)):
            self.connect(self.to_open.pop())
        for fd, what in self.epoll.poll(0.01, 1000):
            if fd in self.open:
                self.event(fd, what)
        while self.times and self.times[0][0] < time.monotonic():
            fd = heapq.heappop(self.times)[1]
            if fd in self.open:
                try:
                    self.open[fd][0].sendall(self.page)
                except OSError:
                    self.close(fd)


def crowd(said, seconds, *connections):
    """Runs in a process of its own; said: open now, opened, answered."""
    raise_files()
    everybody, end = Connections(*connections), time.monotonic() + seconds
    while time.monotonic() < end:
        everybody.step()
        said[:] = [len(everybody.open), everybody.opened, everybody.answered]


class Crowd:
    """A crowd that is there from now on until `close`, at the latest for so many seconds."""

    def __init__(self, port, idle, asking=0, addresses=40, seconds=120):
        self.said = multiprocessing.Array("q", 3)
        self.process = multiprocessing.Process(target=crowd, daemon=True,
                                               args=(self.said, seconds, port, idle, asking, addresses))
        self.process.start()
        end = time.monotonic() + 30
        while self.said[0] < 0.98 * (idle + asking) and time.monotonic() < end:
            time.sleep(0.05)

    def close(self):
        self.process.terminate()
        self.process.join()


def answer_times(browser, seconds, pause=0.05):
    """How long each answer took, of one who answers for so many seconds."""
    times, end = [], time.monotonic() + seconds
    items = browser.take(want=4)["items"]
    while items and time.monotonic() < end:
        start = time.monotonic()
        reply = browser.answer(f"key-{len(times):08}", items[0]["id"], want=4)
        times.append(time.monotonic() - start)
        if reply.status != 200:
            raise AssertionError(reply.body)
        items = reply.json["items"]
        time.sleep(pause)
    return sorted(times)


def share(times, q):
    return times[min(len(times) - 1, int(q * len(times)))]


class Bench(review_case.ReviewCase):

    images = 2000
    options = None

    def test_answers_in_a_crowd(self):
        o = self.options
        server = self.serve("--reviewer", "anna", "--per-address", str(o.per_address))
        anna = self.browse(server)
        for idle, asking in ((0, 0), (o.idle, 0), (o.idle, o.asking)):
            there = Crowd(server.port, idle, asking)
            before, start = there.said[:], time.monotonic()
            times = answer_times(anna, o.seconds)
            took, now = time.monotonic() - start, there.said[:]
            there.close()
            print(f"{now[0]:6} connections, {idle} of them idle; {(now[1] - before[1]) / took:.0f} opened and "
                  f"{(now[2] - before[2]) / took:.0f} pages fetched a second: {len(times)} answers, median "
                  f"{1e3 * share(times, 0.5):.1f} ms, p99 {1e3 * share(times, 0.99):.1f} ms, most "
                  f"{1e3 * times[-1]:.1f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assent", default=harness.ASSENT)
    parser.add_argument("--idle", type=int, default=2000)
    parser.add_argument("--asking", type=int, default=8000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--per-address", type=int, default=1000)
    Bench.options = parser.parse_args()
    harness.ASSENT = os.path.abspath(Bench.options.assent)
    files = raise_files()
    if files < Bench.options.idle + Bench.options.asking + 200:
        print(f"only {files} open files are allowed here: not all connections are opened")
    sys.argv = sys.argv[:1]
    harness.main()


if __name__ == "__main__":
    main()
