#!/bin/sh
# A whole session on the head CT in the window, from a script, with a picture after each step: import, bone, window, measure the
# injury, draw a structure by hand, edit, undo, killed and reopened, two users at once, saved, replayed, exported.
# usage: session.sh SCAN OUT [WIDTHxHEIGHT]; FABRICA names the program. Without a display a virtual one is used.
set -eu

scan=$1
out=$2
size=${3:-1280x800}
fabrica=${FABRICA:-${CARGO_TARGET_DIR:-target}/debug/fabrica}
here=$(dirname "$0")
screen=$(echo "$size" | tr x ' ' | awk '{print $1 "x" $2 "x24"}')
window() {
    if [ -n "${DISPLAY:-}" ]; then "$@"; else xvfb-run -a -s "-screen 0 $screen" "$@"; fi
}

mkdir -p "$out"
rm -rf "$out/case" "$out/ben" "$out/then" "$out/dicom"
USER=anna
# The graphics layer's own checks take longer than the pictures.
WGPU_VALIDATION=0 WGPU_DEBUG=0
export USER WGPU_VALIDATION WGPU_DEBUG
"$fabrica" import "$scan" --case "$out/case" --ct
# The file does not say its unit of length; measuring waits until somebody answers for it.
"$fabrica" accept "$out/case" --warning 1 --reason "A head of this size in millimetres is an adult's."
window "$fabrica" open "$out/case" --desktop --size "$size" --pictures "$out" --script "$here/1-measure-draw-edit.txt"

# Ben takes a copy along, and works on it while Anna goes on.
cp -r "$out/case" "$out/ben"
"$fabrica" edit "$out/ben" --by ben --structure defect brush --radius 3 --at 93,-180,117
"$fabrica" edit "$out/ben" --by ben --structure defect progress completed

# Anna's program is killed in the middle of a stroke.
rm -f "$out/pid" "$out/trace.jsonl"
window sh -c 'echo $$ >"$0"; exec "$@"' "$out/pid" \
    "$fabrica" open "$out/case" --desktop --size "$size" --trace "$out/trace.jsonl" --script "$here/2-killed.txt" &
running=$!
tries=0
until grep painting "$out/trace.jsonl" 2>/dev/null | grep -q '"defect"'; do
    tries=$((tries + 1))
    if [ $tries -gt 600 ]; then
        echo "The stroke never began." >&2
        exit 1
    fi
    sleep 0.5
done
kill -9 "$(cat "$out/pid")"
wait $running || true

"$fabrica" merge "$out/case" "$out/ben" --by anna
window "$fabrica" open "$out/case" --desktop --size "$size" --pictures "$out" --script "$here/3-merged.txt"

"$fabrica" measure "$out/case" --list | tee "$out/measurements.txt"
"$fabrica" info "$out/case" --json >"$out/info.json"
# The note was acknowledged before the kill; the stroke was not, and nothing is half-made.
grep -q '"intact": true' "$out/info.json"
"$fabrica" replay "$out/case" --json --voxels >"$out/replay.jsonl"
grep -q 'add note' "$out/replay.jsonl"
"$fabrica" replay "$out/case" --until 8 --to-case "$out/then"
"$fabrica" report "$out/case" --out "$out/report.html"
"$fabrica" export "$out/case" --dicom --out "$out/dicom"
"$fabrica" print "$out/case" --structure defect --out "$out/defect.stl"
ls "$out"
