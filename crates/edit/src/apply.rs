//! One stroke on masks: tool, limits, overwriting.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabrica_plan::{Mode, Stroke, Tool};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Volume};
use rayon::prelude::*;

use crate::EditError;
use crate::delta::Delta;
use crate::limits::Editable;
use crate::spans::{Span, for_each_word};
use crate::tools::{self, Given, Proposal};

/// Masks by the names of their structures, all on one grid.
pub(crate) type MasksByName = BTreeMap<String, Arc<Mask>>;

/// What a stroke flips in each structure: targets first, then those overwritten.
pub(crate) type Flips = Vec<(String, Delta)>;

/// Works out what a stroke flips. `overwritten` are the structures that lose what the targets gain. Changes nothing.
pub(crate) fn work_out(
    stroke: &Stroke,
    overwritten: &[String],
    masks: &MasksByName,
    volume: Option<&Volume>,
    progress: &Progress,
) -> Result<Flips, EditError> {
    let mask =
        |name: &str| masks.get(name).map(Arc::as_ref).ok_or_else(|| EditError::UnknownStructure(name.to_owned()));
    let targets = stroke.targets().map(mask).collect::<Result<Vec<_>, _>>()?;
    let editable = Editable::new(&stroke.limits, |name| masks.get(name).map(Arc::as_ref), volume);
    let other = match &stroke.tool {
        Tool::Logic(logic) => logic.other().map(mask).transpose()?,
        _ => None,
    };
    let given = Given { targets: targets.clone(), other, volume, editable: &editable };
    let proposal = tools::propose(stroke, &given, progress)?;
    progress.check()?;
    let changes: Vec<Delta> = match (proposal, targets.first()) {
        (Proposal::Spans(mode, spans), Some(target)) => vec![from_spans(target, mode, &spans, &editable)],
        (Proposal::Voxels(mode, voxels), Some(target)) => {
            vec![from_words(target, &editable, |at, old| wanted(mode, voxels.words()[at], old))]
        }
        (Proposal::Masks(new), _) => {
            let pairs = targets.iter().zip(&new);
            pairs.map(|(old, new)| from_words(old, &editable, |at, old| new.words()[at] ^ old)).collect()
        }
        (_, None) => Vec::new(),
    };
    let losses = overwritten.iter().map(|name| Ok((name.clone(), loss(mask(name)?, &targets, &changes))));
    let losses = losses.collect::<Result<Flips, EditError>>()?;
    Ok(stroke.targets().map(str::to_owned).zip(changes).chain(losses).collect())
}

/// What of a word flips when `bits` are added or erased.
#[inline]
pub(crate) fn wanted(mode: Mode, bits: u64, old: u64) -> u64 {
    match mode {
        Mode::Add => bits & !old,
        Mode::Erase => bits & old,
    }
}

/// The words that spans touch, ascending, each once.
pub(crate) fn words_of(spans: &[Span], row_words: usize, ny: usize) -> Vec<(usize, u64)> {
    let mut words = Vec::with_capacity(spans.len() * 2);
    for span in spans {
        let row = row_words * (span.j + ny * span.k);
        for_each_word(span.start, span.end, |word, bits| words.push((row + word, bits)));
    }
    words.sort_unstable();
    words.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 |= next.1;
        }
        same
    });
    words
}

fn from_spans(mask: &Mask, mode: Mode, spans: &[Span], editable: &Editable<'_>) -> Delta {
    let row_words = mask.row_words();
    let mut delta = Delta::default();
    for (at, bits) in words_of(spans, row_words, mask.grid().dims()[1]) {
        push_editable(&mut delta, at, wanted(mode, bits, mask.words()[at]), row_words, editable);
    }
    delta
}

#[inline]
pub(crate) fn push_editable(delta: &mut Delta, at: usize, wanted: u64, row_words: usize, editable: &Editable<'_>) {
    if wanted != 0 {
        let bits = wanted & editable.word(at, row_words);
        if bits != 0 {
            delta.push(at, bits);
        }
    }
}

/// What a rule for each word, `wanted(index, old)`, flips.
fn from_words(mask: &Mask, editable: &Editable<'_>, wanted: impl Fn(usize, u64) -> u64 + Sync) -> Delta {
    const PIECE: usize = 1 << 13;
    let row_words = mask.row_words();
    let pieces = mask.words().par_chunks(PIECE).enumerate().map(|(piece, words)| {
        let mut delta = Delta::default();
        for (n, &old) in words.iter().enumerate() {
            let at = piece * PIECE + n;
            push_editable(&mut delta, at, wanted(at, old), row_words, editable);
        }
        delta
    });
    let mut all = Delta::default();
    pieces.collect::<Vec<_>>().into_iter().for_each(|piece| all.append(piece));
    all
}

/// What a structure loses to those that gain.
fn loss(other: &Mask, targets: &[&Mask], changes: &[Delta]) -> Delta {
    let mut lost: Vec<(usize, u64)> = Vec::new();
    for (target, change) in targets.iter().zip(changes) {
        lost.extend(change.words().map(|(at, bits)| (at, bits & !target.words()[at] & other.words()[at])));
    }
    lost.sort_unstable();
    let mut delta = Delta::default();
    // Two targets may gain the same voxel, which is lost once.
    for same in lost.chunk_by(|a, b| a.0 == b.0) {
        let bits = same.iter().fold(0, |any, (_, bits)| any | bits);
        if let (Some(&(at, _)), true) = (same.first(), bits != 0) {
            delta.push(at, bits);
        }
    }
    delta
}
