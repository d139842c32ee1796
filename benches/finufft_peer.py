"""One score difference in two or three dimensions by nonuniform fast Fourier transforms (finufft), on the CPU.

    python benches/finufft_peer.py [THREADS] [N] [DIM] [SIGMA] [TOLERANCE]

`sdflow-engine bench pairwise --n N --dim DIM --sigma SIGMA --backend grid --threads THREADS` measures the same difference: targets
N(1, I/4), particles N(0, I), both of N points, in float64. The targets and the particles each take one transform of type 1 of the masses
and the coordinates together, a product with the transform of the kernel, and one transform of type 2 at the particles. The error by norm over
random rows is measured against a direct sum.
"""

import statistics
import sys
import time

import finufft
import numpy as np


def main(threads: int, n: int, dim: int, sigma: float, tolerance: float) -> None:
    sigma = sigma or 0.3 * dim**0.5
    random = np.random.default_rng(0)
    x, y = 1 + 0.5 * random.standard_normal((n, dim)), random.standard_normal((n, dim))
    digits = (2 * np.log(1 / tolerance)) ** 0.5
    low, high = np.minimum(x.min(0), y.min(0)), np.maximum(x.max(0), y.max(0))
    period = (high - low).max() + digits * sigma
    modes = 2 * int(np.ceil(digits / sigma * period / (2 * np.pi)))
    k = 2 * np.pi / period * np.arange(-modes // 2, modes - modes // 2)
    axis = sigma * (2 * np.pi) ** 0.5 / period * np.exp(-0.5 * (sigma * k) ** 2)
    kernel = axis
    for _ in range(dim - 1):
        kernel = np.multiply.outer(kernel, axis)
    centre = 0.5 * (low + high)
    options = {"eps": tolerance, "nthreads": threads, "n_trans": 1 + dim}
    spread = finufft.Plan(1, (modes,) * dim, isign=-1, **options)
    read = finufft.Plan(2, (modes,) * dim, isign=1, **options)

    def angles(points: np.ndarray) -> list[np.ndarray]:
        return [np.ascontiguousarray(2 * np.pi / period * (points[:, c] - centre[c])) for c in range(dim)]

    def mean(sources: np.ndarray) -> np.ndarray:
        strengths = np.concatenate([np.ones((1, n)), (sources - centre).T]).astype(complex)
        spread.setpts(*angles(sources))
        sums = read.execute(spread.execute(np.ascontiguousarray(strengths)) * kernel).real
        return (sums[1:] / sums[0]).T

    def difference() -> np.ndarray:
        read.setpts(*angles(y))
        return mean(x) - mean(y)

    field, seconds = difference(), []
    begin = time.perf_counter()
    while time.perf_counter() - begin < 3.0 or len(seconds) < 5:
        start = time.perf_counter()
        difference()
        seconds.append(time.perf_counter() - start)
    rows = random.choice(n, 64, replace=False)

    def directly(sources: np.ndarray) -> np.ndarray:
        logits = -0.5 * ((y[rows, None] - sources[None]) ** 2).sum(2) / sigma**2
        weights = np.exp(logits - logits.max(1, keepdims=True))
        return weights @ sources / weights.sum(1, keepdims=True)

    want = directly(x) - directly(y)
    error = np.linalg.norm(field[rows] - want) / np.linalg.norm(want)
    print(f"{1e3 * statistics.median(seconds):.4g} ms, error {error:.1e}, {modes} modes per axis")


if __name__ == "__main__":
    given = dict(enumerate(sys.argv[1:]))
    main(int(given.get(0, 1)), int(given.get(1, 262144)), int(given.get(2, 2)), float(given.get(3, 0)), float(given.get(4, 1e-9)))
