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

/// What fits is this much smaller than the picture.
const FIT_MARGIN: f64 = 1.03;

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
    /// The camera that takes this view of the box between two corners, such that the box just fits into a picture of
    /// this size at zoom 1.
    pub fn camera(&self, (low, high): (LpsPoint, LpsPoint), [width, height]: [u32; 2]) -> Camera {
        let (back, up) = self.from.directions();
        let right = up.cross(back);
        let (sin_a, cos_a) = self.azimuth.to_radians().sin_cos();
        let (sin_e, cos_e) = self.elevation.to_radians().sin_cos();
        let level = back * cos_a + right * sin_a;
        let across = right * cos_a - back * sin_a;
        let to_eye = level * cos_e + up * sin_e;
        let upwards = up * cos_e - level * sin_e;

        let target = (low.0 + high.0) / 2.0;
        let half = (high.0 - low.0).abs() / 2.0;
        let radius = half.length().max(1e-3);
        let aspect = f64::from(width.max(1)) / f64::from(height.max(1));
        let zoom = if self.zoom.is_finite() && self.zoom > 0.0 { self.zoom } else { 1.0 };
        // How far the box reaches along a direction, from its middle.
        let reach = |direction: DVec3| half.dot(direction.abs()).max(1e-3);
        let (distance, projection) = match self.field_of_view {
            Some(degrees) => {
                let tangent = (degrees.to_radians() / 2.0).tan();
                let nearest = (0..8).map(|corner| {
                    let sign = |axis: u32| if corner >> axis & 1 == 0 { -1.0 } else { 1.0 };
                    let corner = half * DVec3::new(sign(0), sign(1), sign(2));
                    let needed = (corner.dot(across).abs() / aspect).max(corner.dot(upwards).abs());
                    needed * FIT_MARGIN / tangent + corner.dot(to_eye)
                });
                // Zooming narrows the picture, as a lens does, so that the perspective stays.
                let vertical_fov = 2.0 * (tangent / zoom).atan();
                (nearest.fold(radius * 1.01, f64::max), Projection::Perspective { vertical_fov })
            }
            None => {
                let height = 2.0 * FIT_MARGIN * (reach(across) / aspect).max(reach(upwards));
                (radius * 2.0, Projection::Orthographic { height: Mm(height / zoom) })
            }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: (LpsPoint, LpsPoint) = (LpsPoint::new(-100.0, -150.0, 0.0), LpsPoint::new(120.0, 90.0, 700.0));

    fn camera(text: &str) -> Camera {
        text.parse::<View>().unwrap().camera(BOUNDS, [300, 400])
    }

    #[test]
    fn words_become_cameras() {
        for (text, eye, up) in [
            ("anterior", DVec3::NEG_Y, DVec3::Z),
            ("posterior", DVec3::Y, DVec3::Z),
            ("Left, zoom=2", DVec3::X, DVec3::Z),
            ("right", DVec3::NEG_X, DVec3::Z),
            ("superior", DVec3::Z, DVec3::NEG_Y),
            ("inferior", DVec3::NEG_Z, DVec3::NEG_Y),
            ("azimuth=90", DVec3::X, DVec3::Z),
            ("azimuth=180", DVec3::Y, DVec3::Z),
            ("elevation=90", DVec3::Z, DVec3::Y),
        ] {
            let camera = camera(text);
            let frame = camera.frame().unwrap();
            assert!((frame.forward.0 + eye).length() < 1e-9, "{text}: {frame:?}");
            assert!((frame.up.0 - up).length() < 1e-9, "{text}: {frame:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        for (text, why) in [
            ("front", "\"front\" is not known"),
            ("anterior,left", "second view"),
            ("zoom=0", "zoom is out of range"),
            ("zoom=x", "\"x\" is not a number"),
            ("tilt=3", "\"tilt\" is not known"),
            ("azimuth=nan", "azimuth is out of range"),
        ] {
            let error = text.parse::<View>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    proptest! {
        /// The whole box is in the picture, and touches its margin.
        #[test]
        fn the_box_fits(azimuth in -180f64..180.0, elevation in -90f64..90.0, fov in prop::option::of(5f64..100.0),
                        width in 100u32..900, height in 100u32..900) {
            let view = View { azimuth, elevation, field_of_view: fov, ..View::default() };
            let camera = view.camera(BOUNDS, [width, height]);
            let (low, high) = (BOUNDS.0.0, BOUNDS.1.0);
            let mut least_margin = f64::INFINITY;
            for corner in 0..8 {
                let pick = |a: usize| if corner >> a & 1 == 0 { low[a] } else { high[a] };
                let point = LpsPoint::new(pick(0), pick(1), pick(2));
                let ([x, y], depth) = camera.project(point, [width, height]).unwrap().unwrap();
                prop_assert!(depth.0 > 0.0);
                let margin = (x.min(f64::from(width) - x) / f64::from(width))
                    .min(y.min(f64::from(height) - y) / f64::from(height));
                least_margin = least_margin.min(margin);
            }
            prop_assert!(least_margin > 0.0 && (least_margin < 0.06 || fov.is_some_and(|f| f > 60.0)), "{}", least_margin);
        }

        /// A ray runs through the points that are seen at its pixel.
        #[test]
        fn rays_and_projection_agree(azimuth in -180f64..180.0, x in 0f64..300.0, y in 0f64..400.0, t in 1f64..2000.0,
                                     orthographic: bool) {
            let view = View { azimuth, field_of_view: (!orthographic).then_some(40.0), ..View::default() };
            let camera = view.camera(BOUNDS, [300, 400]);
            let ray = camera.rays([300, 400]).unwrap().through(x, y);
            let ([back_x, back_y], _) = camera.project(ray.origin + ray.direction * t, [300, 400]).unwrap().unwrap();
            prop_assert!((back_x - x).abs() < 1e-6 && (back_y - y).abs() < 1e-6);
        }

        #[test]
        fn text_and_view_are_one(azimuth in -180i32..180, elevation in -90i32..=90, zoom in 1u32..9, from in 0usize..6,
                                 fov in prop::option::of(1u32..150)) {
            let view = View {
                from: NamedView::ALL[from],
                azimuth: f64::from(azimuth),
                elevation: f64::from(elevation),
                zoom: f64::from(zoom),
                field_of_view: fov.map(f64::from),
            };
            prop_assert_eq!(view.to_string().parse::<View>().unwrap(), view);
        }
    }
}
