//! Results leave a case as DICOM objects and come back through our own readers; the report tells what was drawn.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]
#![allow(clippy::print_stderr, clippy::disallowed_methods, reason = "skipped tests say so; a test's files are its own")]

mod common;

use std::path::Path;

use common::{refuses, words, works};
use fabrica_case::Case;
use fabrica_dicom_results::{read_captured, read_key_objects, read_measurement_report, read_presentation_state};
use fabrica_dicom_structures::{ScanIdentity, StructureOptions, read_rtstruct, read_seg};
use fabrica_geometry::{LpsPoint, LpsVector, Mm, VoxelPoint};
use fabrica_plan::{Author, Camera, EditOperation, Mode, Operation, Projection, Stroke, StrokePath, Tool};
use fabrica_progress::Progress;
use fabrica_volume::Rgb;
use serde_json::Value;

/// A case of the synthetic head at 4 mm with a skull, a structure that was only drawn, and a kept view. Gives the drawn
/// structure's voxels and volume, mL.
fn case(folder: &Path) -> (usize, f64) {
    let at = |name: &str| folder.join(name).display().to_string();
    works(words("phantom --region head --pixel 4 --slice 4 --noise 0 --out").into_iter().chain([at("patient")]));
    works(["import", &at("patient/dicom"), "--case", &at("case")]);
    works(["segment", &at("case"), "--threshold", "300..", "--name", "skull"]);
    let mut case = Case::open(&folder.join("case")).unwrap();
    let by = Author::new("Anna").unwrap();
    let volume = case.volumes()[0].id.clone();
    let create = EditOperation::Create { structure: "drawn".into(), volume, colour: Rgb(9, 200, 9) };
    case.apply(create.into(), &by).unwrap();
    let grid = case.volumes()[0].grid.clone();
    let path = StrokePath::new([grid.centre(), grid.centre() + LpsVector::new(12.0, 0.0, 0.0)]).unwrap();
    let brush = Tool::Brush { path, radius: Mm(10.0), mode: Mode::Add };
    case.edit(Stroke::new("drawn", brush), &by, &Progress::new()).unwrap();
    let camera = Camera {
        eye: grid.centre() + LpsVector::new(0.0, -500.0, 0.0),
        target: grid.centre(),
        up: LpsVector::new(0.0, 0.0, 1.0),
        projection: Projection::Perspective { vertical_degrees: 35.0 },
    };
    case.apply(Operation::SaveView { name: "from the front".into(), camera }, &by).unwrap();
    let mask = case.mask("drawn", &Progress::new()).unwrap();
    (mask.count(), mask.volume().millilitres())
}

#[test]
fn results_leave_as_dicom_and_come_back() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let at = |name: &str| folder.join(name).display().to_string();
    let (voxels, millilitres) = case(folder);
    let opened = Case::open_read_only(&folder.join("case")).unwrap();
    let entry = opened.volumes()[0].clone();
    let [_, _, slices] = entry.grid.dims();
    let on = |i: f64, j: f64| entry.grid.to_patient(VoxelPoint::new(i, j, (slices / 2) as f64));
    let point = |p: LpsPoint| format!("{},{},{}", p.0.x, p.0.y, p.0.z);
    works(["measure", &at("case"), "--distance", &point(on(10.0, 20.0)), &point(on(30.0, 20.0)), "--name", "width"]);
    works(["measure", &at("case"), "--size", "drawn", "--name", "size"]);

    let out =
        works(["export", &at("case"), "--dicom", "--rtstruct", "--presentation", "--views", "--out", &at("results")]);
    let file = |name: &str| folder.join("results").join(name);
    let read = |name: &str| std::fs::read(file(name)).unwrap_or_else(|e| panic!("{name}: {e}; {out}"));

    // The same voxels by both ways, the drawn structure's too.
    let identity = ScanIdentity::from(&entry.provenance);
    let (options, progress) = (StructureOptions::default(), Progress::new());
    let contours = read_rtstruct(&file("structure-set.dcm"), &entry.grid, &identity, &options, &progress).unwrap();
    let segments = read_seg(&file("segmentation.dcm"), &entry.grid, &identity, &options, &progress).unwrap();
    for set in [&contours, &segments] {
        assert!(set.skipped.is_empty(), "{:?}", set.skipped);
        let names: Vec<_> = set.structures.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["skull", "drawn"]);
        for structure in &set.structures {
            assert_eq!(&structure.mask, &*opened.mask(&structure.name, &progress).unwrap());
        }
        assert_eq!(set.structures[1].mask.count(), voxels);
    }

    let measured = read_measurement_report(read("measurements.dcm").as_slice()).unwrap();
    assert!(measured.len() == 2 && (measured[0].values[0].value - 80.0).abs() < 1e-6, "{measured:?}");
    // The distance lies on the middle slice's image, from column 10 to 30; the structure's size on none.
    let state = read_presentation_state(read("presentation.dcm").as_slice()).unwrap();
    let image = entry.provenance.sources[slices / 2].sop_instance_uid.clone().unwrap();
    assert_eq!((state.drawn.len(), &state.drawn[0].images), (1, &vec![image.clone()]));
    let ends = &state.drawn[0].graphics[0].points;
    let off = |n: usize, x: f64| (ends[n][0] - x).abs().max((ends[n][1] - 20.5).abs());
    assert!(off(0, 10.5) < 1e-3 && off(1, 30.5) < 1e-3, "{ends:?}");
    assert!(state.drawn[0].texts[0].text.starts_with("width\r\nlength: 80 ± "), "{:?}", state.drawn[0].texts);
    // The view, of the volume and of the surfaces, and the image drawn on are key images.
    let view = read_captured(read("view-2.dcm").as_slice()).unwrap();
    assert_eq!(view.size, [800, 600]);
    assert!(view.caption.starts_with("SYNTHETIC from the front: surfaces of skull, drawn"), "{}", view.caption);
    assert!(view.rgb.iter().any(|v| *v > 60));
    let keys = read_key_objects(read("key-images.dcm").as_slice()).unwrap();
    assert_eq!(keys.images.len(), 3);
    assert!(keys.images[2].1 == image && keys.images[2].2.is_some(), "{keys:?}");
    refuses(["export", &at("case"), "--dicom", "--out", &at("results")]);

    // The report tells the drawn structure's volume, which was 0.00 mL once, and shows the view.
    for name in ["report.html", "report.csv", "report.json"] {
        works(["report", &at("case"), "--out", &at(name)]);
    }
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let page = text("report.html");
    assert!(page.contains(&format!("<td>drawn</td><td>{millilitres:.2} mL</td>")), "no volume of the drawn structure");
    assert!(page.contains("<figcaption>from the front: ") && page.matches("data:image/png").count() == 2);
    assert!(text("report.csv").lines().any(|l| l.starts_with(",drawn,structure,drawn,,volume of voxels,")));
    let json: Value = serde_json::from_str(&text("report.json")).unwrap();
    assert_eq!(json["structures"][1]["voxels"], voxels);
    assert_eq!(json["structures"][1]["validation"]["needed"], false);
    assert!(json["audit"]["lines"].as_array().unwrap().len() > 3 && json["views"]["from the front"].is_object());
}
