//! Times the surfaces of all labels of a raw uint8 label map: `time_labels FILE NX NY NZ [RUNS]`.
//! Prints one JSON line a step.
#![allow(clippy::print_stdout, reason = "its output is its result")]

use std::time::Instant;

use fabrica_geometry::{Grid, LpsPoint};
use fabrica_progress::Progress;
use fabrica_surface::{Smoothing, check, label_surfaces};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, nx, ny, nz, rest @ ..] = &arguments[..] else {
        return Err("usage: time_labels FILE NX NY NZ [RUNS]".into());
    };
    let dims = [nx.parse()?, ny.parse()?, nz.parse()?];
    let runs = rest.first().map_or(Ok(1), |n| n.parse())?;
    let labels = std::fs::read(file)?;
    let grid = Grid::axis_aligned(dims, LpsPoint::default(), [1.0; 3])?;

    let progress = Progress::new();
    let names = ["labels", "labels smoothed", "a mesh a label"];
    let mut seconds: [Vec<f64>; 3] = Default::default();
    for run in 0..runs + 1 {
        let start = Instant::now();
        label_surfaces(&grid, &labels, None, &progress)?;
        let plain = start.elapsed().as_secs_f64();
        // As many steps as VTK's own smoothing takes.
        let how = Smoothing { passes: 8, ..Smoothing::default() };
        let start = Instant::now();
        let surfaces = label_surfaces(&grid, &labels, Some(&how), &progress)?;
        let smoothed = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let meshes = surfaces.meshes(&progress)?;
        let parted = start.elapsed().as_secs_f64();
        // The first run warms up.
        if run == 0 {
            let mut solid = 0;
            for (_, mesh) in &meshes {
                solid += usize::from(check(mesh, &progress)?.is_solid());
            }
            println!("# {} triangles, {} labels, {solid} solid", surfaces.triangles().len(), meshes.len());
        } else {
            seconds.iter_mut().zip([plain, smoothed, parted]).for_each(|(all, s)| all.push(s));
        }
    }
    for (name, seconds) in names.iter().zip(&seconds) {
        println!("{{\"name\": \"{name}\", \"seconds\": {seconds:?}}}");
    }
    Ok(())
}
