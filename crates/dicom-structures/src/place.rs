//! Frames onto the scan's voxels.

use fabrica_geometry::Grid;
use fabrica_progress::{Cancelled, Progress};
use fabrica_volume::Mask;
use glam::DVec3;

use crate::pixels::Pixels;
use crate::plane::{OnGrid, Plane};
use crate::slabs::Slabs;

/// A segment's frames whose pixels are voxels of the scan. Also counts the pixels that lie outside it.
pub(crate) fn exactly(
    scan: &Grid,
    pixels: &Pixels,
    frames: &[(usize, OnGrid)],
    segment: u16,
    progress: &Progress,
) -> Result<(Mask, usize), Cancelled> {
    let mut mask = Mask::empty(scan.clone());
    let dims = scan.dims();
    let mut outside = 0;
    for &(frame, on_grid) in frames {
        progress.check()?;
        for row in 0..pixels.rows {
            pixels.for_each_inside(frame, row, segment, |column| {
                let voxel = on_grid.voxel(column, row);
                if (0..3).all(|a| voxel[a] >= 0 && (voxel[a] as usize) < dims[a]) {
                    mask.set(voxel.map(|v| v as usize), true);
                } else {
                    outside += 1;
                }
            });
        }
    }
    Ok((mask, outside))
}

/// A segment's frames onto another grid: a voxel takes the pixel nearest to its centre in the frame nearest to it,
/// within half the `distance` between frames.
pub(crate) fn nearest(
    scan: &Grid,
    pixels: &Pixels,
    frames: &[(usize, Plane)],
    distance: f64,
    segment: u16,
    progress: &Progress,
) -> Result<Mask, Cancelled> {
    let Some((_, reference)) = frames.first() else { return Ok(Mask::empty(scan.clone())) };
    let Some(normal) = reference.normal() else { return Ok(Mask::empty(scan.clone())) };
    let positions: Vec<f64> = frames.iter().map(|(_, plane)| plane.origin.dot(normal)).collect();
    let slabs = Slabs::new(&positions, distance);
    let members: Vec<&[usize]> = slabs.members().collect();
    let to_patient = scan.voxel_to_patient();
    let nx = scan.dims()[0];
    let mask = Mask::from_rows(scan.clone(), |j, k, words| {
        if progress.is_cancelled() {
            return;
        }
        for i in 0..nx {
            let at = to_patient.transform_point3(DVec3::new(i as f64, j as f64, k as f64));
            let Some(slab) = slabs.at(at.dot(normal)) else { continue };
            let inside = members[slab].iter().any(|&n| {
                let (frame, plane) = frames[n];
                let from = at - plane.origin;
                let column = (from.dot(plane.column_step) / plane.column_step.length_squared()).round();
                let row = (from.dot(plane.row_step) / plane.row_step.length_squared()).round();
                let within = |v: f64, n: usize| v >= 0.0 && v < n as f64;
                within(column, pixels.columns)
                    && within(row, pixels.rows)
                    && pixels.inside(frame, column as usize, row as usize, segment)
            });
            words[i / 64] |= u64::from(inside) << (i % 64);
        }
    });
    progress.check()?;
    Ok(mask)
}
