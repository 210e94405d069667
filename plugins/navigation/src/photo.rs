//! Photos of the 3D view, with the marks that no picture may lack, in the case's folder.

use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use fabrica_raycast::{Camera as PatientCamera, Image as Picture, draw_marks, view_marks};
use fabrica_scene::presence::Headset;
use fabrica_scene::world::PatientPose;
use fabrica_scene::{Navigate, Notices, OpenCase, Severity, TakePhoto, View3d, camera};

/// Frames between the camera's move and the photo: what is asked for in one is drawn in the next ones.
const FRAMES: u32 = 6;
/// What is tried as a photo's number.
const MOST: u32 = 10_000;

/// The photo that is asked for: how many frames it still waits.
#[derive(Resource, Default)]
pub struct AskedPhoto(Option<u32>);

impl AskedPhoto {
    /// Its picture is to be drawn.
    pub fn is_waiting(&self) -> bool {
        self.0.is_some()
    }
}

/// Takes the photos that are asked for.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub fn take(
    mut asked: MessageReader<TakePhoto>,
    mut waiting: ResMut<AskedPhoto>,
    case: Res<OpenCase>,
    view: Res<View3d>,
    headset: Res<Headset>,
    patient: Res<PatientPose>,
    mut navigate: MessageWriter<Navigate>,
    mut commands: Commands,
) {
    if asked.read().count() > 0 && case.volume.is_some() {
        waiting.0 = Some(FRAMES);
        if let Some(head) = headset.head.filter(|_| headset.shown) {
            navigate.write(Navigate::From(camera::of_eye(&head, &patient)));
        }
        navigate.write(Navigate::Settle);
    }
    let Some(left) = waiting.0.as_mut() else { return };
    *left -= 1;
    if *left > 0 {
        return;
    }
    waiting.0 = None;
    let Some(folder) = case.folder.clone() else { return };
    let captions = if case.is_simulated() { vec!["SYNTHETIC".to_owned()] } else { Vec::new() };
    let camera = view.camera;
    commands.spawn(Screenshot::image(view.image.clone())).observe(
        move |photo: On<ScreenshotCaptured>, mut notices: ResMut<Notices>| match save(
            &photo.image,
            &camera,
            &captions,
            &folder,
        ) {
            Ok(path) => notices.tell(Severity::Done, format!("The photo is in {}", path.display())),
            Err(reason) => notices.tell(Severity::Error, format!("There is no photo: {reason}")),
        },
    );
}

fn save(image: &Image, camera: &PatientCamera, captions: &[String], case: &Path) -> Result<PathBuf, String> {
    let mut picture = picture(image).ok_or("the graphics device gave no picture back")?;
    let marks = view_marks(camera, picture.size(), captions).map_err(|error| error.to_string())?;
    draw_marks(&mut picture, &marks);
    let folder = case.join("photos");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let free = (1..MOST).map(|n| folder.join(format!("photo-{n}.png"))).find(|path| !path.exists());
    let path = free.ok_or("there are too many photos in the case")?;
    let text = [("Software", "Fabrica"), ("Warning", "Not a cleared medical device")];
    fabrica_case::write_atomic(&path, |file| picture.write_png(file, &text).map_err(std::io::Error::other))
        .map_err(|error| error.to_string())?;
    Ok(path)
}

/// The device's picture, if it is one of the kind that the view is drawn in.
fn picture(image: &Image) -> Option<Picture> {
    let (width, height) = (image.width(), image.height());
    let rgba = image.data.clone()?;
    let known = image.texture_descriptor.format == TextureFormat::Rgba8UnormSrgb;
    (known && rgba.len() == width as usize * height as usize * 4).then_some(Picture { width, height, rgba })
}
