//! Views that are kept in the plan, and photos.

use bevy_egui::egui;
use fabrica_plan::Operation;
use fabrica_scene::{Do, Navigate, camera};

use crate::Desk;

/// Draws the kept views, and the buttons that keep one and take a photo.
pub fn draw(ui: &mut egui::Ui, desk: &mut Desk) {
    ui.horizontal_wrapped(|ui| {
        let keep = ui.button("Keep this view").on_hover_text("In the plan, by a name");
        desk.places.note("keep view", &keep);
        if keep.clicked() {
            // From the headset it is what the eyes see.
            let from = match desk.headset.head.filter(|_| desk.headset.shown) {
                Some(head) => camera::of_eye(&head, &desk.patient),
                None => desk.view3d.camera,
            };
            let name = free_name(&desk.case.views);
            desk.operations.write(Do(Operation::SaveView { name, camera: camera::to_plan(&from) }));
        }
        let photo = ui.button("Photo").on_hover_text("Into the case's folder");
        desk.places.note("photo", &photo);
        if photo.clicked() {
            desk.photos.write_default();
        }
    });
    for (name, view) in &desk.case.views {
        ui.horizontal(|ui| {
            let looked = ui.button(name.as_str()).on_hover_text("Look from there").clicked();
            if let Some(from) = looked.then(|| camera::from_plan(view)).flatten() {
                desk.navigation.write(Navigate::From(from));
            }
            if ui.small_button("remove").clicked() {
                desk.operations.write(Do(Operation::RemoveView { name: name.clone() }));
            }
        });
    }
}

/// The first number that no kept view has.
fn free_name(views: &[(String, fabrica_plan::Camera)]) -> String {
    let taken = |name: &String| views.iter().any(|(other, _)| other == name);
    (1..).map(|n| format!("View {n}")).find(|name| !taken(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_views_are_never_taken_twice() {
        let camera = camera::to_plan(&fabrica_scene::View3d::default().camera);
        assert_eq!(free_name(&[]), "View 1");
        assert_eq!(free_name(&[("View 1".into(), camera), ("View 3".into(), camera)]), "View 2");
    }
}
