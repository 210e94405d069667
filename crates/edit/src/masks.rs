//! The masks of all structures at a point of a plan's history, kept up to date with it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use fabrica_plan::{OpId, Program, ProgramStep, Stroke};
use fabrica_progress::Progress;
use fabrica_segment::SegmentError;
use fabrica_volume::{BlockSet, Mask};

use crate::apply::{Flips, MasksByName, work_out};
use crate::delta::Delta;
use crate::resolve::{Doing, Plot, Resolved, Standing, Standings, enter};
use crate::tools::needs_volume;
use crate::version::Version;
use crate::{EditError, Source};

/// Memory for what strokes flipped, so that undo, redo and merging need not work it out again.
const MEMORY: usize = 256 << 20;

/// What changed in a structure's mask.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// These blocks.
    Blocks(BlockSet),
    /// All of it: the structure came, went, or has another file.
    All,
}

/// Voxels that a structure gains and loses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Voxels that come to it.
    pub gained: u64,
    /// Voxels that it loses.
    pub lost: u64,
}

/// What changed, by structure.
pub type Changes = BTreeMap<String, Change>;

/// The masks of all structures at a point of a plan's history.
///
/// [`Masks::bring_to`] takes them to any other point, or to what the history has become by undo or merging: back to
/// where both agree by flipping back what was flipped, and forward by strokes. What a stroke flips is remembered by the
/// versions of all that it follows from, so that coming by again costs next to nothing. Masks are read when they are
/// needed.
#[derive(Debug, Default)]
pub struct Masks {
    /// The structures before the first step.
    start: Standings,
    standings: Standings,
    held: MasksByName,
    /// The steps done since the floor, oldest first.
    done: Vec<Done>,
    /// Steps before `done` that cannot be taken back from here, by version.
    floor: Vec<Version>,
    memo: HashMap<Version, Arc<Effect>>,
    order: VecDeque<Version>,
    bytes: usize,
    begun: bool,
    /// The program that was asked for last.
    plot: Plot,
}

/// What a stroke does to certain masks.
#[derive(Debug, Default)]
struct Effect {
    flips: Flips,
    /// Why it changes nothing, when the tool cannot do it.
    refusal: Option<String>,
}

#[derive(Debug)]
struct Done {
    id: OpId,
    version: Version,
    before: Vec<(String, Option<Standing>)>,
    what: Taken,
}

#[derive(Debug)]
enum Taken {
    Nothing,
    Stroke(Arc<Effect>),
    /// The mask that a structure had, if it was in memory.
    Put(String, Option<Arc<Mask>>),
}

impl Effect {
    fn bytes(&self) -> usize {
        self.flips.iter().map(|(_, delta)| delta.bytes()).sum()
    }
}

impl Masks {
    /// Of a plan without any history; nothing is read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The structures at the point where the masks are.
    pub fn standings(&self) -> &Standings {
        &self.standings
    }

    /// Strokes that could change nothing at their place in the history (an island that a colleague had taken away
    /// before, say), and why. Those before the stored masks that work began with are not told again.
    pub fn refused(&self) -> Vec<(OpId, String)> {
        let refusal = |done: &Done| match &done.what {
            Taken::Stroke(effect) => Some((done.id, effect.refusal.clone()?)),
            _ => None,
        };
        self.done.iter().filter_map(refusal).collect()
    }

    /// Takes the masks to the end of a program. Says what changed.
    ///
    /// # Errors
    /// When a file is missing or damaged, or the user cancels. The masks are then at some point of the program, and the
    /// next call goes on from there.
    pub fn bring_to(
        &mut self,
        program: &Program,
        source: &dyn Source,
        progress: &Progress,
    ) -> Result<Changes, EditError> {
        let mut plot = std::mem::take(&mut self.plot);
        let changes = plot.follow(program, &source.structures()).and_then(|()| self.go_to(&plot, source, progress));
        self.plot = plot;
        changes
    }

    fn go_to(&mut self, plot: &Plot, source: &dyn Source, progress: &Progress) -> Result<Changes, EditError> {
        let mut changes = Changes::new();
        if !self.begun || !self.roll_back(plot, &mut changes) || !self.set_start(&plot.start, &mut changes) {
            self.restart(plot, source, &mut changes);
        }
        let from = self.floor.len() + self.done.len();
        let count = plot.steps.len();
        for (n, step) in plot.steps.iter().enumerate().skip(from) {
            progress.check()?;
            if count - from > 1 {
                progress.stage(format!("edit {} of {count}", n + 1));
            }
            self.take(step, source, progress, &mut changes)?;
        }
        self.forget();
        Ok(changes)
    }

    /// The mask of a structure, read or worked out if need be.
    ///
    /// # Errors
    /// When there is no such structure here, or its file cannot be read.
    pub fn mask(&mut self, name: &str, source: &dyn Source, progress: &Progress) -> Result<Arc<Mask>, EditError> {
        self.load(name, source, progress)?;
        self.held.get(name).cloned().ok_or_else(|| EditError::UnknownStructure(name.into()))
    }

    /// The version of the step that a stroke would be here; nothing when it would change nothing.
    pub(crate) fn version_of(&self, stroke: &Stroke) -> Result<Option<Version>, EditError> {
        crate::resolve::version_of(stroke, &self.standings)
    }

    /// Tries a stroke out: how many voxels each structure would gain and lose. Changes nothing, and remembers what it
    /// found for when the stroke is taken in.
    ///
    /// # Errors
    /// When a structure is missing or lies on another grid, the tool cannot do it, a file cannot be read, or the user
    /// cancels.
    pub fn try_out(
        &mut self,
        stroke: &Stroke,
        source: &dyn Source,
        progress: &Progress,
    ) -> Result<BTreeMap<String, Tally>, EditError> {
        let target = self.standings.get(&stroke.structure).cloned();
        let target = target.ok_or_else(|| EditError::UnknownStructure(stroke.structure.clone()))?;
        for name in stroke.targets().chain(stroke.sources()) {
            match self.standings.get(name) {
                None => return Err(EditError::UnknownStructure(name.into())),
                Some(s) if s.volume != target.volume => {
                    return Err(EditError::OtherGrid { first: stroke.structure.clone(), second: name.into() });
                }
                Some(_) => {}
            }
        }
        let Some((version, changed, overwritten)) = crate::resolve::plan_stroke(stroke, &self.standings)? else {
            return Ok(BTreeMap::new());
        };
        for name in changed.iter().map(String::as_str).chain(stroke.sources()) {
            self.load(name, source, progress)?;
        }
        let effect = match self.memo.get(&version) {
            Some(effect) => effect.clone(),
            None => {
                let volume = if needs_volume(stroke) { Some(source.volume(&target.volume, progress)?) } else { None };
                let flips = work_out(stroke, &overwritten, &self.held, volume.as_deref(), progress)?;
                self.keep(version, Effect { flips, refusal: None })
            }
        };
        if let Some(why) = &effect.refusal {
            return Err(EditError::Tool(why.clone()));
        }
        let tally = |(name, delta): &(String, Delta)| {
            let mask = self.held.get(name)?;
            let mut tally = Tally::default();
            for (at, bits) in delta.words() {
                let old = mask.words().get(at).copied().unwrap_or(0);
                tally.gained += u64::from((bits & !old).count_ones());
                tally.lost += u64::from((bits & old).count_ones());
            }
            Some((name.clone(), tally))
        };
        Ok(effect.flips.iter().filter_map(tally).filter(|(_, t)| *t != Tally::default()).collect())
    }

    /// Remembers what a stroke flips, worked out elsewhere (by a brush in use), for when the program has it.
    pub(crate) fn remember(&mut self, version: Version, flips: Flips) {
        if self.memo.contains_key(&version) {
            return;
        }
        self.keep(version, Effect { flips, refusal: None });
    }

    fn keep(&mut self, version: Version, effect: Effect) -> Arc<Effect> {
        self.bytes += effect.bytes();
        self.order.push_back(version);
        let effect = Arc::new(effect);
        self.memo.insert(version, effect.clone());
        effect
    }

    /// Goes back to the last step that the program has too. Whether that is possible from here.
    fn roll_back(&mut self, plot: &Plot, changes: &mut Changes) -> bool {
        let same = |n: usize, version: Version| plot.steps.get(n).is_some_and(|s| s.version == version);
        if !self.floor.iter().enumerate().all(|(n, v)| same(n, *v)) {
            return false;
        }
        let floor = self.floor.len();
        let agreed = self.done.iter().enumerate().take_while(|(n, d)| same(floor + n, d.version)).count();
        while self.done.len() > agreed {
            let Some(done) = self.done.pop() else { break };
            match done.what {
                Taken::Nothing => {}
                Taken::Stroke(effect) => self.flip(&effect.flips, changes),
                Taken::Put(name, mask) => {
                    changes.insert(name.clone(), Change::All);
                    match mask {
                        Some(mask) => drop(self.held.insert(name, mask)),
                        None => drop(self.held.remove(&name)),
                    }
                }
            }
            for (name, standing) in done.before {
                match standing {
                    Some(standing) => drop(self.standings.insert(name, standing)),
                    None => drop(self.standings.remove(&name)),
                }
            }
        }
        true
    }

    /// Takes in files that came or went without a word of the program. Whether no step done so far has to do with them.
    fn set_start(&mut self, start: &Standings, changes: &mut Changes) -> bool {
        let old = std::mem::replace(&mut self.start, start.clone());
        let names: BTreeSet<&String> =
            old.keys().chain(start.keys()).filter(|n| old.get(*n) != start.get(*n)).collect();
        if !names.is_empty() && !self.floor.is_empty() {
            return false;
        }
        for name in names {
            if self.done.iter().any(|d| d.before.iter().any(|(n, _)| n == name)) {
                return false;
            }
            changes.insert(name.clone(), Change::All);
            self.held.remove(name);
            match start.get(name) {
                Some(standing) => drop(self.standings.insert(name.clone(), standing.clone())),
                None => drop(self.standings.remove(name)),
            }
        }
        true
    }

    /// Begins anew, at the latest point of the program for which every mask is stored.
    fn restart(&mut self, plot: &Plot, source: &dyn Source, changes: &mut Changes) {
        for name in self.standings.keys().chain(plot.end.keys()) {
            changes.insert(name.clone(), Change::All);
        }
        self.held.clear();
        self.done.clear();
        self.begun = true;
        self.start = plot.start.clone();
        let mut known: HashMap<Version, bool> = HashMap::new();
        loop {
            let (at, floor) =
                latest_stored(plot, |version| *known.entry(version).or_insert_with(|| source.has_stored(version)));
            self.floor = plot.steps.iter().take(floor).map(|s| s.version).collect();
            match self.load_stored(&at, source) {
                Ok(()) => {
                    self.standings = at;
                    return;
                }
                // It is damaged: from an earlier point, then.
                Err(version) => drop(known.insert(version, false)),
            }
        }
    }

    /// Reads the stored masks of all structures that strokes have changed, or says which is of no use.
    fn load_stored(&mut self, standings: &Standings, source: &dyn Source) -> Result<(), Version> {
        self.held.clear();
        for (name, standing) in standings.iter().filter(|(_, s)| s.strokes > 0) {
            let grid = source.grid(&standing.volume).map_err(|_| standing.version)?;
            let mask = source.stored(standing.version, &grid).ok_or(standing.version)?;
            self.held.insert(name.clone(), Arc::new(mask));
        }
        Ok(())
    }

    fn take(
        &mut self,
        step: &Resolved,
        source: &dyn Source,
        progress: &Progress,
        changes: &mut Changes,
    ) -> Result<(), EditError> {
        let what = match (&step.doing, &step.step) {
            (Doing::Put { name, standing }, _) => {
                changes.insert(name.clone(), Change::All);
                let empty = match standing {
                    Some(s) if s.base.is_none() => Some(Arc::new(Mask::empty(source.grid(&s.volume)?))),
                    _ => None,
                };
                let before = match empty {
                    Some(mask) => self.held.insert(name.clone(), mask),
                    None => self.held.remove(name),
                };
                Taken::Put(name.clone(), before)
            }
            (Doing::Stroke { overwritten }, ProgramStep::Stroke(stroke)) => {
                let changed: Vec<String> = step.after.iter().map(|(name, _)| name.clone()).collect();
                for name in &changed {
                    self.load(name, source, progress)?;
                }
                let effect = match self.memo.get(&step.version) {
                    Some(effect) => effect.clone(),
                    None => {
                        for name in stroke.sources() {
                            self.load(name, source, progress)?;
                        }
                        let target = self.standings.get(&stroke.structure);
                        let id = target.map(|s| s.volume.clone()).unwrap_or_default();
                        let volume = if needs_volume(stroke) { Some(source.volume(&id, progress)?) } else { None };
                        let effect = match work_out(stroke, overwritten, &self.held, volume.as_deref(), progress) {
                            Ok(flips) => Effect { flips, refusal: None },
                            // The same on every machine, so the masks stay the same.
                            Err(error) if refuses(&error) => {
                                Effect { flips: Flips::new(), refusal: Some(error.to_string()) }
                            }
                            Err(error) => return Err(error),
                        };
                        self.keep(step.version, effect)
                    }
                };
                self.flip(&effect.flips, changes);
                Taken::Stroke(effect)
            }
            _ => Taken::Nothing,
        };
        enter(&mut self.standings, &step.after);
        self.done.push(Done { id: step.id, version: step.version, before: step.before.clone(), what });
        Ok(())
    }

    fn flip(&mut self, flips: &[(String, Delta)], changes: &mut Changes) {
        for (name, delta) in flips {
            let Some(mask) = self.held.get_mut(name) else { continue };
            let mask = Arc::make_mut(mask);
            delta.flip(mask);
            let change = changes.entry(name.clone()).or_insert_with(|| Change::Blocks(BlockSet::empty(mask.grid())));
            if let Change::Blocks(blocks) = change {
                delta.mark(mask, blocks);
            }
        }
    }

    /// Reads a structure's mask as it stands, unless it is in memory. What strokes have changed since the floor always is.
    fn load(&mut self, name: &str, source: &dyn Source, progress: &Progress) -> Result<(), EditError> {
        if self.held.contains_key(name) {
            return Ok(());
        }
        let standing = self.standings.get(name).ok_or_else(|| EditError::UnknownStructure(name.into()))?;
        let mask = match &standing.base {
            Some(base) => source.base(base, progress)?,
            None => Mask::empty(source.grid(&standing.volume)?),
        };
        self.held.insert(name.to_owned(), Arc::new(mask));
        Ok(())
    }

    /// Keeps the memory for flips within bounds: the oldest go first.
    fn forget(&mut self) {
        while self.bytes > MEMORY {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(effect) = self.memo.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(effect.bytes());
            }
            let known = self.done.iter().position(|d| d.version == oldest);
            if let Some(at) = known {
                // From before this step there is no way back but from the start.
                self.floor.extend(self.done.drain(..=at).map(|d| d.version));
            }
        }
    }
}

/// The latest point of a program for which all masks that strokes have changed are stored, and how many steps lead there.
fn latest_stored(plot: &Plot, mut stored: impl FnMut(Version) -> bool) -> (Standings, usize) {
    let mut at = plot.start.clone();
    let mut best = (at.clone(), 0);
    for (n, step) in plot.steps.iter().enumerate() {
        enter(&mut at, &step.after);
        if at.values().all(|s| s.strokes == 0 || stored(s.version)) {
            best = (at.clone(), n + 1);
        }
    }
    best
}

/// Whether an error is a matter of what the stroke and the masks are, and not of this machine.
fn refuses(error: &EditError) -> bool {
    match error {
        EditError::Tool(_) | EditError::Mask(_) => true,
        EditError::Segment(SegmentError::Cancelled(_)) => false,
        EditError::Segment(_) => true,
        _ => false,
    }
}
