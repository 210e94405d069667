//! `fabrica bench render`: how long frames take on this machine's graphics device.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_raycast::{
    Camera, Derived, LabelMap, LookTables, Preset, Projection, RenderMode, RenderSettings, Scene, Shown, StructureLook,
    Structures, TransferFunction, VoxelBox, Window, samples_per_ray,
};
use fabrica_volume::{Mask, Modality, Rgb, Samples, ValueUnit, Volume};
use fabrica_volume_rendering::OffscreenRenderer;

use crate::cli::BenchRenderArgs;
use crate::parse;
use crate::terminal::say;

/// Distance between the eyes.
const EYES_APART: f64 = 63.0;
/// Fragments that are cut loose.
const FRAGMENTS: usize = 20;
/// Pictures of this size count samples.
const COUNTING: [u32; 2] = [96, 96];

/// Runs the command.
pub fn run(args: &BenchRenderArgs) -> Result<()> {
    let size = parse::size(&args.size)?;
    if args.frames == 0 || !(16..=2048).contains(&args.side) {
        bail!("at least one frame, and a volume of 16 to 2048 voxels a side");
    }
    let mut gpu = OffscreenRenderer::new()?;
    say(format_args!("device: {}", gpu.adapter()));
    say(format_args!(
        "synthetic volume of {0}x{0}x{0} int16, two eyes of {1}x{2}, {3} frames each; milliseconds",
        args.side, size[0], size[1], args.frames
    ));
    let volume = Arc::new(synthetic(args.side)?);
    let bench = Bench { args, volume, size };
    bench.looks(&mut gpu)?;
    bench.fragments(&mut gpu)?;
    bench.edits(&mut gpu)
}

struct Bench<'a> {
    args: &'a BenchRenderArgs,
    volume: Arc<Volume>,
    size: [u32; 2],
}

impl Bench<'_> {
    /// The whole volume from outside and from inside, in each look.
    fn looks(&self, gpu: &mut OffscreenRenderer) -> Result<()> {
        let bone = Preset::named("ct-bone")?;
        let vessels = Preset::named("ct-vessels")?;
        let window = Window { centre: 400.0, width: 1600.0 };
        let mode = |mode| RenderSettings { mode, ..bone.settings(&self.volume) };
        let surface = RenderMode::Surface { value: 300.0, colour: Rgb(235, 222, 200) };
        for (look, preset, settings) in [
            ("volume ct-bone", &bone, bone.settings(&self.volume)),
            ("volume ct-vessels", &vessels, vessels.settings(&self.volume)),
            ("surface", &bone, mode(surface)),
            ("mip", &bone, mode(RenderMode::Mip(window))),
        ] {
            let function = preset.transfer_function(&self.volume)?;
            let scene = Scene { settings, ..Scene::new(&self.volume, &function) };
            self.measure(gpu, &format!("{look}, whole"), &scene, &eyes(false))?;
            self.measure(gpu, &format!("{look}, eye inside"), &scene, &eyes(true))?;
        }
        Ok(())
    }

    /// One structure, and the same voxels as many, each with a look of its own; then half of them hidden.
    fn fragments(&self, gpu: &mut OffscreenRenderer) -> Result<()> {
        let preset = Preset::named("ct-bone")?;
        let function = preset.transfer_function(&self.volume)?;
        let scene = Scene { settings: preset.settings(&self.volume), ..Scene::new(&self.volume, &function) };
        let masks = self.sectors(FRAGMENTS);
        let many: Vec<&Mask> = masks.iter().collect();
        let whole = self.sectors(1);
        for (name, masks, hidden) in [
            ("1 fragment", vec![&whole[0]], 0),
            ("20 fragments", many.clone(), 0),
            ("20 fragments, 10 hidden", many, 10),
        ] {
            let labels = LabelMap::new(self.volume.grid(), &masks)?;
            let looks: Vec<StructureLook> = (0..masks.len())
                .map(|n| StructureLook {
                    shown: if n < hidden { Shown::Hidden } else { Shown::Through(function.clone()) },
                    colour: Some(Rgb::palette(n)),
                    ..StructureLook::default()
                })
                .collect();
            let structures = Some(Structures { labels: &labels, looks: &looks });
            self.measure(gpu, name, &Scene { structures, ..scene }, &eyes(false))?;
        }
        Ok(())
    }

    /// How soon a dragged transfer function and an edited mask are in the skipping structure, on the processor.
    fn edits(&self, _gpu: &mut OffscreenRenderer) -> Result<()> {
        if !"edit transfer function mask".contains(&self.args.only) {
            return Ok(());
        }
        let preset = Preset::named("ct-bone")?;
        let function = preset.transfer_function(&self.volume)?;
        let masks = self.sectors(FRAGMENTS);
        let mut edited: Vec<Mask> = masks.clone();
        let refs: Vec<&Mask> = masks.iter().collect();
        let mut labels = LabelMap::new(self.volume.grid(), &refs)?;
        let looks = vec![StructureLook { colour: Some(Rgb(255, 0, 0)), ..StructureLook::default() }; FRAGMENTS];
        let scene = Scene { settings: preset.settings(&self.volume), ..Scene::new(&self.volume, &function) };
        let of = |labels: &LabelMap, function: &TransferFunction, derived: &Derived| {
            let scene = with_labels(Scene { function, ..scene }, labels, &looks);
            let start = Instant::now();
            let tables = LookTables::without_light(&scene, derived);
            (start.elapsed(), tables.occupancy.empty_share())
        };
        let mut derived = Derived::of(&with_labels(scene, &labels, &looks));
        let mut times: Vec<Duration> =
            (0..200).map(|n| of(&labels, &function.clone().shifted(f64::from(n)), &derived).0).collect();
        report("edit: a transfer function dragged", &mut times, "");
        let side = self.args.side;
        let mut times = Vec::new();
        let mut tables = LookTables::without_light(&with_labels(scene, &labels, &looks), &derived);
        for n in 0..200 {
            // A brush of 16 voxels along a diagonal.
            let first = [n % (side - 15); 3];
            let end = first.map(|f| f + 16);
            for k in first[2]..end[2] {
                for j in first[1]..end[1] {
                    for i in first[0]..end[0] {
                        edited[n % FRAGMENTS].set([i, j, k], true);
                    }
                }
            }
            let refs: Vec<&Mask> = edited.iter().collect();
            let within = VoxelBox { first, end };
            let start = Instant::now();
            labels.update(&refs, within)?;
            derived.follow_labels(&labels, within);
            tables.follow_labels(&with_labels(scene, &labels, &looks), &derived, &[within]);
            times.push(start.elapsed());
        }
        report("edit: a mask painted", &mut times, "");
        Ok(())
    }

    fn measure(&self, gpu: &mut OffscreenRenderer, name: &str, scene: &Scene<'_>, eyes: &[Camera]) -> Result<()> {
        if !name.contains(&self.args.only) {
            return Ok(());
        }
        let mut times = gpu.time_frames(&self.volume, scene, eyes, self.size, self.args.frames)?;
        let derived = Derived::of(scene);
        let tables = LookTables::without_light(scene, &derived);
        let count = samples_per_ray(scene, &derived, &tables, &eyes[0], COUNTING)?;
        let note = format!(
            "{:.0} of {:.0} samples per ray ({:.0} % skipped)",
            count.taken,
            count.all,
            100.0 * (1.0 - count.taken / count.all.max(1e-9))
        );
        report(name, &mut times, &note);
        Ok(())
    }

    /// Sectors about the long axis.
    fn sectors(&self, count: usize) -> Vec<Mask> {
        let grid = self.volume.grid();
        let [nx, ny, _] = grid.dims();
        (0..count)
            .map(|sector| {
                Mask::from_rows(grid.clone(), |j, _, words| {
                    let y = j as f64 - ny as f64 / 2.0;
                    for i in 0..nx {
                        let turn = y.atan2(i as f64 - nx as f64 / 2.0) / std::f64::consts::TAU + 0.5;
                        let inside = ((turn * count as f64) as usize).min(count - 1) == sector;
                        words[i / 64] |= u64::from(inside) << (i % 64);
                    }
                })
            })
            .collect()
    }
}

/// The scene with structures.
fn with_labels<'a>(scene: Scene<'a>, labels: &'a LabelMap, looks: &'a [StructureLook]) -> Scene<'a> {
    Scene { structures: Some(Structures { labels, looks }), ..scene }
}

/// Median, p99, p99.9 and the worst.
fn report(name: &str, times: &mut [Duration], note: &str) {
    times.sort_unstable();
    let at = |share: f64| {
        let index = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len().max(1)) - 1;
        times.get(index).map_or(0.0, |t| t.as_secs_f64() * 1e3)
    };
    say(format_args!(
        "{name:36} median {:9.2}  p99 {:9.2}  p99.9 {:9.2}  worst {:9.2}  {note}",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    ));
}

/// Two eyes before the volume, or in it.
fn eyes(inside: bool) -> [Camera; 2] {
    let distance = if inside { 40.0 } else { 650.0 };
    [-0.5, 0.5].map(|side| {
        let across = LpsVector::new(side * EYES_APART, 0.0, 0.0);
        let target = LpsPoint::new(0.0, 0.0, 0.0);
        Camera {
            eye: target + across + LpsVector::new(0.0, -distance, 30.0),
            target: target + across,
            up: LpsVector::new(0.0, 0.0, 1.0),
            projection: Projection::Perspective { vertical_fov: 1.7 },
        }
    })
}

/// Folded sheets of bone in soft tissue, in a ball 400 mm across.
fn synthetic(side: usize) -> Result<Volume> {
    let spacing = 400.0 / side as f64;
    let corner = -(side as f64 - 1.0) / 2.0 * spacing;
    let grid = Grid::axis_aligned([side; 3], LpsPoint::new(corner, corner, corner), [spacing; 3])?;
    let waves: Vec<(f32, f32)> = (0..side).map(|n| (13.0 * n as f32 / side as f32).sin_cos()).collect();
    let mut values = vec![0i16; grid.len()];
    for (index, value) in values.iter_mut().enumerate() {
        let [i, j, k] = [index % side, index / side % side, index / (side * side)];
        let folds = waves[i].0 * waves[j].1 + waves[j].0 * waves[k].1 + waves[k].0 * waves[i].1;
        let from_middle = [i, j, k].map(|n| n as f32 / side as f32 - 0.5);
        let radius = from_middle.iter().map(|x| x * x).sum::<f32>().sqrt();
        *value = (300.0 * folds + 2500.0 * (0.45 - radius)).clamp(-1000.0, 3000.0) as i16;
    }
    let mut volume = Volume::new(grid, Samples::I16(values), ValueUnit::Hounsfield)?;
    volume.provenance.modality = Modality::ct();
    volume.provenance.simulated = true;
    Ok(volume)
}
