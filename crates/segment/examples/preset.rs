//! Runs presets on a scan in NIfTI or NRRD and writes each result beside it as a mask in NIfTI.
//!
//! `cargo run --example preset -- SCAN.nii.gz OUT_FOLDER bone skin`
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its reader")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use fabrica_progress::Progress;
use fabrica_segment::Recipe;
use fabrica_volume::{Samples, ValueUnit, Volume};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [scan, folder, presets @ ..] = arguments.as_slice() else {
        return Err("usage: preset SCAN OUT_FOLDER PRESET...".into());
    };
    let progress = Progress::new();
    let volume = fabrica_formats::read(Path::new(scan), 0, &progress)?;
    for name in presets {
        let start = Instant::now();
        // NIfTI and NRRD do not say that a scan is CT: the one who runs this vouches for it.
        match Recipe::named(name)?.run_forced(&volume, &progress) {
            Ok(structure) => {
                println!(
                    "{name}: {:.1} mL in {:.2} s, isovalue {:?}\n  {}",
                    structure.mask.volume().0 / 1000.0,
                    start.elapsed().as_secs_f64(),
                    structure.isovalue,
                    structure.origin
                );
                let samples = Samples::U8(structure.mask.to_bytes());
                let mask = Volume::new(volume.grid().clone(), samples, ValueUnit::Arbitrary)?;
                let path = Path::new(folder).join(format!("{name}.nii.gz"));
                fabrica_formats::write_nifti(&mask, &path, &progress)?;
            }
            Err(error) => eprintln!("{name}: {error}"),
        }
    }
    Ok(())
}
