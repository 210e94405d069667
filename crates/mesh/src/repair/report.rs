//! What a repair did, and what it would lose.

use std::fmt;

use fabrica_geometry::{LpsPoint, Mm, Mm2, Mm3};
use fabrica_surface::MeshReport;
use serde::{Deserialize, Serialize};

use crate::Departures;

/// Something of a model that a repair would lose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LostPiece {
    /// A whole part.
    Part {
        /// Its triangles.
        triangles: usize,
        /// Its area.
        area: Mm2,
        /// What it encloses, where it is closed.
        volume: Mm3,
        /// Its middle.
        at: LpsPoint,
        /// Its longest side.
        size: Mm,
    },
    /// A part without thickness: a sheet, which no printer can make.
    Sheet {
        /// Its triangles.
        triangles: usize,
        /// Its area.
        area: Mm2,
        /// Its middle.
        at: LpsPoint,
        /// Its longest side.
        size: Mm,
    },
    /// Volume of the whole model.
    Volume {
        /// Before, once its holes are closed.
        before: Mm3,
        /// After.
        after: Mm3,
    },
    /// Surface that the result leaves outside.
    Outside {
        /// How much.
        area: Mm2,
        /// The place farthest outside.
        at: LpsPoint,
        /// How far that is.
        distance: Mm,
    },
}

impl fmt::Display for LostPiece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |at: &LpsPoint| format!("({:.1}, {:.1}, {:.1})", at.0.x, at.0.y, at.0.z);
        match self {
            Self::Part { triangles, area, volume, at, size } => {
                write!(f, "a part of {triangles} triangles, {area}, {volume}, {size} long, at {}", place(at))
            }
            Self::Sheet { triangles, area, at, size } => {
                write!(f, "a sheet without thickness of {triangles} triangles, {area}, {size} long, at {}", place(at))
            }
            Self::Volume { before, after } => write!(f, "volume: {before} would become {after}"),
            Self::Outside { area, at, distance } => {
                write!(f, "{area} of the surface would lie outside, by {distance} at {}", place(at))
            }
        }
    }
}

/// All that a repair would lose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Loss(pub Vec<LostPiece>);

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        for (n, piece) in self.0.iter().take(SHOWN).enumerate() {
            if n > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{piece}")?;
        }
        if self.0.len() > SHOWN {
            write!(f, "; and {} more", self.0.len() - SHOWN)?;
        }
        Ok(())
    }
}

/// One step of a repair that changed something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepairStep {
    /// What was done, in words.
    pub what: String,
    /// How many things it changed.
    pub count: usize,
    /// Parts after it.
    pub parts: usize,
    /// Enclosed volume after it; only meaningful once the mesh is closed.
    pub volume: Mm3,
    /// How far the mesh then departs from the input.
    pub departures: Departures,
}

/// Where a hole was filled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FilledHole {
    /// The middle of its rim.
    pub at: LpsPoint,
    /// Edges of its rim.
    pub edges: usize,
    /// Area of the filling; of rims that are filled together the first has it all.
    pub area: Mm2,
}

/// What a repair did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepairReport {
    /// The check of the input.
    pub input: MeshReport,
    /// Pairs of triangles of the input that pass through each other.
    pub input_self_intersections: usize,
    /// What was done, in order.
    pub steps: Vec<RepairStep>,
    /// The holes that were filled.
    pub holes: Vec<FilledHole>,
    /// The step of the grid, where the model (or parts of it) had to be made anew on one: what is thinner may have
    /// changed its shape.
    pub remeshed_at: Option<Mm>,
    /// What was lost, because it was allowed.
    pub lost: Loss,
    /// What a human should look at.
    pub warnings: Vec<String>,
    /// The check of the result.
    pub output: MeshReport,
    /// Pairs of triangles of the result that pass through each other: none.
    pub output_self_intersections: usize,
    /// How far the result departs from the input.
    pub departures: Departures,
    /// Volume once the holes were closed, before anything was taken away.
    pub closed_volume: Mm3,
}

impl fmt::Display for RepairReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (input, output) = (&self.input, &self.output);
        let faults = input.faults();
        writeln!(f, "Input             {} triangles, {} parts", input.triangles, input.components)?;
        for fault in &faults {
            writeln!(f, "FAULT             {fault}")?;
        }
        if self.input_self_intersections > 0 {
            writeln!(
                f,
                "FAULT             {} pairs of triangles pass through each other",
                self.input_self_intersections
            )?;
        }
        if faults.is_empty() && self.input_self_intersections == 0 {
            writeln!(f, "                  no fault found")?;
        }
        for step in &self.steps {
            writeln!(
                f,
                "Step              {} ({}): {} parts, {}, departs {}",
                step.what, step.count, step.parts, step.volume, step.departures
            )?;
        }
        if let Some(tolerance) = self.remeshed_at {
            writeln!(f, "Made anew         on a grid of {:.4} mm: finer shape there may have changed", tolerance.0)?;
        }
        for piece in &self.lost.0 {
            writeln!(f, "LOST (allowed)    {piece}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "LOOK AT           {warning}")?;
        }
        writeln!(f, "Result            {} triangles, {} parts", output.triangles, output.components)?;
        writeln!(f, "Volume            {:.3} (closed input {:.3})", output.volume, self.closed_volume)?;
        writeln!(f, "Departure         {}", self.departures)?;
        write!(f, "Solid             yes: watertight, manifold, outward, passes nowhere through itself")
    }
}

impl fmt::Display for Departures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "mean {:.4}, 95 % within {:.4}, max {:.4} mm ({:.4} outward, {:.4} inward)",
            self.mean.0, self.p95.0, self.max.0, self.outward.0, self.inward.0
        )
    }
}
