//! InVesalius projects: a tar, mostly gzip-compressed, of a property list and the raw matrix.
//!
//! # Which way the axes point
//! The project does not say. This was established in two ways:
//!
//! * **Source.** InVesalius (`dcm2memmap` in `invesalius/data/imagedata_utils.py`) puts DICOM slices into the matrix
//!   in ascending order, each with its rows reversed and its columns as they are. An axial slice has columns towards
//!   the patient's left and rows towards posterior, so the matrix axes (fastest first) run **left, anterior,
//!   superior**. Coronal series are turned to the same. For a sagittal series the fastest axis is the slice number,
//!   ascending along the slice normal, which is to the right, and the next is the column, to posterior: **right,
//!   posterior, superior**. NIfTI input is brought to RAS and its second axis reversed: again right, posterior,
//!   superior. All of these are left-handed, so that seeing the nose and the crown fixes the side.
//! * **Anatomy.** In `Cranium.inv3` of Debian's `invesalius-examples` (original orientation 1, axial) the nose lies at
//!   high j, the head rest at low j, the crown at high k: anterior and superior as the source has it.
//!
//! A head is too symmetrical to confirm the side itself, and the program's user can flip and swap axes without a
//! trace, so that every project carries a [`GeometryIssue::LateralityAssumed`].

use std::io::{Cursor, Read};
use std::path::Path;

use fabrica_geometry::{Grid, LpsPoint, LpsVector, PatientDirection};
use fabrica_progress::Progress;
use fabrica_volume::{GeometryIssue, GeometryWarning, Samples};
use plist::{Dictionary, Value};

use crate::input::Input;
use crate::stored::{Layout, Stored, promised_bytes, read_samples};
use crate::{FileInfo, Format, Problem};

const MAX_PLIST: u64 = 4 << 20;
/// The property list of a project is five levels deep.
const MAX_DEPTH: usize = 32;
/// InVesalius' number for a sagittal series.
const SAGITTAL: u64 = 3;

/// What the property list says.
pub(crate) struct Project {
    pub(crate) grid: Grid,
    pub(crate) modality: String,
    stored: Stored,
    matrix: String,
    assumed: String,
}

pub(crate) fn info(path: &Path, progress: &Progress) -> Result<FileInfo, Problem> {
    let project = Project::read(path, progress)?;
    Ok(FileInfo {
        format: Format::InVesalius,
        dims: project.grid.dims(),
        spacing: project.grid.spacing(),
        orientation: project.grid.orientation_code(),
        time_points: 1,
        sample_type: project.stored.name(),
        warnings: project.warnings(),
    })
}

impl Project {
    pub(crate) fn read(path: &Path, progress: &Progress) -> Result<Self, Problem> {
        let (mut entry, size) = in_tar(path, "main.plist", progress)?;
        if size > MAX_PLIST {
            return Err(Problem::header("main.plist", format!("has {size} bytes; no project's has")));
        }
        let text = entry.read_some(size as usize)?;
        check_depth(&text)?;
        let list = Value::from_reader_xml(Cursor::new(&text))
            .map_err(|e| Problem::header("main.plist", format!("is no property list: {e}")))?;
        let main = list.as_dictionary().ok_or_else(|| Problem::header("main.plist", "is no dictionary"))?;
        Self::from_plist(main)
    }

    fn from_plist(main: &Dictionary) -> Result<Self, Problem> {
        let matrix = main
            .get("matrix")
            .and_then(Value::as_dictionary)
            .ok_or_else(|| Problem::header("matrix", "is missing: this is no InVesalius project"))?;
        let text =
            |dictionary: &Dictionary, key: &str| dictionary.get(key).and_then(Value::as_string).map(str::to_owned);
        let three = |dictionary: &Dictionary, key: &str| -> Result<[f64; 3], Problem> {
            let numbers = dictionary.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let numbers: Vec<f64> = numbers.iter().filter_map(number).collect();
            numbers.try_into().map_err(|_| Problem::header(key, "is not three numbers"))
        };
        // Slowest axis first.
        let [nz, ny, nx] = three(matrix, "shape")?.map(|n| n as usize);
        let stored = match text(matrix, "dtype").as_deref() {
            Some("int16") => Stored::I16,
            Some("uint16") => Stored::U16,
            Some("uint8") => Stored::U8,
            Some("int32") => Stored::I32,
            Some("float32") => Stored::F32,
            Some("float64") => Stored::F64,
            other => return Err(Problem::header("dtype", format!("is {other:?}, which is not known here"))),
        };
        let spacing = three(main, "spacing")?;
        let sagittal = main.get("orientation").and_then(Value::as_unsigned_integer) == Some(SAGITTAL);
        let from_nifti = main.get("affine").is_some_and(|affine| !is_identity(affine));
        let (axes, words) = if sagittal || from_nifti {
            use PatientDirection::{Posterior, Right, Superior};
            ([Right, Posterior, Superior], "right, posterior, superior")
        } else {
            use PatientDirection::{Anterior, Left, Superior};
            ([Left, Anterior, Superior], "left, anterior, superior")
        };
        let made_from = match (sagittal, from_nifti) {
            (_, true) => "from NIfTI",
            (true, _) => "from a sagittal series",
            _ => "from an axial or coronal series",
        };
        let grid = Grid::new([nx, ny, nz], LpsPoint::default(), axes.map(|d| LpsVector(d.vector().0)), spacing)?;
        Ok(Self {
            grid,
            modality: text(main, "modality").unwrap_or_default(),
            stored,
            matrix: text(matrix, "filename").unwrap_or_else(|| "matrix.dat".into()),
            assumed: format!(
                "an InVesalius project does not say how its axes lie; i, j, k were taken to run {words}, as InVesalius \
                 stores a project made {made_from}. Check that nose and crown are where they should be; left and right \
                 follow from them unless axes were flipped in InVesalius. The position in the scanner is not known"
            ),
        })
    }

    pub(crate) fn warnings(&self) -> Vec<GeometryWarning> {
        vec![GeometryWarning::new(GeometryIssue::LateralityAssumed { reason: self.assumed.clone() })]
    }

    pub(crate) fn samples(&self, path: &Path, progress: &Progress) -> Result<(Samples, Option<String>), Problem> {
        let promised = promised_bytes(&[self.grid.len()], self.stored)?;
        let layout = Layout::plain(self.stored, false);
        let (mut entry, held) = in_tar(path, &self.matrix, progress)?;
        if held < promised {
            return Err(Problem::Truncated { promised, held });
        }
        read_samples(&mut entry, self.grid.len(), &layout, progress)
    }
}

/// A number of a property list, whole or not.
fn number(value: &Value) -> Option<f64> {
    value.as_real().or_else(|| value.as_signed_integer().map(|n| n as f64))
}

/// Whether an affine, nested or flat, is the identity, which InVesalius writes when it has none.
fn is_identity(affine: &Value) -> bool {
    let flat: Vec<f64> = match affine {
        Value::Array(rows) => rows
            .iter()
            .flat_map(|row| row.as_array().map_or(std::slice::from_ref(row), Vec::as_slice))
            .filter_map(number)
            .collect(),
        _ => Vec::new(),
    };
    flat.is_empty() || flat.iter().enumerate().all(|(i, &v)| v == f64::from(u8::from(i % 5 == 0)))
}

/// Refuses a list nested so deep that it is no project but an attack on the stack.
fn check_depth(text: &[u8]) -> Result<(), Problem> {
    let mut depth = 0usize;
    for tag in text.split(|&b| b == b'<') {
        if tag.starts_with(b"dict") || tag.starts_with(b"array") {
            depth += 1;
        } else if tag.starts_with(b"/dict") || tag.starts_with(b"/array") {
            depth = depth.saturating_sub(1);
        }
        if depth > MAX_DEPTH {
            return Err(Problem::header("main.plist", "is nested too deep"));
        }
    }
    Ok(())
}

/// A file of the tar, opened, and its size. Its folder in the tar does not matter.
fn in_tar(path: &Path, name: &str, progress: &Progress) -> Result<(Input, u64), Problem> {
    let (position, size) = find(path, name, progress).map_err(|problem| match progress.check() {
        Err(cancelled) => cancelled.into(),
        Ok(()) => problem,
    })?;
    let mut input = Input::open(path)?;
    input.skip(position, progress)?;
    Ok((input, size))
}

fn find(path: &Path, name: &str, progress: &Progress) -> Result<(u64, u64), Problem> {
    let damaged = |e: std::io::Error| Problem::Damaged(format!("the tar: {e}"));
    let mut archive = tar::Archive::new(Checked { input: Input::open(path)?, progress });
    // Raw: names beyond tar's 100 characters, which need unbounded memory, are not followed.
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let entry = entry.map_err(damaged)?;
        if entry.path().is_ok_and(|p| p.file_name().is_some_and(|n| n == name)) {
            return Ok((entry.raw_file_position(), entry.size()));
        }
    }
    Err(Problem::header(name, "is missing: this is no InVesalius project"))
}

/// A stream that stops when the user cancels.
struct Checked<'a> {
    input: Input,
    progress: &'a Progress,
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.progress.check().map_err(std::io::Error::other)?;
        self.input.read(buffer)
    }
}
