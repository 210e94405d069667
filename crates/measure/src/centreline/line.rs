//! From a path of voxels to a smooth line in the middle of the vessel.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_plan::CentrelinePoint;
use fabrica_progress::Progress;
use glam::DVec3;
use rayon::prelude::*;

use super::Branch;
use super::skeleton::Path;
use crate::section::section;
use crate::{Border, MeasureError};

/// How often the line is drawn to the centres of its sections.
const ROUNDS: usize = 3;

pub(super) fn refine(border: &Border, path: &Path, progress: &Progress) -> Result<Branch, MeasureError> {
    let voxel = border.field().grid().voxel_volume().0.cbrt();
    let coarse = (voxel / 2.0).max(border.field().grid().finest_spacing().0 / 2.0);
    let mut line: Vec<DVec3> = path.points.iter().map(|p| p.0).collect();
    let radii = |line: &[DVec3]| nearest_radii(path, line);
    line = smoothed(&spaced(&line, coarse), 2.0 * voxel / coarse);
    for _ in 0..ROUNDS {
        let radius = radii(&line);
        let moved = line
            .par_iter()
            .enumerate()
            .map(|(n, &at)| {
                progress.check()?;
                Ok(centre(border, &line, n, radius[n], coarse).unwrap_or(at))
            })
            .collect::<Result<Vec<_>, MeasureError>>()?;
        // A start within the parent stays: there the sections are the parent's.
        // Wide vessels more: their sections must not cross within them.
        let mean = radius.iter().sum::<f64>() / radius.len().max(1) as f64;
        line = smoothed(&spaced(&moved, coarse), (1.5 * voxel).max(0.3 * mean) / coarse);
    }
    if path.parent.is_none() {
        line.reverse();
        led_on(border, &mut line, coarse);
        line.reverse();
    }
    led_on(border, &mut line, coarse);
    let fine = border.field().grid().finest_spacing().0 / 2.0;
    let line = spaced(&line, fine);
    let radii = radii(&line).into_iter().map(Mm).collect();
    let mut along = 0.0;
    let mut before = line.first().copied().unwrap_or_default();
    let points = line
        .into_iter()
        .map(|at| {
            along += at.distance(before);
            before = at;
            CentrelinePoint { at: LpsPoint(at), along: Mm(along) }
        })
        .collect();
    Ok(Branch { parent: path.parent, points, radii })
}

/// The centre of the section at a point of the line, if the section is the vessel's own and not also a wider one's.
fn centre(border: &Border, line: &[DVec3], n: usize, radius: f64, step: f64) -> Option<DVec3> {
    let reach = ((0.7 * radius / step) as usize).max(4);
    let (from, to) = (line[n.saturating_sub(reach)], line[(n + reach).min(line.len() - 1)]);
    let section = section(border, LpsPoint(line[n]), LpsVector(to - from), radius)?;
    let ball = std::f64::consts::PI * radius * radius;
    let moved = section.centroid.0.distance(line[n]);
    (section.area < 3.0 * ball && moved < radius).then_some(section.centroid.0)
}

/// Points at even distances along a line, its ends kept.
fn spaced(line: &[DVec3], step: f64) -> Vec<DVec3> {
    let length: f64 = line.windows(2).map(|p| p[0].distance(p[1])).sum();
    let count = (length / step).round().max(1.0) as usize;
    let Some(&first) = line.first() else { return Vec::new() };
    let mut result = vec![first];
    let (mut so_far, mut piece) = (0.0, 0);
    for n in 1..=count {
        let wanted = length * n as f64 / count as f64;
        while piece + 1 < line.len() {
            let here = line[piece].distance(line[piece + 1]);
            if so_far + here >= wanted || piece + 2 == line.len() {
                let t = if here > 0.0 { ((wanted - so_far) / here).min(1.0) } else { 0.0 };
                result.push(line[piece].lerp(line[piece + 1], t));
                break;
            }
            so_far += here;
            piece += 1;
        }
    }
    result
}

/// A Gaussian of `sigma` points along the line, which is led on beyond its ends by reflection in them, so that they stay.
fn smoothed(line: &[DVec3], sigma: f64) -> Vec<DVec3> {
    let n = line.len() as i64;
    if n < 3 {
        return line.to_vec();
    }
    let reach = ((3.0 * sigma).ceil() as i64).min(n - 1);
    let at = |i: i64| {
        if i < 0 {
            2.0 * line[0] - line[(-i) as usize]
        } else if i >= n {
            2.0 * line[(n - 1) as usize] - line[(2 * (n - 1) - i) as usize]
        } else {
            line[i as usize]
        }
    };
    let weights: Vec<f64> = (-reach..=reach).map(|o| (-0.5 * (o as f64 / sigma).powi(2)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    (0..n).map(|i| (-reach..=reach).zip(&weights).map(|(o, w)| at(i + o) * *w).sum::<DVec3>() / sum).collect()
}

/// Leads the line's end on, straight, to where the vessel ends.
fn led_on(border: &Border, line: &mut Vec<DVec3>, step: f64) {
    let reach = (line.len() / 2).min(8);
    let (Some(&last), Some(&before)) = (line.last(), line.get(line.len().saturating_sub(1 + reach))) else { return };
    let Some(direction) = (last - before).try_normalize() else { return };
    let mut at = last;
    // Trimmed ends are about a radius away from it.
    for _ in 0..10_000 {
        let next = at + direction * (step / 4.0);
        if !border.contains(LpsPoint(next)) {
            break;
        }
        at = next;
    }
    if at.distance(last) > 0.0 {
        line.push(at);
    }
}

/// The depth of the nearest point of the path for each point of the line.
fn nearest_radii(path: &Path, line: &[DVec3]) -> Vec<f64> {
    line.par_iter()
        .map(|p| {
            let all = path.points.iter().zip(&path.radii);
            let nearest = all.min_by(|a, b| a.0.0.distance_squared(*p).total_cmp(&b.0.0.distance_squared(*p)));
            nearest.map_or(0.0, |(_, r)| *r)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_points_on_a_straight_line_stay_there() {
        let line = spaced(&[DVec3::ZERO, DVec3::X * 3.0, DVec3::X * 10.0], 1.0);
        assert_eq!(line.len(), 11);
        for (n, p) in smoothed(&line, 2.0).iter().enumerate() {
            assert!(p.distance(DVec3::X * n as f64) < 1e-12, "{n}: {p}");
        }
    }
}
