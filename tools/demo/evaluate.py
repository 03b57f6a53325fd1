#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures a demo model on drawings that it was not trained on: balanced accuracy of each attribute in each wording.

    evaluate.py MODEL_DIR                                   through transformers, one prompt a question
    evaluate.py MODEL_DIR --assent build/assent             through the program, all questions of an image at once

Balanced accuracy is the mean of the recalls of yes and of no: 0.5 is a coin. Prints a Markdown table, and with --check
fails where a target is missed: the mean at least 0.93 and no attribute under 0.80, in each of the first two wordings.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from PIL import Image

import faces
import questions

SEED = 1001  # training begins at 10 million, the demo's drawings end at 200
FORMS = ("Yes", "yes", "YES", " Yes", " yes", " YES"), ("No", "no", "NO", " No", " no", " NO")
COLUMNS = {  # title: wording, what closes it
    "first wording": (0, questions.CLOSING),
    "second": (1, questions.CLOSING),
    "second, not closed": (1, ""),
    "third, not closed": (2, ""),
}
TARGET_MEAN, TARGET_WEAKEST, TARGET_COLUMNS = 0.93, 0.80, 2
ALWAYS = {"Is it a cat?" + questions.CLOSING: False, "Is it a drawing?" + questions.CLOSING: True}


def yes_no_questions():
    """{text: (column, name)} of all that is asked with yes or no."""
    return {
        questions.WORDINGS[name][wording] + closing: (title, name)
        for title, (wording, closing) in COLUMNS.items()
        for name in faces.ATTRIBUTES
    }


# ---- who answers: (images, texts, options) -> {(image, text): answer} ----


class Transformers:
    def __init__(self, model, threads):
        import torch
        from transformers import AutoModelForImageTextToText

        from train import FAMILIES

        torch.set_num_threads(threads)
        self.torch = torch
        self.model = AutoModelForImageTextToText.from_pretrained(model, dtype=torch.float32).eval()
        self.processor = FAMILIES[self.model.config.model_type].load_processor(model)
        vocabulary = self.processor.tokenizer.get_vocab()
        self.tokens = [[vocabulary[i] for i in self.known(forms, vocabulary)] for forms in FORMS]

    def known(self, forms, vocabulary):
        return [form for form in (text.replace(" ", "Ġ") for text in forms) if form in vocabulary]

    def prompt(self, text):
        content = [{"type": "image"}, {"type": "text", "text": text}]
        return self.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)

    def options(self, options):
        ids = [self.processor.tokenizer(option, add_special_tokens=False)["input_ids"] for option in options]
        assert all(len(tokens) == 1 for tokens in ids), "an option of several tokens"
        return [tokens[0] for tokens in ids]

    def answer(self, logits, options):
        odds = logits.double().softmax(-1)
        if options:
            return [options[i] for i in odds[:, self.options(options)].argmax(-1)]
        yes, no = (odds[:, tokens].sum(-1) for tokens in self.tokens)
        return ["yes" if y > n else "no" for y, n in zip(yes, no)]

    def ask(self, images, texts, options=None):
        sizes = {}
        for path in images:
            image = Image.open(path).convert("RGB")
            sizes.setdefault(image.size, []).append((path, image))
        answers = {}
        for group in sizes.values():
            for begin in range(0, len(group), 50):
                answers |= self.ask_batch(group[begin : begin + 50], texts, options)
        return answers

    def ask_batch(self, batch, texts, options):
        """One prompt a question and image; of images of one size a question's prompts have the same tokens."""
        paths, images = zip(*batch)
        seen = self.processor.image_processor(list(images), return_tensors="pt")
        answers = {}
        for text in texts:
            one = self.processor(images=images[0], text=self.prompt(text), return_tensors="pt")
            told = {name: rows.repeat(len(images), 1) for name, rows in one.items() if name not in seen}
            with self.torch.no_grad():
                logits = self.model(**told, **seen, logits_to_keep=1).logits[:, -1]
            answers |= {(path, text): answer for path, answer in zip(paths, self.answer(logits, options))}
        return answers


class Program:
    """`assent ask`, some images at a time."""

    IMAGES = 50

    def __init__(self, model, program, dtype):
        self.command = [program, "--json", "ask", "--model", str(model), "--dtype", dtype]

    def ask(self, images, texts, options=None):
        answers = {}
        for begin in range(0, len(images), self.IMAGES):
            some = images[begin : begin + self.IMAGES]
            command = list(self.command)
            for path in some:
                command += ["--image", str(path)]
            for text in texts:
                command += ["--question", text]
            if options:
                command += ["--options", ",".join(options)]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
            for path, result in zip(some, json.loads(done.stdout)["results"], strict=True):
                for text, answer in zip(texts, result["answers"], strict=True):
                    assert answer["question"] == text
                    answers[path, text] = answer["answer"]
        return answers


# ---- what came of it ----


def balanced(pairs):
    """The mean recall of what is so and of what is not, of pairs (answer, truth)."""
    recalls = []
    for truth in {truth for _, truth in pairs}:
        said = [answer == truth for answer, other in pairs if other == truth]
        recalls.append(sum(said) / len(said))
    return sum(recalls) / len(recalls)


def ask_all(who, images):
    answers = who.ask(images, list(yes_no_questions()))
    return answers | who.ask(images, list(questions.HAIR_COLOR), faces.HAIR_COLORS)


def measure(answers, drawn):
    """{row: {column: balanced accuracy}} over the drawings {path: face}"""
    table = {name: {} for name in faces.ATTRIBUTES}
    for text, (title, name) in yes_no_questions().items():
        table[name][title] = balanced([(answers[path, text] == "yes", face[name]) for path, face in drawn.items()])
    table["Hair_Color"] = {}
    for title, (wording, _) in COLUMNS.items():
        if title != "second":  # no choice question is closed
            text = questions.HAIR_COLOR[wording]
            said = [(answers[path, text], face["Hair_Color"]) for path, face in drawn.items()]
            table["Hair_Color"][title] = balanced(said)
    return table


def by_size(drawn):
    sizes = {size: {} for size in faces.SIZES}
    for path, face in drawn.items():
        with Image.open(path) as image:
            sizes[image.size][path] = face
    return sizes


def summary(table, title):
    rates = {name: table[name][title] for name in faces.ATTRIBUTES}
    weakest = min(rates, key=rates.get)
    return sum(rates.values()) / len(rates), weakest, rates[weakest]


def print_table(table):
    print("| |", " | ".join(COLUMNS), "|")
    print("|---|" + "---|" * len(COLUMNS))
    for name, rates in table.items():
        print(f"| {name} |", " | ".join(f"{rates[title]:.3f}" if title in rates else "" for title in COLUMNS), "|")
    means = [summary(table, title)[0] for title in COLUMNS]
    print("| **mean of the yes/no attributes** |", " | ".join(f"**{mean:.3f}**" for mean in means), "|")


def is_good(table):
    found = [summary(table, title) for title in list(COLUMNS)[:TARGET_COLUMNS]]
    return all(mean >= TARGET_MEAN and rate >= TARGET_WEAKEST for mean, _, rate in found)


def print_summary(what, table):
    for title in COLUMNS:
        mean, weakest, rate = summary(table, title)
        print(f"{what}, {title}: mean {mean:.3f}, weakest {weakest} {rate:.3f}")


def print_always(answers):
    for text, truth in ALWAYS.items():
        said = [answer for (_, asked), answer in answers.items() if asked == text]
        right = "yes" if truth else "no"
        print(f"{text} {right} to {said.count(right)} of {len(said)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=1000, help="drawings")
    parser.add_argument("--assent", help="ask through this program")
    parser.add_argument("--threads", type=int, default=2, help="of transformers")
    parser.add_argument("--dtype", default="f32", help="the program's precision")
    parser.add_argument("--check", action="store_true", help="fail where a target is missed")
    args = parser.parse_args()
    who = Program(args.model, args.assent, args.dtype) if args.assent else Transformers(args.model, args.threads)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        drawn = {folder / name: face for name, face in faces.write_images(folder, args.count, SEED).items()}
        answers = ask_all(who, list(drawn))
        table = measure(answers, drawn)
        print_table(table)
        print()
        print_summary("all", table)
        for size, some in by_size(drawn).items():
            print_summary(f"{len(some)} of {size[0]} x {size[1]}", measure(answers, some))
        print_always(who.ask(list(drawn), list(ALWAYS)))
    return args.check and not is_good(table)


if __name__ == "__main__":
    sys.exit(main())
