"""Times the accessibility map and a clearance against trimesh and VTK's implicit distance, on the same structures.

Usage: bench_approach.py [N]; needs numpy, trimesh, rtree and vtk, and the example built with
`cargo build --release -p fabrica-approach --example time_approach`. Neither peer has a distance from a line to a mesh, so
both are asked for points every millimetre of the way; for ENTRIES (an environment variable; 20) of the 20,000 entries, and the figure is scaled up.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import trimesh
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
EXAMPLE = pathlib.Path(os.environ.get("APPROACH_EXAMPLE", TARGET / "release" / "examples" / "time_approach"))
ENTRIES = int(os.environ.get("ENTRIES", "20"))


def main():
    side = sys.argv[1] if len(sys.argv) > 1 else "512"
    with tempfile.TemporaryDirectory() as folder:
        out = subprocess.run([EXAMPLE, folder, side], check=True, capture_output=True, text=True).stdout
        print(out, end="")
        ours = json.loads(out.strip().splitlines()[-1])
        answers = json.loads(pathlib.Path(folder, "answers.json").read_text())
        files = sorted(pathlib.Path(folder).glob("*.ply"))
        meshes = [trimesh.load(f, process=False) for f in files]
        implicit = []
        for file in files:
            reader = vtk.vtkPLYReader()
            reader.SetFileName(str(file))
            reader.Update()
            distance = vtk.vtkImplicitPolyDataDistance()
            distance.SetInput(reader.GetOutput())
            implicit.append(distance)
    target = np.array(answers["target"])
    step = len(answers["entries"]) // ENTRIES
    entries, exact = answers["entries"][::step][:ENTRIES], answers["clearance"][::step][:ENTRIES]

    def ways():
        for entry in entries:
            n = int(np.linalg.norm(np.array(entry) - target)) + 1
            yield target + np.linspace(0, 1, n)[:, None] * (np.array(entry) - target)

    def by_trimesh(points):
        return min(trimesh.proximity.closest_point(m, points)[1].min() for m in meshes)

    def by_vtk(points):
        array = numpy_to_vtk(np.ascontiguousarray(points))
        least = np.inf
        for distance in implicit:
            found = vtk.vtkDoubleArray()
            distance.FunctionValue(array, found)
            least = min(least, vtk_to_numpy(found).min())
        return least

    for name, way in (("trimesh", by_trimesh), ("VTK implicit distance", by_vtk)):
        way(next(ways()))  # lazy set-up
        started = time.perf_counter()
        found = [way(points) - answers["radius"] for points in ways()]
        whole = (time.perf_counter() - started) * 20_000 / len(entries)
        free = [abs(a - b) for a, b in zip(found, exact) if b > 0]
        print(
            f"{name:24} 20,000 entries {whole:10.1f} s (scaled from {len(entries)}), {whole / ours['seconds'][0]:.0f}x the time of "
            f"fabrica; differs from our answers by at most {max(free):.2f} mm (points 1 mm apart)"
        )
        # One pose of an instrument: 100 points of its axis against all five structures.
        points = next(ways())[:100]
        each = []
        for _ in range(7):
            started = time.perf_counter()
            way(points)
            each.append(time.perf_counter() - started)
        each = sorted(each)[3]
        print(f"{name:24} one pose, 100 points of its axis: {each * 1e3:.1f} ms, {each / ours['frame']:.0f}x the time of fabrica")


if __name__ == "__main__":
    main()
