//! Keys to type with where there is no keyboard: shown while a text field is written in.

use bevy::prelude::*;
use bevy_egui::egui::{self, Event, Key, Modifiers, Rect};

use crate::Places;

const ROWS: [&str; 4] = ["1234567890-", "qwertyuiop", "asdfghjkl:", "zxcvbnm,./_"];

/// What was typed and egui has not had yet.
#[derive(Resource, Default)]
pub(crate) struct Keyboard {
    pub typed: Vec<Event>,
    capital: bool,
}

/// Draws the keys along the lower edge of a place while a field is written in; gives the place that is left. To be drawn before
/// the fields, which must be in an egui `Ui` of their own: in one that is shared with the keys they would be other fields
/// to egui as soon as the keys come, and lose the focus.
///
/// A click beside a field takes it the focus, and what is typed then goes nowhere; a number that is being typed would be
/// taken as done at every key. So a click on the keys leaves the focus where it is.
pub(crate) fn draw(context: &egui::Context, place: Rect, keyboard: &mut Keyboard, places: &mut Places) -> Rect {
    let Some(field) = context.memory(egui::Memory::focused) else { return place };
    let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(place);
    let mut ui = egui::Ui::new(context.clone(), "keyboard".into(), builder);
    let mut pressed = Vec::new();
    let mut done = false;
    let drawn = egui::Panel::bottom("keys").show(&mut ui, |ui| {
        for row in ROWS {
            ui.horizontal(|ui| {
                for key in row.chars() {
                    let key = if keyboard.capital { key.to_ascii_uppercase() } else { key };
                    let button = ui.add_sized([34.0, 30.0], egui::Button::new(key.to_string()));
                    places.note(format!("key {key}"), &button);
                    if button.clicked() {
                        pressed.push(Event::Text(key.to_string()));
                    }
                }
            });
        }
        ui.horizontal(|ui| {
            if ui.add_sized([70.0, 30.0], egui::Button::selectable(keyboard.capital, "Shift")).clicked() {
                keyboard.capital = !keyboard.capital;
            }
            if ui.add_sized([180.0, 30.0], egui::Button::new("space")).clicked() {
                pressed.push(Event::Text(" ".into()));
            }
            let delete = ui.add_sized([70.0, 30.0], egui::Button::new("delete"));
            places.note("key delete", &delete);
            if delete.clicked() {
                pressed.extend([key(Key::Backspace, true), key(Key::Backspace, false)]);
            }
            let button = ui.add_sized([70.0, 30.0], egui::Button::new("done"));
            places.note("key done", &button);
            done = button.clicked();
        });
    });
    let on_keys = context.pointer_latest_pos().is_some_and(|at| drawn.response.rect.contains(at));
    context.options_mut(|options| {
        options.input_options.surrender_focus_on =
            if on_keys { egui::SurrenderFocusOn::Never } else { egui::SurrenderFocusOn::default() };
    });
    keyboard.typed.extend(pressed);
    if done {
        context.memory_mut(|memory| memory.surrender_focus(field));
    }
    ui.available_rect_before_wrap()
}

fn key(key: Key, pressed: bool) -> Event {
    Event::Key { key, physical_key: None, pressed, repeat: false, modifiers: Modifiers::NONE }
}

#[cfg(test)]
mod tests {
    use bevy_egui::egui::{PointerButton, Pos2, RawInput, pos2, vec2};

    use super::*;

    /// A board with a text field and a number, as the panel draws them: the keys first.
    struct Board {
        context: egui::Context,
        keyboard: Keyboard,
        text: String,
        number: f64,
        places: Places,
    }

    impl Board {
        fn new() -> Self {
            let board = Self {
                context: egui::Context::default(),
                keyboard: Keyboard::default(),
                text: "model.stl".into(),
                number: 5.0,
                places: Places(None),
            };
            // As on the board: a press may last some slow frames.
            board.context.options_mut(|options| options.input_options.max_click_duration = 20.0);
            board
        }

        /// A frame, with what was typed in the frame before, as the room's panel does it.
        fn frame(&mut self, mut events: Vec<Event>) {
            let mut all: Vec<Event> = self.keyboard.typed.drain(..).collect();
            all.append(&mut events);
            self.places.0 = Some(Vec::new());
            let input = RawInput {
                screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(700.0, 600.0))),
                events: all,
                ..RawInput::default()
            };
            let Self { context, keyboard, text, number, places } = self;
            let mut drawn = context.run_ui(input, |ui| {
                let left = draw(ui.ctx(), ui.max_rect(), keyboard, places);
                let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(left);
                let mut ui = egui::Ui::new(ui.ctx().clone(), "fields".into(), builder);
                egui::CentralPanel::default().show(&mut ui, |ui| {
                    let field = ui.add(egui::TextEdit::singleline(text));
                    places.note("field", &field);
                    let field = ui.add(egui::DragValue::new(number));
                    places.note("number", &field);
                });
            });
            // Nobody paints here.
            drawn.textures_delta.clear();
        }

        fn place(&self, name: &str) -> Option<Pos2> {
            self.places.0.iter().flatten().find(|(of, _)| of == name).map(|(_, at)| *at)
        }

        fn click(&mut self, name: &str) {
            let at = self.place(name).unwrap_or_else(|| panic!("{name} is not there"));
            self.frame(vec![Event::PointerMoved(at)]);
            for pressed in [true, false] {
                let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
                self.frame(vec![Event::PointerButton { pos: at, button, pressed, modifiers }]);
            }
            self.frame(Vec::new());
            self.frame(Vec::new());
        }
    }

    /// A regression: the keys appeared, and what was typed went nowhere.
    #[test]
    fn keys_write_into_the_field_and_go_when_done() {
        let mut board = Board::new();
        board.frame(Vec::new());
        assert!(board.place("key a").is_none());
        board.click("field");
        for key in ["key a", "key b", "key delete", "key 2"] {
            board.click(key);
        }
        assert_eq!(board.text, "model.stla2");
        board.click("key done");
        assert!(board.place("key a").is_none());
        assert_eq!(board.text, "model.stla2");
    }

    #[test]
    fn a_number_is_typed_whole() {
        let mut board = Board::new();
        board.frame(Vec::new());
        board.click("number");
        for key in ["key 1", "key 2", "key .", "key 5"] {
            board.click(key);
        }
        board.click("key done");
        assert_eq!(board.number, 12.5);
    }

    #[test]
    fn a_click_elsewhere_puts_the_keys_away() {
        let mut board = Board::new();
        board.frame(Vec::new());
        board.click("field");
        assert!(board.place("key a").is_some());
        let away = pos2(600.0, 200.0);
        board.places.0.get_or_insert_default().push(("away".into(), away));
        board.click("away");
        assert!(board.place("key a").is_none());
    }
}
