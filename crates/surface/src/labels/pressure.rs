//! Giving labels back the volume that smoothing took.

use std::collections::BTreeMap;

use fabrica_progress::Progress;
use glam::DVec3;
use rayon::prelude::*;

use super::LabelSurfaces;
use crate::SurfaceError;
use crate::mesh::position;
use crate::smooth::{Leash, vec3};

/// How often it is corrected at most, and the relative error that is good enough.
const CORRECTIONS: usize = 3;
const GOOD_VOLUME: f64 = 1e-4;
/// Rounds of solving for the pressures.
const ROUNDS: usize = 100;

/// Enclosed volumes by label, and areas between labels (the smaller number first).
#[derive(Default)]
pub(super) struct Measured {
    pub(super) volumes: BTreeMap<u16, f64>,
    areas: BTreeMap<[u16; 2], f64>,
}

impl Measured {
    pub(super) fn new(surfaces: &LabelSurfaces, vertices: &[[f32; 3]]) -> Self {
        let origin = vertices.first().map_or(DVec3::ZERO, |v| position(*v));
        let pieces: Vec<Self> = surfaces
            .triangles
            .par_chunks(1 << 16)
            .zip(surfaces.sides.par_chunks(1 << 16))
            .map(|(triangles, sides)| {
                let mut piece = Self::default();
                let mut from = 0;
                // Runs between the same labels are long.
                for run in sides.chunk_by(|a, b| a == b) {
                    let (mut volume, mut area) = (0.0, 0.0);
                    for t in &triangles[from..from + run.len()] {
                        let [a, b, c] = t.map(|v| position(vertices[v as usize]) - origin);
                        let cross = (b - a).cross(c - a);
                        volume += a.dot(cross) / 6.0;
                        area += cross.length() / 2.0;
                    }
                    from += run.len();
                    let [behind, before] = run[0];
                    *piece.volumes.entry(behind).or_default() += volume;
                    *piece.volumes.entry(before).or_default() -= volume;
                    *piece.areas.entry([behind.min(before), behind.max(before)]).or_default() += area;
                }
                piece
            })
            .collect();
        // In order, so that the result never varies.
        let mut all = Self::default();
        for piece in pieces {
            piece.volumes.into_iter().for_each(|(label, v)| *all.volumes.entry(label).or_default() += v);
            piece.areas.into_iter().for_each(|(pair, a)| *all.areas.entry(pair).or_default() += a);
        }
        all.volumes.remove(&0);
        all
    }

    /// How far each label must push outwards so that all get back what they lost: a border between two goes by the
    /// difference of their pressures, and the outside has none. Gauss and Seidel's rounds.
    fn pressures(&self, before: &BTreeMap<u16, f64>) -> BTreeMap<u16, f64> {
        let mut beside: BTreeMap<u16, Vec<(u16, f64)>> = BTreeMap::new();
        for (&[a, b], &area) in &self.areas {
            beside.entry(a).or_default().push((b, area));
            beside.entry(b).or_default().push((a, area));
        }
        let mut pressures: BTreeMap<u16, f64> = BTreeMap::from([(0, 0.0)]);
        for _ in 0..ROUNDS {
            for (label, now) in &self.volumes {
                let around = beside.get(label).map_or(&[][..], |v| &v[..]);
                let area: f64 = around.iter().map(|(_, area)| area).sum();
                let held: f64 = around.iter().map(|(b, area)| area * pressures.get(b).unwrap_or(&0.0)).sum();
                let lost = before.get(label).unwrap_or(now) - now;
                pressures.insert(*label, if area > 0.0 { (lost + held) / area } else { 0.0 });
            }
        }
        pressures
    }
}

/// Moves borders until each label encloses what it did before, or as near to it as the leash allows.
/// Returns the volumes at first.
pub(super) fn restore(
    surfaces: &mut LabelSurfaces,
    before: &Measured,
    leash: &Leash,
    progress: &Progress,
) -> Result<BTreeMap<u16, f64>, SurfaceError> {
    let mut filtered = None;
    for _ in 0..CORRECTIONS {
        progress.check()?;
        let now = Measured::new(surfaces, &surfaces.vertices);
        filtered.get_or_insert_with(|| now.volumes.clone());
        let all: f64 = before.volumes.values().sum();
        let lost: f64 = before.volumes.iter().map(|(l, v)| (v - now.volumes.get(l).unwrap_or(v)).abs()).sum();
        if lost <= GOOD_VOLUME * all {
            break;
        }
        let pressures = now.pressures(&before.volumes);
        let highest = pressures.keys().last().map_or(0, |l| usize::from(*l));
        let mut by_label = vec![0.0; highest + 1];
        pressures.iter().for_each(|(l, p)| by_label[usize::from(*l)] = *p);
        // Pushed by all its triangles, each along its normal by the difference across it.
        let mut pushes = vec![(glam::Vec3::ZERO, 0f32); surfaces.vertices.len()];
        for (t, &[behind, front]) in surfaces.triangles.iter().zip(&surfaces.sides) {
            let [a, b, c] = t.map(|v| vec3(surfaces.vertices[v as usize]));
            let cross = (b - a).cross(c - a);
            let length = cross.length();
            let of = |label: u16| by_label.get(usize::from(label)).copied().unwrap_or(0.0);
            let push = cross * (of(behind) - of(front)) as f32;
            for &v in t {
                let (sum, area) = &mut pushes[v as usize];
                *sum += push;
                *area += length;
            }
        }
        let original = &surfaces.half_way;
        surfaces.vertices.par_iter_mut().zip(original).zip(&pushes).for_each(|((p, o), (push, area))| {
            if *area > 0.0 {
                *p = leash.hold(vec3(*o), vec3(*p) + *push / *area).to_array();
            }
        });
    }
    Ok(filtered.unwrap_or_default())
}
