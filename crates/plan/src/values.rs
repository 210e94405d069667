//! What a plan holds.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_volume::{GeometryIssue, Rgb};
use serde::{Deserialize, Serialize};

use crate::{Author, OpId, UtcTime};

/// How a structure is shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Appearance {
    /// Whether it is shown at all.
    pub visible: bool,
    /// Its colour in this plan; nothing for the structure's own.
    pub colour: Option<Rgb>,
    /// 0 (not to be seen) to 1 (solid).
    pub opacity: f64,
}

impl Appearance {
    /// Whether anything of it is to be seen.
    pub fn is_seen(&self) -> bool {
        self.visible && self.opacity > 0.0
    }
}

impl Default for Appearance {
    /// Shown, solid, in the structure's own colour.
    fn default() -> Self {
        Self { visible: true, colour: None, opacity: 1.0 }
    }
}

/// The window through which values become grey (DICOM PS3.3 C.11.2): `centre - width / 2` is black and
/// `centre + width / 2` white, in the volume's unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The value in the middle ("level").
    pub centre: f64,
    /// White minus black, over 0.
    pub width: f64,
}

impl Window {
    /// The values that are black and white.
    ///
    /// ```
    /// let window = fabrica_plan::Window { centre: 40.0, width: 400.0 };
    /// assert_eq!(window.range(), [-160.0, 240.0]);
    /// ```
    pub fn range(&self) -> [f64; 2] {
        [self.centre - self.width / 2.0, self.centre + self.width / 2.0]
    }
}

/// A plane that cuts away what lies on the side that its normal points to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipPlane {
    /// A point of the plane.
    pub point: LpsPoint,
    /// Towards what is cut away. Any length but 0; its direction counts.
    pub normal: LpsVector,
    /// Whether it cuts now.
    pub enabled: bool,
}

/// How depth becomes size in a view.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Projection {
    /// What is farther is smaller.
    Perspective {
        /// The angle from the lower to the upper edge of the picture, over 0 and under 180.
        vertical_degrees: f64,
    },
    /// What is farther is as large.
    Orthographic {
        /// From the lower to the upper edge of the picture.
        height: Mm,
    },
}

/// A view of the patient.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    /// Where the eye is.
    pub eye: LpsPoint,
    /// What it looks at; not the eye's own place.
    pub target: LpsPoint,
    /// What is up in the picture; not along the line of sight.
    pub up: LpsVector,
    /// How depth becomes size.
    pub projection: Projection,
}

/// A note in the plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    /// The operation that made it.
    pub id: OpId,
    /// Who wrote it first.
    pub author: Author,
    /// When it was last changed.
    pub time: UtcTime,
    /// What it says.
    pub text: String,
    /// The place that it is about, if it is about one.
    pub at: Option<LpsPoint>,
}

/// A user's decision to go on in spite of a geometry warning.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Acceptance {
    /// The volume's id.
    pub volume: String,
    /// Which of the volume's warnings, from 0.
    pub index: u32,
    /// What was accepted. Holds for this very warning only.
    pub issue: GeometryIssue,
    /// Who accepted it.
    pub by: Author,
    /// When.
    pub at: UtcTime,
    /// Why, in the user's words.
    pub reason: String,
}
