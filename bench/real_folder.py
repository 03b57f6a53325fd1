#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a model's folder as people download it, with random weights: real shapes, nothing to download.

    real_folder.py NAME OUT_DIR        NAME: Qwen3-VL-2B, -4B, -8B or -32B, Qwen2.5-VL-3B or -7B
    assent ask --model OUT_DIR --image photo.jpg --question "Is it a cat?"

config.json and preprocessor_config.json are those of the released Instruct models; tensors have their names, shapes and
type (bfloat16). The tokenizer has their rules and their special tokens under their ids, on a small vocabulary; the chat
template renders what theirs does. Both are made of the fixtures that the tests compare with transformers.
"""

import argparse
import json
import math
import pathlib
import random
import struct
import sys

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "vlm"

SHARD_BYTES = 5_000_000_000
ONE = b"\x80\x3f"  # in bfloat16

# ---- Qwen3-VL ----

QWEN_SPECIALS = """
    <|endoftext|> <|im_start|> <|im_end|> <|object_ref_start|> <|object_ref_end|> <|box_start|> <|box_end|> <|quad_start|>
    <|quad_end|> <|vision_start|> <|vision_end|> <|vision_pad|> <|image_pad|> <|video_pad|> <tool_call> </tool_call>
    <|fim_prefix|> <|fim_middle|> <|fim_suffix|> <|fim_pad|> <|repo_name|> <|file_sep|> <tool_response> </tool_response>
    <think> </think>
""".split()
QWEN_WORDS = 151643  # tokens before them
QWEN_IDS = {name: QWEN_WORDS + i for i, name in enumerate(QWEN_SPECIALS)}

SMALL_TOWER = dict(hidden_size=1024, intermediate_size=4096, depth=24, deepstack_visual_indexes=[5, 11, 17])
LARGE_TOWER = dict(hidden_size=1152, intermediate_size=4304, depth=27, deepstack_visual_indexes=[8, 16, 24])
QWEN = {  # hidden, intermediate, layers, heads, tied, tower
    "Qwen3-VL-2B": (2048, 6144, 28, 16, True, SMALL_TOWER),
    "Qwen3-VL-4B": (2560, 9728, 36, 32, True, SMALL_TOWER),
    "Qwen3-VL-8B": (4096, 12288, 36, 32, False, LARGE_TOWER),
    "Qwen3-VL-32B": (5120, 25600, 64, 64, False, LARGE_TOWER),
}


def qwen_config(name):
    hidden, intermediate, layers, heads, tied, tower = QWEN[name]
    return {
        "architectures": ["Qwen3VLForConditionalGeneration"],
        "image_token_id": QWEN_IDS["<|image_pad|>"],
        "model_type": "qwen3_vl",
        "text_config": {
            "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 151643, "dtype": "bfloat16",
            "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu", "hidden_size": hidden,
            "initializer_range": 0.02, "intermediate_size": intermediate, "max_position_embeddings": 262144,
            "model_type": "qwen3_vl_text", "num_attention_heads": heads, "num_hidden_layers": layers,
            "num_key_value_heads": 8, "rms_norm_eps": 1e-06,
            "rope_scaling": {"mrope_interleaved": True, "mrope_section": [24, 20, 20], "rope_type": "default"},
            "rope_theta": 5000000, "tie_word_embeddings": tied, "use_cache": True, "vocab_size": 151936,
        },
        "tie_word_embeddings": tied,
        "video_token_id": QWEN_IDS["<|video_pad|>"],
        "vision_config": {
            "hidden_act": "gelu_pytorch_tanh", "in_channels": 3, "initializer_range": 0.02, "model_type": "qwen3_vl",
            "num_heads": 16, "num_position_embeddings": 2304, "out_hidden_size": hidden, "patch_size": 16,
            "spatial_merge_size": 2, "temporal_patch_size": 2, **tower,
        },
        "vision_end_token_id": QWEN_IDS["<|vision_end|>"],
        "vision_start_token_id": QWEN_IDS["<|vision_start|>"],
    }


QWEN_PREP = {
    "size": {"longest_edge": 16777216, "shortest_edge": 65536},
    "patch_size": 16, "temporal_patch_size": 2, "merge_size": 2, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
    "processor_class": "Qwen3VLProcessor", "image_processor_type": "Qwen2VLImageProcessorFast",
}


def linear(prefix, rows, cols, bias=True):
    yield prefix + ".weight", (rows, cols)
    if bias:
        yield prefix + ".bias", (rows,)


def norm(prefix, size, bias=True):
    yield prefix + ".weight", (size,)
    if bias:
        yield prefix + ".bias", (size,)


def qwen_tower(config):
    v = config["vision_config"]
    d, wide, block = v["hidden_size"], v["intermediate_size"], v["hidden_size"] * v["spatial_merge_size"] ** 2
    yield "model.visual.patch_embed.proj.weight", (d, 3, v["temporal_patch_size"], v["patch_size"], v["patch_size"])
    yield "model.visual.patch_embed.proj.bias", (d,)
    yield "model.visual.pos_embed.weight", (v["num_position_embeddings"], d)
    for i in range(v["depth"]):
        prefix = f"model.visual.blocks.{i}."
        yield from norm(prefix + "norm1", d)
        yield from norm(prefix + "norm2", d)
        yield from linear(prefix + "attn.qkv", 3 * d, d)
        yield from linear(prefix + "attn.proj", d, d)
        yield from linear(prefix + "mlp.linear_fc1", wide, d)
        yield from linear(prefix + "mlp.linear_fc2", d, wide)
    mergers = [("model.visual.merger.", d)]
    mergers += [(f"model.visual.deepstack_merger_list.{i}.", block) for i in range(len(v["deepstack_visual_indexes"]))]
    for prefix, normed in mergers:
        yield from norm(prefix + "norm", normed)
        yield from linear(prefix + "linear_fc1", block, block)
        yield from linear(prefix + "linear_fc2", v["out_hidden_size"], block)


def qwen_text(config):
    t = config["text_config"]
    h, q, kv = t["hidden_size"], t["num_attention_heads"] * t["head_dim"], t["num_key_value_heads"] * t["head_dim"]
    yield "model.language_model.embed_tokens.weight", (t["vocab_size"], h)
    for i in range(t["num_hidden_layers"]):
        prefix = f"model.language_model.layers.{i}."
        yield from norm(prefix + "input_layernorm", h, False)
        yield from norm(prefix + "post_attention_layernorm", h, False)
        yield from norm(prefix + "self_attn.q_norm", t["head_dim"], False)
        yield from norm(prefix + "self_attn.k_norm", t["head_dim"], False)
        for name, rows, cols in (("q", q, h), ("k", kv, h), ("v", kv, h), ("o", h, q)):
            yield from linear(f"{prefix}self_attn.{name}_proj", rows, cols, False)
        for name, rows, cols in (("gate", t["intermediate_size"], h), ("up", t["intermediate_size"], h),
                                 ("down", h, t["intermediate_size"])):
            yield from linear(f"{prefix}mlp.{name}_proj", rows, cols, False)
    yield from norm("model.language_model.norm", h, False)
    if not config["tie_word_embeddings"]:
        yield "lm_head.weight", (t["vocab_size"], h)


# ---- Qwen2.5-VL ----

QWEN25 = {  # hidden, intermediate, layers, heads, those of keys, tied, vocabulary
    "Qwen2.5-VL-3B": (2048, 11008, 36, 16, 2, True, 151936),
    "Qwen2.5-VL-7B": (3584, 18944, 28, 28, 4, False, 152064),
}


def qwen25_config(name):
    hidden, intermediate, layers, heads, kv_heads, tied, vocabulary = QWEN25[name]
    return {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"], "attention_dropout": 0.0, "bos_token_id": 151643,
        "eos_token_id": 151645, "hidden_act": "silu", "hidden_size": hidden, "image_token_id": QWEN_IDS["<|image_pad|>"],
        "initializer_range": 0.02, "intermediate_size": intermediate, "max_position_embeddings": 128000,
        "max_window_layers": layers, "model_type": "qwen2_5_vl", "num_attention_heads": heads,
        "num_hidden_layers": layers, "num_key_value_heads": kv_heads, "rms_norm_eps": 1e-06,
        "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]}, "rope_theta": 1000000.0,
        "sliding_window": 32768, "tie_word_embeddings": tied, "torch_dtype": "bfloat16", "use_cache": True,
        "use_sliding_window": False, "video_token_id": QWEN_IDS["<|video_pad|>"],
        "vision_config": {
            "depth": 32, "fullatt_block_indexes": [7, 15, 23, 31], "hidden_act": "silu", "hidden_size": 1280,
            "in_chans": 3, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": hidden, "patch_size": 14,
            "spatial_merge_size": 2, "spatial_patch_size": 14, "temporal_patch_size": 2, "tokens_per_second": 2,
            "window_size": 112,
        },
        "vision_end_token_id": QWEN_IDS["<|vision_end|>"], "vision_start_token_id": QWEN_IDS["<|vision_start|>"],
        "vocab_size": vocabulary,
    }


QWEN25_PREP = {
    "min_pixels": 3136, "max_pixels": 12845056, "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2,
    "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
    "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor",
}


def qwen25_tower(config):
    v = config["vision_config"]
    d, wide, block = v["hidden_size"], v["intermediate_size"], v["hidden_size"] * v["spatial_merge_size"] ** 2
    yield "visual.patch_embed.proj.weight", (d, 3, v["temporal_patch_size"], v["patch_size"], v["patch_size"])
    for i in range(v["depth"]):
        prefix = f"visual.blocks.{i}."
        yield from norm(prefix + "norm1", d, False)
        yield from norm(prefix + "norm2", d, False)
        yield from linear(prefix + "attn.qkv", 3 * d, d)
        yield from linear(prefix + "attn.proj", d, d)
        yield from linear(prefix + "mlp.gate_proj", wide, d)
        yield from linear(prefix + "mlp.up_proj", wide, d)
        yield from linear(prefix + "mlp.down_proj", d, wide)
    yield from norm("visual.merger.ln_q", d, False)
    yield from linear("visual.merger.mlp.0", block, block)
    yield from linear("visual.merger.mlp.2", v["out_hidden_size"], block)


def qwen25_text(config):
    h, wide = config["hidden_size"], config["intermediate_size"]
    kv = h // config["num_attention_heads"] * config["num_key_value_heads"]
    yield "model.embed_tokens.weight", (config["vocab_size"], h)
    for i in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{i}."
        yield from norm(prefix + "input_layernorm", h, False)
        yield from norm(prefix + "post_attention_layernorm", h, False)
        for name, rows in (("q", h), ("k", kv), ("v", kv)):
            yield from linear(f"{prefix}self_attn.{name}_proj", rows, h)
        yield from linear(prefix + "self_attn.o_proj", h, h, False)
        for name, rows, cols in (("gate", wide, h), ("up", wide, h), ("down", h, wide)):
            yield from linear(f"{prefix}mlp.{name}_proj", rows, cols, False)
    yield from norm("model.norm", h, False)
    if not config["tie_word_embeddings"]:
        yield "lm_head.weight", (config["vocab_size"], h)


# ---- a folder ----


def qwen_tokenizer(fixture):
    """The fixture's, with tokens that no merge makes up to the real number, and the real special ones behind them."""
    tokenizer = json.loads((fixture / "tokenizer.json").read_text(encoding="utf-8"))
    vocab = {name: i for name, i in tokenizer["model"]["vocab"].items() if name not in QWEN_IDS}
    vocab |= {f"~unmade~{i}": i for i in range(len(vocab), QWEN_WORDS)}
    tokenizer["model"]["vocab"] = vocab
    usual = tokenizer["added_tokens"][0]
    tokenizer["added_tokens"] = [usual | {"id": i, "content": name} for name, i in QWEN_IDS.items()]
    return tokenizer


def write_files(out, fixture, config, prep):
    settings = json.loads((fixture / "tokenizer_config.json").read_text())
    template = (fixture / "chat_template.jinja").read_text(encoding="utf-8")
    files = {
        "config.json": config, "preprocessor_config.json": prep, "tokenizer.json": qwen_tokenizer(fixture),
        "tokenizer_config.json": settings, "chat_template.json": {"chat_template": template},
    }
    for file, value in files.items():
        (out / file).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_qwen(name, out):
    if name in QWEN25:
        config = qwen25_config(name)
        write_files(out, FIXTURES / "qwen25vl-a", config, QWEN25_PREP)
        return [*qwen25_tower(config), *qwen25_text(config)]
    config = qwen_config(name)
    write_files(out, FIXTURES / "qwen3vl-a", config, QWEN_PREP)
    return [*qwen_tower(config), *qwen_text(config)]


# ---- weights ----


class Noise:
    """Numbers of both signs, 2^-7 to 2^-5 in size, in bfloat16: the scale of trained matrices. One block of them, read from
    another place for each tensor."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        block = bytearray(self.random.randbytes(16 << 20))
        block[1::2] = block[1::2].translate(bytes([0x3C] * 128 + [0xBC] * 128))
        self.block = bytes(block)

    def write(self, file, size):
        while size > 0:
            at = self.random.randrange(len(self.block) // 4) * 2
            piece = self.block[at:at + size]
            file.write(piece)
            size -= len(piece)


def size_of(shape):
    return 2 * math.prod(shape)


def shards(tensors):
    part, total = [], 0
    for name, shape in tensors:
        if part and total + size_of(shape) > SHARD_BYTES:
            yield part
            part, total = [], 0
        part.append((name, shape))
        total += size_of(shape)
    yield part


def write_shard(path, tensors, noise):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors:
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + size_of(shape)]}
        at += size_of(shape)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in tensors:
            if ("norm" in name or "ln_q" in name) and name.endswith(".weight"):
                file.write(ONE * math.prod(shape))
            else:
                noise.write(file, size_of(shape))


def write_weights(out, tensors, seed):
    parts, noise, index = list(shards(tensors)), Noise(seed), {}
    for i, part in enumerate(parts):
        file = "model.safetensors" if len(parts) == 1 else f"model-{i + 1:05}-of-{len(parts):05}.safetensors"
        write_shard(out / file, part, noise)
        index |= {name: file for name, _ in part}
    if len(parts) > 1:
        total = sum(size_of(shape) for _, shape in tensors)
        text = json.dumps({"metadata": {"total_size": total}, "weight_map": index}, indent=2)
        (out / "model.safetensors.index.json").write_text(text + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=sorted(QWEN | QWEN25))
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    tensors = write_qwen(a.name, a.out)
    write_weights(a.out, tensors, a.seed)
    print(f"{a.out}: {sum(math.prod(shape) for _, shape in tensors):,} parameters", file=sys.stderr)


if __name__ == "__main__":
    main()
