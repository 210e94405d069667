//! Convex bodies by their signed distance.
//!
//! The signed distance to a convex body is a convex function that changes by at most 1 mm a mm. Both facts together let
//! [`Tree`](crate::Tree) find the point of a mesh nearest to the body, and prove that it is.

use fabrica_surface::closest_point;
use glam::DVec3;

use crate::segment::nearest_of_triangle;

/// How far from the true least distance an answer may be, mm.
pub const GAP: f64 = 0.001;

/// A convex body in space.
pub trait Convex: Sync {
    /// The signed distance of a point (below 0 inside), mm, and the direction in which it grows, of unit length.
    fn distance(&self, at: DVec3) -> (f64, DVec3);

    /// The least signed distance of any point of a triangle, within [`GAP`], and that point, if it is under `best`.
    fn least_on(&self, triangle: [DVec3; 3], best: f64) -> Option<(f64, DVec3)> {
        search(self, triangle, best)
    }
}

/// What no point of a triangle is under, from the distance at one of its points: a convex function lies over its tangent planes.
#[inline]
fn under(triangle: &[DVec3; 3], at: DVec3, (value, gradient): (f64, DVec3)) -> f64 {
    triangle.iter().map(|v| value + gradient.dot(*v - at)).fold(f64::INFINITY, f64::min)
}

/// Searches a triangle by projecting to and fro, then by halving with tangent planes as bounds.
fn search<C: Convex + ?Sized>(body: &C, triangle: [DVec3; 3], best: f64) -> Option<(f64, DVec3)> {
    let mut found: Option<(f64, DVec3)> = None;
    let mut best = best;
    let mut try_at = |p: DVec3, best: &mut f64| {
        let (value, gradient) = body.distance(p);
        if value < *best {
            *best = value;
            found = Some((value, p));
        }
        (value, gradient)
    };
    // To and fro between the two bodies comes near the least quickly where they do not meet.
    let mut at = (triangle[0] + triangle[1] + triangle[2]) / 3.0;
    let mut last = try_at(at, &mut best);
    if under(&triangle, at, last) >= best - GAP {
        return found;
    }
    for _ in 0..12 {
        let next = closest_point(at - last.1 * last.0, triangle);
        if next.distance_squared(at) < 1e-12 {
            break;
        }
        at = next;
        last = try_at(at, &mut best);
        if under(&triangle, at, last) >= best - GAP {
            return found;
        }
    }
    // What is left is searched by halving.
    let mut stack = vec![triangle];
    let mut budget = 4000;
    while let Some(t) = stack.pop() {
        let middle = (t[0] + t[1] + t[2]) / 3.0;
        let here = try_at(middle, &mut best);
        if under(&t, middle, here) >= best - GAP || budget == 0 {
            continue;
        }
        budget -= 1;
        let sides = [(0, 1, 2), (1, 2, 0), (2, 0, 1)].map(|(a, b, c)| (t[a].distance_squared(t[b]), a, b, c));
        let (_, a, b, c) = sides.into_iter().fold(sides[0], |m, s| if s.0 > m.0 { s } else { m });
        let half = (t[a] + t[b]) / 2.0;
        stack.push([t[a], half, t[c]]);
        stack.push([half, t[b], t[c]]);
    }
    found
}

/// A single point.
#[derive(Clone, Copy, Debug)]
pub struct Point(pub DVec3);

impl Convex for Point {
    #[inline]
    fn distance(&self, at: DVec3) -> (f64, DVec3) {
        let away = at - self.0;
        let length = away.length();
        (length, if length > 0.0 { away / length } else { DVec3::ZERO })
    }

    fn least_on(&self, triangle: [DVec3; 3], best: f64) -> Option<(f64, DVec3)> {
        let point = closest_point(self.0, triangle);
        let distance = point.distance(self.0);
        (distance < best).then_some((distance, point))
    }
}

/// All within `radius` of the straight line between two points.
#[derive(Clone, Copy, Debug)]
pub struct Capsule {
    /// One end of the line.
    pub from: DVec3,
    /// The other.
    pub to: DVec3,
    /// Around it, mm.
    pub radius: f64,
}

impl Convex for Capsule {
    #[inline]
    fn distance(&self, at: DVec3) -> (f64, DVec3) {
        let along = self.to - self.from;
        let square = along.length_squared();
        let t = if square > 0.0 { ((at - self.from).dot(along) / square).clamp(0.0, 1.0) } else { 0.0 };
        let away = at - (self.from + along * t);
        let length = away.length();
        (length - self.radius, if length > 0.0 { away / length } else { DVec3::ZERO })
    }

    fn least_on(&self, triangle: [DVec3; 3], best: f64) -> Option<(f64, DVec3)> {
        let middle = (triangle[0] + triangle[1] + triangle[2]) / 3.0;
        if under(&triangle, middle, self.distance(middle)) >= best - GAP {
            return None;
        }
        let (square, point) = nearest_of_triangle(self.from, self.to, triangle);
        let distance = square.sqrt() - self.radius;
        (distance < best).then_some((distance, point))
    }
}

/// A box.
#[derive(Clone, Copy, Debug)]
pub struct Cuboid {
    /// Its middle.
    pub centre: DVec3,
    /// Unit directions of its sides, perpendicular.
    pub axes: [DVec3; 3],
    /// Half its sides, mm.
    pub half: DVec3,
}

impl Convex for Cuboid {
    fn distance(&self, at: DVec3) -> (f64, DVec3) {
        let from = at - self.centre;
        let p = DVec3::from_array(self.axes.map(|a| a.dot(from)));
        let beyond = p.abs() - self.half;
        let outside = beyond.max(DVec3::ZERO);
        let length = outside.length();
        let local = if length > 0.0 {
            outside / length
        } else {
            let greatest = beyond.max_element();
            let axis = (0..3).find(|&a| beyond[a] == greatest).unwrap_or(0);
            DVec3::AXES[axis]
        } * DVec3::from_array(p.to_array().map(|c| if c < 0.0 { -1.0 } else { 1.0 }));
        let direction = self.axes[0] * local.x + self.axes[1] * local.y + self.axes[2] * local.z;
        (if length > 0.0 { length } else { beyond.max_element() }, direction)
    }
}

/// A turned body: a convex profile of radii along an axis, with flat ends.
#[derive(Clone, Debug)]
pub struct Turned {
    /// Where the axis starts.
    pub tip: DVec3,
    /// Along it, unit length.
    pub axis: DVec3,
    /// Distance along the axis and radius there, mm, in order; the radius is a concave function of the distance.
    pub profile: Vec<[f64; 2]>,
}

impl Convex for Turned {
    fn distance(&self, at: DVec3) -> (f64, DVec3) {
        let from = at - self.tip;
        let x = from.dot(self.axis);
        let radial = from - self.axis * x;
        let r = radial.length();
        let outward = if r > 1e-12 { radial / r } else { self.axis.any_orthonormal_vector() };
        let (value, [gx, gr]) = flat_distance(&self.profile, x, r);
        (value, self.axis * gx + outward * gr)
    }
}

/// The signed distance to the profile in the half plane (along, radius ≥ 0), and its gradient there. The axis itself is
/// no border: a turned body lies on both sides of it.
fn flat_distance(profile: &[[f64; 2]], x: f64, r: f64) -> (f64, [f64; 2]) {
    let (Some(&first), Some(&last)) = (profile.first(), profile.last()) else { return (f64::INFINITY, [0.0, 0.0]) };
    let mut best = (f64::INFINITY, [0.0, 0.0]);
    let mut inside = x >= first[0] && x <= last[0];
    let mut edge = |a: [f64; 2], b: [f64; 2], inside: &mut bool| {
        let (ex, er) = (b[0] - a[0], b[1] - a[1]);
        let (px, pr) = (x - a[0], r - a[1]);
        let square = ex * ex + er * er;
        if square <= 0.0 {
            return;
        }
        let t = ((px * ex + pr * er) / square).clamp(0.0, 1.0);
        let (dx, dr) = (px - t * ex, pr - t * er);
        let distance = dx * dx + dr * dr;
        // The way round is so that outside lies to the left.
        let side = ex * pr - er * px;
        if side > 0.0 {
            *inside = false;
        }
        if distance < best.0 {
            let length = square.sqrt();
            let gradient = if distance > 1e-24 { [dx, dr] } else { [-er / length, ex / length] };
            best = (distance, gradient);
        }
    };
    edge([first[0], 0.0], first, &mut inside);
    for pair in profile.windows(2) {
        edge(pair[0], pair[1], &mut inside);
    }
    edge(last, [last[0], 0.0], &mut inside);
    let length = best.0.sqrt();
    let norm = best.1[0].hypot(best.1[1]).max(1e-300);
    let direction = [best.1[0] / norm, best.1[1] / norm];
    if inside && length > 1e-12 {
        (-length, [-direction[0], -direction[1]])
    } else {
        (if inside { -length } else { length }, direction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cylinder() -> Turned {
        Turned { tip: DVec3::ZERO, axis: DVec3::Z, profile: vec![[0.0, 2.0], [10.0, 2.0]] }
    }

    #[test]
    fn a_cylinder_by_hand() {
        let c = cylinder();
        for (at, distance, direction) in [
            ([5.0, 0.0, 5.0], 3.0, [1.0, 0.0, 0.0]),
            ([0.0, 0.0, -4.0], 4.0, [0.0, 0.0, -1.0]),
            ([0.0, 5.0, 14.0], 5.0, [0.0, 0.6, 0.8]),
            ([1.5, 0.0, 5.0], -0.5, [1.0, 0.0, 0.0]),
            ([0.1, 0.0, 9.8], -0.2, [0.0, 0.0, 1.0]),
        ] {
            let (d, g) = c.distance(at.into());
            assert!((d - distance).abs() < 1e-12, "{at:?}: {d}");
            assert!((g - DVec3::from(direction)).length() < 1e-9, "{at:?}: {g}");
        }
    }

    #[test]
    fn a_cone_by_hand() {
        // A right-angled cone: tip at 0, radius 10 at 10.
        let cone = Turned { tip: DVec3::ZERO, axis: DVec3::Z, profile: vec![[0.0, 0.0], [10.0, 10.0]] };
        let (d, g) = cone.distance(DVec3::new(10.0, 0.0, 0.0));
        assert!((d - 50f64.sqrt()).abs() < 1e-12);
        assert!((g - DVec3::new(1.0, 0.0, -1.0).normalize()).length() < 1e-12);
        let (d, _) = cone.distance(DVec3::new(0.0, 0.0, 4.0));
        assert!((d + 8f64.sqrt()).abs() < 1e-12, "{d}");
    }

    #[test]
    fn a_box_by_hand() {
        let cuboid = Cuboid { centre: DVec3::ZERO, axes: DVec3::AXES, half: DVec3::new(1.0, 2.0, 3.0) };
        assert_eq!(cuboid.distance(DVec3::new(4.0, 6.0, 0.0)).0, 5.0);
        assert_eq!(cuboid.distance(DVec3::new(-0.5, 0.0, 0.0)), (-0.5, DVec3::NEG_X));
    }
}
