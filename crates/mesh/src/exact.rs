//! Exact answers about points, segments and triangles, by Shewchuk's adaptive predicates.
//!
//! Coordinates are those of a mesh (`f32`, taken to `f64` without loss), so that the answers are true of what is
//! written to a file, without any tolerance.

use glam::DVec3;
use robust::{Coord, Coord3D};

/// A triangle's corners.
pub(crate) type Corners = [DVec3; 3];

/// On which side of the plane through `a`, `b`, `c` the point `d` lies: 0 exactly on it.
#[inline]
pub(crate) fn side(a: DVec3, b: DVec3, c: DVec3, d: DVec3) -> i8 {
    let (ad, bd, cd) = (a - d, b - d, c - d);
    let (bc, ca, ab) = (bd.x * cd.y, cd.x * ad.y, ad.x * bd.y);
    let (cb, ac, ba) = (cd.x * bd.y, ad.x * cd.y, bd.x * ad.y);
    let determinant = ad.z * (bc - cb) + bd.z * (ca - ac) + cd.z * (ab - ba);
    let magnitude =
        (bc.abs() + cb.abs()) * ad.z.abs() + (ca.abs() + ac.abs()) * bd.z.abs() + (ab.abs() + ba.abs()) * cd.z.abs();
    // Shewchuk's bound on the rounding of the above.
    if determinant.abs() > 7.771_561_172_376_103e-16 * magnitude {
        return sign(determinant);
    }
    // What is left is mostly exactly 0, as on the flat sides of a voxel grid: whole numbers are quicker then.
    if let Some(exact) = whole_side(a, b, c, d) {
        return exact;
    }
    let p = |v: DVec3| Coord3D { x: v.x, y: v.y, z: v.z };
    sign(robust::orient3d(p(a), p(b), p(c), p(d)))
}

/// The same in whole multiples of 2⁻³⁰ mm, where all coordinates are such and within 1,024 mm.
fn whole_side(a: DVec3, b: DVec3, c: DVec3, d: DVec3) -> Option<i8> {
    const SCALE: f64 = (1u64 << 30) as f64;
    let whole = |v: DVec3| {
        let v = v * SCALE;
        let fits = v.abs().max_element() < (1u64 << 40) as f64 && v.fract() == DVec3::ZERO;
        fits.then(|| v.to_array().map(|c| c as i64))
    };
    let (a, b, c, d) = (whole(a)?, whole(b)?, whole(c)?, whole(d)?);
    // Differences have 41 bits and a sign, so that the sum of six products of three has at most 126.
    let less = |p: [i64; 3]| [p[0] - d[0], p[1] - d[1], p[2] - d[2]].map(i128::from);
    let ([ax, ay, az], [bx, by, bz], [cx, cy, cz]) = (less(a), less(b), less(c));
    let determinant = az * (bx * cy - cx * by) + bz * (cx * ay - ax * cy) + cz * (ax * by - bx * ay);
    Some(determinant.signum() as i8)
}

#[inline]
fn sign(value: f64) -> i8 {
    i8::from(value > 0.0) - i8::from(value < 0.0)
}

/// A plane to look at along an axis: which two coordinates are left.
type View = [usize; 2];
const VIEWS: [View; 3] = [[1, 2], [2, 0], [0, 1]];

/// The turn from `a` over `b` to `c` in a view: 1 to the left, 0 exactly straight.
#[inline]
fn turn(view: View, a: DVec3, b: DVec3, c: DVec3) -> i8 {
    let p = |v: DVec3| Coord { x: v[view[0]], y: v[view[1]] };
    sign(robust::orient2d(p(a), p(b), p(c)))
}

/// Whether the corners lie exactly on one line.
pub(crate) fn is_flat([a, b, c]: Corners) -> bool {
    VIEWS.iter().all(|&view| turn(view, a, b, c) == 0)
}

/// The view in which a triangle has area, or nothing where it has none.
fn view_of([a, b, c]: Corners) -> Option<View> {
    let normal = (b - a).cross(c - a).abs();
    // The best view first: the exact test rarely fails there.
    let best = if normal.x >= normal.y && normal.x >= normal.z {
        0
    } else if normal.y >= normal.z {
        1
    } else {
        2
    };
    (0..3).map(|n| VIEWS[(best + n) % 3]).find(|&view| turn(view, a, b, c) != 0)
}

/// Whether a segment and a triangle with area have a point in common, borders included.
pub(crate) fn segment_meets_triangle(p: DVec3, q: DVec3, t: Corners) -> bool {
    let [a, b, c] = t;
    let (sp, sq) = (side(a, b, c, p), side(a, b, c, q));
    if sp == sq {
        return sp == 0 && view_of(t).is_some_and(|view| segment_meets_in_plane(view, p, q, t));
    }
    // The line is not in the plane, so these tell on which side of it each edge passes.
    let around = [side(p, q, a, b), side(p, q, b, c), side(p, q, c, a)];
    !(around.contains(&1) && around.contains(&-1))
}

fn segment_meets_in_plane(view: View, p: DVec3, q: DVec3, t: Corners) -> bool {
    let [a, b, c] = t;
    inside(view, p, t) || inside(view, q, t) || [(a, b), (b, c), (c, a)].iter().any(|&(e, f)| cross(view, p, q, e, f))
}

/// Whether a point of a triangle's plane lies in it, borders included.
fn inside(view: View, p: DVec3, [a, b, c]: Corners) -> bool {
    let turns = [turn(view, a, b, p), turn(view, b, c, p), turn(view, c, a, p)];
    !(turns.contains(&1) && turns.contains(&-1))
}

/// Whether two segments of one plane have a point in common, ends included.
fn cross(view: View, p: DVec3, q: DVec3, e: DVec3, f: DVec3) -> bool {
    let (pe, qe) = (turn(view, e, f, p), turn(view, e, f, q));
    let (ep, fp) = (turn(view, p, q, e), turn(view, p, q, f));
    if pe == 0 && qe == 0 && ep == 0 && fp == 0 {
        // On one line: whether their stretches overlap.
        return (0..2).all(|axis| {
            let n = view[axis];
            p[n].min(q[n]) <= e[n].max(f[n]) && e[n].min(f[n]) <= p[n].max(q[n])
        });
    }
    pe * qe <= 0 && ep * fp <= 0
}

/// Whether two triangles that share no corner have a point in common. Triangles without area have none.
pub(crate) fn triangles_meet(s: Corners, t: Corners) -> bool {
    let sides = |[a, b, c]: Corners, other: Corners| other.map(|p| side(a, b, c, p));
    let apart = |sides: [i8; 3]| sides[0] != 0 && sides[0] == sides[1] && sides[1] == sides[2];
    if apart(sides(s, t)) || apart(sides(t, s)) || is_flat(s) || is_flat(t) {
        return false;
    }
    let edges = |[a, b, c]: Corners| [(a, b), (b, c), (c, a)];
    edges(s).iter().any(|&(p, q)| segment_meets_triangle(p, q, t))
        || edges(t).iter().any(|&(p, q)| segment_meets_triangle(p, q, s))
}

/// Whether two triangles that share the corner `v` alone meet anywhere else: (v, a, b) and (v, c, d).
///
/// What they have in common is convex and holds `v`. If there is more, it ends on the side across from `v` in one
/// of them.
pub(crate) fn meet_beyond_corner(v: DVec3, [a, b]: [DVec3; 2], [c, d]: [DVec3; 2]) -> bool {
    let (s, t) = ([v, a, b], [v, c, d]);
    // The common case: one lies on one side of the other's plane, and not on it.
    let (sc, sd) = (side(v, a, b, c), side(v, a, b, d));
    if sc != 0 && sc == sd {
        return false;
    }
    if sc == 0 && sd == 0 {
        return wedges_overlap(v, [a, b], [c, d]);
    }
    let (sa, sb) = (side(v, c, d, a), side(v, c, d, b));
    if sa != 0 && sa == sb {
        return false;
    }
    if is_flat(s) || is_flat(t) {
        return false;
    }
    segment_meets_triangle(a, b, t) || segment_meets_triangle(c, d, s)
}

/// Whether the angles at `v` of two triangles of one plane overlap: then one's side lies in the other's angle.
fn wedges_overlap(v: DVec3, [a, b]: [DVec3; 2], [c, d]: [DVec3; 2]) -> bool {
    let Some(view) = view_of([v, a, b]) else { return false };
    let (s, t) = (turn(view, v, a, b), turn(view, v, c, d));
    if t == 0 {
        return false;
    }
    let (ac, ad, bc, bd) = (turn(view, v, a, c), turn(view, v, a, d), turn(view, v, b, c), turn(view, v, b, d));
    let within = |s: i8, first: i8, second: i8| s * first >= 0 && s * second <= 0;
    within(s, ac, bc) || within(s, ad, bd) || within(t, -ac, -ad) || within(t, -bc, -bd)
}

/// Whether two triangles that share the edge (v, w) lie on each other: (v, w, a) and (v, w, b).
pub(crate) fn meet_beyond_edge(v: DVec3, w: DVec3, a: DVec3, b: DVec3) -> bool {
    if side(v, w, a, b) != 0 {
        return false;
    }
    view_of([v, w, a]).is_some_and(|view| turn(view, v, w, a) == turn(view, v, w, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const O: DVec3 = DVec3::ZERO;
    const X: DVec3 = DVec3::X;
    const Y: DVec3 = DVec3::Y;
    const Z: DVec3 = DVec3::Z;

    #[test]
    fn segments_pass_touch_and_miss() {
        let t = [O, X, Y];
        let at = |x: f64, y: f64, z: f64| DVec3::new(x, y, z);
        for (p, q, meets) in [
            (at(0.2, 0.2, -1.0), at(0.2, 0.2, 1.0), true),
            (at(0.2, 0.2, 0.1), at(0.2, 0.2, 1.0), false),
            (at(0.2, 0.2, 0.0), at(0.2, 0.2, 1.0), true),
            (at(0.5, 0.5, -1.0), at(0.5, 0.5, 1.0), true),
            (at(0.6, 0.6, -1.0), at(0.6, 0.6, 1.0), false),
            (at(-1.0, 0.3, 0.0), at(2.0, 0.3, 0.0), true),
            (at(-1.0, -0.1, 0.0), at(2.0, -0.1, 0.0), false),
            (at(1.0, 0.0, 0.0), at(2.0, 0.0, 0.0), true),
            (at(1.5, 0.0, 0.0), at(2.0, 0.0, 0.0), false),
        ] {
            assert_eq!(segment_meets_triangle(p, q, t), meets, "{p} {q}");
            assert_eq!(segment_meets_triangle(q, p, [t[1], t[0], t[2]]), meets, "{p} {q}");
        }
    }

    #[test]
    fn neighbours_meet_only_where_they_fold() {
        // Sharing an edge: flat on the other side, bent, folded back.
        assert!(!meet_beyond_edge(O, X, Y, -Y));
        assert!(!meet_beyond_edge(O, X, Y, Z));
        assert!(meet_beyond_edge(O, X, Y, DVec3::new(0.3, 0.2, 0.0)));
        // Sharing a corner.
        assert!(!meet_beyond_corner(O, [X, Y], [-X, -Y]));
        assert!(!meet_beyond_corner(O, [X, Y], [Z, -X]));
        assert!(meet_beyond_corner(O, [X, Y], [DVec3::new(0.4, 0.4, -0.1), DVec3::new(0.4, 0.4, 0.1)]));
        assert!(meet_beyond_corner(O, [X, Y], [DVec3::new(0.1, 0.2, 0.0), DVec3::new(0.2, 0.1, 0.0)]));
        // The same line along a side.
        assert!(meet_beyond_corner(O, [X, Y], [X * 2.0, Z]));
    }

    #[test]
    fn whole_numbers_agree_with_the_adaptive_ones() {
        let mut random = 1u64;
        let mut next = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(((random >> 40) as f32 / 65536.0 - 128.0) * if random >> 33 & 1 == 0 { 1.0 } else { 0.957 })
        };
        for n in 0..2000 {
            let mut p = || DVec3::new(next(), next(), next());
            let (a, b, c) = (p(), p(), p());
            // Every other one in the plane, as exactly as floats can.
            let d = if n % 2 == 0 { p() } else { (a.lerp(b, 0.5) + (c - a) * 0.25).as_vec3().as_dvec3() };
            let q = |v: DVec3| Coord3D { x: v.x, y: v.y, z: v.z };
            let wanted = sign(robust::orient3d(q(a), q(b), q(c), q(d)));
            assert_eq!(side(a, b, c, d), wanted);
            assert_eq!(whole_side(a, b, c, d), Some(wanted));
        }
    }

    #[test]
    fn one_step_of_a_float_decides() {
        let t = [O, X, Y];
        let touch = DVec3::new(0.25, 0.25, 0.0);
        let above = DVec3::new(0.25, 0.25, f64::from(f32::from_bits(1)));
        let far = [DVec3::new(0.0, 0.0, 1.0), DVec3::new(1.0, 0.0, 1.0)];
        assert!(triangles_meet(t, [touch, far[0], far[1]]));
        assert!(!triangles_meet(t, [above, far[0], far[1]]));
        assert!(is_flat([O, X, X * 3.0]) && !is_flat(t));
    }
}
