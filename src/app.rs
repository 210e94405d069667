//! The desktop app: the plugins, wired together.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use bevy::app::{AppExit, TaskPoolOptions, TaskPoolPlugin, TaskPoolThreadAssignmentPolicy};
use bevy::log::{Level, LogPlugin};
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::view::screenshot::{Screenshot, save_to_disk};
use bevy::window::{FileDragAndDrop, WindowResolution};
use bevy::winit::{UpdateMode, WinitSettings};
use fabrica_cinematic_rendering::CinematicPlugin;
use fabrica_navigation::NavigationPlugin;
use fabrica_panel::PanelPlugin;
use fabrica_plan::Author;
use fabrica_scene::{Notices, OpenCase, Request, ScenePlugin, Work};
use fabrica_session::SessionPlugin;
use fabrica_slices::SlicesPlugin;
use fabrica_surfaces::SurfacesPlugin;
use fabrica_volume_rendering::VolumeRenderingPlugin;

/// Whether a window can be opened.
pub fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
        || cfg!(any(windows, target_os = "macos"))
}

/// Opens the window and stays until it is closed.
pub fn run(paths: Vec<PathBuf>, author: Author, photograph: Option<&Path>) -> Result<()> {
    if !has_display() {
        bail!("there is no display to open a window on; fabrica render draws without one");
    }
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin {
                primary_window: Some(Window {
                    title: "Fabrica".into(),
                    resolution: WindowResolution::new(1600, 960),
                    ..default()
                }),
                ..default()
            })
            .set(LogPlugin { level: Level::WARN, ..default() })
            // A frame without its pipelines looks valid and lacks the volume.
            .set(RenderPlugin { synchronous_pipeline_compilation: true, ..default() })
            .set(TaskPoolPlugin { task_pool_options: task_pools() }),
    );
    // Nothing moves by itself: frames follow input, and look after running work some times a second.
    let mode = UpdateMode::reactive(Duration::from_millis(50));
    app.insert_resource(WinitSettings { focused_mode: mode, unfocused_mode: mode });
    app.add_plugins((
        ScenePlugin,
        SessionPlugin { author },
        VolumeRenderingPlugin,
        CinematicPlugin,
        SurfacesPlugin,
        SlicesPlugin,
        NavigationPlugin,
        PanelPlugin,
    ));
    app.add_systems(Update, open_dropped);
    if !paths.is_empty() {
        app.add_systems(Startup, move |mut requests: MessageWriter<Request>| {
            requests.write(Request::Open(paths.clone()));
        });
    }
    if let Some(to) = photograph {
        app.insert_resource(Photograph { to: to.to_owned(), frames_settled: 0 });
        app.add_systems(Last, photograph_when_settled);
    }
    match app.run() {
        AppExit::Success => Ok(()),
        AppExit::Error(code) => bail!("the window ended with code {code}"),
    }
}

/// Long work must not hold up the slices' drawing, so more threads than cores may wait.
fn task_pools() -> TaskPoolOptions {
    let policy = TaskPoolThreadAssignmentPolicy {
        min_threads: 4,
        max_threads: 8,
        percent: 0.5,
        on_thread_spawn: None,
        on_thread_destroy: None,
    };
    TaskPoolOptions { async_compute: policy, ..default() }
}

fn open_dropped(mut dropped: MessageReader<FileDragAndDrop>, mut requests: MessageWriter<Request>) {
    let paths: Vec<PathBuf> = dropped
        .read()
        .filter_map(|event| match event {
            FileDragAndDrop::DroppedFile { path_buf, .. } => Some(path_buf.clone()),
            _ => None,
        })
        .collect();
    if !paths.is_empty() {
        requests.write(Request::Open(paths));
    }
}

/// A picture of the window is wanted once everything is drawn.
#[derive(Resource)]
struct Photograph {
    to: PathBuf,
    frames_settled: u32,
}

/// Frames without running work before the picture is taken, and after it before the end: surfaces, slices and the
/// readback come some frames later.
const SETTLED: u32 = 120;

fn photograph_when_settled(
    mut commands: Commands,
    mut photograph: ResMut<Photograph>,
    work: Res<Work>,
    case: Res<OpenCase>,
    notices: Res<Notices>,
    mut exit: MessageWriter<AppExit>,
) {
    let waiting = work.running.is_some() || (case.volume.is_none() && notices.0.is_empty());
    photograph.frames_settled = if waiting { 0 } else { photograph.frames_settled + 1 };
    if photograph.frames_settled == SETTLED {
        commands.spawn(Screenshot::primary_window()).observe(save_to_disk(photograph.to.clone()));
    } else if photograph.frames_settled == SETTLED + 60 {
        exit.write(AppExit::Success);
    }
}
