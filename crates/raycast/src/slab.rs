//! A layer of a volume seen as a slice: the mean or the maximum over its thickness.

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_progress::Progress;
use fabrica_volume::{Rgb, Volume, with_samples};
use rayon::prelude::*;

use crate::sampler::Sampler;
use crate::slice::{Walk, inside};
use crate::{Image, RenderError, SlicePlane, Window};

/// The most layers that a slab is made of: half a metre of half a millimetre.
const MOST_LAYERS: f64 = 1000.0;

/// What becomes of the values over a slab's thickness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlabKind {
    /// Their mean: less noise, as a thicker slice has.
    #[default]
    Mean,
    /// The greatest: vessels and bones that leave the plane stay whole.
    Maximum,
}

/// An image of a slab about a plane (half of its thickness to each side), in the grey of a window. What lies outside the
/// volume counts for nothing; where all of it does, the image is transparent and black. With no thickness it is the
/// interpolated slice.
///
/// # Errors
/// When cancelled, or when the plane, the window, the thickness or the size cannot give an image.
///
/// # Example
/// Two layers of voxels of 0 and 100, 1 mm each: their mean is 50, their maximum 100.
/// ```
/// use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
/// use fabrica_progress::Progress;
/// use fabrica_raycast::{SlabKind, SlicePlane, Window, render_slab};
/// use fabrica_volume::{Samples, ValueUnit, Volume};
/// let grid = Grid::axis_aligned([2, 2, 2], LpsPoint::default(), [1.0; 3]).unwrap();
/// let volume = Volume::new(grid, Samples::U8(vec![0, 0, 0, 0, 100, 100, 100, 100]), ValueUnit::Arbitrary).unwrap();
/// let plane = SlicePlane {
///     centre: LpsPoint::new(0.5, 0.5, 0.5),
///     right: LpsVector::new(1.0, 0.0, 0.0),
///     down: LpsVector::new(0.0, 1.0, 0.0),
///     mm_per_pixel: Mm(1.0),
/// };
/// let window = Window { centre: 50.0, width: 100.0 };
/// let grey = |kind| {
///     let image = render_slab(&volume, &plane, [2, 2], window, Mm(1.0), kind, &Progress::new()).unwrap();
///     image.pixel(0, 0).unwrap()[0]
/// };
/// assert_eq!((grey(SlabKind::Mean), grey(SlabKind::Maximum)), (128, 255));
/// ```
pub fn render_slab(
    volume: &Volume,
    plane: &SlicePlane,
    size: [u32; 2],
    window: Window,
    thickness: Mm,
    kind: SlabKind,
    progress: &Progress,
) -> Result<Image, RenderError> {
    plane.check()?;
    if !(window.width > 0.0 && window.width.is_finite() && window.centre.is_finite()) {
        let (name, range) = ("the width of the window", "positive and finite");
        return Err(RenderError::Setting { name, value: window.width, range });
    }
    let step = volume.grid().finest_spacing().0 / 2.0;
    if !(thickness.0 >= 0.0 && thickness.0 <= step * MOST_LAYERS) {
        let (name, range) = ("the thickness of the slab", "at least 0, and at most 500 voxels");
        return Err(RenderError::Setting { name, value: thickness.0, range });
    }
    // Ends included, so that their distance is the thickness.
    let count = (thickness.0 / step).ceil() as usize + 1;
    let dims = volume.grid().dims();
    let layers: Vec<Walk> = (0..count)
        .map(|n| {
            let share = if count > 1 { n as f64 / (count - 1) as f64 - 0.5 } else { 0.0 };
            let centre = LpsPoint(plane.centre.0 + plane.normal().0 * (share * thickness.0));
            Walk::new(&SlicePlane { centre, ..*plane }, volume.grid(), size)
        })
        .collect();
    let mut image = Image::filled(size, Rgb(0, 0, 0))?;
    image.rgba.par_chunks_mut(size[0] as usize * 4).enumerate().try_for_each(|(y, row)| {
        progress.check()?;
        with_samples!(volume.samples().view(), |data| {
            let sampler = Sampler::new(data, dims);
            for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
                let (mut sum, mut greatest, mut number) = (0.0, f64::NEG_INFINITY, 0u32);
                for layer in &layers {
                    let at = layer.at(x as u32, y as u32);
                    if inside(at, dims) {
                        let value = f64::from(sampler.value(at.as_vec3().to_array()));
                        if !value.is_nan() {
                            (sum, greatest, number) = (sum + value, f64::max(greatest, value), number + 1);
                        }
                    }
                }
                if number == 0 {
                    pixel[3] = 0;
                    continue;
                }
                let value = match kind {
                    SlabKind::Mean => sum / f64::from(number),
                    SlabKind::Maximum => greatest,
                };
                pixel[..3].fill((window.grey(value) * 255.0).round() as u8);
            }
        });
        Ok::<(), RenderError>(())
    })?;
    Ok(image)
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::{Grid, LpsVector};
    use fabrica_volume::{Samples, ValueUnit};

    use super::*;
    use crate::{Interpolation, render_slice};

    /// A ramp along an oblique direction.
    fn ramp() -> Volume {
        let grid = Grid::axis_aligned([12, 10, 8], LpsPoint::new(-5.0, -4.0, -3.0), [1.0, 1.0, 1.5]).unwrap();
        let values = (0..grid.len()).map(|n| {
            let [i, j, k] = grid.position(n);
            (3 * i + 2 * j + k) as i16
        });
        let samples = Samples::I16(values.collect());
        Volume::new(grid.clone(), samples, ValueUnit::Arbitrary).unwrap()
    }

    #[test]
    fn without_thickness_it_is_the_slice() {
        let volume = ramp();
        let turn = glam::DQuat::from_rotation_x(0.6) * glam::DQuat::from_rotation_y(0.3);
        let plane = SlicePlane {
            centre: LpsPoint::new(0.3, 0.2, 1.0),
            right: LpsVector(turn * glam::DVec3::X),
            down: LpsVector(turn * glam::DVec3::Y),
            mm_per_pixel: Mm(0.7),
        };
        let window = Window { centre: 25.0, width: 60.0 };
        let progress = Progress::new();
        let slab = render_slab(&volume, &plane, [30, 20], window, Mm(0.0), SlabKind::Maximum, &progress).unwrap();
        let slice = render_slice(&volume, &plane, [30, 20], window, Interpolation::Linear, &[], &progress).unwrap();
        let greys = |image: &Image| image.rgba.chunks(4).map(|p| p[0]).collect::<Vec<_>>();
        assert_eq!(greys(&slab), greys(&slice));
        assert!(slab.rgba.chunks(4).any(|p| p[3] == 0) && slab.rgba.chunks(4).any(|p| p[3] == 255));
        // On a ramp the mean over a slab that lies in the volume is the value in its middle.
        let mean = render_slab(&volume, &plane, [4, 4], window, Mm(2.0), SlabKind::Mean, &progress).unwrap();
        let middle = render_slab(&volume, &plane, [4, 4], window, Mm(0.0), SlabKind::Mean, &progress).unwrap();
        assert!(greys(&mean).iter().zip(greys(&middle)).all(|(a, b)| a.abs_diff(b) <= 1));
        assert!(render_slab(&volume, &plane, [4, 4], window, Mm(f64::NAN), SlabKind::Mean, &progress).is_err());
    }
}
