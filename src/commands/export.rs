//! `fabrica export`: a volume or the structures in an open format.

use anyhow::{Result, bail};
use fabrica_case::{AuditData, Case};
use fabrica_formats::{Compression, write_nifti, write_nrrd, write_segmentation};

use super::volume_id;
use crate::author::author;
use crate::cli::ExportArgs;
use crate::terminal::{Bar, say};

/// Runs the command.
pub fn run(args: &ExportArgs) -> Result<()> {
    let mut case = Case::open(&args.case)?;
    let bar = Bar::start();
    let progress = bar.progress();
    let name = args.out.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let id = volume_id(&case, args.volume.as_deref())?;
    let data = if args.structures {
        if !name.ends_with(".seg.nrrd") {
            bail!("{} must end in .seg.nrrd", args.out.display());
        }
        let entries: Vec<_> = case.structures().iter().filter(|s| s.volume == id).cloned().collect();
        if entries.is_empty() {
            bail!("the case has no structure on {id}");
        }
        let structures = entries.iter().map(|s| case.structure(&s.name, progress)).collect::<Result<Vec<_>, _>>()?;
        write_segmentation(&structures, &args.out, progress)?;
        entries.iter().map(|s| AuditData { name: s.name.clone(), sha256: s.sha256.clone() }).collect()
    } else {
        let volume = case.volume(&id, progress)?;
        match name.as_str() {
            n if n.ends_with(".nii.gz") || n.ends_with(".nii") => write_nifti(&volume, &args.out, progress)?,
            n if n.ends_with(".nrrd") => write_nrrd(&volume, &args.out, Compression::Gzip, progress)?,
            _ => bail!("{} must end in .nii, .nii.gz or .nrrd", args.out.display()),
        }
        vec![AuditData { sha256: case.volume_entry(&id)?.sha256.clone(), name: id }]
    };
    case.audit(&format!("export to {name}"), data, &author(None)?)?;
    drop(bar);
    say(format_args!("Written to {}", args.out.display()));
    Ok(())
}
