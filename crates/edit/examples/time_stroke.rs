//! Times all that follows a movement of the brush before a new picture can be drawn: `time_stroke N RADIUS_MM [FRAMES]`.
//!
//! The volume is N³ voxels of 0.7 mm with shells in noise; the structure with a look of its own is the shells, of which the
//! brush takes away. Timed are the steps that the app's tasks take, on this thread one after the other:
//! paint (the stroke into masks, and the copy that the scene gets), surface (comparing masks, blocks of the surface, their
//! vertices and normals as a mesh for the device), picture (comparing masks, labels, block sets, the distance map, and the
//! texels for the device). In the app surface and picture go on side by side. What a device does with it, and up to three
//! frames of waiting between tasks, is not in it. Prints the least, the median and the worst of each.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use fabrica_edit::{Brush, EditError, EditSession, Masks, Source, changed_blocks};
use fabrica_geometry::{Grid, Mm, VoxelPoint};
use fabrica_plan::{Base, Limits, Mode, Overwrite, Plan};
use fabrica_progress::Progress;
use fabrica_raycast::{Derived, LabelMap, LookTables, Preset, Scene, StructureLook, Structures, VoxelBox};
use fabrica_surface::BlockSurface;
use fabrica_volume::{Mask, Rgb, Samples, ValueUnit, Volume};

struct Case {
    volume: Arc<Volume>,
    mask: Mask,
}

impl Source for Case {
    fn structures(&self) -> Vec<(String, Base)> {
        let base = Base { id: "bone".into(), sha256: "0".repeat(64), volume: "volume-1".into() };
        vec![("bone".to_owned(), base)]
    }
    fn grid(&self, _: &str) -> Result<Grid, EditError> {
        Ok(self.volume.grid().clone())
    }
    fn base(&self, _: &Base, _: &Progress) -> Result<Mask, EditError> {
        Ok(self.mask.clone())
    }
    fn volume(&self, _: &str, _: &Progress) -> Result<Arc<Volume>, EditError> {
        Ok(self.volume.clone())
    }
}

fn synthetic(n: usize) -> Vec<i16> {
    let value = |index: usize| {
        let [i, j, k] = [index % n, index / n % n, index / n / n];
        let from_middle = |x: usize| (x % 64) as i64 - 32;
        let square = from_middle(i).pow(2) + from_middle(j).pow(2) + from_middle(k).pow(2);
        let shell = (15i64.pow(2)..=34i64.pow(2)).contains(&square);
        let hash = (i * 73_856_093) ^ (j * 19_349_663) ^ (k * 83_492_791);
        i16::from(shell) * 1000 + (hash % 201) as i16 - 100
    };
    (0..n * n * n).map(value).collect()
}

fn with<'a>(bare: &Scene<'a>, labels: &'a LabelMap, looks: &'a [StructureLook]) -> Scene<'a> {
    Scene { structures: Some(Structures { labels, looks }), ..*bare }
}

/// The steps' times, a list each, milliseconds.
struct Times(Vec<(&'static str, Vec<f64>)>);

impl Times {
    fn add(&mut self, what: &'static str, since: &mut Instant) {
        let now = Instant::now();
        let taken = (now - *since).as_secs_f64() * 1000.0;
        *since = now;
        match self.0.iter_mut().find(|(name, _)| *name == what) {
            Some((_, times)) => times.push(taken),
            None => self.0.push((what, vec![taken])),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (n, radius): (usize, f64) = match arguments.as_slice() {
        [n, radius, ..] => (n.parse()?, radius.parse()?),
        _ => return Err("usage: time_stroke N RADIUS_MM [FRAMES]".into()),
    };
    let frames: u32 = arguments.get(2).map_or(Ok(60), |f| f.parse())?;
    let progress = Progress::new();
    let grid = Grid::axis_aligned([n; 3], fabrica_geometry::LpsPoint::new(0.0, 0.0, 0.0), [0.7; 3])?;
    let volume = Arc::new(Volume::new(grid.clone(), Samples::I16(synthetic(n)), ValueUnit::Hounsfield)?);
    let mask = fabrica_segment::threshold(&volume, 500.0, 2000.0, &progress)?;
    let case = Case { volume: volume.clone(), mask: mask.clone() };

    // What the scene has before the stroke.
    let preset = Preset::named("ct-bone")?;
    let function = preset.transfer_function(&volume)?;
    let looks = [StructureLook { colour: Some(Rgb(255, 200, 120)), ..StructureLook::default() }];
    let mut labels = LabelMap::new(&grid, &[&mask])?;
    let bare = Scene { settings: preset.settings(&volume), ..Scene::new(&volume, &function) };
    let mut derived = Derived::of(&with(&bare, &labels, &looks));
    let mut tables = LookTables::without_light(&with(&bare, &labels, &looks), &derived);
    let mut blocks = BlockSurface::new(&mask, None, &progress)?;
    let mut shown = Arc::new(mask);

    let mut masks = Masks::new();
    masks.bring_to(&Plan::new().program(), &case, &progress)?;
    let brush = Brush {
        structure: "bone".into(),
        radius: Mm(radius),
        mode: Mode::Erase,
        limits: Limits::default(),
        overwrite: Overwrite::None,
    };
    let mut session = EditSession::begin(brush, &mut masks, &case, &progress)?;
    let mut times = Times(Vec::new());
    let mut bytes = 0;
    for frame in 0..frames {
        let (angle, side) = (f64::from(frame) * 0.05, n as f64);
        let at = VoxelPoint::new(side * (0.5 + 0.3 * angle.cos()), side * (0.5 + 0.3 * angle.sin()), side * 0.45);
        let mut clock = Instant::now();
        let begun = clock;
        session.move_to(grid.to_patient(at))?;
        times.add("paint", &mut clock);
        let Some(now) = session.mask("bone").map(|mask| Arc::new(mask.as_ref().clone())) else { continue };
        times.add("paint: copied for the scene", &mut clock);

        let dirty = changed_blocks(&shown, &now).ok_or("another grid")?;
        times.add("surface: compared", &mut clock);
        let changed = blocks.update(&now, None, &dirty, &progress)?;
        times.add("surface: blocks", &mut clock);
        for at in changed {
            let Some(block) = blocks.block(at) else { continue };
            let positions: Vec<[f32; 3]> =
                block.vertices().iter().map(|&[x, y, z]| [x, z, -y].map(|c| c * 1e-3)).collect();
            let normals: Vec<[f32; 3]> = block.vertex_normals().into_iter().map(|[x, y, z]| [x, z, -y]).collect();
            let indices: Vec<u32> = block.triangles().as_flattened().to_vec();
            bytes += positions.len() * 24 + normals.len() + indices.len() * 4;
        }
        times.add("surface: meshes", &mut clock);
        let mut of_surface = begun;
        times.add("in all, until the surface can be sent", &mut of_surface);

        let mut clock = Instant::now();
        let changes = LabelMap::changes(&[&shown], &[&now]).ok_or("another grid")?;
        let within = VoxelBox::of_blocks(&changes, grid.dims());
        times.add("picture: compared", &mut clock);
        for &part in &within {
            labels.update(&[&now], part)?;
            derived.follow_labels(&labels, part);
        }
        times.add("picture: labels", &mut clock);
        tables.follow_labels(&with(&bare, &labels, &looks), &derived, &within);
        times.add("picture: tables", &mut clock);
        bytes += within.iter().map(|&part| labels.within(part).len() * 2).sum::<usize>();
        times.add("picture: texels", &mut clock);
        shown = now;
    }
    println!(
        "{n}³, brush of {radius} mm radius, {frames} movements, {:.0} kB a movement for the device",
        bytes as f64 / 1e3 / f64::from(frames)
    );
    for (what, mut taken) in times.0 {
        taken.sort_by(f64::total_cmp);
        let at = |n: usize| taken.get(n).copied().unwrap_or_default();
        let (least, middle, worst) = (at(0), at(taken.len() / 2), at(taken.len().saturating_sub(1)));
        println!("{what:40} {least:7.2} {middle:7.2} {worst:7.2} ms");
    }
    Ok(())
}
