//! Making, opening, changing a case; and what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod common;

use std::fs;
use std::path::Path;

use common::{anna, files, grid, make, scan, structure};
use fabrica_case::{AuditData, Case, CaseError};
use fabrica_geometry::{Grid, LpsPoint, Mm};
use fabrica_plan::{Author, Operation};
use fabrica_progress::Progress;
use fabrica_volume::{GeometryIssue, Mask, Resolution, Samples, Volume};

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    put(path, text.replacen(from, to, 1).as_bytes());
}

fn put(path: &Path, bytes: &[u8]) {
    fabrica_case::write_atomic(path, |file| std::io::Write::write_all(file, bytes)).unwrap();
}

/// What a folder holds, but for the lock.
fn content(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for name in files(folder).into_iter().filter(|n| n != "lock") {
        let path = folder.join(&name);
        if path.is_dir() {
            all.extend(content(&path).into_iter().map(|(n, b)| (format!("{name}/{n}"), b)));
        } else {
            all.push((name, fs::read(path).unwrap()));
        }
    }
    all
}

#[test]
fn a_case_gives_back_what_was_put_in() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    let progress = Progress::new();
    let mut case = make(&folder);
    case.add_structure("volume-1", &structure("bone", 3), &anna(), &progress).unwrap();
    case.add_structure("volume-1", &structure("Gefäß \"links\"", 2), &anna(), &progress).unwrap();
    let crosshair = Operation::SetCrosshair { at: LpsPoint::new(1.0 / 3.0, -0.0, 1e-300) };
    case.apply(crosshair, &anna()).unwrap();
    drop(case);
    assert_eq!(files(&folder), ["audit.jsonl", "case.json", "lock", "plan", "structures", "volumes"]);

    let case = Case::open(&folder).unwrap();
    let (given, kept) = (scan(), case.volume("volume-1", &progress).unwrap());
    assert_eq!(kept.samples(), given.samples());
    assert!(kept.grid().coincides(given.grid(), Mm(1e-9)));
    assert_eq!(kept.grid().orientation_code(), given.grid().orientation_code());
    assert_eq!(case.volumes()[0].grid, *given.grid());
    assert_eq!(kept.provenance, given.provenance);
    assert_eq!(kept.unit, given.unit);
    assert_eq!(kept.warnings, given.warnings);
    for given in [structure("bone", 3), structure("Gefäß \"links\"", 2)] {
        let kept = case.structure(&given.name, &progress).unwrap();
        assert_eq!(kept.mask.words(), given.mask.words());
        assert_eq!(
            (kept.colour, kept.code, kept.origin, kept.isovalue),
            (given.colour, given.code, given.origin, given.isovalue)
        );
    }
    let at = case.plan().state().crosshair.unwrap().0;
    assert_eq!(at.to_array().map(f64::to_bits), [1.0 / 3.0, -0.0, 1e-300].map(f64::to_bits));
    assert!(case.audit_check().unwrap().intact);
}

#[test]
fn info_tells_all_of_it() {
    let temporary = tempfile::tempdir().unwrap();
    let mut case = make(&temporary.path().join("case"));
    case.add_structure("volume-1", &structure("bone", 3), &anna(), &Progress::new()).unwrap();
    case.apply(Operation::SetCrosshair { at: LpsPoint::default() }, &anna()).unwrap();
    let info = case.info().unwrap();
    assert!(info.simulated);
    let volume = &info.volumes[0];
    assert_eq!((volume.size, volume.range, volume.sources), ([70, 12, 8], [-1000.0, 1999.0], 2));
    assert_eq!(volume.orientation, grid().orientation_code());
    // Of "aaa…\nbbb…\n", by another program.
    assert_eq!(volume.sources_sha256, "913f9338fb6c17253f3a14816fc08d52522454bfc19a8c99538a197cfb23fb41");
    let bone = &info.structures[0];
    assert_eq!(bone.voxels, Some(70 * 12 * 8 / 3));
    // 2240 voxels of 0.7 × 0.7 × 10/3 mm.
    assert!((bone.millilitres.unwrap() - 2240.0 * 0.49 / 0.3 / 1000.0).abs() < 1e-12);
    assert_eq!((info.plan.operations, info.plan.authors), (1, vec![anna()]));
    assert!(info.audit.intact);
    assert_eq!(info.audit.lines, 4);
    let json = serde_json::to_value(case.info().unwrap()).unwrap();
    assert_eq!(json["volumes"][0]["frame_of_reference_uid"], "1.2.3.5");
    assert_eq!(json["volumes"][0]["warnings"][1]["number"], 2);
    assert_eq!(json["volumes"][0]["warnings"][1]["warning"]["resolution"]["state"], "open");
    let text = case.info().unwrap().to_string();
    for part in [
        "SIMULATED",
        "CT, synthetic ramp",
        "Doe^Jane",
        "70 × 12 × 8",
        "-1000 to 1999 HU",
        "1.2.3.5",
        "WARNING 2",
        "bone: 2240 voxels",
        "1 operations by Anna",
        "4 lines, intact",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn open_warnings_block_until_each_is_accepted() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    let mut case = make(&folder);
    let refusal = case.require_settled_geometry().unwrap_err().to_string();
    assert!(refusal.contains("1. volume volume-1: the gantry was tilted by 6.03°"), "{refusal}");
    assert!(refusal.contains("2. volume volume-1: left and right are assumed"), "{refusal}");
    assert!(refusal.contains("--warning 1 --reason"), "{refusal}");
    case.accept_warning("volume-1", 1, &anna(), "the liver is on the right").unwrap();
    assert_eq!(case.open_warnings().iter().map(|w| w.number).collect::<Vec<_>>(), [1]);
    assert!(case.accept_warning("volume-1", 0, &anna(), " ").is_err());
    assert!(matches!(
        case.accept_warning("volume-1", 2, &anna(), "x"),
        Err(CaseError::UnknownWarning { index: 2, held: 2, .. })
    ));
    // An acceptance of something else than the warning that is there is no acceptance.
    let other = Operation::AcceptWarning {
        volume: "volume-1".into(),
        index: 0,
        issue: GeometryIssue::GantryTilt { degrees: 1.0 },
        reason: "x".into(),
    };
    assert!(matches!(case.apply(other, &anna()), Err(CaseError::Plan(_))));
    assert!(case.require_settled_geometry().is_err());
    case.accept_warning("volume-1", 0, &anna(), "known tilt").unwrap();
    case.require_settled_geometry().unwrap();
    drop(case);
    // It travels with the case, and with the volume.
    let mut case = Case::open(&folder).unwrap();
    case.require_settled_geometry().unwrap();
    let volume = case.volume("volume-1", &Progress::new()).unwrap();
    assert!(!volume.has_open_warnings());
    let Resolution::Accepted { by, reason, .. } = &volume.warnings[1].resolution else { panic!() };
    assert_eq!((by.as_str(), reason.as_str()), ("Anna", "the liver is on the right"));
    // A volume that comes with accepted warnings keeps them so.
    let id = case.add_volume(&volume, &anna(), &Progress::new()).unwrap();
    case.require_settled_geometry().unwrap();
    assert_eq!(case.warnings().len(), 4);
    case.apply(Operation::ReopenWarning { volume: id, index: 0, reason: "not so sure".into() }, &anna()).unwrap();
    assert_eq!(case.open_warnings().iter().map(|w| w.number).collect::<Vec<_>>(), [3]);
}

#[test]
fn structures_are_added_replaced_and_removed() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    let progress = Progress::new();
    let mut case = make(&folder);
    case.add_structure("volume-1", &structure("bone", 3), &anna(), &progress).unwrap();
    assert!(matches!(
        case.add_structure("volume-1", &structure("bone", 2), &anna(), &progress),
        Err(CaseError::DuplicateStructure(_))
    ));
    assert!(matches!(
        case.add_structure("volume-7", &structure("skin", 2), &anna(), &progress),
        Err(CaseError::UnknownVolume { .. })
    ));
    let mut elsewhere = structure("skin", 2);
    let moved = Grid::axis_aligned([70, 12, 8], LpsPoint::default(), [1.0; 3]).unwrap();
    elsewhere.mask = Mask::empty(moved);
    assert!(matches!(case.add_structure("volume-1", &elsewhere, &anna(), &progress), Err(CaseError::OtherGrid { .. })));
    let hide = Operation::ShowStructure { structure: "bone".into(), visible: false };
    case.apply(hide.clone(), &anna()).unwrap();
    case.replace_structure("volume-1", &structure("bone", 5), &anna(), &progress).unwrap();
    assert_eq!(case.structure("bone", &progress).unwrap().mask.count(), 70 * 12 * 8 / 5);
    assert!(!case.plan().state().appearance("bone").visible);
    assert_eq!(files(&folder.join("structures")).len(), 1);
    case.remove_structure("bone", &anna()).unwrap();
    assert_eq!(files(&folder.join("structures")), Vec::<String>::new());
    assert!(case.apply(hide, &anna()).unwrap_err().to_string().contains("there is no structure `bone`"));
    // A new structure of the old name is seen, although the old one was hidden.
    case.add_structure("volume-1", &structure("bone", 7), &anna(), &progress).unwrap();
    assert!(case.plan().state().appearance("bone").visible);
    assert!(case.remove_structure("skin", &anna()).is_err());
    let check = case.audit_check().unwrap();
    assert!(check.intact, "{check:?}");
}

#[test]
fn a_structure_of_another_phase_belongs_to_that_phase() {
    let temporary = tempfile::tempdir().unwrap();
    let progress = Progress::new();
    let mut case = make(&temporary.path().join("case"));
    let second = case.add_volume(&scan(), &anna(), &progress).unwrap();
    case.add_structure("volume-1", &structure("bone", 3), &anna(), &progress).unwrap();
    case.replace_structure(&second, &structure("bone", 5), &anna(), &progress).unwrap();
    assert_eq!(case.structure_entry("bone").unwrap().volume, second);
    assert_eq!(case.structures().len(), 1);
}

#[test]
fn one_writes_many_read() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    let mut writer = make(&folder);
    let refusal = Case::open(&folder).unwrap_err();
    assert!(matches!(refusal, CaseError::Locked { .. }));
    assert!(refusal.to_string().contains(&format!("process {}", std::process::id())), "{refusal}");
    let mut reader = Case::open_read_only(&folder).unwrap();
    assert!(!reader.is_writable());
    assert!(matches!(
        reader.apply(Operation::SetCrosshair { at: LpsPoint::default() }, &anna()),
        Err(CaseError::ReadOnly)
    ));
    assert!(matches!(reader.add_volume(&scan(), &anna(), &Progress::new()), Err(CaseError::ReadOnly)));
    assert!(matches!(
        reader.add_structure("volume-1", &structure("bone", 3), &anna(), &Progress::new()),
        Err(CaseError::ReadOnly)
    ));
    writer.apply(Operation::SetCrosshair { at: LpsPoint::default() }, &anna()).unwrap();
    assert_eq!(reader.plan().history().len(), 0);
    assert_eq!(Case::open_read_only(&folder).unwrap().plan().history().len(), 1);
    drop(writer);
    Case::open(&folder).unwrap();
}

#[test]
fn readers_see_whole_states_while_a_writer_works() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    let mut writer = make(&folder);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (folder, done) = (&folder, &done);
        scope.spawn(move || {
            for n in 0..40 {
                let text = format!("note {n}");
                writer.apply(Operation::AddNote { text, at: None }, &anna()).unwrap();
                if n % 10 == 3 {
                    let name = format!("s{n}");
                    writer.add_structure("volume-1", &structure(&name, 3), &anna(), &Progress::new()).unwrap();
                }
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        let mut seen = 0;
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            let reader = Case::open_read_only(folder).unwrap();
            let notes = reader.plan().state().notes.len();
            assert!(notes >= seen);
            seen = notes;
        }
    });
}

#[test]
fn users_undo_and_redo_and_it_is_saved() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    let ben = Author::new("Ben").unwrap();
    let mut case = make(&folder);
    let preset = |preset: &str| Operation::SetRenderPreset { volume: "volume-1".into(), preset: preset.into() };
    case.apply(preset("bone"), &anna()).unwrap();
    case.apply(Operation::SetCrosshair { at: LpsPoint::default() }, &ben).unwrap();
    case.undo(&anna()).unwrap();
    drop(case);
    let mut case = Case::open(&folder).unwrap();
    assert!(case.plan().state().render_presets.is_empty());
    assert!(case.plan().state().crosshair.is_some());
    case.redo(&anna()).unwrap();
    assert!(case.redo(&anna()).is_err());
    drop(case);
    let case = Case::open(&folder).unwrap();
    assert_eq!(case.plan().state().render_presets["volume-1"], "bone");
    let log: Vec<_> = case.audit_log().unwrap().into_iter().map(|l| format!("{}: {}", l.by, l.what)).collect();
    assert_eq!(
        log,
        [
            "Anna: create case",
            "Anna: add volume",
            "Anna: plan: choose rendering preset",
            "Ben: plan: move crosshair",
            "Anna: plan: undo",
            "Anna: plan: redo"
        ]
    );
}

#[test]
fn cancelling_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    let cancelled = Progress::new();
    cancelled.cancel();
    assert!(matches!(Case::create(&folder, &scan(), &anna(), &cancelled), Err(CaseError::Cancelled(_))));
    assert_eq!(files(temporary.path()), Vec::<String>::new());
    let mut case = make(&folder);
    let before = content(&folder);
    assert!(matches!(case.add_volume(&scan(), &anna(), &cancelled), Err(CaseError::Cancelled(_))));
    assert!(matches!(
        case.add_structure("volume-1", &structure("bone", 3), &anna(), &cancelled),
        Err(CaseError::Cancelled(_))
    ));
    assert!(matches!(case.volume("volume-1", &cancelled), Err(CaseError::Cancelled(_))));
    assert_eq!(content(&folder), before);
}

#[test]
fn a_case_appears_when_it_is_whole() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    let progress = Progress::new();
    let fill = |case: &mut Case, broken: bool| {
        let id = case.add_volume(&scan(), &anna(), &progress)?;
        case.add_structure(&id, &structure("bone", 3), &anna(), &progress)?;
        assert!(!folder.exists());
        if broken { Err(CaseError::ReadOnly) } else { Ok(()) }
    };
    assert!(matches!(Case::create_with(&folder, &anna(), |case| fill(case, true)), Err(CaseError::ReadOnly)));
    assert_eq!(files(temporary.path()), Vec::<String>::new());
    let case = Case::create_with(&folder, &anna(), |case| fill(case, false)).unwrap();
    assert_eq!((case.volumes().len(), case.structures().len()), (1, 1));
    assert!(case.audit_check().unwrap().intact);
}

#[test]
fn a_case_is_made_in_an_empty_place_only() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("some/where/case");
    fs::create_dir_all(&folder).unwrap();
    drop(make(&folder));
    let before = content(&folder);
    assert!(matches!(Case::create(&folder, &scan(), &anna(), &Progress::new()), Err(CaseError::Exists(_))));
    assert_eq!(content(&folder), before);
    let file = temporary.path().join("file");
    put(&file, b"x");
    assert!(matches!(Case::create(&file, &scan(), &anna(), &Progress::new()), Err(CaseError::Exists(_))));
    for nowhere in [temporary.path().join("nothing"), file, temporary.path().into()] {
        assert!(matches!(Case::open(&nowhere), Err(CaseError::NotACase(_))));
        assert!(matches!(Case::open_read_only(&nowhere), Err(CaseError::NotACase(_))));
    }
    assert!(!temporary.path().join("lock").exists());
}

#[test]
fn what_is_damaged_is_refused_with_the_file_and_what_to_do_and_not_touched() {
    type Damage = (&'static str, fn(&Path), &'static str);
    let cases: &[Damage] = &[
        ("newer schema", |f| replace(&f.join("case.json"), "\"schema\": 2", "\"schema\": 3"), "newer version"),
        (
            "unknown field",
            |f| replace(&f.join("case.json"), "\"voxels\"", "\"flipped\": true, \"voxels\""),
            "`structures.flipped`",
        ),
        (
            "unknown inner field",
            |f| replace(&f.join("case.json"), "\"modality\"", "\"mirrored\": 1, \"modality\""),
            "volumes.provenance.mirrored",
        ),
        (
            "half a manifest",
            |f| {
                let text = fs::read(f.join("case.json")).unwrap();
                put(&f.join("case.json"), &text[..text.len() / 2]);
            },
            "Restore case.json from a backup",
        ),
        ("empty manifest", |f| put(&f.join("case.json"), b""), "Restore case.json from a backup"),
        ("no manifest", |f| put(&f.join("case.json"), b"[1, 2]"), "not the manifest"),
        ("sheared grid", |f| replace(&f.join("case.json"), "0.6,", "0.7,"), "perpendicular"),
        ("way out", |f| replace(&f.join("case.json"), "\"volume-1\"", "\"../../volume-1\""), "is no id of a volume"),
        (
            "denied simulation",
            |f| replace(&f.join("case.json"), "\"simulated\": true", "\"simulated\": false"),
            "simulated",
        ),
        ("lost log", |f| fs::remove_file(f.join("plan/updates.log")).unwrap(), "log is missing"),
        ("lost snapshot", |f| fs::remove_file(f.join("plan/snapshot-1.loro")).unwrap(), "snapshot is missing"),
        ("other log", |f| put(&f.join("plan/updates.log"), b"hello"), "no log of a plan"),
        (
            "flip in the log",
            |f| {
                let mut log = fs::read(f.join("plan/updates.log")).unwrap();
                log[40] ^= 4;
                put(&f.join("plan/updates.log"), &log);
            },
            "saved operations behind it",
        ),
        (
            "flip in the snapshot",
            |f| {
                let mut bytes = fs::read(f.join("plan/snapshot-1.loro")).unwrap();
                *bytes.last_mut().unwrap() ^= 4;
                put(&f.join("plan/snapshot-1.loro"), &bytes);
            },
            "snapshot-1.loro",
        ),
        ("lost audit", |f| fs::remove_file(f.join("audit.jsonl")).unwrap(), "audit log is missing"),
    ];
    let temporary = tempfile::tempdir().unwrap();
    for (name, damage, expected) in cases {
        let folder = temporary.path().join(name);
        let mut case = make(&folder);
        case.add_structure("volume-1", &structure("bone", 3), &anna(), &Progress::new()).unwrap();
        case.apply(Operation::SetCrosshair { at: LpsPoint::default() }, &anna()).unwrap();
        case.apply(Operation::SetCrosshair { at: LpsPoint::new(1.0, 2.0, 3.0) }, &anna()).unwrap();
        drop(case);
        damage(&folder);
        let before = content(&folder);
        for error in [Case::open(&folder).unwrap_err(), Case::open_read_only(&folder).unwrap_err()] {
            let text = error.to_string();
            assert!(text.contains(expected) && text.contains(name), "{name}: {text}");
        }
        assert_eq!(content(&folder), before, "{name}");
    }
}

#[test]
fn changed_voxels_or_headers_are_noticed() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    let progress = Progress::new();
    let mut case = make(&folder);
    case.add_structure("volume-1", &structure("bone", 3), &anna(), &progress).unwrap();
    let scan = folder.join("volumes/volume-1.nrrd");
    let good = fs::read(&scan).unwrap();
    for at in [good.len() - 1, good.len() / 2, 60] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        put(&scan, &bytes);
        let error = case.volume("volume-1", &progress).unwrap_err().to_string();
        assert!(error.contains("volume-1.nrrd: the file is not what was saved"), "{error}");
    }
    put(&scan, &good[..good.len() - 1]);
    assert!(case.volume("volume-1", &progress).unwrap_err().to_string().contains("SHA-256 differs"));
    fs::remove_file(&scan).unwrap();
    assert!(case.volume("volume-1", &progress).unwrap_err().to_string().contains("missing"));
    let file = folder.join("structures").join(&files(&folder.join("structures"))[0]);
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    put(&file, &bytes);
    assert!(case.structure("bone", &progress).unwrap_err().to_string().contains("SHA-256 differs"));
}

#[test]
fn tampering_with_the_audit_log_is_seen() {
    type Tampering = (&'static str, fn(&mut Vec<String>));
    let all: &[Tampering] = &[
        ("a changed word", |l| l[1] = l[1].replace("Anna", "Otto")),
        ("a changed last line", |l| l[6] = l[6].replace("Anna", "Otto")),
        ("a removed line", |l| drop(l.remove(2))),
        ("the last line cut off", |l| l.truncate(6)),
        ("the last lines cut off", |l| l.truncate(4)),
        ("another author of an operation", |l| l[5] = l[5].replace("Anna", "Otto")),
        ("cut before the manifest", |l| l.truncate(2)),
        ("an emptied log", Vec::clear),
        ("two lines swapped", |l| l.swap(3, 4)),
        ("a line twice", |l| l.insert(3, l[3].clone())),
        ("nonsense", |l| l[3] = "{}".into()),
        ("an invented line", |l| l.push(l[6].replace("\"line\":7", "\"line\":8"))),
    ];
    let temporary = tempfile::tempdir().unwrap();
    for (name, tamper) in all {
        let folder = temporary.path().join(name);
        let mut case = make(&folder);
        case.add_structure("volume-1", &structure("bone", 3), &anna(), &Progress::new()).unwrap();
        for x in 0..3 {
            case.apply(Operation::SetCrosshair { at: LpsPoint::new(f64::from(x), 0.0, 0.0) }, &anna()).unwrap();
        }
        let print = AuditData { name: "bone.stl".into(), sha256: "0".repeat(64) };
        case.audit("print bone", vec![print], &anna()).unwrap();
        assert!(case.audit_check().unwrap().intact);
        drop(case);
        assert!(Case::open_read_only(&folder).unwrap().audit_check().unwrap().intact);
        let path = folder.join("audit.jsonl");
        let mut lines: Vec<_> = fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 7);
        tamper(&mut lines);
        put(&path, lines.iter().map(|l| format!("{l}\n")).collect::<String>().as_bytes());
        // The last line alone is bound by nothing that comes after it.
        let check = Case::open_read_only(&folder).unwrap().audit_check().unwrap();
        if *name == "a changed last line" {
            continue;
        }
        assert!(!check.intact, "{name}");
        // Work goes on; the fault stays on record.
        let mut case = Case::open(&folder).unwrap();
        case.apply(Operation::SetCrosshair { at: LpsPoint::default() }, &anna()).unwrap();
        assert!(case.info().unwrap().to_string().contains("BROKEN"), "{name}");
        let log = case.audit_log().unwrap();
        assert!(log.iter().any(|l| l.what.starts_with("found the audit log broken")), "{name}: {log:?}");
        drop(case);
        // Lines added to a log that was cut are themselves out of step with the manifest, which is noted, too.
        (0..3).for_each(|_| drop(Case::open(&folder).unwrap()));
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        drop(Case::open(&folder).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), lines, "{name}: noted once");
    }
}

#[test]
fn another_manifest_than_the_last_is_seen() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    let mut case = make(&folder);
    let old = fs::read(folder.join("case.json")).unwrap();
    case.add_structure("volume-1", &structure("bone", 3), &anna(), &Progress::new()).unwrap();
    case.apply(Operation::SetCrosshair { at: LpsPoint::default() }, &anna()).unwrap();
    drop(case);
    put(&folder.join("case.json"), &old);
    let case = Case::open(&folder).unwrap();
    let check = case.audit_check().unwrap();
    assert_eq!(check.problems, ["case.json is not what was last saved"]);
    // The file that the other manifest names is not cleared away as left over.
    assert_eq!(files(&folder.join("structures")).len(), 1);
}

#[test]
fn a_scan_of_each_type_comes_back() {
    let temporary = tempfile::tempdir().unwrap();
    let mut case = make(&temporary.path().join("case"));
    let grid = Grid::axis_aligned([3, 2, 1], LpsPoint::default(), [1.0; 3]).unwrap();
    for samples in [
        Samples::U8(vec![0, 1, 2, 3, 254, 255]),
        Samples::U16(vec![0, 1, 2, 3, 4, u16::MAX]),
        Samples::I32(vec![i32::MIN, -1, 0, 1, 2, i32::MAX]),
        Samples::F32(vec![0.1, -0.0, f32::MAX, 1e-40, 5.0, -2.5]),
    ] {
        let mut volume = Volume::new(grid.clone(), samples, fabrica_volume::ValueUnit::Arbitrary).unwrap();
        volume.padding = Some(-1.0..=0.0);
        let id = case.add_volume(&volume, &anna(), &Progress::new()).unwrap();
        let kept = case.volume(&id, &Progress::new()).unwrap();
        assert_eq!(kept.samples(), volume.samples());
        assert_eq!(kept.padding, volume.padding);
    }
}
