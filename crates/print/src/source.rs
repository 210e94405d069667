//! What a model is made of, as the case has it.

use std::collections::HashSet;

use fabrica_case::{AuditData, Case, VolumeEntry};
use fabrica_geometry::Mm;
use fabrica_plan::MeasurementKind;
use fabrica_progress::Progress;
use fabrica_review::{Pass, require_validated};
use fabrica_surface::{Mesh, SurfaceError};
use fabrica_volume::Volume;

use crate::make::Wanted;
use crate::{Caliper, ModelOptions, PrintError, Proof, ProposedModel, prove};

/// What a model is made of: read from the case once, so that the case is free while the model is made.
#[derive(Debug)]
pub struct ModelSource {
    /// At least one.
    pub(crate) wanted: Vec<Wanted>,
    /// The scan that places the surface, where one does.
    pub(crate) volume: Option<Volume>,
    pub(crate) scan: VolumeEntry,
    /// The structures' files, in order, and the scan's sources.
    pub(crate) sources: Vec<AuditData>,
    pub(crate) calipers: Vec<Caliper>,
    /// Whether the structures are validated, or why they are printed all the same.
    pub(crate) pass: Pass,
}

impl ModelSource {
    /// Reads structures of one scan: of several a part each is made, with shared borders, and one for each way in which
    /// they overlap. `reason` says why structures that a network made are printed although they are not validated; that is
    /// recorded with the model, and the model's files say it. Straight distances that were measured on the same scan will
    /// be repeated on the model.
    ///
    /// # Errors
    /// While a geometry warning is open; when a network made a structure and it is not validated; when there is no name, a
    /// structure is not there, its file or scan is damaged, or several do not lie on one scan.
    pub fn gather(case: &Case, names: &[&str], reason: Option<&str>, progress: &Progress) -> Result<Self, PrintError> {
        // A structure that is named twice is meant once.
        let mut seen = HashSet::new();
        let names: Vec<&str> = names.iter().copied().filter(|name| seen.insert(*name)).collect();
        case.require_settled_geometry()?;
        let pass = require_validated(case, names.iter().copied(), reason, progress)?;
        let Some(first) = names.first() else {
            return Err(PrintError::Surface(SurfaceError::EmptyStructure(String::new())));
        };
        let on = case.structure_entry(first)?.volume.clone();
        let (mut wanted, mut sources) = (Vec::new(), Vec::new());
        for name in &names {
            let entry = case.structure_entry(name)?;
            if entry.volume != on {
                return Err(PrintError::DifferentScans((*first).to_owned(), (*name).to_owned()));
            }
            sources.push(AuditData { name: (*name).to_owned(), sha256: entry.sha256.clone() });
            wanted.push(Wanted { structure: case.structure(name, progress)?, saved_by: entry.by.to_string() });
        }
        // Only a thresholded structure's surface is placed by the scan, and shared borders never are.
        let by_scan = wanted.len() == 1 && wanted.iter().any(|w| w.structure.isovalue.is_some());
        let volume = by_scan.then(|| case.volume(&on, progress)).transpose()?;
        let scan = case.volume_entry(&on)?.clone();
        sources.push(AuditData { name: format!("sources of {on}"), sha256: scan.sources_sha256() });
        let state = case.plan().state();
        let calipers = state.measurements.iter().filter(|m| m.measurement.volume == on);
        let calipers = calipers.filter_map(|m| match m.measurement.kind {
            MeasurementKind::Distance { points } => Some(Caliper { name: m.name.clone(), points }),
            _ => None,
        });
        Ok(Self { scan, wanted, volume, sources, calipers: calipers.collect(), pass })
    }

    /// Makes the model, checks it, and holds it against the structures and the user's measurements. Nothing is written.
    ///
    /// # Errors
    /// When a structure is empty, the model is not fit to print and `options` do not allow that, a step or the proof
    /// fails, or the user cancels.
    pub fn model(self, options: &ModelOptions, progress: &Progress) -> Result<ProposedModel, PrintError> {
        ProposedModel::make(self, options, progress)
    }

    /// Holds a mesh, in patient millimetres, against the structure and the user's measurements, wherever it comes from.
    ///
    /// # Errors
    /// As [`prove`]; when there are several structures.
    pub fn prove(&self, mesh: &Mesh, tolerance: Mm, progress: &Progress) -> Result<Proof, PrintError> {
        let [one] = &self.wanted[..] else { return Err(PrintError::OneOnly("the proof of a file")) };
        prove(mesh, &one.structure.mask, &self.calipers, tolerance, progress)
    }

    /// The structures' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().map(|w| w.structure.name.as_str())
    }

    /// Whether the scan is simulated.
    pub fn is_simulated(&self) -> bool {
        self.scan.provenance.simulated
    }

    /// What is known of the structures' validation, in words; of several each with its name.
    pub(crate) fn validation(&self) -> Option<String> {
        let unvalidated = self.pass.unvalidated.iter().map(|u| (u.structure.as_str(), u.words()));
        let validated = self.pass.validated.iter().map(|(name, words)| (name.as_str(), words.clone()));
        let all: Vec<(&str, String)> = unvalidated.chain(validated).collect();
        match &all[..] {
            [] => None,
            [(_, words)] if self.wanted.len() == 1 => Some(words.clone()),
            several => {
                Some(several.iter().map(|(name, words)| format!("{name}: {words}")).collect::<Vec<_>>().join("; "))
            }
        }
    }
}
