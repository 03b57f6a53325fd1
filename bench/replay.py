#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long a recorded run takes to be gone through again: bench/replay.py [ASSENT] [--images N] [--protocol chat|systemone]

One picture is asked about at a server on loopback and recorded; the recording of all the others is made of its lines, with the other
pictures' hashes in them. Chat answers hold the 20 likeliest tokens with their bytes, as vLLM has them.
"""
import argparse
import hashlib
import http.server
import json
import math
import os
import shutil
import subprocess
import tempfile
import threading
import time
import zlib

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
SIDE = 32


def token(text, logprob):
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}


def chat(body):
    yes = 0.05 + zlib.crc32(body["messages"][-1]["content"][-1]["text"].encode()) % 90 / 100
    words = ["Yes", "No", " Yes", " No", "yes", "no"] + [f" word{i}" for i in range(14)]
    shares = [0.9 * yes, 0.9 * (1 - yes)] + [0.004] * 18
    top = sorted((token(w, math.log(p)) for w, p in zip(words, shares)), key=lambda t: -t["logprob"])
    return {"id": "chatcmpl-6f1b9f0e", "object": "chat.completion", "created": 1790000000, "model": body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": top[0]["token"], "refusal": None, "tool_calls": []},
                         "logprobs": {"content": [{**top[0], "top_logprobs": top}]}, "finish_reason": "stop", "stop_reason": None}],
            "usage": {"prompt_tokens": 1100, "total_tokens": 1101, "completion_tokens": 1,
                      "prompt_tokens_details": {"cached_tokens": 1088}}}


def systemone(body):
    return {"answers": {q: {"noul": 0.05 + i % 90 / 100} for i, q in enumerate(body["questions"])},
            "usage": {"input_tokens": 1500}}


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps((chat if "messages" in body else systemone)(body), separators=(",", ":")).encode()
        reads = not isinstance(body.get("assets"), int)  # a number in the picture's place is refused, as it should be
        self.send_response(200 if reads else 422)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def chunk(kind, data):
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def picture(i):
    """A PNG, and the hash that stands for it: of its pixels as PPM."""
    pixels = hashlib.shake_128(b"%d" % i).digest(SIDE * SIDE * 3 // 16) * 16
    rows = b"".join(b"\0" + pixels[y * SIDE * 3:(y + 1) * SIDE * 3] for y in range(SIDE))
    head = SIDE.to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")
    return png, hashlib.sha256(b"P6\n%d %d\n255\n" % (SIDE, SIDE) + pixels).hexdigest().encode()


def run(folder, *args):
    begin = time.monotonic()
    with subprocess.Popen(args, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        out, err = p.stdout.read(), p.stderr.read()
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode != 0:
        raise SystemExit(err.decode())
    return json.loads(out), time.monotonic() - begin, used


def make(folder, o):
    """The project, and the recording of its first picture made the recording of all."""
    os.mkdir(os.path.join(folder, "images"))
    hashes = []
    for i in range(o.images):
        png, name = picture(i)
        hashes.append(name)
        with open(os.path.join(folder, "images", f"{i:06d}.png"), "wb") as f:
            f.write(png)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(os.path.join(folder, "assent.yaml"), "w", encoding="utf-8") as f:
        f.write("name: bench\nimages: images/\nquestions:\n"
                + "".join(f"  - {{name: Q{i}, text: Is the person in the picture number {i}?}}\n" for i in range(o.questions))
                + f"annotators:\n  m: {{kind: model, engine: http, protocol: {o.protocol}, model: org/some-model,"
                  f" url: \"http://127.0.0.1:{server.server_address[1]}/v1\"}}\n")
    run(folder, o.assent, "annotate", "--json", "--limit", "1", "--as", "first", "--record", "one.jsonl")
    server.shutdown()
    with open(os.path.join(folder, "one.jsonl"), "rb") as f:
        head, *lines = f.read().splitlines(keepends=True)
    one = b"".join(lines)
    assert one.count(hashes[0]) == len(lines)
    with open(os.path.join(folder, "run.jsonl"), "wb") as f:
        f.write(head)
        for name in hashes:
            f.write(one.replace(hashes[0], name))
    return os.path.getsize(os.path.join(folder, "run.jsonl"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("assent", nargs="?", default=os.path.join(ROOT, "build", "assent"))
    parser.add_argument("--images", type=int, default=25000)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--protocol", choices=["chat", "systemone"], default="chat")
    parser.add_argument("--folder", help="kept, and used again if it is there")
    o = parser.parse_args()
    o.assent = os.path.abspath(o.assent)
    folder = o.folder or tempfile.mkdtemp(prefix="assent-bench-")
    try:
        if not os.path.exists(os.path.join(folder, "run.jsonl")):
            os.makedirs(folder, exist_ok=True)
            make(folder, o)
        size = os.path.getsize(os.path.join(folder, "run.jsonl"))
        said, seconds, used = run(folder, o.assent, "annotate", "--json", "--as", f"r{time.time_ns()}", "--replay", "run.jsonl")
        n = said["usage"]["requests"]
        print(f"{o.protocol}: {said['images']} images, {said['labels']} answers, {n} requests, {size / 1e9:.2f} GB recorded: {seconds:.1f} s,"
              f" {used.ru_utime + used.ru_stime:.1f} s of processor time ({1e6 * (used.ru_utime + used.ru_stime) / n:.1f} µs a request),"
              f" {used.ru_maxrss / 1024:.0f} MB")
    finally:
        if not o.folder:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
