//! A model that is to be printed, as the preview shows it, for panels.

use std::sync::Arc;

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_print::ProposedModel;
use fabrica_progress::Progress;
use fabrica_volume::Rgb;

use crate::Told;

/// What the print preview shows and does now.
#[derive(Resource)]
pub struct Printing {
    /// The tool is in use.
    pub active: bool,
    /// What it says.
    pub told: Option<Told>,
    /// What is being made, and how far that is.
    pub running: Option<(String, Progress)>,
    /// The model that is shown.
    pub model: Option<Arc<ProposedModel>>,
    /// Why the model is not written as it is now: its structures or the settings have changed since it was made.
    pub stale: Option<String>,
    /// What the colours mean.
    pub legend: Option<Legend>,
    /// What the check found, the worst first.
    pub places: Vec<PrintPlace>,
    /// Where the model is written; its ending says the format.
    pub file: String,
}

impl Default for Printing {
    fn default() -> Self {
        Self {
            active: false,
            told: None,
            running: None,
            model: None,
            stale: None,
            legend: None,
            places: Vec::new(),
            file: "model.3mf".into(),
        }
    }
}

/// What colours mean: lengths from the least to the greatest, each with its colour. Between two the colours blend.
#[derive(Clone, Debug, PartialEq)]
pub struct Legend {
    /// What is measured.
    pub title: String,
    /// The lengths and their colours, at least two, rising.
    pub stops: Vec<(Mm, Rgb)>,
    /// What is shown beyond the last, in words.
    pub beyond: String,
}

impl Legend {
    /// The colour of a length; that of the nearest end beyond them, grey for what is no number.
    ///
    /// ```
    /// use fabrica_geometry::Mm;
    /// use fabrica_scene::Legend;
    /// use fabrica_volume::Rgb;
    /// let stops = vec![(Mm(0.0), Rgb(0, 0, 0)), (Mm(2.0), Rgb(100, 200, 50))];
    /// let legend = Legend { title: "wall".into(), stops, beyond: String::new() };
    /// assert_eq!(legend.colour(Mm(1.0)), Rgb(50, 100, 25));
    /// assert_eq!(legend.colour(Mm(9.0)), Rgb(100, 200, 50));
    /// ```
    pub fn colour(&self, length: Mm) -> Rgb {
        const NONE: Rgb = Rgb(128, 128, 128);
        let (Some(first), Some(last)) = (self.stops.first(), self.stops.last()) else { return NONE };
        if length.0.is_nan() {
            return NONE;
        }
        let pair = self.stops.windows(2).find(|pair| (pair[0].0.0..=pair[1].0.0).contains(&length.0));
        let Some(&[(from, a), (to, b)]) = pair.and_then(|pair| pair.first_chunk::<2>()) else {
            return if length.0 < first.0.0 { first.1 } else { last.1 };
        };
        let share = (length.0 - from.0) / (to.0 - from.0).max(f64::MIN_POSITIVE);
        let blend = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        Rgb(blend(a.0, b.0), blend(a.1, b.1), blend(a.2, b.2))
    }
}

/// A place that the check found.
#[derive(Clone, Debug, PartialEq)]
pub struct PrintPlace {
    /// What it is, in words.
    pub what: String,
    /// Whether the model is no solid because of it.
    pub is_fault: bool,
    /// Where it lies in the patient: the slices go there.
    pub in_patient: LpsPoint,
    /// Where it lies on the model as it is shown.
    pub on_model: LpsPoint,
}
