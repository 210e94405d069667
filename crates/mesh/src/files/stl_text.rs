//! STL as text.

use std::io::{Result, Write};

use crate::Model;
use crate::tree::corners;

pub(super) fn write(model: &Model, writer: &mut impl Write) -> Result<()> {
    for part in &model.parts {
        // The name is one line of printable ASCII.
        let name: String = part.name.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '_' }).collect();
        writeln!(writer, "solid {name}")?;
        for (n, t) in part.mesh.triangles().iter().enumerate() {
            let [a, b, c] = corners(&part.mesh, n as u32);
            let normal = (b - a).cross(c - a).normalize_or_zero();
            writeln!(writer, "facet normal {} {} {}\n outer loop", normal.x as f32, normal.y as f32, normal.z as f32)?;
            for v in t {
                // Adding zero makes a negative zero positive; the shortest text reads back as the same number.
                let [x, y, z] = part.mesh.vertices()[*v as usize].map(|c| c + 0.0);
                writeln!(writer, "  vertex {x} {y} {z}")?;
            }
            writeln!(writer, " endloop\nendfacet")?;
        }
        writeln!(writer, "endsolid {name}")?;
    }
    Ok(())
}
