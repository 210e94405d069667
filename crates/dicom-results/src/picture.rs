//! Pictures of views as secondary captures (PS3.3 A.8.1), and back.

use std::io::Read;

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileDicomObject, InMemDicomObject};
use fabrica_plan::UtcTime;

use crate::code::Coded;
use crate::object::{clean, code, file, sequence, short, text, uid};
use crate::report::{items, word};
use crate::source::{NewObject, Source, date_and_time};
use crate::{DicomFile, ResultError};

/// A picture that was drawn of the case.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// What it shows.
    pub caption: &'a str,
    /// Width and height, pixels.
    pub size: [u32; 2],
    /// Red, green and blue of each pixel, rows from the top.
    pub rgb: &'a [u8],
}

/// A picture as a secondary capture, the `number`-th of the series that all pictures of the same moment make. It names the
/// images that it was drawn from.
///
/// # Errors
/// When it is empty, too large, or its bytes do not fit its size.
pub fn captured(
    source: &Source<'_>,
    picture: &Picture<'_>,
    number: usize,
    at: UtcTime,
) -> Result<DicomFile, ResultError> {
    let [width, height] = picture.size;
    let bytes = width as usize * height as usize * 3;
    if bytes == 0 || picture.rgb.len() != bytes {
        return Err(ResultError::Nothing("picture of that size"));
    }
    let most = usize::from(u16::MAX);
    for (what, count) in [("columns", width as usize), ("rows", height as usize)] {
        if count > most {
            return Err(ResultError::TooMany { what, count, most });
        }
    }
    let moment = at.to_string();
    let series = format!("pictures {} {moment}", source.sha256);
    let sop_instance =
        uid("picture", &[series.as_bytes(), picture.caption.as_bytes(), &number.to_le_bytes(), picture.rgb]);
    let new = NewObject {
        sop_class: uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
        sop_instance: &sop_instance,
        modality: "OT",
        series_number: "9006",
        description: "Views",
        series: Some(&series),
        number,
        at,
    };
    let mut o = InMemDicomObject::new_empty();
    source.header(&mut o, &new);
    let (date, time) = date_and_time(at);
    // SC equipment and image (C.8.6.1, C.8.6.2): made on a workstation.
    text(&mut o, tags::CONVERSION_TYPE, VR::CS, "WSD");
    text(&mut o, tags::DATE_OF_SECONDARY_CAPTURE, VR::DA, &date);
    text(&mut o, tags::TIME_OF_SECONDARY_CAPTURE, VR::TM, &time);
    text(&mut o, tags::IMAGE_TYPE, VR::CS, "DERIVED\\SECONDARY");
    text(&mut o, tags::PATIENT_ORIENTATION, VR::CS, "");
    text(&mut o, tags::LATERALITY, VR::CS, "");
    // Nothing in it says who the patient is.
    text(&mut o, tags::BURNED_IN_ANNOTATION, VR::CS, "NO");
    let synthetic = if source.provenance.simulated { "SYNTHETIC " } else { "" };
    text(&mut o, tags::IMAGE_COMMENTS, VR::LT, &clean(&format!("{synthetic}{}", picture.caption), 1024));
    let from = source.images().into_iter().map(|mut image| {
        let purpose = Coded::dcm("121322", "Source image for image processing operation");
        code(&mut image, tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, &purpose);
        image
    });
    let from: Vec<InMemDicomObject> = from.collect();
    if !from.is_empty() {
        text(&mut o, tags::DERIVATION_DESCRIPTION, VR::ST, "drawn from the whole scan");
        sequence(&mut o, tags::SOURCE_IMAGE_SEQUENCE, from);
    }
    short(&mut o, tags::SAMPLES_PER_PIXEL, 3);
    text(&mut o, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "RGB");
    short(&mut o, tags::PLANAR_CONFIGURATION, 0);
    // Checked to fit.
    short(&mut o, tags::ROWS, height as u16);
    short(&mut o, tags::COLUMNS, width as u16);
    short(&mut o, tags::BITS_ALLOCATED, 8);
    short(&mut o, tags::BITS_STORED, 8);
    short(&mut o, tags::HIGH_BIT, 7);
    short(&mut o, tags::PIXEL_REPRESENTATION, 0);
    let mut pixels = picture.rgb.to_vec();
    // An even number of bytes (PS3.5 8.1.1).
    if pixels.len() % 2 == 1 {
        pixels.push(0);
    }
    o.put(DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(pixels.into())));
    file(o, uids::SECONDARY_CAPTURE_IMAGE_STORAGE, &sop_instance)
}

/// A picture that was found in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPicture {
    /// What it shows.
    pub caption: String,
    /// Width and height, pixels.
    pub size: [u32; 2],
    /// Red, green and blue of each pixel, rows from the top.
    pub rgb: Vec<u8>,
    /// The images that it was made of.
    pub source_instances: Vec<String>,
}

/// Reads a picture that [`captured`] made an object of.
///
/// # Errors
/// When the file is not DICOM, no secondary capture, or not of 8 bits red, green, blue.
pub fn read_captured(file: impl Read) -> Result<ReadPicture, ResultError> {
    let o = FileDicomObject::from_reader(file).map_err(|e| ResultError::Unreadable(e.to_string()))?;
    let wrong = |why: String| ResultError::NoPicture(why);
    let class = word(&o, tags::SOP_CLASS_UID).unwrap_or_default();
    if class != uids::SECONDARY_CAPTURE_IMAGE_STORAGE {
        return Err(wrong(format!("its class is {class}")));
    }
    let number = |tag| o.element(tag).ok().and_then(|e| e.to_int::<u32>().ok()).unwrap_or_default();
    let kind = (word(&o, tags::PHOTOMETRIC_INTERPRETATION), number(tags::BITS_ALLOCATED));
    if kind != (Some("RGB".into()), 8) || number(tags::PLANAR_CONFIGURATION) != 0 {
        return Err(wrong(format!("its pixels are {} of {} bits", kind.0.unwrap_or_default(), kind.1)));
    }
    let size = [number(tags::COLUMNS), number(tags::ROWS)];
    let bytes = u64::from(size[0]) * u64::from(size[1]) * 3;
    let pixels = o.element(tags::PIXEL_DATA).ok().and_then(|e| e.to_bytes().ok().map(|b| b.into_owned()));
    let mut rgb = pixels.filter(|p| p.len() as u64 >= bytes).ok_or_else(|| wrong("its pixels are cut short".into()))?;
    rgb.truncate(bytes as usize);
    Ok(ReadPicture {
        caption: word(&o, tags::IMAGE_COMMENTS).unwrap_or_default(),
        size,
        rgb,
        source_instances: items(&o, tags::SOURCE_IMAGE_SEQUENCE)
            .filter_map(|i| word(i, tags::REFERENCED_SOP_INSTANCE_UID))
            .collect(),
    })
}
