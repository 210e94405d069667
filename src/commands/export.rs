//! `fabrica export`: a volume or the structures in an open format.

use std::path::Path;

use anyhow::{Context, Result, bail};
use fabrica_case::{AuditData, Case, write_atomic};
use fabrica_formats::{Compression, FormatError, Problem, write_nifti_to, write_nrrd_to, write_segmentation_to};
use fabrica_review::{Pass, require_validated};
use fabrica_volume::Structure;

use super::volume_id;
use crate::author::author;
use crate::cli::ExportArgs;
use crate::terminal::{Bar, say};

/// Runs the command.
pub fn run(args: &ExportArgs) -> Result<()> {
    let mut case = Case::open(&args.case)?;
    let out = args.out.as_path();
    refuse_inside(case.folder(), out)?;
    if args.dicom {
        return super::export_dicom::run(args, case);
    }
    let bar = Bar::start();
    let progress = bar.progress();
    let name = out.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let id = volume_id(&case, args.volume.as_deref())?;
    let at_out = |problem: Problem| FormatError { path: out.into(), problem };
    let data = if args.structures {
        if !name.ends_with(".seg.nrrd") {
            bail!("{} must end in .seg.nrrd", out.display());
        }
        let entries: Vec<_> = case.structures().iter().filter(|s| s.volume == id).cloned().collect();
        if entries.is_empty() {
            bail!("the case has no structure on {id}");
        }
        let names = entries.iter().map(|s| s.name.as_str());
        let pass = require_validated(&case, names, args.override_unvalidated.as_deref(), progress)?;
        let mut structures =
            entries.iter().map(|s| case.structure(&s.name, progress)).collect::<Result<Vec<_>, _>>()?;
        mark(&mut structures, &pass);
        pass.record(&mut case, &format!("export to {name}"), &author(None)?)?;
        write_atomic(out, |file| write_segmentation_to(&structures, file, Compression::Gzip, progress))
            .map_err(at_out)?;
        entries.iter().map(|s| AuditData { name: s.name.clone(), sha256: s.sha256.clone() }).collect()
    } else {
        let nifti = match name.as_str() {
            n if n.ends_with(".nii.gz") => Some(Compression::Gzip),
            n if n.ends_with(".nii") => Some(Compression::None),
            n if n.ends_with(".nrrd") => None,
            _ => bail!("{} must end in .nii, .nii.gz or .nrrd", out.display()),
        };
        let volume = case.volume(&id, progress)?;
        write_atomic(out, |file| match nifti {
            Some(compression) => write_nifti_to(&volume, file, compression, progress),
            None => write_nrrd_to(&volume, file, Compression::Gzip, progress),
        })
        .map_err(at_out)?;
        vec![AuditData { sha256: case.volume_entry(&id)?.sha256.clone(), name: id }]
    };
    case.audit(&format!("export to {name}"), data, &author(None)?)?;
    drop(bar);
    say(format_args!("Written to {}", out.display()));
    Ok(())
}

/// Says of structures that are not validated that they are not, where every reader of the file finds it.
pub fn mark(structures: &mut [Structure], pass: &Pass) {
    for structure in structures {
        if let Some(unvalidated) = pass.of(&structure.name) {
            structure.origin = format!("{}; {}", unvalidated.words(), structure.origin);
        }
    }
}

/// The files of a case are the case's: an export must not take their place.
pub fn refuse_inside(case: &Path, out: &Path) -> Result<()> {
    let around = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let around = around.canonicalize().with_context(|| format!("the folder {} cannot be read", around.display()))?;
    if around.starts_with(case.canonicalize().with_context(|| case.display().to_string())?) {
        bail!("{} lies in the case's own folder; choose a place outside it", out.display());
    }
    Ok(())
}
