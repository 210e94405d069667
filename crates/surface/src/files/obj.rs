//! Wavefront OBJ.

use std::borrow::Cow;
use std::io::{Result, Write};

use super::fan;
use crate::{Mesh, MeshFormat, SurfaceError};

pub(super) fn write(mesh: &Mesh, label: &str, writer: &mut impl Write) -> Result<()> {
    writeln!(writer, "# Fabrica, LPS mm: {label}")?;
    // The shortest text that reads back as the same number.
    for [x, y, z] in mesh.vertices() {
        writeln!(writer, "v {x} {y} {z}")?;
    }
    for t in mesh.triangles() {
        let [a, b, c] = t.map(|v| u64::from(v) + 1);
        writeln!(writer, "f {a} {b} {c}")?;
    }
    Ok(())
}

pub(super) fn read(bytes: &[u8]) -> std::result::Result<Mesh, SurfaceError> {
    let error = |problem: &str, line: usize| SurfaceError::File {
        format: MeshFormat::Obj,
        problem: problem.into(),
        place: format!("line {}", line + 1),
    };
    let mut vertices = Vec::new();
    let mut triangles = Vec::new();
    let mut corners = Vec::new();
    let mut joined = String::new();
    for (line, text) in bytes.split(|&b| b == b'\n').enumerate() {
        let text = std::str::from_utf8(text.trim_ascii()).map_err(|_| error("the line is not text", line))?;
        // A backslash at its end continues a line in the next.
        if let Some(begun) = text.strip_suffix('\\') {
            joined.push_str(begun);
            joined.push(' ');
            continue;
        }
        let whole =
            if joined.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(std::mem::take(&mut joined) + text) };
        let mut words = whole.split_ascii_whitespace();
        match words.next() {
            Some("v") => {
                let mut next = || words.next().and_then(|w| w.parse::<f32>().ok()).filter(|c| c.is_finite());
                let (Some(x), Some(y), Some(z)) = (next(), next(), next()) else {
                    return Err(error("a vertex needs three finite numbers", line));
                };
                vertices.push([x, y, z]);
            }
            Some("f") => {
                corners.clear();
                for word in words {
                    // "7", "7/1" or "7/1/3"; negative ones count back from the last vertex so far.
                    let number = word.split('/').next().and_then(|n| n.parse::<i64>().ok());
                    let index = match number {
                        Some(n) if n > 0 => n - 1,
                        Some(n) if n < 0 => n.saturating_add(vertices.len() as i64),
                        _ => -1,
                    };
                    corners
                        .push(u32::try_from(index).map_err(|_| error("a face names a vertex that cannot be", line))?);
                }
                if corners.len() < 3 {
                    return Err(error("a face needs three vertices", line));
                }
                fan(&corners, &mut triangles);
            }
            _ => {}
        }
    }
    if vertices.is_empty() {
        return Err(error("there is no vertex in it", 0));
    }
    Mesh::new(vertices, triangles)
}
