//! The review of a structure in a case, step by step.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use fabrica_case::Case;
use fabrica_geometry::{Grid, LpsPoint, Mm};
use fabrica_plan::{Author, Logic, Mode, Operation, Stroke, StrokePath, Tool, ValidationOperation, Verdict};
use fabrica_progress::Progress;
use fabrica_review::{
    Calibration, Evidence, ListOf, RegionState, ReviewError, ReviewSettings, check_size, decide, is_by_network,
    require_validated, status, validate, worklist,
};
use fabrica_volume::{Mask, Rgb, Samples, Structure, ValueUnit, Volume};

fn by() -> Author {
    Author::new("reviewer").unwrap()
}

fn grid() -> Grid {
    Grid::axis_aligned([30, 24, 20], LpsPoint::default(), [1.0; 3]).unwrap()
}

/// Voxels 4 to 23, 4 to 17, 4 to 15.
fn block() -> Mask {
    let inside = |[i, j, k]: [usize; 3]| (4..24).contains(&i) && (4..18).contains(&j) && (4..16).contains(&k);
    Mask::from_fn(grid(), |n| inside(grid().position(n)))
}

fn structure(name: &str, origin: &str) -> Structure {
    Structure {
        name: name.into(),
        colour: Rgb(1, 2, 3),
        mask: block(),
        code: None,
        origin: origin.into(),
        isovalue: None,
    }
}

/// A case with a structure by a network that was in doubt at two places, and one by hand.
fn case(folder: &std::path::Path) -> Case {
    let progress = Progress::new();
    let values = vec![0i16; grid().len()];
    let volume = Volume::new(grid(), Samples::I16(values), ValueUnit::Arbitrary).unwrap();
    let mut case = Case::create(&folder.join("case"), &volume, &by(), &progress).unwrap();
    case.add_structure("volume-1", &structure("block", "network test"), &by(), &progress).unwrap();
    case.add_structure("volume-1", &structure("drawn", "threshold 1.."), &by(), &progress).unwrap();
    case
}

fn list(case: &mut Case) {
    let at = |n: usize| grid().position(n);
    let percent: Vec<u8> = (0..grid().len())
        .map(|n| match at(n) {
            [7..=9, 8..=10, 8..=10] => 60,
            [15..=18, 8..=11, 8..=11] => 70,
            _ => 99,
        })
        .collect();
    let (mask, near) = (block(), Mask::empty(grid()));
    let evidence = Evidence { mask: &mask, near_misses: &near, percent: &percent };
    let base = case.structure_entry("block").unwrap().id.clone();
    let of = ListOf { structure: "block".into(), base, found_by: "test".into() };
    let list =
        worklist(&of, &evidence, &Calibration::Uncalibrated, &ReviewSettings::default(), &Progress::new()).unwrap();
    assert_eq!(list.regions.len(), 2);
    case.apply(Operation::Validation(ValidationOperation::List(list)), &by()).unwrap();
}

fn erase(at: [f64; 3]) -> Stroke {
    let [x, y, z] = at;
    let path = StrokePath::new([LpsPoint::new(x, y, z), LpsPoint::new(x + 1.0, y, z)]).unwrap();
    Stroke::new("block", Tool::Brush { path, radius: Mm(1.5), mode: Mode::Erase })
}

const ENDS: [LpsPoint; 2] = [LpsPoint::new(3.5, 14.0, 10.0), LpsPoint::new(23.5, 14.0, 10.0)];

#[test]
fn every_step_is_asked_for_and_an_edit_takes_validation_back() {
    let temporary = tempfile::tempdir().unwrap();
    let mut case = case(temporary.path());
    let progress = Progress::new();
    let (by, p) = (by(), &progress);

    // A network's structure without its list cannot be reviewed.
    assert!(status(&case, "block", p).unwrap().missing[0].contains("list of doubtful regions"));
    assert!(matches!(decide(&mut case, "block", 1, Verdict::Accept, None, &by, p), Err(ReviewError::NoList(_))));
    list(&mut case);
    let missing = |case: &Case| status(case, "block", p).unwrap().obstacles().join("; ");
    assert!(missing(&case).contains("2 of 2 doubtful regions (1, 2) are not decided"), "{}", missing(&case));
    assert!(missing(&case).contains("size was not checked"));
    assert!(matches!(validate(&mut case, "block", &by, p), Err(ReviewError::Missing { .. })));

    // Region 1 is the larger expected error: 64 voxels at 70 %, 19.2 mm³, against 27 at 60 %, 10.8 mm³.
    assert_eq!(status(&case, "block", p).unwrap().open().next().unwrap().region.low, [15, 8, 8]);
    assert!(matches!(
        decide(&mut case, "block", 3, Verdict::Accept, None, &by, p),
        Err(ReviewError::NoRegion { held: 2, .. })
    ));
    assert!(matches!(
        decide(&mut case, "block", 2, Verdict::Corrected, None, &by, p),
        Err(ReviewError::NotCorrected { .. })
    ));
    decide(&mut case, "block", 1, Verdict::Accept, None, &by, p).unwrap();
    decide(&mut case, "block", 2, Verdict::Reject, Some("that is fat".into()), &by, p).unwrap();
    assert!(missing(&case).contains("1 of 2 doubtful regions (2) are rejected"), "{}", missing(&case));
    case.edit(erase([8.0, 9.0, 9.0]), &by, p).unwrap();
    assert!(missing(&case).contains("edited after they were decided"), "{}", missing(&case));
    let now = decide(&mut case, "block", 2, Verdict::Corrected, None, &by, p).unwrap();
    assert!(now.open().next().is_none());
    assert_eq!(now.regions[1].state, RegionState::Corrected);

    // The caliper: 20 mm in the images (3.5 to 23.5) and on the structure.
    let short = [ENDS[0], LpsPoint::new(20.4, 14.0, 10.0)];
    let check = check_size(&mut case, "block", short, None, &by, p).unwrap();
    assert!(!check.agrees() && (check.difference().0 - 3.1).abs() < 1e-6, "{check:?}");
    assert!(missing(&case).contains("differs by 3.10 mm, more than 1.00 mm"), "{}", missing(&case));
    let check = check_size(&mut case, "block", ENDS, None, &by, p).unwrap();
    assert!((check.in_images.0 - 20.0).abs() < 1e-9 && (check.on_structure.0 - 20.0).abs() < 1e-6);
    assert!(missing(&case).contains("nobody has validated"), "{}", missing(&case));
    assert!(require_validated(&case, ["block"], None, p).is_err());
    assert!(validate(&mut case, "block", &by, p).unwrap().is_validated());
    let pass = require_validated(&case, ["block", "drawn"], None, p).unwrap();
    assert!(pass.unvalidated.is_empty() && pass.validated[0].1.contains("20.00 mm in the images"));

    // It stands after opening; an edit takes it back, undoing the edit gives it back.
    drop(case);
    let mut case = Case::open(&temporary.path().join("case")).unwrap();
    assert!(status(&case, "block", p).unwrap().is_validated());
    case.edit(erase([20.0, 15.0, 13.0]), &by, p).unwrap();
    let after = status(&case, "block", p).unwrap();
    assert!(!after.is_validated() && after.open().next().is_none());
    assert!(after.missing[0].contains("edited after its size was checked"), "{:?}", after.missing);
    case.undo(&by).unwrap();
    assert!(status(&case, "block", p).unwrap().is_validated());
}

#[test]
fn an_override_is_recorded_and_copies_are_not_laundered() {
    let temporary = tempfile::tempdir().unwrap();
    let mut case = case(temporary.path());
    let progress = Progress::new();
    let (by, p) = (by(), &progress);
    list(&mut case);
    assert!(!is_by_network(&case, "drawn"));
    require_validated(&case, ["drawn"], None, p).unwrap();
    assert!(matches!(require_validated(&case, ["block"], Some("  "), p), Err(ReviewError::NotValidated(_))));
    let pass = require_validated(&case, ["drawn", "block"], Some("a phantom"), p).unwrap();
    assert!(pass.of("block").unwrap().words().starts_with("NOT VALIDATED (a phantom); missing: 2 of 2"));
    assert!(pass.of("drawn").is_none());
    pass.record(&mut case, "print block", &by).unwrap();
    let made = &case.plan().state().validations["block"].overrides[0];
    assert_eq!((made.what.as_str(), made.reason.as_str()), ("print block", "a phantom"));
    assert!(case.audit_log().unwrap().iter().any(|l| l.what.contains("override")));

    // Voxels of a network in a structure drawn by hand.
    case.edit(Stroke::new("drawn", Tool::Logic(Logic::Add("block".into()))), &by, p).unwrap();
    assert!(is_by_network(&case, "drawn"));
    let said = status(&case, "drawn", p).unwrap().missing.join("; ");
    assert!(said.contains("\"block\", of which it took voxels"), "{said}");
    case.undo(&by).unwrap();
    assert!(!is_by_network(&case, "drawn"));
    // A copy says so in its origin; another structure in its place has no list.
    case.replace_structure("volume-1", &structure("drawn", "copy of block (network test)"), &by, p).unwrap();
    assert!(is_by_network(&case, "drawn"));
    case.replace_structure("volume-1", &structure("block", "network test"), &by, p).unwrap();
    assert!(status(&case, "block", p).unwrap().list.is_none());
    case.replace_structure("volume-1", &structure("block", "threshold 1.."), &by, p).unwrap();
    assert!(!is_by_network(&case, "block"));
}
