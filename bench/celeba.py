#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times the program at the full size of CelebA, 202 599 images x 40 questions and two annotators, and at four times that.

    bench/celeba.py [--assent PROGRAM] [--against OTHER] [--runs N] [--quick]

Each figure is that of a whole process: start, work, exit, with fsync where the program writes. Labels are
generated: each question's rate of yes is the people's in the study, and the second annotator differs from the first
on a fifth of the cells. The targets are those of the design; nothing fails where one is missed. With --against
two builds take turns at each command, and what is printed are the ratios of their fastest runs.
"""
import argparse
import array
import json
import os
import platform
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from datetime import date
from statistics import median

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
STUDY = os.path.join(ROOT, "examples", "study")
CELEBA = 202599
TARGETS = {"import (new images)": 2, "import (known images)": 2, "agree, no bootstrap": 0.5, "agree": 5,
           "export celeba": 3, "accept": 2, "report --html": 20}
MEMORY_TARGET = 300  # MB
VOTES = 8000


def rates():
    """{question: the people's rate of yes}, from the study."""
    def load(name):
        with open(os.path.join(STUDY, name), encoding="utf-8") as f:
            return json.load(f)
    names, model, votes = list(load("questions.json")), load("ai_annotation.json"), load("re_annotation.json")
    yes = dict.fromkeys(names, 0)
    for image, row in model.items():
        for name, value in zip(names, row):
            voted = name.replace("clock_shadow", "Clock_Shadow") in votes.get(image, {})
            yes[name] += (value == 1) != voted
    return {name.replace("clock_shadow", "Clock_Shadow"): n / len(model) for name, n in yes.items()}


def column(rng, n, rate):
    """n random bytes that are below a bound at this rate, as a bytes of 0 and 1."""
    bound = round(rate * 256)
    return rng.randbytes(n).translate(bytes(1 if b < bound else 0 for b in range(256)))


def generate(folder, n):
    rng = random.Random(1)
    names = rates()
    first = [column(rng, n, rate) for rate in names.values()]
    flips = [column(rng, n, 0.2) for _ in names]
    second = [bytes(a ^ b for a, b in zip(x, y)) for x, y in zip(first, flips)]
    text = (" -1", "  1")
    for who, columns in (("a", first), ("b", second)):
        with open(os.path.join(folder, f"{who}.txt"), "w", encoding="ascii") as f:
            f.write(f"{n}\n{' '.join(names)} \n")
            for i, row in enumerate(zip(*columns), 1):
                f.write(f"{i:06d}.jpg{''.join(text[v] for v in row)}\n")


def add_probabilities(db):
    """The first annotator's answers get probabilities: sure ones mostly. Straight into the database: as label files they
    would be gigabytes."""
    rng = random.Random(2)
    pool = [1 - 0.5 * rng.random() ** 3 for _ in range(100003)]
    ran, rows, at = db.execute("SELECT min(id) FROM run").fetchone()[0], [], 0
    for image, packed in db.execute("SELECT image, value FROM answers WHERE run = ?", (ran,)).fetchall():
        values = array.array("h", packed)
        at = at + len(values) if at + 2 * len(values) < len(pool) else rng.randrange(1000)
        sure = pool[at:at + len(values)]
        rows.append((array.array("f", [p if v else 1 - p for p, v in zip(sure, values)]).tobytes(), ran, image))
    db.executemany("UPDATE answers SET probability = ? WHERE run = ? AND image = ?", rows)
    return ran


def add_votes(db, ran):
    """A person answers every cell of the sample, and differs from the first annotator on three of a hundred."""
    rng = random.Random(3)
    who, = db.execute("SELECT annotator FROM reviewer WHERE annotator IS NOT NULL").fetchone()
    names = [name for name, in db.execute("SELECT name FROM question_column WHERE question_set = 1 ORDER BY position")]
    for key, (item, image, name) in enumerate(db.execute("SELECT id, image, question FROM review_item").fetchall()):
        packed, = db.execute("SELECT value FROM answers WHERE run = ? AND image = ?", (ran, image)).fetchone()
        value = array.array("h", packed)[names.index(name)] ^ (rng.random() < 0.03)
        db.execute("INSERT INTO review_answer (annotator, key, item, kind, value, seconds, mode, at) VALUES"
                   " (?, ?, ?, 'value', ?, 2, 'single', '2026-01-01T12:00:00Z')", (who, key, item, ("no", "yes")[value]))
        db.execute("INSERT INTO vote (annotator, image, question_set, position, value, seconds, at, item) VALUES"
                   " (?, ?, 1, ?, ?, 2, '2026-01-01T12:00:00Z', ?)", (who, image, names.index(name), value, item))


def answer_sample(program, project):
    """Draws a random sample, and has it answered: the third annotator."""
    server = subprocess.Popen([program, "-q", "-C", project, "review", "--listen", "127.0.0.1:0", "--reviewer", "anna",
                               "--no-disputes", "--sample", str(VOTES)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    server.stdout.readline()
    server.send_signal(signal.SIGINT)
    server.wait()
    db = sqlite3.connect(os.path.join(project, "assent.db"))
    add_votes(db, add_probabilities(db))
    db.commit()
    db.close()


def run(command):
    """(seconds, peak MB) of one process."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"failed: {' '.join(command)}")
    return seconds, usage.ru_maxrss / 1024


def jobs(program, folder):
    """(name, what to run before each time, what is timed)."""
    project = os.path.join(folder, f"p-{abs(hash(program))}")
    assent = [program, "-q", "-C", project]
    out = os.path.join(folder, "out")

    def fresh():
        shutil.rmtree(project, ignore_errors=True)
        subprocess.run([program, "init", project, "--preset", "celeba"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)

    def with_first():
        """The project as it was after the first import."""
        if not os.path.exists(f"{project}-a"):
            shutil.copytree(project, f"{project}-a")
        shutil.rmtree(project)
        shutil.copytree(f"{project}-a", project)

    def with_sample():
        if not os.path.exists(f"{project}-sampled"):
            answer_sample(program, project)
            os.mknod(f"{project}-sampled")

    yield "wc -l", None, ["wc", "-l", f"{folder}/a.txt"]
    yield "import (new images)", fresh, [*assent, "import", f"{folder}/a.txt", "-a", "a", "--kind", "model"]
    yield "import (known images)", with_first, [*assent, "import", f"{folder}/b.txt", "-a", "b"]
    yield "agree, no bootstrap", None, [*assent, "agree", "a", "b", "--resamples", "0"]
    yield "agree", None, [*assent, "agree", "a", "b"]
    yield "consensus", None, [*assent, "consensus", "--annotator", "a", "--annotator", "b", "--tie", "first", "b"]
    yield "status", None, [*assent, "status"]
    yield "report, no bootstrap", None, [*assent, "report", "--resamples", "0"]
    yield "report", None, [*assent, "report"]
    yield "plan --review", None, [*assent, "plan", "--review", "--sample", "1000"]
    for fmt in ("celeba", "csv", "jsonl", "long"):
        yield f"export {fmt}", None, [*assent, "export", out, "--format", fmt, "-a", "a"]
    yield "accept", with_sample, [*assent, "accept"]
    yield "report --html", with_sample, [*assent, "report", "--html", f"{out}.html"]
    yield "calibrate", with_sample, [*assent, "calibrate"]


def measure(program, folder, n, runs):
    """{name: (fastest, median, peak MB)}"""
    generate(folder, n)
    results = {}
    for name, before, command in jobs(program, folder):
        timed = []
        for _ in range(runs):
            if before:
                before()
            timed.append(run(command))
        seconds = [s for s, _ in timed]
        results[name] = min(seconds), median(seconds), max(m for _, m in timed)
    return results


def compare(programs, folder, n, runs):
    """[(name, fastest seconds of each program, peak MB of each)], the programs taking turns."""
    generate(folder, n)
    for each in zip(*(jobs(program, folder) for program in programs)):
        timed = [[] for _ in programs]
        for turn in range(runs * len(programs)):
            which = turn % len(programs)
            _, before, command = each[which]
            if before:
                before()
            timed[which].append(run(command))
        yield each[0][0], [min(s for s, _ in t) for t in timed], [max(m for _, m in t) for t in timed]


def print_comparison(programs, n, runs):
    folder = tempfile.mkdtemp(prefix="assent-bench-")
    print(f"\n{n} images, fastest of {runs}: {programs[0]} (this) and {programs[1]} (other)")
    print(f"{'':24}{'this s':>9}{'other s':>9}{'ratio':>7}{'this MB':>9}{'other MB':>9}")
    try:
        for name, seconds, megabytes in compare(programs, folder, n, runs):
            print(f"{name:24}{seconds[0]:9.2f}{seconds[1]:9.2f}{seconds[0] / seconds[1]:7.2f}"
                  f"{megabytes[0]:9.0f}{megabytes[1]:9.0f}", flush=True)
    finally:
        shutil.rmtree(folder)


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        return next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "unknown")


def verdict(name, seconds, megabytes):
    words = []
    if name in TARGETS:
        miss = seconds - TARGETS[name]
        words.append(f"<= {TARGETS[name]} s: " + ("reached" if miss <= 0 else f"missed by {miss:.2f} s"))
    if megabytes > MEMORY_TARGET:
        words.append(f"over {MEMORY_TARGET} MB")
    return ", ".join(words)


def main():
    parser = argparse.ArgumentParser(description="times assent at the full size of CelebA")
    parser.add_argument("--assent", default=os.path.join(ROOT, "build", "assent"))
    parser.add_argument("--against", help="another build, to take turns with")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    options = parser.parse_args()
    n = CELEBA // 10 if options.quick else CELEBA
    program = os.path.abspath(options.assent)
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                            check=False).stdout.strip()
    print(f"{processor()}, {os.cpu_count()} processors, {platform.system()}; {date.today()}; commit {commit}")
    if options.against:
        print_comparison([program, os.path.abspath(options.against)], n, options.runs)
        return
    results = []
    for size in (n, 4 * n):
        folder = tempfile.mkdtemp(prefix="assent-bench-")
        try:
            results.append(measure(program, folder, size, options.runs))
        finally:
            shutil.rmtree(folder)
    small, large = results
    print(f"\n{n} images, median and fastest of {options.runs}; x: times the seconds of wc -l; growth: at {4 * n} images")
    print(f"{'':24}{'median s':>10}{'fastest s':>11}{'x':>8}{'MB':>6}{'growth':>8}  target")
    for name, (fastest, middle, megabytes) in small.items():
        print(f"{name:24}{middle:10.2f}{fastest:11.2f}{middle / small['wc -l'][1]:8.0f}{megabytes:6.0f}"
              f"{large[name][1] / middle:8.1f}  {verdict(name, middle, megabytes)}")


if __name__ == "__main__":
    main()
