//! JPEG XL (ISO/IEC 18181): the checks around the decoder that `dicom-pixeldata` brings.
//!
//! That one works on DICOM objects, so that the frame becomes the only frame of an object in memory. It believes what the
//! codestream says of its size, takes what is there of one that is cut short, and stretches samples to the full range of
//! 8 or 16 bits. So the headers are read first, with bounded memory; and the stretching is undone, which is exact.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dicom_core::value::{PixelFragmentSequence, Value};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileDicomObject, FileMetaTableBuilder, InMemDicomObject};
use dicom_pixeldata::PixelDecoder;
use jxl_oxide::frame::Encoding;
use jxl_oxide::image::BitDepth;
use jxl_oxide::{AllocTracker, JxlImage};

use crate::rows::{RowSink, Samples};
use crate::{FrameLayout, PixelError};

const CODEC: &str = "JPEG XL";
/// A codestream may build its image from parts that are kept aside; encoders use a few.
const MOST_PARTS: usize = 16;
/// Room for a codestream's tables, beyond what its pixels need.
const TABLES: usize = 64 << 20;

/// What the headers say of the image.
struct Stream {
    precision: u16,
    lossy: bool,
}

/// Decodes a frame of which the layout has been checked.
pub(crate) fn decode(layout: &FrameLayout, bytes: &[u8], sink: &mut dyn RowSink) -> Result<(), PixelError> {
    // Eight bits a sample come as bytes, all others as words.
    let wide = layout.bits_allocated > 8;
    let stream = guarded(|| read_headers(layout, bytes))?;
    if !wide && stream.precision > 8 {
        let why = format!("more than the {} Bits Allocated", layout.bits_allocated);
        return Err(PixelError::Precision { codec: CODEC, precision: stream.precision, why });
    }
    sink.start(Samples { codec: CODEC, precision: stream.precision, signed: false, lossy: stream.lossy })?;
    let decoded = guarded(|| decode_object(layout, wide, bytes))?;
    let (whole, most) = if wide { (2, u32::from(u16::MAX)) } else { (1, u32::from(u8::MAX)) };
    if decoded.len() != layout.pixels().saturating_mul(whole) {
        return Err(PixelError::corrupt(CODEC, format!("it holds {} bytes of samples", decoded.len())));
    }
    let top = (1u32 << stream.precision) - 1;
    // Neighbouring samples lie `most / top` apart, at least one, so that rounding finds the one that was meant.
    let original = |stretched: u32| if top == most { stretched } else { (stretched * top + most / 2) / most };
    let mut row = vec![0u32; layout.columns];
    for samples in decoded.chunks_exact(layout.columns * whole) {
        if wide {
            let words = samples.as_chunks().0.iter().map(|w| u16::from_ne_bytes(*w));
            row.iter_mut().zip(words).for_each(|(r, w)| *r = original(w.into()));
        } else {
            row.iter_mut().zip(samples).for_each(|(r, s)| *r = original((*s).into()));
        }
        sink.row32(&row)?;
    }
    Ok(())
}

/// Runs the library's code: what makes it panic is damage to the codestream.
fn guarded<T>(run: impl FnOnce() -> Result<T, PixelError>) -> Result<T, PixelError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(PixelError::corrupt(CODEC, "its decoder gave up on it")))
}

/// Reads all headers and checks that the image is whole and what the layout says.
fn read_headers(layout: &FrameLayout, bytes: &[u8]) -> Result<Stream, PixelError> {
    let damaged = |error: Box<dyn std::error::Error + Send + Sync>| PixelError::corrupt(CODEC, error.to_string());
    let room = layout.pixels().saturating_mul(32).saturating_add(TABLES);
    let image = JxlImage::builder().alloc_tracker(AllocTracker::with_limit(room)).read(bytes).map_err(damaged)?;
    let header = image.image_header();
    let (rows, columns) = (header.size.height as usize, header.size.width as usize);
    if (rows, columns) != (layout.rows, layout.columns) {
        let (stream_rows, stream_columns) = (rows, columns);
        return Err(PixelError::Size {
            codec: CODEC,
            rows: layout.rows,
            columns: layout.columns,
            stream_rows,
            stream_columns,
        });
    }
    let about = &header.metadata;
    if !about.grayscale() {
        return Err(PixelError::Colour { samples: 3 });
    }
    if !about.ec_info.is_empty() {
        return Err(PixelError::Colour { samples: 1 + about.ec_info.len() });
    }
    if about.orientation != 1 || about.preview.is_some() || about.animation.is_some() {
        return Err(PixelError::unsupported(CODEC, "a turned, animated or previewed image"));
    }
    let precision = match about.bit_depth {
        BitDepth::IntegerSample { bits_per_sample: bits @ 1..=16 } => bits as u16,
        other => return Err(PixelError::unsupported(CODEC, format!("samples of {} bits", other.bits_per_sample()))),
    };
    if !image.is_loading_done() || image.num_loaded_keyframes() == 0 {
        return Err(PixelError::truncated(CODEC, "within the image"));
    }
    let parts = image.num_loaded_frames();
    if image.num_loaded_keyframes() > 1 || parts > MOST_PARTS {
        return Err(PixelError::unsupported(CODEC, format!("an image of {parts} parts")));
    }
    let mut lossy = about.xyb_encoded;
    for part in (0..parts).filter_map(|part| image.frame(part)) {
        let part = part.header();
        if part.width as usize > columns || part.height as usize > rows {
            return Err(PixelError::corrupt(CODEC, "a part of the image is larger than the image"));
        }
        lossy |= part.encoding == Encoding::VarDct;
    }
    Ok(Stream { precision, lossy })
}

/// Decodes the frame as the only one of a DICOM object.
fn decode_object(layout: &FrameLayout, wide: bool, bytes: &[u8]) -> Result<Vec<u8>, PixelError> {
    let damaged = |error: &dyn std::error::Error| PixelError::corrupt(CODEC, error_chain(error));
    let bits = if wide { 16u16 } else { 8 };
    let number = |tag: Tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
    let fragments = PixelFragmentSequence::new_fragments(vec![bytes.to_vec()]);
    let data = InMemDicomObject::from_element_iter([
        number(tags::SAMPLES_PER_PIXEL, 1),
        DataElement::new(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, PrimitiveValue::from("MONOCHROME2")),
        number(tags::ROWS, layout.rows as u16),
        number(tags::COLUMNS, layout.columns as u16),
        number(tags::BITS_ALLOCATED, bits),
        number(tags::BITS_STORED, bits),
        number(tags::HIGH_BIT, bits - 1),
        number(tags::PIXEL_REPRESENTATION, 0),
        DataElement::new(tags::PIXEL_DATA, VR::OB, Value::PixelSequence(fragments)),
    ]);
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(uids::JPEGXL)
        .media_storage_sop_class_uid(uids::SECONDARY_CAPTURE_IMAGE_STORAGE)
        .media_storage_sop_instance_uid("2.25.1")
        .build()
        .map_err(|e| damaged(&e))?;
    let object: FileDicomObject<InMemDicomObject> = data.with_exact_meta(meta);
    let decoded = object.decode_pixel_data_frame(0).map_err(|e| damaged(&e))?;
    Ok(decoded.into_data())
}

/// An error with its causes.
fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
