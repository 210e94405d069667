//! The four views: axial, 3D, coronal, sagittal — 3D Slicer's four-up.

use bevy::prelude::{UVec2, Vec2};
use bevy_egui::egui::{self, Color32, Modifiers, PointerButton, Rect, Sense, Stroke, TextureId, pos2, vec2};
use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_plan::{Operation, Window};
use fabrica_raycast::{SliceOrientation, SlicePlane, slice_marks, view_marks};
use fabrica_scene::input::SlicePlace;
use fabrica_scene::{Do, Navigate, SliceCommand};

use crate::{Desk, editing, marks, mouse, overlay, style};

/// Window/level by mouse: how much of the window's width a drag over the view's height changes.
const WINDOW_DRAG: f64 = 2.0;

/// The least side of a view, points.
const LEAST: f32 = 24.0;

/// The views' pictures, as egui knows them.
pub struct Textures {
    /// Of the slice views, in their order.
    pub slices: [TextureId; 3],
    /// Of the 3D view.
    pub volume: TextureId,
}

/// Draws the four views and reads the mouse over them.
pub fn draw(ui: &mut egui::Ui, desk: &mut Desk, textures: &Textures) {
    if desk.case.volume.is_none() {
        return;
    }
    let whole = ui.available_rect_before_wrap();
    if desk.headset.shown {
        // The slices are on the panel in the room, in its size.
        in_headset(ui, desk, textures.volume, whole);
        return;
    }
    let half = (whole.size() - vec2(3.0, 3.0)) / 2.0;
    // A window so small leaves views without a width, whose letters would have none either.
    if half.min_elem() < LEAST {
        return;
    }
    let cell = |column: f32, row: f32| {
        Rect::from_min_size(whole.min + vec2(column * (half.x + 3.0), row * (half.y + 3.0)), half)
    };
    volume(ui, desk, textures.volume, cell(1.0, 0.0));
    for (view, rect) in [cell(0.0, 0.0), cell(0.0, 1.0), cell(1.0, 1.0)].into_iter().enumerate() {
        slice(ui, desk, view, textures.slices[view], rect);
    }
}

/// What the window shows while the case is in the headset: what is seen there, if that is wanted.
fn in_headset(ui: &mut egui::Ui, desk: &mut Desk, texture: TextureId, rect: Rect) {
    ui.allocate_ui(vec2(rect.width(), 24.0), |ui| {
        ui.horizontal(|ui| {
            ui.label("The case is in the headset.");
            let mut mirror = desk.comfort.mirror;
            if ui.checkbox(&mut mirror, "Show what is seen there").changed() {
                desk.comfort.mirror = mirror;
            }
        });
    });
    if desk.comfort.mirror {
        // The eye's picture is about square.
        let side = rect.width().min(rect.height() - 30.0);
        let at = rect.min + vec2((rect.width() - side) / 2.0, 30.0);
        paint(&ui.painter_at(rect), texture, Rect::from_min_size(at, vec2(side, side)));
    }
}

/// Draws the three slice views below each other: for the panel in the room, which has the patient beside it.
pub fn draw_slices(ui: &mut egui::Ui, desk: &mut Desk, slices: &[TextureId; 3]) {
    if desk.case.volume.is_none() {
        return;
    }
    let whole = ui.available_rect_before_wrap();
    let size = vec2(whole.width(), (whole.height() - 6.0) / 3.0);
    if size.min_elem() < LEAST {
        return;
    }
    for (view, &texture) in slices.iter().enumerate() {
        let corner = whole.min + vec2(0.0, view as f32 * (size.y + 3.0));
        slice(ui, desk, view, texture, Rect::from_min_size(corner, size));
    }
}

fn pixels(ui: &egui::Ui, rect: Rect) -> UVec2 {
    let scale = ui.ctx().pixels_per_point();
    UVec2::new((rect.width() * scale) as u32, (rect.height() * scale) as u32).max(UVec2::ONE)
}

pub(crate) fn paint(painter: &egui::Painter, texture: TextureId, rect: Rect) {
    painter.image(texture, rect, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
}

fn volume(ui: &mut egui::Ui, desk: &mut Desk, texture: TextureId, rect: Rect) {
    let response = ui.allocate_rect(rect, Sense::click_and_drag());
    let size = pixels(ui, rect);
    if desk.view3d.size != size {
        desk.navigation.write(Navigate::Resize(size));
    }
    let painter = ui.painter_at(rect);
    paint(&painter, texture, rect);
    let size = size.to_array();
    // A camera without a direction has no sides to mark; the view is then empty too.
    if let Ok(list) = view_marks(&desk.view3d.camera, size, &view_captions(desk)) {
        marks::draw(&painter, rect, size, &list);
    }

    overlay::on_view3d(&painter, rect, size, desk);
    editing::on_view3d(&painter, rect, size, desk);
    mouse::report(ui, desk, &response, rect);
    let turns = !mouse::works_tool(ui, desk);
    if turns
        && response.clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        let at = (at - rect.min) / rect.size();
        desk.navigation.write(Navigate::Pick { across: at.x, down: at.y });
    }
    let moved = response.drag_delta() / rect.height();
    let shift = ui.input(|i| i.modifiers.contains(Modifiers::SHIFT));
    if response.dragged_by(PointerButton::Middle) || (response.dragged_by(PointerButton::Primary) && shift) {
        desk.navigation.write(Navigate::Pan { across: moved.x, down: moved.y });
    } else if response.dragged_by(PointerButton::Primary) && turns {
        desk.navigation.write(Navigate::Rotate { across: moved.x, down: moved.y });
    } else if response.dragged_by(PointerButton::Secondary) {
        desk.navigation.write(Navigate::Zoom((moved.y * 2.0).exp()));
    }
    let wheel = if response.hovered() { ui.input(|i| i.smooth_scroll_delta().y) } else { 0.0 };
    if wheel != 0.0 {
        desk.navigation.write(Navigate::Zoom((wheel / 300.0).exp()));
    }
    if response.drag_stopped()
        || (response.hovered() && ui.input(|i| i.pointer.is_still()) && wheel == 0.0 && desk.side.turning)
    {
        desk.navigation.write(Navigate::Settle);
        desk.side.turning = false;
    } else if response.dragged() || wheel != 0.0 {
        desk.side.turning = true;
    }
}

fn slice(ui: &mut egui::Ui, desk: &mut Desk, view: usize, texture: TextureId, rect: Rect) {
    let response = ui.allocate_rect(rect, Sense::click_and_drag());
    let size = pixels(ui, rect);
    desk.slice_commands.write(SliceCommand::Resize { view, size });
    let shown = &desk.slices.0[view];
    let painter = ui.painter_at(rect);
    paint(&painter, texture, rect);
    let Some((plane, drawn)) = shown.shown else { return };
    let map = Map { plane, drawn, rect };
    let orientation = shown.orientation;
    crosshair(&painter, &map, desk.preview.crosshair.unwrap_or(desk.case.crosshair));
    overlay::on_slice(&painter, &map, desk);
    editing::on_slice(&painter, &map, desk);
    overlay::plane_on_slice(&painter, &map, desk);
    overlay::box_on_slice(&painter, &map, desk);
    marks::draw(&painter, rect, drawn, &slice_marks(&plane, drawn, &captions(desk)));
    painter.text(
        rect.right_top() + vec2(-8.0, 8.0),
        egui::Align2::RIGHT_TOP,
        name(orientation),
        egui::FontId::proportional(13.0),
        Color32::LIGHT_GRAY,
    );
    let modifiers = ui.input(|i| i.modifiers);
    let wheel = if response.hovered() { ui.input(|i| i.smooth_scroll_delta().y) } else { 0.0 };
    if wheel != 0.0 {
        scroll(desk, &plane, wheel);
    } else if desk.side.scrolling && response.hovered() && !response.dragged() && !modifiers.shift {
        // The wheel or the Shift key has come to rest: one operation, not one a frame.
        commit_crosshair(desk);
    }
    let normal = plane.normal();
    mouse::report_on_slice(ui, desk, view, &response, |at| SlicePlace { at: map.to_patient(at), normal });
    let works_tool = mouse::works_tool(ui, desk);
    if let Some(pointer) = response.hover_pos().or(response.interact_pointer_pos()) {
        let drags = response.dragged_by(PointerButton::Primary) && !modifiers.command && !works_tool;
        if (modifiers.shift && response.hovered()) || drags {
            desk.preview.crosshair = Some(map.to_patient(pointer));
            desk.side.scrolling = true;
        }
        if response.clicked() && !works_tool {
            desk.preview.crosshair = Some(map.to_patient(pointer));
            commit_crosshair(desk);
        }
    }
    let moved = response.drag_delta();
    if response.dragged_by(PointerButton::Primary) && modifiers.command {
        window_level(desk, moved / rect.height());
    } else if response.dragged_by(PointerButton::Middle) {
        let by = moved * ui.ctx().pixels_per_point();
        desk.slice_commands.write(SliceCommand::Pan { view, by: Vec2::new(by.x, by.y) });
    } else if response.dragged_by(PointerButton::Secondary) {
        desk.slice_commands.write(SliceCommand::Zoom { view, factor: (moved.y / rect.height() * 2.0).exp() });
    }
    if response.drag_stopped() {
        commit_crosshair(desk);
        commit_window(desk);
    }
}

/// What every picture of synthetic data says.
pub(crate) fn captions(desk: &Desk) -> Vec<String> {
    if desk.case.is_simulated() { vec!["SYNTHETIC".into()] } else { Vec::new() }
}

/// What the 3D view says beside: that its noise was smoothed.
fn view_captions(desk: &Desk) -> Vec<String> {
    let mut captions = captions(desk);
    if desk.shows_cinematic() && desk.cinematic.shown.is_some_and(|picture| picture.denoised) {
        captions.push("denoised".into());
    }
    captions
}

fn name(orientation: SliceOrientation) -> &'static str {
    match orientation {
        SliceOrientation::Axial => "axial",
        SliceOrientation::Coronal => "coronal",
        SliceOrientation::Sagittal => "sagittal",
    }
}

/// Between places on the screen and in the patient.
pub(crate) struct Map {
    pub(crate) plane: SlicePlane,
    drawn: [u32; 2],
    rect: Rect,
}

impl Map {
    fn to_patient(&self, at: egui::Pos2) -> LpsPoint {
        let x = f64::from((at.x - self.rect.left()) / self.rect.width()) * f64::from(self.drawn[0]);
        let y = f64::from((at.y - self.rect.top()) / self.rect.height()) * f64::from(self.drawn[1]);
        self.plane.to_patient([x, y], self.drawn)
    }

    pub(crate) fn to_screen(&self, at: LpsPoint) -> egui::Pos2 {
        let ([x, y], _) = self.plane.to_image(at, self.drawn);
        pos2(
            self.rect.left() + x as f32 / self.drawn[0] as f32 * self.rect.width(),
            self.rect.top() + y as f32 / self.drawn[1] as f32 * self.rect.height(),
        )
    }
}

fn crosshair(painter: &egui::Painter, map: &Map, at: LpsPoint) {
    let at = map.to_screen(at);
    let stroke = Stroke::new(1.0, style::CROSSHAIR);
    // A gap at the middle, so that the crosshair does not hide what it points at.
    let (rect, gap) = (map.rect, 8.0);
    painter.hline(rect.left()..=at.x - gap, at.y, stroke);
    painter.hline(at.x + gap..=rect.right(), at.y, stroke);
    painter.vline(at.x, rect.top()..=at.y - gap, stroke);
    painter.vline(at.x, at.y + gap..=rect.bottom(), stroke);
}

/// The distance between samples along a direction of unit length, mm.
pub(crate) fn step_along(grid: &Grid, direction: LpsVector) -> f64 {
    (0..3).map(|a| grid.axis(a).0.dot(direction.0).abs() * grid.spacing()[a]).fold(0.0, f64::max)
}

/// One slice a wheel notch, along the plane's normal.
fn scroll(desk: &mut Desk, plane: &SlicePlane, wheel: f32) {
    let Some(scene) = &desk.case.volume else { return };
    let grid = scene.volume.grid();
    let normal = plane.normal().0;
    let step = step_along(grid, plane.normal());
    let at = desk.preview.crosshair.unwrap_or(desk.case.crosshair);
    let (low, high) = grid.bounds();
    let along = f64::from(wheel) / 40.0 * step;
    let to = (at.0 - normal * along).clamp(low.0, high.0);
    desk.preview.crosshair = Some(LpsPoint(to));
    desk.side.scrolling = true;
}

fn commit_crosshair(desk: &mut Desk) {
    desk.side.scrolling = false;
    if let Some(at) = desk.preview.crosshair.take() {
        desk.operations.write(Do(Operation::SetCrosshair { at }));
    }
}

/// To the right wider, downwards lower: as in 3D Slicer.
fn window_level(desk: &mut Desk, moved: egui::Vec2) {
    let Some(window) = desk.preview.window.or(desk.case.window) else { return };
    let width = (window.width * (f64::from(moved.x) * WINDOW_DRAG).exp()).max(1.0);
    let centre = window.centre + f64::from(moved.y) * window.width;
    desk.preview.window = Some(Window { centre, width });
}

fn commit_window(desk: &mut Desk) {
    if let (Some(window), Some(scene)) = (desk.preview.window.take(), &desk.case.volume) {
        desk.operations.write(Do(Operation::SetWindow { volume: scene.id.clone(), window }));
    }
}
