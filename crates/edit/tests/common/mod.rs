//! A small synthetic scan, structures, and a case in memory.
#![allow(dead_code, reason = "not every test file uses all of it")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use fabrica_edit::{EditError, Masks, Source, Version, decode_mask, encode_mask};
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm, VoxelPoint};
use fabrica_plan::{Author, Base, Mode, Operation, Plan, Stroke, StrokePath, Tool};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Samples, ValueUnit, Volume};

/// Oblique, anisotropic, left-handed; wider than a block and than a word.
pub fn grid() -> Grid {
    let axes = [LpsVector::new(0.6, 0.8, 0.0), LpsVector::new(-0.8, 0.6, 0.0), LpsVector::new(0.0, 0.0, -1.0)];
    Grid::new([70, 40, 35], LpsPoint::new(1.0 / 3.0, -17.1, 123.4), axes, [0.7, 0.9, 1.6]).unwrap()
}

pub fn plain(dims: [usize; 3], spacing: [f64; 3]) -> Grid {
    Grid::axis_aligned(dims, LpsPoint::new(0.0, 0.0, 0.0), spacing).unwrap()
}

/// Numbers that look random and are the same everywhere.
pub fn hash(n: usize) -> usize {
    let mut x = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x >> 32) as usize
}

/// Two bright balls and a plate in noise.
pub fn scan(grid: &Grid) -> Volume {
    let dims = grid.dims();
    let values = (0..grid.len()).map(|index| {
        let p = grid.position(index);
        let near = |c: [f64; 3], r: f64| {
            (0..3).map(|a| ((p[a] as f64 - c[a] * dims[a] as f64) * grid.spacing()[a]).powi(2)).sum::<f64>() < r * r
        };
        let bright = near([0.3, 0.5, 0.5], 9.0) || near([0.7, 0.5, 0.5], 11.0) || p[2] == dims[2] / 4;
        let base = if bright { 300 } else { 0 };
        (base + hash(index) % 81) as i16 - 40
    });
    Volume::new(grid.clone(), Samples::I16(values.collect()), ValueUnit::Hounsfield).unwrap()
}

pub fn ball(grid: &Grid, middle: [f64; 3], radius: f64) -> Mask {
    Mask::from_fn(grid.clone(), |index| {
        let p = grid.position(index);
        (0..3).map(|a| ((p[a] as f64 - middle[a]) * grid.spacing()[a]).powi(2)).sum::<f64>() <= radius * radius
    })
}

pub fn at(grid: &Grid, i: f64, j: f64, k: f64) -> LpsPoint {
    grid.to_patient(VoxelPoint::new(i, j, k))
}

pub fn author(name: &str) -> Author {
    Author::new(name).unwrap()
}

/// A case in memory: structures `a`, `b`, `c` on one volume.
pub struct Memory {
    pub volume: Arc<Volume>,
    pub bases: BTreeMap<String, Mask>,
    pub stored: Mutex<BTreeMap<Version, Vec<u8>>>,
    pub reads: Mutex<usize>,
}

impl Memory {
    pub fn new() -> Self {
        let grid = grid();
        let bases = [("a", [20.0, 20.0, 17.0], 8.0), ("b", [35.0, 20.0, 17.0], 9.0), ("c", [50.0, 12.0, 20.0], 6.0)];
        Self {
            volume: Arc::new(scan(&grid)),
            bases: bases.map(|(name, middle, r)| (name.to_owned(), ball(&grid, middle, r))).into(),
            stored: Mutex::default(),
            reads: Mutex::default(),
        }
    }

    pub fn base_of(name: &str) -> Base {
        Base { id: format!("structure-{name}"), sha256: "0".repeat(63) + name, volume: "volume-1".into() }
    }

    /// A plan of this case.
    pub fn plan(&self) -> Plan {
        let mut plan = Plan::new();
        self.declare(&mut plan);
        plan
    }

    pub fn declare(&self, plan: &mut Plan) {
        plan.declare(self.bases.keys().cloned(), ["volume-1".to_owned()]);
    }

    /// Stores all masks that strokes have changed, as they are now.
    pub fn store(&self, masks: &mut Masks) {
        let edited: Vec<_> =
            masks.standings().iter().filter(|(_, s)| s.strokes > 0).map(|(n, s)| (n.clone(), s.version)).collect();
        for (name, version) in edited {
            let mask = masks.mask(&name, self, &Progress::new()).unwrap();
            self.stored.lock().unwrap().insert(version, encode_mask(&mask, version).unwrap());
        }
    }
}

impl Source for Memory {
    fn structures(&self) -> Vec<(String, Base)> {
        self.bases.keys().map(|name| (name.clone(), Self::base_of(name))).collect()
    }

    fn grid(&self, _: &str) -> Result<Grid, EditError> {
        Ok(self.volume.grid().clone())
    }

    fn base(&self, base: &Base, _: &Progress) -> Result<Mask, EditError> {
        *self.reads.lock().unwrap() += 1;
        let name = base.id.trim_start_matches("structure-");
        Ok(self.bases[name].clone())
    }

    fn volume(&self, _: &str, _: &Progress) -> Result<Arc<Volume>, EditError> {
        Ok(self.volume.clone())
    }

    fn has_stored(&self, version: Version) -> bool {
        self.stored.lock().unwrap().contains_key(&version)
    }

    fn stored(&self, version: Version, grid: &Grid) -> Option<Mask> {
        decode_mask(self.stored.lock().unwrap().get(&version)?, version, grid)
    }
}

pub fn brush(structure: &str, points: &[LpsPoint], radius: f64, mode: Mode) -> Stroke {
    let path = StrokePath::new(points.iter().copied()).unwrap();
    Stroke::new(structure, Tool::Brush { path, radius: Mm(radius), mode })
}

/// What one stroke makes of the case's structures.
pub fn after(memory: &Memory, stroke: Stroke) -> BTreeMap<String, Mask> {
    let mut plan = memory.plan();
    plan.apply(Operation::from(stroke), &author("anna")).unwrap();
    let (masks, refused) = all(memory, &plan);
    assert_eq!(refused, 0);
    masks
}

/// All masks that a plan makes, from scratch, and how many strokes changed nothing.
pub fn all(memory: &Memory, plan: &Plan) -> (BTreeMap<String, Mask>, usize) {
    let mut masks = Masks::new();
    let progress = Progress::new();
    masks.bring_to(&plan.program(), memory, &progress).unwrap();
    let names: Vec<_> = masks.standings().keys().cloned().collect();
    let found = names
        .into_iter()
        .map(|name| {
            let mask = masks.mask(&name, memory, &progress).unwrap().as_ref().clone();
            (name, mask)
        })
        .collect();
    (found, masks.refused().len())
}
