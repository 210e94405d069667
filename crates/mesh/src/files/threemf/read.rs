//! Reading 3MF: the core specification. What lies in other model files of the package (the production extension) is
//! refused by name, not left out.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use fabrica_surface::Mesh;
use glam::{DAffine3, DVec3};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::UNITS;
use crate::{MeshError, Model, ModelPart};

/// The most bytes that the model may take unpacked: a small archive can claim to hold any number.
const MOST_BYTES: u64 = 2 << 30;
/// How deep components may hold components, and how many parts there may be.
const MOST_DEPTH: usize = 16;
const MOST_PARTS: usize = 10_000;
/// Triangles of all parts together, copies counted.
const MOST_TRIANGLES: usize = 1 << 27;

fn error(problem: impl Into<String>, place: impl Into<String>) -> MeshError {
    MeshError::File { format: "3MF", problem: problem.into(), place: place.into() }
}

pub(in crate::files) fn read(bytes: &[u8]) -> Result<Model, MeshError> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|e| error(format!("not a ZIP archive: {e}"), "file"))?;
    let relations = unpack(&mut zip, "_rels/.rels", 1 << 20)?;
    let name = root_model(&relations)?;
    let text = unpack(&mut zip, name.trim_start_matches('/'), MOST_BYTES)?;
    let mut document = Document::default();
    document.parse(&text, &name)?;
    document.build(&name)
}

fn unpack(zip: &mut ZipArchive<Cursor<&[u8]>>, name: &str, most: u64) -> Result<String, MeshError> {
    let file = zip.by_name(name).map_err(|e| error(format!("it cannot be unpacked: {e}"), name))?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(|e| error(format!("it cannot be unpacked: {e}"), name))?;
    if bytes.len() as u64 > most {
        return Err(error(format!("it is larger than {} MiB unpacked", most >> 20), name));
    }
    String::from_utf8(bytes).map_err(|_| error("it is not UTF-8 text", name))
}

/// The part of the package that its relationships name as the model.
fn root_model(relations: &str) -> Result<String, MeshError> {
    let place = "_rels/.rels";
    let mut reader = Reader::from_str(relations);
    loop {
        match reader.read_event().map_err(|e| error(e.to_string(), place))? {
            Event::Start(e) | Event::Empty(e) if e.local_name().as_ref() == "Relationship" => {
                let kind = attribute(&e, "Type", place)?.unwrap_or_default();
                if kind.ends_with("/3dmodel") {
                    return attribute(&e, "Target", place)?.ok_or_else(|| error("a relationship has no target", place));
                }
            }
            Event::Eof => return Err(error("the package names no model", place)),
            _ => {}
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str, place: &str) -> Result<Option<String>, MeshError> {
    for found in element.attributes() {
        let found = found.map_err(|e| error(e.to_string(), place))?;
        if found.key.local_name().as_ref() == name {
            let text = quick_xml::escape::unescape(&found.value).map_err(|e| error(e.to_string(), place))?;
            return Ok(Some(text.into_owned()));
        }
    }
    Ok(None)
}

/// A reference to another object and where it goes.
struct Component {
    object: u32,
    transform: DAffine3,
}

#[derive(Default)]
struct Object {
    name: String,
    colour: Option<[u8; 3]>,
    vertices: Vec<[f64; 3]>,
    triangles: Vec<[u32; 3]>,
    components: Vec<Component>,
    /// A support or other thing that is not to be a part.
    is_model: bool,
}

#[derive(Default)]
struct Document {
    /// Millimetres a unit.
    unit: f64,
    unit_name: String,
    objects: HashMap<u32, Object>,
    colours: HashMap<u32, Vec<Option<[u8; 3]>>>,
    items: Vec<Component>,
}

impl Document {
    fn parse(&mut self, text: &str, name: &str) -> Result<(), MeshError> {
        let mut reader = Reader::from_str(text);
        let mut object = None;
        let mut group = 0;
        let mut depth = 0usize;
        (self.unit, self.unit_name) = (0.0, String::new());
        loop {
            let place = format!("{name}, byte {}", reader.buffer_position());
            let event = reader.read_event().map_err(|e| error(e.to_string(), &place))?;
            let (element, opens) = match &event {
                Event::Start(element) => (element, true),
                Event::Empty(element) => (element, false),
                Event::End(element) => {
                    depth = depth.saturating_sub(1);
                    if element.local_name().as_ref() == "object" {
                        object = None;
                    }
                    continue;
                }
                Event::Eof if depth > 0 => return Err(error("it ends early", place)),
                Event::Eof => break,
                _ => continue,
            };
            depth += usize::from(opens);
            let place = place.as_str();
            match element.local_name().as_ref() {
                "model" => self.unit(attribute(element, "unit", place)?, place)?,
                "basematerials" => group = number(element, "id", place)?,
                "base" => {
                    let colour = attribute(element, "displaycolor", place)?.and_then(|c| parse_colour(&c));
                    let none = attribute(element, "name", place)?.is_some_and(|name| name == "none");
                    self.colours.entry(group).or_default().push(colour.filter(|_| !none));
                }
                "object" => {
                    let id = number(element, "id", place)?;
                    let made = self.object(element, place)?;
                    if self.objects.insert(id, made).is_some() {
                        return Err(error(format!("two objects have the number {id}"), place));
                    }
                    object = Some(id);
                }
                kind @ ("vertex" | "triangle" | "component") => {
                    let Some(object) = object.and_then(|id| self.objects.get_mut(&id)) else {
                        return Err(error("a vertex, triangle or component outside of any object", place));
                    };
                    match kind {
                        "vertex" => {
                            let coordinates = ["x", "y", "z"].map(|axis| coordinate(element, axis, place));
                            let [x, y, z] = coordinates;
                            object.vertices.push([x?, y?, z?]);
                        }
                        "triangle" => {
                            let [a, b, c] = ["v1", "v2", "v3"].map(|v| number(element, v, place));
                            object.triangles.push([a?, b?, c?]);
                        }
                        _ => object.components.push(component(element, place)?),
                    }
                }
                "item" => self.items.push(component(element, place)?),
                _ => {}
            }
        }
        if self.unit == 0.0 {
            return Err(error("there is no <model> in it", name));
        }
        Ok(())
    }

    fn unit(&mut self, unit: Option<String>, place: &str) -> Result<(), MeshError> {
        let unit = unit.unwrap_or_else(|| "millimeter".into());
        let known = UNITS.iter().find(|(name, _)| *name == unit);
        let (name, millimetres) = known.ok_or_else(|| error(format!("the unit \"{unit}\" is unknown"), place))?;
        self.unit = *millimetres;
        self.unit_name = format!("{name} (said by the file)");
        Ok(())
    }

    fn object(&self, element: &BytesStart<'_>, place: &str) -> Result<Object, MeshError> {
        let kind = attribute(element, "type", place)?.unwrap_or_else(|| "model".into());
        let colour = match (attribute(element, "pid", place)?, attribute(element, "pindex", place)?) {
            (Some(group), Some(at)) => group
                .parse()
                .ok()
                .and_then(|group: u32| self.colours.get(&group))
                .and_then(|colours| *colours.get(at.parse::<usize>().ok()?)?),
            _ => None,
        };
        Ok(Object {
            name: attribute(element, "name", place)?.unwrap_or_default(),
            colour,
            is_model: matches!(kind.as_str(), "model" | "solidsupport" | "surface"),
            ..Object::default()
        })
    }

    fn build(&self, name: &str) -> Result<Model, MeshError> {
        let mut parts = Vec::new();
        let mut triangles = 0;
        let scale = DAffine3::from_scale(DVec3::splat(self.unit));
        let mut stack: Vec<(u32, DAffine3, usize)> =
            self.items.iter().rev().map(|item| (item.object, scale * item.transform, 0)).collect();
        while let Some((id, transform, depth)) = stack.pop() {
            if depth > MOST_DEPTH || parts.len() >= MOST_PARTS {
                return Err(error(format!("more than {MOST_DEPTH} levels or {MOST_PARTS} parts"), name));
            }
            let object = self.objects.get(&id).ok_or_else(|| error(format!("object {id} is not there"), name))?;
            for component in object.components.iter().rev() {
                stack.push((component.object, transform * component.transform, depth + 1));
            }
            if object.is_model && !object.triangles.is_empty() {
                triangles += object.triangles.len();
                if triangles > MOST_TRIANGLES {
                    return Err(error(format!("more than {MOST_TRIANGLES} triangles"), name));
                }
                parts.push(part(object, transform)?);
            }
        }
        Ok(Model { parts, unit: self.unit_name.clone() })
    }
}

fn part(object: &Object, transform: DAffine3) -> Result<ModelPart, MeshError> {
    let vertices = object
        .vertices
        .iter()
        .map(|&v| transform.transform_point3(DVec3::from_array(v)).as_vec3().to_array())
        .collect();
    let mut triangles = object.triangles.clone();
    if transform.matrix3.determinant() < 0.0 {
        // A mirrored copy: its triangles keep facing outwards.
        triangles.iter_mut().for_each(|t| t.swap(1, 2));
    }
    Ok(ModelPart { name: object.name.clone(), colour: object.colour, mesh: Mesh::new(vertices, triangles)? })
}

fn component(element: &BytesStart<'_>, place: &str) -> Result<Component, MeshError> {
    if let Some(path) = attribute(element, "path", place)? {
        return Err(error(
            format!("it refers to the model file \"{path}\" in the package, which is not supported"),
            place,
        ));
    }
    let transform = match attribute(element, "transform", place)? {
        None => DAffine3::IDENTITY,
        Some(text) => {
            let numbers: Vec<f64> = text.split_ascii_whitespace().filter_map(|w| w.parse().ok()).collect();
            let numbers: [f64; 12] = numbers
                .try_into()
                .ok()
                .filter(|n: &[f64; 12]| n.iter().all(|c| c.is_finite()))
                .ok_or_else(|| error("a transform needs twelve finite numbers", place))?;
            // Row vectors times this matrix, row by row: its rows are our columns.
            DAffine3::from_cols_array(&numbers)
        }
    };
    Ok(Component { object: number(element, "objectid", place)?, transform })
}

fn number(element: &BytesStart<'_>, name: &str, place: &str) -> Result<u32, MeshError> {
    attribute(element, name, place)?
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| error(format!("\"{name}\" is missing or no number"), place))
}

fn coordinate(element: &BytesStart<'_>, name: &str, place: &str) -> Result<f64, MeshError> {
    attribute(element, name, place)?
        .and_then(|text| text.trim().parse().ok())
        .filter(|c: &f64| c.is_finite())
        .ok_or_else(|| error(format!("\"{name}\" is missing or not a finite number"), place))
}

/// `#RRGGBB` or `#RRGGBBAA`.
fn parse_colour(text: &str) -> Option<[u8; 3]> {
    let hex = text.trim().strip_prefix('#')?;
    if !matches!(hex.len(), 6 | 8) || !hex.is_ascii() {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    Some([byte(0)?, byte(2)?, byte(4)?])
}
