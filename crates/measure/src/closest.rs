//! The least distance between two structures.

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_plan::{Quantity, QuantityKind, Unit};
use rayon::prelude::*;

use crate::extreme::expected;
use crate::size::parts;
use crate::{Border, MeasureError};

/// The least distance between two structures, and the points where it is reached, the first on the first.
///
/// Exact between the two meshes. Where the structures touch or overlap it is 0, at a point that both have.
///
/// **Voxels and noise** of both borders count once each, along the line; **segmentation** of both too: they are taken
/// as independent. The nearest of many pairs of points lies too near: what is expected of that is added (`extreme.rs`),
/// so that the value may be a little more than the distance of the two points.
///
/// # Errors
/// When a structure has no border.
pub fn closest_distance(first: &Border, second: &Border) -> Result<(Quantity, [LpsPoint; 2]), MeasureError> {
    let points = common_point(first, second)
        .map(|p| [p, p])
        .or_else(|| first.tree().closest(second.tree()))
        .ok_or_else(|| MeasureError::Empty(first.name().into()))?;
    let value = points[0].distance(points[1]).0;
    let squares = |error: &dyn Fn(&Border, LpsPoint) -> f64| {
        [(first, points[0]), (second, points[1])].iter().map(|(b, p)| error(b, *p).powi(2)).sum::<f64>().sqrt()
    };
    let (voxels, noise) = (squares(&|b, p| b.voxel_error(b.outwards(p)).0), squares(&|b, _| b.noise_error().0));
    let one = voxels.hypot(noise);
    let too_near = if value > 0.0 { one * expected(places(first, second, value + 2.0 * one)) } else { 0.0 };
    let value = value + too_near;
    let error = parts([voxels.hypot(too_near / 2.0), noise, squares(&|b, _| b.segmentation_error().0)]);
    Ok((Quantity { what: QuantityKind::Length, value, unit: Unit::Millimetre, error }, points))
}

/// At how many independent places of the first border the second lies within a distance: the area of such places over
/// that of 1.5 voxels squared.
fn places(first: &Border, second: &Border, within: f64) -> f64 {
    let mesh = first.mesh();
    let count = mesh.vertices().len().max(1) as f64;
    let near = mesh.vertices().par_iter().filter(|v| {
        let at = LpsPoint::new(v[0].into(), v[1].into(), v[2].into());
        second.nearest(at, Mm(within)).is_some()
    });
    let area = crate::size::area_of(mesh);
    near.count() as f64 * area / count / (1.5 * first.field().grid().voxel_volume().0.cbrt()).powi(2)
}

/// A point of one border that lies in the other structure: the one lies within the other, wholly or partly.
fn common_point(first: &Border, second: &Border) -> Option<LpsPoint> {
    let within = |border: &Border, other: &Border| {
        let vertices = border.mesh().vertices().iter();
        let mut points = vertices.map(|v| LpsPoint::new(v[0].into(), v[1].into(), v[2].into()));
        points.find(|p| other.contains(*p))
    };
    within(first, second).or_else(|| within(second, first))
}
