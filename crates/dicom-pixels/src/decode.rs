//! One frame from bytes to values.

use crate::{Codec, FrameLayout, PixelError};

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
    if out.len() != layout.pixels() {
        return Err(PixelError::OutputLength { expected: layout.pixels(), found: out.len() });
    }
    let (drop_high, drop_all) = (31 - u32::from(layout.high_bit), 32 - u32::from(layout.bits_stored));
    let value = |raw: u32| -> i32 {
        let top = raw << drop_high;
        if layout.signed { (top as i32) >> drop_all } else { (top >> drop_all) as i32 }
    };
    match codec {
        Codec::NativeLittleEndian | Codec::EncapsulatedUncompressed => {
            let bytes = crate::native_frame(layout, bytes, 0)?;
            match layout.bits_allocated {
                8 => out.iter_mut().zip(bytes).for_each(|(o, &b)| *o = map(value(b.into()))),
                16 => {
                    for (o, b) in out.iter_mut().zip(bytes.as_chunks().0) {
                        *o = map(value(u16::from_le_bytes(*b).into()));
                    }
                }
                _ => {
                    for (o, b) in out.iter_mut().zip(bytes.as_chunks().0) {
                        *o = map(value(u32::from_le_bytes(*b)));
                    }
                }
            }
            Ok(())
        }
        _ => Err(PixelError::unsupported("compressed", "a codec that is being written")),
    }
}
