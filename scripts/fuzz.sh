#!/bin/sh
# Fuzzes the import for ten minutes, or for the number of seconds given. Fails on a finding.
set -eu
cd "$(dirname "$0")/.."
command -v cargo-fuzz >/dev/null 2>&1 || cargo install --locked cargo-fuzz
# The sanitizer flags are unstable; this lets a stable compiler take them.
export RUSTC_BOOTSTRAP=1
cargo fuzz run import -- -max_total_time="${1:-600}" -rss_limit_mb=2048 -timeout=10
