//! The planes that slices lie in.

use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm, VoxelPoint};
use glam::{DMat3, DVec3};

use crate::{Orientation, PhantomError, Region};

/// Where one slice's pixels lie. Slices need not be parallel, evenly spaced or stacked along their normal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlicePlane {
    /// Columns (along i) and rows (along j).
    pub size: [usize; 2],
    /// The centre of pixel (0, 0): DICOM Image Position (Patient).
    pub origin: LpsPoint,
    /// Unit direction in which i grows: the first half of Image Orientation (Patient).
    pub along_i: LpsVector,
    /// Unit direction in which j grows: the second half.
    pub along_j: LpsVector,
    /// Distance between pixel centres along i and along j, mm. (DICOM Pixel Spacing names j's first.)
    pub spacing: [f64; 2],
    /// How thick a slab the slice averages, mm.
    pub thickness: f64,
}

impl SlicePlane {
    /// The slices of a grid, thickness as their distance.
    pub fn of_grid(grid: &Grid) -> Vec<SlicePlane> {
        let [nx, ny, nz] = grid.dims();
        let [dx, dy, dz] = grid.spacing();
        (0..nz)
            .map(|k| SlicePlane {
                size: [nx, ny],
                origin: grid.to_patient(VoxelPoint::new(0.0, 0.0, k as f64)),
                along_i: grid.axis(0),
                along_j: grid.axis(1),
                spacing: [dx, dy],
                thickness: dz,
            })
            .collect()
    }

    /// The unit normal, i × j.
    pub fn normal(&self) -> LpsVector {
        LpsVector(self.along_i.0.cross(self.along_j.0).normalize_or_zero())
    }

    /// The centre of a pixel.
    pub fn pixel(&self, i: f64, j: f64) -> LpsPoint {
        LpsPoint(self.origin.0 + self.along_i.0 * (i * self.spacing[0]) + self.along_j.0 * (j * self.spacing[1]))
    }
}

/// A scan's geometry: which part of the body in which planes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Acquisition {
    /// Which part.
    pub region: Region,
    /// Which way the slices lie.
    pub orientation: Orientation,
    /// Distance between pixel centres within a slice.
    pub pixel: Mm,
    /// Distance between slices along the direction from slice to slice.
    pub slice: Mm,
    /// Gantry tilt about the x axis, -30° to 30°: the slices are tilted while the table still moves along z, so that
    /// they form a sheared stack. Axial only.
    pub tilt_degrees: f64,
}

impl Default for Acquisition {
    /// The abdomen, axial, 256 × 256 × 220 voxels of 1.5 mm.
    fn default() -> Self {
        Self {
            region: Region::Abdomen,
            orientation: Orientation::Axial,
            pixel: Mm(1.5),
            slice: Mm(1.5),
            tilt_degrees: 0.0,
        }
    }
}

impl Acquisition {
    /// The grid of an acquisition without tilt.
    ///
    /// # Errors
    /// When a spacing is not between 0.1 and 50 mm, an angle is out of range, or the gantry is tilted (then it is no
    /// grid: take [`Acquisition::planes`]).
    pub fn grid(&self) -> Result<Grid, PhantomError> {
        if self.tilt_degrees != 0.0 {
            return Err(PhantomError::Option {
                option: "the gantry tilt",
                value: format!("{}°", self.tilt_degrees),
                allowed: "0° for a grid; a tilted acquisition has planes only",
            });
        }
        self.check()?;
        let axes = match self.orientation {
            Orientation::Axial => [DVec3::X, DVec3::Y, DVec3::Z],
            Orientation::Sagittal => [DVec3::Y, DVec3::NEG_Z, DVec3::X],
            Orientation::Coronal => [DVec3::X, DVec3::NEG_Z, DVec3::Y],
            Orientation::Oblique { about_x, about_y } => {
                let turn = DMat3::from_rotation_y(about_y.to_radians()) * DMat3::from_rotation_x(about_x.to_radians());
                [turn.x_axis, turn.y_axis, turn.z_axis]
            }
        };
        let (low, high) = self.region.bounds();
        let (low, high) = (DVec3::from_array(low), DVec3::from_array(high));
        let (middle, size) = ((low + high) / 2.0, high - low);
        let spacing = [self.pixel.0, self.pixel.0, self.slice.0];
        let dims = std::array::from_fn(|a| {
            // The box's side nearest to this axis.
            let along = axes[a].abs();
            let side = if along.x >= along.y && along.x >= along.z {
                size.x
            } else if along.y >= along.z {
                size.y
            } else {
                size.z
            };
            (side / spacing[a]).round().max(1.0) as usize
        });
        let half: [f64; 3] = std::array::from_fn(|a| (dims[a] as f64 - 1.0) / 2.0 * spacing[a]);
        let origin = middle - axes[0] * half[0] - axes[1] * half[1] - axes[2] * half[2];
        Ok(Grid::new(dims, LpsPoint(origin), axes.map(LpsVector), spacing)?)
    }

    /// The slices' planes, tilted or not.
    ///
    /// # Errors
    /// As [`Acquisition::grid`], but for the tilt; a tilt must be within ±30° and the orientation axial.
    pub fn planes(&self) -> Result<Vec<SlicePlane>, PhantomError> {
        self.check()?;
        let straight = Self { tilt_degrees: 0.0, ..*self };
        let grid = straight.grid()?;
        let mut planes = SlicePlane::of_grid(&grid);
        if self.tilt_degrees != 0.0 {
            let turn = DMat3::from_rotation_x(self.tilt_degrees.to_radians());
            let centre_j = (grid.dims()[1] as f64 - 1.0) / 2.0 * self.pixel.0;
            for plane in &mut planes {
                let j = turn * DVec3::Y;
                plane.origin = plane.origin + LpsVector((DVec3::Y - j) * centre_j);
                plane.along_j = LpsVector(j);
            }
        }
        Ok(planes)
    }

    fn check(&self) -> Result<(), PhantomError> {
        let wrong = |option, value: String, allowed| Err(PhantomError::Option { option, value, allowed });
        for (option, Mm(value)) in [("the pixel spacing", self.pixel), ("the slice distance", self.slice)] {
            if !(0.1..=50.0).contains(&value) {
                return wrong(option, format!("{value} mm"), "0.1 to 50 mm");
            }
        }
        if !(-30.0..=30.0).contains(&self.tilt_degrees) {
            return wrong("the gantry tilt", format!("{}°", self.tilt_degrees), "-30° to 30°");
        }
        if self.tilt_degrees != 0.0 && self.orientation != Orientation::Axial {
            return wrong("the orientation", format!("{:?}", self.orientation), "axial when the gantry is tilted");
        }
        if let Orientation::Oblique { about_x, about_y } = self.orientation
            && ![about_x, about_y].iter().all(|a| (-45.0..=45.0).contains(a))
        {
            return wrong("the oblique angles", format!("{about_x}° and {about_y}°"), "-45° to 45° each");
        }
        Ok(())
    }
}
