//! Reading a presentation state.

use std::io::Read;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileDicomObject, InMemDicomObject};

use crate::ResultError;
use crate::report::{items, word};

/// A presentation state, as far as it draws and windows.
#[derive(Clone, Debug, PartialEq)]
pub struct PresentationState {
    /// The series and the images that it is for.
    pub images: Vec<(String, String)>,
    /// Window centre and width, as written.
    pub window: Option<[f64; 2]>,
    /// Rescale slope and intercept.
    pub rescale: Option<[f64; 2]>,
    /// The corners of the displayed area: column and row, from 1.
    pub displayed: Option<[[i64; 2]; 2]>,
    /// What is drawn.
    pub drawn: Vec<ReadMarks>,
}

/// What is drawn on images.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadMarks {
    /// The images, by their SOP instances.
    pub images: Vec<String>,
    /// Points, lines and other shapes.
    pub graphics: Vec<ReadGraphic>,
    /// Words.
    pub texts: Vec<DrawnText>,
}

/// A shape.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadGraphic {
    /// `POINT`, `POLYLINE` and so on.
    pub kind: String,
    /// Column and row in pixels; the image's upper left corner is (0, 0).
    pub points: Vec<[f64; 2]>,
}

/// Words.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnText {
    /// What is written.
    pub text: String,
    /// Where, in pixels.
    pub at: Option<[f64; 2]>,
}

/// Reads a grayscale softcopy presentation state that this program, or another, wrote. Only what is drawn in pixels is taken.
///
/// # Errors
/// When the file is not DICOM, no such state, or its points are no pairs of numbers.
pub fn read_presentation_state(file: impl Read) -> Result<PresentationState, ResultError> {
    let o = FileDicomObject::from_reader(file).map_err(|e| ResultError::Unreadable(e.to_string()))?;
    let class = word(&o, tags::SOP_CLASS_UID).unwrap_or_default();
    if class != uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE {
        return Err(ResultError::NoPresentation(format!("its class is {class}")));
    }
    let mut images = Vec::new();
    for series in items(&o, tags::REFERENCED_SERIES_SEQUENCE) {
        let uid = word(series, tags::SERIES_INSTANCE_UID).unwrap_or_default();
        images.extend(instances(series, tags::REFERENCED_IMAGE_SEQUENCE).map(|image| (uid.clone(), image)));
    }
    let voi = items(&o, tags::SOFTCOPY_VOILUT_SEQUENCE).next();
    let area = items(&o, tags::DISPLAYED_AREA_SELECTION_SEQUENCE).next();
    let corner = |tag| -> Option<[i64; 2]> { area?.element(tag).ok()?.to_multi_int::<i64>().ok()?.try_into().ok() };
    let first = corner(tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER);
    let last = corner(tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER);
    let pair = |o: &InMemDicomObject, a, b| number(o, a).zip(number(o, b)).map(|(a, b)| [a, b]);
    Ok(PresentationState {
        images,
        window: voi.and_then(|v| pair(v, tags::WINDOW_CENTER, tags::WINDOW_WIDTH)),
        rescale: pair(&o, tags::RESCALE_SLOPE, tags::RESCALE_INTERCEPT),
        displayed: first.zip(last).map(|(a, b)| [a, b]),
        drawn: items(&o, tags::GRAPHIC_ANNOTATION_SEQUENCE).map(marks).collect::<Result<_, _>>()?,
    })
}

fn marks(item: &InMemDicomObject) -> Result<ReadMarks, ResultError> {
    let mut read = ReadMarks {
        images: instances(item, tags::REFERENCED_IMAGE_SEQUENCE).collect(),
        graphics: Vec::new(),
        texts: Vec::new(),
    };
    for graphic in items(item, tags::GRAPHIC_OBJECT_SEQUENCE) {
        if word(graphic, tags::GRAPHIC_ANNOTATION_UNITS).as_deref() == Some("PIXEL") {
            let kind = word(graphic, tags::GRAPHIC_TYPE).unwrap_or_default();
            read.graphics.push(ReadGraphic { kind, points: points(graphic, tags::GRAPHIC_DATA)? });
        }
    }
    for words in items(item, tags::TEXT_OBJECT_SEQUENCE) {
        let in_pixels = word(words, tags::ANCHOR_POINT_ANNOTATION_UNITS).as_deref() == Some("PIXEL");
        let at = if in_pixels { points(words, tags::ANCHOR_POINT)?.first().copied() } else { None };
        read.texts.push(DrawnText { text: word(words, tags::UNFORMATTED_TEXT_VALUE).unwrap_or_default(), at });
    }
    Ok(read)
}

fn points(o: &InMemDicomObject, tag: Tag) -> Result<Vec<[f64; 2]>, ResultError> {
    let numbers = o.element(tag).ok().and_then(|e| e.value().to_multi_float64().ok());
    let numbers = numbers.filter(|n| n.len() % 2 == 0 && n.iter().all(|v| v.is_finite()));
    let numbers = numbers.ok_or_else(|| ResultError::NoPresentation("its points are no pairs of numbers".into()))?;
    Ok(numbers.chunks_exact(2).map(|p| [p[0], p[1]]).collect())
}

fn number(o: &InMemDicomObject, tag: Tag) -> Option<f64> {
    o.element(tag).ok()?.to_float64().ok()
}

/// The SOP instances that a sequence of references names.
pub(crate) fn instances(o: &InMemDicomObject, tag: Tag) -> impl Iterator<Item = String> + '_ {
    items(o, tag).filter_map(|i| word(i, tags::REFERENCED_SOP_INSTANCE_UID))
}
