//! The 3D view: its camera follows the mouse, and it is drawn only when something changed.
//!
//! A frame of the volume may take a second without a GPU. So the view is drawn into an image of its own, only when
//! something in it changed, and coarsely while the user moves where the machine is slow; the window stays quick.

mod orbit;
mod photo;
mod picture;

use bevy::prelude::*;
use fabrica_scene::{Navigate, OpenCase, Redraw, View3d};

/// Draws the 3D view and moves its camera.
pub struct NavigationPlugin;

impl Plugin for NavigationPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Startup, picture::spawn_camera)
            .add_systems(Update, (photo::take, navigate, picture::follow_view, picture::draw_when_changed).chain());
    }
}

/// Applies what was asked of the camera.
fn navigate(
    mut asked: MessageReader<Navigate>,
    mut view: ResMut<View3d>,
    case: Res<OpenCase>,
    mut redraw: MessageWriter<Redraw>,
) {
    for &change in asked.read() {
        let bounds = case.volume.as_ref().map(|v| v.volume.grid().bounds());
        let size = view.size;
        match change {
            Navigate::Resize(to) => {
                if view.size == to {
                    continue;
                }
                view.size = to;
            }
            Navigate::Settle => {}
            Navigate::From(camera) => {
                if camera.frame().is_ok() {
                    view.camera = camera;
                }
            }
            Navigate::Look(from) => {
                let Some(bounds) = bounds else { continue };
                view.camera = fabrica_raycast::View::from(from).camera(bounds, size.to_array());
            }
            other => orbit::apply(&mut view.camera, other),
        }
        redraw.write(Redraw);
    }
}
