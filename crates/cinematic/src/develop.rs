//! From light to picture: exposure, tone mapping, background.

use fabrica_raycast::{Image, linear_to_srgb, srgb_to_linear};
use fabrica_volume::Rgb;
use serde::Deserialize;

use crate::CinematicError;

/// How light beyond white is brought into the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Not at all: light beyond white is cut off. For measuring.
    Linear,
    /// Colours stay as they are up to four fifths of white; above, highlights roll off (Khronos PBR Neutral, 2024).
    #[default]
    Neutral,
    /// The curve of film: more contrast, softer highlights (ACES as fitted by Hill 2017).
    Filmic,
}

/// How light becomes picture.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Development {
    /// Factor of all light.
    pub exposure: f32,
    /// What happens beyond white.
    pub tone: Tone,
    /// Behind the patient, sRGB bytes: in the middle of the picture, and in its corners.
    pub background: [[u8; 3]; 2],
}

impl Default for Development {
    fn default() -> Self {
        Self { exposure: 1.0, tone: Tone::Neutral, background: [[38, 40, 44], [8, 9, 11]] }
    }
}

impl Development {
    /// Refuses an exposure that shows nothing.
    ///
    /// # Errors
    /// When it is not between 0.001 and 1,000.
    pub fn check(&self) -> Result<(), CinematicError> {
        if (1e-3..=1e3).contains(&self.exposure) {
            return Ok(());
        }
        let value = self.exposure.into();
        Err(CinematicError::Setting { name: "the exposure", value, range: "between 0.001 and 1000" })
    }

    /// The picture of mean light and coverage ([`crate::Film::means`]), rows from top to bottom.
    ///
    /// # Errors
    /// When the size is out of range.
    pub fn develop(&self, size: [u32; 2], light: &[[f32; 4]]) -> Result<Image, CinematicError> {
        let mut image = Image::filled(size, Rgb(0, 0, 0))?;
        let background = self.background.map(|c| c.map(srgb_to_linear));
        let [width, height] = size.map(|n| n as f32);
        for (n, (pixel, light)) in image.rgba.chunks_exact_mut(4).zip(light).enumerate() {
            let (x, y) = ((n % size[0] as usize) as f32 + 0.5, (n / size[0] as usize) as f32 + 0.5);
            let [dx, dy] = [2.0 * x / width - 1.0, 2.0 * y / height - 1.0];
            let out = ((dx * dx + dy * dy) / 2.0).min(1.0);
            let covered = light[3].clamp(0.0, 1.0);
            let seen = if covered > 1e-4 {
                self.tone([light[0], light[1], light[2]].map(|c| c * self.exposure / covered))
            } else {
                [0.0; 3]
            };
            for c in 0..3 {
                let behind = background[0][c] + (background[1][c] - background[0][c]) * out;
                pixel[c] = linear_to_srgb(seen[c] * covered + behind * (1.0 - covered));
            }
        }
        Ok(image)
    }

    /// Linear light as seen, each channel 0 to 1.
    pub fn tone(&self, light: [f32; 3]) -> [f32; 3] {
        match self.tone {
            Tone::Linear => light.map(|c| c.clamp(0.0, 1.0)),
            Tone::Neutral => neutral(light),
            Tone::Filmic => filmic(light),
        }
    }
}

fn neutral(light: [f32; 3]) -> [f32; 3] {
    const START: f32 = 0.8 - 0.04;
    const DESATURATION: f32 = 0.15;
    let light = light.map(|c| c.max(0.0));
    let least = light[0].min(light[1]).min(light[2]);
    let offset = if least < 0.08 { least - 6.25 * least * least } else { 0.04 };
    let light = light.map(|c| c - offset);
    let peak = light[0].max(light[1]).max(light[2]);
    if peak < START {
        return light;
    }
    let room = 1.0 - START;
    let new_peak = 1.0 - room * room / (peak + room - START);
    let grey = 1.0 - 1.0 / (DESATURATION * (peak - new_peak) + 1.0);
    light.map(|c| {
        let scaled = c * new_peak / peak;
        scaled + (new_peak - scaled) * grey
    })
}

fn filmic(light: [f32; 3]) -> [f32; 3] {
    const IN: [[f32; 3]; 3] =
        [[0.597_19, 0.354_58, 0.048_23], [0.076_00, 0.908_34, 0.015_66], [0.028_40, 0.133_83, 0.837_77]];
    const OUT: [[f32; 3]; 3] =
        [[1.604_75, -0.531_08, -0.073_67], [-0.102_08, 1.108_13, -0.006_05], [-0.003_27, -0.072_76, 1.076_02]];
    let times = |m: [[f32; 3]; 3], v: [f32; 3]| m.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2]);
    let curve = |c: f32| (c * (c + 0.024_578_6) - 0.000_090_537) / (c * (0.983_729 * c + 0.432_951) + 0.238_081);
    // The fit is dark by design; the factor brings middle grey back to middle grey.
    times(OUT, times(IN, light.map(|c| c.max(0.0) * 1.43)).map(curve)).map(|c| c.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tones_keep_black_and_order_and_end_at_white() {
        for tone in [Tone::Linear, Tone::Neutral, Tone::Filmic] {
            let development = Development { tone, ..Development::default() };
            let seen: Vec<f32> = [0.0, 0.05, 0.18, 0.5, 0.9, 2.0, 20.0].map(|l| development.tone([l; 3])[1]).into();
            assert!(seen[0].abs() < 1e-3, "{tone:?}");
            assert!(seen.windows(2).all(|w| w[0] <= w[1]) && *seen.last().unwrap() <= 1.0, "{tone:?} {seen:?}");
            assert!((seen[2] - 0.18).abs() < 0.045, "{tone:?} {}", seen[2]);
        }
        // Khronos: a colour below the shoulder is kept but for the 0.04 of the film.
        let seen = neutral([0.5, 0.3, 0.2]);
        assert!((seen[0] - 0.46).abs() < 1e-6 && (seen[1] - 0.26).abs() < 1e-6);
    }

    #[test]
    fn what_is_half_covered_is_half_background() {
        let development = Development { tone: Tone::Linear, background: [[0; 3]; 2], ..Development::default() };
        let image = development.develop([1, 1], &[[0.25, 0.5, 0.0, 0.5]]).unwrap();
        assert_eq!(image.rgba, [linear_to_srgb(0.25), linear_to_srgb(0.5), 0, 255]);
    }
}
