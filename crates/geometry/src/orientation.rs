//! Anatomical directions: which way along an axis the patient's left, back or head lies.

use std::fmt;

use glam::DVec3;
use serde::{Deserialize, Serialize};

use crate::LpsVector;

/// One of the three anatomical axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PatientAxis {
    /// Right to left, x.
    RightLeft,
    /// Anterior to posterior, y.
    AnteriorPosterior,
    /// Inferior to superior, z.
    InferiorSuperior,
}

/// One of the six anatomical directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PatientDirection {
    /// Towards the patient's left, +x.
    Left,
    /// Towards the patient's right, -x.
    Right,
    /// Towards the patient's front, -y.
    Anterior,
    /// Towards the patient's back, +y.
    Posterior,
    /// Towards the head, +z.
    Superior,
    /// Towards the feet, -z.
    Inferior,
}

impl PatientDirection {
    /// The anatomical direction nearest to `direction`, which need not be of unit length.
    ///
    /// Of two equally near ones the first of x, y, z wins; a zero vector gives [`PatientDirection::Left`].
    pub fn nearest(direction: LpsVector) -> Self {
        let d = direction.0;
        let a = d.abs();
        if a.x >= a.y && a.x >= a.z {
            if d.x >= 0.0 { Self::Left } else { Self::Right }
        } else if a.y >= a.z {
            if d.y >= 0.0 { Self::Posterior } else { Self::Anterior }
        } else if d.z >= 0.0 {
            Self::Superior
        } else {
            Self::Inferior
        }
    }

    /// The unit vector of this direction.
    pub fn vector(self) -> LpsVector {
        LpsVector(match self {
            Self::Left => DVec3::X,
            Self::Right => DVec3::NEG_X,
            Self::Anterior => DVec3::NEG_Y,
            Self::Posterior => DVec3::Y,
            Self::Superior => DVec3::Z,
            Self::Inferior => DVec3::NEG_Z,
        })
    }

    /// The direction's letter, as marked on images: L, R, A, P, S or I.
    pub fn letter(self) -> char {
        match self {
            Self::Left => 'L',
            Self::Right => 'R',
            Self::Anterior => 'A',
            Self::Posterior => 'P',
            Self::Superior => 'S',
            Self::Inferior => 'I',
        }
    }

    /// The opposite direction.
    pub fn opposite(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
            Self::Anterior => Self::Posterior,
            Self::Posterior => Self::Anterior,
            Self::Superior => Self::Inferior,
            Self::Inferior => Self::Superior,
        }
    }

    /// The axis that this direction lies on.
    pub fn axis(self) -> PatientAxis {
        match self {
            Self::Left | Self::Right => PatientAxis::RightLeft,
            Self::Anterior | Self::Posterior => PatientAxis::AnteriorPosterior,
            Self::Superior | Self::Inferior => PatientAxis::InferiorSuperior,
        }
    }
}

impl fmt::Display for PatientDirection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter())
    }
}
