//! Planes and boxes that cut a picture open.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use serde::{Deserialize, Serialize};

use crate::{ClipPlane, RenderError};

/// The most clips in a scene.
pub const MAX_CLIPS: usize = 8;

/// A plane or a box that cuts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clip {
    /// Where it cuts.
    pub shape: ClipShape,
    /// Whether it cuts now.
    pub enabled: bool,
}

/// Where a clip cuts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClipShape {
    /// All on one side of a plane goes.
    Plane(ClipPlane),
    /// All inside or all outside a box goes.
    Box(ClipBox),
}

/// A box at any angle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClipBox {
    /// Its middle.
    pub centre: LpsPoint,
    /// Its directions: perpendicular unit vectors.
    pub axes: [LpsVector; 3],
    /// Half its sides along these.
    pub half: [Mm; 3],
    /// What stays.
    pub keep: Keep,
}

/// Which side of a closed shape stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// What is inside.
    Inside,
    /// What is outside.
    Outside,
}

/// Some of a scene's clips: bit n is clip n.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClipSet(pub u8);

impl ClipSet {
    /// Every clip of the scene.
    pub const ALL: Self = Self(u8::MAX);
    /// None of them.
    pub const NONE: Self = Self(0);

    /// The set without clip `n`.
    ///
    /// ```
    /// use fabrica_raycast::ClipSet;
    /// assert_eq!(ClipSet::ALL.without(1), ClipSet(0b1111_1101));
    /// ```
    #[must_use]
    pub fn without(self, n: usize) -> Self {
        Self(if n < MAX_CLIPS { self.0 & !(1 << n) } else { self.0 })
    }
}

impl Default for ClipSet {
    fn default() -> Self {
        Self::ALL
    }
}

impl Clip {
    /// How deep a point lies in what stays, mm: negative in what is cut away. For a box seen from outside this is the
    /// distance along one of its axes, not the shortest one.
    #[inline]
    pub fn depth(&self, at: LpsPoint) -> Mm {
        match self.shape {
            ClipShape::Plane(plane) => Mm(plane.keep.0.normalize_or_zero().dot(at.0 - plane.point.0)),
            ClipShape::Box(ClipBox { centre, axes, half, keep }) => {
                let from = at.0 - centre.0;
                let inside = (0..3).map(|a| half[a].0 - axes[a].0.dot(from).abs()).fold(f64::INFINITY, f64::min);
                Mm(if keep == Keep::Inside { inside } else { -inside })
            }
        }
    }

    /// Whether a point is cut away.
    #[inline]
    pub fn cuts(&self, at: LpsPoint) -> bool {
        self.enabled && self.depth(at).0 < 0.0
    }

    /// Refuses shapes without extent or direction.
    pub(crate) fn check(&self) -> Result<(), RenderError> {
        let fail = |name, value, range| Err(RenderError::Setting { name, value, range });
        match &self.shape {
            ClipShape::Plane(plane) => {
                if !plane.point.0.is_finite() || plane.keep.0.try_normalize().is_none() {
                    return fail("the length of a clip plane's direction", plane.keep.0.length(), "finite and not 0");
                }
            }
            ClipShape::Box(ClipBox { centre, axes, half, .. }) => {
                if !centre.0.is_finite() {
                    return fail("a clip box's centre", f64::NAN, "finite");
                }
                if let Some(side) = half.iter().find(|h| !(h.0 > 0.0 && h.0.is_finite())) {
                    return fail("half a clip box's side in mm", side.0, "positive and finite");
                }
                for a in 0..3 {
                    let (length, dot) = (axes[a].0.length(), axes[a].0.dot(axes[(a + 1) % 3].0));
                    // Written so that what is not a number fails.
                    if !((length - 1.0).abs() < 1e-3 && dot.abs() < 1e-3) {
                        return fail("the length of a clip box's axis", length, "1, and perpendicular to the others");
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_box_keeps_what_it_says() {
        let slant = std::f64::consts::FRAC_1_SQRT_2;
        let axes =
            [LpsVector::new(slant, slant, 0.0), LpsVector::new(-slant, slant, 0.0), LpsVector::new(0.0, 0.0, 1.0)];
        let whole = ClipBox {
            centre: LpsPoint::new(10.0, 0.0, 0.0),
            axes,
            half: [Mm(1.0), Mm(2.0), Mm(3.0)],
            keep: Keep::Inside,
        };
        let clip = Clip { shape: ClipShape::Box(whole), enabled: true };
        clip.check().unwrap();
        // From the centre 1.9 mm along the second axis: inside; along the first: 0.9 mm outside.
        let along = |a: usize, by: f64| whole.centre + axes[a] * by;
        assert!(!clip.cuts(along(1, 1.9)) && clip.cuts(along(0, 1.9)));
        assert!((clip.depth(along(0, 1.9)).0 + 0.9).abs() < 1e-12);
        let outside = Clip { shape: ClipShape::Box(ClipBox { keep: Keep::Outside, ..whole }), enabled: true };
        assert!(outside.cuts(along(1, 1.9)) && !outside.cuts(along(0, 1.9)));
        assert!(!Clip { enabled: false, ..outside }.cuts(whole.centre));
        let flat = Clip { shape: ClipShape::Box(ClipBox { half: [Mm(0.0); 3], ..whole }), enabled: true };
        assert!(flat.check().is_err());
    }
}
