"""Steps per second of the joint field of drifting models with the matrix of all pairs, in PyTorch on the CPU.

    python benches/drift_torch.py [THREADS] [N] [DIM]

`sdflow-engine bench drift --n N --dim DIM --threads THREADS` measures the same field without the matrix: a Laplace kernel whose bandwidth
is 0.2 times the mean distance of the targets, targets N(1, I/4), particles N(0, I), both of N points, in float32.
"""

import statistics
import sys
import time

import torch


def field(x: torch.Tensor, y: torch.Tensor, h: float) -> torch.Tensor:
    points = torch.cat([x, y])
    logits = -torch.cdist(y, points) / h
    weights = torch.sqrt(torch.softmax(logits, 1) * torch.softmax(logits, 0))
    to_x, to_y = weights[:, : len(x)], weights[:, len(x) :]
    return to_y.sum(1, keepdim=True) * (to_x @ x) - to_x.sum(1, keepdim=True) * (to_y @ y)


def main(threads: int, n: int, dim: int) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    x, y = 1 + 0.5 * torch.randn(n, dim), torch.randn(n, dim)
    h = 0.2 * torch.pdist(x[:512]).mean().item()
    seconds: list[float] = []
    with torch.no_grad():
        field(x, y, h)
        begin = time.perf_counter()
        while time.perf_counter() - begin < 2.0 or len(seconds) < 5:
            start = time.perf_counter()
            field(x, y, h)
            seconds.append(time.perf_counter() - start)
    print(f"{1 / statistics.median(seconds):.3g} steps per second")


if __name__ == "__main__":
    main(*(int(word) for word in [*sys.argv[1:4], *["1", "2048", "64"][len(sys.argv) - 1 :]]))
