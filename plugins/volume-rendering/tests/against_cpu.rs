//! The GPU's picture against that of its CPU twin. Skipped, loudly, where there is no Vulkan device or no test data.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

#[path = "../../../crates/raycast/tests/support/mod.rs"]
mod support;

use std::sync::Arc;

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_progress::Progress;
use fabrica_raycast::{
    Camera, Clip, ClipBox, ClipPlane, ClipSet, ClipShape, ControlPoint, Fused, Fusion, Keep, LabelMap, Preset,
    Projection, RenderMode, RenderSettings, Scene, Shown, Slab, StructureLook, Structures, TransferFunction, View,
    VoxelBox, Window, render_scene,
};
use fabrica_volume::{Mask, Rgb, Samples, ValueUnit, Volume};
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
    compare_scene(gpu, what, volume, &Scene { settings: *settings, ..Scene::new(volume, function) }, camera);
}

fn compare_scene(gpu: &mut OffscreenRenderer, what: &str, volume: &Arc<Volume>, scene: &Scene<'_>, camera: &Camera) {
    let theirs = gpu.render_scene(volume, scene, camera, SIZE).unwrap();
    let ours = render_scene(scene, camera, SIZE, &Progress::new()).unwrap();
    let settings = &scene.settings;
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
    assert!(drawn > 300, "{what}: the picture is empty");
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

#[test]
fn an_edited_mask_is_sent_in_part_and_looks_as_if_sent_whole() {
    let Some(mut gpu) = renderer() else { return };
    let volume = Arc::new(support::synthetic(96));
    let grid = volume.grid();
    let [nx, ny, nz] = grid.dims();
    let ball = |middle: [usize; 3], radius: usize| {
        Mask::from_fn(grid.clone(), move |n| {
            let at = [n % nx, n / nx % ny, n / (nx * ny)];
            (0..3).map(|a| at[a].abs_diff(middle[a]).pow(2)).sum::<usize>() < radius * radius
        })
    };
    let skull = ball([nx / 2, ny / 2, nz / 2], nx);
    let before = ball([nx / 4, ny / 4, nz / 2], 8);
    // The brush adds at one place and takes away at another; the second meets a structure that it did not meet before.
    let edited = ball([3 * nx / 4, ny / 4, nz / 2], 10);
    let hole = ball([nx / 2, ny / 8, nz / 2], nx / 5).combine(&skull, |h, s| s & !h).unwrap();
    let preset = Preset::named("ct-skin").unwrap();
    let function = preset.transfer_function(&volume).unwrap();
    let red = Shown::Through(shell(-2000.0, 4000.0, Rgb(255, 40, 40), 0.9));
    let looks = [
        StructureLook { opacity: 0.6, ..StructureLook::default() },
        StructureLook { shown: red, ..StructureLook::default() },
    ];
    let plain = Scene { settings: preset.settings(&volume), ..Scene::new(&volume, &function) };
    let camera = cameras(&volume)[2].1;
    let mut labels = LabelMap::new(grid, &[&skull, &before]).unwrap();
    let scene = Scene { structures: Some(Structures { labels: &labels, looks: &looks }), ..plain };
    let first = gpu.render_scene(&volume, &scene, &camera, SIZE).unwrap();
    let mut have = [&skull, &before];
    for masks in [[&skull, &edited], [&hole, &edited], [&hole, &before]] {
        let changed = LabelMap::changes(&have, &masks).unwrap();
        VoxelBox::of_blocks(&changed, grid.dims()).iter().for_each(|&part| labels.update(&masks, part).unwrap());
        let scene = Scene { structures: Some(Structures { labels: &labels, looks: &looks }), ..plain };
        let (picture, sent) = gpu.render_edited(&volume, &scene, &camera, SIZE, &changed).unwrap();
        let sent = sent.expect("the labels were sent whole");
        assert!(sent < 2 * grid.len(), "{sent} bytes of {} were sent", 2 * grid.len());
        // As drawn from scratch, to the last bit.
        let fresh_labels = LabelMap::new(grid, &masks).unwrap();
        let scene = Scene { structures: Some(Structures { labels: &fresh_labels, looks: &looks }), ..plain };
        let mut other = OffscreenRenderer::new().unwrap();
        let fresh = other.render_scene(&volume, &scene, &camera, SIZE).unwrap();
        let psnr = picture.psnr(&fresh).unwrap();
        eprintln!("edited: {} of {} bytes sent, PSNR to a fresh upload {psnr:.1} dB", sent, 2 * grid.len());
        assert!(picture.rgba == fresh.rgba, "PSNR {psnr:.1} dB");
        assert!(picture.rgba != first.rgba, "the edit does not show");
        have = masks;
    }
}

/// A function of one colour between two values.
fn shell(low: f64, high: f64, colour: Rgb, opacity: f64) -> TransferFunction {
    let point = |value, opacity| ControlPoint { value, colour, opacity };
    TransferFunction::new(vec![point(low, 0.0), point(low + 50.0, opacity), point(high, opacity)], Mm(1.0)).unwrap()
}

#[test]
fn every_look_of_a_scene_is_the_same() {
    let Some(mut gpu) = renderer() else { return };
    let volume = Arc::new(support::synthetic(64));
    let grid = volume.grid();
    let centre = grid.centre();
    // Structures that overlap: the left half, and a ball about the middle.
    let point = |n: usize| {
        let [i, j, k] = grid.position(n).map(|p| p as f64);
        grid.to_patient(fabrica_geometry::VoxelPoint::new(i, j, k))
    };
    let left = Mask::from_fn(grid.clone(), |n| point(n).0.x > 0.0);
    let ball = Mask::from_fn(grid.clone(), |n| point(n).distance(centre).0 < 60.0);
    let labels = LabelMap::new(grid, &[&left, &ball]).unwrap();
    let looks = [
        StructureLook { colour: Some(Rgb(240, 150, 120)), silhouette: 0.7, ..StructureLook::default() },
        StructureLook {
            shown: Shown::Through(shell(-100.0, 400.0, Rgb(90, 160, 255), 0.2)),
            clips: ClipSet::NONE,
            peel: Mm(4.0),
            ..StructureLook::default()
        },
    ];
    let axes = [LpsVector::new(1.0, 0.0, 0.0), LpsVector::new(0.0, 1.0, 0.0), LpsVector::new(0.0, 0.0, 1.0)];
    let half = [Mm(30.0), Mm(100.0), Mm(30.0)];
    let hole = ClipBox { centre: centre + LpsVector::new(0.0, 0.0, 20.0), axes, half, keep: Keep::Outside };
    let plane = ClipPlane { point: centre, keep: LpsVector::new(0.2, 0.3, -1.0) };
    let clips =
        [Clip { shape: ClipShape::Box(hole), enabled: true }, Clip { shape: ClipShape::Plane(plane), enabled: false }];
    let coarse =
        fabrica_geometry::Grid::axis_aligned([10, 12, 9], LpsPoint::new(-80.0, -90.0, -60.0), [12.0; 3]).unwrap();
    let values = (0..coarse.len()).map(|n| (n % 10) as f32).collect();
    let dose = Volume::new(coarse, Samples::F32(values), ValueUnit::Other("Gy".into())).unwrap();
    let hot = TransferFunction::new(
        [(2.0, Rgb(0, 0, 255), 0.0), (9.0, Rgb(255, 60, 0), 0.6)]
            .map(|(value, colour, opacity)| ControlPoint { value, colour, opacity })
            .to_vec(),
        Mm(10.0),
    )
    .unwrap();
    let preset = Preset::named("ct-skin").unwrap();
    let function = preset.transfer_function(&volume).unwrap();
    let settings = preset.settings(&volume);
    let camera = cameras(&volume)[2].1;
    let plain = Scene { settings, ..Scene::new(&volume, &function) };
    let structures = Some(Structures { labels: &labels, looks: &looks });
    let hidden = [StructureLook::hidden(), StructureLook::default()];
    let surface = RenderMode::Surface { value: 300.0, colour: Rgb(230, 220, 200) };
    let window = Window { centre: 400.0, width: 2000.0 };
    let slab = Some(Slab { centre, thickness: Mm(30.0) });
    let fused = |fusion| Some(Fused { volume: &dose, function: &hot, fusion });
    let mode = |mode| RenderSettings { mode, ..settings };
    for (what, scene) in [
        ("structures", Scene { structures, ..plain }),
        ("structures, clips", Scene { structures, clips: &clips, ..plain }),
        ("hidden", Scene { structures: Some(Structures { labels: &labels, looks: &hidden }), ..plain }),
        ("added", Scene { fused: fused(Fusion::Added), ..plain }),
        ("painted", Scene { fused: fused(Fusion::Painted), ..plain }),
        ("surface", Scene { settings: mode(surface), ..plain }),
        ("surface, structures, clips", Scene { settings: mode(surface), structures, clips: &clips, ..plain }),
        (
            "mip, hidden",
            Scene {
                settings: mode(RenderMode::Mip(window)),
                structures: Some(Structures { labels: &labels, looks: &hidden }),
                ..plain
            },
        ),
        ("slab", Scene { settings: RenderSettings { slab, ..mode(RenderMode::Average(window)) }, ..plain }),
    ] {
        compare_scene(&mut gpu, what, &volume, &scene, &camera);
    }
    // From afar: more rays a pixel.
    let afar = Camera { eye: centre + LpsVector::new(0.0, -4000.0, 300.0), target: centre, ..camera };
    compare_scene(&mut gpu, "afar", &volume, &Scene { structures, ..plain }, &afar);
}
