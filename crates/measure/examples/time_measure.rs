//! Times measuring two structures of a raw uint8 label cube (1 and 2): `time_measure FILE SIDE SPACING [RUNS]`. Prints
//! one JSON line a step with what it found, so that a peer's results can be held against it.
#![allow(clippy::print_stdout, reason = "its output is its result")]

use std::time::Instant;

use fabrica_geometry::{Grid, LpsPoint};
use fabrica_measure::{Border, Centreline, Settings, closest_distance, profile, size};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Rgb, Structure};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, side, spacing, rest @ ..] = &arguments[..] else {
        return Err("usage: time_measure FILE SIDE SPACING [RUNS]".into());
    };
    let (side, spacing): (usize, f64) = (side.parse()?, spacing.parse()?);
    let runs = rest.first().map_or(Ok(1), |n| n.parse())?;
    let labels = std::fs::read(file)?;
    let grid = Grid::axis_aligned([side; 3], LpsPoint::default(), [spacing; 3])?;
    let [first, second] = [1u8, 2].map(|label| Structure {
        name: format!("{label}"),
        colour: Rgb::palette(usize::from(label)),
        mask: Mask::from_fn(grid.clone(), |n| labels[n] == label),
        code: None,
        origin: "benchmark".into(),
        isovalue: None,
    });
    let (settings, progress) = (Settings::default(), Progress::new());
    let mut seconds: [Vec<f64>; 4] = Default::default();
    let mut found = [0.0; 4];
    for _ in 0..runs {
        let start = Instant::now();
        let a = Border::of(&first, None, &settings, &progress)?;
        found[0] = size(&a)[0].value;
        seconds[0].push(start.elapsed().as_secs_f64());
        let b = Border::of(&second, None, &settings, &progress)?;
        let start = Instant::now();
        found[1] = closest_distance(&a, &b)?.0.value;
        seconds[1].push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let line = Centreline::of(&a, None, &progress)?;
        found[2] = line.branches[0].length().0;
        seconds[2].push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        found[3] = profile(&a, &line, 0, None, &grid, &progress)?.quantities[0].value;
        seconds[3].push(start.elapsed().as_secs_f64());
    }
    for ((name, seconds), found) in ["volume", "closest", "centreline", "profile"].iter().zip(&seconds).zip(found) {
        println!("{{\"name\": \"{name}\", \"seconds\": {seconds:?}, \"found\": {found}}}");
    }
    Ok(())
}
