//! How the window looks: dark, so that the pictures are the brightest thing, with text that is read at arm's length.

use bevy_egui::egui::{self, Color32, FontId, TextStyle, Visuals};

/// Warnings and whatever must not be overlooked.
pub const ALERT: Color32 = Color32::from_rgb(255, 176, 64);
/// Failures.
pub const FAILURE: Color32 = Color32::from_rgb(255, 110, 100);
/// The crosshair.
pub const CROSSHAIR: Color32 = Color32::from_rgba_premultiplied(60, 150, 150, 160);

/// The slice that is held in the hand.
pub const CLIP_BOX: Color32 = Color32::from_rgb(130, 170, 255);
pub const HELD_PLANE: Color32 = Color32::from_rgb(120, 225, 255);

/// Sets fonts and colours of a context, and what a click is in it.
pub fn set(context: &egui::Context) {
    context.set_visuals(Visuals::dark());
    context.all_styles_mut(|style| {
        for (kind, size) in [(TextStyle::Body, 15.0), (TextStyle::Button, 15.0), (TextStyle::Small, 12.0)] {
            style.text_styles.insert(kind, FontId::proportional(size));
        }
        style.spacing.item_spacing = egui::vec2(6.0, 5.0);
    });
    // However long it took: on a slow machine press and release lie a long frame apart, and no click may be lost.
    context.options_mut(|options| options.input_options.max_click_duration = f64::INFINITY);
}
