//! JSON.

use fabrica_case::{Case, CaseError};
use fabrica_plan::{MeasurementKind, Quantity};
use serde_json::{Value, json};

use super::{DISCLAIMER, Shown, Validity, approach_json};

/// Measurements as JSON: for each its defining points or structures (patient coordinates, LPS, mm), and for each value
/// the number, the half width of the 95 % interval, the standard error and its parts.
pub fn measurements_json(all: &[Shown], simulated: bool) -> Value {
    json!({
        "frame": "patient coordinates, LPS, mm",
        "coverage": 0.95,
        "simulated": simulated,
        "measurements": all.iter().map(one).collect::<Vec<_>>(),
    })
}

/// The report of a case's plan as JSON: measurements, structures as they are now and whether they are validated, the way in,
/// geometry warnings, kept views, notes, and the audit log.
///
/// # Errors
/// When the audit log cannot be read.
pub fn report_json(case: &Case) -> Result<Value, CaseError> {
    let info = case.info()?;
    let state = case.plan().state();
    let structures = info.structures.iter().map(|s| {
        let mut of = json!(s);
        of["validation"] = Validity::of(case, &s.name).json();
        of
    });
    let mut report = measurements_json(&Shown::all_of(case), case.is_simulated());
    report["disclaimer"] = json!(DISCLAIMER);
    report["structures"] = structures.collect();
    report["approach"] = approach_json(case);
    report["warnings"] = json!(case.warnings());
    report["views"] = json!(state.views);
    report["notes"] = json!(state.notes);
    report["audit"] = json!({ "check": info.audit, "lines": case.audit_log()? });
    Ok(report)
}

fn one(shown: &Shown) -> Value {
    let m = &shown.measurement;
    json!({
        "id": shown.id,
        "name": shown.name,
        "author": shown.made.as_ref().map(|(author, _)| author),
        "time": shown.made.as_ref().map(|(_, time)| time),
        "kind": m.kind.name(),
        "definition": definition(&m.kind),
        "volume": m.volume,
        "quantities": m.quantities.iter().map(quantity).collect::<Vec<_>>(),
        "method": m.method,
        "data": m.data,
        "stale": shown.stale,
        "unvalidated": shown.unvalidated,
    })
}

fn quantity(q: &Quantity) -> Value {
    json!({
        "what": q.what.name(),
        "value": q.value,
        "unit": q.unit.symbol(),
        "half_width_95": q.half_width(),
        "standard_error": q.standard_error(),
        "error_parts": q.error.iter().map(|p| json!({"source": p.source.name(), "standard": p.standard})).collect::<Vec<_>>(),
        "text": q.to_string(),
    })
}

/// As the plan keeps it, but for sections, whose values get their half widths.
fn definition(kind: &MeasurementKind) -> Value {
    let MeasurementKind::DiameterProfile { structure, sections } = kind else { return json!(kind) };
    let sections: Vec<Value> = sections
        .iter()
        .map(|s| {
            json!({
                "at": s.centre.at,
                "along_mm": s.centre.along,
                "direction": s.direction,
                "minimum": quantity(&s.minimum),
                "maximum": quantity(&s.maximum),
                "area_equivalent": quantity(&s.area_equivalent),
                "area_mm2": s.area,
                "widest": s.widest,
                "near_end": s.near_end,
            })
        })
        .collect();
    json!({"diameter_profile": {"structure": structure, "sections": sections}})
}
