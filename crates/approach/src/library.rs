//! The library of instruments: built in, and a hospital's own folder.

use std::path::{Path, PathBuf};

use crate::{ApproachError, Instrument};

const BUILT_IN: [(&str, &str); 13] = [
    ("drill.toml", include_str!("../../../assets/instruments/drill.toml")),
    ("needle.toml", include_str!("../../../assets/instruments/needle.toml")),
    ("trocar.toml", include_str!("../../../assets/instruments/trocar.toml")),
    ("endoscope_0.toml", include_str!("../../../assets/instruments/endoscope_0.toml")),
    ("endoscope_30.toml", include_str!("../../../assets/instruments/endoscope_30.toml")),
    ("endoscope_45.toml", include_str!("../../../assets/instruments/endoscope_45.toml")),
    ("cannula.toml", include_str!("../../../assets/instruments/cannula.toml")),
    ("k_wire.toml", include_str!("../../../assets/instruments/k_wire.toml")),
    ("pedicle_screw.toml", include_str!("../../../assets/instruments/pedicle_screw.toml")),
    ("craniotome.toml", include_str!("../../../assets/instruments/craniotome.toml")),
    ("retractor.toml", include_str!("../../../assets/instruments/retractor.toml")),
    ("biopsy_frame.toml", include_str!("../../../assets/instruments/biopsy_frame.toml")),
    ("electrode.toml", include_str!("../../../assets/instruments/electrode.toml")),
];

/// Instruments by name.
#[derive(Clone, Debug)]
pub struct Library {
    instruments: Vec<Instrument>,
}

impl Library {
    /// The built-in instruments.
    ///
    /// # Errors
    /// When one of them is malformed, which the tests rule out.
    pub fn built_in() -> Result<Self, ApproachError> {
        let instruments = BUILT_IN.iter().map(|(file, text)| Instrument::read(text, file)).collect::<Result<_, _>>()?;
        Ok(Self { instruments })
    }

    /// Adds every `.toml` file of a folder, in the order of their names; one of the same name takes the place of the one
    /// before. What cannot be read is left out and told: an instrument that is wrong in one file takes no other away.
    ///
    /// # Errors
    /// When the folder itself cannot be read; the library is then as before.
    pub fn add_folder(&mut self, folder: &Path) -> Result<Vec<ApproachError>, ApproachError> {
        let failed = |source| ApproachError::File { path: folder.into(), source };
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) {
                files.push(path);
            }
        }
        files.sort();
        let mut problems = Vec::new();
        for path in files {
            match read_file(&path) {
                Ok(instrument) => self.add(instrument),
                Err(problem) => problems.push(problem),
            }
        }
        Ok(problems)
    }

    /// Adds an instrument, in place of one of the same name.
    pub fn add(&mut self, instrument: Instrument) {
        match self.instruments.iter_mut().find(|i| i.name == instrument.name) {
            Some(place) => *place = instrument,
            None => self.instruments.push(instrument),
        }
    }

    /// All instruments.
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// The instrument of this name.
    ///
    /// # Errors
    /// When there is none; the message lists those that there are.
    pub fn get(&self, name: &str) -> Result<&Instrument, ApproachError> {
        self.instruments.iter().find(|i| i.name == name).ok_or_else(|| ApproachError::Unknown {
            kind: "instrument",
            name: name.into(),
            known: self.instruments.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

fn read_file(path: &Path) -> Result<Instrument, ApproachError> {
    let text = read_small(path)?;
    Instrument::read(&text, &path.display().to_string())
}

/// A text file of at most 1 MiB.
pub(crate) fn read_small(path: &Path) -> Result<String, ApproachError> {
    use std::io::Read;
    const MOST: u64 = 1 << 20;
    let failed = |source| ApproachError::File { path: path.into(), source };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MOST + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > MOST {
        return Err(ApproachError::Data { file: path.display().to_string(), what: "it is larger than 1 MiB".into() });
    }
    Ok(text)
}
