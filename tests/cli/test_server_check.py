#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a server is: how it reads pictures, which protocol it speaks, and `assent server check`."""
import os
import shutil
import signal
import socket
import sqlite3
import threading

from fake_servers import Model
from harness import Case, main
from test_annotate import PICTURES
from test_serve import Engine

QUESTIONS = "  - {name: Hat, text: 'Is there a hat in the picture, img-1?'}\n  - {name: Tie, text: Is there a tie?}\n"


class Servers(Case):
    def model(self, kind="vllm", **more):
        model = Model(kind, **more)
        self.addCleanup(model.stop)
        return model

    def project(self, url, pictures=3, more=""):
        names = sorted(os.listdir(PICTURES))[:pictures]
        os.makedirs(self.path("images"), exist_ok=True)
        for name in names:
            shutil.copy(os.path.join(PICTURES, name), self.path("images"))
        self.write("assent.yaml", f"name: test\nimages: images/\nquestions:\n{QUESTIONS}"
                   f"annotators:\n  qwen: {{kind: model, engine: http, model: Qwen3-VL, url: \"{url}\"{more}}}\n")
        return names

    def settings(self):
        db = sqlite3.connect(self.path("assent.db"))
        try:
            return "".join(s for s, in db.execute("SELECT settings FROM run"))
        finally:
            db.close()


class Protocols(Servers):
    def test_systemone_gives_the_picture_as_the_server_reads_it(self):
        for kind in ("vllm", "sglang", "transformers", "typesafe"):
            with self.subTest(kind=kind):
                model = self.model(kind)
                self.project(model.url, more=", protocol: systemone")
                ran = self.run_assent("annotate", "--json").json
                self.assertEqual((ran["labels"], ran["errors"]), (6, 0))
                self.assertEqual(ran["usage"]["requests"], len(model.asked))  # finding the way took some
                self.assertEqual(sum(not p.startswith(b"\x89PNG") for p in model.pictures), 3)  # all were seen
                self.assertIn('"protocol":"systemone"', self.settings().replace(" ", ""))
                os.unlink(self.path("assent.db"))

    def test_a_recording_says_how_its_server_read_pictures(self):
        for kind in ("sglang", "transformers"):
            with self.subTest(kind=kind):
                model = self.model(kind)
                self.project(model.url, more=", protocol: systemone")
                self.run_assent("annotate", "-q", "--record", "run.jsonl")
                n = len(model.asked)
                os.unlink(self.path("assent.db"))
                self.assertEqual(self.run_assent("annotate", "--json", "--replay", "run.jsonl").json["labels"], 6)
                self.project(model.url, more=", protocol: auto")
                self.fails("annotate", "--replay", "run.jsonl", code=2, says=["cannot be asked", "name it"])
                self.assertEqual(len(model.asked), n)
                os.unlink(self.path("assent.db"))
                os.unlink(self.path("run.jsonl"))

    def test_a_server_that_would_answer_without_the_picture(self):
        model = self.model("sglang", vision=False)
        self.project(model.url, more=", protocol: systemone")
        self.fails("annotate", says=["passes over the picture", "multimodal", "protocol: chat"])
        self.assertEqual(model.pictures, [])

    def test_auto_and_decide(self):
        rows = [("vllm", {}, "auto", "systemone"), ("sglang", {}, "decide", "systemone"),
                ("hosted", {}, "auto", "decisions"), ("hosted", {}, "decide", "decisions"),
                ("llama.cpp", {}, "auto", "chat"), ("transformers", {"crashes": True}, "auto", "chat")]
        for kind, more, wanted, found in rows:
            with self.subTest(kind=kind, wanted=wanted):
                model = self.model(kind, **more)
                self.project(model.url, more=f", protocol: {wanted}")
                ran = self.run_assent("annotate")
                self.assertIn(f"protocol: {wanted} is {found} here", ran.err)
                self.assertIn(f'"protocol":"{found}"', self.settings().replace(" ", ""))
                self.run_assent("status")
                n = len(model.asked)
                self.project(model.url, more=f", protocol: {found}")  # the same model by name
                self.assertIn("all that was asked for", self.run_assent("annotate").out)
                self.assertEqual(len(model.asked), n)
                os.unlink(self.path("assent.db"))

    def test_what_cannot_be_told_is_not_guessed(self):
        model = self.model("llama.cpp")
        self.project(model.url, more=", protocol: decide")
        self.fails("annotate", says=["404", "protocol: chat may"])
        model.post = lambda path, headers, body: (503, {"error": {"message": "loading"}})
        self.project(model.url, more=", protocol: auto")
        self.fails("annotate", says=["503", "loading", "cannot be told now"])
        model.stop()
        self.fails("annotate", says=["cannot connect"])

    def test_another_protocol_is_another_model(self):
        model = self.model("vllm", reads=set())
        self.project(model.url, more=", protocol: auto")
        self.run_assent("annotate", "-q")
        model.kind["reads"] = {"images"}  # a newer version of the server
        self.fails("annotate", says=["protocol was chat, is systemone", "--as NEWNAME"])


class Looks(Servers):
    def look(self, url, *args, more="", code=0):
        """Of one server what `server check` found, as people and as scripts read it."""
        self.project(url, more=more)
        self.out = self.run_assent("server", "check", *args, code=code).out
        self.all = self.run_assent("server", "check", "--json", *args, code=code).json
        one = self.all["servers"][0]
        return {**one, **{p["name"]: p for p in one["protocols"]}}

    def test_what_each_kind_of_server_is(self):
        for kind, name, version, best, top in (
                ("vllm", "vLLM", "0.33.0", "systemone", 20), ("sglang", "SGLang", "0.5.23", "systemone", 20),
                ("transformers", "transformers serve", None, "systemone", 0),
                ("llama.cpp", "llama.cpp", "b7000-abc", "chat", 20), ("ollama", "Ollama", "0.40.12", "chat", 5),
                ("hosted", None, None, "decisions", 5)):
            with self.subTest(kind=kind):
                found = self.look(self.model(kind).url)
                self.assertEqual([found[k] for k in ("server", "version", "best_protocol", "protocol")],
                                 [name, version, best, "chat"])
                self.assertEqual((found["chat"]["state"], found["problem"]), ("answers", None))
                self.assertEqual(self.all["servers"][0]["chat"]["top_logprobs"], top)
                self.assertEqual(self.all["servers"][0]["chat"]["exact"], kind == "vllm")
                self.assertEqual((found["models"], found["has_model"]), (["Qwen3-VL", "Other-7B"], True))
                self.assertIn(f"protocol: {best}}}", self.all["line"])
                self.assertGreater(found["seconds_own_picture"], 0)
                if name:
                    self.assertIn(" ".join([name] + [version] * (version is not None)), self.out)

    def test_what_answers_are_worth(self):
        found = self.look(self.model("vllm").url)
        self.assertEqual((found["systemone"]["picture"], found["systemone"]["mass"]), ("images", 0.97))
        for protocol, yes in (("systemone", (0.9, 0.2)), ("chat", (0.9, 0.2))):
            for a, b in zip(found[protocol]["p_yes"], yes):
                self.assertAlmostEqual(a, b, 9)
            self.assertTrue(found[protocol]["same_again"])
        self.assertIn("--enable-prompt-tokens-details", self.out)
        self.look(self.model("sglang").url)
        self.assertIn("--enable-cache-report", self.out)
        self.look(self.model("llama.cpp").url)
        self.assertNotIn("cached", self.out)
        found = self.look(self.model("transformers").url)
        self.assertEqual((found["systemone"]["picture"], found["systemone"]["mass"]), ("assets", None))
        self.assertEqual((found["chat"]["probabilities"], found["chat"]["p_yes"]), (False, [None, None]))
        self.assertIn("labels alone", self.out)
        self.assertIn("json_schema is passed over", self.out)

    def test_rounded_and_uncounted(self):
        self.look(self.model("sglang", round=2, usage=False).url)
        self.assertEqual(self.all["servers"][0]["chat"], {"top_logprobs": 20, "rounded_to": 0.01, "usage": False,
                                                          "cached_tokens": False, "json_schema": True, "exact": False})
        self.assertIn("rounded to 0.01", self.out)
        self.assertIn("does not count the tokens", self.out)

    def test_answers_that_change(self):
        model = self.model("llama.cpp")
        shares = iter([0.9, 0.89, 0.3] * 4)
        model.yes = lambda picture: next(shares)
        self.project(model.url)
        self.assertIn("the same answer; P(yes) moved by 0.01", self.run_assent("server", "check").out)
        shares = iter([0.55, 0.48, 0.01] * 4)
        self.assertIn("another answer the second time", self.run_assent("server", "check").out)
        shares = iter([0.9, 0.85, 0.8] * 4)  # no more of a difference than asking again makes
        self.assertIn("without looking at the picture", self.run_assent("server", "check", code=1).out)

    def test_models_that_do_not_look(self):
        found = self.look(self.model("vllm", vision=False).url, code=1)
        self.assertIn("the model takes no pictures: 400", found["problem"])
        self.assertEqual((found["chat"]["state"], found["systemone"]["state"]), ("refuses", "refuses"))
        found = self.look(self.model("ollama", sees=False).url, code=1)
        self.assertIn("answers without looking at the picture", found["problem"])
        self.assertEqual((found["chat"]["state"], self.all["line"], self.all["n_good"]), ("blind", None, 0))
        found = self.look(self.model("sglang", reads={"assets"}, vision=False, chat=False).url, code=1)
        self.assertEqual(found["systemone"]["state"], "blind")
        self.assertIn("multimodal", found["systemone"]["why"])
        found = self.look(self.model("sglang", reads={"pictures"}).url)
        self.assertEqual((found["systemone"]["state"], found["chat"]["state"]), ("blind", "answers"))

    def test_bad_ends_each_have_one_clear_message(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
            found = self.look(url, code=1)
            self.assertIn("cannot connect", found["problem"])
            self.assertEqual((found["reached"], found["hint"]), (False, "is it running, and is this its port?"))
        self.assertIn("a web page", self.look(self.model(page=True).url, code=1)["problem"])
        model = self.model()
        found = self.look(model.root, code=1)
        self.assertIn("lacks /v1", found["problem"])
        self.assertIn(f"url: {model.root}/v1", found["hint"])
        found = self.look(self.model(models=("Qwen3-VL-8B", "Other")).url, code=1)
        self.assertIn("no model 'Qwen3-VL'", found["problem"])
        self.assertIn("did you mean 'Qwen3-VL-8B'?", found["hint"])
        self.assertIn("cannot label", self.out)
        tls = self.look(model.root.replace("http:", "https:") + "/v1", code=1)
        self.assertIn("TLS", tls["problem"])
        found = self.look(self.model("typesafe").url, code=1)
        self.assertIn("does not answer by chat", found["problem"])
        self.assertEqual(found["hint"], "protocol: systemone answers")
        self.look(self.model("typesafe").url, more=", protocol: auto")

    def test_no_http_server(self):
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()

            def greet():
                while True:
                    try:
                        one, _ = listening.accept()
                    except OSError:
                        return
                    one.sendall(b"220 mail.example.org ESMTP\r\n")
                    one.close()

            threading.Thread(target=greet, daemon=True).start()
            found = self.look(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", code=1)
            self.assertRegex(found["problem"], "HTTP|broke")

    def test_the_key_is_said_nowhere(self):
        model = self.model(key="sesame-open-now")
        found = self.look(model.url, code=1)
        self.assertIn("the key is not accepted", found["problem"])
        self.assertIn("api_key_env", found["hint"])
        self.project(model.url, more=", api_key_env: MODEL_KEY")
        env = {**os.environ, "MODEL_KEY": "another-key-here"}
        ran = self.run_assent("server", "check", "--json", code=1, env=env)
        self.assertNotIn("another-key-here", ran.out + ran.err)
        env["MODEL_KEY"] = "sesame-open-now"
        ran = self.run_assent("server", "check", env=env)
        self.assertIn("api_key_env: MODEL_KEY", ran.out)
        self.assertNotIn("sesame", ran.out + ran.err)

    def test_whom_it_asks(self):
        one, two = self.model(), self.model("llama.cpp")
        self.project(one.url)
        self.write("assent.yaml", self.read("assent.yaml") +
                   f"  llama: {{kind: model, engine: http, model: Qwen3-VL, url: \"{two.url}\"}}\n  toy: {{kind: model}}\n")
        self.fails("server", "check", code=2, says=["several annotators that servers run", "qwen, llama"])
        self.fails("server", "check", "llamma", code=2, says=["did you mean 'llama'?"])
        self.fails("server", "check", "toy", code=2, says=["no annotator 'toy' that a server runs"])
        self.assertIn("llama.cpp b7000", self.run_assent("server", "check", "llama").out)
        self.assertEqual(one.asked, [])
        self.project(one.url, more=", protocol: morse")
        self.fails("server", "check", code=2, says=["no protocol is called 'morse'"])
        self.assertIn("check, not 'chek'", self.run_assent("server", "chek", code=2).err)

    def test_replicas(self):
        one, two = self.model(), self.model(models=("Another",))
        self.project(one.url)
        self.write("assent.yaml", self.read("assent.yaml").replace(f'"{one.url}"', f'["{one.url}", "{two.url}"]'))
        found = self.run_assent("server", "check", "--json", code=3).json
        self.assertEqual(([s["problem"] is None for s in found["servers"]], found["n_good"]), ([True, False], 1))

    def test_pictures_that_stay_here(self):
        model = self.model("llama.cpp")
        proxy = {**os.environ, "http_proxy": model.root}  # which plays the server outside
        model.get_at, model.post_at = model.get, model.post
        model.get = lambda path, headers: model.get_at(path.replace("http://models.example.org", ""), headers)
        model.post = lambda path, headers, body: model.post_at(path.replace("http://models.example.org", ""), headers, body)
        self.project("http://models.example.org/v1")
        ran = self.run_assent("server", "check", env=proxy)
        self.assertIn("--yes sends one of the project's", ran.out)
        self.assertTrue(all(p.startswith(b"\x89PNG") for p in model.pictures))
        ran = self.run_assent("server", "check", "--yes", env=proxy)
        self.assertIn("with the project's picture", ran.out)
        self.assertEqual(sum(not p.startswith(b"\x89PNG") for p in model.pictures), 1)

    def test_a_project_without_pictures(self):
        model = self.model()
        self.project(model.url, 0)
        os.rmdir(self.path("images"))
        ran = self.run_assent("server", "check")
        self.assertIn("no picture of the project's is sent", ran.err)
        self.assertIn("with a drawn picture", ran.out)
        self.assertFalse(os.path.exists(self.path("assent.db")))  # nothing is kept

    def test_our_own_server(self):
        served = Engine(self.dir)
        self.addCleanup(served.stop, signal.SIGKILL)
        url = f"http://127.0.0.1:{served.port}/v1"
        self.project(url, more=", protocol: systemone")
        self.write("assent.yaml", self.read("assent.yaml").replace("Qwen3-VL", "model"))
        found = self.run_assent("server", "check", "--json").json["servers"][0]
        states = {p["name"]: (p["state"], p["picture"]) for p in found["protocols"]}
        self.assertEqual((found["server"], found["models"], found["has_model"]), ("assent serve", ["model"], True))
        self.assertEqual(states, {"systemone": ("answers", "assets"), "decisions": ("answers", None),
                                  "chat": ("none", None)})


if __name__ == "__main__":
    main()
