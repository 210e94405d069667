//! Networks on volumes: models as people have them, from a scan to structures on its grid.
//!
//! A [`Model`] is a folder: an nnU-Net v2 folder, a MONAI bundle, or a bare ONNX file with a `model.toml`. [`predict`] lays
//! the scan as the model wants it (axes, spacing, box, values), runs its networks over tiles, blends and averages, and
//! brings the result back to the scan's grid as structures with a confidence at each voxel.
//!
//! Networks are ONNX. The engine is ONNX Runtime, whose shared library is loaded at run time, or tract, which is built in
//! and slow ([`Engine`]). A network is checked before it runs ([`onnx::OnnxFile`]): it must hold all its weights itself,
//! so that it cannot make the engine read other files, and have one image as input.

mod engine;
mod error;
mod evidence;
mod frame;
mod image;
pub mod model;
mod normalise;
pub mod onnx;
mod predict;
mod run;
mod spline;
mod tiles;

pub use engine::{Engine, EngineChoice, LIBRARY_VARIABLE, Network, Tensor, find_library};
pub use error::InferenceError;
pub use evidence::{Evidence, Found, NO_SECOND};
pub use frame::{Laid, lay};
pub use image::{Axes, Image3};
pub use model::{Model, Steps};
pub use predict::{FoundModel, Prediction, check, models_in, predict};
pub use run::{RunSettings, run};
pub use spline::edge_to_edge;
pub use tiles::starts;
