//! Where the tool may work, and what it takes voxels from: the options as the plan writes them down.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use fabrica_geometry::Mm;
use fabrica_plan::{Area, Limits, Overwrite, Stroke, Tool, ValueRange};
use fabrica_scene::input::Tools;
use fabrica_scene::{Editing, Notices, OpenCase, SceneStructure, Severity};

use crate::{ID, option};

/// The whole volume.
pub const EVERYWHERE: &str = "everywhere";
/// Before a structure's name.
const INSIDE: &str = "inside ";
const OUTSIDE: &str = "outside ";
/// All others than the one in hand.
const OUTSIDE_OTHERS: &str = "outside all others";

/// The areas to choose from.
pub fn areas(structures: &[String]) -> Vec<String> {
    let named = structures.iter().flat_map(|name| [INSIDE, OUTSIDE].map(|side| format!("{side}{name}")));
    [EVERYWHERE, OUTSIDE_OTHERS].map(str::to_owned).into_iter().chain(named).collect()
}

/// The other structures that are seen and not locked.
pub fn against<'a>(case: &'a OpenCase, structure: &'a str) -> impl Iterator<Item = &'a SceneStructure> {
    case.structures.iter().filter(move |s| s.structure.name != structure && s.appearance.is_seen() && !s.locked)
}

/// The settings, and whom to tell when they do not go together.
#[derive(SystemParam)]
pub struct Settings<'w> {
    /// The tool's options.
    pub tools: ResMut<'w, Tools>,
    /// What is open.
    pub case: Res<'w, OpenCase>,
    /// What panels show and say.
    pub editing: ResMut<'w, Editing>,
    notices: ResMut<'w, Notices>,
}

impl Settings<'_> {
    /// The structure in hand, if it can be edited now; else the user is told why not.
    pub fn structure(&mut self) -> Option<String> {
        let name = self.tools.chosen(ID, option::STRUCTURE).map(str::to_owned);
        let shown = self.case.structures.iter().find(|s| Some(&s.structure.name) == name.as_ref());
        match (name, shown.map(|s| s.locked)) {
            (Some(name), Some(false)) => Some(name),
            (Some(name), Some(true)) => {
                self.tell(format!("\"{name}\" is locked. Unlock it in the panel to edit it."));
                None
            }
            _ => {
                self.tell("There is no structure to edit. Make one in the panel: New structure.".into());
                None
            }
        }
    }

    /// Tells the user, once.
    pub fn tell(&mut self, text: String) {
        self.notices.tell_once(Severity::Warning, text);
    }

    /// A length among the options.
    pub fn length(&self, option: &str) -> Mm {
        self.tools.length(ID, option).unwrap_or(Mm(1.0))
    }

    /// Where voxels may change.
    pub fn limits(&self, structure: &str) -> Limits {
        let others = || {
            let names = self.case.structures.iter().map(|s| &s.structure.name);
            names.filter(|name| *name != structure).cloned().collect::<Vec<_>>()
        };
        let area = match self.tools.chosen(ID, option::AREA) {
            // Beside no other structure that is everywhere.
            Some(OUTSIDE_OTHERS) => match others() {
                names if names.is_empty() => Area::Everywhere,
                names => Area::Outside(names),
            },
            Some(area) => match (area.strip_prefix(INSIDE), area.strip_prefix(OUTSIDE)) {
                (Some(name), _) => Area::Inside(vec![name.to_owned()]),
                (_, Some(name)) => Area::Outside(vec![name.to_owned()]),
                _ => Area::Everywhere,
            },
            None => Area::Everywhere,
        };
        let limited = self.tools.is_on(ID, option::VALUES);
        Limits { area, values: limited.then(|| self.values()).flatten() }
    }

    /// The range of values: the panel's, or the window's.
    pub fn values(&self) -> Option<ValueRange> {
        let of_window = || self.case.window.map(|window| window.range());
        let [lower, upper] = self.editing.values.or_else(of_window)?;
        Some(ValueRange { lower: Some(lower), upper: Some(upper) })
    }

    /// Which others lose what this structure gains, written down as things are now.
    pub fn overwrite(&self, structure: &str) -> Overwrite {
        let named = |keep: &dyn Fn(&SceneStructure) -> bool| {
            let others = self.case.structures.iter().filter(|s| s.structure.name != structure && keep(s));
            others.map(|s| s.structure.name.clone()).collect::<Vec<_>>()
        };
        match self.tools.chosen(ID, option::OVERWRITE) {
            Some("visible others") => Overwrite::Only(named(&|s| s.appearance.is_seen() && !s.locked)),
            Some("all others") => Overwrite::AllBut(named(&|s| s.locked)),
            _ => Overwrite::None,
        }
    }

    /// The other structures that are seen and not locked: what growing and joint smoothing work against.
    pub fn seen_others(&self, structure: &str) -> Vec<String> {
        against(&self.case, structure).map(|s| s.structure.name.clone()).collect()
    }

    /// A stroke of the structure in hand with these settings.
    pub fn stroke(&self, structure: String, tool: Tool, adds: bool) -> Stroke {
        let overwrite = if adds { self.overwrite(&structure) } else { Overwrite::None };
        Stroke { tool, limits: self.limits(&structure), overwrite, structure }
    }
}
