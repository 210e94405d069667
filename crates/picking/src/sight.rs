//! The part of a line of sight that can be seen along.

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_raycast::{ClipPlane, Ray};

/// A ray between two distances from its origin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// The ray; its direction has unit length.
    pub ray: Ray,
    /// Where it begins to see, mm from its origin.
    pub near: Mm,
    /// Where it ends.
    pub far: Mm,
}

impl Sight {
    /// All of a ray that lies before its origin and on the sides that clip planes keep; none if nothing does.
    ///
    /// ```
    /// use fabrica_geometry::{LpsPoint, LpsVector, Mm};
    /// use fabrica_picking::{Ray, Sight};
    /// use fabrica_raycast::ClipPlane;
    /// // From the front (anterior is -y) towards the back; what lies before y = 30 is cut away.
    /// let ray = Ray { origin: LpsPoint::new(0.0, -100.0, 0.0), direction: LpsVector::new(0.0, 1.0, 0.0) };
    /// let clip = ClipPlane { point: LpsPoint::new(0.0, 30.0, 0.0), keep: LpsVector::new(0.0, 1.0, 0.0) };
    /// assert_eq!(Sight::new(ray, Some(clip)).unwrap().near, Mm(130.0));
    /// ```
    pub fn new(ray: Ray, clips: impl IntoIterator<Item = ClipPlane>) -> Option<Self> {
        let mut sight = Self { ray, near: Mm(0.0), far: Mm(f64::INFINITY) };
        for clip in clips {
            let along = ray.direction.0.dot(clip.keep.0);
            let height = (ray.origin.0 - clip.point.0).dot(clip.keep.0);
            if along.abs() <= 1e-12 * clip.keep.0.length() {
                if height < 0.0 {
                    return None;
                }
                continue;
            }
            let crossing = -height / along;
            if along > 0.0 {
                sight.near = Mm(crossing.max(sight.near.0));
            } else {
                sight.far = Mm(crossing.min(sight.far.0));
            }
        }
        (sight.near.0 < sight.far.0).then_some(sight)
    }

    /// The point so far from the ray's origin.
    pub fn at(&self, distance: Mm) -> LpsPoint {
        LpsPoint(self.ray.origin.0 + self.ray.direction.0 * distance.0)
    }
}
