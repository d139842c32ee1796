"""The colours of one picture for another. Needs matplotlib.

    python python/examples/colour_transfer.py [picture.png] [colours.png]

Without arguments it uses two of the pictures in `scripts/data`.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import sdflow as sd

data = Path(__file__).resolve().parents[2] / "scripts" / "data"
names = sys.argv[1:3] if len(sys.argv) > 2 else [data / "noon.png", data / "dusk.png"]
picture, colours = (plt.imread(name)[..., :3] for name in names)

# Each pixel is a point in the space of red, green and blue, from 0 to 1.
pixels, palette = picture.reshape(-1, 3), colours.reshape(-1, 3)
moved = sd.sliced_flow(palette).run(pixels, steps=40).points.numpy()
transferred = np.clip(moved, 0, 1).reshape(picture.shape)

figure, panels = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
for panel, shown, title in zip(panels, (picture, colours, transferred), ("picture", "colours", "result"), strict=True):
    panel.imshow(shown)
    panel.set_title(title)
    panel.axis("off")
figure.savefig("colour_transfer.png", dpi=150)
before, after = (sd.sliced_w2(x, palette, directions=64, floor=False) for x in (pixels, moved))
print(f"sliced W2 to the palette: {255 * before:.1f} levels before, {255 * after:.2f} after")
