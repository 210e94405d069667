//! What the tests and examples share: a reader for the plain NIfTI files of the test data (little-endian int16 with an
//! sform), independent of the crate that reads scans for users, and a synthetic volume.
#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking")]

use std::io::Read;
use std::path::PathBuf;

use fabrica_geometry::{Grid, LpsPoint};
use fabrica_volume::{Modality, Samples, ValueUnit, Volume};
use glam::{DAffine3, DMat3, DVec3};

/// A file of the test data, or nothing (said loudly) where there is none.
pub fn data(path: &str) -> Option<PathBuf> {
    let file = PathBuf::from("../../../shared/data").join(path);
    if !file.exists() {
        eprintln!("SKIPPED: this test needs ../shared/data/{path}");
        return None;
    }
    Some(file)
}

/// The real head CT.
pub fn head_ct() -> Option<Volume> {
    data("ct_nifti_labels/head_ct_invesalius/head_ct.nii.gz").map(|p| read_nifti(&p))
}

/// The real CTA of an aortic dissection.
pub fn cta() -> Option<Volume> {
    let folder = data("ct_nifti_labels/cta_aortic_dissection_1.5mm")?;
    let file = std::fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .map(|e| e.path())
        .find(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("ct")))?;
    Some(read_nifti(&file))
}

/// Reads a NIfTI-1 file of int16 or float32 CT values.
pub fn read_nifti(path: &std::path::Path) -> Volume {
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    let i16_at = |at: usize| i16::from_le_bytes(bytes[at..at + 2].try_into().unwrap());
    let f32_at = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let dims = [42, 44, 46].map(|at| i16_at(at) as usize);
    let (slope, intercept) = (f32_at(112), f32_at(116));
    let rows: [[f64; 4]; 3] = std::array::from_fn(|r| std::array::from_fn(|c| f64::from(f32_at(280 + r * 16 + c * 4))));
    assert!(i16_at(254) > 0, "sform needed");
    // NIfTI is right, anterior, superior.
    let column = |c: usize| DVec3::new(-rows[0][c], -rows[1][c], rows[2][c]);
    let affine = DAffine3 { matrix3: DMat3::from_cols(column(0), column(1), column(2)), translation: column(3) };
    let grid = Grid::from_affine(dims, affine).unwrap();
    let data = &bytes[f32_at(108) as usize..];
    let scale = |v: f32| if slope == 0.0 { v } else { v * slope + intercept };
    let samples = match i16_at(70) {
        4 => data.chunks_exact(2).map(|b| scale(f32::from(i16::from_le_bytes([b[0], b[1]])))).collect::<Vec<_>>(),
        16 => data.chunks_exact(4).map(|b| scale(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect(),
        64 => data.chunks_exact(8).map(|b| scale(f64::from_le_bytes(b.try_into().unwrap()) as f32)).collect(),
        other => panic!("NIfTI datatype {other}"),
    };
    let samples = samples.into_iter().take(grid.len()).map(|v| v.round() as i16).collect();
    let mut volume = Volume::new(grid, Samples::I16(samples), ValueUnit::Hounsfield).unwrap();
    volume.provenance.modality = Modality::ct();
    volume
}

/// A synthetic head-like volume: a shell of bone round soft tissue, a nose in front, a mark on the patient's left.
pub fn synthetic(side: usize) -> Volume {
    let spacing = 200.0 / side as f64;
    let grid = Grid::axis_aligned([side, side, side], LpsPoint::new(-100.0, -100.0, -100.0), [spacing; 3]).unwrap();
    let sphere = |p: DVec3, centre: [f64; 3], radius: f64| radius - p.distance(DVec3::from_array(centre));
    let values = (0..grid.len())
        .map(|n| {
            let [i, j, k] = grid.position(n);
            let p = DVec3::new(i as f64, j as f64, k as f64) * spacing - 100.0;
            let skull = sphere(p, [0.0, 0.0, 0.0], 70.0);
            let nose = sphere(p, [0.0, -72.0, -5.0], 12.0);
            let left = sphere(p, [72.0, 0.0, 0.0], 9.0);
            let soft = smooth(skull, spacing) * 1040.0;
            let shell = (smooth(skull, spacing) - smooth(skull - 8.0, spacing)) * 900.0;
            let brain = smooth(sphere(p, [20.0, 10.0, 20.0], 15.0), spacing) * 200.0;
            (-1000.0 + soft + shell + brain + smooth(nose, spacing) * 1700.0 + smooth(left, spacing) * 2000.0) as i16
        })
        .collect();
    let mut volume = Volume::new(grid, Samples::I16(values), ValueUnit::Hounsfield).unwrap();
    volume.provenance.modality = Modality::ct();
    volume.provenance.simulated = true;
    volume
}

/// 0 outside, 1 inside, as wide as a voxel.
fn smooth(depth: f64, width: f64) -> f64 {
    (depth / width + 0.5).clamp(0.0, 1.0)
}
