//! One slice as its header describes it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use fabrica_dicom_pixels::FrameLayout;
use glam::DVec3;

use crate::lut::Lut;
use crate::mosaic::Mosaic;

/// A file that holds one or more image frames.
#[derive(Debug)]
pub(crate) struct ImageFile {
    pub(crate) path: PathBuf,
    /// Bytes of the file when it was searched.
    pub(crate) length: u64,
    /// When it was last changed, where the file system tells.
    pub(crate) modified: Option<SystemTime>,
    pub(crate) sop_instance_uid: String,
    pub(crate) transfer_syntax: String,
    pub(crate) layout: FrameLayout,
    pub(crate) frame_count: usize,
    /// How the only frame holds all slices, if it is a mosaic.
    pub(crate) mosaic: Option<Mosaic>,
    /// A table from stored to real-world values.
    pub(crate) lut: Option<Lut>,
    /// Whether values are floating point: so wide as Bits Allocated says.
    pub(crate) floating: bool,
    pub(crate) photometric: String,
    /// Pixel Padding Value and Range Limit as stored values.
    pub(crate) padding: Option<(i32, i32)>,
    /// PatientPosition, to notice slices of one stack that disagree.
    pub(crate) patient_position: String,
    /// What is dubious about this file's geometry, whatever the rest.
    pub(crate) doubts: Vec<Doubt>,
    /// Whether the header says that the values went through lossy compression.
    pub(crate) lossy: bool,
}

impl ImageFile {
    /// Columns and rows of a slice.
    pub(crate) fn slice_size(&self) -> [usize; 2] {
        match self.mosaic {
            Some(mosaic) => [mosaic.columns, mosaic.rows],
            None => [self.layout.columns, self.layout.rows],
        }
    }
}

/// Something dubious that one header shows by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Doubt {
    Laterality(String),
    Contradiction(String),
    PixelSpacing(String),
    Quadruped(String),
}

/// How stored values become real-world values: `slope * stored + intercept` (PS3.3 C.11.1.1.2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rescale {
    pub(crate) slope: f64,
    pub(crate) intercept: f64,
}

impl Rescale {
    pub(crate) const IDENTITY: Self = Self { slope: 1.0, intercept: 0.0 };

    pub(crate) fn apply(self, stored: f64) -> f64 {
        self.slope * stored + self.intercept
    }
}

/// The directions of Image Orientation (Patient): in which columns and rows grow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Orientation {
    /// Unit direction in which the column index grows.
    pub(crate) row: DVec3,
    /// Unit direction in which the row index grows.
    pub(crate) column: DVec3,
}

impl Orientation {
    pub(crate) fn normal(self) -> DVec3 {
        self.row.cross(self.column)
    }
}

/// One slice: a frame of a file.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) file: Arc<ImageFile>,
    /// Which frame of the file, from 0.
    pub(crate) number: usize,
    pub(crate) facts: FrameFacts,
}

/// What the header says about one frame.
#[derive(Clone, Debug)]
pub(crate) struct FrameFacts {
    /// Image Position (Patient): the centre of the first pixel.
    pub(crate) position: Option<DVec3>,
    pub(crate) orientation: Option<Orientation>,
    /// Distances along the row (between columns) and along the column (between rows), mm.
    pub(crate) pixel_spacing: Option<[f64; 2]>,
    pub(crate) rescale: Rescale,
    /// Whether the values are mapped as those of a parametric map (PS3.3 A.75).
    pub(crate) parametric_map: bool,
    pub(crate) thickness: Option<f64>,
    pub(crate) spacing_between_slices: Option<f64>,
    pub(crate) slice_location: Option<f64>,
    pub(crate) gantry_tilt: Option<f64>,
    pub(crate) frame_of_reference_uid: Option<String>,
    pub(crate) keys: Keys,
}

/// What may tell frames at the same position apart, from the most telling to the last resort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Key {
    // Facts about what was measured: they tell phases apart by their value.
    StackId,
    ImageType,
    Kernel,
    Energy,
    EnergyWindow,
    Detector,
    EchoTime,
    InversionTime,
    BValue,
    GradientDirection,
    CardiacPhase,
    TemporalPosition,
    // Circumstances: they may also differ from slice to slice of one phase.
    TriggerTime,
    AcquisitionNumber,
    AcquisitionTime,
    ContentTime,
    InstanceNumber,
}

impl Key {
    pub(crate) const COUNT: usize = 17;
    pub(crate) const FACTS: [Self; 12] = [
        Self::StackId,
        Self::ImageType,
        Self::Kernel,
        Self::Energy,
        Self::EnergyWindow,
        Self::Detector,
        Self::EchoTime,
        Self::InversionTime,
        Self::BValue,
        Self::GradientDirection,
        Self::CardiacPhase,
        Self::TemporalPosition,
    ];
    pub(crate) const CIRCUMSTANCES: [Self; 5] =
        [Self::TriggerTime, Self::AcquisitionNumber, Self::AcquisitionTime, Self::ContentTime, Self::InstanceNumber];

    /// The key's name in labels, with the place of its value as `{}`.
    pub(crate) fn label(self, value: &str) -> String {
        match self {
            Self::StackId => format!("stack {value}"),
            Self::ImageType => format!("image type {value}"),
            Self::Kernel => format!("kernel {value}"),
            Self::Energy => format!("{value} kV"),
            Self::EnergyWindow => format!("energy window {value}"),
            Self::Detector => format!("detector {value}"),
            Self::EchoTime => format!("TE = {value} ms"),
            Self::InversionTime => format!("TI = {value} ms"),
            Self::BValue => format!("b = {value} s/mm²"),
            Self::GradientDirection => format!("gradient {value}"),
            Self::CardiacPhase => format!("cardiac phase {value} %"),
            Self::TemporalPosition => format!("temporal position {value}"),
            Self::TriggerTime => format!("Trigger Time {value} ms"),
            Self::AcquisitionNumber => format!("Acquisition Number {value}"),
            Self::AcquisitionTime => format!("Acquisition Time {value}"),
            Self::ContentTime => format!("Content Time {value}"),
            Self::InstanceNumber => format!("Instance Number {value}"),
        }
    }

    /// Whether its values are points in time.
    pub(crate) fn is_time(self) -> bool {
        matches!(
            self,
            Self::TemporalPosition
                | Self::TriggerTime
                | Self::AcquisitionNumber
                | Self::AcquisitionTime
                | Self::ContentTime
                | Self::InstanceNumber
        )
    }
}

/// A value that can be compared and shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyValue {
    /// Order; equal for values that are only text.
    pub(crate) order: f64,
    /// As shown.
    pub(crate) text: Arc<str>,
}

impl KeyValue {
    pub(crate) fn number(value: f64) -> Self {
        // Ten significant digits: the same number written in two ways is the same value.
        let text = format!("{value:.6}");
        Self { order: value, text: text.trim_end_matches('0').trim_end_matches('.').into() }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self { order: 0.0, text: text.into() }
    }

    pub(crate) fn compare(&self, other: &Self) -> std::cmp::Ordering {
        self.order.total_cmp(&other.order).then_with(|| self.text.cmp(&other.text))
    }
}

/// The values of all keys of a frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Keys([Option<KeyValue>; Key::COUNT]);

impl Keys {
    pub(crate) fn get(&self, key: Key) -> Option<&KeyValue> {
        self.0.get(key as usize).and_then(Option::as_ref)
    }

    pub(crate) fn set(&mut self, key: Key, value: Option<KeyValue>) {
        if let Some(slot) = self.0.get_mut(key as usize) {
            *slot = value;
        }
    }

    pub(crate) fn set_if_some(&mut self, key: Key, value: Option<KeyValue>) {
        if value.is_some() {
            self.set(key, value);
        }
    }
}
