//! Centrelines of vessels, with branches.
//!
//! 1. **Skeleton** (`skeleton.rs`): in the largest island of the mask, paths of least cost from the far end to all
//!    others, where a step costs its length over the fourth power of the distance to the border, so that paths run along
//!    the middle; the longest first, then whatever is left uncovered by it, in turn (after TEASAR: Sato et al.,
//!    "TEASAR: tree-structure extraction algorithm for accurate and robust skeletons", Pacific Graphics 2000). Ends that
//!    bend into a corner are cut off.
//! 2. **Line** (`line.rs`): spaced evenly, smoothed, and drawn to the centres of the vessel's own cross sections, twice;
//!    then led on straight to the end of the vessel.

mod line;
mod skeleton;

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_plan::CentrelinePoint;
use fabrica_progress::Progress;

use crate::{Border, MeasureError};

/// One unbranched course of a centreline.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// The branch that it comes from; none for the main one.
    pub parent: Option<usize>,
    /// Its points, evenly spaced by about half the finest voxel spacing.
    pub points: Vec<CentrelinePoint>,
    /// The radius of the largest ball within the vessel at each point, to about a voxel.
    pub radii: Vec<Mm>,
}

/// A vessel's centreline: the main branch first, each other after the one that it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Centreline {
    /// The branches.
    pub branches: Vec<Branch>,
    /// The share of the structure's voxels that do not hang together with the largest part, and were left out.
    pub left_out: f64,
}

impl Centreline {
    /// The centreline of a structure, from the end that lies nearest to `from`, or from its wider end.
    ///
    /// # Errors
    /// When it is too small to have one (shorter than wide), or the user cancels.
    pub fn of(border: &Border, from: Option<LpsPoint>, progress: &Progress) -> Result<Self, MeasureError> {
        progress.stage(format!("finding the centreline of {}", border.name()));
        let skeleton = skeleton::skeleton(border, from, progress)?;
        let mut branches = Vec::new();
        for path in &skeleton.paths {
            progress.check()?;
            let line = line::refine(border, path, progress)?;
            branches.push(line);
        }
        if branches.first().is_none_or(|b| b.points.len() < 5) {
            let why = "it is not longer than wide, as a vessel is".to_owned();
            return Err(MeasureError::NoCentreline { structure: border.name().into(), why });
        }
        Ok(Self { branches, left_out: skeleton.left_out })
    }

    /// The nearest point of the centreline: its branch, its number there, and itself.
    pub fn nearest(&self, to: LpsPoint) -> Option<(usize, usize, LpsPoint)> {
        let all = self.branches.iter().enumerate();
        let pairs = all.flat_map(|(b, branch)| branch.points.windows(2).enumerate().map(move |(n, pair)| (b, n, pair)));
        let found = pairs.filter_map(|(b, n, pair)| {
            let [a, c] = pair else { return None };
            let way = c.at - a.at;
            let t = ((to - a.at).0.dot(way.0) / way.0.length_squared().max(1e-12)).clamp(0.0, 1.0);
            Some((b, n, a.at + way * t))
        });
        found.min_by(|a, b| a.2.distance(to).0.total_cmp(&b.2.distance(to).0))
    }

    /// The way along the centreline between the places nearest to two points. Nothing when there is no centreline.
    pub fn between(&self, ends: [LpsPoint; 2]) -> Option<Vec<LpsPoint>> {
        let [first, second] = ends.map(|p| self.nearest(p));
        let (first, second) = (first?, second?);
        // Each way down to the main branch's start; what both have at the end of it is not walked.
        let mut down = self.down(first);
        let mut other = self.down(second);
        let mut last = None;
        while let (Some(a), Some(b)) = (down.last(), other.last())
            && a.distance(*b).0 < 1e-9
        {
            last = down.pop();
            other.pop();
        }
        if down.len() == 1 || other.len() == 1 {
            // One end lies on the other's way: that way comes to it from its other side.
            last = None;
        }
        down.extend(last);
        down.extend(other.into_iter().rev());
        Some(down)
    }

    /// From a place on a branch back to the main branch's start.
    fn down(&self, (branch, point, at): (usize, usize, LpsPoint)) -> Vec<LpsPoint> {
        let mut way = vec![at];
        let (mut branch, mut point) = (branch, point);
        loop {
            let here = &self.branches[branch];
            way.extend(here.points[..=point].iter().rev().map(|p| p.at));
            let Some(parent) = here.parent else { return way };
            let start = here.points[0].at;
            let on_parent = self.branches[parent].points.iter().enumerate();
            let nearest = on_parent.min_by(|a, b| a.1.at.distance(start).0.total_cmp(&b.1.at.distance(start).0));
            branch = parent;
            point = nearest.map_or(0, |(n, _)| n);
        }
    }
}

impl Branch {
    /// Its length.
    pub fn length(&self) -> Mm {
        self.points.last().map_or(Mm(0.0), |p| p.along)
    }

    /// The direction at a point, of unit length, from the points within 0.7 of the radius, at least three, to both sides.
    pub fn direction(&self, point: usize) -> Option<LpsVector> {
        let step = self.points.get(1)?.along.0;
        let radius = self.radii.get(point)?.0;
        let reach = ((0.7 * radius / step) as usize).max(3);
        let last = self.points.len() - 1;
        let (from, to) = (point.saturating_sub(reach), (point + reach).min(last));
        // Near an end, the same to both sides, so that a bend does not tilt it.
        let even = (point - from).min(to - point).max(2);
        let (from, to) = (point.saturating_sub(even), (point + even).min(last));
        let way = self.points.get(to)?.at - self.points.get(from)?.at;
        way.0.try_normalize().map(LpsVector)
    }
}
