//! The app: the plugins, wired together, in the headset, in a window, or in both.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bevy::app::{
    AppExit, PluginGroupBuilder, ScheduleRunnerPlugin, TaskPoolOptions, TaskPoolPlugin, TaskPoolThreadAssignmentPolicy,
};
use bevy::log::{Level, LogPlugin};
use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, save_to_disk};
use bevy::window::{ExitCondition, FileDragAndDrop, PresentMode, WindowResolution};
use bevy::winit::{UpdateMode, WinitPlugin, WinitSettings};
use fabrica_annotations::AnnotationsPlugin;
use fabrica_approach_tools::ApproachPlugin;
use fabrica_cinematic_rendering::CinematicPlugin;
use fabrica_mask_editing::MaskEditingPlugin;
use fabrica_measuring::MeasuringPlugin;
use fabrica_navigation::NavigationPlugin;
use fabrica_panel::PanelPlugin;
use fabrica_plan::Author;
use fabrica_print_preview::PrintPreviewPlugin;
use fabrica_scene::input::{Hand, Hands, PlayScript, Script, ScriptEnded};
use fabrica_scene::presence::{Comfort, Headset};
use fabrica_scene::{Leave, Notices, OpenCase, Printing, Request, ScenePlugin, Severity, TakePicture, Work};
use fabrica_session::SessionPlugin;
use fabrica_slices::SlicesPlugin;
use fabrica_slicing::SlicingPlugin;
use fabrica_surfaces::SurfacesPlugin;
use fabrica_volume_rendering::VolumeRenderingPlugin;
use fabrica_xr::{HeadsetPlugin, PresencePlugin, Runtime};

use crate::terminal::remark;
use crate::{commands, trace};

/// Where the case is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the headset where there is one, else on the desktop.
    Either,
    /// In the headset, or not at all.
    Headset,
    /// On the desktop.
    Desktop,
}

/// The window's size at first, pixels.
pub const WINDOW: [u32; 2] = [1600, 960];

/// How the app is started.
pub struct Options {
    /// A case, or files to import.
    pub paths: Vec<PathBuf>,
    /// Who is at work.
    pub author: Author,
    /// Where it is shown.
    pub place: Place,
    /// The left hand works.
    pub left_handed: bool,
    /// The user sits.
    pub seated: bool,
    /// A folder with instruments of the user's own.
    pub instruments: Option<PathBuf>,
    /// Input that is played.
    pub script: Option<Script>,
    /// What changes is written there.
    pub trace: Option<PathBuf>,
    /// Pictures that the script takes are kept there.
    pub pictures: Option<PathBuf>,
    /// A picture of the window is wanted, and then the end.
    pub photograph: Option<PathBuf>,
    /// The window's size, pixels.
    pub size: [u32; 2],
    /// Frames are measured.
    pub bench: Option<commands::bench::Measuring>,
}

impl Options {
    /// Nothing special, for this user.
    pub fn new(author: Author) -> Self {
        Self {
            paths: Vec::new(),
            author,
            place: Place::Either,
            left_handed: false,
            seated: false,
            instruments: None,
            script: None,
            trace: None,
            pictures: None,
            photograph: None,
            size: WINDOW,
            bench: None,
        }
    }
}

/// Whether a window can be opened.
pub fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
        || cfg!(any(windows, target_os = "macos"))
}

/// Opens the headset or the window, and stays until it is left.
pub fn run(options: Options) -> Result<()> {
    let runtime = find_headset(options.place)?;
    let window = has_display();
    let room = runtime.is_some();
    let mut app = App::new();
    app.add_plugins(bevy_plugins(runtime.as_ref(), window, options.size));
    if window {
        // Nothing moves by itself: frames follow input, and look after running work some times a second.
        let mode = UpdateMode::reactive(Duration::from_millis(50));
        app.insert_resource(WinitSettings { focused_mode: mode, unfocused_mode: mode });
    } else {
        app.add_plugins(ScheduleRunnerPlugin::run_loop(Duration::ZERO)).add_systems(Last, rest);
    }
    app.add_plugins((
        ScenePlugin,
        SessionPlugin { author: options.author },
        VolumeRenderingPlugin,
        CinematicPlugin,
        SurfacesPlugin,
        SlicesPlugin,
        NavigationPlugin,
        AnnotationsPlugin,
        MeasuringPlugin,
        MaskEditingPlugin,
        SlicingPlugin,
        ApproachPlugin { instruments: options.instruments },
        PrintPreviewPlugin,
        PresencePlugin { in_room: room },
        PanelPlugin { window, room },
    ));
    if let Some(runtime) = runtime {
        app.add_plugins(HeadsetPlugin::new(runtime));
        if window {
            app.add_systems(Update, keep_pace);
        }
    }
    if options.left_handed {
        app.world_mut().resource_mut::<Hands>().dominant = Hand::Left;
    }
    app.world_mut().resource_mut::<Comfort>().seated = options.seated;
    app.add_systems(Update, (open_dropped, leave_after_script));
    let (paths, script) = (options.paths, options.script);
    app.add_systems(Startup, move |mut requests: MessageWriter<Request>, mut scripts: MessageWriter<PlayScript>| {
        if !paths.is_empty() {
            requests.write(Request::Open(paths.clone()));
        }
        if let Some(script) = &script {
            scripts.write(PlayScript(script.clone()));
        }
    });
    if let Some(to) = &options.trace {
        trace::add(&mut app, to)?;
    }
    if let Some(measuring) = options.bench {
        commands::bench::add(&mut app, measuring);
    }
    if let Some(to) = options.pictures {
        std::fs::create_dir_all(&to).with_context(|| format!("{} cannot be made", to.display()))?;
        app.insert_resource(Pictures(to)).add_systems(Last, take_pictures);
    } else {
        app.add_systems(Last, refuse_pictures);
    }
    if let Some(to) = options.photograph {
        app.insert_resource(Photograph { to, frames_settled: 0 }).add_systems(Last, photograph_when_settled);
    }
    match app.run() {
        AppExit::Success => Ok(()),
        AppExit::Error(code) => bail!("it ended with code {code}"),
    }
}

/// Looks for a headset, and says why it is used or not.
fn find_headset(place: Place) -> Result<Option<Runtime>> {
    if place == Place::Desktop {
        if !has_display() {
            bail!("there is no display to open a window on; fabrica render draws without one");
        }
        return Ok(None);
    }
    match Runtime::find() {
        Ok(runtime) => {
            remark(format_args!("In the headset: {}.", runtime.name()));
            Ok(Some(runtime))
        }
        Err(why) if place == Place::Headset => bail!("the headset cannot be used: {why}"),
        Err(why) if !has_display() => {
            bail!("there is no display to open a window on (fabrica render draws without one), and {why}")
        }
        Err(why) => {
            remark(format_args!("On the desktop: {why}."));
            Ok(None)
        }
    }
}

/// Bevy, on the headset's graphics device where there is one, with a window where there is a display.
fn bevy_plugins(runtime: Option<&Runtime>, window: bool, [width, height]: [u32; 2]) -> PluginGroupBuilder {
    let render = match runtime {
        Some(runtime) => runtime.render_plugin(true),
        None => fabrica_scene::graphics::render_plugin(),
    };
    let primary = Window {
        title: "Fabrica".into(),
        resolution: WindowResolution::new(width, height),
        // The headset's frames must not wait for the window's.
        present_mode: if runtime.is_some() { PresentMode::AutoNoVsync } else { PresentMode::default() },
        ..default()
    };
    let windows = if window {
        WindowPlugin { primary_window: Some(primary), ..default() }
    } else {
        WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() }
    };
    let plugins = DefaultPlugins
        .set(windows)
        .set(LogPlugin { level: Level::WARN, ..default() })
        .set(render)
        .set(TaskPoolPlugin { task_pool_options: task_pools() });
    if window { plugins } else { plugins.disable::<WinitPlugin>() }
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

/// Without a window the headset keeps the pace; while it rests, so does the app.
fn rest(headset: Res<Headset>) {
    if !headset.running {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// While the headset asks for frames the window's loop makes them without a pause.
fn keep_pace(headset: Res<Headset>, mut settings: ResMut<WinitSettings>) {
    let mode = if headset.running { UpdateMode::Continuous } else { UpdateMode::reactive(Duration::from_millis(50)) };
    if settings.focused_mode != mode {
        *settings = WinitSettings { focused_mode: mode, unfocused_mode: mode };
    }
}

fn leave_after_script(mut ended: MessageReader<ScriptEnded>, mut leave: MessageWriter<Leave>) {
    if ended.read().count() > 0 {
        leave.write_default();
    }
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

/// Where the script's pictures are kept.
#[derive(Resource)]
struct Pictures(PathBuf);

fn take_pictures(mut commands: Commands, mut asked: MessageReader<TakePicture>, pictures: Res<Pictures>) {
    for TakePicture(name) in asked.read() {
        let to = pictures.0.join(format!("{name}.png"));
        commands.spawn(Screenshot::primary_window()).observe(save_to_disk(to));
    }
}

fn refuse_pictures(mut asked: MessageReader<TakePicture>, mut notices: ResMut<Notices>) {
    if let Some(TakePicture(name)) = asked.read().last() {
        notices.tell(Severity::Error, format!("The picture {name} is kept nowhere: say where with --pictures FOLDER."));
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
    printing: Res<Printing>,
    case: Res<OpenCase>,
    notices: Res<Notices>,
    mut exit: MessageWriter<AppExit>,
) {
    let working = work.running.is_some() || printing.running.is_some();
    let waiting = working || (case.volume.is_none() && notices.0.is_empty());
    photograph.frames_settled = if waiting { 0 } else { photograph.frames_settled + 1 };
    if photograph.frames_settled == SETTLED {
        commands.spawn(Screenshot::primary_window()).observe(save_to_disk(photograph.to.clone()));
    } else if photograph.frames_settled == SETTLED + 60 {
        exit.write(AppExit::Success);
    }
}
