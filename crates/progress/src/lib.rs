//! Progress and cancellation of long work.
//!
//! Work that may take longer than a frame takes a [`&Progress`](Progress). It says how far it is, and asks
//! at least every few tens of milliseconds whether the user has cancelled. The one who started it holds a
//! clone, shows the fraction, and may cancel from any thread.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The user cancelled the work. Nothing of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// A handle on a piece of long work, shared by the worker and whoever watches it. Clones are cheap.
///
/// # Example
/// ```
/// use fabrica_progress::{Cancelled, Progress};
/// fn count(progress: &Progress) -> Result<u32, Cancelled> {
///     progress.stage("counting");
///     for step in 0..10 {
///         progress.check()?;
///         progress.set(step as f32 / 10.0);
///     }
///     Ok(10)
/// }
/// let progress = Progress::new();
/// assert_eq!(count(&progress), Ok(10));
/// progress.cancel();
/// assert_eq!(count(&progress), Err(Cancelled));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    cancelled: AtomicBool,
    /// Fraction done in millionths.
    done: AtomicU32,
    stage: Mutex<String>,
}

impl Progress {
    /// A handle at 0 % that nobody has cancelled. Work that nobody watches takes this too.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what is being done now, in words for the user, and starts again at 0 %.
    pub fn stage(&self, what: impl Into<String>) {
        *self.0.stage.lock().unwrap_or_else(PoisonError::into_inner) = what.into();
        self.set(0.0);
    }

    /// Says that this fraction (0 to 1) of the current stage is done.
    pub fn set(&self, fraction: f32) {
        self.0.done.store((fraction.clamp(0.0, 1.0) * 1e6) as u32, Ordering::Relaxed);
    }

    /// The fraction of the current stage that is done, 0 to 1.
    pub fn fraction(&self) -> f32 {
        self.0.done.load(Ordering::Relaxed) as f32 / 1e6
    }

    /// What is being done now.
    pub fn current_stage(&self) -> String {
        self.0.stage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the work to stop. It does at its next [`Progress::check`].
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the user has asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Relaxed)
    }

    /// Called by the worker between pieces of work.
    ///
    /// # Errors
    /// [`Cancelled`] once the user has asked to stop.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }
}
