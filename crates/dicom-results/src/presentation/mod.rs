//! Measurements and annotations drawn on the scan's own images: a grayscale softcopy presentation state (PS3.3 A.33.1), and
//! back.

mod mark;
mod read;

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use fabrica_plan::{Annotation, Author, NamedMeasurement, UtcTime, Window};

use crate::object::{clean, decimals, file, object, person, sequence, short, text, uid};
use crate::source::{NewObject, Source, date_and_time};
use crate::{DicomFile, ResultError};
pub use mark::{Mark, Shape, marks_of_annotation, marks_of_measurement};

pub(crate) use read::instances;
pub use read::{DrawnText, PresentationState, ReadGraphic, ReadMarks, read_presentation_state};

/// What is drawn, and on which images.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// Measurements.
    pub measurements: &'a [NamedMeasurement],
    /// Annotations, with their names.
    pub annotations: &'a [(String, Annotation)],
    /// The window that the images are shown in, in the volume's unit.
    pub window: Window,
}

/// A presentation state, and what it shows.
#[derive(Clone, Debug)]
pub struct Presentation {
    /// The object.
    pub file: DicomFile,
    /// The slices that are drawn on, from 0.
    pub slices: Vec<usize>,
    /// What was left out, and why.
    pub left_out: Vec<(String, String)>,
}

/// The layer that all is drawn on.
const LAYER: &str = "FABRICA";

/// What lies on a slice, drawn on the slice's image: points in the image's own pixels (its upper left corner is 0, 0; the
/// centre of its first pixel 0.5, 0.5), with name and values; the whole image, in this window. What does not lie on one
/// slice, all of it within half a slice's distance, is left out and told: it would be drawn where it is not.
///
/// # Errors
/// When the scan's slices are not images of the source or their rescale is not known or not the same (then the window would
/// not mean the same), or nothing lies on a slice.
pub fn presentation_state(
    source: &Source<'_>,
    what: &Presented<'_>,
    by: &Author,
    at: UtcTime,
) -> Result<Presentation, ResultError> {
    if !source.slices_are_images() {
        let why = "the scan's slices are not images of the source: it was resampled, or came as one file";
        return Err(ResultError::NoImages(why));
    }
    let rescales = &source.provenance.sources;
    let first = rescales.first().and_then(|s| s.rescale);
    let Some(rescale) = first.filter(|_| rescales.iter().all(|s| s.rescale == first)) else {
        let why = "the images' rescale is not known or differs from image to image; import the scan again";
        return Err(ResultError::NoImages(why));
    };
    let mut left_out = Vec::new();
    let mut marks: Vec<(usize, Mark)> = Vec::new();
    let mut take = |name: &str, found: Result<(usize, Vec<Mark>), String>| match found {
        Ok((slice, found)) => marks.extend(found.into_iter().map(|mark| (slice, mark))),
        Err(why) => left_out.push((name.to_owned(), why)),
    };
    for m in what.measurements {
        take(&m.name, marks_of_measurement(source.grid, m));
    }
    for (name, annotation) in what.annotations {
        take(name, marks_of_annotation(source.grid, name, annotation));
    }
    let mut slices: Vec<usize> = marks.iter().map(|(slice, _)| *slice).collect();
    slices.sort_unstable();
    slices.dedup();
    if slices.is_empty() {
        return Err(ResultError::Nothing("measurement or annotation that lies on one slice"));
    }
    let key = format!("{marks:?} {:?} {at}", what.window);
    let sop_instance = uid("presentation", &[source.sha256.as_bytes(), key.as_bytes()]);
    let new = NewObject {
        sop_class: uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE,
        sop_instance: &sop_instance,
        modality: "PR",
        series_number: "9005",
        description: "Measurements on images",
        series: None,
        number: 1,
        at,
    };
    let mut o = InMemDicomObject::new_empty();
    source.header(&mut o, &new);
    text(&mut o, tags::LATERALITY, VR::CS, "");
    // Identification and relationship (C.11.10, C.11.11).
    let (date, time) = date_and_time(at);
    text(&mut o, tags::PRESENTATION_CREATION_DATE, VR::DA, &date);
    text(&mut o, tags::PRESENTATION_CREATION_TIME, VR::TM, &time);
    text(&mut o, tags::CONTENT_LABEL, VR::CS, "MEASUREMENTS");
    text(&mut o, tags::CONTENT_DESCRIPTION, VR::LO, "Measurements made by Fabrica");
    text(&mut o, tags::CONTENT_CREATOR_NAME, VR::PN, &person(by.name()));
    let images: Vec<InMemDicomObject> = slices.iter().filter_map(|&k| source.image_of_slice(k)).collect();
    let series = object(|i| {
        text(i, tags::SERIES_INSTANCE_UID, VR::UI, source.provenance.series_uid.as_deref().unwrap_or_default());
        sequence(i, tags::REFERENCED_IMAGE_SEQUENCE, images.clone());
    });
    sequence(&mut o, tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    sequence(&mut o, tags::DISPLAYED_AREA_SELECTION_SEQUENCE, vec![displayed(source)]);
    let of_slice = |&k: &usize| {
        let here = marks.iter().filter(|(slice, _)| *slice == k).map(|(_, mark)| mark);
        annotation(source.image_of_slice(k), here)
    };
    sequence(&mut o, tags::GRAPHIC_ANNOTATION_SEQUENCE, slices.iter().map(of_slice).collect());
    let layer = object(|i| {
        text(i, tags::GRAPHIC_LAYER, VR::CS, LAYER);
        text(i, tags::GRAPHIC_LAYER_ORDER, VR::IS, "1");
    });
    sequence(&mut o, tags::GRAPHIC_LAYER_SEQUENCE, vec![layer]);
    // A state takes the place of the images' own rescale and window (A.33.1), so it has to say both.
    let unit = if source.provenance.modality.is_ct() { "HU" } else { "US" };
    decimals(&mut o, tags::RESCALE_INTERCEPT, &[rescale.intercept]);
    decimals(&mut o, tags::RESCALE_SLOPE, &[rescale.slope]);
    text(&mut o, tags::RESCALE_TYPE, VR::LO, unit);
    let window = object(|i| {
        // DICOM's linear window is black to c - 0.5 - (w - 1) / 2 and white from c - 0.5 + (w - 1) / 2 (C.11.2.1.2.1).
        decimals(i, tags::WINDOW_CENTER, &[what.window.centre + 0.5]);
        decimals(i, tags::WINDOW_WIDTH, &[what.window.width + 1.0]);
    });
    sequence(&mut o, tags::SOFTCOPY_VOILUT_SEQUENCE, vec![window]);
    text(&mut o, tags::PRESENTATION_LUT_SHAPE, VR::CS, "IDENTITY");
    let file = file(o, uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE, &sop_instance)?;
    Ok(Presentation { file, slices, left_out })
}

/// The whole image (C.10.4).
fn displayed(source: &Source<'_>) -> InMemDicomObject {
    let [columns, rows, _] = source.grid.dims();
    let [across, down, _] = source.grid.spacing();
    let corner = |i: &mut InMemDicomObject, tag, at: [i32; 2]| {
        i.put(DataElement::new(tag, VR::SL, PrimitiveValue::I32(at.into_iter().collect())));
    };
    object(|i| {
        corner(i, tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER, [1, 1]);
        corner(i, tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER, [columns as i32, rows as i32]);
        text(i, tags::PRESENTATION_SIZE_MODE, VR::CS, "SCALE TO FIT");
        // Between rows first.
        decimals(i, tags::PRESENTATION_PIXEL_SPACING, &[down, across]);
    })
}

/// What is drawn on an image (C.10.5).
fn annotation<'a>(image: Option<InMemDicomObject>, marks: impl Iterator<Item = &'a Mark>) -> InMemDicomObject {
    let floats = |i: &mut InMemDicomObject, tag, points: &[[f64; 2]]| {
        let numbers = points.iter().flatten().map(|v| *v as f32).collect();
        i.put(DataElement::new(tag, VR::FL, PrimitiveValue::F32(numbers)));
    };
    let (mut graphics, mut texts) = (Vec::new(), Vec::new());
    for mark in marks {
        if mark.shape != Shape::Nothing {
            graphics.push(object(|i| {
                text(i, tags::GRAPHIC_ANNOTATION_UNITS, VR::CS, "PIXEL");
                short(i, tags::GRAPHIC_DIMENSIONS, 2);
                short(i, tags::NUMBER_OF_GRAPHIC_POINTS, mark.points.len() as u16);
                floats(i, tags::GRAPHIC_DATA, &mark.points);
                text(i, tags::GRAPHIC_TYPE, VR::CS, if mark.shape == Shape::Point { "POINT" } else { "POLYLINE" });
                if mark.shape != Shape::Point {
                    text(i, tags::GRAPHIC_FILLED, VR::CS, "N");
                }
            }));
        }
        if let (false, Some(anchor)) = (mark.lines.is_empty(), mark.points.last()) {
            texts.push(object(|i| {
                text(i, tags::ANCHOR_POINT_ANNOTATION_UNITS, VR::CS, "PIXEL");
                let lines: Vec<String> = mark.lines.iter().map(|line| clean(line, 200)).collect();
                let all: String = lines.join("\r\n").chars().take(1024).collect();
                text(i, tags::UNFORMATTED_TEXT_VALUE, VR::ST, &all);
                floats(i, tags::ANCHOR_POINT, &[*anchor]);
                text(i, tags::ANCHOR_POINT_VISIBILITY, VR::CS, "N");
            }));
        }
    }
    object(|i| {
        sequence(i, tags::REFERENCED_IMAGE_SEQUENCE, image.into_iter().collect());
        text(i, tags::GRAPHIC_LAYER, VR::CS, LAYER);
        if !texts.is_empty() {
            sequence(i, tags::TEXT_OBJECT_SEQUENCE, texts);
        }
        if !graphics.is_empty() {
            sequence(i, tags::GRAPHIC_OBJECT_SEQUENCE, graphics);
        }
    })
}
