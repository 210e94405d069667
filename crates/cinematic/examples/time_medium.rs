//! Traces a medium that another path tracer can trace too, and prints seconds and mean light as JSON:
//! `time_medium SAMPLES.i16 SIDE PIXELS PATHS [LIGHT.f32]`. `benches/bench_cinematic.py` runs it beside Mitsuba.
//!
//! The medium is a cube of SIDE³ voxels of 1 mm whose extinction is value / 1000 × 0.4 a mm, under light of 1 from
//! everywhere; what is not covered shows that light.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "an example")]

use std::io::Write;
use std::time::Instant;

use fabrica_cinematic::{Blocks, Film, LightRig, Look, Studio, Tone};
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use fabrica_progress::Progress;
use fabrica_raycast::{Camera, ControlPoint, Preset, Projection, RenderSettings, Scene, TransferFunction};
use fabrica_volume::{Rgb, Samples, ValueUnit, Volume};
use glam::DVec3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [samples, side, pixels, paths, out @ ..] = arguments.as_slice() else {
        panic!("SAMPLES.i16 SIDE PIXELS PATHS [LIGHT.f32]")
    };
    let (side, pixels, paths): (usize, u32, u32) =
        (side.parse().unwrap(), pixels.parse().unwrap(), paths.parse().unwrap());
    let values = std::fs::read(samples).unwrap();
    let values = values.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    // The cube of voxels reaches from 0 to SIDE.
    let grid = Grid::axis_aligned([side; 3], LpsPoint::new(0.5, 0.5, 0.5), [1.0; 3]).unwrap();
    let volume = Volume::new(grid, Samples::I16(values), ValueUnit::Arbitrary).unwrap();
    // Opacities whose extinctions grow evenly.
    let point = |n: u32| {
        let value = f64::from(n) * 1000.0 / 512.0;
        ControlPoint { value, colour: Rgb(230, 190, 140), opacity: 1.0 - (-value / 1000.0 * 0.4).exp() }
    };
    let function = TransferFunction::new((0..=512).map(point).collect(), Mm(1.0)).unwrap();
    let mut look = Look::of_preset(Preset::named("ct-bone").unwrap()).unwrap();
    look.lights = LightRig::uniform(1.0);
    look.material.density = 1.0;
    look.material.bounces = 100_000;
    look.material.gradient = Some([1e8, 2e8]);
    look.development.tone = Tone::Linear;
    let middle = DVec3::splat(side as f64 / 2.0);
    let camera = Camera {
        eye: LpsPoint(middle + DVec3::new(0.5, -2.0, 0.6) * side as f64),
        target: LpsPoint(middle),
        up: LpsVector(DVec3::Z),
        projection: Projection::Perspective { vertical_fov: 40f64.to_radians() },
    };
    let scene = Scene { settings: RenderSettings::default(), ..Scene::new(&volume, &function) };
    let blocks = Blocks::new(&volume, None);
    let studio = Studio::new(&scene, &blocks, &look, &camera, [pixels; 2]).unwrap();
    let mut film = Film::new([pixels; 2]).unwrap();
    let start = Instant::now();
    studio.trace(&mut film, paths, &Progress::new()).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let light: Vec<[f32; 3]> = film.means().iter().map(|&[r, g, b, c]| [r, g, b].map(|l| l + 1.0 - c)).collect();
    if let Some(out) = out.first() {
        let mut file = std::io::BufWriter::new(std::fs::File::create(out).unwrap());
        light.iter().flatten().for_each(|l| file.write_all(&l.to_le_bytes()).unwrap());
    }
    let albedo = fabrica_cinematic::scattering_albedo(function.at(500.0).0.into());
    println!("{{\"seconds\": [{seconds}], \"albedo\": {:?}}}", albedo.to_array());
}
