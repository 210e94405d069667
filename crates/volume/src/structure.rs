//! Named anatomical structures.

use serde::{Deserialize, Serialize};

use crate::Mask;

/// A colour as sRGB bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// A colour for the n-th structure where nobody gives one: hues a golden angle apart, so that neighbours differ.
    pub fn palette(n: usize) -> Self {
        let (hue, saturation, value) = ((n as f64 * 137.508 + 20.0) % 360.0, 0.65, 0.95);
        let channel = |shift: f64| {
            let at = (shift + hue / 60.0) % 6.0;
            let part = at.min(4.0 - at).clamp(0.0, 1.0);
            (255.0 * value * (1.0 - saturation * part)).round() as u8
        };
        Self(channel(5.0), channel(3.0), channel(1.0))
    }
}

/// A coded concept (DICOM PS3.3 section 8.8): value, coding scheme and meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// Code Value, for example `10200004`.
    pub value: String,
    /// Coding Scheme Designator, for example `SCT`.
    pub scheme: String,
    /// Code Meaning, for example `Liver`.
    pub meaning: String,
}

/// A named part of the patient: a mask on the scan's grid with a name and a colour.
#[derive(Clone, Debug)]
pub struct Structure {
    /// The name that users see, unique within a case.
    pub name: String,
    /// The colour that it is shown in.
    pub colour: Rgb,
    /// Which voxels belong to it.
    pub mask: Mask,
    /// What it is, in a coding scheme, where known.
    pub code: Option<Code>,
    /// How it was made, in words ("threshold 200 to 3071 HU, largest island").
    pub origin: String,
    /// For a structure that is the region above a threshold of the scan: that threshold, in the scan's unit. Its
    /// surface can then be placed between voxels.
    pub isovalue: Option<f64>,
}
