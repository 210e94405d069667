//! What a rehearsal found, for machines (JSON) and for people (HTML).

use std::fmt::Write;

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_plan::{Assessment, PlannedClearance, PlannedCrossing};
use serde::Serialize;

use crate::obstacle::{Alarm, Clearance, Crossing, Obstacle, crossings};
use crate::{ApproachError, Candidate, Criteria, Instrument, Path, PlaneAngles, Pose, Refused};
use crate::{PlacedInstrument, access::EntryPoint};

/// What the screen and every report say about soft tissue.
pub const RIGID: &str = "Soft tissue is rigid here: it does not shift, give way or bleed as it does in the patient.";

/// A way looked at exactly.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assessed {
    /// Its name.
    pub name: String,
    /// From where to where.
    pub path: Path,
    /// From entry to target.
    pub length: Mm,
    /// To the anatomical planes.
    pub angles: PlaneAngles,
    /// From the perpendicular into the surface, where the entry's surface is known.
    pub tilt_degrees: Option<f64>,
    /// To each structure that is to be avoided, all of the instrument counted.
    pub clearances: Vec<(String, Clearance)>,
    /// What its middle line crosses, in order.
    pub crossings: Vec<Crossing>,
    /// How far it may be tilted about the target, any way, before it touches a structure: a lower bound.
    pub cone_degrees: f64,
    /// The gravest of its alarms.
    pub alarm: Alarm,
}

/// Farther than this, a clearance is told as this, mm.
const FAR: Mm = Mm(100.0);

/// Looks at one way exactly: the instrument lies along it with its tip at the target.
///
/// # Errors
/// When entry and target are one point.
pub fn assess(
    name: &str,
    path: &Path,
    outwards: Option<EntryPoint>,
    instrument: &Instrument,
    avoid: &[Obstacle],
    through: &[Obstacle],
) -> Result<Assessed, ApproachError> {
    let pose = Pose::along(path)?;
    let placed = PlacedInstrument::new(instrument, &pose);
    let radius = instrument.radius_within(path.length());
    let mut clearances = Vec::new();
    let (mut alarm, mut cone) = (Alarm::Free, 180f64);
    for obstacle in avoid {
        // The way in counts too: in front of the entry nothing holds the instrument, behind the tip all of it has passed.
        let found = [obstacle.clearance(&placed, FAR, None), obstacle.path_clearance(path, radius, FAR)];
        let least = found.into_iter().flatten().min_by(|a, b| a.distance.0.total_cmp(&b.distance.0));
        if let Some(clearance) = least {
            alarm = alarm.max(clearance.alarm);
            clearances.push((obstacle.name().to_owned(), clearance));
        }
        cone = cone.min(free_cone(path, obstacle, radius)?);
    }
    clearances.sort_by(|a, b| a.1.distance.0.total_cmp(&b.1.distance.0));
    Ok(Assessed {
        name: name.into(),
        path: *path,
        length: path.length(),
        angles: pose.plane_angles(),
        tilt_degrees: outwards.map(|e| pose.angle_to_surface_degrees(e.outwards)),
        clearances,
        crossings: crossings(path, avoid.iter().chain(through))?,
        cone_degrees: cone,
        alarm,
    })
}

/// How far a way may be tilted about its target before a rod around it can touch: the least over its points, at s mm from the
/// target, of 2 asin((d - r) / 2 s), with d less the half step between points that are looked at.
fn free_cone(path: &Path, obstacle: &Obstacle, radius: Mm) -> Result<f64, ApproachError> {
    let back = -path.direction()?.0;
    let length = path.length().0;
    let count = (length / 0.5).ceil().clamp(1.0, 4000.0) as usize;
    let step = length / count as f64;
    let mut least = 180f64;
    for n in 0..count {
        let s = step * (n as f64 + 0.5);
        let at = LpsPoint(path.target.0 + back * s);
        let Some((distance, _)) = obstacle.distance(at) else { continue };
        let room = (distance.0 - radius.0 - step / 2.0).max(0.0) / (2.0 * (s + step / 2.0));
        least = least.min(if room >= 1.0 { 180.0 } else { (2.0 * room.asin()).to_degrees() });
    }
    Ok(least)
}

impl Assessed {
    /// For the plan.
    pub fn for_plan(&self, instrument: &str, avoid: &[Obstacle]) -> Assessment {
        let stop = |name: &str| avoid.iter().find(|o| o.name() == name).map_or(0.0, |o| o.thresholds().stop_mm);
        Assessment {
            entry: self.path.entry,
            target: self.path.target,
            instrument: instrument.into(),
            clearances: self
                .clearances
                .iter()
                .map(|(structure, c)| PlannedClearance {
                    structure: structure.clone(),
                    distance: c.distance,
                    error: c.error,
                    stop: Mm(stop(structure)),
                })
                .collect(),
            crossings: self
                .crossings
                .iter()
                .map(|c| PlannedCrossing { structure: c.structure.clone(), from: c.from, to: c.to })
                .collect(),
            // Who has the case adds what the structures are.
            data: Vec::new(),
        }
    }
}

/// Everything that `fabrica approach` found.
#[derive(Clone, Debug, Serialize)]
pub struct ApproachReport {
    /// The case.
    pub case: String,
    /// Whether the scan is simulated.
    pub simulated: bool,
    /// The target and what it is.
    pub target: (LpsPoint, String),
    /// The instrument.
    pub instrument: Instrument,
    /// What the ways were ranked by.
    pub criteria: Criteria,
    /// Entries that were looked at.
    pub entries: usize,
    /// Ways that are not offered, by reason.
    pub refused: Refused,
    /// The best ways, in the map's own terms.
    pub candidates: Vec<Candidate>,
    /// The same ways, looked at exactly.
    pub assessed: Vec<Assessed>,
    /// What to mind.
    pub warnings: Vec<String>,
    /// [`RIGID`].
    pub rigid: &'static str,
}

impl ApproachReport {
    /// One page of HTML, with nothing fetched from elsewhere.
    pub fn html(&self) -> String {
        let mut page = String::new();
        self.write_html(&mut page).unwrap_or_default();
        page
    }

    fn write_html(&self, out: &mut String) -> std::fmt::Result {
        let target = self.target.0.0;
        write!(
            out,
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Approach: {0}</title><style>\
             body{{font:15px/1.45 sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}}\
             table{{border-collapse:collapse;margin:1em 0}}th,td{{border:1px solid #bbb;padding:.3em .6em;text-align:left}}\
             .stop{{background:#f6c6c0}}.warn{{background:#fbe8b0}}.free{{background:#d5edd0}}\
             .note{{border-left:4px solid #c80;padding:.2em 1em}}</style></head><body><h1>Approach: {0}</h1>",
            escape(&self.case)
        )?;
        if self.simulated {
            out.push_str("<p class=\"note\"><b>Simulated data.</b> This patient does not exist.</p>");
        }
        write!(
            out,
            "<p>Target: {} at L {:.1}, P {:.1}, S {:.1} mm. Instrument: {}. {} entries looked at; not offered: {} too close \
             to a structure, {} too long, {} too oblique. Ranked by the criteria “{}”.</p><p class=\"note\">{}</p>",
            escape(&self.target.1),
            target.x,
            target.y,
            target.z,
            escape(&self.instrument.name),
            self.entries,
            self.refused.too_close,
            self.refused.too_long,
            self.refused.too_oblique,
            escape(&self.criteria.name),
            RIGID
        )?;
        for warning in &self.warnings {
            write!(out, "<p class=\"note\">{}</p>", escape(warning))?;
        }
        out.push_str(
            "<table><tr><th>Way</th><th>Entry (L, P, S mm)</th><th>Length</th><th>From the perpendicular</th>\
             <th>To the axial, coronal, sagittal plane</th><th>May tilt by</th><th>Clearances (± 95 %)</th>\
             <th>Crosses, in order</th></tr>",
        );
        for way in &self.assessed {
            let (e, a) = (way.path.entry.0, way.angles);
            let tilt = way.tilt_degrees.map_or("not known".into(), |t| format!("{t:.1}°"));
            write!(
                out,
                "<tr class=\"{}\"><td>{}</td><td>{:.1}, {:.1}, {:.1}</td><td>{:.1} mm</td><td>{tilt}</td>\
                 <td>{:.1}°, {:.1}°, {:.1}°</td><td>{:.1}°</td><td>",
                class(way.alarm),
                escape(&way.name),
                e.x,
                e.y,
                e.z,
                way.length.0,
                a.axial_degrees,
                a.coronal_degrees,
                a.sagittal_degrees,
                way.cone_degrees
            )?;
            for (name, c) in &way.clearances {
                write!(out, "{}: {:.1} ± {:.1} mm<br>", escape(name), c.distance.0, c.error.0)?;
            }
            if way.clearances.is_empty() {
                write!(out, "all over {FAR:.0}")?;
            }
            out.push_str("</td><td>");
            for c in &way.crossings {
                write!(
                    out,
                    "{}: {:.1} ± {:.1} mm from {:.1} mm<br>",
                    escape(&c.structure),
                    c.length().0,
                    c.error.0,
                    c.from.0
                )?;
            }
            out.push_str("</td></tr>");
        }
        out.push_str("</table><h2>Why in this order</h2><ol>");
        for candidate in &self.candidates {
            write!(out, "<li>{} (score {:.2})</li>", escape(&candidate.reason), candidate.score)?;
        }
        write!(
            out,
            "</ol><p>A clearance counts the instrument's diameters; its ± holds the border's and the instrument's error, not a \
             structure that is missing from the segmentation. {} Not a cleared medical device.</p></body></html>",
            escape(&self.criteria.note)
        )
    }
}

fn class(alarm: Alarm) -> &'static str {
    match alarm {
        Alarm::Free => "free",
        Alarm::Warn => "warn",
        Alarm::Stop => "stop",
    }
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
