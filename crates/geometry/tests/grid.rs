//! The geometry of grids against hand-computed truth.

use fabrica_geometry::{Grid, GridError, LpsPoint, LpsVector, Mm, PatientDirection, VoxelPoint};
use glam::{DQuat, DVec3};
use proptest::prelude::*;

#[test]
fn sagittal_grid_has_its_axes_where_the_header_says() {
    // Sagittal: i runs posterior, j runs inferior, k runs to the left.
    let axes = [LpsVector::new(0.0, 1.0, 0.0), LpsVector::new(0.0, 0.0, -1.0), LpsVector::new(1.0, 0.0, 0.0)];
    let grid = Grid::new([10, 20, 5], LpsPoint::new(-8.0, -50.0, 90.0), axes, [0.5, 0.5, 4.0]).unwrap();
    assert_eq!(grid.orientation_code(), "PIL");
    // 2 voxels along i: 1 mm posterior. 4 along j: 2 mm inferior. 1 along k: 4 mm left.
    assert_eq!(grid.to_patient(VoxelPoint::new(2.0, 4.0, 1.0)), LpsPoint::new(-4.0, -49.0, 88.0));
    // P × I = (0,1,0) × (0,0,-1) = (-1,0,0): k to the left makes this left-handed.
    assert!(!grid.is_right_handed());
}

#[test]
fn sheared_axes_are_refused_with_the_angle() {
    let tilt = 18.5_f64.to_radians();
    let axes =
        [LpsVector::new(1.0, 0.0, 0.0), LpsVector::new(0.0, 1.0, 0.0), LpsVector::new(0.0, tilt.sin(), tilt.cos())];
    let error = Grid::new([4; 3], LpsPoint::default(), axes, [1.0; 3]).unwrap_err();
    match error {
        GridError::Skewed { first: 1, second: 2, degrees } => assert!((degrees - 18.5).abs() < 1e-9),
        other => panic!("{other}"),
    }
}

#[test]
fn impossible_numbers_are_refused() {
    let axes = [DVec3::X, DVec3::Y, DVec3::Z].map(LpsVector);
    let at = LpsPoint::default();
    assert!(matches!(Grid::new([0, 1, 1], at, axes, [1.0; 3]), Err(GridError::Dimensions(_))));
    assert!(matches!(Grid::new([1; 3], at, axes, [1.0, 0.0, 1.0]), Err(GridError::Spacing(_))));
    assert!(matches!(Grid::new([1; 3], at, axes, [1.0, f64::NAN, 1.0]), Err(GridError::Spacing(_))));
    assert!(matches!(Grid::new([1; 3], LpsPoint::new(f64::NAN, 0.0, 0.0), axes, [1.0; 3]), Err(GridError::NotFinite)));
    let flat = [axes[0], axes[1], LpsVector::default()];
    assert!(matches!(Grid::new([1; 3], at, flat, [1.0; 3]), Err(GridError::NotFinite)));
}

#[test]
fn bounds_include_the_half_voxels() {
    let grid = Grid::axis_aligned([10, 1, 1], LpsPoint::new(0.0, 0.0, 0.0), [2.0, 3.0, 4.0]).unwrap();
    let (low, high) = grid.bounds();
    assert_eq!(low, LpsPoint::new(-1.0, -1.5, -2.0));
    assert_eq!(high, LpsPoint::new(19.0, 1.5, 2.0));
    assert_eq!(grid.centre(), LpsPoint::new(9.0, 0.0, 0.0));
}

#[test]
fn nearest_directions() {
    assert_eq!(PatientDirection::nearest(LpsVector::new(-0.9, 0.1, 0.3)), PatientDirection::Right);
    assert_eq!(PatientDirection::nearest(LpsVector::new(0.1, -0.9, 0.3)), PatientDirection::Anterior);
    assert_eq!(PatientDirection::nearest(LpsVector::new(0.1, 0.2, 0.3)), PatientDirection::Superior);
}

proptest! {
    #[test]
    fn there_and_back_is_the_same_place(
        angles in prop::array::uniform3(-3.0..3.0f64),
        spacing in prop::array::uniform3(0.1..6.0f64),
        origin in prop::array::uniform3(-500.0..500.0f64),
        at in prop::array::uniform3(-10.0..600.0f64),
    ) {
        let turn = DQuat::from_euler(glam::EulerRot::XYZ, angles[0], angles[1], angles[2]);
        let axes = [DVec3::X, DVec3::Y, DVec3::Z].map(|a| LpsVector(turn * a));
        let grid = Grid::new([7, 8, 9], LpsPoint(DVec3::from_array(origin)), axes, spacing).unwrap();
        let voxel = VoxelPoint(DVec3::from_array(at));
        let back = grid.to_voxel(grid.to_patient(voxel));
        prop_assert!(back.0.distance(voxel.0) < 1e-8);
        prop_assert!(grid.is_right_handed());
        let json = serde_json::to_string(&grid).unwrap();
        let read: Grid = serde_json::from_str(&json).unwrap();
        prop_assert!(read.coincides(&grid, Mm(1e-9)));
    }
}
