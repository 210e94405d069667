//! Structures that come with a scan.

use std::path::PathBuf;

use fabrica_dicom::{DerivedObject, RT_STRUCTURE_SET, SEGMENTATION};
use fabrica_dicom_structures::{ScanIdentity, StructureOptions, read_rtstruct, read_seg};
use fabrica_progress::{Cancelled, Progress};
use fabrica_volume::{Structure, Volume};

use crate::lattice::reordered;
use crate::{Found, PassedOver};

/// A file of structures that was found.
#[derive(Clone, Debug)]
pub struct FoundStructures {
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Segmentation(DerivedObject),
    StructureSet(DerivedObject),
    SlicerSegmentation,
}

impl FoundStructures {
    pub(crate) fn of_dicom(object: DerivedObject) -> Result<Self, PassedOver> {
        let path = object.path.clone();
        match object.sop_class_uid.as_str() {
            SEGMENTATION => Ok(Self { path, kind: Kind::Segmentation(object) }),
            RT_STRUCTURE_SET => Ok(Self { path, kind: Kind::StructureSet(object) }),
            other => {
                Err(PassedOver { path, reason: format!("a DICOM object that is no image and no structures ({other})") })
            }
        }
    }

    pub(crate) fn of_file(path: PathBuf) -> Self {
        Self { path, kind: Kind::SlicerSegmentation }
    }

    /// The file.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// What it is, in a line.
    pub fn title(&self) -> String {
        match &self.kind {
            Kind::Segmentation(object) => format!("SEG \"{}\"", object.description),
            Kind::StructureSet(object) => format!("RTSTRUCT \"{}\"", object.description),
            Kind::SlicerSegmentation => {
                format!("segmentation {}", self.path.file_name().unwrap_or_default().to_string_lossy())
            }
        }
    }

    /// Whether it belongs to this scan: it says so, drawn on its series, or, where it names no series, in its frame of
    /// reference; or it says neither and the scan is the only one.
    fn belongs_to(&self, scan: &ScanIdentity, only_scan: bool) -> bool {
        let (Kind::Segmentation(object) | Kind::StructureSet(object)) = &self.kind else { return only_scan };
        if object.referenced_series.is_empty() {
            return object.frame_of_reference_uid.is_some()
                && object.frame_of_reference_uid == scan.frame_of_reference_uid;
        }
        scan.series_uid.as_ref().is_some_and(|uid| object.referenced_series.contains(uid))
    }
}

/// Brings the structures that belong to a scan, on its grid, under names that differ. What could not be brought is told
/// in words, and never ends the import.
///
/// # Errors
/// When the user cancels.
pub fn read_structures(
    found: &Found,
    volume: &Volume,
    progress: &Progress,
) -> Result<(Vec<Structure>, Vec<String>), Cancelled> {
    let identity = ScanIdentity::from(&volume.provenance);
    let options = StructureOptions::default();
    let (mut structures, mut notes) = (Vec::<Structure>::new(), Vec::new());
    let only_scan = found.scans.iter().filter(|s| s.is_volume()).count() == 1;
    for file in &found.structures {
        if !file.belongs_to(&identity, only_scan) {
            if matches!(file.kind, Kind::SlicerSegmentation) {
                notes.push(format!(
                    "{} was left out: it does not say to which of the scans found it belongs. Import its scan with it \
                     alone",
                    file.title()
                ));
            }
            continue;
        }
        progress.check()?;
        let set = match &file.kind {
            Kind::Segmentation(_) => read_seg(&file.path, volume.grid(), &identity, &options, progress)
                .map(|set| (set.structures, set.skipped))
                .map_err(|e| e.to_string()),
            Kind::StructureSet(_) => read_rtstruct(&file.path, volume.grid(), &identity, &options, progress)
                .map(|set| (set.structures, set.skipped))
                .map_err(|e| e.to_string()),
            Kind::SlicerSegmentation => fabrica_formats::read_labels(&file.path, progress)
                .map(|structures| (structures, Vec::new()))
                .map_err(|e| e.to_string()),
        };
        progress.check()?;
        match set {
            Ok((read, skipped)) => {
                notes.extend(skipped.into_iter().map(|s| format!("{}, \"{}\": {}", file.title(), s.name, s.reason)));
                for mut structure in read {
                    let fits = structure.mask.grid().coincides(volume.grid(), volume.grid().finest_spacing() * 0.01);
                    let reordered = if fits { None } else { reordered(&structure.mask, volume.grid(), progress)? };
                    let found_place = fits || reordered.is_some();
                    structure.mask = reordered.unwrap_or(structure.mask);
                    if !found_place {
                        notes.push(format!(
                            "{}, \"{}\": it lies on another grid than the scan and was left out",
                            file.title(),
                            structure.name
                        ));
                        continue;
                    }
                    let name = free_name(&structure.name, &structures);
                    structures.push(Structure { name, ..structure });
                }
            }
            Err(reason) => notes.push(format!("{} was left out: {reason}", file.title())),
        }
    }
    Ok((structures, notes))
}

/// The name, or the name with a number, that no structure has yet.
fn free_name(wanted: &str, taken: &[Structure]) -> String {
    let wanted = if wanted.trim().is_empty() { "structure" } else { wanted.trim() };
    let is_free = |name: &str| taken.iter().all(|s| s.name != name);
    if is_free(wanted) {
        return wanted.to_owned();
    }
    // One of the first taken.len() + 1 numbers is free.
    (2..=taken.len() + 2)
        .map(|n| format!("{wanted} {n}"))
        .find(|name| is_free(name))
        .unwrap_or_else(|| wanted.to_owned())
}
