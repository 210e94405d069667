//! The plan's promises: merging, undo, saving, refusing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_plan::{
    Action, Author, Camera, ClipBox, ClipPlane, Cuts, EditOperation, Item, ItemOperation, Mode, Operation, Plan,
    PlanError, PlanState, PlanVersion, Projection, SCHEMA, Stroke, StrokePath, StructureProgress, Tool, Trajectory,
    UtcTime, Window,
};
use fabrica_volume::{GeometryIssue, Rgb};
use proptest::prelude::*;

fn author(name: &str) -> Author {
    Author::new(name).unwrap()
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![-1000.0..1000.0, Just(0.0), Just(-0.0), Just(1.0 / 3.0), Just(f64::MIN_POSITIVE), -9e4..9e4]
}

fn point() -> impl Strategy<Value = LpsPoint> {
    (number(), number(), number()).prop_map(|(x, y, z)| LpsPoint::new(x, y, z))
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("bone".to_owned()), Just("Gefäß \"links\"".to_owned()), Just("肝".to_owned())]
}

/// Operations that a plan takes whatever it holds.
fn operation() -> impl Strategy<Value = Operation> {
    let text = "\\PC{1,30}x";
    prop_oneof![
        (name(), any::<bool>()).prop_map(|(structure, visible)| Operation::ShowStructure { structure, visible }),
        (name(), any::<[u8; 3]>())
            .prop_map(|(structure, [r, g, b])| Operation::ColourStructure { structure, colour: Rgb(r, g, b) }),
        (name(), 0.0..=1.0).prop_map(|(structure, opacity)| Operation::FadeStructure { structure, opacity }),
        name().prop_map(|structure| Operation::ResetAppearance { structure }),
        (name(), number(), 0.001..1e5)
            .prop_map(|(volume, centre, width)| Operation::SetWindow { volume, window: Window { centre, width } }),
        (name(), name()).prop_map(|(volume, preset)| Operation::SetRenderPreset { volume, preset }),
        point().prop_map(|at| Operation::SetCrosshair { at }),
        (name(), point(), any::<bool>()).prop_map(|(name, point, enabled)| Operation::SetClipPlane {
            name,
            plane: ClipPlane { point, normal: LpsVector::new(0.1, -0.7, 2.0), enabled }
        }),
        (name(), point(), any::<bool>()).prop_map(|(name, centre, all)| Operation::SetClipBox {
            clip: ClipBox {
                cuts: if all { Cuts::All } else { Cuts::AllBut(vec![name.clone()]) },
                ..ClipBox::around(centre, centre + LpsVector::new(1.0, 2.0, 3.0))
            },
            name,
        }),
        (name(), point(), 1.0..179.0).prop_map(|(name, eye, a)| Operation::SaveView {
            name,
            camera: Camera {
                eye,
                target: eye + LpsVector::new(0.0, 100.0, 0.0),
                up: LpsVector::new(0.0, 0.0, 1.0),
                projection: Projection::Perspective { vertical_degrees: a },
            }
        }),
        (text, prop::option::of(point())).prop_map(|(text, at)| Operation::AddNote { text, at }),
        (name(), 0u32..3, text, number()).prop_map(|(volume, index, reason, degrees)| Operation::AcceptWarning {
            volume,
            index,
            issue: GeometryIssue::GantryTilt { degrees },
            reason
        }),
        (name(), prop::collection::vec(point(), 1..4), 0.1..20.0).prop_map(|(structure, points, radius)| {
            let path = StrokePath::new(points).unwrap();
            Stroke::new(structure, Tool::Brush { path, radius: Mm(radius), mode: Mode::Add }).into()
        }),
        (name(), 0..3usize).prop_map(|(structure, n)| {
            let progress = [StructureProgress::InProgress, StructureProgress::Completed, StructureProgress::Flagged][n];
            EditOperation::SetProgress { structure, progress }.into()
        }),
        (name(), point(), 1.0..5.0).prop_map(|(name, entry, width)| {
            let target = entry + LpsVector::new(0.0, 50.0, 0.0);
            let item = Item::Trajectory(Trajectory { entry, target, diameter: Mm(width), safety: Mm(1.0) });
            Operation::Item(ItemOperation::Set { name, item })
        }),
    ]
}

/// What a user does next.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a test has few of them")]
enum Step {
    Do(Operation),
    Undo,
    Redo,
    /// Removes the first clip plane, view or note, if there is one.
    Remove(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => operation().prop_map(Step::Do),
        2 => Just(Step::Undo),
        1 => Just(Step::Redo),
        1 => (0u8..3).prop_map(Step::Remove),
    ]
}

fn take(plan: &mut Plan, step: Step, by: &Author) {
    let done = match step {
        Step::Do(operation) => plan.apply(operation, by).map(drop),
        Step::Undo => plan.undo(by).map(drop),
        Step::Redo => plan.redo(by).map(drop),
        Step::Remove(kind) => {
            let state = plan.state();
            let removal = match kind {
                0 => state.clip_planes.keys().next().map(|n| Operation::RemoveClipPlane { name: n.clone() }),
                1 => state.views.keys().next().map(|n| Operation::RemoveView { name: n.clone() }),
                _ => state.notes.first().map(|n| Operation::RemoveNote { note: n.id }),
            };
            removal.map_or(Ok(()), |operation| plan.apply(operation, by).map(drop))
        }
    };
    assert!(matches!(done, Ok(()) | Err(PlanError::Nothing { .. })), "{done:?}");
}

fn work(plan: &mut Plan, steps: Vec<(Step, bool)>, users: [&str; 2]) {
    for (step, second) in steps {
        take(plan, step, &author(users[usize::from(second)]));
    }
}

fn steps() -> impl Strategy<Value = Vec<(Step, bool)>> {
    prop::collection::vec((step(), any::<bool>()), 0..25)
}

fn same(a: &Plan, b: &Plan) {
    assert_eq!(a.state(), b.state());
    assert_eq!(a.history(), b.history());
    assert_eq!(a.version(), b.version());
    for user in ["anna", "ben", "cleo"].map(author) {
        assert_eq!(a.next_undo(&user), b.next_undo(&user));
        assert_eq!(a.next_redo(&user), b.next_redo(&user));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn plans_edited_apart_merge_to_the_same_in_either_order(common in steps(), left in steps(), right in steps()) {
        let mut a = Plan::new();
        work(&mut a, common, ["anna", "ben"]);
        let mut b = Plan::from_bytes(&a.snapshot().unwrap()).unwrap();
        work(&mut a, left, ["anna", "ben"]);
        work(&mut b, right, ["ben", "cleo"]);
        let from_a = a.export_updates(&b.version()).unwrap();
        let from_b = b.export_updates(&a.version()).unwrap();
        // A third copy gets them the other way round, as whole plans, twice.
        let mut c = Plan::from_bytes(&b.snapshot().unwrap()).unwrap();
        c.import_updates(&a.snapshot().unwrap()).unwrap();
        c.import_updates(&from_b).unwrap();
        a.import_updates(&from_b).unwrap();
        b.import_updates(&from_a).unwrap();
        same(&a, &b);
        same(&a, &c);
    }

    #[test]
    fn saving_and_loading_gives_the_same_plan(all in steps()) {
        let mut plan = Plan::new();
        let mut pieces = Vec::new();
        for one in all {
            let before = plan.version();
            work(&mut plan, vec![one], ["anna", "ben"]);
            pieces.push(plan.export_updates(&before).unwrap());
        }
        same(&plan, &Plan::from_bytes(&plan.snapshot().unwrap()).unwrap());
        let mut replayed = Plan::new();
        prop_assert_eq!(replayed.import_all(pieces.iter().map(Vec::as_slice)).unwrap(), plan.history().len());
        same(&plan, &replayed);
        prop_assert_eq!(&plan.state_after(usize::MAX), plan.state());
    }

    #[test]
    fn undo_then_redo_is_identity(all in steps()) {
        let mut plan = Plan::new();
        work(&mut plan, all, ["anna", "ben"]);
        let user = author("anna");
        let mut past = vec![plan.state().clone()];
        while plan.undo(&user).is_ok() {
            past.push(plan.state().clone());
        }
        for before in past.iter().rev().skip(1) {
            plan.redo(&user).unwrap();
            prop_assert_eq!(plan.state(), before);
        }
    }

    #[test]
    fn one_user_alone_can_undo_to_each_earlier_state(all in prop::collection::vec(operation(), 0..20)) {
        let user = author("anna");
        let mut plan = Plan::new();
        let mut past = Vec::new();
        for operation in all.into_iter().filter(Operation::is_undoable) {
            past.push(plan.state().clone());
            plan.apply(operation, &user).unwrap();
        }
        // Replay shows the same states.
        for (count, state) in past.iter().enumerate() {
            prop_assert_eq!(&plan.state_after(count), state);
        }
        for state in past.iter().rev() {
            plan.undo(&user).unwrap();
            prop_assert_eq!(plan.state(), state);
        }
        prop_assert_eq!(plan.undo(&user), Err(PlanError::Nothing { author: "anna".into(), what: "undo" }));
    }

    #[test]
    fn a_failed_save_leaves_no_trace(before in steps(), after in steps()) {
        let mut plan = Plan::new();
        work(&mut plan, before, ["anna", "ben"]);
        let (version, state, history) = (plan.version(), plan.state().clone(), plan.history().to_vec());
        work(&mut plan, after, ["anna", "ben"]);
        plan.forget_after(&version).unwrap();
        prop_assert_eq!(plan.state(), &state);
        prop_assert_eq!(plan.history(), history);
        prop_assert_eq!(plan.version(), version);
        plan.apply(Operation::SetCrosshair { at: LpsPoint::default() }, &author("anna")).unwrap();
    }

    #[test]
    fn damaged_bytes_are_refused_and_change_nothing(
        all in steps(),
        at in any::<prop::sample::Index>(),
        flip in 1u8..,
        cut in any::<bool>(),
        whole in any::<bool>(),
    ) {
        let mut source = Plan::new();
        work(&mut source, all, ["anna", "ben"]);
        source.apply(Operation::SetCrosshair { at: LpsPoint::default() }, &author("anna")).unwrap();
        let mut bytes =
            if whole { source.snapshot() } else { source.export_updates(&PlanVersion::default()) }.unwrap();
        let place = at.index(bytes.len());
        if cut { bytes.truncate(place) } else { bytes[place] ^= flip };
        let mut plan = Plan::new();
        plan.apply(Operation::SetRenderPreset { volume: "v".into(), preset: "bone".into() }, &author("anna")).unwrap();
        let before = plan.state().clone();
        // Some bytes of loro's header carry nothing: what is then read must be what was written.
        match plan.import_updates(&bytes) {
            Ok(new) => {
                prop_assert!(!cut && place < 20, "byte {} of {}", place, bytes.len());
                prop_assert_eq!(new, source.history().len());
                prop_assert!(source.history().iter().all(|e| plan.entry(e.id) == Some(e)));
            }
            Err(_) => {
                prop_assert_eq!(plan.state(), &before);
                prop_assert_eq!(plan.history().len(), 1);
            }
        }
    }

    #[test]
    fn any_bytes_are_refused(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Plan::from_bytes(&noise).is_err());
        PlanVersion::from_bytes(&noise).ok();
    }

    #[test]
    fn times_are_written_and_read_alike(ms in 0u64..=253_402_300_799_999) {
        let time = UtcTime::from(std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms));
        prop_assert_eq!(UtcTime::try_from(time.to_string()).unwrap(), time);
        prop_assert_eq!(time.unix_milliseconds(), ms);
    }
}

#[test]
fn users_undo_their_own_work_only() {
    let (anna, ben) = (author("Anna"), author("Ben"));
    let mut plan = Plan::new();
    plan.apply(Operation::ShowStructure { structure: "bone".into(), visible: false }, &anna).unwrap();
    plan.apply(Operation::FadeStructure { structure: "bone".into(), opacity: 0.25 }, &ben).unwrap();
    plan.undo(&anna).unwrap();
    let bone = plan.state().appearance("bone");
    assert!(bone.visible);
    assert_eq!(bone.opacity, 0.25);
    assert_eq!(plan.undo(&anna), Err(PlanError::Nothing { author: "Anna".into(), what: "undo" }));
    // Also after the plan was saved and opened.
    let mut plan = Plan::from_bytes(&plan.snapshot().unwrap()).unwrap();
    plan.redo(&anna).unwrap();
    assert!(!plan.state().appearance("bone").visible);
    let all: Vec<_> = plan.history().iter().map(|e| (e.author.name(), e.action.summary())).collect();
    assert_eq!(all, [("Anna", "hide structure"), ("Ben", "change opacity"), ("Anna", "undo"), ("Anna", "redo")]);
}

#[test]
fn doing_something_else_ends_redo() {
    let anna = author("Anna");
    let mut plan = Plan::new();
    let put = |x| Operation::SetCrosshair { at: LpsPoint::new(x, 0.0, 0.0) };
    plan.apply(put(1.0), &anna).unwrap();
    plan.undo(&anna).unwrap();
    plan.apply(put(2.0), &anna).unwrap();
    assert!(plan.redo(&anna).is_err());
    assert_eq!(plan.state().crosshair, Some(LpsPoint::new(2.0, 0.0, 0.0)));
}

#[test]
fn an_acceptance_outlives_undo_and_ends_by_withdrawal() {
    let anna = author("Anna");
    let mut plan = Plan::new();
    let issue = GeometryIssue::LateralityAssumed { reason: "no orientation in the file".into() };
    let accept =
        Operation::AcceptWarning { volume: "v".into(), index: 0, issue: issue.clone(), reason: "checked".into() };
    plan.apply(accept, &anna).unwrap();
    assert!(plan.undo(&anna).is_err());
    assert_eq!(plan.state().acceptance("v", 0).unwrap().issue, issue);
    let reopen = Operation::ReopenWarning { volume: "v".into(), index: 0, reason: "second thoughts".into() };
    plan.apply(reopen.clone(), &anna).unwrap();
    assert_eq!(plan.state().acceptance("v", 0), None);
    assert!(matches!(plan.apply(reopen, &anna), Err(PlanError::Unknown { .. })));
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let anna = author("Anna");
    let mut plan = Plan::new();
    plan.declare(["bone".to_owned()], ["volume-1".to_owned()]);
    let camera = Camera {
        eye: LpsPoint::new(0.0, -300.0, 0.0),
        target: LpsPoint::default(),
        up: LpsVector::new(0.0, 0.0, 1.0),
        projection: Projection::Orthographic { height: Mm(200.0) },
    };
    let view = |camera| Operation::SaveView { name: "front".into(), camera };
    let fade = |opacity| Operation::FadeStructure { structure: "bone".into(), opacity };
    let window = |centre, width| Operation::SetWindow { volume: "volume-1".into(), window: Window { centre, width } };
    let clip = |normal| Operation::SetClipPlane {
        name: "clip".into(),
        plane: ClipPlane { point: LpsPoint::default(), normal, enabled: true },
    };
    plan.apply(view(camera), &anna).unwrap();
    plan.apply(fade(1.0), &anna).unwrap();
    let before = plan.state().clone();
    for refused in [
        fade(1.0 + 1e-12),
        fade(-0.1),
        fade(f64::NAN),
        window(40.0, 0.0),
        window(f64::INFINITY, 400.0),
        clip(LpsVector::default()),
        clip(LpsVector::new(f64::NAN, 0.0, 1.0)),
        Operation::SetCrosshair { at: LpsPoint::new(0.0, f64::NAN, 0.0) },
        Operation::SetCrosshair { at: LpsPoint::new(0.0, 1e9, 0.0) },
        view(Camera { target: camera.eye, ..camera }),
        view(Camera { up: LpsVector::new(0.0, 5.0, 0.0), ..camera }),
        view(Camera { projection: Projection::Perspective { vertical_degrees: 180.0 }, ..camera }),
        view(Camera { projection: Projection::Orthographic { height: Mm(f64::NAN) }, ..camera }),
        Operation::SaveView { name: " ".into(), camera },
        Operation::SaveView { name: "a\nb".into(), camera },
        Operation::AddNote { text: String::new(), at: None },
        Operation::RemoveView { name: "back".into() },
        Operation::RemoveClipPlane { name: "clip".into() },
    ] {
        let error = plan.apply(refused.clone(), &anna).expect_err(&format!("{refused:?}"));
        assert!(matches!(error, PlanError::Invalid { .. } | PlanError::Unknown { .. }), "{error}");
    }
    let unknown = plan.apply(Operation::ShowStructure { structure: "bones".into(), visible: false }, &anna);
    assert_eq!(unknown.unwrap_err().to_string(), "there is no structure `bones`; the case has `bone`");
    let unknown = plan.apply(Operation::SetRenderPreset { volume: "mr".into(), preset: "t1".into() }, &anna);
    assert_eq!(unknown.unwrap_err().to_string(), "there is no volume `mr`; the case has `volume-1`");
    assert_eq!(plan.state(), &before);
    assert_eq!(plan.history().len(), 2);
}

#[test]
fn notes_are_edited_and_removed_by_their_id() {
    let (anna, ben) = (author("Anna"), author("Ben"));
    let mut plan = Plan::new();
    let note = plan.apply(Operation::AddNote { text: "stone?".into(), at: None }, &anna).unwrap().id;
    let mut other = Plan::from_bytes(&plan.snapshot().unwrap()).unwrap();
    plan.apply(Operation::EditNote { note, text: "stone, 4 mm".into() }, &anna).unwrap();
    assert_eq!(plan.state().notes[0].text, "stone, 4 mm");
    // One edits, the other removes: the note is gone in both copies, whichever comes first.
    other.apply(Operation::RemoveNote { note }, &ben).unwrap();
    other.import_updates(&plan.snapshot().unwrap()).unwrap();
    plan.import_updates(&other.snapshot().unwrap()).unwrap();
    assert_eq!(plan.state(), other.state());
    assert_eq!(plan.state().notes, []);
    assert!(matches!(
        plan.apply(Operation::EditNote { note, text: "x".into() }, &anna),
        Err(PlanError::Unknown { kind: "note", .. })
    ));
}

#[test]
fn operations_are_plain_json() {
    let operation = Operation::SetClipPlane {
        name: "clip".into(),
        plane: ClipPlane { point: LpsPoint::new(1.5, 0.0, -2.0), normal: LpsVector::new(0.0, 0.0, 1.0), enabled: true },
    };
    let text = serde_json::to_string(&operation).unwrap();
    assert_eq!(
        text,
        r#"{"set_clip_plane":{"name":"clip","plane":{"point":[1.5,0.0,-2.0],"normal":[0.0,0.0,1.0],"enabled":true}}}"#
    );
    assert_eq!(serde_json::from_str::<Operation>(&text).unwrap(), operation);
    for refused in [
        r#"{"set_crosshair":{"at":[1,2]}}"#,
        r#"{"set_crosshair":{"at":[1,2,3],"frame":"ras"}}"#,
        r#"{"set_crosshair":{"at":[1,2,null]}}"#,
        r#"{"implant":{}}"#,
    ] {
        assert!(serde_json::from_str::<Operation>(refused).is_err(), "{refused}");
    }
}

/// A plan's bytes whose history holds `text` as its one record.
fn crafted(text: &str) -> Vec<u8> {
    let doc = loro::LoroDoc::new();
    doc.get_list("history").push(text).unwrap();
    doc.commit();
    doc.export(loro::ExportMode::Snapshot).unwrap()
}

#[test]
fn what_a_newer_version_wrote_is_refused_not_dropped() {
    let good = r#"{"schema":1,"author":"Anna","time":"2026-11-22T17:00:00.000Z","action":{"do":{"set_crosshair":{"at":[1.0,2.0,3.0]}}}}"#;
    let plan = Plan::from_bytes(&crafted(good)).unwrap();
    assert_eq!(plan.state().crosshair, Some(LpsPoint::new(1.0, 2.0, 3.0)));
    assert!(matches!(plan.history()[0].action, Action::Do(Operation::SetCrosshair { .. })));
    let newer = format!("\"schema\":{}", SCHEMA + 1);
    for (from, to) in [
        ("\"schema\":1", newer.as_str()),
        ("set_crosshair", "set_hologram"),
        ("[1.0,2.0,3.0]", "[1.0,2.0,1e300]"),
        ("\"Anna\"", "\"\""),
        ("2026-11-22T17:00:00.000Z", "yesterday"),
        ("\"schema\":1", "\"schema\":1,\"signature\":\"x\""),
    ] {
        let changed = good.replace(from, to);
        assert_ne!(changed, good);
        let mut plan = Plan::new();
        let error = plan.import_updates(&crafted(&changed)).unwrap_err();
        assert!(matches!(error, PlanError::Unreadable { .. }), "{error}");
        assert_eq!(plan.state(), &PlanState::default());
        plan.import_updates(&crafted(good)).unwrap();
    }
    let other = loro::LoroDoc::new();
    other.get_map("more").insert("a", 1).unwrap();
    other.commit();
    let bytes = other.export(loro::ExportMode::Snapshot).unwrap();
    assert!(matches!(Plan::from_bytes(&bytes), Err(PlanError::Damaged(_))));
}

#[test]
fn nobody_takes_anything_out_of_the_history() {
    let mut plan = Plan::new();
    plan.apply(Operation::SetCrosshair { at: LpsPoint::default() }, &author("Anna")).unwrap();
    let doc = loro::LoroDoc::from_snapshot(&plan.snapshot().unwrap()).unwrap();
    doc.get_list("history").delete(0, 1).unwrap();
    doc.commit();
    let bytes = doc.export(loro::ExportMode::Snapshot).unwrap();
    assert_eq!(plan.import_updates(&bytes), Err(PlanError::Rewrites));
    assert_eq!(plan.history().len(), 1);
    assert_eq!(plan.state().crosshair, Some(LpsPoint::default()));
}

#[test]
fn updates_that_lack_their_past_are_refused() {
    let anna = author("Anna");
    let mut plan = Plan::new();
    plan.apply(Operation::SetCrosshair { at: LpsPoint::default() }, &anna).unwrap();
    let first = plan.version();
    plan.apply(Operation::SetCrosshair { at: LpsPoint::new(1.0, 0.0, 0.0) }, &anna).unwrap();
    let second = plan.export_updates(&first).unwrap();
    let mut other = Plan::new();
    assert_eq!(other.import_updates(&second), Err(PlanError::Incomplete));
    assert_eq!(other.version(), PlanVersion::default());
    assert_eq!(PlanVersion::from_bytes(&first.to_bytes()).unwrap(), first);
}
