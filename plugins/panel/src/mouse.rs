//! The mouse as a hand: while a tool is in use, over the 3D view it is the working hand's pointer, over a slice view the
//! pointer there.

use bevy_egui::egui::{self, Modifiers, PointerButton, Rect};
use fabrica_scene::input::{HandSample, RoomPose, SlicePlace, SliceSample, Source};

use crate::Desk;

/// Whether the left button works the tool, not the camera: a tool is in use and Ctrl is not held.
pub fn works_tool(ui: &egui::Ui, desk: &Desk) -> bool {
    desk.tools.active().is_some() && !ui.input(|i| i.modifiers.contains(Modifiers::COMMAND))
}

/// Reports what the mouse does over the 3D view, shown in this rectangle.
pub fn report(ui: &egui::Ui, desk: &mut Desk, response: &egui::Response, rect: Rect) {
    let hand = desk.hands.dominant;
    let at = response.hover_pos().or(response.interact_pointer_pos()).filter(|_| works_tool(ui, desk));
    match at.and_then(|at| pose(desk, at, rect)) {
        Some(aim) => {
            let down =
                response.is_pointer_button_down_on() && ui.input(|i| i.pointer.button_down(PointerButton::Primary));
            desk.side.pointing = true;
            desk.samples.write(HandSample {
                aim: Some(aim),
                trigger: if down { 1.0 } else { 0.0 },
                ..HandSample::gone(hand, Source::Mouse)
            });
        }
        None if desk.side.pointing => {
            desk.side.pointing = false;
            desk.samples.write(HandSample::gone(hand, Source::Mouse));
        }
        None => {}
    }
}

/// Reports what the mouse does over a slice view, `place` being where a place of the screen lies in the patient.
pub fn report_on_slice(
    ui: &egui::Ui,
    desk: &mut Desk,
    view: usize,
    response: &egui::Response,
    place: impl FnOnce(egui::Pos2) -> SlicePlace,
) {
    match response.hover_pos().or(response.interact_pointer_pos()).filter(|_| works_tool(ui, desk)) {
        Some(at) => {
            let pressed =
                response.is_pointer_button_down_on() && ui.input(|i| i.pointer.button_down(PointerButton::Primary));
            desk.side.on_slice = Some(view);
            desk.slice_samples.write(SliceSample { source: Source::Mouse, place: Some(place(at)), pressed });
        }
        None if desk.side.on_slice == Some(view) => {
            desk.side.on_slice = None;
            desk.slice_samples.write(SliceSample::gone(Source::Mouse));
        }
        None => {}
    }
}

/// The ray through a place of the picture, in the room.
fn pose(desk: &Desk, at: egui::Pos2, rect: Rect) -> Option<RoomPose> {
    // The rays of a camera depend on the picture's proportions only.
    let size = [rect.width().max(1.0) as u32, rect.height().max(1.0) as u32];
    let ray = desk.view3d.camera.rays(size).ok()?.through(f64::from(at.x - rect.left()), f64::from(at.y - rect.top()));
    let position = desk.patient.to_room(ray.origin);
    Some(RoomPose::looking_at(position, position + desk.patient.direction_to_room(ray.direction)))
}
