//! A box that keeps what is inside it.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use serde::{Deserialize, Serialize};

use crate::operation::{check_name, check_point};
use crate::{ClipPlane, PlanError};

/// How far from perpendicular unit vectors a box's directions may be: what single precision leaves of them.
const CROOKED: f64 = 1e-3;
/// The longest half side, mm.
const LONGEST: f64 = 1e5;

/// A box at any angle: what it cuts is cut away outside it.
///
/// ```
/// use fabrica_geometry::{LpsPoint, LpsVector, Mm};
/// use fabrica_plan::{ClipBox, Cuts};
/// let clip = ClipBox {
///     half: [Mm(10.0), Mm(20.0), Mm(30.0)],
///     cuts: Cuts::AllBut(vec!["aorta".into()]),
///     ..ClipBox::around(LpsPoint::default(), LpsPoint::new(2.0, 2.0, 2.0))
/// };
/// assert!(clip.cuts_structure("skull") && clip.cuts_rest() && !clip.cuts_structure("aorta"));
/// // Its planes cut away what lies on the side of their normals: the first to the left of x = 11.
/// assert_eq!((clip.planes()[0].point.0.x, clip.planes()[0].normal.0.x), (11.0, 1.0));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipBox {
    /// Its middle.
    pub centre: LpsPoint,
    /// Its directions: perpendicular unit vectors.
    pub axes: [LpsVector; 3],
    /// Half its sides along these.
    pub half: [Mm; 3],
    /// Whether it cuts now.
    pub enabled: bool,
    /// What it cuts.
    pub cuts: Cuts,
}

/// What a clip box cuts, by the names of structures. The rest is what belongs to no structure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Cuts {
    /// All structures and the rest.
    #[default]
    All,
    /// All structures but these, and the rest.
    AllBut(Vec<String>),
    /// These structures alone.
    Only(Vec<String>),
}

impl ClipBox {
    /// The box between two corners, along the patient's axes. It cuts everything.
    pub fn around(low: LpsPoint, high: LpsPoint) -> Self {
        let half = ((high - low).0 / 2.0).abs();
        Self {
            centre: LpsPoint((low.0 + high.0) / 2.0),
            axes: [LpsVector::new(1.0, 0.0, 0.0), LpsVector::new(0.0, 1.0, 0.0), LpsVector::new(0.0, 0.0, 1.0)],
            half: half.to_array().map(Mm),
            enabled: true,
            cuts: Cuts::All,
        }
    }

    /// Whether a structure is cut, while the box is enabled.
    pub fn cuts_structure(&self, name: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|n| n == name);
        match &self.cuts {
            Cuts::All => true,
            Cuts::AllBut(names) => !named(names),
            Cuts::Only(names) => named(names),
        }
    }

    /// Whether what belongs to no structure is cut, while the box is enabled.
    pub fn cuts_rest(&self) -> bool {
        !matches!(self.cuts, Cuts::Only(_))
    }

    /// The structures that are named.
    pub fn named(&self) -> &[String] {
        match &self.cuts {
            Cuts::All => &[],
            Cuts::AllBut(names) | Cuts::Only(names) => names,
        }
    }

    /// Its six planes, of each axis the one ahead and the one behind. They cut when the box does.
    pub fn planes(&self) -> [ClipPlane; 6] {
        std::array::from_fn(|n| {
            let normal = if n % 2 == 0 { self.axes[n / 2] } else { -self.axes[n / 2] };
            ClipPlane { point: self.centre + normal * self.half[n / 2].0, normal, enabled: self.enabled }
        })
    }

    /// Its eight corners: bit a of a corner's number says whether it lies ahead along axis a.
    pub fn corners(&self) -> [LpsPoint; 8] {
        std::array::from_fn(|n| {
            (0..3).fold(self.centre, |at, a| {
                let ahead = if n >> a & 1 == 1 { 1.0 } else { -1.0 };
                at + self.axes[a] * (ahead * self.half[a].0)
            })
        })
    }

    pub(crate) fn check(&self) -> Result<(), PlanError> {
        check_point("clip box's centre", self.centre)?;
        for a in 0..3 {
            let (axis, next) = (self.axes[a].0, self.axes[(a + 1) % 3].0);
            // Written so that what is not a number fails.
            if !((axis.length() - 1.0).abs() < CROOKED && axis.dot(next).abs() < CROOKED) {
                let what = "its directions are not perpendicular unit vectors";
                return Err(PlanError::invalid("clip box's axes", what));
            }
            let Mm(half) = self.half[a];
            if !(half > 0.0 && half <= LONGEST) {
                return Err(PlanError::invalid(
                    "clip box's side",
                    format!("half of it, {half} mm, is not over 0 and at most 100 m"),
                ));
            }
        }
        self.named().iter().try_for_each(|name| check_name("structure", name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_has_its_planes_and_corners_where_they_belong() {
        let slant = std::f64::consts::FRAC_1_SQRT_2;
        let clip = ClipBox {
            axes: [
                LpsVector::new(slant, slant, 0.0),
                LpsVector::new(-slant, slant, 0.0),
                LpsVector::new(0.0, 0.0, 1.0),
            ],
            half: [Mm(1.0), Mm(2.0), Mm(3.0)],
            ..ClipBox::around(LpsPoint::new(9.0, -1.0, 0.0), LpsPoint::new(11.0, 1.0, 0.0))
        };
        clip.check().unwrap();
        // Every corner lies on three of the planes, and behind or on all six.
        for corner in clip.corners() {
            let heights = clip.planes().map(|plane| (corner - plane.point).0.dot(plane.normal.0));
            assert_eq!(heights.iter().filter(|h| h.abs() < 1e-12).count(), 3, "{heights:?}");
            assert!(heights.iter().all(|h| *h < 1e-12));
        }
        assert!(clip.corners()[7].distance(LpsPoint::new(10.0 - slant, 3.0 * slant, 3.0)).0 < 1e-12);
    }

    #[test]
    fn a_box_without_extent_or_straight_axes_is_refused() {
        let clip = ClipBox::around(LpsPoint::default(), LpsPoint::new(2.0, 2.0, 2.0));
        assert!(ClipBox { half: [Mm(1.0), Mm(0.0), Mm(1.0)], ..clip.clone() }.check().is_err());
        assert!(ClipBox { half: [Mm(1.0), Mm(f64::NAN), Mm(1.0)], ..clip.clone() }.check().is_err());
        let axes = [clip.axes[0], clip.axes[0], clip.axes[2]];
        assert!(ClipBox { axes, ..clip.clone() }.check().is_err());
        assert!(ClipBox { cuts: Cuts::Only(vec![" ".into()]), ..clip }.check().is_err());
    }
}
