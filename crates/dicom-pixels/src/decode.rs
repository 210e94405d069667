//! One frame from bytes to values.

use crate::rows::Output;
use crate::{Codec, FrameLayout, PixelError, deflated, jpeg, jpeg_ls, jpeg_xl, jpeg2000, native, rle};

/// An integer type that stored values can have: `u8`, `i16`, `u16`, `i32`, `u32`.
pub trait StoredValue: Copy + Send + 'static {
    /// The type's name in Rust, for messages.
    const NAME: &'static str;
    /// The lowest and the highest value.
    const RANGE: (i64, i64);
    /// From a stored value of which is known that it fits; 32-bit unsigned ones come as their bit pattern.
    fn from_stored(value: i32) -> Self;
}

macro_rules! stored_value {
    ($($t:ty),*) => {$(
        impl StoredValue for $t {
            const NAME: &'static str = stringify!($t);
            const RANGE: (i64, i64) = (<$t>::MIN as i64, <$t>::MAX as i64);
            #[inline(always)]
            fn from_stored(value: i32) -> Self {
                value as $t
            }
        }
    )*};
}
stored_value!(u8, i16, u16, i32, u32);

/// Decodes one frame into its stored values, one an element, rows from the top.
///
/// `bytes` are those of the frame alone; what follows the frame (padding) is ignored.
/// After an error, what is in `out` means nothing.
///
/// # Errors
/// [`PixelError::OutputType`] when not every value that the layout allows fits `T` (see [`FrameLayout::stored_type`]),
/// and all that can be wrong with attributes and data.
pub fn decode_frame<T: StoredValue>(
    codec: Codec,
    layout: &FrameLayout,
    bytes: &[u8],
    out: &mut [T],
) -> Result<(), PixelError> {
    layout.check()?;
    let (low, high) = layout.value_range();
    if low < T::RANGE.0 || high > T::RANGE.1 {
        return Err(PixelError::OutputType { bits_stored: layout.bits_stored, signed: layout.signed, output: T::NAME });
    }
    decode_mapped(codec, layout, bytes, out, T::from_stored)
}

/// Decodes one frame and puts each stored value through `map` (such as the rescale) in the same pass.
///
/// # Errors
/// As [`decode_frame`]; [`PixelError::OutputType`] for unsigned values of 32 bits, which `i32` cannot hold.
pub fn decode_frame_with<T>(
    codec: Codec,
    layout: &FrameLayout,
    bytes: &[u8],
    out: &mut [T],
    map: impl Fn(i32) -> T,
) -> Result<(), PixelError> {
    layout.check()?;
    if layout.value_range().1 > i64::from(i32::MAX) {
        return Err(PixelError::OutputType { bits_stored: layout.bits_stored, signed: layout.signed, output: "i32" });
    }
    decode_mapped(codec, layout, bytes, out, map)
}

fn decode_mapped<T>(
    codec: Codec,
    layout: &FrameLayout,
    bytes: &[u8],
    out: &mut [T],
    map: impl Fn(i32) -> T,
) -> Result<(), PixelError> {
    let pixels = layout.pixels();
    if out.len() != pixels {
        return Err(PixelError::OutputLength { expected: pixels, found: out.len() });
    }
    match codec {
        Codec::NativeLittleEndian | Codec::EncapsulatedUncompressed => native::decode_little(layout, bytes, out, map),
        Codec::NativeBigEndian => native::decode_big(layout, bytes, out, map),
        _ => {
            if pixels > codec.max_pixels(layout, bytes.len()) {
                let what = format!("{}×{} pixels in {} bytes", layout.rows, layout.columns, bytes.len());
                return Err(PixelError::corrupt("compressed", format!("it claims {what}, more than they can hold")));
            }
            if codec == Codec::DeflatedFrame {
                return native::decode_little(
                    layout,
                    &deflated::inflate_frame(bytes, layout.native_bytes())?,
                    out,
                    map,
                );
            }
            let mut sink = Output::new(layout, out, map);
            match codec {
                Codec::Rle => rle::decode(layout, bytes, &mut sink)?,
                Codec::Jpeg => jpeg::decode(layout, bytes, &mut sink)?,
                Codec::JpegLs => jpeg_ls::decode(layout, bytes, &mut sink)?,
                Codec::JpegXl => jpeg_xl::decode(layout, bytes, &mut sink)?,
                _ => jpeg2000::decode(layout, bytes, &mut sink)?,
            }
            sink.finish("compressed")
        }
    }
}
