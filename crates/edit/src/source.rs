//! Where edits find what they build on.

use std::sync::Arc;

use fabrica_geometry::Grid;
use fabrica_plan::Base;
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Volume};

use crate::{EditError, Version};

/// What edits build on: files of structures, volumes, and masks that were stored to save time.
pub trait Source {
    /// The structures that have a file now, and which.
    fn structures(&self) -> Vec<(String, Base)>;

    /// Where a volume's voxels lie.
    ///
    /// # Errors
    /// When there is no such volume.
    fn grid(&self, volume: &str) -> Result<Grid, EditError>;

    /// Reads a structure's file.
    ///
    /// # Errors
    /// When it cannot be read, or the user cancels.
    fn base(&self, base: &Base, progress: &Progress) -> Result<Mask, EditError>;

    /// Reads a volume, or gives one that was read before.
    ///
    /// # Errors
    /// When it cannot be read, or the user cancels.
    fn volume(&self, volume: &str, progress: &Progress) -> Result<Arc<Volume>, EditError>;

    /// Whether a stored mask of this version seems to be there.
    fn has_stored(&self, _version: Version) -> bool {
        false
    }

    /// A stored mask of this version on this grid; nothing when there is none, or it is damaged.
    fn stored(&self, _version: Version, _grid: &Grid) -> Option<Mask> {
        None
    }
}
