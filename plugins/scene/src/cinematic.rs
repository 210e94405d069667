//! The cinematic look of the 3D view: whether it is wanted, and how far its picture is.

use bevy::prelude::*;

/// The cinematic look of the 3D view: the volume in the light of a studio, which gathers samples while nothing changes.
#[derive(Resource)]
pub struct CinematicView {
    /// Whether the user wants it in place of the volume renderer's picture.
    pub on: bool,
    /// Whether what noise is left is smoothed until there are many samples.
    pub denoise: bool,
    /// The picture. It may be that of a moment ago: see [`CinematicView::shown`].
    pub image: Handle<Image>,
    /// What the picture is, once there is one for the present volume.
    pub shown: Option<CinematicPicture>,
}

/// What a cinematic picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CinematicPicture {
    /// Samples of each pixel.
    pub samples: u32,
    /// Whether its noise was smoothed.
    pub denoised: bool,
}

impl Default for CinematicView {
    fn default() -> Self {
        Self { on: false, denoise: true, image: Handle::default(), shown: None }
    }
}
