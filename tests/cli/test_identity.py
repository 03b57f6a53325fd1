#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a model is: a folder written anew goes on, another model is refused with what changed, --as goes on under a name."""
import hashlib
import json
import os
import shutil
import sqlite3
import struct

from harness import FACES, Case, main

MODEL = os.path.join(FACES, "model")
PICTURES = os.path.join(FACES, "images")
HAT = "Is this person wearing a hat? Answer with only yes or no."
FILES_OF_BEFORE = ("model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json",
                   "processor_config.json", "chat_template.jinja", "generation_config.json")


def read_tensors(path):
    """[(name, dtype, shape, bytes)] of a safetensors file."""
    with open(path, "rb") as f:
        data = f.read()
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    return [(name, t["dtype"], t["shape"], data[8 + size + t["data_offsets"][0]:8 + size + t["data_offsets"][1]])
            for name, t in header.items() if name != "__metadata__"]


def write_tensors(path, tensors, **metadata):
    header, at = {"__metadata__": metadata} if metadata else {}, 0
    for name, dtype, shape, data in tensors:
        header[name] = {"shape": shape, "data_offsets": [at, at + len(data)], "dtype": dtype}
        at += len(data)
    text = json.dumps(header, indent=1).encode() + b"   "
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(t[3] for t in tensors))


def name_of_v5(name):
    """As transformers names it since 4.52."""
    for old, new in (("language_model.model.", "model.language_model."), ("language_model.lm_head.", "lm_head."),
                     ("vision_tower.vision_model.", "model.vision_tower."), ("vision_tower.", "model.vision_tower."),
                     ("multi_modal_projector.", "model.multi_modal_projector."), ("image_newline", "model.image_newline")):
        if name.startswith(old):
            return new + name[len(old):]
    return name


class Identity(Case):
    def project(self):
        """Three drawings, of which a copy of the toy model has answered one."""
        os.makedirs(self.path("images"))
        for name in sorted(os.listdir(PICTURES))[:3]:
            shutil.copy(os.path.join(PICTURES, name), self.path("images"))
        shutil.copytree(MODEL, self.path("model"))
        self.ask()
        self.run_assent("annotate", "-q", "--limit", "1")

    def ask(self, more="", others=""):
        self.write("assent.yaml", f'name: test\nimages: images/\nquestions:\n  - {{name: Hat, text: "{HAT}"}}\n'
                   f"annotators:\n  toy: {{kind: model, engine: vlm, model: model{more}}}\n{others}")

    def rows(self, sql, *values):
        db = sqlite3.connect(self.path("assent.db"))
        try:
            with db:
                return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def goes_on(self):
        """One more image is answered, by the same model."""
        before = len(self.labels("toy"))
        self.run_assent("annotate", "-q", "--limit", "1")
        self.assertEqual(len(self.labels("toy")), before + 1)
        self.assertEqual(self.rows("SELECT count(DISTINCT identity) FROM run"), [(1,)])

    def is_refused(self, *parts):
        for command in ("plan", "annotate"):
            err = self.run_assent(command, code=1).err
            for part in ("the model of 'toy' is not the one that answered before", *parts,
                         "annotate --annotator toy --as NEWNAME"):
                self.assertIn(part, err)
        self.assertEqual(len(self.labels("toy")), 1)

    def change_json(self, name, change):
        document = json.loads(self.read(f"model/{name}"))
        change(document)
        self.write(f"model/{name}", json.dumps(document))

    def tensors(self):
        return read_tensors(self.path("model/model.safetensors"))

    def write_sharded(self, tensors, shards):
        os.remove(self.path("model/model.safetensors"))
        places = {}
        for i in range(shards):
            file = f"model-{i + 1:05}-of-{shards:05}.safetensors"
            write_tensors(self.path(f"model/{file}"), tensors[i::shards], format="pt", saved="again")
            places.update({t[0]: file for t in tensors[i::shards]})
        self.write("model/model.safetensors.index.json", json.dumps({"metadata": {}, "weight_map": places}))


class GoesOn(Identity):
    def test_files_written_anew(self):
        self.project()
        for name in ("config.json", "processor_config.json", "tokenizer_config.json", "tokenizer.json"):
            document = json.loads(self.read(f"model/{name}"))
            self.write(f"model/{name}", json.dumps(dict(reversed(document.items())), indent=4) + "\n\n")
        with open(self.path("model/chat_template.jinja"), "a", encoding="utf-8") as f:
            f.write("\n")
        self.goes_on()

    def test_defaults_that_are_said(self):
        self.project()

        def say(config):
            config["transformers_version"] = "6.0.0"
            config["image_token_id"] = config.pop("image_token_index")
            del config["projector_hidden_act"], config["multimodal_projector_bias"]
            config["vision_feature_layer"] = 3
            config["text_config"]["rope_theta"] = config["text_config"].pop("rope_parameters")["rope_theta"]
            del config["text_config"]["head_dim"]
            config["text_config"]["rope_scaling"] = None
            del config["vision_config"]["layer_norm_eps"]
        self.change_json("config.json", say)
        self.goes_on()

    def test_weights_in_other_files_order_and_names(self):
        self.project()
        tensors = self.tensors()
        write_tensors(self.path("model/model.safetensors"), tensors[::-1])
        self.goes_on()
        self.write_sharded([(name_of_v5(t[0]), *t[1:]) for t in tensors], 3)
        self.goes_on()

    def test_the_older_forms_of_a_tokenizer_and_a_preparation(self):
        self.project()

        def older(tokenizer):
            model = tokenizer["model"]
            model["merges"] = [" ".join(pair) for pair in model["merges"]]
            for key in ("byte_fallback", "fuse_unk", "dropout", "unk_token"):
                del model[key]
            del tokenizer["normalizer"], tokenizer["truncation"]
        self.change_json("tokenizer.json", older)
        preparation = json.loads(self.read("model/processor_config.json"))["image_processor"]
        os.remove(self.path("model/processor_config.json"))
        self.write("model/preprocessor_config.json", json.dumps(preparation))
        template = self.read("model/chat_template.jinja")
        os.remove(self.path("model/chat_template.jinja"))
        self.write("model/chat_template.json", json.dumps({"chat_template": template}))
        self.goes_on()

    def test_weights_are_hashed_once(self):
        self.project()
        kept = self.rows("SELECT path FROM file_hash ORDER BY path")
        self.assertEqual([os.path.basename(row[0]) for row in kept], ["model.safetensors", "tokenizer.json"])
        self.rows("UPDATE file_hash SET sha256 = ? WHERE path LIKE '%safetensors'", "0" * 64)
        self.is_refused("weights changed")  # it believed what was kept
        shutil.copy(os.path.join(MODEL, "model.safetensors"), self.path("model"))
        self.goes_on()


class Refused(Identity):
    def test_one_weight(self):
        self.project()
        tensors = self.tensors()
        name, dtype, shape, data = tensors[0]
        tensors[0] = (name, dtype, shape, bytes([data[0] ^ 1]) + data[1:])
        write_tensors(self.path("model/model.safetensors"), tensors)
        self.is_refused("before: weights changed\n")

    def test_two_tensors_changed_places(self):
        self.project()
        tensors = self.tensors()
        one, other = (i for i, t in enumerate(tensors) if t[0].endswith(("layers.0.mlp.up_proj.weight",
                                                                         "layers.0.mlp.gate_proj.weight")))
        tensors[one], tensors[other] = ((tensors[one][0], *tensors[other][1:]), (tensors[other][0], *tensors[one][1:]))
        write_tensors(self.path("model/model.safetensors"), tensors)
        self.is_refused("weights changed")

    def test_the_same_numbers_in_another_type(self):
        self.project()
        tensors = self.tensors()
        name, _, shape, data = tensors[0]
        numbers = struct.unpack(f"<{len(data) // 2}e", data)
        tensors[0] = (name, "F32", shape, struct.pack(f"<{len(numbers)}f", *numbers))
        write_tensors(self.path("model/model.safetensors"), tensors)
        self.is_refused("weights changed")

    def test_the_same_bytes_as_another_type(self):
        self.project()
        tensors = self.tensors()
        name, dtype, shape, data = tensors[0]
        self.assertEqual(dtype, "F16")
        tensors[0] = (name, "BF16", shape, data)
        write_tensors(self.path("model/model.safetensors"), tensors)
        self.is_refused("before: weights changed\n")

    def test_values_are_named_with_before_and_now(self):
        self.project()

        def change(config):
            config["text_config"]["rms_norm_eps"] = 1e-6
            config["text_config"]["rope_parameters"]["rope_theta"] = 5e5
        self.change_json("config.json", change)
        self.change_json("processor_config.json", lambda p: p["image_processor"].update(image_mean=[0.5, 0.5, 0.25]))
        self.is_refused("text_config.rms_norm_eps was 1e-5, is 1e-6", "text_config.rope_theta was 10000.0, is 500000.0",
                        "preparation.image_mean was [0.48145467, ", "], is [0.5, 0.5, 0.25]")

    def test_a_merge(self):
        self.project()
        self.change_json("tokenizer.json", lambda t: t["model"]["merges"].reverse())
        self.is_refused("before: tokenizer changed\n")

    def test_a_template_and_a_prompt(self):
        self.project()
        self.write("model/chat_template.jinja", self.read("model/chat_template.jinja") + "\n\n")
        self.is_refused("before: chat_template changed\n")
        self.ask(', prompt: "{image} {question}"')
        self.is_refused("prompt was none, is {image} {question}")

    def test_precision(self):
        self.project()
        self.ask(", dtype: bf16")
        self.is_refused("before: dtype was f32, is bf16\n")

    def test_much_is_named_in_whole(self):
        self.project()

        def change(config):
            config["vision_feature_layer"] = -1
            config["text_config"].update(rms_norm_eps=1e-6, rope_parameters={"rope_theta": 2e4}, max_position_embeddings=99)
            config["vision_config"].update(hidden_act="gelu", layer_norm_eps=1e-6)
        self.change_json("config.json", change)
        self.is_refused("got 6 differences", "model.vision_feature_layer was 3, is 4",
                        "vision_config.hidden_act was quick_gelu, is gelu",
                        "text_config.max_position_embeddings was 2048, is 99")


class SizeAndTime(Identity):
    """Weights are another's, and have the size and the time of those that were hashed."""

    def other_weights(self):
        """(the weights' file, other bytes of the same length, the times it has)."""
        self.project()
        path = self.path("model/model.safetensors")
        with open(path, "rb") as f:
            data = bytearray(f.read())
        data[len(data) // 2 + 5000] ^= 1
        return path, bytes(data), (os.stat(path).st_atime_ns, os.stat(path).st_mtime_ns)

    def test_another_file_in_its_place(self):
        path, data, times = self.other_weights()
        self.write("model/other", data)
        os.utime(self.path("model/other"), ns=times)
        os.replace(self.path("model/other"), path)
        self.is_refused("weights changed")

    def test_written_over(self):
        path, data, times = self.other_weights()
        inode = os.stat(path).st_ino
        with open(path, "r+b") as f:
            f.write(data)
        os.utime(path, ns=times)
        self.assertEqual((os.stat(path).st_ino, os.stat(path).st_mtime_ns), (inode, times[1]))
        self.is_refused("weights changed")

    def test_a_time_that_says_nothing(self):
        path, data, _ = self.other_weights()
        os.utime(path, ns=(10**9, 10**9))
        self.goes_on()  # hashed again, and the same
        self.write("model/model.safetensors", data)
        os.utime(path, ns=(10**9, 10**9))
        self.assertIn("weights changed", self.run_assent("annotate", code=1).err)


class FormOfBefore(Identity):
    """A database whose runs know their model by the bytes of its files."""

    def project(self):
        super().project()
        files = {}
        for name in FILES_OF_BEFORE:
            with open(self.path(f"model/{name}"), "rb") as f:
                files[name] = hashlib.sha256(f.read()).hexdigest()
        settings = json.dumps({"family": "llama", "dtype": "f32", "prompt": "the model's", "files": files})
        self.rows("UPDATE run SET identity = ?, settings = ?", hashlib.sha256(settings.encode()).hexdigest(), settings)
        self.rows("DELETE FROM file_hash")

    def test_the_same_bytes_go_on_in_the_new_form(self):
        self.project()
        self.run_assent("plan")
        self.run_assent("annotate", "-q", "--limit", "1")
        newest, = self.rows("SELECT settings FROM run ORDER BY id DESC LIMIT 1")[0]
        self.assertIn("weights", json.loads(newest))
        self.assertNotIn("files", json.loads(newest))
        self.write("model/config.json", self.read("model/config.json") + "\n")
        self.run_assent("annotate", "-q")
        self.assertEqual(len(self.labels("toy")), 3)

    def test_other_bytes_are_named(self):
        self.project()
        self.write("model/config.json", self.read("model/config.json") + "\n")
        self.ask(", dtype: bf16")
        self.is_refused("dtype was f32, is bf16", "files.config.json changed")


class As(Identity):
    def changed(self):
        self.project()
        self.change_json("config.json", lambda c: c["text_config"].update(rms_norm_eps=1e-6))

    def test_the_same_entry_under_a_new_name(self):
        self.changed()
        self.assertEqual(self.json("plan", "--as", "toy-2")["annotator"], "toy-2")
        ran = self.run_assent("annotate", "--annotator", "toy", "--as", "toy-2")
        self.assertIn("toy-2 answered 3 images", ran.out)
        self.assertEqual(len(self.labels("toy-2")), 3)
        self.assertEqual(len(self.labels("toy")), 1)
        self.assertEqual(self.rows("SELECT kind FROM annotator WHERE name = 'toy-2'"), [("model",)])
        self.assertEqual(self.json("annotate", "--as", "toy-2")["images"], 0)
        self.assertIn("toy-2", self.run_assent("status").out)
        self.assertIn("toy-2", self.run_assent("report").out)

    def test_a_name_with_answers_of_yet_another_model(self):
        self.changed()
        self.run_assent("annotate", "-q", "--as", "toy-2")
        self.change_json("config.json", lambda c: c["text_config"].update(rms_norm_eps=1e-4))
        err = self.run_assent("annotate", "--as", "toy-2", code=1).err
        for part in ("the model of 'toy-2' is not", "was 1e-6, is 0.0001", "--annotator toy --as NEWNAME"):
            self.assertIn(part, err)

    def test_names_that_are_refused(self):
        self.changed()
        self.write("people.csv", "image,Hat\n" + "".join(f"{n},1\n" for n in os.listdir(self.path("images"))))
        self.run_assent("import", "people.csv", "-a", "anna")
        self.ask(others="  other: {kind: model, engine: vlm, model: model}\n  bert: {kind: human}\n")
        for name, part in (("anna", "known as another kind"), ("bert", "assent.yaml has this annotator already"),
                           ("other", "--annotator other asks that model"), ("consensus", "not usable"), ("", "not usable"),
                           ("x" * 5000, "not usable")):
            for command in ("plan", "annotate"):
                err = self.run_assent(command, "-a", "toy", "--as", name, code=2).err
                self.assertIn(part, err)
        self.assertEqual(self.json("plan", "-a", "toy", "--as", "new")["images"], 3)

    def test_a_name_whose_labels_came_in_a_file(self):
        self.changed()
        self.write("gpt.csv", "image,Hat\n" + "".join(f"{n},1\n" for n in sorted(os.listdir(self.path("images")))[:1]))
        self.run_assent("import", "gpt.csv", "-a", "gpt", "--kind", "model")
        for command in ("plan", "annotate"):
            self.assertIn("labels of this annotator came in a file", self.run_assent(command, "--as", "gpt", code=2).err)

    def test_a_run_that_fails_leaves_no_annotator(self):
        self.project()
        os.truncate(self.path("model/model.safetensors"), 10000)
        self.run_assent("annotate", "--as", "toy-4", code=1)
        self.assertEqual(self.rows("SELECT count(*) FROM annotator WHERE name = 'toy-4'"), [(0,)])


if __name__ == "__main__":
    main()
