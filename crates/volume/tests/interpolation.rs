//! Interpolated values against hand-computed truth.

use fabrica_geometry::{Grid, LpsPoint, VoxelPoint};
use fabrica_volume::{Samples, ValueUnit, Volume, VolumeError};

#[test]
fn a_linear_field_is_interpolated_exactly() {
    let grid = Grid::axis_aligned([3, 4, 5], LpsPoint::default(), [1.0; 3]).unwrap();
    let samples = (0..grid.len()).map(|n| {
        let [i, j, k] = grid.position(n);
        (i + 10 * j + 100 * k) as i16
    });
    let volume = Volume::new(grid.clone(), Samples::I16(samples.collect()), ValueUnit::Hounsfield).unwrap();
    assert_eq!(volume.interpolate(VoxelPoint::new(0.5, 1.25, 2.0)), Some(0.5 + 12.5 + 200.0));
    assert_eq!(volume.interpolate(VoxelPoint::new(-0.5, 0.0, 0.0)), Some(0.0));
    assert_eq!(volume.interpolate(VoxelPoint::new(-0.51, 0.0, 0.0)), None);
    assert_eq!(volume.value([2, 3, 4]), Some(432.0));
    assert_eq!(volume.value([3, 0, 0]), None);
    assert_eq!(volume.range(), (0.0, 432.0));
}

#[test]
fn wrong_length_is_refused() {
    let grid = Grid::axis_aligned([2, 2, 2], LpsPoint::default(), [1.0; 3]).unwrap();
    let error = Volume::new(grid, Samples::U8(vec![0; 7]), ValueUnit::Arbitrary).unwrap_err();
    assert_eq!(error, VolumeError::SampleCount { grid: 8, samples: 7 });
}
