//! Lists the series in files and folders: `cargo run -p fabrica-dicom --example list_series -- FOLDER... [--load]`.
//! With `--load` every phase is read too, and what it holds is printed.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::path::PathBuf;

use fabrica_dicom::{LoadOptions, load, scan};
use fabrica_progress::Progress;

fn main() -> Result<(), fabrica_dicom::DicomError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let read = arguments.iter().any(|a| a == "--load");
    let paths: Vec<PathBuf> = arguments.iter().filter(|a| *a != "--load").map(PathBuf::from).collect();
    let progress = Progress::new();
    let found = scan(&paths, &progress)?;
    for series in &found.series {
        println!(
            "{} {:?} {:?} | {} file(s) | {}",
            series.modality,
            series.kind,
            series.description,
            series.file_count(),
            series.transfer_syntaxes.join(", ")
        );
        for (number, phase) in series.phases.iter().enumerate() {
            println!("  [{number}] {:?} {:?} {:.4?} mm {}", phase.label, phase.dims, phase.spacing, phase.orientation);
            for warning in &phase.warnings {
                println!("      warning: {}", warning.issue);
            }
            if let Some(obstacle) = &phase.obstacle {
                println!("      cannot be read: {obstacle}");
            } else if read {
                match load(series, number, &LoadOptions::resample(), &progress) {
                    Ok(volume) => println!(
                        "      {:?} {} {:?} range {:?} padding {:?} {:?}",
                        volume.grid().dims(),
                        volume.samples().type_name(),
                        volume.unit,
                        volume.range(),
                        volume.padding,
                        volume.provenance.steps
                    ),
                    Err(e) => println!("      {e}"),
                }
            }
        }
    }
    for object in &found.objects {
        println!(
            "{} {:?} of {:?}: {}",
            object.modality,
            object.description,
            object.referenced_series,
            object.path.display()
        );
    }
    for file in &found.passed_over {
        println!("passed over {}: {}", file.path.display(), file.reason);
    }
    Ok(())
}
