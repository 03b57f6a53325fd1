#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trains a demo model: a very small one of its family that sees the attributes of drawn faces.

    train.py OUT_DIR                          LLaVA-NeXT; under an hour on 2 cores
    train.py OUT_DIR --family qwen3_vl        Qwen3-VL
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
from torch import nn

import faces
import llava_next
import questions
import qwen3_vl

FAMILIES = {"llava_next": llava_next, "qwen3_vl": qwen3_vl}
BRANCHES = 10  # questions an image in training
CHUNK = 10000  # drawings in memory at a time
TRAINING_SEEDS = 10_000_000  # drawings of one training seed begin at its multiple


def as_jpeg(image, rng):
    if rng.random() < 0.5:
        return image
    data = io.BytesIO()
    image.save(data, "JPEG", quality=rng.randint(70, 95))
    return Image.open(data).convert("RGB")


def example(job):
    family, seed, size = job
    face, image = faces.make(seed, size)
    return face, FAMILIES[family].prepare(as_jpeg(image, random.Random(seed)))


def draw_many(family, count, first, batch, workers):
    """Batches of one size each: faces, what the family prepares of their drawings, the size."""
    rng = random.Random(first)
    jobs, size = [], None
    for i in range(count):
        if i % batch == 0:
            size = faces.SIZES[rng.random() < 0.3]
        jobs.append((family, first + i, size))
    with multiprocessing.Pool(workers) as pool:
        made = pool.map(example, jobs, 256)
    for at in range(0, count - batch + 1, batch):
        here = made[at : at + batch]
        yield [face for face, _ in here], np.stack([prepared for _, prepared in here]), jobs[at][2]


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


def batches(args, count, first, keep):
    """Batches of `count` fresh drawings; `keep` is called before each chunk but the first."""
    for begin in range(0, count, CHUNK):
        if begin:
            keep()
        yield from draw_many(args.family, min(CHUNK, count - begin), first + begin, args.batch, args.threads)


def descend(adam, loss, rate):
    adam.param_groups[0]["lr"] = rate
    adam.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(adam.param_groups[0]["params"], 1.0)
    adam.step()


def steps_of(count, batch):
    whole, rest = divmod(count, CHUNK)
    return whole * (CHUNK // batch) + rest // batch


def warm_up(args, model, first, keep):
    family = FAMILIES[args.family]
    heads = Heads(model.config.text_config.hidden_size)
    parameters = [p for name, p in model.named_parameters() if any(part in name for part in family.SEEING)]
    adam = optimiser(parameters + list(heads.parameters()), args.peak)
    steps = steps_of(args.warm, args.batch)
    progress = Progress("warm", steps, 200)
    for step, (some, prepared, size) in enumerate(batches(args, args.warm, first, keep)):
        yes, colour = heads(sum(family.features(model, prepared, size)))
        truth = torch.tensor([[float(face[name]) for name in heads.names] for face in some])
        hair = torch.tensor([faces.HAIR_COLORS.index(face["Hair_Color"]) for face in some])
        loss = nn.functional.binary_cross_entropy_with_logits(yes, truth)
        loss = loss + 0.1 * nn.functional.cross_entropy(colour, hair)
        descend(adam, loss, rate_at(step, steps, args.peak))
        right = ((yes > 0) == (truth > 0.5)).tolist()
        answers = [pair for row in right for pair in zip(heads.names, row)]
        progress.add(step, loss, answers + [("Hair_Color", r) for r in colour.argmax(-1) == hair])


def branches_of(family, tokenizer, face, rng):
    """The questions of one image as one packed tail: ids, depth, branch, and where an answer is due."""
    ids, depth, branch, targets = [], [], [], []
    for b in range(BRANCHES):
        name, question, answer = questions.pick(rng, face)
        prompt = tokenizer(family.behind_image(question), add_special_tokens=False)["input_ids"]
        due = tokenizer(answer, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
        whole = prompt + due[:-1]
        targets += [(len(ids) + len(prompt) - 1 + i, token, name if i == 0 else None) for i, token in enumerate(due)]
        ids += whole
        depth += range(len(whole))
        branch += [b] * len(whole)
    return ids, depth, branch, targets


def pack(rows, pad, shared):
    """One batch: ids of the tails, depths, the tree's mask, the targets as (row, column, token), and their names."""
    longest = max(len(ids) for ids, *_ in rows)
    ids = torch.full((len(rows), longest), pad)
    branch = torch.full((len(rows), longest), -1)
    depth = torch.zeros(len(rows), longest, dtype=torch.long)
    due, names = [], []
    for r, (row, depths, of, targets) in enumerate(rows):
        ids[r, : len(row)] = torch.tensor(row)
        branch[r, : len(row)] = torch.tensor(of)
        depth[r, : len(row)] = torch.tensor(depths)
        due += [(r, shared + column, token) for column, token, _ in targets]
        names += [name for *_, name in targets]
    total = shared + longest
    seen = torch.ones(total, total).tril().bool().repeat(len(rows), 1, 1)
    same = branch[:, :, None] == branch[:, None, :]
    seen[:, shared:, shared:] &= same
    mask = torch.zeros(len(rows), 1, total, total).masked_fill(~seen[:, None], torch.finfo(torch.float32).min)
    return ids, depth, mask, torch.tensor(due), names


def loss_of(family, model, rows, pad, prefix, features):
    """Of one batch, with whose answers were right: pairs of a question's name and whether it was."""
    image = features[0].shape[1]
    place, begin = family.positions(len(prefix), image, features)
    ids, depth, mask, due, names = pack(rows, pad, len(prefix) + image)
    embed = model.get_input_embeddings()
    hidden = family.decode(
        model,
        torch.cat([embed(torch.tensor(prefix)).repeat(len(rows), 1, 1), features[0], embed(ids)], 1),
        torch.cat([place[:, None].expand(-1, len(rows), -1), (begin + depth).expand(len(place), -1, -1)], 2),
        mask,
        features,
    )
    logits = model.lm_head(hidden[due[:, 0], due[:, 1]])
    right = (logits.argmax(-1) == due[:, 2]).tolist()
    return nn.functional.cross_entropy(logits, due[:, 2]), [pair for pair in zip(names, right) if pair[0]]


def train_whole(args, model, tokenizer, first, keep):
    family = FAMILIES[args.family]
    prefix = tokenizer(family.PREFIX, add_special_tokens=False)["input_ids"]
    adam = optimiser(model.parameters(), args.peak)
    rng = random.Random(first)
    steps = steps_of(args.whole, args.batch)
    progress = Progress("whole", steps, 100)
    for step, (some, prepared, size) in enumerate(batches(args, args.whole, first, keep)):
        rows = [branches_of(family, tokenizer, face, rng) for face in some]
        features = family.features(model, prepared, size)
        loss, answers = loss_of(family, model, rows, tokenizer.pad_token_id, prefix, features)
        descend(adam, loss, rate_at(step, steps, args.peak))
        progress.add(step, loss, answers)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--family", choices=FAMILIES, default="llava_next")
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
    family = FAMILIES[args.family]
    tokenizer, processor = family.make_tokenizer(), family.make_image_processor()
    model = family.make_model(tokenizer)
    family.check(processor, model)
    if args.begin:
        model.load_state_dict(torch.load(args.begin, weights_only=True))
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(tokenizer)} tokens", flush=True)

    def keep():
        torch.save(model.state_dict(), args.out.with_suffix(".pt"))

    first = args.seed * TRAINING_SEEDS  # far from the seeds of the demo's and the evaluation's drawings
    warm_up(args, model, first, keep)
    keep()
    train_whole(args, model, tokenizer, first + TRAINING_SEEDS // 2, keep)
    keep()
    family.save(model, tokenizer, processor, args.out)
    print(json.dumps({"saved": str(args.out)}))


if __name__ == "__main__":
    main()
