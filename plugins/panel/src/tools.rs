//! The tools, the working hand, and each tool's options.

use bevy_egui::egui;
use fabrica_geometry::Mm;
use fabrica_scene::input::{Hand, OptionKind, OptionValue, ToolOption};

use crate::{Desk, Places};

/// More names than these are a list to open.
const LISTED: usize = 6;

/// Draws the tools to choose from and the options of the one in use.
pub fn draw(ui: &mut egui::Ui, desk: &mut Desk) {
    let active = desk.tools.active().copied();
    let known: Vec<_> = desk.tools.known().copied().collect();
    ui.horizontal_wrapped(|ui| {
        if ui.selectable_label(active.is_none(), "None").on_hover_text("The pointer turns the view").clicked() {
            desk.tools.choose(None);
        }
        for tool in &known {
            let chosen = active.is_some_and(|a| a.id == tool.id);
            let label = ui.selectable_label(chosen, tool.title).on_hover_text(tool.help);
            desk.places.note(format!("tool {}", tool.id), &label);
            if label.clicked() {
                desk.tools.choose(Some(tool.id));
            }
        }
    });
    if let Some(tool) = active {
        ui.weak(tool.help);
        let idle: Vec<&str> =
            desk.tools.options(tool.id).iter().map(|o| o.id).filter(|id| !desk.tools.is_shown(tool.id, id)).collect();
        for option in desk.tools.options_mut(tool.id).iter_mut().filter(|o| !idle.contains(&o.id)) {
            draw_option(ui, &mut desk.places, option);
        }
    }
    ui.horizontal(|ui| {
        ui.weak("Working hand");
        for hand in Hand::BOTH {
            let label = ui.selectable_label(desk.hands.dominant == hand, hand.name());
            desk.places.note(format!("{} works", hand.name()), &label);
            if label.clicked() {
                desk.hands.dominant = hand;
            }
        }
    });
}

fn draw_option(ui: &mut egui::Ui, places: &mut Places, option: &mut ToolOption) {
    let place = format!("option {}", option.id);
    match (&option.kind, &mut option.value) {
        (OptionKind::Toggle, OptionValue::Flag(on)) => {
            places.note(place, &ui.checkbox(on, option.title));
        }
        (OptionKind::Action, OptionValue::Flag(pressed)) => {
            let button = ui.button(option.title);
            places.note(place, &button);
            *pressed |= button.clicked();
        }
        (OptionKind::Length { least, greatest }, OptionValue::Length(Mm(mm))) => {
            let slider = egui::Slider::new(mm, least.0..=greatest.0).suffix(" mm").text(option.title);
            places.note(place, &ui.add(slider));
        }
        (OptionKind::Choice(names), OptionValue::Chosen(chosen)) if names.len() > LISTED => {
            let now = names.get(*chosen).map_or("", String::as_str);
            let list = egui::ComboBox::from_label(option.title).selected_text(now).width(200.0).show_ui(ui, |ui| {
                for (index, name) in names.iter().enumerate() {
                    places.note(format!("{place} {name}"), &ui.selectable_value(chosen, index, name));
                }
            });
            places.note(place, &list.response);
        }
        (OptionKind::Choice(names), OptionValue::Chosen(chosen)) => {
            ui.horizontal_wrapped(|ui| {
                ui.weak(option.title);
                for (index, name) in names.iter().enumerate() {
                    let label = ui.selectable_label(index == *chosen, name);
                    places.note(format!("{place} {name}"), &label);
                    if label.clicked() {
                        *chosen = index;
                    }
                }
            });
        }
        // A tool whose option's value is not of its kind says nothing that could be shown.
        _ => {
            ui.weak(option.title);
        }
    }
}
