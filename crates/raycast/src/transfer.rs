//! Transfer functions: which value has which colour and opacity.

use fabrica_geometry::Mm;
use fabrica_volume::Rgb;
use serde::{Deserialize, Serialize};

use crate::Lut;

/// A value with its colour and opacity. Between points, colour (in linear light) and opacity change linearly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlPoint {
    /// The value, in the volume's unit.
    pub value: f64,
    /// Its colour.
    pub colour: Rgb,
    /// How much light a layer of the reference length takes away, 0 to 1.
    pub opacity: f64,
}

/// Which value has which colour and opacity: piecewise linear between control points, constant beyond the ends.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferFunction {
    points: Vec<ControlPoint>,
    reference_length: Mm,
}

/// Why a transfer function cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferFunctionError {
    /// There are fewer than two points.
    #[error("a transfer function needs at least two points; there are {0}")]
    TooFewPoints(usize),
    /// Values do not grow from point to point.
    #[error("the value of point {index} is {value}; values must be finite and grow from point to point")]
    Order {
        /// Which point, from 0.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// An opacity is out of range.
    #[error("the opacity of point {index} is {opacity}; it must be between 0 and 1")]
    Opacity {
        /// Which point, from 0.
        index: usize,
        /// Its opacity.
        opacity: f64,
    },
    /// The reference length is not a length.
    #[error("the reference length is {0}; it must be positive and finite")]
    ReferenceLength(Mm),
}

impl TransferFunction {
    /// A transfer function of these points, whose opacities hold for a layer of `reference_length`.
    ///
    /// # Errors
    /// When there are fewer than two points, values do not grow, an opacity is outside 0 to 1 or the length is not
    /// positive.
    pub fn new(points: Vec<ControlPoint>, reference_length: Mm) -> Result<Self, TransferFunctionError> {
        if points.len() < 2 {
            return Err(TransferFunctionError::TooFewPoints(points.len()));
        }
        let mut before = f64::NEG_INFINITY;
        for (index, point) in points.iter().enumerate() {
            if !point.value.is_finite() || point.value <= before {
                return Err(TransferFunctionError::Order { index, value: point.value });
            }
            if !(0.0..=1.0).contains(&point.opacity) {
                return Err(TransferFunctionError::Opacity { index, opacity: point.opacity });
            }
            before = point.value;
        }
        if !(reference_length.0 > 0.0 && reference_length.0.is_finite()) {
            return Err(TransferFunctionError::ReferenceLength(reference_length));
        }
        Ok(Self { points, reference_length })
    }

    /// A function that shows nothing.
    pub fn invisible() -> Self {
        let point = |value| ControlPoint { value, colour: Rgb(0, 0, 0), opacity: 0.0 };
        Self { points: vec![point(0.0), point(1.0)], reference_length: Mm(1.0) }
    }

    /// The points, by growing value.
    pub fn points(&self) -> &[ControlPoint] {
        &self.points
    }

    /// The layer that opacities hold for.
    pub fn reference_length(&self) -> Mm {
        self.reference_length
    }

    /// The colour in linear light and the opacity of a layer of the reference length, at a value.
    pub fn at(&self, value: f64) -> ([f32; 3], f64) {
        let after = self.points.partition_point(|p| p.value <= value);
        let high = self.points[after.min(self.points.len() - 1)];
        let low = self.points[after.saturating_sub(1)];
        let span = high.value - low.value;
        let t = if span > 0.0 { ((value - low.value) / span).clamp(0.0, 1.0) } else { 0.0 };
        let (a, b) = (crate::image::linear(low.colour), crate::image::linear(high.colour));
        let colour = std::array::from_fn(|c| a[c] + (b[c] - a[c]) * t as f32);
        (colour, low.opacity + (high.opacity - low.opacity) * t)
    }

    /// The same function with all opacities multiplied (and limited to 1).
    #[must_use]
    pub fn with_opacity(mut self, factor: f64) -> Self {
        let factor = if factor.is_finite() { factor.max(0.0) } else { 1.0 };
        self.points.iter_mut().for_each(|p| p.opacity = (p.opacity * factor).min(1.0));
        self
    }

    /// The same function with its points changed by a rule that keeps them valid.
    pub(crate) fn map_points(mut self, change: impl FnMut(&mut ControlPoint)) -> Self {
        self.points.iter_mut().for_each(change);
        self
    }

    /// The same function moved by `offset` to higher values.
    #[must_use]
    pub fn shifted(mut self, offset: f64) -> Self {
        if offset.is_finite() {
            self.points.iter_mut().for_each(|p| p.value += offset);
        }
        self
    }

    /// The table that the CPU and the GPU renderers both look values up in.
    pub fn lut(&self) -> Lut {
        Lut::new(self)
    }
}
