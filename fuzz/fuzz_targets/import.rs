//! Any bytes as a file to import: an error or a volume, never a panic, a hang or boundless memory.
//!
//! The first byte chooses what the file is called, since names choose the reader; the rest is its content.

#![no_main]

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use fabrica_dicom::{LoadOptions, load, scan};
use fabrica_dicom_structures::{ScanIdentity, StructureOptions, read_rtstruct, read_seg};
use fabrica_geometry::{Grid, LpsPoint};
use fabrica_progress::Progress;
use fabrica_surface::{MeshFormat, read_mesh};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 6] = ["a.dcm", "a.nii", "a.nii.gz", "a.nrrd", "a.seg.nrrd", "a.inv3"];

fuzz_target!(|data: &[u8]| {
    let Some((&choice, content)) = data.split_first() else { return };
    let progress = Progress::new();
    let choice = usize::from(choice) % (NAMES.len() + 1);
    let Some(name) = NAMES.get(choice) else {
        for format in [MeshFormat::Stl, MeshFormat::Obj, MeshFormat::Ply] {
            let _ = read_mesh(content, format);
        }
        return;
    };
    let folder: PathBuf = std::env::temp_dir().join(format!("fabrica-fuzz-{}", std::process::id()));
    if std::fs::create_dir_all(&folder).is_err() {
        return;
    }
    let path = folder.join(name);
    if File::create(&path).and_then(|mut file| file.write_all(content)).is_err() {
        return;
    }
    if *name == "a.dcm" {
        if let Ok(found) = scan(std::slice::from_ref(&path), &progress) {
            for series in &found.series {
                for phase in 0..series.phases.len() {
                    let _ = load(series, phase, &LoadOptions::resample(), &progress);
                }
            }
        }
        if let Ok(grid) = Grid::axis_aligned([8, 8, 8], LpsPoint::default(), [1.0; 3]) {
            let (identity, options) = (ScanIdentity::default(), StructureOptions::default());
            let _ = read_seg(&path, &grid, &identity, &options, &progress);
            let _ = read_rtstruct(&path, &grid, &identity, &options, &progress);
        }
    } else {
        let _ = fabrica_formats::probe(&path);
        let _ = fabrica_formats::read(&path, 0, &progress);
        let _ = fabrica_formats::read_labels(&path, &progress);
    }
});
