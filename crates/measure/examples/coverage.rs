//! How often the stated 95 % intervals hold the truth, and how large the errors are without any error of segmentation
//! or hand: on synthetic scans of solids of known shape. Prints a table.
//!
//! `cargo run --release -p fabrica-measure --example coverage -- [TRIALS]`
#![allow(clippy::print_stdout, reason = "it prints a table")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::collections::BTreeMap;

use common::experiments::{BORDERS, Experiment, Outcome, POINTS, Unsure, VALUES};
use common::{Random, Told};
use rayon::prelude::*;

fn main() {
    let trials: u64 = std::env::args().nth(1).and_then(|t| t.parse().ok()).unwrap_or(1000);
    let only = std::env::args().nth(2);
    let wanted = |name: &str| only.as_deref().is_none_or(|o| name.contains(o));
    println!("{trials} trials each; errors in voxels (angles, areas, volumes: in what a voxel makes of them)");
    println!(
        "| measurement | told by | coverage | with no error of hand or segmentation: coverage | bias | rms | p95 | greatest |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let row = |name: &str, by: &str, told: Told, experiment: Experiment| {
        if !wanted(name) {
            return;
        }
        let unsure = run(experiment, told, Unsure { segmentation: 0.4, hand: 0.5 }, trials);
        let sure = run(experiment, told, Unsure { segmentation: 0.0, hand: 0.0 }, trials);
        for (name, with) in &unsure {
            let Some(without) = sure.get(name) else { continue };
            let errors = errors(without);
            println!(
                "| {name} | {by} | {:.1} % | {:.1} % | {:+.3} | {:.3} | {:.3} | {:.3} |",
                100.0 * held(with),
                100.0 * held(without),
                without.iter().map(|o| (o.value - o.truth) / o.voxel).sum::<f64>() / without.len() as f64,
                (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt(),
                errors[errors.len() * 95 / 100],
                errors[errors.len() - 1],
            );
        }
    };
    for (name, experiment) in POINTS {
        row(name, "points", Told::ByMask, experiment);
    }
    for (name, experiment) in BORDERS {
        row(name, "mask", Told::ByMask, experiment);
        row(name, "scan", Told::ByImage, experiment);
    }
    for (name, experiment) in VALUES {
        row(name, "scan", Told::ByImage, experiment);
    }
}

fn run(experiment: Experiment, told: Told, unsure: Unsure, trials: u64) -> BTreeMap<&'static str, Vec<Outcome>> {
    let all: Vec<_> =
        (0..trials).into_par_iter().map(|seed| experiment(&mut Random::new(seed), unsure, told)).collect();
    let mut by_name: BTreeMap<&'static str, Vec<Outcome>> = BTreeMap::new();
    for (name, outcome) in all.into_iter().flatten() {
        by_name.entry(name).or_default().push(outcome);
    }
    by_name
}

fn held(outcomes: &[Outcome]) -> f64 {
    outcomes.iter().filter(|o| (o.value - o.truth).abs() <= o.half_width).count() as f64 / outcomes.len() as f64
}

fn errors(outcomes: &[Outcome]) -> Vec<f64> {
    let mut errors: Vec<f64> = outcomes.iter().map(|o| ((o.value - o.truth) / o.voxel).abs()).collect();
    errors.sort_by(f64::total_cmp);
    errors
}
