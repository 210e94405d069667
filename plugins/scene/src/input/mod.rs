//! What hands do, whatever they do it with.
//!
//! A tool reads [`Hands`]: for each hand a [`Pointer`] (a ray with a trigger) and a [`Grip`] (a place with a squeeze), the
//! stick and the buttons. It never asks for the device. The mouse over the 3D view, a script and a headset's controllers or
//! bare hands all report [`HandSample`]s; [`settle`] makes [`Hands`] of them, with what has just been pressed and let go.
//!
//! # A tool
//! ```no_run
//! use bevy::prelude::*;
//! use fabrica_geometry::Mm;
//! use fabrica_plan::Operation;
//! use fabrica_scene::Do;
//! use fabrica_scene::input::{Haptic, Hands, InputSystems, ToolInfo, ToolsExt, using};
//!
//! const PLACE: ToolInfo =
//!     ToolInfo { id: "crosshair", title: "Crosshair", help: "The trigger puts the crosshair a hand's breadth ahead." };
//!
//! fn place(hands: Res<Hands>, mut operations: MessageWriter<Do>, mut haptics: MessageWriter<Haptic>) {
//!     let hand = hands.working();
//!     // The ray in patient millimetres. A press that the panel took is not the tool's.
//!     if let Some(ray) = hand.pointer.ray
//!         && hand.pointer.trigger.started
//!         && !hand.pointer.taken
//!     {
//!         operations.write(Do(Operation::SetCrosshair { at: ray.at(Mm(100.0)) }));
//!         haptics.write(Haptic::click(hand.hand));
//!     }
//! }
//!
//! App::new().add_tool(PLACE).add_systems(Update, place.in_set(InputSystems::Tools).run_if(using(PLACE.id)));
//! ```

mod hand;
mod press;
mod sample;
mod script;
mod script_player;
mod slice;
mod tool;

use bevy::prelude::*;

pub use hand::{Buttons, Grip, Hand, HandState, Hands, PatientPlace, PatientRay, Pointer, RoomPose};
pub use press::Press;
pub use sample::{ButtonsDown, HandSample, Source};
pub use script::{Aim, Line, Script, ScriptError, Step};
pub use script_player::{PlayScript, ScriptEnded};
pub use slice::{SlicePlace, SlicePointer, SliceSample};
pub use tool::{OptionKind, OptionValue, ToolInfo, ToolOption, Tools, ToolsExt, using};

/// A short vibration of what a hand holds; where it holds nothing that vibrates, nothing happens.
#[derive(Message, Clone, Copy, Debug, PartialEq)]
pub struct Haptic {
    /// Which hand.
    pub hand: Hand,
    /// How strong, 0 to 1.
    pub amplitude: f32,
    /// How long, seconds.
    pub seconds: f32,
}

impl Haptic {
    /// What a button's click feels like.
    pub fn click(hand: Hand) -> Self {
        Self { hand, amplitude: 0.5, seconds: 0.012 }
    }

    /// Something must not be overlooked: a limit is reached, a place is forbidden.
    pub fn warn(hand: Hand) -> Self {
        Self { hand, amplitude: 1.0, seconds: 0.12 }
    }
}

/// The order of a frame's input. The first five run in `PreUpdate`, tools in `Update`.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InputSystems {
    /// Devices and scripts report [`HandSample`]s.
    Sources,
    /// [`Hands`] is made of them.
    Settle,
    /// A panel takes the pointers that are on it.
    Panels,
    /// Hands move the patient.
    Move,
    /// Rays and places in the patient follow.
    Place,
    /// Tools work.
    Tools,
}

/// Registers the input.
pub(crate) struct InputPlugin;

impl Plugin for InputPlugin {
    fn build(&self, app: &mut App) {
        use InputSystems::{Move, Panels, Place, Settle, Sources};
        app.init_resource::<Hands>()
            .init_resource::<SlicePointer>()
            .init_resource::<Tools>()
            .add_message::<HandSample>()
            .add_message::<SliceSample>()
            .add_message::<Haptic>()
            .add_message::<PlayScript>()
            .add_message::<ScriptEnded>()
            .configure_sets(PreUpdate, (Sources, Settle, Panels, Move, Place).chain())
            .add_systems(
                PreUpdate,
                (
                    script_player::play.in_set(Sources),
                    (sample::settle, slice::settle).in_set(Settle),
                    (hand::place_in_patient, slice::give_way).in_set(Place),
                ),
            );
    }
}
