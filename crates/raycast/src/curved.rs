//! Curved planar reformation: a picture along a line through the patient, a vessel's centreline, straightened.
//!
//! Each row of the picture is a straight line across the vessel, through the point of the centreline that lies so far along
//! it and perpendicular to it there (A. Kanitsar, D. Fleischmann, R. Wegenkittl, P. Felkel, M. E. Gröller, "CPR: curved
//! planar reformation", IEEE Visualization 2002: the straightened CPR). So lengths are true along the centreline and across
//! it, and nowhere else: what lies beside the vessel on the inside of a bend is stretched, and may be seen twice. The rows
//! turn about the centreline as little as its course allows (rotation minimising), so that the picture is not twisted.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_progress::Progress;
use fabrica_volume::{Rgb, Volume, with_samples};
use glam::DVec3;
use rayon::prelude::*;

use crate::image::MAX_SIDE;
use crate::sampler::Sampler;
use crate::slice::inside;
use crate::{Image, RenderError, Window};

/// The direction of the line is taken over so much of it to both sides, mm.
const REACH: f64 = 1.0;

/// Where the pixels of a picture along a line lie in the patient.
///
/// ```
/// use fabrica_geometry::{LpsPoint, LpsVector, Mm};
/// use fabrica_raycast::CurvedSlice;
/// // Straight down from 30 mm above the origin, 20 mm wide, pixels of 0.5 mm, the patient's left to the right.
/// let path = [LpsPoint::new(0.0, 0.0, 30.0), LpsPoint::new(0.0, 0.0, 0.0)];
/// let slice = CurvedSlice::along(&path, LpsVector::new(1.0, 0.0, 0.0), Mm(20.0), Mm(0.5)).unwrap();
/// assert_eq!(slice.size(), [40, 61]);
/// // 10 mm along, 5 mm to the right of the middle.
/// assert!(slice.to_patient([30.0, 20.5]).distance(LpsPoint::new(5.0, 0.0, 20.0)).0 < 1e-9);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CurvedSlice {
    rows: Vec<Row>,
    width: u32,
    mm_per_pixel: Mm,
}

/// The sine of the least angle between a line and what is to the right of it: 1°.
const ALONG: f64 = 0.0175;

/// A row of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    /// On the line.
    centre: DVec3,
    /// To the right in the picture, unit length, perpendicular to the line.
    across: DVec3,
}

impl CurvedSlice {
    /// The picture along a line: its first point in the middle of the first row, `right` to the right there as far as that
    /// is perpendicular to the line, and so wide.
    ///
    /// # Errors
    /// [`RenderError::Line`] when the line has no length, runs along `right` at its start, or a number is not finite;
    /// [`RenderError::Size`] when the picture would have too many pixels.
    pub fn along(path: &[LpsPoint], right: LpsVector, width: Mm, mm_per_pixel: Mm) -> Result<Self, RenderError> {
        let step = mm_per_pixel.0;
        let finite = path.iter().all(|p| p.0.is_finite()) && right.0.is_finite() && width.0.is_finite();
        if !(finite && step > 0.0 && step.is_finite() && width.0 > 0.0) {
            return Err(RenderError::Line);
        }
        let length: f64 = path.windows(2).map(|pair| pair[0].distance(pair[1]).0).sum();
        if length <= 0.0 {
            return Err(RenderError::Line);
        }
        let (columns, count) = ((width.0 / step).round().max(1.0), (length / step).floor() + 1.0);
        if columns > f64::from(MAX_SIDE) || count > f64::from(MAX_SIDE) {
            return Err(RenderError::Size(columns as u32, count as u32));
        }
        let centres = spaced(path, step, count as usize);
        let reach = (REACH / step).ceil() as usize;
        let direction = |n: usize| {
            // Near an end the same to both sides, so that a bend does not tilt it.
            let even = reach.min(n).min(centres.len() - 1 - n).max(1);
            let (from, to) = (n.saturating_sub(even), (n + even).min(centres.len() - 1));
            (centres[to] - centres[from]).try_normalize()
        };
        let mut rows: Vec<Row> = Vec::with_capacity(centres.len());
        for (n, &centre) in centres.iter().enumerate() {
            let direction = direction(n).ok_or(RenderError::Line)?;
            let before = rows.last().map_or(right.0, |row| row.across);
            let across = before.reject_from_normalized(direction);
            // Along the line, to a degree, or where the line turns back on itself within a row, nothing says where the right is.
            if across.length() < ALONG * before.length() {
                return Err(RenderError::Line);
            }
            rows.push(Row { centre, across: across.normalize() });
        }
        Ok(Self { rows, width: columns as u32, mm_per_pixel })
    }

    /// Width and height, pixels.
    pub fn size(&self) -> [u32; 2] {
        [self.width, self.rows.len() as u32]
    }

    /// How much of the patient a pixel is, along the line and across it.
    pub fn mm_per_pixel(&self) -> Mm {
        self.mm_per_pixel
    }

    /// Where a place of the picture, pixels from its upper left corner, lies in the patient. Beyond the first and the last
    /// row it stays on them.
    pub fn to_patient(&self, [x, y]: [f64; 2]) -> LpsPoint {
        let y = (y - 0.5).clamp(0.0, (self.rows.len() - 1) as f64);
        let (row, next) = (y as usize, (y as usize + 1).min(self.rows.len() - 1));
        let share = y - row as f64;
        let (a, b) = (&self.rows[row], &self.rows[next]);
        let across = a.across.lerp(b.across, share).normalize_or(a.across);
        LpsPoint(a.centre.lerp(b.centre, share) + across * ((x - f64::from(self.width) / 2.0) * self.mm_per_pixel.0))
    }

    /// The row whose place on the line is nearest to a point, as a place of the picture from its top, and how far that is.
    pub fn nearest_row(&self, to: LpsPoint) -> (f64, Mm) {
        let all = self.rows.iter().enumerate().map(|(n, row)| (n, row.centre.distance(to.0)));
        let (row, far) = all.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
        (row as f64 + 0.5, Mm(far))
    }
}

/// Points every `step` mm along a line, from its start; the rest of it, less than a step, is left out.
fn spaced(path: &[LpsPoint], step: f64, count: usize) -> Vec<DVec3> {
    let mut points = Vec::with_capacity(count);
    let (mut piece, mut before) = (0, 0.0);
    for n in 0..count {
        let wanted = n as f64 * step;
        while piece + 2 < path.len() && before + path[piece].distance(path[piece + 1]).0 < wanted {
            before += path[piece].distance(path[piece + 1]).0;
            piece += 1;
        }
        let (Some(from), Some(to)) = (path.get(piece), path.get(piece + 1)) else { break };
        let long = from.distance(*to).0;
        let share = if long > 0.0 { ((wanted - before) / long).min(1.0) } else { 0.0 };
        points.push(from.0.lerp(to.0, share));
    }
    points
}

/// The picture, interpolated, in the grey of a window. What lies outside the volume is transparent and black.
///
/// # Errors
/// When cancelled, or when the window or the size cannot give an image.
pub fn render_curved(
    volume: &Volume,
    slice: &CurvedSlice,
    window: Window,
    progress: &Progress,
) -> Result<Image, RenderError> {
    if !(window.width > 0.0 && window.width.is_finite() && window.centre.is_finite()) {
        let (name, range) = ("the width of the window", "positive and finite");
        return Err(RenderError::Setting { name, value: window.width, range });
    }
    let [width, _] = slice.size();
    let dims = volume.grid().dims();
    let to_voxel = volume.grid().patient_to_voxel();
    let mut image = Image::filled(slice.size(), Rgb(0, 0, 0))?;
    image.rgba.par_chunks_mut(width as usize * 4).zip(&slice.rows).try_for_each(|(pixels, row)| {
        progress.check()?;
        let step = to_voxel.transform_vector3(row.across * slice.mm_per_pixel.0);
        let first = to_voxel.transform_point3(row.centre) - step * (f64::from(width) / 2.0 - 0.5);
        with_samples!(volume.samples().view(), |data| {
            let sampler = Sampler::new(data, dims);
            for (x, pixel) in pixels.chunks_exact_mut(4).enumerate() {
                let at = first + step * x as f64;
                let value = f64::from(sampler.value(at.as_vec3().to_array()));
                if !inside(at, dims) || value.is_nan() {
                    pixel[3] = 0;
                    continue;
                }
                pixel[..3].fill((window.grey(value) * 255.0).round() as u8);
            }
        });
        Ok::<(), RenderError>(())
    })?;
    Ok(image)
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::Grid;
    use fabrica_volume::{Samples, ValueUnit};

    use super::*;

    /// The radius of the bend and of the vessel in it, mm.
    const BEND: f64 = 30.0;
    const VESSEL: f64 = 5.0;
    const WINDOW: Window = Window { centre: 100.0, width: 200.0 };

    /// A quarter of a ring about the origin in the plane z = 0, on a turned and uneven grid: 200 inside, 0 outside, the
    /// border softened over a voxel as a scanner does.
    fn ring() -> Volume {
        let grid = Grid::axis_aligned([64, 64, 24], LpsPoint::new(-8.0, -8.0, -11.0), [0.8, 0.8, 1.0]).unwrap();
        let values = (0..grid.len()).map(|n| {
            let voxel = DVec3::from_array(grid.position(n).map(|c| c as f64));
            let at = grid.to_patient(fabrica_geometry::VoxelPoint(voxel)).0;
            let off = (at.truncate().length() - BEND).hypot(at.z);
            ((VESSEL - off) / 0.8 + 0.5).clamp(0.0, 1.0) as f32 * 200.0
        });
        let samples = Samples::F32(values.collect());
        Volume::new(grid, samples, ValueUnit::Hounsfield).unwrap()
    }

    /// From the x axis to the y axis.
    fn quarter() -> Vec<LpsPoint> {
        (0..=90)
            .map(|n| {
                let (sine, cosine) = f64::from(n).to_radians().sin_cos();
                LpsPoint::new(BEND * cosine, BEND * sine, 0.0)
            })
            .collect()
    }

    #[test]
    fn a_bent_vessel_is_as_long_and_as_wide_as_it_is() {
        let step = 0.4;
        for right in [LpsVector::new(0.0, 0.0, 1.0), LpsVector::new(1.0, 0.0, 0.3)] {
            let slice = CurvedSlice::along(&quarter(), right, Mm(20.0), Mm(step)).unwrap();
            let image = render_curved(&ring(), &slice, WINDOW, &Progress::new()).unwrap();
            let [width, height] = image.size();
            // A quarter of a circle of 30 mm is 47.1 mm long.
            let length = BEND * std::f64::consts::FRAC_PI_2;
            assert!((f64::from(height - 1) * step - length).abs() <= step, "{height} rows");
            for y in 0..height {
                let grey = |x: u32| f64::from(image.pixel(x, y).unwrap()[0]) / 255.0;
                let across: f64 = (0..width).map(grey).sum::<f64>() * step;
                assert!((across - 2.0 * VESSEL).abs() < 0.3 * 0.8, "row {y}: {across} mm");
                // In the middle of the picture: as bright to the left of it as to the right.
                let side: f64 = (0..width / 2).map(|x| grey(x) - grey(width - 1 - x)).sum::<f64>() * step;
                assert!(side.abs() < 0.4, "row {y}: off by {side} mm");
            }
        }
    }

    #[test]
    fn places_go_to_the_patient_and_back() {
        let slice = CurvedSlice::along(&quarter(), LpsVector::new(0.0, 0.0, 1.0), Mm(20.0), Mm(0.5)).unwrap();
        // Half of the way, 3 mm to the right of the line.
        let half = BEND * std::f64::consts::FRAC_PI_4;
        let at = slice.to_patient([20.0 + 6.0, half / 0.5 + 0.5]);
        let slant = BEND * std::f64::consts::FRAC_1_SQRT_2;
        assert!(at.distance(LpsPoint::new(slant, slant, 3.0)).0 < 0.02, "{at:?}");
        let (row, far) = slice.nearest_row(at);
        assert!((row - half / 0.5 - 0.5).abs() <= 1.0 && (far.0 - 3.0).abs() < 0.05, "{row} {far}");
        // Beyond its end it stays at its end.
        assert!(slice.to_patient([20.0, 1e9]).distance(LpsPoint::new(0.0, BEND, 0.0)).0 < 0.5);
    }

    #[test]
    fn what_is_no_line_is_refused() {
        let right = LpsVector::new(0.0, 0.0, 1.0);
        let along = |path: &[LpsPoint], right| CurvedSlice::along(path, right, Mm(20.0), Mm(0.5)).map(|_| ());
        assert_eq!(along(&[], right), Err(RenderError::Line));
        assert_eq!(along(&[LpsPoint::default(); 2], right), Err(RenderError::Line));
        assert_eq!(along(&quarter(), LpsVector::new(0.0, 1.0, 0.0)), Err(RenderError::Line), "it runs that way");
        assert_eq!(along(&quarter(), LpsVector::new(f64::NAN, 1.0, 0.0)), Err(RenderError::Line));
        let far = [LpsPoint::default(), LpsPoint::new(1e9, 0.0, 0.0)];
        assert!(matches!(along(&far, right), Err(RenderError::Size(..))));
    }
}
