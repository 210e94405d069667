#!/bin/sh
# Plays a rehearsal in the simulated headset: the real app, the real OpenXR loader, no headset. The pictures of both eyes
# are left under out/headset. With a case as argument it is that one; else a synthetic head.
set -eu

target=${CARGO_TARGET_DIR:-target}/debug
out=${OUT:-out/headset}
case=${1:-}
here=$(dirname "$0")

if ! ldconfig -p 2>/dev/null | grep -q libopenxr_loader && [ ! -e /usr/local/lib/libopenxr_loader.so.1 ]; then
    echo "The OpenXR loader is missing: on Debian, apt-get install libopenxr-loader1." >&2
    exit 1
fi
mkdir -p "$out"
if [ -z "$case" ]; then
    case=$out/case
    if [ ! -e "$case/case.json" ]; then
        rm -rf "$out/phantom" "$case"
        "$target/fabrica" phantom --region head --pixel 2 --slice 2 --out "$out/phantom"
        "$target/fabrica" import "$out/phantom" --case "$case" --without-structures
    fi
fi
library=$(cd "$target" && pwd)/libfabrica_openxr_simulator.so
[ -e "$library" ] || library=$(cd "$target/deps" && pwd)/libfabrica_openxr_simulator.so
printf '{"file_format_version":"1.0.0","runtime":{"library_path":"%s"}}\n' "$library" >"$out/simulator.json"
XR_RUNTIME_JSON=$(cd "$out" && pwd)/simulator.json
export XR_RUNTIME_JSON
export OPENXR_SIMULATOR_SCRIPT="$here/rehearsal.jsonl" OPENXR_SIMULATOR_OUT="$out"
# The app ends when the rehearsal's `exit` ends the headset's session.
env -u DISPLAY -u WAYLAND_DISPLAY "$target/fabrica" open "$case" --vr
echo "Pictures of both eyes (SYNTHETIC headset):"
ls "$out"/*_stereo.png
