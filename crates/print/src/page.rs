//! The passport as a page for people.

use fabrica_document::{Block, Document, Picture, Table};
use fabrica_geometry::Mm;

use crate::{ModelOptions, Passport, PassportPart};

impl Passport {
    /// The page: all that the passport says, and the pictures.
    pub(crate) fn page(&self, pictures: Vec<Picture>) -> Document {
        let simulated = if self.simulated { " - SYNTHETIC data" } else { "" };
        let mut page = Document::new(format!("Print passport: {}{simulated}", self.structure));
        let short = self.contents_sha256.get(..16).unwrap_or_default();
        page.foot = format!("not a cleared medical device  ·  SHA-256 {short}");
        page.push(Block::Alert(self.warning.clone()));
        if let Some(words) = self.validation.as_ref().filter(|words| words.contains("NOT VALIDATED")) {
            page.push(Block::Alert(words.clone()));
        }
        for part in &self.parts {
            part.alerts(&self.settings, &mut page);
        }
        page.push(Block::Pictures(pictures));
        page.push(Block::Heading("Origin".into()));
        page.push(Block::Table(self.origin()));
        page.push(Block::Heading("Settings".into()));
        page.push(Block::Table(settings(&self.settings)));
        page.push(Block::Heading("What is printed".into()));
        page.push(Block::Table(self.solids()));
        for part in &self.parts {
            part.proof(&self.settings, &mut page);
        }
        page.push(Block::Heading("Steps".into()));
        if self.steps.is_empty() {
            page.push(Block::Text("None: what is printed is the surface that was proved.".into()));
        } else {
            let mut steps = Table::new(&["Step", "Departure from before"]);
            self.steps.iter().for_each(|step| steps.row(&[&step.what, &step.departures.to_string()]));
            page.push(Block::Table(steps));
        }
        for part in &self.parts {
            page.push(Block::Heading(format!("The surface of {}", part.name)));
            page.push(Block::Fixed(part.surface.to_string()));
            for solid in &part.solids {
                page.push(Block::Heading(format!("Check of {} as it is written", solid.name)));
                page.push(Block::Fixed(solid.inspection.to_string()));
            }
        }
        page.push(Block::Small(format!(
            "SHA-256 of the contents (the JSON of this passport with this field empty; the case's audit log has it too): {}",
            self.contents_sha256
        )));
        page
    }

    fn origin(&self) -> Table {
        let mut table = Table::default();
        table.row(&["Made", &format!("{} by {}, {}", self.made, self.by, self.program)]);
        if let Some(words) = &self.validation {
            table.row(&["Validation", words]);
        }
        for part in &self.parts {
            table.row(&["Structure", &format!("{} ({}), saved by {}", part.name, part.origin, part.reviewed_by)]);
        }
        self.sources.iter().for_each(|source| table.row(&[&source.name, &source.sha256]));
        self.files.iter().for_each(|file| table.row(&[&file.name, &file.sha256]));
        table
    }

    /// Each solid with its volume, and the sum.
    fn solids(&self) -> Table {
        let mut table = Table::new(&["Part", "Volume", "Size", "Least wall", "Solid"]);
        let all: Vec<_> = self.parts.iter().flat_map(|part| &part.solids).collect();
        for solid in &all {
            let mesh = &solid.inspection.mesh;
            let size = mesh.bounds.map_or_else(String::new, |(low, high)| {
                let size = (high - low).0;
                format!("{:.2} × {:.2} × {:.2} mm", size.x, size.y, size.z)
            });
            let wall = solid
                .inspection
                .least_wall
                .map_or_else(|| "not measured".into(), |wall| at_least(wall, &self.settings));
            let whole = if solid.inspection.is_solid() { "yes" } else { "NO" };
            table.row(&[&solid.name, &format!("{:.3} mL", mesh.volume.millilitres()), &size, &wall, whole]);
        }
        if all.len() > 1 {
            table.row(&["All together", &format!("{:.3} mL", self.volume().millilitres())]);
        }
        table
    }
}

/// Walls are looked for up to twice the least.
fn at_least(wall: Mm, settings: &ModelOptions) -> String {
    match settings.least_wall {
        Some(least) if wall.0 >= 2.0 * least.0 => format!("{wall} or more"),
        _ => wall.to_string(),
    }
}

fn settings(asked: &ModelOptions) -> Table {
    let mut table = Table::default();
    let test = if asked.scale == 1.0 { "the patient's size" } else { "a test print; walls were checked at this size" };
    table.row(&["Scale", &format!("{:.1} %, {test}", asked.scale * 100.0)]);
    let place = if asked.arrange.is_some() {
        "of the bed, parts moved"
    } else {
        "of the patient (LPS: +x left, +y posterior, +z superior)"
    };
    table.row(&["Unit, coordinates", &format!("millimetres, {place}")]);
    let wall = asked
        .least_wall
        .map_or_else(|| "walls were not measured".into(), |wall| format!("{wall} at the model's scale"));
    table.row(&["Least wall", &wall]);
    if asked.thicken {
        table.row(&["Thin walls", "thickened to the least wall, only where they are thinner"]);
    }
    if asked.engravings.is_empty() {
        table.row(&["Marks", "none engraved"]);
    }
    for mark in &asked.engravings {
        let words = format!("\"{}\" engraved, {} high, {} deep", mark.text, mark.height, mark.depth);
        table.row(&["Marks", &words]);
    }
    if let Some(bound) = asked.simplify {
        table.row(&["Simplified", &format!("within {bound}")]);
    }
    if let Some(hollow) = &asked.hollow {
        let words = format!("wall {}, {} drain holes of radius {}", hollow.wall, hollow.holes.len(), hollow.hole);
        table.row(&["Hollow", &words]);
    }
    if let Some((plane, pegs)) = &asked.cut {
        let (at, normal) = (plane.point.0, plane.normal.0);
        table.row(&[
            "Cut",
            &format!(
                "by the plane through ({:.1}, {:.1}, {:.1}), normal ({:.3}, {:.3}, {:.3}); {} pegs of {} radius, {} long, clearance {}",
                at.x, at.y, at.z, normal.x, normal.y, normal.z, pegs.pegs, pegs.radius, pegs.length, pegs.clearance
            ),
        ]);
    }
    let bed = asked.bed.map_or_else(
        || "not told".into(),
        |[w, d, h]| format!("{:.1} × {:.1} × {:.1} mm (width, depth, height)", w.0, d.0, h.0),
    );
    table.row(&["Printer's bed", &bed]);
    if let Some(gap) = asked.arrange {
        table.row(&["On the bed", &format!("parts {gap} apart")]);
    }
    table.row(&["Tolerance of the proof", &asked.tolerance.to_string()]);
    table
}

impl PassportPart {
    /// What must not be overlooked.
    fn alerts(&self, settings: &ModelOptions, page: &mut Document) {
        if let (Some(least), Some(thinnest), 1..) = (settings.least_wall, self.least_wall(), self.thin_places()) {
            page.push(Block::Alert(format!(
                "{}: {} places are thinner than {least}; the thinnest has {thinnest}. They may break, or not be printed at all.",
                self.name,
                self.thin_places()
            )));
        }
        for line in self.proof.calipers.iter().filter(|line| line.is_changed(settings.tolerance)) {
            page.push(Block::Alert(format!(
                "{}: \"{}\" is {} on the images and {} on what is printed (in the patient's size), because the model was \
                 changed on purpose.",
                self.name,
                line.caliper.name,
                line.measured,
                line.printed.unwrap_or_default()
            )));
        }
    }

    fn proof(&self, settings: &ModelOptions, page: &mut Document) {
        page.push(Block::Heading(format!("Proof of {}: the model held against the scan", self.name)));
        if self.proof.calipers.is_empty() {
            page.push(Block::Text("No distance was measured on the images.".into()));
        } else {
            let mut table = Table::new(&[
                "Measurement",
                "Images",
                "Model's surface",
                "Difference",
                "As printed, in the patient's size",
            ]);
            for line in &self.proof.calipers {
                let model = line.on_model.map_or("not on this structure".into(), |m| format!("{m:.2}"));
                let difference = line.difference().map_or(String::new(), |d| format!("{:+.2} mm", d.0));
                let printed = line.printed.map_or(String::new(), |m| {
                    let changed = if line.is_changed(settings.tolerance) { " CHANGED" } else { "" };
                    format!("{m:.2}{changed}")
                });
                table.row(&[&line.caliper.name, &format!("{:.2}", line.measured), &model, &difference, &printed]);
            }
            page.push(Block::Table(table));
        }
        let deviation = &self.proof.deviation;
        page.push(Block::Text(format!(
            "Surface to voxels: mean {:.3}, 95 % within {:.3}, at most {:.3} mm. Volume {:+.2} %. Allowed: {}.",
            deviation.mean().0,
            deviation.p95().0,
            deviation.max().0,
            self.proof.volume_difference_percent,
            self.proof.tolerance
        )));
        if let Some(rejoined) = self.rejoined {
            page.push(Block::Text(format!(
                "The parts put together again: {:+.3} mL less than the whole (pegs and sockets left out); no place of the \
                 whole's surface lies farther than {:.3} mm from theirs.",
                rejoined.volume_difference.millilitres(),
                rejoined.farthest.0
            )));
        }
    }
}
