//! Shared by the tests: where data lies, and a scan's grid from its slices.

use std::path::{Path, PathBuf};

use dicom_dictionary_std::tags;
use fabrica_dicom_structures::ScanIdentity;
use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use glam::DVec3;

/// A path of the test data, or nothing, loudly, where the data is absent.
pub fn data(path: &str) -> Option<PathBuf> {
    let root = Path::new("../../../shared/data");
    if !root.is_dir() {
        eprintln!("SKIPPED: the test needs ../shared/data/{path}");
        return None;
    }
    let full = root.join(path);
    assert!(full.exists(), "{} is missing from the test data", full.display());
    Some(full)
}

/// The grid of a folder of single slices, from their positions, and their identity.
#[allow(dead_code, reason = "not every test needs a scan")]
pub fn scan(folder: &Path) -> (Grid, ScanIdentity) {
    let mut slices = Vec::new();
    let mut identity = ScanIdentity::default();
    let (mut axes, mut size, mut spacing) = ([DVec3::ZERO; 2], [0usize; 2], [0.0; 2]);
    for entry in std::fs::read_dir(folder).unwrap() {
        let Ok(object) = dicom_object::open_file(entry.unwrap().path()) else { continue };
        let Some(position) = object.element_opt(tags::IMAGE_POSITION_PATIENT).unwrap() else { continue };
        let floats = |tag| object.element(tag).unwrap().to_multi_float64().unwrap();
        let text = |tag| object.element(tag).unwrap().to_str().unwrap().trim_end_matches(['\0', ' ']).to_owned();
        slices.push(DVec3::from_slice(&position.to_multi_float64().unwrap()));
        let o = floats(tags::IMAGE_ORIENTATION_PATIENT);
        axes = [DVec3::from_slice(&o[..3]), DVec3::from_slice(&o[3..])];
        let p = floats(tags::PIXEL_SPACING);
        spacing = [p[1], p[0]];
        size = [tags::COLUMNS, tags::ROWS].map(|t| object.element(t).unwrap().to_int().unwrap());
        identity.series_uid = Some(text(tags::SERIES_INSTANCE_UID));
        identity.frame_of_reference_uid = Some(text(tags::FRAME_OF_REFERENCE_UID));
        identity.sop_instance_uids.push(text(tags::SOP_INSTANCE_UID));
    }
    let normal = axes[0].cross(axes[1]);
    slices.sort_by(|a, b| a.dot(normal).total_cmp(&b.dot(normal)));
    slices.dedup_by(|a, b| a.distance(*b) < 1e-3);
    let last = slices.len() - 1;
    let between = if last > 0 { slices[last].distance(slices[0]) / last as f64 } else { 1.0 };
    let grid = Grid::new(
        [size[0], size[1], slices.len()],
        LpsPoint(slices[0]),
        [axes[0], axes[1], normal].map(LpsVector),
        [spacing[0], spacing[1], between],
    );
    (grid.unwrap(), identity)
}
