//! The slice that is held in the hand, on the desktop.

use bevy_egui::egui::{self, Sense, TextureId, vec2};
use fabrica_raycast::slice_marks;

use crate::{Desk, marks, views};

/// The picture's side, points.
const SIDE: f32 = 320.0;

/// Draws the slice in the hand in a window of its own, while there is one.
pub fn draw(ui: &egui::Ui, desk: &mut Desk, texture: TextureId) {
    let Some((plane, size)) = desk.oblique.shown.filter(|_| !desk.headset.shown) else { return };
    egui::Window::new("Slice in the hand").default_pos([330.0, 60.0]).resizable(false).show(ui.ctx(), |ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(SIDE, SIDE), Sense::hover());
        let painter = ui.painter_at(rect);
        painter.rect_filled(rect, 0.0, egui::Color32::BLACK);
        views::paint(&painter, texture, rect);
        let mut captions = views::captions(desk);
        captions.extend((!desk.oblique.caption.is_empty()).then(|| desk.oblique.caption.clone()));
        marks::draw(&painter, rect, size, &slice_marks(&plane, size, &captions));
    });
}
