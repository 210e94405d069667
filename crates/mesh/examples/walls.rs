//! Measures the walls of a mesh file: `walls FILE [LIMIT_MM] [LEAST_WALL_MM [OUT.stl]]`.
#![allow(clippy::print_stdout, reason = "its output is its result")]

use std::path::Path;
use std::time::Instant;

use fabrica_geometry::Mm;
use fabrica_mesh::{Model, ModelFormat, read_model, thickness, write_model};
use fabrica_progress::Progress;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: walls FILE [LIMIT_MM] [LEAST_WALL_MM]")?;
    let limit: f64 = arguments.next().unwrap_or_else(|| "3".into()).parse()?;
    let least: f64 = arguments.next().unwrap_or_else(|| "1.5".into()).parse()?;
    let format = ModelFormat::of_path(Path::new(&file)).ok_or("unknown format")?;
    let mesh = read_model(&std::fs::read(&file)?, format)?.merged()?;
    let start = Instant::now();
    let walls = thickness(&mesh, Mm(limit), &Progress::new())?;
    println!("{} triangles, {:.2} s", mesh.triangles().len(), start.elapsed().as_secs_f64());
    let mut counts = [0usize; 21];
    for t in &walls.at_vertices {
        counts[(f64::from(*t) / limit * 20.0) as usize] += 1;
    }
    for (n, count) in counts.iter().enumerate() {
        println!("{:5.2} mm {:6.2} %", n as f64 * limit / 20.0, 100.0 * *count as f64 / walls.at_vertices.len() as f64);
    }
    let places = walls.thin_places(&mesh, Mm(least));
    println!(
        "{} thin places, {} of them edges; least wall {}",
        places.len(),
        places.iter().filter(|p| p.edge).count(),
        walls.least_wall(&places, Mm(least))
    );
    for p in places.iter().take(20) {
        println!(
            "({:.4}, {:.4}, {:.4}) {:.5} mm, {} vertices, edge {}",
            p.at.0.x, p.at.0.y, p.at.0.z, p.thickness.0, p.vertices, p.edge
        );
    }
    if let Some(out) = arguments.next() {
        let start = Instant::now();
        let made = fabrica_mesh::thicken(&mesh, Mm(least), &Progress::new())?;
        println!("thickened in {:.1} s: {:#?}", start.elapsed().as_secs_f64(), made.report);
        write_model(&Model::of("", made.mesh), ModelFormat::Stl, "", &mut std::fs::File::create(out)?)?;
    }
    Ok(())
}
