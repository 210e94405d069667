//! Times the surface of a raw int16 cube, its smoothing and its check: `time_surface FILE SIDE ISOVALUE [RUNS]`.
//! Prints one JSON line a step.
#![allow(clippy::print_stdout, reason = "its output is its result")]

use std::time::Instant;

use fabrica_geometry::{Grid, LpsPoint};
use fabrica_progress::Progress;
use fabrica_surface::{Smoothing, check, smooth, surface_of_volume};
use fabrica_volume::{Samples, ValueUnit, Volume};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, side, isovalue, rest @ ..] = &arguments[..] else {
        return Err("usage: time_surface FILE SIDE ISOVALUE [RUNS]".into());
    };
    let side = side.parse()?;
    let isovalue = isovalue.parse()?;
    let runs = rest.first().map_or(Ok(1), |n| n.parse())?;
    let samples = std::fs::read(file)?.as_chunks::<2>().0.iter().map(|b| i16::from_le_bytes(*b)).collect();
    let grid = Grid::axis_aligned([side; 3], LpsPoint::default(), [1.0; 3])?;
    let volume = Volume::new(grid, Samples::I16(samples), ValueUnit::Hounsfield)?;

    let progress = Progress::new();
    let mut seconds: [Vec<f64>; 3] = Default::default();
    for run in 0..runs + 1 {
        let start = Instant::now();
        let mut mesh = surface_of_volume(&volume, isovalue, &progress)?;
        let made = start.elapsed().as_secs_f64();
        let start = Instant::now();
        smooth(&mut mesh, volume.grid(), &Smoothing::default(), &progress)?;
        let smoothed = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let report = check(&mesh, &progress)?;
        let checked = start.elapsed().as_secs_f64();
        // The first run warms up.
        if run == 0 {
            println!("# {} triangles, solid: {}", report.triangles, report.is_solid());
        } else {
            seconds.iter_mut().zip([made, smoothed, checked]).for_each(|(all, s)| all.push(s));
        }
    }
    for (name, seconds) in ["check", "smooth", "surface"].iter().zip(seconds.iter().rev()) {
        println!("{{\"name\": \"{name}\", \"seconds\": {seconds:?}}}");
    }
    Ok(())
}
