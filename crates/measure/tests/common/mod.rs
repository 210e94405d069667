//! Synthetic scans of solids whose measures are known exactly, at random places, orientations and spacings, and one
//! experiment for each kind of measurement.
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

pub mod experiments;

use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm, VoxelPoint};
use fabrica_measure::{Border, Settings};
use fabrica_phantom::Solid;
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Rgb, Samples, Structure, ValueUnit, Volume};
use glam::{DMat3, DQuat, DVec3};

/// Numbers that look random and depend on the seed alone (SplitMix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0xD134_2543_DE82_EF95) ^ 0x5851_F42D_4C95_7F2D);
        random.bits();
        random
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Box and Muller.
    pub fn gaussian(&mut self) -> f64 {
        let u = 1.0 - self.between(0.0, 1.0);
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * self.between(0.0, 1.0)).cos()
    }

    pub fn direction(&mut self) -> DVec3 {
        DVec3::new(self.gaussian(), self.gaussian(), self.gaussian()).normalize()
    }

    pub fn vector(&mut self, sd: f64) -> DVec3 {
        DVec3::new(self.gaussian(), self.gaussian(), self.gaussian()) * sd
    }

    pub fn rotation(&mut self) -> DMat3 {
        DMat3::from_quat(
            DQuat::from_xyzw(self.gaussian(), self.gaussian(), self.gaussian(), self.gaussian()).normalize(),
        )
    }

    pub fn within(&mut self, half: f64) -> DVec3 {
        DVec3::new(self.between(-half, half), self.between(-half, half), self.between(-half, half))
    }
}

/// Voxels of 0.5 to 1.2 mm within slices, 0.6 to 2 mm between: up to 4 to 1.
pub fn spacing(random: &mut Random) -> [f64; 3] {
    let pixel = random.between(0.5, 1.2);
    [pixel, pixel, random.between(0.6, 2.0)]
}

/// A grid of any orientation, left- or right-handed, that covers a ball about a random point near the origin.
pub fn grid(random: &mut Random, spacing: [f64; 3], centre: DVec3, radius: f64) -> Grid {
    let mut axes = random.rotation();
    if random.between(0.0, 1.0) < 0.5 {
        axes.z_axis = -axes.z_axis;
    }
    let dims = spacing.map(|s| (2.0 * (radius / s + 3.0)).ceil() as usize);
    let shift = DVec3::from_array(spacing) * random.within(0.5);
    let half = DVec3::from_array(std::array::from_fn(|a| (dims[a] as f64 - 1.0) / 2.0 * spacing[a]));
    let origin = centre - axes * half + shift;
    Grid::new(dims, LpsPoint(origin), [axes.x_axis, axes.y_axis, axes.z_axis].map(LpsVector), spacing).unwrap()
}

/// The voxels whose centre lies in a solid.
pub fn mask(solid: &Solid, grid: &Grid) -> Mask {
    let to_patient = grid.voxel_to_patient();
    Mask::from_fn(grid.clone(), |n| {
        let [i, j, k] = grid.position(n);
        solid.contains(to_patient.transform_point3(DVec3::new(i as f64, j as f64, k as f64)))
    })
}

/// A CT: each voxel the mean over its box of the first solid's value that holds it, else the background's; with white
/// noise.
pub fn image(random: &mut Random, parts: &[(&Solid, f64)], background: f64, noise: f64, grid: &Grid) -> Volume {
    const FINE: usize = 5;
    let to_patient = grid.voxel_to_patient();
    let reach = DVec3::from_array(grid.spacing()).length() / 2.0;
    let at = |p: DVec3| parts.iter().find(|(s, _)| s.contains(p)).map_or(background, |(_, v)| *v);
    let samples = (0..grid.len())
        .map(|n| {
            let [i, j, k] = grid.position(n);
            let centre = DVec3::new(i as f64, j as f64, k as f64);
            let here = to_patient.transform_point3(centre);
            let crossed = parts.iter().any(|(s, _)| s.within(here, reach).abs() < reach);
            let mut value = if crossed {
                let step = |n: usize| (n as f64 + 0.5) / FINE as f64 - 0.5;
                let mut sum = 0.0;
                for c in 0..FINE {
                    for b in 0..FINE {
                        for a in 0..FINE {
                            sum += at(to_patient.transform_point3(centre + DVec3::new(step(a), step(b), step(c))));
                        }
                    }
                }
                sum / (FINE * FINE * FINE) as f64
            } else {
                at(here)
            };
            if noise > 0.0 {
                value += noise * random.gaussian();
            }
            value.round() as i16
        })
        .collect();
    Volume::new(grid.clone(), Samples::I16(samples), ValueUnit::Hounsfield).unwrap()
}

pub fn structure(mask: Mask, isovalue: Option<f64>) -> Structure {
    Structure { name: "solid".into(), colour: Rgb(0, 0, 0), mask, code: None, origin: "synthetic".into(), isovalue }
}

/// How a border is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// By the voxels' centres alone.
    ByMask,
    /// By a noisy scan with partial volume, at the middle between both materials.
    ByImage,
}

/// A solid's border as it is found in a scan of it that was segmented too far out by `offset`.
pub fn border(random: &mut Random, solid: &Solid, offset: f64, told: Told, grid: &Grid, settings: &Settings) -> Border {
    let moved = solid.offset(offset);
    let progress = Progress::new();
    match told {
        Told::ByMask => Border::of(&structure(mask(&moved, grid), None), None, settings, &progress),
        Told::ByImage => {
            let volume = image(random, &[(&moved, 300.0)], 40.0, 20.0, grid);
            let level = 170.0;
            // What a threshold finds, less the noise's specks.
            let near = moved.offset(grid.finest_spacing().0 * 2.0);
            let to_patient = grid.voxel_to_patient();
            let found = Mask::from_fn(grid.clone(), |n| {
                let [i, j, k] = grid.position(n);
                volume.samples().get(n) >= level
                    && near.contains(to_patient.transform_point3(DVec3::new(i as f64, j as f64, k as f64)))
            });
            Border::of(&structure(found, Some(level)), Some(&volume), settings, &progress)
        }
    }
    .unwrap()
}

/// Where a hand that means `at` puts its point: with its own error, on a voxel's centre.
pub fn picked(random: &mut Random, at: LpsPoint, grid: &Grid, settings: &Settings) -> LpsPoint {
    let meant = at + LpsVector(random.vector(settings.repeatability.0));
    grid.to_patient(VoxelPoint(grid.to_voxel(meant).0.round()))
}

pub fn settings(segmentation: f64, repeatability: f64) -> Settings {
    Settings { segmentation: Some(Mm(segmentation)), repeatability: Mm(repeatability), registration: None }
}

/// The geometric mean of a grid's spacings.
pub fn voxel(grid: &Grid) -> f64 {
    grid.voxel_volume().0.cbrt()
}
