#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Labels go out in every format and come back as they were: in generated projects, every kind of question, ties,
abstentions, Unicode names, two folders with equal file names. ASSENT_TEST_ALL: 1 000 of them."""
import json
import os
import random
import shutil
import unicodedata

from harness import Case, main

PROJECTS = 1000 if os.environ.get("ASSENT_TEST_ALL") else 6

WORDS = ["Bald", "Wavy Hair", "été", "Größe", "眼鏡", "נכון", "a,b", 'say "x"', "it's", "100%", "x&y<z", "Ünïcode", "😀", "#1",
         "e\u0301tude", "NA", "yes", "None", "Tags", "path", "Image Id", "worker", "value", "é è", "0", "-1"]
STEMS = ["1", "001", "10", "face 1", "Müller", "Mu\u0308ller", "it's", 'q"q', "a,b;c", "100%25", "x=y", "p?q", "写真", "b#1", "+", "~"]
REASONS = ["unsure", "refused", "unparseable", "error"]
# What a format cannot hold: abstentions, and a kind of question or a gap.
FORMATS = {"csv": {}, "jsonl": {"probabilities": True}, "long": {"labels_only": True}, "label-studio": {"probabilities": True},
           "celeba": {"labels_only": True, "plain": True}}


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def fold(text):
    return "".join(c for c in text.lower() if c not in " _-")


def some(r, words, least, most):
    """Words that differ with case, space, '_' and '-' folded."""
    chosen, seen = [], set()
    for word in r.sample(words, len(words)):
        if fold(word) not in seen and len(chosen) < most:
            chosen.append(word)
            seen.add(fold(word))
    return chosen[:r.randint(least, max(least, len(chosen)))]


def is_end(name, other):
    """Is the name, without extension and leading zeros, that of another path's last parts?"""
    def path(text):
        return [part.lstrip("0") for part in unicodedata.normalize("NFC", text).removesuffix(".jpg").split("/")]
    return path(other)[-len(path(name)):] == path(name)


class Project:
    """Questions, images, and what three annotators say."""

    def __init__(self, r):
        self.plain = r.random() < .15
        self.questions = [self.question(r, name) for name in some(r, WORDS, 1, 5)]
        self.columns = [c for q in self.questions for c in self.columns_of(q)]
        folders = r.sample(["", "a/", "b/", "a/b/", "été/"], r.randint(1, 3))
        stems = r.sample(STEMS, r.randint(1, 5))
        if self.plain:
            stems = [s for s in stems if " " not in s] or ["1"]
        self.images = [f + s + ".jpg" for f in folders for s in stems if r.random() < .8] or ["1.jpg"]
        self.pictures = r.random() < .5
        if not self.pictures:  # then a file says which images there are, and no name may mean two
            self.images = [i for i in self.images if not any(is_end(i, o) for o in self.images if o != i)] or ["1.jpg"]
        self.said = {a: self.answers(r, a == "m") for a in ("m", "p", "q")}

    def question(self, r, name):
        kind = "yesno" if self.plain else r.choice(["yesno", "choice", "multi", "ordinal"])
        if self.plain:
            name = name.replace(" ", "")
        options = some(r, [w for w in WORDS if fold(w) != fold(name)], 2, 4)
        return {"name": name, "kind": kind, "text": r.choice(["t", f"{name}?"]), **({} if kind == "yesno" else {"options": options})}

    @staticmethod
    def columns_of(q):
        if q["kind"] == "multi":
            return [(f"{q['name']}:{o}", ["no", "yes"]) for o in q["options"]]
        return [(q["name"], q.get("options", ["no", "yes"]))]

    def answers(self, r, model):
        """{(image, column): (value or "(reason)", probabilities or None)}"""
        out = {}
        for image in self.images:
            for name, values in self.columns:
                roll = r.random()
                if roll < .15 and not self.plain:
                    continue
                odds = [r.random() for _ in values]
                p = {v: round(o / sum(odds), 6) for v, o in zip(values, odds)} if model and roll < .9 else None
                if p and len(values) == 2:
                    p[values[0]] = 1 - p[values[1]]
                out[image, name] = (f"({r.choice(REASONS)})" if .15 < roll < .3 and not self.plain else r.choice(values), p)
        return out

    def task(self):
        lines = ["name: t"] + (["images: images/"] if self.pictures else []) + ["questions:"]
        lines += [f"  - {{{', '.join(f'{k}: {quoted(v)}' for k, v in q.items())}}}" for q in self.questions]
        return "\n".join(lines) + "\nannotators:\n  m: {kind: model}\n"

    def lines(self, who):
        for (image, column), (value, p) in self.said[who].items():
            cell = {"image": image, "question": column}
            cell.update({"value": None, "reason": value[1:-1]} if value.startswith("(") else {"value": value})
            yield json.dumps({**cell, **({"options": p} if p else {})}) + "\n"

    def labels(self, who):
        return {k: v for k, (v, _) in self.said[who].items()}


class RoundTrip(Case):
    def make(self, project, folder):
        os.makedirs(self.path(folder))
        self.write(f"{folder}/assent.yaml", project.task())
        for image in project.images if project.pictures else ():
            self.write(f"{folder}/images/{image}", b"\xff\xd8")

    def cells(self, folder, who):
        """Values and probabilities, as export jsonl has them."""
        out = self.run_assent("-C", folder, "-q", "export", "-", "-f", "jsonl", "-a", who).out
        rows = [json.loads(line) for line in out.splitlines()]
        return {(r["image"], r["question"]): (r["value"] if r["value"] is not None else f"({r['reason']})", r.get("options"))
                for r in rows}

    def bring(self, folder, file, form, who):
        flags = () if form == "long" else ("-a", who)
        self.run_assent("-C", folder, "-q", "import", self.path(file), "-f", form, *flags)

    def check(self, project, before, after, what, **lost):
        wanted = {k: v for k, v in before.items() if not (lost.get("labels_only") and v[0].startswith("("))}
        self.assertEqual({k: v for k, (v, _) in after.items()}, {k: v for k, (v, _) in wanted.items()}, what)
        for k, (_, p) in wanted.items() if lost.get("probabilities") else ():
            self.assertEqual(p is None, after[k][1] is None, (what, k))
            for option in p or ():
                self.assertAlmostEqual(p[option], after[k][1][option], 5, (what, k))

    def go_around(self, project, seed):
        self.make(project, "one")
        for who in project.said:
            self.write("in.jsonl", "".join(project.lines(who)))
            if project.said[who]:
                self.bring("one", "in.jsonl", "jsonl", who)
        people = [who for who in project.said if project.said[who]]
        if len(people) > 1:
            self.run_assent("-C", "one", "-q", "consensus")
            people.append("consensus")
        for who in people:
            before = self.cells("one", who)
            if who in project.said:
                self.assertEqual({k: v for k, (v, _) in before.items()}, project.labels(who), (seed, who, "as imported"))
            for form, lost in FORMATS.items():
                whole = len(before) == len(project.images) * len(project.columns)
                if lost.get("plain") and not (project.plain and whole and all(v[0] != "(" for v, _ in before.values())):
                    continue
                self.back(project, who, before, form, lost, (seed, who, form))

    def back(self, project, who, before, form, lost, what):
        file = self.path("out.json" if form == "label-studio" else "out.txt")
        exported = self.run_assent("-C", "one", "--json", "export", file, "-f", form, "-a", who).json
        if exported["cells"] == 0 and form != "label-studio":
            return
        if lost.get("labels_only") and all(v.startswith("(") for v, _ in before.values()):
            return
        name = who if form == "long" else "back"
        shutil.rmtree(self.path("two"), ignore_errors=True)
        self.make(project, "two")
        if form == "long" and who == "consensus":
            text = self.read("out.txt").replace(",consensus,", ",back,")
            self.write("out.txt", text)
            name = "back"
        self.bring("two", file, form, name)
        self.check(project, before, self.cells("two", name), what, **lost)

    def test_generated_projects(self):
        for seed in range(PROJECTS):
            for folder in ("one", "two"):
                shutil.rmtree(self.path(folder), ignore_errors=True)
            self.go_around(Project(random.Random(seed)), seed)


if __name__ == "__main__":
    main()
