//! The GPU's picture against that of its CPU twin. Skipped, loudly, where there is no Vulkan device or no test data.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking")]

#[path = "../../../crates/raycast/tests/support/mod.rs"]
mod support;

use std::sync::Arc;

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_progress::Progress;
use fabrica_raycast::{Camera, ClipPlane, Preset, Projection, RenderSettings, TransferFunction, View, render_volume};
use fabrica_volume::Volume;
use fabrica_volume_rendering::{OffscreenError, OffscreenRenderer};

const SIZE: [u32; 2] = [256, 200];

fn renderer() -> Option<OffscreenRenderer> {
    match OffscreenRenderer::new() {
        Ok(renderer) => {
            eprintln!("device: {}", renderer.adapter());
            Some(renderer)
        }
        Err(OffscreenError::NoDevice(why)) => {
            eprintln!("SKIPPED: this test needs a Vulkan device: {why}");
            None
        }
        Err(other) => panic!("{other}"),
    }
}

/// Draws with both and holds the pictures together.
fn compare(
    gpu: &mut OffscreenRenderer,
    what: &str,
    volume: &Arc<Volume>,
    function: &TransferFunction,
    camera: &Camera,
    settings: &RenderSettings,
) {
    let theirs = gpu.render(volume, function, camera, SIZE, settings).unwrap();
    let ours = render_volume(volume, function, camera, SIZE, settings, &Progress::new()).unwrap();
    if let Ok(folder) = std::env::var("FABRICA_TEST_PICTURES") {
        for (image, side) in [(&theirs, "gpu"), (&ours, "cpu")] {
            let name = format!("{folder}/{}-{side}.png", what.replace([' ', ',', '='], "_"));
            image.write_png(std::fs::File::create(name).unwrap(), &[]).unwrap();
        }
    }
    let background = [settings.background.0, settings.background.1, settings.background.2];
    let drawn = ours.rgba.chunks(4).filter(|p| p[..3] != background).count();
    let psnr = theirs.psnr(&ours).unwrap();
    eprintln!("{what}: PSNR {psnr:.1} dB, {drawn} pixels drawn");
    assert!(drawn > 1000, "{what}: the picture is empty");
    assert!(psnr >= 40.0, "{what}: {psnr:.1} dB");
}

fn cameras(volume: &Volume) -> Vec<(String, Camera)> {
    let bounds = volume.grid().bounds();
    let mut cameras: Vec<_> = ["anterior", "left,orthographic", "azimuth=35,elevation=20,zoom=1.5"]
        .map(|text| (text.to_owned(), text.parse::<View>().unwrap().camera(bounds, SIZE)))
        .to_vec();
    let centre = volume.grid().centre();
    let inside = Camera {
        eye: centre + LpsVector::new(10.0, 40.0, 5.0),
        target: centre + LpsVector::new(0.0, -60.0, -10.0),
        up: LpsVector::new(0.0, 0.0, 1.0),
        projection: Projection::Perspective { vertical_fov: 1.2 },
    };
    cameras.push(("inside".into(), inside));
    cameras.push((
        "inside, orthographic".into(),
        Camera { projection: Projection::Orthographic { height: Mm(180.0) }, ..inside },
    ));
    cameras
}

fn compare_all(gpu: &mut OffscreenRenderer, name: &str, volume: &Arc<Volume>, presets: &[&str]) {
    let clip = ClipPlane { point: volume.grid().centre(), keep: LpsVector::new(0.6, 0.8, 0.1) };
    for preset in presets.iter().map(|name| Preset::named(name).unwrap()) {
        let function = preset.transfer_function(volume).unwrap();
        let settings = preset.settings(volume);
        for (view, camera) in cameras(volume) {
            let what = format!("{name} {} {view}", preset.name);
            compare(gpu, &what, volume, &function, &camera, &settings);
        }
        let clipped = RenderSettings { clip: Some(clip), ..settings };
        let (view, camera) = &cameras(volume)[2];
        let what = format!("{name} {} {view} clipped", preset.name);
        compare(gpu, &what, volume, &function, camera, &clipped);
    }
}

#[test]
fn the_synthetic_head_looks_the_same() {
    let Some(mut gpu) = renderer() else { return };
    let volume = Arc::new(support::synthetic(64));
    compare_all(&mut gpu, "synthetic", &volume, &["ct-bone", "ct-skin", "mip"]);
}

#[test]
fn the_real_head_looks_the_same() {
    let (Some(mut gpu), Some(volume)) = (renderer(), support::head_ct()) else { return };
    let volume = Arc::new(volume);
    compare_all(&mut gpu, "head", &volume, &["ct-bone", "ct-soft-tissue"]);
    let preset = Preset::named("ct-lung").unwrap();
    let function = preset.transfer_function(&volume).unwrap();
    let camera = &cameras(&volume)[0].1;
    compare(&mut gpu, "head ct-lung anterior", &volume, &function, camera, &preset.settings(&volume));
}

#[test]
fn left_stays_left_and_bad_requests_are_refused() {
    let Some(mut gpu) = renderer() else { return };
    let volume = Arc::new(support::synthetic(48));
    let preset = Preset::named("ct-bone").unwrap();
    let function = preset.transfer_function(&volume).unwrap();
    let settings = preset.settings(&volume);
    let camera = View::default().camera(volume.grid().bounds(), SIZE);
    let image = gpu.render(&volume, &function, &camera, SIZE, &settings).unwrap();
    // The mark sticks out on the patient's left: on the right of the picture.
    let lit = |left: f64| {
        let ([x, y], _) = camera.project(LpsPoint::new(left, 0.0, 0.0), SIZE).unwrap().unwrap();
        image.pixel(x as u32, y as u32).unwrap()[0] > 60
    };
    assert!(lit(76.0) && !lit(-76.0));
    let no_camera = Camera { target: camera.eye, ..camera };
    assert!(gpu.render(&volume, &function, &no_camera, SIZE, &settings).is_err());
    assert!(gpu.render(&volume, &function, &camera, [0, 5], &settings).is_err());
}
