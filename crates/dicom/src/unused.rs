//! What was found and not used, and which of it may have been slices.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::PassedOver;

/// Files that are not used.
#[derive(Debug, Default)]
pub(crate) struct Unused {
    /// All of them.
    pub(crate) passed_over: Vec<PassedOver>,
    /// Those that may have been slices, by folder: nothing in them tells to which series they belong.
    pub(crate) unreadable: BTreeMap<PathBuf, Vec<PassedOver>>,
}

impl Unused {
    /// Notes a file that is of no use.
    pub(crate) fn pass_over(&mut self, path: &Path, reason: impl Into<String>) {
        self.passed_over.push(PassedOver { path: path.to_owned(), reason: reason.into() });
    }

    /// Notes a file that may have been a slice, unless its name says that it is something else.
    pub(crate) fn unreadable(&mut self, path: &Path, reason: impl Into<String>) {
        match path.parent() {
            Some(folder) if !named_as_something_else(path) => self.unreadable_in(folder, path, reason),
            _ => self.pass_over(path, reason),
        }
    }

    /// Notes something in `folder` that may have been a slice.
    pub(crate) fn unreadable_in(&mut self, folder: &Path, path: &Path, reason: impl Into<String>) {
        let file = PassedOver { path: path.to_owned(), reason: reason.into() };
        self.unreadable.entry(folder.to_owned()).or_default().push(file.clone());
        self.passed_over.push(file);
    }
}

/// Whether the name is that of a file which media and archives hold beside slices.
fn named_as_something_else(path: &Path) -> bool {
    const NAMES: [&str; 8] =
        ["dicomdir", "license", "licence", "readme", "lockfile", "version", "checksums", "md5sums"];
    const ENDINGS: [&str; 36] = [
        "txt", "md", "rst", "json", "xml", "xsl", "csv", "tsv", "html", "htm", "css", "js", "pdf", "rtf", "doc",
        "docx", "log", "ini", "inf", "cfg", "yml", "yaml", "toml", "db", "nii", "gz", "zip", "nrrd", "nhdr", "inv3",
        "jpg", "jpeg", "png", "ico", "exe", "dll",
    ];
    let lower = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().to_lowercase();
    let (name, stem, ending) = (lower(path.file_name()), lower(path.file_stem()), lower(path.extension()));
    name.starts_with('.') || NAMES.contains(&stem.as_str()) || ENDINGS.contains(&ending.as_str())
}
