//! DICOM RT structure sets (PS3.3 A.19): contours in patient millimetres.

use std::collections::HashMap;
use std::path::Path;

use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use fabrica_geometry::Grid;
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Rgb, Structure};
use glam::DVec3;

use crate::attributes::{element, floats, int, items, text};
use crate::code::code;
use crate::contour::{Contour, Stack, fill};
use crate::identity::{check_frame, unique};
use crate::open::open;
use crate::slabs::repeated;
use crate::{Problem, ScanIdentity, Skipped, StructureError, StructureOptions, StructureSet};

/// Reads the closed planar contours of a DICOM RT structure set onto the scan's grid.
///
/// A voxel belongs when its centre lies inside an odd number of the contours of the nearest contour plane (so that
/// inner contours and keyholes make holes), within half the distance at which the set was drawn: the smallest
/// between contour planes that any of its structures repeat, else the scan's spacing. Wider gaps stay empty and are
/// listed as skipped, as are points and open contours, which enclose nothing.
///
/// # Errors
/// When the file is damaged or of another kind, or all of it belongs to another frame of reference.
pub fn read_rtstruct(
    path: &Path,
    scan: &Grid,
    identity: &ScanIdentity,
    options: &StructureOptions,
    progress: &Progress,
) -> Result<StructureSet, StructureError> {
    structures(path, scan, identity, options, progress).map_err(|problem| problem.at(path))
}

/// What the Structure Set ROI Sequence says of a structure.
struct Roi {
    name: String,
    /// Its volume as the file tells it, mL.
    millilitres: Option<f64>,
    frame_of_reference: Option<String>,
}

/// What was drawn of a structure.
struct Drawn<'a> {
    roi_contour: &'a InMemDicomObject,
    number: i64,
    label: String,
    doubt: Option<String>,
    /// How many closed contours there are.
    count: usize,
    stack: Stack,
    /// Its place in the file, from 0.
    place: usize,
}

fn structures(
    path: &Path,
    scan: &Grid,
    identity: &ScanIdentity,
    options: &StructureOptions,
    progress: &Progress,
) -> Result<StructureSet, Problem> {
    progress.stage("reading the contours");
    let object = open(path, &[uids::RT_STRUCTURE_SET_STORAGE], "a DICOM RT structure set")?;
    let rois = rois(&object)?;
    let codes: HashMap<i64, &InMemDicomObject> = items(&object, tags::RTROI_OBSERVATIONS_SEQUENCE)
        .iter()
        .filter_map(|o| Some((int(o, tags::REFERENCED_ROI_NUMBER, "").ok()?, o)))
        .collect();
    let file = path.file_name().map(|f| f.to_string_lossy().into_owned()).unwrap_or_default();

    let mut set = StructureSet::default();
    let mut refused = None;
    let mut drawn = Vec::new();
    let all = items(&object, tags::ROI_CONTOUR_SEQUENCE);
    for (n, roi_contour) in all.iter().enumerate() {
        progress.check()?;
        let place = format!("ROI contour {}", n + 1);
        let number: i64 = int(roi_contour, tags::REFERENCED_ROI_NUMBER, &place)?;
        let roi = rois.get(&number);
        let label = roi.map_or_else(|| format!("ROI {number}"), |r| r.name.clone());
        let mut skip = |reason: String| set.skipped.push(Skipped { name: label.clone(), reason });
        let frame = roi.and_then(|r| r.frame_of_reference.as_deref());
        let doubt = match check_frame(frame, identity, options) {
            Ok(doubt) => doubt,
            Err(problem) => {
                skip(problem.to_string());
                refused.get_or_insert(problem);
                continue;
            }
        };
        let contours = contours(roi_contour, &mut skip);
        let count = contours.len();
        match Stack::new(scan, contours) {
            Some(stack) => drawn.push(Drawn { roi_contour, number, label, doubt, count, stack, place: n }),
            None => skip("it has no closed contour".into()),
        }
    }
    let distance = repeated(drawn.iter().flat_map(|d| d.stack.gaps()).collect());
    for (n, Drawn { roi_contour, number, label, doubt, count, stack, place }) in drawn.iter().enumerate() {
        progress.set(n as f32 / drawn.len() as f32);
        let (mask, notes) = fill(scan, stack, distance, progress)?;
        let mut skip = |reason: String| set.skipped.push(Skipped { name: label.clone(), reason });
        notes.into_iter().for_each(&mut skip);
        if mask.is_empty() {
            skip("no voxel's centre lies in its contours: it lies outside the scan or is thinner than a voxel".into());
        }
        let told = rois.get(number).and_then(|r| r.millilitres);
        if let Some(note) = told.and_then(|told| other_volume(told, &mask)) {
            skip(note);
        }
        let mut origin = format!("{count} contour(s) of the DICOM RT structure set {file}");
        if let Some(doubt) = doubt {
            origin += &format!("; {doubt}");
        }
        set.structures.push(Structure {
            name: unique(label, &set.structures),
            colour: colour(roi_contour).unwrap_or_else(|| Rgb::palette(*place)),
            mask,
            code: codes.get(number).and_then(|o| code(o, tags::RTROI_IDENTIFICATION_CODE_SEQUENCE)),
            origin,
            isovalue: None,
        });
    }
    for (number, roi) in &rois {
        let has_contours = |c: &InMemDicomObject| int::<i64>(c, tags::REFERENCED_ROI_NUMBER, "").ok() == Some(*number);
        if !all.iter().any(has_contours) {
            set.skipped.push(Skipped { name: roi.name.clone(), reason: "it has no contours".into() });
        }
    }
    match refused {
        Some(problem) if set.structures.is_empty() => Err(problem),
        _ => {
            progress.set(1.0);
            Ok(set)
        }
    }
}

/// Says so where the voxels make another volume than the file tells, by more than a twentieth and more than 20 voxels: then a
/// part may be missing or too much.
fn other_volume(told: f64, mask: &Mask) -> Option<String> {
    let found = mask.volume().millilitres();
    let allowed = (told * 0.05).max(20.0 * mask.grid().voxel_volume().millilitres());
    let differs = told > 0.0 && (found - told).abs() > allowed;
    differs
        .then(|| format!("the file tells a volume of {told:.3} mL; the voxels within its contours make {found:.3} mL"))
}

fn rois(object: &InMemDicomObject) -> Result<HashMap<i64, Roi>, Problem> {
    let mut rois = HashMap::new();
    for (n, roi) in items(object, tags::STRUCTURE_SET_ROI_SEQUENCE).iter().enumerate() {
        let number: i64 = int(roi, tags::ROI_NUMBER, &format!("ROI {}", n + 1))?;
        let name = text(roi, tags::ROI_NAME).unwrap_or_else(|| format!("ROI {number}"));
        let frame_of_reference = text(roi, tags::REFERENCED_FRAME_OF_REFERENCE_UID);
        let millilitres = floats(roi, tags::ROI_VOLUME, "").ok().and_then(|v| v.first().copied());
        rois.insert(number, Roi { name, millilitres, frame_of_reference });
    }
    Ok(rois)
}

/// The closed contours of a structure. What is left out is told, one line for each kind.
fn contours(roi_contour: &InMemDicomObject, skip: &mut impl FnMut(String)) -> Vec<Contour> {
    let mut closed = Vec::new();
    let mut others: Vec<(String, usize)> = Vec::new();
    let mut leave_out = |reason: String| match others.iter_mut().find(|(r, _)| *r == reason) {
        Some((_, count)) => *count += 1,
        None => others.push((reason, 1)),
    };
    for contour in items(roi_contour, tags::CONTOUR_SEQUENCE) {
        let kind = text(contour, tags::CONTOUR_GEOMETRIC_TYPE).unwrap_or_default();
        if !matches!(kind.as_str(), "CLOSED_PLANAR" | "CLOSEDPLANAR_XOR") {
            leave_out(format!("of type {kind}, which encloses nothing"));
            continue;
        }
        match points(contour).and_then(Contour::new) {
            Ok(contour) => closed.push(contour),
            Err(reason) => leave_out(reason),
        }
    }
    for (reason, count) in others {
        skip(format!("{count} contour(s) left out: {reason}"));
    }
    closed
}

/// The points of a contour, or why they cannot be used.
fn points(contour: &InMemDicomObject) -> Result<Vec<DVec3>, String> {
    let values = floats(contour, tags::CONTOUR_DATA, "").map_err(|p| p.to_string())?;
    if values.len() % 3 != 0 {
        return Err("the coordinates do not come in threes".into());
    }
    let points: Vec<DVec3> = values.chunks_exact(3).map(DVec3::from_slice).collect();
    let promised: Option<usize> = int(contour, tags::NUMBER_OF_CONTOUR_POINTS, "").ok();
    if promised.is_some_and(|n| n != points.len()) {
        return Err("the number of points is not the one stated".into());
    }
    Ok(points)
}

fn colour(roi_contour: &InMemDicomObject) -> Option<Rgb> {
    let values = element(roi_contour, tags::ROI_DISPLAY_COLOR)?.to_multi_int::<i64>().ok()?;
    let [r, g, b] = <[i64; 3]>::try_from(values).ok()?.map(|c| c.clamp(0, 255) as u8);
    Some(Rgb(r, g, b))
}
