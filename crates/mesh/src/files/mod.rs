//! Files of meshes and models.

mod glb;
mod off;
mod stl_text;
mod threemf;

use std::io::{BufWriter, Seek, Write};
use std::path::Path;

use fabrica_surface::{Mesh, MeshFormat, read_mesh, write_mesh};
use serde::{Deserialize, Serialize};

use crate::MeshError;

/// A kind of model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelFormat {
    /// STL, written in binary; read in binary and text.
    Stl,
    /// STL, written as text.
    StlText,
    /// Wavefront OBJ.
    Obj,
    /// PLY 1.0.
    Ply,
    /// Geomview OFF; only read.
    Off,
    /// 3MF core specification 1.3: units, names, colours, several parts.
    ThreeMf,
    /// Binary glTF 2.0, for viewing; only written.
    Glb,
}

impl ModelFormat {
    /// The format that a file name's extension says, in upper or lower case.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "stl" => Some(Self::Stl),
            "obj" => Some(Self::Obj),
            "ply" => Some(Self::Ply),
            "off" => Some(Self::Off),
            "3mf" => Some(Self::ThreeMf),
            "glb" => Some(Self::Glb),
            _ => None,
        }
    }
}

/// One named solid of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelPart {
    /// Its name; may be empty where a file has none.
    pub name: String,
    /// Red, green, blue, where the file or the structure says.
    pub colour: Option<[u8; 3]>,
    /// Its surface, mm.
    pub mesh: Mesh,
}

/// A model: what lies in one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// Its parts, at least one after reading.
    pub parts: Vec<ModelPart>,
    /// How the file's unit was taken, in words: only 3MF says one.
    pub unit: String,
}

impl Model {
    /// A model of one part.
    pub fn of(name: &str, mesh: Mesh) -> Self {
        Self { parts: vec![ModelPart { name: name.into(), colour: None, mesh }], unit: "millimetres".into() }
    }

    /// All parts as one mesh, one after the other.
    ///
    /// # Errors
    /// When there are more triangles than a mesh can hold.
    pub fn merged(&self) -> Result<Mesh, MeshError> {
        merge(self.parts.iter().map(|part| &part.mesh))
    }
}

/// Several meshes as one, one after the other; nothing is joined.
///
/// # Errors
/// When there are more triangles than a mesh can hold.
pub fn merge<'a>(meshes: impl IntoIterator<Item = &'a Mesh>) -> Result<Mesh, MeshError> {
    let (mut vertices, mut triangles) = (Vec::new(), Vec::new());
    for mesh in meshes {
        let first = u32::try_from(vertices.len()).unwrap_or(u32::MAX);
        vertices.extend_from_slice(mesh.vertices());
        // A sum beyond u32 is beyond the mesh too, which refuses it.
        triangles.extend(mesh.triangles().iter().map(|t| t.map(|v| v.saturating_add(first))));
    }
    Ok(Mesh::new(vertices, triangles)?)
}

/// Reads a model from the bytes of a file. Numbers are taken for millimetres but in 3MF, whose unit is kept.
///
/// # Errors
/// When the bytes are not such a file, end early, hold numbers that are not finite, or there is no triangle in them.
///
/// # Example
/// ```
/// use fabrica_mesh::{ModelFormat, read_model};
/// let text = b"OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n";
/// let model = read_model(text, ModelFormat::Off).unwrap();
/// assert_eq!(model.parts[0].mesh.triangles().len(), 4);
/// assert!(read_model(&text[..40], ModelFormat::Off).is_err());
/// ```
pub fn read_model(bytes: &[u8], format: ModelFormat) -> Result<Model, MeshError> {
    let assumed = |mesh: Mesh| Model {
        parts: vec![ModelPart { name: String::new(), colour: None, mesh }],
        unit: "millimetres (assumed: the format cannot say)".into(),
    };
    let model = match format {
        ModelFormat::Stl | ModelFormat::StlText => assumed(read_mesh(bytes, MeshFormat::Stl)?),
        ModelFormat::Obj => assumed(read_mesh(bytes, MeshFormat::Obj)?),
        ModelFormat::Ply => assumed(read_mesh(bytes, MeshFormat::Ply)?),
        ModelFormat::Off => assumed(off::read(bytes)?),
        ModelFormat::ThreeMf => threemf::read(bytes)?,
        ModelFormat::Glb => return Err(MeshError::Format("GLB is only written; reading it".into())),
    };
    if model.parts.iter().all(|part| part.mesh.is_empty()) {
        return Err(MeshError::Empty);
    }
    Ok(model)
}

/// Writes a model. `label` names the case; the file says it where it can. Formats without parts get all parts as one.
///
/// # Errors
/// When `writer` fails, or the format is only read (OFF).
pub fn write_model(
    model: &Model,
    format: ModelFormat,
    label: &str,
    writer: &mut (impl Write + Seek),
) -> Result<(), MeshError> {
    let plain = |format, writer: &mut _| Ok(write_mesh(&model.merged()?, format, label, writer)?);
    let mut writer = BufWriter::with_capacity(1 << 16, writer);
    match format {
        ModelFormat::Stl => plain(MeshFormat::Stl, &mut writer),
        ModelFormat::Obj => plain(MeshFormat::Obj, &mut writer),
        ModelFormat::Ply => plain(MeshFormat::Ply, &mut writer),
        ModelFormat::StlText => stl_text::write(model, &mut writer).map_err(MeshError::Write),
        ModelFormat::ThreeMf => threemf::write(model, label, &mut writer).map_err(MeshError::Write),
        ModelFormat::Glb => glb::write(model, label, &mut writer).map_err(MeshError::Write),
        ModelFormat::Off => Err(MeshError::Format("OFF is only read; a file to write".into())),
    }?;
    writer.flush().map_err(MeshError::Write)
}
