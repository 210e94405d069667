//! The desktop window: a side panel with what can be shown and done, the four linked views, notices and progress; and the
//! same panel on a board in the room of a headset.
//!
//! Built with egui, because the tools to come need its tables, curves and number fields, it draws into a texture as
//! well as into a window (so that the same panel serves the headset), and it builds without system packages.

mod curve;
mod editing;
mod headset;
mod kept;
mod keys;
mod marks;
mod measuring;
mod mouse;
mod notices;
mod oblique;
mod overlay;
mod printing;
mod rehearsing;
mod review;
mod room;
mod side;
mod status;
mod style;
mod tools;
mod views;

use bevy::camera::visibility::RenderLayers;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_egui::{
    EguiContexts, EguiGlobalSettings, EguiPlugin, EguiPrimaryContextPass, EguiTextureHandle, PrimaryEguiContext, egui,
};
use fabrica_scene::input::{HandSample, Hands, SliceSample, Tools};
use fabrica_scene::presence::{Comfort, Headset, MovePatient, SummonPanel};
use fabrica_scene::world::PatientPose;
use fabrica_scene::{
    Annotations, Choices, CinematicView, Do, Editing, Measuring, Navigate, Notices, ObliqueSlice, OpenCase, Preview,
    Printing, Redraw, Rehearsing, Request, SliceCommand, Slices, TakePhoto, View3d, Work,
};

/// Draws the desktop window, the panel in the room, or both.
pub struct PanelPlugin {
    /// There is a window.
    pub window: bool,
    /// There is a headset: the panel is in its room too.
    pub room: bool,
}

impl Default for PanelPlugin {
    fn default() -> Self {
        Self { window: true, room: false }
    }
}

impl Plugin for PanelPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(EguiPlugin::default()).init_resource::<side::SideState>().init_resource::<Places>();
        app.world_mut().resource_mut::<EguiGlobalSettings>().auto_create_primary_context = false;
        if self.window {
            app.add_systems(Startup, spawn_camera).add_systems(EguiPrimaryContextPass, draw);
        }
        if self.room {
            room::add(app);
        }
    }
}

/// What the panels read, and whom they ask.
#[derive(SystemParam)]
struct Desk<'w> {
    case: Res<'w, OpenCase>,
    choices: Res<'w, Choices>,
    work: Res<'w, Work>,
    slices: Res<'w, Slices>,
    view3d: Res<'w, View3d>,
    cinematic: ResMut<'w, CinematicView>,
    preview: ResMut<'w, Preview>,
    notices: ResMut<'w, Notices>,
    side: ResMut<'w, side::SideState>,
    operations: MessageWriter<'w, Do>,
    requests: MessageWriter<'w, Request>,
    slice_commands: MessageWriter<'w, SliceCommand>,
    navigation: MessageWriter<'w, Navigate>,
    redraw: MessageWriter<'w, Redraw>,
    hands: ResMut<'w, Hands>,
    tools: ResMut<'w, Tools>,
    patient: Res<'w, PatientPose>,
    samples: MessageWriter<'w, HandSample>,
    slice_samples: MessageWriter<'w, SliceSample>,
    annotations: Res<'w, Annotations>,
    measuring: ResMut<'w, Measuring>,
    rehearsing: ResMut<'w, Rehearsing>,
    printing: ResMut<'w, Printing>,
    oblique: Res<'w, ObliqueSlice>,
    editing: ResMut<'w, Editing>,
    headset: Res<'w, Headset>,
    comfort: ResMut<'w, Comfort>,
    moves: MessageWriter<'w, MovePatient>,
    panel: MessageWriter<'w, SummonPanel>,
    photos: MessageWriter<'w, TakePhoto>,
    places: ResMut<'w, Places>,
}

impl Desk<'_> {
    /// Whether the 3D view shows the cinematic picture.
    fn shows_cinematic(&self) -> bool {
        self.cinematic.on && self.cinematic.shown.is_some()
    }
}

/// Where the panel in the room drew what scripts and tests press, in egui's points; the window's are not kept.
#[derive(Resource, Default)]
struct Places(Option<Vec<(String, egui::Pos2)>>);

impl Places {
    /// Notes where something was drawn, if any of it is seen.
    fn note(&mut self, name: impl Into<String>, drawn: &egui::Response) {
        let seen = drawn.interact_rect;
        if let Some(places) = self.0.as_mut().filter(|_| seen.is_positive()) {
            places.push((name.into(), seen.center()));
        }
    }
}

fn spawn_camera(mut commands: Commands) {
    commands.spawn((PrimaryEguiContext, Camera2d, Msaa::Off, RenderLayers::none()));
}

fn draw(mut contexts: EguiContexts, mut desk: Desk, mut styled: Local<bool>) -> Result {
    let mut texture = |image: &Handle<Image>| contexts.add_image(EguiTextureHandle::Weak(image.id()));
    let textures = views::Textures {
        slices: desk.slices.0.each_ref().map(|view| texture(&view.image)),
        volume: texture(if desk.shows_cinematic() { &desk.cinematic.image } else { &desk.view3d.image }),
    };
    let oblique = texture(&desk.oblique.image);
    let along = desk.oblique.along.as_ref().map(|along| texture(&along.image));
    let context = contexts.ctx_mut()?;
    if !*styled {
        style::set(context);
        *styled = true;
    }
    let mut ui = egui::Ui::new(
        context.clone(),
        "window".into(),
        egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(context.viewport_rect()),
    );
    editing::read_keys(&ui, &mut desk);
    keys::read(&ui, &mut desk);
    egui::Panel::top("title").show(&mut ui, |ui| status::title(ui, &mut desk));
    egui::Panel::bottom("status").show(&mut ui, |ui| status::bar(ui, &mut desk));
    egui::Panel::left("side").default_size(300.0).show(&mut ui, |ui| side::draw(ui, &mut desk));
    egui::CentralPanel::no_frame().show(&mut ui, |ui| views::draw(ui, &mut desk, &textures));
    oblique::draw(&ui, &mut desk, oblique);
    if let Some(along) = along {
        oblique::draw_along(&ui, &mut desk, along);
    }
    notices::draw(&ui, &mut desk);
    Ok(())
}
