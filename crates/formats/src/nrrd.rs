//! NRRD, with its data attached or detached (teem.sourceforge.net/nrrd/format.html).

mod ascii;
mod geometry;
mod header;
mod segmentation;
mod write;

pub(crate) use segmentation::{read as read_segments, write as write_segmentation};
pub(crate) use write::write;

use std::fs::File;
use std::io::BufReader;
use std::path::{Component, Path, PathBuf};

use fabrica_geometry::Grid;
use fabrica_progress::Progress;
use fabrica_volume::{GeometryIssue, GeometryWarning, Samples};

use crate::extras::Extras;
use crate::input::Input;
use crate::stored::{Layout, promised_bytes, read_samples};
use crate::{FileInfo, Format, Problem};
use geometry::Axes;
use header::{Encoding, Header};

/// Files begin with this and a version digit.
pub(crate) const MAGIC: &[u8] = b"NRRD000";

/// An NRRD file whose header has been read.
pub(crate) struct Open {
    pub(crate) header: Header,
    axes: Axes,
    pub(crate) grid: Grid,
    warnings: Vec<GeometryWarning>,
    /// The file with the samples, and where they begin in it.
    pub(crate) data: PathBuf,
    offset: u64,
}

impl Open {
    pub(crate) fn new(path: &Path) -> Result<Self, Problem> {
        let mut reader = BufReader::new(File::open(path)?);
        let (header, header_bytes) = Header::read(&mut reader)?;
        let axes = Axes::of(&header)?;
        let (grid, issues) = geometry::grid(&header, &axes)?;
        let warnings = issues.into_iter().map(GeometryWarning::new).collect();
        let (data, offset) = match &header.data_file {
            None => (path.to_owned(), header_bytes),
            Some(name) => (beside(path, name)?, 0),
        };
        Ok(Self { header, axes, grid, warnings, data, offset })
    }

    pub(crate) fn is_segmentation(&self) -> bool {
        self.header.pairs.iter().any(|(key, _)| key.starts_with("Segment0_"))
    }

    /// Volumes that the file holds.
    pub(crate) fn time_points(&self) -> usize {
        self.axes.others
    }

    /// What we or others keep in key/value pairs.
    pub(crate) fn extras(&self) -> Result<Extras, Problem> {
        fn json<T: serde::de::DeserializeOwned>(header: &Header, key: &str) -> Result<Option<T>, Problem> {
            let Some(text) = header.pair(key) else { return Ok(None) };
            serde_json::from_str(text).map(Some).map_err(|e| Problem::header(key, format!("is damaged: {e}")))
        }
        Ok(Extras {
            fabrica_provenance: json(&self.header, "fabrica_provenance")?,
            fabrica_unit: json(&self.header, "fabrica_unit")?,
            fabrica_padding: json(&self.header, "fabrica_padding")?,
            fabrica_warnings: json(&self.header, "fabrica_warnings")?.unwrap_or_default(),
            fabrica_content: json(&self.header, "fabrica_content")?,
        })
    }

    pub(crate) fn warnings(&self) -> Vec<GeometryWarning> {
        self.warnings.clone()
    }

    pub(crate) fn info(&self) -> FileInfo {
        FileInfo {
            format: if self.is_segmentation() { Format::SegmentationNrrd } else { Format::Nrrd },
            dims: self.grid.dims(),
            spacing: self.grid.spacing(),
            orientation: self.grid.orientation_code(),
            time_points: self.axes.others,
            sample_type: self.header.stored.name(),
            warnings: self.warnings(),
        }
    }

    /// Fails when the file cannot hold what the header promises.
    pub(crate) fn check_size(&self) -> Result<(), Problem> {
        self.input().map(drop)
    }

    /// The samples from the first on.
    fn input(&self) -> Result<Input, Problem> {
        let promised = promised_bytes(&[self.grid.len(), self.axes.others], self.header.stored)?;
        let file = File::open(&self.data)?;
        let held = file.metadata()?.len();
        let raw = self.header.encoding == Encoding::Raw;
        let mut offset = self.offset;
        if self.header.line_skip > 0 {
            offset = header::skip_lines(&file, offset, self.header.line_skip)?;
        }
        match self.header.byte_skip {
            // -1: the samples are the end of the file, whatever precedes them.
            -1 if raw => offset = held.checked_sub(promised).ok_or(Problem::Truncated { promised, held })?,
            skip if skip >= 0 && raw => offset = offset.saturating_add(skip as u64),
            0 => {}
            skip => return Err(Problem::header("byte skip", format!("of {skip} goes only with raw data"))),
        }
        let input = match self.header.encoding {
            Encoding::Raw => Input::from_file(file, offset, false)?,
            Encoding::Gzip => Input::from_file(file, offset, true)?,
            Encoding::Ascii => ascii::open(file, offset, self.header.stored)?,
        };
        input.check_holds(promised)?;
        Ok(input)
    }

    fn layout(&self) -> Layout {
        Layout::plain(self.header.stored, self.header.big_endian)
    }

    pub(crate) fn samples(&self, time_point: usize, progress: &Progress) -> Result<(Samples, Option<String>), Problem> {
        let mut input = self.input()?;
        let mut layout = self.layout();
        if self.axes.others_first {
            layout.interleaved = self.axes.others;
            layout.component = time_point;
        } else {
            input.skip(promised_bytes(&[self.grid.len(), time_point], self.header.stored)?, progress)?;
        }
        read_samples(&mut input, self.grid.len(), &layout, progress)
    }

    /// Calls `take` with index and value of every byte that is not 0, of a file of bytes. Most of a label map is 0.
    pub(crate) fn for_each_label_byte(
        &self,
        progress: &Progress,
        mut take: impl FnMut(usize, u8),
    ) -> Result<(), Problem> {
        let mut start = 0;
        crate::stored::for_each_byte_chunk(&mut self.input()?, self.grid.len(), progress, |bytes| {
            for (n, part) in bytes.chunks(64).enumerate() {
                if part.iter().fold(0, |any, byte| any | byte) != 0 {
                    let at = start + 64 * n;
                    part.iter().enumerate().filter(|(_, byte)| **byte != 0).for_each(|(i, byte)| take(at + i, *byte));
                }
            }
            start += bytes.len();
        })
    }

    /// Label values of the only time point.
    pub(crate) fn for_each_label(&self, progress: &Progress, take: impl FnMut(i64)) -> Result<(), Problem> {
        let mut input = self.input()?;
        crate::stored::for_each_label(&mut input, self.grid.len() * self.axes.others, &self.layout(), progress, take)
    }
}

/// A detached data file lies in the header's folder or below: a header from elsewhere must not make us read others.
fn beside(header: &Path, name: &str) -> Result<PathBuf, Problem> {
    let relative = Path::new(name);
    if !relative.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
        return Err(Problem::header("data file", format!("names `{name}`, outside the header's folder; put it there")));
    }
    Ok(header.parent().unwrap_or(Path::new("")).join(relative))
}

/// What a missing or vague `space` means for left and right.
fn laterality(reason: &str) -> GeometryIssue {
    GeometryIssue::LateralityAssumed { reason: reason.to_owned() }
}
