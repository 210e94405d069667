//! The tool as scripts use it, without a window: scripted input, the session, a case on the disk.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]

#[path = "../../scene/tests/common/playing.rs"]
mod playing;

use std::path::Path;
use std::sync::Arc;

use bevy::prelude::*;
use fabrica_case::Case;
use fabrica_geometry::{Grid, LpsPoint, Mm};
use fabrica_mask_editing::MaskEditingPlugin;
use fabrica_plan::{Action, Area, Author, EditOperation, Limits, Mode, Operation, Overwrite, Stroke, StrokePath, Tool};
use fabrica_progress::Progress;
use fabrica_scene::{Editing, Notices, OpenCase, Preview, Request};
use fabrica_volume::{Mask, Rgb, Structure};
use playing::play;

const DIMS: [usize; 3] = [64, 48, 40];

fn by() -> Author {
    Author::new("tester").unwrap()
}

/// A synthetic case: values rise by 10 a voxel along L; a box "rest", and "lesion", not yet drawn.
fn case(folder: &Path) {
    let corner = LpsPoint::new(-32.0, -24.0, -30.0);
    let grid = Grid::axis_aligned(DIMS, corner, [1.0, 1.0, 1.5]).unwrap();
    let samples = (0..grid.len()).map(|index| 10 * grid.position(index)[0] as i16).collect();
    let volume = playing::ct(grid.clone(), samples);
    let mut case = Case::create(folder, &volume, &by(), &Progress::new()).unwrap();
    let id = case.volumes()[0].id.clone();
    let rest = Structure {
        name: "rest".into(),
        colour: Rgb(200, 200, 100),
        mask: Mask::from_fn(grid.clone(), |index| grid.position(index)[0] > 34),
        code: None,
        origin: "synthetic".into(),
        isovalue: None,
    };
    case.add_structure(&id, &rest, &by(), &Progress::new()).unwrap();
    let create = EditOperation::Create { structure: "lesion".into(), volume: id, colour: Rgb(255, 0, 0) };
    case.apply(create.into(), &by()).unwrap();
}

/// Whether the scene showed a stroke while it was under way.
#[derive(Resource, Default)]
struct Live(bool);

fn app(folder: &Path) -> App {
    let mut app = playing::app(folder, MaskEditingPlugin);
    app.init_resource::<Live>().add_systems(
        Last,
        |mut live: ResMut<Live>, editing: Res<Editing>, case: Res<OpenCase>| {
            live.0 |= editing.painting.is_some()
                && case.structures.iter().any(|s| s.structure.name == "lesion" && !s.structure.mask.is_empty());
        },
    );
    app
}

/// A structure's mask as the scene has it.
fn shown(world: &World, name: &str) -> Mask {
    let case = world.resource::<OpenCase>();
    case.structures.iter().find(|s| s.structure.name == name).unwrap().structure.mask.clone()
}

fn rests(world: &World) -> bool {
    world.resource::<Editing>().painting.is_none()
}

/// The strokes in the plan on the disk.
fn strokes(folder: &Path) -> Vec<Stroke> {
    let case = Case::open_read_only(folder).unwrap();
    let stroke = |action: &Action| match action {
        Action::Do(Operation::Edit(EditOperation::Stroke(stroke))) => Some(stroke.clone()),
        _ => None,
    };
    case.plan().history().iter().filter_map(|entry| stroke(&entry.action)).collect()
}

/// What `fabrica edit` makes of the same stroke in a case of the same data.
fn edited(folder: &Path, stroke: Stroke) -> impl Fn(&str) -> Arc<Mask> {
    case(folder);
    let mut case = Case::open(folder).unwrap();
    case.edit(stroke, &by(), &Progress::new()).unwrap();
    move |name| case.mask(name, &Progress::new()).unwrap()
}

#[test]
fn a_stroke_on_a_slice_is_one_operation_with_the_bits_of_fabrica_edit() {
    let temporary = tempfile::tempdir().unwrap();
    let [folder, other] = ["case", "other"].map(|name| temporary.path().join(name));
    case(&folder);
    let mut app = app(&folder);
    let script = "0 tool edit\n0.1 option edit structure lesion\n0.1 option edit radius 6\n0.2 option edit overwrite all others\n\
                  0.3 slice at -3 0 0 axial\n0.4 slice press\n0.8 slice at 4 0.5 0 axial\n1.2 slice at 4 6 0 axial\n\
                  1.6 slice release\n1.8 slice gone\n";
    play(&mut app, script, |world| rests(world) && strokes(&folder).len() == 1);
    assert!(app.world().resource::<Live>().0, "the scene did not follow the stroke");

    let points = [(-3.0, 0.0), (4.0, 0.5), (4.0, 6.0)].map(|(x, y)| LpsPoint::new(x, y, 0.0));
    let brush = Tool::Brush { path: StrokePath::new(points).unwrap(), radius: Mm(6.0), mode: Mode::Add };
    let stroke = Stroke { overwrite: Overwrite::AllBut(Vec::new()), ..Stroke::new("lesion", brush) };
    assert_eq!(strokes(&folder), std::slice::from_ref(&stroke));
    let edited = edited(&other, stroke);
    for name in ["lesion", "rest"] {
        assert_eq!(shown(app.world(), name).words(), edited(name).words(), "{name}");
    }

    app.world_mut().write_message(Request::Undo);
    play(&mut app, "0 tool none\n", |world| shown(world, "lesion").is_empty());
    app.world_mut().write_message(Request::Redo);
    play(&mut app, "0 tool none\n", |world| !shown(world, "lesion").is_empty());
    assert_eq!(shown(app.world(), "lesion").words(), edited("lesion").words());
}

#[test]
fn a_hand_in_the_room_erases_at_its_tip_within_limits() {
    let temporary = tempfile::tempdir().unwrap();
    let [folder, other] = ["case", "other"].map(|name| temporary.path().join(name));
    case(&folder);
    let mut app = app(&folder);
    // Only values of 360 to 400: voxels 36 to 40 along L.
    let script = "0 do {\"set_window\":{\"volume\":\"volume-1\",\"window\":{\"centre\":380,\"width\":40}}}\n\
                  0 place life-size\n0.1 tool edit\n0.2 option edit structure rest\n0.2 option edit what eraser\n\
                  0.2 option edit radius 5\n0.2 option edit values on\n0.5 right lps 6 0 0 from 6 -50 0\n\
                  0.8 right trigger 1\n1 right lps 6 0 9 from 6 -50 9 over 0.5\n1.8 right trigger 0\n2 right gone\n";
    let whole = shown_after_opening(&mut app);
    play(&mut app, script, |world| rests(world) && strokes(&folder).len() == 1 && shown(world, "rest").count() < whole);
    let made = strokes(&folder);
    let [stroke] = &made[..] else { panic!("{} strokes", made.len()) };
    let Tool::Brush { path, radius, mode } = &stroke.tool else { panic!("no brush") };
    assert_eq!((*radius, *mode), (Mm(5.0), Mode::Erase));
    let ends = [path.points().next().unwrap(), path.points().next_back().unwrap()];
    assert!(ends[0].distance(LpsPoint::new(6.0, 0.0, 0.0)).0 < 0.05, "{:?}", ends[0]);
    assert!(ends[1].distance(LpsPoint::new(6.0, 0.0, 9.0)).0 < 0.05, "{:?}", ends[1]);
    let values = stroke.limits.values.unwrap();
    assert_eq!((values.lower, values.upper), (Some(360.0), Some(400.0)));
    let edited = edited(&other, stroke.clone());
    let rest = shown(app.world(), "rest");
    assert_eq!(rest.words(), edited("rest").words());
    // Voxel 38 lies at 6 mm and had its value in the range, 35 at 3 mm had not.
    assert!(!rest.get([38, 24, 20]) && rest.get([35, 24, 20]) && rest.get([41, 24, 20]));
}

/// How many voxels "rest" has, once the case is open.
fn shown_after_opening(app: &mut App) -> usize {
    play(app, "0 tool none\n", |_| true);
    shown(app.world(), "rest").count()
}

#[test]
fn buttons_outlines_and_locks() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    case(&folder);
    let mut app = app(&folder);
    // A drawing on an axial slice, one slice thick: 10 by 8 mm.
    let script = "0 tool edit\n0.1 option edit structure lesion\n0.1 option edit what draw on a slice\n\
                  0.2 option edit area outside rest\n0.3 slice at -10.5 -4.5 0 axial\n0.4 slice press\n\
                  0.6 slice at -0.5 -4.5 0 axial\n0.8 slice at -0.5 3.5 0 axial\n1 slice at -10.5 3.5 0 axial\n\
                  1.2 slice release\n1.4 slice gone\n";
    play(&mut app, script, |world| !shown(world, "lesion").is_empty());
    assert_eq!(shown(app.world(), "lesion").count(), 10 * 8);
    let stroke = &strokes(&folder)[0];
    assert_eq!(stroke.limits, Limits { area: Area::Outside(vec!["rest".into()]), values: None });

    let script = "0 option edit what margin outwards\n0.1 option edit area everywhere\n0.1 option edit length 1\n\
                  0.2 option edit apply press\n";
    play(&mut app, script, |world| shown(world, "lesion").count() > 80);
    // One voxel to each side in the slice: the next slices lie 1.5 mm away.
    assert_eq!(shown(app.world(), "lesion").count(), 80 + 2 * 10 + 2 * 8);

    // Logic with another structure: the same bits are in both, and taken away again.
    let script = "0 option edit what logic: add\n0.1 option edit other rest\n0.3 option edit apply press\n";
    let rest = shown(app.world(), "rest").count();
    let before = shown(app.world(), "lesion").count();
    play(&mut app, script, |world| shown(world, "lesion").count() == before + rest);
    let script = "0 option edit what logic: subtract\n0.3 option edit apply press\n";
    play(&mut app, script, |world| shown(world, "lesion").count() == before);

    // What is locked is left alone, and the user is told.
    let lock = "0 do {\"edit\":{\"lock\":{\"structure\":\"lesion\",\"locked\":true}}}\n0.5 option edit apply press\n";
    let told = |world: &World| world.resource::<Notices>().0.iter().any(|n| n.text.contains("locked"));
    play(&mut app, lock, told);
    assert_eq!(strokes(&folder).len(), 4);
}

#[test]
fn seeds_are_seen_to_grow_and_grown_by_one_operation() {
    let temporary = tempfile::tempdir().unwrap();
    let [folder, other] = ["case", "other"].map(|name| temporary.path().join(name));
    case(&folder);
    let mut app = app(&folder);
    let grown = |world: &World| {
        let structures = &world.resource::<Preview>().structures;
        structures.iter().map(|s| (s.structure.name.clone(), s.structure.mask.count())).collect::<Vec<_>>()
    };
    let told = |world: &World| world.resource::<Editing>().told.clone();
    // With one seed there is nothing to be seen, and it is said why.
    play(&mut app, "0 tool edit\n0.1 option edit structure lesion\n0.2 option edit look on\n", |world| {
        told(world).is_some_and(|told| told.contains("at least one other"))
    });
    assert!(grown(app.world()).is_empty());

    // Painted, the other seed grows at once, and again when more is painted; nothing of it is in the plan.
    let paint = |y: f64| {
        format!(
            "0 option edit what brush\n0.1 option edit radius 3\n0.3 slice at -20 {y} 0 axial\n0.5 slice press\n\
             0.7 slice at -16 {y} 0 axial\n0.9 slice release\n1 slice gone\n"
        )
    };
    play(&mut app, &paint(0.0), |world| !grown(world).is_empty() && rests(world));
    assert_eq!(told(app.world()), None);
    let first = grown(app.world());
    let [(lesion, _), (rest, _)] = &first[..] else { panic!("{first:?}") };
    assert_eq!((lesion.as_str(), rest.as_str()), ("lesion, grown", "rest, grown"));
    // All of the scan is of one or the other.
    assert_eq!(first.iter().map(|(_, count)| count).sum::<usize>(), DIMS.iter().product::<usize>());
    let seeds = app.world().resource::<Preview>().structures[0].structure.clone();
    play(&mut app, &paint(8.0), |world| {
        world.resource::<Preview>().structures.first().is_some_and(|now| !Arc::ptr_eq(&now.structure, &seeds))
    });
    assert_eq!(strokes(&folder).len(), 2);

    // Accepted, it is what was seen (this scan is small enough to be looked at whole), and the look is over.
    let seen = grown(app.world());
    play(&mut app, "0 option edit accept press\n", |world| strokes(&folder).len() == 3 && grown(world).is_empty());
    let made = strokes(&folder);
    assert!(matches!(&made[2].tool, Tool::GrowFromSeeds { with, .. } if with == &["rest".to_owned()]), "{made:?}");
    let counts = |of: &dyn Fn(&str) -> usize| ["lesion", "rest"].map(of);
    play(&mut app, "0 tool none\n", |world| shown(world, "lesion").count() == seen[0].1);
    let edited = {
        case(&other);
        let mut case = Case::open(&other).unwrap();
        made.iter().for_each(|stroke| drop(case.edit(stroke.clone(), &by(), &Progress::new()).unwrap()));
        move |name: &str| case.mask(name, &Progress::new()).unwrap().count()
    };
    assert_eq!(counts(&edited), [seen[0].1, seen[1].1]);
}
