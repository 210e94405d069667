//! What a picture shows, in one description for every renderer: the CPU's, the GPU's, the cinematic one.
//!
//! A [`Scene`] borrows all that is large. What depends on looks and clips, but not on the camera, is worked out once by
//! [`Materials`]: a table from the combination of structures at a voxel, and the clips that cut there, to a transfer
//! function table. Renderers look voxels up in it and need to know nothing about structures.

mod clip;
mod labels;
mod look;
mod materials;

pub use clip::{Clip, ClipBox, ClipSet, ClipShape, Keep, MAX_CLIPS};
pub use labels::{LabelError, LabelMap, VoxelBox};
pub use look::{Shown, StructureLook};
pub use materials::{Material, Materials};

use fabrica_volume::Volume;

use crate::{RenderError, RenderSettings, SurfaceMesh, TransferFunction};

/// All that a picture shows.
///
/// ```
/// use fabrica_raycast::{Preset, Scene};
/// # fn of(volume: &fabrica_volume::Volume) -> Result<(), Box<dyn std::error::Error>> {
/// let preset = Preset::named("ct-bone")?;
/// let function = preset.transfer_function(volume)?;
/// let scene = Scene { settings: preset.settings(volume), ..Scene::new(volume, &function) };
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The scan.
    pub volume: &'a Volume,
    /// Colour and opacity of what belongs to no structure, and of structures shown as the scan.
    pub function: &'a TransferFunction,
    /// Lighting, steps, background, the one clip plane that cuts everything.
    pub settings: RenderSettings,
    /// Structures with looks of their own.
    pub structures: Option<Structures<'a>>,
    /// Which of [`Scene::clips`] cut what belongs to no structure.
    pub clips_of_rest: ClipSet,
    /// Clip planes and boxes; each structure says which of them cut it. At most [`MAX_CLIPS`].
    pub clips: &'a [Clip],
    /// A second volume in the same picture.
    pub fused: Option<Fused<'a>>,
    /// Surfaces that hide the volume and are hidden by it. The clip plane of [`Scene::settings`] cuts them too.
    pub meshes: &'a [SurfaceMesh<'a>],
}

/// Structures and how each is shown.
#[derive(Clone, Copy, Debug)]
pub struct Structures<'a> {
    /// Which voxels belong to which.
    pub labels: &'a LabelMap,
    /// One for each structure of the labels, in the same order.
    pub looks: &'a [StructureLook],
}

/// A second volume in the same picture: an iodine map, a dose, an uncertainty, a temperature. It may lie on any grid.
#[derive(Clone, Copy, Debug)]
pub struct Fused<'a> {
    /// The volume. Beyond its box it does nothing.
    pub volume: &'a Volume,
    /// Its colour map: colour and opacity by its own values.
    pub function: &'a TransferFunction,
    /// What the two do to each other.
    pub fusion: Fusion,
}

/// What a second volume does to the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fusion {
    /// It is seen by itself, as a second fog in the same space: extinctions add up.
    #[default]
    Added,
    /// It colours what is seen of the first and shows nothing else: its opacity says how strongly.
    Painted,
}

impl<'a> Scene<'a> {
    /// A volume by itself, in default settings.
    pub fn new(volume: &'a Volume, function: &'a TransferFunction) -> Self {
        Self {
            volume,
            function,
            settings: RenderSettings::default(),
            structures: None,
            clips_of_rest: ClipSet::ALL,
            clips: &[],
            fused: None,
            meshes: &[],
        }
    }

    /// Refuses a scene that cannot give a picture.
    ///
    /// # Errors
    /// [`RenderError::Setting`] for a setting, clip or look out of range, [`RenderError::Labels`] when labels lie on
    /// another grid or there are more or fewer looks than structures.
    pub fn check(&self) -> Result<(), RenderError> {
        self.settings.check()?;
        if self.clips.len() > MAX_CLIPS {
            let value = self.clips.len() as f64;
            return Err(RenderError::Setting { name: "the number of clips", value, range: "at most 8" });
        }
        self.clips.iter().try_for_each(Clip::check)?;
        if let Some(Structures { labels, looks }) = self.structures {
            if labels.dims() != self.volume.grid().dims() {
                let (labels, volume) = (labels.dims(), self.volume.grid().dims());
                return Err(RenderError::Labels(LabelError::OtherGrid { labels, volume }));
            }
            if looks.len() != labels.structures() {
                let (looks, structures) = (looks.len(), labels.structures());
                return Err(RenderError::Labels(LabelError::Looks { looks, structures }));
            }
            looks.iter().try_for_each(StructureLook::check)?;
        }
        Ok(())
    }
}
