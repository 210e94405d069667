//! Distances, angles and areas between points.

use fabrica_geometry::LpsPoint;
use fabrica_plan::{Quantity, QuantityKind, Unit};
use glam::DVec3;

use crate::{MeasureError, PointErrors, propagate};

/// Points nearer than this to one another or to a line define no direction, mm.
const LEAST: f64 = 1e-6;

/// The straight distance between two points.
///
/// # Errors
/// When they coincide.
pub fn distance(points: [LpsPoint; 2], errors: &PointErrors) -> Result<Quantity, MeasureError> {
    let value = points[0].distance(points[1]).0;
    if value < LEAST {
        return Err(MeasureError::Degenerate { what: "distance", why: "the two points coincide" });
    }
    let error = propagate(&points, errors, |p| match p {
        [a, b] => a.distance(*b).0,
        _ => f64::NAN,
    });
    Ok(Quantity { what: QuantityKind::Length, value, unit: Unit::Millimetre, error })
}

/// The angle at the second of three points, 0 to 180°.
///
/// # Errors
/// When a leg has no length.
///
/// # Example
/// ```
/// use fabrica_geometry::LpsPoint;
/// use fabrica_measure::{PointErrors, angle};
/// let corner = [LpsPoint::new(5.0, 0.0, 0.0), LpsPoint::new(0.0, 0.0, 0.0), LpsPoint::new(0.0, 0.0, 9.0)];
/// assert_eq!(angle(corner, &PointErrors::default()).unwrap().value, 90.0);
/// ```
pub fn angle(points: [LpsPoint; 3], errors: &PointErrors) -> Result<Quantity, MeasureError> {
    let [a, vertex, b] = points;
    legs("angle", [a - vertex, b - vertex].map(|v| v.0))?;
    let value = between((a - vertex).0, (b - vertex).0);
    let error = propagate(&points, errors, |p| match p {
        [a, vertex, b] => between((*a - *vertex).0, (*b - *vertex).0),
        _ => f64::NAN,
    });
    Ok(Quantity { what: QuantityKind::Angle, value, unit: Unit::Degree, error })
}

/// The angle between two lines, each from its first to its second point, 0 to 180°. The errors number the points in
/// this order.
///
/// # Errors
/// When a line has no length.
pub fn line_angle(lines: [[LpsPoint; 2]; 2], errors: &PointErrors) -> Result<Quantity, MeasureError> {
    let points = [lines[0][0], lines[0][1], lines[1][0], lines[1][1]];
    legs("angle", [points[1] - points[0], points[3] - points[2]].map(|v| v.0))?;
    let of = |p: &[LpsPoint]| match p {
        [a, b, c, d] => between((*b - *a).0, (*d - *c).0),
        _ => f64::NAN,
    };
    let error = propagate(&points, errors, of);
    Ok(Quantity { what: QuantityKind::Angle, value: of(&points), unit: Unit::Degree, error })
}

/// The area and the perimeter of a polygon. Where its corners lie in no plane, the area is that of its projection on
/// the plane in which it is largest.
///
/// # Errors
/// When it has less than three corners, or no area.
///
/// # Example
/// ```
/// use fabrica_geometry::LpsPoint;
/// use fabrica_measure::{PointErrors, polygon_area};
/// let corners = [[0.0, 0.0], [3.0, 0.0], [3.0, 4.0]].map(|[x, z]| LpsPoint::new(x, 7.0, z));
/// let [area, perimeter] = polygon_area(&corners, &PointErrors::default()).unwrap();
/// assert_eq!((area.value, perimeter.value), (6.0, 12.0));
/// ```
pub fn polygon_area(corners: &[LpsPoint], errors: &PointErrors) -> Result<[Quantity; 2], MeasureError> {
    let value = area(corners);
    if corners.len() < 3 || value < LEAST * LEAST {
        return Err(MeasureError::Degenerate { what: "area", why: "its corners span no area" });
    }
    let quantity = |what, value, unit, error| Quantity { what, value, unit, error };
    Ok([
        quantity(QuantityKind::Area, value, Unit::SquareMillimetre, propagate(corners, errors, area)),
        quantity(QuantityKind::Perimeter, around(corners), Unit::Millimetre, propagate(corners, errors, around)),
    ])
}

fn legs(what: &'static str, legs: [DVec3; 2]) -> Result<(), MeasureError> {
    if legs.iter().any(|leg| leg.length() < LEAST) {
        return Err(MeasureError::Degenerate { what, why: "two of its points coincide" });
    }
    Ok(())
}

/// Exact near 0 and 180° too, unlike the arc cosine.
fn between(a: DVec3, b: DVec3) -> f64 {
    a.cross(b).length().atan2(a.dot(b)).to_degrees()
}

/// Half the length of the vector area (Newell): the same in whatever direction one looks at it.
fn area(corners: &[LpsPoint]) -> f64 {
    let Some(first) = corners.first() else { return 0.0 };
    let sides = corners.iter().zip(corners.iter().cycle().skip(1));
    sides.map(|(a, b)| (*a - *first).0.cross((*b - *first).0)).sum::<DVec3>().length() / 2.0
}

fn around(corners: &[LpsPoint]) -> f64 {
    corners.iter().zip(corners.iter().cycle().skip(1)).map(|(a, b)| a.distance(*b).0).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_need_no_common_point() {
        let p = |x, y, z| LpsPoint::new(x, y, z);
        let lines = [[p(0.0, 0.0, 0.0), p(1.0, 0.0, 0.0)], [p(9.0, 9.0, 9.0), p(8.0, 10.0, 9.0)]];
        let a = line_angle(lines, &PointErrors::default()).unwrap();
        assert!((a.value - 135.0).abs() < 1e-12);
    }

    #[test]
    fn what_has_no_extent_is_refused() {
        let p = LpsPoint::new(1.0, 2.0, 3.0);
        let none = PointErrors::default();
        assert!(distance([p, p], &none).is_err());
        assert!(angle([p, p, LpsPoint::default()], &none).is_err());
        assert!(polygon_area(&[p, p, p, p], &none).is_err());
        assert!(polygon_area(&[p], &none).is_err());
    }
}
