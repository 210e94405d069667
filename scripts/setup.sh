#!/bin/sh
# Installs what Fabrica needs beyond Rust: a C compiler to link with, a Vulkan driver
# (software, harmless beside a real one), the X11 libraries that a window opens at run time and the loader that
# finds an OpenXR runtime where there is a headset.
# Where apt is not there or may not install, it says exactly what to install and ends with an error.
set -eu

if ! command -v cargo >/dev/null 2>&1; then
    echo "Fabrica needs Rust 1.95 or newer: install it with rustup (https://rustup.rs), then run this again." >&2
    exit 1
fi

packages="gcc libc6-dev libvulkan1 mesa-vulkan-drivers libx11-6 libx11-xcb1 libxcursor1 libxi6 libxrandr2 libxkbcommon0 libxkbcommon-x11-0 libopenxr-loader1"
# Worth having, but nothing fails without: the sample head CT (the synthetic patient takes its place), Khronos' own
# OpenXR sample and validation layer, which the simulated headset is tested with, and a virtual display, without which the
# test of the window is skipped.
optional="invesalius-examples libopenxr-utils openxr-layer-corevalidation xvfb xauth"

if ! command -v dpkg-query >/dev/null 2>&1; then
    if command -v cc >/dev/null 2>&1; then
        echo "This is no Debian system; going on with the C compiler that is here." >&2
        echo "If the app finds no Vulkan driver or X11 library, install your system's equivalents of: $packages" >&2
        exit 0
    fi
    echo "Install a C compiler and your system's equivalents of: $packages" >&2
    exit 1
fi

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=""
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
wanted="$missing"
for package in $optional; do
    installed "$package" || wanted="$wanted $package"
done
# ONNX Runtime runs networks. Without it a slow engine that is built in takes its place, so nothing fails for want of it.
engine() {
    version=1.24.4
    folder="${XDG_CACHE_HOME:-$HOME/.cache}/fabrica/onnxruntime"
    [ ! -e "$folder/libonnxruntime.so.$version" ] || return 0
    python3 -m pip --version >/dev/null 2>&1 || {
        echo "ONNX Runtime was not fetched: it comes through Python's pip, which is not here. Networks will be slow."
        return 0
    }
    scratch=$(mktemp -d)
    if python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$scratch" \
        "onnxruntime==$version" && python3 -m zipfile -e "$scratch"/onnxruntime-*.whl "$scratch/wheel"; then
        mkdir -p "$folder"
        cp "$scratch/wheel/onnxruntime/capi/libonnxruntime.so.$version" "$folder/.part"
        mv "$folder/.part" "$folder/libonnxruntime.so.$version"
        cp "$scratch"/wheel/onnxruntime/LICENSE "$scratch"/wheel/onnxruntime/ThirdPartyNotices.txt "$folder/"
    else
        echo "ONNX Runtime is not to be had; the slow engine that is built in takes its place."
    fi
    rm -rf "$scratch"
}

if [ -z "$wanted" ]; then
    engine
    exit 0
fi

if [ "$(id -u)" = 0 ]; then
    run=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    run="sudo"
else
    [ -n "$missing" ] || exit 0
    echo "These packages are missing and this user may not install them. Run:" >&2
    echo "    sudo apt-get install$missing" >&2
    exit 1
fi

echo "Installing:$wanted"
export DEBIAN_FRONTEND=noninteractive
$run apt-get update -qq || echo "The package lists could not be brought up to date; trying with the old ones." >&2
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086 # a list of words is meant
    $run apt-get install -y -qq --no-install-recommends $missing >/dev/null || {
        echo "apt could not install:$missing. Install these packages and run this again." >&2
        exit 1
    }
fi
for package in $optional; do
    installed "$package" || $run apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
        echo "$package is not to be had; the app and its tests do without." >&2
done
