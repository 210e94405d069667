//! NIfTI-1 and NIfTI-2, single files.
//!
//! An own reader, as the `nifti` crate reads whole volumes to `ndarray` in floating point, without bounds on what a
//! header may claim, and leaves geometry to its user.

mod header;
mod orientation;
mod write;

pub(crate) use header::{Header, size as header_size};
pub(crate) use write::write;

use std::path::Path;

use fabrica_geometry::Grid;
use fabrica_progress::Progress;
use fabrica_volume::{GeometryWarning, Samples};

use crate::extras::Extras;
use crate::input::Input;
use crate::stored::{Layout, promised_bytes, read_samples};
use crate::{FileInfo, Format, Problem};

/// NIfTI extension code for plain text (nifti1.h, `NIFTI_ECODE_COMMENT`): ours holds JSON.
const ECODE_COMMENT: i32 = 6;
/// Nothing that belongs before the samples is larger.
const MAX_EXTENSIONS: usize = 16 << 20;

/// A NIfTI file whose header has been read, up to its samples.
pub(crate) struct Open {
    pub(crate) input: Input,
    pub(crate) header: Header,
    pub(crate) grid: Grid,
    pub(crate) warnings: Vec<GeometryWarning>,
    pub(crate) extras: Extras,
}

impl Open {
    pub(crate) fn new(path: &Path, progress: &Progress) -> Result<Self, Problem> {
        let mut input = Input::open(path)?;
        let mut first = [0u8; 4];
        input.fill(&mut first, 0, header::V1_BYTES as u64)?;
        let size = header::size(first)?;
        let mut bytes = vec![0u8; size];
        bytes[..4].copy_from_slice(&first);
        input.fill(&mut bytes[4..], 4, size as u64)?;
        let header = Header::parse(&bytes)?;
        let (grid, warnings) = orientation::grid(&header)?;
        let between = header.offset - size as u64;
        let promised = promised_bytes(&[grid.len(), header.time_points], header.stored)?;
        input.check_holds(between.saturating_add(promised))?;
        let extras = if between <= MAX_EXTENSIONS as u64 {
            let mut extensions = vec![0u8; between as usize];
            input.fill(&mut extensions, size as u64, header.offset)?;
            read_extensions(&extensions, header.big_endian)
        } else {
            input.skip(between, progress)?;
            Extras::default()
        };
        Ok(Self { input, header, grid, warnings, extras })
    }

    pub(crate) fn info(&self) -> FileInfo {
        FileInfo {
            format: if self.header.version == 1 { Format::Nifti1 } else { Format::Nifti2 },
            dims: self.grid.dims(),
            spacing: self.grid.spacing(),
            orientation: self.grid.orientation_code(),
            time_points: self.header.time_points,
            sample_type: self.header.stored.name(),
            warnings: self.warnings.clone(),
        }
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout {
            slope: self.header.slope,
            intercept: self.header.intercept,
            ..Layout::plain(self.header.stored, self.header.big_endian)
        }
    }

    /// Goes to the samples of a time point.
    pub(crate) fn seek(&mut self, time_point: usize, progress: &Progress) -> Result<(), Problem> {
        let before = promised_bytes(&[self.grid.len(), time_point], self.header.stored)?;
        self.input.skip(before, progress)
    }

    pub(crate) fn samples(
        &mut self,
        time_point: usize,
        progress: &Progress,
    ) -> Result<(Samples, Option<String>), Problem> {
        self.seek(time_point, progress)?;
        let layout = self.layout();
        read_samples(&mut self.input, self.grid.len(), &layout, progress)
    }
}

/// Finds our JSON among the extensions; what is not ours or damaged is passed over, as it is not about the samples.
fn read_extensions(bytes: &[u8], big_endian: bool) -> Extras {
    let int = |at: usize| {
        let b: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(if big_endian { i32::from_be_bytes(b) } else { i32::from_le_bytes(b) })
    };
    if bytes.first().is_none_or(|&flag| flag == 0) {
        return Extras::default();
    }
    let mut at = 4;
    while let (Some(size), Some(code)) = (int(at), int(at + 4)) {
        let Some(content) = usize::try_from(size).ok().filter(|&s| s >= 8).and_then(|s| bytes.get(at + 8..at + s))
        else {
            break;
        };
        if code == ECODE_COMMENT {
            let end = content.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
            if let Ok(extras) = serde_json::from_slice::<Extras>(&content[..end])
                && extras.fabrica_provenance.is_some()
            {
                return extras;
            }
        }
        at += content.len() + 8;
    }
    Extras::default()
}
