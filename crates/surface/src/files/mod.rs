//! Mesh files.

use std::fmt;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Mesh, SurfaceError};

/// A kind of mesh file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MeshFormat {
    /// Binary STL. Has no indices: each triangle repeats its corners.
    Stl,
    /// Wavefront OBJ, text.
    Obj,
    /// PLY, binary little endian.
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
/// Output is buffered here.
///
/// # Errors
/// When `writer` fails.
pub fn write_mesh(mesh: &Mesh, format: MeshFormat, label: &str, writer: &mut impl Write) -> Result<(), SurfaceError> {
    let _ = (mesh, format, label, writer);
    Err(SurfaceError::Unfinished("mesh files"))
}

/// Reads a mesh from the bytes of a file, taking its numbers for LPS millimetres. The corners of STL triangles that
/// lie at one place become one vertex.
///
/// # Errors
/// When the bytes are not such a file, end early, or hold numbers that are not finite.
pub fn read_mesh(bytes: &[u8], format: MeshFormat) -> Result<Mesh, SurfaceError> {
    let _ = (bytes, format);
    Err(SurfaceError::Unfinished("mesh files"))
}
