//! Measuring in a case: blocked while a warning is open, into the plan, stale after a change, shown as JSON, CSV, HTML.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Random, mask, structure};
use fabrica_case::Case;
use fabrica_geometry::{Grid, LpsPoint, Mm};
use fabrica_measure::{
    MeasureError, Request, Settings, Shown, Snap, measure, measurements_csv, measurements_json, plan_report,
    report_csv, report_json, sections_csv, stale,
};
use fabrica_phantom::Solid;
use fabrica_plan::{
    Author, EditOperation, MeasurementKind, MeasurementOperation, Mode, Operation, Stroke, StrokePath, Tool,
};
use fabrica_progress::Progress;
use fabrica_volume::{GeometryIssue, GeometryWarning, Rgb, Structure};
use glam::DVec3;

fn case(folder: &std::path::Path) -> Case {
    let grid = Grid::axis_aligned([56, 32, 32], LpsPoint::new(-28.0, -16.0, -16.0), [1.0; 3]).unwrap();
    let rod = Solid::round_cone(DVec3::new(-20.0, -7.0, 0.0), DVec3::new(20.0, -7.0, 0.0), 4.0, 4.0);
    let ball = Solid::ball(DVec3::new(0.0, 7.0, 0.0), 5.0);
    let mut volume = common::image(&mut Random::new(1), &[(&rod, 300.0), (&ball, 120.0)], 40.0, 10.0, &grid);
    volume.provenance.simulated = true;
    volume.warnings.push(GeometryWarning::new(GeometryIssue::LateralityAssumed { reason: "test".into() }));
    let by = Author::new("Anna").unwrap();
    let mut case = Case::create(folder, &volume, &by, &Progress::new()).unwrap();
    for (name, solid) in [("rod", rod), ("ball <1>", ball)] {
        let structure = Structure { name: name.into(), ..structure(mask(&solid, &grid), None) };
        case.add_structure("volume-1", &structure, &by, &Progress::new()).unwrap();
    }
    case
}

fn run(case: &Case, request: &Request) -> Result<fabrica_plan::Measurement, MeasureError> {
    measure(case, "volume-1", request, None, &Settings::default(), &Progress::new())
}

#[test]
fn nothing_is_measured_while_a_geometry_warning_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let mut case = case(&folder.path().join("case"));
    let by = Author::new("Anna").unwrap();
    let request = Request::Distance([LpsPoint::default(), LpsPoint::new(10.0, 0.0, 0.0)]);
    let refused = run(&case, &request).unwrap_err().to_string();
    assert!(refused.contains("left and right are assumed"), "{refused}");
    case.accept_warning("volume-1", 0, &by, "checked").unwrap();
    let found = run(&case, &request).unwrap();
    // √(2 (1/12 + 0.5²)) · 1.96 along a grid axis, and a little for the way across.
    assert_eq!(found.main().unwrap().to_string(), "10.0 ± 1.6 mm");
    let outside = Request::Distance([LpsPoint::default(), LpsPoint::new(100.0, 0.0, 0.0)]);
    assert!(matches!(run(&case, &outside), Err(MeasureError::Outside { .. })));
}

#[test]
fn every_kind_is_measured_kept_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut case = case(&folder.path().join("case"));
    let by = Author::new("Anna").unwrap();
    case.accept_warning("volume-1", 0, &by, "checked").unwrap();
    let p = LpsPoint::new;
    let rod = || "rod".to_owned();
    let diameters = Request::Diameters { structure: rod(), branch: 0, step: Some(Mm(2.0)), from: None };
    let all = [
        (Request::Distance([p(0.0, 0.0, 0.0), p(3.0, 4.0, 0.0)]), 5.0, 1e-9),
        (Request::SurfaceDistance(rod(), [p(-10.0, -12.0, 0.0), p(10.0, -12.0, 0.0)]), 20.0, 0.5),
        (Request::CentrelineDistance(rod(), [p(-10.0, -7.0, 0.0), p(10.0, -7.0, 0.0)]), 20.0, 0.5),
        (Request::Angle([p(9.0, 0.0, 0.0), p(0.0, 0.0, 0.0), p(0.0, 0.0, 9.0)]), 90.0, 1e-9),
        (Request::LineAngle([[p(0.0, 0.0, 0.0), p(5.0, 0.0, 0.0)], [p(1.0, 1.0, 1.0), p(1.0, 1.0, 9.0)]]), 90.0, 1e-9),
        (Request::Area(vec![p(0.0, 0.0, 0.0), p(6.0, 0.0, 0.0), p(6.0, 5.0, 0.0), p(0.0, 5.0, 0.0)]), 30.0, 1e-9),
        // Voxels whose centre lies on the border do not belong: the rod and the ball lose half a voxel on each side.
        (Request::Volume("ball <1>".into()), 485.0, 15.0),
        (diameters, 8.0, 0.8),
        (Request::Probe(p(0.0, 7.0, 0.0)), 120.0, 40.0),
        (Request::Sphere(p(0.0, 7.0, 0.0), Mm(3.0)), 120.0, 5.0),
        (Request::Statistics(rod()), 290.0, 20.0),
        (Request::Closest([rod(), "ball <1>".into()]), 6.0, 0.5),
    ];
    for (request, truth, within) in &all {
        let found = run(&case, request).unwrap();
        let main = found.main().unwrap();
        assert!((main.value - truth).abs() <= *within, "{request:?}: {main}");
        assert!(main.half_width() > 0.0);
        let add = MeasurementOperation::Add { name: format!("{} 1", found.kind.name()), measurement: Box::new(found) };
        case.apply(Operation::Measurement(add), &by).unwrap();
    }
    // Snapped to the rod's upper and lower side: its diameter, its errors along the line.
    let snap = (&Snap::Surface("rod".into()), Mm(4.0));
    let ends = Request::Distance([p(1.0, -7.0, 5.5), p(1.0, -7.0, -5.5)]);
    let across = measure(&case, "volume-1", &ends, Some(snap), &Settings::default(), &Progress::new()).unwrap();
    assert!((across.main().unwrap().value - 7.0).abs() < 0.5, "{}", across.main().unwrap());
    let centre = (&Snap::Centreline("rod".into()), Mm(4.0));
    assert!(measure(&case, "volume-1", &ends, Some(centre), &Settings::default(), &Progress::new()).is_err());

    // Opened again it is all there, and nothing is stale.
    let path = case.folder().to_owned();
    drop(case);
    let mut case = Case::open(&path).unwrap();
    let shown = Shown::all_of(&case);
    assert_eq!(shown.len(), all.len());
    assert!(shown.iter().all(|s| s.stale.is_empty()));
    let json = measurements_json(&shown, case.is_simulated());
    assert_eq!(json["measurements"][0]["quantities"][0]["value"], 5.0);
    assert_eq!(json["simulated"], true);
    let table = measurements_csv(&shown);
    assert!(table.lines().count() > all.len() && table.contains("closest distance"));
    let profile = shown.iter().find_map(|s| match &s.measurement.kind {
        MeasurementKind::DiameterProfile { sections, .. } => Some(sections.clone()),
        _ => None,
    });
    assert!(sections_csv(&profile.unwrap()).lines().count() > 15);
    let page = plan_report(&case, &[], &["NOT VALIDATED: <rod>".into()]).unwrap();
    assert!(page.contains("NOT VALIDATED: &lt;rod&gt;"));
    assert!(page.contains("SYNTHETIC") && page.contains("ball &lt;1&gt;") && !page.contains("ball <1>"));
    assert!(page.contains("accepted by Anna") && page.contains("<svg"));

    // A structure that has changed makes what was measured on it stale.
    let grid = case.volumes()[0].grid.clone();
    let smaller = Structure { name: "rod".into(), ..structure(mask(&Solid::ball(DVec3::ZERO, 4.0), &grid), None) };
    case.replace_structure("volume-1", &smaller, &by, &Progress::new()).unwrap();
    let closest = &case.plan().state().measurements[11].measurement;
    assert_eq!(stale(&case, closest), ["rod"]);
    assert!(plan_report(&case, &[], &[]).unwrap().contains("STALE: rod"));
}

#[test]
fn reports_tell_what_was_drawn_and_what_nobody_validated() {
    let folder = tempfile::tempdir().unwrap();
    let mut case = case(&folder.path().join("case"));
    let by = Author::new("Anna").unwrap();
    case.accept_warning("volume-1", 0, &by, "checked").unwrap();
    let create = EditOperation::Create { structure: "drawn".into(), volume: "volume-1".into(), colour: Rgb(1, 2, 3) };
    case.apply(create.into(), &by).unwrap();
    // A voxel and its six neighbours: 7 mm³ of voxels of 1 mm.
    let path = StrokePath::new([LpsPoint::new(0.0, 0.0, 0.0)]).unwrap();
    let brush = Tool::Brush { path, radius: Mm(1.2), mode: Mode::Add };
    case.edit(Stroke::new("drawn", brush), &by, &Progress::new()).unwrap();
    let grid = case.volumes()[0].grid.clone();
    let origin = "network test <1>, class 1".to_owned();
    let by_network = Structure {
        name: "guessed".into(),
        origin,
        ..structure(mask(&Solid::ball(DVec3::new(5.0, 5.0, 0.0), 5.0), &grid), None)
    };
    case.add_structure("volume-1", &by_network, &by, &Progress::new()).unwrap();
    let found = run(&case, &Request::Volume("guessed".into())).unwrap();
    let add = MeasurementOperation::Add { name: "size".into(), measurement: Box::new(found) };
    case.apply(Operation::Measurement(add), &by).unwrap();

    let shown = Shown::all_of(&case);
    assert_eq!(shown[0].unvalidated, ["guessed"]);
    let page = plan_report(&case, &[], &[]).unwrap();
    assert!(page.contains("<td>drawn</td><td>0.01 mL</td>"), "7 mm³ of a structure that was only drawn");
    assert!(page.contains("NOT VALIDATED: guessed.") && page.contains("NOT VALIDATED; missing: "));
    let table = report_csv(&case).unwrap();
    assert!(table.contains(",drawn,structure,drawn,,volume of voxels,7,,mm³,"), "{table}");
    assert!(table.lines().next().unwrap().split(',').count() == table.lines().last().unwrap().split(',').count());
    let json = report_json(&case).unwrap();
    let structure = |name: &str| {
        let all = json["structures"].as_array().unwrap();
        all.iter().find(|s| s["name"] == name).unwrap().clone()
    };
    assert_eq!(
        (&structure("drawn")["voxels"], &structure("drawn")["validation"]["needed"]),
        (&7.into(), &false.into())
    );
    assert_eq!(structure("guessed")["validation"]["validated"], false);
    assert_eq!(json["measurements"][0]["unvalidated"][0], "guessed");
}
