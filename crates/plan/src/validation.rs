//! Validation: what a network was unsure of, what people decided about that, and who answers for a structure.
//!
//! The plan keeps what was said and of which voxels (by hashes). Whether a structure is validated now follows from that and
//! from its voxels, so the crate `review` says it.

use fabrica_geometry::{LpsPoint, Mm, Mm3};
use serde::{Deserialize, Serialize};

use crate::operation::{check_name, check_point, check_text};
use crate::{Author, OpId, PlanError, PlanState, UtcTime};

/// The most regions in a list.
const MOST: usize = 1000;
/// The longest length and the largest tolerance, mm.
const LONGEST: f64 = 1e4;
const LARGEST_TOLERANCE: f64 = 10.0;

/// An operation of validation. Signed acts: none is undone in passing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ValidationOperation {
    /// Lists where a network was in doubt about a structure that it made. Takes the place of an older list, its decisions
    /// and signatures.
    List(WorkList),
    /// Decides about a region of the list. The last decision about a region holds.
    Decide {
        /// The structure.
        structure: String,
        /// The operation that made the list.
        list: OpId,
        /// The region's number in it.
        region: u32,
        /// What is decided.
        verdict: Verdict,
        /// SHA-256 of the voxels at the region, as the reviewer saw them.
        content: String,
        /// The hash of the structure, as the reviewer saw it.
        mask: String,
        /// Why, in the reviewer's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Keeps a caliper's length in the original images and on the structure.
    Check(DimensionalCheck),
    /// Validates the structure as it is now.
    Validate {
        /// The structure.
        structure: String,
        /// The hash of the structure.
        mask: String,
    },
    /// Takes all signatures of a structure back.
    Withdraw {
        /// The structure.
        structure: String,
        /// Why, in the user's words.
        reason: String,
    },
    /// A result was made of a structure that is not validated.
    Override {
        /// The structure.
        structure: String,
        /// The hash of the structure.
        mask: String,
        /// What was made, in a few words.
        what: String,
        /// What was missing.
        missing: Vec<String>,
        /// Why, in the user's words.
        reason: String,
    },
}

/// Where a network was in doubt about a structure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkList {
    /// The structure.
    pub structure: String,
    /// The id of its file: a structure of the same name that takes its place is another one.
    pub base: String,
    /// The network.
    pub found_by: String,
    /// How the probabilities were calibrated, in words; nothing where they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<String>,
    /// What is below this probability of being right is listed.
    pub threshold: f64,
    /// The regions, the largest expected error first, numbered from 1.
    pub regions: Vec<DoubtfulRegion>,
    /// What is in doubt and too small to be listed.
    pub specks: Specks,
}

/// On which side of a structure's border doubt lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoubtSide {
    /// It was taken in, and perhaps does not belong.
    Inside,
    /// It was left out, and perhaps belongs.
    Outside,
}

/// A region that a network was unsure of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoubtfulRegion {
    /// Its number.
    pub number: u32,
    /// In the structure or beside it.
    pub side: DoubtSide,
    /// A place in it, near its middle.
    pub at: LpsPoint,
    /// The first voxel along i, j and k of the box around it.
    pub low: [u32; 3],
    /// The last.
    pub high: [u32; 3],
    /// How large it is.
    pub volume: Mm3,
    /// The probability that it is right as it is, 0 to 1.
    pub probability: f64,
    /// Its volume times the probability that it is wrong.
    pub expected_error: Mm3,
    /// SHA-256 of the structure's voxels there as the network made them.
    pub content: String,
}

/// What is in doubt and too small to be listed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Specks {
    /// How many parts.
    pub count: u64,
    /// How large they are together.
    pub volume: Mm3,
    /// Their expected error together.
    pub expected_error: Mm3,
    /// Each is smaller than this.
    pub smaller_than: Mm3,
}

/// What a reviewer says of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is right as it is.
    Accept,
    /// It was wrong and was corrected.
    Corrected,
    /// It is wrong, and is still to be corrected.
    Reject,
}

/// A length in the images and on the structure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DimensionalCheck {
    /// The structure.
    pub structure: String,
    /// Its hash.
    pub mask: String,
    /// The hash of the images.
    pub images: String,
    /// The caliper's ends, set on the images.
    pub points: [LpsPoint; 2],
    /// Its length in the images.
    pub in_images: Mm,
    /// Its length on the structure.
    pub on_structure: Mm,
    /// By how much they may differ.
    pub tolerance: Mm,
}

impl DimensionalCheck {
    /// Structure less images.
    pub fn difference(&self) -> Mm {
        self.on_structure - self.in_images
    }

    /// Whether both lengths agree within the tolerance.
    pub fn agrees(&self) -> bool {
        self.difference().0.abs() <= self.tolerance.0
    }
}

/// What was said about a structure's validity.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Validation {
    /// Where a network was in doubt.
    pub list: Option<Listed>,
    /// Decisions about the list's regions, in the order in which they were made.
    pub decisions: Vec<RegionDecision>,
    /// Dimensional checks, likewise.
    pub checks: Vec<CheckedSize>,
    /// Signatures that stand, likewise.
    pub signatures: Vec<Signature>,
    /// Results that were made without validation, likewise.
    pub overrides: Vec<OverrideMade>,
}

/// A list, and which operation made it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listed {
    /// The operation.
    pub id: OpId,
    /// The list.
    pub list: WorkList,
}

/// A decision about a region.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RegionDecision {
    /// Who.
    pub by: Author,
    /// When.
    pub at: UtcTime,
    /// The region's number.
    pub region: u32,
    /// What.
    pub verdict: Verdict,
    /// SHA-256 of the voxels at the region then.
    pub content: String,
    /// The hash of the structure then.
    pub mask: String,
    /// Why.
    pub reason: Option<String>,
}

/// A dimensional check that was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckedSize {
    /// Who.
    pub by: Author,
    /// When.
    pub at: UtcTime,
    /// What.
    pub check: DimensionalCheck,
}

/// Who answers for a structure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Signature {
    /// Who.
    pub by: Author,
    /// When.
    pub at: UtcTime,
    /// The hash of the structure that was signed.
    pub mask: String,
}

/// A result that was made of what was not validated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OverrideMade {
    /// Who.
    pub by: Author,
    /// When.
    pub at: UtcTime,
    /// The hash of the structure.
    pub mask: String,
    /// What was made.
    pub what: String,
    /// What was missing.
    pub missing: Vec<String>,
    /// Why.
    pub reason: String,
}

impl ValidationOperation {
    /// The structure that it is about.
    pub fn structure(&self) -> &str {
        match self {
            Self::List(WorkList { structure, .. })
            | Self::Check(DimensionalCheck { structure, .. })
            | Self::Decide { structure, .. }
            | Self::Validate { structure, .. }
            | Self::Withdraw { structure, .. }
            | Self::Override { structure, .. } => structure,
        }
    }

    pub(crate) fn check(&self) -> Result<(), PlanError> {
        check_name("structure", self.structure())?;
        match self {
            Self::List(list) => list.check(),
            Self::Decide { content, mask, reason, .. } => {
                check_name("content's hash", content)?;
                check_name("structure's hash", mask)?;
                reason.as_ref().map_or(Ok(()), |reason| check_text("reason", reason))
            }
            Self::Check(check) => check.check(),
            Self::Validate { mask, .. } => check_name("structure's hash", mask),
            Self::Withdraw { reason, .. } => check_text("reason", reason),
            Self::Override { mask, what, missing, reason, .. } => {
                check_name("structure's hash", mask)?;
                check_text("what was made", what)?;
                missing.iter().try_for_each(|m| check_text("what is missing", m))?;
                check_text("reason", reason)
            }
        }
    }

    pub(crate) fn summary(&self) -> &'static str {
        match self {
            Self::List(_) => "review: list doubtful regions",
            Self::Decide { verdict: Verdict::Accept, .. } => "review: accept region",
            Self::Decide { verdict: Verdict::Corrected, .. } => "review: region corrected",
            Self::Decide { verdict: Verdict::Reject, .. } => "review: reject region",
            Self::Check(_) => "review: dimensional check",
            Self::Validate { .. } => "review: validate structure",
            Self::Withdraw { .. } => "review: withdraw validation",
            Self::Override { .. } => "review: override, result of what is not validated",
        }
    }

    pub(crate) fn step(&self, state: &mut PlanState, (id, by, at): (OpId, &Author, UtcTime)) -> Result<(), PlanError> {
        let unknown = |kind, name: String| Err(PlanError::Unknown { kind, name });
        let name = self.structure();
        let by = by.clone();
        if let Self::Decide { list, region, .. } = self {
            let listed = state.validations.get(name).and_then(|v| v.list.as_ref()).filter(|l| l.id == *list);
            let Some(listed) = listed else { return unknown("list of doubtful regions", format!("{list} of {name}")) };
            if !listed.list.regions.iter().any(|r| r.number == *region) {
                return unknown("doubtful region", format!("{region} of {name}"));
            }
        }
        let validation = state.validations.entry(name.to_owned()).or_default();
        match self {
            Self::List(list) => {
                validation.list = Some(Listed { id, list: list.clone() });
                validation.decisions.clear();
                validation.signatures.clear();
            }
            Self::Decide { region, verdict, content, mask, reason, .. } => validation.decisions.push(RegionDecision {
                by,
                at,
                region: *region,
                verdict: *verdict,
                content: content.clone(),
                mask: mask.clone(),
                reason: reason.clone(),
            }),
            Self::Check(check) => validation.checks.push(CheckedSize { by, at, check: check.clone() }),
            Self::Validate { mask, .. } => validation.signatures.push(Signature { by, at, mask: mask.clone() }),
            Self::Withdraw { .. } => validation.signatures.clear(),
            Self::Override { mask, what, missing, reason, .. } => validation.overrides.push(OverrideMade {
                by,
                at,
                mask: mask.clone(),
                what: what.clone(),
                missing: missing.clone(),
                reason: reason.clone(),
            }),
        }
        Ok(())
    }
}

impl WorkList {
    fn check(&self) -> Result<(), PlanError> {
        let invalid = |what: String| Err(PlanError::invalid("list of doubtful regions", what));
        check_name("structure's file", &self.base)?;
        check_name("network", &self.found_by)?;
        if let Some(words) = &self.calibration {
            check_text("calibration", words)?;
        }
        if !(0.0..=1.0).contains(&self.threshold) {
            return invalid(format!("its threshold {} is not between 0 and 1", self.threshold));
        }
        if self.regions.len() > MOST {
            return invalid(format!("it has more than {MOST} regions"));
        }
        for (number, region) in (1..).zip(&self.regions) {
            check_point("region's place", region.at)?;
            check_name("content's hash", &region.content)?;
            if region.number != number {
                return invalid(format!("region {number} has the number {}", region.number));
            }
            if !(0.0..=1.0).contains(&region.probability) {
                return invalid(format!("region {number} has the probability {}", region.probability));
            }
            if (0..3).any(|a| region.low[a] > region.high[a]) {
                return invalid(format!("the box of region {number} ends before it begins"));
            }
            check_volume(region.volume)?;
            check_volume(region.expected_error)?;
        }
        let Specks { volume, expected_error, smaller_than, .. } = self.specks;
        [volume, expected_error, smaller_than].into_iter().try_for_each(check_volume)
    }
}

fn check_volume(volume: Mm3) -> Result<(), PlanError> {
    if volume.0.is_finite() && volume.0 >= 0.0 {
        return Ok(());
    }
    Err(PlanError::invalid("volume", format!("{volume} is not finite or below 0")))
}

impl DimensionalCheck {
    fn check(&self) -> Result<(), PlanError> {
        check_name("structure's hash", &self.mask)?;
        check_name("images' hash", &self.images)?;
        self.points.iter().try_for_each(|p| check_point("caliper's end", *p))?;
        for length in [self.in_images, self.on_structure] {
            if !(length.0 > 0.0 && length.0 <= LONGEST) {
                return Err(PlanError::invalid("caliper", format!("{length} is not over 0 and at most 10 m")));
            }
        }
        if !(self.tolerance.0 > 0.0 && self.tolerance.0 <= LARGEST_TOLERANCE) {
            let what = format!("{} is not over 0 and at most {LARGEST_TOLERANCE} mm", self.tolerance);
            return Err(PlanError::invalid("tolerance", what));
        }
        Ok(())
    }
}
