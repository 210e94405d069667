//! The tool as scripts use it, without a window: scripted input, the session, a case on the disk.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]

#[path = "../../scene/tests/common/playing.rs"]
mod playing;

use std::path::Path;

use bevy::prelude::*;
use fabrica_case::Case;
use fabrica_geometry::{Grid, LpsPoint};
use fabrica_plan::Author;
use fabrica_print::Passport;
use fabrica_print_preview::PrintPreviewPlugin;
use fabrica_progress::Progress;
use fabrica_scene::{FigurePaint, Figures, Printing, Told};
use fabrica_volume::{GeometryIssue, GeometryWarning, Mask, Rgb, Structure};
use playing::play;

/// A synthetic case with a block of 24 × 16 × 20 mm that has a fin of 1 mm; its maker, and an open warning, as asked for.
fn case(folder: &Path, origin: &str, warned: bool) {
    let grid = Grid::axis_aligned([40, 30, 24], LpsPoint::new(-20.0, -15.0, -12.0), [1.0; 3]).unwrap();
    let mut volume = playing::ct(grid.clone(), vec![0; grid.len()]);
    if warned {
        let issue = GeometryIssue::PixelSpacingUncertain { reason: "it is the detector's".into() };
        volume.warnings.push(GeometryWarning::new(issue));
    }
    let by = Author::new("tester").unwrap();
    let mut case = Case::create(folder, &volume, &by, &Progress::new()).unwrap();
    let id = case.volumes()[0].id.clone();
    let mask = Mask::from_fn(grid.clone(), |index| {
        let [i, j, k] = grid.position(index);
        (6..30).contains(&i) && (6..22).contains(&j) && (2..22).contains(&k)
            || (30..36).contains(&i) && j == 14 && (2..22).contains(&k)
    });
    let block = Structure {
        name: "block".into(),
        colour: Rgb(200, 200, 100),
        mask,
        code: None,
        origin: origin.into(),
        isovalue: None,
    };
    case.add_structure(&id, &block, &by, &Progress::new()).unwrap();
}

fn made(world: &World) -> bool {
    world.resource::<Printing>().model.is_some()
}

/// As [`made`], for one that must not fail.
fn makes(world: &World) -> bool {
    let failed = matches!(world.resource::<Printing>().told, Some(Told::Blocked(_)));
    assert!(!failed, "{}", told(world));
    made(world)
}

fn told(world: &World) -> String {
    match &world.resource::<Printing>().told {
        Some(Told::Next(text) | Told::Live(text) | Told::Blocked(text)) => text.clone(),
        None => String::new(),
    }
}

#[test]
fn a_model_is_looked_at_then_written_with_its_passport() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    case(&folder, "drawn", false);
    let mut app = playing::app(&folder, PrintPreviewPlugin);
    let out = temporary.path().join("block.3mf");
    app.world_mut().resource_mut::<Printing>().file = out.display().to_string();
    play(&mut app, "0 tool print\n0.2 option print structure block\n0.4 option print make press\n", makes);
    let printing = app.world().resource::<Printing>();
    // 24 × 16 × 20 mm and the fin of 6 × 1 × 20 mm.
    let model = printing.model.clone().unwrap();
    let volume = model.parts()[0].volume().millilitres();
    assert!((volume - 7.8).abs() < 0.1, "{volume}");
    // The fin is thin; it is listed, and can be jumped to.
    let place = &printing.places[0];
    assert!(place.what.starts_with("thin wall") && !place.is_fault, "{place:?}");
    assert!(place.in_patient.0.x > 8.0 && place.in_patient == place.on_model, "{place:?}");
    assert!(told(app.world()).contains("thinner than"), "{}", told(app.world()));
    // It is painted: red at the fin, green in the middle of a broad side.
    let colours = |world: &World| -> Vec<Rgb> {
        match &world.resource::<Figures>().of("print")[0].paint {
            FigurePaint::Shaded(colours) => colours.to_vec(),
            other => panic!("{other:?}"),
        }
    };
    let walls = colours(app.world());
    let at = |p: [f64; 3]| {
        let vertices = model.solids()[0].part.mesh.vertices();
        let far = |v: &[f32; 3]| (0..3).map(|a| (f64::from(v[a]) - p[a]).powi(2)).sum::<f64>();
        (0..vertices.len()).min_by(|a, b| far(&vertices[*a]).total_cmp(&far(&vertices[*b]))).unwrap()
    };
    let (fin, side) = (at([13.0, -1.0, 0.0]), at([-2.0, -1.0, 9.5]));
    assert!(i32::from(walls[fin].0) - i32::from(walls[fin].1) > 120, "{:?}", walls[fin]);
    assert!(walls[side].1 > walls[side].0, "{:?}", walls[side]);
    // The other colours: deviation from the scan.
    play(&mut app, "0 option print colours deviation from the scan\n", |world| {
        world.resource::<Printing>().legend.as_ref().is_some_and(|legend| legend.title.starts_with("Deviation"))
    });
    assert_ne!(colours(app.world())[fin], walls[fin]);
    // Written: that very model.
    let wrote = out.clone();
    play(&mut app, "0 option print write press\n", move |_| wrote.with_extension("passport.pdf").exists());
    play(&mut app, "", |world| world.resource::<fabrica_scene::Work>().running.is_none());
    let passport: Passport =
        serde_json::from_slice(&std::fs::read(out.with_extension("passport.json")).unwrap()).unwrap();
    assert!(passport.is_intact().unwrap() && passport.settings == *model.options());
    let case = Case::open_read_only(&folder).unwrap();
    let audit = case.audit_log().unwrap();
    assert_eq!(audit.last().unwrap().what, "print structure block");
}

#[test]
fn a_plane_in_the_hand_cuts_the_model_and_a_change_makes_it_stale() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    case(&folder, "drawn", false);
    let mut app = playing::app(&folder, PrintPreviewPlugin);
    // Put down across the body at the crosshair, then taken to S = -0.7 mm on a coronal slice.
    let script = "0 tool print\n0.1 option print structure block\n0.2 option print cut on\n0.2 option print pegs two small ones\n0.4 slice at 0 0 0 coronal\n\
                  0.6 slice press\n0.8 slice at -3 0 -0.7 coronal\n1.0 slice release\n1.2 slice gone\n\
                  1.4 option print arrange on\n1.6 option print make press\n";
    play(&mut app, script, makes);
    let printing = app.world().resource::<Printing>();
    let model = printing.model.clone().unwrap();
    let (plane, pegs) = model.options().cut.unwrap();
    assert_eq!((pegs.pegs, pegs.radius.0), (2, 1.5));
    assert!(plane.point.0.distance(glam::DVec3::new(-3.0, 0.0, -0.7)) < 1e-6 && plane.normal.0.z > 0.99, "{plane:?}");
    let names: Vec<&str> = model.solids().iter().map(|s| s.part.name.as_str()).collect();
    assert_eq!(names, ["block 1 of 2", "block 2 of 2"]);
    assert!(model.parts()[0].rejoined.unwrap().farthest.0 < 0.05);
    // They stand on the bed; each figure is shown below where the model is in the patient.
    let figures = app.world().resource::<Figures>().of("print");
    assert!(figures.len() == 2 && figures.iter().all(|f| f.place.is_some()));
    assert_eq!(printing.stale, None);
    play(&mut app, "0 option print scale 50 %\n", |world| world.resource::<Printing>().stale.is_some());
    // What is not what was asked for is not written.
    app.world_mut().resource_mut::<Printing>().file = temporary.path().join("no.3mf").display().to_string();
    play(&mut app, "0 option print write press\n", |_| true);
    assert!(!temporary.path().join("no.3mf").exists());
    // The tool laid aside, nothing of it is drawn.
    play(&mut app, "0 tool none\n", |world| world.resource::<Figures>().of("print").is_empty());
}

#[test]
fn what_nobody_validated_and_what_has_an_open_warning_is_not_shown() {
    let temporary = tempfile::tempdir().unwrap();
    for (name, origin, warned, why) in
        [("network", "network test 1.0", false, "validated"), ("warned", "drawn", true, "geometry warning")]
    {
        let folder = temporary.path().join(name);
        case(&folder, origin, warned);
        let mut app = playing::app(&folder, PrintPreviewPlugin);
        let script = "0.5 tool print\n0.7 option print structure block\n1 option print make press\n";
        play(&mut app, script, |world| told(world).contains(why));
        assert!(!made(app.world()), "{name}");
    }
}
