//! Decodes the pixel data of DICOM frames in every transfer syntax that scanners use.
//!
//! One call decodes one frame; the caller runs frames in parallel. Nothing here reads files: the caller hands over the
//! attributes of the Image Pixel module as a [`FrameLayout`], the [`Codec`] that the transfer syntax asks for, and the
//! bytes of the frame, and gets *stored values* (PS3.3 C.7.6.3.1.4: before rescale) row by row from the top, columns from
//! the left. Bits that are not part of the value (overlays in unused high bits) are removed and signed values are
//! sign-extended.
//!
//! * Native pixel data: [`native_frame`] cuts out a frame.
//! * Encapsulated pixel data: [`frame_fragments`] tells which fragments make up each frame, [`join_fragments`] joins them.
//! * [`decode_frame`] writes stored values, [`decode_frame_with`] applies a function (such as the rescale) in the same pass.
//!
//! JPEG 2000 is decoded by `hayro-jpeg2000` and JPEG XL through `dicom-pixeldata`, both pure Rust, behind checks of our
//! own; the other decoders are ours. High-Throughput JPEG 2000 is refused by name.
//!
//! Codestreams are not trusted: their size, precision and components must agree with the layout before anything is
//! decoded, and memory is bounded by the layout and by the bytes given.
//!
//! ```
//! use fabrica_dicom_pixels::{Codec, FrameLayout, codec_for, decode_frame, decode_frame_with};
//! # fn main() -> Result<(), fabrica_dicom_pixels::PixelError> {
//! let codec = codec_for("1.2.840.10008.1.2.1")?; // Explicit VR Little Endian
//! let layout = FrameLayout { rows: 1, columns: 3, samples_per_pixel: 1, bits_allocated: 16, bits_stored: 12, high_bit: 11, signed: true };
//! let bytes = [0x00, 0x00, 0xFF, 0x0F, 0x28, 0xF0]; // the last one has overlay bits in its high nibble
//! let mut stored = [0i16; 3];
//! decode_frame(codec, &layout, &bytes, &mut stored)?;
//! assert_eq!(stored, [0, -1, 40]);
//! let mut hounsfield = [0f32; 3];
//! decode_frame_with(codec, &layout, &bytes, &mut hounsfield, |v| v as f32 * 2.0 - 1024.0)?;
//! assert_eq!(hounsfield, [-1024.0, -1026.0, -944.0]);
//! # Ok(())
//! # }
//! ```

mod codec;
mod decode;
mod deflated;
mod error;
mod fragments;
mod jpeg;
mod jpeg2000;
mod jpeg_ls;
mod jpeg_xl;
mod layout;
mod native;
mod rle;
mod rows;

pub use codec::{Codec, codec_for};
pub use decode::{StoredValue, decode_frame, decode_frame_with};
pub use deflated::inflate_frame;
pub use error::PixelError;
pub use fragments::{OffsetTables, frame_fragments, join_fragments};
pub use layout::{FrameLayout, StoredType};
pub use native::native_frame;
