#!/bin/sh
# Fuzzes the import for ten minutes, or for the number of seconds given. Fails on a finding.
# Seeds come from the repository's own synthetic patient and, where they lie beside the clone, from the small files of the test data.
set -eu
cd "$(dirname "$0")/.."
seconds="${1:-600}"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/fabrica"
command -v cargo-fuzz >/dev/null 2>&1 || CARGO_TARGET_DIR="$cache/tools" cargo install --quiet --locked cargo-fuzz
corpus="$cache/fuzz-corpus/import"
mkdir -p "$corpus"
# The first byte of an input chooses the reader: see fuzz/fuzz_targets/import.rs.
seed() { # seed CHOICE FILE
    [ "$(wc -c <"$2")" -lt 200000 ] || return 0
    { printf "\\$(printf '%03o' "$1")"; cat "$2"; } >"$corpus/$1-$(basename "$2")"
}
data=../shared/data
if [ -d "$data" ]; then
    find "$data/ct_dicom/odd_files_pydicom" "$data/ct_dicom/dicom_seg_highdicom" "$data/ibsi" -type f \( -name '*.dcm' -o -name '*.DCM' \) 2>/dev/null |
        while read -r file; do seed 0 "$file"; done
    find "$data" -name '*.nii.gz' -size -200k 2>/dev/null | while read -r file; do seed 2 "$file"; done
else
    echo "SKIPPED: no seeds from ../shared/data; starting from nothing" >&2
fi
# The sanitizer's flags are unstable; this lets a stable compiler take them.
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR="$cache/fuzz-target"
cargo fuzz run --release import "$corpus" -- -max_total_time="$seconds" -rss_limit_mb=3072 -timeout=20 -max_len=200000
