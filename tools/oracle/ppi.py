#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Means of which a model guesses all and people settle some, by ppi-python; and with numpy, cell by cell, what it has not.

    python ppi.py DIR      writes DIR/estimates.json: inputs and results, read by t_stats_estimate.c

`ppi_mean_ci(lam=None)` forgets its alternative, so the best lambda is asked for first and then given.
"""
import json
import pathlib
import sys

import numpy as np
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate
from ppi_py.ppi import _calc_lam_glm

Z = 1.959963984540054


def cells(seed, n, yes, wrong, scores):
    """What people say of n cells, and what is guessed: labels, or scores between 0 and 1."""
    r = np.random.default_rng(seed)
    y = (r.random(n) < yes).astype(float)
    f = np.where(r.random(n) < wrong, 1 - y, y)
    if scores:
        f = np.round(np.clip(0.8 * f + 0.2 * r.random(n), 0, 1), 3)
    return y, f


def prediction_powered(name, seed, n, unseen, yes, wrong, scores=False):
    y, f = cells(seed, n + unseen, yes, wrong, scores)
    y, seen, guessed = y[:n], f[:n], f[n:]
    first = ppi_mean_pointestimate(y, seen, guessed, lam=1)
    gradients = (y - first)[:, None], (seen - first)[:, None], (guessed - first)[:, None]
    best = float(_calc_lam_glm(*gradients, np.eye(1), coord=None, clip=True))
    best_value = float(np.squeeze(ppi_mean_pointestimate(y, seen, guessed)))  # lam=None: its own way to the best
    results = []
    for lam in (0, 0.4, 1, best):
        low, high = ppi_mean_ci(y, seen, guessed, alpha=0.05, alternative="two-sided", lam=lam)
        value = float(np.squeeze(ppi_mean_pointestimate(y, seen, guessed, lam=lam)))
        results.append({"lambda": lam, "value": value, "low": float(np.squeeze(low)), "high": float(np.squeeze(high))})
    return {"name": name, "y": list(y), "f": list(seen), "unseen": list(guessed), "results": results, "best": best,
            "best_value": best_value}


def wilson(share, n):
    centre, half = share + Z * Z / (2 * n), Z * np.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return (centre - half) / (1 + Z * Z / n), (centre + half) / (1 + Z * Z / n)


def mistakes(parts, total, kind):
    """The share of all cells where a guess of this kind is wrong, with Wilson's interval: (share, low, high)."""
    used = [(y, f, m) for y, f, m in parts if m > 0 and (f == kind).any()]
    within, share, variance, kish = sum(len(y) for y, _, _ in used), 0.0, 0.0, 0.0
    if not used:
        return 0.0, 0.0, 0.0
    wrong = [((y != f) & (f == kind))[:m].astype(float) for y, f, m in used]
    share = sum(len(y) / within * w.mean() for (y, _, _), w in zip(used, wrong))
    for (y, _, m), w in zip(used, wrong):
        s2 = w.var(ddof=1) if m > 1 else (w[0] - share) ** 2
        variance += (len(y) / within) ** 2 * (1 - m / len(y)) * s2 / m
        kish += (len(y) / within) ** 2 * (1 - m / len(y)) / m
    low, high = wilson(share, share * (1 - share) / variance if variance > 0 else 1 / kish)
    return tuple(x * within / total for x in (share, low, high))


def by_design(name, seed, strata):
    """Strata of (cells, settled): the difference estimator and the variance without replacement, cell by cell."""
    r = np.random.default_rng(seed)
    total = sum(n for n, m in strata if m > 0)
    out, value, variance, differences, parts = [], 0.0, 0.0, [], []
    for n, m in strata:
        y, f = cells(int(r.integers(1 << 30)), n, 0.3, 0.15, False)
        out.append({"guess": list(f), "y": list(y[:m]), "f": list(f[:m])})
        differences.append(y[:m] - f[:m])
        parts.append((y, f, m))
        if m > 0:
            value += (f.sum() + n * differences[-1].mean()) / total
    centre = sum(n * d.mean() for (n, m), d in zip(strata, differences) if m > 0) / total
    for (n, m), d in zip(strata, differences):
        if m > 0:
            s2 = d.var(ddof=1) if m > 1 else (d[0] - centre) ** 2  # survey's lonely.psu = "adjust"
            variance += (n / total) ** 2 * (1 - m / n) * s2 / m
    a, b = mistakes(parts, total, 1), mistakes(parts, total, 0)  # wrong yes, missed yes: Zou and Donner 2008 joins them
    low = value - np.hypot(b[0] - b[1], a[2] - a[0])
    high = value + np.hypot(b[2] - b[0], a[0] - a[1])
    return {"name": name, "strata": out, "value": value, "error": float(np.sqrt(variance)),
            "low": max(0.0, float(low)), "high": min(1.0, float(high)), "covered": total / sum(n for n, m in strata)}


def active(name, seed, n):
    r = np.random.default_rng(seed)
    y, f = cells(seed, n, 0.4, 0.2, True)
    pi = np.round(np.clip(0.1 + np.minimum(f, 1 - f), 0, 1), 3)
    drawn = r.random(n) < pi
    pseudo = f + (y - f) * drawn / pi
    within = (1 - pi) * ((y - f) / pi) ** 2
    return {"name": name, "guess": list(f), "y": list(y[drawn]), "f": list(f[drawn]), "pi": list(pi[drawn]),
            "value": pseudo.mean(), "error": float(np.sqrt(within[drawn].sum()) / n),
            "population_error": float(pseudo.std() / np.sqrt(n))}


def rogan_gladen(said, n, right_yes, n_yes, right_no, n_no):
    """Lang and Reiczigel 2014, Preventive Veterinary Medicine 113, 13-22."""
    se, sp = right_yes / n_yes, right_no / n_no
    value = (said / n + sp - 1) / (se + sp - 1)
    error = np.sqrt(said / n * (1 - said / n) / n + value ** 2 * se * (1 - se) / n_yes
                    + (1 - value) ** 2 * sp * (1 - sp) / n_no) / (se + sp - 1)
    a, se, sp = (said + Z * Z / 2) / (n + Z * Z), (right_yes + 1) / (n_yes + 2), (right_no + 1) / (n_no + 2)
    p = (a + sp - 1) / (se + sp - 1)
    of_yes, of_no = se * (1 - se) / (n_yes + 2), sp * (1 - sp) / (n_no + 2)
    spread = np.sqrt(a * (1 - a) / (n + Z * Z) + p * p * of_yes + (1 - p) ** 2 * of_no) / (se + sp - 1)
    centre = p + 2 * Z * Z * (p * of_yes - (1 - p) * of_no)
    return {"said": said, "n": n, "right_yes": right_yes, "n_yes": n_yes, "right_no": right_no, "n_no": n_no,
            "value": float(np.clip(value, 0, 1)), "error": float(error),
            "low": float(np.clip(centre - Z * spread, 0, 1)), "high": float(np.clip(centre + Z * spread, 0, 1))}


def main():
    document = {
        "ppi": [prediction_powered("labels", 1, 24, 60, 0.4, 0.2), prediction_powered("scores", 2, 30, 90, 0.3, 0.1, True),
                prediction_powered("a rare yes", 3, 40, 80, 0.08, 0.05),
                prediction_powered("a guess that misleads", 4, 20, 50, 0.5, 0.8)],
        "strata": [by_design("three", 5, [(60, 12), (30, 10), (10, 10)]), by_design("a lonely cell", 6, [(50, 9), (20, 1)]),
                   by_design("an empty stratum", 7, [(40, 8), (25, 0), (35, 7)])],
        "active": [active("active", 8, 60)],
        "rogan_gladen": [rogan_gladen(40, 200, 45, 50, 97, 100), rogan_gladen(3, 120, 28, 30, 30, 30)],
    }
    path = pathlib.Path(sys.argv[1]) / "estimates.json"
    path.write_text(json.dumps(document, separators=(",", ":")).replace('},{"name"', '},\n{"name"') + "\n")


main()
