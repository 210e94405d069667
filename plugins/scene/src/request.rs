//! What plugins ask for.

use std::path::PathBuf;
use std::sync::Arc;

use bevy::prelude::*;
use fabrica_plan::{Operation, Stroke};
use fabrica_print::ProposedModel;

/// Asks for an operation on the plan. It is saved before the scene shows it.
#[derive(Message, Clone, Debug)]
pub struct Do(pub Operation);

/// Asks for work on the case.
#[derive(Message, Clone, Debug)]
pub enum Request {
    /// Opens a case, or looks for scans in files and folders.
    Open(Vec<PathBuf>),
    /// Imports one of the scans that were found.
    Import {
        /// Which of the offered choices.
        choice: usize,
        /// The case folder to make.
        case: PathBuf,
        /// Resamples uneven or missing slices, with a warning, where it would refuse otherwise.
        resample: bool,
    },
    /// Shows another volume of the case: another phase, energy or time point.
    ShowVolume {
        /// Its id.
        volume: String,
    },
    /// Makes a structure by a preset.
    Segment {
        /// The preset's name.
        preset: String,
    },
    /// Edits voxels by a tool that may take longer than a frame or two.
    Edit(Box<Stroke>),
    /// Takes a structure out of the case.
    RemoveStructure {
        /// Its name.
        name: String,
    },
    /// Writes a structure as a printable model, with its report.
    Print {
        /// Its name.
        structure: String,
        /// The file.
        to: PathBuf,
    },
    /// Writes a model that the preview shows, with its report and passport.
    WriteModel {
        /// The model.
        model: Arc<ProposedModel>,
        /// The file.
        to: PathBuf,
    },
    /// Accepts a geometry warning.
    AcceptWarning {
        /// The volume's id.
        volume: String,
        /// Which of the volume's warnings, from 0.
        index: usize,
        /// Why.
        reason: String,
    },
    /// Takes the user's last operation back.
    Undo,
    /// Does it again.
    Redo,
    /// Stops the running work.
    Cancel,
}

/// A scan that was found and can be imported.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What it is, in a line.
    pub title: String,
    /// What is dubious about it, and why it would be refused.
    pub warnings: Vec<String>,
}

/// The scans that were found, while the user chooses.
#[derive(Resource, Default)]
pub struct Choices(pub Vec<Choice>);
