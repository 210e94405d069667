//! What can go wrong between a model's folder and its structures.

use std::path::{Path, PathBuf};

use fabrica_progress::Cancelled;

/// Why a model cannot be used, or did not give a result. Nothing of a failed run is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferenceError {
    /// A file of the model cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of the model is not what it should be.
    #[error("{}: {what}", path.display())]
    Model {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and what is expected.
        what: String,
    },
    /// The folder holds no model that is known.
    #[error(
        "{}: no model is here. A model is a folder with model.toml, or plans.json and dataset.json beside fold_*.onnx (nnU-Net), or metadata.json and inference.json beside *.onnx (MONAI)",
        path.display()
    )]
    NoModel {
        /// The folder.
        path: PathBuf,
    },
    /// ONNX Runtime cannot be used.
    #[error("ONNX Runtime cannot be used: {0}. `make setup` fetches it; FABRICA_ONNXRUNTIME names its library")]
    Runtime(String),
    /// The engine refused the network or failed while running it.
    #[error("the network {network}: {what}")]
    Network {
        /// The network's file name.
        network: String,
        /// What the engine says.
        what: String,
    },
    /// The network gave numbers that mean nothing.
    #[error("the network {network} gave values that are not finite for {at}; its result is not used")]
    NotFinite {
        /// The network's file name.
        network: String,
        /// Where.
        at: String,
    },
    /// The scan does not suit the model.
    #[error("this scan does not suit the model: {0}")]
    Scan(String),
    /// The work needs more memory than it may have.
    #[error("{what} needs {needed_mib} MiB, {allowed_mib} MiB are allowed; allow more, or use smaller tiles")]
    Memory {
        /// What needs it.
        what: &'static str,
        /// How much.
        needed_mib: u64,
        /// How much is allowed.
        allowed_mib: u64,
    },
    /// The user stopped it.
    #[error("cancelled")]
    Cancelled,
}

impl From<Cancelled> for InferenceError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl InferenceError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn model(path: &Path, what: impl Into<String>) -> Self {
        Self::Model { path: path.to_owned(), what: what.into() }
    }
}
