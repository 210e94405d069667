//! What the tracer has gathered so far.

use fabrica_raycast::RenderError;

use crate::CinematicError;

/// Sums over a pixel's samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct FilmPixel {
    /// Light, linear red, green, blue.
    pub radiance: [f32; 3],
    /// Samples that met the volume.
    pub covered: f32,
    /// Colour of the matter that was met first, linear.
    pub albedo: [f32; 3],
    /// Distance to it, mm.
    pub depth: f32,
    /// Unit normal of its surface in patient coordinates; 0 where there is none.
    pub normal: [f32; 3],
    /// Square of the light's brightness (mean of red, green and blue), from which the noise is known.
    pub square: f32,
    /// Samples.
    pub samples: u32,
}

/// A picture in the making: sums that more samples are added to.
#[derive(Clone, Debug, PartialEq)]
pub struct Film {
    size: [u32; 2],
    pub(crate) pixels: Vec<FilmPixel>,
}

impl Film {
    /// A film that has seen nothing.
    ///
    /// # Errors
    /// When a side is 0 or over 16,384.
    pub fn new(size: [u32; 2]) -> Result<Self, CinematicError> {
        check_size(size)?;
        Ok(Self { size, pixels: vec![FilmPixel::default(); size[0] as usize * size[1] as usize] })
    }

    /// A film from the sums of another renderer, rows from top to bottom.
    ///
    /// # Errors
    /// When the size is out of range or not that of the pixels.
    pub fn from_pixels(size: [u32; 2], pixels: Vec<FilmPixel>) -> Result<Self, CinematicError> {
        let mut film = Self::new(size)?;
        if film.pixels.len() != pixels.len() {
            return Err(CinematicError::Film { film: [pixels.len() as u32, 1], scene: size });
        }
        film.pixels = pixels;
        Ok(film)
    }

    /// Width and height.
    pub fn size(&self) -> [u32; 2] {
        self.size
    }

    /// The sums, rows from top to bottom.
    pub fn pixels(&self) -> &[FilmPixel] {
        &self.pixels
    }

    /// The least number of samples that any pixel has.
    pub fn samples(&self) -> u32 {
        self.pixels.iter().map(|p| p.samples).min().unwrap_or(0)
    }

    /// The mean light of each pixel, linear red, green, blue, and the share of it that the volume covers.
    pub fn means(&self) -> Vec<[f32; 4]> {
        self.pixels.iter().map(FilmPixel::mean).collect()
    }

    /// How noisy the picture is: the root of the mean estimated variance of pixels' brightness over the root of their
    /// mean square. Nothing while a pixel has fewer than two samples; 0 for a black picture.
    pub fn relative_error(&self) -> Option<f64> {
        let (mut noise, mut light) = (0f64, 0f64);
        for p in &self.pixels {
            if p.samples < 2 {
                return None;
            }
            let n = f64::from(p.samples);
            let mean = f64::from(p.radiance.iter().sum::<f32>()) / 3.0 / n;
            noise += (f64::from(p.square) / n - mean * mean).max(0.0) / (n - 1.0);
            light += mean * mean;
        }
        Some(if light > 0.0 { (noise / light).sqrt() } else { 0.0 })
    }
}

/// Refuses pictures without pixels and ones that no machine should try.
pub(crate) fn check_size(size: [u32; 2]) -> Result<(), CinematicError> {
    let good = 1..=16_384;
    if size.iter().all(|side| good.contains(side)) { Ok(()) } else { Err(RenderError::Size(size[0], size[1]).into()) }
}

impl FilmPixel {
    /// Mean light and coverage.
    pub fn mean(&self) -> [f32; 4] {
        let n = self.samples.max(1) as f32;
        let [r, g, b] = self.radiance;
        [r / n, g / n, b / n, self.covered / n]
    }
}
