//! The union of balls, and its surface.

use std::collections::HashMap;

use fabrica_geometry::{Grid, LpsPoint, Mm};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, surface_of_mask, surface_of_mask_placed};
use fabrica_volume::Mask;
use glam::{DVec3, I64Vec3, Vec3};
use rayon::prelude::*;

use crate::MeshError;
use crate::remesh::{step_for, untangle};

/// Rounds in which the corners of facets are evened out: slivers on a ball are tilted by far more than their size says.
const EVENED: usize = 3;

#[derive(Clone, Copy, Debug)]
struct Ball {
    middle: DVec3,
    radius: f64,
    /// The radius that was asked of it, and the greatest that it may have.
    asked: f64,
    most: f64,
    /// The thickness of the wall that it is for.
    wall: f64,
}

impl Ball {
    /// How far a point lies outside; negative inside.
    fn distance(&self, p: DVec3) -> f64 {
        self.middle.distance(p) - self.radius
    }
}

/// Balls, by where their middles lie: in cubes as wide as the greatest radius.
pub(crate) struct Balls {
    greatest: f64,
    cubes: HashMap<I64Vec3, Vec<Ball>>,
    bounds: [DVec3; 2],
}

impl Balls {
    pub(crate) fn new(greatest: f64) -> Self {
        Self { greatest, cubes: HashMap::new(), bounds: [DVec3::INFINITY, DVec3::NEG_INFINITY] }
    }

    fn cube(&self, p: DVec3) -> I64Vec3 {
        (p / self.greatest).floor().as_i64vec3()
    }

    /// Adds a ball of a radius that may grow to `most`, no larger than the greatest, for a wall of some thickness.
    pub(crate) fn add(&mut self, middle: DVec3, [radius, most]: [f64; 2], wall: f64) {
        let most = most.min(self.greatest);
        self.cubes.entry(self.cube(middle)).or_default().push(Ball { middle, radius, asked: radius, most, wall });
        self.bounds = [self.bounds[0].min(middle - self.greatest), self.bounds[1].max(middle + self.greatest)];
    }

    /// The balls that may hold a point.
    fn near(&self, p: DVec3) -> impl Iterator<Item = &Ball> + '_ {
        let cube = self.cube(p);
        let beside = (0..27).map(move |n| cube + I64Vec3::new(n % 3, n / 3 % 3, n / 9) - 1);
        beside.filter_map(|cube| self.cubes.get(&cube)).flatten()
    }

    /// Asks of the balls whose surface is as near to a point as `near` to be larger by so much, as far as they may: the next
    /// surface has them so. Returns whether any can be.
    pub(crate) fn ask(&mut self, p: DVec3, near: f64, by: f64) -> bool {
        let cube = self.cube(p);
        let mut any = false;
        for n in 0..27 {
            let Some(balls) = self.cubes.get_mut(&(cube + I64Vec3::new(n % 3, n / 3 % 3, n / 9) - 1)) else { continue };
            for ball in balls.iter_mut().filter(|ball| ball.distance(p).abs() < near && ball.radius < ball.most) {
                ball.asked = ball.asked.max((ball.radius + by).min(ball.most));
                any = true;
            }
        }
        any
    }

    /// Makes balls as large as was asked.
    pub(crate) fn grow(&mut self) {
        for ball in self.cubes.values_mut().flatten() {
            ball.radius = ball.radius.max(ball.asked);
        }
    }

    /// Whether a point lies deeper than so much under the surface of a ball for a wall of at least some thickness.
    pub(crate) fn covers(&self, p: DVec3, deeper: f64, wall: f64) -> bool {
        self.near(p).any(|ball| ball.wall >= wall && ball.distance(p) < -deeper)
    }

    /// The surface on a grid as fine as asked for, each vertex on a ball.
    pub(crate) fn surface(&self, step: Mm, progress: &Progress) -> Result<Mesh, MeshError> {
        let [low, high] = self.bounds;
        let whole = step_for(low, high, step).0;
        // Half of five quarters of a power of two is as exact.
        let step = if 1.25 * whole <= step.0 { 1.25 * whole } else { whole };
        let origin = ((low / step).floor() - 2.0) * step;
        let dims = ((high - origin) / step).ceil().to_array().map(|n| n as usize + 3);
        let grid = Grid::axis_aligned(dims, LpsPoint(origin), [step; 3])
            .map_err(|e| MeshError::Failed { step: "the union of balls", why: e.to_string() })?;
        // Balls by the rows that they may pass.
        let tile = |y: f64, z: f64| [y, z].map(|v| (v / self.greatest).floor() as i64);
        let mut tiles: HashMap<[i64; 2], Vec<Ball>> = HashMap::new();
        for ball in self.cubes.values().flatten() {
            tiles.entry(tile(ball.middle.y, ball.middle.z)).or_default().push(*ball);
        }
        let mask = Mask::from_rows(grid, |j, k, words| {
            if progress.is_cancelled() {
                return;
            }
            let (y, z) = (origin.y + step * j as f64, origin.z + step * k as f64);
            let [b, c] = tile(y, z);
            let near = (0..9).filter_map(|n| tiles.get(&[b + n % 3 - 1, c + n / 3 - 1])).flatten();
            for Ball { middle: c, radius, .. } in near {
                let left = radius * radius - (c.y - y).powi(2) - (c.z - z).powi(2);
                if left <= 0.0 {
                    continue;
                }
                let from = ((c.x - left.sqrt() - origin.x) / step).ceil().max(0.0) as usize;
                let to = ((c.x + left.sqrt() - origin.x) / step).floor().max(0.0) as usize;
                (from..=to.min(dims[0] - 1)).for_each(|i| words[i / 64] |= 1 << (i % 64));
            }
        });
        progress.check()?;
        let affine = mask.grid().voxel_to_patient();
        let at = |n: usize| affine.transform_point3(DVec3::from_array(mask.grid().position(n).map(|c| c as f64)));
        let fraction = |inside: usize, outside: usize| {
            let (from, to) = (at(inside), at(outside));
            let along = (to - from) / step;
            // The farthest at which a ball that holds some of the way is left.
            let left = self.near(from).filter_map(|ball| {
                let to = ball.middle - from;
                let middle = to.dot(along);
                let half = ball.radius * ball.radius - to.length_squared() + middle * middle;
                (half > 0.0).then(|| middle + half.sqrt())
            });
            left.filter(|t| *t <= step).fold(0.0, f64::max) / step
        };
        let placed = surface_of_mask_placed(&mask, fraction, progress)?;
        let middle = surface_of_mask(&mask, progress)?;
        let evened = self.evened(placed.clone(), progress)?;
        let safe = untangle(placed, &middle, progress)?;
        untangle(evened, &safe, progress)
    }

    /// Moves each vertex half way to the mean of those around it and back onto the balls, a few times.
    fn evened(&self, mesh: Mesh, progress: &Progress) -> Result<Mesh, MeshError> {
        let (vertices, triangles) = mesh.into_parts();
        let mut at: Vec<DVec3> = vertices.iter().map(|v| Vec3::from_array(*v).as_dvec3()).collect();
        for _ in 0..EVENED {
            progress.check()?;
            let mut around = vec![(DVec3::ZERO, 0.0); at.len()];
            for &[a, b, c] in &triangles {
                let [p, q, r] = [a, b, c].map(|v| at[v as usize]);
                for (v, sum) in [(a, q + r), (b, r + p), (c, p + q)] {
                    let (all, count) = &mut around[v as usize];
                    *all += sum;
                    *count += 2.0;
                }
            }
            at.par_iter_mut().zip(around).filter(|(_, (_, count))| *count > 0.0).for_each(|(p, (sum, count))| {
                *p = self.onto(p.lerp(sum / count, 0.5));
            });
        }
        Ok(Mesh::new(at.iter().map(|p| p.as_vec3().to_array()).collect(), triangles)?)
    }

    /// A place next to the surface moved onto it: away from the middle that is nearest.
    fn onto(&self, p: DVec3) -> DVec3 {
        const TRIES: usize = 2;
        let mut p = p;
        for _ in 0..TRIES {
            let nearest = self.near(p).min_by(|a, b| a.distance(p).total_cmp(&b.distance(p)));
            let onto = |ball: &Ball| (p - ball.middle).try_normalize().map(|along| ball.middle + along * ball.radius);
            let Some(outward) = nearest.and_then(onto) else { break };
            let moved = outward.distance(p);
            p = outward;
            if moved < 1e-4 {
                break;
            }
        }
        p
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::corners;
    use fabrica_surface::check;

    #[test]
    fn the_surface_of_two_balls_lies_on_them() {
        let centres = [DVec3::new(10.0, -3.0, 2.0), DVec3::new(10.9, -3.2, 2.3)];
        let mut balls = Balls::new(0.79);
        centres.iter().for_each(|c| balls.add(*c, [0.79; 2], 1.0));
        let mesh = balls.surface(Mm(0.125), &Progress::new()).unwrap();
        let report = check(&mesh, &Progress::new()).unwrap();
        assert!(report.is_solid() && report.components == 1);
        for v in mesh.vertices() {
            let p = DVec3::new(v[0].into(), v[1].into(), v[2].into());
            let nearest = centres.iter().map(|c| c.distance(p)).fold(f64::INFINITY, f64::min);
            assert!((nearest - 0.79).abs() < 2e-3, "{nearest}");
        }
        // No sliver: a facet 0.15 mm wide may be tilted by 0.2 against the ball of 0.79 mm under its middle, a sliver by anything.
        for t in 0..mesh.triangles().len() as u32 {
            let [a, b, c] = corners(&mesh, t);
            let (normal, middle) = ((b - a).cross(c - a).normalize(), (a + b + c) / 3.0);
            let (to_first, to_second) = (middle.distance(centres[0]), middle.distance(centres[1]));
            let under = if to_first < to_second { centres[0] } else { centres[1] };
            let beside_crease = (to_first - to_second).abs() < 0.2;
            assert!(beside_crease || normal.dot((middle - under).normalize()) > 0.25f64.cos(), "{middle}");
        }
        // On the line between the middles, and beyond both.
        assert!(balls.covers(centres[0], 0.5, 1.0) && balls.covers(centres[0].lerp(centres[1], 0.5), 0.1, 0.0));
        assert!(!balls.covers(centres[1] + DVec3::X * 0.75, 0.1, 0.0) && !balls.covers(centres[0], 0.5, 1.1));
    }
}
