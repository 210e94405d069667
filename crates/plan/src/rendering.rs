//! How the volume's picture shows values and structures.

use std::collections::BTreeMap;

use fabrica_geometry::Mm;
use fabrica_volume::Rgb;
use serde::{Deserialize, Serialize};

use crate::PlanError;
use crate::operation::check_name;

/// The most points of a transfer function.
const MOST_POINTS: usize = 64;

/// A value with its colour and opacity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferPoint {
    /// The value, in the volume's unit.
    pub value: f64,
    /// Its colour.
    pub colour: Rgb,
    /// How much light a layer of the function's length takes away, 0 to 1.
    pub opacity: f64,
}

/// Which value has which colour and opacity: linear between points, constant beyond the ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferFunction {
    /// At least two points, by growing value.
    pub points: Vec<TransferPoint>,
    /// The layer that opacities hold for.
    pub opacity_length: Mm,
}

/// How a structure is seen in the volume's picture (its surface is another matter).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum VolumeLook {
    /// As the rest of the scan.
    #[default]
    AsScan,
    /// Not at all.
    Hidden,
    /// In the structure's colour.
    Tinted,
    /// Through a transfer function of its own.
    Through(TransferFunction),
}

/// A change of how the volume's picture is drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum RenderingOperation {
    /// Gives a volume a transfer function in place of its preset's; with nothing, the preset's again.
    SetFunction {
        /// The volume's id.
        volume: String,
        /// The function.
        function: Option<TransferFunction>,
    },
    /// Says how a structure is seen in the volume's picture.
    SetVolumeLook {
        /// Its name.
        structure: String,
        /// How.
        look: VolumeLook,
    },
}

/// What a plan says of the volume's picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Rendering {
    /// Transfer functions in place of the presets', by volume id.
    pub functions: BTreeMap<String, TransferFunction>,
    /// How structures are seen in the volume's picture, by name; as the scan where there is no entry.
    pub looks: BTreeMap<String, VolumeLook>,
}

impl TransferFunction {
    fn check(&self) -> Result<(), PlanError> {
        let fail = |what: String| Err(PlanError::invalid("transfer function", what));
        if !(2..=MOST_POINTS).contains(&self.points.len()) {
            return fail(format!("{} points; there must be 2 to {MOST_POINTS}", self.points.len()));
        }
        let length = self.opacity_length.0;
        if !(length > 0.0 && length.is_finite()) {
            return fail(format!("opacities hold for {length} mm; the length must be over 0 and finite"));
        }
        let mut before = f64::NEG_INFINITY;
        for (n, point) in self.points.iter().enumerate() {
            if !(point.value.is_finite() && point.value > before) {
                return fail(format!("the value of point {n} is {}; values must be finite and grow", point.value));
            }
            if !(0.0..=1.0).contains(&point.opacity) {
                return fail(format!("the opacity of point {n} is {}; it must be between 0 and 1", point.opacity));
            }
            before = point.value;
        }
        Ok(())
    }
}

impl RenderingOperation {
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        match self {
            Self::SetFunction { volume, function } => {
                check_name("volume", volume)?;
                function.as_ref().map_or(Ok(()), TransferFunction::check)
            }
            Self::SetVolumeLook { structure, look } => {
                check_name("structure", structure)?;
                if let VolumeLook::Through(function) = look { function.check() } else { Ok(()) }
            }
        }
    }

    /// The structure that must exist.
    pub fn structure(&self) -> Option<&str> {
        match self {
            Self::SetVolumeLook { structure, .. } => Some(structure),
            Self::SetFunction { .. } => None,
        }
    }

    /// The volume that must exist.
    pub fn volume(&self) -> Option<&str> {
        match self {
            Self::SetFunction { volume, .. } => Some(volume),
            Self::SetVolumeLook { .. } => None,
        }
    }

    pub(crate) fn summary(&self) -> &'static str {
        match self {
            Self::SetFunction { function: Some(_), .. } => "change transfer function",
            Self::SetFunction { function: None, .. } => "back to the preset's transfer function",
            Self::SetVolumeLook { .. } => "change a structure's look in the volume",
        }
    }
}

impl Rendering {
    pub(crate) fn step(&mut self, operation: &RenderingOperation) {
        match operation {
            RenderingOperation::SetFunction { volume, function } => {
                match function {
                    Some(function) => self.functions.insert(volume.clone(), function.clone()),
                    None => self.functions.remove(volume),
                };
            }
            RenderingOperation::SetVolumeLook { structure, look } => {
                self.looks.insert(structure.clone(), look.clone());
            }
        }
    }

    /// How a structure is seen in the volume's picture.
    pub fn look(&self, structure: &str) -> VolumeLook {
        self.looks.get(structure).cloned().unwrap_or_default()
    }

    /// Forgets a structure.
    pub(crate) fn forget(&mut self, structure: &str) {
        self.looks.remove(structure);
    }
}
