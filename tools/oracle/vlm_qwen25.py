#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes small random Qwen2-VL and Qwen2.5-VL models and what transformers makes of them: fixtures of tests/unit/t_vlm*.c.

    vlm_qwen25.py OUT_DIR        (make oracle)

Folders, cases and stages have the form that vlm_qwen3.py says, but for deep rows. A tower's rows stand in transformers'
own order inside the tower: groups of merged patches, in Qwen2.5-VL window by window. That is also the engine's, so
tower.N and vision are compared as they are; features are in the order of image tokens.
"""

import json
import pathlib
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessorPil,
    Qwen2VLProcessor,
)
from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl
from transformers.models.qwen2_vl import modeling_qwen2_vl

from models import QUESTIONS, picture, randomise
from templates import QWEN2_VL
from vlm_qwen3 import Still, make_tokenizer, run_case, write_json, write_sizes

CHAT = QWEN2_VL.removesuffix("{{ image_count.value }}")  # without that, the released folders' own
RELEASED = {"shortest_edge": 3136, "longest_edge": 12845056}



class StillProcessor2(Still, Qwen2VLProcessor):
    pass


class StillProcessor25(Still, Qwen2_5_VLProcessor):
    pass


QWEN2 = (Qwen2VLConfig, Qwen2VLForConditionalGeneration, StillProcessor2, modeling_qwen2_vl)
QWEN25 = (Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, StillProcessor25, modeling_qwen2_5_vl)

MODELS = {
    # Windows of 4 x 4 tokens on 5 x 7 (the first picture): whole, narrow, low, and a corner of one row. Flat, as released.
    "qwen25vl-a": dict(
        of=QWEN25,
        text=dict(hidden_size=32, num_attention_heads=2, num_key_value_heads=1, intermediate_size=36, num_hidden_layers=2,
                  rms_norm_eps=1e-6),
        rope=dict(rope_type="default", rope_theta=1e6, mrope_section=[2, 3, 3]),
        vision=dict(hidden_size=16, num_heads=2, intermediate_size=24, depth=3, patch_size=4, window_size=32,
                    fullatt_block_indexes=[1]),
        size={"min_pixels": 320, "max_pixels": 2400}, dtype="float16", flat=True, tied=False, questions=1,
        sizes=[(500, 375), (178, 218), (64, 64), (400, 3)],
    ),
    # Such windows on 3 x 4 tokens, on 6 x 5 and on one; blocks of windows between full ones. Nested, and tied.
    "qwen25vl-b": dict(
        of=QWEN25,
        text=dict(hidden_size=36, num_attention_heads=3, num_key_value_heads=1, intermediate_size=40, num_hidden_layers=2,
                  rms_norm_eps=1e-2),
        rope=dict(rope_type="default", rope_theta=1e4, mrope_section=[1, 2, 3]),
        vision=dict(hidden_size=24, num_heads=2, intermediate_size=16, depth=3, patch_size=2, window_size=16,
                    fullatt_block_indexes=[0, 2]),
        size={"shortest_edge": 12, "longest_edge": 512}, dtype="bfloat16", flat=False, tied=True, questions=4,
        sizes=[(14, 11), (178, 218), (2, 2)],
    ),
    # Qwen2-VL: LayerNorm, an MLP without a gate, no windows; another width of the tower than of what it gives. Flat, tied.
    "qwen2vl-a": dict(
        of=QWEN2,
        text=dict(hidden_size=32, num_attention_heads=4, num_key_value_heads=2, intermediate_size=36, num_hidden_layers=2,
                  rms_norm_eps=1e-6),
        rope=dict(rope_type="default", rope_theta=1e6, mrope_section=[1, 2, 1]),
        vision=dict(embed_dim=24, mlp_ratio=2, num_heads=2, depth=2, patch_size=4),
        size={"min_pixels": 320, "max_pixels": 2400}, dtype="bfloat16", flat=True, tied=True, questions=1,
        sizes=[(218, 178), (3, 400)],
    ),
}


def make_model(spec, tokenizer, seed):
    ids = {f"{key}_token_id": tokenizer.convert_tokens_to_ids(f"<|{name}|>") for key, name in
           (("image", "image_pad"), ("video", "video_pad"), ("vision_start", "vision_start"),
            ("vision_end", "vision_end"))}
    config_of, model_of = spec["of"][:2]
    width = "hidden_size" if model_of is Qwen2VLForConditionalGeneration else "out_hidden_size"
    config = config_of(
        text_config=dict(vocab_size=-(-len(tokenizer) // 16) * 16, max_position_embeddings=4096, bos_token_id=None,
                         eos_token_id=tokenizer.eos_token_id, rope_parameters=spec["rope"], **spec["text"]),
        vision_config={width: spec["text"]["hidden_size"], **spec["vision"]}, tie_word_embeddings=spec["tied"], **ids,
    )
    torch.manual_seed(seed)
    model = model_of(config)
    randomise(model, seed)
    with torch.no_grad():  # two whose names do not say what they are
        visual = model.model.visual
        patch = visual.patch_embed.proj.weight
        patch.mul_(2 * patch[0].numel() ** -0.5)
        visual.merger.ln_q.weight.add_(1)
    model.tie_weights()
    return model.to(getattr(torch, spec["dtype"])).eval()


def as_released(folder, size):
    """The files as the released folders have them: flat, RoPE of type mrope, keys that say nothing, limits by their first
    names, which win over the class's defaults."""
    config = json.loads((folder / "config.json").read_text())
    text, vision = config.pop("text_config"), config["vision_config"]
    rope = text.pop("rope_parameters")
    kept = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
            "num_key_value_heads", "hidden_act", "rms_norm_eps", "max_position_embeddings", "eos_token_id")
    config.update({key: text[key] for key in kept}, rope_theta=rope["rope_theta"],
                  rope_scaling={"type": "mrope", "mrope_section": rope["mrope_section"]}, max_window_layers=2,
                  use_sliding_window=False, sliding_window=32, torch_dtype=config.pop("dtype"))
    for key in ("model_type", "rope_parameters", "initializer_range", "dtype"):
        vision.pop(key, None)
    vision.update(in_chans=vision.pop("in_channels"), spatial_patch_size=vision["patch_size"])
    write_json(folder / "config.json", config)
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    write_json(folder / "preprocessor_config.json",
               settings | size | {"size": {"shortest_edge": 3136, "longest_edge": 1003520}})


def as_saved(folder):
    """The head is tied by text_config alone, and tensors have the names that the modules have."""
    config = json.loads((folder / "config.json").read_text())
    config.pop("tie_word_embeddings", None)
    config["text_config"]["tie_word_embeddings"] = True
    write_json(folder / "config.json", config)
    path = folder / "model.safetensors"
    tensors = {name.replace("visual.", "model.visual.") if name.startswith("visual.") else
               name.replace("model.", "model.language_model.", 1): tensor for name, tensor in load_file(path).items()}
    save_file(tensors, path, metadata={"format": "pt"})


def build(name, spec, out, seed):
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    tokenizer = make_tokenizer(CHAT)
    make_model(spec, tokenizer, seed).save_pretrained(folder)
    size = spec["size"] if spec["flat"] else {"size": spec["size"]}
    Qwen2VLImageProcessorPil(patch_size=spec["vision"]["patch_size"], **size).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if spec["flat"]:
        as_released(folder, size)
    else:
        as_saved(folder)
    for path in folder.iterdir():
        path.chmod(0o644)
    run_cases(folder, tokenizer, spec)


def run_cases(folder, tokenizer, spec):
    _, model_of, processor_of, modeling = spec["of"]
    model, loading = model_of.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    if loading["missing_keys"] or loading["unexpected_keys"]:
        raise SystemExit(f"{folder.name}: {loading}")
    model.eval()
    processor = processor_of(Qwen2VLImageProcessorPil.from_pretrained(folder), tokenizer, chat_template=CHAT)
    lines = []
    for i, (width, height) in enumerate(spec["sizes"]):
        for j, question in enumerate(QUESTIONS[:spec["questions"] if i == 0 else 1]):
            case, every = f"case{i}{j}", 0 if i + j else 5
            (folder / case).mkdir()
            lines.append(f"{case}\t{width}\t{height}\t{every}\t{question}")
            run_case(model, processor, picture(width, height), question, folder / case, every, modeling)
    (folder / "cases.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for i, (name, spec) in enumerate(MODELS.items()):
        build(name, spec, out, 250 + i)
    write_sizes(out / "qwen25_sizes.txt", 14, [(RELEASED, 700)])


if __name__ == "__main__":
    main()
