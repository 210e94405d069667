//! A structure's section by a plane: area, diameters, contour.

use fabrica_geometry::{LpsPoint, LpsVector};
use glam::{DVec2, DVec3};

use crate::Border;

/// Samples a voxel's finest spacing.
const FINENESS: f64 = 2.5;
/// The widest patch, in samples: larger sections are sampled more coarsely.
const WIDEST: usize = 801;

/// A section of a structure: the part of the plane that hangs together and holds the point asked for.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// mm².
    pub area: f64,
    /// Along its edge, mm.
    pub perimeter: f64,
    /// The centre of its area.
    pub centroid: LpsPoint,
    /// The narrowest gap between two parallel lines that it fits through, mm.
    pub least: f64,
    /// The direction across that gap.
    pub least_direction: LpsVector,
    /// Its two points that lie farthest apart.
    pub widest: [LpsPoint; 2],
    /// Its width along [`DIRECTIONS`] directions of its plane, evenly over half a turn.
    pub widths: Vec<f64>,
}

/// Directions in which a section's width is told.
pub(crate) const DIRECTIONS: usize = 72;

impl Section {
    pub fn area_equivalent(&self) -> f64 {
        2.0 * (self.area / std::f64::consts::PI).sqrt()
    }

    pub fn greatest(&self) -> f64 {
        self.widest[0].distance(self.widest[1]).0
    }
}

/// A square patch of a plane.
struct Patch {
    centre: LpsPoint,
    u: DVec3,
    v: DVec3,
    step: f64,
    /// Samples from the centre to each side.
    half: i64,
    values: Vec<f64>,
}

impl Patch {
    fn side(&self) -> i64 {
        2 * self.half + 1
    }

    fn at(&self, p: DVec2) -> LpsPoint {
        LpsPoint(self.centre.0 + self.u * p.x + self.v * p.y)
    }

    fn value(&self, x: i64, y: i64) -> f64 {
        self.values[((y + self.half) * self.side() + x + self.half) as usize]
    }
}

/// The section of a structure by the plane through `centre` with this normal. `radius` is a guess of its size. Nothing
/// where the structure is not met near the centre.
pub(crate) fn section(border: &Border, centre: LpsPoint, normal: LpsVector, radius: f64) -> Option<Section> {
    let normal = normal.0.try_normalize()?;
    let (u, v) = normal.any_orthonormal_pair();
    let finest = border.field().grid().finest_spacing().0;
    let mut extent = 1.6 * radius + 3.0 * finest;
    for _ in 0..8 {
        let step = (finest / FINENESS).max(2.0 * extent / WIDEST as f64);
        let half = (extent / step).ceil() as i64;
        let mut patch = Patch { centre, u, v, step, half, values: Vec::new() };
        patch.values = (-half..=half)
            .flat_map(|y| (-half..=half).map(move |x| (x, y)))
            .map(|(x, y)| border.field().value(patch.at(DVec2::new(x as f64, y as f64) * step)).max(-1e30))
            .collect();
        if keep_one_part(&mut patch, (1.5 * finest / step).ceil() as i64)? {
            return measure(&patch);
        }
        extent *= 1.6;
    }
    None
}

/// Leaves only the part that holds the centre, or that nearest to it within `reach` samples. Whether it ends within the
/// patch; nothing when there is no such part.
fn keep_one_part(patch: &mut Patch, reach: i64) -> Option<bool> {
    let (half, side) = (patch.half, patch.side());
    let reach = reach.min(half);
    let near = (-reach..=reach).flat_map(|y| (-reach..=reach).map(move |x| (x, y)));
    let start = near.filter(|&(x, y)| patch.value(x, y) > 0.0).min_by_key(|(x, y)| x * x + y * y)?;
    let mut kept = vec![false; patch.values.len()];
    let index = |x: i64, y: i64| ((y + half) * side + x + half) as usize;
    kept[index(start.0, start.1)] = true;
    let mut stack = vec![start];
    let mut whole = true;
    while let Some((x, y)) = stack.pop() {
        for (x, y) in [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)] {
            if x.abs() > half || y.abs() > half {
                whole = false;
            } else if !kept[index(x, y)] && patch.value(x, y) > 0.0 {
                kept[index(x, y)] = true;
                stack.push((x, y));
            }
        }
    }
    for (value, kept) in patch.values.iter_mut().zip(kept) {
        if *value > 0.0 && !kept {
            *value = -1e-9;
        }
    }
    Some(whole)
}

/// Marching squares with linear interpolation.
fn measure(patch: &Patch) -> Option<Section> {
    let mut contour: Vec<DVec2> = Vec::new();
    let (mut area, mut perimeter, mut moment) = (0.0, 0.0, DVec2::ZERO);
    let mut polygon: Vec<DVec2> = Vec::with_capacity(8);
    for y in -patch.half..patch.half {
        for x in -patch.half..patch.half {
            let corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
                .map(|(x, y)| (DVec2::new(x as f64, y as f64) * patch.step, patch.value(x, y)));
            if corners.iter().all(|c| c.1 <= 0.0) {
                continue;
            }
            polygon.clear();
            let mut crossing: Option<DVec2> = None;
            for n in 0..4 {
                let ((p, a), (q, b)) = (corners[n], corners[(n + 1) % 4]);
                if a > 0.0 {
                    polygon.push(p);
                }
                if (a > 0.0) != (b > 0.0) {
                    let at = p + (q - p) * (a / (a - b));
                    polygon.push(at);
                    contour.push(at);
                    match crossing.take() {
                        Some(before) => perimeter += before.distance(at),
                        None => crossing = Some(at),
                    }
                }
            }
            let first = polygon[0];
            for pair in polygon[1..].windows(2) {
                let part = (pair[0] - first).perp_dot(pair[1] - first) / 2.0;
                area += part;
                moment += (first + pair[0] + pair[1]) / 3.0 * part;
            }
        }
    }
    let hull = hull(contour);
    if area <= 0.0 || hull.len() < 3 {
        return None;
    }
    let (least, across) = narrowest(&hull)?;
    let mut widest = [hull[0], hull[0]];
    for (n, a) in hull.iter().enumerate() {
        for b in &hull[n + 1..] {
            if a.distance_squared(*b) > widest[0].distance_squared(widest[1]) {
                widest = [*a, *b];
            }
        }
    }
    Some(Section {
        area,
        perimeter,
        centroid: patch.at(moment / area),
        least,
        least_direction: LpsVector(patch.u * across.x + patch.v * across.y),
        widest: widest.map(|p| patch.at(p)),
        widths: (0..DIRECTIONS).map(|n| width(&hull, std::f64::consts::PI * n as f64 / DIRECTIONS as f64)).collect(),
    })
}

/// The convex hull, counter-clockwise (Andrew's monotone chain).
fn hull(mut points: Vec<DVec2>) -> Vec<DVec2> {
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    points.dedup();
    if points.len() < 3 {
        return points;
    }
    let chain = |points: &mut dyn Iterator<Item = DVec2>| {
        let mut chain: Vec<DVec2> = Vec::new();
        for p in points {
            while let [.., a, b] = chain[..]
                && (b - a).perp_dot(p - b) <= 0.0
            {
                chain.pop();
            }
            chain.push(p);
        }
        chain.pop();
        chain
    };
    let mut lower = chain(&mut points.iter().copied());
    lower.extend(chain(&mut points.iter().rev().copied()));
    lower
}

/// The width of a convex polygon along a direction.
fn width(hull: &[DVec2], turn: f64) -> f64 {
    let along = DVec2::from_angle(turn);
    let (low, high) = hull.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| {
        let at = p.dot(along);
        (low.min(at), high.max(at))
    });
    high - low
}

/// The least width of a convex polygon, and the direction across it: it is reached across one of its sides.
fn narrowest(hull: &[DVec2]) -> Option<(f64, DVec2)> {
    let sides = hull.iter().zip(hull.iter().cycle().skip(1));
    let widths = sides.filter_map(|(a, b)| {
        let across = (*b - *a).perp().try_normalize()?;
        let width = hull.iter().map(|p| (*p - *a).dot(across).abs()).fold(0.0, f64::max);
        Some((width, across))
    });
    widths.min_by(|a, b| a.0.total_cmp(&b.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_is_as_narrow_as_its_short_side() {
        let corners = [[0.0, 0.0], [5.0, 0.0], [5.0, 2.0], [0.0, 2.0], [2.0, 1.0], [4.0, 0.5]].map(DVec2::from);
        let turned = corners.map(|p| DVec2::from_angle(0.3).rotate(p));
        let hull = hull(turned.to_vec());
        assert_eq!(hull.len(), 4);
        assert!((narrowest(&hull).unwrap().0 - 2.0).abs() < 1e-12);
    }
}
