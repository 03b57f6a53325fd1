#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ask and model, with the demo's model: the JSON contract, one pass against one by one, files written, bad input."""
import json
import math
import os
import re
import shlex
import shutil
import struct
import textwrap
import zlib

from harness import FACES, ROOT, Case, main

MODEL = os.path.join(FACES, "model")
PICTURES = os.path.join(FACES, "images")
CAT = "Is it a cat? Answer with only yes or no."
HAT = "Is this person wearing a hat?"


def npy(path):
    """(shape, floats or ints) of a .npy file of format 1.0."""
    with open(path, "rb") as f:
        data = f.read()
    length, = struct.unpack("<H", data[8:10])
    header = eval(data[10:10 + length], {}, {})  # pylint: disable=eval-used # a literal
    count = math.prod(header["shape"])
    letter, size = {"<f4": ("f", 4), "<i8": ("q", 8)}[header["descr"]]
    assert len(data) == 10 + length + size * count and (10 + length) % 64 == 0
    return header["shape"], struct.unpack(f"<{count}{letter}", data[10 + length:])


class Ask(Case):
    def setUp(self):
        super().setUp()
        for i, name in enumerate(sorted(os.listdir(PICTURES))[:2]):
            shutil.copy(os.path.join(PICTURES, name), self.path(f"{i}.jpg"))

    def ask(self, *args):
        return self.json("ask", "--model", MODEL, *args)

    def test_the_contract(self):
        out = self.ask("--image", "0.jpg", "1.jpg", "--question", CAT, "--question", HAT)
        self.assertEqual((out["model"], out["dtype"]), (MODEL, "f32"))
        self.assertEqual([r["image"] for r in out["results"]], ["0.jpg", "1.jpg"])
        for result in out["results"]:
            self.assertEqual([a["question"] for a in result["answers"]], [CAT, HAT])
            cat = result["answers"][0]
            self.assertEqual((cat["kind"], cat["answer"]), ("yesno", "no"))
            self.assertEqual([o["text"] for o in cat["options"]], ["yes", "no"])
            yes, no = (math.exp(o["logprob"]) for o in cat["options"])
            self.assertAlmostEqual(cat["mass"], yes + no, places=6)
            self.assertAlmostEqual(cat["score"], yes / (yes + no), places=6)

    def test_for_people(self):
        out = self.run_assent("ask", "-m", MODEL, "0.jpg", "-Q", CAT).out
        self.assertRegex(out, rf"0\.jpg\n.*P\(yes\) +mass\n.*\n +{re.escape(CAT)} +no +\.0\d+ +(1\.0|\.9)\d+")
        out = self.run_assent("ask", "-m", MODEL, "0.jpg", "-Q", "Which colour does the hair have?").out
        self.assertIn("unparseable", out)
        self.assertRegex(out, r'likeliest: "(black|blond|brown|gray|red)" ')

    def test_the_readmes_example(self):
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
            block = re.search(r"\$ build/assent (ask.*?)\n((?:    .*\n)+)", f.read().replace("\\\n", " "))
        ran = self.run_assent(*shlex.split(block[1]), cwd=ROOT)
        self.assertEqual(ran.out, textwrap.dedent(block[2]))

    def test_one_pass_is_one_by_one(self):
        args = ["--image", "0.jpg", "1.jpg", "-Q", CAT, "-Q", HAT, "-Q", "Is it a dog?", "-Q", HAT]
        together = self.ask(*args, "--logits", "a.npy")
        alone = self.ask(*args, "--logits", "b.npy", "--one-by-one")
        (shape, a), (_, b) = npy(self.path("a.npy")), npy(self.path("b.npy"))
        self.assertEqual(shape[:2], (2, 4))
        norm = math.sqrt(sum(x * x for x in b))
        self.assertLess(math.sqrt(sum((x - y) ** 2 for x, y in zip(a, b))) / norm, 1e-5)
        for x, y in zip(together["results"], alone["results"]):
            for p, q in zip(x["answers"], y["answers"]):
                self.assertAlmostEqual(p["score"], q["score"], places=5)
        vocabulary = shape[2]
        first = a[:vocabulary]
        z = math.log(sum(math.exp(x) for x in first))
        answer = together["results"][0]["answers"][0]
        self.assertLess(answer["options"][0]["logprob"], max(first) - z + 1e-6)

    def test_choices(self):
        args = ["--image", "0.jpg", "-Q", "What colour is the hair: black, blond, brown, gray or red?"]
        answer = self.ask(*args, "--options", "black,blond,brown,gray,red")["results"][0]["answers"][0]
        self.assertEqual(answer["kind"], "choice")
        self.assertEqual([o["text"] for o in answer["options"]], ["black", "blond", "brown", "gray", "red"])
        mass = sum(math.exp(o["logprob"]) for o in answer["options"])
        self.assertAlmostEqual(answer["mass"], mass, places=6)
        self.assertGreater(mass, 0.9)
        best = max(answer["options"], key=lambda o: o["logprob"])
        self.assertEqual(best["text"], answer["answer"])
        self.assertAlmostEqual(answer["score"], math.exp(best["logprob"]) / mass, places=6)
        turned = self.ask(*args, "--options", "red,black,gray,brown,blond")["results"][0]["answers"][0]
        self.assertAlmostEqual(turned["score"], answer["score"], places=5)
        self.ask(*args, "--options", "black,blond", "--letters")

    def test_own_prompt(self):
        shown = self.run_assent("ask", "-v", "-m", MODEL, "0.jpg", "-Q", CAT).err
        self.assertIn('prompt: "<|start_header_id|>user<|end_header_id|>\\n\\n<image>', shown)
        prompt = ("<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n{image}\n{question}<|eot_id|>"
                  "<|start_header_id|>assistant<|end_header_id|>\n\n")
        own = self.ask("--image", "0.jpg", "-Q", CAT, "--prompt", prompt)
        self.assertEqual(own["results"], self.ask("--image", "0.jpg", "-Q", CAT)["results"])
        self.fails("ask", "-m", MODEL, "0.jpg", "-Q", CAT, "--prompt", "{question}", code=2, says="{image}")

    def test_trace(self):
        self.ask("--image", "0.jpg", "-Q", CAT, "--trace", "t")
        shapes = {n[:-4]: npy(self.path(f"t/{n}"))[0] for n in os.listdir(self.path("t"))}
        for name in ("input_ids", "pixel_values", "vision", "projected", "features", "hidden.0", "hidden.3", "logits"):
            self.assertIn(name, shapes)
        self.assertEqual(shapes["hidden.0"][0], shapes["input_ids"][0])
        self.assertIn("one image", self.run_assent("ask", "-m", MODEL, "0.jpg", "1.jpg", "-Q", CAT, "--trace", "t",
                                                   code=2).err)

    def test_bf16_is_near(self):
        args = ["--image", "0.jpg", "-Q", HAT]
        a = self.ask(*args)["results"][0]["answers"][0]["score"]
        rounded = self.ask(*args, "--dtype", "bf16")
        self.assertEqual(rounded["dtype"], "bf16")
        self.assertAlmostEqual(a, rounded["results"][0]["answers"][0]["score"], delta=0.05)

    def test_a_picture_that_the_model_cannot_be_given(self):
        def chunk(name, data):
            return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

        header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 300, 8, 2, 0, 0, 0))
        rows = chunk(b"IDAT", zlib.compress(bytes(4) * 300))
        self.write("long.png", b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b""))
        model = os.path.join(os.environ["ASSENT_TEST_DATA"], "vlm", "qwen3vl-a")
        self.fails("ask", "-m", model, "long.png", "-Q", CAT, says=["long.png", "long and narrow", "1 x 300"])
        some = self.run_assent("ask", "-m", model, "0.jpg", "long.png", "-Q", CAT, "--json", code=3).json
        self.assertEqual([bool(r["answers"]) for r in some["results"]], [True, False])
        self.assertIn("long.png", some["results"][1]["error"])

    def test_bad_input(self):
        self.write("text.jpg", "hello")
        self.write("empty.jpg", "")
        cut = open(self.path("0.jpg"), "rb").read()
        self.write("cut.jpg", cut[:300])
        for image, says in (("text.jpg", "text.jpg"), ("empty.jpg", "empty.jpg"), ("cut.jpg", "cut.jpg"),
                            ("nowhere.jpg", "nowhere.jpg")):
            self.fails("ask", "-m", MODEL, image, "-Q", CAT, says=says)
        some = self.run_assent("ask", "-m", MODEL, "0.jpg", "cut.jpg", "1.jpg", "-Q", CAT, "--json", code=3).json
        self.assertEqual([bool(r["answers"]) for r in some["results"]], [True, False, True])
        self.assertIn("cut.jpg", some["results"][1]["error"])
        self.fails("ask", "-m", MODEL, "0.jpg", "-Q", " ", code=2, says="empty question")
        shutil.copytree(MODEL, self.path("m"))
        self.write("m/chat_template.jinja", "{{ '<image>' }} hello")
        self.fails("ask", "-m", "m", "0.jpg", "-Q", CAT, says="leaves the question out")
        os.remove(self.path("m/config.json"))
        os.mkfifo(self.path("m/config.json"))
        self.fails("ask", "-m", "m", "0.jpg", "-Q", CAT, says="config.json: not a file")
        self.fails("ask", "-m", "nowhere", "0.jpg", "-Q", CAT, says="nowhere")
        self.fails("ask", "-m", MODEL, "0.jpg", "-Q", "What is <|eot_id|>?", code=2, says=["control token", "<|eot_id|>"])
        self.fails("ask", "-m", MODEL, "0.jpg", "-Q", CAT, "--dtype", "f8", code=2, says=["f8", "bf16"])
        for args in ([], ["-m", MODEL], ["-m", MODEL, "0.jpg"], ["-m", MODEL, "-Q", CAT],
                     ["-m", MODEL, "0.jpg", "-Q", CAT, "-o", "one"], ["-m", MODEL, "0.jpg", "-Q", CAT, "--letters"]):
            self.run_assent("ask", *args, code=2)


class Model(Case):
    def test_info(self):
        info = self.json("model", "info", MODEL)
        self.assertEqual((info["text"]["family"], info["stored"], info["text"]["layers"]), ("llama", "f16", 3))
        self.assertEqual(sum(math.prod(t["shape"]) for t in info["tensors"]), info["parameters"])
        self.assertEqual(info["weight_bytes"], 2 * info["parameters"])
        self.assertEqual((info["questions"], info["architecture"]), (40, "LlavaNextForConditionalGeneration"))
        self.assertEqual([(i["width"], i["height"]) for i in info["images"]], [(178, 218), (640, 480), (4000, 3000)])
        for image in info["images"]:
            self.assertGreater(image["flop_one_by_one"] / image["flop"], 3)
            self.assertAlmostEqual(image["seconds"] * info["flop_per_second"] / image["flop"], 1, places=6)
        out = self.run_assent("model", "info", MODEL, "-v", "--size", "128x128", "--size", "9x7").out
        self.assertRegex(out, r"128 x 128 +112 x 112 +5 +\d")
        self.assertRegex(out, r"\n  9 x 7 ")
        self.assertNotIn("640 x 480", out)
        self.assertIn("multi_modal_projector.linear_1.weight", out)

    def test_tokenize(self):
        texts = ["Is it a cat?", "", "  two  spaces\n", "Größe: 漢字 🙂", "a\u0000b"]
        self.write("texts", "".join(json.dumps(t) + "\n" for t in texts))
        out = self.run_assent("model", "tokenize", MODEL, "texts").out
        ids = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(len(ids), len(texts))
        self.assertEqual(ids[1], [])
        self.assertEqual(self.run_assent("model", "tokenize", MODEL, input=self.read("texts")).out, out)
        self.write("texts", '"ok"\nnot json\n')
        err = self.run_assent("model", "tokenize", MODEL, "texts", code=1).err
        self.assertIn("texts:2", err)

    def test_a_broken_folder(self):
        shutil.copytree(MODEL, self.path("m"))
        data = open(self.path("m/model.safetensors"), "rb").read()
        self.write("m/model.safetensors", data[:-1])
        self.fails("model", "info", "m", says=["model.safetensors", "expected at least"])
        length, = struct.unpack("<Q", data[:8])
        header = json.loads(data[8:8 + length])
        name, tensor = next((n, t) for n, t in header.items() if "fc1.weight" in n)
        at = 8 + length + tensor["data_offsets"][0]
        self.write("m/model.safetensors", data[:at] + b"\xff\x7f" + data[at + 2:])
        self.fails("model", "info", "m", says=["NaN", "fc1.weight"])
        self.write("m/model.safetensors", data)
        config = json.load(open(self.path("m/config.json"), encoding="utf-8"))
        config["text_config"]["hidden_size"] = 64
        self.write("m/config.json", json.dumps(config))
        self.fails("model", "info", "m", says=["got [", "expected ["])
        os.remove(self.path("m/tokenizer.json"))
        self.assertNotEqual(name, "")

    def test_usage(self):
        for args in ([], ["info"], ["paint", MODEL], ["info", MODEL, "more"], ["info", MODEL, "--size", "3"],
                     ["info", MODEL, "--questions", "0"], ["info", MODEL, "--tiles", "0"], ["info", MODEL, "--tiles", "x"],
                     ["info", MODEL, *["--size", "3x3"] * 9]):
            self.run_assent("model", *args, code=2)


if __name__ == "__main__":
    main()
