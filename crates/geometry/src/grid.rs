//! A regular sampling grid in patient coordinates.

use glam::{DAffine3, DMat3, DVec3};
use serde::{Deserialize, Serialize};

use crate::{LpsPoint, LpsVector, Mm, Mm3, PatientDirection, VoxelPoint};

/// The most samples that a grid may have along one axis. Larger headers are lies or not for this machine.
const MAX_SIDE: usize = 65_536;
/// How far from 90° two axes may be, as the cosine between them (0.057°). Beyond, the grid is sheared.
const MAX_SKEW: f64 = 1e-3;

/// Where the samples of a volume lie: a regular, orthogonal grid in patient space.
///
/// Sample `(i, j, k)` has linear index `i + nx * (j + ny * k)` and its centre lies at
/// `origin + i * spacing[0] * axis[0] + j * spacing[1] * axis[1] + k * spacing[2] * axis[2]`.
/// The axes are orthonormal but may form a left-handed system: a grid stores its samples in the order of
/// the source and says where they are, it never flips them.
///
/// # Example
/// ```
/// use fabrica_geometry::{Grid, LpsPoint, VoxelPoint};
/// // Two-millimetre voxels; the first voxel's centre is 10 mm to the left.
/// let grid = Grid::axis_aligned([4, 4, 4], LpsPoint::new(10.0, 0.0, 0.0), [2.0; 3]).unwrap();
/// assert_eq!(grid.to_patient(VoxelPoint::new(1.0, 0.0, 0.5)), LpsPoint::new(12.0, 0.0, 1.0));
/// assert_eq!(grid.voxel_volume().0, 8.0);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawGrid", into = "RawGrid")]
pub struct Grid {
    dims: [usize; 3],
    origin: LpsPoint,
    axes: DMat3,
    spacing: [f64; 3],
}

/// Why a grid cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// A side is zero or beyond what any scanner makes.
    #[error("the grid has {0:?} samples; each side must be between 1 and {MAX_SIDE}")]
    Dimensions([usize; 3]),
    /// A spacing is zero, negative, infinite or not a number.
    #[error("the spacing {0:?} mm is not positive and finite")]
    Spacing([f64; 3]),
    /// The origin or an axis is infinite or not a number, or an axis has no length.
    #[error("the position or an axis of the grid is not finite or has no length")]
    NotFinite,
    /// Two axes are not perpendicular.
    #[error(
        "the axes are not perpendicular: {degrees:.3}° off between axis {first} and axis {second}; resample the sheared volume first"
    )]
    Skewed {
        /// First axis, 0 to 2.
        first: usize,
        /// Second axis, 0 to 2.
        second: usize,
        /// Departure from 90°.
        degrees: f64,
    },
}

#[derive(Serialize, Deserialize)]
struct RawGrid {
    dims: [usize; 3],
    origin_lps_mm: DVec3,
    /// Unit direction of i, j and k.
    axes_lps: [DVec3; 3],
    spacing_mm: [f64; 3],
}

impl TryFrom<RawGrid> for Grid {
    type Error = GridError;
    fn try_from(raw: RawGrid) -> Result<Self, GridError> {
        Grid::new(raw.dims, LpsPoint(raw.origin_lps_mm), raw.axes_lps.map(LpsVector), raw.spacing_mm)
    }
}

impl From<Grid> for RawGrid {
    fn from(grid: Grid) -> Self {
        RawGrid {
            dims: grid.dims,
            origin_lps_mm: grid.origin.0,
            axes_lps: [grid.axes.x_axis, grid.axes.y_axis, grid.axes.z_axis],
            spacing_mm: grid.spacing,
        }
    }
}

impl Grid {
    /// A grid of `dims` samples with the centre of sample `(0, 0, 0)` at `origin`, the directions in which
    /// i, j and k grow (normalised here) and the distances between sample centres in millimetres.
    ///
    /// # Errors
    /// When a side is 0 or over 65,536, a number is not finite, a spacing is not positive, or two axes are
    /// more than 0.057° from perpendicular.
    pub fn new(dims: [usize; 3], origin: LpsPoint, axes: [LpsVector; 3], spacing: [f64; 3]) -> Result<Self, GridError> {
        if dims.iter().any(|&n| n == 0 || n > MAX_SIDE) {
            return Err(GridError::Dimensions(dims));
        }
        if spacing.iter().any(|s| !s.is_finite() || *s <= 0.0) {
            return Err(GridError::Spacing(spacing));
        }
        let unit = axes.map(|a| a.0.try_normalize());
        let [Some(x), Some(y), Some(z)] = unit else { return Err(GridError::NotFinite) };
        if !origin.0.is_finite() {
            return Err(GridError::NotFinite);
        }
        for (first, second, a, b) in [(0, 1, x, y), (0, 2, x, z), (1, 2, y, z)] {
            let cosine = a.dot(b);
            if cosine.abs() > MAX_SKEW {
                return Err(GridError::Skewed { first, second, degrees: cosine.asin().to_degrees().abs() });
            }
        }
        Ok(Self { dims, origin, axes: DMat3::from_cols(x, y, z), spacing })
    }

    /// A grid whose i, j, k run to the left, posterior and superior.
    ///
    /// # Errors
    /// As [`Grid::new`].
    pub fn axis_aligned(dims: [usize; 3], origin: LpsPoint, spacing: [f64; 3]) -> Result<Self, GridError> {
        let axes = [DVec3::X, DVec3::Y, DVec3::Z].map(LpsVector);
        Self::new(dims, origin, axes, spacing)
    }

    /// A grid from an affine that takes voxel positions to patient millimetres.
    ///
    /// # Errors
    /// As [`Grid::new`]; a sheared affine is refused.
    pub fn from_affine(dims: [usize; 3], voxel_to_patient: DAffine3) -> Result<Self, GridError> {
        let m = voxel_to_patient.matrix3;
        let columns = [m.x_axis, m.y_axis, m.z_axis];
        Self::new(dims, LpsPoint(voxel_to_patient.translation), columns.map(LpsVector), columns.map(DVec3::length))
    }

    /// Samples along i, j and k.
    pub fn dims(&self) -> [usize; 3] {
        self.dims
    }

    /// The centre of sample `(0, 0, 0)`.
    pub fn origin(&self) -> LpsPoint {
        self.origin
    }

    /// The unit direction in which index `axis` (0, 1 or 2) grows.
    ///
    /// # Panics
    /// When `axis` is over 2.
    pub fn axis(&self, axis: usize) -> LpsVector {
        LpsVector(self.axes.col(axis))
    }

    /// Distances between sample centres along i, j and k, in millimetres.
    pub fn spacing(&self) -> [f64; 3] {
        self.spacing
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// Never: a grid has at least one sample.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The linear index of sample `(i, j, k)`.
    #[inline]
    pub fn index(&self, i: usize, j: usize, k: usize) -> usize {
        i + self.dims[0] * (j + self.dims[1] * k)
    }

    /// The sample `(i, j, k)` of a linear index.
    #[inline]
    pub fn position(&self, index: usize) -> [usize; 3] {
        let [nx, ny, _] = self.dims;
        [index % nx, index / nx % ny, index / (nx * ny)]
    }

    /// The affine that takes voxel positions to patient millimetres.
    pub fn voxel_to_patient(&self) -> DAffine3 {
        DAffine3 {
            matrix3: self.axes * DMat3::from_diagonal(DVec3::from_array(self.spacing)),
            translation: self.origin.0,
        }
    }

    /// The affine that takes patient millimetres to voxel positions.
    pub fn patient_to_voxel(&self) -> DAffine3 {
        self.voxel_to_patient().inverse()
    }

    /// Where a voxel position lies in the patient.
    pub fn to_patient(&self, at: VoxelPoint) -> LpsPoint {
        LpsPoint(self.voxel_to_patient().transform_point3(at.0))
    }

    /// Which voxel position a point of the patient has. For many points, use [`Grid::patient_to_voxel`] once.
    pub fn to_voxel(&self, at: LpsPoint) -> VoxelPoint {
        VoxelPoint(self.patient_to_voxel().transform_point3(at.0))
    }

    /// The volume of one voxel.
    pub fn voxel_volume(&self) -> Mm3 {
        Mm3(self.spacing.iter().product())
    }

    /// The smallest of the three spacings.
    pub fn finest_spacing(&self) -> Mm {
        Mm(self.spacing.into_iter().fold(f64::INFINITY, f64::min))
    }

    /// The centre of the grid.
    pub fn centre(&self) -> LpsPoint {
        let middle = self.dims.map(|n| (n as f64 - 1.0) / 2.0);
        self.to_patient(VoxelPoint(DVec3::from_array(middle)))
    }

    /// The extent along i, j and k including the half voxels at the ends, in millimetres.
    pub fn extent(&self) -> [f64; 3] {
        std::array::from_fn(|a| self.dims[a] as f64 * self.spacing[a])
    }

    /// The smallest and the largest patient coordinates that the voxels (not only their centres) cover.
    pub fn bounds(&self) -> (LpsPoint, LpsPoint) {
        let mut low = DVec3::INFINITY;
        let mut high = DVec3::NEG_INFINITY;
        for corner in 0..8 {
            let at = DVec3::from_array(std::array::from_fn(|a| {
                if corner >> a & 1 == 0 { -0.5 } else { self.dims[a] as f64 - 0.5 }
            }));
            let p = self.to_patient(VoxelPoint(at)).0;
            low = low.min(p);
            high = high.max(p);
        }
        (LpsPoint(low), LpsPoint(high))
    }

    /// Whether i, j, k form a right-handed system. Surfaces made from a left-handed grid must be turned inside out.
    pub fn is_right_handed(&self) -> bool {
        self.axes.determinant() > 0.0
    }

    /// The anatomical direction nearest to that in which each index grows; `LPS` for a plain axial scan.
    pub fn orientation(&self) -> [PatientDirection; 3] {
        std::array::from_fn(|a| PatientDirection::nearest(self.axis(a)))
    }

    /// The orientation as three letters, for example `LPS`.
    pub fn orientation_code(&self) -> String {
        self.orientation().iter().map(|d| d.letter()).collect()
    }

    /// The angle between the axes and the nearest anatomical axes: 0° for a plain scan, more for an oblique one.
    pub fn obliquity_degrees(&self) -> f64 {
        (0..3)
            .map(|a| {
                let axis = self.axis(a);
                let nearest = PatientDirection::nearest(axis).vector();
                axis.0.dot(nearest.0).clamp(-1.0, 1.0).acos().to_degrees()
            })
            .fold(0.0, f64::max)
    }

    /// Whether another grid has its samples at the same places, each corner within `tolerance`.
    pub fn coincides(&self, other: &Grid, tolerance: Mm) -> bool {
        self.dims == other.dims
            && (0..8).all(|corner| {
                let at = VoxelPoint(DVec3::from_array(std::array::from_fn(|a| {
                    if corner >> a & 1 == 0 { 0.0 } else { self.dims[a] as f64 - 1.0 }
                })));
                self.to_patient(at).distance(other.to_patient(at)) <= tolerance
            })
    }

    /// The same grid cut down to `size` samples from sample `first` on.
    ///
    /// # Errors
    /// When the part is empty or reaches outside.
    pub fn crop(&self, first: [usize; 3], size: [usize; 3]) -> Result<Grid, GridError> {
        if (0..3).any(|a| size[a] == 0 || first[a] + size[a] > self.dims[a]) {
            return Err(GridError::Dimensions(size));
        }
        let at = VoxelPoint(DVec3::from_array(first.map(|n| n as f64)));
        Ok(Grid { dims: size, origin: self.to_patient(at), axes: self.axes, spacing: self.spacing })
    }
}
