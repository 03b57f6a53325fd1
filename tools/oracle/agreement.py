#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The expected values of t_stats_raters.c, t_stats_exact.c, t_stats_against.c and t_stats_sets.c, by the programs that are the reference.

Writes FOLDER/agreement.json: votes (a string a cell, a character a rater, x where missing) with what irrCAC, krippendorff and
statsmodels make of them; p-values with what statsmodels makes of many; tables with scipy's and statsmodels' exact tests; shares over clusters;
sets of options with scikit-learn's index.
"""
import json
import os
import sys
import warnings

import krippendorff
import numpy as np
import pandas as pd
import statsmodels.api as sm
from irrCAC.raw import CAC
from scipy.stats import binom, fisher_exact, norm
from sklearn.metrics import jaccard_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests

warnings.simplefilter("ignore")
WEIGHTS = ("identity", "linear", "quadratic", "ordinal")
RATERS = {  # a string a rater
    "3 values, 4 raters": (3, ["x2220120xx0xx100x2220x00", "x2x2002x10xxx0x121xx2000", "122x0122101x22x122xxxx0x",
                               "0022x0x2101xxx11xx112100"]),
    "4 values, 3 raters": (4, ["10330x12203132x210021221230x22", "10x12x1231203212100x10x02x0x22",
                               "23022320x1x132xx3x31x011x33332"]),
    "3 values, 5 raters": (3, ["12020222002110111111", "22201222000112021101", "22000222012110222001",
                               "22122122000012221101", "22022222200110120001"]),
    "4 values, 2 raters": (4, ["11230x003311x312000120012x", "212333x2323112221001000x0x"]),
    "5 values, one of them unused": (5, ["0011224401x4210244x0112240", "0111244401242x0244401x2140", "00x1222411442x1144201122x0"]),
}


def drawn(seed, n, raters, k, missing, noise):
    """Ratings about a truth, each off by a step now and then."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    votes = np.clip(truth[:, None] + rng.integers(-1, 2, (n, raters)) * (rng.random((n, raters)) < noise), 0, k - 1).astype(float)
    votes[rng.random((n, raters)) < missing] = np.nan
    return votes


def matrices():
    for name, (k, strings) in RATERS.items():
        yield name, k, np.array([[np.nan if c == "x" else float(c) for c in s] for s in strings]).T
    for seed, (n, raters, k, missing, noise) in enumerate([(60, 3, 5, .3, .6), (50, 6, 4, .5, .5), (64, 2, 7, .1, .7)]):
        yield f"drawn, {k} values, {raters} raters", k, drawn(seed, n, raters, k, missing, noise)


def coefficients(k, votes):
    out = {}
    frame = pd.DataFrame(votes)
    for weights in WEIGHTS:
        for name in ("gwet", "fleiss", "conger", "bp", "krippendorff"):
            est = getattr(CAC(frame, weights=weights, categories=[float(v) for v in range(k)], digits=12), name)()["est"]
            low, high = est["confidence_interval"]
            out[f"irrCAC_{name}_{weights}"] = {"coefficient_value": float(est["coefficient_value"]), "se": float(est["se"]),
                                               "confidence_interval": [float(low), float(high)]}
    for level in ("nominal", "ordinal", "interval"):
        out[f"krippendorff_{level}"] = float(krippendorff.alpha(votes.T, value_domain=list(range(k)), level_of_measurement=level))
    both = votes[~np.isnan(votes[:, :2]).any(axis=1)][:, :2].astype(int)
    table = np.zeros((k, k), dtype=int)
    np.add.at(table, (both[:, 0], both[:, 1]), 1)
    plain = cohens_kappa(table)
    pair = {"table": table.tolist(), "kappa": plain.kappa, "se": plain.std_kappa, "kappa_max": plain.kappa_max}
    for weights, wt in (("linear", "linear"), ("quadratic", "quadratic")):
        got = cohens_kappa(table, wt=wt)
        pair[weights], pair[f"{weights}_se"] = got.kappa, got.std_kappa
    out["cohen_w0_w1_pairwise_complete"] = {key: float(v) if key != "table" else v for key, v in pair.items()}
    return out


def several():
    rng = np.random.default_rng(14)
    lists = [[0.01, 0.04, 0.03, 0.005], [0.5], [1e-9, 1, 1, 0.02], [0.02, 0.02, 0.02], (rng.random(40) ** 3).round(6).tolist()]
    return [{"p": p, "holm": multipletests(p, method="holm")[1].tolist(), "bh": multipletests(p, method="fdr_bh")[1].tolist()}
            for p in lists]


def exact():
    pairs = [(0, 0), (1, 0), (3, 9), (5, 5), (10, 2), (60, 40), (0, 31), (900, 1003), (40000, 41000)]
    tables = [(3, 1, 1, 3), (10, 2, 3, 15), (0, 5, 5, 0), (8, 0, 0, 0), (120, 30, 400, 60), (1, 9, 11, 3), (90000, 10000, 8900, 1100)]
    shares = [(0, 10, .7), (5, 10, .7), (10, 10, .7), (650, 1000, .7), (700, 1000, .7), (0, 0, .7), (40, 200000, .0003)]
    return {
        "mcnemar": [[b, c, float(mcnemar([[0, b], [c, 0]], exact=True).pvalue)] for b, c in pairs],
        "fisher": [[*v, float(fisher_exact([v[:2], v[2:]])[1])] for v in tables],
        "at_most": [[k, n, p, float(binom.cdf(k, n, p)) if n else 1.0] for k, n, p in shares],
    }


def clusters():
    """Cells of images in two groups: shares, cluster-robust errors and the test of a difference."""
    rng = np.random.default_rng(15)
    cells = rng.integers(1, 9, (2, 30))
    equal = rng.binomial(cells, np.clip(rng.beta(4, 2, (2, 30)) + [[0], [.1]], 0, 1))
    out = {"cells": cells.tolist(), "equal": equal.tolist()}
    y, image, group = [], [], []
    for g in range(2):
        for i, (n, e) in enumerate(zip(cells[g], equal[g])):
            y += [1] * e + [0] * (n - e)
            image += [100 * g + i] * n
            group += [g] * n
    y, image, group = np.array(y, float), np.array(image), np.array(group)
    errors = []
    for g in range(2):  # one column: the correction is G / (G - 1)
        part = group == g
        fit = sm.OLS(y[part], np.ones(part.sum())).fit(cov_type="cluster", cov_kwds={"groups": image[part]})
        errors.append(float(fit.bse[0]))
    out["share"] = [float(y[group == g].mean()) for g in range(2)]
    out["error"] = errors
    out["p"] = float(2 * norm.sf(abs(out["share"][0] - out["share"][1]) / np.hypot(*errors)))
    return out


def sets():
    first = [[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0]]
    second = [[1, 0, 0], [1, 0, 1], [0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1]]
    return {"first": first, "second": second,
            "jaccard": float(jaccard_score(first, second, average="samples", zero_division=1))}


def main():
    document = {"sets": {}, "multiple": several(), "exact": exact(), "clusters": clusters(), "options": sets()}
    for name, k, votes in matrices():
        rows = ["".join("x" if np.isnan(v) else str(int(v)) for v in row) for row in votes]
        document["sets"][name] = {"votes": rows, "K": k, **coefficients(k, votes)}
    with open(os.path.join(sys.argv[1], "agreement.json"), "w", encoding="utf-8") as f:
        json.dump(document, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
