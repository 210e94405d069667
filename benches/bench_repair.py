"""Repair of broken meshes against PyMeshFix, with independent checks of every result.

The meshes are generated (1,000 of them; the same number always makes the same mesh) and, where given as arguments,
files. Each repairs the same files in one run, read and written apart from the time: ours in its own process, which
prints the seconds of each repair alone. Results are checked by trimesh and pymeshlab.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
COUNT = int(os.environ.get("BROKEN_MESHES", "1000"))


def faults(path):
    """What trimesh and pymeshlab say is wrong with a file."""
    import pymeshlab
    import trimesh

    found = []
    mesh = trimesh.load(path)
    if not (mesh.is_watertight and mesh.is_winding_consistent and mesh.is_volume):
        found.append("trimesh: no volume")
    meshes = pymeshlab.MeshSet()
    meshes.load_new_mesh(path)
    meshes.apply_filter("meshing_remove_duplicate_vertices")
    measures = meshes.apply_filter("get_topological_measures")
    for key in ("boundary_edges", "non_two_manifold_edges", "non_two_manifold_vertices"):
        if measures[key]:
            found.append(f"pymeshlab: {measures[key]} {key}")
    meshes.apply_filter("compute_selection_by_self_intersections_per_face")
    if meshes.current_mesh().selected_face_number():
        found.append(f"pymeshlab: {meshes.current_mesh().selected_face_number()} self-intersecting faces")
    return found


def parts(mesh):
    return len(mesh.split(only_watertight=False))


def main():
    try:
        import pymeshfix
        import pymeshlab  # noqa: F401
        import trimesh
    except ImportError:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "pymeshfix", "pymeshlab", "trimesh", "scipy", "networkx"], check=True)
        import pymeshfix
        import trimesh

    build = ["cargo", "build", "--quiet", "--release", "-p", "fabrica-mesh", "--examples"]
    if "BENCH_PROFILE" not in os.environ:
        subprocess.run(build, check=True, cwd=ROOT)
    programs = os.path.join(TARGET, os.environ.get("BENCH_PROFILE", "release"), "examples")
    with tempfile.TemporaryDirectory() as folder:
        broken, ours_folder = os.path.join(folder, "broken"), os.path.join(folder, "ours")
        os.mkdir(broken)
        os.mkdir(ours_folder)
        subprocess.run([os.path.join(programs, "broken_meshes"), broken, str(COUNT)], check=True)
        files = sorted(os.path.join(broken, name) for name in os.listdir(broken)) + sys.argv[1:]
        out = subprocess.run([os.path.join(programs, "mesh_tool"), ours_folder, *files], check=True, capture_output=True, text=True).stdout
        ours = {line["file"]: line for line in map(json.loads, out.splitlines())}
        seconds = {"ours": 0.0, "PyMeshFix": 0.0}
        sound = {"ours": 0, "PyMeshFix": 0}
        lost = {"ours": 0, "PyMeshFix": 0}
        asked = 0
        for file in files:
            mesh = trimesh.load(file, process=True)
            fix = pymeshfix.MeshFix(np.asarray(mesh.vertices, dtype=float), np.asarray(mesh.faces, dtype=np.int32))
            start = time.perf_counter()
            fix.repair()
            seconds["PyMeshFix"] += time.perf_counter() - start
            peer = os.path.join(folder, "peer.stl")
            points = getattr(fix, "points", None)
            points, faces = (fix.v, fix.f) if points is None else (fix.points, fix.faces)
            trimesh.Trimesh(points, faces, process=False).export(peer)
            sound["PyMeshFix"] += not faults(peer)
            line = ours[file]
            if "error" in line:
                asked += 1
                print(f"ours asks: {os.path.basename(file)}: {line['error'][:160]}")
                continue
            seconds["ours"] += line["seconds"]
            found = faults(line["out"])
            sound["ours"] += not found
            if found:
                print(f"ours: {os.path.basename(file)}: {found}")
            # Parts with a volume that the input has, against those of each result.
            kept = parts(trimesh.load(line["out"]))
            lost["PyMeshFix"] += parts(trimesh.load(peer)) < kept
        print(f"{len(files)} meshes; sound (trimesh and pymeshlab): {sound}; refused with a question by ours: {asked}")
        print(f"fewer parts than ours: PyMeshFix in {lost['PyMeshFix']}")
        ratio = seconds["PyMeshFix"] / max(seconds["ours"], 1e-9)
        print(f"repair: ours {seconds['ours']:.2f} s, PyMeshFix {seconds['PyMeshFix']:.2f} s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
