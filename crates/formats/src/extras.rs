//! What formats have no field for, and we keep as JSON: provenance, unit, padding, geometry warnings.

use fabrica_volume::{GeometryWarning, Provenance, ValueUnit, Volume};
use serde::{Deserialize, Serialize};

/// What travels beside the samples.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Extras {
    pub(crate) fabrica_provenance: Option<Provenance>,
    pub(crate) fabrica_unit: Option<ValueUnit>,
    pub(crate) fabrica_padding: Option<[f64; 2]>,
    pub(crate) fabrica_warnings: Vec<GeometryWarning>,
}

impl Extras {
    pub(crate) fn of(volume: &Volume) -> Self {
        Self {
            fabrica_provenance: Some(volume.provenance.clone()),
            fabrica_unit: Some(volume.unit.clone()),
            fabrica_padding: volume.padding.as_ref().map(|p| [*p.start(), *p.end()]),
            fabrica_warnings: volume.warnings.clone(),
        }
    }

    /// Puts what was read on a volume that has its own provenance and warnings from the file so far. A provenance
    /// that was written by us replaces that of the file: the volume's source is the scan, not the copy.
    pub(crate) fn apply(self, volume: &mut Volume) {
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
            // A file warning that the user has already resolved stays resolved.
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
