//! What the board shows: the desktop's side panel, the slices beside it, the notices.

use bevy::prelude::*;
use bevy_egui::{EguiContext, EguiTextureHandle, EguiUserTextures, egui};

use fabrica_scene::presence::PanelPlaces;

use super::board::BoardState;
use super::{Keyboard, PIXELS_A_POINT, RoomPanel, keyboard, pointing};
use crate::{Desk, notices, side, status, style, views};

/// Draws the panel into the board's picture.
pub(crate) fn draw(
    mut contexts: Query<&mut EguiContext, With<RoomPanel>>,
    mut textures: ResMut<EguiUserTextures>,
    mut keys: ResMut<Keyboard>,
    mut desk: Desk,
    board: Res<BoardState>,
    mut shown: ResMut<PanelPlaces>,
    mut styled: Local<bool>,
) {
    let Ok(mut context) = contexts.single_mut() else { return };
    let context = context.get_mut().clone();
    if !*styled {
        style::set(&context);
        context.set_pixels_per_point(PIXELS_A_POINT);
        // Hands shake, and a press may last some slow frames: that is a click all the same.
        context.options_mut(|options| {
            options.input_options.max_click_dist = 24.0;
            options.input_options.max_click_duration = 20.0;
        });
        *styled = true;
    }
    desk.places.0 = Some(Vec::new());
    let slices = desk.slices.0.each_ref().map(|view| textures.add_image(EguiTextureHandle::Weak(view.image.id())));
    let part = |name: &str, place: egui::Rect| {
        let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(place);
        egui::Ui::new(context.clone(), egui::Id::new(name), builder)
    };
    let mut ui = part("board", context.viewport_rect());
    egui::Panel::top("title").show(&mut ui, |ui| status::title(ui, &mut desk));
    egui::Panel::bottom("status").show(&mut ui, |ui| status::bar(ui, &mut desk));
    let left = keyboard::draw(&context, ui.available_rect_before_wrap(), &mut keys, &mut desk.places);
    let mut ui = part("over the keys", left);
    egui::Panel::left("side").default_size(330.0).show(&mut ui, |ui| side::draw(ui, &mut desk));
    egui::CentralPanel::no_frame().show(&mut ui, |ui| views::draw_slices(ui, &mut desk, &slices));
    notices::draw(&ui, &mut desk);
    let drawn = desk.places.0.take().unwrap_or_default();
    let in_room = drawn.into_iter().filter_map(|(name, at)| Some((name, board.in_room(pointing::place_of(at))?)));
    shown.set_if_neq(PanelPlaces(in_room.collect()));
}
