//! Writing 3MF.

use std::fmt::Write as _;
use std::io::{Error, Result, Seek, Write};

use quick_xml::escape::escape;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::Model;

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>"#;
const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Target="/3D/3dmodel.model" Id="rel0" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>"#;

pub(in crate::files) fn write(model: &Model, label: &str, writer: &mut (impl Write + Seek)) -> Result<()> {
    let mut zip = ZipWriter::new(writer);
    // A fixed time, so that the same model makes the same bytes, and so the same hash.
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default()).large_file(true);
    let file = |name: &str, zip: &mut ZipWriter<_>| zip.start_file(name, options).map_err(Error::other);
    file("[Content_Types].xml", &mut zip)?;
    zip.write_all(TYPES.as_bytes())?;
    file("_rels/.rels", &mut zip)?;
    zip.write_all(RELATIONS.as_bytes())?;
    file("3D/3dmodel.model", &mut zip)?;
    model_xml(model, label, &mut zip)?;
    zip.finish().map_err(Error::other)?;
    Ok(())
}

/// Text without the control characters that XML cannot hold.
fn text(name: &str) -> String {
    let clean: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    escape(clean.as_str()).into_owned()
}

fn model_xml(model: &Model, label: &str, writer: &mut impl Write) -> Result<()> {
    writeln!(
        writer,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<model unit=\"millimeter\" xml:lang=\"en-US\" \
         xmlns=\"http://schemas.microsoft.com/3dmanufacturing/core/2015/02\">\n<metadata name=\"Title\">{}</metadata>\n\
         <metadata name=\"Application\">Fabrica</metadata>\n<metadata name=\"Description\">Patient coordinates, LPS \
         millimetres. Not a cleared medical device.</metadata>\n<resources>",
        text(label)
    )?;
    let coloured = model.parts.iter().any(|part| part.colour.is_some());
    if coloured {
        writeln!(writer, "<basematerials id=\"1\">")?;
        for part in &model.parts {
            let [r, g, b] = part.colour.unwrap_or([200, 200, 200]);
            let name = if part.colour.is_some() { text(&part.name) } else { "none".into() };
            writeln!(writer, "<base name=\"{name}\" displaycolor=\"#{r:02X}{g:02X}{b:02X}\"/>")?;
        }
        writeln!(writer, "</basematerials>")?;
    }
    let mut lines = String::new();
    for (n, part) in model.parts.iter().enumerate() {
        let colour = if part.colour.is_some() { format!(" pid=\"1\" pindex=\"{n}\"") } else { String::new() };
        writeln!(
            writer,
            "<object id=\"{}\" type=\"model\" name=\"{}\"{colour}><mesh><vertices>",
            n + 2,
            text(&part.name)
        )?;
        for vertices in part.mesh.vertices().chunks(1 << 12) {
            lines.clear();
            for [x, y, z] in vertices {
                // A String takes everything.
                writeln!(lines, "<vertex x=\"{x}\" y=\"{y}\" z=\"{z}\"/>").ok();
            }
            writer.write_all(lines.as_bytes())?;
        }
        writeln!(writer, "</vertices><triangles>")?;
        for triangles in part.mesh.triangles().chunks(1 << 12) {
            lines.clear();
            for [a, b, c] in triangles {
                writeln!(lines, "<triangle v1=\"{a}\" v2=\"{b}\" v3=\"{c}\"/>").ok();
            }
            writer.write_all(lines.as_bytes())?;
        }
        writeln!(writer, "</triangles></mesh></object>")?;
    }
    writeln!(writer, "</resources>\n<build>")?;
    for n in 0..model.parts.len() {
        writeln!(writer, "<item objectid=\"{}\"/>", n + 2)?;
    }
    writeln!(writer, "</build>\n</model>")
}
