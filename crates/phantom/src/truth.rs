//! What is known exactly about the patient.

use std::sync::atomic::{AtomicUsize, Ordering};

use fabrica_geometry::{LpsPoint, Mm, Mm3};
use fabrica_progress::Progress;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::body::{Ball, Landmark, Tree};
use crate::{Body, Organ, PhantomError, PhantomOptions, measure};

/// The schema of [`Truth`] as JSON.
pub const TRUTH_SCHEMA: u32 = 1;

/// What is known about the synthetic patient, independent of any sampling grid. Millimetres, LPS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// [`TRUTH_SCHEMA`].
    pub schema: u32,
    /// Always true.
    pub simulated: bool,
    /// The options that it was built from.
    pub options: PhantomOptions,
    /// Organs with their volumes and centroids.
    pub organs: Vec<OrganTruth>,
    /// Tumour and stones.
    pub findings: Vec<Ball>,
    /// Vessels and airways, piece by piece.
    pub trees: Vec<Tree>,
    /// The summed centreline length of each tree.
    pub tree_lengths: Vec<TreeLength>,
    /// Named positions.
    pub landmarks: Vec<Landmark>,
    /// Distances worth measuring.
    pub distances: Vec<Distance>,
}

/// How a volume is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// From a closed form.
    ClosedForm,
    /// By subdividing space; the error is stated.
    Subdivision,
}

/// An organ's exact extent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrganTruth {
    /// The organ's name, as the structure's.
    pub name: String,
    /// Its volume.
    pub volume: Mm3,
    /// Three standard errors of the volume; 0 for a closed form.
    pub volume_error: Mm3,
    /// How the volume is known.
    pub method: Method,
    /// Its centre of volume.
    pub centroid: LpsPoint,
}

/// A tree's size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TreeLength {
    /// The tree's name.
    pub name: String,
    /// The sum of its pieces' lengths.
    pub length: Mm,
    /// The number of pieces.
    pub branches: usize,
}

/// A distance between two things.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distance {
    /// From what.
    pub from: String,
    /// To what.
    pub to: String,
    /// How far.
    pub distance: Mm,
}

impl Truth {
    /// The organ of this name.
    pub fn organ(&self, name: &str) -> Option<&OrganTruth> {
        self.organs.iter().find(|o| o.name == name)
    }

    /// The tumour or stone of this name.
    pub fn finding(&self, name: &str) -> Option<&Ball> {
        self.findings.iter().find(|b| b.name == name)
    }

    /// The straight distance between two landmarks, if both are known.
    pub fn between(&self, from: &str, to: &str) -> Option<Mm> {
        let at = |name| self.landmarks.iter().find(|l| l.name == name).map(|l| l.position);
        Some(at(from)?.distance(at(to)?))
    }
}

pub(crate) fn measure(options: &PhantomOptions, body: &Body, progress: &Progress) -> Result<Truth, PhantomError> {
    progress.stage("measuring the synthetic patient");
    let done = AtomicUsize::new(0);
    let organs = body
        .organs
        .par_iter()
        .map(|organ| {
            let truth = organ_truth(organ, progress);
            progress.set((done.fetch_add(1, Ordering::Relaxed) + 1) as f32 / body.organs.len() as f32);
            truth
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut distances = Vec::new();
    for ball in &body.findings {
        for tree in body.trees.iter().filter(|_| ball.name == "liver tumour") {
            distances.push(Distance {
                from: format!("{} surface", ball.name),
                to: format!("{} wall", tree.name),
                distance: Mm(tree.distance(ball.centre).0 - ball.diameter.0 / 2.0),
            });
        }
    }
    let tree_lengths = body
        .trees
        .iter()
        .map(|tree| TreeLength {
            name: tree.name.clone(),
            length: Mm(tree.branches.iter().map(|b| b.length().0).sum()),
            branches: tree.branches.len(),
        })
        .collect();
    Ok(Truth {
        schema: TRUTH_SCHEMA,
        simulated: true,
        options: options.clone(),
        organs,
        findings: body.findings.clone(),
        trees: body.trees.clone(),
        tree_lengths,
        landmarks: body.landmarks.clone(),
        distances,
    })
}

fn organ_truth(organ: &Organ, progress: &Progress) -> Result<OrganTruth, PhantomError> {
    let measured = measure::extent(&organ.solid, progress)?;
    let closed = organ.solid.closed_form_volume();
    Ok(OrganTruth {
        name: organ.name.clone(),
        volume: Mm3(closed.unwrap_or(measured.volume)),
        volume_error: Mm3(if closed.is_some() { 0.0 } else { measured.error }),
        method: if closed.is_some() { Method::ClosedForm } else { Method::Subdivision },
        centroid: LpsPoint(measured.centroid),
    })
}
