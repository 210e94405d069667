//! Emission and absorption along a ray.

use fabrica_volume::Sample;

use super::kinds::Taken;
use super::path::Path;
use super::{FAINT, March, OPAQUE, Seen};
use crate::fragments::Fragment;

impl<T: Sample> March<'_, T> {
    /// Marches along a path. `KINDS`: there are structures or clips.
    pub(super) fn composite<const KINDS: bool>(&self, path: &Path, fragments: &[Fragment], seen: &mut Seen) {
        let distances = self.tables.occupancy.distances();
        // What is at the sample before, where it is known. It is not after a leap, which begins and ends in
        // transparent samples, so that the segments left out are transparent too.
        let mut before: Option<Taken> = None;
        // The sample from which shading sets in, and the clips that cut there.
        let mut opened = (0u32, self.frame.cut(path.at(0.0)));
        let mut n = 0u32;
        while n <= path.last {
            let here = path.at(n as f32);
            let (block, index) = self.frame.block(here);
            let distance = distances[index];
            if distance > 0 && before.is_none() {
                n += self.frame.leap(path, here, block, distance);
                continue;
            }
            if distance > 0 {
                // One sample beyond what shows, so that the last segment is whole.
                self.segment::<KINDS>(path, n, index, &mut before, &mut opened, fragments, seen);
                before = None;
                n += 1;
            } else {
                let end = (n + self.frame.leap(path, here, block, 1)).min(path.last + 1);
                while n < end {
                    self.segment::<KINDS>(path, n, index, &mut before, &mut opened, fragments, seen);
                    if seen.clear < OPAQUE {
                        seen.clear = 0.0;
                        return;
                    }
                    n += 1;
                }
            }
            if seen.clear < OPAQUE {
                seen.clear = 0.0;
                return;
            }
        }
    }

    /// The segment that ends at sample `n`.
    #[inline(always)]
    #[allow(clippy::too_many_arguments, reason = "the state of one loop")]
    fn segment<const KINDS: bool>(
        &self,
        path: &Path,
        n: u32,
        block: usize,
        before: &mut Option<Taken>,
        opened: &mut (u32, u8),
        fragments: &[Fragment],
        seen: &mut Seen,
    ) {
        seen.samples += 1;
        let here = path.at(n as f32);
        let to = self.take::<KINDS>(here, block);
        let from = match *before {
            Some(from) => from,
            None if n > 0 => {
                let there = path.at(n as f32 - 1.0);
                self.take::<KINDS>(there, self.frame.block(there).1)
            }
            None => to,
        };
        *before = Some(to);
        if KINDS {
            let cut = self.frame.cut(here);
            if cut != opened.1 {
                *opened = (n, cut);
            }
        }
        if n == 0 {
            return;
        }
        let materials = self.tables.materials.all();
        let mut mean = from.segment(&to, materials);
        let middle = path.at(n as f32 - 0.5);
        let step = self.frame.step;
        if let Some(fused) = &self.tables.fused {
            self.fuse(fused, middle, &mut mean);
        }
        let [r, g, b, extinction] = mean;
        if extinction <= 0.0 {
            return;
        }
        let material = &materials[usize::from(if KINDS { to.kind } else { self.tables.rest })];
        if KINDS && seen.peeled < from.peel(materials).max(to.peel(materials)) {
            seen.peeled += step;
            return;
        }
        let mut opacity = 1.0 - (-extinction * step).exp();
        let lit = self.scene.settings.lighting;
        let [factor, highlight] = match lit {
            Some(lighting) if opacity > FAINT => {
                let depth = (n - opened.0) as f32 - 1.0;
                let border = KINDS && (from.mixed.is_some() || to.mixed.is_some());
                let shading = self.shade(&lighting, middle, path.to_eye, depth, border.then_some(to.kind));
                if KINDS && material.silhouette > 0.0 {
                    opacity *= shading.outline(material.silhouette);
                }
                [shading.factor, shading.highlight]
            }
            Some(lighting) => [lighting.ambient + lighting.diffuse, 0.0],
            None => [1.0, 0.0],
        };
        if !fragments.is_empty() {
            seen.pass(fragments, path.near + (n as f32 - 0.5) * step);
        }
        let per_extinction = opacity * factor / extinction;
        let bright = opacity * highlight;
        seen.add([r * per_extinction + bright, g * per_extinction + bright, b * per_extinction + bright], opacity);
    }
}
