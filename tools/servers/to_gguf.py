#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the demo's model as llama.cpp reads it: to_gguf.py MODEL OUT makes OUT/text.gguf and OUT/vision.gguf.

Nothing is downloaded: weights, vocabulary and template are the folder's. llama.cpp lays the tiles of a picture out one
after the other and without line ends, so its answers are not the engine's.
"""
import json
import os
import struct
import sys

import gguf
import numpy

# Parts are joined by the server before the template sees them: the picture's mark is in the text.
TEMPLATE = ("{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
            " + message['content'] + '<|eot_id|>' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}")

LAYER = {  # ours -> GGUF's
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output"}
SIGHT = {
    "layer_norm1": "ln1", "layer_norm2": "ln2", "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.out_proj": "attn_out"}


def read_json(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return json.load(f)


def read_tensors(path):
    """{name: float32 array} of a safetensors file of halves."""
    with open(path, "rb") as f:
        head = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    head.pop("__metadata__", None)
    return {name: numpy.frombuffer(data[slice(*t["data_offsets"])], "<f2").reshape(t["shape"]).astype("<f4")
            for name, t in head.items()}


def interleave(weight, heads):
    """The rows of each head as the rotation of llama.cpp pairs them: neighbours, not halves."""
    rows, width = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, width).swapaxes(1, 2).reshape(rows, width)


def add_vocabulary(out, folder, size):
    tokenizer = read_json(folder, "tokenizer.json")
    added = {t["id"]: t["content"] for t in tokenizer["added_tokens"]}
    known = {**{i: token for token, i in tokenizer["model"]["vocab"].items()}, **added}
    kinds = [gguf.TokenType.CONTROL if i in added else gguf.TokenType.NORMAL if i in known else gguf.TokenType.UNUSED
             for i in range(size)]
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("llama-bpe")
    out.add_token_list([known.get(i, f"[unused {i}]") for i in range(size)])
    out.add_token_types(kinds)
    out.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    ids = {token: i for i, token in added.items()}
    out.add_bos_token_id(ids["<|begin_of_text|>"])
    out.add_eos_token_id(ids["<|eot_id|>"])
    out.add_pad_token_id(ids["<|pad|>"])
    out.add_add_bos_token(True)
    out.add_chat_template(TEMPLATE)


def finish(out):
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def write_text(tensors, config, folder, path):
    out = gguf.GGUFWriter(path, "llama")
    heads, shared = config["num_attention_heads"], config["num_key_value_heads"]
    out.add_name("toy")
    out.add_context_length(config["max_position_embeddings"])
    out.add_embedding_length(config["hidden_size"])
    out.add_block_count(config["num_hidden_layers"])
    out.add_feed_forward_length(config["intermediate_size"])
    out.add_head_count(heads)
    out.add_head_count_kv(shared)
    out.add_layer_norm_rms_eps(config["rms_norm_eps"])
    out.add_rope_dimension_count(config["head_dim"])
    out.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    out.add_vocab_size(config["vocab_size"])
    out.add_file_type(gguf.LlamaFileType.ALL_F32)
    add_vocabulary(out, folder, config["vocab_size"])
    out.add_tensor("token_embd.weight", tensors["language_model.model.embed_tokens.weight"])
    out.add_tensor("output.weight", tensors["language_model.lm_head.weight"])
    out.add_tensor("output_norm.weight", tensors["language_model.model.norm.weight"])
    for layer in range(config["num_hidden_layers"]):
        for ours, theirs in LAYER.items():
            weight = tensors[f"language_model.model.layers.{layer}.{ours}.weight"]
            if theirs in ("attn_q", "attn_k"):
                weight = interleave(weight, heads if theirs == "attn_q" else shared)
            out.add_tensor(f"blk.{layer}.{theirs}.weight", weight)
    finish(out)


def write_vision(tensors, config, picture, path):
    out = gguf.GGUFWriter(path, "clip")
    sight = config["vision_config"]
    out.add_bool("clip.has_vision_encoder", True)
    out.add_string("clip.projector_type", "mlp")
    for name, value in (("image_size", sight["image_size"]), ("patch_size", sight["patch_size"]),
                        ("embedding_length", sight["hidden_size"]), ("block_count", sight["num_hidden_layers"]),
                        ("feed_forward_length", sight["intermediate_size"]), ("projection_dim", sight["projection_dim"]),
                        ("attention.head_count", sight["num_attention_heads"])):
        out.add_uint32(f"clip.vision.{name}", value)
    out.add_float32("clip.vision.attention.layer_norm_epsilon", sight["layer_norm_eps"])
    out.add_array("clip.vision.image_mean", picture["image_mean"])
    out.add_array("clip.vision.image_std", picture["image_std"])
    out.add_array("clip.vision.image_grid_pinpoints", [n for size in config["image_grid_pinpoints"] for n in size])
    out.add_string("clip.vision.mm_patch_merge_type", "spatial_unpad")
    tower = "vision_tower."
    out.add_tensor("v.class_embd", tensors[tower + "embeddings.class_embedding"])
    out.add_tensor("v.patch_embd.weight", tensors[tower + "embeddings.patch_embedding.weight"])
    out.add_tensor("v.position_embd.weight", tensors[tower + "embeddings.position_embedding.weight"])
    out.add_tensor("v.image_newline", tensors["image_newline"])
    for kind in ("weight", "bias"):
        out.add_tensor(f"v.pre_ln.{kind}", tensors[f"{tower}pre_layrnorm.{kind}"])
        out.add_tensor(f"mm.0.{kind}", tensors[f"multi_modal_projector.linear_1.{kind}"])
        out.add_tensor(f"mm.2.{kind}", tensors[f"multi_modal_projector.linear_2.{kind}"])
        for layer in range(sight["num_hidden_layers"]):
            for ours, theirs in SIGHT.items():
                out.add_tensor(f"v.blk.{layer}.{theirs}.{kind}", tensors[f"{tower}encoder.layers.{layer}.{ours}.{kind}"])
    finish(out)


def main():
    folder, out = sys.argv[1:]
    config = read_json(folder, "config.json")
    tensors = read_tensors(os.path.join(folder, "model.safetensors"))
    os.makedirs(out, exist_ok=True)
    write_text(tensors, config["text_config"], folder, os.path.join(out, "text.gguf"))
    write_vision(tensors, config, read_json(folder, "processor_config.json")["image_processor"],
                 os.path.join(out, "vision.gguf"))


main()
