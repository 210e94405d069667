//! The way in: trajectories, what was found and decided about them, implants, rehearsals.

use fabrica_case::Case;
use fabrica_geometry::{LpsPoint, LpsVector};
use fabrica_plan::{Assessment, RehearsalRecord, Role, Trajectory};
use serde_json::{Value, json};

use super::html::table;

/// What is said beside every clearance.
const RIGID: &str = "Clearances are as they were found when a way was planned, with structures as they were then; where a structure \
                     has changed since, and it is known which one it was, it says STALE. Soft tissue is rigid in them: it does not shift or give \
                     way as it does in the patient.";

fn lps(at: LpsPoint) -> String {
    format!("{:.1}, {:.1}, {:.1}", at.0.x, at.0.y, at.0.z)
}

/// The angle to the axial, coronal and sagittal plane, degrees; nothing for a way without length.
fn plane_degrees(way: &Trajectory) -> Option<[f64; 3]> {
    let along = LpsVector((way.target - way.entry).0.try_normalize()?);
    Some(along.plane_degrees())
}

/// Writes the sections of the page; nothing where the plan says nothing of a way in.
pub(super) fn write_html(page: &mut String, case: &Case) {
    let state = case.plan().state();
    if state.items.trajectories.is_empty() && state.items.implants.is_empty() && state.rehearsals.is_empty() {
        return;
    }
    page.push_str("<h2>Approach</h2>");
    page.push_str(&format!("<p><small>{RIGID}</small></p>"));
    if !state.items.trajectories.is_empty() {
        page.push_str("<h3>Trajectories</h3>");
        let heads = [
            "Name",
            "Entry (LPS, mm)",
            "Target",
            "Length",
            "To axial, coronal, sagittal",
            "Clearances ± (95 %)",
            "Crosses",
            "Decision",
        ];
        let rows = state.items.trajectories.iter().map(|(name, way)| {
            let found = state.approaches.get(name);
            let assessment = found.and_then(|f| f.assessment_of(way));
            let decision = found.and_then(|f| f.decisions.last()).map_or_else(String::new, |d| {
                let verdict = if d.chosen { "chosen" } else { "rejected" };
                format!("{verdict} by {} on {}: {}", d.by, d.at, d.reason)
            });
            let angles =
                plane_degrees(way).map_or_else(String::new, |a| format!("{:.0}°, {:.0}°, {:.0}°", a[0], a[1], a[2]));
            let length = format!("{:.1} mm", way.entry.distance(way.target).0);
            let clearances = assessment.map_or_else(
                || "NOT LOOKED AT as it lies now".to_owned(),
                |found| {
                    let changed = crate::changed(case, &found.data);
                    let stale = if changed.is_empty() {
                        String::new()
                    } else {
                        format!("STALE: {} changed since. ", changed.join(", "))
                    };
                    stale + &clearances(found)
                },
            );
            let crossed = assessment.map_or_else(String::new, crossings);
            vec![name.clone(), lps(way.entry), lps(way.target), length, angles, clearances, crossed, decision]
        });
        table(page, &heads, rows);
    }
    if !state.items.implants.is_empty() {
        page.push_str("<h3>Implants</h3>");
        let heads = ["Name", "Part", "Wall of bone ± (95 %)", "In", "Around the thread", "Shape (SHA-256)"];
        let rows = state.items.implants.iter().map(|(name, implant)| {
            let check = state.screws.get(name);
            let wall = check.map_or_else(
                || "NOT CHECKED as it lies now".to_owned(),
                |c| {
                    let verdict = if c.possible { "MAY BREAK OUT" } else { "within bone" };
                    format!("{:.1} ± {:.1} mm, {:.0} mm from its head: {verdict}", c.wall.0, c.error.0, c.at.0)
                },
            );
            let bone = check.map_or_else(String::new, |c| c.bone.clone());
            let purchase = check.and_then(|c| c.purchase).map_or_else(String::new, |mean| format!("mean {mean:.0}"));
            let shape = implant.mesh_sha256.get(..12).unwrap_or_default().to_owned();
            vec![name.clone(), implant.model.clone(), wall, bone, purchase, shape]
        });
        table(page, &heads, rows);
    }
    if !state.rehearsals.is_empty() {
        page.push_str("<h3>Rehearsals</h3>");
        let heads = ["Name", "Instrument", "Time", "Least clearance", "Alarms", "By", "When"];
        let rows = state.rehearsals.iter().map(|kept| {
            let record = &kept.record;
            let least = record.least().map_or_else(
                || "nothing within 200 mm".to_owned(),
                |(name, least, at)| format!("{:.1} mm to {name} after {at:.1} s", least.0),
            );
            let time = format!("{:.0} s", record.seconds());
            vec![
                kept.name.clone(),
                record.instrument.clone(),
                time,
                least,
                alarms(record),
                kept.by.to_string(),
                kept.at.to_string(),
            ]
        });
        table(page, &heads, rows);
    }
    let watched = state.watches.iter().map(|(name, watch)| {
        let role = match watch.role {
            Role::Avoid => format!("keep away: stop {:.1} mm, warn {:.1} mm", watch.stop.0, watch.warn.0),
            Role::Cross => "may be crossed".to_owned(),
            Role::Entry => "the surface of entry".to_owned(),
            Role::Bone => "holds screws".to_owned(),
            Role::Ignore => "IGNORED".to_owned(),
        };
        vec![name.clone(), role]
    });
    page.push_str(
        "<h3>What structures are to instruments</h3><p>What is not listed is kept away from: stop 2 mm, warn 5 mm.</p>",
    );
    table(page, &["Structure", "Is"], watched);
}

fn clearances(assessment: &Assessment) -> String {
    let one = |c: &fabrica_plan::PlannedClearance| {
        let near = if c.distance.0 - c.error.0 < c.stop.0 { "TOO NEAR " } else { "" };
        format!("{near}{}: {:.1} ± {:.1} mm", c.structure, c.distance.0, c.error.0)
    };
    let all: Vec<String> = assessment.clearances.iter().take(6).map(one).collect();
    let more = assessment.clearances.len().saturating_sub(all.len());
    let more = if more > 0 { format!("; {more} farther") } else { String::new() };
    format!(
        "{}: {}{more}",
        assessment.instrument,
        if all.is_empty() { "nothing within 100 mm".into() } else { all.join("; ") }
    )
}

fn crossings(assessment: &Assessment) -> String {
    let one = |c: &fabrica_plan::PlannedCrossing| format!("{} from {:.1} to {:.1} mm", c.structure, c.from.0, c.to.0);
    assessment.crossings.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn alarms(record: &RehearsalRecord) -> String {
    let one = |a: &fabrica_plan::RecordedAlarm| {
        let structure = record.structures.get(usize::from(a.structure)).map_or("", String::as_str);
        let (from, to) = (f64::from(a.from_ms) / 1000.0, f64::from(a.to_ms) / 1000.0);
        format!(
            "{} {structure} {from:.1} to {to:.1} s, least {:.1} mm",
            if a.stop { "STOP" } else { "warn" },
            a.least.0
        )
    };
    let shown: Vec<String> = record.alarms.iter().take(12).map(one).collect();
    let more = record.alarms.len().saturating_sub(shown.len());
    if more > 0 { format!("{}; {more} more", shown.join("; ")) } else { shown.join("; ") }
}

/// The way in as the plan keeps it (patient coordinates, LPS, mm), with what follows: lengths, angles, whether an assessment is of
/// the way as it lies now.
pub fn approach_json(case: &Case) -> Value {
    let state = case.plan().state();
    let trajectories = state.items.trajectories.iter().map(|(name, way)| {
        let found = state.approaches.get(name);
        json!({
            "name": name,
            "entry": way.entry,
            "target": way.target,
            "diameter_mm": way.diameter,
            "length_mm": way.entry.distance(way.target).0,
            "plane_degrees": plane_degrees(way),
            "assessment": found.and_then(|f| f.assessment_of(way)),
            "stale": found.and_then(|f| f.assessment_of(way)).map(|a| crate::changed(case, &a.data)),
            "decisions": found.map(|f| &f.decisions),
        })
    });
    let implants = state
        .items
        .implants
        .iter()
        .map(|(name, implant)| json!({ "name": name, "implant": implant, "screw": state.screws.get(name) }));
    json!({
        "note": RIGID,
        "trajectories": trajectories.collect::<Vec<_>>(),
        "implants": implants.collect::<Vec<_>>(),
        "rehearsals": state.rehearsals,
        "watches": state.watches,
    })
}
