//! Bodies that the field of view cuts.

use fabrica_geometry::PatientAxis;
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Volume};

use crate::SegmentError;
use crate::holes::nearest_axis;

/// Border pixels to either side, and pixels inwards, over which values are averaged: air is noisy.
const ALONG: usize = 3;
const INWARDS: usize = 3;

/// The body with the border of each axial slice closed where the field of view cuts through lung: stretches of the border
/// that lie between two stretches of the body and are, on average, at least `lower` (lung is about -850 HU, air -1000).
/// What they enclose can then be filled. Stretches of anything else stay open.
///
/// Works on axial scans; others come back unchanged.
///
/// # Errors
/// When cancelled.
pub fn close_border(body: &Mask, volume: &Volume, lower: f64, progress: &Progress) -> Result<Mask, SegmentError> {
    let mut closed = body.clone();
    let [nx, ny, nz] = body.grid().dims();
    if nearest_axis(body.grid(), PatientAxis::InferiorSuperior) != 2 || nx < 2 || ny < 2 {
        return Ok(closed);
    }
    let ring = ring(nx, ny);
    for k in 0..nz {
        progress.check()?;
        let of_body: Vec<bool> = ring.iter().map(|&([i, j], _)| body.get([i, j, k])).collect();
        // Without any body, nothing is cut; else the walk begins where there is some.
        let Some(first) = of_body.iter().position(|b| *b) else { continue };
        let mean = |n: usize| {
            let values = (0..=2 * ALONG).flat_map(|d| {
                let ([i, j], [di, dj]) = ring[(n + ring.len() + d - ALONG) % ring.len()];
                (0..INWARDS).filter_map(move |s| {
                    volume.value([i.wrapping_add_signed(di * s as isize), j.wrapping_add_signed(dj * s as isize), k])
                })
            });
            let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
            sum / f64::max(count, 1.0)
        };
        let mut stretch: Vec<usize> = Vec::new();
        for n in (first..=first + ring.len()).map(|n| n % ring.len()) {
            if !of_body[n] {
                stretch.push(n);
                continue;
            }
            if stretch.iter().all(|&n| mean(n) >= lower) {
                stretch.iter().for_each(|&n| closed.set([ring[n].0[0], ring[n].0[1], k], true));
            }
            stretch.clear();
        }
    }
    Ok(closed)
}

/// The pixels around a slice, one after the other, each with the direction inwards.
fn ring(nx: usize, ny: usize) -> Vec<([usize; 2], [isize; 2])> {
    let top = (0..nx).map(|i| ([i, 0], [0, 1]));
    let right = (1..ny).map(|j| ([nx - 1, j], [-1, 0]));
    let bottom = (0..nx - 1).rev().map(|i| ([i, ny - 1], [0, -1]));
    let left = (1..ny - 1).rev().map(|j| ([0, j], [1, 0]));
    top.chain(right).chain(bottom).chain(left).collect()
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::{Grid, LpsPoint};
    use fabrica_volume::{Samples, ValueUnit};

    use super::*;

    /// A slice whose left half is cut: wall, lung, wall along the left border; air elsewhere.
    fn cut(beside: i16) -> (Volume, Mask) {
        let grid = Grid::axis_aligned([30, 40, 1], LpsPoint::default(), [1.0; 3]).unwrap();
        let value = |n: usize| match (n % 30, n / 30) {
            (0..20, 5..8 | 32..35) => 40,
            (17..20, 8..32) => 40,
            (0..17, 8..32) => beside,
            _ => -1000,
        };
        let values: Vec<i16> = (0..grid.len()).map(value).collect();
        let body = Mask::from_fn(grid.clone(), |n| values[n] == 40);
        (Volume::new(grid, Samples::I16(values), ValueUnit::Hounsfield).unwrap(), body)
    }

    #[test]
    fn lung_is_closed_and_air_is_not() {
        let (volume, body) = cut(-850);
        let closed = close_border(&body, &volume, -940.0, &Progress::new()).unwrap();
        assert_eq!(closed.count(), body.count() + 24, "the border between the walls");
        let (volume, body) = cut(-1000);
        assert_eq!(close_border(&body, &volume, -940.0, &Progress::new()).unwrap(), body);
    }
}
