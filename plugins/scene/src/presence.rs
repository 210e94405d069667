//! Where the patient lies in the room, how the user is there, and what a headset tells of itself.

use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::world::DeferredWorld;
use bevy::prelude::*;

use crate::input::Hand;
use crate::world::PatientPose;
use crate::{OpenCase, Redraw};

/// The render layer of what only those in the room see: the room itself, hands, marks, the panel.
pub const ROOM_LAYER: usize = 1;

/// The render layer of the desktop 3D view's own light: those in the room have another.
pub const DESK_LAYER: usize = 4;

/// How a patient lies on the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lying {
    /// On the back.
    #[default]
    Supine,
    /// On the belly.
    Prone,
    /// On the left side.
    LeftSide,
    /// On the right side.
    RightSide,
    /// Not on the table: upright, facing the user.
    Standing,
}

impl Lying {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Supine, Self::Prone, Self::LeftSide, Self::RightSide, Self::Standing];

    /// What scripts and panels call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Supine => "supine",
            Self::Prone => "prone",
            Self::LeftSide => "left-side",
            Self::RightSide => "right-side",
            Self::Standing => "standing",
        }
    }

    /// The patient's axes in the room. On the table the head is to the left of a user who faces the table; a supine
    /// patient's right side is then on the user's side.
    pub fn rotation(self) -> Quat {
        // Where the patient's left and the head point; the world's third axis, anterior, is left × superior.
        let (left, superior) = match self {
            Self::Supine => (Vec3::NEG_Z, Vec3::NEG_X),
            Self::Prone => (Vec3::Z, Vec3::NEG_X),
            Self::LeftSide => (Vec3::NEG_Y, Vec3::NEG_X),
            Self::RightSide => (Vec3::Y, Vec3::NEG_X),
            Self::Standing => (Vec3::X, Vec3::Y),
        };
        Quat::from_mat3(&Mat3::from_cols(left, superior, left.cross(superior)))
    }
}

/// Asks for the patient to be moved.
#[derive(Message, Clone, Copy, Debug, PartialEq)]
pub enum MovePatient {
    /// To the operating pose: life-size, lying so on the table.
    Place(Lying),
    /// To life-size about the middle of the scan, wherever that is.
    LifeSize,
    /// Anywhere.
    To(PatientPose),
}

impl MovePatient {
    /// By the name that scripts use: that of a [`Lying`], or `life-size`.
    pub fn named(name: &str) -> Option<Self> {
        if name == "life-size" {
            return Some(Self::LifeSize);
        }
        Lying::ALL.into_iter().find(|l| l.name() == name).map(Self::Place)
    }
}

/// Everything that belongs to the patient is a child of this entity and moves with it.
#[derive(Resource, Clone, Copy, Debug)]
pub struct PatientRoot(pub Entity);

/// Marks what belongs to the patient: its `Transform` is in the patient's world axes (see [`crate::world`]), and it moves,
/// turns and grows with the patient.
#[derive(Component, Clone, Copy, Debug, Default)]
#[require(Transform, Visibility)]
#[component(on_add = put_into_patient)]
pub struct InPatient;

fn put_into_patient(mut world: DeferredWorld, HookContext { entity, .. }: HookContext) {
    if let Some(PatientRoot(root)) = world.get_resource::<PatientRoot>().copied() {
        world.commands().entity(entity).insert(ChildOf(root));
    }
}

/// Marks what the scan and its structures look like: in the patient, and not drawn while the model that is to be printed is
/// looked at (it lies in the same place).
#[derive(Component, Clone, Copy, Debug, Default)]
#[require(Transform, Visibility)]
#[component(on_add = put_into_anatomy)]
pub struct Anatomy;

fn put_into_anatomy(mut world: DeferredWorld, HookContext { entity, .. }: HookContext) {
    if let Some(AnatomyRoot(root)) = world.get_resource::<AnatomyRoot>().copied() {
        world.commands().entity(entity).insert(ChildOf(root));
    }
}

/// The entity that all [`Anatomy`] lies under.
#[derive(Resource, Clone, Copy)]
pub(crate) struct AnatomyRoot(pub(crate) Entity);

/// Hides the anatomy while a model is shown in its place.
pub(crate) fn show_anatomy(
    printing: Res<crate::Printing>,
    root: Res<AnatomyRoot>,
    mut visibilities: Query<&mut Visibility>,
    mut redraw: MessageWriter<Redraw>,
) {
    let hides = printing.active && printing.model.is_some();
    let wanted = if hides { Visibility::Hidden } else { Visibility::Inherited };
    if let Ok(mut visibility) = visibilities.get_mut(root.0)
        && *visibility != wanted
    {
        *visibility = wanted;
        redraw.write_default();
    }
}

/// What the working hand's stick does. The other hand's always turns the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StickUse {
    /// Width (across) and centre (away) of the window.
    #[default]
    Window,
    /// Moves the crosshair, and with it the slices.
    Slices,
    /// Turns the user too.
    Turn,
}

/// How the user is in the room. The panel changes it.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub struct Comfort {
    /// The user sits: the table is lower.
    pub seated: bool,
    /// The angle of a snap turn, degrees; 0: no turning by stick.
    pub snap_turn_degrees: f32,
    /// What the working hand's stick does.
    pub working_stick: StickUse,
    /// Darkens the rim of the view while the stick moves the user.
    pub vignette: bool,
    /// Shows the real room behind, where the headset can.
    pub passthrough: bool,
    /// Shows what the headset sees in the window.
    pub mirror: bool,
    /// How the patient is laid when the operating pose is asked for.
    pub lying: Lying,
}

impl Default for Comfort {
    fn default() -> Self {
        Self {
            seated: false,
            snap_turn_degrees: 30.0,
            working_stick: StickUse::Window,
            vignette: true,
            passthrough: false,
            mirror: false,
            lying: Lying::Supine,
        }
    }
}

/// What a headset tells of itself, for panels and logs.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct Headset {
    /// What it is and what it does, in words; why there is none.
    pub told: String,
    /// It asks for frames.
    pub running: bool,
    /// It is worn and shows the case.
    pub shown: bool,
    /// The real room can be shown behind.
    pub can_pass_through: bool,
    /// Where the eyes are, in the room: the middle between them. Nothing while they are not seen.
    pub head: Option<crate::input::RoomPose>,
    /// From the headset's tracking space to the room: the user's place.
    pub tracking: Transform,
    /// Where the panel in the room is, while it is seen.
    pub panel: Option<crate::input::RoomPose>,
    /// Pictures a second that the display asks for; 0 while unknown.
    pub refresh_hz: f32,
    /// Frames shown, and frames that came too late.
    pub frames: (u64, u64),
    /// Share of the pixels along a side that is drawn.
    pub resolution_scale: f32,
}

/// Moves the patient's root to where the patient is, and has the 3D view drawn again.
pub(crate) fn follow_pose(
    pose: Res<PatientPose>,
    root: Res<PatientRoot>,
    mut transforms: Query<&mut Transform>,
    mut redraw: MessageWriter<Redraw>,
) {
    if !pose.is_changed() {
        return;
    }
    if let Ok(mut transform) = transforms.get_mut(root.0) {
        *transform = pose.transform();
        redraw.write_default();
    }
}

/// The corners of the scan, in the patient's world axes, metres; nothing while no case is open.
pub fn scan_corners(case: &OpenCase) -> Option<[Vec3; 8]> {
    let (low, high) = case.volume.as_ref()?.volume.grid().bounds();
    let corner = |n: usize| {
        let pick = |axis: usize| if n >> axis & 1 == 0 { low.0[axis] } else { high.0[axis] };
        crate::world::point_to_world(fabrica_geometry::LpsPoint::new(pick(0), pick(1), pick(2)))
    };
    Some(std::array::from_fn(corner))
}

/// Asks for the panel in the room to come to a hand, to float before the user, or to go.
#[derive(Message, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SummonPanel {
    /// Before the user, or away if it is there.
    Toggle,
    /// To the wrist of a hand.
    Wrist(Hand),
}

/// Where the parts of the panel in the room are that scripts and tests press: name and place in the room, metres. Only what
/// was drawn last is in it.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct PanelPlaces(pub Vec<(String, Vec3)>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::direction_to_world;
    use fabrica_geometry::LpsVector;

    #[test]
    fn a_supine_patient_looks_up_with_the_head_to_the_users_left_and_the_right_side_near() {
        // The user stands at +Z of the table and looks along −Z.
        let in_room = |lying: Lying, l, p, s| lying.rotation() * direction_to_world(LpsVector::new(l, p, s));
        let close = |a: Vec3, b: Vec3| assert!(a.distance(b) < 1e-6, "{a} {b}");
        close(in_room(Lying::Supine, 0.0, -1.0, 0.0), Vec3::Y);
        close(in_room(Lying::Supine, 0.0, 0.0, 1.0), Vec3::NEG_X);
        close(in_room(Lying::Supine, -1.0, 0.0, 0.0), Vec3::Z);
        close(in_room(Lying::Prone, 0.0, -1.0, 0.0), Vec3::NEG_Y);
        close(in_room(Lying::LeftSide, 1.0, 0.0, 0.0), Vec3::NEG_Y);
        close(in_room(Lying::RightSide, -1.0, 0.0, 0.0), Vec3::NEG_Y);
        close(in_room(Lying::Standing, 0.0, 0.0, 1.0), Vec3::Y);
    }

    #[test]
    fn nothing_is_mirrored_however_the_patient_lies() {
        for lying in Lying::ALL {
            let turn = Mat3::from_quat(lying.rotation());
            assert!((turn.determinant() - 1.0).abs() < 1e-6, "{lying:?}");
        }
    }

    #[test]
    fn places_have_names() {
        for lying in Lying::ALL {
            assert_eq!(MovePatient::named(lying.name()), Some(MovePatient::Place(lying)));
        }
        assert_eq!(MovePatient::named("life-size"), Some(MovePatient::LifeSize));
        assert_eq!(MovePatient::named("nowhere"), None);
    }
}
