# SPDX-License-Identifier: MIT
"""A server of chat completions on loopback, which answers by what it is told: for the tests of engine http."""
import base64
import http.server
import json
import math
import threading


def once(pairs):
    """An object whose keys stand in it once."""
    value = dict(pairs)
    assert len(value) == len(pairs), [key for key, _ in pairs]
    return value


class Chat:
    """Answers each question by answer(question, picture) -> {token: probability}, or a text; notes what it was asked.

    trouble(n, request) -> None, or (status, headers, body) in place of the n-th answer."""

    def __init__(self, answer, trouble=lambda n, request: None, logprobs=True, key=None,
                 path="/v1/chat/completions", port=0):
        self.answer, self.trouble, self.logprobs, self.key, self.path = answer, trouble, logprobs, key, path
        self.bodies, self.headers = [], []  # as they came
        self.others = {}  # of other paths: path -> function(request) -> (status, headers, body)
        self.asked, self.pictures, self.n, self.most, self.now = [], [], 0, 0, 0
        self.lock = threading.Lock()
        chat = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_POST(self):
                chat.serve(self)

            def do_GET(self):
                self.send_response(200 if self.path == "/health" else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self.lock:
            self.n += 1
            n = self.n
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            status, headers, answer = self.one(n, handler, body)
        finally:
            with self.lock:
                self.now -= 1
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(answer)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answer)

    def one(self, n, handler, body):
        if handler.path in self.others:
            return self.others[handler.path](json.loads(body, object_pairs_hook=once))
        if handler.path != self.path:
            return 404, {}, b'{"error": {"message": "no such path"}}'
        if self.key and handler.headers["Authorization"] != f"Bearer {self.key}":
            return 401, {}, b'{"error": {"message": "wrong key"}}'
        request = json.loads(body, object_pairs_hook=once)
        with self.lock:
            self.bodies.append(request)
            self.headers.append(dict(handler.headers.items()))
        trouble = self.trouble(n, request)
        return trouble if trouble else (200, {}, json.dumps(self.reply(request)).encode())

    def reply(self, request):
        image, text = request["messages"][-1]["content"]
        head, data = image["image_url"]["url"].split(",", 1)
        picture = base64.b64decode(data, validate=True)
        with self.lock:
            self.asked.append(text["text"])
            self.pictures.append((head, picture))
        return self.completion(self.answer(text["text"], picture))

    def completion(self, said):
        usage = {"prompt_tokens": 100, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 64}}
        if isinstance(said, str) or not self.logprobs:
            text = said if isinstance(said, str) else max(said, key=said.get)
            return {"choices": [{"message": {"role": "assistant", "content": text}, "logprobs": None,
                                 "finish_reason": "stop"}], "usage": usage}
        top = [{"token": t, "logprob": math.log(p)} for t, p in sorted(said.items(), key=lambda i: -i[1])]
        return {"choices": [{"message": {"role": "assistant", "content": top[0]["token"]}, "finish_reason": "length",
                             "logprobs": {"content": [{**top[0], "top_logprobs": top}]}}], "usage": usage}


END_MARKS = ("</s>", "<|im_end|>")  # tokens, and no text: as vLLM has them


class Talk(Chat):
    """Answers by the whole conversation: answer([(role, text, picture or None), ..], request) -> as Chat's, or
    [(token, {token: probability}), ..] for a text of several tokens, or (text, finish_reason); notes it in `talks`."""

    def __init__(self, answer, **more):
        self.talks = []
        super().__init__(answer, **more)

    def reply(self, request):
        talk = [turn(m) for m in request["messages"]]
        with self.lock:
            self.talks.append(talk)
        said = self.answer(talk, request)
        if isinstance(said, tuple):
            reply = self.completion(said[0])
            reply["choices"][0]["finish_reason"] = said[1]
            return reply
        return self.written(said) if isinstance(said, list) else self.completion(said)

    def written(self, tokens):
        reply = self.completion("".join(t for t, _ in tokens if t not in END_MARKS))
        reply["choices"][0]["logprobs"] = {"content": [
            {"token": token, "logprob": math.log(top[token]),
             "top_logprobs": [{"token": t, "logprob": math.log(p)} for t, p in sorted(top.items(), key=lambda i: -i[1])]}
            for token, top in tokens]}
        return reply


def turn(message):
    """(role, text, picture or None); a picture stands before the text."""
    if isinstance(message["content"], str):
        return message["role"], message["content"], None
    *pictures, text = message["content"]
    assert len(pictures) < 2 and text["type"] == "text", message
    return message["role"], text["text"], base64.b64decode(pictures[0]["image_url"]["url"].split(",", 1)[1]) if pictures else None
