//! Changes that take no longer than it takes to save them.

use fabrica_case::CaseError;
use fabrica_edit::EditSession;
use fabrica_plan::{Author, EditOperation, Operation};
use fabrica_progress::Progress;

use crate::opened::{Model, Opened, Shared, lock};

/// A change of the case.
#[derive(Debug)]
pub enum Quick {
    Apply(Operation),
    /// A brush is lifted: its stroke becomes an operation. With the number of the stroke.
    Lift(Box<EditSession>, u64),
    Undo,
    Redo,
    RemoveStructure(String),
    Accept {
        volume: String,
        index: usize,
        reason: String,
    },
}

/// What came of some changes.
pub struct Saved {
    /// What was refused, in words. The rest is saved.
    pub refused: Vec<String>,
    /// The last stroke of a brush that is in the plan now, or was refused.
    pub lifted: Option<u64>,
    /// What the scene is to show now.
    pub model: Result<Model, String>,
}

/// Makes and saves changes in order.
pub fn save(shared: &Shared, changes: Vec<Quick>, by: &Author) -> Saved {
    let mut opened = lock(shared);
    let stroke = |change: &Quick| if let Quick::Lift(_, stroke) = change { Some(*stroke) } else { None };
    let lifted = changes.iter().filter_map(stroke).max();
    let refused =
        changes.into_iter().filter_map(|change| apply(&mut opened, change, by).err()).map(|e| e.to_string()).collect();
    let model = opened.model(by, &Progress::new()).map_err(|e| e.to_string());
    Saved { refused, lifted, model }
}

fn apply(opened: &mut Opened, change: Quick, by: &Author) -> Result<(), CaseError> {
    match change {
        // A tool that cannot do it says so, and nothing is saved.
        Quick::Apply(Operation::Edit(EditOperation::Stroke(stroke))) => {
            opened.case.edit(stroke, by, &Progress::new()).map(|_| ())
        }
        Quick::Lift(brush, _) => opened.case.finish_brush(*brush, by).map(|_| ()),
        Quick::Apply(operation) => opened.case.apply(operation, by).map(|_| ()),
        Quick::Undo => opened.case.undo(by).map(|_| ()),
        Quick::Redo => opened.case.redo(by).map(|_| ()),
        Quick::RemoveStructure(name) => opened.case.remove_structure(&name, by),
        Quick::Accept { volume, index, reason } => opened.case.accept_warning(&volume, index, by, &reason).map(|_| ()),
    }
}
