//! Enhanced CT Image Storage: all slices in one file (PS3.3 A.38).
//!
//! The frames are marked as derived, since no scanner acquired them; the functional groups that describe an
//! acquisition (exposure, table, tube) are then not required.

use std::path::{Path, PathBuf};

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::header::{common, decimals, instance_uid, intercept, orientation, save, sequence, spacing, stored, text};
use super::uid::uid;
use super::{DicomOptions, file_name, kept};
use crate::{PhantomError, SlicePlane, Slices};

const FRAME_TYPE: &str = "DERIVED\\PRIMARY\\VOLUME\\NONE";

pub fn write(
    slices: &Slices,
    folder: &Path,
    options: &DicomOptions,
    written: &mut Vec<PathBuf>,
) -> Result<(), PhantomError> {
    let mut numbers = kept(slices, options);
    if options.reversed {
        numbers.reverse();
    }
    let frames: Vec<(&SlicePlane, &[i16])> =
        numbers.iter().map(|&n| (&slices.planes[n], slices.values[n].as_slice())).collect();
    let [columns, rows] = slices.planes[0].size;
    let bytes = 2 * columns as u64 * rows as u64 * frames.len() as u64;
    if bytes > 0xFFFF_FFFE {
        return Err(PhantomError::NotCt(format!("{bytes} bytes of pixels; one file holds at most 4 GiB")));
    }
    let mut o = common(slices, options, uids::ENHANCED_CT_IMAGE_STORAGE, &instance_uid(options, &frames));
    text(&mut o, tags::IMAGE_TYPE, VR::CS, FRAME_TYPE);
    text(&mut o, tags::INSTANCE_NUMBER, VR::IS, &options.phase.map_or(1, |p| p.index + 1).to_string());
    text(&mut o, tags::NUMBER_OF_FRAMES, VR::IS, &frames.len().to_string());
    text(&mut o, tags::PIXEL_PRESENTATION, VR::CS, "MONOCHROME");
    text(&mut o, tags::VOLUMETRIC_PROPERTIES, VR::CS, "VOLUME");
    text(&mut o, tags::VOLUME_BASED_CALCULATION_TECHNIQUE, VR::CS, "NONE");
    text(&mut o, tags::ACQUISITION_DATE_TIME, VR::DT, "20260101120000");
    text(&mut o, tags::CONTENT_QUALIFICATION, VR::CS, "RESEARCH");
    text(&mut o, tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00");
    text(&mut o, tags::PRESENTATION_LUT_SHAPE, VR::CS, "IDENTITY");
    sequence(&mut o, tags::ACQUISITION_CONTEXT_SEQUENCE, vec![]);
    if !options.contrast_agent.is_empty() {
        sequence(&mut o, tags::CONTRAST_BOLUS_AGENT_SEQUENCE, vec![agent(&options.contrast_agent)]);
    }
    dimensions(&mut o, options);
    sequence(&mut o, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared(frames[0].0, options)]);
    let per_frame = frames.iter().enumerate().map(|(n, (plane, _))| frame(plane, n as u32 + 1, options)).collect();
    sequence(&mut o, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, per_frame);
    let pixels = frames.iter().flat_map(|(_, values)| stored(values, options)).collect();
    o.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels)));
    save(o, folder.join(file_name(options, 1)), options, written)
}

/// Frames are indexed by stack and position, then by time where there are several.
fn dimensions(o: &mut InMemDicomObject, options: &DicomOptions) {
    let organisation = uid("dimensions", &[&options.seed.to_le_bytes()]);
    let item = object(|i| text(i, tags::DIMENSION_ORGANIZATION_UID, VR::UI, &organisation));
    sequence(o, tags::DIMENSION_ORGANIZATION_SEQUENCE, vec![item]);
    let mut indices = vec![tags::STACK_ID, tags::IN_STACK_POSITION_NUMBER];
    if options.phase.is_some() {
        indices.push(tags::TEMPORAL_POSITION_INDEX);
    }
    let items = indices.into_iter().map(|pointer| {
        object(|i| {
            text(i, tags::DIMENSION_ORGANIZATION_UID, VR::UI, &organisation);
            pointer_to(i, tags::DIMENSION_INDEX_POINTER, pointer);
            pointer_to(i, tags::FUNCTIONAL_GROUP_POINTER, tags::FRAME_CONTENT_SEQUENCE);
        })
    });
    sequence(o, tags::DIMENSION_INDEX_SEQUENCE, items.collect());
}

/// What all frames have in common.
fn shared(plane: &SlicePlane, options: &DicomOptions) -> InMemDicomObject {
    object(|o| {
        let measures = object(|i| {
            decimals(i, tags::PIXEL_SPACING, &spacing(plane));
            decimals(i, tags::SLICE_THICKNESS, &[plane.thickness]);
        });
        sequence(o, tags::PIXEL_MEASURES_SEQUENCE, vec![measures]);
        let anatomy = object(|i| {
            text(i, tags::FRAME_LATERALITY, VR::CS, "U");
            sequence(i, tags::ANATOMIC_REGION_SEQUENCE, vec![code("22943007", "SCT", "Trunk")]);
        });
        sequence(o, tags::FRAME_ANATOMY_SEQUENCE, vec![anatomy]);
        let kind = object(|i| {
            text(i, tags::FRAME_TYPE, VR::CS, FRAME_TYPE);
            text(i, tags::PIXEL_PRESENTATION, VR::CS, "MONOCHROME");
            text(i, tags::VOLUMETRIC_PROPERTIES, VR::CS, "VOLUME");
            text(i, tags::VOLUME_BASED_CALCULATION_TECHNIQUE, VR::CS, "NONE");
        });
        sequence(o, tags::CT_IMAGE_FRAME_TYPE_SEQUENCE, vec![kind]);
        let rescale = object(|i| {
            decimals(i, tags::RESCALE_INTERCEPT, &[f64::from(intercept(options))]);
            decimals(i, tags::RESCALE_SLOPE, &[1.0]);
            text(i, tags::RESCALE_TYPE, VR::LO, "HU");
        });
        sequence(o, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, vec![rescale]);
        let window = object(|i| {
            decimals(i, tags::WINDOW_CENTER, &[40.0]);
            decimals(i, tags::WINDOW_WIDTH, &[400.0]);
        });
        sequence(o, tags::FRAME_VOILUT_SEQUENCE, vec![window]);
    })
}

/// What a frame has of its own.
fn frame(plane: &SlicePlane, position: u32, options: &DicomOptions) -> InMemDicomObject {
    object(|o| {
        let content = object(|i| {
            text(i, tags::STACK_ID, VR::SH, "1");
            long(i, tags::IN_STACK_POSITION_NUMBER, &[position]);
            let mut index = vec![1, position];
            if let Some(phase) = options.phase {
                long(i, tags::TEMPORAL_POSITION_INDEX, &[phase.index + 1]);
                index.push(phase.index + 1);
            }
            long(i, tags::DIMENSION_INDEX_VALUES, &index);
        });
        sequence(o, tags::FRAME_CONTENT_SEQUENCE, vec![content]);
        let place = object(|i| decimals(i, tags::IMAGE_POSITION_PATIENT, &plane.origin.0.to_array()));
        sequence(o, tags::PLANE_POSITION_SEQUENCE, vec![place]);
        let way = object(|i| decimals(i, tags::IMAGE_ORIENTATION_PATIENT, &orientation(plane)));
        sequence(o, tags::PLANE_ORIENTATION_SEQUENCE, vec![way]);
    })
}

fn agent(name: &str) -> InMemDicomObject {
    let mut item = code("385420005", "SCT", "Contrast agent");
    let number = PrimitiveValue::from(1u16);
    item.put(DataElement::new(tags::CONTRAST_BOLUS_AGENT_NUMBER, VR::US, number));
    sequence(
        &mut item,
        tags::CONTRAST_BOLUS_ADMINISTRATION_ROUTE_SEQUENCE,
        vec![code("47625008", "SCT", "Intravenous route")],
    );
    sequence(&mut item, tags::CONTRAST_BOLUS_INGREDIENT_CODE_SEQUENCE, vec![code("44588005", "SCT", "Iodine")]);
    text(&mut item, tags::CONTRAST_BOLUS_VOLUME, VR::DS, "");
    text(&mut item, tags::CONTRAST_BOLUS_INGREDIENT_CONCENTRATION, VR::DS, "");
    text(&mut item, tags::CONTRAST_BOLUS_AGENT, VR::LO, name);
    item
}

fn code(value: &str, scheme: &str, meaning: &str) -> InMemDicomObject {
    object(|i| {
        text(i, tags::CODE_VALUE, VR::SH, value);
        text(i, tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme);
        text(i, tags::CODE_MEANING, VR::LO, meaning);
    })
}

fn object(fill: impl FnOnce(&mut InMemDicomObject)) -> InMemDicomObject {
    let mut o = InMemDicomObject::new_empty();
    fill(&mut o);
    o
}

fn long(o: &mut InMemDicomObject, tag: Tag, values: &[u32]) {
    o.put(DataElement::new(tag, VR::UL, PrimitiveValue::U32(values.iter().copied().collect())));
}

fn pointer_to(o: &mut InMemDicomObject, tag: Tag, to: Tag) {
    o.put(DataElement::new(tag, VR::AT, PrimitiveValue::Tags([to].into_iter().collect())));
}
