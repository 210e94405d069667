//! What formats have no field for, and we keep as JSON: provenance, unit, padding, geometry warnings.

use fabrica_geometry::{Grid, Mm};
use fabrica_volume::{GeometryIssue, GeometryWarning, Modality, Provenance, Resolution, ValueUnit, Volume};
use flate2::Crc;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::output::PART_BYTES;

/// What travels beside the samples.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Extras {
    pub(crate) fabrica_provenance: Option<Provenance>,
    pub(crate) fabrica_unit: Option<ValueUnit>,
    pub(crate) fabrica_padding: Option<[f64; 2]>,
    pub(crate) fabrica_warnings: Vec<GeometryWarning>,
    /// What all this was said of.
    pub(crate) fabrica_content: Option<Content>,
}

/// By what samples and their places are known again. Other programs keep our JSON when they save what they changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Content {
    grid: Grid,
    sample_type: String,
    /// Of the samples' bytes.
    crc32: u32,
}

impl Content {
    fn of(volume: &Volume) -> Self {
        let sums: Vec<Crc> = volume
            .samples()
            .bytes()
            .par_chunks(PART_BYTES)
            .map(|part| {
                let mut crc = Crc::new();
                crc.update(part);
                crc
            })
            .collect();
        let mut whole = Crc::new();
        sums.iter().for_each(|crc| whole.combine(crc));
        Self { grid: volume.grid().clone(), sample_type: volume.samples().type_name().into(), crc32: whole.sum() }
    }

    fn is_same(&self, found: &Self) -> bool {
        // A hundredth of a voxel: NIfTI-1 holds places as float32.
        let tolerance = Mm(self.grid.finest_spacing().0 * 0.01);
        (&self.sample_type, self.crc32) == (&found.sample_type, found.crc32)
            && self.grid.coincides(&found.grid, tolerance)
    }
}

impl Extras {
    pub(crate) fn of(volume: &Volume) -> Self {
        Self {
            fabrica_provenance: Some(volume.provenance.clone()),
            fabrica_unit: Some(volume.unit.clone()),
            fabrica_padding: volume.padding.as_ref().map(|p| [*p.start(), *p.end()]),
            fabrica_warnings: volume.warnings.clone(),
            fabrica_content: Some(Content::of(volume)),
        }
    }

    /// Puts what a file from anywhere says on a volume that has its own provenance and warnings so far. The file joins
    /// the sources of the scan; what was once accepted is open again, as nobody knows who accepted it. Where samples
    /// or places are no longer those that were written, unit, padding and modality are left out, with a warning.
    pub(crate) fn apply(mut self, volume: &mut Volume) {
        let says_something = self.fabrica_provenance.is_some()
            || self.fabrica_unit.is_some()
            || self.fabrica_padding.is_some()
            || !self.fabrica_warnings.is_empty();
        if !says_something {
            return;
        }
        let same = self.fabrica_content.take().is_some_and(|written| written.is_same(&Content::of(volume)));
        self.fabrica_warnings.iter_mut().for_each(|w| w.resolution = Resolution::Open);
        if !same {
            self.fabrica_unit = None;
            self.fabrica_padding = None;
            let reason = "the file was changed since Fabrica wrote it: its samples or their places are not those \
                          that its notes on patient, source and geometry were about";
            self.fabrica_warnings.push(GeometryWarning::new(GeometryIssue::Other { reason: reason.into() }));
        }
        if let Some(provenance) = &mut self.fabrica_provenance {
            let file = &volume.provenance;
            provenance.sources.extend_from_slice(&file.sources);
            provenance.steps.extend_from_slice(&file.steps);
            provenance.simulated |= file.simulated;
            if !same {
                provenance.modality = Modality::default();
            }
        }
        self.apply_kept(volume);
    }

    /// Puts what was written on a volume as it was: for files whose integrity the caller knows.
    pub(crate) fn apply_kept(self, volume: &mut Volume) {
        if let Some(provenance) = self.fabrica_provenance {
            volume.provenance = provenance;
        }
        if let Some(unit) = self.fabrica_unit {
            volume.unit = unit;
        }
        if let Some([low, high]) = self.fabrica_padding {
            volume.padding = Some(low..=high);
        }
        for warning in self.fabrica_warnings {
            // What the file says anew was said, and perhaps resolved, when it was written.
            volume.warnings.retain(|w| w.issue != warning.issue);
            volume.warnings.push(warning);
        }
    }
}

/// JSON in plain ASCII, which any header may hold.
pub(crate) fn ascii_json<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(value)?;
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            let mut units = [0u16; 2];
            for unit in c.encode_utf16(&mut units) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    Ok(ascii)
}
