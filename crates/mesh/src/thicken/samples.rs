//! Where walls are too thin: points all over the surface.

use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_surface::Mesh;
use glam::DVec3;
use rayon::prelude::*;

use crate::MeshError;
use crate::exact::Corners;
use crate::thickness::{Thickness, Walls};
use crate::tree::corners;

/// How far apart points are, as a share of the wall.
const APART: f64 = 0.15;
/// Points up to so much thicker than the wall, as a share of it, are taken too.
const HARDLY: f64 = 0.01;

/// Where a triangle's corners or a coarse look find nothing thinner than so many times the wall, nothing thin is beside.
const NEARLY: f64 = 1.3;

/// A point of a wall that is too thin, or hardly thick enough.
pub(super) struct Sample {
    /// On the surface.
    pub(super) on: DVec3,
    /// The middle of the greatest ball inside that touches the surface there.
    pub(super) centre: DVec3,
    /// That ball's diameter.
    pub(super) thickness: f64,
}

/// Points of walls that are too thin, all over the surface; none on sharp edges of the input.
pub(super) fn thin_samples(
    mesh: &Mesh,
    measured: &Thickness,
    wall: f64,
    of_input: &(dyn Fn(u32) -> bool + Sync),
    progress: &Progress,
) -> Result<Vec<Sample>, MeshError> {
    progress.stage("looking for thin walls");
    let (mut on_edge, mut on_wall) = (vec![false; mesh.vertices().len()], vec![false; mesh.vertices().len()]);
    for group in measured.grouped(mesh, Mm(wall)) {
        let flags = if group.place.edge { &mut on_edge } else { &mut on_wall };
        group.vertices.iter().for_each(|&v| flags[v as usize] = true);
    }
    let walls = Walls::new(mesh, Mm(NEARLY * wall));
    let found: Vec<Sample> = (0..mesh.triangles().len() as u32)
        .into_par_iter()
        .flat_map_iter(|t| {
            let of = mesh.triangles()[t as usize].map(|v| v as usize);
            let edge = of.iter().any(|&v| on_edge[v]) && !of.iter().any(|&v| on_wall[v]) && of_input(t);
            let (triangle, normal) = (corners(mesh, t), walls.normal(t));
            let mut samples = Vec::new();
            if edge || normal == DVec3::ZERO || progress.is_cancelled() {
                return samples;
            }
            let [a, b, c] = triangle;
            let longest = a.distance(b).max(b.distance(c)).max(c.distance(a));
            // Walls change slowly: a coarse look first, which small triangles have had.
            let coarse = (longest / wall).ceil().clamp(1.0, 256.0) as usize;
            let near_thin = of.iter().any(|&v| f64::from(measured.at_vertices[v]) < NEARLY * wall)
                || (coarse > 1 && thirds(triangle, coarse).any(|p| walls.at(p, normal) < NEARLY * wall));
            if near_thin {
                let fine = (longest / (APART * wall)).ceil().clamp(1.0, 2048.0) as usize;
                // A facet of a ball is too thin at its corners first.
                let fine = if of_input(t) { fine } else { fine.max(4) };
                for on in thirds(triangle, fine) {
                    let thickness = walls.at(on, normal);
                    if thickness < wall * (1.0 + HARDLY) {
                        samples.push(Sample { on, centre: on - normal * (thickness / 2.0), thickness });
                    }
                }
            }
            samples
        })
        .collect();
    progress.check()?;
    Ok(found)
}

/// The middles of the `n * n` like parts of a triangle.
pub(super) fn thirds([a, b, c]: Corners, n: usize) -> impl Iterator<Item = DVec3> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_triangle_have_its_middle() {
        let t = [DVec3::ZERO, DVec3::X * 6.0, DVec3::Y * 3.0];
        let all: Vec<DVec3> = thirds(t, 5).collect();
        assert_eq!(all.len(), 25);
        assert!((all.iter().sum::<DVec3>() / 25.0).distance(DVec3::new(2.0, 1.0, 0.0)) < 1e-12);
    }
}
