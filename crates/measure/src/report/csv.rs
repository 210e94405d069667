//! Tables of comma-separated values (RFC 4180).

use std::fmt::Write;

use fabrica_case::{Case, CaseError};
use fabrica_plan::{CrossSection, ErrorSource};

use super::{Shown, Validity};

const SOURCES: [(ErrorSource, &str); 5] = [
    (ErrorSource::Voxels, "voxels"),
    (ErrorSource::Noise, "noise"),
    (ErrorSource::Segmentation, "segmentation"),
    (ErrorSource::Registration, "registration"),
    (ErrorSource::Repeatability, "repeatability"),
];

/// A line for each value of each measurement. Points are `L P S` in mm, with semicolons between.
pub fn measurements_csv(all: &[Shown]) -> String {
    let mut table =
        String::from("id,name,kind,structures,points_lps_mm,quantity,value,half_width_95,unit,standard_error");
    for (_, name) in SOURCES {
        let _ = write!(table, ",sd_{name}");
    }
    table += ",volume,stale,unvalidated,author,time,method\r\n";
    for shown in all {
        let m = &shown.measurement;
        let points = m.points().into_iter().take(200).map(|p| format!("{:.3} {:.3} {:.3}", p.0.x, p.0.y, p.0.z));
        let points = points.collect::<Vec<_>>().join("; ");
        let (author, time) = shown.made.clone().unwrap_or_default();
        for q in &m.quantities {
            let part = |source| {
                let sum: f64 = q.error.iter().filter(|p| p.source == source).map(|p| p.standard.powi(2)).sum();
                // The sum of nothing is -0.
                (sum.sqrt() + 0.0).to_string()
            };
            let mut fields = vec![
                shown.id.clone().unwrap_or_default(),
                shown.name.clone(),
                m.kind.name().to_owned(),
                m.kind.structures().join("; "),
                points.clone(),
                q.what.name().to_owned(),
                q.value.to_string(),
                q.half_width().to_string(),
                q.unit.symbol().to_owned(),
                q.standard_error().to_string(),
            ];
            fields.extend(SOURCES.map(|(source, _)| part(source)));
            fields.extend([m.volume.clone(), shown.stale.join("; "), shown.unvalidated.join("; ")]);
            fields.extend([author.clone(), time.clone(), m.method.clone()]);
            line(&mut table, &fields);
        }
    }
    table
}

/// The measurements of a case's plan, then a line for each structure with the volume of its voxels as it is now. That states
/// no error: measure it (`fabrica measure --size`) where one is needed.
///
/// # Errors
/// When the case's state cannot be read.
pub fn report_csv(case: &Case) -> Result<String, CaseError> {
    let mut table = measurements_csv(&Shown::all_of(case));
    for s in case.info()?.structures {
        let size = s.millilitres.map_or_else(String::new, |ml| (ml * 1000.0).to_string());
        let mut fields = vec![String::new(), s.name.clone(), "structure".into(), s.name.clone(), String::new()];
        fields.extend(["volume of voxels".into(), size, String::new(), "mm³".into(), String::new()]);
        fields.extend(SOURCES.map(|_| String::new()));
        let lacking = Validity::of(case, &s.name).is_lacking();
        let unvalidated = if lacking { s.name.clone() } else { String::new() };
        fields.extend([s.volume, String::new(), unvalidated, s.by.to_string(), s.at.to_string(), s.origin]);
        line(&mut table, &fields);
    }
    Ok(table)
}

/// A line for each section of a diameter profile.
pub fn sections_csv(sections: &[CrossSection]) -> String {
    let mut table = String::from(
        "along_mm,left_mm,posterior_mm,superior_mm,minimum_mm,minimum_half_width_95,maximum_mm,maximum_half_width_95,\
         area_equivalent_mm,area_equivalent_half_width_95,area_mm2,near_end\r\n",
    );
    for s in sections {
        let at = s.centre.at.0;
        let mut numbers = vec![s.centre.along.0, at.x, at.y, at.z];
        for q in [&s.minimum, &s.maximum, &s.area_equivalent] {
            numbers.extend([q.value, q.half_width()]);
        }
        numbers.push(s.area.0);
        let mut fields: Vec<String> = numbers.iter().map(|n| format!("{n:.4}")).collect();
        fields.push(s.near_end.to_string());
        line(&mut table, &fields);
    }
    table
}

fn line(table: &mut String, fields: &[String]) {
    let quoted = |f: &String| {
        // A leading = + - @ of a text would be a formula in a spreadsheet; numbers keep their sign.
        let formula = f.starts_with(['=', '+', '-', '@']) && f.parse::<f64>().is_err();
        let f = if formula { format!("'{f}") } else { f.clone() };
        if f.contains([',', '"', '\n', '\r']) { format!("\"{}\"", f.replace('"', "\"\"")) } else { f }
    };
    *table += &fields.iter().map(quoted).collect::<Vec<_>>().join(",");
    *table += "\r\n";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_no_name_is_a_formula() {
        let mut table = String::new();
        line(&mut table, &["a \"b\", c".into(), "-1.5".into(), "=HYPERLINK(1)".into()]);
        assert_eq!(table, "\"a \"\"b\"\", c\",-1.5,'=HYPERLINK(1)\r\n");
    }
}
