//! Finished pictures.

use std::io::Write;

use fabrica_volume::Rgb;

use crate::RenderError;

/// The longest side of a picture, in pixels.
pub(crate) const MAX_SIDE: u32 = 16_384;

/// A picture: sRGB with straight alpha, 8 bit a channel, rows from top to bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green, blue, alpha of each pixel.
    pub rgba: Vec<u8>,
}

/// Why a picture cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The PNG encoder or the file system refuses.
    #[error("the picture cannot be written as PNG: {0}")]
    Png(#[from] png::EncodingError),
}

impl Image {
    /// A picture of one colour.
    ///
    /// # Errors
    /// [`RenderError::Size`] when a side is 0 or over 16,384.
    pub fn filled([width, height]: [u32; 2], colour: Rgb) -> Result<Self, RenderError> {
        check_size([width, height])?;
        let pixel = [colour.0, colour.1, colour.2, 255];
        Ok(Self { width, height, rgba: pixel.repeat(width as usize * height as usize) })
    }

    /// Width and height.
    pub fn size(&self) -> [u32; 2] {
        [self.width, self.height]
    }

    /// The pixel at column `x`, row `y`, or nothing outside.
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 4]> {
        let at = (y as usize * self.width as usize + x as usize) * 4;
        (x < self.width).then(|| self.rgba.get(at..at + 4)?.try_into().ok()).flatten()
    }

    /// Writes the picture as PNG, with these (keyword, text) pairs as metadata: what it shows, with which preset,
    /// camera and case, whether the data is synthetic. Keywords are cut to 79 Latin-1 characters by the PNG standard.
    ///
    /// # Errors
    /// When writing fails or a keyword is not allowed in PNG.
    pub fn write_png(&self, to: impl Write, metadata: &[(&str, &str)]) -> Result<(), ImageError> {
        let mut encoder = png::Encoder::new(to, self.width, self.height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_source_srgb(png::SrgbRenderingIntent::RelativeColorimetric);
        for (keyword, text) in metadata {
            // tEXt holds Latin-1 only; anything else goes into iTXt, which is UTF-8.
            if text.is_ascii() {
                encoder.add_text_chunk((*keyword).to_owned(), (*text).to_owned())?;
            } else {
                encoder.add_itxt_chunk((*keyword).to_owned(), (*text).to_owned())?;
            }
        }
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgba)?;
        writer.finish()?;
        Ok(())
    }

    /// How alike two pictures are: the peak signal-to-noise ratio of red, green and blue in decibels, infinite for
    /// equal pictures; nothing when the sizes differ.
    pub fn psnr(&self, other: &Image) -> Option<f64> {
        if self.size() != other.size() || self.rgba.len() != other.rgba.len() {
            return None;
        }
        let sum: f64 = self
            .rgba
            .chunks_exact(4)
            .zip(other.rgba.chunks_exact(4))
            .flat_map(|(a, b)| a[..3].iter().zip(&b[..3]))
            .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
            .sum();
        let mean = sum / (self.rgba.len() as f64 * 0.75);
        Some(10.0 * (255.0 * 255.0 / mean).log10())
    }
}

/// Refuses pictures without pixels and ones that no machine should try.
pub(crate) fn check_size([width, height]: [u32; 2]) -> Result<(), RenderError> {
    let good = 1..=MAX_SIDE;
    if good.contains(&width) && good.contains(&height) { Ok(()) } else { Err(RenderError::Size(width, height)) }
}

/// An sRGB byte as linear light, 0 to 1 (IEC 61966-2-1).
pub fn srgb_to_linear(byte: u8) -> f32 {
    srgb_to_linear_f32(f32::from(byte) / 255.0)
}

/// Display grey, 0 to 1, as linear light.
pub(crate) fn srgb_to_linear_f32(s: f32) -> f32 {
    if s <= 0.040_45 { s / 12.92 } else { ((s + 0.055) / 1.055).powf(2.4) }
}

/// Linear light as an sRGB byte; values outside 0 to 1 are clamped.
pub fn linear_to_srgb(light: f32) -> u8 {
    let l = light.clamp(0.0, 1.0);
    let s = if l <= 0.003_130_8 { l * 12.92 } else { 1.055 * l.powf(1.0 / 2.4) - 0.055 };
    (s * 255.0).round() as u8
}

/// A colour in linear light.
pub(crate) fn linear(colour: Rgb) -> [f32; 3] {
    [colour.0, colour.1, colour.2].map(srgb_to_linear)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn srgb_bytes_survive_a_round_trip() {
        for byte in 0..=255 {
            assert_eq!(linear_to_srgb(srgb_to_linear(byte)), byte);
        }
    }

    #[test]
    fn psnr_is_what_one_computes_by_hand() {
        let black = Image::filled([2, 2], Rgb(0, 0, 0)).unwrap();
        let mut other = black.clone();
        assert_eq!(black.psnr(&other), Some(f64::INFINITY));
        other.rgba[0] = 255; // one of twelve values at full error: 10 log10(12)
        assert!((black.psnr(&other).unwrap() - 10.0 * 12f64.log10()).abs() < 1e-9);
    }

    #[test]
    fn png_keeps_pixels_and_metadata() {
        let mut image = Image::filled([3, 2], Rgb(1, 2, 3)).unwrap();
        image.rgba[5] = 77;
        let mut bytes = Vec::new();
        image.write_png(&mut bytes, &[("Preset", "ct-bone"), ("Patient", "Jürgen")]).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut back = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut back).unwrap();
        assert_eq!(back, image.rgba);
        let info = reader.info();
        assert_eq!(info.uncompressed_latin1_text[0].text, "ct-bone");
        assert_eq!(info.utf8_text[0].get_text().unwrap(), "Jürgen");
    }

    #[test]
    fn sizes_are_bounded() {
        assert!(Image::filled([0, 5], Rgb(0, 0, 0)).is_err());
        assert!(Image::filled([u32::MAX, u32::MAX], Rgb(0, 0, 0)).is_err());
    }
}
