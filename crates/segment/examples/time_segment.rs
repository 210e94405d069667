//! Times one operation on a synthetic volume: `time_segment OPERATION N RUNS`.
//!
//! The volume is N³ voxels of noise and balls as `int16`, made by the same integer arithmetic as in
//! `benches/bench_segment.py`. Prints one JSON line with the seconds of each run and the voxels of the result.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::time::Instant;

use fabrica_geometry::{Grid, LpsPoint, Mm};
use fabrica_progress::Progress;
use fabrica_segment::{
    Connectivity, Islands, Seed, close, connected_threshold, fill_cavities, otsu, signed_distance, threshold,
};
use fabrica_volume::{Samples, ValueUnit, Volume};

/// Overlapping shells of 1000 in a background of 0, with noise of ±100.
fn synthetic(n: usize) -> Vec<i16> {
    let mut values = Vec::with_capacity(n * n * n);
    for k in 0..n {
        for j in 0..n {
            for i in 0..n {
                let from_middle = |x: usize| (x % 64) as i64 - 32;
                let square = from_middle(i).pow(2) + from_middle(j).pow(2) + from_middle(k).pow(2);
                let shell = (15i64.pow(2)..=34i64.pow(2)).contains(&square);
                let hash = (i * 73_856_093) ^ (j * 19_349_663) ^ (k * 83_492_791);
                values.push(if shell { 1000 } else { 0 } + (hash % 201) as i16 - 100);
            }
        }
    }
    values
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [operation, n, runs] = arguments.as_slice() else { return Err("usage: time_segment OPERATION N RUNS".into()) };
    let (n, runs): (usize, usize) = (n.parse()?, runs.parse()?);
    let progress = Progress::new();
    let grid = Grid::axis_aligned([n; 3], LpsPoint::default(), [1.0; 3])?;
    let volume = Volume::new(grid, Samples::I16(synthetic(n)), ValueUnit::Arbitrary)?;
    let mask = threshold(&volume, 500.0, 2000.0, &progress)?;
    let seeds = [Seed::Voxel([32 + 20, 32, 32])];
    let mut seconds = Vec::new();
    let mut result = 0.0;
    for _ in 0..runs {
        let start = Instant::now();
        result = match operation.as_str() {
            "threshold" => threshold(&volume, 500.0, 2000.0, &progress)?.count() as f64,
            "closing" => close(&mask, Mm(5.0), &progress)?.count() as f64,
            "islands" => Islands::find(&mask, Connectivity::Six, &progress)?.len() as f64,
            "distance" => f64::from(signed_distance(&mask, &progress)?.iter().copied().fold(f32::INFINITY, f32::min)),
            "growing" => {
                connected_threshold(&volume, &seeds, 500.0, 2000.0, Connectivity::Six, &progress)?.count() as f64
            }
            "filling" => fill_cavities(&mask, None, &progress)?.count() as f64,
            "otsu" => otsu(&volume, 2, None, &progress)?.first().copied().unwrap_or(f64::NAN),
            other => return Err(format!("unknown operation {other}").into()),
        };
        seconds.push(start.elapsed().as_secs_f64());
    }
    println!("{{\"name\": \"{operation} {n}\", \"result\": {result}, \"seconds\": {seconds:?}}}");
    Ok(())
}
