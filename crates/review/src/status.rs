//! Whether a structure is validated, and what is missing.

use std::collections::BTreeSet;

use fabrica_case::{Case, CaseError, StructureEntry};
use fabrica_plan::{
    Action, CheckedSize, DoubtfulRegion, EditOperation, OpId, Operation, RegionDecision, Signature, Tool, Validation,
    Verdict, WorkList,
};
use fabrica_progress::Progress;
use fabrica_volume::Mask;
use serde::Serialize;

use crate::content::content_sha256;

/// How the origin of a structure begins that a network made ([`fabrica_volume::Structure::origin`]).
const BY_NETWORK: &str = "network ";

/// Where the review of a structure stands.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The structure.
    pub structure: String,
    /// Whether a network made it or a part of it.
    pub by_network: bool,
    /// The hash of the structure as it is now ([`StructureEntry::sha256`]).
    pub mask: String,
    /// The operation that made the list.
    pub list_id: Option<OpId>,
    /// The list of doubtful regions, if the case has it.
    pub list: Option<WorkList>,
    /// The regions of the list, in its order.
    pub regions: Vec<RegionStatus>,
    /// The last dimensional check of the structure as it is now.
    pub check: Option<CheckedSize>,
    /// Who validated it as it is now.
    pub signature: Option<Signature>,
    /// What is missing before it can be validated, in words.
    pub missing: Vec<String>,
}

/// Where a region stands.
#[derive(Clone, Debug, Serialize)]
pub struct RegionStatus {
    /// The region.
    pub region: DoubtfulRegion,
    /// Where it stands.
    pub state: RegionState,
    /// The last decision about it.
    pub decision: Option<RegionDecision>,
}

/// Where a region stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RegionState {
    /// Nobody has decided.
    Open,
    /// It was edited after it was decided: decide again.
    EditedSince,
    /// It is wrong, and nobody has corrected it yet.
    Rejected,
    /// It is right.
    Accepted,
    /// It was wrong and was corrected.
    Corrected,
}

impl RegionState {
    /// Whether nothing is left to do.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Accepted | Self::Corrected)
    }

    /// In a word or two.
    pub fn words(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::EditedSince => "edited since",
            Self::Rejected => "rejected",
            Self::Accepted => "accepted",
            Self::Corrected => "corrected",
        }
    }
}

impl Status {
    /// Whether the structure as it is now was validated: nothing is missing and somebody has signed.
    pub fn is_validated(&self) -> bool {
        self.missing.is_empty() && self.signature.is_some()
    }

    /// Regions that are still to be decided or corrected, the largest expected error first.
    pub fn open(&self) -> impl Iterator<Item = &RegionStatus> {
        self.regions.iter().filter(|r| !r.state.is_done())
    }

    /// What keeps it from being validated, the signature included. Empty when it is validated.
    pub fn obstacles(&self) -> Vec<String> {
        let mut all = self.missing.clone();
        if all.is_empty() && self.signature.is_none() {
            all.push("nobody has validated it as it is now (--validate)".into());
        }
        all
    }
}

/// Where the review of a structure stands.
///
/// # Errors
/// When there is no such structure, its file cannot be read, or the user cancels.
pub fn status(case: &Case, name: &str, progress: &Progress) -> Result<Status, CaseError> {
    within(case, name, None, &mut BTreeSet::new(), progress)
}

/// As [`status`], for who has the structure's mask as it is now and need not read it.
///
/// # Errors
/// As [`status`].
pub fn status_with(case: &Case, name: &str, mask: &Mask, progress: &Progress) -> Result<Status, CaseError> {
    within(case, name, Some(mask), &mut BTreeSet::new(), progress)
}

/// As [`status`], within the status of the structures seen, which take from this one.
fn within(
    case: &Case,
    name: &str,
    mask: Option<&Mask>,
    seen: &mut BTreeSet<String>,
    progress: &Progress,
) -> Result<Status, CaseError> {
    seen.insert(name.to_owned());
    let entry = case.structure_entry(name)?;
    let none = Validation::default();
    let validation = case.plan().state().validations.get(name).unwrap_or(&none);
    let list = list_of(validation, entry);
    let own = list.is_some() || is_network_origin(&entry.origin);
    let mut regions = Vec::new();
    if let Some(list) = list.filter(|l| !l.regions.is_empty()) {
        let read = if mask.is_none() { Some(case.structure(name, progress)?.mask) } else { None };
        let mask = mask.or(read.as_ref());
        regions = list.regions.iter().filter_map(|r| Some(region_status(r, validation, mask?))).collect();
    }
    let now = |mask: &str| mask == entry.sha256;
    let check = validation.checks.iter().rfind(|c| now(&c.check.mask));
    let signature = validation.signatures.iter().rfind(|s| now(&s.mask));
    let mut missing = Vec::new();
    if own && list.is_none() {
        missing.push(
            "its list of doubtful regions is not in the case: separate it again (`fabrica segment --model FOLDER --replace`)"
                .into(),
        );
    }
    tell(&mut missing, &regions, RegionState::Open, "not decided (--accept, --corrected or --reject)");
    tell(&mut missing, &regions, RegionState::EditedSince, "edited after they were decided: decide again");
    tell(&mut missing, &regions, RegionState::Rejected, "rejected: correct them (`fabrica edit`), then --corrected");
    match check {
        Some(done) if done.check.agrees() => {}
        Some(done) => missing.push(format!(
            "the dimensional check differs by {:.2}, more than {:.2}: correct the structure, or measure again (--check)",
            done.check.difference(),
            done.check.tolerance
        )),
        None if validation.checks.is_empty() => {
            missing.push("its size was not checked against the images (--check L,P,S L,P,S)".into());
        }
        None => missing.push("it was edited after its size was checked: check it again (--check L,P,S L,P,S)".into()),
    }
    let mut by_network = own;
    for source in taken_from(case, name) {
        if !seen.contains(&source) && is_by_network(case, &source) {
            by_network = true;
            if !within(case, &source, None, seen, progress)?.is_validated() {
                missing.push(format!("\"{source}\", of which it took voxels, is not validated"));
            }
        }
    }
    Ok(Status {
        structure: name.into(),
        by_network,
        mask: entry.sha256.clone(),
        list_id: list.and(validation.list.as_ref()).map(|l| l.id),
        list: list.cloned(),
        regions,
        check: check.cloned(),
        signature: signature.cloned(),
        missing,
    })
}

/// The list of a structure, if it is of the file that the structure has now.
fn list_of<'a>(validation: &'a Validation, entry: &StructureEntry) -> Option<&'a WorkList> {
    validation.list.as_ref().map(|l| &l.list).filter(|l| l.base == entry.id)
}

fn region_status(region: &DoubtfulRegion, validation: &Validation, mask: &Mask) -> RegionStatus {
    let decision = validation.decisions.iter().rfind(|d| d.region == region.number);
    let state = match decision {
        None => RegionState::Open,
        Some(d) if d.content != content_now(mask, region) => RegionState::EditedSince,
        Some(d) => match d.verdict {
            Verdict::Accept => RegionState::Accepted,
            Verdict::Corrected => RegionState::Corrected,
            Verdict::Reject => RegionState::Rejected,
        },
    };
    RegionStatus { region: region.clone(), state, decision: decision.cloned() }
}

/// The hash of what lies at a region now.
pub(crate) fn content_now(mask: &Mask, region: &DoubtfulRegion) -> String {
    content_sha256(mask, region.low.map(|n| n as usize), region.high.map(|n| n as usize))
}

fn tell(missing: &mut Vec<String>, regions: &[RegionStatus], state: RegionState, words: &str) {
    let numbers: Vec<u32> = regions.iter().filter(|r| r.state == state).map(|r| r.region.number).collect();
    if numbers.is_empty() {
        return;
    }
    let shown: Vec<String> = numbers.iter().take(8).map(u32::to_string).collect();
    let more = if numbers.len() > shown.len() { ", ..." } else { "" };
    missing.push(format!(
        "{} of {} doubtful regions ({}{more}) are {words}",
        numbers.len(),
        regions.len(),
        shown.join(", ")
    ));
}

/// Whether a network made a structure or a part of it: by its origin, or by an edit that took voxels from such a one.
pub fn is_by_network(case: &Case, name: &str) -> bool {
    by_network(case, name, &mut BTreeSet::new())
}

fn by_network(case: &Case, name: &str, seen: &mut BTreeSet<String>) -> bool {
    if !seen.insert(name.to_owned()) {
        return false;
    }
    let Ok(entry) = case.structure_entry(name) else { return false };
    let listed = case.plan().state().validations.get(name).is_some_and(|v| list_of(v, entry).is_some());
    listed || is_network_origin(&entry.origin) || taken_from(case, name).iter().any(|s| by_network(case, s, seen))
}

/// Whether an origin is that of a network's structure, of a copy of one, or of a step that took one in, as
/// `fabrica segment` writes them.
fn is_network_origin(origin: &str) -> bool {
    origin.starts_with(BY_NETWORK) || origin.contains(&format!("({BY_NETWORK}"))
}

/// The structures of which edits took voxels or a border for this one.
fn taken_from(case: &Case, name: &str) -> BTreeSet<String> {
    let done = case.plan().history().iter().filter(|e| !case.plan().is_undone(e.id));
    let strokes = done.filter_map(|e| match &e.action {
        Action::Do(Operation::Edit(EditOperation::Stroke(stroke))) => Some(stroke),
        _ => None,
    });
    let others = strokes.filter(|s| s.targets().any(|target| target == name)).filter_map(|s| match &s.tool {
        Tool::Logic(logic) => logic.other().map(str::to_owned),
        _ => None,
    });
    others.filter(|other| other != name).collect()
}
