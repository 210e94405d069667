//! Reading a phase as a volume.

use std::ops::RangeInclusive;

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_progress::Progress;
use fabrica_volume::{Provenance, Sample, Samples, Source, ValueUnit, Volume};
use rayon::prelude::*;

use crate::resample::Plan;
use crate::stack::Stack;
use crate::values::{self, FromStored, SampleType};
use crate::{DicomError, LoadOptions, Phase, Series, SpacingPolicy, TiltPolicy, read};

/// Reads phase `phase` (from 0) of a series as a volume.
///
/// Samples are in real-world values: stored values through the rescale of their own slice. They are integers where all
/// rescales are whole, else `f32`. Index i runs along the rows, j along the columns, k along their cross product.
/// Sheared or uneven slices are resampled as `options` allow; otherwise samples lie exactly where they were acquired.
/// The volume carries the phase's warnings, the hash of every file in slice order, and what was done on the way.
///
/// # Errors
/// When the phase has an obstacle, needs a resampling that `options` refuse, a file is damaged or has changed since
/// the scan, or the user cancels.
pub fn load(series: &Series, phase: usize, options: &LoadOptions, progress: &Progress) -> Result<Volume, DicomError> {
    progress.stage("reading slices");
    progress.check()?;
    let count = series.phases.len();
    let phase = series.phases.get(phase).ok_or(DicomError::NoSuchPhase { phase, phases: count })?;
    if let Some(obstacle) = &phase.obstacle {
        return Err(DicomError::NotAVolume(obstacle.clone()));
    }
    let Some(stack) = &phase.stack else {
        return Err(DicomError::NotAVolume("the place of the slices is unknown".into()));
    };
    allowed(stack, options)?;
    let read = Reading { series, phase, stack, progress };
    match values::sample_type(&phase.frames) {
        SampleType::U8 => read.volume(Samples::U8),
        SampleType::I16 => read.volume(Samples::I16),
        SampleType::U16 => read.volume(Samples::U16),
        SampleType::I32 => read.volume(Samples::I32),
        SampleType::F32 => read.volume(Samples::F32),
        SampleType::TryI16 => match read.volume(Samples::I16)? {
            Some(volume) => Ok(Some(volume)),
            None => read.volume(Samples::I32),
        },
    }?
    .ok_or_else(|| DicomError::NotAVolume("values are beyond what the headers allow".into()))
}

/// Whether the caller allows the resampling that the stack needs.
fn allowed(stack: &Stack, options: &LoadOptions) -> Result<(), DicomError> {
    if let (Some(degrees), TiltPolicy::Refuse) = (stack.tilt_degrees, options.tilt) {
        return Err(DicomError::TiltRefused { degrees });
    }
    if let (Some(uneven), SpacingPolicy::Refuse) = (stack.uneven, options.spacing) {
        return Err(DicomError::SpacingRefused {
            least_mm: uneven.least,
            greatest_mm: uneven.greatest,
            missing: uneven.missing,
        });
    }
    Ok(())
}

struct Reading<'a> {
    series: &'a Series,
    phase: &'a Phase,
    stack: &'a Stack,
    progress: &'a Progress,
}

impl Reading<'_> {
    /// The volume with samples of type `T`; none if values occur that do not fit.
    fn volume<T: FromStored + Sample>(
        &self,
        samples: impl Fn(Vec<T>) -> Samples,
    ) -> Result<Option<Volume>, DicomError> {
        let frames = &self.phase.frames;
        let [columns, rows, slices] = self.phase.dims;
        let straight = self.stack.tilt_degrees.is_none() && self.stack.uneven.is_none();
        // The grid first: impossible geometry is refused before anything is read.
        let plan = if straight { None } else { Some(Plan::new(self.stack, columns, rows)?) };
        let grid = match &plan {
            Some(plan) => plan.grid.clone(),
            None => straight_grid(self.stack, [columns, rows, slices])?,
        };
        self.progress.stage("reading slices");
        let mut read = read::read::<T>(frames, self.progress)?;
        if read.overflow {
            return Ok(None);
        }
        let Padding { values: mut padding, step } = self.padding(&mut read.samples)?;
        let values = match &plan {
            None => read.samples,
            Some(plan) => {
                self.progress.stage("resampling to a straight grid");
                let fill = fill_value(&read.samples, padding.as_ref());
                let resampled = plan.run(&read.samples, padding.as_ref(), fill.value, self.progress)?;
                padding = fill.padding.or(padding);
                resampled
            }
        };
        let unit = unit(self.series);
        let mut volume = Volume::new(grid, samples(values), unit)?;
        volume.padding = padding;
        volume.warnings = self.phase.warnings.clone();
        volume.provenance = self.provenance(read.sources, plan.as_ref());
        volume.provenance.steps.extend(step);
        Ok(Some(volume))
    }

    /// The padding of all slices. Where that differs with their rescale, it is made one value below all others.
    fn padding<T: FromStored + Sample>(&self, samples: &mut [T]) -> Result<Padding, DicomError> {
        let each = values::paddings(&self.phase.frames);
        let first = each.first().cloned().flatten();
        if each.iter().all(|padding| *padding == first) {
            return Ok(Padding { values: first, step: None });
        }
        let Some(common) = below_all(samples) else {
            let step = "padding differs from slice to slice and is not told from measured values".to_owned();
            return Ok(Padding { values: None, step: Some(step) });
        };
        let [columns, rows, _] = self.phase.dims;
        samples.par_chunks_mut((columns * rows).max(1)).zip(&each).try_for_each(|(slice, padding)| {
            if let Some(padding) = padding {
                slice.iter_mut().filter(|v| padding.contains(&v.to_f64())).for_each(|v| *v = common);
            }
            self.progress.check()
        })?;
        let common = common.to_f64();
        let step = format!("padding, which differs from slice to slice, set to {common}");
        Ok(Padding { values: Some(common..=common), step: Some(step) })
    }

    fn provenance(&self, sources: Vec<Source>, plan: Option<&Plan>) -> Provenance {
        let series = self.series;
        let mut description = series.description.clone();
        if !self.phase.label.is_empty() {
            description = format!("{description} [{}]", self.phase.label).trim().to_owned();
        }
        Provenance {
            sources,
            modality: series.modality.clone(),
            description,
            patient_name: series.patient_name.clone(),
            patient_id: series.patient_id.clone(),
            study_date: series.study_date.clone(),
            study_uid: some(&series.study_uid),
            series_uid: some(&series.uid),
            frame_of_reference_uid: self.phase.frame_of_reference_uid.clone(),
            simulated: simulated(series),
            steps: self.steps(plan),
        }
    }

    /// What was done to the values and their places, in words.
    fn steps(&self, plan: Option<&Plan>) -> Vec<String> {
        let frames = &self.phase.frames;
        let mut steps = Vec::new();
        if frames.iter().any(|f| f.file.lossy) {
            steps.push("the source was compressed with loss".to_owned());
        }
        if frames.iter().any(|f| f.file.photometric == "MONOCHROME1") {
            steps.push("MONOCHROME1: meant to be shown with low values bright; values kept as they are".to_owned());
        }
        let rescale = frames.first().map(|f| f.facts.rescale);
        if frames.iter().any(|f| Some(f.facts.rescale) != rescale) {
            steps.push("each slice put through its own rescale".to_owned());
        }
        let Some(plan) = plan else { return steps };
        let [nx, ny, nz] = plan.grid.dims();
        let step = plan.grid.spacing()[2];
        let onto = format!("{nx}×{ny}×{nz} voxels, slices {step:.3} mm apart");
        if let Some(degrees) = self.stack.tilt_degrees {
            steps.push(format!("resampled shear of {degrees:.2}° to a straight grid of {onto}"));
        }
        if let Some(uneven) = self.stack.uneven {
            let (least, greatest) = (uneven.least, uneven.greatest);
            steps.push(format!("resampled slices {least:.3} to {greatest:.3} mm apart to {onto}"));
        }
        steps
    }
}

fn straight_grid(stack: &Stack, dims: [usize; 3]) -> Result<Grid, DicomError> {
    let axes = [stack.orientation.row, stack.orientation.column, stack.direction].map(LpsVector);
    // Along a slightly sheared direction, slices are a little farther apart than along the normal.
    let step = stack.step / stack.direction.dot(stack.orientation.normal());
    Ok(Grid::new(dims, LpsPoint(stack.origin), axes, [stack.pixel[0], stack.pixel[1], step])?)
}

struct Padding {
    /// Values that mean "not measured", if some do.
    values: Option<RangeInclusive<f64>>,
    /// What was done about them, in words.
    step: Option<String>,
}

struct Fill<T> {
    value: T,
    /// What tells it from measured values, if something does.
    padding: Option<RangeInclusive<f64>>,
}

/// The value for voxels that no slice covers: the padding value, or one below all that occur if the type has one.
fn fill_value<T: FromStored + Sample>(samples: &[T], padding: Option<&RangeInclusive<f64>>) -> Fill<T> {
    // A padding value that does not occur may be beyond the type.
    if let Some(padding) = padding
        && let value = T::nearest(*padding.start())
        && padding.contains(&value.to_f64())
    {
        return Fill { value, padding: None };
    }
    match below_all(samples) {
        Some(value) => Fill { value, padding: Some(value.to_f64()..=value.to_f64()) },
        None => Fill { value: T::nearest(least(samples)), padding: None },
    }
}

/// A value below all that occur, if the type has one.
fn below_all<T: FromStored + Sample>(samples: &[T]) -> Option<T> {
    let least = least(samples);
    let below = T::nearest(least - 1.0);
    (below.to_f64() < least).then_some(below)
}

fn least<T: Sample>(samples: &[T]) -> f64 {
    let least = samples.par_iter().map(|v| v.to_f64()).filter(|v| v.is_finite()).reduce(|| f64::INFINITY, f64::min);
    if least.is_finite() { least } else { 0.0 }
}

fn unit(series: &Series) -> ValueUnit {
    match (series.modality.0.as_str(), series.unit.as_str()) {
        ("CT", "" | "HU") => ValueUnit::Hounsfield,
        ("PT", "BQML") => ValueUnit::BecquerelPerMillilitre,
        (_, "" | "US") | ("MR", _) => ValueUnit::Arbitrary,
        (_, other) => ValueUnit::Other(other.to_owned()),
    }
}

/// Whether the series says that it was not measured on a patient.
fn simulated(series: &Series) -> bool {
    let texts =
        [&series.patient_name, &series.patient_id, &series.description, &series.study_description, &series.device];
    texts.iter().any(|text| {
        let text = text.to_lowercase();
        text.contains("synthetic") || text.contains("simulated")
    })
}

fn some(uid: &str) -> Option<String> {
    (!uid.is_empty()).then(|| uid.to_owned())
}
