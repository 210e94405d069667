//! From the images of one Series Instance UID to series of one kind with their phases.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use fabrica_geometry::{LpsVector, PatientDirection};
use fabrica_volume::{GeometryIssue, GeometryWarning, Modality};

use crate::frame::{Frame, Key};
use crate::image::{ImageRecord, SeriesKey, transfer_syntax_name};
use crate::phases::{self, PhaseFrames};
use crate::{PassedOver, Phase, Series, SeriesKind, checks, stack};

/// How far orientations within a stack may differ, as the sine of the angle (0.2°).
const SAME_ORIENTATION: f64 = 3.5e-3;
/// How far they may differ in silence (0.03°).
const EXACT_ORIENTATION: f64 = 5e-4;
/// How far pixel spacings within a stack may differ, as part of them.
const SAME_SPACING: f64 = 1e-4;

/// Makes series out of images that share a Series Instance UID: one for each kind that occurs.
/// `damaged` files are of this series, `unreadable` ones by folder of any. Files that are left out as copies are noted
/// in `dropped`.
pub(crate) fn assemble(
    key: &SeriesKey,
    mut records: Vec<ImageRecord>,
    damaged: &[PassedOver],
    unreadable: &BTreeMap<PathBuf, Vec<PassedOver>>,
    dropped: &mut Vec<PassedOver>,
) -> Vec<Series> {
    let folders: BTreeSet<PathBuf> = records.iter().filter_map(|r| Some(r.file.path.parent()?.to_owned())).collect();
    let copies = drop_copies(&mut records, dropped);
    let mut kinds: Vec<(SeriesKind, Vec<ImageRecord>)> = Vec::new();
    for record in records {
        match kinds.iter_mut().find(|(kind, _)| *kind == record.kind) {
            Some((_, same)) => same.push(record),
            None => kinds.push((record.kind, vec![record])),
        }
    }
    let mut common: Vec<GeometryIssue> = damaged.iter().map(unusable).collect();
    let unreadable: Vec<&PassedOver> = folders.iter().filter_map(|folder| unreadable.get(folder)).flatten().collect();
    common.extend(beside(&unreadable));
    if copies > 0 {
        common.push(GeometryIssue::DuplicateSlices { count: copies });
    }
    kinds.into_iter().filter_map(|(kind, records)| one_kind(key, kind, records, &common, dropped)).collect()
}

fn unusable(file: &PassedOver) -> GeometryIssue {
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    GeometryIssue::Other { reason: format!("the file {name} of this series cannot be used: {}", file.reason) }
}

/// Files that may have been slices of this series: those at an end leave no gap.
fn beside(files: &[&PassedOver]) -> Option<GeometryIssue> {
    let first = files.first()?;
    let name = first.path.file_name().unwrap_or_default().to_string_lossy();
    let count = match files.len() {
        1 => "1 file".to_owned(),
        n => format!("{n} files"),
    };
    Some(GeometryIssue::Other {
        reason: format!(
            "{count} beside this series could not be read (first: {name}: {}); slices may be missing at an end",
            first.reason
        ),
    })
}

/// Takes out files that repeat a SOP instance. Gives the number of those that are not byte for byte the same.
fn drop_copies(records: &mut Vec<ImageRecord>, dropped: &mut Vec<PassedOver>) -> usize {
    let mut first_of: HashMap<String, usize> = HashMap::new();
    let mut differing = 0;
    let mut keep = vec![true; records.len()];
    for (index, record) in records.iter().enumerate() {
        let uid = &record.file.sop_instance_uid;
        if uid.is_empty() {
            continue;
        }
        let Some(&earlier) = first_of.get(uid) else {
            first_of.insert(uid.clone(), index);
            continue;
        };
        let original = &records[earlier];
        // Careless anonymisation gives all slices one UID: those are no copies.
        if !same_slice(original, record) {
            continue;
        }
        let identical = original.file.length == record.file.length && same_bytes(original, record);
        keep[index] = false;
        differing += usize::from(!identical);
        let how =
            if identical { "a copy of" } else { "has the SOP Instance UID and position of, but other bytes than," };
        let reason = format!("{how} {}", original.file.path.display());
        dropped.push(PassedOver { path: record.file.path.clone(), reason });
    }
    let mut keep = keep.into_iter();
    records.retain(|_| keep.next().unwrap_or(true));
    differing
}

fn same_slice(a: &ImageRecord, b: &ImageRecord) -> bool {
    a.frames.len() == b.frames.len()
        && a.file.slice_size() == b.file.slice_size()
        && a.frames.iter().zip(&b.frames).all(|(a, b)| {
            let (a, b) = (&a.facts, &b.facts);
            // Whatever tells phases apart: anonymisation may have numbered the slices of each phase from 1.
            a.position == b.position && a.orientation == b.orientation && a.keys == b.keys
        })
}

fn same_bytes(a: &ImageRecord, b: &ImageRecord) -> bool {
    use std::io::Read;
    let open = |r: &ImageRecord| std::fs::File::open(&r.file.path);
    let (Ok(mut a), Ok(mut b)) = (open(a), open(b)) else { return false };
    let (mut from_a, mut from_b) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let Ok(n) = a.read(&mut from_a) else { return false };
        if n == 0 {
            return true;
        }
        if b.read_exact(&mut from_b[..n]).is_err() || from_a[..n] != from_b[..n] {
            return false;
        }
    }
}

fn one_kind(
    key: &SeriesKey,
    kind: SeriesKind,
    records: Vec<ImageRecord>,
    common: &[GeometryIssue],
    dropped: &mut Vec<PassedOver>,
) -> Option<Series> {
    let facts = records.first()?.facts.clone();
    let photometric_interpretation = records.first()?.file.photometric.clone();
    let mut transfer_syntaxes: Vec<String> =
        records.iter().map(|r| transfer_syntax_name(&r.file.transfer_syntax)).collect();
    transfer_syntaxes.sort();
    transfer_syntaxes.dedup();
    let stacks = stacks(records);
    let several = stacks.len() > 1;
    let mut phases = Vec::new();
    for (number, Stacked { frames, obstacle }) in stacks.into_iter().enumerate() {
        for part in split(frames, kind, dropped) {
            let mut phase = phase(part, kind, obstacle.clone(), common);
            if several {
                let [nx, ny, nz] = phase.dims;
                let stack = format!("stack {} ({}, {nx}×{ny}×{nz})", number + 1, phase.orientation);
                phase.label = if phase.label.is_empty() { stack } else { format!("{stack}, {}", phase.label) };
            }
            phases.push(phase);
        }
    }
    let single = kind == SeriesKind::Volume && phases.iter().all(|p| p.dims[2] == 1);
    Some(Series {
        uid: key.series_uid.clone(),
        study_uid: key.study_uid.clone(),
        modality: Modality(facts.modality),
        description: facts.description,
        number: facts.number,
        study_description: facts.study_description,
        study_date: facts.study_date,
        patient_name: key.patient_name.clone(),
        patient_id: key.patient_id.clone(),
        device: facts.device,
        body_part: facts.body_part,
        kind: if single { SeriesKind::SingleImage } else { kind },
        photometric_interpretation,
        transfer_syntaxes,
        phases,
        unit: facts.unit,
    })
}

/// Frames of one size, orientation, pixel spacing and frame of reference.
struct Stacked {
    frames: Vec<Frame>,
    obstacle: Option<String>,
}

fn stacks(records: Vec<ImageRecord>) -> Vec<Stacked> {
    let mut stacks: Vec<Stacked> = Vec::new();
    for record in records {
        for frame in record.frames {
            // Neighbours in a file belong together, so that the last stack is the likeliest.
            let fits =
                |s: &Stacked| s.obstacle == record.obstacle && s.frames.first().is_some_and(|f| alike(f, &frame));
            match stacks.iter_mut().rev().find(|s| fits(s)) {
                Some(stack) => stack.frames.push(frame),
                None => stacks.push(Stacked { frames: vec![frame], obstacle: record.obstacle.clone() }),
            }
        }
    }
    stacks
}

fn alike(a: &Frame, b: &Frame) -> bool {
    let spacing = match (a.facts.pixel_spacing, b.facts.pixel_spacing) {
        (Some(a), Some(b)) => (0..2).all(|i| (a[i] - b[i]).abs() <= SAME_SPACING * a[i]),
        (a, b) => a.is_none() && b.is_none(),
    };
    let orientation = match (a.facts.orientation, b.facts.orientation) {
        (Some(a), Some(b)) => {
            (a.row - b.row).length() <= SAME_ORIENTATION && (a.column - b.column).length() <= SAME_ORIENTATION
        }
        (a, b) => a.is_none() && b.is_none(),
    };
    a.file.slice_size() == b.file.slice_size()
        && a.facts.frame_of_reference_uid == b.facts.frame_of_reference_uid
        && a.facts.position.is_some() == b.facts.position.is_some()
        && spacing
        && orientation
}

/// Splits a stack into phases if its slices have positions, and pictures that have none into single ones.
fn split(mut frames: Vec<Frame>, kind: SeriesKind, dropped: &mut Vec<PassedOver>) -> Vec<PhaseFrames> {
    let placed = frames.iter().all(|f| f.facts.position.is_some());
    let orientation = frames.first().and_then(|f| f.facts.orientation);
    if placed && (orientation.is_some() || stack::along_z(&frames)) {
        return phases::split(frames, orientation.map_or(glam::DVec3::Z, |o| o.normal()), dropped);
    }
    frames.sort_by(|a, b| {
        let location = |f: &Frame| f.facts.slice_location.unwrap_or_default();
        let instance = |f: &Frame| f.facts.keys.get(Key::InstanceNumber).map_or(0.0, |v| v.order);
        location(a).total_cmp(&location(b)).then(instance(a).total_cmp(&instance(b)))
    });
    let one_each = frames.iter().all(|f| f.file.frame_count == 1);
    if kind == SeriesKind::Volume || !one_each || frames.len() == 1 {
        return vec![PhaseFrames { label: String::new(), frames, issues: Vec::new() }];
    }
    let count = frames.len();
    let picture = |(number, frame): (usize, Frame)| {
        let instance = frame.facts.keys.get(Key::InstanceNumber).map(|v| format!(" (Instance Number {})", v.text));
        let label = format!("picture {} of {count}{}", number + 1, instance.unwrap_or_default());
        PhaseFrames { label, frames: vec![frame], issues: Vec::new() }
    };
    frames.into_iter().enumerate().map(picture).collect()
}

fn phase(part: PhaseFrames, kind: SeriesKind, obstacle: Option<String>, common: &[GeometryIssue]) -> Phase {
    let PhaseFrames { label, frames, issues } = part;
    let measured = stack::measure(&frames, kind != SeriesKind::Volume);
    let mut all = common.to_vec();
    all.extend(issues);
    all.extend(measured.issues);
    all.extend(checks::issues(&frames, measured.stack.as_ref()));
    all.extend(turned(&frames));
    let first = frames.first();
    let [columns, rows] = first.map_or([0, 0], |f| f.file.slice_size());
    let spacing = measured.stack.as_ref().map_or_else(
        || {
            let pixel = first.and_then(|f| f.facts.pixel_spacing).unwrap_or_default();
            [pixel[0], pixel[1], 0.0]
        },
        |s| [s.pixel[0], s.pixel[1], s.step],
    );
    let letters = |s: &stack::Stack| {
        let axes = [s.orientation.row, s.orientation.column, s.orientation.normal()];
        axes.map(|a| PatientDirection::nearest(LpsVector(a)).letter()).iter().collect::<String>()
    };
    Phase {
        label,
        dims: [columns, rows, frames.len()],
        spacing,
        orientation: measured.stack.as_ref().map(letters).unwrap_or_default(),
        frame_of_reference_uid: first.and_then(|f| f.facts.frame_of_reference_uid.clone()),
        warnings: all.into_iter().map(GeometryWarning::new).collect(),
        obstacle: obstacle.or(measured.obstacle),
        frames,
        stack: measured.stack,
    }
}

/// Orientations that differ a little between the slices of a stack.
fn turned(frames: &[Frame]) -> Option<GeometryIssue> {
    let first = frames.first()?.facts.orientation?;
    let largest = frames
        .iter()
        .filter_map(|f| f.facts.orientation)
        .map(|o| (o.row - first.row).length().max((o.column - first.column).length()))
        .fold(0.0, f64::max);
    (largest > EXACT_ORIENTATION).then(|| GeometryIssue::Contradiction {
        reason: format!(
            "slices are turned against one another by up to {:.3}°; the first was taken",
            largest.to_degrees()
        ),
    })
}
