//! One slice.
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) file: Arc<ImageFile>,
}
#[derive(Debug)]
pub(crate) struct ImageFile {
    pub(crate) path: PathBuf,
}
