//! `fabrica phantom`: the synthetic patient as DICOM, with its truth beside it.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use fabrica_case::write_atomic;
use fabrica_geometry::Mm;
use fabrica_phantom::{
    Acquisition, DicomOptions, Orientation as Slices, Phantom, PhantomOptions, Region as Part, Sampling,
    write_dicom_slices,
};
use fabrica_progress::Progress;

use crate::cli::{Orientation, PhantomArgs, Region};
use crate::terminal::{Bar, say};

/// Runs the command.
pub fn run(args: &PhantomArgs) -> Result<()> {
    let bar = Bar::start();
    let files = write(args, bar.progress())?;
    drop(bar);
    say(format_args!(
        "The SYNTHETIC patient: {files} DICOM files in {}, its truth beside them.",
        args.out.join("dicom").display()
    ));
    Ok(())
}

/// Writes the synthetic patient and its truth, and says how many DICOM files there are.
pub fn write(args: &PhantomArgs, progress: &Progress) -> Result<usize> {
    if std::fs::read_dir(&args.out).is_ok_and(|mut items| items.next().is_some()) {
        bail!("{} is not empty; choose a new folder", args.out.display());
    }
    // The folder appears whole or not at all; what is left of a cancelled run is written over by the next.
    let mut name =
        args.out.file_name().with_context(|| format!("{} is no folder's name", args.out.display()))?.to_owned();
    name.push(".partial");
    let partial = args.out.with_file_name(name);
    if partial.exists() {
        std::fs::remove_dir_all(&partial).with_context(|| format!("{} cannot be removed", partial.display()))?;
    }
    std::fs::create_dir_all(&partial).with_context(|| format!("{} cannot be made", partial.display()))?;
    let files = write_into(&partial, args, progress)?;
    // An empty folder may be there already.
    if args.out.exists() {
        std::fs::remove_dir(&args.out).with_context(|| format!("{} cannot be replaced", args.out.display()))?;
    }
    std::fs::rename(&partial, &args.out).with_context(|| format!("{} cannot be made", args.out.display()))?;
    Ok(files)
}

fn write_into(out: &Path, args: &PhantomArgs, progress: &Progress) -> Result<usize> {
    let patient = PhantomOptions { seed: args.seed, ..PhantomOptions::default() };
    let phantom = Phantom::new(&patient)?;
    let acquisition = Acquisition {
        region: match args.region {
            Region::Abdomen => Part::Abdomen,
            Region::Chest => Part::Chest,
            Region::Trunk => Part::Trunk,
            Region::Head => Part::Head,
            Region::Whole => Part::Whole,
        },
        orientation: match args.orientation {
            Orientation::Axial => Slices::Axial,
            Orientation::Sagittal => Slices::Sagittal,
            Orientation::Coronal => Slices::Coronal,
            Orientation::Oblique => Slices::Oblique { about_x: 12.0, about_y: 8.0 },
        },
        pixel: Mm(args.pixel),
        slice: Mm(args.slice),
        tilt_degrees: args.tilt,
    };
    let planes = acquisition.planes()?;
    let sampling = Sampling { noise: args.noise, ..Sampling::default() };
    let slices = phantom.sample_slices(&planes, &sampling, progress)?;
    let files = write_dicom_slices(&slices, &out.join("dicom"), &DicomOptions::new(&patient), progress)?;
    drop(slices);
    let truth = serde_json::to_vec_pretty(&phantom.truth(progress)?)?;
    let path = out.join("truth.json");
    write_atomic(&path, |file| file.write_all(&truth))
        .with_context(|| format!("{} was not written", path.display()))?;
    // A sheared stack is no grid: the label maps of a tilted scan are on the straight one.
    let grid = Acquisition { tilt_degrees: 0.0, ..acquisition }.grid()?;
    let structures = phantom.structures(&grid, progress)?;
    fabrica_formats::write_segmentation(&structures, &out.join("truth.seg.nrrd"), progress)?;
    Ok(files.len())
}
