//! Pointers on the board become egui's mouse.

use bevy::prelude::*;
use bevy_egui::egui::{self, Event, Modifiers, MouseWheelUnit, PointerButton, pos2, vec2};
use bevy_egui::input::EguiInputEvent;
use fabrica_scene::input::{Hand, HandState, Hands, Haptic};

use super::board::{BoardState, LIVELY};
use super::{BOARD, Keyboard, PIXELS_A_METRE, PIXELS_A_POINT, RoomPanel};

/// A fingertip this near before the board hovers; through it, it presses. Metres.
const HOVER: f32 = 0.03;
/// Farther through than this, the hand is elsewhere.
const THROUGH: f32 = 0.05;
/// Points that a stick pushed to its end scrolls in a frame.
const SCROLL: f32 = 14.0;

/// The hand that is the mouse, and whether its button is down.
#[derive(Default)]
pub(crate) struct Mouse {
    hand: Option<Hand>,
    down: bool,
}

/// A pointer on the board.
struct On {
    /// Egui's points from the upper left.
    at: egui::Pos2,
    /// From the hand, metres.
    distance: f32,
    /// It pokes: the button is down while it is through.
    poke: Option<bool>,
}

/// Turns the pointers into egui's events.
pub(crate) fn point(
    mut board: ResMut<BoardState>,
    panel: Query<Entity, With<RoomPanel>>,
    mut keyboard: ResMut<Keyboard>,
    mut hands: ResMut<Hands>,
    mut mouse: Local<Mouse>,
    mut events: MessageWriter<EguiInputEvent>,
    mut haptics: MessageWriter<Haptic>,
) {
    let Ok(context) = panel.single() else { return };
    let mut send = |event: Event| {
        events.write(EguiInputEvent { context, event });
    };
    if !keyboard.typed.is_empty() {
        board.lively = LIVELY;
    }
    keyboard.typed.drain(..).for_each(&mut send);
    let working = hands.dominant;
    let on = |hand: Hand, hands: &Hands| on_board(&board, hands.get(hand));
    // The hand that presses stays the mouse; else one that presses now becomes it; else the working hand comes first.
    let order = [working, working.other()];
    let pressing = order.into_iter().find(|&h| on(h, &hands).is_some_and(|o| starts(&o, hands.get(h))));
    let chosen = match mouse.hand.filter(|_| mouse.down) {
        Some(hand) => Some(hand),
        None => pressing.or(order.into_iter().find(|&h| on(h, &hands).is_some())),
    };
    for hand in Hand::BOTH {
        let pointed = on(hand, &hands);
        let state = hands.get_mut(hand);
        let began_here = state.pointer.taken && state.pointer.trigger.held;
        // A press that began elsewhere goes on there.
        let elsewhere = state.pointer.trigger.held && !state.pointer.trigger.started && !state.pointer.taken;
        state.pointer.taken = began_here || (pointed.is_some() && !elsewhere);
        state.pointer.reach = pointed.as_ref().map(|on| on.distance).or(state.pointer.reach);
    }
    let Some(hand) = chosen else {
        if mouse.hand.take().is_some() {
            send(Event::PointerGone);
        }
        *mouse = Mouse::default();
        return;
    };
    mouse.hand = Some(hand);
    let pointed = on(hand, &hands);
    board.lively = LIVELY;
    let state = hands.get_mut(hand);
    let at = match &pointed {
        Some(on) => {
            send(Event::PointerMoved(on.at));
            on.at
        }
        // Off the board with the button down: egui goes on with the last place.
        None => pos2(-1.0, -1.0),
    };
    let down = match &pointed {
        Some(On { poke: Some(through), .. }) => *through,
        Some(_) => state.pointer.trigger.held && state.pointer.taken,
        None => false,
    };
    if down != mouse.down {
        mouse.down = down;
        send(Event::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed: down,
            modifiers: Modifiers::NONE,
        });
        if down {
            haptics.write(Haptic::click(hand));
        }
    }
    if pointed.is_some() && state.stick.length() > 0.2 {
        let delta = vec2(state.stick.x, state.stick.y) * SCROLL;
        send(wheel(delta));
        // It scrolls, and does nothing else.
        state.stick = Vec2::ZERO;
    }
}

fn wheel(delta: egui::Vec2) -> Event {
    Event::MouseWheel { unit: MouseWheelUnit::Point, delta, phase: egui::TouchPhase::Move, modifiers: Modifiers::NONE }
}

fn starts(on: &On, state: &HandState) -> bool {
    on.poke.unwrap_or(state.pointer.trigger.started)
}

/// Where a hand's pointer is on the board.
fn on_board(board: &BoardState, state: &HandState) -> Option<On> {
    let pose = state.pointer.pose?;
    let tip = board.local(pose.position)?;
    let inside = |at: Vec2| at.abs().cmple(BOARD / 2.0).all();
    if inside(tip.truncate()) && (-THROUGH..HOVER).contains(&tip.z) {
        return Some(On { at: point_of(tip.truncate()), distance: 0.0, poke: Some(tip.z < 0.0) });
    }
    // The ray, from before the board only.
    let ahead = board.local(pose.position + pose.forward())? - tip;
    let along = -tip.z / ahead.z;
    let hit = (tip + ahead * along).truncate();
    let hits = tip.z > 0.0 && ahead.z < -1e-4 && inside(hit);
    hits.then(|| On { at: point_of(hit), distance: along, poke: None })
}

/// A place of the board as egui's: from the upper left, in points.
fn point_of(at: Vec2) -> egui::Pos2 {
    let pixels = (Vec2::new(at.x, -at.y) + BOARD / 2.0) * PIXELS_A_METRE;
    pos2(pixels.x / PIXELS_A_POINT, pixels.y / PIXELS_A_POINT)
}

/// A place of egui's on the board.
pub(crate) fn place_of(at: egui::Pos2) -> Vec2 {
    let metres = Vec2::new(at.x, at.y) * PIXELS_A_POINT / PIXELS_A_METRE - BOARD / 2.0;
    Vec2::new(metres.x, -metres.y)
}

#[cfg(test)]
mod tests {
    use fabrica_scene::input::RoomPose;

    use super::*;

    fn board() -> BoardState {
        // At the origin, its face to +Z.
        let pose = RoomPose { position: Vec3::ZERO, rotation: Quat::IDENTITY };
        BoardState { pose: Some(pose), shown: true, ..default() }
    }

    fn hand(at: Vec3, toward: Vec3) -> HandState {
        let mut state = HandState::default();
        state.pointer.pose = Some(RoomPose::looking_at(at, toward));
        state
    }

    #[test]
    fn the_upper_left_corner_is_eguis_origin() {
        let corner = Vec3::new(-BOARD.x / 2.0 + 1e-4, BOARD.y / 2.0 - 1e-4, 0.0);
        let on = on_board(&board(), &hand(corner + Vec3::Z * 0.5, corner)).unwrap();
        assert!(on.at.x < 0.5 && on.at.y < 0.5 && on.poke.is_none(), "{:?}", on.at);
        assert!((on.distance - 0.5).abs() < 1e-4);
    }

    #[test]
    fn places_go_there_and_back() {
        let at = Vec2::new(0.1, -0.2);
        assert!(place_of(point_of(at)).distance(at) < 1e-6);
    }

    #[test]
    fn a_ray_from_behind_or_beside_hits_nothing() {
        assert!(on_board(&board(), &hand(Vec3::new(0.0, 0.0, -0.5), Vec3::ZERO)).is_none());
        assert!(on_board(&board(), &hand(Vec3::new(0.0, 0.0, 0.5), Vec3::new(1.0, 0.0, 0.0))).is_none());
    }

    #[test]
    fn a_finger_hovers_then_presses_then_is_elsewhere() {
        let poke = |z: f32| on_board(&board(), &hand(Vec3::new(0.0, 0.0, z), Vec3::new(1.0, 0.0, z))).map(|on| on.poke);
        assert_eq!(poke(0.02), Some(Some(false)));
        assert_eq!(poke(-0.01), Some(Some(true)));
        assert_eq!(poke(-0.2), None);
    }
}
