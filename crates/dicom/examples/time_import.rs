//! Times scanning and loading of a folder: `time_import FOLDER [RUNS]`. Prints one JSON line with the seconds of each run, the
//! bytes of the volume, and the peak memory of this process in bytes (Linux).
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use fabrica_dicom::{LoadOptions, load, scan};
use fabrica_progress::Progress;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: time_import FOLDER [RUNS]")?);
    let runs: usize = arguments.next().map_or(Ok(1), |n| n.parse())?;
    let progress = Progress::new();
    let (mut seconds, mut bytes) = (Vec::new(), 0);
    for _ in 0..runs {
        let start = Instant::now();
        let found = scan(std::slice::from_ref(&folder), &progress)?;
        let series = found.series.first().ok_or("there is no series in the folder")?;
        let volume = load(series, 0, &LoadOptions::resample(), &progress)?;
        seconds.push(start.elapsed().as_secs_f64());
        bytes = volume.samples().bytes().len();
    }
    println!(
        r#"{{"name": "import", "volume_bytes": {bytes}, "peak_bytes": {}, "seconds": {seconds:?}}}"#,
        peak_memory().unwrap_or(0)
    );
    Ok(())
}

/// The most memory that this process has held, from the kernel's account.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
