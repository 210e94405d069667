//! Killing the program at any moment loses nothing that was acknowledged.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{anna, files, grid, make, structure};
use fabrica_case::{Case, CaseError};
use fabrica_geometry::{LpsPoint, Mm, VoxelPoint};
use fabrica_plan::{EditOperation, Mode, Operation, Stroke, StrokePath, Tool};
use fabrica_progress::Progress;
use fabrica_volume::Rgb;

/// Where the child finds its case, and with which step it begins.
const FOLDER: &str = "FABRICA_TEST_CASE";
const FIRST: &str = "FABRICA_TEST_FIRST_STEP";
const UNTIL_FULL: &str = "FABRICA_TEST_UNTIL_FULL";

/// What a case says after some steps of the script.
#[derive(Debug, Default, PartialEq)]
struct Summary {
    notes: usize,
    crosshair: Option<f64>,
    /// Names of structures with a file, the spacing of their voxels, and how many voxels were painted beside those.
    structures: BTreeMap<String, (usize, usize)>,
    /// Structures drawn in the plan and how many voxels they have.
    drawn: BTreeMap<String, usize>,
    /// Files of structures, as they are and as they were when edits were made on them.
    files: usize,
}

/// What one step of the script, a rehearsal, does.
enum Step {
    Crosshair(f64),
    Note(String),
    Add(String, usize),
    Replace(String, usize),
    Remove(String),
    Create(String),
    /// Paints one voxel.
    Paint(String, usize),
    /// Takes the last step back.
    Undo,
}

fn step(number: usize) -> Step {
    let name = |kind: char, n: usize| format!("{kind}{}", n / 12);
    match number % 12 {
        3 => Step::Add(name('s', number), 3),
        4 => Step::Paint(name('s', number), 1),
        5 => Step::Replace(name('s', number), 4),
        6 => Step::Paint(name('s', number), 1),
        7 => Step::Remove(name('s', number)),
        8 => Step::Create(name('d', number)),
        9 | 10 => Step::Paint(name('d', number), number % 12),
        11 => Step::Undo,
        1 => Step::Note(noise(number)),
        _ => Step::Crosshair(number as f64),
    }
}

/// Text that does not compress, so that the log grows long enough to be folded.
fn noise(seed: usize) -> String {
    let mut state = seed as u64 + 1;
    (0..9000).map(|_| char::from(b' ' + (random(&mut state) % 90) as u8)).collect()
}

fn random(state: &mut u64) -> u64 {
    // Knuth's MMIX generator.
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// What the case must say after the first `count` steps.
fn expected(count: usize) -> Summary {
    let mut summary = Summary::default();
    for number in 0..count {
        match step(number) {
            Step::Crosshair(x) => summary.crosshair = Some(x),
            Step::Note(_) => summary.notes += 1,
            Step::Add(name, every) | Step::Replace(name, every) => {
                summary.structures.insert(name, (every, 0));
                summary.files += 1;
            }
            Step::Remove(name) => {
                summary.structures.remove(&name);
            }
            Step::Create(name) => {
                summary.drawn.insert(name, 0);
            }
            Step::Paint(name, _) => match summary.structures.get_mut(&name) {
                Some((_, painted)) => *painted += 1,
                None => *summary.drawn.get_mut(&name).unwrap() += 1,
            },
            Step::Undo => *summary.drawn.get_mut(&format!("d{}", number / 12)).unwrap() -= 1,
        }
    }
    summary
}

/// What the case says. Reads every file.
fn found(case: &Case) -> Summary {
    let progress = Progress::new();
    case.volume("volume-1", &progress).unwrap();
    let state = case.plan().state();
    let mut summary = Summary {
        notes: state.notes.len(),
        crosshair: state.crosshair.map(|p| p.0.x),
        files: files(&case.folder().join("structures")).len(),
        ..Summary::default()
    };
    for entry in case.structures() {
        let mask = case.structure(&entry.name, &progress).unwrap().mask;
        if entry.name.starts_with('d') {
            summary.drawn.insert(entry.name.clone(), mask.count());
            continue;
        }
        let beside = |every| mask.combine(&structure("", every).mask, |m, s| m ^ s).unwrap().count();
        let every = [3, 4].into_iter().find(|every| beside(*every) < 2).unwrap();
        summary.structures.insert(entry.name.clone(), (every, beside(every)));
    }
    summary
}

/// A stroke that paints just one voxel.
fn paint(name: String, index: usize) -> Stroke {
    let [i, j, k] = grid().position(index);
    let at = grid().to_patient(VoxelPoint::new(i as f64, j as f64, k as f64));
    let path = StrokePath::new([at]).unwrap();
    Stroke::new(name, Tool::Brush { path, radius: Mm(0.2), mode: Mode::Add })
}

fn take(case: &mut Case, number: usize) -> Result<(), CaseError> {
    let progress = Progress::new();
    match step(number) {
        Step::Crosshair(x) => case.apply(Operation::SetCrosshair { at: LpsPoint::new(x, 0.0, 0.0) }, &anna()).map(drop),
        Step::Note(text) => case.apply(Operation::AddNote { text, at: None }, &anna()).map(drop),
        Step::Add(name, every) => case.add_structure("volume-1", &structure(&name, every), &anna(), &progress),
        Step::Replace(name, every) => case.replace_structure("volume-1", &structure(&name, every), &anna(), &progress),
        Step::Remove(name) => case.remove_structure(&name, &anna()),
        Step::Create(structure) => {
            let (volume, colour) = ("volume-1".to_owned(), Rgb(1, 2, 3));
            case.apply(EditOperation::Create { structure, volume, colour }.into(), &anna()).map(drop)
        }
        Step::Paint(name, index) => case.edit(paint(name, index), &anna(), &progress).map(drop),
        Step::Undo => case.undo(&anna()).map(drop),
    }
}

/// Run by the other tests in a process of its own; does nothing by itself.
#[test]
#[ignore = "run by the other tests"]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let first: usize = std::env::var(FIRST).unwrap().parse().unwrap();
    let mut case = Case::open(Path::new(&folder)).unwrap();
    let mut out = std::io::stdout();
    for number in first.. {
        match take(&mut case, number) {
            Ok(()) => writeln!(out, "\nsaved {number}").unwrap(),
            Err(error) => {
                assert!(std::env::var(UNTIL_FULL).is_ok() && matches!(error, CaseError::DiskFull { .. }), "{error}");
                assert!(error.to_string().contains("disk is full"), "{error}");
                // What was refused has left no trace, and what was saved is still there.
                assert_eq!(found(&case), expected(number));
                take(&mut case, number).unwrap_err();
                writeln!(out, "\nfull").unwrap();
                return;
            }
        }
        out.flush().unwrap();
    }
}

fn spawn(folder: &Path, first: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["child", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, folder).env(FIRST, first.to_string()).stdout(Stdio::piped());
    command
}

/// The last step that the child acknowledged.
fn acknowledged(lines: impl Iterator<Item = String>) -> Option<usize> {
    lines.filter_map(|line| line.strip_prefix("saved ").and_then(|n| n.parse().ok())).last()
}

#[test]
fn nothing_acknowledged_is_lost_when_the_program_is_killed() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    drop(make(&folder));
    let mut state = 20_261_122;
    let (mut done, mut unacknowledged, mut notes) = (0, 0, 0);
    let start = Instant::now();
    let mut trial = 0;
    // On a slow machine some children die before they have done anything.
    while trial < 200 || done < 64 {
        trial += 1;
        assert!(trial < 900, "the children hardly worked: {done} steps");
        let mut child = spawn(&folder, done).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let reader = std::thread::spawn(move || acknowledged(lines));
        // Some die while they open the case and clear up after the one before.
        std::thread::sleep(Duration::from_micros(random(&mut state) % 120_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let last = reader.join().unwrap().map_or(done, |n| n + 1);
        let case = Case::open(&folder).unwrap_or_else(|e| panic!("trial {trial}: {e}"));
        let found = found(&case);
        // The step under way may be saved without having been acknowledged.
        if found == expected(last) {
            done = last;
        } else {
            assert_eq!(found, expected(last + 1), "trial {trial}, {last} steps acknowledged");
            done = last + 1;
            unacknowledged += 1;
        }
        let check = case.audit_check().unwrap();
        assert!(check.intact, "trial {trial}: {check:?}");
        let mut there = files(&folder);
        there.retain(|name| name != "masks");
        assert_eq!(there, ["audit.jsonl", "case.json", "lock", "plan", "structures", "volumes"]);
        notes = case.audit_log().unwrap().iter().filter(|l| l.by == fabrica_plan::Author::program()).count();
    }
    eprintln!(
        "{trial} kills in {:.1} s: {done} steps done, {unacknowledged} saved but not acknowledged, {notes} notes of clearing up",
        start.elapsed().as_secs_f64()
    );
}

#[test]
fn making_a_case_is_all_or_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    // As a killed program leaves it: nobody holds the lock.
    let abandoned = temporary.path().join(".case.999999-0.new");
    std::fs::create_dir(&abandoned).unwrap();
    std::fs::File::create(abandoned.join("lock")).unwrap();
    let bystander = temporary.path().join(".case.notes.new");
    std::fs::create_dir(&bystander).unwrap();
    drop(make(&folder));
    assert_eq!(files(temporary.path()), [".case.notes.new", "case"]);
}

fn until_full(mut command: Command, folder: &Path) {
    let output = command.env(UNTIL_FULL, "1").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("\nfull\n"), "{text}");
    let last = acknowledged(text.lines().map(str::to_owned)).unwrap();
    assert!(last > 2);
    let case = Case::open_read_only(folder).unwrap();
    assert_eq!(found(&case), expected(last + 1));
    assert!(case.audit_check().unwrap().intact);
}

/// A limit on the length of a file stops a write midway, like a full disk.
#[test]
#[cfg(target_os = "linux")]
fn a_write_that_fails_midway_loses_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    for blocks in [48, 61, 110] {
        let folder = temporary.path().join(blocks.to_string());
        drop(make(&folder));
        let inner = spawn(&folder, 0);
        let mut command = Command::new("sh");
        // The signal would kill; ignored, the write fails instead.
        command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
        command.arg(inner.get_program()).args(inner.get_args());
        command.env(FOLDER, &folder).env(FIRST, "0").stdout(Stdio::piped());
        until_full(command, &folder);
        let mut case = Case::open(&folder).unwrap();
        take(&mut case, 0).unwrap();
    }
}

/// A small file system in memory, where this user may mount one.
#[cfg(target_os = "linux")]
struct SmallDisk(PathBuf);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"]).arg(at).output();
        mounted.is_ok_and(|o| o.status.success()).then(|| Self(at.into()))
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_reported_and_work_goes_on_when_there_is_room_again() {
    let temporary = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(temporary.path(), "400k") else {
        eprintln!("SKIPPED: a_full_disk_is_reported... needs the right to mount a tmpfs");
        return;
    };
    let folder = disk.0.join("case");
    let mut case = make(&folder);
    let ballast = disk.0.join("ballast");
    std::fs::File::create(&ballast).unwrap().write_all(&vec![0; 100_000]).unwrap();
    let mut refused = 0;
    let mut number = 0;
    while number < 400 {
        match take(&mut case, number) {
            Ok(()) => number += 1,
            Err(error) => {
                assert!(matches!(error, CaseError::DiskFull { .. }), "{error}");
                assert_eq!(found(&case), expected(number));
                refused += 1;
                if refused == 2 {
                    std::fs::remove_file(&ballast).unwrap();
                }
                if refused == 4 {
                    break;
                }
            }
        }
    }
    assert_eq!(refused, 4);
    let found_open = found(&case);
    drop(case);
    let case = Case::open_read_only(&folder).unwrap();
    assert_eq!(found(&case), found_open);
    let check = case.audit_check().unwrap();
    assert!(check.intact, "{check:?}");
}
