//! The vocabulary that the plugins share: components, resources, messages, and the way from the patient to the world.
//!
//! A plugin knows no other plugin. It reads what is here ([`OpenCase`], [`Work`], [`Notices`]), and asks for changes by
//! sending [`Do`] (an operation on the plan) or [`Request`] (anything longer). What hands do is in [`input`]; where the
//! patient lies in the room, and the user, in [`presence`] and [`world`].

mod annotations;
pub mod camera;
mod cinematic;
mod editing;
mod figures;
pub mod graphics;
mod held;
pub mod input;
mod measuring;
mod oblique;
mod open_case;
pub mod pick;
mod picture;
pub mod presence;
mod printing;
mod rehearsing;
mod request;
mod slices;
mod transfer;
mod view3d;
mod work;
pub mod world;

use bevy::camera::visibility::VisibilitySystems;
use bevy::prelude::*;

pub use annotations::{Annotation, Annotations};
pub use cinematic::{CinematicPicture, CinematicView};
pub use editing::{Editing, Paint, rings};
pub use figures::{Figure, Figures, Paint as FigurePaint};
pub use held::{Grasp, HeldPlane, turn_between};
pub use measuring::{Measuring, Told};
pub use oblique::{Along, ObliqueSlice};
pub use open_case::{OpenCase, SceneApproach, SceneMeasurement, SceneStructure, SceneVolume, SceneWarning};
pub use picture::{bevy_image, blank_image};
pub use presence::{Anatomy, InPatient, PatientRoot};
pub use printing::{Legend, PrintPlace, Printing};
pub use rehearsing::{EntryMap, Held, Rehearsing};
pub use request::{Choice, Choices, Do, Request};
pub use slices::{Preview, SliceCommand, SliceView, Slices};
pub use transfer::{clips, transfer_function};
pub use view3d::{Navigate, Redraw, ShownTarget, SurfaceTargets, TakePhoto, TakePicture, View3d, View3dCamera};
pub use work::{Leave, Notice, Notices, Severity, Work};

/// Registers the vocabulary. Every other plugin of Fabrica needs it.
pub struct ScenePlugin;

impl Plugin for ScenePlugin {
    fn build(&self, app: &mut App) {
        let root = app.world_mut().spawn((Name::new("patient"), Transform::default(), Visibility::default())).id();
        let anatomy = (Name::new("anatomy"), Transform::default(), Visibility::default(), ChildOf(root));
        let anatomy = app.world_mut().spawn(anatomy).id();
        app.insert_resource(PatientRoot(root))
            .insert_resource(presence::AnatomyRoot(anatomy))
            .init_resource::<world::PatientPose>()
            .init_resource::<presence::Comfort>()
            .init_resource::<presence::Headset>()
            .init_resource::<presence::PanelPlaces>()
            .add_message::<presence::MovePatient>()
            .add_message::<presence::SummonPanel>()
            .add_plugins(input::InputPlugin)
            .add_systems(
                PostUpdate,
                (
                    presence::follow_pose.before(TransformSystems::Propagate),
                    presence::show_anatomy.before(VisibilitySystems::VisibilityPropagate),
                ),
            );
        app.init_resource::<OpenCase>()
            .init_resource::<Choices>()
            .init_resource::<Work>()
            .init_resource::<Notices>()
            .init_resource::<Preview>()
            .init_resource::<Slices>()
            .init_resource::<View3d>()
            .init_resource::<SurfaceTargets>()
            .init_resource::<CinematicView>()
            .init_resource::<Annotations>()
            .init_resource::<Editing>()
            .init_resource::<Measuring>()
            .init_resource::<ObliqueSlice>()
            .init_resource::<Figures>()
            .init_resource::<Rehearsing>()
            .init_resource::<Printing>()
            .add_message::<Paint>()
            .add_message::<Do>()
            .add_message::<Request>()
            .add_message::<SliceCommand>()
            .add_message::<Navigate>()
            .add_message::<Redraw>()
            .add_message::<Leave>()
            .add_message::<TakePhoto>()
            .add_message::<TakePicture>();
    }
}
