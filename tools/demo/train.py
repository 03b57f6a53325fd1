#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trains the demo model: a very small LlavaNextForConditionalGeneration that sees the attributes of drawn faces.

    train.py OUT_DIR                          under an hour on 2 cores
    train.py OUT_DIR --begin CHECKPOINT --warm 0 --whole 30000 --seed 2 --peak 3e-4     goes on from there

OUT_DIR.pt, the checkpoint, is written between the chunks of drawings.

First the vision tower learns with attribute heads of its own, then everything is trained as it will be used: one image
and several of its questions in one sequence, each question a branch that sees the image and itself only.
"""

import argparse
import collections
import io
import json
import multiprocessing
import pathlib
import random
import time

import numpy as np
import torch
from PIL import Image
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import nn
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
    PreTrainedTokenizerFast,
)

import faces
import questions

TILE, PATCH = 56, 14
PINPOINTS = [[56, 112], [112, 56], [112, 112], [168, 56], [56, 168]]
BOS, EOS, HEAD, TAIL, EOT, IMAGE, PAD = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<image>",
    "<|pad|>",
)
CHAT = (
    "{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>' }}{% endfor %}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{{ '\\n' + part['text'] }}{% endfor %}"
    "{{ '<|eot_id|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BRANCHES = 10  # questions an image in training
CHUNK = 10000  # drawings in memory at a time
TRAINING_SEEDS = 10_000_000  # drawings of one training seed begin at its multiple


def make_tokenizer():
    """Byte-level BPE with the expression of Llama 3, learnt from the questions."""
    bpe = Tokenizer(models.BPE(ignore_merges=True))
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        min_frequency=1,
        special_tokens=[BOS, EOS, HEAD, TAIL, EOT, IMAGE, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    bpe.train_from_iterator(list(questions.corpus()) * 2 + ["user", "assistant", "\n\n"] * 4, trainer)
    bpe.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, bpe.token_to_id(BOS))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token=BOS,
        eos_token=EOT,
        pad_token=PAD,
        extra_special_tokens={"image_token": IMAGE},
        chat_template=CHAT,
    )


def make_model(tokenizer):
    vision = CLIPVisionConfig(
        hidden_size=128,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=4,
        image_size=TILE,
        patch_size=PATCH,
        projection_dim=64,
    )
    text = LlamaConfig(
        vocab_size=-(-len(tokenizer) // 64) * 64,
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    config = LlavaNextConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        image_grid_pinpoints=PINPOINTS,
        image_seq_length=(TILE // PATCH) ** 2,
        tie_word_embeddings=False,
    )
    model = LlavaNextForConditionalGeneration(config)
    with torch.no_grad():  # CLIP's own initialisation starts too small to learn from in minutes
        for name, weight in model.named_parameters():
            if "patch_embedding" in name:
                weight.normal_(0, weight[0].numel() ** -0.5)
            elif "position_embedding" in name or "class_embedding" in name:
                weight.normal_(0, 0.3)
            elif name.endswith(("q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight", "out_proj.weight")):
                weight.normal_(0, weight.shape[1] ** -0.5)
            elif "multi_modal_projector" in name and name.endswith("weight"):
                weight.normal_(0, weight.shape[1] ** -0.5)
    return model


def make_image_processor():
    return LlavaNextImageProcessorPil(
        size={"shortest_edge": TILE}, crop_size={"height": TILE, "width": TILE}, image_grid_pinpoints=PINPOINTS
    )


def tiles_of(image):
    """The five 56 x 56 elements of a drawing, before normalising: what the image processor makes (checked below)."""
    width, height = image.size
    fits = min(112 / width, 112 / height)
    inner = (112, min(int(np.ceil(height * (112 / width))), 112)) if fits == 112 / width else None
    inner = inner or (min(int(np.ceil(width * (112 / height))), 112), 112)
    canvas = Image.new("RGB", (112, 112))
    canvas.paste(image.resize(inner, Image.Resampling.BICUBIC), ((112 - inner[0]) // 2, (112 - inner[1]) // 2))
    base = image.resize((TILE, TILE), Image.Resampling.BICUBIC)
    parts = [base] + [canvas.crop((x, y, x + TILE, y + TILE)) for y in (0, TILE) for x in (0, TILE)]
    return np.stack([np.asarray(part).transpose(2, 0, 1) for part in parts])


def as_jpeg(image, rng):
    if rng.random() < 0.5:
        return image
    data = io.BytesIO()
    image.save(data, "JPEG", quality=rng.randint(70, 95))
    return Image.open(data).convert("RGB")


def example(job):
    seed, size = job
    face, image = faces.make(seed, size)
    return face, tiles_of(as_jpeg(image, random.Random(seed)))


def draw_many(count, first, batch):
    """Drawings in batches of one size: a list of faces and an array [count, 5, 3, 56, 56] of bytes."""
    rng = random.Random(first)
    jobs, size = [], None
    for i in range(count):
        if i % batch == 0:
            size = faces.SIZES[rng.random() < 0.3]
        jobs.append((first + i, size))
    with multiprocessing.Pool(2) as pool:
        made = pool.map(example, jobs, 256)
    return [face for face, _ in made], np.stack([tiles for _, tiles in made]), [size for _, size in jobs]


MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 1, 3, 1, 1)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 1, 3, 1, 1)


def features(model, tiles, size):
    """Packed image features [batch, tokens, hidden] of tiles [batch, 5, 3, 56, 56] of drawings of one size."""
    pixels = (torch.from_numpy(tiles).float() / 255 - MEAN) / STD
    sizes = torch.tensor([[size[1], size[0]]] * len(tiles))
    out = model.model.get_image_features(pixels, sizes)
    out = getattr(out, "pooler_output", out)
    return torch.stack(list(out)) if isinstance(out, (list, tuple)) else out.view(len(tiles), -1, out.shape[-1])


class Heads(nn.Module):
    """An attribute head each: one learnt query over the image's tokens."""

    def __init__(self, hidden):
        super().__init__()
        self.names = faces.ATTRIBUTES
        count = len(self.names) + 1
        self.query = nn.Parameter(torch.randn(count, hidden) * hidden**-0.5)
        self.key = nn.Linear(hidden, hidden)
        self.value = nn.Parameter(torch.randn(count, hidden) * hidden**-0.5)
        self.colour = nn.Linear(hidden, len(faces.HAIR_COLORS))

    def forward(self, x):
        weight = (self.query @ self.key(x).transpose(1, 2)).softmax(-1)  # [batch, heads, tokens]
        pooled = weight @ x
        return (pooled[:, :-1] * self.value[:-1]).sum(-1), self.colour(pooled[:, -1])


def rate_at(step, steps, peak):
    warm = min(1.0, (step + 1) / 200)
    return peak * warm * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * step / steps)))


def optimiser(parameters, peak):
    return torch.optim.AdamW(parameters, lr=peak, betas=(0.9, 0.98), weight_decay=0.01)


class Progress:
    """Prints the loss and the right answers by name, of the last steps."""

    def __init__(self, what, steps, every):
        self.what, self.steps, self.every, self.begin = what, steps, every, time.time()
        self.clear()

    def clear(self):
        self.loss, self.asked, self.right = [], collections.Counter(), collections.Counter()

    def add(self, step, loss, answers):
        """`answers` are pairs (name, whether right)."""
        self.loss.append(loss.item())
        for name, right in answers:
            self.asked[name] += 1
            self.right[name] += bool(right)
        if (step + 1) % self.every and step + 1 != self.steps:
            return
        rates = {name: self.right[name] / n for name, n in self.asked.items()}
        weak = sorted(rates, key=rates.get)[:3]
        print(
            f"{self.what} {step + 1}/{self.steps} loss {np.mean(self.loss):.4f} right {np.mean(list(rates.values())):.3f}",
            "weakest", " ".join(f"{name} {rates[name]:.3f}" for name in weak),
            f"{time.time() - self.begin:.0f} s", flush=True,
        )  # fmt: skip
        self.clear()


def batches(count, first, batch, keep):
    """Batches (faces, tiles, size) of fresh drawings; `keep` is called before each chunk but the first."""
    for begin in range(0, count, CHUNK):
        if begin:
            keep()
        here = min(CHUNK, count - begin)
        drawn, tiles, sizes = draw_many(here, first + begin, batch)
        for at in range(0, here - batch + 1, batch):
            yield drawn[at : at + batch], tiles[at : at + batch], sizes[at]


def descend(adam, loss, rate):
    adam.param_groups[0]["lr"] = rate
    adam.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(adam.param_groups[0]["params"], 1.0)
    adam.step()


def steps_of(count, batch):
    whole, rest = divmod(count, CHUNK)
    return whole * (CHUNK // batch) + rest // batch


def warm_up(model, count, batch, peak, first, keep):
    heads = Heads(model.config.text_config.hidden_size)
    seeing = ("vision_tower", "multi_modal_projector", "image_newline")
    parameters = [p for name, p in model.named_parameters() if any(part in name for part in seeing)]
    adam = optimiser(parameters + list(heads.parameters()), peak)
    steps = steps_of(count, batch)
    progress = Progress("warm", steps, 200)
    for step, (some, tiles, size) in enumerate(batches(count, first, batch, keep)):
        yes, colour = heads(features(model, tiles, size))
        truth = torch.tensor([[float(face[name]) for name in heads.names] for face in some])
        hair = torch.tensor([faces.HAIR_COLORS.index(face["Hair_Color"]) for face in some])
        loss = nn.functional.binary_cross_entropy_with_logits(yes, truth)
        loss = loss + 0.1 * nn.functional.cross_entropy(colour, hair)
        descend(adam, loss, rate_at(step, steps, peak))
        right = ((yes > 0) == (truth > 0.5)).tolist()
        answers = [pair for row in right for pair in zip(heads.names, row)]
        progress.add(step, loss, answers + [("Hair_Color", r) for r in colour.argmax(-1) == hair])


def branches_of(tokenizer, face, rng):
    """The questions of one image as one packed tail: ids, depth, branch, and where an answer is due."""
    ids, depth, branch, targets = [], [], [], []
    for b in range(BRANCHES):
        name, question, answer = questions.pick(rng, face)
        text = f"\n{question}{EOT}{HEAD}assistant{TAIL}\n\n"
        prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
        due = tokenizer(answer, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
        whole = prompt + due[:-1]
        targets += [(len(ids) + len(prompt) - 1 + i, token, name if i == 0 else None) for i, token in enumerate(due)]
        ids += whole
        depth += range(len(whole))
        branch += [b] * len(whole)
    return ids, depth, branch, targets


def pack(tokenizer, some, rng, prefix, n_image):
    """One batch: ids of the tails, positions, the tree's mask, the targets as (row, column, token), and their names."""
    rows = [branches_of(tokenizer, face, rng) for face in some]
    longest = max(len(ids) for ids, *_ in rows)
    shared = len(prefix) + n_image
    ids = torch.full((len(rows), longest), tokenizer.pad_token_id)
    branch = torch.full((len(rows), longest), -1)
    position = torch.arange(shared).repeat(len(rows), 1)
    depth = torch.zeros(len(rows), longest, dtype=torch.long)
    due, names = [], []
    for r, (row, depths, of, targets) in enumerate(rows):
        ids[r, : len(row)] = torch.tensor(row)
        branch[r, : len(row)] = torch.tensor(of)
        depth[r, : len(row)] = torch.tensor(depths)
        due += [(r, shared + column, token) for column, token, _ in targets]
        names += [name for *_, name in targets]
    position = torch.cat([position, shared + depth], 1)
    total = shared + longest
    seen = torch.ones(total, total).tril().bool().repeat(len(rows), 1, 1)
    same = branch[:, :, None] == branch[:, None, :]
    seen[:, shared:, shared:] &= same
    mask = torch.zeros(len(rows), 1, total, total).masked_fill(~seen[:, None], torch.finfo(torch.float32).min)
    return ids, position, mask, torch.tensor(due), names


def train_whole(model, tokenizer, count, batch, peak, first, keep):
    prefix = tokenizer(f"{BOS}{HEAD}user{TAIL}\n\n", add_special_tokens=False)["input_ids"]
    embed = model.get_input_embeddings()
    adam = optimiser(model.parameters(), peak)
    rng = random.Random(first)
    steps = steps_of(count, batch)
    progress = Progress("whole", steps, 100)
    for step, (some, tiles, size) in enumerate(batches(count, first, batch, keep)):
        image = features(model, tiles, size)
        ids, position, mask, due, names = pack(tokenizer, some, rng, prefix, image.shape[1])
        head = embed(torch.tensor(prefix)).repeat(len(some), 1, 1)
        hidden = model.model.language_model(
            inputs_embeds=torch.cat([head, image, embed(ids)], 1),
            attention_mask=mask,
            position_ids=position,
            use_cache=False,
        ).last_hidden_state
        logits = model.lm_head(hidden[due[:, 0], due[:, 1]])
        loss = nn.functional.cross_entropy(logits, due[:, 2])
        descend(adam, loss, rate_at(step, steps, peak))
        right = (logits.argmax(-1) == due[:, 2]).tolist()
        progress.add(step, loss, [pair for pair in zip(names, right) if pair[0]])


def check_tiles(processor):
    for size in faces.SIZES:
        _, image = faces.make(1, size)
        made = processor(image, return_tensors="np")["pixel_values"][0]
        mine = ((torch.from_numpy(tiles_of(image)).float() / 255 - MEAN) / STD)[0].numpy()
        assert made.shape == mine.shape and np.abs(made - mine).max() < 1e-5, "the tiles are not the processor's"


def save(model, tokenizer, processor, out):
    model = model.half()
    model.save_pretrained(out)
    LlavaNextProcessor(
        image_processor=processor,
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT,
    ).save_pretrained(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--warm", type=int, default=90000, help="drawings for the vision tower alone")
    parser.add_argument("--whole", type=int, default=64000, help="drawings for the whole model")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--peak", type=float, default=1e-3, help="the learning rate after its rise")
    parser.add_argument("--seed", type=int, default=1, help="each seed has its own drawings")
    parser.add_argument("--threads", type=int, default=2, help="on a busy machine one is faster than two")
    parser.add_argument("--begin", type=pathlib.Path, help="a checkpoint to go on from")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    tokenizer, processor = make_tokenizer(), make_image_processor()
    check_tiles(processor)
    model = make_model(tokenizer)
    if args.begin:
        model.load_state_dict(torch.load(args.begin, weights_only=True))
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(tokenizer)} tokens", flush=True)

    def keep():
        torch.save(model.state_dict(), args.out.with_suffix(".pt"))

    first = args.seed * TRAINING_SEEDS  # far from the seeds of the demo's and the evaluation's drawings
    warm_up(model, args.warm, args.batch, args.peak, first, keep)
    keep()
    train_whole(model, tokenizer, args.whole, args.batch, args.peak, first + TRAINING_SEEDS // 2, keep)
    keep()
    save(model, tokenizer, processor, args.out)
    print(json.dumps({"saved": str(args.out)}))


if __name__ == "__main__":
    main()
