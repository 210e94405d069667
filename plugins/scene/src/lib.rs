//! The vocabulary that the plugins share: components, resources, messages, and the way from the patient to the world.
//!
//! A plugin knows no other plugin. It reads what is here ([`OpenCase`], [`Work`], [`Notices`]), and asks for changes by
//! sending [`Do`] (an operation on the plan) or [`Request`] (anything longer).

pub mod camera;
mod cinematic;
mod open_case;
mod request;
mod slices;
mod view3d;
mod work;
pub mod world;

use bevy::prelude::*;

pub use cinematic::{CinematicPicture, CinematicView};
pub use open_case::{OpenCase, SceneStructure, SceneVolume, SceneWarning};
pub use request::{Choice, Choices, Do, Request};
pub use slices::{Preview, SliceCommand, SliceView, Slices};
pub use view3d::{Navigate, Redraw, View3d, View3dCamera};
pub use work::{Notice, Notices, Severity, Work};

/// Registers the vocabulary. Every other plugin of Fabrica needs it.
pub struct ScenePlugin;

impl Plugin for ScenePlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<OpenCase>()
            .init_resource::<Choices>()
            .init_resource::<Work>()
            .init_resource::<Notices>()
            .init_resource::<Preview>()
            .init_resource::<Slices>()
            .init_resource::<View3d>()
            .init_resource::<CinematicView>()
            .add_message::<Do>()
            .add_message::<Request>()
            .add_message::<SliceCommand>()
            .add_message::<Navigate>()
            .add_message::<Redraw>();
    }
}
