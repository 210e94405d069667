//! Values with their errors.

use std::fmt;

use fabrica_volume::ValueUnit;
use serde::{Deserialize, Serialize};

use crate::PlanError;

/// What standard errors are multiplied with for the interval that holds the truth 95 times in 100, the errors being
/// about Gaussian (JCGM 100:2008, "GUM", 6.3 and table G.1).
pub const COVERAGE_FACTOR: f64 = 1.96;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuantityKind {
    /// The length of a straight line or a path.
    Length,
    /// The straight distance between a path's ends.
    StraightLength,
    /// A path's length over its straight length (tortuosity), 1 for a straight one.
    Tortuosity,
    /// An angle, 0 to 180°.
    Angle,
    /// The area of a planar figure.
    Area,
    /// The length of a figure's edge.
    Perimeter,
    /// The volume within a structure's surface, placed between voxels.
    Volume,
    /// The volume of the voxels that belong to a structure.
    VoxelVolume,
    /// The area of a structure's surface.
    SurfaceArea,
    /// The least diameter.
    MinimumDiameter,
    /// The greatest diameter.
    MaximumDiameter,
    /// The diameter of the circle of the same area.
    AreaEquivalentDiameter,
    /// A value of the image at a point.
    Value,
    /// The mean of the image's values.
    Mean,
    /// The standard deviation of the image's values.
    StandardDeviation,
    /// The least of the image's values.
    Minimum,
    /// The greatest of the image's values.
    Maximum,
    /// The median of the image's values.
    Median,
}

impl QuantityKind {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::StraightLength => "straight length",
            Self::Tortuosity => "tortuosity",
            Self::Angle => "angle",
            Self::Area => "area",
            Self::Perimeter => "perimeter",
            Self::Volume => "volume",
            Self::VoxelVolume => "volume of voxels",
            Self::SurfaceArea => "surface area",
            Self::MinimumDiameter => "minimum diameter",
            Self::MaximumDiameter => "maximum diameter",
            Self::AreaEquivalentDiameter => "area-equivalent diameter",
            Self::Value => "value",
            Self::Mean => "mean",
            Self::StandardDeviation => "standard deviation",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
            Self::Median => "median",
        }
    }
}

/// What a value is counted in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unit {
    /// mm.
    Millimetre,
    /// mm².
    SquareMillimetre,
    /// mm³.
    CubicMillimetre,
    /// Degrees of an angle.
    Degree,
    /// A ratio.
    One,
    /// The image's own unit.
    Image(ValueUnit),
}

impl Unit {
    /// As people write it; empty for a ratio.
    pub fn symbol(&self) -> &str {
        match self {
            Self::Millimetre => "mm",
            Self::SquareMillimetre => "mm²",
            Self::CubicMillimetre => "mm³",
            Self::Degree => "°",
            Self::One => "",
            Self::Image(ValueUnit::Hounsfield) => "HU",
            Self::Image(ValueUnit::BecquerelPerMillilitre) => "Bq/mL",
            Self::Image(ValueUnit::Other(unit)) => unit,
            Self::Image(_) => "(arbitrary)",
        }
    }
}

/// Where a part of an error comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorSource {
    /// The size of the voxels and partial volume.
    Voxels,
    /// The image's noise.
    Noise,
    /// Where the border of a structure was drawn.
    Segmentation,
    /// How well two scans lie on one another.
    Registration,
    /// How well the hand and the tool find the same point again.
    Repeatability,
}

impl ErrorSource {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Voxels => "voxel size and partial volume",
            Self::Noise => "image noise",
            Self::Segmentation => "segmentation",
            Self::Registration => "registration",
            Self::Repeatability => "tool repeatability",
        }
    }
}

/// A part of an error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorPart {
    /// Where it comes from.
    pub source: ErrorSource,
    /// Its standard deviation (standard uncertainty), in the unit of the value.
    pub standard: f64,
}

/// A value with its error: "4.1 ± 0.9 mm".
///
/// The parts are independent, so their squares add up; the interval is 1.96 standard errors to each side and holds the
/// truth 95 times in 100.
///
/// # Example
/// ```
/// use fabrica_plan::{ErrorPart, ErrorSource, Quantity, QuantityKind, Unit};
/// let length = Quantity {
///     what: QuantityKind::Length,
///     value: 4.13,
///     unit: Unit::Millimetre,
///     error: vec![
///         ErrorPart { source: ErrorSource::Voxels, standard: 0.3 },
///         ErrorPart { source: ErrorSource::Repeatability, standard: 0.4 },
///     ],
/// };
/// assert_eq!(length.standard_error(), 0.5);
/// assert_eq!(length.to_string(), "4.1 ± 1.0 mm");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantity {
    /// What it is.
    pub what: QuantityKind,
    /// How much.
    pub value: f64,
    /// In what.
    pub unit: Unit,
    /// The parts of its error.
    pub error: Vec<ErrorPart>,
}

impl Quantity {
    /// The standard deviation of the whole error, in the unit of the value.
    pub fn standard_error(&self) -> f64 {
        self.error.iter().map(|p| p.standard * p.standard).sum::<f64>().sqrt()
    }

    /// Half the width of the interval that holds the truth 95 times in 100, in the unit of the value.
    pub fn half_width(&self) -> f64 {
        COVERAGE_FACTOR * self.standard_error()
    }

    pub(super) fn check(&self) -> Result<(), PlanError> {
        if !self.value.is_finite() {
            return Err(PlanError::invalid("measured value", format!("the {} is not finite", self.what.name())));
        }
        if self.error.is_empty() {
            return Err(PlanError::invalid("measured value", format!("the {} has no error", self.what.name())));
        }
        match self.error.iter().find(|p| !(p.standard.is_finite() && p.standard >= 0.0)) {
            Some(p) => {
                let what = format!("{} from {} is not finite and at least 0", p.standard, p.source.name());
                Err(PlanError::invalid("error of a measured value", what))
            }
            None => Ok(()),
        }
    }
}

impl fmt::Display for Quantity {
    /// The error to two significant digits where its first is 1, else to one, and the value to the same place: as many
    /// digits as are known, and no more. With a precision (`{:.2}`), to that many places.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.half_width();
        let places = f.precision().unwrap_or_else(|| places(width));
        write!(f, "{:.places$} ± {:.places$}", self.value, width)?;
        match &self.unit {
            Unit::One => Ok(()),
            Unit::Degree => f.write_str("°"),
            unit => write!(f, " {}", unit.symbol()),
        }
    }
}

/// How many places after the point an error is worth.
fn places(width: f64) -> usize {
    if !(width > 0.0 && width.is_finite()) {
        return 3;
    }
    let first = width.log10().floor();
    let digits = if width / 10f64.powf(first) < 1.95 { 1.0 } else { 0.0 };
    // A value of tens is not rounded to tens.
    (digits - first).clamp(0.0, 6.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(value: f64, standard: f64) -> Quantity {
        let error = vec![ErrorPart { source: ErrorSource::Voxels, standard }];
        Quantity { what: QuantityKind::Length, value, unit: Unit::Millimetre, error }
    }

    #[test]
    fn digits_that_are_not_known_are_not_shown() {
        for (value, half, shown) in [
            (4.1234, 0.9, "4.1 ± 0.9 mm"),
            (4.1234, 1.2, "4.1 ± 1.2 mm"),
            (41.234, 3.4, "41 ± 3 mm"),
            (1234.5, 123.0, "1234 ± 123 mm"),
            (0.12345, 0.012, "0.123 ± 0.012 mm"),
            (0.12345, 0.03, "0.12 ± 0.03 mm"),
        ] {
            assert_eq!(length(value, half / COVERAGE_FACTOR).to_string(), shown);
        }
        assert_eq!(format!("{:.3}", length(1.0, 1.0)), "1.000 ± 1.960 mm");
    }

    #[test]
    fn a_value_without_an_error_is_refused() {
        assert!(Quantity { error: Vec::new(), ..length(1.0, 0.0) }.check().is_err());
        assert!(length(f64::NAN, 0.1).check().is_err());
        assert!(length(1.0, -0.1).check().is_err());
        assert!(length(1.0, f64::INFINITY).check().is_err());
        assert!(length(1.0, 0.0).check().is_ok());
    }
}
