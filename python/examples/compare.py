"""Do two data sets have the same distribution? Distances with an error bar and a noise floor.

    python python/examples/compare.py
"""

import numpy as np

import sdflow as sd

random = np.random.default_rng(1)
monday = random.normal(0.0, 1.0, (1500, 3))
tuesday = random.normal(0.0, 1.0, (1500, 3))
wednesday = random.normal([0.15, 0.0, 0.0], 1.0, (1500, 3))

# Of equal distributions, one pair of samples in twenty lies above the noise floor.
for name, day in [("Tuesday", tuesday), ("Wednesday", wednesday)]:
    energy = sd.energy(day, monday)
    c2st = sd.c2st(day, monday)
    verdict = "differs from" if energy > energy.floor else "cannot be told from"
    print(f"{name}: energy {energy}, a classifier is right in {c2st} of the cases: {name} {verdict} Monday")
