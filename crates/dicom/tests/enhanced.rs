//! Enhanced multi-frame images: functional groups decide about each frame.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it fails")]

mod common;

use common::{
    AXIAL, Slice, double, issues, load_phase, load_strictly, long, scan_folder, sequence, text, write_object,
};
use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use dicom_object::mem::{InMemDicomObject, InMemElement};
use fabrica_dicom::DicomError;
use glam::DVec3;

/// One frame: its position, rescale slope, stored value and what else its groups say.
struct EnhancedFrame {
    position: DVec3,
    slope: f64,
    value: u16,
    groups: Vec<InMemElement>,
    content: Vec<InMemElement>,
}

fn enhanced(frames: Vec<EnhancedFrame>) -> InMemDicomObject {
    let mut slice = Slice::new(0, DVec3::ZERO);
    slice.words = frames.iter().flat_map(|f| vec![f.value; 20]).collect();
    (slice.position, slice.orientation, slice.spacing, slice.rescale) = (None, None, None, None);
    slice.sop_class = uids::ENHANCED_MR_IMAGE_STORAGE;
    slice.modality = "MR";
    let decimal = |tag, value: String| text(tag, VR::DS, &value);
    let orientation = AXIAL.map(|c| c.to_string()).join("\\");
    let shared = vec![
        sequence(tags::PLANE_ORIENTATION_SEQUENCE, vec![vec![decimal(tags::IMAGE_ORIENTATION_PATIENT, orientation)]]),
        sequence(tags::PIXEL_MEASURES_SEQUENCE, vec![vec![decimal(tags::PIXEL_SPACING, "0.7\\0.5".into())]]),
    ];
    let count = frames.len();
    let per_frame = frames.into_iter().map(|f| {
        let p = f.position;
        let mut groups = vec![
            sequence(
                tags::PLANE_POSITION_SEQUENCE,
                vec![vec![decimal(tags::IMAGE_POSITION_PATIENT, format!("{}\\{}\\{}", p.x, p.y, p.z))]],
            ),
            sequence(
                tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
                vec![vec![
                    decimal(tags::RESCALE_SLOPE, f.slope.to_string()),
                    decimal(tags::RESCALE_INTERCEPT, "0".into()),
                ]],
            ),
            sequence(tags::FRAME_CONTENT_SEQUENCE, vec![f.content]),
        ];
        groups.extend(f.groups);
        groups
    });
    slice.extra.push(sequence(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, per_frame.collect()));
    slice.extra.push(sequence(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]));
    slice.extra.push(text(tags::NUMBER_OF_FRAMES, VR::IS, &count.to_string()));
    slice.object()
}

fn plain(z: f64, value: u16) -> EnhancedFrame {
    EnhancedFrame { position: DVec3::new(1.0, 2.0, z), slope: 1.0, value, groups: Vec::new(), content: Vec::new() }
}

fn write(object: InMemDicomObject) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_object(object, &folder.path().join("a"), common::EXPLICIT);
    folder
}

#[test]
fn frames_in_any_order_are_sorted_by_position() {
    let folder = write(enhanced(vec![plain(6.0, 3), plain(0.0, 0), plain(4.0, 2), plain(2.0, 1)]));
    let volume = load_strictly(folder.path()).unwrap();
    assert_eq!(volume.grid().dims(), [5, 4, 4]);
    assert_eq!(volume.grid().spacing(), [0.5, 0.7, 2.0]);
    assert_eq!([0, 1, 2, 3].map(|k| volume.value([0, 0, k]).unwrap()), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(volume.grid().origin().0, DVec3::new(1.0, 2.0, 0.0));
    assert_eq!(volume.provenance.sources.len(), 1);
    assert!(issues(&volume).is_empty());
}

#[test]
fn each_frame_has_its_rescale() {
    let frames = (0..3).map(|k| EnhancedFrame { slope: 0.25 * (k + 1) as f64, ..plain(k as f64, 8) });
    let volume = load_strictly(write(enhanced(frames.collect())).path()).unwrap();
    assert_eq!([0, 1, 2].map(|k| volume.value([0, 0, k]).unwrap()), [2.0, 4.0, 6.0]);
}

#[test]
fn time_points_and_b_values_in_one_file() {
    let mut frames = Vec::new();
    for k in 0..3u16 {
        for (v, (time, b)) in [(1, 0.0), (1, 800.0), (2, 0.0), (2, 800.0)].into_iter().enumerate() {
            let groups = vec![sequence(tags::MR_DIFFUSION_SEQUENCE, vec![vec![double(tags::DIFFUSION_B_VALUE, &[b])]])];
            let content = vec![long(tags::TEMPORAL_POSITION_INDEX, time)];
            frames.push(EnhancedFrame { groups, content, ..plain(f64::from(k), 10 * v as u16 + k) });
        }
    }
    let folder = write(enhanced(frames));
    let found = scan_folder(folder.path());
    let labels: Vec<_> = found.series[0].phases.iter().map(|p| p.label.as_str()).collect();
    assert_eq!(labels.len(), 4, "{labels:?}");
    assert_eq!(labels[0], "b = 0 s/mm², t = 1 of 2 (temporal position 1)");
    for (phase, first) in [0.0, 20.0, 10.0, 30.0].into_iter().enumerate() {
        let volume = load_phase(&found, 0, phase);
        assert_eq!([0, 1, 2].map(|k| volume.value([4, 3, k]).unwrap()), [first, first + 1.0, first + 2.0]);
    }
}

#[test]
fn several_files_are_several_time_points() {
    let folder = tempfile::tempdir().unwrap();
    for t in 0..3u16 {
        let mut object = enhanced((0..3).map(|k| plain(k as f64, 10 * t)).collect());
        object.put(text(tags::SOP_INSTANCE_UID, VR::UI, &format!("1.2.3.{t}")));
        object.put(text(tags::ACQUISITION_DATE_TIME, VR::DT, &format!("2026010212000{t}.5")));
        object.put(text(tags::INSTANCE_NUMBER, VR::IS, &t.to_string()));
        write_object(object, &folder.path().join(format!("{}", 9 - t)), common::EXPLICIT);
    }
    let found = scan_folder(folder.path());
    assert_eq!(found.series[0].phases.len(), 3);
    for t in 0..3 {
        assert_eq!(load_phase(&found, 0, t).value([0, 0, 0]), Some(10.0 * t as f64));
    }
}

#[test]
fn frames_without_position_are_refused() {
    let mut object = enhanced((0..3).map(|k| plain(k as f64, 0)).collect());
    object.remove_element(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let folder = write(object);
    assert!(matches!(load_strictly(folder.path()), Err(DicomError::NotAVolume(_))));
}

#[test]
fn groups_for_another_number_of_frames_are_refused() {
    let mut object = enhanced((0..3).map(|k| plain(k as f64, 0)).collect());
    object.put(text(tags::NUMBER_OF_FRAMES, VR::IS, "2"));
    let found = scan_folder(write(object).path());
    assert!(found.series.is_empty());
    assert!(found.passed_over[0].reason.contains("functional groups for 3"), "{:?}", found.passed_over);
}
