"""Reading DICOM series: Fabrica against SimpleITK, pydicom and dcm2niix, in turn, and the peak memory of a long series.

What is timed: Fabrica, SimpleITK and pydicom find the files, sort the slices by position and hold the volume in memory in
real-world values; their start-up is not counted. Fabrica also takes the SHA-256 of every file. dcm2niix is a whole process that
writes an uncompressed NIfTI; beside it stands Fabrica as a whole process too, which does not write.

Needs: SimpleITK, pydicom, pylibjpeg, pylibjpeg-libjpeg, dcm2niix, numpy; and the examples built with
`cargo build --release -p fabrica-dicom --examples`.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import pydicom
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from sidebyside import compare, process, reported, timed

ROOT = Path(__file__).resolve().parent.parent
OURS = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "examples" / "time_import"
CHEST = ROOT.parent / "shared" / "data" / "ct_dicom" / "chest_jpeglossless_COVID-CT-MD_cap002"


def write_series(folder, count):
    """A simulated CT of `count` slices of 512 × 512: smooth anatomy-like values with noise."""
    generator = numpy.random.default_rng(1)
    noise = generator.integers(-20, 20, (512, 512), dtype=numpy.int16)
    y, x = numpy.mgrid[-1:1:512j, -1:1:512j]
    for k in range(count):
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        meta.MediaStorageSOPInstanceUID = f"1.2.3.4.{k + 1}"
        d = Dataset()
        d.file_meta = meta
        d.SOPClassUID, d.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        d.StudyInstanceUID, d.SeriesInstanceUID, d.FrameOfReferenceUID = "1.2.3", "1.2.3.4", "1.2.3.5"
        d.Modality, d.PatientName, d.PatientID = "CT", "Simulated", "SIMULATED"
        d.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
        d.InstanceNumber = k + 1
        d.ImageOrientationPatient, d.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-180, -180, k * 0.75]
        d.PixelSpacing, d.SliceThickness = [0.7, 0.7], 1
        d.Rows = d.Columns = 512
        d.SamplesPerPixel, d.PhotometricInterpretation = 1, "MONOCHROME2"
        d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 16, 15, 1
        d.RescaleSlope, d.RescaleIntercept = 1, -1024
        body = numpy.where(x * x + y * y < 0.8 - 0.2 * numpy.sin(k / 50), 1064, 24).astype(numpy.int16)
        d.PixelData = (body + noise).astype("<i2").tobytes()
        d.save_as(folder / f"slice{(k * 7919) % count:04}.dcm", enforce_file_format=True)


def simpleitk(folder):
    reader = SimpleITK.ImageSeriesReader()
    names = reader.GetGDCMSeriesFileNames(str(folder))
    reader.SetFileNames(names)
    return SimpleITK.GetArrayViewFromImage(reader.Execute()).shape


def with_pydicom(folder):
    slices = [pydicom.dcmread(p) for p in folder.iterdir() if p.is_file()]
    slices.sort(key=lambda d: float(d.ImagePositionPatient[2]))
    volume = numpy.empty((len(slices), slices[0].Rows, slices[0].Columns), numpy.int16)
    for k, d in enumerate(slices):
        volume[k] = d.pixel_array.astype(numpy.int16) * int(d.RescaleSlope) + int(d.RescaleIntercept)
    return volume.shape


def bench(title, folder, runs=5):
    folder = Path(folder)
    in_memory = {
        "SimpleITK": timed(lambda: simpleitk(folder)),
        "pydicom": timed(lambda: with_pydicom(folder)),
    }
    compare(f"{title}: folder to volume in memory", reported([str(OURS), str(folder)]), in_memory, runs)
    converter = shutil.which("dcm2niix", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if converter:
        with tempfile.TemporaryDirectory() as out:
            command = [converter, "-z", "n", "-b", "n", "-w", "1", "-f", "x", "-o", out, str(folder)]
            compare(
                f"{title}: whole process (dcm2niix also writes a NIfTI; Fabrica also hashes)",
                process([str(OURS), str(folder)]),
                {"dcm2niix": process(command)},
                runs,
            )
    else:
        print("dcm2niix is not installed: left out")


def main():
    if CHEST.exists():
        bench("131-slice JPEG-lossless chest CT", CHEST)
    else:
        print(f"SKIPPED: the JPEG-lossless chest needs {CHEST.relative_to(ROOT.parent)}")
    with tempfile.TemporaryDirectory() as folder:
        write_series(Path(folder), 300)
        bench("300 uncompressed slices of 512 × 512 (simulated)", folder)
    with tempfile.TemporaryDirectory() as folder:
        write_series(Path(folder), 1000)
        out = subprocess.run([str(OURS), folder], check=True, capture_output=True, text=True).stdout
        figures = json.loads(out.strip().splitlines()[-1])
        ratio = figures["peak_bytes"] / figures["volume_bytes"]
        print(f"\n## Peak memory of importing 512 × 512 × 1000 (simulated)\n{figures['peak_bytes'] / 1e6:.0f} MB for a volume of "
              f"{figures['volume_bytes'] / 1e6:.0f} MB: {ratio:.2f}x (goal: at most 2.5x)")


if __name__ == "__main__":
    main()
