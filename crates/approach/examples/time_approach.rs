//! Times the accessibility map and a moving instrument's clearance in a synthetic 512³ case with five structures.
//!
//! Usage: `time_approach FOLDER [N]`. Writes the structures (PLY), the entries and our own answers (JSON) into the folder, so
//! that others can be asked the same.
#![allow(clippy::disallowed_methods, reason = "a benchmark's answers are its own")]

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use fabrica_approach::{
    Accessibility, EntryPoint, Library, Obstacle, Path, PlacedInstrument, Pose, Sweep, Thresholds, border,
};
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use fabrica_progress::Progress;
use fabrica_surface::{MeshFormat, write_mesh};
use fabrica_volume::{Rgb, Structure};
use glam::DVec3;

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().ok_or("which folder?")?);
    let side: usize = args.next().map_or(Ok(512), |n| n.parse())?;
    fs::create_dir_all(&folder)?;
    let progress = Progress::new();
    // 256 mm on each side.
    let spacing = 256.0 / side as f64;
    let grid = Grid::axis_aligned([side; 3], LpsPoint(DVec3::splat(-128.0 + spacing / 2.0)), [spacing; 3])?;
    let mut avoid = Vec::new();
    for n in 0..5u32 {
        // Vessels that wind around the target, 4 to 12 mm wide.
        let points: Vec<LpsPoint> = (0..60)
            .map(|s| {
                let t = f64::from(s) / 59.0;
                let turn = t * 4.5 + f64::from(n) * 1.3;
                let away = 22.0 + 9.0 * f64::from(n);
                LpsPoint::new(away * turn.cos(), away * turn.sin(), (t - 0.5) * 150.0)
            })
            .collect();
        let mask = Sweep::of_burr(&points, Mm(4.0 + 2.0 * f64::from(n)))?.mask(&grid);
        let name = format!("vessel {}", n + 1);
        let structure = Structure {
            name: name.clone(),
            colour: Rgb(200, 60, 60),
            mask,
            code: None,
            origin: "synthetic".into(),
            isovalue: None,
        };
        let mesh = border(&structure, None, &progress)?;
        let mut file = fs::File::create(folder.join(format!("vessel_{}.ply", n + 1)))?;
        write_mesh(&mesh, MeshFormat::Ply, "synthetic", &mut file)?;
        println!("{name}: {} triangles", mesh.triangles().len());
        avoid.push(Obstacle::new(&name, &mesh, Mm(0.1), Thresholds::default())?);
    }
    // 20,000 entries on a sphere of 110 mm around the target, by the golden angle.
    let target = LpsPoint::new(4.0, -3.0, 2.0);
    let entries: Vec<EntryPoint> = (0..20_000)
        .map(|n| {
            let z = 1.0 - (2.0 * f64::from(n) + 1.0) / 20_000.0;
            let (sin, cos) = (f64::from(n) * 2.399_963_23).sin_cos();
            let out = DVec3::new(cos * (1.0 - z * z).sqrt(), sin * (1.0 - z * z).sqrt(), z);
            EntryPoint { at: LpsPoint(out * 110.0), outwards: LpsVector(out) }
        })
        .collect();
    let corner = LpsPoint(DVec3::splat(114.0));
    let started = Instant::now();
    let ready = Accessibility::new(&avoid, (LpsPoint(-corner.0), corner), Mm(2.0), None, &progress)?;
    let set_up = started.elapsed().as_secs_f64();
    let mut seconds = Vec::new();
    let mut map = Vec::new();
    let before = cpu_seconds();
    for _ in 0..9 {
        let started = Instant::now();
        map = ready.map(&entries, target, Mm(1.0), &progress)?;
        seconds.push(started.elapsed().as_secs_f64());
    }
    let cpu = (cpu_seconds() - before) / seconds.len() as f64;
    seconds.sort_by(f64::total_cmp);
    // How far the map is from exact answers.
    let mut worst = 0f64;
    for (entry, access) in entries.iter().zip(&map).step_by(10).filter(|(_, a)| a.clearance.0 > 0.0) {
        let path = Path { entry: entry.at, target };
        let exact = avoid.iter().filter_map(|o| o.path_clearance(&path, Mm(1.0), Mm(500.0))).map(|c| c.distance.0);
        worst = worst.max((exact.fold(f64::INFINITY, f64::min) - access.clearance.0).abs());
    }
    // A drill that wanders among the vessels, each frame from the last.
    let library = Library::built_in()?;
    let drill = library.get("drill 3 mm")?;
    let mut frames = Vec::new();
    let mut before = vec![None; avoid.len()];
    for n in 0..600 {
        let t = f64::from(n) / 600.0 * 7.0;
        let tip = DVec3::new(40.0 * (1.3 * t).sin(), 40.0 * (0.9 * t).cos(), 50.0 * (0.7 * t).sin());
        let forward = LpsVector::new((0.5 * t).sin(), (0.4 * t).cos(), -0.6);
        let pose = Pose::new(LpsPoint(tip), forward, LpsVector::new(0.1, 0.2, 1.0))?;
        let started = Instant::now();
        let placed = PlacedInstrument::new(drill, &pose);
        for (obstacle, before) in avoid.iter().zip(&mut before) {
            *before = obstacle.clearance(&placed, Mm(100.0), before.as_ref());
        }
        frames.push(started.elapsed().as_secs_f64());
    }
    frames.sort_by(f64::total_cmp);
    let answers = serde_json::json!({
        "target": target.0.to_array(),
        "entries": entries.iter().map(|e| e.at.0.to_array()).collect::<Vec<_>>(),
        "clearance": map.iter().map(|a| a.clearance.0).collect::<Vec<_>>(),
        "radius": 1.0,
    });
    fs::write(folder.join("answers.json"), answers.to_string())?;
    println!(
        "set-up {set_up:.2} s; map of 20,000 entries: median {:.1} ms [{:.1}..{:.1}], CPU of all threads {:.0} ms; farthest from \
         exact {worst:.3} mm",
        seconds[4] * 1e3,
        seconds[0] * 1e3,
        seconds[8] * 1e3,
        cpu * 1e3
    );
    println!("moving drill, five structures: median {:.3} ms, 95 % {:.3} ms", frames[300] * 1e3, frames[570] * 1e3);
    println!("{{\"seconds\": [{}], \"frame\": {}}}", seconds[4], frames[300]);
    Ok(())
}

/// CPU time of all threads so far, where the system tells it (Linux, in hundredths of a second): what counts on a busy machine.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = |n: usize| stat.rsplit(')').next()?.split_whitespace().nth(n)?.parse::<f64>().ok();
    ticks(11).zip(ticks(12)).map_or(f64::NAN, |(user, system)| (user + system) / 100.0)
}
