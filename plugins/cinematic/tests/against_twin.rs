//! The pass on the GPU against its twin on the CPU.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking")]

use std::sync::Arc;

use fabrica_cinematic::{Blocks, Film, LightRig, Look, Studio};
use fabrica_cinematic_rendering::{GpuTracer, LoadedLabels, LoadedVolume};
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use fabrica_progress::Progress;
use fabrica_raycast::{
    Camera, Clip, ClipBox, ClipPlane, ClipSet, ClipShape, Keep, LabelMap, Preset, Projection, Scene, StructureLook,
    Structures,
};
use fabrica_volume::{Mask, Rgb, Samples, ValueUnit, Volume};
use glam::DVec3;

fn tracer() -> Option<GpuTracer> {
    GpuTracer::headless().inspect_err(|error| eprintln!("SKIPPED: {error}")).ok()
}

/// A ball with a hollow and a rough plate under it, on a grid that is turned and of uneven spacing.
fn volume() -> Arc<Volume> {
    let turn = glam::DMat3::from_rotation_z(0.3);
    let axes = [turn.x_axis, turn.y_axis, turn.z_axis].map(LpsVector);
    let grid = Grid::new([41, 37, 29], LpsPoint::new(-120.0, 35.0, 400.0), axes, [1.0, 1.1, 1.5]).unwrap();
    let values = (0..grid.len()).map(|n| {
        let [i, j, k] = grid.position(n).map(|v| v as f64);
        let (x, y, z) = (i - 20.0, (j - 18.0) * 1.1, (k - 16.0) * 1.5);
        let radius = (x * x + y * y + z * z).sqrt();
        let ball = ((13.0 - (radius - 3.0).abs()) * 160.0).clamp(-1000.0, 900.0);
        let plate = if k < 4.0 { 300.0 + 100.0 * (i * 1.3).sin() * (j * 0.9).cos() } else { -1000.0 };
        ball.max(plate) as i16
    });
    let samples = Samples::I16(values.collect());
    Arc::new(Volume::new(grid, samples, ValueUnit::Hounsfield).unwrap())
}

fn look(lights: &str) -> Look {
    let preset = Preset::from_json(
        r##"{ "name": "twin", "description": "-", "scale": "absolute", "mode": "composite", "opacity_length_mm": 1.0,
             "points": [[100, "#a04030", 0.0], [300, "#d09070", 0.5], [700, "#f0e0c0", 0.95]],
             "lighting": { "gradient": [20, 120] } }"##,
    );
    let mut look = Look::of_preset(preset.unwrap()).unwrap();
    look.lights = LightRig::named(lights).unwrap();
    look.material.density = 2.0;
    look.material.forward = 0.3;
    look
}

fn camera(volume: &Volume) -> Camera {
    let target = volume.grid().centre();
    Camera {
        eye: LpsPoint(target.0 + DVec3::new(40.0, -110.0, 60.0)),
        target,
        up: LpsVector(DVec3::Z),
        projection: Projection::Perspective { vertical_fov: 0.5 },
    }
}

/// What a picture shows beside the look.
#[derive(Default)]
struct Shown<'a> {
    clip: Option<ClipPlane>,
    clips: &'a [Clip],
    structures: Option<Structures<'a>>,
}

/// The same picture on both.
fn both(tracer: &GpuTracer, look: &Look, shown: &Shown<'_>, side: u32, gpu: u32, cpu: u32) -> [Film; 2] {
    let volume = volume();
    let function = look.preset.transfer_function(&volume).unwrap();
    let mut settings = look.preset.settings(&volume);
    settings.clip = shown.clip;
    let (clips, structures) = (shown.clips, shown.structures);
    let scene = Scene { settings, clips, structures, ..Scene::new(&volume, &function) };
    let labels = structures.map(|s| s.labels);
    let blocks = Blocks::new(&volume, labels);
    let studio = Studio::new(&scene, &blocks, look, &camera(&volume), [side, side]).unwrap();
    let loaded = LoadedVolume::new(tracer, volume.clone()).unwrap();
    let labels = labels.map(|labels| LoadedLabels::new(tracer, labels).unwrap());
    let mut exposure = tracer.expose(&loaded, labels.as_ref(), &studio).unwrap();
    tracer.trace(&mut exposure, gpu, &Progress::new()).unwrap();
    let mut film = Film::new([side, side]).unwrap();
    studio.trace(&mut film, cpu, &Progress::new()).unwrap();
    [tracer.film(&exposure).unwrap(), film]
}

/// The share of pixels that are the same but for rounding.
fn alike(gpu: &Film, cpu: &Film) -> f64 {
    let (gpu, cpu) = (gpu.means(), cpu.means());
    let same = gpu.iter().zip(&cpu).filter(|(a, b)| (0..4).all(|c| (a[c] - b[c]).abs() < 0.01)).count();
    same as f64 / gpu.len() as f64
}

/// Root of the mean squared difference over the root of the mean square.
fn difference(a: &Film, b: &Film) -> f64 {
    let (mut apart, mut light) = (0f64, 0f64);
    for (a, b) in a.means().iter().zip(b.means()) {
        for c in 0..3 {
            apart += f64::from(a[c] - b[c]).powi(2);
            light += f64::from(b[c]).powi(2);
        }
    }
    (apart / light).sqrt()
}

#[test]
fn sample_by_sample_the_device_follows_the_twin() {
    let Some(tracer) = tracer() else { return };
    eprintln!("on {}", tracer.adapter());
    let volume = volume();
    let grid = volume.grid();
    let half = Mask::from_fn(grid.clone(), |n| grid.position(n)[0] < 20);
    let top = Mask::from_fn(grid.clone(), |n| grid.position(n)[2] > 18);
    let labels = LabelMap::new(grid, &[&half, &top]).unwrap();
    let cube = ClipBox {
        centre: LpsPoint(grid.centre().0 + DVec3::new(5.0, -12.0, 3.0)),
        axes: [DVec3::X, DVec3::Y, DVec3::Z].map(LpsVector),
        half: [Mm(9.0); 3],
        keep: Keep::Outside,
    };
    let clips = [Clip { shape: ClipShape::Box(cube), enabled: true }];
    let looks = [
        StructureLook { colour: Some(Rgb(60, 160, 80)), clips: ClipSet::NONE, ..StructureLook::default() },
        StructureLook { opacity: 0.3, ..StructureLook::default() },
    ];
    let structures = Some(Structures { labels: &labels, looks: &looks });
    for (lights, shown) in [
        ("studio", Shown::default()),
        ("theatre", Shown::default()),
        ("studio", Shown { structures, clips: &clips, ..Shown::default() }),
    ] {
        let mut look = look(lights);
        look.lens.aperture = Mm(3.0);
        let [gpu, cpu] = both(&tracer, &look, &shown, 48, 8, 8);
        assert_eq!((gpu.samples(), cpu.samples()), (8, 8));
        // The same numbers lead the same ways; where rounding turns a choice, a path differs.
        let share = alike(&gpu, &cpu);
        eprintln!(
            "{lights}, structures {}: {:.1} % of the pixels are alike",
            shown.structures.is_some(),
            share * 100.0
        );
        assert!(share > 0.85, "{lights}: {share}");
    }
}

#[test]
fn converged_it_is_the_twins_reference() {
    let Some(tracer) = tracer() else { return };
    let look = look("studio");
    let clip = Some(ClipPlane { point: volume().grid().centre(), keep: LpsVector::new(-0.3, 1.0, 0.2) });
    let [gpu, cpu] = both(&tracer, &look, &Shown { clip, ..Shown::default() }, 12, 1024, 1024);
    let apart = difference(&gpu, &cpu);
    // Both draw the same numbers, so this is what the device does otherwise, not the noise that is left.
    eprintln!("relative error {apart:.4}; noise of the reference {:.4}", cpu.relative_error().unwrap());
    assert!(apart < 0.02, "{apart}");
}
