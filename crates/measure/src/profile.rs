//! A vessel's diameters along its centreline.
//!
//! Each section is the part of the vessel that a plane perpendicular to the centreline cuts and that hangs together
//! with the centreline. Of its contour (marching squares, linear) come
//! - the **greatest** diameter: its two points farthest apart;
//! - the **least** diameter: the narrowest gap between two parallel lines that it fits through;
//! - the **area-equivalent** diameter, 2 √(A/π).
//!
//! # Errors
//! Both ends of a diameter err as points of the border do (see [`Border`]): **voxels** and **noise** by √2 of that of a
//! point, **segmentation** by twice, since a border too far out is so on both sides. The area averages the independent
//! errors of about π D / w places, w being 2.5 voxels, so that its diameter errs by 2 σ √(w / π D). A plane that is not
//! quite perpendicular makes the greatest diameter too long by 1/cos θ and the area-equivalent by its root; θ of
//! [`TILT_DEGREES`] is counted with the voxels. The greatest of many directions, and of many sections, is too great
//! and the least too small: what is expected of that is taken off (`extreme.rs`), so that a diameter may be a little less
//! or more than the line that is drawn for it.

use fabrica_geometry::{LpsPoint, LpsVector, Mm, Mm2};
use fabrica_plan::{CrossSection, ErrorPart, ErrorSource, Quantity, QuantityKind, Unit};
use fabrica_progress::Progress;
use rayon::prelude::*;

use crate::centreline::Centreline;
use crate::extreme::{candidates, expected};
use crate::section::{DIRECTIONS, Section, section};
use crate::size::parts;
use crate::{Border, MeasureError};

/// How far a section's plane may be from perpendicular, one standard deviation.
pub const TILT_DEGREES: f64 = 4.0;
/// Voxels over which neighbouring border points err alike.
const ALIKE: f64 = 2.5;
/// Voxels from which on two places of a border count as two candidates for an extreme.
const APART: f64 = 1.5;

/// A vessel's diameters along one branch of its centreline.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The sections, from the branch's start to its end.
    pub sections: Vec<CrossSection>,
    /// The greatest of the greatest diameters, the least of the least, the mean area-equivalent one, the
    /// branch's length; without the sections near its ends.
    pub quantities: Vec<Quantity>,
}

/// The diameters along a branch (from 0), at sections `step` apart, or a voxel where nothing is given. `scan` says
/// whether a point lies within the scan: sections that reach its border are not whole.
///
/// # Errors
/// When there is no such branch, no section is whole, or the user cancels.
pub fn profile(
    border: &Border,
    centreline: &Centreline,
    branch: usize,
    step: Option<Mm>,
    scan: &fabrica_geometry::Grid,
    progress: &Progress,
) -> Result<Profile, MeasureError> {
    progress.stage(format!("measuring the diameters of {}", border.name()));
    let line = centreline.branches.get(branch).ok_or_else(|| MeasureError::NoBranch {
        structure: border.name().into(),
        asked: branch + 1,
        count: centreline.branches.len(),
    })?;
    let fine = line.points.get(1).map_or(1.0, |p| p.along.0).max(1e-6);
    let step = step.map_or(border.field().grid().finest_spacing().0, |s| s.0).max(fine);
    let stride = (step / fine).round().max(1.0) as usize;
    let length = line.length().0;
    let parent_radius = line.parent.map(|p| {
        let start = line.points[0].at;
        let nearest = centreline.branches[p].points.iter().zip(&centreline.branches[p].radii);
        nearest.min_by(|a, b| a.0.at.distance(start).0.total_cmp(&b.0.at.distance(start).0)).map_or(0.0, |(_, r)| r.0)
    });
    let whole = |section: &Section| {
        let to_voxel = scan.patient_to_voxel();
        let dims = scan.dims();
        section.widest.iter().all(|p| {
            let v = to_voxel.transform_point3(p.0);
            (0..3).all(|a| v[a] >= -0.25 && v[a] <= dims[a] as f64 - 0.75)
        })
    };
    let sections: Vec<Option<CrossSection>> = (0..line.points.len())
        .into_par_iter()
        .step_by(stride)
        .map(|n| {
            progress.check()?;
            let (centre, radius) = (line.points[n], line.radii[n].0);
            let Some(direction) = line.direction(n) else { return Ok(None) };
            let Some(found) = section(border, centre.at, direction, radius) else { return Ok(None) };
            let along = centre.along.0;
            // Within a radius of an end the vessel closes; within its parent it has no border of its own.
            let reach = (found.area_equivalent() / 2.0).max(radius);
            let near_end = along < parent_radius.unwrap_or(reach) + if parent_radius.is_some() { reach } else { 0.0 }
                || length - along < reach
                || !whole(&found);
            Ok(Some(cross_section(border, found, centre, direction, near_end)))
        })
        .collect::<Result<_, MeasureError>>()?;
    let sections: Vec<CrossSection> = sections.into_iter().flatten().collect();
    let quantities = summary(border, &sections, length).ok_or_else(|| MeasureError::NoCentreline {
        structure: border.name().into(),
        why: "no section of this branch is whole: it is shorter than wide, or lies at the scan's end".into(),
    })?;
    Ok(Profile { sections, quantities })
}

/// The section of a structure by any plane through a point in it: its greatest, least and area-equivalent diameter.
///
/// Nothing where the structure is not met within a voxel or two of the point.
pub fn cross_section_at(border: &Border, at: LpsPoint, normal: LpsVector) -> Option<CrossSection> {
    let normal = LpsVector(normal.0.try_normalize()?);
    let found = section(border, at, normal, 4.0 * border.field().grid().finest_spacing().0)?;
    let centre = fabrica_plan::CentrelinePoint { at, along: Mm(0.0) };
    Some(cross_section(border, found, centre, normal, false))
}

fn cross_section(
    border: &Border,
    found: Section,
    centre: fabrica_plan::CentrelinePoint,
    direction: LpsVector,
    near_end: bool,
) -> CrossSection {
    let (noise, segmentation) = (border.noise_error().0, border.segmentation_error().0);
    let tilt = TILT_DEGREES.to_radians().powi(2);
    let way = LpsVector((found.widest[1] - found.widest[0]).0.normalize_or_zero());
    let (greatest, equivalent) = (found.greatest(), found.area_equivalent());
    let voxels = (border.voxel_error(way).0 + border.voxel_error(found.least_direction).0) / 2.0;
    let alike = ALIKE * (border.voxel_along(way).0 + border.voxel_along(found.least_direction).0) / 2.0;
    // Directions that have a place of the contour of their own.
    let each = DIRECTIONS as f64 * (alike * APART / ALIKE) / (found.perimeter / 2.0).max(alike);
    let across = |direction: LpsVector, value: f64, tilted: f64| {
        let one = (2.0 * (border.voxel_error(direction).0.powi(2) + noise * noise)).sqrt();
        let chosen = one * expected(candidates(found.widths.iter().copied(), value, one, each));
        let squares = 2.0 * border.voxel_error(direction).0.powi(2) + tilted * tilted + chosen * chosen / 4.0;
        (chosen, parts([squares.sqrt(), 2f64.sqrt() * noise, 2.0 * segmentation]))
    };
    let (too_small, of_least) = across(found.least_direction, found.least, 0.0);
    let (too_great, of_greatest) = across(way, greatest, greatest * tilt / 2.0);
    let averaged = 2.0 * (alike / found.perimeter.max(alike)).sqrt();
    let of_area = parts([(averaged * voxels).hypot(equivalent * tilt / 4.0), averaged * noise, 2.0 * segmentation]);
    let quantity = |what, value, error| Quantity { what, value, unit: Unit::Millimetre, error };
    CrossSection {
        centre,
        direction,
        minimum: quantity(QuantityKind::MinimumDiameter, found.least + too_small, of_least),
        maximum: quantity(QuantityKind::MaximumDiameter, greatest - too_great, of_greatest),
        area_equivalent: quantity(QuantityKind::AreaEquivalentDiameter, equivalent, of_area),
        area: Mm2(found.area),
        widest: found.widest,
        near_end,
    }
}

fn summary(border: &Border, sections: &[CrossSection], length: f64) -> Option<Vec<Quantity>> {
    let whole = || sections.iter().filter(|s| !s.near_end);
    let widest = whole().max_by(|a, b| a.maximum.value.total_cmp(&b.maximum.value))?;
    let narrowest = whole().min_by(|a, b| a.minimum.value.total_cmp(&b.minimum.value))?;
    let count = whole().count() as f64;
    // The extremes of many sections; neighbours less than 1.5 voxels apart err alike.
    let between = sections.get(1).zip(sections.first()).map_or(1.0, |(b, a)| b.centre.along.0 - a.centre.along.0);
    let each = APART * border.field().grid().voxel_volume().0.cbrt() / between.max(1e-6);
    let chosen = |of: &dyn Fn(&CrossSection) -> &Quantity, extreme: &Quantity, sign: f64| {
        let own = extreme.error.iter().filter(|p| matches!(p.source, ErrorSource::Voxels | ErrorSource::Noise));
        let sd = own.map(|p| p.standard * p.standard).sum::<f64>().sqrt();
        let off = sd * expected(candidates(whole().map(|s| of(s).value), extreme.value, sd, each));
        let mut corrected = extreme.clone();
        corrected.value += sign * off;
        for part in &mut corrected.error {
            if part.source == ErrorSource::Voxels {
                part.standard = part.standard.hypot(off / 2.0);
            }
        }
        corrected
    };
    let mean = whole().map(|s| s.area_equivalent.value).sum::<f64>() / count;
    // Neighbouring sections err alike: the mean is taken to err as one of them does.
    let typical =
        whole().max_by(|a, b| a.area_equivalent.standard_error().total_cmp(&b.area_equivalent.standard_error()))?;
    Some(vec![
        chosen(&|s| &s.maximum, &widest.maximum, -1.0),
        chosen(&|s| &s.minimum, &narrowest.minimum, 1.0),
        Quantity { value: mean, ..typical.area_equivalent.clone() },
        Quantity { what: QuantityKind::Length, value: length, unit: Unit::Millimetre, error: length_error(border) },
    ])
}

/// The error of a length between two points on a centreline, by its ends: half a voxel each.
pub(crate) fn length_error(border: &Border) -> Vec<ErrorPart> {
    let voxel = border.field().grid().voxel_volume().0.cbrt();
    parts([0.5 * 2f64.sqrt() * voxel, 0.0, 2f64.sqrt() * border.segmentation_error().0])
}
