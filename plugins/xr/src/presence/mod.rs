//! Being there: what hands do with the patient, where the user stands, and the room.

mod buttons;
mod glyph;
mod grab;
mod hands_shown;
mod plates;
mod rig;
mod room;
mod stick;
mod vignette;

use bevy::prelude::*;
use fabrica_scene::input::InputSystems;
use fabrica_scene::presence::Headset;
pub(crate) use fabrica_scene::presence::ROOM_LAYER;

pub(crate) use rig::{Rig, eye_height};

/// What only the left eye sees, and the right one.
pub(crate) const EYE_LAYERS: [usize; 2] = [2, 3];
/// The room's air: darker than tissue, so that the patient is the brightest thing.
pub(crate) const BACKGROUND: Color = Color::srgb(0.055, 0.06, 0.07);

/// Moves the patient by hand. In a headset it also makes the room.
pub struct PresencePlugin {
    /// The case is shown in a headset: there is a room, and the patient lies on its table.
    pub in_room: bool,
}

impl Plugin for PresencePlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Rig>().init_resource::<grab::Grabbing>().init_resource::<vignette::Motion>().add_systems(
            PreUpdate,
            (grab::grab, stick::turn, stick::work, buttons::press, rig::apply_moves).chain().in_set(InputSystems::Move),
        );
        if !self.in_room {
            return;
        }
        app.add_systems(PreUpdate, rig::lay_new_case.in_set(InputSystems::Move).before(rig::apply_moves))
            .add_systems(Startup, (room::build, glyph::build, hands_shown::build, vignette::build, plates::build))
            .add_systems(
                PostUpdate,
                (room::follow, glyph::follow, hands_shown::follow, vignette::follow, plates::follow)
                    .before(TransformSystems::Propagate)
                    .run_if(|headset: Res<Headset>| headset.head.is_some()),
            );
    }
}
