//! The steps of a review, each an operation in the plan.

use fabrica_case::Case;
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_plan::{Author, DimensionalCheck, Operation, ValidationOperation, Verdict};
use fabrica_progress::Progress;
use fabrica_volume::Mask;

use crate::status::content_now;
use crate::{ReviewError, Status, caliper, status};

/// The least tolerance of a dimensional check where none is given.
const TOLERANCE: Mm = Mm(1.0);

/// Decides about a region of a structure's list.
///
/// # Errors
/// When there is no such list or region, or it is said to be corrected and nobody has edited it; when it cannot be saved.
pub fn decide(
    case: &mut Case,
    name: &str,
    region: u32,
    verdict: Verdict,
    reason: Option<String>,
    by: &Author,
    progress: &Progress,
) -> Result<Status, ReviewError> {
    let before = status(case, name, progress)?;
    let mask = case.structure(name, progress)?.mask;
    let operation = decision(&before, region, verdict, reason, &mask)?;
    case.apply(Operation::Validation(operation), by)?;
    Ok(status(case, name, progress)?)
}

/// The operation that decides about a region, for a reviewer who sees the structure's mask as it was when `now` was found.
///
/// # Errors
/// When there is no such list or region, or it is said to be corrected and nobody has edited it.
pub fn decision(
    now: &Status,
    region: u32,
    verdict: Verdict,
    reason: Option<String>,
    mask: &Mask,
) -> Result<ValidationOperation, ReviewError> {
    let name = &now.structure;
    let (Some(list), Some(id)) = (&now.list, now.list_id) else {
        return Err(if now.by_network {
            ReviewError::NoList(name.clone())
        } else {
            ReviewError::NotByNetwork(name.clone())
        });
    };
    let Some(found) = list.regions.iter().find(|r| r.number == region) else {
        let held = list.regions.len();
        return Err(ReviewError::NoRegion { structure: name.clone(), number: region, held });
    };
    let content = content_now(mask, found);
    if verdict == Verdict::Corrected && content == found.content {
        return Err(ReviewError::NotCorrected { structure: name.clone(), number: region });
    }
    Ok(ValidationOperation::Decide {
        structure: name.clone(),
        list: id,
        region,
        verdict,
        content,
        mask: now.mask.clone(),
        reason,
    })
}

/// Measures a structure between two points that were set on the original images, and keeps both numbers. A tolerance that
/// is not given is 1 mm, or the voxel's width along the caliper where that is more.
///
/// # Errors
/// While a geometry warning is open; when the caliper does not do ([`caliper::on_structure`]), or it cannot be saved.
pub fn check_size(
    case: &mut Case,
    name: &str,
    points: [LpsPoint; 2],
    tolerance: Option<Mm>,
    by: &Author,
    progress: &Progress,
) -> Result<DimensionalCheck, ReviewError> {
    case.require_settled_geometry()?;
    let entry = case.structure_entry(name)?.clone();
    let images = case.volume_entry(&entry.volume)?.sha256.clone();
    let structure = case.structure(name, progress)?;
    let on_structure = caliper::on_structure(name, &structure.mask, points)?;
    let width = caliper::voxel_along(structure.mask.grid(), points[0], points[1]);
    let tolerance = tolerance.unwrap_or(if width.0 > TOLERANCE.0 { width } else { TOLERANCE });
    let check = DimensionalCheck {
        structure: name.into(),
        mask: entry.sha256,
        images,
        points,
        in_images: points[0].distance(points[1]),
        on_structure,
        tolerance,
    };
    case.apply(Operation::Validation(ValidationOperation::Check(check.clone())), by)?;
    Ok(check)
}

/// Validates a structure as it is now: the reviewer answers for it by name.
///
/// # Errors
/// [`ReviewError::Missing`] says which step was skipped; when it cannot be saved.
pub fn validate(case: &mut Case, name: &str, by: &Author, progress: &Progress) -> Result<Status, ReviewError> {
    case.require_settled_geometry()?;
    let now = status(case, name, progress)?;
    if !now.missing.is_empty() {
        return Err(ReviewError::Missing { structure: name.into(), missing: now.missing });
    }
    let operation = ValidationOperation::Validate { structure: name.into(), mask: now.mask };
    case.apply(Operation::Validation(operation), by)?;
    Ok(status(case, name, progress)?)
}
