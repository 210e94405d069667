//! Ellipsoid, rounded box and triangular plate.

use glam::{DMat3, DVec3};

use super::Bounds;

#[derive(Debug)]
pub struct Ellipsoid {
    centre: DVec3,
    pub radii: DVec3,
    to_local: DMat3,
    inverse: DVec3,
    least: f64,
}

impl Ellipsoid {
    pub fn new(centre: DVec3, radii: DVec3, axes: DMat3) -> Self {
        Self { centre, radii, to_local: axes.transpose(), inverse: radii.recip(), least: radii.min_element() }
    }

    pub fn bounds(&self) -> Bounds {
        let axes = self.to_local.transpose();
        let scaled = [axes.x_axis * self.radii.x, axes.y_axis * self.radii.y, axes.z_axis * self.radii.z];
        let half = (scaled[0] * scaled[0] + scaled[1] * scaled[1] + scaled[2] * scaled[2]).map_sqrt();
        Bounds::about(self.centre, half)
    }

    /// The scaled norm less 1, times the least semi-axis: its gradient is at most 1, exact for a ball.
    #[inline]
    pub fn field(&self, p: DVec3) -> f64 {
        let local = self.to_local * (p - self.centre);
        ((local * self.inverse).length() - 1.0) * self.least
    }
}

trait MapSqrt {
    fn map_sqrt(self) -> Self;
}

impl MapSqrt for DVec3 {
    fn map_sqrt(self) -> Self {
        DVec3::new(self.x.sqrt(), self.y.sqrt(), self.z.sqrt())
    }
}

#[derive(Debug)]
pub struct RoundedBox {
    centre: DVec3,
    /// Half sides without the rounding.
    pub inner: DVec3,
    pub rounding: f64,
    to_local: DMat3,
}

impl RoundedBox {
    pub fn new(centre: DVec3, half: DVec3, rounding: f64, axes: DMat3) -> Self {
        let rounding = rounding.min(half.min_element());
        Self { centre, inner: half - rounding, rounding, to_local: axes.transpose() }
    }

    pub fn bounds(&self) -> Bounds {
        let axes = self.to_local.transpose();
        let half =
            axes.x_axis.abs() * self.inner.x + axes.y_axis.abs() * self.inner.y + axes.z_axis.abs() * self.inner.z;
        Bounds::about(self.centre, half + self.rounding)
    }

    #[inline]
    pub fn field(&self, p: DVec3) -> f64 {
        let q = (self.to_local * (p - self.centre)).abs() - self.inner;
        q.max(DVec3::ZERO).length() + q.max_element().min(0.0) - self.rounding
    }
}

#[derive(Debug)]
pub struct Triangle {
    corners: [DVec3; 3],
    radius: f64,
}

impl Triangle {
    pub fn new(corners: [DVec3; 3], radius: f64) -> Self {
        Self { corners, radius }
    }

    pub fn bounds(&self) -> Bounds {
        let [a, b, c] = self.corners;
        Bounds { low: a.min(b).min(c), high: a.max(b).max(c) }.grown(self.radius)
    }

    /// Distance to the triangle (its face where the point projects into it, else the nearest edge) less the radius.
    #[inline]
    pub fn field(&self, p: DVec3) -> f64 {
        let [a, b, c] = self.corners;
        let normal = (b - a).cross(c - a);
        let beside = |from: DVec3, to: DVec3| (to - from).cross(normal).dot(p - from);
        let square = if beside(a, b) <= 0.0 && beside(b, c) <= 0.0 && beside(c, a) <= 0.0 {
            let height = normal.dot(p - a);
            height * height / normal.length_squared()
        } else {
            let edge = |from: DVec3, to: DVec3| {
                let along = to - from;
                let t = ((p - from).dot(along) / along.length_squared()).clamp(0.0, 1.0);
                (p - from - along * t).length_squared()
            };
            edge(a, b).min(edge(b, c)).min(edge(c, a))
        };
        square.sqrt() - self.radius
    }
}
