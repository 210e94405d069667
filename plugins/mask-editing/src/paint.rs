//! Brush and eraser.

use bevy::prelude::*;
use fabrica_edit::Brush;
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_plan::Mode;
use fabrica_scene::Paint;
use fabrica_scene::input::{Hands, Haptic, Tools};

use crate::kind::{self, Kind, Use};
use crate::pointing::{By, Pointed};
use crate::settings::Settings;
use crate::{ID, option};

/// Points of a stroke lie at least this part of the radius apart.
const STEP: f64 = 0.05;
/// What a stick that is pushed all the way does to the radius in a second: as its natural logarithm.
const GROWTH: f32 = 1.2;

/// The stroke under way.
#[derive(Resource, Debug, Default)]
pub struct Painting {
    /// The last point that was painted; nothing while no stroke is under way.
    last: Option<LpsPoint>,
    radius: Mm,
}

impl Painting {
    /// Whether a stroke is under way.
    pub fn is_under_way(&self) -> bool {
        self.last.is_some()
    }
}

/// Moves the brush.
pub fn paint(
    pointed: Res<Pointed>,
    hands: Res<Hands>,
    time: Res<Time>,
    mut settings: Settings,
    mut painting: ResMut<Painting>,
    mut asked: MessageWriter<Paint>,
    mut haptics: MessageWriter<Haptic>,
) {
    let kind = kind::chosen(&settings.tools);
    if kind.used() != Use::Brush {
        if settings.editing.ball.is_some() {
            settings.editing.ball = None;
        }
        if painting.last.take().is_some() {
            asked.write(Paint::Lift);
        }
        return;
    }
    if !painting.is_under_way() {
        change_by_hand(&hands, &time, kind, &mut settings.tools);
    }
    let radius = if painting.is_under_way() { painting.radius } else { settings.length(option::RADIUS) };
    let ball = pointed.at.map(|at| (at, radius));
    if settings.editing.ball != ball {
        settings.editing.ball = ball;
    }
    if let (true, Some(at), None) = (pointed.press.started, pointed.at, painting.last)
        && let Some(structure) = settings.structure()
    {
        let erases = kind == Kind::Eraser;
        let (limits, overwrite) = (settings.limits(&structure), settings.overwrite(&structure));
        asked.write(Paint::Begin(Brush {
            structure,
            radius,
            mode: if erases { Mode::Erase } else { Mode::Add },
            limits,
            overwrite: if erases { fabrica_plan::Overwrite::None } else { overwrite },
        }));
        asked.write(Paint::To(at));
        (painting.last, painting.radius) = (Some(at), radius);
        if let By::Tip(hand, _) = pointed.by {
            haptics.write(Haptic::click(hand));
        }
    }
    let Some(last) = painting.last else { return };
    if let Some(at) = pointed.at {
        let far = at.distance(last).0 >= radius.0 * STEP;
        if far || (pointed.press.ended && at != last) {
            asked.write(Paint::To(at));
            painting.last = Some(at);
        }
    }
    if !pointed.press.held {
        asked.write(Paint::Lift);
        painting.last = None;
    }
}

/// The stick changes the radius, the lower button changes between brush and eraser.
fn change_by_hand(hands: &Hands, time: &Time, kind: Kind, tools: &mut ResMut<Tools>) {
    let hand = hands.working();
    if hand.pointer.taken {
        return;
    }
    if hand.stick.y.abs() > 0.2 {
        let factor = f64::from((hand.stick.y * GROWTH * time.delta_secs()).exp());
        tools.scale_length(ID, option::RADIUS, factor);
    }
    if hand.buttons.primary.started {
        let other = if kind == Kind::Brush { Kind::Eraser } else { Kind::Brush };
        // Both are among the names.
        tools.set(ID, option::WHAT, other.name()).ok();
    }
}
