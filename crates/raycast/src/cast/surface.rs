//! The surface at a value, found between samples.

use fabrica_volume::Sample;

use super::path::Path;
use super::{CUT_SAMPLES, March, Seen};
use crate::fragments::Fragment;

/// Halvings of the segment in which the value crosses: to 1/1024 of a step.
const HALVINGS: u32 = 10;

impl<T: Sample> March<'_, T> {
    /// Shades the first surface along a path.
    pub(super) fn surface(&self, path: &Path, isovalue: f32, fragments: &[Fragment], seen: &mut Seen) {
        let Some((n, is_cut)) = self.crossing(path, isovalue, seen) else { return };
        let at = path.at(n);
        let taken = self.take::<true>(at, self.frame.block(at).1);
        let colour = self.tables.surface_colours[usize::from(taken.kind)];
        let shading = self.scene.settings.lighting.map(|lighting| {
            let border = taken.mixed.is_some().then_some(taken.kind);
            self.shade(&lighting, at, path.to_eye, if is_cut { 0.0 } else { CUT_SAMPLES }, border)
        });
        let (factor, highlight) = shading.map_or((1.0, 0.0), |s| (s.factor, s.highlight));
        seen.pass(fragments, path.near + n * self.frame.step);
        seen.add(colour.map(|c| c * factor + highlight), 1.0);
    }

    /// The sample number, with its fraction, of the first place where what is visible rises over the isovalue, or
    /// falls under it (seen from inside); and whether a clip cut it open there.
    pub(super) fn crossing(&self, path: &Path, isovalue: f32, seen: &mut Seen) -> Option<(f32, bool)> {
        let inside = |n: f32| {
            let at = path.at(n);
            self.visible(at, self.frame.block(at).1).is_some_and(|value| value >= isovalue)
        };
        // The eye itself may be inside: then the first surface is where the ray comes out.
        let mut within: Option<bool> = (!path.from_eye).then_some(false);
        let mut n = 0u32;
        while n <= path.last {
            let here = path.at(n as f32);
            let (block, index) = self.frame.block(here);
            let distance = self.tables.occupancy.distances()[index];
            if distance > 0 && within != Some(true) {
                within = Some(false);
                n += self.frame.leap(path, here, block, distance);
                continue;
            }
            seen.samples += 1;
            let now = inside(n as f32);
            if n == 0 && now && within == Some(false) {
                return Some((0.0, true));
            }
            if n > 0 && within.is_some_and(|before| before != now) {
                return Some(self.halve(path, n as f32 - 1.0, n as f32, now, inside));
            }
            within = Some(now);
            n += 1;
        }
        // The rest behind the last sample, up to a mesh or the end.
        let last = path.last as f32;
        let now = path.end > last && inside(path.end);
        (path.end > last && within.is_some_and(|before| before != now))
            .then(|| self.halve(path, last, path.end, now, inside))
    }

    /// Where between two places `inside` turns to `now`, and whether a clip cuts there.
    fn halve(&self, path: &Path, from: f32, to: f32, now: bool, inside: impl Fn(f32) -> bool) -> (f32, bool) {
        let cut = self.frame.cut(path.at(from)) != self.frame.cut(path.at(to));
        let (mut outer, mut inner) = (from, to);
        for _ in 0..HALVINGS {
            let middle = (outer + inner) / 2.0;
            *(if inside(middle) == now { &mut inner } else { &mut outer }) = middle;
        }
        ((outer + inner) / 2.0, cut)
    }
}
