//! Two regions that grow against each other.

use fabrica_progress::Progress;
use fabrica_volume::Mask;

use crate::logic::{difference, intersection};
use crate::{SegmentError, VoxelShape, dilate_voxels};

/// What `own` reaches within a region, from voxel face to voxel face, before `rivals` do: both grow one voxel at a
/// time; what both reach in the same step goes to the rivals. Separates vessels from bone where they touch.
///
/// # Errors
/// When the masks lie on different grids, or when cancelled.
pub fn contest(own: &Mask, rivals: &Mask, within: &Mask, progress: &Progress) -> Result<Mask, SegmentError> {
    let mut theirs = intersection(rivals, within)?;
    let mut mine = difference(&intersection(own, within)?, &theirs)?;
    loop {
        let free = within.combine(&mine, |a, b| a & !b)?;
        let theirs_next = intersection(&dilate_voxels(&theirs, VoxelShape::Cross(1), progress)?, &free)?;
        let theirs_next = theirs_next.combine(&theirs, |a, b| a | b)?;
        let free = within.combine(&theirs_next, |a, b| a & !b)?;
        let mine_next = intersection(&dilate_voxels(&mine, VoxelShape::Cross(1), progress)?, &free)?;
        if mine_next == mine && theirs_next == theirs {
            return Ok(mine);
        }
        mine = mine_next;
        theirs = theirs_next;
    }
}
