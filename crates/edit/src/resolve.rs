//! A program with everything in it named: which structures there are at each step, and which versions they have.

use std::collections::BTreeMap;

use fabrica_plan::{Base, OpId, Overwrite, Program, ProgramStep, Stroke};

use crate::EditError;
use crate::version::Version;

/// A structure at a point of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// On whose grid it lies.
    pub volume: String,
    /// Which mask it has.
    pub version: Version,
    /// The file that it began with; nothing for one made in the plan.
    pub base: Option<Base>,
    /// How many strokes have changed it since.
    pub strokes: usize,
    /// Whether one of them moved its border away from where the scan's values put it.
    pub moved: bool,
}

/// All structures at a point of a program, by name.
pub type Standings = BTreeMap<String, Standing>;

/// The structures at the end of a program. `now` are those that have a file now, and which.
///
/// # Errors
/// When a stroke cannot be written down, which no stroke of a plan is.
pub fn standings(program: &Program, now: &[(String, Base)]) -> Result<Standings, EditError> {
    Ok(Plot::new(program, now)?.end)
}

/// What a step does.
#[derive(Clone, Debug)]
pub(crate) enum Doing {
    /// A structure comes, goes, or gets another file.
    Put { name: String, standing: Option<Standing> },
    /// A stroke.
    Stroke { stroke: Stroke, overwritten: Vec<String> },
    /// A stroke on what is not there (any more): a colleague took it away at the same time. Changes nothing.
    Nothing,
}

/// One step, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub id: OpId,
    /// Equal versions do the same to the same.
    pub version: Version,
    pub doing: Doing,
    /// The standings that it changes, before and after.
    pub before: Vec<(String, Option<Standing>)>,
    pub after: Vec<(String, Option<Standing>)>,
}

/// A program, resolved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plot {
    pub start: Standings,
    pub steps: Vec<Resolved>,
    pub end: Standings,
}

impl Plot {
    /// `now` are the structures that have a file in the case, as they are now: those that the program never says
    /// anything else about were there from the start.
    pub fn new(program: &Program, now: &[(String, Base)]) -> Result<Self, EditError> {
        let start = start(program, now);
        let mut standings = start.clone();
        let mut steps = Vec::with_capacity(program.steps().len());
        for (id, step) in program.steps() {
            let resolved = resolve(*id, step, &standings)?;
            for (name, standing) in &resolved.after {
                match standing {
                    Some(standing) => drop(standings.insert(name.clone(), standing.clone())),
                    None => drop(standings.remove(name)),
                }
            }
            steps.push(resolved);
        }
        Ok(Self { start, steps, end: standings })
    }
}

impl Standing {
    fn of(base: &Base) -> Self {
        let version = Version::of_base(base);
        Self { volume: base.volume.clone(), version, base: Some(base.clone()), strokes: 0, moved: false }
    }
}

fn start(program: &Program, now: &[(String, Base)]) -> Standings {
    let first = program.first_bases();
    let kept = now.iter().filter(|(name, _)| !first.contains_key(name)).map(|(name, base)| (name, base));
    let named = first.iter().filter_map(|(name, base)| Some((name, base.as_ref()?)));
    kept.chain(named).map(|(name, base)| (name.clone(), Standing::of(base))).collect()
}

fn resolve(id: OpId, step: &ProgramStep, standings: &Standings) -> Result<Resolved, EditError> {
    let put = |name: &str, after: Option<Standing>| {
        let mark = after.as_ref().map(|s| s.version.bytes().as_slice()).unwrap_or_default();
        Resolved {
            id,
            version: Version::hash(["put".as_bytes(), name.as_bytes(), mark]),
            doing: Doing::Put { name: name.to_owned(), standing: after.clone() },
            before: vec![(name.to_owned(), standings.get(name).cloned())],
            after: vec![(name.to_owned(), after)],
        }
    };
    let nothing = |why: &str| Resolved {
        id,
        version: Version::hash(["nothing".as_bytes(), why.as_bytes()]),
        doing: Doing::Nothing,
        before: Vec::new(),
        after: Vec::new(),
    };
    Ok(match step {
        // Two users made one of the same name: it is one structure.
        ProgramStep::Create { structure, .. } if standings.contains_key(structure) => nothing(structure),
        ProgramStep::Create { structure, volume, .. } => {
            let made =
                Standing { volume: volume.clone(), version: Version::empty(), base: None, strokes: 0, moved: false };
            put(structure, Some(made))
        }
        ProgramStep::SetBase { structure, to, .. } => put(structure, to.as_ref().map(Standing::of)),
        ProgramStep::Stroke(stroke) => {
            let Some((version, changed, overwritten)) = plan_stroke(stroke, standings)? else {
                return Ok(nothing(&stroke.structure));
            };
            let after = changed.iter().filter_map(|name| {
                let mut standing = standings.get(name)?.clone();
                standing.version = version.of(name);
                standing.strokes += 1;
                standing.moved |= stroke.moves_border() && stroke.targets().any(|t| t == name);
                Some((name.clone(), Some(standing)))
            });
            let before = changed.iter().map(|name| (name.clone(), standings.get(name).cloned()));
            let (before, after) = (before.collect(), after.collect());
            Resolved { id, version, doing: Doing::Stroke { stroke: stroke.clone(), overwritten }, before, after }
        }
    })
}

/// A step's version, the structures that it changes, and which of them by overwriting.
type PlannedStroke = (Version, Vec<String>, Vec<String>);

/// The version of the step that a stroke would be, the structures that it would change, and which of them only by being
/// overwritten. Nothing when a structure is missing or lies on another grid.
pub(crate) fn plan_stroke(stroke: &Stroke, standings: &Standings) -> Result<Option<PlannedStroke>, EditError> {
    let Some(target) = standings.get(&stroke.structure) else { return Ok(None) };
    let beside = |name: &str| standings.get(name).is_some_and(|s| s.volume == target.volume);
    if !stroke.targets().chain(stroke.sources()).all(beside) {
        return Ok(None);
    }
    let is_target = |name: &str| stroke.targets().any(|t| t == name);
    let may_lose = |name: &str| match &stroke.overwrite {
        Overwrite::None => false,
        Overwrite::Only(names) => names.iter().any(|n| n == name),
        Overwrite::AllBut(names) => !names.iter().any(|n| n == name),
    };
    let overwritten: Vec<String> = standings
        .iter()
        .filter(|(name, s)| s.volume == target.volume && !is_target(name) && may_lose(name))
        .map(|(name, _)| name.clone())
        .collect();
    let changed: Vec<&str> = stroke.targets().chain(overwritten.iter().map(String::as_str)).collect();
    let mut involved: Vec<&str> = changed.iter().copied().chain(stroke.sources()).collect();
    involved.sort_unstable();
    involved.dedup();
    let versions = involved.iter().filter_map(|name| Some((*name, standings.get(*name)?.version)));
    let version = Version::of_stroke(stroke, versions)?;
    let changed = changed.into_iter().map(str::to_owned).collect();
    Ok(Some((version, changed, overwritten)))
}

/// The version of the step that a stroke would be; nothing when it would change nothing.
pub(crate) fn version_of(stroke: &Stroke, standings: &Standings) -> Result<Option<Version>, EditError> {
    Ok(plan_stroke(stroke, standings)?.map(|(version, ..)| version))
}
