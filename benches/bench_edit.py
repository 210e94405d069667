"""Times fabrica-edit against SimpleITK, in turn, on the same synthetic volume; and what has no peer there, alone.

Usage: bench_edit.py [N] [RUNS]; needs numpy and SimpleITK, and the example built with
`cargo build --release -p fabrica-edit --example time_edit`.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys

import numpy as np
import SimpleITK as sitk

from bench_segment import synthetic
from sidebyside import compare, reported, timed

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# The dev profile builds our voxel crates at full speed too: FABRICA_PROFILE=debug takes its example.
EXAMPLE = TARGET / os.environ.get("FABRICA_PROFILE", "release") / "examples" / "time_edit"
# What has no peer in SimpleITK: a figure and a limit.
ALONE = [
    ("brush", "20 mm brush, a movement", 0.008),
    ("brush40", "40 mm brush, a movement", 0.008),
    ("surface", "surface after a movement of a 20 mm brush", 0.050),
    ("undo", "undo of a stroke under two of a colleague's", 0.050),
    ("scissors", "scissors, outline of 100 corners", None),
    ("perspective", "scissors with perspective", None),
    ("jointly", "three structures smoothed jointly", None),
    ("preview", "preview of growing from seeds", None),
]


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    for name, what, limit in ALONE:
        out = subprocess.run([str(EXAMPLE), name, "512", "3"], check=True, capture_output=True, text=True).stdout
        seconds = json.loads(out.strip().splitlines()[-1])["seconds"]
        median = statistics.median(seconds)
        verdict = "" if limit is None else f", limit {limit * 1000:.0f} ms: {'met' if median <= limit else 'MISSED'}"
        print(f"{what}, 512 cubed: median {median * 1000:.2f} ms, worst {max(seconds) * 1000:.2f} ms{verdict}", flush=True)

    image = sitk.GetImageFromArray(synthetic(n))
    image.SetSpacing([0.7] * 3)
    mask = sitk.BinaryThreshold(image, 500, 2000)
    place = np.arange(n) % 64
    cube = [(place >= low) & (place < low + 6) for low in (29, 45)]
    seeds = sum((label + 1) * (c[:, None, None] & c[None, :, None] & c[None, None, :]) for label, c in enumerate(cube))
    markers = sitk.GetImageFromArray(seeds.astype(np.uint8))
    markers.CopyInformation(image)
    as_float = sitk.Cast(mask, sitk.sitkFloat32)
    peers = {
        "median": lambda: sitk.BinaryMedian(mask, [3, 3, 3]),
        "opening": lambda: sitk.BinaryMorphologicalOpening(mask, [3, 3, 3], sitk.sitkBall),
        "closing": lambda: sitk.BinaryMorphologicalClosing(mask, [3, 3, 3], sitk.sitkBall),
        "gaussian": lambda: sitk.DiscreteGaussian(as_float, 1.4**2, 32, 0.01, True) >= 0.5,
        "margin": lambda: sitk.BinaryDilate(mask, [3, 3, 3], sitk.sitkBall),
        # No growing from seeds there; the watershed from markers does the nearest thing.
        "growing": lambda: sitk.MorphologicalWatershedFromMarkers(sitk.GradientMagnitude(image), markers, False),
    }
    ratios = {}
    for name, peer in peers.items():
        ours = reported([str(EXAMPLE), name, str(n), "1"])
        ratios[name] = compare(f"{name}, {n} cubed", ours, {"SimpleITK": timed(peer)}, runs)["SimpleITK"]
    print("\nratios (peer / fabrica):", ", ".join(f"{name} {ratio:.1f}" for name, ratio in ratios.items()))
    out = subprocess.run([str(EXAMPLE), "growing", "512", "1"], check=True, capture_output=True, text=True).stdout
    seconds = json.loads(out.strip().splitlines()[-1])["seconds"]
    print(f"growing from seeds, 512 cubed: {statistics.median(seconds):.2f} s, limit 5 s")


if __name__ == "__main__":
    main()
