//! A uniform grid of triangles, for the nearest point of a mesh.

use glam::DVec3;

use crate::Mesh;
use crate::triangle::closest_point;

/// The most bins, so that a few small triangles in a large box do not take all memory.
const MOST_BINS: u64 = 8_000_000;

pub(super) struct Bins {
    low: DVec3,
    size: f64,
    counts: [usize; 3],
    /// Where each bin's triangles begin; one more at the end.
    first: Vec<u32>,
    triangles: Vec<u32>,
}

/// Bins: the first, and one after the last, along each axis.
type Range = ([usize; 3], [usize; 3]);

fn count((from, to): Range) -> u64 {
    (0..3).map(|axis| to[axis].saturating_sub(from[axis]) as u64).product()
}

impl Bins {
    /// Sorts the triangles of a mesh that is not empty into cubes about two triangles wide.
    pub(super) fn new(mesh: &Mesh) -> Self {
        let (low, high) = mesh.bounds().map_or((DVec3::ZERO, DVec3::ZERO), |(low, high)| (low.0, high.0));
        let area: f64 = mesh
            .triangles()
            .iter()
            .map(|&t| {
                let [a, b, c] = mesh.corners(t);
                (b - a).cross(c - a).length() / 2.0
            })
            .sum();
        let extent = high - low;
        let mean = area / mesh.triangles().len().max(1) as f64;
        let least = extent.max_element().max(1e-6) * 1e-3;
        let size = (2.0 * (2.0 * mean).sqrt()).max(least);
        let mut bins = Self { low, size, counts: [1; 3], first: Vec::new(), triangles: Vec::new() };
        // Wider bins until neither they nor long triangles in many of them take all memory.
        loop {
            bins.counts = ((extent / bins.size).floor() + 1.0).to_array().map(|n| n as usize);
            let entries: u64 = mesh.triangles().iter().map(|&t| bins.reach(mesh, t)).map(count).sum();
            let few = entries <= 16 * mesh.triangles().len() as u64 + MOST_BINS;
            if few && count(([0; 3], bins.counts)) <= MOST_BINS {
                break;
            }
            bins.size *= 1.5;
        }
        let mut first = vec![0u32; count(([0; 3], bins.counts)) as usize + 1];
        for &t in mesh.triangles() {
            bins.for_each(bins.reach(mesh, t), |bin| first[bin] += 1);
        }
        let mut sum = 0;
        for count in &mut first {
            sum += *count;
            *count = sum;
        }
        let mut triangles = vec![0; sum as usize];
        for (n, &t) in mesh.triangles().iter().enumerate() {
            bins.for_each(bins.reach(mesh, t), |bin| {
                first[bin] -= 1;
                triangles[first[bin] as usize] = n as u32;
            });
        }
        Self { first, triangles, ..bins }
    }

    /// The distance from `p` to the nearest point of the mesh.
    pub(super) fn distance(&self, mesh: &Mesh, p: DVec3) -> f64 {
        let mut radius = self.size / 4.0;
        loop {
            let range = self.range(p - radius, p + radius);
            let mut best = f64::INFINITY;
            self.for_each(range, |bin| {
                for &n in &self.triangles[self.first[bin] as usize..self.first[bin + 1] as usize] {
                    let corners = mesh.corners(mesh.triangles()[n as usize]);
                    best = best.min(closest_point(p, corners).distance_squared(p));
                }
            });
            let everything = range.0 == [0; 3] && range.1 == self.counts;
            if best <= radius * radius || everything {
                return best.sqrt();
            }
            radius *= 2.0;
        }
    }

    /// The bins that a box touches. None where it lies beyond all.
    fn range(&self, low: DVec3, high: DVec3) -> Range {
        // A conversion to usize takes what is negative to 0.
        let from = ((low - self.low) / self.size).floor();
        let to = ((high - self.low) / self.size).floor() + 1.0;
        (from.to_array().map(|n| n as usize), std::array::from_fn(|axis| (to[axis] as usize).min(self.counts[axis])))
    }

    /// The bins that the box of a triangle touches.
    fn reach(&self, mesh: &Mesh, triangle: [u32; 3]) -> Range {
        let [a, b, c] = mesh.corners(triangle);
        self.range(a.min(b).min(c), a.max(b).max(c))
    }

    fn for_each(&self, (from, to): Range, mut visit: impl FnMut(usize)) {
        for k in from[2]..to[2] {
            for j in from[1]..to[1] {
                for i in from[0]..to[0] {
                    visit(i + self.counts[0] * (j + self.counts[1] * k));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn point() -> impl Strategy<Value = [f32; 3]> {
        [-30f32..30.0, -8f32..8.0, 100f32..101.0]
    }

    proptest! {
        #[test]
        fn the_nearest_of_all(corners in proptest::collection::vec(point(), 3..120), p in point(), far in 0.1..20.0f64) {
            let triangles = (0..corners.len() as u32 / 3).map(|n| [3 * n, 3 * n + 1, 3 * n + 2]).collect();
            let mesh = Mesh::new(corners, triangles).unwrap();
            let p = crate::mesh::position(p) * far;
            let nearest = mesh.triangles().iter().map(|&t| closest_point(p, mesh.corners(t)).distance(p)).fold(f64::INFINITY, f64::min);
            prop_assert!((Bins::new(&mesh).distance(&mesh, p) - nearest).abs() < 1e-9);
        }
    }
}
