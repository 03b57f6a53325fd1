#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How near to a server's own rate annotate comes, and what a request costs here: bench/server.py [ASSENT]

The server is on loopback, answers chat completions in a fixed time, and so many at a time; pictures are JPEG of 178 x 218.
"""
import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
ANSWER = json.dumps({"choices": [{"message": {"content": "Yes"}, "logprobs": {"content": [{"token": "Yes", "top_logprobs": [
    {"token": "Yes", "logprob": -0.1}, {"token": "No", "logprob": -2.4}]}]}}],
    "usage": {"prompt_tokens": 1100, "completion_tokens": 1}}).encode()
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)


def serve(pipe, seconds, at_once):
    """Of each measurement the pipe gets how often a place was taken, for how long altogether, and the bytes."""
    async def main():
        places = asyncio.Semaphore(at_once)
        taken = [0, 0.0, 0]

        async def client(reader, writer):
            try:
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                    await reader.readexactly(length)
                    async with places:
                        begin = time.monotonic()
                        await asyncio.sleep(seconds)
                        taken[0] += 1
                        taken[1] += time.monotonic() - begin
                        taken[2] += length
                    writer.write(REPLY)
                    await writer.drain()
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        def tell():
            pipe.recv()
            pipe.send(tuple(taken))
            taken[:] = 0, 0.0, 0

        server = await asyncio.start_server(client, "127.0.0.1", 0, limit=1 << 20, backlog=1024)
        asyncio.get_running_loop().add_reader(pipe.fileno(), tell)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def load(port, length, connections, seconds):
    """As many requests as the server takes of a client that does nothing else: requests a second."""
    request = b"POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length
    answers = 0

    class Client(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport, self.left = transport, len(REPLY)
            transport.write(request)

        def data_received(self, data):
            nonlocal answers
            self.left -= len(data)
            if self.left == 0:
                answers += 1
                self.left = len(REPLY)
                self.transport.write(request)

    async def main():
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            await loop.create_connection(Client, "127.0.0.1", port)
        await asyncio.sleep(1)
        before = answers
        await asyncio.sleep(seconds)
        return (answers - before) / seconds

    return asyncio.run(main())


def annotate(assent, folder):
    begin = time.monotonic()
    ran = subprocess.run([assent, "annotate", "--json"], cwd=folder, check=True, capture_output=True, text=True)
    return time.monotonic() - begin, json.loads(ran.stdout)["usage"]["requests"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("assent", nargs="?", default=os.path.join(ROOT, "build", "assent"))
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=0.05)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--concurrency", default="auto")
    parser.add_argument("--bare", type=float, default=5, help="seconds that another client is measured for")
    o = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(there, o.seconds, o.at_once), daemon=True)
    server.start()
    port = here.recv()
    folder = tempfile.mkdtemp(prefix="assent-bench-")
    try:
        os.mkdir(os.path.join(folder, "images"))
        with open(os.path.join(ROOT, "examples", "faces", "images", "face_0001.jpg"), "rb") as f:
            jpeg = f.read()
        for i in range(o.images):  # a comment makes each another picture
            note = b"%06d" % i
            with open(os.path.join(folder, "images", f"{i:06d}.jpg"), "wb") as f:
                f.write(jpeg[:2] + b"\xff\xfe\x00\x08" + note + jpeg[2:])
        with open(os.path.join(folder, "assent.yaml"), "w", encoding="utf-8") as f:
            f.write("name: bench\nimages: images/\nquestions:\n"
                    + "".join(f"  - {{name: Q{i}, text: Is it {i}?}}\n" for i in range(o.questions))
                    + f"annotators:\n  m: {{kind: model, engine: http, model: m, url: \"http://127.0.0.1:{port}/v1\", concurrency: {o.concurrency}}}\n")
        seconds, requests = annotate(os.path.abspath(o.assent), folder)
        here.send(None)
        n, held, length = here.recv()
        own = resource.getrusage(resource.RUSAGE_CHILDREN)
        bare = load(port, length // n, o.at_once * 3 // 2, o.bare)
        possible = o.at_once / o.seconds
        print(f"{requests} requests in {seconds:.1f} s: {requests / seconds:.0f} a second, {requests / seconds / possible:.1%}"
              f" of {possible:.0f}; a client that does nothing else: {bare:.0f}, {bare / possible:.1%}")
        print(f"the server's places were taken {held / seconds / o.at_once:.1%} of the time, {1e3 * held / n:.2f} ms a request")
        print(f"{1e3 * (own.ru_utime + own.ru_stime) / requests:.3f} ms of processor time each, {own.ru_maxrss / 1024:.0f} MB")
    finally:
        server.terminate()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
