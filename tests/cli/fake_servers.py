# SPDX-License-Identifier: MIT
"""Servers of models on loopback, each with the ways of its kind: what it is asked by, which members of a request it
reads, refuses or passes over, what it says of itself."""
import base64
import http.server
import json
import math
import threading
import zlib

# kind -> what it is: systemone's members that it reads, whether it refuses others; likeliest tokens; ...
KINDS = {
    "vllm": {"owned_by": "vllm", "about": ("/version", {"version": "0.33.0"}), "reads": {"images"}, "strict": 400,
             "top": 20, "schema": True, "post_only": "/tokenize"},
    "sglang": {"owned_by": "sglang", "about": ("/server_info", {"version": "0.5.23"}), "reads": {"images"},
               "strict": None, "top": 20, "schema": True, "mass": "x_label_mass"},
    "transformers": {"owned_by": "HuggingFaceTB", "reads": {"assets"}, "strict": 422, "top": 0, "mass": None,
                     "post_only": "/load_model"},
    "typesafe": {"owned_by": "typesafe", "reads": {"assets"}, "strict": None, "chat": False, "mass": None},
    "llama.cpp": {"owned_by": "llamacpp", "about": ("/props", {"build_info": "b7000-abc"}), "reads": set(), "top": 20,
                  "schema": True, "server": "llama.cpp", "cached": True},
    "ollama": {"owned_by": "library", "about": ("/api/version", {"version": "0.40.12"}), "reads": set(), "top": 5},
    "hosted": {"owned_by": "example", "reads": set(), "top": 5, "cached": True, "decisions": True},
}


def is_blue(picture):
    """Of a PNG as this program draws it, by its first pixel; anything else is not."""
    if not picture or not picture.startswith(b"\x89PNG"):
        return False
    at, data = 8, b""
    while at < len(picture):
        n = int.from_bytes(picture[at:at + 4], "big")
        if picture[at + 4:at + 8] == b"IDAT":
            data += picture[at + 8:at + 8 + n]
        at += n + 12
    row = zlib.decompress(data)
    return row[3] > 150 > row[1]


def data_of(url):
    return base64.b64decode(url.split(",", 1)[1], validate=True)


class Model:
    """A server of a kind; `more` changes what KINDS has. Notes the paths and bodies that it was asked."""

    def __init__(self, kind="vllm", models=("Qwen3-VL", "Other-7B"), **more):
        self.kind = {"chat": True, "schema": False, "cached": False, "usage": True, "mass": "label_mass",
                     "decisions": False, "sees": True, "vision": True, "key": None, "round": None, "page": False,
                     "prefix": "/v1", **KINDS[kind], **more}
        self.models, self.asked, self.pictures = models, [], []
        model = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def version_string(self):
                return model.kind.get("server", "uvicorn")

            def do_GET(self):
                self.say(*model.get(self.path, self.headers))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.say(*model.post(self.path, self.headers, body))

            def say(self, status, answer):
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html" if isinstance(answer, bytes) else "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.root = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.url = self.root + "/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    # ---- what it is

    def refuses(self, path, headers):
        self.asked.append(path)
        if self.kind["page"]:
            return 200, b"<!doctype html><title>Welcome</title>"
        if self.kind["key"] and headers["Authorization"] != f"Bearer {self.kind['key']}":
            return 401, {"error": {"message": f"wrong key {headers['Authorization']}"}}
        return None

    def get(self, path, headers):
        said = self.refuses(path, headers)
        if said:
            return said
        if path == self.kind["prefix"] + "/models":
            return 200, {"object": "list", "data": [{"id": m, "object": "model", "owned_by": self.kind["owned_by"]}
                                                    for m in self.models]}
        if "about" in self.kind and path == self.kind["about"][0]:
            return 200, self.kind["about"][1]
        return (405 if path == self.kind.get("post_only") else 404), {"detail": "Not Found"}

    # ---- what it answers

    def post(self, path, headers, body):
        said = self.refuses(path, headers)
        if said:
            return said
        request, prefix = json.loads(body), self.kind["prefix"]
        if path == prefix + "/chat/completions" and self.kind["chat"]:
            return self.chat(request)
        if path == prefix + "/systemone" and self.kind.get("crashes"):
            return 500, b"Internal Server Error"
        if path == prefix + "/systemone" and self.kind["reads"]:
            return self.systemone(request)
        if path == prefix + "/decisions" and self.kind["decisions"]:
            return self.decisions(request)
        return 404, {"detail": "Not Found"}

    def yes(self, picture):
        if picture:
            self.pictures.append(picture)
        return 0.9 if self.kind["sees"] and is_blue(picture) else 0.2

    def logprob(self, p):
        return round(math.log(p), self.kind["round"]) if self.kind["round"] is not None else math.log(p)

    def chat(self, request):
        if request["model"] not in self.models:
            return 404, {"error": {"message": f"The model `{request['model']}` does not exist."}}
        if not self.kind["vision"]:
            return 400, {"error": {"message": "At most 0 image(s) may be provided in one prompt: not multimodal"}}
        p = self.yes(data_of(request["messages"][-1]["content"][0]["image_url"]["url"]))
        shares = {"Yes": p * 0.95, "No": (1 - p) * 0.95, **{f"w{i}": 0.04 / 2 ** (i + 1) for i in range(18)}}
        top = [{"token": t, "logprob": self.logprob(s)} for t, s in sorted(shares.items(), key=lambda i: -i[1])]
        text = top[0]["token"]
        if "response_format" in request and self.kind["schema"]:
            text = json.dumps({k: v["enum"][0] for k, v in
                               request["response_format"]["json_schema"]["schema"]["properties"].items()})
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop", "logprobs": None}
        n = min(self.kind["top"], request["top_logprobs"] or 0)
        if "logprob_token_ids" in request and self.kind.get("post_only") == "/tokenize":
            top = top[:1] + [{"token": f"<{i}>", "logprob": -9.0} for i in request["logprob_token_ids"]]
            n = len(top)
        if n:
            choice["logprobs"] = {"content": [{**top[0], "top_logprobs": top[:n]}]}
        usage = {"prompt_tokens": 300, "completion_tokens": 1}
        if self.kind["cached"]:
            usage["prompt_tokens_details"] = {"cached_tokens": 256}
        return 200, {"choices": [choice], **({"usage": usage} if self.kind["usage"] else {})}

    def systemone(self, request):
        known = {"model", "state", "questions", *self.kind["reads"]}
        unknown = set(request) - known
        if unknown and self.kind["strict"]:
            return self.kind["strict"], {"detail": [{"loc": ["body", n], "msg": "Extra inputs are not permitted"}
                                                    for n in sorted(unknown)]}
        picture = None
        if "assets" in request and "assets" in self.kind["reads"]:
            if not isinstance(request["assets"], dict):
                return 422, {"detail": [{"loc": ["body", "assets"], "msg": "Input should be a valid dictionary"}]}
            texts = json.dumps(request["questions"])
            if any(name in texts for name in request["assets"]):  # it would stand there too
                return 400, {"detail": "Prompt has 2 images, and 1 is expected"}
            picture = base64.b64decode(request["assets"][request["state"]]["data_base64"], validate=True)
        if "images" in request and "images" in self.kind["reads"]:
            if not isinstance(request["images"], list):
                return 422, {"detail": [{"loc": ["body", "images"], "msg": "Input should be a valid list"}]}
            picture = data_of(request["images"][0])
        if picture and not self.kind["vision"]:
            return 400, {"error": {"message": "images require a model served with multimodal input"}}
        if request["model"] not in self.models:
            return 404, {"error": {"message": f"The model `{request['model']}` does not exist."}}
        p = self.yes(picture)
        answers = {name: {"type": "noul", "noul": p} for name in request["questions"]}
        more = {}
        if self.kind["mass"] == "label_mass":
            more = {"diagnostics": {name: {"label_mass": 0.97} for name in answers}}
        elif self.kind["mass"]:
            answers = {name: {**a, self.kind["mass"]: 0.97} for name, a in answers.items()}
        return 200, {"model": request["model"], "answers": answers, "usage": {"input_tokens": 90}, **more}

    def decisions(self, request):
        p = self.yes(data_of(request["input"][-1]["content"][0]["image_url"]))
        return 200, {"model": request["model"], "usage": {"input_tokens": 90},
                     "answers": [{"type": "predicate", "probability": p} for _ in request["questions"]]}
