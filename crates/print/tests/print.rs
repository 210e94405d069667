//! A model, its report and its audit entry: all of them or none.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use fabrica_case::{Case, CaseError};
use fabrica_geometry::{Grid, LpsPoint};
use fabrica_plan::Author;
use fabrica_print::{PrintError, PrintJob, print_structure, report_path};
use fabrica_progress::Progress;
use fabrica_surface::PrintOptions;
use fabrica_volume::{Mask, Rgb, Samples, Structure, ValueUnit, Volume};

fn anna() -> Author {
    Author::new("Anna").unwrap()
}

/// A case of a synthetic scan with a block that no threshold of it bounds.
fn case(folder: &Path) -> Case {
    let grid = Grid::axis_aligned([12, 10, 8], LpsPoint::default(), [1.0; 3]).unwrap();
    let mut volume = Volume::new(grid.clone(), Samples::U8(vec![0; grid.len()]), ValueUnit::Arbitrary).unwrap();
    volume.provenance.simulated = true;
    let block = Mask::from_fn(grid.clone(), |index| {
        let [i, j, k] = grid.position(index);
        (3..9).contains(&i) && (3..7).contains(&j) && (2..6).contains(&k)
    });
    let block = Structure {
        name: "block".into(),
        colour: Rgb(230, 210, 180),
        mask: block,
        code: None,
        origin: String::new(),
        isovalue: None,
    };
    let mut case = Case::create(folder, &volume, &anna(), &Progress::new()).unwrap();
    case.add_structure("volume-1", &block, &anna(), &Progress::new()).unwrap();
    case
}

#[test]
fn a_model_of_simulated_data_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut case = case(&folder.path().join("case"));
    let out = folder.path().join("block.stl");
    let model = print_structure(&mut case, "block", &out, &PrintOptions::default(), &anna(), &Progress::new()).unwrap();
    assert!(model.report.simulated && out.exists());
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(report_path(&out)).unwrap()).unwrap();
    assert_eq!(report["simulated"], true);
    assert!(case.audit_log().unwrap().iter().any(|line| line.what == "print structure block"));
}

#[test]
fn what_is_not_recorded_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case");
    drop(case(&path));
    let mut reader = Case::open_read_only(&path).unwrap();
    let out = folder.path().join("block.stl");
    let progress = Progress::new();
    let job = PrintJob::prepare(&reader, "block", &out, &progress).unwrap();
    let printed = job.make(&PrintOptions::default(), &progress).unwrap();
    assert!(out.exists() && report_path(&out).exists());
    let refused = printed.record(&mut reader, &anna());
    assert!(matches!(refused, Err(PrintError::Case(CaseError::ReadOnly))));
    assert!(!out.exists() && !report_path(&out).exists());
}

#[test]
fn a_report_that_cannot_be_written_takes_the_model_along() {
    let folder = tempfile::tempdir().unwrap();
    let mut case = case(&folder.path().join("case"));
    let out = folder.path().join("block.stl");
    std::fs::create_dir(report_path(&out)).unwrap();
    let refused = print_structure(&mut case, "block", &out, &PrintOptions::default(), &anna(), &Progress::new());
    assert!(matches!(refused, Err(PrintError::Write { .. })));
    assert!(!out.exists());
}

#[test]
fn what_was_replaced_comes_back_when_a_later_step_fails() {
    let folder = tempfile::tempdir().unwrap();
    let case = case(&folder.path().join("case"));
    let (models, progress) = (folder.path().join("models"), Progress::new());
    std::fs::create_dir(&models).unwrap();
    let out = models.join("block.stl");
    std::fs::write(&out, "the model of yesterday").unwrap();
    let job = PrintJob::prepare(&case, "block", &out, &progress).unwrap();
    let printed = job.make(&PrintOptions::default(), &progress).unwrap();
    assert!(std::fs::read(&out).unwrap().len() > 1000, "it is written");
    drop(printed); // never recorded
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "the model of yesterday");
    let left: Vec<_> = std::fs::read_dir(&models).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(left, ["block.stl"], "neither a report nor a copy is left");
}
