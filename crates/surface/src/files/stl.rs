//! STL, through `stl_io`.

use std::io::{Cursor, Result, Write};

use glam::Vec3;
use stl_io::{Normal, Triangle, Vertex};

use crate::{Mesh, MeshFormat, SurfaceError};

const HEADER: usize = 80;

/// Takes what is written on, but puts another header in place of the first 80 bytes: `stl_io` writes zeros there.
struct WithHeader<'a, W> {
    header: &'a [u8],
    writer: &'a mut W,
}

impl<W: Write> Write for WithHeader<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.header.is_empty() {
            return self.writer.write(bytes);
        }
        let n = self.writer.write(&self.header[..bytes.len().min(self.header.len())])?;
        self.header = &self.header[n..];
        Ok(n)
    }

    fn flush(&mut self) -> Result<()> {
        self.writer.flush()
    }
}

/// 80 bytes that never begin with "solid", which would make readers take the file for text. ASCII only.
fn header(label: &str) -> [u8; HEADER] {
    let mut header = [b' '; HEADER];
    let text = format!("Fabrica LPS mm {label}");
    for (to, c) in header.iter_mut().zip(text.chars()) {
        *to = u8::try_from(c).ok().filter(u8::is_ascii).unwrap_or(b'?');
    }
    header
}

pub(super) fn write(mesh: &Mesh, label: &str, writer: &mut impl Write) -> Result<()> {
    let header = header(label);
    let triangles = mesh.triangles().iter().map(|t| {
        // Adding zero makes a negative zero positive, so that readers which compare bits find one vertex.
        let corners = t.map(|v| mesh.vertices()[v as usize].map(|c| c + 0.0));
        let [a, b, c] = corners.map(Vec3::from_array);
        let normal = (b - a).cross(c - a).normalize_or_zero();
        Triangle { normal: Normal::new(normal.to_array()), vertices: corners.map(Vertex::new) }
    });
    stl_io::write_stl(&mut WithHeader { header: &header, writer }, triangles)
}

pub(super) fn read(bytes: &[u8]) -> std::result::Result<Mesh, SurfaceError> {
    let error = |problem: String, place: String| SurfaceError::File { format: MeshFormat::Stl, problem, place };
    // Only a file as long as its number of triangles says is binary; some of those begin with "solid" too.
    let counted = bytes.get(HEADER..HEADER + 4).and_then(|n| n.try_into().ok()).map(u32::from_le_bytes);
    let binary = counted.is_some_and(|n| bytes.len() as u64 == 84 + 50 * u64::from(n));
    let mut copy;
    let mut reader = if binary && bytes.starts_with(b"solid ") {
        copy = bytes.to_vec();
        copy[0] = b'S';
        Cursor::new(&copy[..])
    } else if binary || bytes.starts_with(b"solid ") {
        Cursor::new(bytes)
    } else if let Some(n) = counted {
        let expected = 84 + 50 * u64::from(n);
        let problem = format!("it says {n} triangles, which takes {expected} bytes, but has {}", bytes.len());
        return Err(error(problem, format!("byte {HEADER}")));
    } else {
        return Err(error(format!("it has only {} bytes", bytes.len()), "byte 0".into()));
    };
    let indexed = stl_io::read_stl(&mut reader)
        .map_err(|e| error(e.to_string(), format!("byte {}", reader.position().min(bytes.len() as u64))))?;
    let vertices = indexed.vertices.iter().map(|v| v.0).collect();
    let triangles = indexed.faces.iter().map(|f| f.vertices.map(|v| v as u32)).collect();
    Mesh::check_size(indexed.vertices.len() as u64)?;
    Mesh::new(vertices, triangles)
}
