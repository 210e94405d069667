//! Mesh files.

mod obj;
mod ply;
mod stl;

use std::fmt;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Mesh, SurfaceError};

/// A kind of mesh file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MeshFormat {
    /// STL. Written in binary; read in binary and text. Has no indices: each triangle repeats its corners.
    Stl,
    /// Wavefront OBJ, text. Only vertices and faces are read; faces of more corners are cut into fans.
    Obj,
    /// PLY 1.0. Written in binary little endian; read in that, in big endian and in text.
    Ply,
}

impl MeshFormat {
    /// The format that a file name's extension says, in upper or lower case.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "stl" => Some(Self::Stl),
            "obj" => Some(Self::Obj),
            "ply" => Some(Self::Ply),
            _ => None,
        }
    }

    /// The extension without its dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Stl => "stl",
            Self::Obj => "obj",
            Self::Ply => "ply",
        }
    }
}

impl fmt::Display for MeshFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stl => "STL",
            Self::Obj => "OBJ",
            Self::Ply => "PLY",
        })
    }
}

/// Writes a mesh. `label` names the case and the structure; the file says it and "LPS mm" in its header or comments.
/// Output is buffered here and flushed at the end.
///
/// # Errors
/// When `writer` fails.
///
/// # Example
/// ```
/// use fabrica_surface::{Mesh, MeshFormat, read_mesh, write_mesh};
/// let corners = vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
/// let mesh = Mesh::new(corners, vec![[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]).unwrap();
/// let mut file = Vec::new();
/// write_mesh(&mesh, MeshFormat::Ply, "case 7, tooth", &mut file).unwrap();
/// assert_eq!(read_mesh(&file, MeshFormat::Ply).unwrap(), mesh);
/// ```
pub fn write_mesh(mesh: &Mesh, format: MeshFormat, label: &str, writer: &mut impl Write) -> Result<(), SurfaceError> {
    // Control characters, line ends among them, would end a comment or header early.
    let label: String = label.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut writer = BufWriter::with_capacity(1 << 16, writer);
    match format {
        MeshFormat::Stl => stl::write(mesh, &label, &mut writer),
        MeshFormat::Obj => obj::write(mesh, &label, &mut writer),
        MeshFormat::Ply => ply::write(mesh, &label, &mut writer),
    }
    .and_then(|()| writer.flush())
    .map_err(SurfaceError::Write)
}

/// Reads a mesh from the bytes of a file, taking its numbers for LPS millimetres. The corners of STL triangles that
/// lie at one place become one vertex.
///
/// # Errors
/// When the bytes are not such a file, end early, or hold numbers that are not finite.
pub fn read_mesh(bytes: &[u8], format: MeshFormat) -> Result<Mesh, SurfaceError> {
    match format {
        MeshFormat::Stl => stl::read(bytes),
        MeshFormat::Obj => obj::read(bytes),
        MeshFormat::Ply => ply::read(bytes),
    }
}

/// Cuts a face of any number of corners into a fan.
fn fan(corners: &[u32], triangles: &mut Vec<[u32; 3]>) {
    if let [first, rest @ ..] = corners {
        triangles.extend(rest.windows(2).map(|side| [*first, side[0], side[1]]));
    }
}
