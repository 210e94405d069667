//! What an operation did to a mask.

use std::fmt;

use fabrica_progress::Progress;
use fabrica_volume::Mask;
use serde::{Deserialize, Serialize};

use crate::islands::Islands;
use crate::{Connectivity, SegmentError};

/// What an operation changed, so that nothing is lost in silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeReport {
    /// Voxels before.
    pub voxels_before: usize,
    /// Voxels after.
    pub voxels_after: usize,
    /// Voxels that were not there before.
    pub added: usize,
    /// Voxels that are not there any more.
    pub removed: usize,
    /// Islands before.
    pub islands_before: usize,
    /// Islands after.
    pub islands_after: usize,
    /// Islands from before of which no voxel is left. (Joined or broken islands show in the numbers of islands only.)
    pub islands_lost: usize,
}

impl ChangeReport {
    /// Compares a mask before and after.
    ///
    /// # Errors
    /// When the masks lie on different grids, or when cancelled.
    pub fn between(
        before: &Mask,
        after: &Mask,
        connectivity: Connectivity,
        progress: &Progress,
    ) -> Result<Self, SegmentError> {
        let common = before.combine(after, |a, b| a & b)?.count();
        let (voxels_before, voxels_after) = (before.count(), after.count());
        let islands = Islands::find(before, connectivity, progress)?;
        let left = islands.touching(after)?;
        Ok(Self {
            voxels_before,
            voxels_after,
            added: voxels_after - common,
            removed: voxels_before - common,
            islands_before: islands.len(),
            islands_after: Islands::find(after, connectivity, progress)?.len(),
            islands_lost: left.iter().filter(|&&left| !left).count(),
        })
    }
}

impl fmt::Display for ChangeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} voxels became {} (+{} -{}); {} islands became {}, {} lost altogether",
            self.voxels_before,
            self.voxels_after,
            self.added,
            self.removed,
            self.islands_before,
            self.islands_after,
            self.islands_lost
        )
    }
}
