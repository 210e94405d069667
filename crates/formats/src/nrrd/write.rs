//! Writing NRRD with its data attached.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write;

use fabrica_geometry::Grid;
use fabrica_progress::Progress;
use fabrica_volume::{Samples, Volume};

use super::header::escape;
use crate::extras::{Extras, ascii_json};
use crate::output::{parts_of, write_parts};
use crate::{Compression, Problem};

pub(crate) fn write(
    volume: &Volume,
    mut out: impl Write,
    compression: Compression,
    progress: &Progress,
) -> Result<(), Problem> {
    let type_name = match volume.samples() {
        Samples::U8(_) => "unsigned char",
        Samples::I16(_) => "short",
        Samples::U16(_) => "unsigned short",
        Samples::I32(_) => "int",
        Samples::F32(_) => "float",
        _ => return Err(Problem::Unsupported("NRRD has no such sample type".into())),
    };
    let mut text = header(volume.grid(), type_name, 1, compression);
    for (key, json) in pairs(&Extras::of(volume)).map_err(|e| Problem::Io(e.into()))? {
        push_pair(&mut text, key, &json);
    }
    text.push('\n');
    out.write_all(text.as_bytes())?;
    let (count, part) = parts_of(volume.samples().bytes());
    write_parts(out, count, part, compression, progress)
}

fn pairs(extras: &Extras) -> Result<Vec<(&'static str, String)>, serde_json::Error> {
    let mut pairs = vec![
        ("fabrica_provenance", ascii_json(&extras.fabrica_provenance)?),
        ("fabrica_unit", ascii_json(&extras.fabrica_unit)?),
        ("fabrica_content", ascii_json(&extras.fabrica_content)?),
    ];
    if let Some(padding) = extras.fabrica_padding {
        pairs.push(("fabrica_padding", ascii_json(&padding)?));
    }
    if !extras.fabrica_warnings.is_empty() {
        pairs.push(("fabrica_warnings", ascii_json(&extras.fabrica_warnings)?));
    }
    Ok(pairs)
}

/// The fields, up to where key/value pairs go. `layers` over 1 adds an axis outside space that runs fastest.
pub(super) fn header(grid: &Grid, type_name: &str, layers: usize, compression: Compression) -> String {
    let [nx, ny, nz] = grid.dims();
    let (dimension, sizes, kinds, none) = if layers > 1 {
        (4, format!("{layers} {nx} {ny} {nz}"), "list domain domain domain", "none ")
    } else {
        (3, format!("{nx} {ny} {nz}"), "domain domain domain", "")
    };
    let affine = grid.voxel_to_patient();
    let vector = |v: glam::DVec3| format!("({:?},{:?},{:?})", v.x, v.y, v.z);
    let [i, j, k] = [0, 1, 2].map(|axis| vector(affine.matrix3.col(axis)));
    let origin = vector(affine.translation);
    let endian = if cfg!(target_endian = "big") { "big" } else { "little" };
    let encoding = match compression {
        Compression::None => "raw",
        Compression::Gzip => "gzip",
    };
    format!(
        "NRRD0005\n\
         # Complete NRRD file format specification at:\n\
         # http://teem.sourceforge.net/nrrd/format.html\n\
         type: {type_name}\n\
         dimension: {dimension}\n\
         space: left-posterior-superior\n\
         sizes: {sizes}\n\
         space directions: {none}{i} {j} {k}\n\
         kinds: {kinds}\n\
         endian: {endian}\n\
         encoding: {encoding}\n\
         space units: \"mm\" \"mm\" \"mm\"\n\
         space origin: {origin}\n"
    )
}

pub(super) fn push_pair(text: &mut String, key: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}:={}", escape(key), escape(value));
}

/// Parts of a stream that are made as they are needed.
pub(super) fn write_made(
    out: impl Write,
    count: usize,
    make: impl Fn(usize) -> Vec<u8> + Sync,
    compression: Compression,
    progress: &Progress,
) -> Result<(), Problem> {
    write_parts(out, count, |n| Cow::Owned(make(n)), compression, progress)
}
