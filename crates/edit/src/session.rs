//! A brush in use.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_plan::{Area, Limits, Mode, Overwrite, Stroke, StrokePath, Tool};
use fabrica_progress::Progress;
use fabrica_volume::{BlockSet, Mask, Volume};

use crate::apply::{Flips, MasksByName, push_editable, wanted, words_of};
use crate::delta::Delta;
use crate::limits::Editable;
use crate::masks::Masks;
use crate::spans::Frame;
use crate::tools::brush_spans;
use crate::{EditError, Source};

/// The settings of a brush.
#[derive(Clone, Debug, PartialEq)]
pub struct Brush {
    /// The structure that is painted.
    pub structure: String,
    /// Of the ball.
    pub radius: Mm,
    /// Add or erase.
    pub mode: Mode,
    /// Where.
    pub limits: Limits,
    /// Which other structures lose what this one gains.
    pub overwrite: Overwrite,
}

/// A brush in use: each movement changes the masks at once, and in the end there is a [`Stroke`] for the plan that does
/// exactly the same.
///
/// The masks here are the session's own (copies are made when first written to), so that whoever draws them can read them
/// without waiting for the case.
#[derive(Debug)]
pub struct EditSession {
    brush: Brush,
    path: StrokePath,
    frame: FrameOf,
    volume: Option<Arc<Volume>>,
    /// What the editable area refers to, as it was when the stroke began.
    area: MasksByName,
    /// The target first, then those overwritten.
    masks: Vec<(String, Arc<Mask>)>,
    flips: Vec<Delta>,
    last: Option<LpsPoint>,
}

struct FrameOf(Frame);

impl std::fmt::Debug for FrameOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Frame")
    }
}

impl EditSession {
    /// Takes a brush in hand. `masks` are at the point of the history that the user sees.
    ///
    /// # Errors
    /// When a structure is missing or on another grid, the brush's numbers make no sense, or a file cannot be read.
    pub fn begin(brush: Brush, masks: &mut Masks, source: &dyn Source, progress: &Progress) -> Result<Self, EditError> {
        let standing = |masks: &Masks, name: &str| {
            masks.standings().get(name).cloned().ok_or_else(|| EditError::UnknownStructure(name.into()))
        };
        let target = standing(masks, &brush.structure)?;
        if !(0.01..=1000.0).contains(&brush.radius.0) {
            return Err(EditError::Tool(format!("a radius of {} is not 0.01 to 1,000 mm", brush.radius)));
        }
        let named: Vec<String> = match &brush.limits.area {
            Area::Inside(names) | Area::Outside(names) => names.clone(),
            Area::Everywhere => Vec::new(),
        };
        let mut area = MasksByName::new();
        for name in named {
            if standing(masks, &name)?.volume != target.volume {
                return Err(EditError::OtherGrid { first: brush.structure.clone(), second: name });
            }
            area.insert(name.clone(), masks.mask(&name, source, progress)?);
        }
        let losers: Vec<String> = match brush.mode {
            Mode::Erase => Vec::new(),
            Mode::Add => masks
                .standings()
                .iter()
                .filter(|(name, s)| **name != brush.structure && s.volume == target.volume)
                .map(|(name, _)| name.clone())
                .filter(|name| match &brush.overwrite {
                    Overwrite::None => false,
                    Overwrite::Only(names) => names.contains(name),
                    Overwrite::AllBut(names) => !names.contains(name),
                })
                .collect(),
        };
        let mut held = vec![(brush.structure.clone(), masks.mask(&brush.structure, source, progress)?)];
        for name in losers {
            held.push((name.clone(), masks.mask(&name, source, progress)?));
        }
        let volume = match brush.limits.values {
            Some(_) => Some(source.volume(&target.volume, progress)?),
            None => None,
        };
        let mut this = Self {
            frame: FrameOf(Frame::new(held[0].1.grid())),
            flips: vec![Delta::default(); held.len()],
            masks: held,
            brush,
            path: StrokePath::default(),
            volume,
            area,
            last: None,
        };
        // The copy is made now, not in the first frame.
        Arc::make_mut(&mut this.masks[0].1);
        Ok(this)
    }

    /// Moves the brush on to a point: everything within the radius of the line from the last point is painted. Gives the
    /// blocks that changed, by structure; nothing where nothing did.
    ///
    /// # Errors
    /// When the point is not finite or over 100 m away, or the stroke has over 100,000 points.
    pub fn move_to(&mut self, to: LpsPoint) -> Result<BTreeMap<String, BlockSet>, EditError> {
        let before = self.path.len();
        self.path.push(to).map_err(|e| EditError::Tool(e.to_string()))?;
        if self.path.len() == before {
            return Ok(BTreeMap::new());
        }
        // The point as it is recorded, to the micrometre.
        let to = self.path.points().next_back().unwrap_or(to);
        let from = self.last.replace(to).unwrap_or(to);
        let mut spans = Vec::new();
        brush_spans(&self.frame.0, from, to, self.brush.radius, |span| spans.push(span));
        let (target, losers) = self.masks.split_first_mut().ok_or_else(|| EditError::Tool("no mask".into()))?;
        let target = Arc::make_mut(&mut target.1);
        let editable =
            Editable::new(&self.brush.limits, |name| self.area.get(name).map(Arc::as_ref), self.volume.as_deref());
        let row_words = target.row_words();
        let mut now = Delta::default();
        for (at, bits) in words_of(&spans, row_words, target.grid().dims()[1]) {
            let bits = wanted(self.brush.mode, bits, target.words().get(at).copied().unwrap_or(0));
            push_editable(&mut now, at, bits, row_words, &editable);
        }
        let mut changed = BTreeMap::new();
        let mut enter = |name: &str, mask: &Mask, delta: &Delta| {
            if !delta.is_empty() {
                let mut blocks = BlockSet::empty(mask.grid());
                delta.mark(mask, &mut blocks);
                changed.insert(name.to_owned(), blocks);
            }
        };
        now.flip(target);
        enter(&self.brush.structure, target, &now);
        for ((name, mask), all) in losers.iter_mut().zip(&mut self.flips[1..]) {
            let mut lost = Delta::default();
            for (at, bits) in now.words() {
                let taken = bits & mask.words().get(at).copied().unwrap_or(0);
                if taken != 0 {
                    lost.push(at, taken);
                }
            }
            if !lost.is_empty() {
                lost.flip(Arc::make_mut(mask));
                enter(name, mask, &lost);
                all.append(lost);
            }
        }
        self.flips[0].append(now);
        Ok(changed)
    }

    /// The mask of a structure that this brush changes, as it is now.
    pub fn mask(&self, name: &str) -> Option<&Arc<Mask>> {
        self.masks.iter().find(|(n, _)| n == name).map(|(_, mask)| mask)
    }

    /// The structures that this brush may change, the target first.
    pub fn structures(&self) -> impl Iterator<Item = &str> {
        self.masks.iter().map(|(name, _)| name.as_str())
    }

    /// Lifts the brush: the stroke for the plan, nothing when no point was made. `masks`, where the stroke began,
    /// remember what it does, so that taking it in costs next to nothing.
    ///
    /// # Errors
    /// When `masks` have lost the structure meanwhile. The stroke can still be made of [`EditSession::stroke`].
    pub fn finish(self, masks: &mut Masks) -> Result<Option<Stroke>, EditError> {
        let Some(stroke) = self.stroke() else { return Ok(None) };
        if let Some(version) = masks.version_of(&stroke)? {
            let names = self.masks.into_iter().map(|(name, _)| name);
            let flips: Flips = names.zip(self.flips).collect();
            masks.remember(version, flips);
        }
        Ok(Some(stroke))
    }

    /// The stroke so far, nothing when no point was made.
    pub fn stroke(&self) -> Option<Stroke> {
        if self.path.is_empty() {
            return None;
        }
        Some(Stroke {
            structure: self.brush.structure.clone(),
            tool: Tool::Brush { path: self.path.clone(), radius: self.brush.radius, mode: self.brush.mode },
            limits: self.brush.limits.clone(),
            overwrite: self.brush.overwrite.clone(),
        })
    }
}
