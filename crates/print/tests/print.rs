//! A model, its report and its audit entry: all of them or none.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use fabrica_case::{Case, CaseError};
use fabrica_geometry::{Grid, LpsPoint, Mm};
use fabrica_plan::Author;
use fabrica_print::{
    Caliper, ModelOptions, Passport, PrintError, PrintJob, page_path, passport_path, pdf_path, print_structure, prove,
    report_path,
};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, PrintOptions};
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
    assert!(model.simulated && out.exists());
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
    let printed = job.make(&PrintOptions::default(), &anna(), &progress).unwrap();
    assert!(out.exists() && report_path(&out).exists());
    let refused = printed.record(&mut reader, &anna());
    assert!(matches!(refused, Err(PrintError::Case(CaseError::ReadOnly))));
    assert!(!out.exists() && !report_path(&out).exists() && !passport_path(&out).exists());
    assert!(!page_path(&out).exists() && !pdf_path(&out).exists());
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
    std::io::Write::write_all(&mut std::fs::File::create(&out).unwrap(), b"the model of yesterday").unwrap();
    let job = PrintJob::prepare(&case, "block", &out, &progress).unwrap();
    let printed = job.make(&PrintOptions::default(), &anna(), &progress).unwrap();
    assert!(std::fs::read(&out).unwrap().len() > 1000, "it is written");
    drop(printed); // never recorded
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "the model of yesterday");
    let left: Vec<_> = std::fs::read_dir(&models).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(left, ["block.stl"], "neither a report nor a copy is left");
}

#[test]
fn the_passport_is_signed_and_shows_what_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let mut case = case(&folder.path().join("case"));
    let out = folder.path().join("block.3mf");
    let options = ModelOptions { scale: 0.5, least_wall: Some(Mm(2.5)), ..ModelOptions::default() };
    let progress = Progress::new();
    let printed =
        PrintJob::prepare(&case, "block", &out, &progress).unwrap().make_with(&options, &anna(), &progress).unwrap();
    // 6 x 4 x 4 mm at half the size.
    let (low, high) = printed.passport().parts[0].solids[0].inspection.mesh.bounds.unwrap();
    assert!((high - low).0.distance(glam::DVec3::new(3.0, 2.0, 2.0)) < 0.3, "{:?}", (low, high));
    printed.record(&mut case, &anna()).unwrap();
    let text = std::fs::read_to_string(passport_path(&out)).unwrap();
    let mut passport: Passport = serde_json::from_str(&text).unwrap();
    assert!(passport.is_intact().unwrap() && passport.simulated && passport.parts[0].proof.calipers.is_empty());
    assert!(passport.parts[0].least_wall().unwrap().0 < 2.3);
    passport.settings.scale = 1.0;
    assert!(!passport.is_intact().unwrap());
    let page = std::fs::read_to_string(page_path(&out)).unwrap();
    assert!(page.contains("SYNTHETIC") && page.contains("Not a cleared medical device"));
    assert_eq!(page.matches("data:image/png").count(), 6);
    assert!(page.contains("50.0 %, a test print; walls were checked at this size"), "{page}");
    // The audit log vouches for the passport and the file; the PDF has the same pictures.
    let audit = case.audit_log().unwrap();
    let signed = audit.last().unwrap().data.iter().find(|d| d.name == "passport").unwrap();
    assert_eq!(signed.sha256, passport.contents_sha256);
    let pdf = std::fs::read(pdf_path(&out)).unwrap();
    let count = |what: &[u8]| pdf.windows(what.len()).filter(|w| *w == what).count();
    assert_eq!((count(b"/Subtype/Image"), count(b"/Type/EmbeddedFile")), (6, 1));
}

#[test]
fn a_mirrored_scaled_or_shifted_model_does_not_pass_the_proof() {
    let grid = Grid::axis_aligned([30, 30, 30], LpsPoint::new(40.0, -12.0, 7.0), [1.0; 3]).unwrap();
    // A block with a horn on one side, so that a mirrored one differs.
    let mask = Mask::from_fn(grid.clone(), |index| {
        let [i, j, k] = grid.position(index);
        (5..15).contains(&i) && (8..20).contains(&j) && (6..22).contains(&k)
            || (15..26).contains(&i) && (8..11).contains(&j) && (6..9).contains(&k)
    });
    let progress = Progress::new();
    let mesh = fabrica_surface::surface_of_mask(&mask, &progress).unwrap();
    // From the block's left to its right end: voxels 5 to 25 whole.
    let row = |x: f64| LpsPoint::new(x, -12.0 + 9.0, 7.0 + 7.0);
    let caliper = Caliper { name: "length".into(), points: [row(44.5), row(65.4)] };
    let proof = prove(&mesh, &mask, std::slice::from_ref(&caliper), Mm(0.25), &progress).unwrap();
    assert!((proof.calipers[0].on_model.unwrap().0 - 21.0).abs() < 1e-3, "{proof:?}");
    let changed = |change: &dyn Fn([f32; 3]) -> [f32; 3], flip: bool| {
        let (vertices, mut triangles) = mesh.clone().into_parts();
        if flip {
            triangles.iter_mut().for_each(|t| t.swap(1, 2));
        }
        Mesh::new(vertices.into_iter().map(change).collect(), triangles).unwrap()
    };
    for (name, wrong) in [
        ("mirrored", changed(&|[x, y, z]| [2.0 * 54.5 - x, y, z], true)),
        ("metres", changed(&|v| v.map(|c| c / 1000.0), false)),
        ("inches", changed(&|v| v.map(|c| c / 25.4), false)),
        ("RAS", changed(&|[x, y, z]| [-x, -y, z], false)),
        ("shifted", changed(&|[x, y, z]| [x + 3.0, y, z], false)),
        ("15 % longer", changed(&|[x, y, z]| [54.5 + (x - 54.5) * 1.15, y, z], false)),
    ] {
        let refused = prove(&wrong, &mask, &[], Mm(0.25), &progress);
        assert!(matches!(refused, Err(PrintError::Proof(_))), "{name}: {refused:?}");
    }
    // A caliper that tells another length than the model has.
    let wrong = Caliper { points: [row(44.0), row(65.9)], ..caliper };
    assert!(matches!(prove(&mesh, &mask, &[wrong], Mm(0.25), &progress), Err(PrintError::Proof(_))));
}

#[test]
fn several_structures_share_their_borders_and_what_overlaps_is_a_part_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut case = case(&folder.path().join("case"));
    // Beside the block (x 3 to 8) and one voxel into it.
    let grid = Grid::axis_aligned([12, 10, 8], LpsPoint::default(), [1.0; 3]).unwrap();
    let beside = Mask::from_fn(grid.clone(), |index| {
        let [i, j, k] = grid.position(index);
        (8..11).contains(&i) && (3..7).contains(&j) && (2..6).contains(&k)
    });
    let beside = Structure {
        name: "beside".into(),
        colour: Rgb(200, 0, 0),
        mask: beside,
        code: None,
        origin: String::new(),
        isovalue: None,
    };
    let progress = Progress::new();
    case.add_structure("volume-1", &beside, &anna(), &progress).unwrap();
    let names = ["block", "beside"];
    let stl = PrintJob::prepare_many(&case, &names, &folder.path().join("both.stl"), None, &progress);
    assert!(matches!(stl, Err(PrintError::OnePartFormat(_))));
    let out = folder.path().join("both.3mf");
    let job = PrintJob::prepare_many(&case, &names, &out, None, &progress).unwrap();
    let options = ModelOptions {
        surface: PrintOptions { smoothing: None, ..PrintOptions::default() },
        ..ModelOptions::default()
    };
    let printed = job.make_with(&options, &anna(), &progress).unwrap();
    let parts = &printed.passport().parts;
    let told: Vec<(&str, f64)> = parts.iter().map(|p| (p.name.as_str(), p.volume().0.round())).collect();
    assert_eq!(told, [("block", 5.0 * 16.0), ("block + beside", 16.0), ("beside", 2.0 * 16.0)]);
    printed.record(&mut case, &anna()).unwrap();
    let model = fabrica_mesh::read_model(&std::fs::read(&out).unwrap(), fabrica_mesh::ModelFormat::ThreeMf).unwrap();
    let colours: Vec<_> = model.parts.iter().map(|p| (p.name.as_str(), p.colour)).collect();
    assert_eq!(
        colours,
        [("block", Some([230, 210, 180])), ("block + beside", Some([215, 105, 90])), ("beside", Some([200, 0, 0]))]
    );
    // Both sides of the border between the first two are made of the same places.
    let places = |n: usize| -> std::collections::BTreeSet<[u32; 3]> {
        model.parts[n].mesh.vertices().iter().map(|v| v.map(f32::to_bits)).collect()
    };
    assert_eq!(places(0).intersection(&places(1)).count(), 5 * 5);
    let audit = case.audit_log().unwrap();
    let of: Vec<&str> = audit.last().unwrap().data.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(
        (audit.last().unwrap().what.as_str(), &of[..]),
        ("print structure block, beside", &["block", "beside", "both.3mf", "passport", "case.json"][..])
    );
}

#[test]
fn of_several_structures_one_that_a_network_made_waits_for_its_validation() {
    let folder = tempfile::tempdir().unwrap();
    let mut case = case(&folder.path().join("case"));
    let progress = Progress::new();
    let mut found = case.structure("block", &progress).unwrap();
    (found.name, found.origin) = ("found".into(), "network test 1.0".into());
    let grid = found.mask.grid().clone();
    found.mask = Mask::from_fn(grid.clone(), |index| {
        let [i, j, k] = grid.position(index);
        (1..3).contains(&i) && (3..7).contains(&j) && (2..6).contains(&k)
    });
    case.add_structure("volume-1", &found, &anna(), &progress).unwrap();
    let (names, out) = (["block", "found"], folder.path().join("both.3mf"));
    let refused = PrintJob::prepare_many(&case, &names, &out, None, &progress);
    assert!(matches!(refused, Err(PrintError::Review(_))));
    let job = PrintJob::prepare_many(&case, &names, &out, Some("for teaching"), &progress).unwrap();
    let printed = job.make_with(&ModelOptions::default(), &anna(), &progress).unwrap();
    let words = printed.passport().validation.clone().unwrap();
    assert!(words.starts_with("found: NOT VALIDATED (for teaching)"), "{words}");
    printed.record(&mut case, &anna()).unwrap();
    let model = fabrica_mesh::read_model(&std::fs::read(&out).unwrap(), fabrica_mesh::ModelFormat::ThreeMf).unwrap();
    let mut told: Vec<&str> = model.parts.iter().map(|p| p.name.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, ["NOT VALIDATED found", "block"]);
    let page = std::fs::read_to_string(page_path(&out)).unwrap();
    assert_eq!(page.matches("<p class=\"w\">").count(), 2, "the warning, and that it is not validated");
}

#[test]
fn a_model_for_dicom_is_the_file_in_an_object_of_the_scans_study() {
    let folder = tempfile::tempdir().unwrap();
    let mut case = case(&folder.path().join("case"));
    let progress = Progress::new();
    let out = folder.path().join("block.stl");
    let options = ModelOptions { dicom: true, ..ModelOptions::default() };
    let printed =
        PrintJob::prepare(&case, "block", &out, &progress).unwrap().make_with(&options, &anna(), &progress).unwrap();
    assert_eq!(printed.passport().files.len(), 2);
    printed.record(&mut case, &anna()).unwrap();
    let object = std::fs::read(fabrica_print::dicom_path(&out)).unwrap();
    let model = fabrica_dicom_results::read_encapsulated_model(object.as_slice()).unwrap();
    assert_eq!(model.bytes, std::fs::read(&out).unwrap());
    assert_eq!((model.name.as_str(), model.modified), ("SYNTHETIC block", Some(false)));
    let half = ModelOptions { scale: 0.5, ..options };
    let refused = PrintJob::prepare(&case, "block", &out, &progress).unwrap().make_with(&half, &anna(), &progress);
    assert!(matches!(refused, Err(PrintError::NotForDicom)));
}

#[test]
fn triangles_are_taken_away_with_their_deviation_told_and_walls_are_checked_at_the_models_scale() {
    let folder = tempfile::tempdir().unwrap();
    let case = case(&folder.path().join("case"));
    let progress = Progress::new();
    let out = folder.path().join("block.stl");
    // The block is 6 x 4 x 4 mm: at a quarter of that its walls are thinner than 1.5 mm.
    let options = ModelOptions { scale: 0.25, simplify: Some(Mm(0.05)), ..ModelOptions::default() };
    let printed =
        PrintJob::prepare(&case, "block", &out, &progress).unwrap().make_with(&options, &anna(), &progress).unwrap();
    let passport = printed.passport();
    assert!(passport.steps[0].what.starts_with("simplified within"), "{:?}", passport.steps);
    assert!(passport.steps[0].departures.max.0 <= 0.05);
    let found = &passport.parts[0].solids[0].inspection;
    assert!(found.least_wall.unwrap().0 < 1.01, "{:?}", found.least_wall);
    assert!(found.counts.iter().any(|(kind, count)| *kind == fabrica_mesh::FaultKind::ThinWall && *count > 0));
}

#[test]
fn cut_parts_stand_beside_each_other_on_the_bed() {
    let folder = tempfile::tempdir().unwrap();
    let case = case(&folder.path().join("case"));
    let progress = Progress::new();
    let out = folder.path().join("block.3mf");
    let plane = fabrica_mesh::CutPlane {
        point: LpsPoint::new(5.5, 4.5, 3.5),
        normal: fabrica_geometry::LpsVector::new(1.0, 0.0, 0.0),
    };
    let pegs = fabrica_mesh::CutOptions { pegs: 0, ..fabrica_mesh::CutOptions::default() };
    let options = ModelOptions { cut: Some((plane, pegs)), arrange: Some(Mm(2.0)), ..ModelOptions::default() };
    let job = || PrintJob::prepare(&case, "block", &out, &progress).unwrap();
    assert!(matches!(job().make_with(&options, &anna(), &progress), Err(PrintError::NoBed)));
    let options = ModelOptions { bed: Some([Mm(30.0); 3]), ..options };
    let printed = job().make_with(&options, &anna(), &progress).unwrap();
    assert_eq!(printed.passport().steps.iter().filter(|s| s.what.contains("put on the bed")).count(), 2);
    let model = fabrica_mesh::read_model(&std::fs::read(&out).unwrap(), fabrica_mesh::ModelFormat::ThreeMf).unwrap();
    // 6 x 4 x 4 mm in all, however it is cut.
    let part = &printed.passport().parts[0];
    let volumes: Vec<f64> = part.solids.iter().map(|s| s.inspection.mesh.volume.0).collect();
    assert_eq!(part.solids.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["block 1 of 2", "block 2 of 2"]);
    assert!((part.volume().0 - volumes.iter().sum::<f64>()).abs() < 1e-9 && volumes.iter().all(|v| *v > 30.0));
    assert!((part.volume().0 - part.surface.mesh.volume.0).abs() < 0.05, "{volumes:?}");
    assert!(part.rejoined.unwrap().farthest.0 < 0.05 && part.rejoined.unwrap().volume_difference.0.abs() < 0.05);
    for part in &model.parts {
        let (low, high) = part.mesh.bounds().unwrap();
        assert!(low.0.z.abs() < 1e-4 && low.0.min_element() > -1e-4 && high.0.max_element() < 28.0, "{low:?}");
    }
}

#[test]
fn thin_walls_are_thickened_only_where_they_are_thin_and_the_passport_says_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let mut case = case(&folder.path().join("case"));
    let progress = Progress::new();
    // A plate of 4 x 4 x 1 mm: thinner than 1.5 mm everywhere.
    let mut plate = case.structure("block", &progress).unwrap();
    let grid = plate.mask.grid().clone();
    plate.name = "plate".into();
    plate.mask = Mask::from_fn(grid.clone(), |index| {
        let [i, j, k] = grid.position(index);
        (4..8).contains(&i) && (3..7).contains(&j) && k == 4
    });
    case.add_structure("volume-1", &plate, &anna(), &progress).unwrap();
    let out = folder.path().join("plate.stl");
    let options = ModelOptions {
        surface: PrintOptions { smoothing: None, ..PrintOptions::default() },
        thicken: true,
        ..ModelOptions::default()
    };
    let job = PrintJob::prepare(&case, "plate", &out, &progress).unwrap();
    let printed = job.make_with(&options, &anna(), &progress).unwrap();
    let passport = printed.passport();
    assert!(passport.steps[0].what.starts_with("walls thickened to 1.50 mm"), "{:?}", passport.steps);
    // Half a millimetre more over the faces, and less than a ball of 1.5 mm around the rim.
    let went = passport.steps[0].departures;
    assert!(went.outward.0 > 0.2 && went.outward.0 < 1.0 && went.inward.0 < 0.05, "{went:?}");
    let least = passport.parts[0].solids[0].inspection.least_wall.unwrap();
    assert!(least.0 >= 1.5, "{least}");
    let no_wall = ModelOptions { least_wall: None, ..options };
    let job = PrintJob::prepare(&case, "plate", &out, &progress).unwrap();
    assert!(matches!(job.make_with(&no_wall, &anna(), &progress), Err(PrintError::NoWall)));
}
