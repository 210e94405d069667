//! Samples as files store them, and on the way into [`Samples`].

use bytemuck::Pod;
use fabrica_progress::Progress;
use fabrica_volume::Samples;

use crate::Problem;
use crate::input::Input;

/// Bytes that are read at once; a multiple of every sample size.
const CHUNK_BYTES: usize = 1 << 20;

/// A stored sample type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

impl Stored {
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::I8 => "int8",
            Self::U8 => "uint8",
            Self::I16 => "int16",
            Self::U16 => "uint16",
            Self::I32 => "int32",
            Self::U32 => "uint32",
            Self::I64 => "int64",
            Self::U64 => "uint64",
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }
}

/// How the samples of a file are laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) stored: Stored,
    pub(crate) big_endian: bool,
    /// Real-world value = slope × stored value + intercept.
    pub(crate) slope: f64,
    pub(crate) intercept: f64,
    /// Of this many samples that follow one another ...
    pub(crate) interleaved: usize,
    /// ... the one to take.
    pub(crate) component: usize,
}

impl Layout {
    pub(crate) fn plain(stored: Stored, big_endian: bool) -> Self {
        Self { stored, big_endian, slope: 1.0, intercept: 0.0, interleaved: 1, component: 0 }
    }
}

/// The bytes that a header promises, or an error when no machine could hold them.
pub(crate) fn promised_bytes(samples: &[usize], stored: Stored) -> Result<u64, Problem> {
    samples
        .iter()
        .try_fold(stored.bytes() as u64, |product, &n| product.checked_mul(n as u64))
        .ok_or_else(|| Problem::header("size", format!("{samples:?} is beyond any machine")))
}

/// A number as it lies in a file.
trait Element: Pod {
    fn swapped(self) -> Self;
    fn f64(self) -> f64;
    /// The whole number that it is; floating point has none here.
    fn i64(self) -> Option<i64>;
}

macro_rules! integer_element {
    ($($t:ty),*) => {$(
        impl Element for $t {
            fn swapped(self) -> Self {
                self.swap_bytes()
            }
            #[allow(clippy::cast_lossless, reason = "one macro for narrow and wide types")]
            fn f64(self) -> f64 {
                self as f64
            }
            #[allow(clippy::useless_conversion, reason = "one macro for narrow and wide types")]
            fn i64(self) -> Option<i64> {
                i64::try_from(self).ok()
            }
        }
    )*};
}
integer_element!(i8, u8, i16, u16, i32, u32, i64, u64);

macro_rules! float_element {
    ($($t:ty),*) => {$(
        impl Element for $t {
            fn swapped(self) -> Self {
                Self::from_bits(self.to_bits().swap_bytes())
            }
            fn f64(self) -> f64 {
                f64::from(self)
            }
            fn i64(self) -> Option<i64> {
                whole(f64::from(self))
            }
        }
    )*};
}
float_element!(f32, f64);

/// Calls a generic function for the type in which samples are stored.
macro_rules! typed {
    ($stored:expr, $function:ident($($argument:expr),*)) => {
        match $stored {
            Stored::I8 => $function::<i8>($($argument),*),
            Stored::U8 => $function::<u8>($($argument),*),
            Stored::I16 => $function::<i16>($($argument),*),
            Stored::U16 => $function::<u16>($($argument),*),
            Stored::I32 => $function::<i32>($($argument),*),
            Stored::U32 => $function::<u32>($($argument),*),
            Stored::I64 => $function::<i64>($($argument),*),
            Stored::U64 => $function::<u64>($($argument),*),
            Stored::F32 => $function::<f32>($($argument),*),
            Stored::F64 => $function::<f64>($($argument),*),
        }
    };
}

fn whole(v: f64) -> Option<i64> {
    (v.fract() == 0.0 && v.abs() < 9e15).then_some(v as i64)
}

/// Room for `n` values, or an error instead of an abort.
fn room<T>(n: usize) -> Result<Vec<T>, Problem> {
    let mut values = Vec::new();
    values.try_reserve_exact(n).map_err(|_| Problem::TooLarge((n * size_of::<T>()) as u64))?;
    Ok(values)
}

/// Reads `count` samples (after taking one of each interleaved group) and hands them over in order, chunk by chunk.
fn for_each_chunk<T: Element>(
    input: &mut Input,
    count: usize,
    layout: &Layout,
    progress: &Progress,
    mut take: impl FnMut(&[T]) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let promised = promised_bytes(&[count, layout.interleaved], layout.stored)?;
    input.check_holds(promised)?;
    let mut buffer = vec![0u64; CHUNK_BYTES / 8];
    let buffer: &mut [u8] = bytemuck::cast_slice_mut(&mut buffer);
    let swap = layout.big_endian != cfg!(target_endian = "big");
    let n = layout.interleaved;
    let (mut done, mut first) = (0u64, layout.component);
    while done < promised {
        progress.check()?;
        progress.set(done as f32 / promised as f32);
        let step = (promised - done).min(CHUNK_BYTES as u64) as usize;
        input.fill(&mut buffer[..step], done, promised)?;
        let chunk: &mut [T] = bytemuck::cast_slice_mut(&mut buffer[..step]);
        if swap {
            chunk.iter_mut().for_each(|v| *v = v.swapped());
        }
        if n == 1 {
            take(chunk)?;
        } else {
            let mut picked = 0;
            for at in (first..chunk.len()).step_by(n) {
                chunk[picked] = chunk[at];
                picked += 1;
            }
            take(&chunk[..picked])?;
            // Where the wanted component lies in the next chunk.
            first = (first + n - chunk.len() % n) % n;
        }
        done += step as u64;
    }
    input.verify_end()
}

/// Samples whose type is one of ours, as they are.
fn copied<T: Element>(
    input: &mut Input,
    count: usize,
    layout: &Layout,
    progress: &Progress,
) -> Result<Vec<T>, Problem> {
    let mut values = room(count)?;
    for_each_chunk::<T>(input, count, layout, progress, |chunk| {
        values.extend_from_slice(chunk);
        Ok(())
    })?;
    Ok(values)
}

/// Whole numbers, scaled by whole numbers, in the narrowest type that holds them.
fn integers<T: Element>(
    input: &mut Input,
    count: usize,
    layout: &Layout,
    progress: &Progress,
) -> Result<Samples, Problem> {
    let (slope, intercept) = (layout.slope as i64, layout.intercept as i64);
    let mut values: Vec<i32> = room(count)?;
    for_each_chunk::<T>(input, count, layout, progress, |chunk| {
        for v in chunk {
            let value = v.i64().and_then(|v| i32::try_from(v.checked_mul(slope)?.checked_add(intercept)?).ok());
            values.push(value.ok_or_else(|| {
                Problem::Unsupported(format!("a stored value of {} exceeds 32-bit whole numbers", v.f64()))
            })?);
        }
        Ok(())
    })?;
    let (least, most) = values.iter().fold((i32::MAX, i32::MIN), |(a, b), &v| (a.min(v), b.max(v)));
    Ok(if least >= 0 && most <= i32::from(u8::MAX) {
        Samples::U8(values.iter().map(|&v| v as u8).collect())
    } else if least >= i32::from(i16::MIN) && most <= i32::from(i16::MAX) {
        Samples::I16(values.iter().map(|&v| v as i16).collect())
    } else if least >= 0 && most <= i32::from(u16::MAX) {
        Samples::U16(values.iter().map(|&v| v as u16).collect())
    } else {
        Samples::I32(values)
    })
}

/// Values that need floating point, or 64-bit floating point that may hold nothing but whole numbers.
fn floats<T: Element>(
    input: &mut Input,
    count: usize,
    layout: &Layout,
    progress: &Progress,
    narrow: bool,
) -> Result<(Samples, bool), Problem> {
    let (slope, intercept) = (layout.slope, layout.intercept);
    let (mut least, mut most, mut whole, mut exact) = (f64::INFINITY, f64::NEG_INFINITY, narrow, true);
    let mut values: Vec<f32> = room(count)?;
    for_each_chunk::<T>(input, count, layout, progress, |chunk| {
        for stored in chunk {
            let v = stored.f64() * slope + intercept;
            whole &= v.fract() == 0.0;
            exact &= f64::from(v as f32) == v || v.is_nan();
            least = least.min(v);
            most = most.max(v);
            values.push(v as f32);
        }
        Ok(())
    })?;
    let samples = if whole && least >= f64::from(i16::MIN) && most <= f64::from(i16::MAX) {
        Samples::I16(values.iter().map(|&v| v as i16).collect())
    } else if whole && least >= 0.0 && most <= f64::from(u16::MAX) {
        Samples::U16(values.iter().map(|&v| v as u16).collect())
    } else {
        Samples::F32(values)
    };
    Ok((samples, exact))
}

/// Reads `count` samples as real-world values. Types that [`Samples`] has stay; others, and what is rescaled, become
/// the narrowest type that holds all values exactly, or `float32` with a note when rounding was needed.
pub(crate) fn read_samples(
    input: &mut Input,
    count: usize,
    layout: &Layout,
    progress: &Progress,
) -> Result<(Samples, Option<String>), Problem> {
    use Stored::{F32, F64, I16, I32, U8, U16};
    let l = layout;
    let (p, i) = (progress, input);
    let scaled = l.slope != 1.0 || l.intercept != 0.0;
    let whole_scale = whole(l.slope).is_some() && whole(l.intercept).is_some();
    let (samples, exact) = match (l.stored, scaled) {
        (U8, false) => (Samples::U8(copied(i, count, l, p)?), true),
        (I16, false) => (Samples::I16(copied(i, count, l, p)?), true),
        (U16, false) => (Samples::U16(copied(i, count, l, p)?), true),
        (I32, false) => (Samples::I32(copied(i, count, l, p)?), true),
        (F32, false) => (Samples::F32(copied(i, count, l, p)?), true),
        (F32 | F64, _) => typed!(l.stored, floats(i, count, l, p, !scaled))?,
        _ if whole_scale => (typed!(l.stored, integers(i, count, l, p))?, true),
        _ => typed!(l.stored, floats(i, count, l, p, false))?,
    };
    // Rounding of a rescale to the nearest float32 is below what any scanner resolves; it is noted for float64 only,
    // where someone chose the precision.
    let note = (!exact && l.stored == F64).then(|| "rounded from float64 to float32".to_owned());
    Ok((samples, note))
}

/// Reads `count` bytes as they are and hands them over in order, chunk by chunk.
pub(crate) fn for_each_byte_chunk(
    input: &mut Input,
    count: usize,
    progress: &Progress,
    mut take: impl FnMut(&[u8]),
) -> Result<(), Problem> {
    for_each_chunk::<u8>(input, count, &Layout::plain(Stored::U8, false), progress, |chunk| {
        take(chunk);
        Ok(())
    })
}

/// Reads `count` whole numbers (all interleaved ones, ignoring [`Layout::component`]).
pub(crate) fn for_each_label(
    input: &mut Input,
    count: usize,
    layout: &Layout,
    progress: &Progress,
    mut take: impl FnMut(i64),
) -> Result<(), Problem> {
    fn run<T: Element>(
        input: &mut Input,
        count: usize,
        layout: &Layout,
        progress: &Progress,
        take: &mut impl FnMut(i64),
    ) -> Result<(), Problem> {
        let all = Layout { interleaved: 1, component: 0, ..*layout };
        let scaled = layout.slope != 1.0 || layout.intercept != 0.0;
        for_each_chunk::<T>(input, count, &all, progress, |chunk| {
            for v in chunk {
                let label = if scaled { whole(v.f64() * layout.slope + layout.intercept) } else { v.i64() };
                take(label.ok_or_else(|| {
                    Problem::Unsupported(format!("a value of {} is no whole number: this is no label map", v.f64()))
                })?);
            }
            Ok(())
        })
    }
    typed!(layout.stored, run(input, count, layout, progress, &mut take))
}
