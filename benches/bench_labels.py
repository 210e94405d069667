"""Surfaces of 105 labels at once against VTK's SurfaceNets3D, with and without smoothing.

The label map is synthetic and deterministic: 105 ellipsoids that touch and cover each other in 300 x 300 x 800 voxels of
uint8 (FABRICA_BENCH_SLICES gives fewer slices). Both get the same labels in memory and give triangles; each figure is the
work alone, without reading the file. VTK runs with its SMP back end. Ours smooths 8 pairs of steps with a leash and gives
every label its volume back; VTK smooths 16 steps within its own constraint.
"""

import os
import subprocess
import sys
import tempfile

import numpy as np

import sidebyside

DIMS = (300, 300, int(os.environ.get("FABRICA_BENCH_SLICES", "800")))
LABELS = 105
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))


def synthetic_labels():
    nx, ny, nz = DIMS
    labels = np.zeros((nz, ny, nx), np.uint8)
    random = np.random.default_rng(105)
    for label in range(1, LABELS + 1):
        centre = random.uniform(0.15, 0.85, 3) * DIMS
        radii = random.uniform(18, 48, 3)
        low = np.maximum(np.floor(centre - radii), 0).astype(int)
        high = np.minimum(np.ceil(centre + radii) + 1, DIMS).astype(int)
        x, y, z = ((np.arange(low[a], high[a]) - centre[a]) / radii[a] for a in range(3))
        inside = (x**2)[None, None, :] + (y**2)[None, :, None] + (z**2)[:, None, None] <= 1
        labels[low[2] : high[2], low[1] : high[1], low[0] : high[0]][inside] = label
    return labels


def main():
    try:
        import vtk
        from vtk.util.numpy_support import numpy_to_vtk
    except ImportError:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "vtk"], check=True)
        import vtk
        from vtk.util.numpy_support import numpy_to_vtk

    build = ["cargo", "build", "--quiet", "--release", "-p", "fabrica-surface", "--example", "time_labels"]
    subprocess.run(build, check=True, cwd=ROOT)
    labels = synthetic_labels()
    image = vtk.vtkImageData()
    image.SetDimensions(*DIMS)
    image.GetPointData().SetScalars(numpy_to_vtk(labels.ravel()))

    def surface_nets(smoothing):
        nets = vtk.vtkSurfaceNets3D()
        nets.SetInputData(image)
        nets.GenerateLabels(LABELS, 1, LABELS)
        nets.SetOutputMeshTypeToTriangles()
        nets.SetSmoothing(smoothing)
        nets.Update()
        return nets.GetOutput()

    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "labels.raw")
        labels.tofile(file)
        command = [os.path.join(TARGET, "release/examples/time_labels"), file, *map(str, DIMS)]
        first = subprocess.run([*command, "0"], check=True, capture_output=True, text=True).stdout
        print("fabrica:", first.splitlines()[0].lstrip("# "))
        print(f"VTK: {surface_nets(False).GetNumberOfPolys()} triangles")
        ours = sidebyside.Steps(command)
        for name, smoothing in (("labels", False), ("labels smoothed", True)):
            sidebyside.compare(
                f"{LABELS} {name}, {DIMS[0]} x {DIMS[1]} x {DIMS[2]} uint8",
                lambda: ours(name),
                {"vtkSurfaceNets3D": sidebyside.timed(lambda: surface_nets(smoothing))},
                runs=3,
            )


if __name__ == "__main__":
    main()
