//! The 3D view: its camera in patient coordinates, and how to ask for another look or a new picture.

use std::sync::Arc;

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_picking::SurfaceTarget;
use fabrica_raycast::{Camera as PatientCamera, NamedView, Projection};
use fabrica_volume::Structure;

/// The 3D view. It is drawn into an image, which a panel shows, and only when something in it has changed.
#[derive(Resource)]
pub struct View3d {
    /// From where the patient is seen.
    pub camera: PatientCamera,
    /// The picture.
    pub image: Handle<Image>,
    /// The size that the picture is shown in, pixels.
    pub size: UVec2,
}

impl Default for View3d {
    fn default() -> Self {
        let camera = PatientCamera {
            eye: LpsPoint::new(0.0, -1000.0, 0.0),
            target: LpsPoint::default(),
            up: LpsVector::new(0.0, 0.0, 1.0),
            projection: Projection::Orthographic { height: Mm(400.0) },
        };
        Self { camera, image: Handle::default(), size: UVec2::splat(512) }
    }
}

/// A change of the 3D view's camera. Distances are in fractions of the view's height, so that no sender need know pixels.
#[derive(Message, Clone, Copy, Debug)]
pub enum Navigate {
    /// Turns about the target: half a turn for a drag over the whole height.
    Rotate {
        /// To the right.
        across: f32,
        /// Downwards.
        down: f32,
    },
    /// Moves the patient under the pointer.
    Pan {
        /// To the right.
        across: f32,
        /// Downwards.
        down: f32,
    },
    /// Comes nearer by this factor (over 1) or goes away (under 1).
    Zoom(f32),
    /// Looks at the whole patient from a named side.
    Look(NamedView),
    /// Looks from another camera.
    From(PatientCamera),
    /// Looks at another point.
    LookAt(LpsPoint),
    /// Moves the crosshair to what is seen at a point of the picture, from its left and top in fractions of its size.
    Pick {
        /// From the left.
        across: f32,
        /// From the top.
        down: f32,
    },
    /// Changes between perspective and parallel projection.
    ToggleProjection,
    /// Shows the view in this size, pixels.
    Resize(UVec2),
    /// The pointer has let go: the picture may be made in full quality.
    Settle,
}

/// Something that the 3D view shows has changed: it is to be drawn again.
#[derive(Message, Clone, Copy, Debug, Default)]
pub struct Redraw;

/// Marks the Bevy camera that draws the 3D view.
#[derive(Component)]
pub struct View3dCamera;

/// Asks for a photo of the case: from the headset, from where the eyes are, else of the 3D view. It is kept in the case's
/// folder.
#[derive(Message, Clone, Copy, Debug, Default)]
pub struct TakePhoto;

/// Asks for a picture of the window, kept under this name where the program was told to keep pictures.
#[derive(Message, Clone, Debug)]
pub struct TakePicture(pub String);

/// The surfaces that can be pointed at, kept by who shows them.
#[derive(Resource, Default)]
pub struct SurfaceTargets(pub Vec<ShownTarget>);

/// A surface that can be pointed at while it is shown.
#[derive(Clone)]
pub struct ShownTarget {
    /// The structure that it is of.
    pub structure: Arc<Structure>,
    /// The uncut surface.
    pub target: Arc<SurfaceTarget>,
}
