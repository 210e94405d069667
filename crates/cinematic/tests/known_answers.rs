//! The tracer against answers that are known otherwise: closed forms, quadrature, plain ray marching.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::f64::consts::{PI, TAU};

use fabrica_cinematic::kinds::Kinds;
use fabrica_cinematic::lights::Panel;
use fabrica_cinematic::majorant::Majorants;
use fabrica_cinematic::medium::{Frame, HalfSpace, Medium};
use fabrica_cinematic::random::Random;
use fabrica_cinematic::{Blocks, Film, LightRig, Look, Studio};
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use fabrica_progress::Progress;
use fabrica_raycast::{
    Camera, Clip, ClipBox, ClipPlane, ClipSet, ClipShape, ControlPoint, Keep, LabelMap, Preset, Projection, Sampler,
    Scene, StructureLook, Structures, TransferFunction,
};
use fabrica_volume::{Mask, Rgb, Samples, ValueUnit, Volume};
use glam::{DVec3, Vec3};

/// A preset that gives every value one colour and one opacity a mm.
fn even_preset(colour: &str, opacity: f64) -> Preset {
    Preset::from_json(&format!(
        r#"{{ "name": "even", "description": "-", "scale": "absolute", "mode": "composite", "opacity_length_mm": 1.0,
             "points": [[0, "{colour}", {opacity}], [1000, "{colour}", {opacity}]] }}"#
    ))
    .unwrap()
}

/// A look without reflection, for media.
fn look(preset: Preset, lights: LightRig) -> Look {
    let mut look = Look::of_preset(preset).unwrap();
    look.material.density = 1.0;
    look.material.bounces = 100_000;
    look.lights = lights;
    look
}

fn even_volume(dims: [usize; 3], value: i16) -> Volume {
    let grid = Grid::axis_aligned(dims, LpsPoint::new(-30.0, 400.0, 77.0), [1.0, 1.5, 2.0]).unwrap();
    let samples = Samples::I16(vec![value; grid.len()]);
    Volume::new(grid, samples, ValueUnit::Hounsfield).unwrap()
}

/// Values without any order, so that gradients, blocks and extinctions are of every kind.
fn rough_volume() -> Volume {
    let grid = Grid::axis_aligned([23, 18, 14], LpsPoint::new(1.0, 2.0, 3.0), [0.8, 1.0, 1.7]).unwrap();
    let values = (0..grid.len() as u32).map(|n| {
        let [a, b, _] = fabrica_cinematic::random::hash3([n, 1, 2]);
        // Three quarters are empty, in clumps.
        if (n / 37) % 4 < 3 && b % 8 != 0 { 0 } else { (a % 1000) as i16 }
    });
    let samples = Samples::I16(values.collect());
    Volume::new(grid, samples, ValueUnit::Hounsfield).unwrap()
}

fn rough_function() -> TransferFunction {
    let point = |value, opacity| ControlPoint { value, colour: Rgb(200, 150, 90), opacity };
    TransferFunction::new(vec![point(300.0, 0.0), point(600.0, 0.3), point(700.0, 0.02), point(1000.0, 0.2)], Mm(1.0))
        .unwrap()
}

fn camera(volume: &Volume) -> Camera {
    let middle = volume.grid().centre();
    Camera {
        eye: LpsPoint(middle.0 + DVec3::new(60.0, -150.0, 40.0)),
        target: middle,
        up: LpsVector(DVec3::Z),
        projection: Projection::Perspective { vertical_fov: 0.12 },
    }
}

fn trace_scene(scene: &Scene<'_>, look: &Look, camera: &Camera, side: u32, samples: u32) -> Film {
    let blocks = Blocks::new(scene.volume, scene.structures.map(|s| s.labels));
    let studio = Studio::new(scene, &blocks, look, camera, [side, side]).unwrap();
    let mut film = Film::new([side, side]).unwrap();
    studio.trace(&mut film, samples, &Progress::new()).unwrap();
    film
}

fn trace(volume: &Volume, look: &Look, camera: &Camera, side: u32, samples: u32) -> Film {
    let function = look.preset.transfer_function(volume).unwrap();
    let scene = Scene { settings: look.preset.settings(volume), ..Scene::new(volume, &function) };
    trace_scene(&scene, look, camera, side, samples)
}

/// Mean over the picture of light and coverage.
fn mean(film: &Film) -> [f64; 4] {
    let means = film.means();
    let sum = means.iter().fold([0.0; 4], |mut sum, pixel| {
        (0..4).for_each(|c| sum[c] += f64::from(pixel[c]));
        sum
    });
    sum.map(|s| s / means.len() as f64)
}

#[test]
fn a_white_furnace_stays_white() {
    let volume = even_volume([17, 14, 11], 500);
    for (opacity, forward) in [(0.15, 0.0), (0.5, 0.6), (0.9, -0.4)] {
        let mut look = look(even_preset("#ffffff", opacity), LightRig::uniform(1.0));
        look.material.forward = forward;
        let [red, _, blue, covered] = mean(&trace(&volume, &look, &camera(&volume), 8, 512));
        assert!(covered > 0.5, "{covered}");
        for light in [red, blue] {
            let whole = light + (1.0 - covered);
            assert!((whole - 1.0).abs() < 0.01, "opacity {opacity}, forward {forward}: {whole}");
        }
    }
}

#[test]
fn a_furnace_of_six_panels_is_a_furnace() {
    // Six panels form a closed box. Their light comes by choosing panels and by meeting them: the weights must add up.
    let volume = even_volume([17, 14, 11], 500);
    let mut rig = LightRig::uniform(0.0);
    for axis in 0..3 {
        for sign in [-1.5, 1.5] {
            let mut centre = [0.0; 3];
            centre[axis] = sign;
            rig.panels.push(Panel { centre, size: [3.0, 3.0], radiance: [1.0; 3] });
        }
    }
    let mut look = look(even_preset("#ffffff", 0.4), rig);
    look.material.forward = 0.3;
    let [light, _, _, covered] = mean(&trace(&volume, &look, &camera(&volume), 8, 512));
    let whole = light + (1.0 - covered);
    assert!((whole - 1.0).abs() < 0.01, "{whole}");
}

#[test]
fn a_clipped_furnace_is_a_furnace_and_the_cut_part_is_gone() {
    let volume = even_volume([17, 14, 11], 500);
    let look = look(even_preset("#ffffff", 0.9), LightRig::uniform(1.0));
    let function = look.preset.transfer_function(&volume).unwrap();
    let middle = volume.grid().centre();
    let plane = |keep: DVec3| ClipPlane { point: middle, keep: LpsVector(keep) };
    let clip = |shape| Clip { shape, enabled: true };
    let cube = ClipBox {
        centre: LpsPoint(middle.0 + DVec3::Z * 100.0),
        axes: [DVec3::X, DVec3::Y, DVec3::Z].map(LpsVector),
        half: [Mm(100.0); 3],
        keep: Keep::Outside,
    };
    let below = plane(DVec3::new(0.0, 0.0, -3.0));
    let by_box = [clip(ClipShape::Box(cube))];
    let by_plane = [clip(ClipShape::Plane(below))];
    let scene = Scene::new(&volume, &function);
    let mut settings = scene.settings;
    settings.clip = Some(below);
    // The same cut three ways: the picture's own plane, a plane among the clips, a box.
    for scene in [Scene { settings, ..scene }, Scene { clips: &by_plane, ..scene }, Scene { clips: &by_box, ..scene }] {
        let film = trace_scene(&scene, &look, &camera(&volume), 16, 128);
        let [light, _, _, covered] = mean(&film);
        assert!((light + 1.0 - covered - 1.0).abs() < 0.015, "{light} {covered}");
        // The kept half lies below the middle of the picture. Row 2 looks above the cut.
        assert!(film.means()[2 * 16 + 8][3] == 0.0 && film.means()[13 * 16 + 8][3] > 0.5);
    }
    let none = [clip(ClipShape::Plane(plane(DVec3::Z))), clip(ClipShape::Plane(plane(DVec3::NEG_Z)))];
    assert_eq!(mean(&trace_scene(&Scene { clips: &none, ..scene }, &look, &camera(&volume), 4, 8))[3], 0.0);
}

#[test]
fn structures_show_as_they_should_and_clips_cut_whom_they_should() {
    let volume = even_volume([17, 14, 11], 500);
    let look = look(even_preset("#ffffff", 0.9), LightRig::uniform(1.0));
    let function = look.preset.transfer_function(&volume).unwrap();
    let grid = volume.grid();
    // Upwards in the picture is k.
    let above = Mask::from_fn(grid.clone(), |n| grid.position(n)[2] >= 6);
    let labels = LabelMap::new(grid, &[&above]).unwrap();
    let plane = ClipPlane { point: grid.centre(), keep: LpsVector::new(0.0, 0.0, 1.0) };
    let clips = [Clip { shape: ClipShape::Plane(plane), enabled: true }];
    let green = StructureLook { colour: Some(Rgb(0, 255, 0)), ..StructureLook::default() };
    let coverage = |looks: &[StructureLook], clips: &[Clip], rest: ClipSet| {
        let structures = Some(Structures { labels: &labels, looks });
        let scene = Scene { structures, clips, clips_of_rest: rest, ..Scene::new(&volume, &function) };
        let means = trace_scene(&scene, &look, &camera(&volume), 16, 64).means();
        [means[3 * 16 + 8], means[12 * 16 + 8]]
    };
    let [top, bottom] = coverage(&[StructureLook::hidden()], &[], ClipSet::ALL);
    assert!(top[3] == 0.0 && bottom[3] > 0.99, "{top:?} {bottom:?}");
    let [top, bottom] = coverage(std::slice::from_ref(&green), &[], ClipSet::ALL);
    assert!(top[3] > 0.99 && top[0] < 0.2 && top[1] > 0.8, "green scatters no red: {top:?}");
    assert!(bottom[0] > 0.5 && bottom[1] > 0.8, "{bottom:?}");
    // The plane keeps what is above: it cuts the rest, and the structure too if that is asked.
    let [top, bottom] = coverage(std::slice::from_ref(&green), &clips, ClipSet::ALL);
    assert!(top[3] > 0.99 && bottom[3] < 0.05, "{top:?} {bottom:?}");
    let [_, bottom] = coverage(std::slice::from_ref(&green), &clips, ClipSet::NONE);
    assert!(bottom[3] > 0.99, "{bottom:?}");
}

#[test]
fn single_scattering_is_that_of_quadrature() {
    // One scattering in an even cube of 20 mm under a sky that is bright above: L = ∫ σ e^(−σ s) c ∫ p(ω) e^(−σ d(ω)) Lsky dω ds.
    let grid = Grid::axis_aligned([20, 20, 20], LpsPoint::default(), [1.0; 3]).unwrap();
    let samples = Samples::I16(vec![500; grid.len()]);
    let volume = Volume::new(grid, samples, ValueUnit::Hounsfield).unwrap();
    let mut rig = LightRig::uniform(0.0);
    rig.gradient = [[2.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0]];
    let opacity = 0.07;
    let mut look = look(even_preset("#ffffff", opacity), rig);
    look.material.forward = 0.5;
    look.material.bounces = 1;
    let middle = volume.grid().centre();
    let camera = Camera {
        eye: LpsPoint(middle.0 - DVec3::Y * 500.0),
        target: middle,
        up: LpsVector(DVec3::Z),
        projection: Projection::Orthographic { height: Mm(0.01) },
    };
    let traced = mean(&trace(&volume, &look, &camera, 8, 2048));

    let extinction = -(1.0 - opacity).ln();
    let (steps, rows, columns) = (40, 48, 48);
    let (mut light, mut blue) = (0.0, 0.0);
    for step in 0..steps {
        let s = (f64::from(step) + 0.5) / f64::from(steps) * 20.0;
        // The ray comes along y, through the middle of x and z.
        let at = DVec3::new(0.0, s - 10.0, 0.0);
        let (mut scattered, mut third) = (0.0, 0.0);
        for row in 0..rows {
            for column in 0..columns {
                let z = (f64::from(row) + 0.5) / f64::from(rows) * 2.0 - 1.0;
                let (sin, cos) = ((f64::from(column) + 0.5) / f64::from(columns) * TAU).sin_cos();
                let level = (1.0 - z * z).sqrt();
                let way = DVec3::new(level * cos, level * sin, z);
                let out = (0..3)
                    .map(|a| if way[a] > 0.0 { (10.0 - at[a]) / way[a] } else { (-10.0 - at[a]) / way[a] })
                    .fold(f64::INFINITY, f64::min);
                let (g, cosine): (f64, f64) = (0.5, way.y);
                let phase = (1.0 - g * g) / (4.0 * PI * (1.0 + g * g - 2.0 * g * cosine).powf(1.5));
                let solid = 4.0 * PI / f64::from(rows * columns);
                let passed = phase * (-extinction * out).exp() * solid;
                scattered += passed * (1.0 + z); // red: 0 below, 1 at the horizon, 2 above
                third += passed * (1.0 - z.abs()); // blue: at the horizon only
            }
        }
        let arriving = extinction * (-extinction * s).exp() * 20.0 / f64::from(steps);
        light += arriving * scattered;
        blue += arriving * third;
    }
    assert!((traced[3] - (1.0 - (-extinction * 20.0).exp())).abs() < 0.005, "coverage {}", traced[3]);
    assert!((traced[0] / light - 1.0).abs() < 0.01, "red {} {light}", traced[0]);
    assert!((traced[2] / blue - 1.0).abs() < 0.01, "blue {} {blue}", traced[2]);
}

/// A rough medium: all of one kind, or with structures of their own kinds between. It lives as long as the tests do.
fn rough(structured: bool, kept: &'static [HalfSpace]) -> Medium<'static, i16> {
    let volume: &Volume = Box::leak(Box::new(rough_volume()));
    let function: &TransferFunction = Box::leak(Box::new(rough_function()));
    let grid = volume.grid();
    let mask = Mask::from_fn(grid.clone(), |n| (n / 5) % 3 == 0);
    let hidden = Mask::from_fn(grid.clone(), |n| (n / 400) % 4 == 0);
    let labels: &LabelMap = Box::leak(Box::new(LabelMap::new(grid, &[&mask, &hidden]).unwrap()));
    let looks: &[StructureLook] =
        Box::leak(Box::new([StructureLook { opacity: 0.4, ..StructureLook::default() }, StructureLook::hidden()]));
    let structures = structured.then_some(Structures { labels, looks });
    let scene = Scene { structures, ..Scene::new(volume, function) };
    let frame: &Frame = Box::leak(Box::new(Frame::new(grid)));
    let kinds: &Kinds<'_> = Box::leak(Box::new(Kinds::new(&scene, frame, 2.0)));
    let blocks: &Blocks = Box::leak(Box::new(Blocks::new(scene.volume, scene.structures.map(|s| s.labels))));
    let majorants: &Majorants = Box::leak(Box::new(Majorants::new(blocks, kinds, frame)));
    let Samples::I16(data) = volume.samples() else { unreachable!() };
    Medium { sampler: Sampler::new(data, grid.dims()), data, dims: grid.dims(), kinds, blocks, majorants, frame, kept }
}

#[test]
fn tracking_passes_as_much_as_marching_in_small_steps() {
    static KEPT: [HalfSpace; 1] = [HalfSpace { keep: Vec3::new(0.6, 0.0, 0.8), offset: -3.0 }];
    let media = [rough(false, &KEPT), rough(true, &[]), rough(false, &[])];
    let mut checked = 0;
    for ray in 0..42u32 {
        let mut random = Random::new([ray, 9], 1);
        let mut number = |scale: f32| (random.number() - 0.5) * scale;
        let target = Vec3::new(9.0 + number(14.0), 8.5 + number(12.0), 11.0 + number(18.0));
        let direction = Vec3::new(number(1.0), number(1.0), number(1.0)).normalize();
        // From within, along an axis, from outside.
        let (origin, direction) = match ray % 4 {
            0 => (target, direction),
            1 => (target, Vec3::X),
            _ => (target - direction * 60.0, direction),
        };
        let medium = &media[ray as usize % 3];
        let Some(segment) = medium.segment(origin, direction, f32::INFINITY) else { continue };
        let steps = 20_000;
        let step = f64::from(segment.far - segment.near) / f64::from(steps);
        let depth: f64 = (0..steps)
            .map(|n| {
                let at = origin + direction * (f64::from(segment.near) + (f64::from(n) + 0.5) * step) as f32;
                f64::from(medium.extinction(at, medium.block_of(at)))
            })
            .sum();
        let wanted = (-depth * step).exp();
        let n = 20_000;
        let mut random = Random::new([ray, 10], 1);
        let passed = (0..n).filter(|_| medium.collide(&segment, &mut random).is_none()).count();
        let (mut sum, mut square) = (0.0, 0.0);
        for _ in 0..n {
            let t = f64::from(medium.transmittance(&segment, &mut random));
            sum += t;
            square += t * t;
        }
        let n = f64::from(n);
        let deviation = |variance: f64| 4.5 * (variance / n).sqrt() + 1e-3;
        let delta = passed as f64 / n;
        assert!((delta - wanted).abs() < deviation(wanted * (1.0 - wanted)), "ray {ray}: delta {delta}, {wanted}");
        let ratio = sum / n;
        assert!((ratio - wanted).abs() < deviation(square / n - ratio * ratio), "ray {ray}: ratio {ratio}, {wanted}");
        checked += u32::from((0.01..0.99).contains(&wanted));
    }
    assert!(checked >= 20, "only {checked} rays say anything");
}

#[test]
fn meetings_lie_where_marching_says() {
    // The mean distance of meetings along one ray, of those that meet.
    let medium = rough(true, &[]);
    let (origin, direction) = (Vec3::new(-5.0, 7.0, 9.0), Vec3::new(0.95, 0.1, 0.2).normalize());
    let segment = medium.segment(origin, direction, f32::INFINITY).unwrap();
    let steps = 20_000;
    let step = (segment.far - segment.near) / steps as f32;
    let (mut clear, mut mean, mut met) = (1f64, 0f64, 0f64);
    for n in 0..steps {
        let t = segment.near + (n as f32 + 0.5) * step;
        let at = origin + direction * t;
        let share = clear * (1.0 - f64::from(-medium.extinction(at, medium.block_of(at)) * step).exp());
        mean += share * f64::from(t);
        met += share;
        clear -= share;
    }
    let mut random = Random::new([4, 4], 4);
    let distances: Vec<f64> =
        (0..40_000).filter_map(|_| medium.collide(&segment, &mut random)).map(|m| f64::from(m.distance)).collect();
    let found = distances.iter().sum::<f64>() / distances.len() as f64;
    assert!((found - mean / met).abs() < 0.12, "{found} {}", mean / met);
    assert!((distances.len() as f64 / 40_000.0 - met).abs() < 0.015, "{} {met}", distances.len());
}

#[test]
fn pictures_converge_to_the_reference_as_the_root_of_the_samples() {
    let volume = rough_volume();
    let preset = Preset::from_json(
        r##"{ "name": "rough", "description": "-", "scale": "absolute", "mode": "composite", "opacity_length_mm": 1.0,
             "points": [[300, "#d0a080", 0.0], [600, "#e0c0a0", 0.6], [1000, "#ffffff", 0.9]],
             "lighting": { "gradient": [50, 400] } }"##,
    )
    .unwrap();
    let mut look = look(preset, LightRig::named("theatre").unwrap());
    look.lights.boxes = LightRig::named("studio").unwrap().boxes;
    look.material.bounces = 8;
    look.lens.aperture = Mm(4.0);
    let camera = camera(&volume);
    let side = 12;
    let reference = trace(&volume, &look, &camera, side, 4096).means();
    let error = |film: &Film| {
        let (mut difference, mut light) = (0f64, 0f64);
        for (a, b) in film.means().iter().zip(&reference) {
            for c in 0..3 {
                difference += f64::from(a[c] - b[c]).powi(2);
                light += f64::from(b[c]).powi(2);
            }
        }
        (difference / light).sqrt()
    };
    let few = trace(&volume, &look, &camera, side, 32);
    let many = trace(&volume, &look, &camera, side, 512);
    let (coarse, fine) = (error(&few), error(&many));
    // Sixteen times the samples: a quarter of the error, and less where they are spread evenly.
    assert!(fine < coarse / 3.0, "{coarse} {fine}");
    assert!(fine < 0.08, "{fine}");
    // What the film itself says of its noise is about right.
    let said = few.relative_error().unwrap();
    assert!(said / coarse < 2.0 && coarse / said < 2.0, "{said} {coarse}");
}

#[test]
fn cancelled_films_stay_whole_and_sizes_must_agree() {
    let volume = even_volume([9, 9, 9], 500);
    let look = look(even_preset("#ffffff", 0.5), LightRig::uniform(1.0));
    let function = look.preset.transfer_function(&volume).unwrap();
    let scene = Scene::new(&volume, &function);
    let blocks = Blocks::new(scene.volume, scene.structures.map(|s| s.labels));
    let studio = Studio::new(&scene, &blocks, &look, &camera(&volume), [8, 8]).unwrap();
    let mut film = Film::new([8, 8]).unwrap();
    let progress = Progress::new();
    progress.cancel();
    assert!(studio.trace(&mut film, 4, &progress).is_err());
    assert!(film.means().iter().flatten().all(|v| v.is_finite()));
    assert!(studio.trace(&mut Film::new([8, 9]).unwrap(), 1, &Progress::new()).is_err());
    let mip = Preset::named("mip").unwrap().settings(&volume);
    let scene = Scene { settings: mip, ..scene };
    let error = Studio::new(&scene, &blocks, &look, &camera(&volume), [8, 8]).err().unwrap().to_string();
    assert!(error.contains("a projection"), "{error}");
}
