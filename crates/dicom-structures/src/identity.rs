//! Whether structures belong to a scan.

use fabrica_volume::Structure;

use crate::{Problem, ScanIdentity, StructureOptions};

/// Refuses structures of another frame of reference. What remains in doubt is said, for the structure's origin.
pub(crate) fn check_frame(
    structures: Option<&str>,
    identity: &ScanIdentity,
    options: &StructureOptions,
) -> Result<Option<String>, Problem> {
    match (structures, identity.frame_of_reference_uid.as_deref()) {
        (Some(a), Some(b)) if a == b => Ok(None),
        (Some(a), Some(b)) if options.ignore_frame_of_reference => {
            Ok(Some(format!("frame of reference {a} taken for the scan's {b}")))
        }
        (Some(a), Some(b)) => Err(Problem::FrameOfReference { structures: a.to_owned(), scan: b.to_owned() }),
        (None, _) => Ok(Some("the file states no frame of reference".to_owned())),
        (_, None) => Ok(Some("the scan has no frame of reference to compare".to_owned())),
    }
}

/// A name that no structure has yet.
pub(crate) fn unique(name: &str, taken: &[Structure]) -> String {
    let free = |candidate: &str| taken.iter().all(|s| s.name != candidate);
    if free(name) {
        return name.to_owned();
    }
    (2..).map(|n| format!("{name} ({n})")).find(|c| free(c)).unwrap_or_default()
}
