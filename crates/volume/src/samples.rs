//! The samples of a volume, in the narrowest type that holds their real-world values exactly.

/// The samples of a volume, i fastest, then j, then k. Values are real-world values: no rescale is left to apply.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Samples {
    /// Unsigned 8 bit.
    U8(Vec<u8>),
    /// Signed 16 bit: CT in Hounsfield units.
    I16(Vec<i16>),
    /// Unsigned 16 bit.
    U16(Vec<u16>),
    /// Signed 32 bit.
    I32(Vec<i32>),
    /// 32 bit floating point: PET, maps, anything with a fractional rescale.
    F32(Vec<f32>),
}

/// A borrowed view of [`Samples`]; see [`with_samples!`](crate::with_samples) to run generic code over it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum SamplesView<'a> {
    /// Unsigned 8 bit.
    U8(&'a [u8]),
    /// Signed 16 bit.
    I16(&'a [i16]),
    /// Unsigned 16 bit.
    U16(&'a [u16]),
    /// Signed 32 bit.
    I32(&'a [i32]),
    /// 32 bit floating point.
    F32(&'a [f32]),
}

/// A type that samples can have.
pub trait Sample: Copy + PartialOrd + Send + Sync + bytemuck::Pod + 'static {
    /// The value as `f32`. Exact for all but 32-bit integers beyond ±2²⁴.
    fn to_f32(self) -> f32;
    /// The value as `f64`, always exact.
    fn to_f64(self) -> f64;
}

macro_rules! sample {
    ($($t:ty),*) => {$(
        impl Sample for $t {
            #[inline(always)]
            fn to_f32(self) -> f32 {
                self as f32
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
        }
    )*};
}
sample!(u8, i16, u16, i32, f32);

/// Runs an expression with the samples bound as a typed slice, once compiled for each sample type.
///
/// ```
/// use fabrica_volume::{with_samples, Sample, Samples};
/// let samples = Samples::I16(vec![-1000, 40]);
/// let sum: f64 = with_samples!(samples.view(), |s| s.iter().map(|v| v.to_f64()).sum());
/// assert_eq!(sum, -960.0);
/// ```
#[macro_export]
macro_rules! with_samples {
    ($view:expr, |$slice:ident| $body:expr) => {
        match $view {
            $crate::SamplesView::U8($slice) => $body,
            $crate::SamplesView::I16($slice) => $body,
            $crate::SamplesView::U16($slice) => $body,
            $crate::SamplesView::I32($slice) => $body,
            $crate::SamplesView::F32($slice) => $body,
            // `SamplesView` is non-exhaustive outside its crate; a new type must be added here.
            #[allow(unreachable_patterns)]
            _ => unreachable!("a sample type that with_samples! does not know"),
        }
    };
}

impl Samples {
    /// The number of samples.
    pub fn len(&self) -> usize {
        crate::with_samples!(self.view(), |s| s.len())
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A borrowed view.
    pub fn view(&self) -> SamplesView<'_> {
        match self {
            Self::U8(s) => SamplesView::U8(s),
            Self::I16(s) => SamplesView::I16(s),
            Self::U16(s) => SamplesView::U16(s),
            Self::I32(s) => SamplesView::I32(s),
            Self::F32(s) => SamplesView::F32(s),
        }
    }

    /// The samples' bytes in this machine's order.
    pub fn bytes(&self) -> &[u8] {
        crate::with_samples!(self.view(), |s| bytemuck::cast_slice(s))
    }

    /// The type's name as users know it: `uint8`, `int16`, `uint16`, `int32` or `float32`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::U8(_) => "uint8",
            Self::I16(_) => "int16",
            Self::U16(_) => "uint16",
            Self::I32(_) => "int32",
            Self::F32(_) => "float32",
        }
    }

    /// The value at a linear index.
    ///
    /// # Panics
    /// When the index is out of bounds.
    pub fn get(&self, index: usize) -> f64 {
        crate::with_samples!(self.view(), |s| s[index].to_f64())
    }
}
