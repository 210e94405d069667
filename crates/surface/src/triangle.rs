//! The geometry of one triangle.

use glam::DVec3;

/// The point of a triangle that is nearest to `p`. Works for triangles without area too.
///
/// After C. Ericson, *Real-Time Collision Detection* (2005), section 5.1.5: by the Voronoi region that p lies in.
#[inline]
pub fn closest_point(p: DVec3, [a, b, c]: [DVec3; 3]) -> DVec3 {
    let (ab, ac, ap) = (b - a, c - a, p - a);
    let (d1, d2) = (ab.dot(ap), ac.dot(ap));
    if d1 <= 0.0 && d2 <= 0.0 {
        return a;
    }
    let bp = p - b;
    let (d3, d4) = (ab.dot(bp), ac.dot(bp));
    if d3 >= 0.0 && d4 <= d3 {
        return b;
    }
    let vc = d1 * d4 - d3 * d2;
    if vc <= 0.0 && d1 >= 0.0 && d3 <= 0.0 {
        return a + ab * ratio(d1, d1 - d3);
    }
    let cp = p - c;
    let (d5, d6) = (ab.dot(cp), ac.dot(cp));
    if d6 >= 0.0 && d5 <= d6 {
        return c;
    }
    let vb = d5 * d2 - d1 * d6;
    if vb <= 0.0 && d2 >= 0.0 && d6 <= 0.0 {
        return a + ac * ratio(d2, d2 - d6);
    }
    let va = d3 * d6 - d5 * d4;
    let (e, f) = (d4 - d3, d5 - d6);
    if va <= 0.0 && e >= 0.0 && f >= 0.0 {
        return b + (c - b) * ratio(e, e + f);
    }
    let sum = va + vb + vc;
    a + ab * ratio(vb, sum) + ac * ratio(vc, sum)
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_has_its_nearest_point() {
        let t = [DVec3::ZERO, DVec3::new(2.0, 0.0, 0.0), DVec3::new(0.0, 2.0, 0.0)];
        for (p, nearest) in [
            ([0.5, 0.5, 3.0], [0.5, 0.5, 0.0]),
            ([-1.0, -1.0, 0.0], [0.0, 0.0, 0.0]),
            ([3.0, -1.0, 1.0], [2.0, 0.0, 0.0]),
            ([-1.0, 4.0, 1.0], [0.0, 2.0, 0.0]),
            ([1.0, -2.0, 0.0], [1.0, 0.0, 0.0]),
            ([-2.0, 1.0, 0.0], [0.0, 1.0, 0.0]),
            ([2.0, 2.0, 5.0], [1.0, 1.0, 0.0]),
        ] {
            assert!(closest_point(p.into(), t).distance(nearest.into()) < 1e-12, "{p:?}");
        }
        let flat = [DVec3::ONE; 3];
        assert_eq!(closest_point(DVec3::ZERO, flat), DVec3::ONE);
    }
}
