//! What was worked out for one measurement and serves the next.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fabrica_progress::Progress;

use crate::{Border, Centreline, MeasureError};

/// The most borders that are kept: each is as large as its structure.
const KEPT: usize = 4;

/// Borders and centrelines that were worked out, so that the next measurement on the same structures, and a point that is
/// dragged along one, need not work them out again. A border is found again by the hash of its structure's data: one that
/// was edited is another.
#[derive(Debug, Default)]
pub struct Cache(Mutex<VecDeque<Kept>>);

#[derive(Debug)]
struct Kept {
    /// The structure's name and hash, and the segmentation's error that was asked for.
    key: Key,
    border: Arc<Border>,
    centreline: Option<Arc<Centreline>>,
}

/// See [`Kept`].
pub(crate) type Key = (String, String, Option<u64>);

impl Cache {
    /// The border of this key, or what `make` makes.
    pub(crate) fn border(
        &self,
        key: &Key,
        make: impl FnOnce() -> Result<Border, MeasureError>,
    ) -> Result<Arc<Border>, MeasureError> {
        if let Some(known) = self.kept().iter().find(|kept| kept.key == *key) {
            return Ok(known.border.clone());
        }
        // Others may look meanwhile: it takes long.
        let border = Arc::new(make()?);
        let mut kept = self.kept();
        kept.truncate(KEPT - 1);
        kept.push_front(Kept { key: key.clone(), border: border.clone(), centreline: None });
        Ok(border)
    }

    /// The whole centreline of a border.
    pub(crate) fn centreline(
        &self,
        border: &Arc<Border>,
        progress: &Progress,
    ) -> Result<Arc<Centreline>, MeasureError> {
        let of = |kept: &&mut Kept| Arc::ptr_eq(&kept.border, border);
        if let Some(known) = self.kept().iter_mut().find(of).and_then(|kept| kept.centreline.clone()) {
            return Ok(known);
        }
        let line = Arc::new(Centreline::of(border, None, progress)?);
        if let Some(kept) = self.kept().iter_mut().find(of) {
            kept.centreline = Some(line.clone());
        }
        Ok(line)
    }

    /// A panic elsewhere leaves whole entries only.
    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
