//! Round cones, and the chains and trees of them that vessels, airways and ribs are.

use glam::DVec3;

use super::{Bounds, bounds::Hierarchy};

/// The convex hull of two balls: a capsule where the radii are equal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoundCone {
    /// Centre of the first ball.
    pub from: DVec3,
    /// Centre of the second ball.
    pub to: DVec3,
    /// Radius of the first ball, mm.
    pub radius_from: f64,
    /// Radius of the second ball, mm.
    pub radius_to: f64,
}

impl RoundCone {
    /// The hull of the balls about `from` and `to`.
    pub fn new(from: DVec3, to: DVec3, radius_from: f64, radius_to: f64) -> Self {
        Self { from, to, radius_from, radius_to }
    }

    /// A box that holds it.
    pub fn bounds(&self) -> Bounds {
        Bounds::about(self.from, DVec3::splat(self.radius_from))
            .with(&Bounds::about(self.to, DVec3::splat(self.radius_to)))
    }

    /// The exact signed distance outside and to the lateral surface inside.
    ///
    /// In the half plane through the axis, with the position `along` the axis and `out` from it, the hull's flank is the
    /// line that both circles touch; the point on the axis from which it is perpendicular tells which ball, or the
    /// flank, is nearest.
    #[inline]
    pub fn distance(&self, p: DVec3) -> f64 {
        let axis = self.to - self.from;
        let length2 = axis.length_squared();
        let shrink = self.radius_from - self.radius_to;
        let flank2 = length2 - shrink * shrink;
        let away = p - self.from;
        if flank2 <= 0.0 {
            // One ball holds the other.
            return if shrink >= 0.0 {
                away.length() - self.radius_from
            } else {
                (p - self.to).length() - self.radius_to
            };
        }
        let length = length2.sqrt();
        let along = away.dot(axis) / length;
        let out = (away.length_squared() - along * along).max(0.0).sqrt();
        let (sine, cosine) = (shrink / length, (flank2 / length2).sqrt());
        let foot = along - out * sine / cosine;
        if foot <= 0.0 {
            (along * along + out * out).sqrt() - self.radius_from
        } else if foot >= length {
            ((along - length).powi(2) + out * out).sqrt() - self.radius_to
        } else {
            out * cosine + along * sine - self.radius_from
        }
    }

    /// The volume of the hull of the two balls.
    pub fn volume(&self) -> f64 {
        use std::f64::consts::PI;
        let (length, shrink) = (self.from.distance(self.to), self.radius_from - self.radius_to);
        let (big, small) = (self.radius_from.max(self.radius_to), self.radius_from.min(self.radius_to));
        if length <= shrink.abs() {
            return 4.0 / 3.0 * PI * big.powi(3);
        }
        let sine = shrink.abs() / length;
        let cosine2 = 1.0 - sine * sine;
        // A cut cone between the circles of contact, and of each ball the cap beyond its circle.
        let cap = |r: f64, height: f64| PI * height * height * (3.0 * r - height) / 3.0;
        let height = length - (big - small) * sine;
        let cone = PI * height * cosine2 * (big * big + small * small + big * small) / 3.0;
        let blunt_end = 4.0 / 3.0 * PI * big.powi(3) - cap(big, big * (1.0 - sine));
        cone + blunt_end + cap(small, small * (1.0 - sine))
    }
}

/// Round cones joined into one solid, found through a hierarchy of boxes.
#[derive(Debug)]
pub struct Tube {
    segments: Vec<RoundCone>,
    hierarchy: Hierarchy,
}

impl Tube {
    pub fn new(segments: Vec<RoundCone>) -> Self {
        let boxes: Vec<Bounds> = segments.iter().map(RoundCone::bounds).collect();
        Self { hierarchy: Hierarchy::new(&boxes), segments }
    }

    pub fn segments(&self) -> &[RoundCone] {
        &self.segments
    }

    pub fn bounds(&self) -> Bounds {
        self.segments.iter().fold(Bounds::EMPTY, |all, s| all.with(&s.bounds()))
    }

    #[inline]
    pub fn within(&self, p: DVec3, limit: f64) -> f64 {
        self.hierarchy.least(p, limit, |segment, _| self.segments[segment].distance(p))
    }

    pub fn closed_form_volume(&self) -> Option<f64> {
        match self.segments.as_slice() {
            [one] => Some(one.volume()),
            _ => None,
        }
    }
}

/// Neighbouring points joined by round cones.
pub fn chain(points: &[(DVec3, f64)]) -> Vec<RoundCone> {
    match points {
        [(only, radius)] => vec![RoundCone::new(*only, *only, *radius, *radius)],
        _ => points.windows(2).map(|w| RoundCone::new(w[0].0, w[1].0, w[0].1, w[1].1)).collect(),
    }
}

/// Points about `step` mm apart on the uniform Catmull-Rom curve through the given ones, each with
/// its radius interpolated along. The given points are among them.
pub fn curve(points: &[(DVec3, f64)], step: f64) -> Vec<(DVec3, f64)> {
    let Some(&last) = points.last() else { return Vec::new() };
    let mut result = Vec::new();
    for (i, pair) in points.windows(2).enumerate() {
        let [(p1, r1), (p2, r2)] = [pair[0], pair[1]];
        let p0 = if i == 0 { 2.0 * p1 - p2 } else { points[i - 1].0 };
        let p3 = points.get(i + 2).map_or(2.0 * p2 - p1, |p| p.0);
        let steps = (p1.distance(p2) / step).ceil().max(1.0) as usize;
        for s in 0..steps {
            let t = s as f64 / steps as f64;
            let at = 0.5
                * (2.0 * p1
                    + (p2 - p0) * t
                    + (2.0 * p0 - 5.0 * p1 + 4.0 * p2 - p3) * (t * t)
                    + (3.0 * p1 - p0 - 3.0 * p2 + p3) * (t * t * t));
            result.push((at, r1 + (r2 - r1) * t));
        }
    }
    result.push(last);
    result
}
