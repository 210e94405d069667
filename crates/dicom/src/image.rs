//! Reading an image's header: what it is, and its frames.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use dicom_dictionary_std::{tags, uids};
use fabrica_dicom_pixels::{FrameLayout, codec_for};
use fabrica_geometry::{LpsVector, PatientDirection};
use glam::DVec3;

use crate::SeriesKind;
use crate::csa::Csa;
use crate::dataset::{self, DataSet, PixelElement, Stop};
use crate::file::{BIG_ENDIAN, Header};
use crate::frame::{Doubt, Frame, FrameFacts, ImageFile, Key, KeyValue, Keys, Orientation, Rescale};
use crate::lut::Lut;
use crate::object;
use crate::{mosaic, multiframe, time};

/// Most frames that a file may hold.
const MAX_FRAMES: usize = 100_000;
/// How far direction cosines may be from unit length and from perpendicular before they mean nothing (1.1°).
const MAX_COSINE_ERROR: f64 = 0.02;
/// How far they may be off by rounding.
const ROUNDING: f64 = 2e-3;

/// What a DICOM file turned out to be.
pub(crate) enum Found {
    Image(Box<ImageRecord>),
    Object(Box<object::Object>),
    /// An image that cannot be used, with the series that it belongs to.
    Damaged {
        series: SeriesKey,
        reason: String,
    },
    /// Empty, cut off or broken so early that it could have been a slice of any series.
    Unreadable(String),
    /// Nothing of use.
    PassedOver(String),
}

/// What makes files one series. The patient belongs to it: broken software reuses identifiers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SeriesKey {
    pub(crate) study_uid: String,
    pub(crate) series_uid: String,
    pub(crate) patient_id: String,
    pub(crate) patient_name: String,
}

/// What the header says about the series.
#[derive(Clone, Debug)]
pub(crate) struct SeriesFacts {
    pub(crate) modality: String,
    pub(crate) description: String,
    pub(crate) number: Option<i64>,
    pub(crate) study_description: String,
    pub(crate) study_date: String,
    pub(crate) device: String,
    pub(crate) body_part: String,
    /// Units of the values (PET), or the rescale type.
    pub(crate) unit: String,
}

/// An image file, with its frames.
pub(crate) struct ImageRecord {
    pub(crate) key: SeriesKey,
    pub(crate) facts: SeriesFacts,
    pub(crate) kind: SeriesKind,
    pub(crate) file: Arc<ImageFile>,
    pub(crate) frames: Vec<Frame>,
    /// Why the frames can be no volume, where they cannot.
    pub(crate) obstacle: Option<String>,
}

/// Reads what a file is from its header.
pub(crate) fn identify(path: &Path, modified: Option<SystemTime>, header: &Header<'_>) -> Found {
    let data = &header.parsed.data_set;
    let sop_class = data.ascii(tags::SOP_CLASS_UID).or_else(|| header.meta.sop_class_uid.clone()).unwrap_or_default();
    if sop_class == uids::MEDIA_STORAGE_DIRECTORY_STORAGE {
        return Found::PassedOver("a DICOMDIR, the index of a medium: the files themselves are searched".into());
    }
    if object::is_object(&sop_class) {
        return Found::Object(Box::new(object::read(path, &sop_class, header)));
    }
    let key = series_key(data);
    let damaged = |reason: String| Found::Damaged { series: key.clone(), reason };
    if let Some(Stop::Broken(why)) = &header.parsed.stop {
        return damaged(why.clone());
    }
    let Some(pixels) = header.parsed.pixels else {
        if data.has(tags::ROWS) || object::is_image(&sop_class) {
            return damaged("the file ends before its pixel data".into());
        }
        return if sop_class.is_empty() {
            Found::PassedOver("a DICOM file without an image".into())
        } else {
            Found::Object(Box::new(object::read(path, &sop_class, header)))
        };
    };
    match image(path, modified, header, &sop_class, pixels, key.clone()) {
        Ok(record) => Found::Image(Box::new(record)),
        Err(reason) => damaged(reason),
    }
}

fn image(
    path: &Path,
    modified: Option<SystemTime>,
    header: &Header<'_>,
    sop_class_uid: &str,
    pixels: PixelElement,
    key: SeriesKey,
) -> Result<ImageRecord, String> {
    let data = &header.parsed.data_set;
    let meta = &header.meta;
    let layout = layout(data)?;
    let frame_count = frame_count(data)?;
    let mut obstacle = None;
    let mut block = |reason: String| {
        obstacle.get_or_insert(reason);
    };
    match codec_for(&meta.transfer_syntax) {
        Err(e) => block(e.to_string()),
        Ok(codec) if codec.is_encapsulated() != pixels.length.is_none() => {
            return Err(format!(
                "the transfer syntax {} contradicts how the pixel data is stored",
                transfer_syntax_name(&meta.transfer_syntax)
            ));
        }
        Ok(_) => {}
    }
    check_size(header, &layout, frame_count, pixels)?;
    let floating = pixels.tag != tags::PIXEL_DATA;
    if floating {
        let bits = if pixels.tag == tags::FLOAT_PIXEL_DATA { 32 } else { 64 };
        if pixels.length.is_none() || layout.bits_allocated != bits || layout.samples_per_pixel != 1 {
            block("the floating-point pixel data is compressed, coloured or not as wide as Bits Allocated says".into());
        }
    } else if let Err(e) = layout.check() {
        block(e.to_string());
    }
    let photometric = data.ascii(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default();
    if photometric == "PALETTE COLOR" {
        block("this is a colour image (palette), which has no place in a volume".into());
    }
    let lut = Lut::read(data, &layout)?.filter(|_| !floating);
    if lut.is_some() && layout.bits_stored > 16 {
        block("stored values of more than 16 bits pass through a look-up table (Modality LUT Sequence)".into());
    }
    let image_type = data.ascii_values(tags::IMAGE_TYPE);
    let csa = data.bytes(dataset::SIEMENS_CSA).filter(|_| data.is_private_of(dataset::SIEMENS_CSA, "SIEMENS CSA"));
    let csa = csa.and_then(Csa::read);

    let modality = data.ascii(tags::MODALITY).unwrap_or_default();
    let mut doubts = Vec::new();
    let common = FrameFacts {
        position: position(data),
        orientation: orientation(data, &mut doubts),
        pixel_spacing: pixel_spacing(data, &mut doubts),
        // A table stands in place of a rescale (PS3.3 C.11.1).
        rescale: rescale(data)?.filter(|_| lut.is_none()).unwrap_or(Rescale::IDENTITY),
        parametric_map: sop_class_uid == uids::PARAMETRIC_MAP_STORAGE,
        thickness: positive(data.decimal(tags::SLICE_THICKNESS)),
        spacing_between_slices: data.decimal(tags::SPACING_BETWEEN_SLICES).filter(|s| *s != 0.0),
        slice_location: data.decimal(tags::SLICE_LOCATION),
        gantry_tilt: data.decimal(tags::GANTRY_DETECTOR_TILT),
        frame_of_reference_uid: data.ascii(tags::FRAME_OF_REFERENCE_UID),
        keys: keys(data, csa.as_ref(), &image_type, &modality),
    };
    let mut tiles = None;
    let facts = if mosaic::is_mosaic(&image_type) {
        match mosaic::slices(data, csa.as_ref(), &layout, &common).and_then(|found| match frame_count {
            1 => Ok(found),
            _ => Err("this is a mosaic of several frames, which is not read".to_owned()),
        }) {
            Ok((mosaic, slices)) => {
                tiles = Some(mosaic);
                slices
            }
            Err(reason) => {
                block(reason);
                vec![common]
            }
        }
    } else {
        multiframe::frames(data, common, frame_count, &mut doubts)?
    };
    doubts_of_laterality(data, facts.first(), &mut doubts);
    doubts.sort();
    doubts.dedup();
    let placed = facts.iter().any(|f| f.position.is_some() && f.orientation.is_some());
    let kind = kind(sop_class_uid, &modality, &image_type, placed, frame_count);
    let file = Arc::new(ImageFile {
        path: path.to_owned(),
        length: header.file_length,
        modified,
        sop_instance_uid: data
            .ascii(tags::SOP_INSTANCE_UID)
            .or_else(|| meta.sop_instance_uid.clone())
            .unwrap_or_default(),
        transfer_syntax: meta.transfer_syntax.clone(),
        layout,
        frame_count,
        mosaic: tiles,
        lut,
        floating,
        photometric,
        padding: padding(data, &layout),
        patient_position: data.ascii(tags::PATIENT_POSITION).unwrap_or_default(),
        doubts,
        lossy: data.ascii(tags::LOSSY_IMAGE_COMPRESSION).as_deref() == Some("01"),
    });
    let frames = facts.into_iter().enumerate().map(|(number, facts)| Frame { file: Arc::clone(&file), number, facts });
    let frames = frames.collect();
    Ok(ImageRecord { facts: series_facts(data, modality), key, kind, file, frames, obstacle })
}

fn series_key(data: &DataSet<'_>) -> SeriesKey {
    SeriesKey {
        study_uid: data.ascii(tags::STUDY_INSTANCE_UID).unwrap_or_default(),
        series_uid: data.ascii(tags::SERIES_INSTANCE_UID).unwrap_or_default(),
        patient_id: data.text(tags::PATIENT_ID),
        patient_name: data.text(tags::PATIENT_NAME),
    }
}

fn series_facts(data: &DataSet<'_>, modality: String) -> SeriesFacts {
    // Enhanced images say it in a functional group.
    let group = |all| {
        let groups: Option<&DataSet<'_>> = data.item(all);
        groups?.item(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE)?.ascii(tags::RESCALE_TYPE)
    };
    let of_table = || data.item(tags::MODALITY_LUT_SEQUENCE)?.ascii(tags::MODALITY_LUT_TYPE);
    let unit = data
        .ascii(tags::UNITS)
        .or_else(of_table)
        .or_else(|| data.ascii(tags::RESCALE_TYPE))
        .or_else(|| group(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE))
        .or_else(|| group(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE))
        .unwrap_or_default();
    let device = [data.text(tags::MANUFACTURER), data.text(tags::MANUFACTURER_MODEL_NAME)].join(" ");
    SeriesFacts {
        modality,
        description: data.text(tags::SERIES_DESCRIPTION),
        number: data.decimal(tags::SERIES_NUMBER).map(|n| n as i64),
        study_description: data.text(tags::STUDY_DESCRIPTION),
        study_date: data.ascii(tags::STUDY_DATE).unwrap_or_default(),
        device: device.trim().to_owned(),
        body_part: data.ascii(tags::BODY_PART_EXAMINED).unwrap_or_default(),
        unit,
    }
}

fn layout(data: &DataSet<'_>) -> Result<FrameLayout, String> {
    let need = |tag, name: &str| data.unsigned(tag).ok_or_else(|| format!("{name} {tag} is missing or malformed"));
    let bits_allocated = need(tags::BITS_ALLOCATED, "Bits Allocated")? as u16;
    let bits_stored = data.unsigned(tags::BITS_STORED).map_or(bits_allocated, |b| b as u16);
    Ok(FrameLayout {
        rows: need(tags::ROWS, "Rows")? as usize,
        columns: need(tags::COLUMNS, "Columns")? as usize,
        samples_per_pixel: data.unsigned(tags::SAMPLES_PER_PIXEL).unwrap_or(1) as u16,
        bits_allocated,
        bits_stored,
        high_bit: data.unsigned(tags::HIGH_BIT).map_or(bits_stored.saturating_sub(1), |b| b as u16),
        signed: data.unsigned(tags::PIXEL_REPRESENTATION).unwrap_or(0) == 1,
    })
}

fn frame_count(data: &DataSet<'_>) -> Result<usize, String> {
    let Some(count) = data.ascii(tags::NUMBER_OF_FRAMES) else { return Ok(1) };
    match count.split('\\').next().map(|n| n.trim().parse::<usize>()) {
        Some(Ok(count)) if (1..=MAX_FRAMES).contains(&count) => Ok(count),
        _ => Err(format!("Number of Frames (0028,0008) is {count:?}; it must be 1 to {MAX_FRAMES}")),
    }
}

/// Whether the frames that the header promises can be in the file at all.
fn check_size(
    header: &Header<'_>,
    layout: &FrameLayout,
    frame_count: usize,
    pixels: PixelElement,
) -> Result<(), String> {
    if layout.rows == 0 || layout.columns == 0 {
        return Err(format!("the image has {} rows and {} columns", layout.rows, layout.columns));
    }
    let rest = header.file_length.saturating_sub((header.meta.data_set_start + pixels.start) as u64);
    let Some(length) = pixels.length else {
        // Each frame is at least one fragment, and each fragment has a head of eight bytes.
        return if frame_count as u64 > rest / 8 {
            Err(format!("the file claims {frame_count} frames, but only {rest} bytes of pixel data are there"))
        } else {
            Ok(())
        };
    };
    let samples = usize::from(layout.samples_per_pixel.max(1));
    let bits = layout.pixels().saturating_mul(samples).saturating_mul(usize::from(layout.bits_allocated));
    let needed = bits.saturating_mul(frame_count).div_ceil(8);
    if length < needed {
        return Err(format!(
            "{frame_count} frame(s) of {}×{} pixels need {needed} bytes, the pixel data has {length}",
            layout.columns, layout.rows
        ));
    }
    // A deflated data set has more bytes than its file.
    if !header.meta.is_deflated() && (needed as u64) > rest {
        return Err(format!("the file is cut off: {needed} bytes of pixel data are needed, {rest} are there"));
    }
    Ok(())
}

fn positive(value: Option<f64>) -> Option<f64> {
    value.filter(|v| *v > 0.0)
}

/// Image Position (Patient).
pub(crate) fn position(data: &DataSet<'_>) -> Option<DVec3> {
    data.decimals_exactly(tags::IMAGE_POSITION_PATIENT).map(DVec3::from_array)
}

/// Image Orientation (Patient), made exactly orthonormal; none if it means nothing.
pub(crate) fn orientation(data: &DataSet<'_>, doubts: &mut Vec<Doubt>) -> Option<Orientation> {
    let cosines: [f64; 6] = data.decimals_exactly(tags::IMAGE_ORIENTATION_PATIENT)?;
    let [a, b, c, d, e, f] = cosines;
    let (row, column) = (DVec3::new(a, b, c), DVec3::new(d, e, f));
    let worst = (row.length() - 1.0).abs().max((column.length() - 1.0).abs()).max(row.dot(column).abs());
    if worst > MAX_COSINE_ERROR {
        doubts.push(Doubt::Contradiction(format!(
            "Image Orientation (Patient) {cosines:?} is not two perpendicular unit vectors"
        )));
        return None;
    }
    if worst > ROUNDING {
        doubts.push(Doubt::Contradiction(format!(
            "Image Orientation (Patient) {cosines:?} is not quite two perpendicular unit vectors; it was straightened"
        )));
    }
    // Both are turned by half the error, so that neither is trusted more than the other.
    let (row, column) = (row.normalize(), column.normalize());
    let (sum, difference) = ((row + column).normalize(), (row - column).normalize());
    let half = std::f64::consts::FRAC_1_SQRT_2;
    Some(Orientation { row: (sum + difference) * half, column: (sum - difference) * half })
}

/// The pixel spacing in the patient, as distances along the row and along the column.
fn pixel_spacing(data: &DataSet<'_>, doubts: &mut Vec<Doubt>) -> Option<[f64; 2]> {
    if let Some(spacing) = spacing_of(data, tags::PIXEL_SPACING) {
        return Some(spacing);
    }
    let others = [
        (tags::IMAGER_PIXEL_SPACING, "Imager Pixel Spacing, at the detector and so magnified,"),
        (tags::NOMINAL_SCANNED_PIXEL_SPACING, "Nominal Scanned Pixel Spacing, of the digitiser,"),
    ];
    let (spacing, from) = others.into_iter().find_map(|(tag, from)| Some((spacing_of(data, tag)?, from)))?;
    doubts.push(Doubt::PixelSpacing(format!("there is no Pixel Spacing; {from} was taken")));
    Some(spacing)
}

/// A pair "distance between rows \ distance between columns", turned to (along the row, along the column).
pub(crate) fn spacing_of(data: &DataSet<'_>, tag: dicom_core::Tag) -> Option<[f64; 2]> {
    let [between_rows, between_columns] = data.decimals_exactly(tag)?;
    (between_rows > 0.0 && between_columns > 0.0).then_some([between_columns, between_rows])
}

/// Rescale Slope and Intercept; none if absent.
pub(crate) fn rescale(data: &DataSet<'_>) -> Result<Option<Rescale>, String> {
    let read = |tag, name: &str| match (data.has(tag), data.decimal(tag)) {
        (true, None) => Err(format!("{name} {tag} is not a number")),
        (_, value) => Ok(value),
    };
    let slope = read(tags::RESCALE_SLOPE, "Rescale Slope")?;
    let intercept = read(tags::RESCALE_INTERCEPT, "Rescale Intercept")?;
    if slope == Some(0.0) {
        return Err("Rescale Slope (0028,1053) is 0: all values would be equal".into());
    }
    if slope.is_none() && intercept.is_none() {
        return Ok(None);
    }
    Ok(Some(Rescale { slope: slope.unwrap_or(1.0), intercept: intercept.unwrap_or(0.0) }))
}

/// Pixel Padding Value and Range Limit as stored values, low first. Their VR may be wrong, so their bits are taken.
fn padding(data: &DataSet<'_>, layout: &FrameLayout) -> Option<(i32, i32)> {
    let stored = |tag| {
        let bits = data.unsigned(tag)? as u16;
        Some(if layout.signed { i32::from(bits as i16) } else { i32::from(bits) })
    };
    let value = stored(tags::PIXEL_PADDING_VALUE)?;
    let limit = stored(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(value);
    Some((value.min(limit), value.max(limit)))
}

/// What may tell this image from others at the same position.
fn keys(data: &DataSet<'_>, csa: Option<&Csa>, image_type: &[String], modality: &str) -> Keys {
    let mut keys = Keys::default();
    let number = |tag| data.decimal(tag).map(KeyValue::number);
    let text = |tag| data.ascii(tag).map(|t| KeyValue::text(&t));
    keys.set(Key::ImageType, image_type_value(image_type));
    keys.set(Key::Kernel, text(tags::CONVOLUTION_KERNEL));
    keys.set(Key::Energy, number(tags::KVP));
    keys.set(Key::EchoTime, number(tags::ECHO_TIME));
    keys.set(Key::InversionTime, number(tags::INVERSION_TIME));
    keys.set(Key::BValue, b_value(data, csa).map(KeyValue::number));
    let direction = data.doubles(tags::DIFFUSION_GRADIENT_ORIENTATION);
    let direction = direction.or_else(|| csa?.numbers("DiffusionGradientDirection"));
    let united =
        || data.doubles(dataset::UIH_DIRECTION).filter(|_| data.is_private_of(dataset::UIH_DIRECTION, dataset::UIH));
    let direction = direction.or_else(united);
    keys.set(Key::GradientDirection, direction.map(|d| direction_value(&d)));
    keys.set(Key::CardiacPhase, data.double(tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE).map(KeyValue::number));
    keys.set(Key::TemporalPosition, number(tags::TEMPORAL_POSITION_IDENTIFIER));
    let dynamic = modality == "PT" && data.ascii_values(tags::SERIES_TYPE).first().is_some_and(|t| t == "DYNAMIC");
    if dynamic && keys.get(Key::TemporalPosition).is_none() {
        keys.set(Key::TemporalPosition, number(tags::FRAME_REFERENCE_TIME));
    }
    keys.set(Key::TriggerTime, number(tags::TRIGGER_TIME));
    keys.set(Key::AcquisitionNumber, number(tags::ACQUISITION_NUMBER));
    let acquired = data.ascii(tags::ACQUISITION_DATE_TIME).and_then(|t| time::date_time(&t));
    let acquired = acquired.or_else(|| {
        time::date_and_time(data.ascii(tags::ACQUISITION_DATE).as_deref(), &data.ascii(tags::ACQUISITION_TIME)?)
    });
    keys.set(Key::AcquisitionTime, acquired);
    let content = data.ascii(tags::CONTENT_TIME);
    let content = content.and_then(|t| time::date_and_time(data.ascii(tags::CONTENT_DATE).as_deref(), &t));
    keys.set(Key::ContentTime, content);
    keys.set(Key::InstanceNumber, number(tags::INSTANCE_NUMBER));
    keys
}

/// The image type without the usual ORIGINAL\PRIMARY.
pub(crate) fn image_type_value(image_type: &[String]) -> Option<KeyValue> {
    let rest = match image_type {
        [a, b, rest @ ..] if a == "ORIGINAL" && b == "PRIMARY" && !rest.is_empty() => rest,
        all => all,
    };
    (!rest.is_empty()).then(|| KeyValue::text(&rest.join(" ")))
}

pub(crate) fn direction_value(direction: &[f64]) -> KeyValue {
    let parts: Vec<String> = direction.iter().map(|d| format!("{d:.4}")).collect();
    KeyValue::text(&parts.join(" "))
}

/// The diffusion b-value, also where makers kept it before the standard had an element for it.
fn b_value(data: &DataSet<'_>, csa: Option<&Csa>) -> Option<f64> {
    let own = |tag, maker: &str| data.is_private_of(tag, maker).then_some(tag);
    let siemens = || data.decimal(own(dataset::SIEMENS_B_VALUE, "SIEMENS")?);
    let in_csa = || csa?.numbers("B_value")?.first().copied();
    // GE adds 10⁹ to mark the value as its own.
    let ge = || data.decimal(own(dataset::GE_B_VALUE, "GEMS")?).map(|b| b % 1e5);
    let philips = || data.single(own(dataset::PHILIPS_B_VALUE, "PHILIPS")?);
    let united = || data.double(own(dataset::UIH_B_VALUE, dataset::UIH)?);
    let standard = data.double(tags::DIFFUSION_B_VALUE);
    standard.or_else(siemens).or_else(in_csa).or_else(ge).or_else(philips).or_else(united)
}

fn kind(sop_class: &str, modality: &str, image_type: &[String], placed: bool, frame_count: usize) -> SeriesKind {
    const LOCALISERS: [&str; 4] = ["LOCALIZER", "SCOUT", "TOPOGRAM", "SCANOGRAM"];
    const PROJECTIONS: [&str; 20] = [
        "CR", "DX", "MG", "IO", "PX", "XA", "RF", "US", "IVUS", "ES", "XC", "GM", "SM", "OP", "OPM", "OPT", "RTIMAGE",
        "RG", "DG", "LS",
    ];
    if image_type.iter().any(|t| LOCALISERS.contains(&t.as_str())) {
        SeriesKind::Localiser
    } else if is_secondary_capture(sop_class) || sop_class.is_empty() && !placed && matches!(modality, "" | "OT" | "SC")
    {
        SeriesKind::SecondaryCapture
    } else if !placed && (modality == "NM" || PROJECTIONS.contains(&modality)) || sop_class == uids::RT_IMAGE_STORAGE {
        SeriesKind::Projection
    } else if !placed && frame_count == 1 && matches!(modality, "OT" | "") {
        SeriesKind::SecondaryCapture
    } else {
        SeriesKind::Volume
    }
}

fn is_secondary_capture(sop_class: &str) -> bool {
    sop_class == uids::SECONDARY_CAPTURE_IMAGE_STORAGE
        || sop_class.strip_prefix(uids::SECONDARY_CAPTURE_IMAGE_STORAGE).is_some_and(|rest| rest.starts_with('.'))
}

/// What contradicts itself about left and right.
fn doubts_of_laterality(data: &DataSet<'_>, first: Option<&FrameFacts>, doubts: &mut Vec<Doubt>) {
    if data.ascii(tags::ANATOMICAL_ORIENTATION_TYPE).as_deref() == Some("QUADRUPED") {
        doubts.push(Doubt::Quadruped(
            "the patient is a quadruped (Anatomical Orientation Type), whose axes have other names".into(),
        ));
    }
    if let (Some(a), Some(b)) = (data.ascii(tags::LATERALITY), data.ascii(tags::IMAGE_LATERALITY))
        && matches!((a.as_str(), b.as_str()), ("L", "R") | ("R", "L"))
    {
        doubts.push(Doubt::Laterality(format!("Laterality is {a}, Image Laterality is {b}")));
    }
    let Some(orientation) = first.and_then(|f| f.orientation) else { return };
    let stated = data.ascii_values(tags::PATIENT_ORIENTATION);
    let [row, column] = stated.as_slice() else { return };
    for (letters, actual, what) in [(row, orientation.row, "rows"), (column, orientation.column, "columns")] {
        let Some(direction) = letters.chars().next().and_then(direction_of) else { continue };
        // The first letter names the main direction, so that the angle is at most 55° if the two agree.
        if actual.dot(direction.vector().0) < 0.5 {
            let nearest = PatientDirection::nearest(LpsVector(actual));
            doubts.push(Doubt::Laterality(format!(
                "Patient Orientation says that {what} run to {letters}, Image Orientation (Patient) says {nearest}"
            )));
        }
    }
}

fn direction_of(letter: char) -> Option<PatientDirection> {
    Some(match letter {
        'L' => PatientDirection::Left,
        'R' => PatientDirection::Right,
        'A' => PatientDirection::Anterior,
        'P' => PatientDirection::Posterior,
        'H' => PatientDirection::Superior,
        'F' => PatientDirection::Inferior,
        _ => return None,
    })
}

/// The name of a transfer syntax, or its UID.
pub(crate) fn transfer_syntax_name(uid: &str) -> String {
    let name = match uid {
        uids::IMPLICIT_VR_LITTLE_ENDIAN => "Implicit VR Little Endian",
        uids::EXPLICIT_VR_LITTLE_ENDIAN => "Explicit VR Little Endian",
        BIG_ENDIAN => "Explicit VR Big Endian",
        uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => "Deflated Explicit VR Little Endian",
        uids::RLE_LOSSLESS => "RLE Lossless",
        uids::JPEG_BASELINE8_BIT => "JPEG Baseline (lossy)",
        uids::JPEG_EXTENDED12_BIT => "JPEG Extended (lossy)",
        uids::JPEG_LOSSLESS | uids::JPEG_LOSSLESS_SV1 => "JPEG Lossless",
        uids::JPEGLS_LOSSLESS => "JPEG-LS Lossless",
        uids::JPEGLS_NEAR_LOSSLESS => "JPEG-LS Near-lossless",
        uids::JPEG2000_LOSSLESS => "JPEG 2000 Lossless",
        uids::JPEG2000 => "JPEG 2000",
        uids::JPEGXL_LOSSLESS => "JPEG XL Lossless",
        uids::JPEGXLJPEG_RECOMPRESSION => "JPEG XL JPEG Recompression (lossy)",
        uids::JPEGXL => "JPEG XL",
        uids::DEFLATED_IMAGE_FRAME_COMPRESSION => "Deflated Image Frame",
        uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN => "Encapsulated Uncompressed",
        other => other,
    };
    name.to_owned()
}
