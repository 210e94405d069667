//! The 3D view: its camera follows the mouse, and it is drawn only when something changed.
//!
//! A frame of the volume may take a second without a GPU. So the view is drawn into an image of its own, only when
//! something in it changed, and coarsely while the user moves where the machine is slow; the window stays quick.

mod orbit;
mod photo;
mod picture;

use bevy::prelude::*;
use fabrica_geometry::LpsPoint;
use fabrica_picking::visible_bounds;
use fabrica_plan::Operation;
use fabrica_scene::input::PatientRay;
use fabrica_scene::pick::{self, Picker};
use fabrica_scene::{Do, Navigate, OpenCase, Redraw, View3d};

/// Draws the 3D view and moves its camera.
pub struct NavigationPlugin;

impl Plugin for NavigationPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<photo::AskedPhoto>()
            .add_systems(Startup, picture::spawn_camera)
            .add_systems(Update, (photo::take, navigate, picture::follow_view, picture::draw_when_changed).chain());
    }
}

/// Applies what was asked of the camera.
fn navigate(
    mut asked: MessageReader<Navigate>,
    mut view: ResMut<View3d>,
    case: Res<OpenCase>,
    mut picker: Picker,
    mut redraw: MessageWriter<Redraw>,
    mut operations: MessageWriter<Do>,
) {
    for &change in asked.read() {
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
                let Some(bounds) = bounds(&case) else { continue };
                view.camera = fabrica_raycast::View::from(from).camera(bounds, size.to_array());
            }
            Navigate::Pick { across, down } => {
                let picked = ray(&view, [across, down]).and_then(|ray| picker.first(ray));
                if let Some(picked) = picked {
                    operations.write(Do(Operation::SetCrosshair { at: picked.at }));
                }
                continue;
            }
            other => orbit::apply(&mut view.camera, other),
        }
        redraw.write(Redraw);
    }
}

/// The line of sight through a point of the picture, from its left and top in fractions of its size.
fn ray(view: &View3d, [across, down]: [f32; 2]) -> Option<PatientRay> {
    let size = view.size.as_dvec2();
    let ray = view.camera.rays(view.size.to_array()).ok()?;
    let ray = ray.through(f64::from(across) * size.x, f64::from(down) * size.y);
    Some(PatientRay { origin: ray.origin, direction: ray.direction })
}

/// What a look at the whole patient is to show: what is visible of the volume, else all of the scan.
fn bounds(case: &OpenCase) -> Option<(LpsPoint, LpsPoint)> {
    let volume = &case.volume.as_ref()?.volume;
    let function = pick::preset(case).and_then(|preset| preset.transfer_function(volume).ok());
    function.and_then(|f| visible_bounds(volume, &f)).or_else(|| Some(volume.grid().bounds()))
}
