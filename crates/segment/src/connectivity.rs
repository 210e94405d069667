//! Which voxels count as neighbours.

use serde::{Deserialize, Serialize};

/// Which of the 26 voxels around a voxel are its neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Connectivity {
    /// Those that share a face.
    #[default]
    #[serde(rename = "6")]
    Six,
    /// Those that share a face or an edge.
    #[serde(rename = "18")]
    Eighteen,
    /// Those that share a face, an edge or a corner.
    #[serde(rename = "26")]
    TwentySix,
}

/// A neighbouring row (dj, dk) and by how many voxels along i a run reaches into it beyond its own ends.
pub(crate) type RowStep = (isize, isize, usize);

impl Connectivity {
    /// The rows around a row whose runs may touch its runs.
    pub(crate) fn rows(self) -> &'static [RowStep] {
        const SIX: [RowStep; 4] = [(-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0)];
        const EIGHTEEN: [RowStep; 8] =
            [(-1, 0, 1), (1, 0, 1), (0, -1, 1), (0, 1, 1), (-1, -1, 0), (1, -1, 0), (-1, 1, 0), (1, 1, 0)];
        const TWENTY_SIX: [RowStep; 8] =
            [(-1, 0, 1), (1, 0, 1), (0, -1, 1), (0, 1, 1), (-1, -1, 1), (1, -1, 1), (-1, 1, 1), (1, 1, 1)];
        match self {
            Self::Six => &SIX,
            Self::Eighteen => &EIGHTEEN,
            Self::TwentySix => &TWENTY_SIX,
        }
    }

    /// Those of [`Connectivity::rows`] that come earlier in the order k, j.
    pub(crate) fn earlier_rows(self) -> impl Iterator<Item = RowStep> {
        self.rows().iter().copied().filter(|&(dj, dk, _)| dk < 0 || dk == 0 && dj < 0)
    }
}

/// The row (j + dj, k + dk), if it is inside.
#[inline]
pub(crate) fn step_row(j: usize, k: usize, (dj, dk): (isize, isize), ny: usize, nz: usize) -> Option<(usize, usize)> {
    let (j, k) = (j.checked_add_signed(dj)?, k.checked_add_signed(dk)?);
    (j < ny && k < nz).then_some((j, k))
}
