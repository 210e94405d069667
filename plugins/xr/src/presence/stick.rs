//! The sticks: the holding hand's turns the user by steps; the working hand's does what was chosen.

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, LpsVector};
use fabrica_plan::{Operation, Window};
use fabrica_scene::input::{Hand, Hands, Haptic, Tools};
use fabrica_scene::presence::{Comfort, Headset, StickUse};
use fabrica_scene::{Do, OpenCase, Preview};

use super::rig::Rig;
use super::vignette::Motion;

/// How far a stick is pushed to turn, and how far it comes back before it turns again.
const PUSHED: f32 = 0.7;
const BACK: f32 = 0.3;
/// What lies nearer to the middle than this is a thumb at rest.
const AT_REST: f32 = 0.25;
/// A stick pushed to its end changes the window's width by this factor a second, its centre by this share of the width.
const WINDOW_A_SECOND: f64 = 2.0;
/// ... and moves the crosshair so far a second, mm.
const MM_A_SECOND: f64 = 60.0;
/// A frame counts for no more than this, seconds.
const LONGEST_FRAME: f32 = 0.1;

/// Turns the user by steps about the own head.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub(crate) fn turn(
    hands: Res<Hands>,
    tools: Res<Tools>,
    comfort: Res<Comfort>,
    headset: Res<Headset>,
    mut pushed: Local<[bool; 2]>,
    mut rig: ResMut<Rig>,
    mut motion: ResMut<Motion>,
    mut haptics: MessageWriter<Haptic>,
) {
    for hand in Hand::BOTH {
        let turns = hand != hands.dominant || (comfort.working_stick == StickUse::Turn && !tools.has_stick());
        let across = if turns { hands.get(hand).stick.x } else { 0.0 };
        let was = &mut pushed[hand as usize];
        if across.abs() < BACK {
            *was = false;
        } else if across.abs() > PUSHED && !*was {
            *was = true;
            if comfort.snap_turn_degrees > 0.0 {
                let pivot = headset.head.map_or(Vec3::ZERO, |head| head.position);
                // A stick to the right turns the user to the right.
                rig.turn_about(pivot, -across.signum() * comfort.snap_turn_degrees.to_radians());
                motion.begin();
                haptics.write(Haptic::click(hand));
            }
        }
    }
}

/// Window and level, or the slices, by the working hand's stick, unless the tool in the hand has a use for it: shown while it
/// is pushed, in the plan once it is let go.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub(crate) fn work(
    hands: Res<Hands>,
    tools: Res<Tools>,
    comfort: Res<Comfort>,
    case: Res<OpenCase>,
    time: Res<Time<Real>>,
    mut preview: ResMut<Preview>,
    mut moved: Local<bool>,
    mut operations: MessageWriter<Do>,
) {
    let Some(scene) = &case.volume else { return };
    let stick = hands.working().stick;
    let pushed = stick.length() > AT_REST && !tools.has_stick();
    let seconds = f64::from(time.delta_secs().min(LONGEST_FRAME));
    match comfort.working_stick {
        StickUse::Window if pushed => {
            let Some(window) = preview.window.or(case.window) else { return };
            preview.window = Some(by_stick(window, stick, seconds));
            *moved = true;
        }
        StickUse::Slices if pushed => {
            let step = LpsVector::new(f64::from(stick.x), 0.0, f64::from(stick.y)) * (MM_A_SECOND * seconds);
            let (low, high) = scene.volume.grid().bounds();
            let at = preview.crosshair.unwrap_or(case.crosshair) + step;
            preview.crosshair = Some(LpsPoint(at.0.clamp(low.0, high.0)));
            *moved = true;
        }
        _ if *moved => {
            *moved = false;
            if let Some(window) = preview.window.take() {
                operations.write(Do(Operation::SetWindow { volume: scene.id.clone(), window }));
            }
            if let Some(at) = preview.crosshair.take() {
                operations.write(Do(Operation::SetCrosshair { at }));
            }
        }
        _ => {}
    }
}

/// To the right wider, away from the user higher.
fn by_stick(window: Window, stick: Vec2, seconds: f64) -> Window {
    Window {
        centre: window.centre + f64::from(stick.y) * window.width * seconds,
        width: (window.width * WINDOW_A_SECOND.powf(f64::from(stick.x) * seconds)).max(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_to_the_right_doubles_the_width_and_away_raises_by_a_width() {
        let start = Window { centre: 40.0, width: 400.0 };
        let wide = by_stick(start, Vec2::X, 1.0);
        assert!((wide.width - 800.0).abs() < 1e-9 && wide.centre == 40.0);
        let high = by_stick(start, Vec2::Y, 1.0);
        assert!((high.centre - 440.0).abs() < 1e-9 && high.width == 400.0);
    }
}
