//! What the runtime has to say: refusals, changes of state, doubts about the application. To a file or to stderr.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// One refusal or doubt, kept for `{"do":"problems"}`.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Problem {
    pub frame: u64,
    /// The function that was called.
    pub call: String,
    /// The error's name; `None`: allowed, but dubious.
    pub result: Option<String>,
    pub why: String,
}

#[derive(Default)]
enum Target {
    #[default]
    Nowhere,
    Stderr,
    File(File),
}

/// The log.
#[derive(Default)]
pub(crate) struct Log {
    target: Target,
    pub frame: u64,
    pub problems: VecDeque<Problem>,
    /// Problems since the process began.
    pub count: u64,
    /// Messages for the application's own messengers, delivered when the lock is free.
    pub to_app: Vec<Problem>,
}

/// So many problems are kept.
const KEPT: usize = 1000;

impl Log {
    /// `None`: no log; `stderr`; else a file, which is begun anew.
    pub(crate) fn new(target: Option<&str>) -> std::io::Result<Self> {
        let target = match target {
            None | Some("") => Target::Nowhere,
            Some("stderr") => Target::Stderr,
            Some(path) => Target::File(File::create(Path::new(path))?),
        };
        Ok(Self { target, ..Self::default() })
    }

    /// A line of what happens.
    pub(crate) fn note(&mut self, text: &str) {
        let line = format!("openxr-simulator: frame {}: {text}\n", self.frame);
        // Where the log cannot be written there is nobody to tell.
        let _ = match &mut self.target {
            Target::Nowhere => Ok(()),
            Target::Stderr => std::io::stderr().write_all(line.as_bytes()),
            Target::File(file) => file.write_all(line.as_bytes()),
        };
    }

    /// A refusal (`result`) or a doubt.
    pub(crate) fn problem(&mut self, call: &str, result: Option<String>, why: &str) {
        let name = result.as_deref().unwrap_or("dubious");
        self.note(&format!("{call}: {name}: {why}"));
        let problem = Problem { frame: self.frame, call: call.to_owned(), result, why: why.to_owned() };
        if self.problems.len() == KEPT {
            self.problems.pop_front();
        }
        self.to_app.push(problem.clone());
        self.problems.push_back(problem);
        self.count += 1;
    }
}
