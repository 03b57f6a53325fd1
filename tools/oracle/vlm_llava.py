#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes small random LLaVA-OneVision, LLaVA-NeXT and LLaVA-1.5 models and what transformers makes of them.

    vlm_llava.py OUT_DIR        (make oracle)

Folders as models.py writes them, with two stages more: tower.N is what the tower's block N gives (all pictures, class
tokens included), query.0 and key.0 are those of the first decoder layer behind rotation. The cases of NAME/whole.txt are
pictures without tiles, as OneVision takes each of several pictures. onevision_sizes.txt and llava_sizes.txt have what
follows from a picture's size, and the hashes of prepared pictures.
"""

import hashlib
import json
import pathlib
import shutil
import sys

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaImageProcessorPil,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionImageProcessorPil,
    LlavaOnevisionProcessor,
    LlavaOnevisionVideoProcessor,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2Config,
    SiglipImageProcessorPil,
    SiglipVisionConfig,
)
from transformers.image_transforms import center_crop, get_resize_output_image_size

from models import QUESTIONS, fix_prep, fnv, make_tokenizer, picture, randomise, save

HUB_CHAT = (  # the prompt of the released OneVision folders
    "{% for turn in messages %}<|im_start|>{{ turn.role }} "
    "{% for part in turn.content if part.type == 'image' %}<image>{% endfor %}"
    "{% for part in turn.content if part.type == 'text' %}{{ '\\n' + part.text }}{% endfor %}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
CONVERTED_CHAT = (  # that of the script which converted the first ones
    "{% for turn in messages %}{{ '<|im_start|>' + turn.role + '\\n' }}"
    "{% for part in turn.content %}{{ '<image>\\n' if part.type == 'image' else part.text }}{% endfor %}"
    "{{ '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
LLAVA_CHAT = (  # that of the released LLaVA-1.5 folders
    "{% for turn in messages %}{{ turn.role.upper() + ': ' }}"
    "{% for part in turn.content if part.type == 'image' %}{{ '<image>\\n' }}{% endfor %}"
    "{% for part in turn.content if part.type == 'text' %}{{ part.text + ' ' }}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)

HALVES = dict(image_mean=[0.5] * 3, image_std=[0.5] * 3)
REAL_PINPOINTS = [[h, w] for h in range(384, 2305, 384) for w in range(384, 2305, 384)]


def qwen2(vocab):
    return Qwen2Config(vocab_size=vocab, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
                       num_key_value_heads=1, max_position_embeddings=4096, rms_norm_eps=1e-6,
                       rope_parameters={"rope_type": "default", "rope_theta": 1e6})


def llama(vocab):
    return LlamaConfig(vocab_size=vocab, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
                       max_position_embeddings=4096, rms_norm_eps=1e-5)


def siglip(image_size, patch, head, layers=3):
    return SiglipVisionConfig(hidden_size=24, intermediate_size=36, num_hidden_layers=layers, num_attention_heads=2,
                              image_size=image_size, patch_size=patch, vision_use_head=head)


def clip(image_size, patch):
    return CLIPVisionConfig(hidden_size=24, intermediate_size=36, num_hidden_layers=4, num_attention_heads=2,
                            image_size=image_size, patch_size=patch, projection_dim=8)


def side(size):
    return {"height": size, "width": size}


ONEVISION = (
    # 345 x 115 keeps 5 x 15 of the map: ratio 5/3, where 5 // ratio is 2 and floor(5 / ratio) is 3
    dict(name="onevision-a", tower=siglip(23, 7, head=False, layers=2), tied=True, aspect="anyres_max_3", every=3,
         chat=HUB_CHAT, dtype="float32", hub=False, sizes=[(178, 218), (345, 115), (20, 30), (50, 50), (1, 200)],
         pinpoints=[[23, 23], [23, 46], [46, 23], [46, 46], [69, 46], [69, 69], [69, 115]]),
    dict(name="onevision-b", tower=siglip(28, 7, head=True), tied=False, aspect="anyres_max_9", every=1,
         chat=CONVERTED_CHAT, dtype="bfloat16", hub=True, sizes=[(25, 28), (500, 375)],
         pinpoints=[[28, 28], [56, 56], [28, 84]]),
)
NEXT = dict(name="next-layers", tower=siglip(30, 7, head=False, layers=2), dtype="float16", hub=False, every=4,
            sizes=[(45, 31), (20, 90)], pinpoints=[[30, 60], [60, 30], [60, 60]])
LLAVA = (
    dict(name="llava15-a", tower=clip(28, 7), text=llama, kind="nonlegacy", chat=LLAVA_CHAT, every=1, hub=False,
         top=dict(vision_feature_layer=[-2, 1]), dtype="float16", strategy="default", extra=1,
         sizes=[(178, 218), (500, 375), (30, 30), (1, 90), (41, 20)],
         prep=CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size=side(28))),
    dict(name="llava15-b", tower=siglip(30, 7, head=False), text=qwen2, kind="qwen2", chat=CONVERTED_CHAT,
         top=dict(vision_feature_layer=-1), dtype="float16", strategy="full", extra=0, every=1, hub=True,
         sizes=[(178, 218), (500, 375), (30, 30), (1, 90)], prep=SiglipImageProcessorPil(size=side(30))),
    dict(name="llava15-padded", tower=clip(28, 14), text=llama, kind="legacy", chat=LLAVA_CHAT, every=1, hub=True,
         top={}, dtype="float16", strategy="default", extra=1, sizes=[(178, 218), (500, 375), (31, 30)],
         prep=LlavaImageProcessorPil(size={"shortest_edge": 28}, crop_size=side(28), do_pad=True)),
)


def to_hub_names(folder):
    """The names of released folders: the tower has its wrapper still."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tower = "vision_tower."
    names = {name: tower + "vision_model." + name[len(tower):] if name.startswith(tower) else name for name in tensors}
    names = {name: new.replace("vision_model.vision_model.", "vision_model.") for name, new in names.items()}
    save_file({names[name]: tensors[name] for name in sorted(tensors)}, path, metadata={"format": "pt"})


def write_model(folder, model, processor, spec, seed):
    shutil.rmtree(folder, ignore_errors=True)
    randomise(model, seed)
    model.tie_weights()
    model.to(getattr(torch, spec["dtype"])).eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    if spec["hub"]:
        to_hub_names(folder)
        fix_prep(folder, True)
        for path in [*folder.glob("video_preprocessor_config.json")]:
            path.unlink()
    for path in folder.iterdir():
        path.chmod(0o644)


def make_text(kind, chat):
    bpe, _, ends = make_tokenizer(kind)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, extra_special_tokens={"image_token": "<image>"}, **ends)
    return tokenizer, -(-len(tokenizer) // 8) * 8, chat


def build_onevision(spec, out, seed):
    tokenizer, vocab, chat = make_text("qwen2", spec["chat"])
    tower = spec["tower"]
    config = LlavaOnevisionConfig(
        vision_config=tower, text_config=qwen2(vocab), image_grid_pinpoints=spec["pinpoints"],
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"), video_token_index=vocab - 1,
        vision_aspect_ratio=spec["aspect"], tie_word_embeddings=spec["tied"],
    )
    processor = LlavaOnevisionProcessor(
        image_processor=LlavaOnevisionImageProcessorPil(
            size=side(tower.image_size), image_grid_pinpoints=spec["pinpoints"], **HALVES),
        tokenizer=tokenizer, video_processor=LlavaOnevisionVideoProcessor(size=side(tower.image_size)),
        num_image_tokens=(tower.image_size // tower.patch_size) ** 2, vision_feature_select_strategy="full",
        chat_template=chat, vision_aspect_ratio=spec["aspect"],
    )
    torch.manual_seed(seed)
    folder = out / spec["name"]
    write_model(folder, LlavaOnevisionForConditionalGeneration(config), processor, spec, seed)
    model = run_cases(folder, LlavaOnevisionForConditionalGeneration, processor, spec)
    if spec["name"] == "onevision-a":
        run_whole(model, processor, folder)


def build_next(spec, out, seed):
    """LLaVA-NeXT as it was not released: SigLIP, and two hidden states side by side."""
    tokenizer, vocab, chat = make_text("qwen2", CONVERTED_CHAT)
    tower = spec["tower"]
    config = LlavaNextConfig(
        vision_config=tower, text_config=qwen2(vocab), image_grid_pinpoints=spec["pinpoints"],
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"), tie_word_embeddings=True,
        vision_feature_layer=[-1, 1], vision_feature_select_strategy="full",
    )
    processor = LlavaNextProcessor(
        image_processor=LlavaNextImageProcessorPil(
            size={"shortest_edge": tower.image_size}, crop_size=side(tower.image_size),
            image_grid_pinpoints=spec["pinpoints"], **HALVES),
        tokenizer=tokenizer, patch_size=tower.patch_size, vision_feature_select_strategy="full",
        num_additional_image_tokens=0, chat_template=chat,
    )
    torch.manual_seed(seed)
    folder = out / spec["name"]
    write_model(folder, LlavaNextForConditionalGeneration(config), processor, spec, seed)
    run_cases(folder, LlavaNextForConditionalGeneration, processor, spec)


def build_llava(spec, out, seed):
    tokenizer, vocab, chat = make_text(spec["kind"], spec["chat"])
    tower = spec["tower"]
    config = LlavaConfig(
        vision_config=tower, text_config=spec["text"](vocab), vision_feature_select_strategy=spec["strategy"],
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=(tower.image_size // tower.patch_size) ** 2, **spec["top"],
    )
    processor = LlavaProcessor(
        image_processor=spec["prep"], tokenizer=tokenizer, patch_size=tower.patch_size, chat_template=chat,
        vision_feature_select_strategy=spec["strategy"], num_additional_image_tokens=spec["extra"],
    )
    torch.manual_seed(seed)
    folder = out / spec["name"]
    write_model(folder, LlavaForConditionalGeneration(config), processor, spec, seed)
    run_cases(folder, LlavaForConditionalGeneration, processor, spec)


class Stages:
    """What passes through a model, by the stage's name."""

    def __init__(self, model):
        self.kept, self.hooks = {}, []
        inner = model.model
        layers = model.config.vision_feature_layer
        depth = len(inner.vision_tower.encoder.layers)
        layers = [layers] if isinstance(layers, int) else layers
        blocks = max(layer if layer >= 0 else depth + 1 + layer for layer in layers)  # those behind are not run
        for i, block in enumerate(inner.vision_tower.encoder.layers[:blocks]):
            self.hook(block, f"tower.{i}")
        self.hooks.append(inner.multi_modal_projector.register_forward_pre_hook(
            lambda _, args: self.kept.update(vision=args[0].flatten(0, -2))))
        self.module = sys.modules[type(inner.language_model.layers[0].self_attn).__module__]
        self.rotate = self.module.apply_rotary_pos_emb
        self.module.apply_rotary_pos_emb = self.rotated

    def hook(self, module, name):
        def keep(_, args, output):
            self.kept[name] = (output[0] if isinstance(output, tuple) else output).flatten(0, -2)

        self.hooks.append(module.register_forward_hook(keep))

    def rotated(self, *args, **more):
        q, k = self.rotate(*args, **more)
        if "query.0" not in self.kept:
            self.kept["query.0"] = q[0].transpose(0, 1).flatten(1)
            self.kept["key.0"] = k[0].transpose(0, 1).flatten(1)
        return q, k

    def release(self):
        self.module.apply_rotary_pos_emb = self.rotate
        for hook in self.hooks:
            hook.remove()


def run_cases(folder, kind, processor, spec):
    model = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    lines = []
    for i, (width, height) in enumerate(spec["sizes"]):
        for j, question in enumerate(QUESTIONS[:2] if i == 0 else QUESTIONS[:1]):
            case, every = f"case{i}{j}", 0 if i + j else spec["every"]
            lines.append(f"{case}\t{width}\t{height}\t{every}\t{question}")
            inputs, prompt = prepare(processor, picture(width, height), question)
            write_case(model, inputs, prompt, folder / case, every)
    (folder / "cases.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return model


def prepare(processor, image, question):
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}]
    prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
    return processor(images=image, text=prompt, return_tensors="pt"), prompt


def run_whole(model, processor, folder):
    """The first of two pictures, in the prompt of one."""
    (folder / "whole.txt").write_text(f"whole00\t50\t37\t1\t{QUESTIONS[0]}\n", encoding="utf-8")
    inputs, prompt = prepare(processor, picture(50, 37), QUESTIONS[0])
    image, size = processor.image_processor, inputs["pixel_values"].shape[-1]
    two = image([[picture(50, 37), picture(50, 37)]], return_tensors="pt")
    tokens = processor.num_image_tokens + 1
    ids = processor.tokenizer(prompt.replace("<image>", "<image>" * tokens), return_tensors="pt")
    whole = dict(ids, pixel_values=two["pixel_values"][:1], image_sizes=two["image_sizes"][:1],
                 batch_num_images=two["batch_num_images"])
    assert whole["pixel_values"].shape == (1, 1, 3, size, size)
    write_case(model, whole, prompt, folder / "whole00", 1)


def write_case(model, inputs, prompt, out, every):
    out.mkdir()
    stages = Stages(model)
    with torch.no_grad():
        result = model(**inputs, output_hidden_states=True)
    stages.release()
    np.save(out / "input_ids.npy", inputs["input_ids"][0].numpy().astype(np.int64))
    pixels = inputs["pixel_values"][0].numpy().astype("<f4")
    (out / "pixel_values.sha256").write_text(hashlib.sha256(pixels.tobytes()).hexdigest() + "\n")
    save(out / "logits.npy", result.logits[0, -1:])
    (out / "prompt.txt").write_text(prompt, encoding="utf-8")
    if every:
        image = inputs["input_ids"][0] == model.config.image_token_id
        save(out / "features.npy", result.hidden_states[0][0, image][::every])
        for i, hidden in enumerate(result.hidden_states):
            save(out / f"hidden.{i}.npy", hidden[0, ::every])
        for name, stage in stages.kept.items():
            save(out / f"{name}.npy", stage[::every].contiguous())


# ---- sizes ----

TILED = [(178, 218), (500, 375), (336, 336), (384, 384), (640, 480), (100, 400), (5, 3), (1, 7), (1000, 200), (385, 770)]
NOTABLE = [(178, 218), (500, 375), (375, 500), (336, 336), (640, 480), (1024, 768), (1920, 1080), (3000, 2000),
           (2304, 2304), (1540, 1540), (1940, 700), (2230, 700), (1160, 940), (1930, 1160), (1140, 1160), (960, 1160),
           (1, 1), (1, 3000), (3000, 1), (30000, 20000)]


def sha256(pixels):
    return hashlib.sha256(np.asarray(pixels, "<f4").tobytes()).hexdigest()


def write_onevision_sizes(out):
    """Image tokens of all sizes 1..700 squared, a hash a width, of those that go wrong easily; tiles of a few."""
    image = LlavaOnevisionImageProcessorPil(size=side(384), image_grid_pinpoints=REAL_PINPOINTS, **HALVES)
    processor = LlavaOnevisionProcessor(
        image_processor=image, tokenizer=make_text("qwen2", HUB_CHAT)[0], num_image_tokens=729,
        video_processor=LlavaOnevisionVideoProcessor(size=side(384)), vision_feature_select_strategy="full",
    )

    def count(width, height):
        return processor._get_number_of_features(height, width, 384, 384)

    lines = [f"size {w} {h} {count(w, h)}" for w, h in NOTABLE]
    lines += [f"width {w} 700 {fnv([count(w, h) for h in range(1, 701)]):016x}" for w in range(1, 701)]
    for w, h in TILED:
        lines.append(f"tiles {w} {h} {sha256(image(picture(w, h), return_tensors='np')['pixel_values'][0])}")
        whole = image([[picture(w, h)] * 2], return_tensors="np")["pixel_values"][0]
        lines.append(f"whole {w} {h} {sha256(whole)}")
    (out / "onevision_sizes.txt").write_text("\n".join(lines) + "\n")


SIDE_MAX = 32768  # of a picture that the engine resizes to


def crop(width, height):
    """Width and height that a picture is resized to, and the part that is kept: left, top; zeros where that is refused."""
    resized = get_resize_output_image_size(np.broadcast_to(np.uint8(0), (3, height, width)), 336, default_to_square=False,
                                           input_data_format="channels_first")
    if max(resized) > SIDE_MAX:
        return [0, 0, 0, 0]
    rows = np.broadcast_to(np.arange(resized[0])[None, :, None], (1, *resized))
    cols = np.broadcast_to(np.arange(resized[1])[None, None, :], (1, *resized))
    kept = [center_crop(at, (336, 336), input_data_format="channels_first")[0, 0, 0] for at in (cols, rows)]
    return [resized[1], resized[0], *kept]


def write_llava_sizes(out):
    """Where a picture of 336 is cut from, of all sizes 1..700 squared, a hash a width; pictures of a few."""
    clipped = CLIPImageProcessorPil(size={"shortest_edge": 336}, crop_size=side(336))
    padded = LlavaImageProcessorPil(size={"shortest_edge": 336}, crop_size=side(336), do_pad=True)
    squashed = SiglipImageProcessorPil(size=side(336))
    lines = [f"size {w} {h} {' '.join(map(str, crop(w, h)))}" for w, h in [(178, 218), (500, 375), (640, 427)]]
    lines += [f"width {w} 700 {fnv([crop(w, h) for h in range(1, 701)]):016x}" for w in range(1, 701)]
    for w, h in TILED:
        for name, processor in (("clip", clipped), ("padded", padded), ("siglip", squashed)):
            lines.append(f"{name} {w} {h} {sha256(processor(picture(w, h), return_tensors='np')['pixel_values'][0])}")
    (out / "llava_sizes.txt").write_text("\n".join(lines) + "\n")


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for i, spec in enumerate(ONEVISION):
        build_onevision(spec, out, 200 + i)
    build_next(NEXT, out, 220)
    for i, spec in enumerate(LLAVA):
        build_llava(spec, out, 210 + i)
    write_onevision_sizes(out)
    write_llava_sizes(out)


if __name__ == "__main__":
    main()
