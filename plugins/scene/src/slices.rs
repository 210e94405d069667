//! The three slice views: what they show, and how to move them.

use bevy::prelude::*;
use fabrica_geometry::LpsPoint;
use fabrica_plan::{ClipBox, ClipPlane, TransferFunction, Window};
use fabrica_raycast::{SliceOrientation, SlicePlane};

use crate::{OpenCase, SceneStructure};

/// A slice view.
#[derive(Clone)]
pub struct SliceView {
    /// Axial, coronal or sagittal.
    pub orientation: SliceOrientation,
    /// The picture.
    pub image: Handle<Image>,
    /// The plane that the picture shows, when there is one: its size, and where each of its pixels lies in the patient.
    pub shown: Option<(SlicePlane, [u32; 2])>,
}

/// The three slice views: axial, coronal, sagittal.
#[derive(Resource)]
pub struct Slices(pub [SliceView; 3]);

impl Default for Slices {
    fn default() -> Self {
        Self(
            [SliceOrientation::Axial, SliceOrientation::Coronal, SliceOrientation::Sagittal]
                .map(|orientation| SliceView { orientation, image: Handle::default(), shown: None }),
        )
    }
}

/// A change of a slice view. What moves the crosshair or the window is in the plan, not here.
#[derive(Message, Clone, Copy, Debug)]
pub enum SliceCommand {
    /// Shows the view in this size, pixels.
    Resize {
        /// Which view.
        view: usize,
        /// Its size, pixels.
        size: UVec2,
    },
    /// Moves the picture under the pointer, pixels.
    Pan {
        /// Which view.
        view: usize,
        /// By how much.
        by: Vec2,
    },
    /// Enlarges (over 1) or reduces the picture.
    Zoom {
        /// Which view.
        view: usize,
        /// By how much.
        factor: f32,
    },
}

/// What is under the pointer and not yet in the plan: shown in place of the plan's values until the pointer lets go.
#[derive(Resource, Default)]
pub struct Preview {
    /// Where the slices cross.
    pub crosshair: Option<LpsPoint>,
    /// How values become grey.
    pub window: Option<Window>,
    /// The clip plane.
    pub clip: Option<ClipPlane>,
    /// The clip box.
    pub clip_box: Option<ClipBox>,
    /// The transfer function of a structure, or of the scan where there is no name.
    pub function: Option<(Option<String>, TransferFunction)>,
    /// Structures that a tool would make, shown beside the plan's.
    pub structures: Vec<SceneStructure>,
}

impl Preview {
    /// The clip plane that cuts now: the one under the pointer, else the plan's; nothing where it is off.
    pub fn cutting(&self, case: &OpenCase) -> Option<ClipPlane> {
        self.clip.or(case.clip).filter(|clip| clip.enabled)
    }

    /// The clip box that cuts now: the one under the pointer, else the plan's; nothing where it is off.
    pub fn boxing<'a>(&'a self, case: &'a OpenCase) -> Option<&'a ClipBox> {
        self.clip_box.as_ref().or(case.clip_box.as_ref()).filter(|clip| clip.enabled)
    }

    /// All planes that cut a structure now, or what belongs to none: the clip plane, and those of the clip box.
    pub fn planes_cutting(&self, case: &OpenCase, structure: Option<&str>) -> Vec<ClipPlane> {
        let cuts = |clip: &&ClipBox| structure.map_or(clip.cuts_rest(), |name| clip.cuts_structure(name));
        let boxed = self.boxing(case).filter(cuts).map(ClipBox::planes);
        self.cutting(case).into_iter().chain(boxed.into_iter().flatten()).collect()
    }
}
