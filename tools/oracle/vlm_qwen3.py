#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes small random Qwen3-VL models and what transformers makes of them: fixtures of tests/unit/t_vlm*.c.

    vlm_qwen3.py OUT_DIR        (make oracle)

Folders and cases have the form that models.py says. Further stages: tower.N (behind block N), vision (what the merger
takes), deep.N (rows that are added behind decoder layer N), positions [3, tokens], query.0 and key.0 (of the first decoder
layer, rotated, [tokens, heads * head_dim]). hidden.N is what goes into decoder layer N, so with the deep rows of the layer
before it; the last one is normed. The smallest folder is a Thinking one: its prompts end with the thought closed.
"""

import hashlib
import json
import pathlib
import shutil
import sys

import numpy as np
import torch
from tokenizers import normalizers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessorPil,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize
from transformers.models.qwen3_vl import modeling_qwen3_vl

from models import QUESTIONS, QWEN_WORDS, byte_level, fnv, picture, randomise, save

SPECIALS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>",
    "<|video_pad|>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>",
)

# What the released template makes of a conversation, with the same parts of Jinja, in words of our own.
PART = """\
{%- if part.type == 'image' or 'image' in part or 'image_url' in part %}
    {%- set images.seen = images.seen + 1 %}
    {%- if add_vision_id %}Picture {{ images.seen }}: {% endif -%}
    <|vision_start|><|image_pad|><|vision_end|>
{%- elif part.type == 'video' or 'video' in part %}
    {%- set videos.seen = videos.seen + 1 %}
    {%- if add_vision_id %}Video {{ videos.seen }}: {% endif -%}
    <|vision_start|><|video_pad|><|vision_end|>
{%- elif 'text' in part %}
    {{- part.text }}
{%- endif %}
"""
TEXT = """\
{%- if TURN.content is string %}
    {{- TURN.content }}
{%- else %}
    {%- for part in TURN.content %}
        {%- if 'text' in part %}
            {{- part.text }}
        {%- endif %}
    {%- endfor %}
{%- endif %}
"""
ANY = """\
{%- if turn.content is string %}
    {{- turn.content }}
{%- else %}
    {%- for part in turn.content %}
""" + PART + """\
    {%- endfor %}
{%- endif %}
"""
CHAT = """\
{%- set images = namespace(seen=0) %}
{%- set videos = namespace(seen=0) %}
{%- if tools or messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
""" + TEXT.replace("TURN", "messages[0]") + """\
        {%- if tools %}
            {{- '\\n\\n' }}
        {%- endif %}
    {%- endif %}
    {%- if tools %}
        {{- '# Tools\\n\\nThese functions can be called:\\n<tools>' }}
        {%- for tool in tools %}
            {{- '\\n' }}
            {{- tool | tojson }}
        {%- endfor %}
        {{- '\\n</tools>\\n\\nA call is a JSON object:\\n<tool_call>\\n{"name": .., "arguments": ..}\\n</tool_call>' }}
    {%- endif %}
    {{- '<|im_end|>\\n' }}
{%- endif %}
{%- for turn in messages %}
    {%- if turn.role == 'user' %}
        {{- '<|im_start|>' + turn.role + '\\n' }}
""" + ANY + """\
        {{- '<|im_end|>\\n' }}
    {%- elif turn.role == 'assistant' %}
        {{- '<|im_start|>' + turn.role + '\\n' }}
""" + TEXT.replace("TURN", "turn") + """\
        {%- for call in turn.tool_calls or [] %}
            {%- if turn.content or not loop.first %}
                {{- '\\n' }}
            {%- endif %}
            {%- set named = call.function if call.function else call %}
            {{- '<tool_call>\\n{"name": "' + named.name + '", "arguments": ' }}
            {{- named.arguments if named.arguments is string else named.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif turn.role == 'tool' %}
        {%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
""" + ANY + """\
        {{- '\\n</tool_response>' }}
        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
THINKING = CHAT.replace("{{- '<|im_start|>assistant\\n' }}", "{{- '<|im_start|>assistant\\n<think>\\n' }}")
CLOSED_THOUGHT = "\n</think>\n\n"  # behind a prompt that ends with a thought's beginning


def text_config(vocab, rope, **sizes):
    return dict(vocab_size=vocab, hidden_act="silu", max_position_embeddings=4096, rope_parameters=rope, **sizes)


MODELS = {
    # Queries wider than the hidden states, keys of half the heads, a position table of 7 x 7, deep rows of blocks 0 and 2,
    # own head; as 5.x writes a folder.
    "qwen3vl-a": dict(
        text=dict(hidden_size=24, intermediate_size=32, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
                  head_dim=32, rms_norm_eps=1e-5),
        rope=dict(rope_type="default", rope_theta=5e6, mrope_section=[6, 5, 5], mrope_interleaved=True),
        vision=dict(depth=4, hidden_size=16, intermediate_size=24, num_heads=2, patch_size=4, num_position_embeddings=49,
                    deepstack_visual_indexes=[0, 2]),
        size={"shortest_edge": 256, "longest_edge": 3072}, tied=False, dtype="bfloat16", shards=None, older=False,
        chat=CHAT, every=3, sizes=[(178, 218), (500, 375), (40, 40), (7, 120), (28, 20), (9, 5)],
    ),
    # Heads of 12 in the tower, as many decoder layers as deep rows, tied; as the released folders are, in shards.
    "qwen3vl-b": dict(
        text=dict(hidden_size=24, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
                  head_dim=16, rms_norm_eps=1e-6),
        rope=dict(rope_type="default", rope_theta=5e6, mrope_section=[3, 3, 2], mrope_interleaved=True),
        vision=dict(depth=3, hidden_size=24, intermediate_size=20, num_heads=2, patch_size=4, num_position_embeddings=25,
                    deepstack_visual_indexes=[1, 2]),
        size={"shortest_edge": 1024, "longest_edge": 4096}, tied=True, dtype="bfloat16", shards="60KB", older=True,
        chat=CHAT, every=5, sizes=[(60, 100), (500, 375), (33, 33)],
    ),
    # One block of real patches, limits by their other names, float32, a Thinking folder.
    "qwen3vl-c": dict(
        text=dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
                  head_dim=16, rms_norm_eps=1e-6),
        rope=dict(rope_type="default", rope_theta=1e6, mrope_section=[4, 2, 2], mrope_interleaved=True),
        vision=dict(depth=2, hidden_size=8, intermediate_size=16, num_heads=1, patch_size=16, num_position_embeddings=9,
                    deepstack_visual_indexes=[0]),
        size={"min_pixels": 1, "max_pixels": 8192}, tied=False, dtype="float32", shards=None, older=True,
        chat=THINKING, every=1, sizes=[(32, 32), (100, 30), (178, 218), (20, 70)],
    ),
}


def make_tokenizer(chat):
    bpe = byte_level(QWEN_WORDS, SPECIALS, normalizers.NFC(), False)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=chat
    )


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


def make_older(folder, spec):
    """The files as the released folders have them: settings under their first names."""
    config = json.loads((folder / "config.json").read_text())
    config["torch_dtype"] = config.pop("dtype")
    config["vision_config"]["model_type"] = "qwen3_vl"
    config["vision_config"].pop("rope_parameters", None)
    rope = config["text_config"].pop("rope_parameters")
    config["text_config"]["rope_theta"] = rope["rope_theta"]
    config["text_config"]["rope_scaling"] = {name: rope[name] for name in ("mrope_interleaved", "mrope_section")}
    write_json(folder / "config.json", config)
    write_json(folder / "chat_template.json", {"chat_template": spec["chat"]})
    (folder / "chat_template.jinja").unlink()
    write_json(folder / "video_preprocessor_config.json",
               {"size": {"longest_edge": 25165824, "shortest_edge": 4096}, "patch_size": 16})


def write_prep(folder, spec):
    settings = {
        "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5, 0.5, 0.5],
        "image_processor_type": "Qwen2VLImageProcessorFast", "image_std": [0.5, 0.5, 0.5], "merge_size": 2,
        "patch_size": spec["vision"]["patch_size"], "resample": 3, "rescale_factor": 1 / 255, "temporal_patch_size": 2,
    }
    if "shortest_edge" in spec["size"]:
        settings["size"] = spec["size"]
    else:
        settings |= spec["size"]
    if spec["older"]:
        write_json(folder / "preprocessor_config.json", settings)
    else:
        write_json(folder / "processor_config.json", {
            "image_processor": settings, "processor_class": "Qwen3VLProcessor",
            "video_processor": {"size": {"longest_edge": 25165824, "shortest_edge": 4096}, "patch_size": 16},
        })


def build(name, spec, out, seed):
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    tokenizer = make_tokenizer(spec["chat"])
    ids = {key: tokenizer.convert_tokens_to_ids(f"<|{key[:-9]}|>") for key in ("vision_start_token_id", "vision_end_token_id")}
    config = Qwen3VLConfig(
        text_config=text_config(-(-len(tokenizer) // 16) * 16, spec["rope"], **spec["text"]),
        vision_config=dict(hidden_act="gelu_pytorch_tanh", in_channels=3, spatial_merge_size=2, temporal_patch_size=2,
                           out_hidden_size=spec["text"]["hidden_size"], **spec["vision"]),
        image_token_id=tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        video_token_id=tokenizer.convert_tokens_to_ids("<|video_pad|>"),
        tie_word_embeddings=spec["tied"], **ids,
    )
    torch.manual_seed(seed)
    model = Qwen3VLForConditionalGeneration(config)
    randomise(model, seed)
    with torch.no_grad():
        patch = model.model.visual.patch_embed.proj.weight  # its name has "embed" in it, and it is a product's
        patch.mul_(2 * patch[0].numel() ** -0.5)
    model.tie_weights()
    model = model.to(getattr(torch, spec["dtype"])).eval()
    model.save_pretrained(folder, **({"max_shard_size": spec["shards"]} if spec["shards"] else {}))
    tokenizer.save_pretrained(folder)
    write_prep(folder, spec)
    if spec["older"]:
        make_older(folder, spec)
    for path in folder.iterdir():
        path.chmod(0o644)
    run_cases(folder, tokenizer, spec)


def image_processor(folder):
    older = folder / "preprocessor_config.json"
    if older.exists():
        return Qwen2VLImageProcessorPil.from_pretrained(folder)
    settings = json.loads((folder / "processor_config.json").read_text())["image_processor"]
    return Qwen2VLImageProcessorPil(**{k: v for k, v in settings.items() if k != "image_processor_type"})


class Still:
    """A processor without the part for videos, which wants torchvision."""

    def check_argument_for_proper_class(self, name, argument):
        return None if name == "video_processor" else super().check_argument_for_proper_class(name, argument)


class StillProcessor(Still, Qwen3VLProcessor):
    pass


def run_cases(folder, tokenizer, spec):
    model = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    model.eval()
    processor = StillProcessor(image_processor(folder), tokenizer, chat_template=spec["chat"])
    lines = []
    for i, (width, height) in enumerate(spec["sizes"]):
        for j, question in enumerate(QUESTIONS if i == 0 else QUESTIONS[:1]):
            case, every = f"case{i}{j}", 0 if i + j else spec["every"]
            (folder / case).mkdir()
            lines.append(f"{case}\t{width}\t{height}\t{every}\t{question}")
            run_case(model, processor, picture(width, height), question, folder / case, every)
    (folder / "cases.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def render(processor, question):
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}]
    prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
    return prompt + CLOSED_THOUGHT if prompt.endswith("<think>\n") else prompt


class Stages:
    """What passes the places of a model that have no name in its outputs; its module has the function that rotates."""

    def __init__(self, model, modeling):
        self.kept, self.hooks, self.modeling = {}, [], modeling
        visual, text = model.model.visual, model.model.language_model
        for i, block in enumerate(visual.blocks):
            self.hook(block, f"tower.{i}")
        self.hooks.append(visual.merger.register_forward_pre_hook(lambda _, args: self.keep("vision", args[0])))
        for i, merger in enumerate(getattr(visual, "deepstack_merger_list", ())):
            self.hook(merger, f"deep.{i}")
        for i, layer in enumerate(text.layers):
            self.hooks.append(layer.register_forward_pre_hook(lambda _, args, i=i: self.keep(f"hidden.{i}", args[0][0])))
        self.hook(text.norm, f"hidden.{len(text.layers)}", lambda out: out[0])

    def hook(self, module, name, of=lambda out: out):
        self.hooks.append(module.register_forward_hook(lambda _m, _a, out: self.keep(name, of(out))))

    def keep(self, name, value):
        self.kept.setdefault(name, value.detach().clone())

    def __enter__(self):
        rotate = self.rotate = self.modeling.apply_rotary_pos_emb

        def watched(q, k, *args, **more):
            turned = rotate(q, k, *args, **more)
            for name, x in zip(("query.0", "key.0"), turned):
                self.keep(name, x[0].transpose(0, 1).flatten(1))
            return turned

        self.modeling.apply_rotary_pos_emb = watched
        return self.kept

    def __exit__(self, *_):
        self.modeling.apply_rotary_pos_emb = self.rotate
        for hook in self.hooks:
            hook.remove()


def run_case(model, processor, image, question, out, every, modeling=modeling_qwen3_vl):
    prompt = render(processor, question)
    inputs = processor(images=image, text=prompt, return_tensors="pt", return_mm_token_type_ids=True)
    with torch.no_grad(), Stages(model, modeling) as kept:
        result = model(**inputs)
        kept["features"] = model.model.get_image_features(inputs["pixel_values"], inputs["image_grid_thw"]).pooler_output[0]
    positions, _ = model.model.get_rope_index(
        inputs["input_ids"], inputs["mm_token_type_ids"], image_grid_thw=inputs["image_grid_thw"]
    )
    np.save(out / "input_ids.npy", inputs["input_ids"][0].numpy().astype(np.int64))
    np.save(out / "positions.npy", positions[:, 0].numpy().astype(np.int64))
    pixels = inputs["pixel_values"].numpy().astype("<f4")
    (out / "pixel_values.sha256").write_text(hashlib.sha256(pixels.tobytes()).hexdigest() + "\n")
    save(out / "logits.npy", result.logits[0, -1:])
    (out / "prompt.txt").write_text(prompt, encoding="utf-8")
    for name, value in kept.items() if every else ():
        save(out / f"{name}.npy", value[::every])


LIMITS = (  # and up to which size
    ({"shortest_edge": 65536, "longest_edge": 16777216}, 700),  # of the released folders
    ({"shortest_edge": 4096, "longest_edge": 100352}, 300),
)
NOTABLE = [(178, 218), (218, 178), (500, 375), (375, 500), (64, 64), (256, 256), (336, 336), (640, 480), (1024, 768),
           (1000, 200), (4000, 3000), (5000, 4000), (80, 112), (112, 80), (16, 16), (1, 1), (1, 200), (1, 201), (201, 1),
           (48, 48), (20000, 100), (20001, 100), (30000, 20000), (4096, 4096), (4112, 4080)]


def resized(processor, width, height):
    """(width, height), or zeros where a side is more than 200 times the other."""
    try:
        h, w = smart_resize(height, width, 2 * processor.patch_size, processor.size.shortest_edge,
                            processor.size.longest_edge)
    except ValueError:
        return 0, 0
    assert processor.get_number_of_image_patches(height, width) == h * w // processor.patch_size**2
    return w, h


def write_sizes(path, patch, groups):
    """What becomes of notable sizes, and of all below a bound: a hash a width. Before each group, a patch's side twice
    and the limits."""
    lines = []
    for limits, top in groups:
        processor = Qwen2VLImageProcessorPil(size=limits, patch_size=patch)
        lines.append("limits {} {shortest_edge} {longest_edge}".format(2 * patch, **limits))
        for width, height in NOTABLE:
            lines.append("size {} {} {} {}".format(width, height, *resized(processor, width, height)))
        for width in range(1, top + 1):
            sides = [side for height in range(1, top + 1) for side in resized(processor, width, height)]
            lines.append(f"width {width} {top} {fnv(sides):016x}")
    path.write_text("\n".join(lines) + "\n")


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for i, (name, spec) in enumerate(MODELS.items()):
        build(name, spec, out, 200 + i)
    write_sizes(out / "smart_resize.txt", 16, LIMITS)


if __name__ == "__main__":
    main()
