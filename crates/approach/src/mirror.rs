//! A cranial implant from the sound side: mirrored about a fitted mid-plane.

use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm, Mm3, VoxelPoint};
use fabrica_progress::Progress;
use fabrica_surface::Mesh;
use fabrica_volume::{Mask, Samples, ValueUnit, Volume};
use glam::{DMat3, DVec3};
use rayon::prelude::*;
use serde::Serialize;

use crate::{ApproachError, Tree};

/// A plane of symmetry.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MidPlane {
    /// A point on it.
    pub point: LpsPoint,
    /// Across it, unit length, to the left.
    pub normal: LpsVector,
    /// The median distance between the surface and its mirror image, over the two thirds that agree best.
    pub departure: Mm,
}

/// How a cranial implant is made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CranialOptions {
    /// Between implant and bone all around.
    pub gap: Mm,
    /// Edges are rounded over this.
    pub rounding: Mm,
    /// The lattice that it is made on.
    pub step: Mm,
}

impl Default for CranialOptions {
    fn default() -> Self {
        Self { gap: Mm(0.5), rounding: Mm(1.0), step: Mm(0.6) }
    }
}

/// A cranial implant.
#[derive(Clone, Debug)]
pub struct CranialImplant {
    /// Its surface, closed and facing outwards, ready for the checks of the print path.
    pub mesh: Mesh,
    /// In numbers.
    pub report: CranialReport,
}

/// A cranial implant in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CranialReport {
    /// What it was mirrored about.
    pub plane: MidPlane,
    /// The least distance between implant and bone.
    pub least_gap: Mm,
    /// Its mean over the rim: what lies within 1 mm of the least.
    pub mean_rim_gap: Mm,
    /// Least, median and greatest distance between the two faces, straight through, away from the rim; nothing where all is
    /// rim.
    pub thickness: Option<[Mm; 3]>,
    /// What the other side has there too and was left out: films on sound bone, where the two sides differ, and loose pieces.
    pub left_out: Mm3,
    /// How much the two sides of the skull differ where they agree best: what the shape may be off at least.
    pub expected_departure: Mm,
}

/// Points that are paired, and how often at most.
const POINTS: usize = 6000;
const ROUNDS: usize = 60;

/// Fits the plane about which a skull is most nearly its own mirror image, starting from `first` (a point and a direction
/// near to left-right).
///
/// Points of the outer surface are mirrored and paired with its nearest point; the worst third of the pairs (the
/// defect, the jaw) is left out; the plane is turned and moved so that the images' squared distances from the surface, along
/// its normals, become least (Gauss-Newton; Y. Chen, G. Medioni, "Object modelling by registration of multiple range images",
/// 1992). Repeated until it stays. The first direction may be off by some 10°.
///
/// # Errors
/// When the mesh is empty, the direction has no length, or the user cancels.
pub fn fit_mid_plane(
    mesh: &Mesh,
    first: (LpsPoint, LpsVector),
    progress: &Progress,
) -> Result<MidPlane, ApproachError> {
    if mesh.is_empty() {
        return Err(ApproachError::Empty("the skull".into()));
    }
    progress.stage("fitting the mid-plane");
    let outer = outer_surface(mesh)?;
    let tree = Tree::new(&outer);
    let corner = |v: u32| outer.vertices().get(v as usize).map_or(DVec3::ZERO, position);
    let step = outer.triangles().len().div_ceil(POINTS).max(1);
    let points: Vec<DVec3> =
        outer.triangles().iter().step_by(step).map(|t| t.map(corner).into_iter().sum::<DVec3>() / 3.0).collect();
    let no_direction = || ApproachError::invalid("mid-plane", "the first direction has no length");
    let mut normal = first.1.0.try_normalize().ok_or_else(no_direction)?;
    let mut at = first.0.0;
    let mut departure = f64::INFINITY;
    for round in 0..ROUNDS {
        progress.check()?;
        progress.set(round as f32 / ROUNDS as f32);
        let (u, v) = normal.any_orthonormal_pair();
        // For each point how far its image is from the surface, along the surface's normal, and how that changes with the
        // plane: turned towards u, towards v, and moved along its normal.
        let mut pairs: Vec<(f64, f64, DVec3)> = points
            .par_iter()
            .filter_map(|&p| {
                let from = p - at;
                let aside = from.dot(normal);
                let image = p - normal * (2.0 * aside);
                let nearest = tree.nearest(image, f64::INFINITY)?;
                let out = tree.outward(&nearest);
                let turned = |w: DVec3| -2.0 * (normal * from.dot(w) + w * aside).dot(out);
                let change = DVec3::new(turned(u), turned(v), 2.0 * normal.dot(out));
                Some((nearest.distance, (image - nearest.point).dot(out), change))
            })
            .collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        pairs.truncate((pairs.len() * 2 / 3).max(3));
        departure = pairs.get(pairs.len() / 2).map_or(f64::INFINITY, |p| p.0);
        let (mut matrix, mut right) = (DMat3::ZERO, DVec3::ZERO);
        for (_, off, change) in &pairs {
            matrix += DMat3::from_cols(*change * change.x, *change * change.y, *change * change.z);
            right -= *change * *off;
        }
        // A shape that is its own image about many planes (a ball) leaves the step open: a little damping keeps it small.
        matrix +=
            DMat3::from_diagonal(DVec3::splat(1e-6 * (matrix.col(0).x + matrix.col(1).y + matrix.col(2).z) + 1e-12));
        let step = matrix.inverse() * right;
        at += normal * step.z;
        normal = (normal + u * step.x + v * step.y).normalize_or(normal);
        if step.x.hypot(step.y) * 100.0 + step.z.abs() < 1e-4 {
            break;
        }
    }
    let normal = if normal.x < 0.0 { -normal } else { normal };
    Ok(MidPlane { point: LpsPoint(at), normal: LpsVector(normal), departure: Mm(departure) })
}

/// The triangles from which the way out, straight away from the middle, is free: paired with these alone, the image of the
/// outer table of the skull is never drawn to the inner one.
fn outer_surface(mesh: &Mesh) -> Result<Mesh, ApproachError> {
    let tree = Tree::new(mesh);
    let count = mesh.vertices().len().max(1) as f64;
    let middle = mesh.vertices().iter().map(position).sum::<DVec3>() / count;
    let corner = |v: u32| mesh.vertices().get(v as usize).map_or(DVec3::ZERO, position);
    let free = |t: &&[u32; 3]| {
        let at = t.map(corner).into_iter().sum::<DVec3>() / 3.0;
        let away = (at - middle).normalize_or(DVec3::Z);
        tree.passes(at + away * 0.01, away, 2000.0).is_empty()
    };
    let triangles: Vec<[u32; 3]> = mesh.triangles().par_iter().filter(free).copied().collect();
    Ok(Mesh::new(mesh.vertices().to_vec(), triangles)?)
}

fn position(vertex: &[f32; 3]) -> DVec3 {
    DVec3::from_array(vertex.map(f64::from))
}

/// Makes an implant for a hole in a skull: within a box around the hole, what the mirrored skull has and the skull has not,
/// with a gap, rounded edges, and only the largest piece. Films thinner than 2 mm, or than three times what the sides differ by,
/// are left out: a plate as thin as that is not made. Where it is known what fills the hole, such as the piece that was taken
/// out, the implant reaches no farther from that than it may.
///
/// # Errors
/// When nothing is missing in the box, the box is too large for the step, a number makes no sense, or the user cancels.
pub fn cranial_implant(
    skull: &Mesh,
    plane: &MidPlane,
    hole: (LpsPoint, LpsPoint),
    filled_by: Option<(&Mesh, Mm)>,
    options: &CranialOptions,
    progress: &Progress,
) -> Result<CranialImplant, ApproachError> {
    let CranialOptions { gap, rounding, step } = *options;
    if !((0.0..=10.0).contains(&gap.0) && (0.0..=20.0).contains(&rounding.0) && (0.1..=5.0).contains(&step.0)) {
        let what = format!("gap {gap} (0 to 10), rounding {rounding} (0 to 20), step {step} (0.1 to 5)");
        return Err(ApproachError::invalid("cranial implant", what));
    }
    let (low, size) = (hole.0.0, hole.1.0 - hole.0.0);
    let dims = (size / step.0).ceil().max(DVec3::ZERO) + 1.0;
    if !(dims.element_product() < 5e7 && size.min_element() > 0.0) {
        return Err(ApproachError::invalid("hole", "its box is empty, or too large for the step"));
    }
    let grid = Grid::axis_aligned(dims.to_array().map(|n| n as usize), hole.0, [step.0; 3])?;
    progress.stage("making the implant");
    let tree = Tree::new(skull);
    let filling = filled_by.map(|(mesh, by)| (Tree::new(mesh), by.0));
    let reflect = |p: DVec3| p - plane.normal.0 * (2.0 * (p - plane.point.0).dot(plane.normal.0));
    let [nx, ny, _] = grid.dims();
    let mut values = vec![0f32; grid.len()];
    values.par_chunks_mut(nx).enumerate().try_for_each(|(row, values)| {
        progress.check()?;
        let (j, k) = (row % ny, row / ny);
        let distance = |p: DVec3| tree.signed(p).map_or(f64::INFINITY, |n| n.distance);
        for (i, value) in values.iter_mut().enumerate() {
            let at = low + DVec3::new(i as f64, j as f64, k as f64) * step.0;
            let wanted = distance(reflect(at));
            // Far from what is wanted nothing else matters.
            let far = wanted > 2.0 * (rounding.0 + step.0);
            let field = if far { wanted } else { rounded_greater(wanted, gap.0 - distance(at), rounding.0) };
            let beyond = filling
                .as_ref()
                .map_or(f64::NEG_INFINITY, |(tree, by)| tree.signed(at).map_or(f64::INFINITY, |n| n.distance - by));
            *value = -field.max(beyond) as f32;
        }
        Ok::<(), ApproachError>(())
    })?;
    let inside = Mask::from_fn(grid.clone(), |n| values[n] >= 0.0);
    let largest = |mask: &Mask| fabrica_segment::largest_islands(mask, 1, fabrica_segment::Connectivity::Six, progress);
    // Where the two sides differ, the mirrored bone stands a little over the other all around the hole: films that a ball does
    // not fit into are left out, and with them what hangs on by them.
    let film = Mm((1.5 * plane.departure.0).max(1.0));
    let solid = largest(&fabrica_segment::open(&inside, film, progress)?)?;
    if solid.is_empty() {
        return Err(ApproachError::invalid("hole", "nothing is missing there that the other side has"));
    }
    // The ball takes the edges too: they are given back.
    let kept = fabrica_segment::intersection(&fabrica_segment::dilate(&solid, film, progress)?, &inside)?;
    let left_out = fabrica_segment::difference(&inside, &kept)?.volume();
    // So far beyond that nothing is rounded off where the border stays.
    let beyond = rounding.0.max(step.0);
    let reach = fabrica_segment::dilate(&kept, Mm(beyond + step.0), progress)?;
    let from_kept = fabrica_segment::signed_distance(&kept, progress)?;
    for (n, value) in values.iter_mut().enumerate() {
        let beyond = f64::from(from_kept[n]) - beyond;
        *value = -(rounded_greater(-f64::from(*value), beyond, rounding.0) as f32);
    }
    let largest = largest(&fabrica_segment::intersection(&reach, &Mask::from_fn(grid.clone(), |n| values[n] >= 0.0))?)?;
    if largest.is_empty() {
        return Err(ApproachError::invalid("hole", "what is missing there is thinner than its rounded edges"));
    }
    let volume = Volume::new(grid, Samples::F32(values), ValueUnit::Arbitrary)
        .map_err(|e| ApproachError::invalid("cranial implant", e.to_string()))?;
    let mesh = fabrica_surface::surface_within(&largest, &volume, 0.0, progress)?;
    let report = CranialReport { left_out, ..report(&mesh, &tree, plane, gap) };
    Ok(CranialImplant { mesh, report })
}

/// The greater of two distances, rounded over `width` where they meet.
fn rounded_greater(a: f64, b: f64, width: f64) -> f64 {
    if width <= 0.0 {
        return a.max(b);
    }
    let h = (width - (a - b).abs()).max(0.0) / width;
    a.max(b) + h * h * width / 4.0
}

fn report(mesh: &Mesh, skull: &Tree, plane: &MidPlane, gap: Mm) -> CranialReport {
    let own = Tree::new(mesh);
    let step = mesh.vertices().len().div_ceil(4000).max(1);
    let (mut gaps, mut thick) = (Vec::new(), Vec::new());
    for (v, normal) in mesh.vertices().iter().zip(&mesh.vertex_normals()).step_by(step) {
        let at = position(v);
        let distance = skull.signed(at).map_or(f64::INFINITY, |n| n.distance);
        gaps.push(distance);
        let inwards = -position(normal);
        // The rim has no two faces.
        if distance > gap.0 + 3.0
            && let Some((t, _)) = own.passes(at + inwards * 0.05, inwards, 200.0).first()
        {
            thick.push(t + 0.05);
        }
    }
    let least = gaps.iter().copied().fold(f64::INFINITY, f64::min);
    let rim: Vec<f64> = gaps.iter().copied().filter(|g| *g < least + 1.0).collect();
    thick.sort_by(f64::total_cmp);
    let share = |s: f64| Some(Mm(*thick.get(((thick.len() as f64 - 1.0).max(0.0) * s) as usize)?));
    CranialReport {
        plane: *plane,
        least_gap: Mm(least),
        mean_rim_gap: Mm(rim.iter().sum::<f64>() / rim.len().max(1) as f64),
        thickness: share(0.0).zip(share(0.5)).zip(share(1.0)).map(|((a, b), c)| [a, b, c]),
        left_out: Mm3(0.0),
        expected_departure: plane.departure,
    }
}

/// The mean and the greatest distance of a mesh's vertices from another mesh; nothing where either is empty.
pub fn departure(mesh: &Mesh, from: &Mesh) -> Option<(Mm, Mm)> {
    let tree = Tree::new(from);
    let nearest = |v: &[f32; 3]| tree.nearest(position(v), f64::INFINITY).map(|n| n.distance);
    let all: Vec<f64> = mesh.vertices().par_iter().filter_map(nearest).collect();
    let greatest = all.iter().copied().reduce(f64::max)?;
    Some((Mm(all.iter().sum::<f64>() / all.len() as f64), Mm(greatest)))
}

/// The box around a mask, grown by `by` on each side; nothing for an empty one.
pub fn box_around(mask: &Mask, by: Mm) -> Option<(LpsPoint, LpsPoint)> {
    let (low, high) = mask.bounding_box()?;
    let corners = (0..8).map(|n| {
        let at = std::array::from_fn(|a| if n >> a & 1 == 0 { low[a] as f64 } else { high[a] as f64 });
        mask.grid().to_patient(VoxelPoint(DVec3::from_array(at))).0
    });
    let (low, high) = corners.fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(l, h), p| (l.min(p), h.max(p)));
    Some((LpsPoint(low - by.0), LpsPoint(high + by.0)))
}
