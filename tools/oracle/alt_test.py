#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The expected values of t_stats_alt_test.c, from the definitions of Calderon, Reichart and Dror (2025).

Items are dictionaries, scores are means, the tests are scipy's and statsmodels': nothing is shared with the C code but
the generator that draws the labels (Knuth's MMIX). Needs numpy, scipy 1.13 or later, statsmodels.
"""
import numpy as np
import statsmodels.api as sm
from scipy import stats

MISSING, ABSTAINED = -1, -4


class Draw:
    def __init__(self, seed):
        self.state = seed

    def __call__(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        return (self.state >> 33) % n


def labels(case):
    """{(image, column): label} of each person, and of the model: as draw_labels() of the test has them."""
    draw = Draw(case["seed"])
    people = [{} for _ in range(case["people"])]
    model = {}
    for column in range(case["columns"]):
        for image in range(case["images"]):
            truth = draw(case["k"])
            for person in people:
                said = draw(case["k"]) if draw(100) < case["noise"] else truth
                if draw(100) >= case["missing"]:
                    person[image, column] = said
            said = draw(case["k"]) if draw(100) < case["model_noise"] else truth
            if draw(100) >= case["missing"] // 4:
                model[image, column] = said
    return people, model


def accuracy(value, others):
    return np.mean([value == other for other in others])


def negative_rmse(value, others):
    return -np.sqrt(np.mean([(value - other) ** 2 for other in others]))


def test(differences, images, epsilon):
    """p of the mean of the differences being epsilon or more."""
    x = np.array(differences, dtype=float) - epsilon
    if len(set(images)) < 30:
        means = [x[np.array(images) == i].mean() for i in sorted(set(images))]
        exact = stats.PermutationMethod(n_resamples=np.inf)
        return stats.wilcoxon(np.round(means, 9), alternative="less", method=exact).pvalue
    if np.ptp(x) == 0:
        return 0.0 if x[0] < 0 else 1.0
    if len(set(images)) == len(images):
        return stats.ttest_1samp(x, 0, alternative="less").pvalue
    fit = sm.OLS(x, np.ones(len(x))).fit(cov_type="cluster", cov_kwds={"groups": np.array(images)}, use_t=True)
    return stats.t.cdf(fit.tvalues[0], len(set(images)) - 1)


def run(case):
    people, model = labels(case)
    score = negative_rmse if case["ordinal"] else accuracy
    rows, p = [], []
    for j, person in enumerate(people):
        good, differences, images, unanswered = [], [], [], 0
        for cell, own in person.items():
            others = [other[cell] for h, other in enumerate(people) if h != j and cell in other]
            if not others:
                continue
            if cell not in model:
                unanswered += 1
                continue
            s_j, s_f = score(own, others), score(model[cell], others)
            good.append(s_f >= s_j)
            differences.append(int(s_j >= s_f) - int(s_f >= s_j))
            images.append(cell[0])
        tested = len(set(images)) >= case["min"]
        p.append(test(differences, images, case["epsilon"]) if tested else np.nan)
        rows.append((len(good), len(set(images)), unanswered, np.mean(good), np.mean(differences)))
    tested = [j for j in range(len(people)) if not np.isnan(p[j])]
    adjusted = stats.false_discovery_control([p[j] for j in tested], method="by")
    beaten = {j for j, a in zip(tested, adjusted) if a <= 0.05}
    print(f'    {{ "{case["name"]}", {case["seed"]}, {case["people"]}, {case["columns"]}, {case["images"]}, '
          f'{case["k"]}, {case["noise"]}, {case["model_noise"]}, {case["missing"]}, {case["ordinal"]}, '
          f'{case["epsilon"]}, {case["min"]}, {len(beaten) / len(tested):.10f}, '
          f'{np.mean([rows[j][3] for j in tested]):.10f},')
    print("      {", ", ".join("{ %d, %d, %d, %.10f, %.10f, %s, %d }" % (
        *rows[j], "NAN" if np.isnan(p[j]) else f"{p[j]:.9e}", j in beaten) for j in range(len(people))), "} },")


CASES = ("name", "seed", "people", "columns", "images", "k", "noise", "model_noise", "missing", "ordinal", "epsilon",
         "min")
for values in [
    ("yes and no", 7, 4, 1, 80, 2, 30, 20, 20, 0, .15, 30),
    ("a model that is worse", 8, 4, 1, 80, 2, 10, 60, 20, 0, .15, 30),
    ("ordinal", 3, 5, 1, 90, 5, 60, 40, 30, 1, .2, 30),
    ("few images", 5, 3, 1, 16, 3, 60, 10, 10, 0, .2, 10),
    ("few images of several cells", 6, 3, 4, 14, 3, 50, 20, 40, 0, .1, 10),
    ("images of several cells", 9, 4, 6, 60, 2, 40, 20, 50, 0, .1, 30),
    ("one person shares too little", 13, 4, 1, 45, 2, 30, 20, 20, 0, .15, 35),
    ("no noise at all", 4, 3, 1, 40, 2, 0, 0, 0, 0, .1, 30),
]:
    run(dict(zip(CASES, values)))

print("\n    /* t, df, P(T <= t): scipy */")
for t, df in [(0, 3), (-1, 1), (-2.5, 29), (2.5, 29), (-8, 40), (-40, 200), (1.3, 202598), (-3, 0.5)]:
    print(f"    {{ {t}, {df}, {stats.t.cdf(t, df):.12e} }},")
print("\n    /* p, z: scipy */")
for p in [.5, .8, .975, .0181818181818, 1e-9]:
    print(f"    {{ {p}, {stats.norm.ppf(p):.12f} }},")
