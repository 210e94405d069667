//! The headset: its runtime, session, frames, hands.
//!
//! `bevy_mod_openxr` makes the graphics device and `bevy_mod_xr` the eyes' projection. Its session and frame loop are not
//! used: they end the program on any error of the runtime, locate the eyes a period later than the picture is shown when
//! rendering is pipelined, and have no place for depth or for a changing resolution. Ours are in `session` and `frame`.

mod actions;
mod bindings;
mod convert;
mod eyes;
mod frame;
mod gestures;
mod mirror;
mod runtime;
mod session;
mod swapchain;

use bevy::app::MainScheduleOrder;
use bevy::ecs::schedule::{ScheduleLabel, SingleThreadedExecutor};
use bevy::prelude::*;
use bevy::render::extract_component::ExtractComponentPlugin;
use bevy::render::extract_resource::ExtractResourcePlugin;
use bevy::render::{ExtractSchedule, Render, RenderApp, RenderSystems};

pub use frame::Pacing;
pub(crate) use runtime::words;
pub use runtime::{NoHeadset, Runtime};

/// The headset's part of a frame, after `First` and before everything that is to see its hands and eyes.
#[derive(ScheduleLabel, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct HeadsetFrame;

/// Shows the scene in a headset.
pub struct HeadsetPlugin {
    connection: std::sync::Mutex<Option<session::Connection>>,
}

impl HeadsetPlugin {
    /// For this runtime. The app's render plugin must be [`Runtime::render_plugin`].
    pub fn new(runtime: Runtime) -> Self {
        Self { connection: std::sync::Mutex::new(Some(session::Connection::new(runtime))) }
    }
}

impl Plugin for HeadsetPlugin {
    fn build(&self, app: &mut App) {
        let connection = self.connection.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let Some(connection) = connection else { return };
        let mut frame = Schedule::new(HeadsetFrame);
        // On the main thread: the runtime holds it in its wait, and a task thread that is held is missed by the render
        // thread, for which the runtime waits.
        frame.set_executor(SingleThreadedExecutor::new());
        app.insert_resource(connection)
            .init_resource::<frame::FrameNow>()
            .init_resource::<Pacing>()
            .add_schedule(frame)
            .add_plugins((
                ExtractResourcePlugin::<frame::FrameNow>::default(),
                ExtractComponentPlugin::<eyes::Eye>::default(),
            ))
            .add_systems(
                HeadsetFrame,
                (session::follow, frame::wait, eyes::place, mirror::prepare, session::read_hands, session::vibrate)
                    .chain(),
            )
            .add_systems(Last, (session::tell, frame::end_of_main));
        app.world_mut().resource_mut::<MainScheduleOrder>().insert_after(First, HeadsetFrame);
        let Some(render) = app.get_sub_app_mut(RenderApp) else { return };
        render.add_systems(ExtractSchedule, session::create_when_asked).add_systems(
            Render,
            (
                (frame::begin, eyes::look_again)
                    .chain()
                    .after(RenderSystems::ExtractCommands)
                    .before(RenderSystems::PrepareAssets)
                    .before(RenderSystems::CreateViews)
                    .before(RenderSystems::PrepareViews),
                (mirror::copy, frame::end).chain().after(RenderSystems::Render).before(RenderSystems::Cleanup),
            ),
        );
    }
}
