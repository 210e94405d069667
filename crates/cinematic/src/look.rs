//! Cinematic looks from data files: transfer function, material, lights, lens and development.

use fabrica_geometry::Mm;
use fabrica_raycast::{Preset, PresetError};
use fabrica_volume::Volume;
use serde::Deserialize;

use crate::develop::Development;
use crate::{CinematicError, LightRig};

const FILES: [(&str, &str); 6] = [
    ("cinematic-bone", include_str!("../../../assets/cinematic/bone.json")),
    ("cinematic-skin", include_str!("../../../assets/cinematic/skin.json")),
    ("cinematic-head", include_str!("../../../assets/cinematic/head.json")),
    ("cinematic-vessels", include_str!("../../../assets/cinematic/vessels.json")),
    ("cinematic-abdomen", include_str!("../../../assets/cinematic/abdomen.json")),
    ("cinematic-lung", include_str!("../../../assets/cinematic/lung.json")),
];

/// How matter scatters light.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Material {
    /// Factor of all extinctions of the transfer function: higher makes surfaces crisper, lower lets light in.
    pub density: f32,
    /// Mean cosine of scattering inside (Henyey–Greenstein's g), -0.95 to 0.95.
    pub forward: f32,
    /// Width of highlights, 0.1 (sharp) to 1 (matt).
    pub roughness: f32,
    /// Reflection straight on at surfaces: 0.04 is wet tissue's.
    pub specular: f32,
    /// Gradients below the first (values per mm) scatter as a medium, those above the second reflect as a surface. The
    /// transfer function's own when left out.
    pub gradient: Option<[f32; 2]>,
    /// Light that has been scattered more often is left out.
    pub bounces: u32,
}

impl Default for Material {
    fn default() -> Self {
        Self { density: 6.0, forward: 0.0, roughness: 0.5, specular: 0.04, gradient: None, bounces: 24 }
    }
}

/// The lens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lens {
    /// Diameter of the opening; 0 shows everything sharp.
    pub aperture: Mm,
    /// Distance from the eye that is sharp; where nothing is said, what the middle of the picture shows.
    pub focus: Option<Mm>,
}

/// A look: all that makes a cinematic picture but the volume and the camera.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Its name, as the command line takes it.
    pub name: String,
    /// What it shows.
    pub description: String,
    /// Which values are seen, in which colour.
    pub preset: Preset,
    /// How matter scatters light.
    pub material: Material,
    /// The lights.
    pub lights: LightRig,
    /// The lens.
    pub lens: Lens,
    /// From light to picture.
    pub development: Development,
}

/// A look as its file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    description: String,
    preset: PresetOrName,
    #[serde(default)]
    material: Material,
    lights: String,
    #[serde(default)]
    lens: Lens,
    #[serde(default)]
    development: Development,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PresetOrName {
    Name(String),
    Own(Box<Preset>),
}

impl Look {
    /// The names of all looks that the program carries.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(name, _)| *name)
    }

    /// The looks that the program carries.
    ///
    /// # Errors
    /// None for the looks as shipped (a test reads them all).
    pub fn all() -> Result<Vec<Self>, CinematicError> {
        FILES.iter().map(|(_, text)| Self::from_json(text)).collect()
    }

    /// The look of this name; or, for the name of a preset of the volume renderer, its transfer function in studio
    /// light.
    ///
    /// # Errors
    /// When there is neither, with all names.
    pub fn named(name: &str) -> Result<Self, CinematicError> {
        if let Some((_, text)) = FILES.iter().find(|(known, _)| *known == name) {
            return Self::from_json(text);
        }
        match Preset::named(name) {
            Ok(preset) => Self::of_preset(preset),
            Err(PresetError::Unknown { known, .. }) => Err(CinematicError::Unknown {
                what: "looks",
                name: name.to_owned(),
                known: format!("{}, {known}", FILES.map(|(name, _)| name).join(", ")),
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// The look that goes with a preset of the volume renderer: `ct-bone` has `cinematic-bone`; one without a look of its
    /// own is shown in studio light.
    ///
    /// # Errors
    /// As [`Look::named`].
    pub fn for_preset(name: &str) -> Result<Self, CinematicError> {
        let own = name.split_once('-').map(|(_, kind)| format!("cinematic-{kind}"));
        match own.filter(|own| Self::names().any(|known| known == own)) {
            Some(own) => Self::named(&own),
            None => Self::named(name),
        }
    }

    /// A preset's transfer function in studio light.
    ///
    /// # Errors
    /// None for the lights as shipped.
    pub fn of_preset(preset: Preset) -> Result<Self, CinematicError> {
        let look = Self {
            name: preset.name.clone(),
            description: preset.description.clone(),
            preset,
            material: Material::default(),
            lights: LightRig::named("studio")?,
            lens: Lens::default(),
            development: Development::default(),
        };
        look.check()?;
        Ok(look)
    }

    /// The look that suits a volume when nobody has chosen one.
    ///
    /// # Errors
    /// None for the looks as shipped.
    pub fn suited_to(volume: &Volume) -> Result<Self, CinematicError> {
        let preset = Preset::suited_to(volume)?;
        if preset.name == "ct-bone" { Self::named("cinematic-bone") } else { Self::of_preset(preset) }
    }

    /// Reads a look from JSON text as in `assets/cinematic`.
    ///
    /// # Errors
    /// When the text is something else, names a preset or lights that are not there, or a number is out of range.
    pub fn from_json(text: &str) -> Result<Self, CinematicError> {
        let file: File = serde_json::from_str(text).map_err(|e| CinematicError::Syntax(e.to_string()))?;
        let preset = match file.preset {
            PresetOrName::Name(name) => Preset::named(&name)?,
            PresetOrName::Own(preset) => *preset,
        };
        let look = Self {
            name: file.name,
            description: file.description,
            preset,
            material: file.material,
            lights: LightRig::named(&file.lights)?,
            lens: file.lens,
            development: file.development,
        };
        look.check()?;
        Ok(look)
    }

    /// Refuses looks that cannot give a picture.
    ///
    /// # Errors
    /// Which number is out of which range.
    pub fn check(&self) -> Result<(), CinematicError> {
        let m = &self.material;
        let within = |name, value: f32, low: f32, high: f32, range| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(CinematicError::Setting { name, value: value.into(), range })
            }
        };
        within("the density", m.density, 1e-3, 1e3, "between 0.001 and 1000")?;
        within("the forward scattering", m.forward, -0.95, 0.95, "between -0.95 and 0.95")?;
        within("the roughness", m.roughness, 0.1, 1.0, "between 0.1 and 1")?;
        within("the specular reflection", m.specular, 0.0, 1.0, "between 0 and 1")?;
        within("the number of bounces", m.bounces as f32, 1.0, 1e6, "between 1 and 1,000,000")?;
        if let Some([weak, strong]) = m.gradient {
            within("the weak gradient", weak, 0.0, strong, "at least 0 and not above the strong one")?;
        }
        within("the aperture in mm", self.lens.aperture.0 as f32, 0.0, 1e3, "between 0 and 1000")?;
        if let Some(focus) = self.lens.focus {
            within("the focus in mm", focus.0 as f32, 1e-3, 1e6, "between 0.001 and 1,000,000")?;
        }
        self.development.check()?;
        self.lights.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_look_reads_and_has_its_files_name() {
        for (look, name) in Look::all().unwrap().iter().zip(Look::names()) {
            assert_eq!(look.name, name);
            assert!(!look.description.is_empty());
        }
    }

    #[test]
    fn presets_of_the_volume_renderer_are_looks_too() {
        assert_eq!(Look::named("ct-bone").unwrap().lights.name, "studio");
        assert_eq!(Look::for_preset("ct-bone").unwrap().name, "cinematic-bone");
        assert_eq!(Look::for_preset("mr-default").unwrap().name, "mr-default");
        let error = Look::named("bones").unwrap_err().to_string();
        assert!(error.contains("cinematic-bone, ") && error.contains("ct-bone"), "{error}");
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let mut look = Look::named("ct-bone").unwrap();
        look.material.roughness = f32::NAN;
        assert!(look.check().unwrap_err().to_string().starts_with("the roughness is NaN"));
    }
}
