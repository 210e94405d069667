//! A structure's border, placed between voxels, and how sure it is.
//!
//! # Its error
//! A point of the border errs along the border's normal, by three independent amounts.
//! - **Voxels**: a share of the voxel's extent along the normal, √(Σ (nₐ sₐ)²) for the normal's components nₐ along the
//!   grid's axes and the spacings sₐ. The share was found by simulation on solids of known shape at random places and
//!   orientations (`examples/coverage.rs`), see [`VOXEL_SHARE_OF_MASK`] and [`VOXEL_SHARE_OF_IMAGE`]. Neighbouring
//!   errors are alike over about a voxel, so that they average out over a large surface.
//! - **Noise** (only where the scan places the border): the scan's noise over its slope at the border.
//! - **Segmentation**: the whole border lies too far out or in. If nobody gives it: for a region above a threshold, how
//!   far the threshold is from the middle between the values on both sides, as the median over the border, and at
//!   least a tenth of a voxel; for a mask alone, half a voxel.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_plan::ErrorSource;
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, surface_of_volume};
use fabrica_volume::{Structure, Volume};
use glam::DVec3;

use crate::field::Field;
use crate::tree::Tree;
use crate::{MeasureError, PointErrors, Settings, noise};

/// The standard deviation of a border point of a mask alone, in voxels along the normal.
pub const VOXEL_SHARE_OF_MASK: f64 = 0.13;
/// The same where the scan places the border: what linear interpolation of partial volume leaves.
pub const VOXEL_SHARE_OF_IMAGE: f64 = 0.04;
/// The segmentation's error of a mask alone, in voxels, where nobody gives one.
const MASK_SEGMENTATION: f64 = 0.5;
/// The least of that of a region above a threshold, in voxels.
const LEAST_SEGMENTATION: f64 = 0.1;
/// Points of the border that are looked at to find its contrast.
const SAMPLES: usize = 4000;

/// A structure's border.
#[derive(Clone, Debug)]
pub struct Border {
    name: String,
    field: Field,
    mesh: Mesh,
    tree: Tree,
    of_image: bool,
    noise: f64,
    segmentation: f64,
}

impl Border {
    /// The border of a structure. With the scan that it lies on, and an isovalue in the structure, the scan's values
    /// place it; else the mask alone.
    ///
    /// # Errors
    /// When the structure is empty, the setting makes no sense, or the user cancels.
    pub fn of(
        structure: &Structure,
        volume: Option<&Volume>,
        settings: &Settings,
        progress: &Progress,
    ) -> Result<Self, MeasureError> {
        settings.check()?;
        progress.stage(format!("finding the border of {}", structure.name));
        let grid = structure.mask.grid();
        let image =
            volume.zip(structure.isovalue).filter(|(v, _)| v.grid().coincides(grid, grid.finest_spacing() * 0.01));
        let field = match image {
            Some((volume, isovalue)) => Field::of_image(&structure.name, &structure.mask, volume, isovalue, progress)?,
            None => Field::of_mask(&structure.name, &structure.mask, progress)?,
        };
        let mesh = surface_of_volume(field.volume(), 0.0, progress)?;
        let tree = Tree::new(&mesh);
        let voxel = grid.voxel_volume().0.cbrt();
        let mut border = Self {
            name: structure.name.clone(),
            field,
            mesh,
            tree,
            of_image: image.is_some(),
            noise: 0.0,
            segmentation: MASK_SEGMENTATION * voxel,
        };
        if let Some((volume, isovalue)) = image {
            let (slope, off_middle) = border.contrast(volume, isovalue);
            // Interpolation between two voxels leaves about three quarters of it.
            let noise = 0.75 * noise::of_mask(volume, &structure.mask);
            border.noise = if slope > 0.0 { (noise / slope).min(voxel) } else { 0.0 };
            border.segmentation = off_middle.abs().max(LEAST_SEGMENTATION * voxel);
        }
        if let Some(given) = settings.segmentation {
            border.segmentation = given.0;
        }
        Ok(border)
    }

    /// The structure's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The structure as a continuous function.
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// The border as a closed mesh.
    pub fn mesh(&self) -> &Mesh {
        &self.mesh
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Whether the scan's values place it.
    pub fn is_of_image(&self) -> bool {
        self.of_image
    }

    /// How it was found, in words.
    pub fn method(&self) -> &'static str {
        if self.of_image {
            "border where the scan crosses the structure's threshold, interpolated between voxels"
        } else {
            "border of the mask, smoothed by less than a voxel"
        }
    }

    /// The nearest point of the border within a distance.
    pub fn nearest(&self, to: LpsPoint, within: Mm) -> Option<LpsPoint> {
        self.tree.nearest(to, within.0).map(|n| n.point)
    }

    /// Whether a point lies within the structure.
    pub fn contains(&self, at: LpsPoint) -> bool {
        self.field.value(at) > 0.0
    }

    /// The direction outwards at a point of the border, of unit length.
    pub fn outwards(&self, at: LpsPoint) -> LpsVector {
        self.field.outwards(at).unwrap_or(LpsVector(DVec3::Z))
    }

    /// The extent of a voxel along a direction of unit length.
    pub fn voxel_along(&self, direction: LpsVector) -> Mm {
        let grid = self.field.grid();
        let squares = (0..3).map(|a| (direction.0.dot(grid.axis(a).0) * grid.spacing()[a]).powi(2));
        Mm(squares.sum::<f64>().sqrt())
    }

    /// The standard deviation of a border point with this normal from the voxels' size.
    pub fn voxel_error(&self, normal: LpsVector) -> Mm {
        self.voxel_along(normal) * if self.of_image { VOXEL_SHARE_OF_IMAGE } else { VOXEL_SHARE_OF_MASK }
    }

    /// The standard deviation of a border point from the scan's noise.
    pub fn noise_error(&self) -> Mm {
        Mm(self.noise)
    }

    /// The standard deviation of the whole border's place.
    pub fn segmentation_error(&self) -> Mm {
        Mm(self.segmentation)
    }

    /// Adds the errors of a point that was snapped to this border: along the normal those of the border, across it the
    /// hand's. Gives the move by the segmentation's error, which all points of the border share.
    pub fn add_snapped(
        &self,
        errors: &mut PointErrors,
        point: usize,
        at: LpsPoint,
        settings: &Settings,
    ) -> (usize, DVec3) {
        let normal = self.outwards(at);
        errors.add(ErrorSource::Voxels, point, normal.0 * self.voxel_error(normal).0);
        if self.noise > 0.0 {
            errors.add(ErrorSource::Noise, point, normal.0 * self.noise);
        }
        let (u, v) = normal.0.any_orthonormal_pair();
        errors.add(ErrorSource::Repeatability, point, u * settings.repeatability.0);
        errors.add(ErrorSource::Repeatability, point, v * settings.repeatability.0);
        (point, normal.0 * self.segmentation)
    }

    /// The slope of the scan at the border (its unit a millimetre), and how far out from it lies the middle between the
    /// values on both sides (mm, median).
    fn contrast(&self, volume: &Volume, isovalue: f64) -> (f64, f64) {
        let to_voxel = volume.grid().patient_to_voxel();
        let value = |p: DVec3| volume.interpolate(fabrica_geometry::VoxelPoint(to_voxel.transform_point3(p)));
        let step = self.mesh.vertices().len().div_ceil(SAMPLES).max(1);
        let (mut slopes, mut offsets) = (Vec::new(), Vec::new());
        for v in self.mesh.vertices().iter().step_by(step) {
            let at = LpsPoint::new(v[0].into(), v[1].into(), v[2].into());
            let Some(normal) = self.field.outwards(at) else { continue };
            let h = self.voxel_along(normal).0;
            let ends = [-1.25, -0.5, 0.5, 1.25].map(|n| value(at.0 + normal.0 * (n * h)));
            if let [Some(deep), Some(within), Some(beyond), Some(far)] = ends {
                let slope = (within - beyond) / h;
                if slope > 0.0 {
                    slopes.push(slope);
                    offsets.push(((isovalue - (deep + far) / 2.0) / slope).clamp(-h, h));
                }
            }
        }
        (noise::median(&mut slopes).unwrap_or(0.0), noise::median(&mut offsets).unwrap_or(0.0))
    }
}
