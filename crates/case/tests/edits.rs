//! Editing in a case: what structures are, what is saved, audited, stored to save time, and opened again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::io::Write;
use std::path::Path;

use common::{anna, files, grid, make, structure};
use fabrica_case::{Case, CaseError, write_atomic};
use fabrica_edit::{Brush, Masks};
use fabrica_geometry::{LpsPoint, Mm, VoxelPoint};
use fabrica_plan::{
    Author, EditOperation, Limits, Logic, Mode, Operation, Overwrite, Plan, Smoothing, Stroke, StrokePath,
    StructureProgress, Tool,
};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Rgb};

fn at(i: f64, j: f64, k: f64) -> LpsPoint {
    grid().to_patient(VoxelPoint::new(i, j, k))
}

fn brush(structure: &str, i: f64, mode: Mode) -> Stroke {
    let path = StrokePath::new([at(i, 6.0, 4.0), at(i + 5.0, 6.0, 4.0)]).unwrap();
    Stroke::new(structure, Tool::Brush { path, radius: Mm(3.0), mode })
}

/// On the very grid of the tests, so that only voxels are compared (files round a grid's numbers).
fn mask(case: &Case, name: &str) -> Mask {
    let words = case.structure(name, &Progress::new()).unwrap().mask.into_words();
    Mask::from_words(grid(), words).unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        if item.file_type().unwrap().is_dir() {
            copy(&item.path(), &to.join(item.file_name()));
        } else {
            std::fs::copy(item.path(), to.join(item.file_name())).unwrap();
        }
    }
}

#[test]
fn an_edited_structure_is_edited_wherever_it_is_read() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    let mut case = make(&folder);
    let progress = Progress::new();
    case.add_structure("volume-1", &structure("bone", 3), &anna(), &progress).unwrap();
    let before = mask(&case, "bone");
    let file = case.structure_entry("bone").unwrap().sha256.clone();
    let (_, tally) = case.edit(brush("bone", 20.0, Mode::Erase), &anna(), &progress).unwrap();
    let after = mask(&case, "bone");
    assert_eq!(before.count() - after.count(), tally["bone"].lost as usize);
    assert!(tally["bone"].lost > 20);
    let entry = case.structure_entry("bone").unwrap().clone();
    assert_eq!((entry.edits, entry.sha256 != file), (1, true));
    assert_eq!(entry.isovalue, Some(199.5), "erasing moves no border elsewhere");
    let info = case.info().unwrap();
    assert_eq!(info.structures[0].voxels, Some(after.count() as u64));
    // The audit line says on which data.
    let log = case.audit_log().unwrap();
    let line = log.last().unwrap();
    assert_eq!((line.what.as_str(), &line.by), ("plan: eraser", &anna()));
    let data: Vec<_> = line.data.iter().map(|d| (d.name.as_str(), d.sha256.as_str())).collect();
    let volume = case.volumes()[0].sha256.clone();
    assert_eq!(data[1..], [("bone", file.as_str()), ("volume-1", volume.as_str())]);

    case.edit(Stroke::new("bone", Tool::Smooth(Smoothing::Median { radius: Mm(1.0) })), &anna(), &progress).unwrap();
    assert_eq!(case.structure("bone", &progress).unwrap().isovalue, None);
    let smooth = mask(&case, "bone");
    drop(case);

    // Opened again, also from stored masks, which can be thrown away, and damaged.
    let masks = folder.join("masks");
    assert_eq!(files(&masks).len(), 1);
    assert_eq!(mask(&Case::open_read_only(&folder).unwrap(), "bone"), smooth);
    let stored = masks.join(&files(&masks)[0]);
    let bytes = std::fs::read(&stored).unwrap();
    write_atomic(&stored, |file| file.write_all(&bytes[..bytes.len() / 2])).unwrap();
    assert_eq!(mask(&Case::open_read_only(&folder).unwrap(), "bone"), smooth);
    std::fs::remove_dir_all(&masks).unwrap();
    let mut case = Case::open(&folder).unwrap();
    assert_eq!(mask(&case, "bone"), smooth);
    case.undo(&anna()).unwrap();
    assert_eq!(mask(&case, "bone"), after);
    case.undo(&anna()).unwrap();
    assert_eq!((mask(&case, "bone"), case.structure_entry("bone").unwrap().edits), (before, 0));
    case.redo(&anna()).unwrap();
    assert_eq!(mask(&case, "bone"), after);
    assert!(case.audit_check().unwrap().intact);
}

#[test]
fn structures_are_drawn_replaced_and_removed_without_losing_what_others_got_from_them() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    let mut case = make(&folder);
    let progress = Progress::new();
    case.add_structure("volume-1", &structure("bone", 3), &anna(), &progress).unwrap();
    let create = EditOperation::Create { structure: "lesion".into(), volume: "volume-1".into(), colour: Rgb(9, 8, 7) };
    case.apply(create.into(), &anna()).unwrap();
    assert!(mask(&case, "lesion").is_empty());
    case.edit(Stroke::new("lesion", Tool::Logic(Logic::Copy("bone".into()))), &anna(), &progress).unwrap();
    case.edit(brush("bone", 10.0, Mode::Add), &anna(), &progress).unwrap();
    let progress_operation =
        EditOperation::SetProgress { structure: "lesion".into(), progress: StructureProgress::Flagged };
    case.apply(progress_operation.into(), &anna()).unwrap();
    let bone = structure("bone", 3).mask;
    assert_eq!(mask(&case, "lesion"), bone);
    assert!(case.info().unwrap().to_string().contains("FLAGGED"));

    // The bone is separated anew: strokes on the old one stay with it, and so does what the lesion got from it.
    case.replace_structure("volume-1", &structure("bone", 5), &anna(), &progress).unwrap();
    assert_eq!((mask(&case, "bone"), mask(&case, "lesion")), (structure("bone", 5).mask, bone.clone()));
    case.edit(brush("bone", 30.0, Mode::Add), &anna(), &progress).unwrap();
    let edited = mask(&case, "bone");
    case.remove_structure("bone", &anna()).unwrap();
    assert!(matches!(case.structure("bone", &progress), Err(CaseError::UnknownStructure { .. })));
    assert!(case.edit(brush("bone", 30.0, Mode::Add), &anna(), &progress).is_err());
    drop(case);
    std::fs::remove_dir_all(folder.join("masks")).unwrap();
    let mut case = Case::open(&folder).unwrap();
    assert_eq!(mask(&case, "lesion"), bone);

    // Replay finds all of it again.
    let mut masks = Masks::new();
    let mut counts = Vec::new();
    for n in 0..=case.plan().history().len() {
        case.replay(&mut masks, n, &progress).unwrap();
        let bone = masks.standings().contains_key("bone");
        counts.push(if bone { case.replayed_mask(&mut masks, "bone", &progress).unwrap().count() } else { 0 });
    }
    assert_eq!((counts[0], counts[1]), (bone.count(), bone.count()));
    assert!(counts.contains(&edited.count()) && counts.contains(&structure("", 5).mask.count()));
    assert_eq!(counts.last(), Some(&0));

    // A structure drawn in the plan can be replaced by a file, and removed.
    case.replace_structure("volume-1", &structure("lesion", 7), &anna(), &progress).unwrap();
    assert_eq!(mask(&case, "lesion"), structure("", 7).mask);
    case.remove_structure("lesion", &anna()).unwrap();
    assert!(case.structures().is_empty());
    // A name that is free again begins anew.
    case.add_structure("volume-1", &structure("bone", 4), &anna(), &progress).unwrap();
    assert_eq!(mask(&case, "bone"), structure("", 4).mask);
    assert!(case.audit_check().unwrap().intact);
}

#[test]
fn a_brush_in_use_becomes_a_stroke_and_changes_are_told() {
    let temporary = tempfile::tempdir().unwrap();
    let mut case = make(&temporary.path().join("case"));
    let progress = Progress::new();
    case.add_structure("volume-1", &structure("bone", 3), &anna(), &progress).unwrap();
    case.follow_edits(&progress).unwrap();
    let brush = Brush {
        structure: "bone".into(),
        radius: Mm(3.0),
        mode: Mode::Add,
        limits: Limits::default(),
        overwrite: Overwrite::None,
    };
    let mut session = case.begin_brush(brush, &progress).unwrap();
    session.move_to(at(20.0, 6.0, 4.0)).unwrap();
    let told = session.move_to(at(25.0, 6.0, 4.0)).unwrap();
    assert!(!told["bone"].is_empty());
    let painted = session.mask("bone").unwrap().clone();
    case.finish_brush(session, &anna()).unwrap().unwrap();
    let changes = case.follow_edits(&progress).unwrap();
    assert_eq!(changes.keys().collect::<Vec<_>>(), ["bone"]);
    assert_eq!(mask(&case, "bone").words(), painted.words());
    assert!(case.follow_edits(&progress).unwrap().is_empty());
}

#[test]
fn copies_of_a_case_edited_apart_merge_to_the_same_masks() {
    let temporary = tempfile::tempdir().unwrap();
    let (first, second) = (temporary.path().join("first"), temporary.path().join("second"));
    let mut case = make(&first);
    let progress = Progress::new();
    case.add_structure("volume-1", &structure("bone", 3), &anna(), &progress).unwrap();
    case.edit(brush("bone", 5.0, Mode::Add), &anna(), &progress).unwrap();
    drop(case);
    copy(&first, &second);
    let ben = Author::new("Ben").unwrap();
    let mut a = Case::open(&first).unwrap();
    let mut b = Case::open(&second).unwrap();
    a.edit(brush("bone", 20.0, Mode::Add), &anna(), &progress).unwrap();
    b.edit(brush("bone", 22.0, Mode::Erase), &ben, &progress).unwrap();
    b.apply(Operation::SetCrosshair { at: at(1.0, 1.0, 1.0) }, &ben).unwrap();
    let of = |case: &Case| case.plan().snapshot().unwrap();
    let (from_a, from_b) = (of(&a), of(&b));
    assert_eq!(a.merge(&from_b, &anna()).unwrap(), 2);
    assert_eq!(b.merge(&from_a, &ben).unwrap(), 1);
    assert_eq!(b.merge(&from_a, &ben).unwrap(), 0);
    assert_eq!(a.plan().state(), b.plan().state());
    assert_eq!(mask(&a, "bone"), mask(&b, "bone"));
    let merged = mask(&a, "bone");
    drop((a, b));
    let a = Case::open(&first).unwrap();
    assert_eq!(mask(&a, "bone"), merged);
    assert!(a.audit_check().unwrap().intact, "{:?}", a.audit_check());
    assert!(a.audit_log().unwrap().iter().any(|l| l.what.contains("merged") && l.by == anna()));
    let foreign = Plan::new().snapshot().unwrap();
    drop(a);
    let mut a = Case::open(&first).unwrap();
    assert_eq!(a.merge(&foreign, &anna()).unwrap(), 0);
    a.merge(b"nonsense", &anna()).unwrap_err();
}

/// Made by the version of 22 November 2026, before there were edits.
#[test]
fn a_case_of_schema_1_opens_and_can_be_edited() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    copy(Path::new("tests/data/case-schema-1"), &folder);
    let read = Case::open_read_only(&folder).unwrap();
    assert!(read.audit_check().unwrap().intact);
    assert_eq!(mask(&read, "bone"), structure("", 3).mask);
    drop(read);
    let mut case = Case::open(&folder).unwrap();
    let state = case.plan().state();
    assert_eq!((state.crosshair, state.appearance("skin").visible), (Some(LpsPoint::new(1.0, 2.0, 3.0)), false));
    assert_eq!((case.structures().len(), case.open_warnings().len()), (2, 1));
    let progress = Progress::new();
    case.edit(brush("bone", 20.0, Mode::Add), &anna(), &progress).unwrap();
    case.replace_structure("volume-1", &structure("skin", 6), &anna(), &progress).unwrap();
    let bone = mask(&case, "bone");
    drop(case);
    let case = Case::open(&folder).unwrap();
    assert_eq!((mask(&case, "bone"), mask(&case, "skin")), (bone, structure("", 6).mask));
    assert!(case.audit_check().unwrap().intact);
}
