#!/bin/sh
# Runs every benchmark against its peers in turn. The peers live in a Python environment outside the clone.
set -eu
cd "$(dirname "$0")/.."
environment="${XDG_CACHE_HOME:-$HOME/.cache}/fabrica/bench-python"
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --requirement benches/requirements.txt
cargo build --locked --release --examples -p fabrica-approach -p fabrica-dicom -p fabrica-dicom-pixels -p fabrica-edit -p fabrica-segment -p fabrica-surface -p fabrica-mesh -p fabrica-cinematic -p fabrica-measure -p fabrica-raycast
# The pass on the graphics device stands on Bevy, which is built once, for the app.
cargo build --locked --workspace --example time_frames
echo "$(uname -sm), $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)"
for bench in benches/bench_*.py; do
    "$environment/bin/python" "$bench" "$@"
done
