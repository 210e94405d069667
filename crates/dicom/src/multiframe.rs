//! The frames of a file: functional groups of enhanced images (PS3.3 C.7.6.16), slices of nuclear medicine.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::dataset::DataSet;
use crate::frame::{Doubt, FrameFacts, Key, KeyValue, Rescale};
use crate::{image, time};

/// What is known about each frame of a file, starting from what holds for all of it.
pub(crate) fn frames(
    data: &DataSet<'_>,
    common: FrameFacts,
    count: usize,
    doubts: &mut Vec<Doubt>,
) -> Result<Vec<FrameFacts>, String> {
    let per_frame = data.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let shared = data.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    if !per_frame.is_empty() || shared.is_some() {
        if !per_frame.is_empty() && per_frame.len() != count {
            return Err(format!(
                "the file has {count} frames but functional groups for {}: which belongs to which is unknown",
                per_frame.len()
            ));
        }
        return (0..count).map(|n| enhanced_frame(&common, per_frame.get(n), shared, n, count, doubts)).collect();
    }
    if count == 1 && data.items(tags::DETECTOR_INFORMATION_SEQUENCE).is_empty() {
        return Ok(vec![common]);
    }
    Ok(nuclear_frames(data, &common, count, doubts))
}

/// One frame of an enhanced image.
fn enhanced_frame(
    common: &FrameFacts,
    own: Option<&DataSet<'_>>,
    shared: Option<&DataSet<'_>>,
    number: usize,
    count: usize,
    doubts: &mut Vec<Doubt>,
) -> Result<FrameFacts, String> {
    // A group stands either for the frame or for all frames.
    let group = |sequence: Tag| own.and_then(|g| g.item(sequence)).or_else(|| shared.and_then(|g| g.item(sequence)));
    let parametric_map = common.parametric_map;
    let mut frame = common.clone();
    if count > 1 {
        // A position for the whole file cannot hold for several frames.
        frame.position = None;
    }
    if let Some(position) = group(tags::PLANE_POSITION_SEQUENCE) {
        frame.position = image::position(position);
    }
    if let Some(orientation) = group(tags::PLANE_ORIENTATION_SEQUENCE) {
        frame.orientation = image::orientation(orientation, doubts);
    }
    if let Some(measures) = group(tags::PIXEL_MEASURES_SEQUENCE) {
        if let Some(spacing) = image::spacing_of(measures, tags::PIXEL_SPACING) {
            frame.pixel_spacing = Some(spacing);
        }
        if let Some(thickness) = measures.decimal(tags::SLICE_THICKNESS).filter(|t| *t > 0.0) {
            frame.thickness = Some(thickness);
        }
        if let Some(spacing) = measures.decimal(tags::SPACING_BETWEEN_SLICES).filter(|s| *s != 0.0) {
            frame.spacing_between_slices = Some(spacing);
        }
    }
    if let Some(values) = group(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE)
        && let Some(rescale) = image::rescale(values)?
    {
        frame.rescale = rescale;
    }
    // Parametric maps (PS3.3 C.7.6.16.2.11): the one mapping holds for all values.
    if let Some(shared) = group(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE)
        && parametric_map
        && let (Some(slope), Some(intercept)) =
            (shared.double(tags::REAL_WORLD_VALUE_SLOPE), shared.double(tags::REAL_WORLD_VALUE_INTERCEPT))
        && slope != 0.0
    {
        frame.rescale = Rescale { slope, intercept };
    }
    if let Some(position) = group(tags::CT_POSITION_SEQUENCE)
        && let Some(tilt) = position.double(tags::GANTRY_DETECTOR_TILT)
    {
        frame.gantry_tilt = Some(tilt);
    }
    let keys = &mut frame.keys;
    let types = [tags::CT_IMAGE_FRAME_TYPE_SEQUENCE, tags::MR_IMAGE_FRAME_TYPE_SEQUENCE, tags::PET_FRAME_TYPE_SEQUENCE];
    if let Some(kind) = types.into_iter().find_map(group) {
        keys.set_if_some(Key::ImageType, image::image_type_value(&kind.ascii_values(tags::FRAME_TYPE)));
    }
    let double = |sequence: Tag, tag: Tag| group(sequence).and_then(|g| g.double(tag)).map(KeyValue::number);
    if let Some(content) = group(tags::FRAME_CONTENT_SEQUENCE) {
        keys.set_if_some(Key::StackId, content.ascii(tags::STACK_ID).map(|id| KeyValue::text(&id)));
        let index = content.unsigned(tags::TEMPORAL_POSITION_INDEX).map(|i| KeyValue::number(i.into()));
        keys.set_if_some(Key::TemporalPosition, index);
        let acquisition = content.unsigned(tags::FRAME_ACQUISITION_NUMBER).map(|n| KeyValue::number(n.into()));
        keys.set_if_some(Key::AcquisitionNumber, acquisition);
        let when = content.ascii(tags::FRAME_ACQUISITION_DATE_TIME);
        let when = when.or_else(|| content.ascii(tags::FRAME_REFERENCE_DATE_TIME)).and_then(|t| time::date_time(&t));
        keys.set_if_some(Key::AcquisitionTime, when);
    }
    keys.set_if_some(Key::EchoTime, double(tags::MR_ECHO_SEQUENCE, tags::EFFECTIVE_ECHO_TIME));
    keys.set_if_some(Key::BValue, double(tags::MR_DIFFUSION_SEQUENCE, tags::DIFFUSION_B_VALUE));
    let direction = group(tags::MR_DIFFUSION_SEQUENCE)
        .and_then(|g| g.item(tags::DIFFUSION_GRADIENT_DIRECTION_SEQUENCE))
        .and_then(|g| g.doubles(tags::DIFFUSION_GRADIENT_ORIENTATION));
    keys.set_if_some(Key::GradientDirection, direction.map(|d| image::direction_value(&d)));
    let cardiac = tags::CARDIAC_SYNCHRONIZATION_SEQUENCE;
    keys.set_if_some(Key::CardiacPhase, double(cardiac, tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE));
    keys.set_if_some(Key::TriggerTime, double(cardiac, tags::NOMINAL_CARDIAC_TRIGGER_DELAY_TIME));
    let offset = double(tags::TEMPORAL_POSITION_SEQUENCE, tags::TEMPORAL_POSITION_TIME_OFFSET);
    if keys.get(Key::TemporalPosition).is_none() {
        keys.set(Key::TemporalPosition, offset);
    }
    keys.set_if_some(Key::Energy, double(tags::CTX_RAY_DETAILS_SEQUENCE, tags::KVP));
    let kernel = group(tags::CT_RECONSTRUCTION_SEQUENCE).and_then(|g| g.ascii(tags::CONVOLUTION_KERNEL));
    keys.set_if_some(Key::Kernel, kernel.map(|k| KeyValue::text(&k)));
    number_within_file(&mut frame, number);
    Ok(frame)
}

/// The frames of an image without functional groups: with the place of the detector's reconstruction if there is one
/// (PS3.3 C.8.4.15), else each without a place.
fn nuclear_frames(data: &DataSet<'_>, common: &FrameFacts, count: usize, doubts: &mut Vec<Doubt>) -> Vec<FrameFacts> {
    let image_type = data.ascii_values(tags::IMAGE_TYPE);
    let reconstructed = image_type.iter().any(|t| t.starts_with("RECON"));
    let detector = data.item(tags::DETECTOR_INFORMATION_SEQUENCE).filter(|_| reconstructed);
    let orientation = detector.and_then(|d| image::orientation(d, doubts));
    let first = detector.and_then(image::position);
    let step = common.spacing_between_slices;
    let slices = data.shorts(tags::SLICE_VECTOR);
    let windows = data.shorts(tags::ENERGY_WINDOW_VECTOR);
    let detectors = data.shorts(tags::DETECTOR_VECTOR);
    let slots = data.shorts(tags::TIME_SLOT_VECTOR);
    let phases = data.shorts(tags::PHASE_VECTOR);
    let frame = |number: usize| {
        let mut frame = common.clone();
        frame.position = None;
        if let (Some(orientation), Some(first)) = (orientation, first) {
            let slice = slices.get(number).map_or(number, |s| usize::from(*s).saturating_sub(1));
            frame.orientation = Some(orientation);
            // The sign of the spacing says whether slices run along the normal or against it.
            frame.position = match (slice, step) {
                (0, _) => Some(first),
                (_, Some(step)) => Some(first + orientation.normal() * (step * slice as f64)),
                (_, None) => None,
            };
        }
        let value = |of: &[u16]| of.get(number).map(|v| KeyValue::number((*v).into()));
        frame.keys.set_if_some(Key::EnergyWindow, value(&windows));
        if !reconstructed {
            frame.keys.set_if_some(Key::Detector, value(&detectors));
        }
        frame.keys.set_if_some(Key::TemporalPosition, value(&slots).or_else(|| value(&phases)));
        number_within_file(&mut frame, number);
        frame
    };
    (0..count).map(frame).collect()
}

/// Frames follow one another within the file's instance number.
fn number_within_file(frame: &mut FrameFacts, number: usize) {
    let file = frame.keys.get(Key::InstanceNumber).map_or(0.0, |v| v.order);
    let text = if file == 0.0 { format!("frame {}", number + 1) } else { format!("{file}, frame {}", number + 1) };
    let order = file + number as f64 / 1e6;
    frame.keys.set(Key::InstanceNumber, Some(KeyValue { order, text: text.into() }));
}
