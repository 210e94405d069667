//! Copies of a case that colleagues work on apart.

use fabrica_plan::{Author, ProgramStep};

use crate::case::Case;
use crate::{CaseError, VolumeEntry};

impl Case {
    /// Takes in what was done to a copy of this case: its plan becomes part of this one, in an order that is the same
    /// whichever copy takes in the other. Gives how many operations were new. The copy does not change.
    ///
    /// Files do not travel: a structure that was made in the copy by other means than the plan must be brought here first
    /// when strokes of the copy need it.
    ///
    /// # Errors
    /// When the other case is none of the same data, its strokes need a structure's file that is not here, or as
    /// [`Case::merge`]. Then nothing was changed.
    pub fn merge_copy(&mut self, other: &Case, by: &Author) -> Result<usize, CaseError> {
        let no_copy = |why: String| CaseError::NotACopy { path: other.folder.clone(), why };
        let same = |a: &VolumeEntry, b: &VolumeEntry| a.id == b.id && a.sha256 == b.sha256;
        let strange = other.volumes().iter().find(|v| !self.volumes().iter().any(|mine| same(mine, v)));
        if let Some(volume) = strange {
            return Err(no_copy(format!("its {} is not a volume of {}", volume.id, self.folder.display())));
        }
        let program = other.plan.program();
        let strokes: Vec<_> = program
            .steps()
            .iter()
            .filter_map(|(_, step)| match step {
                ProgramStep::Stroke(stroke) => Some(stroke),
                _ => None,
            })
            .collect();
        for entry in other.manifest.all_structures() {
            let here = self.entry_of(&entry.base()).is_some();
            let needed = || strokes.iter().any(|s| s.targets().chain(s.sources()).any(|name| name == entry.name));
            if !here && needed() {
                return Err(no_copy(format!(
                    "strokes of it need the file of \"{}\", which is not here; export that structure there and import \
                     it here under the same name, or undo them there",
                    entry.name
                )));
            }
        }
        self.merge(&other.plan.snapshot()?, by)
    }
}
