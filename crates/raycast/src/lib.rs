//! The CPU renderer: reference, oracle of the GPU passes, and picture where there is no GPU.
//!
//! - [`render_scene`]: ray casting of a [`Scene`]: a volume through a [`TransferFunction`], as a surface or as a
//!   projection (MIP, MinIP, average), with structures that have looks of their own, a second volume, clips and meshes.
//!   `shaders/volume.wgsl` does the same on the GPU, number by number. [`render_volume`] draws a volume by itself.
//! - [`render_slice`]: a plane through a volume, with structures over it.
//! - [`render_mesh`]: triangles in patient millimetres.
//! - [`slice_marks`], [`view_marks`], [`draw_marks`]: side letters, orientation cube, scale bar and captions.
//!
//! Pictures are seen as a radiologist sees them: in [`Camera`]s named `anterior` and in axial and coronal
//! [`SlicePlane`]s the patient's left is on the right of the image.

mod blocks;
mod camera;
mod cast;
mod curved;
mod error;
mod fragments;
mod image;
mod label_blocks;
mod light;
mod lut;
mod marks;
mod marks_drawing;
mod mesh;
mod preset;
mod sampler;
mod scene;
mod settings;
mod slab;
mod slice;
mod tables;
mod transfer;
mod view;
mod volume;
mod voxel_clip;
mod window;

pub use blocks::{BLOCK_CELLS, BlockRanges, Occupancy};
pub use camera::{Camera, CameraFrame, Projection, Ray, Rays};
pub use cast::{SampleCount, render_scene, render_scene_with, samples_per_ray};
pub use curved::{CurvedSlice, render_curved};
pub use error::RenderError;
pub use image::{Image, ImageError, linear_to_srgb, srgb_to_linear};
pub use label_blocks::LabelBlocks;
pub use light::{LIGHT_CELL, LightVolume};
pub use lut::{LUT_ENTRIES, LUT_SHORT_SEGMENT, Lut};
pub use marks::{Anchor, Colour, Mark, slice_marks, view_marks};
pub use marks_drawing::draw_marks;
pub use mesh::{MeshSettings, SurfaceMesh, render_mesh};
pub use preset::{Preset, PresetError};
pub use sampler::Sampler;
pub use scene::{
    Clip, ClipBox, ClipSet, ClipShape, Fused, Fusion, Keep, LabelError, LabelMap, MAX_CLIPS, Material, Materials,
    Scene, Shown, StructureLook, Structures, VoxelBox,
};
pub use settings::{ClipPlane, Lighting, RenderMode, RenderSettings, Slab};
pub use slab::{SlabKind, render_slab};
pub use slice::{Interpolation, OverlayStyle, SliceOrientation, SlicePlane, StructureOverlay, render_slice};
pub use tables::{Derived, Followed, FusedTable, LookTables};
pub use transfer::{ControlPoint, TransferFunction, TransferFunctionError};
pub use view::{NamedView, View, ViewError};
pub use volume::{render_volume, render_volume_with};
pub use voxel_clip::{VoxelClip, VoxelClipKind};
pub use window::{WINDOW_PRESETS, Window, WindowPreset};
