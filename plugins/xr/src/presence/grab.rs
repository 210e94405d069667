//! Grabbing the patient: with one hand it moves and turns with the hand, with two it also grows and shrinks.

use bevy::prelude::*;
use fabrica_scene::input::{Hand, HandState, Hands, Haptic, RoomPose};
use fabrica_scene::world::PatientPose;

/// A tenth of life-size to twenty times: from a doll to the inside of a vessel.
const SCALES: [f32; 2] = [0.1, 20.0];
/// Nearer together than this, metres, two hands give no direction.
const TOO_CLOSE: f32 = 0.02;

/// The patient is held.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub(crate) struct Grabbing {
    hold: Option<Hold>,
    /// While two hands hold: the middle between them, in the room.
    pub(crate) scaling_at: Option<Vec3>,
}

/// How it began: the patient's pose and the hands that hold, each with its pose then.
#[derive(Clone, Debug, PartialEq)]
struct Hold {
    patient: PatientPose,
    hands: Vec<(Hand, RoomPose)>,
}

/// Moves the patient with the hands that squeeze.
pub(crate) fn grab(
    hands: Res<Hands>,
    mut patient: ResMut<PatientPose>,
    mut grabbing: ResMut<Grabbing>,
    mut haptics: MessageWriter<Haptic>,
) {
    let holding: Vec<(Hand, RoomPose)> = hands.both().iter().filter_map(holds).collect();
    let same = grabbing
        .hold
        .as_ref()
        .is_some_and(|hold| hold.hands.iter().map(|(hand, _)| *hand).eq(holding.iter().map(|(hand, _)| *hand)));
    if !same {
        for (hand, _) in holding.iter().filter(|(hand, _)| hands.get(*hand).grip.squeeze.started) {
            haptics.write(Haptic::click(*hand));
        }
        // Whoever comes or goes, the patient stays where it is.
        let hold = Hold { patient: *patient, hands: holding.clone() };
        grabbing.set_if_neq(Grabbing { hold: (!holding.is_empty()).then_some(hold), scaling_at: None });
    }
    let Some(hold) = &grabbing.hold else { return };
    let next = match (hold.hands.as_slice(), holding.as_slice()) {
        ([(_, before)], [(_, after)]) => carried(&hold.patient, before, after),
        ([(_, a), (_, b)], [(_, c), (_, d)]) => stretched(&hold.patient, [a, b], [c, d]),
        _ => return,
    };
    if next.is_sound() {
        patient.set_if_neq(next);
    }
    let middle = match holding.as_slice() {
        [(_, a), (_, b)] => Some((a.position + b.position) / 2.0),
        _ => None,
    };
    grabbing.scaling_at = middle;
}

fn holds(state: &HandState) -> Option<(Hand, RoomPose)> {
    let free = state.grip.squeeze.held && !state.grip.taken;
    state.grip.pose.filter(|_| free).map(|pose| (state.hand, pose))
}

/// As if it were fixed to the hand.
fn carried(patient: &PatientPose, before: &RoomPose, after: &RoomPose) -> PatientPose {
    let turn = after.rotation * before.rotation.inverse();
    PatientPose {
        translation: after.position + turn * (patient.translation - before.position),
        rotation: (turn * patient.rotation).normalize(),
        scale: patient.scale,
    }
}

/// As if its points under both hands stayed under them; a turn of both wrists about the line between them turns it too.
fn stretched(patient: &PatientPose, before: [&RoomPose; 2], after: [&RoomPose; 2]) -> PatientPose {
    let line = |hands: [&RoomPose; 2]| hands[1].position - hands[0].position;
    let (from, to) = (line(before), line(after));
    if from.length() < TOO_CLOSE || to.length() < TOO_CLOSE {
        return *patient;
    }
    let [least, greatest] = SCALES;
    let scale = (patient.scale * to.length() / from.length()).clamp(least, greatest);
    let grown = scale / patient.scale;
    let arc = Quat::from_rotation_arc(from.normalize(), to.normalize());
    // What is left of each wrist's turn, about the line.
    let axis = to.normalize();
    let twist = |hand: usize| {
        let rest = after[hand].rotation * (arc * before[hand].rotation).inverse();
        let rest = if rest.w < 0.0 { -rest } else { rest };
        2.0 * f32::atan2(rest.xyz().dot(axis), rest.w)
    };
    let turn = Quat::from_axis_angle(axis, (twist(0) + twist(1)) / 2.0) * arc;
    let middle = |hands: [&RoomPose; 2]| (hands[0].position + hands[1].position) / 2.0;
    PatientPose {
        translation: middle(after) + turn * (patient.translation - middle(before)) * grown,
        rotation: (turn * patient.rotation).normalize(),
        scale,
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::FRAC_PI_2;

    use super::*;

    fn at(x: f32, y: f32, z: f32) -> RoomPose {
        RoomPose { position: Vec3::new(x, y, z), rotation: Quat::IDENTITY }
    }

    fn turned(pose: RoomPose, by: Quat) -> RoomPose {
        RoomPose { rotation: by * pose.rotation, ..pose }
    }

    fn close(a: Vec3, b: Vec3) {
        assert!(a.distance(b) < 1e-5, "{a} is not {b}");
    }

    #[test]
    fn one_hand_carries_the_point_that_it_holds() {
        let patient = PatientPose { translation: Vec3::new(0.0, 1.0, -0.5), ..default() };
        let (before, after) = (at(0.1, 1.0, -0.5), turned(at(0.3, 1.2, -0.4), Quat::from_rotation_y(FRAC_PI_2)));
        let next = carried(&patient, &before, &after);
        let held = patient.transform().to_matrix().inverse().transform_point3(before.position);
        close(next.transform().transform_point(held), after.position);
        assert_eq!(next.scale, 1.0);
    }

    #[test]
    fn two_hands_keep_both_points_under_them() {
        let patient = PatientPose { translation: Vec3::new(0.0, 1.0, -0.5), scale: 1.5, ..default() };
        let (a, b) = (at(-0.1, 1.0, -0.5), at(0.1, 1.0, -0.5));
        let (c, d) = (at(-0.1, 1.0, -0.3), at(0.3, 1.1, -0.5));
        let next = stretched(&patient, [&a, &b], [&c, &d]);
        let inverse = patient.transform().to_matrix().inverse();
        for (before, after) in [(a, c), (b, d)] {
            close(next.transform().transform_point(inverse.transform_point3(before.position)), after.position);
        }
        let wider = d.position.distance(c.position) / 0.2;
        assert!((next.scale - 1.5 * wider).abs() < 1e-5);
    }

    #[test]
    fn turning_both_wrists_turns_the_patient_about_the_line_between_the_hands() {
        let patient = PatientPose::default();
        let (a, b) = (at(-0.1, 0.0, 0.0), at(0.1, 0.0, 0.0));
        let turn = Quat::from_rotation_x(0.5);
        let next = stretched(&patient, [&a, &b], [&turned(a, turn), &turned(b, turn)]);
        assert!(next.rotation.angle_between(turn) < 1e-3);
    }

    #[test]
    fn scale_stays_within_bounds_and_hands_on_each_other_do_nothing() {
        let patient = PatientPose::default();
        let (a, b) = (at(-0.05, 0.0, 0.0), at(0.05, 0.0, 0.0));
        let far = stretched(&patient, [&a, &b], [&at(-50.0, 0.0, 0.0), &at(50.0, 0.0, 0.0)]);
        assert_eq!(far.scale, SCALES[1]);
        assert_eq!(stretched(&patient, [&a, &a], [&a, &b]), patient);
    }
}
