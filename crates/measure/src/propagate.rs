//! How errors of points become errors of what is computed from them.
//!
//! The error of a set of points is a list of independent [`Displacement`]s, each of one standard deviation. What points
//! share (the same border drawn too far out) is one displacement that moves them all.
//!
//! A function of the points is evaluated with each displacement added and taken away √3 times. The first differences
//! give the variance that its slope makes, the second those that its bend makes (Stirling's interpolation: Nørgaard,
//! Poulsen and Ravn, "New developments in state estimation for nonlinear systems", Automatica 36, 2000, equations
//! 16 and 27): exact for quadratic functions of independent Gaussian errors but for mixed terms, where the GUM's law of
//! propagation (JCGM 100:2008, 5.1.2) is exact for linear ones only. That matters for what is short against its error.

use fabrica_geometry::{Grid, LpsPoint};
use fabrica_plan::{ErrorPart, ErrorSource};
use glam::DVec3;

use crate::Settings;

/// A displacement of some points by one standard deviation.
#[derive(Clone, Debug, PartialEq)]
pub struct Displacement {
    /// Where it comes from.
    pub source: ErrorSource,
    /// Which points it moves, by their index, and how far, in LPS mm.
    pub moves: Vec<(usize, DVec3)>,
}

/// The errors of a set of points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointErrors(pub Vec<Displacement>);

impl PointErrors {
    /// Adds a displacement of one point.
    pub fn add(&mut self, source: ErrorSource, point: usize, by: DVec3) {
        self.0.push(Displacement { source, moves: vec![(point, by)] });
    }

    /// Points put by hand on the voxels of an image: each lies anywhere within its voxel (a standard deviation of
    /// 1/√12 of the spacing along each axis), and the hand has its own error.
    pub fn picked(count: usize, grid: &Grid, settings: &Settings) -> Self {
        let mut errors = Self::default();
        for point in 0..count {
            errors.add_picked(point, grid, settings);
        }
        errors
    }

    /// As [`PointErrors::picked`], for one point.
    pub fn add_picked(&mut self, point: usize, grid: &Grid, settings: &Settings) {
        for axis in 0..3 {
            let within = grid.axis(axis).0 * (grid.spacing()[axis] / 12f64.sqrt());
            self.add(ErrorSource::Voxels, point, within);
            self.add(ErrorSource::Repeatability, point, grid.axis(axis).0 * settings.repeatability.0);
        }
    }
}

/// The error of `function` of the points, by source.
///
/// # Example
/// A distance of 3 mm whose ends are each uncertain by 0.3 mm along the line: √2 · 0.3 mm.
/// ```
/// use fabrica_geometry::LpsPoint;
/// use fabrica_measure::{PointErrors, propagate};
/// use fabrica_plan::ErrorSource;
/// let points = [LpsPoint::new(0.0, 0.0, 0.0), LpsPoint::new(3.0, 0.0, 0.0)];
/// let mut errors = PointErrors::default();
/// errors.add(ErrorSource::Voxels, 0, (0.3, 0.0, 0.0).into());
/// errors.add(ErrorSource::Voxels, 1, (0.3, 0.0, 0.0).into());
/// let parts = propagate(&points, &errors, |p| p[0].distance(p[1]).0);
/// assert!((parts[0].standard - 0.3 * 2f64.sqrt()).abs() < 1e-9);
/// ```
pub fn propagate(points: &[LpsPoint], errors: &PointErrors, function: impl Fn(&[LpsPoint]) -> f64) -> Vec<ErrorPart> {
    let centre = function(points);
    let mut moved = points.to_vec();
    let mut at = |displacement: &Displacement, times: f64| {
        moved.copy_from_slice(points);
        for &(point, by) in &displacement.moves {
            if let Some(p) = moved.get_mut(point) {
                p.0 += by * times;
            }
        }
        function(&moved)
    };
    let mut sums: Vec<(ErrorSource, f64, f64)> = Vec::new();
    for displacement in &errors.0 {
        let step = 3f64.sqrt();
        let (ahead, behind) = (at(displacement, step), at(displacement, -step));
        let (slope, bend) = (ahead - behind, ahead + behind - 2.0 * centre);
        let variance = slope * slope / 12.0 + bend * bend / 18.0;
        let bias = bend / 6.0;
        match sums.iter_mut().find(|(source, ..)| *source == displacement.source) {
            Some(sum) => {
                sum.1 += variance;
                sum.2 += bias;
            }
            None => sums.push((displacement.source, variance, bias)),
        }
    }
    sums.sort_by_key(|sum| sum.0);
    sums.into_iter()
        .map(|(source, variance, bias)| ErrorPart { source, standard: (variance + bias * bias).sqrt() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_points_share_adds_up_and_what_they_do_not_adds_in_squares() {
        let points = [LpsPoint::new(0.0, 0.0, 0.0), LpsPoint::new(10.0, 0.0, 0.0)];
        let length = |p: &[LpsPoint]| p[0].distance(p[1]).0;
        let outwards = vec![(0, DVec3::NEG_X * 0.4), (1, DVec3::X * 0.4)];
        let shared = PointErrors(vec![Displacement { source: ErrorSource::Segmentation, moves: outwards }]);
        assert!((propagate(&points, &shared, length)[0].standard - 0.8).abs() < 1e-9);
        let shifted = vec![(0, DVec3::X * 0.4), (1, DVec3::X * 0.4)];
        let shift = PointErrors(vec![Displacement { source: ErrorSource::Registration, moves: shifted }]);
        assert!(propagate(&points, &shift, length)[0].standard < 1e-12);
    }

    #[test]
    fn the_bend_counts_where_the_slope_is_nothing() {
        // x² at 0 for x of standard deviation 1: its mean is 1 and its variance 2, so that it errs by √3.
        let points = [LpsPoint::default()];
        let mut errors = PointErrors::default();
        errors.add(ErrorSource::Voxels, 0, DVec3::X);
        let parts = propagate(&points, &errors, |p| p[0].0.x * p[0].0.x);
        assert!((parts[0].standard - 3f64.sqrt()).abs() < 1e-12, "{parts:?}");
    }
}
