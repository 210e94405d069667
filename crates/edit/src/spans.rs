//! Runs of bits, and which voxels a swept ball covers.
//!
//! # The same bits on every machine
//! Only `+ - * /`, `sqrt`, `floor`, `ceil` and comparisons of `f64` decide, in a fixed order. IEEE 754 fixes the result
//! of each to the last bit; Rust neither fuses nor reorders them. Nothing here calls a library of transcendental
//! functions (`powi`, `exp`, `sin` differ between systems), and no sum depends on how work is divided.

use fabrica_geometry::{Grid, LpsPoint};
use glam::DVec3;

/// Processors whose `f64` is not that of IEEE 754 would decide otherwise (Intel's 387).
#[cfg(all(target_arch = "x86", not(target_feature = "sse2")))]
compile_error!("strokes need IEEE 754 arithmetic: build for a processor with SSE2");

/// A squared distance counts as within the radius up to this factor, so that a voxel exactly on the ball belongs
/// whatever the rounding.
const ON_THE_BALL: f64 = 1.0 + 1e-9;

/// Voxels `start..end` of row (j, k).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub start: usize,
    pub end: usize,
    pub j: usize,
    pub k: usize,
}

/// Calls `at(word, bits)` for each word that `start..end` touches.
#[inline]
pub(crate) fn for_each_word(start: usize, end: usize, mut at: impl FnMut(usize, u64)) {
    if start >= end {
        return;
    }
    let (first, last) = (start / 64, (end - 1) / 64);
    for word in first..=last {
        let from = if word == first { start % 64 } else { 0 };
        let to = if word == last { (end - 1) % 64 + 1 } else { 64 };
        at(word, (u64::MAX << from) & (u64::MAX >> (64 - to)));
    }
}

/// Positions in millimetres along the grid's own axes, from the centre of its first voxel.
pub(crate) struct Frame {
    affine: glam::DAffine3,
    pub spacing: DVec3,
    dims: [usize; 3],
}

impl Frame {
    pub fn new(grid: &Grid) -> Self {
        Self { affine: grid.patient_to_voxel(), spacing: DVec3::from_array(grid.spacing()), dims: grid.dims() }
    }

    pub fn place(&self, point: LpsPoint) -> DVec3 {
        self.affine.transform_point3(point.0) * self.spacing
    }

    /// The first voxel at or after a place along an axis, and one after the last at or before another.
    #[inline]
    pub fn range(&self, axis: usize, low: f64, high: f64) -> (usize, usize) {
        let n = self.dims[axis] as f64;
        let start = (low / self.spacing[axis]).ceil().clamp(0.0, n);
        let end = ((high / self.spacing[axis]).floor() + 1.0).clamp(0.0, n);
        // Not a number becomes 0.
        (start as usize, end as usize)
    }
}

/// The voxels whose centres lie within `radius` of the line from `a` to `b` (places in the frame; equal for a ball).
pub(crate) fn capsule(frame: &Frame, a: DVec3, b: DVec3, radius: f64, mut visit: impl FnMut(Span)) {
    let square = radius * radius * ON_THE_BALL;
    let reach = square.sqrt();
    let (low, high) = (a.min(b) - reach, a.max(b) + reach);
    let (j_range, k_range) = (frame.range(1, low.y, high.y), frame.range(2, low.z, high.z));
    let along = b - a;
    let length = along.x * along.x + along.y * along.y + along.z * along.z;
    for k in k_range.0..k_range.1 {
        let z = k as f64 * frame.spacing.z;
        for j in j_range.0..j_range.1 {
            let y = j as f64 * frame.spacing.y;
            let Some((from, to)) = crossing(a, b, along, length, square, y, z) else { continue };
            let (start, end) = frame.range(0, from, to);
            if start < end {
                visit(Span { start, end, j, k });
            }
        }
    }
}

/// Where the line along x at (y, z) lies within the capsule: the hull of its parts within the two balls and the tube,
/// since a capsule is convex.
#[inline]
fn crossing(a: DVec3, b: DVec3, along: DVec3, length: f64, square: f64, y: f64, z: f64) -> Option<(f64, f64)> {
    let mut found: Option<(f64, f64)> = None;
    let mut join = |low: f64, high: f64| {
        found = Some(found.map_or((low, high), |(l, h)| (l.min(low), h.max(high))));
    };
    for end in [a, b] {
        let (dy, dz) = (y - end.y, z - end.z);
        let rest = square - dy * dy - dz * dz;
        if rest >= 0.0 {
            let half = rest.sqrt();
            join(end.x - half, end.x + half);
        }
    }
    if length > 0.0
        && let Some((low, high)) = tube(a, along, length, square, y - a.y, z - a.z)
    {
        join(low, high);
    }
    found
}

/// Where the line along x at (dy, dz) from `a` lies within the tube around a -> a + along, between its ends.
#[inline]
fn tube(a: DVec3, along: DVec3, length: f64, square: f64, dy: f64, dz: f64) -> Option<(f64, f64)> {
    // With t along x from a.x: how far along the axis, as a share, is (across + t ux) / length, and the squared
    // distance from the axis is p t² - 2 q t + r + square.
    let across = dy * along.y + dz * along.z;
    let p = 1.0 - along.x * along.x / length;
    let q = across * along.x / length;
    let r = dy * dy + dz * dz - across * across / length - square;
    let (mut low, mut high) = if p > 1e-12 {
        let discriminant = q * q - p * r;
        if discriminant < 0.0 {
            return None;
        }
        let root = discriminant.sqrt();
        ((q - root) / p, (q + root) / p)
    } else if r <= 0.0 {
        (f64::NEG_INFINITY, f64::INFINITY)
    } else {
        return None;
    };
    if along.x == 0.0 {
        if !(0.0..=length).contains(&across) {
            return None;
        }
    } else {
        let (one, other) = (-across / along.x, (length - across) / along.x);
        low = low.max(one.min(other));
        high = high.min(one.max(other));
    }
    (low <= high).then_some((a.x + low, a.x + high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn distance_squared(p: DVec3, a: DVec3, b: DVec3) -> f64 {
        let along = b - a;
        let t = if along == DVec3::ZERO { 0.0 } else { ((p - a).dot(along) / along.length_squared()).clamp(0.0, 1.0) };
        p.distance_squared(a + along * t)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn a_capsule_is_all_within_the_radius(
            a in prop::array::uniform3(-2.0..14.0f64),
            b in prop::array::uniform3(-2.0..14.0f64),
            kind in 0..4,
            radius in 0.3..6.0f64,
        ) {
            let spacing = [0.7, 1.0, 2.5];
            let grid = Grid::axis_aligned([20, 13, 7], LpsPoint::new(0.0, 0.0, 0.0), spacing).unwrap();
            let a = DVec3::from_array(a);
            // Also balls, lines along the rows, and lines across them.
            let b = match kind {
                0 => a,
                1 => a.with_x(b[0]),
                2 => DVec3::from_array(b).with_x(a.x),
                _ => DVec3::from_array(b),
            };
            let mut found = vec![false; grid.len()];
            capsule(&Frame::new(&grid), a, b, radius, |s| {
                (s.start..s.end).for_each(|i| found[grid.index(i, s.j, s.k)] = true);
            });
            for (index, &found) in found.iter().enumerate() {
                let p = grid.position(index);
                let p = DVec3::from_array(std::array::from_fn(|n| p[n] as f64 * spacing[n]));
                let d = distance_squared(p, a, b) - radius * radius;
                // Right on the surface rounding may decide.
                if d.abs() > 1e-7 {
                    prop_assert_eq!(found, d < 0.0, "{:?} {}", p, d);
                }
            }
        }
    }
}
