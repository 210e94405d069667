//! What the command line shows while work runs: a progress bar that follows a [`Progress`], and Ctrl-C as cancel.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use fabrica_progress::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// Shows a progress bar on standard error for as long as it lives. Nothing is shown where that is no terminal.
pub struct Bar {
    progress: Progress,
    finished: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Bar {
    /// Starts showing new work. Ctrl-C cancels it.
    pub fn start() -> Self {
        let progress = Progress::new();
        cancel_on_interrupt(&progress);
        let finished = Arc::new(AtomicBool::new(false));
        let thread = std::io::stderr().is_terminal().then(|| {
            let (progress, finished) = (progress.clone(), finished.clone());
            std::thread::spawn(move || follow(&progress, &finished))
        });
        Self { progress, finished, thread }
    }

    /// The handle that the work reports to.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.finished.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The thread only draws; should it have died there is nothing to mend.
            let _ = thread.join();
        }
    }
}

fn follow(progress: &Progress, finished: &AtomicBool) {
    let bar = ProgressBar::new(1000);
    if let Ok(style) = ProgressStyle::with_template("{msg:40} [{bar:40}] {percent:>3} %") {
        bar.set_style(style);
    }
    while !finished.load(Ordering::Relaxed) {
        bar.set_message(progress.current_stage());
        bar.set_position((progress.fraction() * 1000.0) as u64);
        std::thread::sleep(Duration::from_millis(80));
    }
    bar.finish_and_clear();
}

/// Makes Ctrl-C cancel this work; the second one ends the program.
fn cancel_on_interrupt(progress: &Progress) {
    static CURRENT: OnceLock<std::sync::Mutex<Progress>> = OnceLock::new();
    if let Some(current) = CURRENT.get() {
        *current.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = progress.clone();
        return;
    }
    let current = CURRENT.get_or_init(|| std::sync::Mutex::new(progress.clone()));
    let handler = move || {
        let progress = current.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if progress.is_cancelled() {
            std::process::exit(130);
        }
        progress.cancel();
    };
    // Without a handler Ctrl-C still ends the program; every write of a case is atomic, so nothing is lost.
    let _ = ctrlc::set_handler(handler);
}

/// Prints to standard output. A reader that has gone away (`| head`) ends the program quietly.
pub fn say(text: impl std::fmt::Display) {
    use std::io::Write;
    if writeln!(std::io::stdout().lock(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// Prints what the user should know but no program reads to standard error.
#[expect(clippy::print_stderr, reason = "the one place that writes to standard error")]
pub fn remark(text: impl std::fmt::Display) {
    eprintln!("{text}");
}

/// Prints an error with what led to it, each thing said once.
pub fn tell_error(error: &anyhow::Error) {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text += &format!(": {cause}");
        }
    }
    remark(format_args!("error: {text}"));
}
