//! Where the board is: called before the user, carried by a hand, or on the holding hand's wrist.

use bevy::prelude::*;
use bevy_egui::{EguiContextSettings, EguiFullOutput, egui};
use fabrica_scene::OpenCase;
use fabrica_scene::input::{Hand, Hands, RoomPose};
use fabrica_scene::presence::{Headset, SummonPanel};

use super::{BOARD, PIXELS_A_POINT, READING_DISTANCE};

/// The board is called to the left and a little below the eyes, so that neither the patient nor the hands that work there
/// have it before them: degrees.
const CALLED: Vec2 = Vec2::new(-44.0, -12.0);
/// How near to the board a hand must be to carry it, metres.
const NEAR: f32 = 0.05;
/// On the wrist: over the hand and towards the eyes, metres; and smaller.
const WRIST: Vec3 = Vec3::new(0.0, 0.16, -0.02);
const WRIST_SIZE: f32 = 0.6;

/// The board.
#[derive(Component)]
pub(crate) struct Board;

/// Where it is, and who holds it.
#[derive(Resource, Default)]
pub(crate) struct BoardState {
    /// Where it is, once it was called.
    pub pose: Option<RoomPose>,
    /// It is seen.
    pub shown: bool,
    /// It is on this hand's wrist.
    pub wrist: Option<Hand>,
    /// The hand that carries it, and where the board is seen from it.
    pub(super) held: Option<(Hand, Transform)>,
    /// It was called when the headset was put on.
    pub(super) called: bool,
    /// Frames for which it is still drawn every time: something on it was pointed at, or has changed.
    pub lively: u32,
}

impl BoardState {
    /// Its size against the usual one.
    pub fn size(&self) -> f32 {
        if self.wrist.is_some() { WRIST_SIZE } else { 1.0 }
    }

    /// A place on the board, across and up from its middle, in the room.
    pub fn in_room(&self, at: Vec2) -> Option<Vec3> {
        let pose = self.pose.filter(|_| self.shown)?;
        Some(pose.position + pose.rotation * (at.extend(0.0) * self.size()))
    }

    /// A place of the room on the board: across, up, and before it; metres of the usual size.
    pub fn local(&self, at: Vec3) -> Option<Vec3> {
        let pose = self.pose.filter(|_| self.shown)?;
        Some(pose.rotation.inverse() * (at - pose.position) / self.size())
    }
}

/// Calls the board, or sends it away; calls it once by itself when the headset is put on.
pub(crate) fn summon(mut asked: MessageReader<SummonPanel>, headset: Res<Headset>, mut board: ResMut<BoardState>) {
    for &asked in asked.read() {
        match asked {
            SummonPanel::Toggle if board.shown && board.wrist.is_none() => board.shown = false,
            SummonPanel::Toggle => {
                (board.wrist, board.shown) = (None, true);
                board.pose = headset.head.map(called_by);
            }
            SummonPanel::Wrist(hand) => (board.wrist, board.shown) = (Some(hand), true),
        }
    }
    if let Some(head) = headset.head.filter(|_| !board.called) {
        *board = BoardState { pose: Some(called_by(head)), shown: true, called: true, ..default() };
    }
}

/// Before a head, upright and facing it.
fn called_by(head: RoomPose) -> RoomPose {
    let ahead = head.forward().with_y(0.0).normalize_or(Vec3::NEG_Z);
    let turn = Quat::from_rotation_y(-CALLED.x.to_radians());
    let down = CALLED.y.to_radians();
    let direction = (turn * ahead) * down.cos() + Vec3::Y * down.sin();
    facing(head.position + direction * READING_DISTANCE, head.position)
}

/// At a place, its face (+Z) to the eyes.
fn facing(at: Vec3, eyes: Vec3) -> RoomPose {
    let transform = Transform::from_translation(at).looking_at(at * 2.0 - eyes, Vec3::Y);
    RoomPose { position: at, rotation: transform.rotation }
}

/// Carries the board with a hand that squeezes at it, or points at it and squeezes.
pub(crate) fn carry(mut hands: ResMut<Hands>, headset: Res<Headset>, mut board: ResMut<BoardState>) {
    if let Some(hand) = board.wrist
        && let (Some(grip), Some(head)) = (hands.get(hand).grip.pose, headset.head)
    {
        board.pose = Some(facing(grip.position + WRIST, head.position));
    }
    for hand in Hand::BOTH {
        let state = hands.get(hand);
        let squeeze = state.grip.squeeze;
        let Some(grip) = state.grip.pose else { continue };
        let at_board = board.local(grip.position).is_some_and(near) || state.pointer.taken;
        if squeeze.started && at_board && board.held.is_none() && board.wrist.is_none() {
            let seen = board.pose.map(|pose| seen_from(&grip, &pose));
            board.held = seen.map(|seen| (hand, seen));
        }
    }
    let Some((hand, seen)) = board.held else { return };
    let state = hands.get_mut(hand);
    if !state.grip.squeeze.held {
        board.held = None;
        return;
    }
    state.grip.taken = true;
    if let Some(grip) = state.grip.pose {
        let pose = grip.transform() * seen;
        board.pose = Some(RoomPose { position: pose.translation, rotation: pose.rotation });
    }
}

fn near(local: Vec3) -> bool {
    let beyond = (local.truncate().abs() - BOARD / 2.0).max(Vec2::ZERO);
    beyond.length() < NEAR && local.z.abs() < NEAR
}

fn seen_from(grip: &RoomPose, pose: &RoomPose) -> Transform {
    let inverse = grip.rotation.inverse();
    Transform::from_translation(inverse * (pose.position - grip.position)).with_rotation(inverse * pose.rotation)
}

/// A panel on which nothing happens is drawn once in so many frames: the patient needs the time.
const IDLE: u32 = 12;
/// So long it is drawn every time after something has happened on it, frames.
pub(crate) const LIVELY: u32 = 15;

/// Moves the board to where it is, and has its panel drawn when there is something new on it.
pub(crate) fn follow(
    mut state: ResMut<BoardState>,
    mut headset: ResMut<Headset>,
    case: Res<OpenCase>,
    mut frame: Local<u32>,
    mut boards: Query<(&mut Transform, &mut Visibility), With<Board>>,
    mut panel: Query<(&mut Camera, &mut EguiContextSettings, &mut EguiFullOutput), With<super::RoomPanel>>,
) {
    let shown = state.shown && headset.head.is_some();
    headset.bypass_change_detection().panel = state.pose.filter(|_| shown);
    for (mut transform, mut visibility) in &mut boards {
        visibility.set_if_neq(if shown { Visibility::Inherited } else { Visibility::Hidden });
        if let Some(pose) = state.pose {
            transform.set_if_neq(pose.transform().with_scale(Vec3::splat(state.size())));
        }
    }
    if case.is_changed() {
        state.lively = LIVELY;
    }
    *frame = frame.wrapping_add(1);
    // The first pass gives egui its fonts, seen or not.
    let due = *frame == 1 || (shown && (state.lively > 0 || frame.is_multiple_of(IDLE)));
    state.lively = state.lively.saturating_sub(1);
    for (mut camera, mut settings, mut output) in &mut panel {
        if camera.is_active != due {
            camera.is_active = due;
        }
        if settings.run_manually == due {
            settings.run_manually = !due;
        }
        if !due {
            // Nothing new; egui's own state waits as it is.
            output.0 = Some(egui::FullOutput { pixels_per_point: PIXELS_A_POINT, ..default() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_called_to_the_left_below_the_eyes_and_faces_them() {
        let head = RoomPose { position: Vec3::new(0.0, 1.6, 0.0), rotation: Quat::IDENTITY };
        let pose = called_by(head);
        assert!((pose.position.distance(head.position) - READING_DISTANCE).abs() < 1e-5);
        assert!(pose.position.x < -0.2 && pose.position.y < 1.5 && pose.position.z < -0.3, "{}", pose.position);
        let to_eyes = (head.position - pose.position).normalize();
        assert!((pose.rotation * Vec3::Z).distance(to_eyes) < 1e-5);
    }

    #[test]
    fn places_on_the_board_are_measured_from_its_middle() {
        let pose = facing(Vec3::new(0.0, 1.0, -1.0), Vec3::new(0.0, 1.0, 1.0));
        let board = BoardState { pose: Some(pose), shown: true, ..default() };
        let local = board.local(Vec3::new(0.1, 1.2, -0.9)).unwrap();
        assert!(local.distance(Vec3::new(0.1, 0.2, 0.1)) < 1e-6, "{local}");
        assert!(!near(local) && near(Vec3::new(0.28, 0.0, 0.04)));
    }
}
