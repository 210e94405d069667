//! The plan as a page that needs nothing else: no script, no font, no picture from elsewhere.

use std::fmt::Write;

use fabrica_case::{Case, CaseError};
use fabrica_plan::CrossSection;
use fabrica_volume::Resolution;

use super::structures::{self, Validity};
use super::{DISCLAIMER, Shown};

/// A picture in the report.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What it shows.
    pub caption: String,
    /// PNG.
    pub png: Vec<u8>,
}

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1f24}\
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{border-bottom:1px solid #d0d7de;padding:.35rem .6rem;\
text-align:left;vertical-align:top}th{background:#f3f5f7}.n{text-align:right;white-space:nowrap}.warn{background:#fff1c2}\
.stop{background:#ffd9d6;padding:.6rem}small{color:#57606a}figure{display:inline-block;margin:.5rem}img{max-width:34rem}";

/// The report of a case's plan: data, warnings and what was decided, measurements with the parts of their errors, the way in
/// (trajectories, implants, rehearsals), structures, notes, pictures, and the audit log. What must not be overlooked (a structure
/// that nobody validated) stands above all: `remarks`.
///
/// # Errors
/// When the audit log cannot be read.
pub fn plan_report(case: &Case, pictures: &[Picture], remarks: &[String]) -> Result<String, CaseError> {
    let info = case.info()?;
    let mut page = String::new();
    let mut put = |text: &str| page.push_str(text);
    put("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Fabrica: plan report</title><style>");
    put(STYLE);
    put("</style></head><body><h1>Plan report</h1>");
    if info.simulated {
        put(
            "<p class=\"stop\"><b>SYNTHETIC DATA.</b> A volume of this case is simulated, not measured on a patient.</p>",
        );
    }
    for remark in remarks {
        put(&format!("<p class=\"stop\">{}</p>", escaped(remark)));
    }
    put(&format!("<p><small>{DISCLAIMER}</small></p><h2>Scans</h2>"));
    table(
        &mut page,
        &["Id", "Scan", "Patient", "Study", "Grid", "SHA-256"],
        case.volumes().iter().map(|v| {
            let s = v.grid.spacing();
            vec![
                v.id.clone(),
                format!("{} {}", v.provenance.modality, v.provenance.description),
                format!("{} {}", v.provenance.patient_name, v.provenance.patient_id),
                v.provenance.study_date.clone(),
                format!(
                    "{:?} voxels of {:.3} × {:.3} × {:.3} mm, {}",
                    v.grid.dims(),
                    s[0],
                    s[1],
                    s[2],
                    v.grid.orientation_code()
                ),
                v.sha256.clone(),
            ]
        }),
    );
    warnings(&mut page, case);
    let shown = Shown::all_of(case);
    measurements(&mut page, &shown);
    super::approach::write_html(&mut page, case);
    page.push_str("<h2>Structures</h2>");
    table(
        &mut page,
        &["Name", "Volume of voxels", "How it was made", "Validation", "State", "By", "When"],
        info.structures.iter().map(|s| {
            let validity = Validity::of(case, &s.name).words();
            let state = structures::progress(s).to_owned();
            vec![
                s.name.clone(),
                structures::size(s),
                s.origin.clone(),
                validity,
                state,
                s.by.to_string(),
                s.at.to_string(),
            ]
        }),
    );
    let state = case.plan().state();
    if !state.notes.is_empty() {
        page.push_str("<h2>Notes</h2>");
        table(
            &mut page,
            &["Note", "Place (LPS, mm)", "By", "When"],
            state.notes.iter().map(|n| {
                let at = n.at.map_or_else(String::new, |p| format!("{:.1}, {:.1}, {:.1}", p.0.x, p.0.y, p.0.z));
                vec![n.text.clone(), at, n.author.to_string(), n.time.to_string()]
            }),
        );
    }
    if !pictures.is_empty() {
        page.push_str("<h2>Pictures</h2>");
        for picture in pictures {
            let _ = write!(
                page,
                "<figure><img alt=\"{0}\" src=\"data:image/png;base64,{1}\"><figcaption>{0}</figcaption></figure>",
                escaped(&picture.caption),
                base64(&picture.png)
            );
        }
    }
    let check = case.audit_check()?;
    page.push_str("<h2>Audit</h2>");
    if !check.intact {
        let _ =
            write!(page, "<p class=\"stop\">The audit log is not whole: {}</p>", escaped(&check.problems.join("; ")));
    }
    table(
        &mut page,
        &["When", "Who", "What", "Data"],
        case.audit_log()?.iter().map(|line| {
            let data = line.data.iter().map(|d| format!("{} {}", d.name, d.sha256.get(..12).unwrap_or_default()));
            vec![line.at.to_string(), line.by.to_string(), line.what.clone(), data.collect::<Vec<_>>().join(", ")]
        }),
    );
    page.push_str("</body></html>\n");
    Ok(page)
}

fn warnings(page: &mut String, case: &Case) {
    let all = case.warnings();
    page.push_str("<h2>Geometry warnings</h2>");
    if all.is_empty() {
        page.push_str("<p>None.</p>");
        return;
    }
    table(
        page,
        &["No.", "Volume", "Warning", "Decision"],
        all.iter().map(|w| {
            let decision = match &w.warning.resolution {
                Resolution::Open => "OPEN: nothing may be measured or printed".to_owned(),
                Resolution::Accepted { by, at, reason } => format!("accepted by {by} on {at}: {reason}"),
            };
            vec![w.number.to_string(), w.volume.clone(), w.warning.issue.to_string(), decision]
        }),
    );
}

fn measurements(page: &mut String, all: &[Shown]) {
    page.push_str("<h2>Measurements</h2>");
    if all.is_empty() {
        page.push_str("<p>None.</p>");
        return;
    }
    page.push_str(
        "<table><tr><th>Name</th><th>Value ± (95 %)</th><th>Standard errors</th><th>How, on what</th><th>By</th></tr>",
    );
    for shown in all {
        let m = &shown.measurement;
        let (mut values, mut errors) = (String::new(), String::new());
        for q in &m.quantities {
            let _ = write!(values, "{}: <b>{}</b><br>", q.what.name(), escaped(&q.to_string()));
            let parts = q.error.iter().map(|p| format!("{} {:.2}", p.source.name(), p.standard));
            let _ = write!(errors, "{}: {}<br>", q.what.name(), parts.collect::<Vec<_>>().join(", "));
        }
        let stale = if shown.stale.is_empty() {
            String::new()
        } else {
            format!("<p class=\"stop\">STALE: {} changed since.</p>", escaped(&shown.stale.join(", ")))
        };
        let unvalidated = if shown.unvalidated.is_empty() {
            String::new()
        } else {
            format!("<p class=\"stop\">NOT VALIDATED: {}.</p>", escaped(&shown.unvalidated.join(", ")))
        };
        let structures = m.kind.structures().join(", ");
        let (by, when) = shown.made.clone().unwrap_or_default();
        let _ = write!(
            page,
            "<tr><td>{}<br><small>{} {}</small>{stale}{unvalidated}</td><td class=\"n\">{values}</td><td><small>{errors}</small></td>\
             <td><small>{}; {}</small></td><td>{}<br><small>{when}</small></td></tr>",
            escaped(&shown.name),
            m.kind.name(),
            escaped(&structures),
            escaped(&m.method),
            escaped(&m.volume),
            escaped(&by),
        );
    }
    page.push_str("</table>");
    for shown in all {
        if let fabrica_plan::MeasurementKind::DiameterProfile { sections, .. } = &shown.measurement.kind {
            let _ = write!(page, "<h3>{}</h3>", escaped(&shown.name));
            page.push_str(&curve(sections));
        }
    }
}

/// The diameters along a vessel as a drawing.
fn curve(sections: &[CrossSection]) -> String {
    const WIDTH: f64 = 900.0;
    const HEIGHT: f64 = 220.0;
    let length = sections.last().map_or(1.0, |s| s.centre.along.0).max(1e-6);
    let top = sections.iter().map(|s| s.maximum.value).fold(1.0, f64::max) * 1.1;
    let line = |of: &dyn Fn(&CrossSection) -> f64, colour: &str| {
        let points = sections
            .iter()
            .map(|s| format!("{:.1},{:.1}", s.centre.along.0 / length * WIDTH, HEIGHT - of(s) / top * HEIGHT));
        let points = points.collect::<Vec<_>>().join(" ");
        format!("<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{points}\"/>")
    };
    let mut drawing = format!(
        "<svg viewBox=\"-50 -10 {} {}\" width=\"100%\" role=\"img\"><rect width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         fill=\"#f8fafb\"/>",
        WIDTH + 60.0,
        HEIGHT + 50.0
    );
    for part in 0..=4 {
        let (x, y) = (WIDTH * f64::from(part) / 4.0, HEIGHT * (1.0 - f64::from(part) / 4.0));
        let _ = write!(
            drawing,
            "<text x=\"-6\" y=\"{y:.0}\" font-size=\"11\" text-anchor=\"end\">{:.0}</text><text x=\"{x:.0}\" y=\"{:.0}\" \
             font-size=\"11\" text-anchor=\"middle\">{:.0}</text>",
            top * f64::from(part) / 4.0,
            HEIGHT + 16.0,
            length * f64::from(part) / 4.0
        );
    }
    drawing += &line(&|s| s.maximum.value, "#b42318");
    drawing += &line(&|s| s.area_equivalent.value, "#175cd3");
    drawing += &line(&|s| s.minimum.value, "#067647");
    let _ = write!(
        drawing,
        "<text x=\"0\" y=\"{:.0}\" font-size=\"12\">diameters (mm) along the centreline (mm): greatest red, \
         area-equivalent blue, least green; the ends may be too small</text></svg>",
        HEIGHT + 36.0
    );
    drawing
}

pub(super) fn table(page: &mut String, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    page.push_str("<table><tr>");
    heads.iter().for_each(|h| page.push_str(&format!("<th>{h}</th>")));
    page.push_str("</tr>");
    for row in rows {
        page.push_str("<tr>");
        row.iter().for_each(|cell| page.push_str(&format!("<td>{}</td>", escaped(cell))));
        page.push_str("</tr>");
    }
    page.push_str("</table>");
}

/// Text from outside as text, whatever it holds.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let all = group.iter().enumerate().fold(0u32, |all, (n, b)| all | u32::from(*b) << (16 - 8 * n));
        for n in 0..4 {
            let digit = DIGITS[(all >> (18 - 6 * n) & 63) as usize];
            text.push(if n <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_base64_and_names_cannot_be_markup() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(escaped("<b onclick='x'>&"), "&lt;b onclick=&#39;x&#39;&gt;&amp;");
    }
}
