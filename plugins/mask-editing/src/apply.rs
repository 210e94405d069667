//! What is done by a press on a place, or by the button.

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, LpsVector, Mm, Mm3, PatientAxis};
use fabrica_plan::{HollowSide, IslandChoice, Logic, Mode, Smoothing, Tool};
use fabrica_scene::Request;
use fabrica_scene::input::Tools;

use crate::growing::PER_MM;
use crate::kind::{self, Kind, Use};
use crate::pointing::{By, Pointed};
use crate::settings::Settings;
use crate::{ID, option};

/// Does it.
pub fn apply(pointed: Res<Pointed>, mut settings: Settings, mut requests: MessageWriter<Request>) {
    let accepted = Tools::take_press(&mut settings.tools, ID, option::ACCEPT);
    // What was looked at while seeds were painted is grown, whatever is in the hand.
    let kind = if accepted { Kind::Grow } else { kind::chosen(&settings.tools) };
    let pressed = Tools::take_press(&mut settings.tools, ID, option::APPLY) || accepted;
    let at = pointed.at.filter(|_| pointed.press.started && kind.used() == Use::Press);
    if at.is_none() && !(pressed && kind.used() == Use::Button) {
        return;
    }
    let Some(structure) = settings.structure() else { return };
    match tool(kind, at, pointed.by, &structure, &settings) {
        Ok(tool) => {
            requests.write(Request::Edit(Box::new(settings.stroke(structure, tool, kind.adds()))));
            if kind == Kind::Grow {
                settings.tools.set(ID, option::LOOK, "off").ok();
            }
        }
        Err(why) => settings.tell(why.to_owned()),
    }
}

fn tool(kind: Kind, at: Option<LpsPoint>, by: By, structure: &str, settings: &Settings) -> Result<Tool, &'static str> {
    let length = settings.length(option::LENGTH);
    let at = at.ok_or("Press on a place in the patient.");
    let others = || match settings.seen_others(structure) {
        names if names.is_empty() => Err("This works against other structures; show at least one that is not locked."),
        names => Ok(names),
    };
    Ok(match kind {
        Kind::Brush | Kind::Eraser | Kind::Draw | Kind::EraseDrawn | Kind::CutInside | Kind::CutOutside => {
            return Err("Press and drag for this.");
        }
        Kind::Level => {
            let By::Slice(normal) = by else { return Err("A level is traced on a slice view: press there.") };
            Tool::LevelTracing { at: at?, across: across(normal), mode: Mode::Add }
        }
        Kind::KeepIsland => Tool::Islands(IslandChoice::KeepAt { at: at? }),
        Kind::RemoveIsland => Tool::Islands(IslandChoice::RemoveAt { at: at? }),
        Kind::LargestIsland => Tool::Islands(IslandChoice::KeepLargest { count: 1 }),
        Kind::Threshold => {
            let values = settings.values().ok_or("There is no range of values: set it in the panel.")?;
            Tool::Threshold { values, mode: Mode::Add }
        }
        Kind::Grow => Tool::GrowFromSeeds { with: others()?, per_mm: PER_MM, margin: None },
        Kind::Between => Tool::FillBetweenSlices { across: PatientAxis::InferiorSuperior },
        Kind::Median => Tool::Smooth(Smoothing::Median { radius: length }),
        Kind::Opening => Tool::Smooth(Smoothing::Opening { radius: length }),
        Kind::Closing => Tool::Smooth(Smoothing::Closing { radius: length }),
        Kind::Gaussian => Tool::Smooth(Smoothing::Gaussian { sigma: length }),
        Kind::Jointly => Tool::SmoothJointly { with: others()?, sigma: length },
        Kind::GrowMargin => Tool::Margin { by: length },
        Kind::ShrinkMargin => Tool::Margin { by: Mm(-length.0) },
        Kind::Hollow => Tool::Hollow { thickness: length, side: HollowSide::Outer },
        Kind::HollowAround => Tool::Hollow { thickness: length, side: HollowSide::Inner },
        // As large as a ball of that radius.
        Kind::SmallIslands => {
            let than = Mm3(4.0 / 3.0 * std::f64::consts::PI * length.0.powi(3));
            Tool::Islands(IslandChoice::RemoveSmaller { than })
        }
        Kind::Add => Tool::Logic(Logic::Add(other(structure, settings)?)),
        Kind::Subtract => Tool::Logic(Logic::Subtract(other(structure, settings)?)),
        Kind::Intersect => Tool::Logic(Logic::Intersect(other(structure, settings)?)),
        Kind::Copy => Tool::Logic(Logic::Copy(other(structure, settings)?)),
        Kind::Invert => Tool::Logic(Logic::Invert),
        Kind::Clear => Tool::Logic(Logic::Clear),
    })
}

/// The other structure of logic.
fn other(structure: &str, settings: &Settings) -> Result<String, &'static str> {
    let other = settings.tools.chosen(ID, option::OTHER).filter(|name| *name != structure);
    other.map(str::to_owned).ok_or("Choose another structure than the one that is edited.")
}

/// The axis nearest to a slice's normal.
fn across(normal: LpsVector) -> PatientAxis {
    let [x, y, z] = normal.0.abs().to_array();
    if z >= x && z >= y {
        PatientAxis::InferiorSuperior
    } else if y >= x {
        PatientAxis::AnteriorPosterior
    } else {
        PatientAxis::RightLeft
    }
}
