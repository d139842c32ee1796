"""Training steps per second of the net of `sdflow-engine bench net`, in PyTorch on the CPU.

    python benches/net_torch.py [THREADS] [fused]

The net has three hidden layers of 128 units with SiLU between two inputs and two outputs. A step takes a batch of 512 points, the
mean squared distance and Adam in eager mode. The script prints the median over runs of 50 steps; `fused` selects Adam's fused kernel.
"""

import statistics
import sys
import time

import torch


def main(threads: int, fused: bool) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    layers: list[torch.nn.Module] = [torch.nn.Linear(2, 128), torch.nn.SiLU()]
    for _ in range(2):
        layers += [torch.nn.Linear(128, 128), torch.nn.SiLU()]
    net = torch.nn.Sequential(*layers, torch.nn.Linear(128, 2))
    x, y = torch.randn(512, 2), torch.randn(512, 2)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=fused)

    def step() -> None:
        adam.zero_grad(set_to_none=True)
        (0.5 * ((net(x) - y) ** 2).sum(1).mean()).backward()
        adam.step()

    for _ in range(50):
        step()
    seconds: list[float] = []
    begin = time.perf_counter()
    while time.perf_counter() - begin < 1.0 or len(seconds) < 5:
        start = time.perf_counter()
        for _ in range(50):
            step()
        seconds.append((time.perf_counter() - start) / 50)
    print(f"{1 / statistics.median(seconds):.0f} steps per second")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, "fused" in sys.argv[2:])
