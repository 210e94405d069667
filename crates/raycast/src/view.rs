//! Views that have names.

use std::fmt;
use std::str::FromStr;

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use glam::DVec3;
use serde::{Deserialize, Serialize};

use crate::{Camera, Projection};

/// A side that the patient is looked at from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedView {
    /// From the front; the patient's left is on the right of the picture.
    Anterior,
    /// From the back.
    Posterior,
    /// From the patient's left.
    Left,
    /// From the patient's right.
    Right,
    /// From above, the patient's front upwards.
    Superior,
    /// From below, the patient's front upwards: the sides as in an axial slice.
    Inferior,
}

impl NamedView {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Anterior, Self::Posterior, Self::Left, Self::Right, Self::Superior, Self::Inferior];

    /// The name in lower case, as [`View`] reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anterior => "anterior",
            Self::Posterior => "posterior",
            Self::Left => "left",
            Self::Right => "right",
            Self::Superior => "superior",
            Self::Inferior => "inferior",
        }
    }

    /// The unit direction from the target to the eye, and what is upwards.
    fn directions(self) -> (DVec3, DVec3) {
        match self {
            Self::Anterior => (DVec3::NEG_Y, DVec3::Z),
            Self::Posterior => (DVec3::Y, DVec3::Z),
            Self::Left => (DVec3::X, DVec3::Z),
            Self::Right => (DVec3::NEG_X, DVec3::Z),
            Self::Superior => (DVec3::Z, DVec3::NEG_Y),
            Self::Inferior => (DVec3::NEG_Z, DVec3::NEG_Y),
        }
    }
}

/// A view in words: a named view or angles about the patient, with a zoom and a projection. Read from text such as
/// `anterior`, `left,zoom=1.5`, `azimuth=30,elevation=10,zoom=1.2,orthographic`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The view that the angles start from.
    pub from: NamedView,
    /// How far the eye goes round, in degrees; from anterior, positive goes to the patient's left.
    pub azimuth: f64,
    /// How far the eye rises in the picture, in degrees, -90 to 90.
    pub elevation: f64,
    /// 1 fits everything into the picture; 2 shows it twice as large.
    pub zoom: f64,
    /// Angle of view in degrees, or nothing for an orthographic picture.
    pub field_of_view: Option<f64>,
}

/// Why a view cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the camera {given:?} cannot be read: {reason}; write for example anterior, or left,zoom=1.5, or \
     azimuth=30,elevation=10,orthographic (views: anterior, posterior, left, right, superior, inferior; \
     keys: azimuth, elevation, zoom, fov; word: orthographic)"
)]
pub struct ViewError {
    given: String,
    reason: String,
}

impl From<NamedView> for View {
    fn from(from: NamedView) -> Self {
        Self { from, azimuth: 0.0, elevation: 0.0, zoom: 1.0, field_of_view: Some(30.0) }
    }
}

impl Default for View {
    /// From the front.
    fn default() -> Self {
        NamedView::Anterior.into()
    }
}

impl View {
    /// The camera that takes this view of the box between two corners, such that its bounding sphere fits into a
    /// picture of this size at zoom 1.
    pub fn camera(&self, (low, high): (LpsPoint, LpsPoint), [width, height]: [u32; 2]) -> Camera {
        let (back, up) = self.from.directions();
        let right = up.cross(back);
        let (sin_a, cos_a) = self.azimuth.to_radians().sin_cos();
        let (sin_e, cos_e) = self.elevation.to_radians().sin_cos();
        let level = back * cos_a + right * sin_a;
        let to_eye = level * cos_e + up * sin_e;
        let upwards = up * cos_e - level * sin_e;

        let target = (low.0 + high.0) / 2.0;
        let radius = (low.0.distance(high.0) / 2.0).max(1e-3);
        let narrow = f64::from(width.min(height)) / f64::from(height.max(1));
        let zoom = if self.zoom.is_finite() && self.zoom > 0.0 { self.zoom } else { 1.0 };
        let (distance, projection) = match self.field_of_view {
            Some(degrees) => {
                let fov = degrees.to_radians();
                // The sphere touches the cone through the narrower side.
                let half = ((fov / 2.0).tan() * narrow).atan();
                // Zooming narrows the picture, as a lens does, so that the perspective stays.
                let vertical_fov = 2.0 * ((fov / 2.0).tan() / zoom).atan();
                (radius / half.sin(), Projection::Perspective { vertical_fov })
            }
            None => (radius * 2.0, Projection::Orthographic { height: Mm(2.0 * radius / narrow / zoom) }),
        };
        Camera {
            eye: LpsPoint(target + to_eye * distance),
            target: LpsPoint(target),
            up: LpsVector(upwards),
            projection,
        }
    }
}

impl FromStr for View {
    type Err = ViewError;

    fn from_str(text: &str) -> Result<Self, ViewError> {
        let fail = |reason: String| ViewError { given: text.to_owned(), reason };
        let mut view = Self::default();
        let mut named = false;
        for word in text.split(',').map(str::trim) {
            let lower = word.to_ascii_lowercase();
            if let Some(from) = NamedView::ALL.into_iter().find(|v| v.name() == lower) {
                if named {
                    return Err(fail(format!("{word} is a second view")));
                }
                named = true;
                view.from = from;
                continue;
            }
            if lower == "orthographic" {
                view.field_of_view = None;
                continue;
            }
            let Some((key, value)) = lower.split_once('=') else {
                return Err(fail(format!("{word:?} is not known")));
            };
            let number: f64 = value.trim().parse().map_err(|_| fail(format!("{value:?} is not a number")))?;
            let (slot, good) = match key.trim() {
                "azimuth" => (&mut view.azimuth, number.is_finite()),
                "elevation" => (&mut view.elevation, (-90.0..=90.0).contains(&number)),
                "zoom" => (&mut view.zoom, (0.01..=1000.0).contains(&number)),
                "fov" => (view.field_of_view.get_or_insert(30.0), (1.0..=150.0).contains(&number)),
                _ => return Err(fail(format!("{key:?} is not known"))),
            };
            if !good {
                return Err(fail(format!("{key} is out of range")));
            }
            *slot = number;
        }
        Ok(view)
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.from.name())?;
        for (key, value, usual) in
            [("azimuth", self.azimuth, 0.0), ("elevation", self.elevation, 0.0), ("zoom", self.zoom, 1.0)]
        {
            if value != usual {
                write!(f, ",{key}={value}")?;
            }
        }
        match self.field_of_view {
            None => write!(f, ",orthographic"),
            Some(fov) if fov != 30.0 => write!(f, ",fov={fov}"),
            Some(_) => Ok(()),
        }
    }
}
