//! Walls no thinner than they may be, by material only where it is missing.

use std::collections::HashMap;

use fabrica_geometry::{Grid, LpsPoint, Mm, Mm3};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, check, surface_of_mask, surface_of_mask_placed};
use fabrica_volume::Mask;
use glam::{DVec3, I64Vec3, Vec3};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::boolean::{require_solid, unchecked_inputs};
use crate::edges::Groups;
use crate::remesh::{step_for, untangle};
use crate::thickness::{Walls, thickness};
use crate::tree::corners;
use crate::{Boolean, MeshError, merge};

const STEP: &str = "thickening walls";
/// Balls are larger than the wall by this radius, mm: what their facets (a grid of [`FACET`] mm) may lack. At its corner a
/// facet is tilted by its half diagonal over the radius, which makes a wall between facets thinner by 0.41 of its size.
const MARGIN: f64 = 0.04;
const FACET: f64 = 0.0625;
/// Rounds in which the corners of facets are evened out: slivers on a ball are tilted by far more than their size says.
const EVENED: usize = 6;
/// How far apart thin places are looked for, as a share of the wall: between two balls as far apart their union is
/// thinner than the wall by 0.5 %.
const APART: f64 = 0.1;
/// Rounds, at most: a second one finds what the facets of the first made thin.
const ROUNDS: usize = 3;

/// A solid with walls of at least so much.
#[derive(Clone, Debug)]
pub struct Thickened {
    /// Its surface.
    pub mesh: Mesh,
    /// What was done.
    pub report: ThickenReport,
}

/// What thickening did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThickenReport {
    /// The least wall before, as far as it is below twice the wall.
    pub least_before: Mm,
    /// The least wall now.
    pub least_after: Mm,
    /// Thin places before.
    pub places: usize,
    /// Volume that was added.
    pub added: Mm3,
    /// Separate parts before and now: fewer where material closed the gap between two.
    pub parts: [usize; 2],
}

/// Adds material where walls are thinner than `wall`, and only there: the union of the solid with balls of the wall's
/// diameter around the middles of its thin places (the balls of [`thickness`]). All else keeps every coordinate.
///
/// A ball is 0.04 mm larger, so that no facet of it is too thin. Where walls change slowly, what is thick enough thus moves
/// by no more than that. At the rim of a thin sheet the balls stand out by up to their radius: a sheet has no wall beyond
/// its rim. Thin places are looked for at distances of a tenth of the wall.
///
/// # Errors
/// When the mesh is no solid, the wall is out of range, a place stays thin (or the thin places are too large to be united
/// at that accuracy), or the user cancels.
pub fn thicken(mesh: &Mesh, wall: Mm, progress: &Progress) -> Result<Thickened, MeshError> {
    if !(0.2..=20.0).contains(&wall.0) {
        return Err(MeshError::Option { option: "the least wall", value: wall.0, allowed: "0.2 to 20 mm" });
    }
    require_solid(mesh, STEP, progress)?;
    let limit = Mm(2.0 * wall.0);
    let walls = thickness(mesh, limit, progress)?;
    let before = check(mesh, progress)?;
    let mut solid = mesh.clone();
    for _ in 0..ROUNDS {
        let centres = thin_middles(&solid, wall.0, progress)?;
        if centres.is_empty() {
            break;
        }
        progress.stage("thickening walls");
        let radius = wall.0 / 2.0 + MARGIN;
        let lots = clusters(&centres, 2.0 * radius);
        let beads = lots.iter().map(|lot| Balls::new(lot, radius).surface(progress));
        let beads = merge(&beads.collect::<Result<Vec<_>, _>>()?)?;
        solid = unchecked_inputs(&solid, &beads, Boolean::Union, progress)?;
    }
    let after = check(&solid, progress)?;
    let least_after = thickness(&solid, limit, progress)?.least();
    let left = thin_middles(&solid, wall.0, progress)?.len();
    if least_after < wall || left > 0 {
        return Err(MeshError::Failed {
            step: STEP,
            why: format!(
                "a wall of {least_after} is still thinner than {wall}; make that place thicker by hand, or ask for less"
            ),
        });
    }
    let report = ThickenReport {
        least_before: walls.least(),
        least_after,
        places: walls.thin_places(mesh, wall).len(),
        added: after.volume - before.volume,
        parts: [before, after].map(|r| r.components - r.cavities),
    };
    Ok(Thickened { mesh: solid, report })
}

/// The middles of walls that are too thin, all over the surface: where a triangle or one beside it is thinner than twice the wall,
/// as near to each other as [`APART`] says.
fn thin_middles(mesh: &Mesh, wall: f64, progress: &Progress) -> Result<Vec<DVec3>, MeshError> {
    progress.stage("looking for thin walls");
    let walls = Walls::new(mesh, Mm(2.0 * wall));
    let apart = APART * wall;
    let found: Vec<DVec3> = (0..mesh.triangles().len() as u32)
        .into_par_iter()
        .flat_map_iter(|t| {
            let mut middles = Vec::new();
            let [a, b, c] = corners(mesh, t);
            let longest = a.distance(b).max(b.distance(c)).max(c.distance(a));
            let normal = walls.normal(t);
            if progress.is_cancelled() || normal == DVec3::ZERO {
                return middles;
            }
            // Walls change slowly: a coarse look first.
            let coarse = (longest / wall).ceil().clamp(1.0, 256.0) as usize;
            let near_thin = middles_of([a, b, c], coarse).any(|p| walls.at(p, normal) < 1.5 * wall);
            if near_thin {
                let fine = (longest / apart).ceil().clamp(1.0, 2048.0) as usize;
                for p in middles_of([a, b, c], fine) {
                    let thickness = walls.at(p, normal);
                    if thickness < wall {
                        middles.push(p - normal * (thickness / 2.0));
                    }
                }
            }
            middles
        })
        .collect();
    progress.check()?;
    // One of all that lie in a cube a third as wide as they are apart.
    let cube = apart / 3.0;
    let mut seen = std::collections::HashSet::new();
    Ok(found.into_iter().filter(|p| seen.insert((*p / cube).round().as_i64vec3())).collect())
}

/// The middles of the `n * n` like parts of a triangle.
fn middles_of([a, b, c]: [DVec3; 3], n: usize) -> impl Iterator<Item = DVec3> {
    let third = move |steps: usize| steps as f64 / (3 * n) as f64;
    let at = move |i: usize, j: usize| a + (b - a) * third(i) + (c - a) * third(j);
    (0..n).flat_map(move |row| {
        (0..n - row).flat_map(move |column| {
            let up = at(3 * column + 1, 3 * row + 1);
            let down = (column + row + 1 < n).then(|| at(3 * column + 2, 3 * row + 2));
            std::iter::once(up).chain(down)
        })
    })
}

/// Points in lots that are farther than `apart` from each other: those in the same cube that wide, or in one beside it, stay
/// together.
fn clusters(points: &[DVec3], apart: f64) -> Vec<Vec<DVec3>> {
    let cube_of = |p: &DVec3| (*p / apart).floor().as_i64vec3();
    let mut cubes: HashMap<I64Vec3, u32> = HashMap::new();
    for p in points {
        let next = cubes.len() as u32;
        cubes.entry(cube_of(p)).or_insert(next);
    }
    let mut groups = Groups::new(cubes.len());
    for (at, &cube) in &cubes {
        for n in 0..27 {
            let beside = *at + I64Vec3::new(n % 3, n / 3 % 3, n / 9) - I64Vec3::ONE;
            if let Some(&other) = cubes.get(&beside) {
                groups.join(cube, other);
            }
        }
    }
    let (lot, count) = groups.numbered();
    let mut lots = vec![Vec::new(); count];
    for p in points {
        lots[lot[cubes[&cube_of(p)] as usize] as usize].push(*p);
    }
    lots
}

/// The union of balls of one radius.
struct Balls {
    radius: f64,
    /// Centres by where they lie across x, in squares a little wider than the radius; each lot in the order of x.
    lots: HashMap<[i64; 2], Vec<DVec3>>,
    bounds: [DVec3; 2],
}

impl Balls {
    fn new(centres: &[DVec3], radius: f64) -> Self {
        let mut lots: HashMap<[i64; 2], Vec<DVec3>> = HashMap::new();
        let mut bounds = [DVec3::INFINITY, DVec3::NEG_INFINITY];
        for &c in centres {
            lots.entry(Self::lot(radius, c.y, c.z)).or_default().push(c);
            bounds = [bounds[0].min(c), bounds[1].max(c)];
        }
        lots.values_mut().for_each(|lot| lot.sort_by(|a, b| a.x.total_cmp(&b.x)));
        Self { radius, lots, bounds: [bounds[0] - radius, bounds[1] + radius] }
    }

    fn lot(radius: f64, y: f64, z: f64) -> [i64; 2] {
        [y, z].map(|v| (v / (1.25 * radius)).floor() as i64)
    }

    /// The centres that may lie within the radius of a line along x from `low` to `high`.
    fn near(&self, y: f64, z: f64, low: f64, high: f64) -> impl Iterator<Item = DVec3> + '_ {
        let [j, k] = Self::lot(self.radius, y, z);
        (-1..=1).flat_map(move |b| (-1..=1).map(move |a| [j + a, k + b])).flat_map(move |lot| {
            let lot = self.lots.get(&lot).map_or(&[][..], |lot| &lot[..]);
            let first = lot.partition_point(|c| c.x < low - self.radius);
            let reach = high + self.radius;
            lot[first..].iter().copied().take_while(move |c| c.x <= reach)
        })
    }

    /// Its surface on a grid, each vertex on the balls.
    fn surface(&self, progress: &Progress) -> Result<Mesh, MeshError> {
        let [low, high] = self.bounds;
        let step = step_for(low, high, Mm(FACET)).0;
        let origin = ((low / step).floor() - 2.0) * step;
        let dims = ((high - origin) / step).ceil().to_array().map(|n| n as usize + 3);
        let grid = Grid::axis_aligned(dims, LpsPoint(origin), [step; 3])
            .map_err(|e| MeshError::Failed { step: STEP, why: e.to_string() })?;
        let mask = Mask::from_rows(grid, |j, k, words| {
            if progress.is_cancelled() {
                return;
            }
            let (y, z) = (origin.y + step * j as f64, origin.z + step * k as f64);
            for c in self.near(y, z, f64::NEG_INFINITY, f64::INFINITY) {
                let left = self.radius * self.radius - (c.y - y).powi(2) - (c.z - z).powi(2);
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
            let balls = self.near(from.y, from.z, from.x - step, from.x + step);
            // The farthest at which a ball that holds some of the way is left.
            let left = balls.filter_map(|c| {
                let middle = (c - from).dot(along);
                let half = self.radius * self.radius - (c - from).length_squared() + middle * middle;
                (half > 0.0).then(|| middle + half.sqrt())
            });
            left.filter(|t| *t <= step).fold(0.0, f64::max) / step
        };
        let placed = self.evened(surface_of_mask_placed(&mask, fraction, progress)?, progress)?;
        untangle(placed, &surface_of_mask(&mask, progress)?, progress)
    }

    /// Moves each vertex half way to the mean of those around it and back onto the balls, a few times.
    fn evened(&self, mesh: Mesh, progress: &Progress) -> Result<Mesh, MeshError> {
        let (vertices, triangles) = mesh.into_parts();
        let mut at: Vec<DVec3> = vertices.iter().map(|v| Vec3::from_array(*v).as_dvec3()).collect();
        for _ in 0..EVENED {
            progress.check()?;
            let mut around = vec![(DVec3::ZERO, 0.0); at.len()];
            for &[a, b, c] in &triangles {
                for (v, sum) in [
                    (a, at[b as usize] + at[c as usize]),
                    (b, at[c as usize] + at[a as usize]),
                    (c, at[a as usize] + at[b as usize]),
                ] {
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

    /// A place next to the surface moved onto it: away from the centre that is nearest.
    fn onto(&self, p: DVec3) -> DVec3 {
        const TRIES: usize = 4;
        let slack = 0.25 * self.radius;
        let mut p = p;
        for _ in 0..TRIES {
            let near = self.near(p.y, p.z, p.x - slack, p.x + slack);
            let nearest = near.min_by(|a, b| a.distance_squared(p).total_cmp(&b.distance_squared(p)));
            let Some(outward) = nearest.and_then(|c| (p - c).try_normalize().map(|along| c + along * self.radius))
            else {
                break;
            };
            let moved = outward.distance(p);
            p = outward;
            if moved < 1e-6 {
                break;
            }
        }
        p
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surface_of_two_balls_lies_on_them() {
        let centres = [DVec3::new(10.0, -3.0, 2.0), DVec3::new(10.9, -3.2, 2.3)];
        let mesh = Balls::new(&centres, 0.79).surface(&Progress::new()).unwrap();
        let report = check(&mesh, &Progress::new()).unwrap();
        assert!(report.is_solid() && report.components == 1);
        for v in mesh.vertices() {
            let p = DVec3::new(v[0].into(), v[1].into(), v[2].into());
            let nearest = centres.iter().map(|c| c.distance(p)).fold(f64::INFINITY, f64::min);
            assert!((nearest - 0.79).abs() < 2e-3, "{nearest}");
        }
        // No sliver: every facet is nearly square to the ball under its middle.
        for t in 0..mesh.triangles().len() as u32 {
            let [a, b, c] = corners(&mesh, t);
            let (normal, middle) = ((b - a).cross(c - a).normalize(), (a + b + c) / 3.0);
            let under = if middle.distance(centres[0]) < middle.distance(centres[1]) { centres[0] } else { centres[1] };
            let beside_crease = (middle.distance(centres[0]) - middle.distance(centres[1])).abs() < 0.1;
            assert!(beside_crease || normal.dot((middle - under).normalize()) > 0.06f64.cos(), "{middle}");
        }
    }

    #[test]
    fn clusters_are_apart() {
        let points = [0.0, 0.5, 1.9, 5.0, 6.0, -3.0].map(|x| DVec3::new(x, 0.2, 0.1));
        let lots = clusters(&points, 1.0);
        let mut sizes: Vec<usize> = lots.iter().map(Vec::len).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 2, 3]);
    }

    #[test]
    fn middles_of_parts_are_as_many_as_parts_and_their_mean_is_that_of_the_triangle() {
        let t = [DVec3::ZERO, DVec3::X * 6.0, DVec3::Y * 3.0];
        let all: Vec<DVec3> = middles_of(t, 5).collect();
        assert_eq!(all.len(), 25);
        assert!((all.iter().sum::<DVec3>() / 25.0).distance(DVec3::new(2.0, 1.0, 0.0)) < 1e-12);
    }
}
