"""Measuring two structures of a 256-cubed label image against SimpleITK and VTK.

A bent vessel (label 1) and a ball beside it (label 2), synthetic. Ours makes a sub-voxel surface for each; the peers:
SimpleITK's LabelShapeStatistics counts voxels, its distance map gives the least distance between voxel centres, VTK's
surface with its least distance to the other mesh (vtkDistancePolyDataFilter), and VTK has no centreline of its own.
Results are printed beside the times.
"""

import os
import subprocess
import tempfile

import numpy as np

import sidebyside

SIDE = 256
SPACING = 0.8
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))


def labels():
    """A vessel of 8 mm radius along a quarter circle, and a ball of 20 mm radius."""
    x = np.arange(SIDE, dtype=np.float32) * SPACING
    z, y, x = np.meshgrid(x, x, x, indexing="ij", sparse=True)
    around = np.sqrt((x - 30) ** 2 + (y - 30) ** 2)
    vessel = (around - 120) ** 2 + (z - 100) ** 2 < 64
    ball = (x - 70) ** 2 + (y - 70) ** 2 + (z - 100) ** 2 < 400
    out = np.zeros((SIDE, SIDE, SIDE), np.uint8)
    out[np.broadcast_to(vessel & (x > 30) & (y > 30), out.shape)] = 1
    out[np.broadcast_to(ball, out.shape)] = 2
    return out


def main():
    import SimpleITK as sitk
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    build = ["cargo", "build", "--quiet", "--release", "-p", "fabrica-measure", "--example", "time_measure"]
    subprocess.run(build, check=True, cwd=ROOT)
    array = labels()
    image = sitk.GetImageFromArray(array)
    image.SetSpacing([SPACING] * 3)
    found = {}

    def count():
        shape = sitk.LabelShapeStatisticsImageFilter()
        shape.Execute(image)
        found["volume"] = shape.GetPhysicalSize(1)

    def least_between_voxels():
        away = sitk.SignedMaurerDistanceMap(image == 2, squaredDistance=False, useImageSpacing=True)
        found["closest"] = float(sitk.GetArrayViewFromImage(away)[array == 1].min())

    def mesh(label):
        data = vtk.vtkImageData()
        data.SetDimensions(SIDE, SIDE, SIDE)
        data.SetSpacing(SPACING, SPACING, SPACING)
        data.GetPointData().SetScalars(numpy_to_vtk((array == label).astype(np.uint8).ravel()))
        edges = vtk.vtkFlyingEdges3D()
        edges.SetInputData(data)
        edges.SetValue(0, 0.5)
        edges.Update()
        return edges.GetOutput()

    first, second = mesh(1), mesh(2)

    def least_between_meshes():
        away = vtk.vtkDistancePolyDataFilter()
        away.SetInputData(0, first)
        away.SetInputData(1, second)
        away.SignedDistanceOff()
        away.ComputeSecondDistanceOff()
        away.Update()
        found["closest (VTK)"] = away.GetOutput().GetPointData().GetScalars().GetRange()[0]

    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "labels.raw")
        array.tofile(file)
        ours = sidebyside.Steps([os.path.join(TARGET, "release/examples/time_measure"), file, str(SIDE), str(SPACING)])
        sidebyside.compare(
            "volume (ours with its surface between voxels)",
            lambda: ours("volume"),
            {"SimpleITK, voxels counted": sidebyside.timed(count)},
        )
        sidebyside.compare(
            "least distance of two surfaces",
            lambda: ours("closest"),
            {
                "SimpleITK, between voxels": sidebyside.timed(least_between_voxels),
                "VTK, vertices to mesh": sidebyside.timed(least_between_meshes),
            },
        )
        for name in ("centreline", "profile"):
            sidebyside.compare(f"{name} (no peer here)", lambda: ours(name), {})
        print("ours:", ours.found, "peers:", found)


if __name__ == "__main__":
    main()
