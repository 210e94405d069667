//! Pictures on disk, each written whole or not at all.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::refusal::{Answer, Refusal};
use crate::vulkan::Pixels;

/// A picture as it is saved.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Image {
    width: u32,
    height: u32,
    pixels: Pixels,
}

pub(crate) fn failed(path: &Path, error: &dyn std::fmt::Display) -> Refusal {
    Refusal::failure(format!("cannot write {}: {error}", path.display()))
}

/// Writes a file under another name and then renames it.
fn write_whole(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Answer<()> {
    let partial = path.with_extension("partial");
    let written = (|| {
        let mut file = BufWriter::new(File::create(&partial)?);
        write(&mut file)?;
        file.into_inner()?.sync_data()?;
        std::fs::rename(&partial, path)
    })();
    written.map_err(|error: std::io::Error| failed(path, &error))
}

pub(crate) fn save_text(path: &Path, text: &str) -> Answer<()> {
    write_whole(path, |file| file.write_all(text.as_bytes()))
}

impl Image {
    pub(crate) fn new(width: u32, height: u32, pixels: Pixels) -> Self {
        Self { width, height, pixels }
    }

    /// The pixel at a place from 0 to 1, from the upper left corner; `None` for depth.
    pub(crate) fn at(&self, u: f64, v: f64) -> Option<[u8; 4]> {
        let Pixels::Rgba(pixels) = &self.pixels else { return None };
        let nearest = |place: f64, size: u32| ((place * f64::from(size)) as usize).min(size.saturating_sub(1) as usize);
        pixels.get(nearest(v, self.height) * self.width as usize + nearest(u, self.width)).copied()
    }

    /// Two pictures of one height side by side.
    pub(crate) fn beside(&self, right: &Self) -> Option<Self> {
        let (Pixels::Rgba(a), Pixels::Rgba(b)) = (&self.pixels, &right.pixels) else { return None };
        if self.height != right.height || self.width == 0 || right.width == 0 {
            return None;
        }
        let rows = a.chunks(self.width as usize).zip(b.chunks(right.width as usize));
        let both = rows.flat_map(|(a, b)| a.iter().chain(b)).copied().collect();
        Some(Self::new(self.width + right.width, self.height, Pixels::Rgba(both)))
    }

    /// As PNG: RGBA of 8 bits in sRGB, or depth as grey of 16 bits (65535 is 1).
    pub(crate) fn save(&self, path: &Path) -> Answer<()> {
        write_whole(path, |file| {
            let mut encoder = png::Encoder::new(file, self.width, self.height);
            let bytes: Vec<u8> = match &self.pixels {
                Pixels::Rgba(pixels) => {
                    encoder.set_color(png::ColorType::Rgba);
                    encoder.set_depth(png::BitDepth::Eight);
                    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
                    pixels.as_flattened().to_vec()
                }
                Pixels::Depth(values) => {
                    encoder.set_color(png::ColorType::Grayscale);
                    encoder.set_depth(png::BitDepth::Sixteen);
                    let grey = |value: &f32| ((value.clamp(0.0, 1.0) * 65535.0).round() as u16).to_be_bytes();
                    values.iter().flat_map(grey).collect()
                }
            };
            encoder.set_compression(png::Compression::Fast);
            let mut writer = encoder.write_header()?;
            writer.write_image_data(&bytes)?;
            writer.finish()?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn side_by_side() {
        let image = |colour: u8| Image::new(1, 2, Pixels::Rgba(vec![[colour; 4], [colour + 1; 4]]));
        let both = image(10).beside(&image(20)).unwrap();
        assert_eq!(both, Image::new(2, 2, Pixels::Rgba(vec![[10; 4], [20; 4], [11; 4], [21; 4]])));
        assert!(image(1).beside(&Image::new(1, 1, Pixels::Rgba(vec![[0; 4]]))).is_none());
    }
}
