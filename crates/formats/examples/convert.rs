//! Converts a volume or label map: `cargo run --example convert -- IN OUT [time point]`.
//!
//! OUT ends in `.nii`, `.nii.gz`, `.nrrd` (a volume) or `.seg.nrrd` (structures). Without OUT, says what IN is.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use std::path::Path;

use fabrica_formats::{Compression, probe, read, read_labels, write_nifti, write_nrrd, write_segmentation};
use fabrica_progress::Progress;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, rest @ ..] = arguments.as_slice() else { return Err("convert IN [OUT [time point]]".into()) };
    let progress = Progress::new();
    let info = probe(Path::new(input))?;
    println!(
        "{:?}: {:?} of {}, {:?} mm, {}, {} time point(s)",
        info.format, info.dims, info.sample_type, info.spacing, info.orientation, info.time_points
    );
    for warning in &info.warnings {
        println!("warning: {}", warning.issue);
    }
    let [output, rest @ ..] = rest else { return Ok(()) };
    let path = Path::new(output);
    if output.ends_with(".seg.nrrd") {
        let structures = read_labels(Path::new(input), &progress)?;
        for s in &structures {
            println!("{}: {} voxels, {:.2} mL", s.name, s.mask.count(), s.mask.volume().millilitres());
        }
        write_segmentation(&structures, path, &progress)?;
        return Ok(());
    }
    let time_point = rest.first().map_or(Ok(0), |t| t.parse())?;
    let volume = read(Path::new(input), time_point, &progress)?;
    println!("{} samples, {:?}", volume.samples().type_name(), volume.range());
    if output.ends_with(".nrrd") {
        write_nrrd(&volume, path, Compression::Gzip, &progress)?;
    } else {
        write_nifti(&volume, path, &progress)?;
    }
    Ok(())
}
