//! Saves and reads a synthetic scan of 512 × 512 × 1000 voxels `N` times (first argument, default 3), and prints the
//! times as JSON lines, with the peak memory of the process where the system tells it.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::time::Instant;

use fabrica_case::Case;
use fabrica_geometry::{Grid, LpsPoint};
use fabrica_plan::{Author, Operation};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Rgb, Samples, Structure, ValueUnit, Volume};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let times = std::env::args().nth(1).map_or(Ok(3), |n| n.parse())?;
    let folder = std::env::temp_dir().join(format!("fabrica-time-case-{}", std::process::id()));
    let (by, progress) = (Author::new("timer")?, Progress::new());
    let mut all: Vec<(&str, Vec<f64>)> =
        ["save scan", "open", "save structure", "read structure", "operation", "read scan"].map(|n| (n, vec![])).into();
    for _ in 0..times {
        let grid = Grid::axis_aligned([512, 512, 1000], LpsPoint::default(), [0.7, 0.7, 0.5])?;
        let samples = Samples::I16((0..grid.len()).map(|i| ((i * 2_654_435_761) >> 20) as i16).collect());
        let mut volume = Volume::new(grid.clone(), samples, ValueUnit::Hounsfield)?;
        volume.provenance.simulated = true;
        let mut at = Instant::now();
        let mut lap = |index: usize| {
            if let Some((_, seconds)) = all.get_mut(index) {
                seconds.push(at.elapsed().as_secs_f64());
            }
            at = Instant::now();
        };
        drop(Case::create(&folder, &volume, &by, &progress)?);
        drop(volume);
        lap(0);
        let mut case = Case::open(&folder)?;
        lap(1);
        let mask =
            Mask::from_fn(grid, |i| (i % 512).abs_diff(256).pow(2) + (i / 512 % 512).abs_diff(256).pow(2) < 9000);
        let (name, colour, origin) = ("cylinder".to_owned(), Rgb(200, 0, 0), "formula".to_owned());
        let structure = Structure { name, colour, mask, code: None, origin, isovalue: None };
        lap(usize::MAX);
        case.add_structure("volume-1", &structure, &by, &progress)?;
        lap(2);
        drop(structure);
        case.structure("cylinder", &progress)?;
        lap(3);
        case.apply(Operation::SetCrosshair { at: LpsPoint::default() }, &by)?;
        lap(4);
        case.volume("volume-1", &progress)?;
        lap(5);
        drop(case);
        std::fs::remove_dir_all(&folder)?;
    }
    for (name, seconds) in all {
        println!("{}", serde_json::json!({"name": name, "seconds": seconds}));
    }
    // Linux only.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find(|l| l.starts_with("VmHWM")) {
        println!("{}", serde_json::json!({"name": "peak memory", "value": peak}));
    }
    Ok(())
}
