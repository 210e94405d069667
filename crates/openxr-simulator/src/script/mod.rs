//! The script: commands in order, from a file, each run when its time has come.

pub(crate) mod command;
mod execute;
#[cfg(unix)]
pub(crate) mod socket;

use std::collections::VecDeque;

use serde_json::Value;

use crate::model::state::Runtime;
use crate::model::track::Nanos;
use command::{Command, Line, Until};

/// What is yet to be done.
#[derive(Debug, Default)]
pub(crate) struct Script {
    lines: VecDeque<Line>,
    /// The head of the queue waits for this; times are absolute.
    waiting: Option<Due>,
    /// Commands that follow from others (a click's release), by frame.
    later: Vec<(u64, Command)>,
    /// When the first session began; `"time"` counts from here.
    pub begun: Option<Nanos>,
}

/// When something may go on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Due {
    Frame(u64),
    Time(Nanos),
    /// Since the first session began.
    SinceBegin(Nanos),
    State(openxr_sys::SessionState),
}

impl Script {
    /// Reads a script. An error names the line.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut lines = VecDeque::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            lines.push_back(Line::parse(line).map_err(|error| format!("line {}: {error}", index + 1))?);
        }
        Ok(Self { lines, ..Self::default() })
    }
}

impl Runtime {
    /// Runs all commands whose time has come. Called by every entry point.
    pub(crate) fn run_script(&mut self) {
        let frame = self.world.frame;
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.script.later).into_iter().partition(|(at, _)| *at <= frame);
        self.script.later = later;
        for (_, command) in due {
            self.run_logged(command);
        }
        loop {
            if let Some(due) = self.script.waiting {
                if !self.is_due(due) {
                    return;
                }
                self.script.waiting = None;
            }
            let Some(line) = self.script.lines.front_mut() else { return };
            if let Some(at) = line.at.take() {
                self.script.waiting = Some(self.due(at));
                continue;
            }
            let Some(line) = self.script.lines.pop_front() else { return };
            match line.command {
                Command::Wait(wait) => match wait.until() {
                    Ok(until) => self.script.waiting = Some(self.due(until)),
                    Err(error) => self.log.problem("script", Some("refused".to_owned()), &error),
                },
                command => self.run_logged(command),
            }
        }
    }

    fn run_logged(&mut self, command: Command) {
        let text = format!("{command:?}");
        match self.execute(command) {
            Ok(_) => self.log.note(&format!("script: {text}")),
            Err(error) => self.log.problem("script", Some("refused".to_owned()), &format!("{text}: {error}")),
        }
    }

    /// When a condition of a line will hold.
    pub(crate) fn due(&self, until: Until) -> Due {
        match until {
            Until::Frame(frame) => Due::Frame(frame),
            Until::Frames(frames) => Due::Frame(self.world.frame.saturating_add(frames)),
            Until::Nanos(nanos) => Due::Time(self.now().saturating_add(nanos)),
            Until::Time(nanos) => Due::SinceBegin(nanos),
            Until::State(state) => Due::State(state),
        }
    }

    pub(crate) fn is_due(&self, due: Due) -> bool {
        match due {
            Due::Frame(frame) => self.world.frame >= frame,
            Due::Time(time) => self.now() >= time,
            Due::SinceBegin(time) => self.script.begun.is_some_and(|begun| self.now() >= begun.saturating_add(time)),
            Due::State(state) => {
                let session = self.instance.as_ref().and_then(|instance| instance.session.as_ref());
                session.is_some_and(|session| session.state == state)
            }
        }
    }

    /// `xrBeginSession`: from the first on, `"time"` runs.
    pub(crate) fn script_begins(&mut self) {
        let now = self.now();
        self.script.begun.get_or_insert(now);
    }

    /// For the answer to `{"do":"state"}`.
    pub(crate) fn script_state(&self) -> Value {
        serde_json::json!({ "lines_left": self.script.lines.len(), "waiting": self.script.waiting.is_some() })
    }
}
