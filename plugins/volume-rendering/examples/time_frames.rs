//! Times frames of a raw volume on the graphics device for `benches/bench_render.py`: `time_frames JOB.json`, prints one JSON
//! line. The device may be llvmpipe, in software.
//!
//! The job gives the samples (`raw`, int16, i fastest; `side`, 1 mm voxels about the origin), the picture (`size`, `eye`,
//! `target`, `up`, `height` in mm, orthographic), the transfer function (`points`: value, #rrggbb, opacity per mm), the
//! step in voxels, how often, and where the picture goes.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an example")]

use std::sync::Arc;

use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use fabrica_raycast::{Camera, ControlPoint, Lighting, Projection, RenderSettings, Scene, TransferFunction};
use fabrica_volume::{Rgb, Samples, ValueUnit, Volume};
use fabrica_volume_rendering::OffscreenRenderer;
use serde::Deserialize;

#[derive(Deserialize)]
struct Job {
    raw: String,
    side: usize,
    size: [u32; 2],
    eye: [f64; 3],
    target: [f64; 3],
    up: [f64; 3],
    height: f64,
    points: Vec<(f64, [u8; 3], f64)>,
    step: f64,
    times: usize,
    png: String,
}

/// What this process has worked, in seconds: user and system time of all its threads (Linux counts in 1/100 s).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn main() {
    let job: Job = serde_json::from_str(&std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap()).unwrap();
    let corner = -(job.side as f64 - 1.0) / 2.0;
    let grid = Grid::axis_aligned([job.side; 3], LpsPoint::new(corner, corner, corner), [1.0; 3]).unwrap();
    let bytes = std::fs::read(&job.raw).unwrap();
    let values = bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    let volume = Arc::new(Volume::new(grid, Samples::I16(values), ValueUnit::Hounsfield).unwrap());
    let points =
        job.points.iter().map(|&(value, [r, g, b], opacity)| ControlPoint { value, colour: Rgb(r, g, b), opacity });
    let function = TransferFunction::new(points.collect(), Mm(1.0)).unwrap();
    let [eye, target] = [job.eye, job.target].map(|p| LpsPoint::new(p[0], p[1], p[2]));
    let up = LpsVector::new(job.up[0], job.up[1], job.up[2]);
    let camera = Camera { eye, target, up, projection: Projection::Orthographic { height: Mm(job.height) } };
    // As VTK shades: everywhere, without highlight.
    let lighting = Lighting { ambient: 0.2, diffuse: 0.8, specular: 0.0, gradient: [0.0, 0.0], ..Lighting::default() };
    let settings = RenderSettings { lighting: Some(lighting), step_voxels: job.step, ..RenderSettings::default() };
    let scene = Scene { settings, ..Scene::new(&volume, &function) };
    let mut gpu = OffscreenRenderer::new().unwrap();
    let picture = gpu.render_scene(&volume, &scene, &camera, job.size).unwrap();
    picture.write_png(std::fs::File::create(&job.png).unwrap(), &[("Data", "SYNTHETIC")]).unwrap();
    let before = cpu_seconds();
    let frames = gpu.time_frames(&volume, &scene, &[camera], job.size, job.times).unwrap();
    // The frame that warms up is drawn whole, and not counted in the seconds.
    let worked = (cpu_seconds() - before) / (job.times + 1) as f64;
    let seconds: Vec<f64> = frames.iter().map(std::time::Duration::as_secs_f64).collect();
    println!("{}", serde_json::json!({ "seconds": seconds, "cpu_seconds": [worked], "adapter": gpu.adapter() }));
}
