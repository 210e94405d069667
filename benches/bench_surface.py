"""Surface of a 512-cubed volume against VTK's flying edges, and smoothing against VTK's windowed sinc.

The volume is synthetic and deterministic: a ball of folded sheets as int16, about 3 million triangles. Both get the
same samples in memory; each figure is the work alone, without reading the file. VTK runs with its SMP back end.
"""

import os
import subprocess
import sys
import tempfile
import time

import numpy as np

import sidebyside

SIDE = 512
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))


def synthetic_volume():
    x = np.linspace(0, 1, SIDE, dtype=np.float32)
    wave_s, wave_c = np.sin(13 * x), np.cos(13 * x)
    volume = np.empty((SIDE, SIDE, SIDE), np.int16)
    for k in range(SIDE):
        folds = wave_s[None, :] * wave_c[:, None] + wave_s[:, None] * wave_c[k] + wave_s[k] * wave_c[None, :]
        radius = np.sqrt((x[None, :] - 0.5) ** 2 + (x[:, None] - 0.5) ** 2 + (x[k] - 0.5) ** 2)
        volume[k] = np.clip(300 * folds + 2500 * (0.45 - radius), -1000, 3000)
    return volume


def main():
    try:
        import vtk
        from vtk.util.numpy_support import numpy_to_vtk
    except ImportError:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "vtk"], check=True)
        import vtk
        from vtk.util.numpy_support import numpy_to_vtk

    build = ["cargo", "build", "--quiet", "--release", "-p", "fabrica-surface", "--example", "time_surface"]
    subprocess.run(build, check=True, cwd=ROOT)
    samples = synthetic_volume()
    image = vtk.vtkImageData()
    image.SetDimensions(SIDE, SIDE, SIDE)
    image.GetPointData().SetScalars(numpy_to_vtk(samples.ravel()))

    def flying_edges(isovalue):
        edges = vtk.vtkFlyingEdges3D()
        edges.SetInputData(image)
        edges.ComputeNormalsOff()
        edges.ComputeGradientsOff()
        edges.ComputeScalarsOff()
        edges.SetValue(0, isovalue)
        edges.Update()
        return edges.GetOutput()

    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "volume.raw")
        samples.tofile(file)
        for isovalue in (200.5, 200):
            ours = sidebyside.Steps([os.path.join(TARGET, "release/examples/time_surface"), file, str(SIDE), str(isovalue)])
            surface = flying_edges(isovalue)
            print(f"VTK: {surface.GetNumberOfPolys()} triangles at {isovalue}")
            sidebyside.compare(
                f"surface of {SIDE}^3 int16 at {isovalue}",
                lambda: ours("surface"),
                {"vtkFlyingEdges3D": sidebyside.timed(lambda: flying_edges(isovalue))},
            )

        def windowed_sinc():
            smoother = vtk.vtkWindowedSincPolyDataFilter()
            smoother.SetInputData(surface)
            smoother.SetNumberOfIterations(20)
            smoother.SetPassBand(0.1)
            start = time.perf_counter()
            smoother.Update()
            return time.perf_counter() - start

        sidebyside.compare(
            "smoothing of that surface, 20 steps (ours with leash and volume correction)",
            lambda: ours("smooth"),
            {"vtkWindowedSinc, 20 iterations": windowed_sinc},
        )


if __name__ == "__main__":
    main()
