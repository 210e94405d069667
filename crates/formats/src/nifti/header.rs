//! The NIfTI-1 (nifti1.h) and NIfTI-2 (nifti2.h) headers.

use crate::Problem;
use crate::stored::Stored;

/// Size of a NIfTI-1 header.
pub(crate) const V1_BYTES: usize = 348;
/// Size of a NIfTI-2 header.
pub(crate) const V2_BYTES: usize = 540;

/// The fields that matter here, in both versions.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) version: u8,
    pub(crate) big_endian: bool,
    pub(crate) dims: [usize; 3],
    pub(crate) time_points: usize,
    pub(crate) stored: Stored,
    pub(crate) slope: f64,
    pub(crate) intercept: f64,
    /// Where the samples begin.
    pub(crate) offset: u64,
    /// Handedness of the quaternion's frame, and the spacings, in the file's unit.
    pub(crate) pixdim: [f64; 4],
    pub(crate) space_unit: i32,
    pub(crate) qform_code: i32,
    pub(crate) sform_code: i32,
    /// Quaternion b, c, d and offset x, y, z.
    pub(crate) quaternion: [f64; 3],
    pub(crate) quaternion_offset: [f64; 3],
    /// Rows of the affine.
    pub(crate) sform: [[f64; 4]; 3],
    pub(crate) description: String,
}

/// The header's size from its first four bytes.
pub(crate) fn size(first: [u8; 4]) -> Result<usize, Problem> {
    for bytes in [V1_BYTES, V2_BYTES] {
        if i32::from_le_bytes(first) == bytes as i32 || i32::from_be_bytes(first) == bytes as i32 {
            return Ok(bytes);
        }
    }
    Err(Problem::header("sizeof_hdr", "is neither 348 nor 540: this is no NIfTI file"))
}

/// Reads numbers at offsets of a header that is known to be long enough.
struct Fields<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl Fields<'_> {
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut field = [0; N];
        field.copy_from_slice(&self.bytes[at..at + N]);
        if self.big_endian != cfg!(target_endian = "big") {
            field.reverse();
        }
        field
    }
    fn i16(&self, at: usize) -> i64 {
        i64::from(i16::from_ne_bytes(self.array(at)))
    }
    fn i32(&self, at: usize) -> i32 {
        i32::from_ne_bytes(self.array(at))
    }
    fn i64(&self, at: usize) -> i64 {
        i64::from_ne_bytes(self.array(at))
    }
    fn f32(&self, at: usize) -> f64 {
        f64::from(f32::from_ne_bytes(self.array(at)))
    }
    fn f64(&self, at: usize) -> f64 {
        f64::from_ne_bytes(self.array(at))
    }
}

impl Header {
    /// Parses a header of 348 or 540 bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let v1 = bytes.len() == V1_BYTES;
        let fields = Fields {
            bytes,
            big_endian: i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) == bytes.len() as i32,
        };
        let f = &fields;
        check_magic(if v1 { &bytes[344..348] } else { &bytes[4..12] }, v1)?;
        let dim: [i64; 8] = std::array::from_fn(|i| if v1 { f.i16(40 + 2 * i) } else { f.i64(16 + 8 * i) });
        let (dims, time_points) = sizes(dim)?;
        let (datatype, bitpix) = if v1 { (f.i16(70), f.i16(72)) } else { (f.i16(12), f.i16(14)) };
        let stored = stored(datatype)?;
        if bitpix != 8 * stored.bytes() as i64 {
            return Err(Problem::header(
                "bitpix",
                format!("is {bitpix}, but {} has {}", stored.name(), 8 * stored.bytes()),
            ));
        }
        let offset = if v1 { f.f32(108) } else { f.i64(168) as f64 };
        // Some writers leave it at 0 and mean "right after the header and its extension flag".
        let least = bytes.len() as f64 + 4.0;
        let offset = if offset == 0.0 { least } else { offset };
        if !(offset.is_finite() && offset.fract() == 0.0 && (bytes.len() as f64..1e15).contains(&offset)) {
            return Err(Problem::header("vox_offset", format!("is {offset}, which lies within the header or nowhere")));
        }
        let (slope, intercept) = if v1 { (f.f32(112), f.f32(116)) } else { (f.f64(176), f.f64(184)) };
        // nifti1.h: no scaling when the slope is 0; some writers leave NaN instead.
        let (slope, intercept) = if slope == 0.0 || slope.is_nan() { (1.0, 0.0) } else { (slope, intercept) };
        if !slope.is_finite() || !intercept.is_finite() {
            return Err(Problem::header("scl_slope, scl_inter", format!("are {slope} and {intercept}")));
        }
        let intent = if v1 { f.i16(68) } else { i64::from(f.i32(504)) };
        check_intent(intent)?;
        let text = if v1 { &bytes[148..228] } else { &bytes[240..320] };
        let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
        Ok(Self {
            version: if v1 { 1 } else { 2 },
            big_endian: fields.big_endian,
            dims,
            time_points,
            stored,
            slope,
            intercept,
            offset: offset as u64,
            pixdim: std::array::from_fn(|i| if v1 { f.f32(76 + 4 * i) } else { f.f64(104 + 8 * i) }),
            space_unit: (if v1 { i32::from(bytes[123]) } else { f.i32(500) }) & 7,
            qform_code: if v1 { f.i16(252) as i32 } else { f.i32(344) },
            sform_code: if v1 { f.i16(254) as i32 } else { f.i32(348) },
            quaternion: std::array::from_fn(|i| if v1 { f.f32(256 + 4 * i) } else { f.f64(352 + 8 * i) }),
            quaternion_offset: std::array::from_fn(|i| if v1 { f.f32(268 + 4 * i) } else { f.f64(376 + 8 * i) }),
            sform: std::array::from_fn(|row| {
                std::array::from_fn(|i| if v1 { f.f32(280 + 16 * row + 4 * i) } else { f.f64(400 + 32 * row + 8 * i) })
            }),
            description: String::from_utf8_lossy(&text[..end]).into_owned(),
        })
    }
}

fn check_magic(magic: &[u8], v1: bool) -> Result<(), Problem> {
    match (magic, v1) {
        (b"n+1\0", true) | (b"n+2\0\r\n\x1a\n", false) => Ok(()),
        (b"ni1\0", true) | (b"ni2\0\r\n\x1a\n", false) => Err(Problem::Unsupported(
            "this NIfTI keeps its samples in a second file (.hdr with .img); convert it to a single .nii".into(),
        )),
        (_, true) => Err(Problem::Unsupported(
            "this is an ANALYZE 7.5 header or a damaged NIfTI; ANALYZE does not say which side is left".into(),
        )),
        (_, false) => Err(Problem::header("magic", "is not that of NIfTI-2; the file is damaged")),
    }
}

/// Samples along i, j, k and time.
fn sizes(dim: [i64; 8]) -> Result<([usize; 3], usize), Problem> {
    let rank = dim[0];
    if !(2..=7).contains(&rank) {
        return Err(Problem::header("dim[0]", format!("is {rank}; a volume has 3 axes, or 4 with time")));
    }
    let mut sizes = [1usize; 7];
    for (axis, size) in sizes.iter_mut().enumerate().take(rank as usize) {
        let n = dim[axis + 1];
        *size = usize::try_from(n)
            .ok()
            .filter(|&n| n >= 1)
            .ok_or_else(|| Problem::header(format!("dim[{}]", axis + 1), format!("is {n}; it must be at least 1")))?;
    }
    if sizes[4..].iter().any(|&n| n > 1) {
        return Err(Problem::Unsupported(format!(
            "each voxel holds several values (dim is {:?}): this is no scalar volume",
            &dim[1..=rank as usize]
        )));
    }
    Ok(([sizes[0], sizes[1], sizes[2]], sizes[3]))
}

fn stored(datatype: i64) -> Result<Stored, Problem> {
    let what = match datatype {
        2 => return Ok(Stored::U8),
        4 => return Ok(Stored::I16),
        8 => return Ok(Stored::I32),
        16 => return Ok(Stored::F32),
        64 => return Ok(Stored::F64),
        256 => return Ok(Stored::I8),
        512 => return Ok(Stored::U16),
        768 => return Ok(Stored::U32),
        1024 => return Ok(Stored::I64),
        1280 => return Ok(Stored::U64),
        32 | 1792 | 2048 => "complex numbers",
        128 | 2304 => "colours",
        1 => "single bits",
        1536 => "128-bit floating point",
        _ => return Err(Problem::header("datatype", format!("is {datatype}, which NIfTI does not define"))),
    };
    Err(Problem::Unsupported(format!("the samples are {what}; only whole numbers and 32- or 64-bit floats are read")))
}

/// Statistics and label maps are scalars; vectors, matrices, meshes and colours are not (nifti1.h, intent codes).
fn check_intent(code: i64) -> Result<(), Problem> {
    let what = match code {
        1004 | 1005 => "matrices",
        1006 | 1007 => "vectors",
        1008 | 1009 => "a mesh",
        1010 => "quaternions",
        2003 | 2004 => "colours",
        0..=2999 => return Ok(()),
        // Private codes above (3000 on: CIFTI) and negative ones are not volumes.
        _ => return Err(Problem::header("intent_code", format!("is {code}, which stands for no volume"))),
    };
    Err(Problem::Unsupported(format!("the header says that the file holds {what}, not a scalar volume")))
}
