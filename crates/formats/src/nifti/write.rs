//! Writing NIfTI-1.

use std::borrow::Cow;
use std::io::Write;

use fabrica_progress::Progress;
use fabrica_volume::{Samples, Volume};
use glam::{DMat3, DQuat};

use super::ECODE_COMMENT;
use super::header::V1_BYTES;
use crate::extras::{Extras, ascii_json};
use crate::frames::Frame;
use crate::output::{parts_of, write_parts};
use crate::{Compression, Problem};

pub(crate) fn write(
    volume: &Volume,
    out: impl Write,
    compression: Compression,
    progress: &Progress,
) -> Result<(), Problem> {
    let head = head(volume)?;
    let (count, part) = parts_of(volume.samples().bytes());
    let with_head = |n: usize| if n == 0 { Cow::Borrowed(&head[..]) } else { part(n - 1) };
    write_parts(out, count + 1, with_head, compression, progress)
}

/// Header and extension, up to the samples, in this machine's byte order as are the samples.
fn head(volume: &Volume) -> Result<Vec<u8>, Problem> {
    let grid = volume.grid();
    let mut dims = [0i16; 3];
    for (short, n) in dims.iter_mut().zip(grid.dims()) {
        *short = i16::try_from(n)
            .map_err(|_| Problem::Unsupported(format!("NIfTI-1 cannot hold {n} samples along an axis; write NRRD")))?;
    }
    let extension = extension(volume)?;
    let offset = V1_BYTES + 4 + extension.len();
    let (datatype, bits): (i16, i16) = match volume.samples() {
        Samples::U8(_) => (2, 8),
        Samples::I16(_) => (4, 16),
        Samples::U16(_) => (512, 16),
        Samples::I32(_) => (8, 32),
        Samples::F32(_) => (16, 32),
        _ => return Err(Problem::Unsupported("NIfTI has no such sample type".into())),
    };
    let mut bytes = vec![0u8; V1_BYTES + 4];
    let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
    put(0, &(V1_BYTES as i32).to_ne_bytes());
    put(38, b"r");
    for (i, n) in [3, dims[0], dims[1], dims[2], 1, 1, 1, 1].into_iter().enumerate() {
        put(40 + 2 * i, &n.to_ne_bytes());
    }
    put(70, &datatype.to_ne_bytes());
    put(72, &bits.to_ne_bytes());
    let float = |v: f64| (v as f32).to_ne_bytes();

    let affine = Frame::Ras.affine_to_lps(grid.voxel_to_patient()); // the same signs lead back
    let spacing = grid.spacing();
    let unit = |axis: usize| affine.matrix3.col(axis) / spacing[axis];
    let handed = if grid.is_right_handed() { 1.0 } else { -1.0 };
    let rotation = DQuat::from_mat3(&DMat3::from_cols(unit(0), unit(1), unit(2) * handed)).normalize();
    // nifti1.h keeps b, c, d and takes a as not negative.
    let rotation = if rotation.w < 0.0 { -rotation } else { rotation };
    for (i, v) in [handed, spacing[0], spacing[1], spacing[2], 1.0, 1.0, 1.0, 1.0].into_iter().enumerate() {
        put(76 + 4 * i, &float(v));
    }
    put(108, &float(offset as f64));
    put(112, &float(1.0));
    put(123, &[2]); // millimetres
    let simulated = if volume.provenance.simulated { "SIMULATED. " } else { "" };
    let description: String = format!("{simulated}{}", volume.provenance.description)
        .chars()
        .map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' })
        .take(79)
        .collect();
    put(148, description.as_bytes());
    put(252, &1i16.to_ne_bytes()); // scanner coordinates, both
    put(254, &1i16.to_ne_bytes());
    for (i, v) in [rotation.x, rotation.y, rotation.z].into_iter().enumerate() {
        put(256 + 4 * i, &float(v));
    }
    for axis in 0..3 {
        put(268 + 4 * axis, &float(affine.translation[axis]));
        for column in 0..3 {
            put(280 + 16 * axis + 4 * column, &float(affine.matrix3.col(column)[axis]));
        }
        put(280 + 16 * axis + 12, &float(affine.translation[axis]));
    }
    put(344, b"n+1\0");
    put(348, &[1, 0, 0, 0]);
    bytes.extend_from_slice(&extension);
    Ok(bytes)
}

/// Provenance, unit, padding and warnings as a comment, which other readers pass over.
fn extension(volume: &Volume) -> Result<Vec<u8>, Problem> {
    let json = ascii_json(&Extras::of(volume)).map_err(|e| Problem::Io(e.into()))?;
    let size = (json.len() + 8).next_multiple_of(16);
    let mut bytes = Vec::with_capacity(size);
    bytes.extend_from_slice(&(size as i32).to_ne_bytes());
    bytes.extend_from_slice(&ECODE_COMMENT.to_ne_bytes());
    bytes.extend_from_slice(json.as_bytes());
    bytes.resize(size, 0);
    Ok(bytes)
}
