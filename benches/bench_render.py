"""Volume frames of a 512-cubed volume against VTK's fixed-point CPU mapper and its GPU mapper on software GL.

Same samples, camera, transfer function, step and picture size, shading matched: a headlight, no highlight, every sample
shaded by its gradient, colours composed in linear light (VTK is given linear colours and its picture is encoded as sRGB
afterwards). Wall time and CPU time are printed: on a machine that others use, CPU time tells more. The volume is synthetic and deterministic. Pictures and their PSNR are kept in FABRICA_BENCH_PICTURES.

    python bench_render.py [SIZE ...] [--runs N] [--without-gpu]
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np
from PIL import Image

import sidebyside
from bench_surface import ROOT, SIDE, TARGET, synthetic_volume

# Value, sRGB colour, opacity per mm.
POINTS = [(100, (150, 40, 30), 0.0), (250, (190, 120, 90), 0.15), (500, (235, 215, 180), 0.6), (1200, (255, 250, 240), 0.9)]
HEIGHT = 620.0
STEP = 0.5


def linear(byte):
    s = byte / 255
    return s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4


def encoded(light):
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


def psnr(a, b):
    error = np.mean((a[..., :3].astype(float) - b[..., :3].astype(float)) ** 2)
    return 10 * np.log10(255**2 / error)


class Vtk:
    """One of VTK's mappers with the matched scene."""

    def __init__(self, samples, size, camera, mapper):
        import vtk
        from vtk.util.numpy_support import numpy_to_vtk

        image = vtk.vtkImageData()
        image.SetDimensions(SIDE, SIDE, SIDE)
        image.SetOrigin(*[-(SIDE - 1) / 2] * 3)
        image.GetPointData().SetScalars(numpy_to_vtk(samples.ravel()))
        self.image = image
        colour, opacity = vtk.vtkColorTransferFunction(), vtk.vtkPiecewiseFunction()
        for value, rgb, alpha in POINTS:
            colour.AddRGBPoint(value, *[linear(c) for c in rgb])
            opacity.AddPoint(value, alpha)
        look = vtk.vtkVolumeProperty()
        look.SetColor(colour)
        look.SetScalarOpacity(opacity)
        look.SetScalarOpacityUnitDistance(1.0)
        look.SetInterpolationTypeToLinear()
        look.ShadeOn()
        look.SetAmbient(0.2)
        look.SetDiffuse(0.8)
        look.SetSpecular(0.0)
        mapper.SetInputData(image)
        mapper.SetAutoAdjustSampleDistances(0)
        mapper.SetSampleDistance(STEP)
        if hasattr(mapper, "SetImageSampleDistance"):
            mapper.SetImageSampleDistance(1.0)
        if hasattr(mapper, "SetUseJittering"):
            mapper.SetUseJittering(0)
        volume = vtk.vtkVolume()
        volume.SetMapper(mapper)
        volume.SetProperty(look)
        renderer = vtk.vtkRenderer()
        renderer.AddVolume(volume)
        renderer.SetBackground(0, 0, 0)
        renderer.AutomaticLightCreationOff()
        light = vtk.vtkLight()
        light.SetLightTypeToHeadlight()
        # Black by default, which leaves the material's ambient part out.
        light.SetAmbientColor(1, 1, 1)
        renderer.AddLight(light)
        self.window = vtk.vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.SetMultiSamples(0)
        self.window.SetSize(size, size)
        self.window.AddRenderer(renderer)
        view = renderer.GetActiveCamera()
        view.ParallelProjectionOn()
        view.SetParallelScale(HEIGHT / 2)
        view.SetPosition(*camera["eye"])
        view.SetFocalPoint(*camera["target"])
        view.SetViewUp(*camera["up"])
        renderer.ResetCameraClippingRange()
        self.renderer = renderer

    def seconds(self):
        # A turn that changes nothing makes it draw again.
        self.renderer.GetActiveCamera().Modified()
        start, worked = time.perf_counter(), time.process_time()
        self.window.Render()
        self.window.WaitForCompletion()
        return time.perf_counter() - start, time.process_time() - worked

    def picture(self):
        import vtk
        from vtk.util.numpy_support import vtk_to_numpy

        grab = vtk.vtkWindowToImageFilter()
        grab.SetInput(self.window)
        grab.ReadFrontBufferOff()
        grab.Update()
        out = grab.GetOutput()
        width, height, _ = out.GetDimensions()
        light = vtk_to_numpy(out.GetPointData().GetScalars()).reshape(height, width, -1)[::-1] / 255
        return np.round(encoded(light) * 255).clip(0, 255).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int, default=[512, 1024])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--without-gpu", action="store_true")
    parser.add_argument("--profile", default="release", choices=["release", "debug"])
    options = parser.parse_args()
    import vtk

    programs = {"fabrica CPU": os.path.join(TARGET, options.profile, "examples", "time_render")}
    if not options.without_gpu:
        programs["fabrica GPU pass on llvmpipe"] = os.path.join(TARGET, "debug", "examples", "time_frames")
    samples = synthetic_volume()
    folder = os.environ.get("FABRICA_BENCH_PICTURES") or tempfile.mkdtemp()
    raw = os.path.join(folder, "volume.raw")
    samples.tofile(raw)
    away = np.array([0.5, -0.75, 0.43])
    camera = {"eye": list(away / np.linalg.norm(away) * 1000), "target": [0, 0, 0], "up": [0, 0, 1]}
    for size in options.sizes:
        figures, pictures, workers = {}, {}, {}
        for name, program in programs.items():
            job = {
                "raw": raw, "side": SIDE, "size": [size, size], "height": HEIGHT, "step": STEP, "times": 1, **camera,
                "points": [[v, list(c), o] for v, c, o in POINTS],
                "png": os.path.join(folder, f"{name.replace(' ', '-')}-{size}.png"),
            }
            file = os.path.join(folder, f"{name.replace(' ', '-')}-{size}.json")
            with open(file, "w") as out:
                json.dump(job, out)

            def ours(name=name, program=program, file=file, job=job):
                out = subprocess.run([program, file], check=True, capture_output=True, text=True).stdout
                pictures[name] = np.array(Image.open(job["png"]))
                figures = json.loads(out.strip().splitlines()[-1])
                return statistics.median(figures["seconds"]), statistics.median(figures["cpu_seconds"])

            workers[name] = ours
        mappers = {"VTK fixed-point CPU mapper": vtk.vtkFixedPointVolumeRayCastMapper()}
        if not options.without_gpu:
            mappers["VTK GPU mapper on software GL"] = vtk.vtkGPUVolumeRayCastMapper()
        for name, mapper in mappers.items():
            scene = Vtk(samples, size, camera, mapper)
            scene.window.Render()

            def theirs(name=name, scene=scene):
                seconds = scene.seconds()
                pictures[name] = scene.picture()
                return seconds

            workers[name] = theirs
        for _ in range(options.runs):
            for name, work in workers.items():
                figures.setdefault(name, []).append(work())
        print(f"\n## volume frame, {SIDE}^3 at {size}^2, step {STEP} voxel, shaded ({options.runs} runs in turn)")
        for name, pairs in figures.items():
            seconds, worked = ([pair[n] for pair in pairs] for n in (0, 1))
            Image.fromarray(pictures[name]).save(os.path.join(folder, f"{name.replace(' ', '-')}-{size}.png"))
            ratios = ", ".join(
                f"{statistics.median(seconds) / statistics.median([f[0] for f in figures[own]]):.2f}x the time"
                f" and {statistics.median(worked) / statistics.median([f[1] for f in figures[own]]):.2f}x the CPU of {own}"
                f" (PSNR {psnr(pictures[name], pictures[own]):.1f} dB)"
                for own in programs if name not in programs
            )
            print(f"{name:32} {statistics.median(seconds):8.3f} s, CPU {statistics.median(worked):8.3f} s {ratios}", flush=True)
    print(f"pictures: {folder}")


if __name__ == "__main__":
    main()
