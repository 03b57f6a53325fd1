#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The expected e-values and bounds of tests/unit/t_stats_accept.c: every vector of errors that a claim allows is tried,
likelihoods are whole numbers, and the mixture is a product of predictions, vote by vote.
"""
import itertools
import math

POINTS = 9

# name: limit, alpha, (cells, n, errors, taken whole by design) of each stratum
SETS = {
    "nothing seen": (0.05, 0.05, [(50, 0, 0, 0)]),
    "no errors": (0.05, 0.05, [(2000, 81, 0, 0)]),
    "some errors": (0.05, 0.05, [(3000, 270, 5, 0)]),
    "a large share": (0.1, 0.05, [(120, 90, 5, 0)]),
    "above the limit": (0.05, 0.1, [(1000, 60, 12, 0)]),
    "all right but one": (0.02, 0.01, [(400, 250, 1, 0)]),
    "two strata": (0.05, 0.05, [(300, 60, 1, 0), (90, 40, 6, 0)]),
    "one not looked at": (0.1, 0.05, [(200, 50, 2, 0), (15, 0, 0, 0)]),
    "one seen whole": (0.08, 0.05, [(150, 45, 1, 0), (20, 20, 5, 0)]),
    "three strata": (0.1, 0.05, [(60, 20, 0, 0), (80, 30, 4, 0), (25, 12, 3, 0)]),
    "none may be wrong": (0.0, 0.05, [(100, 96, 0, 0)]),
    "mostly wrong": (0.3, 0.05, [(40, 20, 15, 0), (70, 20, 9, 0), (30, 6, 6, 0)]),
    "whole by design": (0.08, 0.05, [(150, 75, 1, 0), (20, 20, 5, 1)]),
    "whole, not yet": (0.2, 0.05, [(150, 75, 1, 0), (20, 12, 5, 1)]),
}


def log_likelihood(cells, n, errors, whole, k):
    """Of one order of the answers, of k wrong ones among the cells. No bet is made on what is taken whole."""
    if whole:
        return 0.0 if errors <= k <= cells - n + errors else -math.inf
    ways = math.perm(k, errors) * math.perm(cells - k, n - errors)
    return math.log(ways) - math.log(math.perm(cells, n)) if ways else -math.inf


def log_beta(n, errors, a, b):
    """Answers predicted one by one, the wrong ones first."""
    total = 0.0
    for i in range(n):
        total += math.log((a + i if i < errors else b + i - errors) / (a + b + i))
    return total


def log_mean(logs):
    top = max(logs)
    return top + math.log(math.fsum(math.exp(x - top) for x in logs) / len(logs))


def power(p, n):
    return 0.0 if n == 0 else n * math.log(p) if p > 0 else -math.inf


def log_mixture(limit, strata, above):
    strata = [s for s in strata if not s[3]]
    steps = [(i + 1) / (POINTS + 1) for i in range(POINTS)]
    rates = [1 - (1 - limit) * (1 - s * s) for s in steps] if above else [limit * i / (POINTS + 1) for i in range(POINTS)]
    n, errors = sum(s[1] for s in strata), sum(s[2] for s in strata)
    common = log_mean([power(p, errors) + power(1 - p, n - errors) for p in rates])
    if len(strata) == 1:
        return common
    usual = min(max(limit, 0.001), 0.5)
    own = sum(log_mean([log_beta(s[1], s[2], 0.5, 0.5), log_beta(s[1], s[2], 0.5, 0.5 * (1 - usual) / usual)]) for s in strata)
    return log_mean([common, own])


def greatest_by_total(strata):
    """The greatest likelihood for each total of errors."""
    columns = [[log_likelihood(*s, k) for k in range(s[0] + 1)] for s in strata]
    greatest = [-math.inf] * (sum(s[0] for s in strata) + 1)
    for ks in itertools.product(*(range(s[0] + 1) for s in strata)):
        at = sum(ks)
        value = math.fsum(column[k] for column, k in zip(columns, ks))
        greatest[at] = max(greatest[at], value)
    return greatest


def main():
    for name, (limit, alpha, strata) in SETS.items():
        greatest = greatest_by_total(strata)
        cells = len(greatest) - 1
        allowed = math.floor(round(limit * cells, 9))
        accept = log_mixture(limit, strata, False)
        futile = log_mixture(limit, strata, True)
        rest = [accept - max(greatest[t:], default=-math.inf) for t in range(cells + 2)]
        bound = next(t for t, e in enumerate(rest) if e >= -math.log(alpha)) - 1
        values = rest[allowed + 1], futile - max(greatest[:allowed + 1])
        shown = ", ".join("INFINITY" if math.isinf(v) else f"{v + 0.0:.12g}" for v in values)
        print(f'{{ "{name}", {limit}, {alpha}, {len(strata)}, {{ ' + ", ".join("{ %d, %d, %d, %d }" % s for s in strata) +
              f" }}, {shown}, {bound / cells:.12g} }},")


main()
