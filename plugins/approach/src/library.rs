//! The instruments to choose from, and the sizes of screws.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bevy::prelude::*;
use fabrica_approach::implant::{Catalogue, ImplantKind};
use fabrica_approach::{Instrument, InstrumentKind, Library};
use fabrica_geometry::Mm;
use fabrica_surface::{Mesh, MeshFormat, write_mesh};
use sha2::{Digest, Sha256};

/// An instrument as it is taken in hand.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The instrument.
    pub instrument: Arc<Instrument>,
    /// The thread's diameter, of a screw.
    pub screw: Option<Mm>,
    /// Its mesh in its own frame.
    pub mesh: Arc<Mesh>,
    /// SHA-256 of that mesh as a PLY file: the shape that a plan names.
    pub sha256: Arc<str>,
}

/// The instruments to choose from, by name, in their order: the library's, then screws in all sizes of the catalogues.
#[derive(Resource, Default)]
pub struct Instruments {
    names: Vec<String>,
    by_name: BTreeMap<String, Taken>,
}

impl Instruments {
    /// The built-in ones and those of a folder, and what was left out, in words.
    pub fn new(folder: Option<&Path>) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let mut all = Self::default();
        match Library::built_in() {
            Ok(mut library) => {
                match folder.map(|folder| library.add_folder(folder)) {
                    Some(Ok(wrong)) => problems.extend(wrong.iter().map(ToString::to_string)),
                    Some(Err(error)) => problems.push(error.to_string()),
                    None => {}
                }
                for instrument in library.instruments() {
                    let screw = (instrument.kind == InstrumentKind::PedicleScrew)
                        .then(|| instrument.radius_within(instrument.working_length) * 2.0);
                    problems.extend(all.add(instrument.clone(), screw).err());
                }
            }
            Err(error) => problems.push(error.to_string()),
        }
        for catalogue in Catalogue::built_in().unwrap_or_default() {
            if catalogue.kind != ImplantKind::Screw {
                continue;
            }
            for size in &catalogue.sizes {
                let name = format!("{}, {}", catalogue.name, size.name);
                let diameter = Mm(size.diameter_mm);
                match Instrument::rod(&name, diameter, Mm(size.length_mm)) {
                    Ok(rod) => problems.extend(all.add(rod, Some(diameter)).err()),
                    Err(error) => problems.push(error.to_string()),
                }
            }
        }
        (all, problems)
    }

    fn add(&mut self, instrument: Instrument, screw: Option<Mm>) -> Result<(), String> {
        let wrong = |error: &dyn ToString| format!("{}: {}", instrument.name, error.to_string());
        let mesh = instrument.mesh().map_err(|e| wrong(&e))?;
        let mut file = Vec::new();
        write_mesh(&mesh, MeshFormat::Ply, &instrument.name, &mut file).map_err(|e| wrong(&e))?;
        let sha256: String = Sha256::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();
        let name = instrument.name.clone();
        self.names.push(name.clone());
        let taken = Taken { instrument: Arc::new(instrument), screw, mesh: Arc::new(mesh), sha256: sha256.into() };
        self.by_name.insert(name, taken);
        Ok(())
    }

    /// All names, in their order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The instrument of this name.
    pub fn get(&self, name: &str) -> Option<&Taken> {
        self.by_name.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_and_every_size_of_screw_can_be_taken() {
        let (all, problems) = Instruments::new(None);
        assert!(problems.is_empty(), "{problems:?}");
        let screw = all.get("pedicle screws, 6.5 × 45 mm").map(|t| (t.screw, t.sha256.len()));
        assert_eq!(screw, Some((Some(Mm(6.5)), 64)));
        assert_eq!(all.get("needle 1.3 mm").map(|t| t.screw), Some(None));
        assert_eq!(all.names().len(), all.by_name.len());
        let (_, problems) = Instruments::new(Some(Path::new("no such folder")));
        assert!(problems[0].contains("no such folder"), "{problems:?}");
    }
}
