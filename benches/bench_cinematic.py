"""Path tracing of a heterogeneous medium on the CPU against Mitsuba 3 (scalar_rgb, volpath with delta tracking and
multiple importance sampling): the same cube of smooth clouds, isotropic scattering, light of 1 from everywhere, the same
picture size and paths a pixel. The pictures must agree; their difference is printed beside the noise that explains it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

import sidebyside

SIDE, PIXELS, PATHS = 64, 96, 64
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))


def clouds():
    """Smooth clouds with empty space between, 0 to 1000, indexed k, j, i."""
    k, j, i = np.meshgrid(*[np.arange(SIDE, dtype=np.float32)] * 3, indexing="ij")
    waves = np.sin(i * 0.31) * np.cos(j * 0.23) + np.sin(j * 0.37 + k * 0.11) * np.cos(k * 0.29)
    return np.clip(waves * 900, 0, 1000).astype(np.int16)


def mitsuba_scene(mi, values, albedo):
    to_world = mi.ScalarTransform4f().scale(float(SIDE))
    middle = np.full(3, SIDE / 2)
    grid = mi.VolumeGrid(values[..., None].astype(np.float32) / 1000)
    medium = {
        "type": "heterogeneous",
        "sigma_t": {"type": "gridvolume", "grid": grid, "to_world": to_world, "raw": True, "wrap_mode": "clamp"},
        "scale": 0.4,
        "albedo": {"type": "rgb", "value": albedo},
        "phase": {"type": "isotropic"},
    }
    cube = mi.ScalarTransform4f().translate(list(middle)).scale(SIDE / 2)
    return mi.load_dict({
        "type": "scene",
        "integrator": {"type": "volpath", "max_depth": -1, "rr_depth": 5},
        "sensor": {
            "type": "perspective", "fov": 40, "fov_axis": "y",
            "to_world": mi.ScalarTransform4f().look_at(
                origin=list(middle + np.array([0.5, -2.0, 0.6]) * SIDE), target=list(middle), up=[0, 0, 1]),
            "film": {"type": "hdrfilm", "width": PIXELS, "height": PIXELS, "rfilter": {"type": "box"}},
            "sampler": {"type": "independent", "sample_count": PATHS},
        },
        "light": {"type": "constant", "radiance": {"type": "rgb", "value": 1.0}},
        "cube": {"type": "cube", "to_world": cube, "bsdf": {"type": "null"}, "interior": medium},
    })


def main():
    try:
        import mitsuba as mi
    except ImportError:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "mitsuba"], check=True)
        import mitsuba as mi
    mi.set_variant("scalar_rgb")
    profile = [] if os.environ.get("BENCH_DEV") else ["--release"]
    build = ["cargo", "build", "--quiet", *profile, "-p", "fabrica-cinematic", "--example", "time_medium"]
    subprocess.run(build, check=True, cwd=ROOT)
    folder = "release" if profile else "debug"
    with tempfile.TemporaryDirectory() as temporary:
        samples, light = os.path.join(temporary, "samples"), os.path.join(temporary, "light")
        values = clouds()
        values.tofile(samples)
        program = os.path.join(TARGET, folder, "examples", "time_medium")
        command = [program, samples, str(SIDE), str(PIXELS), str(PATHS), light]
        said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        scene = mitsuba_scene(mi, values, said["albedo"])
        seeds = iter(range(1, 1_000_000))
        pictures = []

        def peer():
            start = time.perf_counter()
            pictures.append(np.array(mi.render(scene, seed=next(seeds), spp=PATHS)))
            return time.perf_counter() - start

        runs = 1 if "--quick" in sys.argv else 3
        title = f"cinematic: clouds of {SIDE} cubed, {PIXELS} x {PIXELS} pixels, {PATHS} paths a pixel"
        sidebyside.compare(title, sidebyside.reported(command), {"Mitsuba 3 volpath": peer}, runs)
        ours = np.fromfile(light, np.float32).reshape(PIXELS, PIXELS, 3)
        theirs = np.mean(pictures, axis=0)
        noise = np.sqrt(np.mean((pictures[0] - pictures[1]) ** 2) / 2 * (1 + 1 / len(pictures)))
        print(f"mean light: fabrica {ours.mean((0, 1))}, Mitsuba {theirs.mean((0, 1))}")
        print(f"difference of the pictures, rms: {np.sqrt(np.mean((ours - theirs) ** 2)):.4f}; "
              f"by noise alone, were ours as noisy as theirs: {noise:.4f}")


if __name__ == "__main__":
    main()
