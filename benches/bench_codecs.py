"""Decoding of each DICOM transfer syntax against SimpleITK and pydicom with pylibjpeg.

"read": files (in the file cache) to values. Ours uses both cores; SimpleITK decodes a file at a time.
"decode": frames in memory to values; pydicom decodes a frame at a time, as it does for a user.
A few files are repeated until there is enough to measure.
"""

import contextlib
import glob
import json
import os
import subprocess
import sys

import sidebyside

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
DATA = os.path.join(ROOT, "..", "shared", "data", "ct_dicom")
PEERS = ["SimpleITK", "pydicom", "pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle", "numpy"]
WORK = [
    ("JPEG lossless, 131 CT slices", "chest_jpeglossless_COVID-CT-MD_cap002/*.dcm", 131),
    ("JPEG 2000 lossless, 20 CT slices", "abdomen_jpeg2000_20slices_TotalSegmentator/ct/*", 20),
    ("RLE", "transfer_syntaxes_WG04/RLE/[CM]*.dcm", 300),
    ("uncompressed", "transfer_syntaxes_WG04/REF/[CM]*.dcm", 300),
    ("JPEG-LS lossless", "transfer_syntaxes_WG04/JLSL/[CM]*.dcm", 60),
    ("JPEG 12-bit", "transfer_syntaxes_WG04/JPLY/M*.dcm", 60),
]


@contextlib.contextmanager
def quiet():
    """Keeps what libraries write to the error stream (which precision they try next) off the terminal."""
    stream, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stream, 2)
        os.close(stream)
        os.close(nowhere)


def main():
    try:
        import pydicom
        import SimpleITK
        import pylibjpeg  # noqa: F401
        import rle  # noqa: F401
    except ImportError:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *PEERS], check=True)
        import pydicom
        import SimpleITK
    from pydicom.pixels import pixel_array

    if not os.path.isdir(DATA):
        print("SKIPPED: bench_codecs needs ../shared/data")
        return
    build = ["cargo", "build", "--quiet", "--release", "-p", "fabrica-dicom-pixels", "--example", "time_codecs"]
    subprocess.run(build, check=True, cwd=ROOT)
    program = os.path.join(TARGET, "release", "examples", "time_codecs")

    for title, pattern, count in WORK:
        files = sorted(glob.glob(os.path.join(DATA, pattern)))
        repeated = (files * count)[:count]
        datasets = [pydicom.dcmread(f, force=True) for f in files]

        def ours(name):
            def way():
                out = subprocess.run([program, str(count), *files], check=True, capture_output=True, text=True).stdout
                steps = [json.loads(line) for line in out.splitlines()]
                return next(step["seconds"][0] for step in steps if step["name"] == name)

            return way

        def read_itk():
            with quiet():
                for file in repeated:
                    SimpleITK.GetArrayViewFromImage(SimpleITK.ReadImage(file))

        def decode_pydicom():
            for i in range(count):
                pixel_array(datasets[i % len(datasets)])

        def works(way):
            try:
                way()
                return True
            except Exception as error:  # a peer that cannot do it is named, not timed
                print(f"{title}: {way.__name__} cannot: {str(error).splitlines()[0][:100]}")
                return False

        if works(read_itk):
            sidebyside.compare(f"{title}: read {count} files", ours("read"), {"SimpleITK": sidebyside.timed(read_itk)}, runs=3)
        if works(decode_pydicom):
            peers = {"pydicom + pylibjpeg": sidebyside.timed(decode_pydicom)}
            sidebyside.compare(f"{title}: decode {count} frames", ours("decode"), peers, runs=3)


if __name__ == "__main__":
    main()
