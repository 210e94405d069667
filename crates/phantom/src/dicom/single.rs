//! CT Image Storage: one file a slice (PS3.3 A.3).

use std::path::{Path, PathBuf};

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use fabrica_progress::Progress;

use super::header::{
    COMMENT, common, decimals, instance_uid, intercept, orientation, save, spacing, stored, text, tilt,
};
use super::{DicomOptions, file_name, kept};
use crate::{PhantomError, Slices};

pub fn write(
    slices: &Slices,
    folder: &Path,
    options: &DicomOptions,
    progress: &Progress,
    written: &mut Vec<PathBuf>,
) -> Result<(), PhantomError> {
    let numbers = kept(slices, options);
    let tilt = tilt(slices);
    for (done, &number) in numbers.iter().enumerate() {
        progress.check()?;
        progress.set(done as f32 / numbers.len() as f32);
        let (plane, values) = (&slices.planes[number], &slices.values[number]);
        let instance = instance_uid(options, &[(plane, values)]);
        let mut o = common(slices, options, uids::CT_IMAGE_STORAGE, &instance);
        // Non-axial planes of a CT are reformats.
        let axial = plane.normal().0.z.abs() > 0.8;
        let kind = if axial { "ORIGINAL\\PRIMARY\\AXIAL" } else { "DERIVED\\SECONDARY\\MPR" };
        text(&mut o, tags::IMAGE_TYPE, VR::CS, kind);
        if !axial {
            text(&mut o, tags::DERIVATION_DESCRIPTION, VR::ST, COMMENT);
        }
        let instance_number = if options.reversed { slices.planes.len() - number } else { number + 1 };
        text(&mut o, tags::INSTANCE_NUMBER, VR::IS, &instance_number.to_string());
        decimals(&mut o, tags::IMAGE_POSITION_PATIENT, &plane.origin.0.to_array());
        decimals(&mut o, tags::IMAGE_ORIENTATION_PATIENT, &orientation(plane));
        decimals(&mut o, tags::PIXEL_SPACING, &spacing(plane));
        decimals(&mut o, tags::SLICE_THICKNESS, &[plane.thickness]);
        decimals(&mut o, tags::SLICE_LOCATION, &[plane.normal().0.dot(plane.origin.0)]);
        decimals(&mut o, tags::GANTRY_DETECTOR_TILT, &[tilt]);
        text(&mut o, tags::KVP, VR::DS, "120");
        decimals(&mut o, tags::RESCALE_INTERCEPT, &[f64::from(intercept(options))]);
        decimals(&mut o, tags::RESCALE_SLOPE, &[1.0]);
        text(&mut o, tags::RESCALE_TYPE, VR::LO, "HU");
        decimals(&mut o, tags::WINDOW_CENTER, &[40.0]);
        decimals(&mut o, tags::WINDOW_WIDTH, &[400.0]);
        if !options.contrast_agent.is_empty() {
            text(&mut o, tags::CONTRAST_BOLUS_AGENT, VR::LO, &options.contrast_agent);
        }
        if let Some(phase) = options.phase {
            text(&mut o, tags::TEMPORAL_POSITION_IDENTIFIER, VR::IS, &(phase.index + 1).to_string());
            text(&mut o, tags::NUMBER_OF_TEMPORAL_POSITIONS, VR::IS, &phase.count.to_string());
            decimals(
                &mut o,
                tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE,
                &[100.0 * f64::from(phase.index) / f64::from(phase.count)],
            );
        }
        let pixels = stored(values, options).collect();
        o.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels)));
        let name = file_name(options, instance_number);
        save(o, folder.join(name), options, written)?;
    }
    Ok(())
}
