//! Draws a NIfTI CT (`.nii.gz`) with every preset and from several sides:
//! `cargo run --release --example gallery -- SCAN.nii.gz OUT_FOLDER [SIZE]`
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "an example")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use fabrica_progress::Progress;
use fabrica_raycast::{
    Interpolation, NamedView, Preset, SliceOrientation, SlicePlane, View, Window, draw_marks, render_slice,
    render_volume, slice_marks, view_marks,
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [scan, folder, rest @ ..] = arguments.as_slice() else { panic!("SCAN.nii.gz OUT_FOLDER [SIZE]") };
    let side = rest.first().map_or(512, |s| s.parse().unwrap());
    let volume = support::read_nifti(scan.as_ref());
    let save = |image: &fabrica_raycast::Image, name: &str| {
        let file = std::fs::File::create(format!("{folder}/{name}.png")).unwrap();
        image.write_png(std::io::BufWriter::new(file), &[("Preset", name)]).unwrap();
    };
    let bounds = volume.grid().bounds();
    let views: [View; 3] =
        [NamedView::Anterior.into(), NamedView::Left.into(), "azimuth=35,elevation=15,zoom=1.4".parse().unwrap()];
    for preset in Preset::all().unwrap() {
        for (number, view) in views.iter().enumerate() {
            let camera = view.camera(bounds, [side, side]);
            let start = Instant::now();
            let function = preset.transfer_function(&volume).unwrap();
            let settings = preset.settings(&volume);
            let mut image =
                render_volume(&volume, &function, &camera, [side, side], &settings, &Progress::new()).unwrap();
            println!("{} {view}: {:.3} s", preset.name, start.elapsed().as_secs_f64());
            let captions = [preset.name.clone(), view.to_string()];
            draw_marks(&mut image, &view_marks(&camera, [side, side], &captions).unwrap());
            save(&image, &format!("{}-{number}", preset.name));
        }
    }
    for orientation in [SliceOrientation::Axial, SliceOrientation::Coronal, SliceOrientation::Sagittal] {
        let plane = SlicePlane::fitted(orientation, volume.grid().centre(), bounds, [side, side]);
        let window = Window::named("abdomen").unwrap();
        let size = [side, side];
        let mut image =
            render_slice(&volume, &plane, size, window, Interpolation::Linear, &[], &Progress::new()).unwrap();
        draw_marks(&mut image, &slice_marks(&plane, size, &["abdomen window".into()]));
        save(&image, &format!("slice-{orientation:?}"));
    }
}
