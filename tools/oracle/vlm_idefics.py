#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes small random SmolVLM and Idefics3 models and what transformers makes of them, like models.py.

    vlm_idefics.py OUT_DIR        (make oracle)

The processor is Idefics3Processor for both (SmolVLMProcessor wants a package more and gives the same ids), with the image
processors that use Pillow. OUT_DIR/idefics_sizes.txt and idefics_tiles.txt: what becomes of pictures of many sizes.
"""

import hashlib
import json
import pathlib
import shutil
import sys

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessorPil,
    Idefics3Processor,
    PreTrainedTokenizerFast,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessorPil,
)
from transformers.image_processing_backends import PilBackend

from models import ANSWERS, QUESTIONS, fix_prep, fnv, picture, randomise, save, special

ASKED = (*QUESTIONS[:2], QUESTIONS[2], "Are 12 hats in 2024, ٣٤ or Ⅻ½ of them? (007)")

# processing_smolvlm.py, DEFAULT_CHAT_TEMPLATE; and that of Idefics3's derivatives, which answer at once
SMOLVLM_CHAT = (
    "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}"
    "{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% elif line['type'] == 'video' %}{{ '<video>' }}{% endif %}"
    "{% endfor %}<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
ROLE_CHAT = (
    "{%- for message in messages -%}{{- '<|im_start|>' + message['role'] + '<|im_end|>' -}}"
    "{%- for part in message['content'] -%}{%- if part['type'] == 'text' -%}{{- part['text'] -}}"
    "{%- elif part['type'] == 'image' -%}{{- '<image>' -}}{%- endif -%}{%- endfor -%}{{- '<end_of_utterance>\\n' -}}"
    "{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|im_start|>assistant<|im_end|>' -}}{%- endif -%}"
)

SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<global-img>",
            *(f"<row_{row}_col_{col}>" for row in range(1, 7) for col in range(1, 7)),
            "<fake_token_around_image>", "<image>", "<end_of_utterance>")

MODELS = (
    # name, model type, tower, connector's factor, text model, image processor, what else the folder is, image sizes
    ("smolvlm-a", "smolvlm", dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3,
                                  image_size=64, patch_size=8), 4,
     dict(hidden_size=24, num_attention_heads=3, num_key_value_heads=1, head_dim=12, rope_theta=1e5),
     dict(size={"longest_edge": 256}, max_image_size={"longest_edge": 64}),
     dict(dtype="bfloat16", chat=SMOLVLM_CHAT, blank_line=True, every=13),
     [(178, 218), (500, 375), (100, 100), (300, 7)]),
    ("idefics3-b", "idefics3", dict(hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2,
                                    image_size=57, patch_size=6, hidden_act="gelu", layer_norm_eps=0.003), 3,
     dict(hidden_size=24, num_attention_heads=6, num_key_value_heads=2, rope_theta=5e5, rms_norm_eps=0.01),
     dict(size={"longest_edge": 57}, max_image_size={"longest_edge": 57}),
     dict(dtype="float32", chat=ROLE_CHAT, tied=True, every=3),
     [(178, 218), (20, 20), (1, 90)]),
    ("smolvlm-whole", "smolvlm", dict(hidden_size=24, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
                                      image_size=32, patch_size=8), 2,
     dict(hidden_size=24, num_attention_heads=2, num_key_value_heads=2, rope_theta=1e5),
     dict(size={"longest_edge": 128}, max_image_size={"longest_edge": 32}, do_image_splitting=False),
     dict(dtype="float16", chat=SMOLVLM_CHAT, older=True, every=2),
     [(37, 23), (178, 218)]),
)


def make_tokenizer(blank_line):
    """SmolLM2's: every digit a word of its own, then GPT-2's pattern. With a token for an empty line or without."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    lines = ["\n\n"] * 100 if blank_line else []
    bpe.train_from_iterator([*ASKED[:3], ANSWERS, "User: Assistant: Yes No yes no"] * 3 + lines, trainer)
    bpe.add_special_tokens([special(name) for name in SPECIALS])
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<|im_start|>", eos_token="<end_of_utterance>",
                                   pad_token="<|im_end|>", unk_token="<|endoftext|>")


def make_config(kind, tokenizer, vision, factor, text, tied):
    common = dict(model_type="llama", vocab_size=-(-len(tokenizer) // 16) * 16, intermediate_size=40,
                  num_hidden_layers=2, max_position_embeddings=4096, rms_norm_eps=1e-5)
    config = Idefics3Config if kind == "idefics3" else SmolVLMConfig
    return config(vision_config=vision, text_config={**common, **text}, scale_factor=factor,
                  image_token_id=tokenizer.convert_tokens_to_ids("<image>"), tie_word_embeddings=tied,
                  bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id)


def shorten(folder, kept):
    """Leaves out of config.json what released folders leave out: what the class has anyway."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["vision_config"] = {key: value for key, value in config["vision_config"].items()
                               if key in kept or key == "model_type"}
    path.write_text(json.dumps(config, indent=2) + "\n")


def build(spec, out, seed):
    name, kind, vision, factor, text, prep, more, sizes = spec
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    tokenizer = make_tokenizer(more.get("blank_line", False))
    model_class, prep_class = {
        "idefics3": (Idefics3ForConditionalGeneration, Idefics3ImageProcessorPil),
        "smolvlm": (SmolVLMForConditionalGeneration, SmolVLMImageProcessorPil),
    }[kind]
    torch.manual_seed(seed)
    model = model_class(make_config(kind, tokenizer, vision, factor, text, more.get("tied", False)))
    randomise(model, seed)
    model.tie_weights()
    model.to(getattr(torch, more["dtype"])).eval().save_pretrained(folder)
    processor = Idefics3Processor(prep_class(**prep), tokenizer, chat_template=more["chat"],
                                  image_seq_len=(vision["image_size"] // vision["patch_size"]) ** 2 // factor**2)
    processor.save_pretrained(folder)
    shorten(folder, vision)
    fix_prep(folder, more.get("older", False))
    for path in folder.iterdir():
        path.chmod(0o644)
    model = model_class.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    run_cases(folder, model, processor, sizes, more["every"])


def run_cases(folder, model, processor, sizes, every):
    lines = []
    for i, (width, height) in enumerate(sizes):
        for j, question in enumerate(ASKED if i == 0 else ASKED[:1]):
            case, kept = f"case{i}{j}", 0 if i + j else every
            (folder / case).mkdir()
            lines.append(f"{case}\t{width}\t{height}\t{kept}\t{question}")
            run_case(model, processor, picture(width, height), question, folder / case, kept)
    (folder / "cases.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def run_case(model, processor, image, question, out, every):
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}]
    prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
    inputs = processor(images=image, text=prompt, return_tensors="pt")
    stages, hooks = {}, []
    for i, block in enumerate(model.model.vision_model.encoder.layers):
        hooks.append(block.register_forward_hook(lambda _, __, result, i=i: stages.update({f"tower.{i}": result})))
    hooks.append(model.model.connector.register_forward_hook(
        lambda _, args, result: stages.update(vision=args[0], features=result)))
    with torch.no_grad():
        result = model(**inputs, output_hidden_states=True)
    for hook in hooks:
        hook.remove()
    stages.update({f"hidden.{i}": hidden for i, hidden in enumerate(result.hidden_states)})
    np.save(out / "input_ids.npy", inputs["input_ids"][0].numpy().astype(np.int64))
    pixels = inputs["pixel_values"][0].numpy().astype("<f4")
    (out / "pixel_values.sha256").write_text(hashlib.sha256(pixels.tobytes()).hexdigest() + "\n")
    save(out / "logits.npy", result.logits[0, -1:])
    (out / "prompt.txt").write_text(prompt, encoding="utf-8")
    for name, stage in stages.items() if every else ():
        save(out / f"{name}.npy", stage.flatten(0, -2)[::every].contiguous())


# ---- sizes ----

PREPS = {  # what the three kinds of released folders say, and with fewer tiles
    "2048/512": dict(size={"longest_edge": 2048}, max_image_size={"longest_edge": 512}),
    "1536/384": dict(size={"longest_edge": 1536}, max_image_size={"longest_edge": 384}),
    "1536/512": dict(size={"longest_edge": 1536}, max_image_size={"longest_edge": 512}),
    "1024/512": dict(size={"longest_edge": 1024}, max_image_size={"longest_edge": 512}),
    "whole": dict(size={"longest_edge": 2048}, max_image_size={"longest_edge": 512}, do_image_splitting=False),
}


class Shape:
    """A picture that is nothing but its size."""

    def __init__(self, height, width):
        self.shape = (3, height, width)

    def __getitem__(self, _):
        return self


def sizes_of(processor, width, height):
    """The sizes of the picture as it is resized, then the rows and columns of its tiles."""
    passed = []

    def resize(_, image, size, **__):
        passed.extend((size.width, size.height))
        return Shape(size.height, size.width)

    real, PilBackend.resize = PilBackend.resize, resize
    image, tile = Shape(height, width), processor.max_image_size
    image = processor.resize(image, processor.size)
    if processor.do_image_splitting:
        image = processor.resize_for_vision_encoder(image, tile["longest_edge"])
        _, rows, cols = processor.split_images(image, tile)
    else:
        image = processor.resize(image, type(processor.size)(height=tile["longest_edge"], width=tile["longest_edge"]))
        rows = cols = 0
    PilBackend.resize = real
    return (*passed[:4], rows, cols)


def write_sizes(out):
    notable = [(178, 218), (500, 375), (336, 336), (1000, 200), (200, 1000), (1, 1), (1, 3000), (3000, 1), (4097, 4095),
               (512, 512), (2048, 2047), (1920, 1080), (683, 512), (641, 641), (30000, 20000)]
    lines = []
    for name, settings in PREPS.items():
        processor = Idefics3ImageProcessorPil(**settings)
        for width, height in notable:
            lines.append(f"{name} size {width} {height} " + " ".join(map(str, sizes_of(processor, width, height))))
        for first in range(1, 701, 10):
            sizes = [n for width in range(first, first + 10) for height in range(1, 701)
                     for n in sizes_of(processor, width, height)]
            lines.append(f"{name} widths {first} 10 700 {fnv(sizes):016x}")
    (out / "idefics_sizes.txt").write_text("\n".join(lines) + "\n")


def write_tiles(out):
    pictures = {"2048/512": [(178, 218), (500, 375), (1000, 200), (5, 3)], "1536/384": [(178, 218), (70, 300)], "1024/512": [(178, 218)],
                "whole": [(178, 218), (640, 480), (1, 7)]}
    lines = []
    for name, sizes in pictures.items():
        for width, height in sizes:
            pixels = Idefics3ImageProcessorPil(**PREPS[name])(picture(width, height), return_tensors="np")["pixel_values"][0]
            lines.append(f"{name} {width} {height} {len(pixels)} {hashlib.sha256(pixels.astype('<f4').tobytes()).hexdigest()}")
    (out / "idefics_tiles.txt").write_text("\n".join(lines) + "\n")


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for i, spec in enumerate(MODELS):
        build(spec, out, 300 + i)
    write_tiles(out)
    write_sizes(out)


if __name__ == "__main__":
    main()
