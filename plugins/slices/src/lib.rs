//! The three slice views, drawn by the CPU renderer off the frame thread.
//!
//! Whenever the crosshair, the window, a structure or a view's size changes, the views that it touches are drawn anew on a
//! task thread; while one is being drawn the newest wish waits, so that the picture follows the mouse without a queue.

mod view;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_progress::Progress;
use fabrica_raycast::{Image as Picture, RenderError, SlicePlane, StructureOverlay, render_slice};
use fabrica_scene::{Notices, OpenCase, Preview, Severity, SliceCommand, Slices, bevy_image, blank_image};

use view::{Framing, Job};

/// Draws the slice views.
pub struct SlicesPlugin;

impl Plugin for SlicesPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Drawing>()
            .add_systems(Startup, make_images)
            .add_systems(Update, (obey, start_drawing, show_drawn).chain());
    }
}

/// What each view is to show and which picture is being made.
#[derive(Resource, Default)]
struct Drawing([ViewState; 3]);

#[derive(Default)]
struct ViewState {
    framing: Framing,
    /// The wish that the newest finished or running picture was made for.
    made_for: Option<Job>,
    running: Option<Task<(Job, Result<Picture, RenderError>)>>,
}

fn make_images(mut slices: ResMut<Slices>, mut images: ResMut<Assets<Image>>) {
    for view in &mut slices.0 {
        view.image = images.add(blank_image([0, 0, 0, 255]));
    }
}

fn obey(mut commands: MessageReader<SliceCommand>, mut drawing: ResMut<Drawing>, slices: Res<Slices>) {
    for &command in commands.read() {
        let (SliceCommand::Resize { view, .. } | SliceCommand::Pan { view, .. } | SliceCommand::Zoom { view, .. }) =
            command;
        let Some(state) = drawing.bypass_change_detection().0.get_mut(view) else { continue };
        state.framing.obey(command, slices.0[view].shown);
    }
}

fn start_drawing(case: Res<OpenCase>, preview: Res<Preview>, slices: Res<Slices>, mut drawing: ResMut<Drawing>) {
    let Some(scene) = &case.volume else { return };
    let Some(window) = preview.window.or(case.window) else { return };
    let at = preview.crosshair.unwrap_or(case.crosshair);
    for (state, view) in drawing.0.iter_mut().zip(&slices.0) {
        if state.running.is_some() {
            continue;
        }
        // Another patient: the part that was looked at before says nothing now.
        let another = state.made_for.as_ref().is_some_and(|made| !std::ptr::eq(made.volume(), &*scene.volume));
        if another {
            state.framing = Framing { size: state.framing.size, ..Framing::default() };
        }
        let structures = case.structures.iter().chain(&preview.structures);
        let Some(job) = Job::new(view.orientation, &state.framing, scene, at, window, structures) else {
            continue;
        };
        if state.made_for.as_ref() == Some(&job) {
            continue;
        }
        state.made_for = Some(job.clone());
        state.running = Some(AsyncComputeTaskPool::get().spawn(async move {
            let picture = draw(&job);
            (job, picture)
        }));
    }
}

fn draw(job: &Job) -> Result<Picture, RenderError> {
    let overlays: Vec<StructureOverlay<'_>> = job.overlays().collect();
    render_slice(
        job.volume(),
        &job.plane,
        job.size,
        job.window,
        fabrica_raycast::Interpolation::Linear,
        &overlays,
        &Progress::new(),
    )
}

fn show_drawn(
    mut drawing: ResMut<Drawing>,
    mut slices: ResMut<Slices>,
    mut images: ResMut<Assets<Image>>,
    mut notices: ResMut<Notices>,
) {
    for (index, state) in drawing.0.iter_mut().enumerate() {
        let Some((job, picture)) = state.running.as_mut().and_then(|task| block_on(future::poll_once(task))) else {
            continue;
        };
        state.running = None;
        match picture {
            Ok(picture) => {
                let view = &mut slices.0[index];
                let image = bevy_image(picture);
                // The handle is kept by `slices`, so the asset is there to be replaced.
                if images.insert(view.image.id(), image).is_ok() {
                    view.shown = Some((SlicePlane { ..job.plane }, job.size));
                }
            }
            Err(error) => notices.tell(Severity::Error, format!("A slice cannot be drawn: {error}")),
        }
    }
}
