//! Finds what can be imported.

use std::path::{Path, PathBuf};

use fabrica_dicom::{Series, SeriesKind};
use fabrica_formats::{FileInfo, Format};
use fabrica_progress::Progress;
use serde::Serialize;

use crate::ImportError;
use crate::structures::FoundStructures;

/// Deeper folders than this are a loop or an accident.
const MAX_DEPTH: usize = 64;

/// Everything found in the files and folders searched.
#[derive(Debug, Default)]
pub struct Found {
    /// The scans.
    pub scans: Vec<FoundScan>,
    /// Segmentations and structure sets.
    pub structures: Vec<FoundStructures>,
    /// Files that were not used.
    pub passed_over: Vec<PassedOver>,
}

/// A file that was not used, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// A scan that was found.
#[derive(Debug)]
pub struct FoundScan {
    pub(crate) source: Source,
}

#[derive(Debug)]
pub(crate) enum Source {
    Dicom(Box<Series>),
    File(PathBuf, FileInfo),
}

/// One volume of a scan: a time point, an energy, a b-value, or the only one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhaseInfo {
    /// What tells it from the others; empty for the only one.
    pub label: String,
    /// Samples along i, j and k.
    pub dims: [usize; 3],
    /// Distances between sample centres along i, j and k, mm.
    pub spacing_mm: [f64; 3],
    /// Where i, j and k point, as three letters.
    pub orientation: String,
    /// What is dubious about the geometry.
    pub warnings: Vec<String>,
    /// Why it cannot be read as a volume, where it cannot.
    pub obstacle: Option<String>,
}

impl FoundScan {
    /// Kind of machine by its DICOM code, or the file format.
    pub fn modality(&self) -> String {
        match &self.source {
            Source::Dicom(series) => series.modality.to_string(),
            Source::File(_, info) => match info.format {
                Format::Nifti1 | Format::Nifti2 => "NIfTI".into(),
                Format::InVesalius => "InVesalius".into(),
                _ => "NRRD".into(),
            },
        }
    }

    /// Series description, or the file's name.
    pub fn description(&self) -> String {
        match &self.source {
            Source::Dicom(series) => series.description.clone(),
            Source::File(path, _) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }

    /// Series Instance UID, where there is one.
    pub fn uid(&self) -> Option<&str> {
        match &self.source {
            Source::Dicom(series) => Some(series.uid.as_str()).filter(|uid| !uid.is_empty()),
            Source::File(..) => None,
        }
    }

    /// What it is good for, in a word.
    pub fn kind(&self) -> &'static str {
        match &self.source {
            Source::File(..) => "volume",
            Source::Dicom(series) => match series.kind {
                SeriesKind::Volume => "volume",
                SeriesKind::SingleImage => "single image",
                SeriesKind::Localiser => "localiser",
                SeriesKind::SecondaryCapture => "secondary capture",
                _ => "projection",
            },
        }
    }

    /// Whether it holds slices of anatomy that can be read as a volume.
    pub fn is_volume(&self) -> bool {
        match &self.source {
            Source::File(..) => true,
            Source::Dicom(series) => matches!(series.kind, SeriesKind::Volume | SeriesKind::SingleImage),
        }
    }

    /// The number of files.
    pub fn file_count(&self) -> usize {
        match &self.source {
            Source::Dicom(series) => series.file_count(),
            Source::File(..) => 1,
        }
    }

    /// The volumes in it.
    pub fn phases(&self) -> Vec<PhaseInfo> {
        match &self.source {
            Source::Dicom(series) => series
                .phases
                .iter()
                .map(|phase| PhaseInfo {
                    label: phase.label.clone(),
                    dims: phase.dims,
                    spacing_mm: phase.spacing,
                    orientation: phase.orientation.clone(),
                    warnings: phase.warnings.iter().map(|w| w.issue.to_string()).collect(),
                    obstacle: phase.obstacle.clone(),
                })
                .collect(),
            Source::File(_, info) => (0..info.time_points.max(1))
                .map(|n| PhaseInfo {
                    label: if info.time_points > 1 {
                        format!("time point {} of {}", n + 1, info.time_points)
                    } else {
                        String::new()
                    },
                    dims: info.dims,
                    spacing_mm: info.spacing,
                    orientation: info.orientation.clone(),
                    warnings: info.warnings.iter().map(|w| w.issue.to_string()).collect(),
                    obstacle: None,
                })
                .collect(),
        }
    }

    /// The scan in a line: `CT "Thorax 1.0" 512 × 512 × 131, 0.631 × 0.631 × 2.000 mm`.
    pub fn title(&self) -> String {
        let phases = self.phases();
        let mut title = format!("{} \"{}\"", self.modality(), self.description());
        if let Some(first) = phases.first() {
            let [nx, ny, nz] = first.dims;
            let [sx, sy, sz] = first.spacing_mm;
            title += &format!(" {nx} × {ny} × {nz}, {sx:.3} × {sy:.3} × {sz:.3} mm");
        }
        if phases.len() > 1 {
            title += &format!(", {} phases", phases.len());
        }
        title
    }
}

/// Looks through files and folders, folders with all that is in them. Headers only are read.
///
/// # Errors
/// When a path is not there or cannot be read, or the user cancels. Files that cannot be used are listed, not errors.
pub fn find(paths: &[PathBuf], progress: &Progress) -> Result<Found, ImportError> {
    let mut found = Found::default();
    let mut other = Vec::new();
    for path in paths {
        let about = std::fs::metadata(path).map_err(|source| ImportError::Path { path: path.clone(), source })?;
        if about.is_dir() {
            walk(path, 0, &mut other, progress)?;
        } else if has_own_format(path) {
            other.push(path.clone());
        }
    }
    // Files named for another format are tried as that, and not as DICOM.
    let dicom: Vec<PathBuf> = paths.iter().filter(|p| !has_own_format(p) || p.is_dir()).cloned().collect();
    if !dicom.is_empty() {
        let scan = fabrica_dicom::scan(&dicom, progress)?;
        found.scans = scan.series.into_iter().map(|s| FoundScan { source: Source::Dicom(Box::new(s)) }).collect();
        for object in scan.objects {
            match FoundStructures::of_dicom(object) {
                Ok(structures) => found.structures.push(structures),
                Err(passed) => found.passed_over.push(passed),
            }
        }
        let passed = scan.passed_over.into_iter().filter(|p| !has_own_format(&p.path));
        found.passed_over.extend(passed.map(|p| PassedOver { path: p.path, reason: p.reason }));
    }
    other.sort();
    for path in other {
        progress.check()?;
        match fabrica_formats::probe(&path) {
            Ok(info) if info.format == Format::SegmentationNrrd => {
                found.structures.push(FoundStructures::of_file(path));
            }
            Ok(info) => found.scans.push(FoundScan { source: Source::File(path, info) }),
            Err(error) => found.passed_over.push(PassedOver { path, reason: error.problem.to_string() }),
        }
    }
    Ok(found)
}

/// Collects the files below a folder that are named for a format other than DICOM. Links to folders are not followed.
fn walk(folder: &Path, depth: usize, into: &mut Vec<PathBuf>, progress: &Progress) -> Result<(), ImportError> {
    progress.check()?;
    if depth > MAX_DEPTH {
        return Ok(());
    }
    let fail = |source| ImportError::Path { path: folder.into(), source };
    for item in std::fs::read_dir(folder).map_err(fail)? {
        let item = item.map_err(fail)?;
        let kind = item.file_type().map_err(fail)?;
        if kind.is_dir() {
            walk(&item.path(), depth + 1, into, progress)?;
        } else if has_own_format(&item.path()) {
            into.push(item.path());
        }
    }
    Ok(())
}

/// Whether a file is named for a format other than DICOM.
fn has_own_format(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    [".nii", ".nii.gz", ".nrrd", ".nhdr", ".inv3"].iter().any(|ending| name.ends_with(ending))
}
