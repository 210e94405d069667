//! The two hands, as tools see them.

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, LpsVector, Mm};

use super::{Press, Source};
use crate::world::PatientPose;

/// A hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Hand {
    /// The left hand.
    Left,
    /// The right hand.
    #[default]
    Right,
}

impl Hand {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Left, Self::Right];

    /// The other hand.
    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// `left` or `right`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }
}

/// Where something is in the room and which way it looks: metres, Y up, looking along −Z of its own axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoomPose {
    /// Where, metres.
    pub position: Vec3,
    /// How it is turned.
    pub rotation: Quat,
}

impl RoomPose {
    /// At a place, looking at another; upright as far as that goes.
    pub fn looking_at(position: Vec3, target: Vec3) -> Self {
        let transform = Transform::from_translation(position).looking_at(target, Vec3::Y);
        Self { position, rotation: transform.rotation }
    }

    /// Which way it looks, unit length.
    pub fn forward(&self) -> Vec3 {
        self.rotation * Vec3::NEG_Z
    }

    /// As a transform.
    pub fn transform(&self) -> Transform {
        Transform::from_translation(self.position).with_rotation(self.rotation)
    }

    /// Where it comes to when the room's content is moved by a transform without scale.
    pub fn moved_by(&self, by: &Transform) -> Self {
        Self { position: by.transform_point(self.position), rotation: by.rotation * self.rotation }
    }

    /// Whether all of it is a number.
    pub fn is_finite(&self) -> bool {
        self.position.is_finite() && self.rotation.is_finite()
    }
}

/// A ray in the patient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PatientRay {
    /// Where it starts.
    pub origin: LpsPoint,
    /// Its direction, unit length.
    pub direction: LpsVector,
}

impl PatientRay {
    /// The point this far along.
    pub fn at(&self, distance: Mm) -> LpsPoint {
        LpsPoint(self.origin.0 + self.direction.0 * distance.0)
    }
}

/// A place in the patient with its axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PatientPlace {
    /// Where.
    pub at: LpsPoint,
    /// Where it points, unit length: away from the wrist.
    pub forward: LpsVector,
    /// Its upper side, unit length: the thumb's side of a fist around a handle.
    pub up: LpsVector,
}

/// A ray with a trigger.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pointer {
    /// Where it starts and points, in the room. Nothing where the hand is not seen.
    pub pose: Option<RoomPose>,
    /// The same in the patient, millimetres.
    pub ray: Option<PatientRay>,
    /// Index finger, pinch or left mouse button.
    pub trigger: Press,
    /// It is on a panel, or its press began there: tools leave it alone.
    pub taken: bool,
    /// How far it reaches, metres in the room, where what it points at is known: a panel or a tool says so.
    pub reach: Option<f32>,
}

/// A place with a squeeze.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Grip {
    /// Where the palm is, in the room. Nothing where the hand is not seen, and for the mouse.
    pub pose: Option<RoomPose>,
    /// The same in the patient, millimetres.
    pub place: Option<PatientPlace>,
    /// Grip button, fist or nothing for the mouse.
    pub squeeze: Press,
    /// It holds a panel: it does not hold the patient.
    pub taken: bool,
}

/// A hand's buttons.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Buttons {
    /// A or X, the lower one.
    pub primary: Press,
    /// B or Y, the upper one.
    pub secondary: Press,
    /// The menu button.
    pub menu: Press,
    /// A press of the stick or trackpad.
    pub stick: Press,
}

/// A hand in this frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HandState {
    /// Which one.
    pub hand: Hand,
    /// What reports it; nothing when there is no such hand.
    pub source: Option<Source>,
    /// Its ray and trigger.
    pub pointer: Pointer,
    /// Its place and squeeze.
    pub grip: Grip,
    /// Stick or trackpad: to the right, away from the user; each −1 to 1.
    pub stick: Vec2,
    /// Its buttons.
    pub buttons: Buttons,
}

/// Both hands in this frame.
#[derive(Resource, Clone, Copy, Debug)]
pub struct Hands {
    states: [HandState; 2],
    /// The hand that works; the other holds the patient and the panel. Left in left-handed mode.
    pub dominant: Hand,
}

impl Default for Hands {
    fn default() -> Self {
        Self { states: Hand::BOTH.map(|hand| HandState { hand, ..default() }), dominant: Hand::Right }
    }
}

impl Hands {
    /// A hand.
    pub fn get(&self, hand: Hand) -> &HandState {
        &self.states[hand as usize]
    }

    /// A hand, to be changed: for panels, which take pointers, and tests. Tools only read.
    pub fn get_mut(&mut self, hand: Hand) -> &mut HandState {
        &mut self.states[hand as usize]
    }

    /// The hand that works.
    pub fn working(&self) -> &HandState {
        self.get(self.dominant)
    }

    /// The hand that holds.
    pub fn holding(&self) -> &HandState {
        self.get(self.dominant.other())
    }

    /// Both, left first.
    pub fn both(&self) -> &[HandState; 2] {
        &self.states
    }
}

/// Brings rays and places into the patient, after the patient has been moved.
pub(super) fn place_in_patient(mut hands: ResMut<Hands>, patient: Res<PatientPose>) {
    for state in &mut hands.bypass_change_detection().states {
        state.pointer.ray = state.pointer.pose.map(|pose| patient.ray_to_patient(&pose));
        state.grip.place = state.grip.pose.map(|pose| patient.place_in_patient(&pose));
    }
}
