//! Structures as a DICOM RT structure set (PS3.3 A.19).

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use fabrica_geometry::{Mm3, VoxelPoint};
use fabrica_plan::{Author, UtcTime};
use fabrica_progress::Progress;
use fabrica_volume::Structure;
use rayon::prelude::*;

use crate::code::Coded;
use crate::object::{clean, code, decimals, file_as, object, person, sequence, text, uid};
use crate::outline::outlines;
use crate::source::{NewObject, Source, date_and_time, reference};
use crate::{DicomFile, ResultError};

/// What was written of a structure.
#[derive(Clone, Debug, PartialEq)]
pub struct Contoured {
    /// Its name.
    pub name: String,
    /// How many contours it has.
    pub contours: usize,
    /// The volume of its voxels, which is that between its contours.
    pub volume: Mm3,
}

/// The contours of one slice: corners in patient millimetres.
struct OnSlice {
    slice: usize,
    /// Each: `L\P\S\L\P\S…`.
    contours: Vec<Vec<f64>>,
}

/// The structures as closed planar contours (PS3.3 C.8.8.6) on the scan's slices, and what was written of each. A contour
/// goes along the edges of the pixels that belong: its area is theirs, and whoever asks which pixels' centres lie within
/// finds just these. Holes are keyholes, which every reader understands. Each ROI tells its volume, each contour its image,
/// where the scan came as one image a slice.
///
/// The object is in Implicit VR Little Endian: only there may a contour's coordinates be longer than 64 KiB (PS3.5 7.1.2).
///
/// # Errors
/// When there is no voxel, a structure lies on another grid, or the user cancels.
pub fn structure_set(
    source: &Source<'_>,
    structures: &[Structure],
    by: &Author,
    at: UtcTime,
    progress: &Progress,
) -> Result<(DicomFile, Vec<Contoured>), ResultError> {
    progress.stage("drawing contours");
    source.check_grids(structures)?;
    let structures: Vec<&Structure> = structures.iter().filter(|s| !s.mask.is_empty()).collect();
    if structures.is_empty() {
        return Err(ResultError::Nothing("voxel of a structure"));
    }
    let mut drawn = Vec::with_capacity(structures.len());
    for (n, structure) in structures.iter().enumerate() {
        progress.set(n as f32 / structures.len() as f32);
        drawn.push(contours(source, structure, progress)?);
    }
    let mut key: Vec<u8> = structures.iter().flat_map(|s| format!("{}\n", s.name).into_bytes()).collect();
    for on in drawn.iter().flatten() {
        key.extend(on.contours.iter().flatten().flat_map(|v| v.to_le_bytes()));
    }
    let sop_instance = uid("structure set", &[source.sha256.as_bytes(), &key, at.to_string().as_bytes()]);
    let new = NewObject {
        sop_class: uids::RT_STRUCTURE_SET_STORAGE,
        sop_instance: &sop_instance,
        modality: "RTSTRUCT",
        series_number: "9004",
        description: "Structures as contours",
        series: None,
        number: 1,
        at,
    };
    let mut o = InMemDicomObject::new_empty();
    source.header(&mut o, &new);
    let frame = source.frame_of_reference();
    text(&mut o, tags::OPERATORS_NAME, VR::PN, &person(by.name()));
    text(&mut o, tags::FRAME_OF_REFERENCE_UID, VR::UI, &frame);
    text(&mut o, tags::POSITION_REFERENCE_INDICATOR, VR::LO, "");
    // Structure Set (C.8.8.5).
    let (date, time) = date_and_time(at);
    text(&mut o, tags::STRUCTURE_SET_LABEL, VR::SH, "Fabrica");
    let about = "made by Fabrica, which is no cleared medical device";
    text(&mut o, tags::STRUCTURE_SET_DESCRIPTION, VR::ST, about);
    text(&mut o, tags::STRUCTURE_SET_DATE, VR::DA, &date);
    text(&mut o, tags::STRUCTURE_SET_TIME, VR::TM, &time);
    sequence(&mut o, tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE, vec![frame_of_reference(source, &frame)]);
    let numbered = || (1..).zip(structures.iter());
    let rois = numbered().map(|(n, s)| roi(n, s, &frame));
    sequence(&mut o, tags::STRUCTURE_SET_ROI_SEQUENCE, rois.collect());
    let told = numbered().zip(&drawn).map(|((_, s), slices)| Contoured {
        name: s.name.clone(),
        contours: slices.iter().map(|on| on.contours.len()).sum(),
        volume: s.mask.volume(),
    });
    let told: Vec<Contoured> = told.collect();
    let items = numbered().zip(drawn).map(|((n, s), slices)| roi_contour(source, n, s, slices));
    sequence(&mut o, tags::ROI_CONTOUR_SEQUENCE, items.collect());
    let observations = numbered().map(|(n, s)| observation(n, s));
    sequence(&mut o, tags::RTROI_OBSERVATIONS_SEQUENCE, observations.collect());
    // Nobody but a clinician approves (C.8.8.16).
    text(&mut o, tags::APPROVAL_STATUS, VR::CS, "UNAPPROVED");
    let file = file_as(o, uids::RT_STRUCTURE_SET_STORAGE, &sop_instance, uids::IMPLICIT_VR_LITTLE_ENDIAN)?;
    Ok((file, told))
}

fn contours(source: &Source<'_>, structure: &Structure, progress: &Progress) -> Result<Vec<OnSlice>, ResultError> {
    let Some((low, high)) = structure.mask.bounding_box() else { return Ok(Vec::new()) };
    let size = [high[0] - low[0] + 1, high[1] - low[1] + 1];
    let mask = &structure.mask;
    let slices: Result<Vec<OnSlice>, ResultError> = (low[2]..=high[2])
        .into_par_iter()
        .map(|slice| {
            progress.check()?;
            let inside = |i: usize, j: usize| {
                let i = i + low[0];
                mask.row(j + low[1], slice)[i / 64] >> (i % 64) & 1 == 1
            };
            let to_patient = |[x, y]: [i32; 2]| {
                // A corner lies half a pixel before the centre of its pixel.
                let [x, y] = [f64::from(x) + low[0] as f64 - 0.5, f64::from(y) + low[1] as f64 - 0.5];
                source.grid.to_patient(VoxelPoint::new(x, y, slice as f64)).0.to_array()
            };
            let found = outlines(size, inside);
            let contours = found.iter().map(|o| o.iter().flat_map(|&c| to_patient(c)).collect()).collect();
            Ok(OnSlice { slice, contours })
        })
        .collect();
    Ok(slices?.into_iter().filter(|on| !on.contours.is_empty()).collect())
}

/// Which study, series and images the contours lie on (C.8.8.5).
fn frame_of_reference(source: &Source<'_>, frame: &str) -> InMemDicomObject {
    /// Detached Study Management: retired, and still what this reference is made with.
    const STUDY: &str = "1.2.840.10008.3.1.2.3.1";
    object(|i| {
        text(i, tags::FRAME_OF_REFERENCE_UID, VR::UI, frame);
        let images = source.images();
        let Some(series) = source.provenance.series_uid.as_deref().filter(|_| !images.is_empty()) else { return };
        let series = object(|s| {
            text(s, tags::SERIES_INSTANCE_UID, VR::UI, series);
            sequence(s, tags::CONTOUR_IMAGE_SEQUENCE, images);
        });
        let mut study = reference(STUDY, &source.study());
        sequence(&mut study, tags::RT_REFERENCED_SERIES_SEQUENCE, vec![series]);
        sequence(i, tags::RT_REFERENCED_STUDY_SEQUENCE, vec![study]);
    })
}

fn roi(number: u32, structure: &Structure, frame: &str) -> InMemDicomObject {
    object(|i| {
        text(i, tags::ROI_NUMBER, VR::IS, &number.to_string());
        text(i, tags::REFERENCED_FRAME_OF_REFERENCE_UID, VR::UI, frame);
        text(i, tags::ROI_NAME, VR::LO, &clean(&structure.name, 64));
        text(i, tags::ROI_DESCRIPTION, VR::ST, &clean(&structure.origin, 1024));
        // Cubic centimetres.
        decimals(i, tags::ROI_VOLUME, &[structure.mask.volume().millilitres()]);
        text(i, tags::ROI_GENERATION_ALGORITHM, VR::CS, "");
    })
}

fn roi_contour(source: &Source<'_>, number: u32, structure: &Structure, slices: Vec<OnSlice>) -> InMemDicomObject {
    // A ten-thousandth of a voxel or finer.
    let places = (4.0 - source.grid.finest_spacing().0.log10().floor()).clamp(3.0, 9.0) as usize;
    let contour = |slice: usize, numbers: Vec<f64>| {
        object(|i| {
            if let Some(image) = source.image_of_slice(slice) {
                sequence(i, tags::CONTOUR_IMAGE_SEQUENCE, vec![image]);
            }
            text(i, tags::CONTOUR_GEOMETRIC_TYPE, VR::CS, "CLOSED_PLANAR");
            text(i, tags::NUMBER_OF_CONTOUR_POINTS, VR::IS, &(numbers.len() / 3).to_string());
            let numbers: Vec<String> = numbers.iter().map(|v| rounded(*v, places)).collect();
            text(i, tags::CONTOUR_DATA, VR::DS, &numbers.join("\\"));
        })
    };
    object(|i| {
        let fabrica_volume::Rgb(r, g, b) = structure.colour;
        text(i, tags::ROI_DISPLAY_COLOR, VR::IS, &format!("{r}\\{g}\\{b}"));
        let all = slices.into_iter().flat_map(|on| on.contours.into_iter().map(move |numbers| (on.slice, numbers)));
        sequence(i, tags::CONTOUR_SEQUENCE, all.map(|(slice, numbers)| contour(slice, numbers)).collect());
        text(i, tags::REFERENCED_ROI_NUMBER, VR::IS, &number.to_string());
    })
}

fn observation(number: u32, structure: &Structure) -> InMemDicomObject {
    object(|i| {
        text(i, tags::OBSERVATION_NUMBER, VR::IS, &number.to_string());
        text(i, tags::REFERENCED_ROI_NUMBER, VR::IS, &number.to_string());
        if let Some(c) = &structure.code {
            code(i, tags::RTROI_IDENTIFICATION_CODE_SEQUENCE, &Coded::new(&c.value, &c.scheme, &c.meaning));
        }
        text(i, tags::RTROI_INTERPRETED_TYPE, VR::CS, "");
        text(i, tags::ROI_INTERPRETER, VR::PN, "");
    })
}

/// With so many places, without needless zeros, in 16 characters.
fn rounded(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text.len() <= 16 {
        if text == "-0" { "0".into() } else { text.to_owned() }
    } else {
        crate::object::decimal(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        for (value, text) in [(-0.500_000_01, "-0.5"), (12.0, "12"), (-1e-9, "0"), (1.0 / 3.0, "0.33333")] {
            assert_eq!(rounded(value, 5), text);
        }
        assert_eq!(rounded(-123_456.789_012_345, 9).len(), 16);
    }
}
