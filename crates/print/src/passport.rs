//! The print passport: a page that goes with a model, and says what it is, how it was made, and how it was proved.

use std::fmt::Write as _;

use fabrica_case::AuditData;
use fabrica_geometry::Mm;
use fabrica_mesh::{Departures, Inspection};
use fabrica_plan::{Author, UtcTime};
use fabrica_surface::PrintReport;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::pictures::Picture;
use crate::{PrintError, Proof};

/// What every passport says.
pub const WARNING: &str = "Not a cleared medical device. For planning and teaching; the surgeon answers for its use.";

/// A step after the surface was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelStep {
    /// What was done, in words.
    pub what: String,
    /// How far the surface departs from that before the step.
    pub departures: Departures,
}

/// A file of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelFile {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// What was made of one structure, or of the voxels that several share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PassportPart {
    /// The structure's name; of a shared part, all names.
    pub name: String,
    /// How it was made, in words.
    pub origin: String,
    /// Who saved it.
    pub reviewed_by: String,
    /// The surface as it was made of the structure, and the check of it.
    pub surface: PrintReport,
    /// The check of what is written, at its scale.
    pub inspection: Inspection,
    /// The model read back from its file and held against the structure and the user's measurements.
    pub proof: Proof,
}

/// All that is known about a printed model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passport {
    /// The program and its version.
    pub program: String,
    /// When it was made.
    pub made: UtcTime,
    /// By whom.
    pub by: Author,
    /// [`WARNING`].
    pub warning: String,
    /// The scan is simulated.
    pub simulated: bool,
    /// What it was made of: the structure's file and the scan's sources, with their hashes.
    pub sources: Vec<AuditData>,
    /// The structure's name; of several, all names.
    pub structure: String,
    /// Who validated the structure, and how; or that it is not validated, and why it was printed all the same; of several each
    /// with its name. Nothing for a structure that people made and nobody validated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<String>,
    /// How much the model is scaled; 1 is life size.
    pub scale: f64,
    /// What was made of the structure; of several structures, a part for each, and one for each way in which they overlap.
    pub parts: Vec<PassportPart>,
    /// What was done to it since.
    pub steps: Vec<ModelStep>,
    /// The least wall that was asked for.
    pub least_wall: Option<Mm>,
    /// The model's files.
    pub files: Vec<ModelFile>,
    /// SHA-256 over this page as JSON with this field empty: whatever is changed by hand shows.
    pub contents_sha256: String,
}

impl Passport {
    /// Puts the hash of the contents in.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub(crate) fn sign(&mut self) -> Result<(), PrintError> {
        self.contents_sha256 = self.hash()?;
        Ok(())
    }

    /// Whether the contents are those that were signed.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn is_intact(&self) -> Result<bool, PrintError> {
        Ok(self.contents_sha256 == self.hash()?)
    }

    fn hash(&self) -> Result<String, PrintError> {
        let unsigned = Self { contents_sha256: String::new(), ..self.clone() };
        Ok(sha256(&serde_json::to_vec(&unsigned)?))
    }

    /// The page for people: one HTML file without anything from elsewhere, pictures included; prints on A4.
    pub(crate) fn html(&self, pictures: &[Picture]) -> String {
        let mut page = String::from(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Print passport</title><style>\
             body{font:14px/1.4 sans-serif;max-width:190mm;margin:10mm auto;color:#111}h1{font-size:22px}h2{font-size:16px;\
             margin:1.2em 0 .3em}table{border-collapse:collapse;width:100%}td,th{border:1px solid #bbb;padding:2px 6px;\
             text-align:left;vertical-align:top}.w{border:2px solid #b00;padding:6px;color:#b00;font-weight:bold}\
             .p img{width:31%;border:1px solid #bbb;margin:2px}pre{white-space:pre-wrap}code{word-break:break-all}</style>",
        );
        let simulated = if self.simulated { " - SYNTHETIC data" } else { "" };
        // A String takes everything that is written to it.
        let mut line = |text: String| page.push_str(&text);
        line(format!("<h1>Print passport: {}{simulated}</h1>", escape(&self.structure)));
        line(format!("<p class=\"w\">{}</p>", escape(&self.warning)));
        if let Some(words) = self.validation.as_ref().filter(|words| words.contains("NOT VALIDATED")) {
            line(format!("<p class=\"w\">{}</p>", escape(words)));
        }
        line("<div class=\"p\">".into());
        for picture in pictures {
            line(format!(
                "<img alt=\"{0}\" title=\"{0}\" src=\"data:image/png;base64,{1}\">",
                picture.side,
                base64(&picture.png)
            ));
        }
        line("</div><h2>Origin</h2><table>".into());
        let mut row = |name: &str, value: &str| {
            line(format!("<tr><th>{}</th><td>{}</td></tr>", escape(name), escape(value)));
        };
        row("Made", &format!("{} by {}, {}", self.made, self.by, self.program));
        if let Some(words) = &self.validation {
            row("Validation", words);
        }
        for part in &self.parts {
            row("Structure", &format!("{} ({}), saved by {}", part.name, part.origin, part.reviewed_by));
        }
        row("Scale", &format!("{:.1} %", self.scale * 100.0));
        for source in &self.sources {
            row(&source.name, &source.sha256);
        }
        for file in &self.files {
            row(&file.name, &file.sha256);
        }
        line("</table>".into());
        for part in &self.parts {
            part.proof_html(&mut line);
        }
        line("<h2>Steps</h2><table><tr><th>Step</th><th>Departure from before</th></tr>".into());
        for step in &self.steps {
            line(format!("<tr><td>{}</td><td>{}</td></tr>", escape(&step.what), escape(&step.departures.to_string())));
        }
        line("</table>".into());
        for part in &self.parts {
            let name = escape(&part.name);
            line(format!("<h2>The surface of {name}</h2><pre>{}</pre>", escape(&part.surface.to_string())));
            line(format!("<h2>Check of the model of {name}</h2><pre>{}</pre>", escape(&part.inspection.to_string())));
        }
        line(format!("<p>SHA-256 of the contents: <code>{}</code></p></html>", self.contents_sha256));
        page
    }
}

impl PassportPart {
    fn proof_html(&self, line: &mut impl FnMut(String)) {
        line(format!(
            "<h2>Proof of {}: the model held against the scan</h2><table><tr><th>Measurement</th><th>Images</th>\
             <th>Model</th><th>Difference</th></tr>",
            escape(&self.name)
        ));
        for proof in &self.proof.calipers {
            let model = proof.on_model.map_or("not on this structure".into(), |m| format!("{m:.2}"));
            let difference = proof.difference().map_or(String::new(), |d| format!("{:+.2} mm", d.0));
            line(format!(
                "<tr><td>{}</td><td>{:.2}</td><td>{model}</td><td>{difference}</td></tr>",
                escape(&proof.caliper.name),
                proof.measured
            ));
        }
        let deviation = &self.proof.deviation;
        line(format!(
            "</table><p>Surface to voxels: mean {:.3}, 95 % within {:.3}, at most {:.3} mm. Volume {:+.2} %. Allowed: {}.</p>",
            deviation.mean().0,
            deviation.p95().0,
            deviation.max().0,
            self.proof.volume_difference_percent,
            self.proof.tolerance
        ));
    }
}

/// SHA-256 in 64 hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let all = three.iter().fold(0u32, |all, &b| all << 8 | u32::from(b)) << (8 * (3 - three.len()));
        for n in 0..4 {
            let digit = DIGITS[(all >> (18 - 6 * n) & 63) as usize];
            text.push(if n <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_is_that_of_the_rfc() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(super::base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn hashes_are_those_of_the_standard() {
        assert_eq!(super::sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
