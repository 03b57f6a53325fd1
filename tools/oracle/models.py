#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes small random models and what transformers makes of them: the fixtures of tests/unit/t_vlm.c.

    models.py OUT_DIR        (make oracle)

Each folder OUT_DIR/NAME is a model as save_pretrained writes it, in the tensor layout, number format and shards that its
line in MODELS says. NAME/cases.txt has a line a case: name, image width and height, which rows of each stage are kept
(every n-th; 0: none), question. NAME/CASE/*.npy are transformers' own float32 CPU eager results with
LlavaNextImageProcessorPil.
"""

import hashlib
import json
import pathlib
import shutil
import sys

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
    MistralConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

SMALL = [[28, 56], [56, 28], [56, 56], [84, 28], [28, 84]]
REAL = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]

QUESTIONS = (
    "Is it a cat? Answer with only yes or no.",
    "Is it a dog?",
    "Does this person's hat look   RED-ish (#123456)?",
    "Größe: 漢字 🙂 ok?",
)

LLAMA3_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN_WORDS = LLAMA3_WORDS.replace(r"\p{N}{1,3}", r"\p{N}")

LLAMA3_CHAT = (
    "{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>' }}{% endfor %}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{{ '\\n' + part['text'] }}{% endfor %}"
    "{{ '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
MISTRAL_CHAT = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' }}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\\n' }}{% endfor %}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{{ part['text'] }}{% endfor %}"
    "{{ ' [/INST]' }}{% endif %}{% endfor %}"
)
VICUNA_CHAT = (
    "{% for message in messages %}{{ message['role'].upper() + ': ' }}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\\n' }}{% endfor %}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{{ part['text'] + ' ' }}{% endfor %}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
CHATML = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<image>\\n' }}"
    "{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{{ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def special(name):
    return AddedToken(name, special=True, normalized=False)


ANSWERS = "Yes No yes no YES NO Yes\nNo\n black blond brown gray"


def byte_level(words, specials, normalizer=None, ignore_merges=True, learnt_from=(*QUESTIONS, ANSWERS)):
    """Byte-level BPE with few merges; the begin token, where there is one, is the first of the specials."""
    bpe = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        bpe.normalizer = normalizer
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(words), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=330, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    bpe.train_from_iterator(list(learnt_from) * 3, trainer)
    bpe.add_special_tokens([special(name) for name in specials])
    return bpe


def sentencepiece(legacy):
    """SentencePiece-style BPE with byte fallback, in one of its two prefix-space regimes."""
    trainer = trainers.BpeTrainer(vocab_size=120, show_progress=False)
    learnt = Tokenizer(models.BPE())
    learnt.pre_tokenizer = pre_tokenizers.Metaspace()
    words = "Yes No yes no USER: ASSISTANT: [INST] black blond brown A B C D"
    learnt.train_from_iterator([*QUESTIONS[:3], words] * 3, trainer)
    inner = json.loads(learnt.to_str())["model"]
    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    names += [name for name in sorted(inner["vocab"], key=inner["vocab"].get) if name not in names]
    vocab = {name: i for i, name in enumerate(names)}
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in inner["merges"]]
    bpe = Tokenizer(models.BPE(vocab=vocab, merges=merges, byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    if legacy:
        bpe.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        bpe.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)
    bpe.add_special_tokens([special(name) for name in ("<unk>", "<s>", "</s>", "<image>")])
    return bpe


def with_begin(bpe, token):
    bpe.post_processor = processors.TemplateProcessing(
        single=f"{token} $A", special_tokens=[(token, bpe.token_to_id(token))]
    )
    return bpe


def make_tokenizer(kind):
    if kind in ("llama3", "llama3-merging"):
        specials = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<image>")
        bpe = byte_level(LLAMA3_WORDS, specials)
        if kind == "llama3-merging":  # which knows neither yes nor no
            bpe = byte_level(LLAMA3_WORDS, specials, ignore_merges=False, learnt_from=QUESTIONS[1:])
        return with_begin(bpe, "<|begin_of_text|>"), LLAMA3_CHAT, {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
    if kind == "qwen2":
        specials = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>")
        bpe = byte_level(QWEN_WORDS, specials, normalizers.NFC(), False)
        return bpe, CHATML, {"eos_token": "<|im_end|>"}
    bpe = with_begin(sentencepiece(kind == "legacy"), "<s>")
    return bpe, MISTRAL_CHAT if kind == "legacy" else VICUNA_CHAT, {"bos_token": "<s>", "eos_token": "</s>"}


UNUSUAL = dict(hidden_act="gelu", layer_norm_eps=0.003)  # a vision tower whose settings show


def text_config(family, vocab, **more):
    common = dict(
        vocab_size=vocab, hidden_size=48, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
        max_position_embeddings=4096, rms_norm_eps=1e-5,
    )
    return {"llama": LlamaConfig, "mistral": MistralConfig, "qwen2": Qwen2Config}[family](**{**common, **more})


def vision_config(real, more):
    if real:
        return CLIPVisionConfig(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
                                image_size=336, patch_size=14, projection_dim=8)
    return CLIPVisionConfig(hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
                            image_size=28, patch_size=14, projection_dim=8, **more)


def randomise(model, seed):
    """Weights large enough that a wrong step shows, norms and biases off their neutral values."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if weight.dim() == 1 and "norm" in name and name.endswith("weight"):
                weight.copy_(1 + 0.2 * noise)
            elif weight.dim() == 1:
                weight.copy_(0.2 * noise)
            else:
                weight.copy_(noise * (weight[0].numel() ** -0.5 if "embed" not in name else 0.5))


RULES = {  # how module names are written in a file
    "A": lambda n: n,
    "B": lambda n: rename(n, wrapper=True),
    "C": lambda n: rename(n, wrapper=False),
}


def rename(name, wrapper):
    """Layout A (save_pretrained's) to B (module names of 4.52) or C (those of 5.6, without CLIP's wrapper)."""
    if name.startswith("language_model.model."):
        return "model.language_model." + name[len("language_model.model."):]
    if name.startswith("language_model.lm_head."):
        return name[len("language_model."):]
    if name.startswith("vision_tower.vision_model.") and not wrapper:
        name = "vision_tower." + name[len("vision_tower.vision_model."):]
    return "model." + name


def rewrite(folder, layout):
    path = folder / "model.safetensors"
    if layout == "A" or not path.exists():
        return
    tensors = load_file(path)
    names = sorted(tensors)
    layouts = ["A", "B", "C"] if layout == "mixed" else [layout]
    save_file({RULES[layouts[i % len(layouts)]](name): tensors[name] for i, name in enumerate(names)}, path,
              metadata={"format": "pt"})


def picture(width, height):
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    return Image.fromarray((((x * 7 + y * 13 + c * 31) * (x + 3 * y + 1)) & 255).astype(np.uint8))


def fix_prep(folder, older):
    """Names the image processor's settings as an older folder does, in a file of their own."""
    path = folder / "processor_config.json"
    if not older:
        return
    settings = json.loads(path.read_text())
    (folder / "preprocessor_config.json").write_text(json.dumps(settings.pop("image_processor"), indent=2) + "\n")
    path.write_text(json.dumps(settings, indent=2) + "\n")
    config = json.loads((folder / "config.json").read_text())
    config["torch_dtype"] = config.pop("dtype", "float32")
    text = config["text_config"]
    text["rope_theta"] = text.pop("rope_parameters")["rope_theta"]
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    chat = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").unlink()
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": chat}, indent=2) + "\n")


MODELS = (
    # name, text model, its settings, tokenizer, dtype, layout, shards, real vision sizes, older files, image sizes,
    # settings of the whole
    ("llama-gqa", "llama", dict(num_key_value_heads=2, rope_parameters={"rope_type": "default", "rope_theta": 5e5}),
     "llama3", "float32", "A", None, False, False, [(37, 23), (20, 20)], {}),
    ("llama-f16-shards", "llama", dict(num_key_value_heads=4), "nonlegacy", "float16", "A", "40KB", False, True,
     [(23, 61), (100, 30)], {}),
    ("llama-biased", "llama",
     dict(num_key_value_heads=4, attention_bias=True, mlp_bias=True, head_dim=20, rms_norm_eps=0.01),
     "llama3-merging", "float32", "C", None, False, False, [(55, 176)],
     dict(vision_feature_layer=1, projector_hidden_act="gelu_pytorch_tanh", multimodal_projector_bias=False)),
    ("mistral-bf16", "mistral", dict(num_key_value_heads=2, sliding_window=None), "legacy", "bfloat16", "B", None, False,
     False, [(37, 23), (88, 55)], {}),
    ("mistral-window", "mistral", dict(num_key_value_heads=2, sliding_window=17), "legacy", "float32", "C", None, False,
     True, [(60, 30)], {}),
    ("qwen2-tied", "qwen2", dict(num_key_value_heads=2), "qwen2", "float32", "mixed", None, False, False,
     [(30, 60), (1, 400)], {}),
    ("real-tiles", "llama", dict(num_key_value_heads=2), "llama3", "float16", "A", None, True, True, [(178, 218)], {}),
)


def build(spec, out, seed):
    name, family, more, kind, dtype, layout, shards, real, older, sizes, top = spec
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    bpe, chat, ends = make_tokenizer(kind)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, extra_special_tokens={"image_token": "<image>"}, **ends)
    vision, pinpoints = vision_config(real, UNUSUAL if top else {}), REAL if real else SMALL
    config = LlavaNextConfig(
        vision_config=vision,
        text_config=text_config(family, -(-len(tokenizer) // 64) * 64, **more),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=pinpoints,
        image_seq_length=(vision.image_size // vision.patch_size) ** 2,
        tie_word_embeddings=family == "qwen2",
        **top,
    )
    torch.manual_seed(seed)
    model = LlavaNextForConditionalGeneration(config)
    randomise(model, seed)
    model.tie_weights()
    model = model.to(getattr(torch, dtype)).eval()
    model.save_pretrained(folder, **({"max_shard_size": shards} if shards else {}))
    image_processor = LlavaNextImageProcessorPil(
        size={"shortest_edge": vision.image_size},
        crop_size={"height": vision.image_size, "width": vision.image_size},
        image_grid_pinpoints=pinpoints,
    )
    processor = LlavaNextProcessor(
        image_processor=image_processor, tokenizer=tokenizer, patch_size=vision.patch_size,
        vision_feature_select_strategy="default", num_additional_image_tokens=1, chat_template=chat,
    )
    processor.save_pretrained(folder)
    rewrite(folder, layout)
    fix_prep(folder, older)
    for path in folder.iterdir():
        path.chmod(0o644)
    run_cases(folder, processor, sizes, real)


def run_cases(folder, processor, sizes, real):
    model = LlavaNextForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    model.eval()
    lines = []
    for i, (width, height) in enumerate(sizes):
        for j, question in enumerate(QUESTIONS if i == 0 and not real else QUESTIONS[:1]):
            case, every = f"case{i}{j}", 0 if i + j else 37 if real else 1
            (folder / case).mkdir()
            lines.append(f"{case}\t{width}\t{height}\t{every}\t{question}")
            run_case(model, processor, picture(width, height), question, folder / case, every)
    (folder / "cases.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def run_case(model, processor, image, question, out, every):
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}]
    prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
    inputs = processor(images=image, text=prompt, return_tensors="pt")
    kept = {}
    hook = model.model.multi_modal_projector.register_forward_pre_hook(lambda _, args: kept.update(vision=args[0]))
    with torch.no_grad():
        result = model(**inputs, output_hidden_states=True)
        features = model.model.get_image_features(inputs["pixel_values"], inputs["image_sizes"]).pooler_output[0]
    hook.remove()
    np.save(out / "input_ids.npy", inputs["input_ids"][0].numpy().astype(np.int64))
    pixels = inputs["pixel_values"][0].numpy().astype("<f4")
    (out / "pixel_values.sha256").write_text(hashlib.sha256(pixels.tobytes()).hexdigest() + "\n")
    save(out / "logits.npy", result.logits[0, -1:])
    (out / "prompt.txt").write_text(prompt, encoding="utf-8")
    if every:
        save(out / "vision.npy", kept["vision"].flatten(0, 1)[::every])
        save(out / "features.npy", features[::every])
        for i, hidden in enumerate(result.hidden_states):
            save(out / f"hidden.{i}.npy", hidden[0, ::every])


def save(path, tensor):
    np.save(path, tensor.numpy().astype("<f4"))


def fnv(values):
    h = 0xCBF29CE484222325
    for byte in np.asarray(values, "<u4").tobytes():
        h = ((h ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


def write_layouts(out):
    """Image tokens of all sizes 1..400 squared, a hash a width, and of the sizes that go wrong easily."""
    processor = LlavaNextProcessor(
        image_processor=LlavaNextImageProcessorPil(
            size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336}, image_grid_pinpoints=REAL
        ),
        tokenizer=PreTrainedTokenizerFast(tokenizer_object=make_tokenizer("llama3")[0],
                                          extra_special_tokens={"image_token": "<image>"}),
        patch_size=14, vision_feature_select_strategy="default", num_additional_image_tokens=1,
    )

    def count(width, height):
        return processor._get_number_of_features(height, width, 336, 336) - 1  # "default" drops the class token

    special_sizes = [(178, 218), (218, 178), (336, 336), (640, 480), (500, 375), (375, 500), (640, 427), (427, 640),
                     (512, 512), (1024, 899), (1920, 1080), (300, 200), (400, 100), (100, 400), (1000, 300), (1000, 200),
                     (200, 1000), (1049, 524), (1235, 617), (1265, 632), (176, 55), (55, 88), (99, 88), (600, 375),
                     (200, 150), (344, 258), (2000, 1500), (1, 1), (1, 3000), (3000, 1), (30000, 20000)]
    lines = [f"size {w} {h} {count(w, h)}" for w, h in special_sizes]
    for width in range(1, 401):
        lines.append(f"width {width} 400 {fnv([count(width, h) for h in range(1, 401)]):016x}")
    (out / "layouts.txt").write_text("\n".join(lines) + "\n")


def write_tiles(out):
    """The tiles of a few sizes, as hashes."""
    processor = LlavaNextImageProcessorPil(
        size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336}, image_grid_pinpoints=REAL
    )
    lines = []
    for width, height in [(178, 218), (375, 500), (500, 375), (640, 480), (1000, 200), (1024, 768), (100, 400), (5, 3),
                          (336, 336), (672, 336), (344, 258), (200, 150), (1049, 524), (1235, 617), (1265, 632),
                          (176, 55), (55, 88), (99, 88), (1, 7)]:
        pixels = processor(picture(width, height), return_tensors="np")["pixel_values"][0].astype("<f4")
        lines.append(f"{width} {height} {hashlib.sha256(pixels.tobytes()).hexdigest()}")
    (out / "tiles.txt").write_text("\n".join(lines) + "\n")


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for i, spec in enumerate(MODELS):
        build(spec, out, 100 + i)
    write_tiles(out)
    write_layouts(out)


if __name__ == "__main__":
    main()
