//! Times sampling the abdomen, 256 × 256 × 220 voxels of 1.5 mm, and prints one JSON line: `time_sampling [TIMES [MM]]`.
#![allow(clippy::print_stdout, reason = "the result is for a script")]

use std::error::Error;
use std::time::Instant;

use fabrica_geometry::Mm;
use fabrica_phantom::{Acquisition, Phantom, PhantomOptions, Sampling};
use fabrica_progress::Progress;

fn main() -> Result<(), Box<dyn Error>> {
    let times: usize = std::env::args().nth(1).map_or(Ok(3), |text| text.parse())?;
    let phantom = Phantom::new(&PhantomOptions::default())?;
    let mm = Mm(std::env::args().nth(2).map_or(Ok(1.5), |text| text.parse())?);
    let grid = Acquisition { pixel: mm, slice: mm, ..Acquisition::default() }.grid()?;
    let [nx, ny, nz] = grid.dims();
    let mut seconds = Vec::new();
    for _ in 0..times {
        let start = Instant::now();
        let volume = phantom.sample(&grid, &Sampling::default(), &Progress::new())?;
        seconds.push(start.elapsed().as_secs_f64());
        std::hint::black_box(volume);
    }
    println!("{}", serde_json::json!({ "name": format!("phantom_abdomen_{nx}x{ny}x{nz}"), "seconds": seconds }));
    Ok(())
}
