//! What is being worked on, and what the user must be told.

use bevy::prelude::*;
use fabrica_progress::Progress;

/// The long work that runs now.
#[derive(Resource, Default)]
pub struct Work {
    /// What the user asked for, one at a time: in words, with its handle.
    pub running: Option<(String, Progress)>,
    /// What is made ready for the scene beside it.
    pub beside: Vec<(String, Progress)>,
}

/// Asks for the program's end, once every operation that was asked for is in the plan and on the disk.
#[derive(Message, Clone, Debug, Default)]
pub struct Leave {
    /// Why, when something has failed that the user must know; the program then ends with an error.
    pub failed: Option<String>,
}

/// How bad a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something is done.
    Done,
    /// Something needs the user's judgement.
    Warning,
    /// Something failed; nothing was changed.
    Error,
}

/// Something the user must be told.
#[derive(Clone, Debug)]
pub struct Notice {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, and what to do.
    pub text: String,
}

/// What the user must be told, oldest first, until dismissed.
#[derive(Resource, Default)]
pub struct Notices(pub Vec<Notice>);

impl Notices {
    /// Adds a notice.
    pub fn tell(&mut self, severity: Severity, text: impl Into<String>) {
        self.0.push(Notice { severity, text: text.into() });
    }

    /// Adds a notice, unless it is there already.
    pub fn tell_once(&mut self, severity: Severity, text: impl Into<String>) {
        let text = text.into();
        if self.0.iter().all(|notice| notice.text != text) {
            self.tell(severity, text);
        }
    }
}
