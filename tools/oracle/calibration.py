#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The expected values of t_stats_calibration, by scikit-learn, scipy and numpy.

Cells are drawn as the test draws them, by Knuth's MMIX generator. scikit-learn's isotonic_regression averages equal
probabilities first, which is what "equal probabilities are never taken apart" means. A fit to Platt's targets is a
logistic regression without a penalty in which each cell stands twice, as a yes and as a no.
"""
import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import foldnorm
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, log_loss, roc_auc_score

EPSILON = 1e-6
POINTS = [0.0, 0.03, 0.2, 0.45, 0.5, 0.77, 0.999, 1.0]
FOLDS = 5


class Draws:
    def __init__(self, seed):
        self.state = seed

    def __call__(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % n


def cells(seed, n, steps, weights, sharp):
    """p on a grid of so many steps; yes is true with the probability p^sharp."""
    draw = Draws(seed)
    out = []
    for _ in range(n):
        p = draw(steps + 1) / steps
        truth = draw(1000000) < 1000000 * p**sharp
        out.append((p, int(truth), 1 + draw(weights) / 2, draw(FOLDS)))
    p, y, w, fold = (np.array(c) for c in zip(*out))
    return p.astype(float), y, w.astype(float), fold


def logit(p):
    p = np.clip(p, EPSILON, 1 - EPSILON)
    return np.log(p) - np.log1p(-p)


def bins(p, y, w, which):
    for b in range(10):
        at = which == b
        if at.any():
            weight = w[at].sum()
            yield weight / w.sum(), np.average(p[at], weights=w[at]), np.average(y[at], weights=w[at]), \
                weight**2 / (w[at]**2).sum()


def mass_bins(p, w):
    which = np.zeros(len(p), int)
    for value in np.unique(p):
        below, here = w[p < value].sum(), w[p == value].sum()
        which[p == value] = min(int(10 * (below + here / 2) / w.sum()), 9)
    return which


def ece(p, y, w, which):
    return sum(share * abs(rate - mean) for share, mean, rate, _ in bins(p, y, w, which))


def debiased(p, y, w, which):
    """2 ECE - its mean over normal draws of the bins' rates (Kumar, Liang, Ma 2019)."""
    mean_drawn = 0
    for share, mean, rate, n in bins(p, y, w, which):
        sd = np.sqrt(rate * (1 - rate) / n)
        away = abs(rate - mean)
        mean_drawn += share * (foldnorm.mean(away / sd, scale=sd) if sd > 0 else away)
    return max(2 * ece(p, y, w, which) - mean_drawn, 0)


def squared(p, y, w, which):
    return sum(share * ((rate - mean)**2 - (rate * (1 - rate) / (n - 1) if 0 < rate < 1 else 0))
               for share, mean, rate, n in bins(p, y, w, which))


def temperature(p, y, w):
    z = logit(p)
    return brentq(lambda a: (w * (expit(a * z) - y) * z).sum(), 0.01, 100, xtol=1e-15, rtol=1e-14)


def platt(p, y, w):
    w = w * len(w) / w.sum()
    yes, no = w[y == 1].sum(), w[y == 0].sum()
    t = np.where(y == 1, (yes + 1) / (yes + 2), 1 / (no + 2))
    z = logit(p)[:, None]
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-13, max_iter=1000)
    model.fit(np.vstack([z, z]), np.r_[np.ones(len(y)), np.zeros(len(y))], np.r_[w * t, w * (1 - t)])
    return model.coef_[0, 0], model.intercept_[0]


def threshold(p, y, w, balanced):
    """Every cut, by force."""
    values = np.unique(p)
    cuts = ([values[0] / 2] if values[0] > 0 else []) + list((values[1:] + values[:-1]) / 2)
    cuts += [(values[-1] + 1) / 2] if values[-1] < 1 else []

    def merit(at):
        said = p > at
        if balanced:
            return balanced_accuracy_score(y, said, sample_weight=w)
        return -abs(np.average(said, weights=w) - np.average(y, weights=w))
    merits = np.array([merit(at) for at in cuts])
    good = [at for at, m in zip(cuts, merits) if m > merits.max() - 1e-12]
    return min(good, key=lambda at: abs(at - 0.5))


def tested(p, y, w, fold, balanced):
    said = np.zeros(len(p), bool)
    for f in range(FOLDS):
        out = fold == f
        said[out] = p[out] > threshold(p[~out], y[~out], w[~out], balanced)
    return [np.average(said, weights=w), np.average(said == y, weights=w), balanced_accuracy_score(y, said, sample_weight=w)]


SETS = [("smooth", 1, 400, 1000003, 5, 1.7), ("rounded", 2, 300, 20, 1, 0.6), ("few", 3, 25, 97, 3, 3.0)]

for name, *how in SETS:
    p, y, w, fold = cells(*how)
    iso = IsotonicRegression(out_of_bounds="clip").fit(p, y, w)
    best = brier_score_loss(y, iso.predict(p), sample_weight=w)
    brier = brier_score_loss(y, p, sample_weight=w)
    rate = np.average(y, weights=w)
    width = np.minimum(np.floor(p * 10 + 1e-6), 9).astype(int)
    figures = [len(y), y.sum(), np.average(p, weights=w), rate, np.average((p > .5) == y, weights=w),
               ece(p, y, w, width), ece(p, y, w, mass_bins(p, w)), debiased(p, y, w, mass_bins(p, w)),
               squared(p, y, w, mass_bins(p, w)), brier,
               log_loss(y, np.clip(p, EPSILON, 1 - EPSILON), sample_weight=w), roc_auc_score(y, p, sample_weight=w),
               brier - best, rate * (1 - rate) - best, rate * (1 - rate)]
    a, b = platt(p, y, w)
    rest = fold != 0
    a0, b0 = platt(p[rest], y[rest], w[rest])
    fits = [temperature(p, y, w), a, b, temperature(p[rest], y[rest], w[rest]), a0, b0]
    cuts = []
    for balanced in (False, True):
        cuts += [threshold(p, y, w, balanced)] + tested(p, y, w, fold, balanced)
    number = lambda xs: ", ".join(f"{x:.12g}" for x in xs)
    print(f'{{ "{name}", {", ".join(str(h) for h in how)},\n  {{ {number(figures)} }},\n  {{ {number(fits)} }},\n'
          f"  {{ {number(iso.predict(POINTS))} }},\n  {{ {number(cuts)} }} }},")
