"""Noise moves to the two moons, in ten lines. Needs matplotlib.

    python python/examples/moons.py
"""

import matplotlib.pyplot as plt

import sdflow as sd

data, held_out = sd.dataset("moons").sample(2000), sd.dataset("moons").sample(2000)
result = sd.sd_flow(data).run(sd.normal(1000, 2), held_out, steps=99, metrics=["energy"], snapshots=4)

figure, panels = plt.subplots(1, len(result.snapshots), figsize=(11, 2.8), sharex=True, sharey=True, layout="constrained")
for i, (panel, moment) in enumerate(zip(panels, result.snapshots, strict=True)):
    panel.scatter(*data.numpy().T, s=2, color="0.8")
    panel.scatter(*moment.numpy().T, s=2)
    panel.set(title=f"step {33 * i}", aspect="equal")
figure.savefig("moons.png", dpi=150)
print("energy distance from held-out points:", result.metrics.energy)
