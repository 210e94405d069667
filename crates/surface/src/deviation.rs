//! How far a mesh departs from the mask that it was made of.

mod bins;
mod border;

use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_volume::Mask;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::mesh::position;
use crate::{Mesh, SurfaceError};
use bins::Bins;
use border::Border;

/// Triangles or rows in one piece of parallel work.
const PIECE: usize = 1 << 12;

/// Distances in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Departure {
    /// Mean, weighted by area.
    pub mean: Mm,
    /// 95 % of the area lies within.
    pub p95: Mm,
    /// The greatest.
    pub max: Mm,
}

/// How far a mesh departs from a mask.
///
/// The mask's border is taken literally: the faces between a voxel that belongs and one that does not (or the end of
/// the grid), as the scan's voxels are drawn. A surface between voxels cannot follow their steps, so even a perfect one
/// departs by up to half a voxel; the mean of an ideal slanting plane is about a fifth of a voxel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Deviation {
    /// From points spread over the mesh to the nearest border face.
    pub mesh_to_mask: Departure,
    /// From the centre of every border face to the nearest point of the mesh.
    pub mask_to_mesh: Departure,
}

impl Deviation {
    /// The greater of both means.
    pub fn mean(&self) -> Mm {
        Mm(self.mesh_to_mask.mean.0.max(self.mask_to_mesh.mean.0))
    }

    /// The greater of both 95 % distances.
    pub fn p95(&self) -> Mm {
        Mm(self.mesh_to_mask.p95.0.max(self.mask_to_mesh.p95.0))
    }

    /// The greatest distance either way (the Hausdorff distance on the sampled points).
    pub fn max(&self) -> Mm {
        Mm(self.mesh_to_mask.max.0.max(self.mask_to_mesh.max.0))
    }
}

/// Measures how far `mesh` departs from `mask`, both ways.
///
/// Points on the mesh: the centres of equal parts of each triangle, at least one for each quarter of the square of the
/// finest spacing (at most 4,096 a triangle), and every vertex, which only counts for the greatest. Distances are exact,
/// to the border's rectangles and to the mesh's triangles, found through uniform grids: these distances are short, which
/// suits a grid better than a tree.
///
/// # Errors
/// When the mesh or the mask is empty, or the user cancels.
pub fn deviation(mesh: &Mesh, mask: &Mask, progress: &Progress) -> Result<Deviation, SurfaceError> {
    if mesh.is_empty() {
        return Err(SurfaceError::NothingToCompare("mesh"));
    }
    if mask.is_empty() {
        return Err(SurfaceError::NothingToCompare("mask"));
    }
    progress.stage("measuring the departure from the mask");
    let border = Border::new(mask);
    let mesh_to_mask = departure(mesh_distances(mesh, &border, progress)?);
    progress.set(0.5);
    let bins = Bins::new(mesh);
    progress.check()?;
    let mask_to_mesh = departure(border.distances(|face| bins.distance(mesh, face), progress)?);
    progress.set(1.0);
    Ok(Deviation { mesh_to_mask, mask_to_mesh })
}

/// Distances from points on the mesh to the border, each with the area that it stands for.
fn mesh_distances(mesh: &Mesh, border: &Border<'_>, progress: &Progress) -> Result<Vec<(f32, f32)>, SurfaceError> {
    let part_area = border.finest_spacing().powi(2) / 4.0;
    let on_triangles = mesh.triangles().par_chunks(PIECE).map(|triangles| {
        progress.check()?;
        let mut distances = Vec::with_capacity(triangles.len());
        for &t in triangles {
            let [a, b, c] = mesh.corners(t);
            let area = (b - a).cross(c - a).length() / 2.0;
            let parts = (area / part_area).sqrt().ceil().clamp(1.0, 64.0) as usize;
            let each = (area / (parts * parts) as f64) as f32;
            for_each_part(parts, |v, w| {
                let p = a + (b - a) * v + (c - a) * w;
                distances.push((border.distance(p) as f32, each));
            });
        }
        Ok::<_, SurfaceError>(distances)
    });
    let on_vertices = mesh.vertices().par_chunks(PIECE).map(|vertices| {
        progress.check()?;
        Ok(vertices.iter().map(|&v| (border.distance(position(v)) as f32, 0.0)).collect())
    });
    Ok(on_triangles.chain(on_vertices).collect::<Result<Vec<Vec<_>>, _>>()?.concat())
}

/// Calls `visit(v, w)` with the centre of each of `n`² equal parts of a triangle, as the weights of its second and
/// third corner.
fn for_each_part(n: usize, mut visit: impl FnMut(f64, f64)) {
    let third = |steps: usize| steps as f64 / (3 * n) as f64;
    for row in 0..n {
        for column in 0..n - row {
            visit(third(3 * column + 1), third(3 * row + 1));
            if column + row + 1 < n {
                visit(third(3 * column + 2), third(3 * row + 2));
            }
        }
    }
}

/// Mean, 95 % and greatest of distances with weights.
fn departure(mut distances: Vec<(f32, f32)>) -> Departure {
    distances.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (all, sum) = distances
        .iter()
        .fold((0.0, 0.0), |(all, sum), &(d, w)| (all + f64::from(w), sum + f64::from(d) * f64::from(w)));
    let max = distances.last().map_or(0.0, |&(d, _)| d.into());
    let mut within = 0.0;
    let p95 = distances.iter().find(|&&(_, w)| {
        within += f64::from(w);
        within >= 0.95 * all
    });
    let mean = if all > 0.0 { sum / all } else { max };
    Departure { mean: Mm(mean), p95: Mm(p95.map_or(max, |&(d, _)| d.into())), max: Mm(max) }
}

#[cfg(test)]
mod tests {
    use glam::DVec3;

    use super::*;

    #[test]
    fn parts_of_a_triangle_have_its_centre() {
        for n in 1..6 {
            let (mut count, mut sum) = (0, DVec3::ZERO);
            for_each_part(n, |v, w| {
                assert!(v > 0.0 && w > 0.0 && v + w < 1.0);
                count += 1;
                sum += DVec3::new(v, w, 0.0);
            });
            assert_eq!(count, n * n);
            assert!((sum / count as f64 - DVec3::new(1.0, 1.0, 0.0) / 3.0).length() < 1e-12);
        }
    }

    #[test]
    fn weights_count() {
        let d = departure(vec![(1.0, 3.0), (3.0, 1.0), (9.0, 0.0)]);
        assert_eq!((d.mean.0, d.p95.0, d.max.0), (1.5, 3.0, 9.0));
    }
}
