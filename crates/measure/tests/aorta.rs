//! A real aorta with a dissection: its centreline and diameters, beside what TotalSegmentator's report says.
//!
//! The report's diameters (`diameter`, `area`) are greater than those of the label `aorta` that comes with it, by 1.5 to 2.5 mm,
//! and by a tenth in area, in the report's very own planes: they are of the outer wall, about half a voxel of 1.5 mm beyond the
//! label on each side, and in centimetres with one place. Its `area_tl` and `area_fl`, of the true and the false lumen, are what
//! the label holds. Where the membrane between the lumens is not in the label (the arch, the middle of the descending aorta), a
//! section of the label is in two pieces, and ours is of the piece that the centreline runs in: one lumen, not the vessel.
//! So sections are held against the lumens in the report's planes; along our own centreline, whose planes are others, only
//! wide bounds fail.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

use std::path::PathBuf;

use fabrica_formats::read_labels;
use fabrica_geometry::{LpsPoint, LpsVector};
use fabrica_measure::{Border, Centreline, Settings, cross_section_at, profile};
use fabrica_progress::Progress;
use glam::DVec3;

fn folder() -> Option<PathBuf> {
    let shared = PathBuf::from("../../../shared/data");
    let folder = shared.join("ct_nifti_labels/cta_aortic_dissection_1.5mm");
    if !folder.is_dir() {
        eprintln!("SKIPPED: {} is absent", folder.display());
        return None;
    }
    Some(folder)
}

#[test]
fn the_dissected_aorta_has_its_diameters() {
    let Some(folder) = folder() else { return };
    let progress = Progress::new();
    let structure = read_labels(&folder.join("aorta.nii.gz"), &progress).unwrap().remove(0);
    let border = Border::of(&structure, None, &Settings::default(), &progress).unwrap();
    let line = Centreline::of(&border, None, &progress).unwrap();
    let grid = structure.mask.grid();
    let found = profile(&border, &line, 0, None, grid, &progress).unwrap();
    eprintln!(
        "{} branches, main one {}; {:?}",
        line.branches.len(),
        line.branches[0].length(),
        found.quantities.iter().map(ToString::to_string).collect::<Vec<_>>()
    );
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("aorta_report.json")).unwrap()).unwrap();
    let (mut compared, mut agreeing) = (0, 0);
    for landmark in report["landmarks"].as_object().unwrap().values() {
        let number = |key: &str| landmark[key].as_f64();
        let end = |key: &str| {
            let c: Vec<f64> = landmark[key].as_array()?.iter().filter_map(serde_json::Value::as_f64).collect();
            // The report's points are RAS.
            Some(DVec3::new(-*c.first()?, -*c.get(1)?, *c.get(2)?))
        };
        let (Some(a), Some(b)) = (end("start"), end("end")) else { continue };
        let middle = LpsPoint((a + b) / 2.0);
        let near = found
            .sections
            .iter()
            .min_by(|s, t| s.centre.at.distance(middle).0.total_cmp(&t.centre.at.distance(middle).0));
        let near = near.unwrap();
        let (theirs, area) = (10.0 * number("diameter").unwrap(), 100.0 * number("area").unwrap());
        eprintln!(
            "{}: greatest {} (theirs {theirs:.0}), least {} (across theirs {:.0}), area {:.0} mm² (theirs {area:.0}), {:.1} mm from theirs{}",
            landmark["name"].as_str().unwrap(),
            near.maximum,
            near.minimum,
            10.0 * number("diameter_pd").unwrap(),
            near.area.0,
            near.centre.at.distance(middle).0,
            if near.near_end { ", near an end" } else { "" }
        );
        if !near.near_end && near.centre.at.distance(middle).0 < 10.0 {
            compared += 1;
            // The label is theirs but the sections are not: at the root and in the arch they are not perpendicular to
            // the same line.
            agreeing += usize::from((near.maximum.value - theirs).abs() < 0.2 * theirs);
        }
    }
    assert!(compared >= 5 && agreeing * 2 > compared, "{agreeing} of {compared} within a fifth");
}

#[test]
fn in_the_report_s_planes_the_label_has_the_lumens_areas() {
    let Some(folder) = folder() else { return };
    let structure = read_labels(&folder.join("aorta.nii.gz"), &Progress::new()).unwrap().remove(0);
    let border = Border::of(&structure, None, &Settings::default(), &Progress::new()).unwrap();
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("aorta_report.json")).unwrap()).unwrap();
    // Where the label is in one piece; and the arch, where the true lumen is a piece of its own.
    let both = [
        "sinuses of valsalva",
        "sinotub. junc.",
        "distal asc. aorta",
        "desc. aorta (T12)",
        "abd. aorta (celiac artery)",
    ];
    let mut compared = 0;
    for landmark in report["landmarks"].as_object().unwrap().values() {
        let name = landmark["name"].as_str().unwrap();
        let number = |key: &str| landmark[key].as_f64().unwrap();
        let lumens = match name {
            _ if both.contains(&name) => number("area_tl") + number("area_fl"),
            "mid aortic arch" => number("area_tl"),
            _ => continue,
        };
        // The report's points are RAS.
        let point = |key: &str| {
            let c: Vec<f64> = landmark[key].as_array().unwrap().iter().filter_map(serde_json::Value::as_f64).collect();
            DVec3::new(-c[0], -c[1], c[2])
        };
        let (start, end) = (point("start"), point("end"));
        let normal = (end - start).cross(point("end_pd") - point("start_pd")).normalize();
        let found = cross_section_at(&border, LpsPoint((start + end) / 2.0), LpsVector(normal)).unwrap();
        let area = found.area.0 / 100.0;
        eprintln!(
            "{name}: label {area:.2} cm², lumens {lumens:.1}, outer wall {:.1}; greatest {}, theirs of the wall {:.0} mm",
            number("area"),
            found.maximum,
            10.0 * number("diameter")
        );
        assert!((area - lumens).abs() < 0.06 * lumens, "{name}: {area:.2} cm² against {lumens}");
        compared += 1;
    }
    assert_eq!(compared, 6);
}

#[test]
fn both_lumens_have_a_centreline() {
    let Some(folder) = folder() else { return };
    let progress = Progress::new();
    for (name, least) in [("aorta_true_lumen.nii.gz", 150.0), ("aorta_false_lumen.nii.gz", 100.0)] {
        let structure = read_labels(&folder.join(name), &progress).unwrap().remove(0);
        let border = Border::of(&structure, None, &Settings::default(), &progress).unwrap();
        let line = Centreline::of(&border, None, &progress).unwrap();
        let inside = line.branches[0].points.iter().filter(|p| border.contains(p.at)).count();
        eprintln!(
            "{name}: {} branches, {}, {:.1} % left out, {inside} of {} points inside",
            line.branches.len(),
            line.branches[0].length(),
            100.0 * line.left_out,
            line.branches[0].points.len()
        );
        assert!(line.branches[0].length().0 > least);
        assert!(inside * 10 > line.branches[0].points.len() * 9);
    }
}
