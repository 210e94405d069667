//! Uneven, missing, rounded and contradictory distances between slices.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it fails")]

mod common;

use common::{Slice, folder, issues, load_only, load_strictly, scan_folder, text};
use dicom_core::VR;
use dicom_dictionary_std::tags;
use fabrica_dicom::DicomError;
use fabrica_geometry::VoxelPoint;
use fabrica_volume::GeometryIssue;
use glam::DVec3;

/// Slices at these heights whose stored value is 10 times the height everywhere.
fn at_heights(heights: &[f64]) -> Vec<Slice> {
    let made = heights.iter().enumerate().map(|(n, z)| {
        let mut slice = Slice::new(n, DVec3::new(0.0, 0.0, *z));
        slice.words = vec![(z * 10.0).round() as u16; 20];
        slice.rescale = Some((1.0, 0.0));
        slice
    });
    made.collect()
}

fn check_heights(volume: &fabrica_volume::Volume) {
    for k in 0..volume.grid().dims()[2] {
        let z = volume.grid().to_patient(VoxelPoint::new(2.0, 2.0, k as f64)).0.z;
        let value = volume.value([2, 2, k]).unwrap();
        assert!((value - 10.0 * z).abs() <= 1.0, "slice {k}: {value} at {z} mm");
    }
}

#[test]
fn missing_slices_are_filled_or_refused() {
    let heights: Vec<f64> = (0..12).filter(|k| ![4, 5, 9].contains(k)).map(|k| 2.0 * f64::from(k)).collect();
    let folder = folder(&at_heights(&heights));
    let error = load_strictly(folder.path()).unwrap_err();
    assert!(matches!(error, DicomError::SpacingRefused { missing: 3, .. }), "{error:?}");
    let volume = load_only(folder.path());
    assert_eq!(issues(&volume), [GeometryIssue::MissingSlices { count: 3, gap_mm: 6.0 }]);
    assert_eq!(volume.grid().dims(), [5, 4, 12]);
    assert!((volume.grid().spacing()[2] - 2.0).abs() < 1e-9);
    check_heights(&volume);
    // What was there is bit for bit what it was.
    for k in [0, 1, 2, 3, 6, 7, 8, 10, 11] {
        assert_eq!(volume.value([0, 0, k]), Some(20.0 * k as f64));
    }
}

#[test]
fn uneven_slices_are_resampled_to_the_finest_distance() {
    let folder = folder(&at_heights(&[0.0, 1.1, 5.1, 9.1, 16.1, 23.1]));
    let error = load_strictly(folder.path()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("1.100") && text.contains("7.000"), "{text}");
    let volume = load_only(folder.path());
    assert!(matches!(issues(&volume)[..], [GeometryIssue::UnevenSpacing { .. }]));
    assert!(volume.grid().spacing()[2] <= 1.1);
    // Both ends are kept.
    let last = volume.grid().dims()[2] - 1;
    let top = volume.grid().to_patient(VoxelPoint::new(0.0, 0.0, last as f64)).0.z;
    assert!((top - 23.1).abs() < 1e-9);
    check_heights(&volume);
}

#[test]
fn positions_rounded_to_a_tenth_are_even_with_a_warning() {
    let heights: Vec<f64> = (0..20).map(|k| (f64::from(k) * 0.625 * 10.0).round() / 10.0).collect();
    let folder = folder(&at_heights(&heights));
    let volume = load_strictly(folder.path()).unwrap();
    assert!(matches!(&issues(&volume)[..], [GeometryIssue::Other { reason }] if reason.contains("even")));
    assert_eq!(volume.grid().dims()[2], 20);
    check_heights(&volume);
}

#[test]
fn rounding_in_the_last_digit_is_silent() {
    let heights: Vec<f64> =
        (0..20).map(|k| (f64::from(k) * 0.7 * 1e3).round() / 1e3 + 1e-4 * f64::from(k % 2)).collect();
    let folder = folder(&at_heights(&heights));
    assert!(issues(&load_strictly(folder.path()).unwrap()).is_empty());
}

#[test]
fn spacing_between_slices_is_only_evidence() {
    let with = |spacing: &str| {
        let slices = at_heights(&[0.0, 4.0, 8.0]);
        let add = |s: Slice| {
            s.with(text(tags::SPACING_BETWEEN_SLICES, VR::DS, spacing)).with(text(tags::SLICE_THICKNESS, VR::DS, "3"))
        };
        let folder = folder(&slices.into_iter().map(add).collect::<Vec<_>>());
        let volume = load_strictly(folder.path()).unwrap();
        assert_eq!(volume.grid().spacing()[2], 4.0);
        issues(&volume)
    };
    assert!(with("4").is_empty());
    // The gap between faces, as some scanners write.
    assert!(with("1").is_empty());
    // Every second slice is missing.
    assert!(matches!(&with("2")[..], [GeometryIssue::Contradiction { reason }] if reason.contains("2.000 mm")));
}

#[test]
fn a_single_slice_says_that_its_spacing_is_assumed() {
    let slice = at_heights(&[3.0]).remove(0).with(text(tags::SLICE_THICKNESS, VR::DS, "2.5"));
    let folder = folder(&[slice]);
    let volume = load_strictly(folder.path()).unwrap();
    assert_eq!(volume.grid().dims(), [5, 4, 1]);
    assert_eq!(volume.grid().spacing()[2], 2.5);
    assert!(matches!(issues(&volume)[..], [GeometryIssue::SpacingAssumed { .. }]));
}

#[test]
fn missing_geometry_is_refused_or_warned_of_never_invented() {
    // No position at all: refused.
    let mut slices = at_heights(&[0.0, 1.0, 2.0]);
    slices.iter_mut().for_each(|s| s.position = None);
    let folder_ = folder(&slices);
    let obstacle = scan_folder(folder_.path()).series[0].phases[0].obstacle.clone().unwrap();
    assert!(obstacle.contains("Image Position (Patient)"), "{obstacle}");
    assert!(matches!(load_strictly(folder_.path()), Err(DicomError::NotAVolume(_))));

    // Slice Location in its place: read, with both assumptions said.
    let located: Vec<Slice> = slices
        .iter()
        .enumerate()
        .map(|(k, s)| s.clone().with(text(tags::SLICE_LOCATION, VR::DS, &format!("{}", 2 * k))))
        .collect();
    let folder_ = folder(&located);
    let found = issues(&load_strictly(folder_.path()).unwrap());
    assert!(matches!(
        found[..],
        [GeometryIssue::SpacingAssumed { spacing_mm: 2.0, .. }, GeometryIssue::LateralityAssumed { .. }]
    ));

    // Position but no orientation: axial is assumed aloud.
    let mut slices = at_heights(&[0.0, 1.0, 2.0]);
    slices.iter_mut().for_each(|s| s.orientation = None);
    let folder_ = folder(&slices);
    let found = issues(&load_strictly(folder_.path()).unwrap());
    assert!(matches!(found[..], [GeometryIssue::LateralityAssumed { .. }]), "{found:?}");

    // Positions along x without orientation cannot be axial: refused.
    slices.iter_mut().enumerate().for_each(|(k, s)| s.position = Some(DVec3::X * k as f64));
    assert!(matches!(load_strictly(folder(&slices).path()), Err(DicomError::NotAVolume(_))));

    // No pixel spacing: refused for a stack.
    let mut slices = at_heights(&[0.0, 1.0, 2.0]);
    slices.iter_mut().for_each(|s| s.spacing = None);
    let error = load_strictly(folder(&slices).path()).unwrap_err();
    assert!(error.to_string().contains("pixel spacing"), "{error}");

    // Nonsense in place of an orientation is no orientation.
    let mut slices = at_heights(&[0.0]);
    slices[0].orientation = Some([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    let found = issues(&load_strictly(folder(&slices).path()).unwrap());
    assert!(found.iter().any(|i| matches!(i, GeometryIssue::LateralityAssumed { .. })), "{found:?}");
}
