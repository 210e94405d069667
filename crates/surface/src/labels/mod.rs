//! The surfaces of all labels of a label map at once.

mod cell;
mod combine;
mod net;
mod pressure;
mod smooth;
mod voxels;

use std::collections::BTreeMap;

use fabrica_geometry::{Grid, Mm, Mm3};
use fabrica_progress::Progress;
use rayon::prelude::*;

use crate::smooth::{Leash, part_vertices, vec3};
use crate::{Mesh, Smoothing, SmoothingReport, SurfaceError};
pub use combine::{Combinations, combinations};
use pressure::Measured;
pub use voxels::Label;

/// The surfaces of all labels, with shared borders: between two labels there is one set of triangles, which both have, so
/// that there is neither a gap nor an overlap.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelSurfaces {
    vertices: Vec<[f32; 3]>,
    /// The same before smoothing, where no triangle meets another.
    half_way: Vec<[f32; 3]>,
    triangles: Vec<[u32; 3]>,
    /// The label behind each triangle and that in front of it.
    sides: Vec<[u16; 2]>,
    labels: Vec<u16>,
    /// What each label enclosed before smoothing and after the filter, where there was smoothing.
    smoothed: BTreeMap<u16, [f64; 2]>,
}

/// Makes the surfaces of all labels of a label map (x fastest; 0 is what lies around, and beyond the grid) in one pass,
/// and smooths them together.
///
/// Each label's surface is closed, edge- and vertex-manifold and faces outwards, whatever the labels. Voxels of a label that touch by a face
/// hang together; by an edge where the two other voxels there are not joined across it (of two labels that could both be,
/// the rarer one is, what lies around never); by a corner never, but where its cell's middle is given to that label.
/// With smoothing no vertex goes farther than the leash from where it was, and every label keeps its volume.
///
/// # Errors
/// When there are not as many labels as the grid has voxels, an option is out of range, there are more triangles than a mesh can hold, or the user
/// cancels.
///
/// # Example
/// ```
/// use fabrica_geometry::{Grid, LpsPoint};
/// use fabrica_progress::Progress;
/// use fabrica_surface::{check, label_surfaces};
/// // Two voxels side by side: 2 x 5 faces outside and one between them, two triangles each.
/// let grid = Grid::axis_aligned([2, 1, 1], LpsPoint::default(), [2.0; 3]).unwrap();
/// let surfaces = label_surfaces(&grid, &[1u8, 2], None, &Progress::new()).unwrap();
/// assert_eq!(surfaces.triangles().len(), 2 * (2 * 5 + 1));
/// for mesh in surfaces.meshes(&Progress::new()).unwrap() {
///     let report = check(&mesh.1, &Progress::new()).unwrap();
///     assert!(report.is_solid() && report.triangles == 12);
///     assert!((report.volume.0 - 8.0).abs() < 1e-6);
/// }
/// ```
pub fn label_surfaces<L: Label>(
    grid: &Grid,
    labels: &[L],
    smoothing: Option<&Smoothing>,
    progress: &Progress,
) -> Result<LabelSurfaces, SurfaceError> {
    if let Some(options) = smoothing {
        options.check()?;
    }
    if labels.len() != grid.len() {
        return Err(SurfaceError::Count { what: "labels", expected: grid.len(), actual: labels.len() });
    }
    progress.stage("making the surfaces");
    let mut net = net::net(grid, labels, progress)?;
    let half_way = net.vertices.clone();
    if let Some(options) = smoothing.filter(|o| o.passes > 0) {
        smooth::filter(&mut net, grid, options, progress)?;
    }
    progress.check()?;
    let mut surfaces = LabelSurfaces::of_net(net, half_way);
    if let Some(options) = smoothing.filter(|o| o.passes > 0) {
        let leash = Leash::new(grid, options.leash_voxels);
        let before = Measured::new(&surfaces, &surfaces.half_way);
        let filtered = pressure::restore(&mut surfaces, &before, &leash, progress)?;
        let after_filter = |label: &u16| filtered.get(label).copied().unwrap_or(0.0);
        surfaces.smoothed = before.volumes.iter().map(|(l, v)| (*l, [*v, after_filter(l)])).collect();
        let mut all = Mesh::from_parts(std::mem::take(&mut surfaces.vertices), std::mem::take(&mut surfaces.triangles));
        part_vertices(&mut all, &surfaces.half_way, progress)?;
        (surfaces.vertices, surfaces.triangles) = all.into_parts();
    }
    Ok(surfaces)
}

impl LabelSurfaces {
    fn of_net(net: net::Net, half_way: Vec<[f32; 3]>) -> Self {
        let vertices = net.vertices;
        let at = |v: u32| vec3(vertices[v as usize]);
        // Each face is cut along its shorter diagonal: by its first where both are alike.
        let cut = |&[a, b, c, d]: &[u32; 4]| {
            let first = at(a).distance_squared(at(c)) <= at(b).distance_squared(at(d));
            if first { [[a, b, c], [a, c, d]] } else { [[a, b, d], [b, c, d]] }
        };
        let mut triangles = vec![[0; 3]; 2 * net.quads.len()];
        triangles.par_chunks_mut(2).zip(&net.quads).for_each(|(to, quad)| to.copy_from_slice(&cut(quad)));
        let mut sides = vec![[0; 2]; 2 * net.quads.len()];
        sides.par_chunks_mut(2).zip(&net.quad_sides).for_each(|(to, sides)| to.fill(*sides));
        triangles.extend(net.fans);
        sides.extend(net.fan_sides);
        let mut present = vec![false; 1 << 16];
        sides.iter().flatten().for_each(|&l| present[usize::from(l)] = true);
        let labels = (1..=u16::MAX).filter(|&l| present[usize::from(l)]).collect();
        Self { vertices, half_way, triangles, sides, labels, smoothed: BTreeMap::new() }
    }

    /// The labels that have a surface, in order.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// All triangles, each once, counter-clockwise seen from the label in front.
    pub fn triangles(&self) -> &[[u32; 3]] {
        &self.triangles
    }

    /// The label behind each triangle and that in front of it.
    pub fn sides(&self) -> &[[u16; 2]] {
        &self.sides
    }

    /// The vertices that all share, LPS in mm.
    pub fn vertices(&self) -> &[[f32; 3]] {
        &self.vertices
    }

    /// All triangles as one mesh, which is no solid: for checks of all borders at once.
    pub fn shared(&self) -> Mesh {
        Mesh::from_parts(self.vertices.clone(), self.triangles.clone())
    }

    /// As [`LabelSurfaces::shared`], with every vertex where it was before smoothing: there no triangle meets another
    /// but in corners and edges that they share.
    pub fn shared_half_way(&self) -> Mesh {
        Mesh::from_parts(self.half_way.clone(), self.triangles.clone())
    }

    /// The same with vertices moved, for all labels alike.
    ///
    /// # Errors
    /// When there are not as many vertices, or a coordinate is not finite.
    pub fn moved(self, vertices: Vec<[f32; 3]>) -> Result<Self, SurfaceError> {
        if vertices.len() != self.vertices.len() {
            let (expected, actual) = (self.vertices.len(), vertices.len());
            return Err(SurfaceError::Count { what: "vertices", expected, actual });
        }
        let (vertices, triangles) = Mesh::new(vertices, self.triangles)?.into_parts();
        Ok(Self { vertices, triangles, ..self })
    }

    /// The border of several labels taken together, such as the combinations that one structure takes part in. It is
    /// closed; where two of them touch only in an edge or a corner, it is no manifold.
    pub fn border(&self, within: impl Fn(u16) -> bool) -> Mesh {
        let both = self.triangles.iter().zip(&self.sides);
        let triangles = both.filter_map(|(&[a, b, c], &[behind, front])| match (within(behind), within(front)) {
            (true, false) => Some([a, b, c]),
            (false, true) => Some([a, c, b]),
            _ => None,
        });
        Mesh::from_parts(self.vertices.clone(), triangles.collect())
    }

    /// What smoothing did to a label, of which `now` is what it encloses; nothing where there was none.
    pub fn smoothing(&self, label: u16, now: Mm3) -> Option<SmoothingReport> {
        let [before, filtered] = self.smoothed.get(&label)?;
        Some(SmoothingReport {
            volume_before: Mm3(*before),
            volume_filtered: Mm3(*filtered),
            volume_after: now,
            greatest_move: self.greatest_move(),
        })
    }

    /// The farthest that smoothing moved a vertex.
    pub fn greatest_move(&self) -> Mm {
        let both = self.vertices.par_iter().zip(&self.half_way);
        Mm(both.map(|(p, o)| vec3(*p).distance(vec3(*o))).reduce(|| 0.0, f32::max).into())
    }

    /// Each label with its own closed mesh, in the order of the labels.
    ///
    /// # Errors
    /// Only when the user cancels.
    pub fn meshes(&self, progress: &Progress) -> Result<Vec<(u16, Mesh)>, SurfaceError> {
        let mut slot = vec![usize::MAX; 1 << 16];
        self.labels.iter().enumerate().for_each(|(n, l)| slot[usize::from(*l)] = n);
        // Which triangles each label has; those that face into it turned round.
        let mut of_label: Vec<Vec<[u32; 3]>> = vec![Vec::new(); self.labels.len()];
        for (&[a, b, c], &[behind, front]) in self.triangles.iter().zip(&self.sides) {
            if let Some(triangles) = of_label.get_mut(slot[usize::from(behind)]) {
                triangles.push([a, b, c]);
            }
            if let Some(triangles) = of_label.get_mut(slot[usize::from(front)]) {
                triangles.push([a, c, b]);
            }
        }
        progress.check()?;
        let made: Vec<Mesh> = of_label
            .into_par_iter()
            .map_init(Vec::new, |numbers: &mut Vec<u32>, mut triangles| {
                numbers.resize(self.vertices.len(), u32::MAX);
                let mut used = Vec::new();
                for v in triangles.iter_mut().flatten() {
                    let number = &mut numbers[*v as usize];
                    if *number == u32::MAX {
                        *number = used.len() as u32;
                        used.push(*v);
                    }
                    *v = *number;
                }
                used.iter().for_each(|&v| numbers[v as usize] = u32::MAX);
                Mesh::from_parts(used.iter().map(|&v| self.vertices[v as usize]).collect(), triangles)
            })
            .collect();
        progress.check()?;
        Ok(self.labels.iter().copied().zip(made).collect())
    }
}
