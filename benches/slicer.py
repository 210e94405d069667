"""Models as PrusaSlicer's command line (Debian `prusa-slicer`) takes them: `slicer.py MODEL.passport.json ...`.

For each model that `fabrica print` wrote, the slicer reads the file beside its passport, and must find every part manifold
without repairing anything, with a volume within 0.5 % of the passport's (at the model's scale); then it slices it, and must
do so without a warning of repair. Fails where one does not hold. Not part of `scripts/bench.sh`: it needs models.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time

TOLERANCE = 0.005
# Seconds for one model.
LONGEST = float(os.environ.get("SLICER_SECONDS", "600"))
# What admesh's counts are called where a file had to be mended.
MENDED = re.compile(r"(degenerate_facets|edges_fixed|facets_removed|facets_added|facets_reversed|backwards_edges|open_edges|repair)", re.I)


def run(*words):
    try:
        done = subprocess.run(["prusa-slicer", *words], capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return 1, f"error: not done after {LONGEST:.0f} s"
    return done.returncode, done.stdout + done.stderr


def held(passport):
    """Whether one model holds; says what was found."""
    told = json.load(open(passport))
    file = os.path.join(os.path.dirname(os.path.abspath(passport)), told["files"][0]["name"])
    code, info = run("--info", file)
    manifold = re.findall(r"^manifold = (\w+)", info, re.M)
    volumes = [float(v) for v in re.findall(r"^volume = ([-\d.e+]+)", info, re.M)]
    mended = sorted(set(MENDED.findall(info)))
    wanted = sum(part["inspection"]["mesh"]["volume"] for part in told["parts"])
    off = sum(volumes) / wanted - 1
    fine = code == 0 and bool(volumes) and all(m == "yes" for m in manifold) and not mended and abs(off) <= TOLERANCE
    print(f"{told['structure']}: {len(volumes)} part(s), manifold {manifold}, mended {mended}, volume {off:+.4%} of the passport's")
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "model.gcode")
        start = time.perf_counter()
        # A bed that holds a skull; the slicer puts the model on it.
        bed = "0x0,400x0,400x400,0x400"
        code, text = run("--export-gcode", "--merge", "--bed-shape", bed, "--center", "200,200", "--max-print-height", "400", "--output", out, file)
        layers = sum(1 for line in open(out) if line.startswith(";LAYER_CHANGE")) if os.path.exists(out) else 0
        said = [line for line in text.splitlines() if re.search(r"warning|error|repair", line, re.I)]
        print(f"  sliced into {layers} layers in {time.perf_counter() - start:.1f} s; said: {said}")
    return fine and code == 0 and layers > 0 and not MENDED.search("\n".join(said))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(not all([held(passport) for passport in sys.argv[1:]]))


if __name__ == "__main__":
    main()
