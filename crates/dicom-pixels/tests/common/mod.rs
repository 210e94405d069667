//! Reads DICOM files for the tests and examples.
#![allow(dead_code, clippy::panic, clippy::print_stderr, reason = "each user uses some; tests may panic and print")]

use std::path::{Path, PathBuf};

use dicom_object::{DefaultDicomObject, OpenFileOptions, Tag};
use fabrica_dicom_pixels::*;

/// A path in the test data (seen from the package's folder, where cargo runs tests), or none (said loudly) where it is absent.
pub fn data(path: &str) -> Option<PathBuf> {
    let path = Path::new("../../../shared/data").join(path);
    if !path.exists() {
        eprintln!("SKIPPED: {} needs ../shared/data", path.display());
        return None;
    }
    Some(path)
}

/// The frames of a file, as they lie there.
pub struct Frames {
    pub codec: Codec,
    pub layout: FrameLayout,
    pub frames: Vec<Vec<u8>>,
}

impl Frames {
    /// The stored values of all frames.
    pub fn decode_all(&self) -> Result<Vec<i32>, PixelError> {
        let mut values = vec![0; self.layout.pixels() * self.frames.len()];
        for (frame, out) in self.frames.iter().zip(values.chunks_mut(self.layout.pixels())) {
            decode_frame(self.codec, &self.layout, frame, out)?;
        }
        Ok(values)
    }
}

pub fn read(path: &Path) -> Frames {
    try_read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub fn try_read(path: &Path) -> Result<Frames, Box<dyn std::error::Error>> {
    let object: DefaultDicomObject = OpenFileOptions::new().open_file(path)?;
    let layout = layout(&object)?;
    let count = object.get(Tag(0x28, 8)).map_or(Ok(1), |e| e.to_int::<usize>())?;
    let mut codec = codec_for(object.meta().transfer_syntax())?;
    if codec == Codec::NativeBigEndian {
        codec = Codec::NativeLittleEndian; // dicom-object has swapped the words
    }
    let pixels = object.element(Tag(0x7FE0, 0x10))?;
    let frames = if codec.is_encapsulated() {
        let fragments = pixels.fragments().ok_or("no fragments")?;
        let tables = OffsetTables { basic: pixels.value().offset_table().unwrap_or(&[]), extended: &[] };
        let ranges = frame_fragments(codec, count, fragments, tables)?;
        ranges.into_iter().map(|range| join_fragments(&fragments[range]).into_owned()).collect()
    } else {
        let bytes = pixels.to_bytes()?;
        let frame = |f: usize| native_frame(&layout, &bytes, f).map_or_else(|_| bytes.to_vec(), <[u8]>::to_vec);
        (0..count).map(frame).collect()
    };
    Ok(Frames { codec, layout, frames })
}

/// The attributes of the Image Pixel module.
pub fn layout(object: &DefaultDicomObject) -> Result<FrameLayout, Box<dyn std::error::Error>> {
    let number = |tag: (u16, u16)| -> Result<u16, Box<dyn std::error::Error>> {
        Ok(object.element(Tag(tag.0, tag.1))?.to_int::<u16>()?)
    };
    Ok(FrameLayout {
        rows: number((0x28, 0x10))?.into(),
        columns: number((0x28, 0x11))?.into(),
        samples_per_pixel: number((0x28, 2))?,
        bits_allocated: number((0x28, 0x100))?,
        bits_stored: number((0x28, 0x101))?,
        high_bit: number((0x28, 0x102))?,
        signed: number((0x28, 0x103))? == 1,
    })
}
