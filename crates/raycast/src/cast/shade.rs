//! Light on what a ray meets, and what a second volume adds.

use fabrica_volume::Sample;
use glam::Vec3;

use super::{CUT_SAMPLES, March};
use crate::tables::FusedTable;
use crate::{Fusion, Lighting};

/// How brightly a place shines back.
#[derive(Clone, Copy, Default)]
pub(super) struct Shading {
    /// The factor of its colour.
    pub factor: f32,
    /// The highlight to add.
    pub highlight: f32,
    /// How much of a surface it is, 0 to 1.
    surface: f32,
    /// How much the surface faces the eye, 0 to 1.
    facing: f32,
}

impl Shading {
    /// The factor of the opacity of what is shown as an outline.
    pub fn outline(&self, silhouette: f32) -> f32 {
        let edge = self.surface * (1.0 - self.facing) * (1.0 - self.facing);
        1.0 + (edge - 1.0) * silhouette
    }
}

impl<T: Sample> March<'_, T> {
    /// The shading at a position, `depth` samples behind where the ray was let in. At the border of a kind its border
    /// shades where the values themselves have none.
    #[inline]
    pub(super) fn shade(
        &self,
        lighting: &Lighting,
        at: [f32; 3],
        to_eye: Vec3,
        depth: f32,
        border: Option<u16>,
    ) -> Shading {
        let most = (depth / CUT_SAMPLES).clamp(0.0, 1.0);
        let gradient = Vec3::from_array(self.sampler.gradient(at)) * self.frame.per_mm;
        let strength = gradient.length();
        let [weak, strong] = lighting.gradient;
        let by_value = ((strength - weak) / (strong - weak).max(1e-6)).clamp(0.0, 1.0);
        let (mut facing, mut share) = (0.0, by_value);
        if by_value > 0.0 {
            // Both sides of a surface are lit. Light and eye coincide, so that the half vector is the view itself.
            facing = (gradient.dot(to_eye) / strength).abs();
        }
        if let Some(kind) = border
            && by_value < 1.0
        {
            let slope = self.border(at, kind) * self.frame.per_mm;
            let steepness = slope.length();
            if steepness > 1e-6 {
                let by_border = (slope.dot(to_eye) / steepness).abs();
                facing = by_border + (facing - by_border) * by_value;
                share = 1.0;
            }
        }
        share = share.min(most);
        let unshaded = lighting.ambient + lighting.diffuse;
        let shaded = lighting.ambient + lighting.diffuse * facing;
        let mut factor = unshaded + (shaded - unshaded) * share;
        let mut highlight = 0.0;
        if share > 0.0 && lighting.specular > 0.0 {
            highlight = share * lighting.specular * facing.powf(lighting.shininess);
        }
        if let Some(light) = &self.tables.light {
            let open = 1.0 + (light.at(at) - 1.0) * lighting.occlusion;
            factor *= open;
            highlight *= open;
        }
        Shading { factor, highlight, surface: share, facing }
    }

    /// Adds the fused volume to a segment's mean.
    #[inline]
    pub(super) fn fuse(&self, fused: &FusedTable, middle: [f32; 3], mean: &mut [f32; 4]) {
        let Some(to_fused) = self.frame.to_fused else { return };
        let Some(volume) = self.scene.fused.map(|f| f.volume) else { return };
        let at = to_fused.transform_point3(Vec3::from_array(middle).as_dvec3()).as_vec3();
        let dims = volume.grid().dims();
        if (0..3).any(|a| at[a] < -0.5 || at[a] > dims[a] as f32 - 0.5) {
            return;
        }
        let value = fabrica_volume::with_samples!(volume.samples().view(), |data| {
            crate::sampler::Sampler::new(data, dims).value(at.to_array())
        });
        let [r, g, b, extinction] = fused.lut.at(fused.lut.entry(value));
        if extinction <= 0.0 {
            return;
        }
        match fused.fusion {
            Fusion::Added => {
                for (mine, theirs) in mean.iter_mut().zip([r, g, b, extinction]) {
                    *mine += theirs;
                }
            }
            Fusion::Painted => {
                let share = 1.0 - (-extinction * fused.length).exp();
                let whole = mean[3] / extinction;
                for (mine, theirs) in mean[..3].iter_mut().zip([r, g, b]) {
                    *mine += (theirs * whole - *mine) * share;
                }
            }
        }
    }
}
