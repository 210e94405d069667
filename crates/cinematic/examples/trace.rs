//! Traces a NIfTI CT (`.nii.gz`): `cargo run --release --example trace -- SCAN.nii.gz LOOK CAMERA SIDE SAMPLES OUT.png
//! [denoise]`
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "an example")]

#[path = "../../raycast/tests/support/mod.rs"]
mod support;

use std::time::Instant;

use fabrica_cinematic::{Blocks, Film, Look, Studio, denoise};
use fabrica_progress::Progress;
use fabrica_raycast::{Scene, View};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [scan, look, view, side, samples, out, more @ ..] = arguments.as_slice() else {
        panic!("SCAN.nii.gz LOOK CAMERA SIDE SAMPLES OUT.png [denoise]")
    };
    let volume = support::read_nifti(scan.as_ref());
    let side: u32 = side.parse().unwrap();
    let samples: u32 = samples.parse().unwrap();
    let look = match std::fs::read_to_string(look) {
        Ok(text) => Look::from_json(&text).unwrap(),
        Err(_) => Look::named(look).unwrap(),
    };
    let camera = view.parse::<View>().unwrap().camera(volume.grid().bounds(), [side, side]);
    let start = Instant::now();
    let function = look.preset.transfer_function(&volume).unwrap();
    let scene = Scene { settings: look.preset.settings(&volume), ..Scene::new(&volume, &function) };
    let blocks = Blocks::new(scene.volume, None);
    let prepared = start.elapsed();
    let studio = Studio::new(&scene, &blocks, &look, &camera, [side, side]).unwrap();
    println!(
        "blocks {:.3} s, studio {:.3} s, {:.1} % of the blocks empty",
        prepared.as_secs_f64(),
        (start.elapsed() - prepared).as_secs_f64(),
        100.0 * studio.majorants.empty_share()
    );
    let mut film = Film::new([side, side]).unwrap();
    let start = Instant::now();
    studio.trace(&mut film, samples, &Progress::new()).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let paths = f64::from(side) * f64::from(side) * f64::from(samples);
    println!(
        "{seconds:.2} s, {:.3} million paths/s, relative error {:.4}",
        paths / seconds / 1e6,
        film.relative_error().unwrap_or(f64::NAN)
    );
    let light = if more.is_empty() { film.means() } else { denoise(&film) };
    let image = look.development.develop([side, side], &light).unwrap();
    image.write_png(std::io::BufWriter::new(std::fs::File::create(out).unwrap()), &[("Look", &look.name)]).unwrap();
}
