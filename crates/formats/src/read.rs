//! Reading files of any format.

use std::path::{Path, PathBuf};

use fabrica_geometry::Grid;
use fabrica_progress::Progress;
use fabrica_volume::{GeometryWarning, Modality, Provenance, Samples, Source, Structure, ValueUnit, Volume};

use crate::detect::{Family, family};
use crate::extras::Extras;
use crate::input::{file_name, source};
use crate::labels::Labels;
use crate::stored::for_each_label;
use crate::{FileInfo, Format, FormatError, Problem, inv3, nifti, nrrd};

/// Reads the header of a file: format, size, spacing, time points and warnings.
///
/// # Errors
/// When the file cannot be read, is of no known format, or its header makes no sense or promises more than the file
/// can hold.
pub fn probe(path: &Path) -> Result<FileInfo, FormatError> {
    let info = || -> Result<FileInfo, Problem> {
        match family(path)? {
            Family::Nifti => Ok(nifti::Open::new(path, &Progress::new())?.info()),
            Family::Nrrd => {
                let open = nrrd::Open::new(path)?;
                open.check_size()?;
                Ok(open.info())
            }
            Family::InVesalius => inv3::info(path, &Progress::new()),
        }
    };
    info().map_err(|problem| problem.at(path))
}

/// Reads one volume. The format is found by the content, not the name. `time_point` counts from 0; files of one
/// volume have only time point 0.
///
/// Values are real-world values: slope and intercept of a NIfTI are applied. What the unit is the formats do not say,
/// so it is [`ValueUnit::Arbitrary`] but for files written by [`write_nrrd`](crate::write_nrrd) and
/// [`write_nifti`](crate::write_nifti), and for CT in InVesalius projects. A file that we wrote comes back with the
/// provenance, unit, padding and warnings that its volume had; the file is added to the sources, and warnings are open
/// again. If it was changed since, that is a warning, and unit, padding and modality are unknown.
///
/// # Errors
/// When the file cannot be read, is of no known format, is damaged, sheared, or holds what is not a scalar volume.
pub fn read(path: &Path, time_point: usize, progress: &Progress) -> Result<Volume, FormatError> {
    volume(path, time_point, Trust::Nothing, progress).map_err(|problem| problem.at(path))
}

/// Reads a volume that [`write_nrrd`](crate::write_nrrd) wrote, exactly as it was, provenance and warnings too. The
/// caller makes sure that the file is that which was written: it is neither hashed nor doubted.
///
/// # Errors
/// As [`read`].
pub fn read_kept(path: &Path, progress: &Progress) -> Result<Volume, FormatError> {
    volume(path, 0, Trust::Kept, progress).map_err(|problem| problem.at(path))
}

/// How far a file's own account of itself goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Nothing,
    Kept,
}

/// Samples and all that belongs to them, from any format.
struct Parts {
    grid: Grid,
    samples: (Samples, Option<String>),
    warnings: Vec<GeometryWarning>,
    modality: Modality,
    unit: ValueUnit,
    sources: Vec<Source>,
    simulated: bool,
}

fn volume(path: &Path, time_point: usize, trust: Trust, progress: &Progress) -> Result<Volume, Problem> {
    let family = family(path)?;
    progress.stage(format!("reading {}", file_name(path)));
    let (parts, extras) = match family {
        Family::Nifti => from_nifti(path, time_point, trust, progress)?,
        Family::Nrrd => from_nrrd(path, time_point, trust, progress)?,
        Family::InVesalius => (from_inv3(path, time_point, trust, progress)?, Extras::default()),
    };
    let (samples, note) = parts.samples;
    let mut volume = Volume::new(parts.grid, samples, parts.unit)?;
    volume.warnings = parts.warnings;
    volume.provenance = Provenance {
        sources: parts.sources,
        modality: parts.modality,
        description: file_name(path),
        simulated: parts.simulated,
        steps: note.into_iter().collect(),
        ..Provenance::default()
    };
    match trust {
        Trust::Nothing => extras.apply(&mut volume),
        Trust::Kept => extras.apply_kept(&mut volume),
    }
    progress.set(1.0);
    Ok(volume)
}

/// Reads samples while another core hashes the files, unless the caller does.
fn while_hashing<T: Send>(
    files: &[PathBuf],
    trust: Trust,
    progress: &Progress,
    read: impl FnOnce() -> Result<T, Problem> + Send,
) -> Result<(T, Vec<Source>), Problem> {
    if trust == Trust::Kept {
        return Ok((read()?, Vec::new()));
    }
    let hash = || files.iter().map(|file| source(file, progress)).collect::<Result<Vec<_>, _>>();
    let (read, hashed) = rayon::join(read, hash);
    Ok((read?, hashed?))
}

fn check_time_point(wanted: usize, held: usize) -> Result<(), Problem> {
    if wanted < held { Ok(()) } else { Err(Problem::TimePoint { wanted, held }) }
}

fn from_nifti(path: &Path, time_point: usize, trust: Trust, progress: &Progress) -> Result<(Parts, Extras), Problem> {
    let mut open = nifti::Open::new(path, progress)?;
    check_time_point(time_point, open.header.time_points)?;
    let extras = std::mem::take(&mut open.extras);
    let files = [path.to_owned()];
    let read = || open.samples(time_point, progress);
    let (samples, sources) = while_hashing(&files, trust, progress, read)?;
    let parts = Parts {
        grid: open.grid,
        samples,
        warnings: open.warnings,
        modality: Modality::default(),
        unit: ValueUnit::Arbitrary,
        sources,
        simulated: open.header.description.starts_with("SIMULATED"),
    };
    Ok((parts, extras))
}

fn from_nrrd(path: &Path, time_point: usize, trust: Trust, progress: &Progress) -> Result<(Parts, Extras), Problem> {
    let open = nrrd::Open::new(path)?;
    check_time_point(time_point, open.time_points())?;
    let extras = open.extras()?;
    let mut files = vec![path.to_owned()];
    if open.data != path {
        files.push(open.data.clone());
    }
    let (samples, sources) = while_hashing(&files, trust, progress, || open.samples(time_point, progress))?;
    let parts = Parts {
        warnings: open.warnings(),
        grid: open.grid,
        samples,
        modality: Modality::default(),
        unit: ValueUnit::Arbitrary,
        sources,
        simulated: false,
    };
    Ok((parts, extras))
}

fn from_inv3(path: &Path, time_point: usize, trust: Trust, progress: &Progress) -> Result<Parts, Problem> {
    check_time_point(time_point, 1)?;
    let project = inv3::Project::read(path, progress)?;
    let files = [path.to_owned()];
    let read = || project.samples(path, progress);
    let (samples, sources) = while_hashing(&files, trust, progress, read)?;
    let ct = project.modality == "CT";
    Ok(Parts {
        warnings: project.warnings(),
        grid: project.grid,
        samples,
        unit: if ct { ValueUnit::Hounsfield } else { ValueUnit::Arbitrary },
        modality: Modality(project.modality),
        sources,
        simulated: false,
    })
}

/// Reads structures: from a `.seg.nrrd` with names, colours and overlaps; from any other volume of whole numbers one
/// structure for each value but 0, named `Label 3` (after the file, where there is only one value).
///
/// # Errors
/// As [`read`]; also when values are not whole numbers, or there are more than 1,024 of them.
pub fn read_labels(path: &Path, progress: &Progress) -> Result<Vec<Structure>, FormatError> {
    labels(path, progress).map_err(|problem| problem.at(path))
}

fn labels(path: &Path, progress: &Progress) -> Result<Vec<Structure>, Problem> {
    let family = family(path)?;
    let name = file_name(path);
    progress.stage(format!("reading {name}"));
    match family {
        Family::Nifti => {
            let mut open = nifti::Open::new(path, progress)?;
            single(open.header.time_points)?;
            let mut labels = Labels::new(&open.grid)?;
            let layout = open.layout();
            for_each_label(&mut open.input, open.grid.len(), &layout, progress, |v| labels.take(v))?;
            labels.into_structures(&name)
        }
        Family::Nrrd => {
            let open = nrrd::Open::new(path)?;
            if open.info().format == Format::SegmentationNrrd {
                return nrrd::read_segments(&open, &name, progress);
            }
            single(open.time_points())?;
            let mut labels = Labels::new(&open.grid)?;
            open.for_each_label(progress, |v| labels.take(v))?;
            labels.into_structures(&name)
        }
        Family::InVesalius => {
            Err(Problem::Unsupported("the masks of an InVesalius project are not read; export them as NIfTI".into()))
        }
    }
}

fn single(time_points: usize) -> Result<(), Problem> {
    if time_points == 1 {
        return Ok(());
    }
    Err(Problem::Unsupported(format!("the label map has {time_points} time points; save the one that is meant")))
}
