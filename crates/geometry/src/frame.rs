//! Positions and displacements, typed by the frame that they are in.

use glam::DVec3;
use serde::{Deserialize, Serialize};

use crate::Mm;

/// A position in patient coordinates: millimetres, +x left, +y posterior, +z superior.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LpsPoint(pub DVec3);

/// A displacement or direction in patient coordinates, in millimetres (or unit length for a direction).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LpsVector(pub DVec3);

/// A continuous position in a grid, in voxels. `(0, 0, 0)` is the **centre** of the first voxel,
/// so that the grid's samples cover `-0.5 ..= n - 0.5` along each axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VoxelPoint(pub DVec3);

impl LpsPoint {
    /// The point `left` mm left, `posterior` mm posterior and `superior` mm superior of the origin.
    pub const fn new(left: f64, posterior: f64, superior: f64) -> Self {
        Self(DVec3::new(left, posterior, superior))
    }

    /// The straight distance to another point.
    pub fn distance(self, other: Self) -> Mm {
        Mm(self.0.distance(other.0))
    }
}

impl LpsVector {
    /// The displacement by these many millimetres to the left, posterior and superior.
    pub const fn new(left: f64, posterior: f64, superior: f64) -> Self {
        Self(DVec3::new(left, posterior, superior))
    }

    /// The length of this displacement.
    pub fn length(self) -> Mm {
        Mm(self.0.length())
    }

    /// The angles of a direction of unit length to the axial, coronal and sagittal planes, degrees, 0 to 90.
    ///
    /// ```
    /// let [axial, coronal, sagittal] = fabrica_geometry::LpsVector::new(0.6, 0.8, 0.0).plane_degrees();
    /// assert_eq!(axial, 0.0);
    /// assert!((coronal - 53.13).abs() < 0.01 && (sagittal - 36.87).abs() < 0.01);
    /// ```
    pub fn plane_degrees(self) -> [f64; 3] {
        [self.0.z, self.0.y, self.0.x].map(|part| part.abs().min(1.0).asin().to_degrees())
    }
}

impl VoxelPoint {
    /// The continuous voxel position `(i, j, k)`.
    pub const fn new(i: f64, j: f64, k: f64) -> Self {
        Self(DVec3::new(i, j, k))
    }
}

impl std::ops::Add<LpsVector> for LpsPoint {
    type Output = LpsPoint;
    fn add(self, by: LpsVector) -> LpsPoint {
        LpsPoint(self.0 + by.0)
    }
}

impl std::ops::Sub<LpsVector> for LpsPoint {
    type Output = LpsPoint;
    fn sub(self, by: LpsVector) -> LpsPoint {
        LpsPoint(self.0 - by.0)
    }
}

impl std::ops::Sub for LpsPoint {
    type Output = LpsVector;
    fn sub(self, other: LpsPoint) -> LpsVector {
        LpsVector(self.0 - other.0)
    }
}

impl std::ops::Add for LpsVector {
    type Output = LpsVector;
    fn add(self, other: LpsVector) -> LpsVector {
        LpsVector(self.0 + other.0)
    }
}

impl std::ops::Neg for LpsVector {
    type Output = LpsVector;
    fn neg(self) -> LpsVector {
        LpsVector(-self.0)
    }
}

impl std::ops::Mul<f64> for LpsVector {
    type Output = LpsVector;
    fn mul(self, factor: f64) -> LpsVector {
        LpsVector(self.0 * factor)
    }
}
