"""`speed.json` -> a picture: what questions, additions, disk and memory cost as the index grows.

    python -m tests.benchmarks.speed_plot speed.json speed.png

Run by `make bench-speed` in the environment with `peers.txt`, which has matplotlib.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

PANELS = (
    ("question, p50, ms", "p50"),
    ("8 askers, answers/s", "many_rate"),
    ("add an article and save, s", "add_saved_s"),
    ("on disk, MB", "megabytes"),
    ("resident, MB", "resident_mb"),
)
SIDES = ("ours", "plain", "langchain", "txtai")


def plot(result: Path, picture: Path) -> None:
    sizes = json.loads(result.read_text("utf-8"))["sizes"].values()
    figure, axes = plt.subplots(1, len(PANELS), figsize=(16, 3.4), layout="constrained")
    for axis, (title, key) in zip(axes, PANELS, strict=True):
        for side in SIDES:
            points = [(found["passages"], found[side][key]) for found in sizes if key in found.get(side, {})]
            if points:
                axis.plot(*zip(*points, strict=True), marker="o", label=side)
        axis.set(title=title, xlabel="passages", xscale="log", yscale="log")
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    plot(Path(sys.argv[1]), Path(sys.argv[2]))
