//! Telling apart what lies at the same places: time points, echoes, b-values, energies, image types.

use std::cmp::Ordering;

use fabrica_volume::GeometryIssue;
use glam::DVec3;

use crate::frame::{Frame, Key, KeyValue};
use crate::{PassedOver, stack};

/// Frames of one phase.
#[derive(Debug)]
pub(crate) struct PhaseFrames {
    pub(crate) label: String,
    pub(crate) frames: Vec<Frame>,
    pub(crate) issues: Vec<GeometryIssue>,
}

/// Frames on their way to becoming a phase.
struct Group {
    labels: Vec<String>,
    /// Indices of frames.
    members: Vec<usize>,
    issues: Vec<GeometryIssue>,
}

/// Frames with their depth along the normal and their place: the number of the position that they share with others.
struct Placed {
    frames: Vec<Frame>,
    depths: Vec<f64>,
    places: Vec<usize>,
}

/// Slices that occur again are duplicates, not another phase, if they are at most one in this many positions.
const FEW: usize = 4;

/// Splits frames of the same orientation and size, all with a position, so that no phase has two at one position.
/// Files of slices that are left out as duplicates are noted in `dropped`.
pub(crate) fn split(frames: Vec<Frame>, normal: DVec3, dropped: &mut Vec<PassedOver>) -> Vec<PhaseFrames> {
    let placed = Placed::new(frames, normal);
    let all = (0..placed.frames.len()).collect();
    let mut groups = vec![Group { labels: Vec::new(), members: all, issues: Vec::new() }];
    for key in Key::FACTS {
        groups = groups.into_iter().flat_map(|group| placed.split_by_fact(group, key)).collect();
    }
    let groups = groups.into_iter().flat_map(|group| placed.split_by_circumstance(group, dropped));
    let groups: Vec<Group> = groups.flat_map(|group| placed.split_interleaved(group)).collect();
    let mut slots: Vec<Option<Frame>> = placed.frames.into_iter().map(Some).collect();
    let phases = groups.into_iter().map(|mut group| {
        group.members.sort_by(|a, b| order_of(&placed.depths, *a, *b));
        let frames: Vec<Frame> =
            group.members.iter().filter_map(|i| slots.get_mut(*i).and_then(Option::take)).collect();
        let mut issues = group.issues;
        issues.extend(varying_facts(&frames));
        PhaseFrames { label: group.labels.join(", "), frames, issues }
    });
    phases.collect()
}

fn order_of(depths: &[f64], a: usize, b: usize) -> Ordering {
    match (depths.get(a), depths.get(b)) {
        (Some(a), Some(b)) => a.total_cmp(b),
        _ => a.cmp(&b),
    }
}

impl Placed {
    fn new(frames: Vec<Frame>, normal: DVec3) -> Self {
        let depths: Vec<f64> = frames.iter().map(|f| f.facts.position.map_or(0.0, |p| p.dot(normal))).collect();
        let mut order: Vec<usize> = (0..frames.len()).collect();
        order.sort_by(|a, b| order_of(&depths, *a, *b));
        let mut places = vec![0; frames.len()];
        let (mut place, mut start) = (0, f64::NEG_INFINITY);
        for index in order {
            if depths[index] - start > stack::SAME_POSITION_MM {
                place += 1;
                start = depths[index];
            }
            places[index] = place;
        }
        Self { frames, depths, places }
    }

    fn key(&self, index: usize, key: Key) -> Option<&KeyValue> {
        self.frames[index].facts.keys.get(key)
    }

    /// Members by place.
    fn by_place(&self, members: &[usize]) -> Vec<Vec<usize>> {
        let mut places: std::collections::BTreeMap<usize, Vec<usize>> = std::collections::BTreeMap::new();
        for &index in members {
            places.entry(self.places[index]).or_default().push(index);
        }
        places.into_values().collect()
    }

    fn repeats(&self, members: &[usize]) -> bool {
        self.by_place(members).iter().any(|place| place.len() > 1)
    }

    /// Members by the value of a key, in the order of values.
    fn by_value(&self, members: &[usize], key: Key) -> Vec<(Option<KeyValue>, Vec<usize>)> {
        let mut sorted = members.to_vec();
        sorted.sort_by(|a, b| compare(self.key(*a, key), self.key(*b, key)));
        let mut groups: Vec<(Option<KeyValue>, Vec<usize>)> = Vec::new();
        for index in sorted {
            let value = self.key(index, key);
            match groups.last_mut() {
                Some((last, group)) if last.as_ref() == value => group.push(index),
                _ => groups.push((value.cloned(), vec![index])),
            }
        }
        groups
    }

    /// Splits a group by what was measured, if that differs between frames at one place.
    fn split_by_fact(&self, group: Group, key: Key) -> Vec<Group> {
        let differs = |place: &Vec<usize>| {
            place.windows(2).any(|pair| matches!(pair, [a, b] if self.key(*a, key) != self.key(*b, key)))
        };
        if !self.by_place(&group.members).iter().any(differs) {
            return vec![group];
        }
        let values = self.by_value(&group.members, key);
        let count = values.len();
        let label = |number: usize, value: &Option<KeyValue>| match value {
            Some(value) if key.is_time() => order_label(key, number, count, &key.label(&value.text)),
            Some(value) => key.label(&value.text),
            None => format!("without {}", key.label("").trim_end_matches([' ', '=']).trim()),
        };
        let split =
            values.into_iter().enumerate().map(|(number, (value, members))| group.with(label(number, &value), members));
        split.collect()
    }

    /// Splits a group that still has several frames at one place by when they were made.
    fn split_by_circumstance(&self, group: Group, dropped: &mut Vec<PassedOver>) -> Vec<Group> {
        if !self.repeats(&group.members) {
            return vec![group];
        }
        let mut places = self.by_place(&group.members);
        let most = places.iter().map(Vec::len).max().unwrap_or(1);
        let complete = places.iter().all(|place| place.len() == most);
        // Best: a value that all slices of a phase share.
        for key in Key::CIRCUMSTANCES {
            // An instance number is no circumstance that would make a phase of a few slices.
            if key == Key::InstanceNumber && !complete {
                continue;
            }
            let values = self.by_value(&group.members, key);
            if values.len() == most && values.iter().all(|(_, members)| !self.repeats(members)) {
                let split = values.into_iter().enumerate().map(|(number, (value, members))| {
                    let text = value.map(|v| key.label(&v.text)).unwrap_or_default();
                    group.with(order_label(key, number, most, &text), members)
                });
                return split.collect();
            }
        }
        // Else the order at each place.
        let ordering =
            [Key::TriggerTime, Key::AcquisitionTime, Key::ContentTime, Key::AcquisitionNumber, Key::InstanceNumber];
        let distinct = |key: &Key| {
            places.iter().all(|place| {
                let mut values: Vec<&KeyValue> = place.iter().filter_map(|i| self.key(*i, *key)).collect();
                values.sort_by(|a, b| a.compare(b));
                values.len() == place.len() && values.windows(2).all(|pair| pair.first() != pair.last())
            })
        };
        let key = ordering.into_iter().find(distinct);
        let mut ranks: Vec<Vec<usize>> = vec![Vec::new(); most];
        for place in &mut places {
            place.sort_by(|a, b| match key {
                Some(key) => compare(self.key(*a, key), self.key(*b, key)),
                None => self.frames[*a].file.path.cmp(&self.frames[*b].file.path),
            });
            place.iter().zip(&mut ranks).for_each(|(index, rank)| rank.push(*index));
        }
        let extra = group.members.len() - places.len();
        if !complete && extra * FEW <= places.len() && matches!(key, None | Some(Key::InstanceNumber)) {
            return vec![self.without_duplicates(group, &places, dropped)];
        }
        let issue = match key {
            _ if !complete => Some(GeometryIssue::Contradiction {
                reason: format!("some slice positions occur {most} times, others less: phases may be mixed"),
            }),
            None => Some(GeometryIssue::Contradiction {
                reason: format!("every slice position occurs {most} times, and nothing tells the phases apart"),
            }),
            Some(_) => None,
        };
        let split = ranks.into_iter().enumerate().map(|(number, members)| {
            let from = members.first().and_then(|i| self.key(*i, key?)).zip(key);
            let text = from.map(|(value, key)| format!("from {}", key.label(&value.text)));
            let key = key.unwrap_or(Key::InstanceNumber);
            let mut split = group.with(order_label(key, number, most, &text.unwrap_or_default()), members);
            split.issues.extend(issue.clone());
            split
        });
        split.collect()
    }

    /// The first slice of each place. The others are left out.
    fn without_duplicates(&self, group: Group, places: &[Vec<usize>], dropped: &mut Vec<PassedOver>) -> Group {
        let (mut members, mut issues) = (Vec::new(), group.issues);
        let before = dropped.len();
        for place in places {
            let [first, others @ ..] = place.as_slice() else { continue };
            members.push(*first);
            let kept = self.frames[*first].file.path.display();
            dropped.extend(others.iter().map(|index| {
                let Frame { file, number, .. } = &self.frames[*index];
                let what = if file.frame_count > 1 { format!("frame {} ", number + 1) } else { String::new() };
                let reason = format!("{what}lies where {kept} lies, and nothing tells of another phase");
                PassedOver { path: file.path.clone(), reason }
            }));
        }
        issues.push(GeometryIssue::DuplicateSlices { count: dropped.len() - before });
        Group { labels: group.labels, members, issues }
    }

    /// Splits frames of several acquisitions that lie between one another: each is even, together they are not.
    fn split_interleaved(&self, group: Group) -> Vec<Group> {
        let depths = |members: &[usize]| {
            let mut depths: Vec<f64> = members.iter().map(|i| self.depths[*i]).collect();
            depths.sort_by(f64::total_cmp);
            depths
        };
        if stack::is_even(&depths(&group.members)) {
            return vec![group];
        }
        let keys = [
            Key::ImageType,
            Key::Kernel,
            Key::Energy,
            Key::EchoTime,
            Key::BValue,
            Key::TemporalPosition,
            Key::AcquisitionNumber,
        ];
        for key in keys {
            let values = self.by_value(&group.members, key);
            let stacks: Vec<Vec<f64>> = values.iter().map(|(_, members)| depths(members)).collect();
            let even = stacks.iter().all(|s| s.len() > 2 && stack::is_even(s));
            let overlap = |a: &[f64], b: &[f64]| matches!((a, b), ([a0, .., a1], [b0, .., b1]) if a0 < b1 && b0 < a1);
            let all_overlap = stacks.windows(2).all(|p| matches!(p, [a, b] if overlap(a, b)));
            if values.len() > 1 && even && all_overlap {
                let split = values
                    .into_iter()
                    .map(|(value, members)| group.with(value.map(|v| key.label(&v.text)).unwrap_or_default(), members));
                return split.collect();
            }
        }
        vec![group]
    }
}

impl Group {
    fn with(&self, label: String, members: Vec<usize>) -> Self {
        let mut labels = self.labels.clone();
        labels.push(label);
        Self { labels, members, issues: self.issues.clone() }
    }
}

fn compare(a: Option<&KeyValue>, b: Option<&KeyValue>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.compare(b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// The label of phase `number` of `count`, told apart by a key that orders them.
fn order_label(key: Key, number: usize, count: usize, what: &str) -> String {
    // An instance number orders files, but need not mean time.
    let name = if key == Key::InstanceNumber { "repeat" } else { "t =" };
    let what = if what.is_empty() { String::new() } else { format!(" ({what})") };
    format!("{name} {} of {count}{what}", number + 1)
}

/// Facts that ought to be the same in all slices of a volume and are not.
fn varying_facts(frames: &[Frame]) -> Option<GeometryIssue> {
    let [first, rest @ ..] = frames else { return None };
    let facts = [(Key::Energy, "KVP"), (Key::EchoTime, "Echo Time"), (Key::BValue, "Diffusion b-value")];
    let varying =
        facts.iter().filter(|(key, _)| rest.iter().any(|f| f.facts.keys.get(*key) != first.facts.keys.get(*key)));
    let names: Vec<&str> = varying.map(|(_, name)| *name).collect();
    (!names.is_empty()).then(|| GeometryIssue::Contradiction {
        reason: format!("{} differs between slices of one stack: measurements may be mixed", names.join(" and ")),
    })
}
