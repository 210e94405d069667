//! Repairs mesh files and prints one JSON line each: `mesh_tool [--loss] [--sheets MM] OUT_FOLDER FILE ...`.
#![allow(clippy::print_stdout, reason = "its output is its result")]

use std::path::Path;
use std::time::Instant;

use fabrica_geometry::Mm;
use fabrica_mesh::{Model, ModelFormat, RepairOptions, Sheets, read_model, repair, write_model};
use fabrica_progress::Progress;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = RepairOptions::default();
    let mut paths = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--loss" => options.allow_loss = true,
            "--remesh" => options.remesh = true,
            "--verbose" => paths.push(argument),
            "--sheets" => options.sheets = Sheets::Thicken(Mm(arguments.next().unwrap_or_default().parse()?)),
            _ => paths.push(argument),
        }
    }
    let verbose = paths.iter().any(|p| p == "--verbose");
    paths.retain(|p| p != "--verbose");
    let [folder, files @ ..] = &paths[..] else { return Err("usage: mesh_tool OUT FILE...".into()) };
    for file in files {
        let path = Path::new(file);
        let format = ModelFormat::of_path(path).ok_or("unknown format")?;
        let bytes = std::fs::read(path)?;
        let start = Instant::now();
        let line = match read_model(&bytes, format).and_then(|m| m.merged()) {
            Err(error) => serde_json::json!({"file": file, "error": error.to_string()}),
            Ok(mesh) => {
                let read = start.elapsed().as_secs_f64();
                let start = Instant::now();
                match repair(&mesh, &options, &Progress::new()) {
                    Err(error) => serde_json::json!({"file": file, "error": error.to_string()}),
                    Ok(repaired) => {
                        let seconds = start.elapsed().as_secs_f64();
                        let out = Path::new(folder).join(path.file_stem().unwrap_or_default()).with_extension("stl");
                        write_model(
                            &Model::of("", repaired.mesh),
                            ModelFormat::Stl,
                            "",
                            &mut std::fs::File::create(&out)?,
                        )?;
                        if verbose {
                            println!("{}", repaired.report);
                        }
                        let r = &repaired.report;
                        serde_json::json!({"file": file, "out": out, "seconds": seconds, "read": read, "mean": r.departures.mean.0,
                            "max": r.departures.max.0, "remeshed": r.remeshed_at.map(|t| t.0), "volume": r.output.volume.0,
                            "closed_volume": r.closed_volume.0, "triangles": r.output.triangles, "parts": r.output.components})
                    }
                }
            }
        };
        println!("{line}");
    }
    Ok(())
}
