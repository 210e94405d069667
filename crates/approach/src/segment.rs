//! Distances of straight lines to triangles, in closed form.

use fabrica_surface::closest_point;
use glam::DVec3;

/// The point of a triangle that is nearest to the straight line between two points, and its squared distance; 0 where the line
/// passes through the triangle. Works for lines without length and triangles without area too.
///
/// Where they do not meet, the nearest points lie on an end of the line or on an edge of the triangle.
pub(crate) fn nearest_of_triangle(from: DVec3, to: DVec3, triangle: [DVec3; 3]) -> (f64, DVec3) {
    let [a, b, c] = triangle;
    let normal = (b - a).cross(c - a);
    let (start, end) = (normal.dot(from - a), normal.dot(to - a));
    // The ends lie on different sides of its plane.
    if start * end < 0.0 {
        let at = from + (to - from) * (start / (start - end));
        let inside = [(a, b), (b, c), (c, a)].iter().all(|(p, q)| (*q - *p).cross(at - *p).dot(normal) >= 0.0);
        if inside {
            return (0.0, at);
        }
    }
    let mut best = (f64::INFINITY, a);
    let mut keep = |square: f64, point: DVec3| {
        if square < best.0 {
            best = (square, point);
        }
    };
    for end in [from, to] {
        let point = closest_point(end, triangle);
        keep(point.distance_squared(end), point);
    }
    for (p, q) in [(a, b), (b, c), (c, a)] {
        let (on_line, on_edge) = between_segments((from, to), (p, q));
        keep(on_line.distance_squared(on_edge), on_edge);
    }
    best
}

/// The nearest points of two straight lines, each between two points.
///
/// After C. Ericson, *Real-Time Collision Detection* (2005), section 5.1.9.
fn between_segments((p, q): (DVec3, DVec3), (r, s): (DVec3, DVec3)) -> (DVec3, DVec3) {
    let (along, across, apart) = (q - p, s - r, p - r);
    let (a, e, f) = (along.length_squared(), across.length_squared(), across.dot(apart));
    let c = along.dot(apart);
    let part = |of: f64, whole: f64| if whole > 0.0 { (of / whole).clamp(0.0, 1.0) } else { 0.0 };
    let b = along.dot(across);
    let determinant = a * e - b * b;
    // Where they run alike any place will do, as the other end is placed to suit it.
    let mut t = if determinant > 1e-12 * a * e { ((b * f - c * e) / determinant).clamp(0.0, 1.0) } else { 0.0 };
    let mut u = part(b * t + f, e);
    t = part(b * u - c, a);
    // Once more: what was held at an end may have moved the other.
    u = part(b * t + f, e);
    (p + along * t, r + across * u)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T: [DVec3; 3] = [DVec3::ZERO, DVec3::new(2.0, 0.0, 0.0), DVec3::new(0.0, 2.0, 0.0)];

    #[test]
    fn by_hand() {
        for (from, to, square, point) in [
            // Through it; above it, level; beside an edge, crosswise; an end over the inside; past a corner.
            ([0.5, 0.5, -1.0], [0.5, 0.5, 3.0], 0.0, [0.5, 0.5, 0.0]),
            ([0.5, -1.0, 2.0], [0.5, -0.5, 2.0], 4.25, [0.5, 0.0, 0.0]),
            ([1.0, -1.0, -5.0], [1.0, -1.0, 5.0], 1.0, [1.0, 0.0, 0.0]),
            ([0.5, 0.5, 3.0], [0.5, 0.5, 9.0], 9.0, [0.5, 0.5, 0.0]),
            ([-3.0, -4.0, 0.0], [-3.0, -9.0, 0.0], 25.0, [0.0, 0.0, 0.0]),
            // A line without length.
            ([1.0, -2.0, 0.0], [1.0, -2.0, 0.0], 4.0, [1.0, 0.0, 0.0]),
        ] {
            let (found, at) = nearest_of_triangle(from.into(), to.into(), T);
            assert!((found - square).abs() < 1e-12 && at.distance(point.into()) < 1e-12, "{from:?}: {found} {at}");
        }
        // A triangle without area is its longest side.
        let flat = [DVec3::ZERO, DVec3::X, DVec3::X * 4.0];
        assert_eq!(nearest_of_triangle(DVec3::new(3.0, 1.0, 0.0), DVec3::new(3.0, 5.0, 0.0), flat).0, 1.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// No point of a fine mesh of places on both is nearer, and some is nearly as near.
        #[test]
        fn as_brute_force(points in prop::array::uniform5(prop::array::uniform3(-3.0..3.0f64))) {
            let [a, b, c, from, to] = points.map(DVec3::from);
            let (square, at) = nearest_of_triangle(from, to, [a, b, c]);
            prop_assert!(closest_point(at, [a, b, c]).distance(at) < 1e-6);
            let least = (0..=200)
                .map(|n| from.lerp(to, f64::from(n) / 200.0))
                .map(|p| closest_point(p, [a, b, c]).distance(p))
                .fold(f64::INFINITY, f64::min);
            let step = from.distance(to) / 400.0;
            prop_assert!(square.sqrt() <= least + 1e-6 && square.sqrt() >= least - step - 1e-6, "{} {}", square.sqrt(), least);
        }
    }
}
