//! What lies at the same places is told apart; what is of another kind or size is kept apart.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it fails")]

mod common;

use common::{Slice, double, folder, issues, load_phase, scan_folder, text, write_all};
use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use fabrica_dicom::SeriesKind;
use fabrica_volume::GeometryIssue;
use glam::DVec3;

/// `count` volumes of three slices at the same places, volume after volume; `change` tells them apart.
fn repeated(count: usize, change: impl Fn(Slice, usize, usize) -> Slice) -> Vec<Slice> {
    let mut slices = Vec::new();
    for volume in 0..count {
        for k in 0..3 {
            let number = volume * 3 + k;
            let mut slice = Slice::new(number, DVec3::Z * 2.0 * k as f64);
            slice.words = vec![(volume * 10 + k) as u16; 20];
            slice.rescale = Some((1.0, 0.0));
            slice.modality = "MR";
            slice.sop_class = uids::MR_IMAGE_STORAGE;
            slices.push(change(slice, volume, k));
        }
    }
    slices
}

/// The labels, after checking that phase p holds volume `order[p]` and nothing else.
fn check(slices: &[Slice], order: &[usize]) -> Vec<String> {
    let folder = folder(slices);
    let found = scan_folder(folder.path());
    assert_eq!(found.series.len(), 1);
    let phases = &found.series[0].phases;
    let labels: Vec<String> = phases.iter().map(|p| p.label.clone()).collect();
    assert_eq!(phases.len(), order.len(), "{labels:?}");
    for (p, expected) in order.iter().enumerate() {
        let volume = load_phase(&found, 0, p);
        assert_eq!(volume.grid().dims(), [5, 4, 3], "{labels:?}");
        for k in 0..3 {
            assert_eq!(volume.value([0, 0, k]), Some((expected * 10 + k) as f64), "phase {p} of {labels:?}");
        }
        assert!(issues(&volume).is_empty(), "{:?}", issues(&volume));
    }
    labels
}

#[test]
fn b_values() {
    let b = [800.0, 0.0, 50.0];
    let slices = repeated(3, |s, v, _| s.with(double(tags::DIFFUSION_B_VALUE, &[b[v]])));
    assert_eq!(check(&slices, &[1, 2, 0]), ["b = 0 s/mm²", "b = 50 s/mm²", "b = 800 s/mm²"]);
}

#[test]
fn echoes_written_in_two_ways() {
    let slices = repeated(2, |s, v, k| {
        let time = ["4.6", "9.2"][v].to_owned() + ["", "0", "00"][k];
        s.with(text(tags::ECHO_TIME, VR::DS, &time))
    });
    assert_eq!(check(&slices, &[0, 1]), ["TE = 4.6 ms", "TE = 9.2 ms"]);
}

#[test]
fn image_types_and_echoes_together() {
    let slices = repeated(4, |mut s, v, _| {
        s.image_type = ["ORIGINAL\\PRIMARY\\M", "ORIGINAL\\PRIMARY\\P"][v % 2];
        s.with(text(tags::ECHO_TIME, VR::DS, ["5", "10"][v / 2]))
    });
    let labels = check(&slices, &[0, 2, 1, 3]);
    assert_eq!(labels[0], "image type M, TE = 5 ms");
    assert_eq!(labels[3], "image type P, TE = 10 ms");
}

#[test]
fn two_energies() {
    let slices = repeated(2, |s, v, _| s.with(text(tags::KVP, VR::DS, ["140", "80"][v])));
    assert_eq!(check(&slices, &[1, 0]), ["80 kV", "140 kV"]);
}

#[test]
fn temporal_positions() {
    let slices = repeated(3, |s, v, _| s.with(text(tags::TEMPORAL_POSITION_IDENTIFIER, VR::IS, &(3 - v).to_string())));
    let labels = check(&slices, &[2, 1, 0]);
    assert_eq!(labels[0], "t = 1 of 3 (temporal position 1)");
}

#[test]
fn acquisition_times_that_differ_from_slice_to_slice() {
    let slices = repeated(3, |s, v, k| {
        s.with(text(tags::ACQUISITION_TIME, VR::TM, &format!("10{:02}{:02}.5", v, 10 * k))).with(text(
            tags::INSTANCE_NUMBER,
            VR::IS,
            "1",
        ))
    });
    let labels = check(&slices, &[0, 1, 2]);
    assert!(labels[1].starts_with("t = 2 of 3"), "{labels:?}");
}

#[test]
fn cardiac_trigger_times_slice_by_slice() {
    // All phases of a slice follow one another, as in cine MR; the instance numbers too.
    let slices = repeated(4, |s, v, k| {
        s.with(text(tags::TRIGGER_TIME, VR::DS, &format!("{}", 40 * v + k))).with(text(
            tags::INSTANCE_NUMBER,
            VR::IS,
            &(k * 4 + v).to_string(),
        ))
    });
    check(&slices, &[0, 1, 2, 3]);
}

#[test]
fn content_time_before_instance_number() {
    let slices = repeated(2, |s, v, _| s.with(text(tags::CONTENT_TIME, VR::TM, ["110000", "101112"][v])));
    assert_eq!(check(&slices, &[1, 0]), ["t = 1 of 2 (Content Time 101112)", "t = 2 of 2 (Content Time 110000)"]);
}

#[test]
fn instance_numbers_as_last_resort() {
    let labels = check(&repeated(3, |s, _, _| s), &[0, 1, 2]);
    assert!(labels[2].starts_with("repeat 3 of 3"), "{labels:?}");
}

#[test]
fn nothing_tells_phases_apart() {
    let slices = repeated(2, |s, _, _| s.with(text(tags::INSTANCE_NUMBER, VR::IS, "1")));
    let folder = folder(&slices);
    let found = scan_folder(folder.path());
    assert_eq!(found.series[0].phases.len(), 2);
    let warnings = &found.series[0].phases[0].warnings;
    assert!(warnings.iter().any(|w| matches!(w.issue, GeometryIssue::Contradiction { .. })), "{warnings:?}");
}

#[test]
fn interleaved_acquisitions_are_not_one_volume() {
    let mut slices = Vec::new();
    for (acquisition, offset) in [(1, 0.0), (2, 0.7)] {
        for k in 0..4 {
            let slice = Slice::new(acquisition * 4 + k, DVec3::Z * (2.0 * k as f64 + offset));
            slices.push(slice.with(text(tags::ACQUISITION_NUMBER, VR::IS, &acquisition.to_string())));
        }
    }
    let folder = folder(&slices);
    let found = scan_folder(folder.path());
    assert_eq!(found.series[0].phases.len(), 2);
    assert_eq!(load_phase(&found, 0, 0).grid().spacing()[2], 2.0);
}

#[test]
fn localisers_and_screenshots_of_the_same_series_are_kept_apart() {
    let mut slices: Vec<Slice> = (0..4).map(|k| Slice::new(k, DVec3::Z * k as f64)).collect();
    let mut scout = Slice::new(10, DVec3::new(0.0, -50.0, 100.0));
    scout.orientation = Some([0.0, 1.0, 0.0, 0.0, 0.0, -1.0]);
    scout.image_type = "ORIGINAL\\PRIMARY\\LOCALIZER";
    slices.push(scout);
    let mut screenshot = Slice::new(11, DVec3::ZERO);
    screenshot.sop_class = uids::SECONDARY_CAPTURE_IMAGE_STORAGE;
    (screenshot.position, screenshot.orientation) = (None, None);
    slices.push(screenshot);
    let folder = folder(&slices);
    let found = scan_folder(folder.path());
    let mut kinds: Vec<_> = found.series.iter().map(|s| (format!("{:?}", s.kind), s.phases[0].dims[2])).collect();
    kinds.sort();
    assert_eq!(kinds, [("Localiser".into(), 1), ("SecondaryCapture".into(), 1), ("Volume".into(), 4)]);
    let volume = found.series.iter().position(|s| s.kind == SeriesKind::Volume).unwrap();
    assert!(issues(&load_phase(&found, volume, 0)).is_empty());
}

#[test]
fn stacks_of_other_orientation_size_spacing_or_frame_of_reference() {
    let mut slices = Vec::new();
    let stack = |n: usize, change: &dyn Fn(&mut Slice, f64)| {
        let made = (0..3).map(|k| {
            let mut slice = Slice::new(n * 3 + k, DVec3::Z * k as f64);
            change(&mut slice, k as f64);
            slice
        });
        made.collect::<Vec<_>>()
    };
    slices.extend(stack(0, &|_, _| {}));
    slices.extend(stack(1, &|s, k| {
        s.orientation = Some([0.0, 1.0, 0.0, 0.0, 0.0, -1.0]);
        s.position = Some(DVec3::X * k);
    }));
    slices.extend(stack(2, &|s, _| s.size = [4, 5]));
    slices.extend(stack(3, &|s, _| s.spacing = Some([0.7, 0.7])));
    slices.extend(stack(4, &|s, _| s.frame_of_reference = Some("9.9".into())));
    let folder = folder(&slices);
    let found = scan_folder(folder.path());
    assert_eq!(found.series.len(), 1);
    let phases = &found.series[0].phases;
    assert_eq!(phases.len(), 5, "{phases:#?}");
    assert!(phases.iter().all(|p| p.dims[2] == 3 && p.warnings.is_empty() && p.obstacle.is_none()), "{phases:#?}");
    assert!(phases.iter().all(|p| p.label.contains("stack")));
}

#[test]
fn copies_are_left_out_and_listed() {
    let slices: Vec<Slice> = (0..3).map(|k| Slice::new(k, DVec3::Z * k as f64)).collect();
    let folder = tempfile::tempdir().unwrap();
    write_all(folder.path(), &slices);
    slices[1].write(&folder.path().join("copy"));
    let found = scan_folder(folder.path());
    assert_eq!(found.series[0].phases.len(), 1);
    assert!(issues(&load_phase(&found, 0, 0)).is_empty());
    assert_eq!(found.passed_over.len(), 1);
    assert!(found.passed_over[0].reason.contains("copy"), "{:?}", found.passed_over);

    // The same instance with other bytes: left out too, but said aloud.
    let mut other = slices[2].clone();
    other.words[0] = 7;
    other.write(&folder.path().join("zz"));
    let found = scan_folder(folder.path());
    assert_eq!(found.series[0].phases.len(), 1);
    assert_eq!(issues(&load_phase(&found, 0, 0)), [GeometryIssue::DuplicateSlices { count: 1 }]);
}

#[test]
fn one_slice_made_twice_is_not_mixed_in() {
    let mut slices: Vec<Slice> = (0..6).map(|k| Slice::new(k, DVec3::Z * k as f64)).collect();
    slices.push(Slice { sop: "1.2.3.99".into(), ..Slice::new(50, DVec3::Z * 2.0) });
    let folder = folder(&slices);
    let found = scan_folder(folder.path());
    assert_eq!(found.series[0].phases[0].dims[2], 6);
    let volume = load_phase(&found, 0, 0);
    assert_eq!(volume.value([0, 0, 2]), Some(1200.0 - 1024.0));
    assert_eq!(issues(&volume), [GeometryIssue::DuplicateSlices { count: 1 }]);
}

#[test]
fn slices_that_were_sent_again_are_left_out() {
    // Sent again with the same instance numbers, with later ones, and with one for all.
    for renumber in [|k: usize| k + 1, |k: usize| 200 + k, |_| 2] {
        let number = |n: usize| text(tags::INSTANCE_NUMBER, VR::IS, &n.to_string());
        let place = |k: usize| DVec3::Z * k as f64;
        let first = |k| if renumber(0) == renumber(1) { 1 } else { k + 1 };
        let mut slices: Vec<Slice> = (0..100).map(|k| Slice::new(k, place(k)).with(number(first(k)))).collect();
        slices.extend(
            [3, 4, 90].map(|k| Slice { sop: format!("9.9.{k}"), ..Slice::new(k, place(k)) }.with(number(renumber(k)))),
        );
        let folder = tempfile::tempdir().unwrap();
        for (n, slice) in slices.iter().enumerate() {
            slice.write(&folder.path().join(format!("{n:03}")));
        }
        let found = scan_folder(folder.path());
        let phases = &found.series[0].phases;
        assert_eq!(phases.len(), 1, "{:?}", phases.iter().map(|p| &p.label).collect::<Vec<_>>());
        assert_eq!((phases[0].label.as_str(), phases[0].dims[2]), ("", 100));
        assert_eq!(issues(&load_phase(&found, 0, 0)), [GeometryIssue::DuplicateSlices { count: 3 }]);
        let names: Vec<_> = found.passed_over.iter().filter_map(|p| p.path.file_name()?.to_str()).collect();
        assert_eq!(names, ["100", "101", "102"]);
    }
}

#[test]
fn a_second_acquisition_of_few_slices_is_a_phase() {
    let acquired = |s: Slice, n: &str| s.with(text(tags::ACQUISITION_NUMBER, VR::IS, n));
    let mut slices: Vec<Slice> = (0..12).map(|k| acquired(Slice::new(k, DVec3::Z * k as f64), "1")).collect();
    slices.extend((12..15).map(|k| acquired(Slice::new(k, DVec3::Z * (k - 12) as f64), "2")));
    let folder = folder(&slices);
    let slices: Vec<usize> = scan_folder(folder.path()).series[0].phases.iter().map(|p| p.dims[2]).collect();
    assert_eq!(slices, [12, 3]);
}

#[test]
fn a_second_pass_that_was_broken_off_is_no_duplicate() {
    let mut slices: Vec<Slice> = (0..10).map(|k| Slice::new(k, DVec3::Z * k as f64)).collect();
    slices.extend((10..16).map(|k| Slice::new(k, DVec3::Z * (k - 10) as f64)));
    let folder = folder(&slices);
    let found = scan_folder(folder.path());
    let slices: Vec<usize> = found.series[0].phases.iter().map(|p| p.dims[2]).collect();
    assert_eq!(slices, [10, 6]);
    assert!(matches!(&issues(&load_phase(&found, 0, 0))[..], [GeometryIssue::Contradiction { .. }]));
}

#[test]
fn one_uid_for_all_and_numbers_that_restart_lose_no_phase() {
    let slices = repeated(2, |s, v, k| {
        Slice { sop: "1.2.3.1".into(), ..s }.with(text(tags::ECHO_TIME, VR::DS, ["5", "10"][v])).with(text(
            tags::INSTANCE_NUMBER,
            VR::IS,
            &(k + 1).to_string(),
        ))
    });
    assert_eq!(check(&slices, &[0, 1]), ["TE = 5 ms", "TE = 10 ms"]);
}

#[test]
fn one_uid_for_all_slices_loses_none() {
    let slices: Vec<Slice> =
        (0..4).map(|k| Slice { sop: "1.2.3.1".into(), ..Slice::new(k, DVec3::Z * k as f64) }).collect();
    let folder = folder(&slices);
    assert_eq!(scan_folder(folder.path()).series[0].phases[0].dims[2], 4);
}
