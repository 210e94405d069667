//! The slice's picture, made on task threads, and the sheet in the patient that shows it.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_raycast::{Image as Picture, RenderError, SlabKind, SlicePlane, Window, render_slab};
use fabrica_scene::input::Tools;
use fabrica_scene::{
    InPatient, Notices, ObliqueSlice, OpenCase, Preview, Redraw, Severity, bevy_image, blank_image, world,
};
use fabrica_volume::Volume;

use crate::{Holding, ID, option};

/// Pixels of the picture's side.
const SIDE: u32 = 400;

/// Which picture is being made.
#[derive(Resource, Default)]
pub(crate) struct Drawing {
    made_for: Option<Job>,
    running: Option<Task<(Job, Result<Picture, RenderError>)>>,
}

/// A picture that is wanted. Two equal jobs make equal pictures.
#[derive(Clone)]
struct Job {
    volume: Arc<Volume>,
    plane: SlicePlane,
    window: Window,
    slab: Option<(SlabKind, Mm)>,
}

impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.volume, &other.volume)
            && self.plane == other.plane
            && self.window == other.window
            && self.slab == other.slab
    }
}

impl Job {
    fn draw(&self) -> Result<Picture, RenderError> {
        let (kind, thickness) = self.slab.unwrap_or_default();
        render_slab(&self.volume, &self.plane, [SIDE; 2], self.window, thickness, kind, &Progress::new())
    }

    fn caption(&self) -> String {
        match self.slab {
            None => String::new(),
            Some((SlabKind::Mean, thickness)) => format!("mean of {thickness}"),
            Some((SlabKind::Maximum, thickness)) => format!("maximum of {thickness}"),
        }
    }
}

/// The sheet in the patient that shows the picture.
#[derive(Component)]
pub(crate) struct Sheet;

/// Makes the sheet, where meshes and materials can be had.
pub(crate) fn make(
    mut commands: Commands,
    mut oblique: ResMut<ObliqueSlice>,
    images: Option<ResMut<Assets<Image>>>,
    meshes: Option<ResMut<Assets<Mesh>>>,
    materials: Option<ResMut<Assets<StandardMaterial>>>,
) {
    let (Some(mut images), Some(mut meshes), Some(mut materials)) = (images, meshes, materials) else { return };
    oblique.image = images.add(blank_image([0; 4]));
    let material = StandardMaterial {
        base_color_texture: Some(oblique.image.clone()),
        unlit: true,
        // Outside the scan there is nothing to be seen.
        alpha_mode: AlphaMode::Mask(0.5),
        double_sided: true,
        cull_mode: None,
        ..default()
    };
    commands.spawn((
        Sheet,
        Mesh3d(meshes.add(Rectangle::new(1.0, 1.0))),
        MeshMaterial3d(materials.add(material)),
        Transform::default(),
        Visibility::Hidden,
        InPatient,
    ));
}

/// Starts the newest picture that is wanted.
pub(crate) fn start(
    case: Res<OpenCase>,
    preview: Res<Preview>,
    tools: Res<Tools>,
    holding: Res<Holding>,
    mut drawing: ResMut<Drawing>,
) {
    if drawing.running.is_some() {
        return;
    }
    let wanted = wanted(&case, &preview, &tools, &holding);
    if drawing.made_for == wanted {
        return;
    }
    drawing.made_for.clone_from(&wanted);
    drawing.running = wanted.map(|job| {
        AsyncComputeTaskPool::get().spawn(async move {
            let picture = job.draw();
            (job, picture)
        })
    });
}

fn wanted(case: &OpenCase, preview: &Preview, tools: &Tools, holding: &Holding) -> Option<Job> {
    if matches!(tools.chosen(ID, option::WHAT), Some("clip plane" | option::BOX | option::ALONG)) {
        return None;
    }
    let (scene, plane) = (case.volume.as_ref()?, holding.plane?);
    let window = preview.window.or(case.window)?;
    let (low, high) = scene.volume.grid().bounds();
    let side = (high - low).0.max_element();
    let thickness = tools.length(ID, option::THICKNESS).unwrap_or(Mm(10.0));
    let kind = match tools.chosen(ID, option::SLAB) {
        Some("mean") => Some(SlabKind::Mean),
        Some("maximum") => Some(SlabKind::Maximum),
        _ => None,
    };
    Some(Job {
        volume: scene.volume.clone(),
        plane: SlicePlane {
            centre: plane.centre,
            right: plane.right,
            down: plane.down,
            mm_per_pixel: Mm(side / f64::from(SIDE)),
        },
        window: Window { centre: window.centre, width: window.width },
        slab: kind.map(|kind| (kind, thickness)),
    })
}

/// Shows the picture that was made, or none.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub(crate) fn show(
    mut drawing: ResMut<Drawing>,
    mut oblique: ResMut<ObliqueSlice>,
    images: Option<ResMut<Assets<Image>>>,
    materials: Option<ResMut<Assets<StandardMaterial>>>,
    mut sheets: Query<(&mut Transform, &mut Visibility, &MeshMaterial3d<StandardMaterial>), With<Sheet>>,
    mut notices: ResMut<Notices>,
    mut redraw: MessageWriter<Redraw>,
) {
    let drawing = drawing.bypass_change_detection();
    if drawing.made_for.is_none() && oblique.shown.is_some() {
        oblique.shown = None;
        sheets.iter_mut().for_each(|(_, mut visibility, _)| *visibility = Visibility::Hidden);
        redraw.write_default();
    }
    let Some((job, picture)) = drawing.running.as_mut().and_then(|task| block_on(future::poll_once(task))) else {
        return;
    };
    drawing.running = None;
    let picture = match picture {
        Ok(picture) => picture,
        Err(error) => {
            notices.tell(Severity::Error, format!("The slice in the hand cannot be drawn: {error}"));
            return;
        }
    };
    if drawing.made_for.is_none() {
        return;
    }
    oblique.shown = Some((job.plane, [SIDE; 2]));
    oblique.caption = job.caption();
    // Without a screen the plane is known all the same.
    let (Some(mut images), Some(mut materials)) = (images, materials) else { return };
    let image = bevy_image(picture);
    if images.insert(oblique.image.id(), image).is_err() {
        return;
    }
    for (mut transform, mut visibility, material) in &mut sheets {
        *transform = placed(&job.plane);
        *visibility = Visibility::Inherited;
        // The picture is another one now: what is bound on the device must be made anew.
        if let Some(mut material) = materials.get_mut(&material.0) {
            material.base_color_texture = Some(oblique.image.clone());
        }
    }
    redraw.write_default();
}

/// Where the sheet, a square of a metre, lies in the patient's world.
fn placed(plane: &SlicePlane) -> Transform {
    let (right, up) = (world::direction_to_world(plane.right), -world::direction_to_world(plane.down));
    let side = world::length_to_world(Mm(plane.mm_per_pixel.0 * f64::from(SIDE)));
    Transform {
        translation: world::point_to_world(plane.centre),
        rotation: Quat::from_mat3(&Mat3::from_cols(right, up, right.cross(up))),
        scale: Vec3::new(side, side, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::{LpsPoint, LpsVector};

    use super::*;

    #[test]
    fn the_sheet_lies_where_its_pixels_do_and_is_not_mirrored() {
        let plane = SlicePlane {
            centre: LpsPoint::new(10.0, -20.0, 30.0),
            right: LpsVector::new(0.0, 1.0, 0.0),
            down: LpsVector::new(0.0, 0.0, -1.0),
            mm_per_pixel: Mm(0.5),
        };
        let sheet = placed(&plane);
        // A rectangle's picture has its upper left corner at (−½, ½).
        for (corner, pixel) in [
            (Vec3::new(-0.5, 0.5, 0.0), [0.0, 0.0]),
            (Vec3::new(0.5, 0.5, 0.0), [f64::from(SIDE), 0.0]),
            (Vec3::new(-0.5, -0.5, 0.0), [0.0, f64::from(SIDE)]),
        ] {
            let wanted = world::point_to_world(plane.to_patient(pixel, [SIDE; 2]));
            assert!(sheet.transform_point(corner).distance(wanted) < 1e-6);
        }
    }
}
