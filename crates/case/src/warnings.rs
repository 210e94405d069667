//! Geometry warnings: no measuring and printing until the user has settled each.

use fabrica_plan::{Applied, Author, Operation};
use fabrica_volume::{GeometryIssue, GeometryWarning, Resolution};
use serde::Serialize;

use crate::CaseError;
use crate::case::Case;

/// A geometry warning of a case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseWarning {
    /// Its number within the case, from 1. It stays the same as long as the case exists.
    pub number: usize,
    /// The volume's id.
    pub volume: String,
    /// Which of the volume's warnings, from 0.
    pub index: usize,
    /// The warning, and what was decided about it.
    pub warning: GeometryWarning,
}

impl Case {
    /// All geometry warnings of all volumes, settled or not.
    pub fn warnings(&self) -> Vec<CaseWarning> {
        let issues =
            self.volumes().iter().flat_map(|v| v.issues.iter().enumerate().map(move |(i, issue)| (v, i, issue)));
        issues
            .zip(1..)
            .map(|((volume, index, issue), number)| {
                let accepted = u32::try_from(index).ok().and_then(|i| self.plan.state().acceptance(&volume.id, i));
                // What was accepted is this warning and no other.
                let resolution = accepted.filter(|a| a.issue == *issue).map_or(Resolution::Open, |a| {
                    Resolution::Accepted { by: a.by.to_string(), at: a.at.to_string(), reason: a.reason.clone() }
                });
                let warning = GeometryWarning { issue: issue.clone(), resolution };
                CaseWarning { number, volume: volume.id.clone(), index, warning }
            })
            .collect()
    }

    /// The warnings that wait for the user.
    pub fn open_warnings(&self) -> Vec<CaseWarning> {
        self.warnings().into_iter().filter(|w| w.warning.is_open()).collect()
    }

    /// Called before anything is measured or printed.
    ///
    /// # Errors
    /// [`CaseError::OpenGeometry`] lists what waits for the user and how to settle it.
    pub fn require_settled_geometry(&self) -> Result<(), CaseError> {
        let warnings = self.open_warnings();
        if warnings.is_empty() {
            return Ok(());
        }
        Err(CaseError::OpenGeometry { folder: self.folder.clone(), warnings })
    }

    /// Goes on in spite of warning `index` (from 0) of a volume, for a reason in the user's words.
    ///
    /// # Errors
    /// When there is no such warning, the reason is empty, or it cannot be saved.
    pub fn accept_warning(
        &mut self,
        volume: &str,
        index: usize,
        by: &Author,
        reason: &str,
    ) -> Result<Applied, CaseError> {
        let issue = self.issue(volume, index)?.clone();
        let operation = Operation::AcceptWarning {
            volume: volume.into(),
            index: u32::try_from(index).map_err(|_| self.no_warning(volume, index))?,
            issue,
            reason: reason.into(),
        };
        self.apply(operation, by)
    }

    pub(crate) fn issue(&self, volume: &str, index: usize) -> Result<&GeometryIssue, CaseError> {
        self.volume_entry(volume)?.issues.get(index).ok_or_else(|| self.no_warning(volume, index))
    }

    fn no_warning(&self, volume: &str, index: usize) -> CaseError {
        let held = self.volume_entry(volume).map_or(0, |v| v.issues.len());
        CaseError::UnknownWarning { volume: volume.into(), index, held }
    }
}
