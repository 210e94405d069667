//! Snapping a point to what it was meant for: a surface, an edge of the image, a centreline.

use fabrica_geometry::{LpsPoint, LpsVector, Mm, VoxelPoint};
use fabrica_volume::Volume;
use glam::DVec3;

use crate::centreline::Centreline;
use crate::{Border, MeasureError};

/// The nearest point of any of these borders: which one, and where.
///
/// # Errors
/// When there is none within the distance.
pub fn snap_to_surface(borders: &[&Border], to: LpsPoint, within: Mm) -> Result<(usize, LpsPoint), MeasureError> {
    let all = borders.iter().enumerate().filter_map(|(n, border)| Some((n, border.nearest(to, within)?)));
    all.min_by(|a, b| a.1.distance(to).0.total_cmp(&b.1.distance(to).0))
        .ok_or(MeasureError::NothingToSnapTo { what: "surface", within })
}

/// The nearest point of a centreline.
///
/// # Errors
/// When there is none within the distance.
pub fn snap_to_centreline(line: &Centreline, to: LpsPoint, within: Mm) -> Result<LpsPoint, MeasureError> {
    let found = line.nearest(to).map(|(_, _, at)| at).filter(|at| at.distance(to) <= within);
    found.ok_or(MeasureError::NothingToSnapTo { what: "centreline", within })
}

/// The steepest place of the image near a point: along the direction in which the values change most there, within the
/// distance to either side, where they change fastest, to a fraction of a voxel.
///
/// # Errors
/// When the point lies outside the scan, or nothing changes there, or fastest at the end of what was looked at.
pub fn snap_to_edge(volume: &Volume, to: LpsPoint, within: Mm) -> Result<LpsPoint, MeasureError> {
    let nothing = MeasureError::NothingToSnapTo { what: "edge", within };
    let Some(slope) = slope(volume, to) else { return Err(MeasureError::Outside { at: to }) };
    let Some(direction) = slope.0.try_normalize() else { return Err(nothing) };
    let step = volume.grid().finest_spacing().0 / 4.0;
    let count = (within.0 / step).floor() as i64;
    let steepness = |n: i64| {
        let at = LpsPoint(to.0 + direction * (n as f64 * step));
        self::slope(volume, at).map_or(f64::NEG_INFINITY, |s| s.0.length())
    };
    let all: Vec<f64> = (-count..=count).map(steepness).collect();
    // Of equally steep places the nearest.
    let best = (0..all.len()).max_by(|&a, &b| {
        let away = |n: usize| (n as i64 - count).abs();
        all[a].total_cmp(&all[b]).then(away(b).cmp(&away(a)))
    });
    let Some(best) = best.filter(|&n| n > 0 && n + 1 < all.len() && all[n] > 0.0) else { return Err(nothing) };
    // The top of the parabola through the steepest and its neighbours.
    let (before, here, after) = (all[best - 1], all[best], all[best + 1]);
    let bend = before - 2.0 * here + after;
    let part = if bend < 0.0 { ((before - after) / (2.0 * bend)).clamp(-0.5, 0.5) } else { 0.0 };
    Ok(LpsPoint(to.0 + direction * ((best as i64 - count) as f64 + part) * step))
}

/// How the image's values grow, a millimetre, from differences over two voxels.
fn slope(volume: &Volume, at: LpsPoint) -> Option<LpsVector> {
    let grid = volume.grid();
    let p = grid.to_voxel(at).0;
    let mut slope = DVec3::ZERO;
    for axis in 0..3 {
        let step = DVec3::AXES[axis];
        let change = volume.interpolate(VoxelPoint(p + step))? - volume.interpolate(VoxelPoint(p - step))?;
        slope += grid.axis(axis).0 * (change / (2.0 * grid.spacing()[axis]));
    }
    Some(LpsVector(slope))
}
