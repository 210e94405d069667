//! Times edits on a synthetic volume: `time_edit OPERATION N RUNS`.
//!
//! The volume is N³ voxels of 0.7 mm: shells of 1000 in noise, as `int16`, made by the same integer arithmetic as in
//! `benches/bench_edit.py`. Prints one JSON line with the seconds of each run (of each movement, for a brush).
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use fabrica_edit::{Brush, EditError, EditSession, Growing, Masks, Source, grow_preview};
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm, VoxelPoint};
use fabrica_plan::{Author, Base, Limits, Mode, Overwrite, Plan, Shape, Smoothing, Stroke, StrokePath, Tool};
use fabrica_progress::Progress;
use fabrica_surface::BlockSurface;
use fabrica_volume::{Mask, Samples, ValueUnit, Volume};

fn synthetic(n: usize) -> Vec<i16> {
    let mut values = Vec::with_capacity(n * n * n);
    for k in 0..n {
        for j in 0..n {
            for i in 0..n {
                let from_middle = |x: usize| (x % 64) as i64 - 32;
                let square = from_middle(i).pow(2) + from_middle(j).pow(2) + from_middle(k).pow(2);
                let shell = (15i64.pow(2)..=34i64.pow(2)).contains(&square);
                let hash = (i * 73_856_093) ^ (j * 19_349_663) ^ (k * 83_492_791);
                values.push(if shell { 1000 } else { 0 } + (hash % 201) as i16 - 100);
            }
        }
    }
    values
}

struct Scene {
    volume: Arc<Volume>,
    mask: Mask,
    seeds: [Mask; 2],
}

fn base(id: &str) -> Base {
    Base { id: id.into(), sha256: "0".repeat(64), volume: "volume-1".into() }
}

impl Source for Scene {
    fn structures(&self) -> Vec<(String, Base)> {
        ["mask", "inner", "outer"].map(|n| (n.to_owned(), base(n))).into()
    }
    fn grid(&self, _: &str) -> Result<Grid, EditError> {
        Ok(self.volume.grid().clone())
    }
    fn base(&self, base: &Base, _: &Progress) -> Result<Mask, EditError> {
        Ok(match base.id.as_str() {
            "mask" => self.mask.clone(),
            "inner" => self.seeds[0].clone(),
            _ => self.seeds[1].clone(),
        })
    }
    fn volume(&self, _: &str, _: &Progress) -> Result<Arc<Volume>, EditError> {
        Ok(self.volume.clone())
    }
}

fn at(grid: &Grid, i: f64, j: f64, k: f64) -> LpsPoint {
    grid.to_patient(VoxelPoint::new(i, j, k))
}

/// A brush that goes round in the volume, a few voxels a frame; the seconds of each movement, with the surface if asked.
fn brush(scene: &Scene, radius: f64, surface: bool) -> Result<Vec<f64>, Box<dyn Error>> {
    let progress = Progress::new();
    let mut masks = Masks::new();
    masks.bring_to(&Plan::new().program(), scene, &progress)?;
    let brush = Brush {
        structure: "mask".into(),
        radius: Mm(radius),
        mode: Mode::Add,
        limits: Limits::default(),
        overwrite: Overwrite::None,
    };
    let mut session = EditSession::begin(brush, &mut masks, scene, &progress)?;
    let mut blocks = surface.then(|| BlockSurface::new(&scene.mask, None, &progress)).transpose()?;
    let n = scene.mask.grid().dims()[0] as f64;
    let mut seconds = Vec::new();
    for frame in 0..200 {
        let angle = f64::from(frame) * 0.05;
        let (i, j, k) =
            (n * (0.5 + 0.3 * angle.cos()), n * (0.5 + 0.3 * angle.sin()), n * (0.3 + 0.002 * f64::from(frame)));
        let to = at(scene.mask.grid(), i, j, k);
        let start = Instant::now();
        let changed = session.move_to(to)?;
        match (&mut blocks, changed.get("mask"), session.mask("mask")) {
            (Some(blocks), Some(dirty), Some(mask)) => {
                let start = Instant::now();
                blocks.update(mask, None, dirty, &progress)?;
                seconds.push(start.elapsed().as_secs_f64());
            }
            (Some(_), ..) => {}
            (None, ..) => seconds.push(start.elapsed().as_secs_f64()),
        }
    }
    Ok(seconds)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [operation, n, runs] = arguments.as_slice() else { return Err("usage: time_edit OPERATION N RUNS".into()) };
    let (n, runs): (usize, usize) = (n.parse()?, runs.parse()?);
    let progress = Progress::new();
    let grid = Grid::axis_aligned([n; 3], LpsPoint::new(0.0, 0.0, 0.0), [0.7; 3])?;
    let volume = Volume::new(grid.clone(), Samples::I16(synthetic(n)), ValueUnit::Hounsfield)?;
    let mask = fabrica_segment::threshold(&volume, 500.0, 2000.0, &progress)?;
    let cube = |low: usize| {
        let inside = move |x: usize| (low..low + 6).contains(&x);
        Mask::from_fn(grid.clone(), |index| grid.position(index).into_iter().all(|x| inside(x % 64)))
    };
    let scene = Scene { volume: Arc::new(volume), mask, seeds: [cube(29), cube(45)] };
    let with = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let corner = |i: f64, j: f64| at(&grid, i * n as f64, j * n as f64, 0.0);
    let outline = StrokePath::new((0..100).map(|c| {
        let angle = f64::from(c) / 100.0 * std::f64::consts::TAU;
        corner(0.5 + 0.4 * angle.cos(), 0.5 + 0.3 * angle.sin())
    }))?;
    let cut = |shape| Tool::Cut { shape, inside: true, mode: Mode::Erase };
    let along = LpsVector::new(0.1, 0.2, 1.0);
    let eye = at(&grid, n as f64 / 2.0, n as f64 / 2.0, -2.0 * n as f64);
    let tool = match operation.as_str() {
        "median" => Tool::Smooth(Smoothing::Median { radius: Mm(2.1) }),
        "opening" => Tool::Smooth(Smoothing::Opening { radius: Mm(2.1) }),
        "closing" => Tool::Smooth(Smoothing::Closing { radius: Mm(2.1) }),
        "gaussian" => Tool::Smooth(Smoothing::Gaussian { sigma: Mm(1.4) }),
        "margin" => Tool::Margin { by: Mm(2.1) },
        "jointly" => Tool::SmoothJointly { with: with(&["inner", "outer"]), sigma: Mm(1.4) },
        "growing" => Tool::GrowFromSeeds { with: with(&["inner"]), per_mm: 1.0, margin: None },
        "scissors" => cut(Shape::Prism { outline, along, thickness: None }),
        "perspective" => cut(Shape::Cone { outline, eye, along: LpsVector::new(0.0, 0.0, 1.0) }),
        _ => Tool::Margin { by: Mm(0.0) },
    };
    let mut seconds = Vec::new();
    match operation.as_str() {
        "brush" => seconds = brush(&scene, 10.0, false)?,
        "brush40" => seconds = brush(&scene, 20.0, false)?,
        "surface" => seconds = brush(&scene, 10.0, true)?,
        "preview" => {
            for _ in 0..runs {
                let start = Instant::now();
                let how = Growing { per_mm: 1.0, margin: None };
                grow_preview(&scene.volume, &[&scene.seeds[1], &scene.seeds[0]], how, 4, &progress)?;
                seconds.push(start.elapsed().as_secs_f64());
            }
        }
        "undo" => {
            // Of a stroke before two of a colleague's.
            let (anna, ben) = (Author::new("Anna")?, Author::new("Ben")?);
            let mut plan = Plan::new();
            let mut masks = Masks::new();
            for (by, x) in [(&anna, 0.3), (&ben, 0.4), (&ben, 0.5)] {
                let path = StrokePath::new([corner(x, x), corner(x + 0.1, x)])?;
                plan.apply(Stroke::new("mask", Tool::Brush { path, radius: Mm(10.0), mode: Mode::Add }).into(), by)?;
            }
            masks.bring_to(&plan.program(), &scene, &progress)?;
            for _ in 0..runs {
                plan.undo(&anna)?;
                let start = Instant::now();
                masks.bring_to(&plan.program(), &scene, &progress)?;
                seconds.push(start.elapsed().as_secs_f64());
                plan.redo(&anna)?;
                masks.bring_to(&plan.program(), &scene, &progress)?;
            }
        }
        _ => {
            let name = if operation == "growing" { "outer" } else { "mask" };
            for _ in 0..runs {
                let mut masks = Masks::new();
                masks.bring_to(&Plan::new().program(), &scene, &progress)?;
                let stroke = Stroke::new(name, tool.clone());
                let start = Instant::now();
                masks.try_out(&stroke, &scene, &progress)?;
                seconds.push(start.elapsed().as_secs_f64());
            }
        }
    }
    println!("{{\"name\": \"{operation} {n}\", \"seconds\": {seconds:?}}}");
    Ok(())
}
