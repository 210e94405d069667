//! From other patient coordinate systems to LPS: the only place where axes change sign.

use glam::{DAffine3, DMat3, DVec3};

/// A patient coordinate system that files use, by the directions in which x, y and z grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Left, posterior, superior: DICOM and ours.
    Lps,
    /// Right, anterior, superior: NIfTI.
    Ras,
    /// Left, anterior, superior.
    Las,
}

impl Frame {
    /// The sign of each coordinate on the way to LPS, and on the way back.
    fn signs(self) -> DVec3 {
        match self {
            Self::Lps => DVec3::ONE,
            Self::Ras => DVec3::new(-1.0, -1.0, 1.0),
            Self::Las => DVec3::new(1.0, -1.0, 1.0),
        }
    }

    /// A position or direction of this frame in LPS.
    pub(crate) fn vector_to_lps(self, v: DVec3) -> DVec3 {
        v * self.signs()
    }

    /// An affine from voxels to this frame as one from voxels to LPS, or the other way round.
    pub(crate) fn affine_to_lps(self, a: DAffine3) -> DAffine3 {
        DAffine3 {
            matrix3: DMat3::from_diagonal(self.signs()) * a.matrix3,
            translation: self.vector_to_lps(a.translation),
        }
    }
}
