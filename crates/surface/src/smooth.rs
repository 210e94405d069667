//! Smoothing without shrinking.

use fabrica_geometry::{Grid, Mm, Mm3};
use fabrica_progress::Progress;
use glam::{Mat3, Vec3};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::around::{self, ByVertex};
use crate::check::{coincident, flat, shells};
use crate::parts::Parts;
use crate::{Mesh, SurfaceError};

/// The share of the way to its neighbours' mean that a vertex goes in the shrinking step.
pub(crate) const SHRINK: f64 = 0.63;
/// Vertices in one piece of parallel work.
const PIECE: usize = 1 << 13;
/// How often the volume is corrected at most, and the relative error that is good enough.
const CORRECTIONS: usize = 4;
const GOOD_VOLUME: f64 = 1e-4;

/// How to smooth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Smoothing {
    /// Pairs of a shrinking and a growing step. More are smoother; 0 leaves the mesh as it is.
    pub passes: u32,
    /// Pass band of the low-pass filter, as a frequency of the mesh Laplacian, 0.01 to 0.5. Smaller is smoother.
    pub pass_band: f64,
    /// The farthest that a vertex may go from where it was, in voxels (an ellipsoid where voxels are not cubes).
    pub leash_voxels: f64,
}

impl Default for Smoothing {
    fn default() -> Self {
        Self { passes: 10, pass_band: 0.1, leash_voxels: 0.28 }
    }
}

/// What smoothing did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmoothingReport {
    /// Enclosed volume before.
    pub volume_before: Mm3,
    /// Enclosed volume after the filter, before its loss was corrected.
    pub volume_filtered: Mm3,
    /// Enclosed volume now.
    pub volume_after: Mm3,
    /// The farthest that a vertex went.
    pub greatest_move: Mm,
}

/// Smooths a surface in place. `grid` is that of the mask or volume that the surface was made from.
///
/// Taubin's low-pass filter (*A signal processing approach to fair surface design*, 1995): each pass a shrinking step
/// and a growing one, so that shapes wider than the pass band keep their size. What volume each separate part still
/// loses is given back along the normals. No vertex goes farther than the leash from where it was: with the default of
/// 0.28 voxel a surface made from a mask passes over no voxel centre (unsmoothed it is at least 0.2886 voxel away from
/// all of them), so a vessel of one voxel's width stays, and every voxel stays on its side. Vertices that would
/// come to lie at one place, or make a triangle without area, go back to where they were.
///
/// Meant for closed surfaces. At the rim of a hole the result is less even, the leash holds there too.
///
/// # Errors
/// When an option is out of range or the user cancels; the mesh is then unchanged.
pub fn smooth(
    mesh: &mut Mesh,
    grid: &Grid,
    options: &Smoothing,
    progress: &Progress,
) -> Result<SmoothingReport, SurfaceError> {
    options.check()?;
    progress.stage("smoothing the surface");
    let (parts, neighbours) = rayon::join(|| Parts::of_mesh(mesh), || around::neighbours(mesh));
    let before: Vec<f64> = shells(mesh, &parts).iter().map(|s| s.volume).collect();
    progress.check()?;
    let leash = Leash::new(grid, options.leash_voxels);
    let original = mesh.vertices().to_vec();

    let mut from = original.clone();
    let mut to = original.clone();
    let grow = 1.0 / (options.pass_band - 1.0 / SHRINK);
    for pass in 0..options.passes {
        for factor in [SHRINK, grow] {
            progress.check()?;
            step(&neighbours, &leash, &original, factor as f32, &from, &mut to);
            std::mem::swap(&mut from, &mut to);
        }
        progress.set(0.8 * (pass + 1) as f32 / options.passes as f32);
    }
    drop(to);
    drop(neighbours);

    let mut smoothed = Mesh::from_parts(from, mesh.triangles().to_vec());
    let filtered = correct_volume(&mut smoothed, &original, &leash, &parts, &before, progress)?;
    part_vertices(&mut smoothed, &original, progress)?;
    let after = enclosed(&smoothed, &parts);
    let greatest_move = smoothed
        .vertices()
        .par_iter()
        .zip(&original)
        .map(|(p, o)| vec3(*p).distance(vec3(*o)))
        .reduce(|| 0.0, f32::max);
    let report = SmoothingReport {
        volume_before: Mm3(before.iter().sum()),
        volume_filtered: Mm3(filtered),
        volume_after: Mm3(after),
        greatest_move: Mm(greatest_move.into()),
    };
    mesh.vertices_mut().copy_from_slice(smoothed.vertices());
    Ok(report)
}

impl Smoothing {
    pub(crate) fn check(&self) -> Result<(), SurfaceError> {
        if !(0.01..=0.5).contains(&self.pass_band) {
            let allowed = "0.01 to 0.5";
            return Err(SurfaceError::Option { option: "the pass band", value: self.pass_band, allowed });
        }
        if !(0.0..=10.0).contains(&self.leash_voxels) {
            let allowed = "0 to 10 voxels";
            return Err(SurfaceError::Option { option: "the leash of smoothing", value: self.leash_voxels, allowed });
        }
        if self.passes > 1000 {
            let allowed = "at most 1,000";
            return Err(SurfaceError::Option { option: "the number of passes", value: self.passes.into(), allowed });
        }
        Ok(())
    }
}

pub(crate) fn vec3(p: [f32; 3]) -> Vec3 {
    Vec3::from_array(p)
}

fn enclosed(mesh: &Mesh, parts: &Parts) -> f64 {
    shells(mesh, parts).iter().map(|s| s.volume).sum()
}

/// How far a vertex may go: an ellipsoid around its place, a sphere in units of voxels.
pub(crate) struct Leash {
    /// From a move in mm to one in leash lengths.
    to_lengths: Mat3,
    length: f32,
}

impl Leash {
    pub(crate) fn new(grid: &Grid, voxels: f64) -> Self {
        Self { to_lengths: grid.patient_to_voxel().matrix3.as_mat3(), length: voxels as f32 }
    }

    #[inline(always)]
    pub(crate) fn hold(&self, original: Vec3, wanted: Vec3) -> Vec3 {
        let step = wanted - original;
        let squared = (self.to_lengths * step).length_squared();
        if squared > self.length * self.length { original + step * (self.length / squared.sqrt()) } else { wanted }
    }
}

/// Moves each vertex by a share of the way to its neighbours' mean.
fn step(
    neighbours: &ByVertex<u32>,
    leash: &Leash,
    original: &[[f32; 3]],
    factor: f32,
    from: &[[f32; 3]],
    to: &mut [[f32; 3]],
) {
    to.par_chunks_mut(PIECE).enumerate().for_each(|(piece, to)| {
        let first = piece * PIECE;
        for (offset, to) in to.iter_mut().enumerate() {
            let vertex = first + offset;
            let around = neighbours.of(vertex);
            if around.is_empty() {
                continue;
            }
            let here = vec3(from[vertex]);
            let sum: Vec3 = around.iter().map(|&n| vec3(from[n as usize])).sum();
            let wanted = here + (sum / around.len() as f32 - here) * factor;
            *to = leash.hold(vec3(original[vertex]), wanted).to_array();
        }
    });
}

/// Moves each part in or out along its normals until it encloses what it did before. Returns the volume at first.
fn correct_volume(
    mesh: &mut Mesh,
    original: &[[f32; 3]],
    leash: &Leash,
    parts: &Parts,
    before: &[f64],
    progress: &Progress,
) -> Result<f64, SurfaceError> {
    let mut first = None;
    for _ in 0..CORRECTIONS {
        progress.check()?;
        let now = shells(mesh, parts);
        first.get_or_insert(now.iter().map(|s| s.volume).sum());
        let lost: Vec<f64> = before.iter().zip(&now).map(|(before, now)| before - now.volume).collect();
        let all: f64 = before.iter().map(|v| v.abs()).sum();
        if lost.iter().map(|v| v.abs()).sum::<f64>() <= GOOD_VOLUME * all {
            break;
        }
        let distances: Vec<f64> =
            lost.iter().zip(&now).map(|(lost, now)| if now.area > 0.0 { lost / now.area } else { 0.0 }).collect();
        let normals = mesh.vertex_normals();
        mesh.vertices_mut().par_iter_mut().zip(&normals).zip(original).enumerate().for_each(|(vertex, ((p, n), o))| {
            let distance = distances.get(parts.of(vertex as u32)).copied().unwrap_or(0.0) as f32;
            *p = leash.hold(vec3(*o), vec3(*p) + vec3(*n) * distance).to_array();
        });
    }
    Ok(first.unwrap_or(0.0))
}

/// Puts vertices back that lie at the place of another, and those of triangles without area.
pub(crate) fn part_vertices(mesh: &mut Mesh, original: &[[f32; 3]], progress: &Progress) -> Result<(), SurfaceError> {
    loop {
        progress.check()?;
        let (places, flat) = rayon::join(|| coincident(mesh), || flat(mesh));
        let mut moved = false;
        for v in places.into_iter().chain(flat.into_iter().flatten()) {
            let (p, o) = (&mut mesh.vertices_mut()[v as usize], original[v as usize]);
            moved |= *p != o;
            *p = o;
        }
        if !moved {
            return Ok(());
        }
    }
}
