//! Instruments, as a hospital describes them in a data file.
//!
//! ```toml
//! name = "biopsy needle 1.3 mm"
//! kind = "needle"
//! note = "where the numbers are from"
//! working_length_mm = 150    # how deep it may go, from the tip
//! error_mm = 0.5             # standard deviation of the tip when it is held in the room; may be left out
//!
//! # Parts, each in the instrument's own frame: the tip at 0, +x backwards along the shaft, y and z across.
//! [[parts]]
//! shape = "turned"           # diameters along the axis: [distance from the tip, diameter], straight between
//! diameters_mm = [[0, 0], [2, 1.3], [150, 1.3]]
//! ```
//! Other shapes are `ball` (`at_mm` along the axis, `diameter_mm`) and `box` (`from_mm`, `to_mm`: two opposite corners).
//! `limits` may hold `least_angle_to_surface_degrees`, `greatest_speed_rpm` and so on; `view` belongs to endoscopes. A `mesh`
//! names a file beside the data file for display; distances are always taken from the parts.

use std::collections::BTreeMap;

use fabrica_geometry::Mm;
use serde::{Deserialize, Serialize};

use crate::ApproachError;

/// The longest and widest that an instrument may be, mm.
const LARGEST: f64 = 2000.0;

/// What kind of instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum InstrumentKind {
    /// Removes bone with its tip.
    Drill,
    /// Goes through tissue.
    Needle,
    /// Opens a way for others.
    Trocar,
    /// Looks, straight or at an angle.
    Endoscope,
    /// A tube.
    Cannula,
    /// A Kirschner wire.
    KWire,
    /// Stays in a pedicle.
    PedicleScrew,
    /// Saws a window into the skull.
    Craniotome,
    /// Holds tissue away.
    Retractor,
    /// Guides a needle.
    BiopsyFrame,
    /// Anything else.
    Other,
}

/// An instrument.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Instrument {
    /// Its name.
    pub name: String,
    /// What kind.
    pub kind: InstrumentKind,
    /// Where the numbers are from, what to mind.
    pub note: String,
    /// How deep it may go, from the tip.
    pub working_length: Mm,
    /// Standard deviation of where the tip is when it is held in the room.
    pub error: Mm,
    /// Its shape.
    pub parts: Vec<Part>,
    /// Limits by their names, such as `greatest_speed_rpm`.
    pub limits: BTreeMap<String, f64>,
    /// Of an endoscope.
    pub view: Option<EndoscopeView>,
    /// A mesh for display.
    pub mesh: Option<String>,
}

/// A convex part of an instrument, in its own frame: the tip at 0, +x backwards along the shaft, mm.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Part {
    /// Distance from the tip and radius, both mm, in order; the radius is a concave function of the distance.
    Turned(Vec<[f64; 2]>),
    /// Its middle on the axis and its radius, mm.
    Ball {
        /// Distance of the middle from the tip, mm.
        at: f64,
        /// Radius, mm.
        radius: f64,
    },
    /// The least and greatest coordinates, mm.
    Box([[f64; 3]; 2]),
}

/// What an endoscope sees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndoscopeView {
    /// Between the shaft's axis and the middle of the view: 0°, 30°, 45°.
    pub angle_degrees: f64,
    /// From edge to edge.
    pub field_degrees: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    name: String,
    kind: InstrumentKind,
    note: String,
    working_length_mm: f64,
    #[serde(default)]
    error_mm: f64,
    parts: Vec<PartText>,
    #[serde(default)]
    limits: BTreeMap<String, f64>,
    view: Option<EndoscopeView>,
    mesh: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "shape", rename_all = "snake_case", deny_unknown_fields)]
enum PartText {
    Turned { diameters_mm: Vec<[f64; 2]> },
    Ball { at_mm: f64, diameter_mm: f64 },
    Box { from_mm: [f64; 3], to_mm: [f64; 3] },
}

impl Instrument {
    /// Reads the text of a data file. `file` is what errors call it.
    ///
    /// # Errors
    /// When it is no such text, or a number makes no sense; the message says which and what is allowed.
    pub fn read(text: &str, file: &str) -> Result<Self, ApproachError> {
        let wrong = |what: String| ApproachError::Data { file: file.into(), what };
        let text: Text = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        let name = text.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(wrong("name must have 1 to 100 printable characters".into()));
        }
        if !(text.working_length_mm > 0.0 && text.working_length_mm <= LARGEST) {
            return Err(wrong(format!("working_length_mm {} is not over 0 to {LARGEST}", text.working_length_mm)));
        }
        if !(0.0..=50.0).contains(&text.error_mm) {
            return Err(wrong(format!("error_mm {} is not 0 to 50", text.error_mm)));
        }
        if let Some(view) = text.view
            && !((0.0..=120.0).contains(&view.angle_degrees) && (1.0..=180.0).contains(&view.field_degrees))
        {
            return Err(wrong("view: angle_degrees must be 0 to 120 and field_degrees 1 to 180".into()));
        }
        if text.kind == InstrumentKind::Endoscope && text.view.is_none() {
            return Err(wrong("an endoscope needs a view: angle_degrees and field_degrees".into()));
        }
        if let Some((limit, value)) = text.limits.iter().find(|(_, v)| !v.is_finite()) {
            return Err(wrong(format!("limits: {limit} = {value} is not finite")));
        }
        if text.parts.is_empty() || text.parts.len() > 100 {
            return Err(wrong(format!("{} parts; there must be 1 to 100", text.parts.len())));
        }
        let mut parts = Vec::new();
        for (number, part) in text.parts.iter().enumerate() {
            parts.extend(part.convex().map_err(|what| wrong(format!("parts, number {}: {what}", number + 1)))?);
        }
        Ok(Self {
            name,
            kind: text.kind,
            note: text.note,
            working_length: Mm(text.working_length_mm),
            error: Mm(text.error_mm),
            parts,
            limits: text.limits,
            view: text.view,
            mesh: text.mesh,
        })
    }

    /// A plain rod with a flat tip, for what is no instrument of the library.
    ///
    /// # Errors
    /// When a number is not over 0 to 2,000 mm.
    pub fn rod(name: &str, diameter: Mm, length: Mm) -> Result<Self, ApproachError> {
        if ![diameter.0, length.0].iter().all(|v| *v > 0.0 && *v <= LARGEST) {
            return Err(ApproachError::invalid(
                "rod",
                format!("{diameter} × {length}: both must be over 0 to {LARGEST} mm"),
            ));
        }
        Ok(Self {
            name: name.into(),
            kind: InstrumentKind::Other,
            note: String::new(),
            working_length: length,
            error: Mm(0.0),
            parts: vec![Part::Turned(vec![[0.0, diameter.0 / 2.0], [length.0, diameter.0 / 2.0]])],
            limits: BTreeMap::new(),
            view: None,
            mesh: None,
        })
    }

    /// The greatest distance of any of its points from the axis, of what lies less than `depth` from the tip: a handle that
    /// begins there does not count.
    pub fn radius_within(&self, depth: Mm) -> Mm {
        let part = |part: &Part| match part {
            Part::Turned(profile) => {
                let within = profile.iter().filter(|[x, _]| *x < depth.0).map(|p| p[1]);
                let cut = profile.windows(2).filter_map(|p| {
                    let [a, b] = [p[0], p[1]];
                    let inside = a[0] < depth.0 && b[0] >= depth.0;
                    inside.then(|| a[1] + (b[1] - a[1]) * (depth.0 - a[0]) / (b[0] - a[0]))
                });
                within.chain(cut).fold(0.0, f64::max)
            }
            Part::Ball { at, radius } if at - radius < depth.0 => *radius,
            Part::Box([low, high]) if low[0] < depth.0 => {
                low[1].abs().max(high[1].abs()).hypot(low[2].abs().max(high[2].abs()))
            }
            _ => 0.0,
        };
        Mm(self.parts.iter().map(part).fold(0.0, f64::max))
    }

    /// From the tip to the end of its last part.
    pub fn length(&self) -> Mm {
        let end = |part: &Part| match part {
            Part::Turned(profile) => profile.last().map_or(0.0, |p| p[0]),
            Part::Ball { at, radius } => at + radius,
            Part::Box([_, high]) => high[0],
        };
        Mm(self.parts.iter().map(end).fold(0.0, f64::max))
    }
}

impl PartText {
    /// The part as convex parts.
    fn convex(&self) -> Result<Vec<Part>, String> {
        let small = |v: f64| (-LARGEST..=LARGEST).contains(&v);
        match self {
            Self::Ball { at_mm, diameter_mm } => {
                if !(small(*at_mm) && *diameter_mm > 0.0 && *diameter_mm <= LARGEST) {
                    return Err(format!("a ball of diameter_mm {diameter_mm} at_mm {at_mm} is none"));
                }
                Ok(vec![Part::Ball { at: *at_mm, radius: diameter_mm / 2.0 }])
            }
            Self::Box { from_mm, to_mm } => {
                let low: [f64; 3] = std::array::from_fn(|a| from_mm[a].min(to_mm[a]));
                let high: [f64; 3] = std::array::from_fn(|a| from_mm[a].max(to_mm[a]));
                if !(0..3).all(|a| small(low[a]) && small(high[a]) && low[a] < high[a]) {
                    return Err(format!("the box from_mm {from_mm:?} to_mm {to_mm:?} has no volume or is too large"));
                }
                Ok(vec![Part::Box([low, high])])
            }
            Self::Turned { diameters_mm } => {
                let profile: Vec<[f64; 2]> = diameters_mm.iter().map(|[x, d]| [*x, d / 2.0]).collect();
                if profile.len() < 2 || profile.len() > 1000 {
                    return Err("diameters_mm needs 2 to 1,000 pairs [distance from the tip, diameter]".into());
                }
                if !profile.iter().all(|[x, r]| small(*x) && (0.0..=LARGEST).contains(r)) {
                    return Err("diameters_mm: a number is negative, too large or not finite".into());
                }
                if profile.iter().all(|p| p[1] == 0.0) || !profile.windows(2).all(|p| p[0][0] <= p[1][0]) {
                    return Err("diameters_mm: distances must grow, and a diameter be over 0".into());
                }
                Ok(split(&profile).into_iter().map(Part::Turned).collect())
            }
        }
    }
}

/// Cuts a profile where it is not concave.
fn split(profile: &[[f64; 2]]) -> Vec<Vec<[f64; 2]>> {
    let mut parts: Vec<Vec<[f64; 2]>> = Vec::new();
    let mut current: Vec<[f64; 2]> = Vec::new();
    for &next in profile {
        if let [.., a, b] = current[..] {
            let turn = (b[0] - a[0]) * (next[1] - b[1]) - (b[1] - a[1]) * (next[0] - b[0]);
            // Turning left is no longer convex, and so is a step inwards after one outwards that leaves no length.
            if turn > 1e-12 {
                parts.push(std::mem::take(&mut current));
                current.push(b);
            }
        }
        current.push(next);
    }
    parts.push(current);
    parts.retain(|p| p.len() > 1 && p.last().map(|l| l[0]) > p.first().map(|f| f[0]));
    parts
}
