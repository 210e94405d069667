//! The slice that is held in the hand, and the vessel that is straightened, on the desktop.

use bevy_egui::egui::{self, Align2, Color32, FontId, Sense, Stroke, TextureId, pos2, vec2};
use fabrica_plan::Operation;
use fabrica_raycast::slice_marks;
use fabrica_scene::{Along, Do};

use crate::{Desk, marks, style, views};

/// The picture's side, points.
const SIDE: f32 = 320.0;

/// Draws the slice in the hand in a window of its own, while there is one.
pub fn draw(ui: &egui::Ui, desk: &mut Desk, texture: TextureId) {
    let Some((plane, size)) = desk.oblique.shown.filter(|_| !desk.headset.shown) else { return };
    egui::Window::new("Slice in the hand").default_pos([330.0, 60.0]).resizable(false).show(ui.ctx(), |ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(SIDE, SIDE), Sense::hover());
        let painter = ui.painter_at(rect);
        painter.rect_filled(rect, 0.0, Color32::BLACK);
        views::paint(&painter, texture, rect);
        let mut captions = views::captions(desk);
        captions.extend((!desk.oblique.caption.is_empty()).then(|| desk.oblique.caption.clone()));
        marks::draw(&painter, rect, size, &slice_marks(&plane, size, &captions));
    });
}

/// The most that a straightened vessel takes of the window, points.
const MOST: egui::Vec2 = vec2(420.0, 560.0);
/// The crosshair is shown on the vessel where it is at most so far from it, mm.
const NEAR: f64 = 20.0;

/// Draws the vessel that is straightened in a window of its own. A press goes to that place; the crosshair's is marked.
pub fn draw_along(ui: &egui::Ui, desk: &mut Desk, texture: TextureId) {
    let Some(Along { slice, title, degrees, .. }) = desk.oblique.along.clone() else { return };
    let [width, height] = slice.size().map(|n| n as f32);
    let scale = (MOST.x / width).min(MOST.y / height);
    let name = format!("Along {title}");
    egui::Window::new(name).id("along".into()).default_pos([700.0, 60.0]).resizable(false).show(ui.ctx(), |ui| {
        let (rect, response) = ui.allocate_exact_size(vec2(width, height) * scale, Sense::click_and_drag());
        desk.places.note("along", &response);
        let painter = ui.painter_at(rect);
        painter.rect_filled(rect, 0.0, Color32::BLACK);
        views::paint(&painter, texture, rect);
        let (row, far) = slice.nearest_row(desk.preview.crosshair.unwrap_or(desk.case.crosshair));
        if far.0 <= NEAR {
            let y = rect.top() + row as f32 * scale;
            painter.hline(rect.x_range(), y, Stroke::new(1.0, style::CROSSHAIR));
        }
        // Lengths are true along the vessel and across it: the same bar serves both.
        let mm = 10.0;
        let long = (mm / slice.mm_per_pixel().0) as f32 * scale;
        let corner = rect.left_bottom() + vec2(10.0, -10.0);
        let white = Stroke::new(2.0, Color32::WHITE);
        painter.line_segment([corner, corner + vec2(long, 0.0)], white);
        painter.line_segment([corner, corner - vec2(0.0, long)], white);
        let mut said = vec![format!("{mm:.0} mm along and across, {degrees:.0}°")];
        said.extend(views::captions(desk));
        for (n, text) in said.iter().enumerate() {
            let at = pos2(rect.left() + 8.0, rect.top() + 8.0 + 16.0 * n as f32);
            painter.text(at, Align2::LEFT_TOP, text, FontId::proportional(13.0), Color32::LIGHT_GRAY);
        }
        if (response.clicked() || response.dragged())
            && let Some(at) = response.interact_pointer_pos()
        {
            let place = (at - rect.min) / scale;
            desk.preview.crosshair = Some(slice.to_patient([place.x.into(), place.y.into()]));
        }
        if (response.clicked() || response.drag_stopped())
            && let Some(at) = desk.preview.crosshair.take()
        {
            desk.operations.write(Do(Operation::SetCrosshair { at }));
        }
        ui.weak("Straightened: true along the vessel and across it, nowhere else.");
    });
}
