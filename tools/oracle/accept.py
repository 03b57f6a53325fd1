#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The expected values of tests/unit/t_stats_accept.c. E-values and bounds: every vector of errors that a claim allows is
tried, likelihoods are whole numbers, and the mixture is a product of predictions, vote by vote. Plans: probabilities
carried on from vote to vote. Exact bounds: sums of whole numbers.
"""
import itertools
import math

POINTS = 9
ODDS = [0.05, 0.2, 0.4, 0.6, 0.8]

# name: limit, alpha, (cells, n, errors, taken whole by design, weight) of each stratum
SETS = {
    "nothing seen": (0.05, 0.05, [(50, 0, 0, 0, 0)]),
    "no errors": (0.05, 0.05, [(2000, 81, 0, 0, 0)]),
    "some errors": (0.05, 0.05, [(3000, 270, 5, 0, 0)]),
    "a large share": (0.1, 0.05, [(120, 90, 5, 0, 0)]),
    "above the limit": (0.05, 0.1, [(1000, 60, 12, 0, 0)]),
    "all right but one": (0.02, 0.01, [(400, 250, 1, 0, 0)]),
    "two strata": (0.05, 0.05, [(300, 60, 1, 0, 0), (90, 40, 6, 0, 0)]),
    "one not looked at": (0.1, 0.05, [(200, 50, 2, 0, 0), (15, 0, 0, 0, 0)]),
    "one seen whole": (0.08, 0.05, [(150, 45, 1, 0, 0), (20, 20, 5, 0, 0)]),
    "three strata": (0.1, 0.05, [(60, 20, 0, 0, 0), (80, 30, 4, 0, 0), (25, 12, 3, 0, 0)]),
    "none may be wrong": (0.0, 0.05, [(100, 96, 0, 0, 0)]),
    "mostly wrong": (0.3, 0.05, [(40, 20, 15, 0, 0), (70, 20, 9, 0, 0), (30, 6, 6, 0, 0)]),
    "whole by design": (0.08, 0.05, [(150, 75, 1, 0, 0), (20, 20, 5, 1, 0)]),
    "whole, not yet": (0.2, 0.05, [(150, 75, 1, 0, 0), (20, 12, 5, 1, 0)]),
    "weights": (0.1, 0.05, [(300, 30, 1, 0, 17.5), (80, 22, 6, 0, 9)]),
    "weights, none wrong": (0.05, 0.05, [(400, 70, 0, 0, 20), (90, 30, 0, 0, 9.5)]),
    "weights, of three": (0.15, 0.1, [(90, 25, 0, 0, 3), (60, 20, 3, 0, 2), (12, 12, 4, 0, 1)]),
    "weights, one by design, one unseen": (0.2, 0.05, [(90, 40, 1, 0, 9), (40, 20, 4, 0, 6), (9, 4, 2, 1, 3), (5, 0, 0, 0, 2)]),
    "alike": (0.2, 0.05, [(60, 20, 1, 0, 1), (60, 20, 1, 0, 1), (60, 20, 1, 0, 1)]),
    "nearly all wrong": (0.9, 0.1, [(30, 12, 9, 0, 5), (20, 8, 8, 0, 4)]),
    "one cell": (0.1, 0.1, [(1, 1, 0, 0, 1), (60, 30, 0, 0, 8)]),
}


def log_likelihood(cells, n, errors, whole, weight, k):
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
    own = sum(log_beta(s[1], s[2], 0.5, 0.5 if above else 0.5 * (1 - usual) / usual) for s in strata)
    return log_mean([common, own])


def log_against(odds, cells, n, errors, whole, weight, k):
    """The likelihood of one order of the answers to its density where the odds of each are `odds` times those of k errors."""
    value = log_likelihood(cells, n, errors, whole, weight, k)
    if whole or value == -math.inf:
        return value
    wrong, right = odds * k / cells, 1 - k / cells
    return value - power(wrong / (wrong + right), errors) - power(right / (wrong + right), n - errors)


def greatest_by_total(strata, of=log_likelihood):
    """The greatest likelihood, or other sum over strata, for each total of errors."""
    columns = [[of(*s, k) for k in range(s[0] + 1)] for s in strata]
    greatest = [-math.inf] * (sum(s[0] for s in strata) + 1)
    for ks in itertools.product(*(range(s[0] + 1) for s in strata)):
        at = sum(ks)
        value = math.fsum(column[k] for column, k in zip(columns, ks))
        greatest[at] = max(greatest[at], value)
    return greatest


def of_this_or_more(greatest):
    for t in range(len(greatest) - 2, -1, -1):
        greatest[t] = max(greatest[t], greatest[t + 1])
    return greatest + [-math.inf]


def log_e_by_total(limit, strata):
    """Against each total of errors and more."""
    fixed = log_mixture(limit, strata, False)
    logs = [fixed - x if x > -math.inf else math.inf for x in of_this_or_more(greatest_by_total(strata))]
    if sum(not s[3] for s in strata) < 2:
        return logs
    heaviest = max(s[4] for s in strata)
    bets = []
    for r in ODDS:
        sums = greatest_by_total(strata, lambda *s: log_against(r ** (s[4] / heaviest if heaviest else 1), *s))
        bets.append([-x for x in of_this_or_more(sums)])
    return [x if math.isinf(x) else log_mean([log_mean(b)] * 3 + [x]) for x, *b in zip(logs, *bets)]


# cells (None: endless), rate, limit, alpha: probability .8, at most 1000 votes
PLANS = [
    (None, 0.02, 0.05, 0.05), (None, 0.01, 0.05, 0.05), (None, 0.0, 0.05, 0.05), (None, 0.02, 0.05, 0.05 / 40),
    (None, 0.0, 0.05, 0.05 / 40), (None, 0.05, 0.05, 0.05), (None, 0.1, 0.2, 0.01), (500, 0.02, 0.05, 0.05), (80, 0.025, 0.1, 0.1),
]
MOST = 1000

# cells, n, errors, alpha
BOUNDS = [(None, 59, 0, 0.05), (None, 100, 3, 0.05), (None, 8, 8, 0.1), (1000, 59, 0, 0.05), (200, 200, 7, 0.05),
          (50, 20, 5, 0.01), (30, 0, 0, 0.05)]


def log_e(cells, limit, n, errors):
    """Of one stratum; without end the likelihood of the limit itself."""
    above = log_mixture(limit, [(cells, n, errors, 0, 0)], False)
    if cells is None:
        return above - power(limit, errors) - power(1 - limit, n - errors)
    rest = [log_likelihood(cells, n, errors, 0, 0, k) for k in range(math.floor(round(limit * cells, 9)) + 1, cells + 1)]
    return above - max(rest) if max(rest) > -math.inf else math.inf


def plan(cells, rate, limit, alpha):
    """When acceptance has probability .8, what it has at the end, votes on average."""
    wrong, still, first, mean = round(rate * (cells or 0)), {0: 1.0}, 0, 0.0
    bound = -1
    for n in range(1, min(MOST, cells or MOST) + 1):
        mean += math.fsum(still.values())
        after = {}
        for k, p in still.items():
            error = rate if cells is None else min(1.0, max(0.0, (wrong - k) / (cells - n + 1)))
            after[k] = after.get(k, 0.0) + p * (1 - error)
            after[k + 1] = after.get(k + 1, 0.0) + p * error
        while bound < n and log_e(cells, limit, n, bound + 1) >= -math.log(alpha):
            bound += 1
        still = {k: p for k, p in after.items() if k > bound and p > 1e-30}
        if not first and 1 - math.fsum(still.values()) >= 0.8:
            first = n
    return first, 1 - math.fsum(still.values()), mean


def at_most(cells, rate, n, k):
    """P(errors <= k) of n cells."""
    if cells is None:
        return math.fsum(math.comb(n, i) * rate ** i * (1 - rate) ** (n - i) for i in range(k + 1))
    wrong = round(rate * cells)
    return sum(math.comb(wrong, i) * math.comb(cells - wrong, n - i) for i in range(k + 1)) / math.comb(cells, n)


def fixed(cells, rate, limit, alpha):
    """The first number of votes at which one look accepts with probability .8."""
    worst = limit if cells is None else (math.floor(round(limit * cells, 9)) + 1) / cells
    k = -1
    for n in range(1, min(MOST, cells or MOST) + 1):
        while at_most(cells, worst, n, k + 1) <= alpha:
            k += 1
        if k >= 0 and at_most(cells, rate, n, k) >= 0.8:
            return n
    return 0


def exact_bound(cells, n, errors, alpha):
    if n == 0:
        return 1.0
    if cells is not None:
        return max(k for k in range(errors, cells - n + errors + 1) if at_most(cells, k / cells, n, errors) > alpha) / cells
    low, high = 0.0, 1.0
    for _ in range(200 if errors < n else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(None, middle, n, errors) > alpha else (low, middle)
    return high


def main():
    for name, (limit, alpha, strata) in SETS.items():
        greatest = greatest_by_total(strata)
        cells = len(greatest) - 1
        allowed = math.floor(round(limit * cells, 9))
        futile = log_mixture(limit, strata, True)
        rest = log_e_by_total(limit, strata)
        bound = next(t for t, e in enumerate(rest) if e >= -math.log(alpha)) - 1
        values = rest[allowed + 1], futile - max(greatest[:allowed + 1])
        shown = ", ".join("INFINITY" if math.isinf(v) else f"{v + 0.0:.12g}" for v in values)
        print(f'{{ "{name}", {limit}, {alpha}, {len(strata)}, {{ ' + ", ".join("{ %d, %d, %d, %d, %g }" % s for s in strata) +
              f" }}, {shown}, {bound / cells:.12g} }},")
    print()
    for cells, rate, limit, alpha in PLANS:
        first, reached, mean = plan(cells, rate, limit, alpha)
        print(f"{{ {{ {cells or 'STATS_ENDLESS'}, {rate}, {limit}, {alpha} }}, {{ {first}, {reached:.9g}, {mean:.9g} }}, "
              f"{fixed(cells, rate, limit, alpha)} }},")
    print()
    for cells, n, errors, alpha in BOUNDS:
        print(f"{{ {cells or 'STATS_ENDLESS'}, {n}, {errors}, {alpha}, {exact_bound(cells, n, errors, alpha):.10g} }},")


main()
