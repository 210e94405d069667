//! Reads every phase in a folder and writes it as NRRD: `cargo run -p fabrica-dicom --example series_to_nrrd -- FOLDER OUT`.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use fabrica_dicom::{LoadOptions, load, scan};
use fabrica_progress::Progress;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let (Some(folder), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: series_to_nrrd FOLDER OUT".into());
    };
    let progress = Progress::new();
    for (number, series) in scan(&[folder], &progress)?.series.iter().enumerate() {
        for phase in 0..series.phases.len() {
            let volume = match load(series, phase, &LoadOptions::resample(), &progress) {
                Ok(volume) => volume,
                Err(e) => {
                    println!("series {number}, phase {phase}: {e}");
                    continue;
                }
            };
            let grid = volume.grid();
            let [nx, ny, nz] = grid.dims();
            let vector = |v: [f64; 3]| format!("({},{},{})", v[0], v[1], v[2]);
            let directions: Vec<String> =
                (0..3).map(|a| vector((grid.axis(a).0 * grid.spacing()[a]).to_array())).collect();
            let header = format!(
                "NRRD0004\ntype: {}\ndimension: 3\nspace: left-posterior-superior\nsizes: {nx} {ny} {nz}\n\
                 space directions: {}\nspace origin: {}\nendian: little\nencoding: raw\n\n",
                volume.samples().type_name().replace("float32", "float"),
                directions.join(" "),
                vector(grid.origin().0.to_array()),
            );
            let path = out.join(format!("series{number}_phase{phase}.nrrd"));
            let mut file = std::io::BufWriter::new(std::fs::File::create(&path)?);
            file.write_all(header.as_bytes())?;
            file.write_all(volume.samples().bytes())?;
            file.flush()?;
            println!("{} {:?} -> {}", series.modality, series.phases[phase].label, path.display());
        }
    }
    Ok(())
}
