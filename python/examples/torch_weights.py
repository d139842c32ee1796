"""A generator trained here, in torch: its file loads into an `nn.Sequential` without renaming. Needs torch and safetensors.

    python python/examples/torch_weights.py
"""

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

import sdflow as sd

generator = sd.mlp(dim=2, hidden=64, layers=3, activation="silu", residual=False)
generator.fit(sd.sd_flow(sd.dataset("moons").sample(1000)), sd.gaussian(dim=2), steps=200)
sd.save(generator, "moons.safetensors")

net = nn.Sequential(
    nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 2)
)
net.load_state_dict(load_file("moons.safetensors"))

noise = np.random.default_rng(0).normal(size=(1000, 2))
with torch.no_grad():
    theirs = net(torch.tensor(noise, dtype=torch.float32)).numpy()
ours = generator.apply(noise).numpy()
print("largest difference of the outputs:", np.abs(ours - theirs).max())
assert np.abs(ours - theirs).max() < 1e-5
