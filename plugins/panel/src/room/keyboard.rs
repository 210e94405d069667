//! Keys to type with where there is no keyboard: shown while a text field is written in.

use bevy::prelude::*;
use bevy_egui::egui::{self, Event, Key, Modifiers};

use crate::Places;

const ROWS: [&str; 4] = ["1234567890-", "qwertyuiop", "asdfghjkl:", "zxcvbnm,./_"];

/// What was typed and egui has not had yet, and the field that is written in.
#[derive(Resource, Default)]
pub(crate) struct Keyboard {
    pub typed: Vec<Event>,
    field: Option<egui::Id>,
    capital: bool,
}

/// Draws the keys while a field is written in.
pub(crate) fn draw(ui: &mut egui::Ui, keyboard: &mut Keyboard, places: &mut Places) {
    let context = ui.ctx().clone();
    if let Some(field) = context.memory(|memory| memory.focused()) {
        keyboard.field = Some(field);
    }
    let Some(field) = keyboard.field else { return };
    let mut pressed = None;
    let mut done = false;
    egui::Panel::bottom("keys").show(ui, |ui| {
        for row in ROWS {
            ui.horizontal(|ui| {
                for key in row.chars() {
                    let key = if keyboard.capital { key.to_ascii_uppercase() } else { key };
                    let button = ui.add_sized([34.0, 30.0], egui::Button::new(key.to_string()));
                    places.note(format!("key {key}"), &button);
                    if button.clicked() {
                        pressed = Some(vec![Event::Text(key.to_string())]);
                    }
                }
            });
        }
        ui.horizontal(|ui| {
            if ui.add_sized([70.0, 30.0], egui::Button::selectable(keyboard.capital, "Shift")).clicked() {
                keyboard.capital = !keyboard.capital;
                pressed = Some(Vec::new());
            }
            if ui.add_sized([180.0, 30.0], egui::Button::new("space")).clicked() {
                pressed = Some(vec![Event::Text(" ".into())]);
            }
            let delete = ui.add_sized([70.0, 30.0], egui::Button::new("delete"));
            places.note("key delete", &delete);
            if delete.clicked() {
                pressed = Some(vec![key(Key::Backspace, true), key(Key::Backspace, false)]);
            }
            let button = ui.add_sized([70.0, 30.0], egui::Button::new("done"));
            places.note("key done", &button);
            done = button.clicked();
        });
    });
    if let Some(events) = pressed {
        // The click has taken the field its focus.
        context.memory_mut(|memory| memory.request_focus(field));
        keyboard.typed.extend(events);
    }
    if done {
        keyboard.field = None;
        context.memory_mut(|memory| memory.surrender_focus(field));
    }
}

fn key(key: Key, pressed: bool) -> Event {
    Event::Key { key, physical_key: None, pressed, repeat: false, modifiers: Modifiers::NONE }
}
