"""Times fabrica-segment against SimpleITK, in turn, on the same synthetic volume.

Usage: bench_segment.py [N] [RUNS]; needs numpy and SimpleITK, and the example built with
`cargo build --release -p fabrica-segment --example time_segment`.
"""

import os
import pathlib
import sys

import numpy as np
import SimpleITK as sitk

from sidebyside import compare, reported, timed

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
EXAMPLE = TARGET / "release" / "examples" / "time_segment"


def synthetic(n):
    """The volume of examples/time_segment.rs, indexed [k, j, i]."""
    x = np.arange(n, dtype=np.int64)
    k, j, i = x[:, None, None], x[None, :, None], x[None, None, :]
    middle = [a % 64 - 32 for a in (i, j, k)]
    square = sum(m**2 for m in middle)
    shell = (square >= 15**2) & (square <= 34**2)
    noise = ((i * 73856093) ^ (j * 19349663) ^ (k * 83492791)) % 201 - 100
    return (shell * 1000 + noise).astype(np.int16)


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    image = sitk.GetImageFromArray(synthetic(n))
    mask = sitk.BinaryThreshold(image, 500, 2000)
    peers = {
        "threshold": lambda: sitk.BinaryThreshold(image, 500, 2000),
        "closing": lambda: sitk.BinaryMorphologicalClosing(mask, [5, 5, 5], sitk.sitkBall),
        "islands": lambda: sitk.ConnectedComponent(mask),
        "distance": lambda: sitk.SignedMaurerDistanceMap(mask, squaredDistance=False, useImageSpacing=True),
        "growing": lambda: sitk.ConnectedThreshold(image, [(52, 32, 32)], 500, 2000),
        "filling": lambda: sitk.BinaryFillhole(mask),
        "otsu": lambda: sitk.OtsuThreshold(image),
    }
    ratios = {}
    for name, peer in peers.items():
        ours = reported([str(EXAMPLE), name, str(n), "3"])
        ratios[name] = compare(f"{name}, {n} cubed", ours, {"SimpleITK": timed(peer)}, runs)["SimpleITK"]
    print("\nratios (peer / fabrica):", ", ".join(f"{name} {ratio:.1f}" for name, ratio in ratios.items()))


if __name__ == "__main__":
    main()
