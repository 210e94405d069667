//! Projections: the greatest, the least and the mean value along a ray.

use fabrica_volume::Sample;

use super::path::Path;
use super::{March, Seen};
use crate::Window;
use crate::fragments::Fragment;
use crate::image::srgb_to_linear_f32;

impl<T: Sample> March<'_, T> {
    pub(super) fn greatest(&self, path: &Path, seen: &mut Seen) -> Option<f32> {
        self.extreme(path, seen, f32::NEG_INFINITY, |best, value| value > best, |[_, high]| high)
    }

    pub(super) fn least(&self, path: &Path, seen: &mut Seen) -> Option<f32> {
        self.extreme(path, seen, f32::INFINITY, |best, value| value < best, |[low, _]| low)
    }

    #[inline(always)]
    fn extreme(
        &self,
        path: &Path,
        seen: &mut Seen,
        start: f32,
        better: impl Fn(f32, f32) -> bool,
        bound: impl Fn([f32; 2]) -> f32,
    ) -> Option<f32> {
        let mut best = start;
        let mut any = false;
        let mut n = 0u32;
        while n <= path.last {
            let here = path.at(n as f32);
            let (block, index) = self.frame.block(here);
            let distance = self.tables.occupancy.distances()[index];
            if distance > 0 {
                n += self.frame.leap(path, here, block, distance);
                continue;
            }
            if self.scene.settings.skip_empty && any && !better(best, bound(self.derived.ranges.ranges()[index])) {
                n += self.frame.leap(path, here, block, 1);
                continue;
            }
            seen.samples += 1;
            if let Some(value) = self.visible(here, index) {
                any = true;
                if better(best, value) {
                    best = value;
                }
            }
            n += 1;
        }
        any.then_some(best)
    }

    pub(super) fn mean(&self, path: &Path, seen: &mut Seen) -> Option<f32> {
        seen.samples += path.last + 1;
        let (mut sum, mut count) = (0f64, 0u32);
        for n in 0..=path.last {
            let here = path.at(n as f32);
            if let Some(value) = self.visible(here, self.frame.block(here).1) {
                sum += f64::from(value);
                count += 1;
            }
        }
        (count > 0).then(|| (sum / f64::from(count)) as f32)
    }

    /// The grey of a projection. Before a surface, dark lets the surface be seen.
    pub(super) fn projection(&self, window: Window, value: Option<f32>, fragments: &[Fragment], seen: &mut Seen) {
        let Some(value) = value else { return };
        // Window grey is display grey; rays carry light.
        let light = srgb_to_linear_f32(window.grey(f64::from(value)) as f32);
        seen.add([light; 3], if fragments.is_empty() { 1.0 } else { light });
    }
}
