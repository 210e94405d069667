//! Keys, as in 3D Slicer where it has a habit.

use bevy_egui::egui::{self, Key, Modifiers};
use fabrica_raycast::NamedView;
use fabrica_scene::{Navigate, Request};

use crate::Desk;

/// The number pad's and the top row's digits look from the sides; Ctrl+Z and Ctrl+Shift+Z undo and redo; C is the
/// cinematic look.
pub fn read(ui: &egui::Ui, desk: &mut Desk) {
    if ui.ctx().egui_wants_keyboard_input() {
        return;
    }
    ui.ctx().input_mut(|input| {
        if input.consume_key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z)
            || input.consume_key(Modifiers::COMMAND, Key::Y)
        {
            desk.requests.write(Request::Redo);
        } else if input.consume_key(Modifiers::COMMAND, Key::Z) {
            desk.requests.write(Request::Undo);
        }
        // Slicer's number pad: 1, 3, 7 anterior, left/right, superior; with Ctrl the opposite.
        for (key, plain, opposite) in [
            (Key::Num1, NamedView::Anterior, NamedView::Posterior),
            (Key::Num3, NamedView::Left, NamedView::Right),
            (Key::Num7, NamedView::Superior, NamedView::Inferior),
        ] {
            if input.consume_key(Modifiers::COMMAND, key) {
                desk.navigation.write(Navigate::Look(opposite));
            } else if input.consume_key(Modifiers::NONE, key) {
                desk.navigation.write(Navigate::Look(plain));
            }
        }
        if input.consume_key(Modifiers::NONE, Key::C) {
            desk.cinematic.on = !desk.cinematic.on;
        }
        if input.consume_key(Modifiers::NONE, Key::Num5) {
            desk.navigation.write(Navigate::ToggleProjection);
        }
    });
}
