//! Binary glTF 2.0, for viewers.
//!
//! Vertices stay LPS millimetres; one node above all parts turns them into glTF's metres with +Y up: x' = left,
//! y' = superior, z' = anterior, so that a patient stands upright and faces the viewer.

use std::io::{Error, Result, Write};

use serde_json::json;

use crate::Model;

pub(super) fn write(model: &Model, label: &str, writer: &mut impl Write) -> Result<()> {
    let (mut nodes, mut meshes, mut materials) = (vec![json!(null)], Vec::new(), Vec::new());
    let (mut views, mut accessors) = (Vec::new(), Vec::new());
    let mut offset = 0usize;
    for part in model.parts.iter().filter(|part| !part.mesh.is_empty()) {
        let mesh = &part.mesh;
        let Some((low, high)) = mesh.bounds() else { continue };
        let n = meshes.len();
        let (vertex_bytes, index_bytes) = (12 * mesh.vertices().len(), 12 * mesh.triangles().len());
        for (length, target) in [(vertex_bytes, 34962), (vertex_bytes, 34962), (index_bytes, 34963)] {
            views.push(json!({"buffer": 0, "byteOffset": offset, "byteLength": length, "target": target}));
            offset += length;
        }
        let single = |p: glam::DVec3| [p.x as f32, p.y as f32, p.z as f32];
        accessors
            .push(json!({"bufferView": 3 * n, "componentType": 5126, "count": mesh.vertices().len(), "type": "VEC3",
            "min": single(low.0), "max": single(high.0)}));
        accessors.push(
            json!({"bufferView": 3 * n + 1, "componentType": 5126, "count": mesh.vertices().len(), "type": "VEC3"}),
        );
        accessors.push(json!({"bufferView": 3 * n + 2, "componentType": 5125, "count": 3 * mesh.triangles().len(), "type": "SCALAR"}));
        let [r, g, b] = part.colour.unwrap_or([200, 200, 200]).map(linear);
        materials.push(json!({"pbrMetallicRoughness": {"baseColorFactor": [r, g, b, 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.7}}));
        meshes.push(json!({"name": part.name, "primitives": [{"attributes": {"POSITION": 3 * n, "NORMAL": 3 * n + 1},
            "indices": 3 * n + 2, "material": n}]}));
        nodes.push(json!({"name": part.name, "mesh": n}));
    }
    let scale = 0.001;
    nodes[0] = json!({"name": label, "children": (1..nodes.len()).collect::<Vec<_>>(),
        // Columns: where left, posterior and superior go.
        "matrix": [scale, 0, 0, 0, 0, 0, -scale, 0, 0, scale, 0, 0, 0, 0, 0, 1]});
    let mut text = serde_json::to_vec(&json!({
        "asset": {"version": "2.0", "generator": "Fabrica", "extras": {"frame": "vertices are LPS millimetres under the root node"}},
        "scene": 0, "scenes": [{"nodes": [0]}], "nodes": nodes, "meshes": meshes, "materials": materials,
        "buffers": [{"byteLength": offset}], "bufferViews": views, "accessors": accessors,
    }))?;
    text.resize(text.len().next_multiple_of(4), b' ');
    let total = 12 + 8 + text.len() + 8 + offset;
    let size = |n: usize| {
        u32::try_from(n).map(u32::to_le_bytes).map_err(|_| Error::other("the model is too large for GLB (4 GiB)"))
    };
    writer.write_all(b"glTF\x02\0\0\0")?;
    writer.write_all(&size(total)?)?;
    writer.write_all(&size(text.len())?)?;
    writer.write_all(b"JSON")?;
    writer.write_all(&text)?;
    writer.write_all(&size(offset)?)?;
    writer.write_all(b"BIN\0")?;
    for part in model.parts.iter().filter(|part| !part.mesh.is_empty()) {
        for v in part.mesh.vertices().iter().chain(&part.mesh.vertex_normals()) {
            for c in v {
                writer.write_all(&c.to_le_bytes())?;
            }
        }
        for v in part.mesh.triangles().iter().flatten() {
            writer.write_all(&v.to_le_bytes())?;
        }
    }
    Ok(())
}

/// From an sRGB byte to linear light.
fn linear(byte: u8) -> f64 {
    let c = f64::from(byte) / 255.0;
    if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}
