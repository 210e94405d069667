//! What else the headers of a phase say about its geometry, held against its positions.

use fabrica_volume::GeometryIssue;

use crate::frame::{Doubt, Frame};
use crate::stack::Stack;

/// Spacing Between Slices may differ from the measured spacing by this part: by writers' rounding.
const SPACING_PART: f64 = 0.02;
/// A gantry tilt in the header below this is none, degrees.
const NO_TILT_DEGREES: f64 = 0.25;

/// Everything dubious that the headers show beyond the positions themselves.
pub(crate) fn issues(frames: &[Frame], stack: Option<&Stack>) -> Vec<GeometryIssue> {
    let mut issues = Vec::new();
    let mut doubts: Vec<&Doubt> = frames.iter().flat_map(|f| &f.file.doubts).collect();
    doubts.sort();
    doubts.dedup();
    issues.extend(doubts.into_iter().map(|doubt| match doubt.clone() {
        Doubt::Laterality(reason) | Doubt::Contradiction(reason) => GeometryIssue::Contradiction { reason },
        Doubt::PixelSpacing(reason) => GeometryIssue::PixelSpacingUncertain { reason },
        Doubt::Quadruped(reason) => GeometryIssue::LateralityAssumed { reason },
    }));
    let mut lying: Vec<&str> = frames.iter().map(|f| f.file.patient_position.as_str()).collect();
    lying.sort_unstable();
    lying.dedup();
    if lying.len() > 1 {
        issues.push(GeometryIssue::Contradiction {
            reason: format!("Patient Position differs between slices: {}", lying.join(", ")),
        });
    }
    if let Some(stack) = stack.filter(|s| s.places.len() > 1) {
        issues.extend(spacing(frames, stack));
        issues.extend(tilt(frames, stack));
    }
    issues
}

/// Spacing Between Slices against the distances between positions.
fn spacing(frames: &[Frame], stack: &Stack) -> Option<GeometryIssue> {
    let facts = &frames.first()?.facts;
    let stated = facts.spacing_between_slices?.abs();
    let measured = stack.step;
    let agrees = |a: f64| (a - measured).abs() <= SPACING_PART * measured;
    // Some writers mean the gap between the slices' faces.
    if agrees(stated) || facts.thickness.is_some_and(|t| agrees(stated + t)) || stack.uneven.is_some() {
        return None;
    }
    Some(GeometryIssue::Contradiction {
        reason: format!(
            "Spacing Between Slices is {stated:.3} mm, positions are {measured:.3} mm apart; positions were taken. Slices may be missing"
        ),
    })
}

/// A gantry tilt that the header states and the slices do not show.
fn tilt(frames: &[Frame], stack: &Stack) -> Option<GeometryIssue> {
    let stated = frames.iter().find_map(|f| f.facts.gantry_tilt).filter(|t| t.abs() > NO_TILT_DEGREES)?;
    let axial = stack.orientation.normal().z.abs() > 0.999_99;
    (axial && stack.tilt_degrees.is_none()).then(|| GeometryIssue::Contradiction {
        reason: format!(
            "Gantry/Detector Tilt is {stated:.2}°, but positions and orientation of the slices show no tilt"
        ),
    })
}
