//! Buttons of the holding hand: the lower one life-size, the upper one the operating pose. The working hand's upper button,
//! and any menu button, call the panel or send it away.

use bevy::prelude::*;
use fabrica_scene::input::{Hands, Haptic};
use fabrica_scene::presence::{Comfort, MovePatient, SummonPanel};

/// Reads the buttons.
pub(crate) fn press(
    hands: Res<Hands>,
    comfort: Res<Comfort>,
    mut moves: MessageWriter<MovePatient>,
    mut panel: MessageWriter<SummonPanel>,
    mut haptics: MessageWriter<Haptic>,
) {
    let (working, holding) = (hands.working(), hands.holding());
    if holding.buttons.primary.started {
        moves.write(MovePatient::LifeSize);
        haptics.write(Haptic::click(holding.hand));
    }
    if holding.buttons.secondary.started {
        moves.write(MovePatient::Place(comfort.lying));
        haptics.write(Haptic::click(holding.hand));
    }
    if working.buttons.secondary.started || working.buttons.menu.started || holding.buttons.menu.started {
        panel.write(SummonPanel::Toggle);
    }
}
