//! A plane through a volume.

use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Rgb, Volume, with_samples};
use glam::DVec3;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::image::{linear, linear_to_srgb, srgb_to_linear};
use crate::sampler::Sampler;
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

    /// The direction behind the picture, unit length: right × down.
    pub fn normal(&self) -> LpsVector {
        LpsVector(self.right.0.cross(self.down.0).normalize_or_zero())
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
/// lies outside the volume (more than half a voxel beyond the outermost sample centres) is black.
///
/// A structure's outline lies inside it: the pixels that have a neighbour outside.
///
/// # Errors
/// When cancelled, or when the plane, the window or the size cannot give an image.
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
    if !(window.width > 0.0 && window.width.is_finite() && window.centre.is_finite()) {
        let (name, range) = ("the width of the window", "positive and finite");
        return Err(RenderError::Setting { name, value: window.width, range });
    }
    let mut image = Image::filled(size, Rgb(0, 0, 0))?;
    let walk = Walk::new(plane, volume.grid(), size);
    let dims = volume.grid().dims();
    let row_bytes = size[0] as usize * 4;
    image.rgba.par_chunks_mut(row_bytes).enumerate().try_for_each(|(y, row)| {
        progress.check()?;
        with_samples!(volume.samples().view(), |data| {
            let sampler = Sampler::new(data, dims);
            for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
                let at = walk.at(x as u32, y as u32);
                if !inside(at, dims) {
                    continue;
                }
                let at = match interpolation {
                    Interpolation::Linear => at,
                    Interpolation::Nearest => at.round(),
                };
                let value = f64::from(sampler.value(at.as_vec3().to_array()));
                // What is not a number is black, as outside.
                let grey = if value.is_nan() { 0 } else { (window.grey(value) * 255.0).round() as u8 };
                pixel[..3].fill(grey);
            }
        });
        Ok::<(), RenderError>(())
    })?;
    for (number, structure) in structures.iter().enumerate() {
        progress.check()?;
        progress.set(number as f32 / structures.len() as f32);
        draw_structure(&mut image, plane, structure);
    }
    Ok(image)
}

/// From pixels to voxels of a grid.
pub(crate) struct Walk {
    first: DVec3,
    across: DVec3,
    along: DVec3,
}

impl Walk {
    pub(crate) fn new(plane: &SlicePlane, grid: &Grid, size: [u32; 2]) -> Self {
        let to_voxel = grid.patient_to_voxel();
        let step = |direction: LpsVector| to_voxel.transform_vector3(direction.0 * plane.mm_per_pixel.0);
        Self {
            first: to_voxel.transform_point3(plane.to_patient([0.5, 0.5], size).0),
            across: step(plane.right),
            along: step(plane.down),
        }
    }

    /// The voxel position of a pixel's middle.
    pub(crate) fn at(&self, x: u32, y: u32) -> DVec3 {
        self.first + self.across * f64::from(x) + self.along * f64::from(y)
    }
}

/// Whether a voxel position lies in the box that the voxels cover.
pub(crate) fn inside(at: DVec3, dims: [usize; 3]) -> bool {
    (0..3).all(|a| (-0.5..=dims[a] as f64 - 0.5).contains(&at[a]))
}

fn draw_structure(image: &mut Image, plane: &SlicePlane, structure: &StructureOverlay<'_>) {
    let size = image.size();
    let [width, height] = size.map(|n| n as usize);
    let grid = structure.mask.grid();
    let walk = Walk::new(plane, grid, size);
    let belongs: Vec<bool> = (0..width * height)
        .into_par_iter()
        .map(|pixel| {
            let at = walk.at((pixel % width) as u32, (pixel / width) as u32);
            // Rounding takes the far half of the last voxel to one beyond it, where nothing belongs: hold it back.
            inside(at, grid.dims())
                && structure
                    .mask
                    .get(std::array::from_fn(|a| (at[a].round().max(0.0) as usize).min(grid.dims()[a] - 1)))
        })
        .collect();
    let colour = linear(structure.colour);
    let area = if structure.style == OverlayStyle::Contour { 0.0 } else { structure.opacity.clamp(0.0, 1.0) };
    image.rgba.par_chunks_mut(width * 4).enumerate().for_each(|(y, row)| {
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let at = y * width + x;
            if !belongs[at] {
                continue;
            }
            let on_edge = (x > 0 && !belongs[at - 1])
                || (x + 1 < width && !belongs[at + 1])
                || (y > 0 && !belongs[at - width])
                || (y + 1 < height && !belongs[at + width]);
            let share = if on_edge && structure.style != OverlayStyle::Fill { 1.0 } else { area };
            for c in 0..3 {
                let under = srgb_to_linear(pixel[c]);
                pixel[c] = linear_to_srgb(under + (colour[c] - under) * share);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::{Grid, PatientDirection};
    use fabrica_volume::{Samples, ValueUnit};

    use super::*;

    /// 4 x 4 x 4 voxels of 1 mm; the value is 100 on the patient's left half, 0 on the right.
    fn half() -> Volume {
        let grid = Grid::axis_aligned([4; 3], LpsPoint::default(), [1.0; 3]).unwrap();
        let values = (0..64).map(|n| if n % 4 >= 2 { 100 } else { 0 }).collect();
        Volume::new(grid, Samples::U8(values), ValueUnit::Arbitrary).unwrap()
    }

    fn picture(volume: &Volume, plane: &SlicePlane, overlays: &[StructureOverlay<'_>]) -> Image {
        let window = Window { centre: 50.0, width: 100.0 };
        render_slice(volume, plane, [4, 4], window, Interpolation::Nearest, overlays, &Progress::new()).unwrap()
    }

    #[test]
    fn the_patients_left_is_on_the_right_of_axial_and_coronal_slices() {
        let volume = half();
        for orientation in [SliceOrientation::Axial, SliceOrientation::Coronal] {
            let grid = volume.grid();
            let plane = SlicePlane::fitted(orientation, grid.centre(), grid.bounds(), [4, 4]);
            assert_eq!(plane.mm_per_pixel, Mm(1.0));
            let image = picture(&volume, &plane, &[]);
            for y in 0..4 {
                let row: Vec<u8> = (0..4).map(|x| image.pixel(x, y).unwrap()[0]).collect();
                assert_eq!(row, [0, 0, 255, 255]);
            }
        }
    }

    #[test]
    fn up_is_anterior_or_superior_and_sagittal_shows_the_front_on_the_left() {
        let at = |orientation: SliceOrientation| {
            let (right, down) = orientation.directions();
            (PatientDirection::nearest(right).letter(), PatientDirection::nearest(-down).letter())
        };
        assert_eq!(at(SliceOrientation::Axial), ('L', 'A'));
        assert_eq!(at(SliceOrientation::Coronal), ('L', 'S'));
        assert_eq!(at(SliceOrientation::Sagittal), ('P', 'S'));
    }

    #[test]
    fn pixels_and_patient_agree_both_ways() {
        let (right, down) = SliceOrientation::Sagittal.directions();
        let plane = SlicePlane { centre: LpsPoint::new(1.0, 2.0, 3.0), right, down, mm_per_pixel: Mm(0.5) };
        let at = plane.to_patient([7.0, 1.0], [10, 8]);
        assert_eq!(at, LpsPoint::new(1.0, 3.0, 4.5));
        assert_eq!(plane.to_image(at, [10, 8]), ([7.0, 1.0], Mm(0.0)));
    }

    #[test]
    fn a_structure_is_outlined_and_filled_where_it_is() {
        let volume = half();
        let grid = volume.grid().clone();
        let mask = Mask::from_fn(grid.clone(), |n| n % 4 >= 1 && n / 4 % 4 >= 1); // all but the first column and row
        let overlay = StructureOverlay { mask: &mask, colour: Rgb(255, 0, 0), opacity: 0.0, style: OverlayStyle::Both };
        let plane = SlicePlane::fitted(SliceOrientation::Axial, grid.centre(), grid.bounds(), [4, 4]);
        let image = picture(&volume, &plane, &[overlay]);
        let red = |x, y| image.pixel(x, y).unwrap() == [255, 0, 0, 255];
        assert!(!red(0, 0) && !red(0, 2) && red(1, 1) && red(1, 3) && red(3, 1) && !red(2, 2) && !red(3, 3));
    }

    #[test]
    fn outside_is_black_and_bad_planes_are_refused() {
        let volume = half();
        let mut plane = SlicePlane::fitted(
            SliceOrientation::Axial,
            LpsPoint::new(0.0, 0.0, 3.6), // beyond the half voxel
            volume.grid().bounds(),
            [4, 4],
        );
        assert!(picture(&volume, &plane, &[]).rgba.chunks(4).all(|p| p == [0, 0, 0, 255]));
        plane.right = plane.down;
        assert_eq!(plane.check(), Err(RenderError::Plane));
    }
}
