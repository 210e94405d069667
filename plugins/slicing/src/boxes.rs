//! The clip box as hands hold it: which face a hand is at, and where the box comes to when that is dragged.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_plan::ClipBox;
use fabrica_scene::input::{PatientPlace, PatientRay};
use fabrica_scene::turn_between;
use glam::DVec3;

/// The box keeps at least so much along each axis, half of it, mm.
const THINNEST: f64 = 1.0;
/// A ray nearer than this to along a face's normal (its sine) says nothing of where that is dragged.
const ALONG: f64 = 0.05;

/// A face: the axis that it is across, and whether it is the one ahead along that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Face {
    pub(crate) axis: usize,
    pub(crate) ahead: bool,
}

impl Face {
    fn all() -> impl Iterator<Item = Self> {
        (0..3).flat_map(|axis| [true, false].map(|ahead| Self { axis, ahead }))
    }

    fn sign(self) -> f64 {
        if self.ahead { 1.0 } else { -1.0 }
    }

    /// Outwards.
    pub(crate) fn normal(self, of: &ClipBox) -> LpsVector {
        of.axes[self.axis] * self.sign()
    }

    /// Its four corners, in order around it.
    pub(crate) fn corners(self, of: &ClipBox) -> [LpsPoint; 4] {
        let middle = of.centre + self.normal(of) * of.half[self.axis].0;
        let [u, v] = [1, 2].map(|n| (self.axis + n) % 3).map(|a| of.axes[a] * of.half[a].0);
        [(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)].map(|(a, b)| middle + u * a + v * b)
    }
}

/// Where a point lies in the box's own axes, from its middle, mm.
fn local(of: &ClipBox, at: LpsPoint) -> DVec3 {
    let from = (at - of.centre).0;
    DVec3::from_array(of.axes.map(|axis| axis.0.dot(from)))
}

fn half(of: &ClipBox) -> DVec3 {
    DVec3::from_array(of.half.map(|h| h.0))
}

/// The face nearest to a point, if it is within reach. Faces that lie in a plane with this normal are passed over: in a picture
/// of that plane they cannot be seen to move.
pub(crate) fn nearest_face(of: &ClipBox, at: LpsPoint, reach: Mm, across: Option<LpsVector>) -> Option<Face> {
    let (at, half) = (local(of, at), half(of));
    let distance = |face: &Face| {
        let mut away = (at.abs() - half).max(DVec3::ZERO);
        away[face.axis] = at[face.axis] - face.sign() * half[face.axis];
        away.length()
    };
    let moves = |face: &Face| across.is_none_or(|normal| face.normal(of).0.dot(normal.0).abs() < 0.8);
    let nearest = Face::all().filter(moves).min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    (distance(&nearest) <= reach.0).then_some(nearest)
}

/// Whether a point is inside.
pub(crate) fn holds(of: &ClipBox, at: LpsPoint) -> bool {
    local(of, at).abs().cmple(half(of)).all()
}

/// The face that a ray meets first, and where; from inside it is the one that it leaves by.
pub(crate) fn face_on_ray(of: &ClipBox, ray: &PatientRay) -> Option<(Face, LpsPoint)> {
    let (origin, half) = (local(of, ray.origin), half(of));
    let direction = DVec3::from_array(of.axes.map(|axis| axis.0.dot(ray.direction.0)));
    let meets = |face: Face| {
        let along = (face.sign() * half[face.axis] - origin[face.axis]) / direction[face.axis];
        let at = origin + direction * along;
        let beside = (0..3).filter(|a| *a != face.axis).all(|a| at[a].abs() <= half[a]);
        (along > 0.0 && along.is_finite() && beside).then_some((face, along))
    };
    let (face, along) = Face::all().filter_map(meets).min_by(|a, b| a.1.total_cmp(&b.1))?;
    Some((face, ray.at(Mm(along))))
}

/// With a face so much farther out.
pub(crate) fn pushed(of: &ClipBox, face: Face, by: Mm) -> ClipBox {
    let Mm(half) = of.half[face.axis];
    let by = by.0.max(2.0 * (THINNEST - half));
    let mut moved = ClipBox { centre: of.centre + face.normal(of) * (by / 2.0), ..of.clone() };
    moved.half[face.axis] = Mm(half + by / 2.0);
    moved
}

/// As if it were fixed to a hand that went from one place to another.
pub(crate) fn carried(of: &ClipBox, from: &PatientPlace, to: &PatientPlace) -> Option<ClipBox> {
    let turn = turn_between(from, to)?;
    // Made perpendicular again: errors of many small turns must not add up.
    let first = (turn * of.axes[0].0).try_normalize()?;
    let second = (turn * of.axes[1].0).reject_from_normalized(first).try_normalize()?;
    let third = first.cross(second) * of.axes[0].0.cross(of.axes[1].0).dot(of.axes[2].0).signum();
    let centre = LpsPoint(to.at.0 + turn * (of.centre - from.at).0);
    Some(ClipBox { centre, axes: [first, second, third].map(LpsVector), ..of.clone() })
}

/// How far along a direction from a point a ray passes nearest; nothing where it runs along there.
pub(crate) fn along(ray: &PatientRay, from: LpsPoint, direction: LpsVector) -> Option<Mm> {
    let (d, n, between) = (ray.direction.0, direction.0, (from - ray.origin).0);
    let dot = d.dot(n);
    let sine = 1.0 - dot * dot;
    (sine > ALONG * ALONG).then(|| Mm((dot * d.dot(between) - n.dot(between)) / sine))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cube() -> ClipBox {
        ClipBox::around(LpsPoint::new(-10.0, -10.0, -10.0), LpsPoint::new(10.0, 10.0, 10.0))
    }

    #[test]
    fn a_face_is_pushed_and_the_one_opposite_stays() {
        let face = Face { axis: 0, ahead: true };
        let moved = pushed(&cube(), face, Mm(6.0));
        assert_eq!((moved.centre.0.x, moved.half[0]), (3.0, Mm(13.0)));
        // From −10 to 16; pushed in too far it keeps 2 mm at the other face.
        let thin = pushed(&cube(), face, Mm(-50.0));
        assert_eq!((thin.centre.0.x, thin.half[0]), (-9.0, Mm(1.0)));
    }

    #[test]
    fn the_face_that_is_pointed_at_is_found() {
        let up = LpsVector::new(0.0, 0.0, 1.0);
        let near = |at: LpsPoint, across| nearest_face(&cube(), at, Mm(5.0), across);
        assert_eq!(near(LpsPoint::new(0.0, -12.0, 3.0), None), Some(Face { axis: 1, ahead: false }));
        // Beside an edge: 4 mm out along both axes are 5.7 mm away.
        assert_eq!(near(LpsPoint::new(14.0, 14.0, 0.0), None), None);
        // On an axial slice the upper face is not to be seen.
        assert_eq!(near(LpsPoint::new(0.0, 6.0, 9.0), None), Some(Face { axis: 2, ahead: true }));
        assert_eq!(near(LpsPoint::new(0.0, 6.0, 9.0), Some(up)), Some(Face { axis: 1, ahead: true }));
        let ray = PatientRay { origin: LpsPoint::new(-100.0, 2.0, 3.0), direction: LpsVector::new(1.0, 0.0, 0.0) };
        let (face, at) = face_on_ray(&cube(), &ray).unwrap();
        assert_eq!((face, at), (Face { axis: 0, ahead: false }, LpsPoint::new(-10.0, 2.0, 3.0)));
        assert_eq!(face_on_ray(&cube(), &PatientRay { origin: LpsPoint::new(-100.0, 12.0, 3.0), ..ray }), None);
        assert!(holds(&cube(), LpsPoint::new(9.0, 9.0, 9.0)) && !holds(&cube(), LpsPoint::new(9.0, 11.0, 9.0)));
        for corner in face.corners(&cube()) {
            assert!((corner.0.x + 10.0).abs() < 1e-12 && corner.0.y.abs() == 10.0);
        }
    }

    #[test]
    fn a_ray_drags_along_a_normal() {
        let ray =
            |x: f64| PatientRay { origin: LpsPoint::new(x, -100.0, 7.0), direction: LpsVector::new(0.0, 1.0, 0.0) };
        // 7 mm above the line it passes nearest at its own x.
        let right = LpsVector::new(1.0, 0.0, 0.0);
        assert!((along(&ray(25.0), LpsPoint::new(10.0, 0.0, 0.0), right).unwrap().0 - 15.0).abs() < 1e-9);
        assert_eq!(along(&ray(25.0), LpsPoint::default(), LpsVector::new(0.0, 1.0, 0.0)), None);
    }

    #[test]
    fn a_hand_carries_and_turns_the_box() {
        let place = |at: LpsPoint, forward: LpsVector| PatientPlace { at, forward, up: LpsVector::new(0.0, 0.0, 1.0) };
        let from = place(LpsPoint::new(20.0, 0.0, 0.0), LpsVector::new(1.0, 0.0, 0.0));
        // A quarter turn about S about the hand, 5 mm up.
        let to = place(LpsPoint::new(20.0, 0.0, 5.0), LpsVector::new(0.0, 1.0, 0.0));
        let moved = carried(&cube(), &from, &to).unwrap();
        assert!(moved.centre.distance(LpsPoint::new(20.0, -20.0, 5.0)).0 < 1e-9, "{:?}", moved.centre);
        assert!(moved.axes[0].0.distance(DVec3::Y) < 1e-9 && moved.axes[2].0.distance(DVec3::Z) < 1e-9);
    }
}
