//! Structures become contours and come back as the same voxels, by our own reader and by independent tools where they are
//! installed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

mod common;

use fabrica_dicom_results::{ResultError, Source, structure_set, to_bytes};
use fabrica_dicom_structures::{ScanIdentity, StructureOptions, read_rtstruct, referenced_series};
use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_progress::Progress;
use fabrica_volume::{Code, Mask, Provenance, Rgb, Structure};
use glam::DVec3;

use common::{SHA, author, grid, is_valid, now, provenance, saved, tool};

fn of(name: &str, mask: Mask) -> Structure {
    Structure {
        name: name.into(),
        colour: Rgb(200, 30, 40),
        mask,
        code: None,
        origin: "made by the test".into(),
        isovalue: None,
    }
}

/// A ring with an island in its hole, on slices 1 to 4; and scattered voxels that touch at corners.
fn structures(grid: &Grid) -> Vec<Structure> {
    let ring = |n: usize| {
        let [i, j, k] = grid.position(n);
        let from = i.abs_diff(6).max(j.abs_diff(4));
        (1..=4).contains(&k) && (from == 3 || from == 4 || from < 1)
    };
    let liver = Code { value: "10200004".into(), scheme: "SCT".into(), meaning: "Liver".into() };
    let mut all = vec![
        of("Leber links", Mask::from_fn(grid.clone(), ring)),
        of("scattered", Mask::from_fn(grid.clone(), |n| (n * 2_654_435_761) % 97 < 48)),
    ];
    all[0].code = Some(liver);
    all
}

fn written(
    provenance: &Provenance,
    grid: &Grid,
    all: &[Structure],
) -> (Vec<u8>, Vec<fabrica_dicom_results::Contoured>) {
    let source = Source { provenance, grid, sha256: SHA };
    let (file, told) = structure_set(&source, all, &author(), now(), &Progress::new()).unwrap();
    (to_bytes(&file).unwrap(), told)
}

#[test]
fn contours_come_back_voxel_for_voxel_on_any_grid() {
    let folder = tempfile::tempdir().unwrap();
    let axes = [DVec3::new(0.6, 0.8, 0.0), DVec3::new(-0.8, 0.6, 0.0), DVec3::NEG_Z].map(LpsVector);
    let left_handed =
        Grid::new([13, 9, 6], LpsPoint::new(1.0 / 3.0, -170.1, 1_234.567_890_1), axes, [0.7, 0.3, 3.0]).unwrap();
    let (sin, cos) = 0.4f64.sin_cos();
    let tilted = [DVec3::X, DVec3::new(0.0, cos, sin), DVec3::new(0.0, -sin, cos)].map(LpsVector);
    let oblique = Grid::new([13, 9, 6], LpsPoint::new(0.0, 0.0, 0.0), tilted, [1.0, 1.0, 1.25]).unwrap();
    for grid in [grid(), left_handed, oblique] {
        let (provenance, all) = (provenance(6), structures(&grid));
        let (bytes, told) = written(&provenance, &grid, &all);
        assert_eq!(bytes, written(&provenance, &grid, &all).0, "the same again is the same file");
        let path = saved(folder.path(), "contours.dcm", &bytes);
        let identity = ScanIdentity::from(&provenance);
        let set = read_rtstruct(&path, &grid, &identity, &StructureOptions::default(), &Progress::new()).unwrap();
        assert_eq!((set.structures.len(), set.skipped.as_slice()), (2, [].as_slice()));
        for ((written, read), told) in all.iter().zip(&set.structures).zip(&told) {
            assert_eq!((&read.name, &read.mask), (&written.name, &written.mask));
            assert_eq!((read.colour, told.volume), (written.colour, written.mask.volume()));
        }
        // The ring and the island, on four slices.
        assert_eq!(told[0].contours, 8);
        assert_eq!(set.structures[0].code.as_ref().unwrap().value, "10200004");
        let references = referenced_series(&path).unwrap();
        assert_eq!(
            (references.series_uids, references.frame_of_reference_uids),
            (vec!["1.2.3.4.5".into()], vec!["1.2.3.4.6".into()])
        );
        is_valid(&path);
    }
}

#[test]
fn contours_lie_on_the_images_that_they_name() {
    let (grid, provenance) = (grid(), provenance(6));
    let one = vec![of("voxel", Mask::from_fn(grid.clone(), |n| grid.position(n) == [2, 1, 3]))];
    let (bytes, told) = written(&provenance, &grid, &one);
    assert_eq!((told[0].contours, told[0].volume.0), (1, 0.75 * 0.875 * 2.5));
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), "voxel.dcm", &bytes);
    let text = |said: &str, tag: &str| {
        let line = said.lines().find(|l| l.trim_start().starts_with(tag)).unwrap_or_else(|| panic!("no {tag}: {said}"));
        line[line.find('[').unwrap() + 1..line.find(']').unwrap()].to_owned()
    };
    let Some((well, said)) = tool("dcmdump", &["+L"], &path) else { return };
    assert!(well, "{said}");
    // 0.75 × 0.875 × 2.5 mm³ in mL.
    assert_eq!(text(&said, "(3006,002c)"), "0.001640625");
    assert_eq!(text(&said, "(3006,0042)"), "CLOSED_PLANAR");
    let corners: Vec<f64> = text(&said, "(3006,0050)").split('\\').map(|v| v.parse().unwrap()).collect();
    let expected = [[1.5, 0.5], [2.5, 0.5], [2.5, 1.5], [1.5, 1.5]];
    for (corner, [x, y]) in corners.chunks_exact(3).zip(expected) {
        let at = grid.to_patient(fabrica_geometry::VoxelPoint::new(x, y, 3.0));
        assert!(at.distance(LpsPoint::new(corner[0], corner[1], corner[2])).0 < 1e-4);
    }
    // The contour names the image of slice 3, the fourth.
    let contour = &said[said.find("(3006,0039)").unwrap()..];
    assert_eq!(text(contour, "(0008,1155)"), "1.2.826.0.1.3680043.8.498.4");
}

#[test]
fn a_resampled_scan_s_contours_name_no_image() {
    let (grid, mut provenance) = (grid(), provenance(6));
    provenance.steps =
        vec!["resampled shear of 18.50° to a straight grid of 13×9×6 voxels, slices 2.500 mm apart".into()];
    let one = vec![of("voxel", Mask::from_fn(grid.clone(), |n| n == 300))];
    let (bytes, _) = written(&provenance, &grid, &one);
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), "resampled.dcm", &bytes);
    if let Some((_, said)) = tool("dcmdump", &[], &path) {
        assert!(!said[said.find("(3006,0039)").unwrap()..].contains("(0008,1155)"), "{said}");
    }
    let source = Source { provenance: &provenance, grid: &grid, sha256: SHA };
    let empty = vec![of("nothing", Mask::empty(grid.clone()))];
    let refused = structure_set(&source, &empty, &author(), now(), &Progress::new());
    assert!(matches!(refused, Err(ResultError::Nothing(_))));
    let cancelled = Progress::new();
    cancelled.cancel();
    assert!(matches!(structure_set(&source, &one, &author(), now(), &cancelled), Err(ResultError::Cancelled(_))));
}

#[test]
fn a_lost_contour_is_noticed_by_the_volume() {
    let (grid, provenance) = (grid(), provenance(6));
    let (bytes, _) = written(&provenance, &grid, &structures(&grid));
    // The first contour becomes one that encloses nothing.
    let at = bytes.windows(14).position(|w| w == b"CLOSED_PLANAR ").unwrap();
    let mut bytes = bytes;
    bytes[at..at + 14].copy_from_slice(b"OPEN_PLANAR   ");
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), "lost.dcm", &bytes);
    let identity = ScanIdentity::from(&provenance);
    let set = read_rtstruct(&path, &grid, &identity, &StructureOptions::default(), &Progress::new()).unwrap();
    let told: Vec<_> = set.skipped.iter().map(|s| s.reason.as_str()).collect();
    assert!(
        told.iter().any(|r| r.contains("OPEN_PLANAR")) && told.iter().any(|r| r.contains("tells a volume")),
        "{told:?}"
    );
}
