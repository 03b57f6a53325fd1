#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes small random InternVL models and what transformers makes of them, like models.py.

    vlm_internvl.py OUT_DIR        (make oracle)

Folders have the form of those named ..-hf. The image processor is the one that uses Pillow; the model's processor has it cut
pictures into tiles even where its own file says that it does not. OUT_DIR/internvl_sizes.txt and internvl_tiles.txt: the
grids and the tiles of pictures of many sizes.
"""

import hashlib
import pathlib
import shutil
import sys

import numpy as np
import torch
from tokenizers import normalizers
from transformers import (
    GotOcr2ImageProcessorPil,
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLProcessor,
    PreTrainedTokenizerFast,
)
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import get_optimal_tiled_canvas

from models import QUESTIONS, QWEN_WORDS, byte_level, fix_prep, fnv, picture, randomise, save
from vlm_qwen3 import Still, write_json

SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<img>", "</img>", "<IMG_CONTEXT>", "<video>")
NAMED = dict(start_image_token="<img>", end_image_token="</img>", context_image_token="<IMG_CONTEXT>", video_token="<video>")

CHAT = (
    "{% for turn in messages %}{{ '<|im_start|>' + turn['role'] + '\\n' }}"
    "{% if turn['content'] is string %}{{ turn['content'] }}{% else %}{% for part in turn['content'] %}"
    "{% if part['type'] == 'image' %}{{ '<IMG_CONTEXT>\\n' }}{% elif part['type'] == 'video' %}{{ '<video>\\n' }}"
    "{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}{{ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

MODELS = (
    # name, tower, text model, the whole's settings, image processor, what else the folder is, image sizes
    ("internvl-a", dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3, attention_bias=True,
                        image_size=16, patch_size=4),
     dict(model_type="qwen2", hidden_size=24, intermediate_size=40, num_attention_heads=3, num_key_value_heads=1,
          rope_parameters={"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e6}),
     dict(), dict(max_patches=4), dict(dtype="bfloat16", every=3),
     [(60, 60), (178, 218), (500, 375), (22, 22), (300, 7)]),
    ("internvl-b", dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, use_qk_norm=True,
                        norm_type="rms_norm", use_mean_pooling=False, image_size=30, patch_size=7, layer_norm_eps=0.003,
                        hidden_act="gelu_pytorch_tanh"),
     dict(model_type="qwen3", hidden_size=16, intermediate_size=32, num_attention_heads=4, num_key_value_heads=2, head_dim=10,
          rms_norm_eps=0.01, rope_parameters={"rope_type": "default", "rope_theta": 1e6}),
     dict(projector_hidden_act="gelu_pytorch_tanh", tie_word_embeddings=False), dict(),
     dict(dtype="float32", every=1, older=True),
     [(42, 40), (178, 218), (1, 90)]),
)
IMAGENET = dict(image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])


class StillProcessor(Still, InternVLProcessor):
    pass


def make_prep(side, **more):
    return GotOcr2ImageProcessorPil(size={"height": side, "width": side}, **IMAGENET, **more)


def make_config(tokenizer, vision, text, top):
    common = dict(vocab_size=-(-len(tokenizer) // 16) * 16, num_hidden_layers=2, max_position_embeddings=4096, rms_norm_eps=1e-5)
    tokens = (vision["image_size"] // vision["patch_size"]) ** 2 // 4
    return InternVLConfig(vision_config=vision, text_config={**common, **text}, image_seq_length=tokens,
                          image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"), **top)


def randomise_tower(model, seed):
    """What its name or its shape has drawn too large or too small. Where q and k are normed they are small before, and so is
    what a last norm gives the connector's: each norm's own eps shows."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        patch = model.model.vision_tower.embeddings.patch_embeddings.projection.weight
        patch.mul_(2 * patch[0].numel() ** -0.5)
        for name, weight in model.named_parameters():
            if "lambda" in name:
                weight.copy_(0.7 + 0.3 * torch.randn(weight.shape, generator=generator))
            elif model.config.vision_config.use_qk_norm and ("attention.q_proj" in name or "attention.k_proj" in name):
                weight.mul_(1e-3)
            elif name.startswith("model.vision_tower.layernorm."):
                weight.mul_(0.01)


def write_processor(folder, processor):
    """As save_pretrained does with torchvision at hand; the second object is for videos, and is not read."""
    settings = {"image_processor": processor.image_processor.to_dict(), "image_seq_length": processor.image_seq_length,
                "processor_class": "InternVLProcessor", "video_processor": {"size": {"height": 384, "width": 384}}}
    write_json(folder / "processor_config.json", settings)


def build(spec, out, seed):
    name, vision, text, top, prep, more, sizes = spec
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    bpe = byte_level(QWEN_WORDS, SPECIALS, normalizers.NFC(), False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|im_end|>", pad_token="<|endoftext|>",
                                        extra_special_tokens=NAMED, chat_template=CHAT)
    torch.manual_seed(seed)
    config = make_config(tokenizer, vision, text, top)
    model = InternVLForConditionalGeneration(config)
    randomise(model, seed)
    randomise_tower(model, seed)
    model.tie_weights()
    model.to(getattr(torch, more["dtype"])).eval().save_pretrained(folder)
    processor = StillProcessor(make_prep(vision["image_size"], **prep), tokenizer, image_seq_length=config.image_seq_length,
                               chat_template=CHAT)
    tokenizer.save_pretrained(folder)
    write_processor(folder, processor)
    fix_prep(folder, more.get("older", False))
    for path in folder.iterdir():
        path.chmod(0o644)
    model = InternVLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    run_cases(folder, model, processor, sizes, more["every"])


def run_cases(folder, model, processor, sizes, every):
    lines = []
    for i, (width, height) in enumerate(sizes):
        for j, question in enumerate(QUESTIONS if i == 0 else QUESTIONS[:1]):
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
    for i, block in enumerate(model.model.vision_tower.encoder.layer):
        hooks.append(block.register_forward_hook(lambda _, __, result, i=i: stages.update({f"tower.{i}": result})))
    hooks.append(model.model.multi_modal_projector.register_forward_hook(
        lambda _, args, result: stages.update(vision=args[0], features=result)))
    with torch.no_grad():
        result = model(**inputs, output_hidden_states=True)
    for hook in hooks:
        hook.remove()
    stages.update({f"hidden.{i}": hidden for i, hidden in enumerate(result.hidden_states)})
    np.save(out / "input_ids.npy", inputs["input_ids"][0].numpy().astype(np.int64))
    pixels = inputs["pixel_values"].numpy().astype("<f4")
    (out / "pixel_values.sha256").write_text(hashlib.sha256(pixels.tobytes()).hexdigest() + "\n")
    save(out / "logits.npy", result.logits[0, -1:])
    (out / "prompt.txt").write_text(prompt, encoding="utf-8")
    for name, stage in stages.items() if every else ():
        save(out / f"{name}.npy", stage.flatten(0, -2)[::every].contiguous())


# ---- sizes ----

SIDE = 448
LIMITS = ((1, 12), (1, 6), (3, 4), (1, 1), (5, 2))  # the fewest and the most tiles; first those of the released folders


def grid_of(width, height, limits):
    """Columns and rows of tiles."""
    return get_optimal_tiled_canvas((height, width), (SIDE, SIDE), *limits)


def write_sizes(out):
    notable = [(178, 218), (218, 178), (500, 375), (336, 336), (448, 448), (896, 896), (897, 896), (900, 900), (1000, 200),
               (200, 1000), (1, 1), (1, 3000), (3000, 1), (1344, 448), (634, 633), (776, 776), (548, 1096), (549, 1098),
               (950, 633), (951, 634), (1920, 1080), (4096, 4096), (30000, 20000)]
    lines = []
    for limits in LIMITS:
        name = "{}-{}".format(*limits)
        processor = make_prep(SIDE, crop_to_patches=True, min_patches=limits[0], max_patches=limits[1])
        for width, height in notable:
            columns, rows = grid_of(width, height, limits)
            tiles = processor.get_number_of_image_patches(height, width)
            assert tiles == columns * rows + (columns * rows > 1)
            lines.append(f"{name} size {width} {height} {columns} {rows} {tiles}")
        for first in range(1, 701, 10):
            grids = [n for width in range(first, first + 10) for height in range(1, 701) for n in grid_of(width, height, limits)]
            lines.append(f"{name} widths {first} 10 700 {fnv(grids):016x}")
    for width, height in ((7791, 318), (7840, 320), (7889, 322)):  # halfway from 24 columns to 25, about half of their pixels
        columns, rows = grid_of(width, height, (1, 25))
        lines.append(f"1-25 size {width} {height} {columns} {rows} {columns * rows + 1}")
    (out / "internvl_sizes.txt").write_text("\n".join(lines) + "\n")


def write_tiles(out):
    lines = []
    for limits, sizes in (((1, 12), [(178, 218), (500, 375), (900, 900), (448, 448), (5, 3), (1000, 200), (1, 7)]),
                          ((1, 6), [(178, 218), (640, 480)]), ((3, 4), [(500, 375)]), ((1, 1), [(178, 218), (640, 480)])):
        processor = make_prep(SIDE, crop_to_patches=True, min_patches=limits[0], max_patches=limits[1])
        for width, height in sizes:
            pixels = processor(picture(width, height), return_tensors="np")["pixel_values"]
            digest = hashlib.sha256(pixels.astype("<f4").tobytes()).hexdigest()
            lines.append("{}-{}".format(*limits) + f" {width} {height} {len(pixels)} {digest}")
    (out / "internvl_tiles.txt").write_text("\n".join(lines) + "\n")


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for i, spec in enumerate(MODELS):
        build(spec, out, 400 + i)
    write_tiles(out)
    write_sizes(out)


if __name__ == "__main__":
    main()
