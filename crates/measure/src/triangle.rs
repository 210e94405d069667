//! Nearest points of two triangles.

use fabrica_surface::closest_point;
use glam::DVec3;

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

/// The nearest points of two segments (Ericson, section 5.1.9).
fn closest_on_segments([p, q]: [DVec3; 2], [r, s]: [DVec3; 2]) -> [DVec3; 2] {
    let (d1, d2, between) = (q - p, s - r, p - r);
    let (a, e, f) = (d1.length_squared(), d2.length_squared(), d2.dot(between));
    let (c, b) = (d1.dot(between), d1.dot(d2));
    let denominator = a * e - b * b;
    let mut along = if denominator > 0.0 { ((b * f - c * e) / denominator).clamp(0.0, 1.0) } else { 0.0 };
    let mut other = ratio(b * along + f, e);
    if other < 0.0 {
        other = 0.0;
        along = ratio(-c, a).clamp(0.0, 1.0);
    } else if other > 1.0 {
        other = 1.0;
        along = ratio(b - c, a).clamp(0.0, 1.0);
    }
    [p + d1 * along, r + d2 * other]
}

/// The nearest points of two triangles, one on each; the same point twice where they cross.
pub(crate) fn closest_points(first: [DVec3; 3], second: [DVec3; 3]) -> [DVec3; 2] {
    let mut best = [first[0], second[0]];
    let mut least = f64::INFINITY;
    let mut consider = |pair: [DVec3; 2]| {
        let d = pair[0].distance_squared(pair[1]);
        if d < least {
            least = d;
            best = pair;
        }
    };
    for p in first {
        consider([p, closest_point(p, second)]);
    }
    for p in second {
        consider([closest_point(p, first), p]);
    }
    let sides = |t: [DVec3; 3]| [[t[0], t[1]], [t[1], t[2]], [t[2], t[0]]];
    for a in sides(first) {
        for b in sides(second) {
            consider(closest_on_segments(a, b));
        }
    }
    // What is left: a side of one runs through the other.
    for (side, through) in sides(first).map(|s| (s, second)).into_iter().chain(sides(second).map(|s| (s, first))) {
        if let Some(at) = crossing(side, through) {
            return [at, at];
        }
    }
    best
}

/// Where a segment runs through a triangle (Möller and Trumbore 1997).
fn crossing([from, to]: [DVec3; 2], [a, b, c]: [DVec3; 3]) -> Option<DVec3> {
    let (way, ab, ac) = (to - from, b - a, c - a);
    let across = way.cross(ac);
    let determinant = ab.dot(across);
    if determinant.abs() <= f64::MIN_POSITIVE {
        return None;
    }
    let away = from - a;
    let v = away.dot(across) / determinant;
    let turned = away.cross(ab);
    let w = way.dot(turned) / determinant;
    let t = ac.dot(turned) / determinant;
    (v >= 0.0 && w >= 0.0 && v + w <= 1.0 && (0.0..=1.0).contains(&t)).then(|| from + way * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_and_triangles_have_their_nearest_points() {
        let flat = [DVec3::ZERO, DVec3::new(2.0, 0.0, 0.0), DVec3::new(0.0, 2.0, 0.0)];
        let above = flat.map(|p| p + DVec3::new(0.25, 0.25, 3.0));
        let [p, q] = closest_points(flat, above);
        assert!((p.distance(q) - 3.0).abs() < 1e-12);
        // Standing on its corner in the middle of the other: they cross.
        let through = [DVec3::new(0.5, 0.5, -1.0), DVec3::new(0.5, 0.5, 1.0), DVec3::new(0.6, 0.4, 1.0)];
        let [p, q] = closest_points(flat, through);
        assert_eq!(p, q);
        // Two skew sides, 1 apart.
        let [p, q] =
            closest_on_segments([DVec3::NEG_X, DVec3::X], [DVec3::new(0.0, -1.0, 1.0), DVec3::new(0.0, 1.0, 1.0)]);
        assert_eq!((p, q), (DVec3::ZERO, DVec3::Z));
    }
}
