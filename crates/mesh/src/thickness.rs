//! How thick the walls of a solid are, everywhere.

mod tips;

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_progress::Progress;
use fabrica_surface::Mesh;
use glam::DVec3;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::MeshError;
use crate::exact::Corners;
use crate::tree::{Tree, corners, position};

/// The cosine of the widest angle between the normals of the two sides of a wall: sides that meet at more than 60° are
/// the two faces of an edge, not a wall.
const FACING: f64 = -0.5;
/// Rounds in which a ball shrinks, at most; five are usual.
const ROUNDS: usize = 30;

/// Wall thicknesses at each vertex of a solid.
#[derive(Clone, Debug, PartialEq)]
pub struct Thickness {
    /// At each vertex, mm; `limit` where it is that or more.
    pub at_vertices: Vec<f32>,
    /// The greatest thickness that was looked for.
    pub limit: Mm,
    /// In the middle of each triangle, mm; infinite for needles.
    pub(crate) in_triangles: Vec<f32>,
}

/// A place where a wall is thin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThinPlace {
    /// The thinnest point of it.
    pub at: LpsPoint,
    /// How thick the wall is there.
    pub thickness: Mm,
    /// Vertices that are too thin around it.
    pub vertices: usize,
    /// It is no wall but a sharp edge or tip: all of it stands out by at most a quarter of the wall from a ball as thick as a
    /// wall should be, that lies inside. (At the very tip of any wedge the thickness is nothing, however small it is.)
    pub edge: bool,
}

impl Thickness {
    /// The least, sharp edges included: towards the tip of any wedge below 60° that is nothing.
    pub fn least(&self) -> Mm {
        Mm(self.at_vertices.iter().fold(f32::INFINITY, |a, &b| a.min(b)).into())
    }

    /// The least wall, without sharp edges, given the places thinner than `wall` that [`Self::thin_places`] found.
    pub fn least_wall(&self, places: &[ThinPlace], wall: Mm) -> Mm {
        // The thinnest comes first.
        let thin = places.iter().find(|place| !place.edge).map(|place| place.thickness);
        let enough = self.at_vertices.iter().map(|t| f64::from(*t)).filter(|t| *t >= wall.0);
        thin.unwrap_or_else(|| Mm(enough.fold(self.limit.0, f64::min)))
    }

    /// The places thinner than a wall should be, the thinnest first: vertices that hang together are one.
    pub fn thin_places(&self, mesh: &Mesh, wall: Mm) -> Vec<ThinPlace> {
        let mut places: Vec<ThinPlace> = self.grouped(mesh, wall).into_iter().map(|group| group.place).collect();
        places.sort_by(|a, b| a.thickness.0.total_cmp(&b.thickness.0));
        places
    }

    /// The thin places with their vertices.
    pub(crate) fn grouped(&self, mesh: &Mesh, wall: Mm) -> Vec<ThinGroup> {
        let thin = |v: u32| self.at_vertices.get(v as usize).is_some_and(|t| f64::from(*t) < wall.0);
        let mut groups = crate::edges::Groups::new(mesh.vertices().len());
        for &[a, b, c] in mesh.triangles() {
            for (v, w) in [(a, b), (b, c), (c, a)] {
                if thin(v) && thin(w) {
                    groups.join(v, w);
                }
            }
        }
        let all: Vec<u32> = (0..mesh.vertices().len() as u32).filter(|&v| thin(v)).collect();
        let on_edge = tips::on_edges(mesh, self, &all, wall.0);
        let mut places = std::collections::BTreeMap::new();
        for (v, on_edge) in all.into_iter().zip(on_edge) {
            let thickness = Mm(self.at_vertices[v as usize].into());
            let group = places.entry(groups.root(v)).or_insert_with(|| ThinGroup {
                place: ThinPlace { at: LpsPoint(position(mesh, v)), thickness, vertices: 0, edge: true },
                vertices: Vec::new(),
            });
            group.vertices.push(v);
            group.place.vertices += 1;
            // The thinnest of what stands out counts; that of the edge alone where nothing does.
            let first_to_stand_out = group.place.edge && !on_edge;
            if first_to_stand_out || (on_edge == group.place.edge && thickness < group.place.thickness) {
                (group.place.at, group.place.thickness) = (LpsPoint(position(mesh, v)), thickness);
            }
            group.place.edge &= on_edge;
        }
        places.into_values().collect()
    }
}

/// A thin place and its vertices.
pub(crate) struct ThinGroup {
    pub(crate) place: ThinPlace,
    pub(crate) vertices: Vec<u32>,
}

/// Measures the walls of a solid everywhere, up to a limit: in the middle of each triangle; a vertex gets the least of
/// its triangles.
///
/// The thickness at a point is the diameter of the greatest ball inside that touches the surface there: a ball held at
/// the point shrinks until the wall across lies outside of it (Ma, Bae and Choi, *3D medial axis point approximation
/// using nearest neighbors and the normal field*, 2012). Only what faces the point across material counts (normals more
/// than 120° apart), so that a sharp but thick edge is not thin, and the tip of a wedge below 60° is.
/// Normals are those of triangles: a vertex on an edge has none that means anything. Distances are exact, to triangles; on a ball or a plate the result is its thickness.
///
/// # Errors
/// When the limit is not above 0, or the user cancels.
///
/// # Example
/// ```
/// use fabrica_geometry::{Grid, LpsPoint, Mm};
/// use fabrica_mesh::thickness;
/// use fabrica_progress::Progress;
/// use fabrica_surface::surface_of_mask;
/// use fabrica_volume::Mask;
/// // A plate of 20 × 20 × 3 mm.
/// let grid = Grid::axis_aligned([20, 20, 3], LpsPoint::default(), [1.0; 3]).unwrap();
/// let plate = surface_of_mask(&Mask::from_fn(grid, |_| true), &Progress::new()).unwrap();
/// let walls = thickness(&plate, Mm(10.0), &Progress::new()).unwrap();
/// let middle = plate.vertices().iter().position(|v| *v == [10.0, 10.0, -0.5]).unwrap();
/// assert!((walls.at_vertices[middle] - 3.0).abs() < 1e-5);
/// ```
pub fn thickness(mesh: &Mesh, limit: Mm, progress: &Progress) -> Result<Thickness, MeshError> {
    if !limit.0.is_finite() || limit.0 <= 0.0 {
        return Err(limit_out_of_range(limit));
    }
    progress.stage("measuring walls");
    let walls = Walls::new(mesh, limit);
    let in_triangles: Vec<f32> = (0..mesh.triangles().len() as u32)
        .into_par_iter()
        .map(|t| if progress.is_cancelled() { 0.0 } else { walls.in_triangle(t) as f32 })
        .collect();
    // Infinite where only needles meet, which have no thickness of their own: those take that of their neighbours.
    let mut at_vertices = vec![f32::INFINITY; mesh.vertices().len()];
    for (t, &thin) in mesh.triangles().iter().zip(&in_triangles) {
        t.iter().for_each(|&v| at_vertices[v as usize] = at_vertices[v as usize].min(thin));
    }
    while at_vertices.iter().any(|t| t.is_infinite()) {
        let before = at_vertices.clone();
        for t in mesh.triangles() {
            let least = t.iter().map(|&v| before[v as usize]).fold(f32::INFINITY, f32::min);
            t.iter()
                .filter(|&&v| before[v as usize].is_infinite())
                .for_each(|&v| at_vertices[v as usize] = at_vertices[v as usize].min(least));
        }
        if at_vertices == before {
            break;
        }
    }
    at_vertices.iter_mut().for_each(|t| *t = t.min(limit.0 as f32));
    progress.check()?;
    Ok(Thickness { at_vertices, limit, in_triangles })
}

/// The wall thickness at so many points spread evenly over the area of a solid, up to a limit; the same points every time.
///
/// As [`thickness`], which looks in the middle of each triangle: for a proof that does not depend on the triangles. Points on
/// needles, which have no thickness of their own, are left out.
///
/// # Errors
/// As [`thickness`].
pub fn sampled_thickness(
    mesh: &Mesh,
    limit: Mm,
    points: usize,
    progress: &Progress,
) -> Result<Vec<(LpsPoint, Mm)>, MeshError> {
    if !limit.0.is_finite() || limit.0 <= 0.0 {
        return Err(limit_out_of_range(limit));
    }
    progress.stage("measuring walls");
    let mut sum = 0.0;
    let until: Vec<f64> = (0..mesh.triangles().len() as u32)
        .map(|t| {
            let [a, b, c] = corners(mesh, t);
            sum += (b - a).cross(c - a).length() / 2.0;
            sum
        })
        .collect();
    if until.is_empty() {
        return Ok(Vec::new());
    }
    let walls = Walls::new(mesh, limit);
    let found: Vec<Option<(LpsPoint, Mm)>> = (0..points)
        .into_par_iter()
        .map(|n| {
            let area = sum * (n as f64 + 0.5) / points as f64;
            let t = until.partition_point(|a| *a < area).min(until.len() - 1) as u32;
            let [a, b, c] = corners(mesh, t);
            // Within the triangle by a low-discrepancy sequence (Roberts 2018), the far half of the parallelogram folded back.
            let [u, v] =
                [0.754_877_666_246_692_8, 0.569_840_290_998_053_2].map(|step: f64| (step * (n + 1) as f64).fract());
            let (u, v) = if u + v > 1.0 { (1.0 - u, 1.0 - v) } else { (u, v) };
            let p = a + (b - a) * u + (c - a) * v;
            let thickness = if progress.is_cancelled() { f64::INFINITY } else { walls.at(p, walls.normal(t)) };
            thickness.is_finite().then_some((LpsPoint(p), Mm(thickness)))
        })
        .collect();
    progress.check()?;
    Ok(found.into_iter().flatten().collect())
}

fn limit_out_of_range(limit: Mm) -> MeshError {
    MeshError::Option { option: "the greatest wall to look for", value: limit.0, allowed: "above 0 mm" }
}

/// The normal of a triangle; zero for a needle, whose normal is rounding. Its neighbours tell what the wall is there.
///
/// A needle is lower than 1/100 of its length, or than 32 roundings of its coordinates (by which it may be tilted by 2°):
/// booleans leave such slivers where two surfaces all but touch.
pub(crate) fn facing([a, b, c]: Corners) -> DVec3 {
    const NEEDLE: f64 = 0.01;
    const ROUNDINGS: f64 = 32.0;
    let normal = (b - a).cross(c - a);
    let longest = a.distance(b).max(b.distance(c)).max(c.distance(a));
    let grain = f64::from(f32::EPSILON) * a.abs().max(b.abs()).max(c.abs()).max_element();
    let least = (NEEDLE * longest).max(ROUNDINGS * grain);
    if normal.length() < least * longest { DVec3::ZERO } else { normal.normalize_or_zero() }
}

/// What wall thickness is measured with.
pub(crate) struct Walls<'a> {
    tree: Tree<'a>,
    normals: Vec<DVec3>,
    limit: f64,
}

impl<'a> Walls<'a> {
    pub(crate) fn new(mesh: &'a Mesh, limit: Mm) -> Self {
        let normals = (0..mesh.triangles().len() as u32).into_par_iter().map(|t| facing(corners(mesh, t))).collect();
        Self { tree: Tree::new(mesh), normals, limit: limit.0 }
    }

    /// The thickness in the middle of a triangle. (On its sides a sharp crease would count as no wall at all.)
    pub(crate) fn in_triangle(&self, triangle: u32) -> f64 {
        let [a, b, c] = self.tree.corners(triangle);
        self.at((a + b + c) / 3.0, self.normals[triangle as usize])
    }

    /// The outward normal of a triangle; zero for a needle.
    pub(crate) fn normal(&self, triangle: u32) -> DVec3 {
        self.normals[triangle as usize]
    }

    /// The thickness at a point of the surface with this outward normal; infinite for a needle, which has none.
    pub(crate) fn at(&self, p: DVec3, normal: DVec3) -> f64 {
        if normal == DVec3::ZERO {
            return f64::INFINITY;
        }
        let inward = -normal;
        let mut diameter = self.limit;
        for _ in 0..ROUNDS {
            let centre = p + inward * (diameter / 2.0);
            // Shorter than the radius by a hair, so that the point itself and touching the ball do not count.
            let within = (diameter / 2.0 * (1.0 - 1e-6)).powi(2);
            let facing = |t: u32, at: DVec3| {
                self.normals[t as usize].dot(normal) < FACING && (at - p).dot(inward) > 1e-9 * self.limit
            };
            let Some(nearest) = self.tree.nearest_where(centre, within, facing) else { break };
            let to = nearest.point - p;
            let smaller = to.length_squared() / to.dot(inward);
            if smaller >= diameter * (1.0 - 1e-9) {
                break;
            }
            diameter = smaller;
        }
        diameter
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabrica_geometry::Grid;
    use fabrica_surface::surface_of_volume;
    use fabrica_volume::{Samples, ValueUnit, Volume};

    /// The solid where a field (mm, positive inside) is not negative.
    fn solid(side: f64, step: f64, field: impl Fn(DVec3) -> f64) -> Mesh {
        let n = (side / step) as usize;
        let grid = Grid::axis_aligned([n; 3], LpsPoint(DVec3::splat(-side / 2.0)), [step; 3]).unwrap();
        let affine = grid.voxel_to_patient();
        let samples = (0..grid.len())
            .map(|i| field(affine.transform_point3(DVec3::from_array(grid.position(i).map(|c| c as f64)))) as f32)
            .collect();
        let volume = Volume::new(grid, Samples::F32(samples), ValueUnit::Arbitrary).unwrap();
        surface_of_volume(&volume, 0.0, &Progress::new()).unwrap()
    }

    #[test]
    fn shells_pipes_and_plates_are_as_thick_as_they_are() {
        for wall in [0.8, 1.5, 3.0] {
            let ball = solid(26.0, 0.4, |p| wall / 2.0 - (p.length() - 9.0).abs());
            let pipe = solid(26.0, 0.4, |p| (wall / 2.0 - (p.truncate().length() - 8.0).abs()).min(11.0 - p.z.abs()));
            let turned = glam::DQuat::from_euler(glam::EulerRot::XYZ, 0.3, 0.5, 0.2);
            let plate = solid(26.0, 0.4, |p| {
                (wall / 2.0 - (turned * p).z.abs()).min(9.0 - (turned * p).truncate().abs().max_element())
            });
            for (name, mesh) in [("ball", &ball), ("pipe", &pipe), ("plate", &plate)] {
                let walls = thickness(mesh, Mm(6.0), &Progress::new()).unwrap();
                let normals = mesh.vertex_normals();
                let mut wrong = 0;
                for (v, &t) in walls.at_vertices.iter().enumerate() {
                    let p = position(mesh, v as u32);
                    let n = normals[v];
                    let n = DVec3::new(n[0].into(), n[1].into(), n[2].into());
                    // Away from rims, where the shape is not that of the wall.
                    let inner = match name {
                        "ball" => true,
                        "pipe" => p.z.abs() < 11.0 - wall,
                        _ => (turned * p).truncate().abs().max_element() < 9.0 - wall && (turned * n).z.abs() > 0.9,
                    };
                    wrong += usize::from(inner && (f64::from(t) - wall).abs() > 0.1);
                }
                assert_eq!(wrong, 0, "{name} of {wall}: {} vertices", mesh.vertices().len());
            }
        }
    }

    #[test]
    fn thin_places_are_told_apart() {
        // Two discs of 1 mm on a thick bar.
        let mesh = solid(30.0, 0.5, |p| {
            let bar = 2.5 - p.truncate().length();
            let disc = |z: f64| (0.5 - (p.z - z).abs()).min(7.0 - p.truncate().length());
            bar.max(disc(-5.0)).max(disc(5.0)).min(10.0 - p.z.abs())
        });
        let walls = thickness(&mesh, Mm(6.0), &Progress::new()).unwrap();
        let places = walls.thin_places(&mesh, Mm(1.5));
        assert_eq!(places.iter().filter(|p| p.vertices > 50).count(), 2, "{places:?}");
        // The rim of a disc tapers over the sampling's half a millimetre; within it is 1 mm thick.
        assert!(places[0].thickness.0 > 0.4 && walls.least() == places[0].thickness, "{places:?}");
        for (v, t) in walls.at_vertices.iter().enumerate() {
            let p = position(&mesh, v as u32);
            let on_disc = (3.5..6.0).contains(&p.truncate().length()) && p.z.abs() > 2.0;
            assert!(!on_disc || (t - 1.0).abs() < 0.1, "{p}: {t}");
        }
    }
}
