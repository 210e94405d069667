//! What the tool can do.

use fabrica_scene::input::Tools;

use crate::{ID, option};

/// What is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Brush,
    Eraser,
    Draw,
    EraseDrawn,
    CutInside,
    CutOutside,
    Level,
    KeepIsland,
    RemoveIsland,
    LargestIsland,
    Threshold,
    Grow,
    Between,
    Median,
    Opening,
    Closing,
    Gaussian,
    Jointly,
    GrowMargin,
    ShrinkMargin,
    Hollow,
    HollowAround,
    SmallIslands,
    Add,
    Subtract,
    Intersect,
    Copy,
    Invert,
    Clear,
}

/// How it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A ball that is moved.
    Brush,
    /// A line that is drawn around something.
    Outline,
    /// A press on a place.
    Press,
    /// A button of the panel.
    Button,
}

impl Kind {
    /// All, as they are offered.
    pub const ALL: [Self; 29] = [
        Self::Brush,
        Self::Eraser,
        Self::Draw,
        Self::EraseDrawn,
        Self::CutInside,
        Self::CutOutside,
        Self::Level,
        Self::KeepIsland,
        Self::RemoveIsland,
        Self::LargestIsland,
        Self::SmallIslands,
        Self::Threshold,
        Self::Grow,
        Self::Between,
        Self::Median,
        Self::Opening,
        Self::Closing,
        Self::Gaussian,
        Self::Jointly,
        Self::GrowMargin,
        Self::ShrinkMargin,
        Self::Hollow,
        Self::HollowAround,
        Self::Add,
        Self::Subtract,
        Self::Intersect,
        Self::Copy,
        Self::Invert,
        Self::Clear,
    ];

    /// What users and scripts call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brush => "brush",
            Self::Eraser => "eraser",
            Self::Draw => "draw on a slice",
            Self::EraseDrawn => "erase on a slice",
            Self::CutInside => "scissors",
            Self::CutOutside => "scissors, keep inside",
            Self::Level => "level tracing",
            Self::KeepIsland => "keep island",
            Self::RemoveIsland => "remove island",
            Self::LargestIsland => "largest island",
            Self::Threshold => "threshold",
            Self::Grow => "grow from seeds",
            Self::Between => "fill between slices",
            Self::Median => "smooth: median",
            Self::Opening => "smooth: opening",
            Self::Closing => "smooth: closing",
            Self::Gaussian => "smooth: Gaussian",
            Self::Jointly => "smooth: jointly",
            Self::GrowMargin => "margin outwards",
            Self::ShrinkMargin => "margin inwards",
            Self::Hollow => "hollow, wall inside",
            Self::HollowAround => "hollow, wall outside",
            Self::SmallIslands => "remove small islands",
            Self::Add => "logic: add",
            Self::Subtract => "logic: subtract",
            Self::Intersect => "logic: intersect",
            Self::Copy => "logic: copy",
            Self::Invert => "logic: invert",
            Self::Clear => "logic: clear",
        }
    }

    /// How it is used.
    pub fn used(self) -> Use {
        match self {
            Self::Brush | Self::Eraser => Use::Brush,
            Self::Draw | Self::EraseDrawn | Self::CutInside | Self::CutOutside => Use::Outline,
            Self::Level | Self::KeepIsland | Self::RemoveIsland => Use::Press,
            _ => Use::Button,
        }
    }

    /// Whether it makes or grows seeds.
    pub fn seeds(self) -> bool {
        matches!(self, Self::Brush | Self::Eraser | Self::Draw | Self::EraseDrawn | Self::Grow)
    }

    /// Whether it takes a length.
    pub fn has_length(self) -> bool {
        use Kind::{
            Closing, Gaussian, GrowMargin, Hollow, HollowAround, Jointly, Median, Opening, ShrinkMargin, SmallIslands,
        };
        matches!(
            self,
            Median
                | Opening
                | Closing
                | Gaussian
                | Jointly
                | GrowMargin
                | ShrinkMargin
                | Hollow
                | HollowAround
                | SmallIslands
        )
    }

    /// Whether it takes another structure.
    pub fn has_other(self) -> bool {
        matches!(self, Self::Add | Self::Subtract | Self::Intersect | Self::Copy)
    }

    /// Whether voxels may come to the structure, so that others can lose them.
    pub fn adds(self) -> bool {
        use Kind::{
            Clear, CutInside, CutOutside, EraseDrawn, Eraser, Intersect, KeepIsland, LargestIsland, RemoveIsland,
            ShrinkMargin, SmallIslands, Subtract,
        };
        !matches!(
            self,
            Eraser
                | EraseDrawn
                | CutInside
                | CutOutside
                | KeepIsland
                | RemoveIsland
                | LargestIsland
                | SmallIslands
                | ShrinkMargin
                | Subtract
                | Intersect
                | Clear
        )
    }
}

/// What is chosen.
pub fn chosen(tools: &Tools) -> Kind {
    let name = tools.chosen(ID, option::WHAT);
    Kind::ALL.into_iter().find(|kind| Some(kind.name()) == name).unwrap_or_default()
}
