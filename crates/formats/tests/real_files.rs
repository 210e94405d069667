//! Real files: sizes, values and anatomy.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail by panicking and say what they skip"
)]

use std::path::{Path, PathBuf};

use fabrica_formats::{probe, read, read_labels};
use fabrica_geometry::{Mm, VoxelPoint};
use fabrica_progress::Progress;
use fabrica_volume::{ValueUnit, Volume};

fn data(path: &str) -> Option<PathBuf> {
    let root = Path::new("../../../shared/data");
    if !root.is_dir() {
        eprintln!("SKIPPED: the test needs ../shared/data/{path}");
        return None;
    }
    Some(root.join(path))
}

/// The patient coordinate (0 left, 1 posterior, 2 superior) of the voxel over `threshold` that lies farthest to
/// -axis when `least`, else to +axis, within these slices.
fn farthest(volume: &Volume, threshold: f64, axis: usize, least: bool) -> [f64; 3] {
    let grid = volume.grid();
    let at = |index: usize| grid.to_patient(VoxelPoint(grid.position(index).map(|n| n as f64).into())).0.to_array();
    let over = (0..grid.len()).filter(|&i| volume.samples().get(i) > threshold).map(at);
    let key = |p: &[f64; 3]| if least { -p[axis] } else { p[axis] };
    over.max_by(|a, b| key(a).total_cmp(&key(b))).unwrap()
}

#[test]
fn the_nose_of_the_head_points_forward_and_the_crown_up() {
    let package = Path::new("/usr/share/doc/invesalius-examples/examples/Cranium.inv3");
    if !package.exists() {
        eprintln!("SKIPPED: the test needs Debian's package invesalius-examples");
        return;
    }
    let head = read(package, 0, &Progress::new()).unwrap();
    assert_eq!((head.grid().dims(), head.grid().orientation_code().as_str()), ([256, 256, 108], "LAS"));
    assert_eq!((head.unit.clone(), head.range()), (ValueUnit::Hounsfield, (-1024.0, 2986.0)));
    assert!(head.has_open_warnings());
    let centre = head.grid().centre().0;
    // The nose is the foremost tissue and in the middle; the head rest, thin and wide, lies behind.
    let nose = farthest(&head, -300.0, 1, true);
    assert!((nose[0] - centre.x).abs() < 15.0, "{nose:?}");
    assert!(nose[1] < centre.y - 90.0);
    // The face, with the nose, is in the lower half of this scan.
    assert!(nose[2] < centre.z);
    // Towards the crown the skull closes: the top slice holds less tissue than the middle one.
    let tissue = |k: usize| (0..256 * 256).filter(|p| head.value([p % 256, p / 256, k]).unwrap() > -300.0).count();
    assert!(head.grid().axis(2).0.z > 0.0 && tissue(107) * 4 < tissue(54), "{} {}", tissue(107), tissue(54));
    if let Some(path) = data("ct_nifti_labels/head_ct_invesalius/head_ct.nii.gz") {
        let converted = read(&path, 0, &Progress::new()).unwrap();
        assert_eq!(converted.samples(), head.samples());
        assert_eq!(converted.grid().orientation_code(), "LAS");
    }
}

#[test]
fn the_aorta_label_lies_on_the_contrast_of_its_scan() {
    let Some(folder) = data("ct_nifti_labels/cta_aortic_dissection_1.5mm") else { return };
    let scan = read(&folder.join("ct_cropped.nii.gz"), 0, &Progress::new()).unwrap();
    let structures = read_labels(&folder.join("aorta.nii.gz"), &Progress::new()).unwrap();
    let [aorta] = structures.as_slice() else { panic!("one structure") };
    assert_eq!(aorta.name, "aorta");
    assert!(aorta.mask.grid().coincides(scan.grid(), Mm(0.01)));
    let mut values: Vec<f64> = aorta
        .mask
        .runs()
        .flat_map(|r| (r.start..r.end).map(move |i| [i, r.j, r.k]))
        .map(|v| scan.value(v).unwrap())
        .collect();
    let middle = values.len() / 2;
    let median = *values.select_nth_unstable_by(middle, f64::total_cmp).1;
    assert_eq!(median, 355.0);
}

#[test]
fn time_points_of_a_perfusion_series_are_listed_and_read() {
    let Some(path) = data("fourd/pcasl_10vols_CC-BY-NC-4.0.nii.gz") else { return };
    let info = probe(&path).unwrap();
    assert_eq!((info.dims, info.time_points), ([52, 68, 20], 10));
    let first = read(&path, 0, &Progress::new()).unwrap();
    let last = read(&path, 9, &Progress::new()).unwrap();
    assert_ne!(first.samples(), last.samples());
    assert!(read(&path, 10, &Progress::new()).is_err());
}
