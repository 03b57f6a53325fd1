#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the paper's figures beside the program's: figures.py PROGRAM PROJECT

Ends with 1 where the program's figure is not the one that follows from the data (README.md of this folder).
"""
import json
import subprocess
import sys


def main():
    program, project = sys.argv[1:3]

    def ask(*command):
        ran = subprocess.run([program, "-C", project, "--json", *command], capture_output=True, check=True)
        return json.loads(ran.stdout)

    before = ask("agree", "llava-next-8b", "celeba", "--resamples", "0")
    report = ask("report", "--resamples", "0")
    consensus = report["consensus"]
    who = {a["name"]: a for a in consensus["annotators"]}
    model, people = who["llava-next-8b"], who["celeba"]
    winners = [q["winner"] for q in consensus["questions"]]
    hair = {a["name"]: a["rules"][0]["share"] for a in report["annotators"]}
    missed = {q["name"]: q for q in report["rare_missed"]}
    counts = before["pooled"]["counts"]

    rows = [  # figure, the paper, this program, what follows from the data
        ("model = CelebA, of 40 000 cells", "79.5 %", f"{counts[0][0] + counts[1][1]}: "
         f"{before['pooled']['agreement']:.6f}", "31807: 0.795175"),
        ("disputed cells, each re-annotated once", "-", str(consensus["disputed"]), "8193"),
        ("the person sides with the model", "-", f"{model['sided']['votes']}: {model['sided']['share']:.5f} "
         "({:.4f} - {:.4f})".format(*model["sided"]["wilson"]), "3839: 0.46857 (0.4578 - 0.4794)"),
        ("model = majority of three", "89.1 %", f"{model['agreement']:.6f}", "0.891150"),
        ("CelebA = majority of three", "-", f"{people['agreement']:.6f}", "0.904025"),
        ("model = majority, if the person flipped coins", "-", f"{model['coin_flip']:.7f}", "0.8975875"),
        ("questions favouring model / CelebA / neither", "20 / 20",
         " / ".join(str(winners.count(w)) for w in ("llava-next-8b", "celeba", "tie")), "20 / 19 / 1"),
        ("two or more hair colours: CelebA, model, majority", "-",
         ", ".join(f"{100 * hair[a]:.1f} %" for a in ("celeba", "llava-next-8b", "consensus")),
         "1.7 %, 52.3 %, 21.3 %"),
        ("kappa, pooled and mean of questions", "-", f"{before['pooled']['kappa']:.3f}, "
         f"{before['macro']['kappa']:.3f}", "0.486, 0.374"),
        ("glasses found by the model, against the majority", "-",
         f"{missed['Eyeglasses']['found']} of {missed['Eyeglasses']['positives']}: "
         f"{missed['Eyeglasses']['recall']:.3f}", "32 of 60: 0.533"),
    ]
    width = [max(len(row[i]) for row in rows) for i in range(3)]
    print(f"  {'figure':{width[0]}}  {'paper':>{width[1]}}  {'assent':>{width[2]}}")
    print(f"  {'-' * (sum(width) + 4)}")
    for figure, paper, ours, _ in rows:
        print(f"  {figure:{width[0]}}  {paper:>{width[1]}}  {ours:>{width[2]}}")
    wrong = [row for row in rows if row[2] != row[3]]
    for figure, _, ours, expected in wrong:
        print(f"{figure}: got {ours}, expected {expected}", file=sys.stderr)
    return 1 if wrong else 0


sys.exit(main())
