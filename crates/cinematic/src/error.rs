//! Why a cinematic picture cannot be made.

use fabrica_progress::Cancelled;
use fabrica_raycast::{PresetError, RenderError};

/// Why a cinematic picture cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CinematicError {
    /// The picture, the camera or a clip plane cannot be.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The transfer function cannot be.
    #[error(transparent)]
    Preset(#[from] PresetError),
    /// There is none of this name.
    #[error("there are no {what} {name:?}; there are: {known}")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// The name asked for.
        name: String,
        /// All names.
        known: String,
    },
    /// A data file is not what it should be.
    #[error("the file cannot be read as a cinematic look or lights: {0}")]
    Syntax(String),
    /// Lights are out of range.
    #[error(
        "the lights are out of range: radiances must be 0 to 1,000,000, directions not 0, angles 0.1 to 170 degrees, \
         panels at least 0.1 radii from the middle and 0.001 to 100 radii wide"
    )]
    Lights,
    /// A setting is out of range.
    #[error("{name} is {value}; it must be {range}")]
    Setting {
        /// Which setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// This renderer does not draw it.
    #[error("the cinematic look does not draw {0}; take it out of the scene or choose another look")]
    Unsupported(&'static str),
    /// The film has another size than the scene.
    #[error("the film has {film:?} pixels, the scene {scene:?}")]
    Film {
        /// Width and height of the film.
        film: [u32; 2],
        /// Width and height of the scene.
        scene: [u32; 2],
    },
}

impl From<Cancelled> for CinematicError {
    fn from(cancelled: Cancelled) -> Self {
        Self::Render(cancelled.into())
    }
}
