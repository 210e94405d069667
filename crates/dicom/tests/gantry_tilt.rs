//! Sheared slices: resampled with the angle, every voxel at its true place, or refused with the angle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it fails")]

mod common;

use common::{AXIAL, Slice, folder, issues, load_only, load_strictly, text};
use dicom_core::VR;
use dicom_dictionary_std::tags;
use fabrica_dicom::DicomError;
use fabrica_geometry::VoxelPoint;
use fabrica_volume::{GeometryIssue, Sample, Volume, with_samples};
use glam::DVec3;

/// A phantom that is linear in space, so that interpolation of its samples gives it exactly but for rounding.
fn phantom(at: DVec3) -> f64 {
    2000.0 + 11.0 * at.x - 7.0 * at.y + 5.0 * at.z
}

/// Slices of the phantom with this orientation at these positions, values rounded to integers.
fn slices(orientation: [f64; 6], positions: &[DVec3]) -> Vec<Slice> {
    let (size, spacing) = ([16, 12], [0.8, 0.8]);
    let row = DVec3::from_slice(&orientation[..3]);
    let column = DVec3::from_slice(&orientation[3..]);
    let made = positions.iter().enumerate().map(|(n, position)| {
        let mut slice = Slice::new(n, *position);
        slice.words = (0..16 * 12)
            .map(|p| {
                let (i, j) = ((p % 16) as f64, (p / 16) as f64);
                phantom(*position + row * (0.8 * i) + column * (0.8 * j)).round() as u16
            })
            .collect();
        Slice { size, spacing: Some(spacing), orientation: Some(orientation), rescale: Some((1.0, 0.0)), ..slice }
    });
    made.collect()
}

/// Every measured voxel has the phantom's value at its own place in the patient. Gives how many are measured.
fn check_places(volume: &Volume) -> usize {
    let padding = volume.padding.clone().expect("uncovered voxels are marked");
    let mut measured = 0;
    with_samples!(volume.samples().view(), |s| {
        for (index, value) in s.iter().enumerate() {
            let value = value.to_f64();
            if padding.contains(&value) {
                continue;
            }
            measured += 1;
            let [i, j, k] = volume.grid().position(index);
            let at = volume.grid().to_patient(VoxelPoint::new(i as f64, j as f64, k as f64));
            // Rounding of the source and of the result; half a pixel of extrapolation at the border.
            let tolerance = 1.1 + 0.5 * 0.8 * 18.0;
            let inner = 1.1;
            let error = (value - phantom(at.0)).abs();
            assert!(error <= tolerance, "{value} at {at:?} instead of {}", phantom(at.0));
            if error > inner {
                // Only within half a pixel of the border.
                measured -= 1;
            }
        }
    });
    measured
}

/// A head scan with tilt: slices lie in tilted planes, the table moves along z.
fn tilted_head(degrees: f64) -> Vec<Slice> {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let orientation = [1.0, 0.0, 0.0, 0.0, cos, -sin];
    let positions: Vec<DVec3> = (0..8).map(|k| DVec3::new(-6.0, -5.0, 4.0 * k as f64)).collect();
    slices(orientation, &positions)
}

#[test]
fn tilted_planes_with_a_table_along_z() {
    for degrees in [18.5, -12.0, 3.0] {
        let folder = folder(&tilted_head(degrees));
        let volume = load_only(folder.path());
        let tilt = issues(&volume).into_iter().find_map(|issue| match issue {
            GeometryIssue::GantryTilt { degrees } => Some(degrees),
            _ => None,
        });
        assert!((tilt.unwrap() - degrees.abs()).abs() < 0.01, "{tilt:?}");
        assert!(volume.has_open_warnings());
        // The distance between planes is shorter than the table's step.
        let expected = 4.0 * degrees.to_radians().cos();
        assert!((volume.grid().spacing()[2] - expected).abs() < 1e-9);
        assert_eq!(volume.grid().dims()[0], 16);
        assert!(volume.grid().dims()[1] > 12, "the grid must be wide enough for all slices");
        assert!(volume.provenance.steps.iter().any(|s| s.contains("shear")), "{:?}", volume.provenance.steps);
        // Nothing is lost: as many voxels are measured as there are pixels, but for the border.
        let measured = check_places(&volume);
        assert!(measured >= 8 * 15 * 11, "{measured} voxels");
    }
}

#[test]
fn straight_planes_whose_origins_run_sideways() {
    // As after a conversion that kept slices axial: the same shear seen the other way round.
    let positions: Vec<DVec3> = (0..6).map(|k| DVec3::new(1.5 * k as f64, -0.75 * k as f64, 5.0 * k as f64)).collect();
    let folder = folder(&slices(AXIAL, &positions));
    let volume = load_only(folder.path());
    check_places(&volume);
    let steepness = f64::hypot(1.5, 0.75) / 5.0;
    let degrees = steepness.atan().to_degrees();
    assert!(
        issues(&volume)
            .iter()
            .any(|i| matches!(i, GeometryIssue::GantryTilt { degrees: d } if (d - degrees).abs() < 1e-6))
    );
}

#[test]
fn refused_with_the_angle() {
    let folder = folder(&tilted_head(18.5));
    let error = load_strictly(folder.path()).unwrap_err();
    assert!(matches!(error, DicomError::TiltRefused { degrees } if (degrees - 18.5).abs() < 0.01));
    assert!(error.to_string().contains("18.50°"), "{error}");
}

#[test]
fn tilt_with_uneven_slices() {
    let (sin, cos) = 18.5f64.to_radians().sin_cos();
    let positions: Vec<DVec3> = [0.0, 1.2, 5.2, 9.2, 16.2, 23.2].iter().map(|z| DVec3::new(-6.0, -5.0, *z)).collect();
    let folder = folder(&slices([1.0, 0.0, 0.0, 0.0, cos, -sin], &positions));
    let volume = load_only(folder.path());
    check_places(&volume);
    let found = issues(&volume);
    assert!(found.iter().any(|i| matches!(i, GeometryIssue::GantryTilt { .. })), "{found:?}");
    assert!(found.iter().any(|i| matches!(i, GeometryIssue::UnevenSpacing { .. })), "{found:?}");
}

#[test]
fn slices_displaced_without_order_are_put_in_their_place() {
    let positions = [[0.0, 0.0], [2.0, 0.0], [0.0, 1.6], [-1.6, 0.0], [0.8, 0.8]];
    let positions: Vec<DVec3> =
        positions.iter().enumerate().map(|(k, [x, y])| DVec3::new(*x, *y, 3.0 * k as f64)).collect();
    let folder = folder(&slices(AXIAL, &positions));
    assert!(matches!(load_strictly(folder.path()), Err(DicomError::TiltRefused { .. })));
    let volume = load_only(folder.path());
    check_places(&volume);
    assert!(issues(&volume).iter().any(|i| i.to_string().contains("displaced sideways")));
}

#[test]
fn rounding_of_positions_is_no_tilt() {
    let positions: Vec<DVec3> =
        (0..5).map(|k| DVec3::new(0.01 * f64::from(k % 2), -0.01 * f64::from(k % 3), 2.0 * f64::from(k))).collect();
    let folder = folder(&slices(AXIAL, &positions));
    let volume = load_strictly(folder.path()).unwrap();
    assert!(issues(&volume).is_empty());
    assert_eq!(volume.grid().dims(), [16, 12, 5]);
}

#[test]
fn a_tilt_in_the_header_that_slices_do_not_show() {
    let positions: Vec<DVec3> = (0..4).map(|k| DVec3::Z * 2.0 * k as f64).collect();
    let mut all = slices(AXIAL, &positions);
    all = all.into_iter().map(|s| s.with(text(tags::GANTRY_DETECTOR_TILT, VR::DS, "12.5"))).collect();
    let folder = folder(&all);
    let found = issues(&load_strictly(folder.path()).unwrap());
    assert!(matches!(found.as_slice(), [GeometryIssue::Contradiction { reason }] if reason.contains("12.50°")));
}

/// Loads sheared slices with one column of padding (stored -2000) at the left, tissue (stored 50) elsewhere.
fn padded(rescale: impl Fn(usize) -> f64) -> Volume {
    let mut all = Vec::new();
    for k in 0..4 {
        // Sheared by half a pixel a slice.
        let mut slice = Slice::new(k, DVec3::new(0.4 * k as f64, 0.0, 2.0 * k as f64));
        slice.signed = true;
        slice.bits_stored = 16;
        slice.size = [4, 2];
        slice.spacing = Some([0.8, 0.8]);
        slice.rescale = Some((rescale(k), 0.0));
        slice.words = [-2000i16, 50, 50, 50].repeat(2).iter().map(|v| *v as u16).collect();
        all.push(slice.with(common::short(tags::PIXEL_PADDING_VALUE, -2000i16 as u16)));
    }
    load_only(folder(&all).path())
}

/// Every voxel of slice `k` is padding or `tissue(k)`, and both occur.
fn check_padded(volume: &Volume, tissue: impl Fn(usize) -> f64) {
    let padding = volume.padding.clone().expect("there is padding");
    let [nx, ny, nz] = volume.grid().dims();
    for k in 0..nz {
        let values: Vec<f64> = (0..nx * ny).filter_map(|i| volume.value([i % nx, i / nx, k])).collect();
        let (padded, measured): (Vec<f64>, Vec<f64>) = values.into_iter().partition(|v| padding.contains(v));
        assert!(!padded.is_empty() && !measured.is_empty());
        assert!(measured.iter().all(|v| (v - tissue(k)).abs() < 1e-4), "slice {k}: {measured:?}");
    }
}

#[test]
fn padding_is_not_mixed_with_tissue() {
    let volume = padded(|_| 1.0);
    assert_eq!(volume.padding, Some(-2000.0..=-2000.0));
    check_padded(&volume, |_| 50.0);
}

#[test]
fn padding_under_a_fractional_rescale_is_not_mixed_with_tissue() {
    // -2000 × 0.1234567 is no number of single precision.
    check_padded(&padded(|_| 0.123_456_7), |_| 50.0 * 0.123_456_7);
}

#[test]
fn padding_under_the_rescale_of_each_slice_is_not_mixed_with_tissue() {
    let rescale = |k: usize| 0.1 * (k + 1) as f64;
    let volume = padded(rescale);
    // One below the lowest, which is 0.4 × -2000.
    assert_eq!(volume.padding, Some(-801.0..=-801.0));
    check_padded(&volume, |k| 50.0 * rescale(k));
    assert!(volume.provenance.steps.iter().any(|s| s.contains("set to -801")), "{:?}", volume.provenance.steps);
}

#[test]
fn a_padding_value_beyond_the_samples_marks_nothing() {
    // Stored 65 000 with an intercept of -1024 is beyond the 16 bits that the measured values need.
    let slices = (0..4).map(|k| {
        let mut slice = Slice::new(k, DVec3::new(0.7 * k as f64, 0.0, 2.0 * k as f64));
        slice.bits_stored = 16;
        slice.with(common::short(tags::PIXEL_PADDING_VALUE, 65_000))
    });
    let volume = load_only(folder(&slices.collect::<Vec<_>>()).path());
    // One below the lowest, 1000 - 1024.
    assert_eq!(volume.padding, Some(-25.0..=-25.0));
    assert_eq!(volume.range().0, -25.0);
    assert!(volume.range().1 < 400.0);
}
