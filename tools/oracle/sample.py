#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The expected values of t_stats' samples, worked out cell by cell with numpy.

The ratio estimator and its linearised variance as R's survey::svyratio has them (Lumley 2010, chapter 2), with
fpc and options(survey.lonely.psu = "adjust"): a lonely cell counts its distance from the mean of all, which for
residuals of a ratio is 0.
"""
import numpy as np

Z = 1.959963984540054
SAMPLES = {
    "two strata": [(900, 30, 30, 27), (100, 20, 20, 9)],
    "unlabelled cells": [(500, 25, 20, 18), (300, 10, 10, 3), (50, 5, 2, 1)],
    "a lonely cell": [(400, 12, 12, 10), (60, 1, 1, 0)],
    "a stratum taken whole": [(40, 40, 40, 30), (2000, 50, 50, 49)],
    "an empty stratum": [(700, 14, 14, 12), (300, 0, 0, 0)],
    "all equal": [(800, 16, 16, 16), (200, 8, 8, 8)],
}

for name, strata in SAMPLES.items():
    used = [s for s in strata if s[1] > 0]
    units = []  # weight, rated, equal, stratum
    for h, (cells, n, rated, equal) in enumerate(used):
        d = np.array([1] * rated + [0] * (n - rated))
        z = np.array([1] * equal + [0] * (n - equal))
        units.append((cells / n, d, z))
    total_d = sum(w * d.sum() for w, d, _ in units)
    ratio = sum(w * z.sum() for w, _, z in units) / total_d
    variance = 0.0
    for (cells, n, _, _), (w, d, z) in zip(used, units):
        u = w * (z - ratio * d) / total_d
        centre = u.mean() if n > 1 else 0.0
        variance += (1 - n / cells) * n / max(n - 1, 1) * ((u - centre) ** 2).sum()
    if variance > 0:
        effective = ratio * (1 - ratio) / variance
    else:
        effective = total_d ** 2 / sum(w ** 2 * d.sum() for w, d, _ in units)
    centre = ratio + Z * Z / (2 * effective)
    half = Z * np.sqrt(ratio * (1 - ratio) / effective + Z * Z / (4 * effective ** 2))
    low, high = (centre - half) / (1 + Z * Z / effective), (centre + half) / (1 + Z * Z / effective)
    covered = sum(s[0] for s in used) / sum(s[0] for s in strata)
    print(f'{{ "{name}", {len(strata)}, {{ ' + ", ".join("{ %d, %d, %d, %d }" % s for s in strata) + " }, "
          f"{ratio:.10f}, {np.sqrt(variance):.10f}, {low:.10f}, {high:.10f}, {covered:.4f} }},")
