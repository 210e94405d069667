//! What the synthetic patient is like and how it is sampled.

use fabrica_geometry::Mm;
use serde::{Deserialize, Serialize};

use crate::PhantomError;

/// When the scan was taken after the contrast medium was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContrastPhase {
    /// No contrast medium.
    Native,
    /// About 30 s: arteries and the left heart are bright.
    Arterial,
    /// About 70 s: portal and hepatic veins and the liver are bright; the tumour is dark.
    #[default]
    PortalVenous,
}

impl ContrastPhase {
    /// The phase in words, as in a series description.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Arterial => "arterial",
            Self::PortalVenous => "portal venous",
        }
    }
}

/// Who the synthetic patient is. The same options give the same patient, to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PhantomOptions {
    /// Chooses the branching of vessels and airways, the noise, and all UIDs.
    pub seed: u64,
    /// Which contrast phase.
    pub contrast: ContrastPhase,
    /// The diameter of the spherical liver tumour, 5 to 60 mm.
    pub tumour_diameter: Mm,
    /// Whether there is a head above the neck.
    pub head: bool,
}

impl Default for PhantomOptions {
    fn default() -> Self {
        Self { seed: 1, contrast: ContrastPhase::default(), tumour_diameter: Mm(32.0), head: true }
    }
}

impl PhantomOptions {
    pub(crate) fn check(&self) -> Result<(), PhantomError> {
        if !(5.0..=60.0).contains(&self.tumour_diameter.0) {
            return Err(PhantomError::Option {
                option: "the tumour's diameter",
                value: format!("{}", self.tumour_diameter),
                allowed: "5 to 60 mm",
            });
        }
        Ok(())
    }
}

/// How values are sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Sub-samples along each axis of a voxel that a surface passes through, 1 to 8. 1 takes the voxel's centre alone:
    /// no partial volume.
    pub supersampling: usize,
    /// Standard deviation of the noise in Hounsfield units, 0 for none. The noise is white and Gaussian and depends on
    /// the seed and the voxel's number only.
    pub noise: f64,
    /// Full width at half maximum of a Gaussian blur within each slice, 0 for none.
    pub blur: Mm,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { supersampling: 2, noise: 8.0, blur: Mm(0.0) }
    }
}

impl Sampling {
    /// The voxel centres' values alone: no partial volume, no noise, no blur.
    pub fn exact() -> Self {
        Self { supersampling: 1, noise: 0.0, blur: Mm(0.0) }
    }

    pub(crate) fn check(&self) -> Result<(), PhantomError> {
        let wrong = |option, value: String, allowed| Err(PhantomError::Option { option, value, allowed });
        if !(1..=8).contains(&self.supersampling) {
            return wrong("supersampling", self.supersampling.to_string(), "1 to 8");
        }
        if !(0.0..=500.0).contains(&self.noise) {
            return wrong("the noise", format!("{} HU", self.noise), "0 to 500 HU");
        }
        if !(0.0..=10.0).contains(&self.blur.0) {
            return wrong("the blur", format!("{}", self.blur), "0 to 10 mm");
        }
        Ok(())
    }
}

/// Which part of the body is scanned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// From the lower chest to the pelvic rim: liver, kidneys, spleen, stomach.
    Abdomen,
    /// From the lung apices to the upper lumbar spine: lungs, heart, aorta, liver dome.
    Chest,
    /// Neck to upper thigh.
    #[default]
    Trunk,
    /// Chin to vertex.
    Head,
    /// All there is.
    Whole,
}

impl Region {
    /// The least and the greatest patient coordinates, mm: the patient's right, front and lower end, then left, back
    /// and upper end.
    pub fn bounds(self) -> ([f64; 3], [f64; 3]) {
        let (low, high) = match self {
            Self::Abdomen => (-205.0, 125.0),
            Self::Chest => (10.0, 350.0),
            Self::Trunk => (-340.0, 350.0),
            Self::Head => return ([-120.0, -125.0, 395.0], [120.0, 115.0, 645.0]),
            Self::Whole => (-340.0, 645.0),
        };
        ([-192.0, -192.0, low], [192.0, 192.0, high])
    }
}

/// Which way the slices of an acquisition lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Orientation {
    /// Rows to the left, columns to the back, slices from feet to head.
    #[default]
    Axial,
    /// Rows to the back, columns to the feet, slices from right to left.
    Sagittal,
    /// Rows to the left, columns to the feet, slices from front to back.
    Coronal,
    /// Axial, turned about the x axis, then about the y axis, by these degrees (-45 to 45 each).
    Oblique {
        /// About x.
        about_x: f64,
        /// About y.
        about_y: f64,
    },
}
