//! Window and level: which values become which grey.

use fabrica_volume::Volume;
use serde::{Deserialize, Serialize};

/// A window: values from `centre - width / 2` to `centre + width / 2` become black to white.
///
/// This is the LINEAR_EXACT function of DICOM PS3.3 C.11.2.1.3.2.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// The value that becomes middle grey.
    pub centre: f64,
    /// From black to white.
    pub width: f64,
}

/// A window with a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowPreset {
    /// Its name, as the command line takes it.
    pub name: &'static str,
    /// What it shows.
    pub description: &'static str,
    /// The window, in Hounsfield units.
    pub window: Window,
}

/// Windows in use for CT, in Hounsfield units.
pub const WINDOW_PRESETS: [WindowPreset; 9] = [
    preset("abdomen", "abdominal organs", 40.0, 400.0),
    preset("liver", "liver parenchyma in a portal venous phase", 100.0, 160.0),
    preset("bone", "cortical and trabecular bone", 500.0, 2000.0),
    preset("lung", "lung parenchyma", -600.0, 1500.0),
    preset("mediastinum", "mediastinum", 50.0, 350.0),
    preset("brain", "grey and white matter", 40.0, 80.0),
    preset("stroke", "early ischaemia", 35.0, 30.0),
    preset("vessels", "contrast-filled vessels", 250.0, 700.0),
    preset("soft-tissue", "neck and soft tissue", 60.0, 350.0),
];

const fn preset(name: &'static str, description: &'static str, centre: f64, width: f64) -> WindowPreset {
    WindowPreset { name, description, window: Window { centre, width } }
}

impl Window {
    /// The window of a preset, by name.
    pub fn named(name: &str) -> Option<Self> {
        WINDOW_PRESETS.iter().find(|p| p.name == name).map(|p| p.window)
    }

    /// The window that suits a volume when nobody has chosen one: the abdominal one for CT, else the whole range.
    pub fn suited_to(volume: &Volume) -> Self {
        if volume.provenance.modality.is_ct() {
            return Self { centre: 40.0, width: 400.0 };
        }
        let (low, high) = volume.range();
        Self::spanning(low, high)
    }

    /// A window over the whole range of values.
    pub fn spanning(low: f64, high: f64) -> Self {
        Self { centre: (low + high) / 2.0, width: (high - low).max(f64::MIN_POSITIVE) }
    }

    /// The grey of a value, 0 (black) to 1 (white). Grey is display grey (sRGB), not light.
    #[inline]
    pub fn grey(&self, value: f64) -> f64 {
        ((value - self.centre) / self.width + 0.5).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_abdomen_window_is_black_at_minus_160_and_white_at_240() {
        let window = Window::named("abdomen").unwrap();
        assert_eq!([-160.0, 40.0, 240.0, 3000.0].map(|v| window.grey(v)), [0.0, 0.5, 1.0, 1.0]);
        assert_eq!(Window::named("nothing"), None);
    }
}
