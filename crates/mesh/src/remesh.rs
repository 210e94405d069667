//! The way that always ends in a solid: sampling on a grid what is inside, and taking its surface.

use fabrica_geometry::{Grid, LpsPoint, Mm};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, surface_of_mask, surface_of_mask_placed};
use fabrica_volume::Mask;
use glam::{DVec3, IVec3};
use rayon::prelude::*;

use crate::MeshError;
use crate::intersections::intersecting_pairs;
use crate::tree::{Tree, corners};
use crate::winding::Winding;

/// The most samples that a grid may have: 512 MiB of bits for two masks.
const MOST_SAMPLES: f64 = 2e9;

/// What a remeshed solid is.
#[derive(Clone, Debug)]
pub struct Remeshed {
    /// Its surface.
    pub mesh: Mesh,
    /// The distance between samples: what is thinner may be lost or change its shape; elsewhere the surface passes
    /// through the old one at each grid line.
    pub tolerance: Mm,
}

/// The step of a grid that is as fine as asked for, or as memory allows: a power of two of a millimetre, so that half
/// steps are exact in the mesh's single precision.
pub(crate) fn step_for(low: DVec3, high: DVec3, asked: Mm) -> Mm {
    let size = high - low;
    let farthest = low.abs().max(high.abs()).max_element();
    let mut step = 2f64.powi(asked.0.log2().floor().clamp(-40.0, 40.0) as i32);
    while ((size / step) + 8.0).element_product() > MOST_SAMPLES
        || (size / step).max_element() > 60_000.0
        || farthest / step > 2f64.powi(21)
    {
        step *= 2.0;
    }
    Mm(step)
}

/// The solid of all points around which a surface winds more than half a time. Whatever the surface, the result is
/// closed, manifold, faces outwards and passes nowhere through itself; holes are closed, overlaps united.
///
/// Samples lie `step` apart (rounded down to a power of two of a millimetre, coarser where memory asks it: the result
/// says which). They are only taken near triangles, and on from there wherever the solid's surface goes (through holes).
/// The surface is that of [`surface_of_mask`] with each vertex moved to where the old surface crosses its grid edge.
/// Where that made it pass through itself, vertices go back to the middle, with which it never does.
///
/// # Errors
/// When there is no triangle or nothing inside, or the user cancels.
pub fn remesh(mesh: &Mesh, step: Mm, progress: &Progress) -> Result<Remeshed, MeshError> {
    let Some((low, high)) = mesh.bounds().filter(|_| !mesh.is_empty()) else { return Err(MeshError::Empty) };
    if !step.0.is_finite() || step.0 <= 0.0 {
        return Err(MeshError::Option { option: "the tolerance", value: step.0, allowed: "a length above 0 mm" });
    }
    progress.stage("remeshing on a grid");
    let step = step_for(low.0, high.0, step);
    let tree = Tree::new(mesh);
    let winding = Winding::new(&tree);
    let field = Field { inside: &|p| winding.at(p) > 0.5, step: step.0 };
    let mask = field.mask(mesh, 1.0, progress)?;
    let solid = field.surface(&mask, |from, to| first_crossing(&tree, from, to), progress)?;
    if solid.is_empty() {
        return Err(MeshError::Failed { step: "remeshing", why: "nothing is enclosed by the surface".into() });
    }
    Ok(Remeshed { mesh: solid, tolerance: step })
}

/// The solid of all points within `radius` of a surface, sheets and lines included, and of all inside it: nothing is
/// lost, everything grows by the radius. Else as [`remesh`].
///
/// # Errors
/// As [`remesh`].
pub fn wrap(mesh: &Mesh, radius: Mm, progress: &Progress) -> Result<Remeshed, MeshError> {
    let Some((low, high)) = mesh.bounds().filter(|_| !mesh.is_empty()) else { return Err(MeshError::Empty) };
    if !radius.0.is_finite() || radius.0 <= 0.0 {
        return Err(MeshError::Option { option: "the radius", value: radius.0, allowed: "a length above 0 mm" });
    }
    progress.stage("wrapping on a grid");
    let step = step_for(low.0 - radius.0, high.0 + radius.0, Mm(radius.0 / 2.0));
    let tree = Tree::new(mesh);
    let winding = Winding::new(&tree);
    let near = |p: DVec3| tree.nearest_where(p, radius.0 * radius.0, |_, _| true).is_some();
    let inside = |p: DVec3| near(p) || winding.at(p) > 0.5;
    let field = Field { inside: &inside, step: step.0 };
    let mask = field.mask(mesh, radius.0 / step.0 + 1.0, progress)?;
    let solid = field.surface(&mask, |_, _| None, progress)?;
    Ok(Remeshed { mesh: solid, tolerance: step })
}

/// Which points belong to a solid, and how far apart to sample that.
pub(crate) struct Field<'a> {
    pub(crate) inside: &'a (dyn Fn(DVec3) -> bool + Sync),
    pub(crate) step: f64,
}

impl Field<'_> {
    /// The samples inside: near the triangles of `mesh` (as many steps as `reach`), and on wherever the border goes.
    pub(crate) fn mask(&self, mesh: &Mesh, reach: f64, progress: &Progress) -> Result<Mask, MeshError> {
        let (low, high) = mesh.bounds().ok_or(MeshError::Empty)?;
        let margin = reach.ceil() + 2.0;
        let origin = ((low.0 / self.step).floor() - margin) * self.step;
        let size = ((high.0 - origin) / self.step).ceil() + margin;
        let dims = size.to_array().map(|n| n as usize + 1);
        let grid = Grid::axis_aligned(dims, LpsPoint(origin), [self.step; 3])
            .map_err(|e| MeshError::Failed { step: "remeshing", why: e.to_string() })?;
        let mut known = Mask::empty(grid.clone());
        let mut inside = Mask::empty(grid);
        let mut frontier = Vec::new();
        for t in 0..mesh.triangles().len() as u32 {
            if t % 4096 == 0 {
                progress.check()?;
            }
            let corners = corners(mesh, t).map(|p| (p - origin) / self.step);
            near_triangle(corners, reach, &mut |at| {
                if !known.get(at) {
                    known.set(at, true);
                    frontier.push(at);
                }
            });
        }
        while !frontier.is_empty() {
            let found: Vec<bool> = frontier
                .par_iter()
                .with_min_len(64)
                .map(|at| {
                    !progress.is_cancelled()
                        && (self.inside)(origin + DVec3::from_array(at.map(|n| n as f64)) * self.step)
                })
                .collect();
            progress.check()?;
            for (at, _) in frontier.iter().zip(&found).filter(|(_, inside)| **inside) {
                inside.set(*at, true);
            }
            frontier = beyond_border(&frontier, &mut known, &inside);
        }
        Ok(sweep(&known, &inside))
    }

    /// The surface of a mask, each vertex where `crossing(from, to)` says, or at the border that bisection finds; put
    /// back to the middle where it would pass through itself.
    pub(crate) fn surface(
        &self,
        mask: &Mask,
        crossing: impl Fn(DVec3, DVec3) -> Option<f64> + Sync,
        progress: &Progress,
    ) -> Result<Mesh, MeshError> {
        let grid = mask.grid();
        let affine = grid.voxel_to_patient();
        let at = |index: usize| affine.transform_point3(DVec3::from_array(grid.position(index).map(|n| n as f64)));
        let fraction = |from: usize, to: usize| {
            if progress.is_cancelled() {
                return 0.5;
            }
            let (from, to) = (at(from), at(to));
            crossing(from, to).unwrap_or_else(|| self.bisect(from, to))
        };
        let placed = surface_of_mask_placed(mask, fraction, progress)?;
        progress.check()?;
        let middle = surface_of_mask(mask, progress)?;
        untangle(placed, &middle, progress)
    }

    fn bisect(&self, from: DVec3, to: DVec3) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..8 {
            let middle = (low + high) / 2.0;
            if (self.inside)(from.lerp(to, middle)) { low = middle } else { high = middle }
        }
        (low + high) / 2.0
    }
}

/// Calls `visit` for all samples in the boxes around a triangle's parts, in steps; parts are cut until they are small.
fn near_triangle(triangle: [DVec3; 3], reach: f64, visit: &mut impl FnMut([usize; 3])) {
    let mut stack = vec![triangle];
    while let Some([a, b, c]) = stack.pop() {
        let (low, high) = (a.min(b).min(c), a.max(b).max(c));
        if (high - low).max_element() > 4.0 {
            // Across the middle of the longest side.
            let (ab, bc, ca) = (a.distance_squared(b), b.distance_squared(c), c.distance_squared(a));
            let [a, b, c] = if ab >= bc && ab >= ca {
                [a, b, c]
            } else if bc >= ca {
                [b, c, a]
            } else {
                [c, a, b]
            };
            let middle = (a + b) / 2.0;
            stack.extend([[a, middle, c], [middle, b, c]]);
            continue;
        }
        let from = (low - reach).ceil().max(DVec3::ZERO).to_array().map(|n| n as usize);
        let to = (high + reach).floor().to_array().map(|n| n as usize);
        for k in from[2]..=to[2] {
            for j in from[1]..=to[1] {
                for i in from[0]..=to[0] {
                    visit([i, j, k]);
                }
            }
        }
    }
}

/// The unknown samples around those just found that lie beside a border.
fn beyond_border(found: &[[usize; 3]], known: &mut Mask, inside: &Mask) -> Vec<[usize; 3]> {
    let dims = IVec3::from_array(known.grid().dims().map(|n| n as i32));
    let within = |p: IVec3| p.cmpge(IVec3::ZERO).all() && p.cmplt(dims).all();
    let index = |p: IVec3| p.to_array().map(|n| n as usize);
    let mut next = Vec::new();
    for &at in found {
        let here = IVec3::from_array(at.map(|n| n as i32));
        for axis in [IVec3::X, IVec3::Y, IVec3::Z, -IVec3::X, -IVec3::Y, -IVec3::Z] {
            let beside = here + axis;
            if !within(beside) || !known.get(index(beside)) || inside.get(at) == inside.get(index(beside)) {
                continue;
            }
            for centre in [here, beside] {
                for n in 0..27 {
                    let p = centre + IVec3::new(n % 3, n / 3 % 3, n / 9) - 1;
                    if within(p) && !known.get(index(p)) {
                        known.set(index(p), true);
                        next.push(index(p));
                    }
                }
            }
        }
    }
    next
}

/// Gives every unknown sample the state of the known one before it in its row: no border passes between them.
fn sweep(known: &Mask, inside: &Mask) -> Mask {
    Mask::from_rows(known.grid().clone(), |j, k, words| {
        let mut state = 0u64;
        for ((word, &known), &inside) in words.iter_mut().zip(known.row(j, k)).zip(inside.row(j, k)) {
            if known == 0 {
                *word = state.wrapping_neg();
                continue;
            }
            let mut filled = 0;
            for bit in 0..64 {
                if known >> bit & 1 == 1 {
                    state = inside >> bit & 1;
                }
                filled |= state << bit;
            }
            *word = filled;
        }
        // Bits beyond the row's end stay empty.
        let beyond = known.grid().dims()[0] % 64;
        if beyond != 0
            && let Some(last) = words.last_mut()
        {
            *last &= (1 << beyond) - 1;
        }
    })
}

/// Where the only triangle between two points crosses; nothing when there is none or several.
fn first_crossing(tree: &Tree<'_>, from: DVec3, to: DVec3) -> Option<f64> {
    let mut found = None;
    let mut several = false;
    tree.on_ray(from, to - from, 1.0, |_, along| {
        // A ray through a common side meets both of its triangles at one place.
        several |= found.is_some_and(|other: f64| (other - along).abs() > 1e-6);
        found = Some(along);
        1.0
    });
    found.filter(|_| !several)
}

/// Moves the vertices of triangles that pass through others to where they are in `safe`, a mesh of the same triangles
/// that does not pass through itself, until none does.
///
/// # Errors
/// When the meshes have different triangles, or the user cancels.
pub fn untangle(mesh: Mesh, safe: &Mesh, progress: &Progress) -> Result<Mesh, MeshError> {
    if mesh.triangles() != safe.triangles() || mesh.vertices().len() != safe.vertices().len() {
        return Err(MeshError::Failed { step: "untangling", why: "the safe mesh has other triangles".into() });
    }
    let mut mesh = mesh;
    for round in 0.. {
        let tree = Tree::new(&mesh);
        let pairs = intersecting_pairs(&tree, progress)?;
        if pairs.is_empty() {
            break;
        }
        if round == 16 {
            return Ok(safe.clone());
        }
        let mut back: Vec<u32> =
            pairs.iter().flat_map(|&(a, b)| [a, b]).flat_map(|t| mesh.triangles()[t as usize]).collect();
        back.sort_unstable();
        back.dedup();
        let (mut vertices, triangles) = mesh.into_parts();
        let mut moved = false;
        for v in back {
            let (to, from) = (&mut vertices[v as usize], safe.vertices()[v as usize]);
            moved |= *to != from;
            *to = from;
        }
        mesh = Mesh::new(vertices, triangles)?;
        if !moved {
            return Ok(safe.clone());
        }
    }
    Ok(mesh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabrica_surface::check;
    use proptest::prelude::*;

    #[test]
    fn half_way_surfaces_of_all_256_cells_pass_nowhere_through_themselves() {
        let grid = Grid::axis_aligned([2, 2, 2], LpsPoint::default(), [1.0; 3]).unwrap();
        for case in 1..256usize {
            let mask = Mask::from_fn(grid.clone(), |n| case >> n & 1 == 1);
            let mesh = surface_of_mask(&mask, &Progress::new()).unwrap();
            assert!(crate::self_intersections(&mesh, &Progress::new()).unwrap().is_empty(), "{case}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn half_way_surfaces_of_noise_pass_nowhere_through_themselves(
            bits in proptest::collection::vec(any::<u64>(), 6),
        ) {
            let grid = Grid::axis_aligned([7, 7, 7], LpsPoint::default(), [0.5; 3]).unwrap();
            let mask = Mask::from_fn(grid, |n| bits[n / 64] >> (n % 64) & 1 == 1);
            let mesh = surface_of_mask(&mask, &Progress::new()).unwrap();
            prop_assert!(crate::self_intersections(&mesh, &Progress::new()).unwrap().is_empty());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn a_soup_becomes_a_solid_or_nothing(
            corners in proptest::collection::vec([-4f32..4.0, -4f32..4.0, -4f32..4.0], 12..60),
        ) {
            let triangles = (0..corners.len() as u32 / 3).map(|n| [3 * n, 3 * n + 1, 3 * n + 2]).collect();
            let mesh = Mesh::new(corners, triangles).unwrap();
            let wrapped = wrap(&mesh, Mm(0.5), &Progress::new()).unwrap().mesh;
            prop_assert!(check(&wrapped, &Progress::new()).unwrap().is_solid());
            prop_assert!(crate::self_intersections(&wrapped, &Progress::new()).unwrap().is_empty());
            if let Ok(solid) = remesh(&mesh, Mm(0.5), &Progress::new()) {
                prop_assert!(check(&solid.mesh, &Progress::new()).unwrap().is_solid());
                prop_assert!(crate::self_intersections(&solid.mesh, &Progress::new()).unwrap().is_empty());
            }
        }
    }
}
