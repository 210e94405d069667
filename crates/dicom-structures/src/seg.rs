//! DICOM segmentations (PS3.3 A.51).

use std::path::Path;

use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use fabrica_geometry::Grid;
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Rgb, Structure};
use glam::DVec3;

use crate::attributes::{float_array, floats, int, item, items, text, vector, wrong};
use crate::code::code;
use crate::colour::from_cielab;
use crate::identity::{check_frame, unique};
use crate::open::open;
use crate::pixels::{Meaning, Pixels};
use crate::place::{exactly, nearest};
use crate::plane::Plane;
use crate::slabs::{SAME, gaps};
use crate::{Problem, ScanIdentity, Skipped, StructureError, StructureOptions, StructureSet};

/// A frame: where it lies, and of which segments it tells.
struct Frame {
    plane: Plane,
    segments: Vec<u16>,
}

/// Reads a DICOM segmentation onto the scan's grid.
///
/// Frames are placed by their Image Position and Orientation (Patient), never by their order. Where all frames lie on
/// the scan's voxels (to a tenth of a voxel) the result is exact; otherwise a voxel takes the nearest pixel.
///
/// # Errors
/// When the file is damaged or of another kind, belongs to another frame of reference, or lies on
/// another grid and `options.resample` is off.
pub fn read_seg(
    path: &Path,
    scan: &Grid,
    identity: &ScanIdentity,
    options: &StructureOptions,
    progress: &Progress,
) -> Result<StructureSet, StructureError> {
    structures(path, scan, identity, options, progress).map_err(|problem| problem.at(path))
}

fn structures(
    path: &Path,
    scan: &Grid,
    identity: &ScanIdentity,
    options: &StructureOptions,
    progress: &Progress,
) -> Result<StructureSet, Problem> {
    progress.stage("reading the segmentation");
    let object = open(path, &[uids::SEGMENTATION_STORAGE, LABEL_MAP_STORAGE], "a DICOM segmentation")?;
    progress.check()?;
    let frame_of_reference = text(&object, tags::FRAME_OF_REFERENCE_UID);
    let doubt = check_frame(frame_of_reference.as_deref(), identity, options)?;

    let frames = frames(&object)?;
    let pixels = Pixels::new(&object, frames.len(), options.fractional_threshold)?;
    let on_grid: Option<Vec<_>> = frames.iter().map(|f| f.plane.on_grid(scan, pixels.columns, pixels.rows)).collect();
    if on_grid.is_none() && !options.resample {
        return Err(Problem::OtherGrid(
            "a frame's pixels are not voxels of the scan; allow resampling, or import the scan that it was drawn on"
                .into(),
        ));
    }

    let distance = distance(&object, &frames).unwrap_or_else(|| scan.finest_spacing().0);
    let mut set = StructureSet::default();
    let segments = items(&object, tags::SEGMENT_SEQUENCE);
    for (n, segment) in segments.iter().enumerate() {
        progress.check()?;
        progress.set(n as f32 / segments.len() as f32);
        let number: u16 = int(segment, tags::SEGMENT_NUMBER, &format!("segment {}", n + 1))?;
        let label = text(segment, tags::SEGMENT_LABEL).unwrap_or_else(|| format!("Segment {number}"));
        let name = unique(&label, &set.structures);
        let mine: Vec<usize> = (0..frames.len())
            .filter(|&f| matches!(pixels.meaning, Meaning::LabelMap { .. }) || frames[f].segments.contains(&number))
            .collect();
        let file = path.file_name().map(|f| f.to_string_lossy()).unwrap_or_default();
        let mut origin = format!("segment {number} of the DICOM segmentation {file}");
        if let Meaning::Fractional { .. } = pixels.meaning {
            let kind = text(&object, tags::SEGMENTATION_FRACTIONAL_TYPE).unwrap_or_default().to_lowercase();
            origin += &format!(", {kind} of at least {}", options.fractional_threshold);
        }
        let (mask, outside) = match &on_grid {
            Some(on_grid) => {
                let placed: Vec<_> = mine.iter().map(|&f| (f, on_grid[f])).collect();
                exactly(scan, &pixels, &placed, number, progress)?
            }
            None => {
                origin += ", resampled to the scan by nearest neighbour";
                let placed: Vec<_> = mine.iter().map(|&f| (f, frames[f].plane)).collect();
                (nearest(scan, &pixels, &placed, distance, number, progress)?, 0)
            }
        };
        if let Some(doubt) = &doubt {
            origin += &format!("; {doubt}");
        }
        note_losses(&mask, outside, mine.is_empty(), &name, &mut set.skipped);
        set.structures.push(Structure {
            colour: colour(segment).unwrap_or_else(|| Rgb::palette(n)),
            code: code(segment, tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE),
            isovalue: None,
            name,
            mask,
            origin,
        });
    }
    if set.structures.is_empty() {
        return Err(wrong(tags::SEGMENT_SEQUENCE, "", "is missing or empty"));
    }
    progress.set(1.0);
    Ok(set)
}

/// Label Map Segmentation Storage (DICOM supplement 243), which older dictionaries lack.
pub(crate) const LABEL_MAP_STORAGE: &str = "1.2.840.10008.5.1.4.1.1.66.7";

/// Tells what of a segment is not in its mask.
fn note_losses(mask: &Mask, outside: usize, no_frame: bool, name: &str, skipped: &mut Vec<Skipped>) {
    let reason = if no_frame {
        "the segment has no frame; it is empty".to_owned()
    } else if outside > 0 {
        format!("{outside} pixel(s) of it lie outside the scan and were left out")
    } else if mask.is_empty() {
        "nothing of it lies within the scan, or it is empty".to_owned()
    } else {
        return;
    };
    skipped.push(Skipped { name: name.to_owned(), reason });
}

fn frames(object: &InMemDicomObject) -> Result<Vec<Frame>, Problem> {
    let shared = item(object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let per_frame = items(object, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let promised: usize = int(object, tags::NUMBER_OF_FRAMES, "")?;
    if per_frame.is_empty() || promised != per_frame.len() {
        let what = format!("is {promised}, {} frame(s) are described", per_frame.len());
        return Err(wrong(tags::NUMBER_OF_FRAMES, "", what));
    }
    let label_map = text(object, tags::SEGMENTATION_TYPE).as_deref() == Some("LABELMAP");
    let mut frames = Vec::with_capacity(per_frame.len());
    for (n, groups) in per_frame.iter().enumerate() {
        let place = format!("frame {}", n + 1);
        let group = |sequence| item(groups, sequence).or_else(|| shared.and_then(|s| item(s, sequence)));
        let need = |sequence| group(sequence).ok_or_else(|| wrong(sequence, &place, "is missing"));
        let position = need(tags::PLANE_POSITION_SEQUENCE)?;
        let orientation = need(tags::PLANE_ORIENTATION_SEQUENCE)?;
        let measures = need(tags::PIXEL_MEASURES_SEQUENCE)?;
        let origin = vector(position, tags::IMAGE_POSITION_PATIENT, &place)?;
        let [a, b, c, d, e, f] = float_array(orientation, tags::IMAGE_ORIENTATION_PATIENT, &place)?;
        let (along_row, along_column) = (DVec3::new(a, b, c), DVec3::new(d, e, f));
        let unit = |v: DVec3| (v.length() - 1.0).abs() < 0.01;
        if !unit(along_row) || !unit(along_column) || along_row.dot(along_column).abs() > 0.01 {
            let what = "is not two perpendicular unit vectors";
            return Err(wrong(tags::IMAGE_ORIENTATION_PATIENT, &place, what));
        }
        // PS3.3 10.7.1.3: distance between rows first.
        let [between_rows, between_columns] = float_array(measures, tags::PIXEL_SPACING, &place)?;
        if !(between_rows > 0.0 && between_columns > 0.0) {
            return Err(wrong(tags::PIXEL_SPACING, &place, format!("is {between_rows}, {between_columns} mm")));
        }
        let segments = if label_map {
            Vec::new()
        } else {
            let identification = need(tags::SEGMENT_IDENTIFICATION_SEQUENCE)?;
            let numbers = floats(identification, tags::REFERENCED_SEGMENT_NUMBER, &place)?;
            numbers.into_iter().map(|n| n as u16).collect()
        };
        let plane = Plane {
            origin,
            column_step: along_row.normalize() * between_columns,
            row_step: along_column.normalize() * between_rows,
        };
        frames.push(Frame { plane, segments });
    }
    Ok(frames)
}

/// How far apart frames are for which an empty frame was not left out: as stated, or the smallest distance between
/// any two; for a lone frame its thickness.
fn distance(object: &InMemDicomObject, frames: &[Frame]) -> Option<f64> {
    let shared = item(object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let measures = shared.and_then(|s| item(s, tags::PIXEL_MEASURES_SEQUENCE));
    let stated = |tag| {
        let [v] = float_array::<1>(measures?, tag, "").ok()?;
        Some(v.abs()).filter(|v| *v > 0.0)
    };
    let between = || {
        let normal = frames.first()?.plane.normal()?;
        let positions: Vec<f64> = frames.iter().map(|f| f.plane.origin.dot(normal)).collect();
        gaps(&positions, SAME).into_iter().min_by(f64::total_cmp)
    };
    stated(tags::SPACING_BETWEEN_SLICES).or_else(between).or_else(|| stated(tags::SLICE_THICKNESS))
}

fn colour(segment: &InMemDicomObject) -> Option<Rgb> {
    let values = floats(segment, tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE, "").ok()?;
    <[f64; 3]>::try_from(values).ok().map(|lab| from_cielab(lab.map(|v| v as u16)))
}
