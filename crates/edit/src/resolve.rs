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

/// Which structures there are at the end of a program, for a program that grows: what was worked out of its beginning is
/// kept, so that an operation costs the same after a thousand strokes as after one.
#[derive(Clone, Debug, Default)]
pub struct Resolver(Plot);

impl Resolver {
    /// The structures at the end of a program. `now` are those that have a file now, and which.
    ///
    /// # Errors
    /// When a stroke cannot be written down, which no stroke of a plan is.
    pub fn standings(&mut self, program: &Program, now: &[(String, Base)]) -> Result<&Standings, EditError> {
        self.0.follow(program, now)?;
        Ok(&self.0.end)
    }
}

/// What a step does.
#[derive(Clone, Debug)]
pub(crate) enum Doing {
    /// A structure comes, goes, or gets another file.
    Put { name: String, standing: Option<Standing> },
    /// The step's stroke.
    Stroke { overwritten: Vec<String> },
    /// A stroke on what is not there (any more): a colleague took it away at the same time. Changes nothing.
    Nothing,
}

/// One step, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub id: OpId,
    /// The step as the program has it.
    pub step: ProgramStep,
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
    /// Brings it to a program. `now` are the structures that have a file in the case, as they are now: those that the
    /// program never says anything else about were there from the start.
    pub fn follow(&mut self, program: &Program, now: &[(String, Base)]) -> Result<(), EditError> {
        let start = start(program, now);
        let same = |(known, (id, step)): &(&Resolved, &(OpId, ProgramStep))| known.id == *id && known.step == *step;
        let agreed = match self.start == start {
            true => self.steps.iter().zip(program.steps()).take_while(same).count(),
            false => 0,
        };
        if self.start != start || agreed < self.steps.len() {
            self.steps.truncate(agreed);
            self.end.clone_from(&start);
            for step in &self.steps {
                enter(&mut self.end, &step.after);
            }
        }
        self.start = start;
        for (id, step) in program.steps().iter().skip(agreed) {
            let resolved = resolve(*id, step, &self.end)?;
            enter(&mut self.end, &resolved.after);
            self.steps.push(resolved);
        }
        Ok(())
    }
}

/// Enters what a step makes of structures.
pub(crate) fn enter(standings: &mut Standings, after: &[(String, Option<Standing>)]) {
    for (name, standing) in after {
        match standing {
            Some(standing) => drop(standings.insert(name.clone(), standing.clone())),
            None => drop(standings.remove(name)),
        }
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
            step: step.clone(),
            version: Version::hash(["put".as_bytes(), name.as_bytes(), mark]),
            doing: Doing::Put { name: name.to_owned(), standing: after.clone() },
            before: vec![(name.to_owned(), standings.get(name).cloned())],
            after: vec![(name.to_owned(), after)],
        }
    };
    let nothing = |why: &str| Resolved {
        id,
        step: step.clone(),
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
            Resolved { id, step: step.clone(), version, doing: Doing::Stroke { overwritten }, before, after }
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

#[cfg(test)]
mod tests {
    use fabrica_geometry::{LpsPoint, Mm};
    use fabrica_plan::{Author, EditOperation, Mode, Plan, StrokePath, Tool};
    use fabrica_volume::Rgb;

    use super::*;

    #[test]
    fn a_program_that_grows_shrinks_and_changes_is_followed() {
        let by = Author::new("Anna").unwrap();
        let mut plan = Plan::new();
        plan.declare([], ["volume-1".to_owned()]);
        let create = EditOperation::Create { structure: "a".into(), volume: "volume-1".into(), colour: Rgb(1, 2, 3) };
        plan.apply(create.into(), &by).unwrap();
        let mut resolver = Resolver::default();
        let mut check = |plan: &Plan, strokes: usize| {
            let anew = Resolver::default().standings(&plan.program(), &[]).unwrap().clone();
            let grown = resolver.standings(&plan.program(), &[]).unwrap();
            assert_eq!(*grown, anew);
            assert_eq!(grown.get("a").map(|s| s.strokes), Some(strokes));
        };
        check(&plan, 0);
        let stroke = |x: f64| {
            let path = StrokePath::new([LpsPoint::new(x, 0.0, 0.0)]).unwrap();
            Stroke::new("a", Tool::Brush { path, radius: Mm(3.0), mode: Mode::Add })
        };
        for n in 0..3 {
            plan.apply(stroke(f64::from(n)).into(), &by).unwrap();
            check(&plan, n as usize + 1);
        }
        plan.undo(&by).unwrap();
        plan.undo(&by).unwrap();
        check(&plan, 1);
        plan.apply(stroke(9.0).into(), &by).unwrap();
        check(&plan, 2);
    }
}
