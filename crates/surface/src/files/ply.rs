//! PLY (G. Turk, *The PLY Polygon File Format*, 1994).

use std::io::{Result, Write};

use super::fan;
use crate::{Mesh, MeshFormat, SurfaceError};

pub(super) fn write(mesh: &Mesh, label: &str, writer: &mut impl Write) -> Result<()> {
    write!(
        writer,
        "ply\nformat binary_little_endian 1.0\ncomment Fabrica, LPS mm: {label}\nelement vertex {}\nproperty float x\n\
         property float y\nproperty float z\nelement face {}\nproperty list uchar int vertex_indices\nend_header\n",
        mesh.vertices().len(),
        mesh.triangles().len()
    )?;
    for v in mesh.vertices() {
        for c in v {
            writer.write_all(&c.to_le_bytes())?;
        }
    }
    for t in mesh.triangles() {
        writer.write_all(&[3])?;
        for v in t {
            writer.write_all(&v.to_le_bytes())?;
        }
    }
    Ok(())
}

type Read<T> = std::result::Result<T, SurfaceError>;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Encoding {
    Text,
    Little,
    Big,
}

/// A number type of PLY.
#[derive(Clone, Copy, Debug)]
enum Number {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    F32,
    F64,
}

impl Number {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "char" | "int8" => Self::I8,
            "uchar" | "uint8" => Self::U8,
            "short" | "int16" => Self::I16,
            "ushort" | "uint16" => Self::U16,
            "int" | "int32" => Self::I32,
            "uint" | "uint32" => Self::U32,
            "float" | "float32" => Self::F32,
            "double" | "float64" => Self::F64,
            _ => return None,
        })
    }
}

struct Property {
    name: String,
    /// For a list, the type of its length.
    length: Option<Number>,
    number: Number,
}

struct Element {
    name: String,
    count: usize,
    properties: Vec<Property>,
}

/// The file and how far it is read.
struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
    encoding: Encoding,
}

impl<'a> Input<'a> {
    fn error(&self, problem: impl Into<String>) -> SurfaceError {
        SurfaceError::File { format: MeshFormat::Ply, problem: problem.into(), place: format!("byte {}", self.at) }
    }

    fn line(&mut self) -> Read<&'a str> {
        let rest = &self.bytes[self.at..];
        // A header line is short; without a bound a binary file of one "line" would be searched again and again.
        let end =
            rest.iter().take(4096).position(|&b| b == b'\n').ok_or_else(|| self.error("the header does not end"))?;
        let text = std::str::from_utf8(&rest[..end]).map_err(|_| self.error("the header is not text"))?;
        self.at += end + 1;
        Ok(text.trim_end_matches('\r'))
    }

    fn take<const N: usize>(&mut self) -> Read<[u8; N]> {
        let bytes = self.bytes[self.at..].first_chunk::<N>().ok_or_else(|| self.error("it ends early"))?;
        self.at += N;
        Ok(*bytes)
    }

    fn number(&mut self, number: Number) -> Read<f64> {
        macro_rules! take {
            ($t:ty) => {{
                let bytes = self.take()?;
                f64::from(if self.encoding == Encoding::Big {
                    <$t>::from_be_bytes(bytes)
                } else {
                    <$t>::from_le_bytes(bytes)
                })
            }};
        }
        if self.encoding == Encoding::Text {
            return self.word();
        }
        Ok(match number {
            Number::I8 => take!(i8),
            Number::U8 => take!(u8),
            Number::I16 => take!(i16),
            Number::U16 => take!(u16),
            Number::I32 => take!(i32),
            Number::U32 => take!(u32),
            Number::F32 => take!(f32),
            Number::F64 => take!(f64),
        })
    }

    fn word(&mut self) -> Read<f64> {
        let rest = &self.bytes[self.at..];
        let start = rest.iter().position(|b| !b.is_ascii_whitespace()).ok_or_else(|| self.error("it ends early"))?;
        let length = rest[start..].iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len() - start);
        let word = std::str::from_utf8(&rest[start..start + length]).ok().and_then(|w| w.parse().ok());
        let number = word.ok_or_else(|| self.error("this is not a number"))?;
        self.at += start + length;
        Ok(number)
    }

    fn header(&mut self) -> Read<Vec<Element>> {
        if !matches!(self.line(), Ok("ply")) {
            self.at = 0;
            return Err(self.error("it does not begin with \"ply\""));
        }
        let mut elements: Vec<Element> = Vec::new();
        loop {
            let line = self.line()?;
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words[..] {
                ["format", encoding, "1.0"] => {
                    self.encoding = match encoding {
                        "ascii" => Encoding::Text,
                        "binary_little_endian" => Encoding::Little,
                        "binary_big_endian" => Encoding::Big,
                        _ => return Err(self.error(format!("the format {encoding:?} is unknown"))),
                    };
                }
                ["element", name, count] => {
                    let count = count.parse().map_err(|_| self.error("the number of elements is not a number"))?;
                    elements.push(Element { name: name.into(), count, properties: Vec::new() });
                }
                ["property", ref types @ .., name] => {
                    let number = |name: &str| {
                        Number::named(name).ok_or_else(|| self.error(format!("the type {name:?} is unknown")))
                    };
                    let (length, number) = match types {
                        ["list", length, each] => (Some(number(length)?), number(each)?),
                        [each] => (None, number(each)?),
                        _ => return Err(self.error(format!("the property {line:?} cannot be understood"))),
                    };
                    let Some(element) = elements.last_mut() else {
                        return Err(self.error("a property before any element"));
                    };
                    element.properties.push(Property { name: name.into(), length, number });
                }
                ["end_header"] => return Ok(elements),
                ["comment" | "obj_info", ..] | [] => {}
                _ => return Err(self.error(format!("the header line {line:?} cannot be understood"))),
            }
        }
    }
}

pub(super) fn read(bytes: &[u8]) -> Read<Mesh> {
    let mut input = Input { bytes, at: 0, encoding: Encoding::Text };
    let mut vertices = Vec::new();
    let mut triangles = Vec::new();
    let mut corners = Vec::new();
    for element in input.header()? {
        // An element without properties takes no bytes, so its count could be any number.
        if element.properties.is_empty() {
            continue;
        }
        for _ in 0..element.count {
            let mut position = [f32::NAN; 3];
            for property in &element.properties {
                let Some(length) = property.length else {
                    let value = input.number(property.number)?;
                    if let Some(axis) = ["x", "y", "z"].iter().position(|name| *name == property.name) {
                        position[axis] = value as f32;
                    }
                    continue;
                };
                let length = input.number(length)?;
                let is_face = element.name == "face" && matches!(&*property.name, "vertex_indices" | "vertex_index");
                corners.clear();
                for _ in 0..length as usize {
                    let index = input.number(property.number)?;
                    if is_face {
                        if !(0.0..=f64::from(u32::MAX)).contains(&index) {
                            return Err(input.error(format!("a face names vertex {index}")));
                        }
                        corners.push(index as u32);
                    }
                }
                fan(&corners, &mut triangles);
            }
            if element.name == "vertex" {
                vertices.push(position);
            }
        }
    }
    Mesh::new(vertices, triangles)
}
