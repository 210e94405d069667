//! Looks with a name, from `assets/presets`.

use fabrica_geometry::Mm;
use fabrica_volume::{Rgb, Sample, Volume, with_samples};
use serde::Deserialize;

use crate::{ControlPoint, Lighting, RenderMode, RenderSettings, TransferFunction, TransferFunctionError, Window};

const FILES: [(&str, &str); 11] = [
    ("ct-bone", include_str!("../../../assets/presets/ct-bone.json")),
    ("ct-soft-tissue", include_str!("../../../assets/presets/ct-soft-tissue.json")),
    ("ct-skin", include_str!("../../../assets/presets/ct-skin.json")),
    ("ct-vessels", include_str!("../../../assets/presets/ct-vessels.json")),
    ("ct-aneurysm", include_str!("../../../assets/presets/ct-aneurysm.json")),
    ("ct-heart", include_str!("../../../assets/presets/ct-heart.json")),
    ("ct-lung", include_str!("../../../assets/presets/ct-lung.json")),
    ("ct-airway", include_str!("../../../assets/presets/ct-airway.json")),
    ("mr-default", include_str!("../../../assets/presets/mr-default.json")),
    ("mip", include_str!("../../../assets/presets/mip.json")),
    ("minip", include_str!("../../../assets/presets/minip.json")),
];

/// A look with a name: how values become picture for a clinical task.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Its name, as the command line takes it.
    pub name: String,
    /// What it shows.
    pub description: String,
    /// The DICOM modality that it is made for; empty for any.
    #[serde(default)]
    pub modality: String,
    scale: Scale,
    mode: Mode,
    opacity_length_mm: f64,
    points: Vec<(f64, String, f64)>,
    #[serde(default)]
    lighting: Option<Lighting>,
    /// As [`RenderSettings::step_voxels`]; its default where a preset does not say.
    #[serde(default)]
    step_voxels: Option<f64>,
}

/// What the values in a preset mean.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scale {
    /// The volume's own unit (Hounsfield units for CT).
    Absolute,
    /// 0 is the 0.5th and 1 the 99.5th percentile of the volume's values.
    Percentiles,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Composite,
    /// Window from the first to the last point.
    Mip,
    MinIp,
    Average,
}

/// Why a preset cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PresetError {
    /// There is no such preset.
    #[error("there is no preset {name:?}; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// All names.
        known: String,
    },
    /// The preset's text is not a preset.
    #[error("the preset cannot be read: {0}")]
    Syntax(String),
    /// A colour is not `#rrggbb`.
    #[error("{0:?} is not a colour; write #rrggbb")]
    Colour(String),
    /// The points are not a transfer function.
    #[error(transparent)]
    Function(#[from] TransferFunctionError),
}

impl Preset {
    /// The presets that the program carries, in the order to show them.
    ///
    /// # Errors
    /// None for the presets as shipped (a test reads them all).
    pub fn all() -> Result<Vec<Self>, PresetError> {
        FILES.iter().map(|(_, text)| Self::from_json(text)).collect()
    }

    /// The names of all presets that the program carries.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(name, _)| *name)
    }

    /// The preset of this name.
    ///
    /// # Errors
    /// [`PresetError::Unknown`], with all names, when there is none.
    pub fn named(name: &str) -> Result<Self, PresetError> {
        let Some((_, text)) = FILES.iter().find(|(known, _)| *known == name) else {
            let known = Self::names().collect::<Vec<_>>().join(", ");
            return Err(PresetError::Unknown { name: name.to_owned(), known });
        };
        Self::from_json(text)
    }

    /// The preset that suits a volume when nobody has chosen one.
    ///
    /// # Errors
    /// None for the presets as shipped.
    pub fn suited_to(volume: &Volume) -> Result<Self, PresetError> {
        let hounsfield = volume.unit == fabrica_volume::ValueUnit::Hounsfield;
        Self::named(if hounsfield || volume.provenance.modality.is_ct() { "ct-bone" } else { "mr-default" })
    }

    /// Reads a preset from JSON text as in `assets/presets`.
    ///
    /// # Errors
    /// When the text is not a preset or a colour or point is wrong.
    pub fn from_json(text: &str) -> Result<Self, PresetError> {
        let preset: Self = serde_json::from_str(text).map_err(|e| PresetError::Syntax(e.to_string()))?;
        preset.function_over(0.0, 1.0)?;
        Ok(preset)
    }

    /// The transfer function for a volume. Presets in Hounsfield units are the same for every volume; others follow
    /// the volume's own values.
    ///
    /// # Errors
    /// None once the preset was read.
    pub fn transfer_function(&self, volume: &Volume) -> Result<TransferFunction, PresetError> {
        let (low, high) = self.scale_of(volume);
        self.function_over(low, high)
    }

    /// How to draw a volume with this preset; the rest as in [`RenderSettings::default`].
    pub fn settings(&self, volume: &Volume) -> RenderSettings {
        let (low, high) = self.scale_of(volume);
        let at = |point: Option<&(f64, String, f64)>| low + (high - low) * point.map_or(0.0, |p| p.0);
        let window = Window::spanning(at(self.points.first()), at(self.points.last()));
        let mode = match self.mode {
            Mode::Composite => RenderMode::Composite,
            Mode::Mip => RenderMode::Mip(window),
            Mode::MinIp => RenderMode::MinIp(window),
            Mode::Average => RenderMode::Average(window),
        };
        let lighting = self.lighting.map(|mut lighting| {
            lighting.gradient = lighting.gradient.map(|g| g * (high - low) as f32);
            lighting
        });
        let usual = RenderSettings::default();
        RenderSettings { mode, lighting, step_voxels: self.step_voxels.unwrap_or(usual.step_voxels), ..usual }
    }

    /// The volume's values that stand for 0 and 1 in the preset.
    fn scale_of(&self, volume: &Volume) -> (f64, f64) {
        match self.scale {
            Scale::Absolute => (0.0, 1.0),
            Scale::Percentiles => percentiles(volume),
        }
    }

    fn function_over(&self, low: f64, high: f64) -> Result<TransferFunction, PresetError> {
        let points = self
            .points
            .iter()
            .map(|(value, colour, opacity)| {
                Ok(ControlPoint { value: low + (high - low) * value, colour: parse_colour(colour)?, opacity: *opacity })
            })
            .collect::<Result<Vec<_>, PresetError>>()?;
        Ok(TransferFunction::new(points, Mm(self.opacity_length_mm))?)
    }
}

fn parse_colour(text: &str) -> Result<Rgb, PresetError> {
    let fail = || PresetError::Colour(text.to_owned());
    let digits = text.strip_prefix('#').filter(|d| d.len() == 6).ok_or_else(fail)?;
    let number = u32::from_str_radix(digits, 16).map_err(|_| fail())?;
    Ok(Rgb((number >> 16) as u8, (number >> 8) as u8, number as u8))
}

/// The 0.5th and the 99.5th percentile of about a million evenly chosen samples.
fn percentiles(volume: &Volume) -> (f64, f64) {
    let every = (volume.samples().len() / 1_000_000).max(1);
    let mut values: Vec<f64> = with_samples!(volume.samples().view(), |s| {
        s.iter().step_by(every).map(|v| v.to_f64()).filter(|v| v.is_finite()).collect()
    });
    values.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| values.get((share * values.len() as f64) as usize).copied();
    match (at(0.005), at(0.995)) {
        (Some(low), Some(high)) if high > low => (low, high),
        (Some(low), _) => (low, low + 1.0),
        _ => (0.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_reads_and_has_its_files_name() {
        let all = Preset::all().unwrap();
        for (preset, name) in all.iter().zip(Preset::names()) {
            assert_eq!(preset.name, name);
            assert!(!preset.description.is_empty());
            assert_eq!(&Preset::named(name).unwrap(), preset);
        }
        let error = Preset::named("ct-bones").unwrap_err().to_string();
        assert!(error.contains("ct-bones") && error.contains("ct-bone, "), "{error}");
    }

    #[test]
    fn bad_presets_say_what_is_wrong() {
        let good = FILES[0].1;
        assert!(matches!(Preset::from_json(&good.replace('#', "")), Err(PresetError::Colour(_))));
        assert!(matches!(Preset::from_json("{"), Err(PresetError::Syntax(_))));
    }
}
