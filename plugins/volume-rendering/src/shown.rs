//! The open case's volume in the scene.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice};
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use fabrica_plan::ClipPlane as PlannedClipPlane;
use fabrica_raycast::{ClipPlane, LookTables, Preset, PresetError, RenderSettings, Scene};
use fabrica_scene::{InPatient, Notices, OpenCase, Preview, Redraw, Severity};
use fabrica_volume::Volume;

use crate::box_mesh::box_mesh;
use crate::material::{VolumeMaterial, VolumeTextures};
use crate::texture::{PreparedVolume, TextureSupport, VolumeTextureError};

/// A volume that is drawn.
#[derive(Component)]
pub struct ShownVolume {
    prepared: PreparedVolume,
    textures: VolumeTextures,
    /// What its material was made for; nothing before there is one.
    look: Option<Look>,
}

/// What the picture of a volume depends on, beside the volume.
#[derive(Clone, PartialEq)]
struct Look {
    preset: String,
    clip: Option<PlannedClipPlane>,
}

/// The volume that is being made ready, or was: with the work while it runs.
#[derive(Default)]
pub(crate) struct Preparing {
    volume: Option<Arc<Volume>>,
    task: Option<Task<Result<PreparedVolume, VolumeTextureError>>>,
}

/// Makes the open case's volume ready when it has changed, off the frame's thread, and puts it into the scene.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub(crate) fn prepare(
    case: Res<OpenCase>,
    device: Option<Res<RenderDevice>>,
    shown: Query<Entity, With<ShownVolume>>,
    mut preparing: Local<Preparing>,
    mut commands: Commands,
    mut images: ResMut<Assets<Image>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut notices: ResMut<Notices>,
    mut redraw: MessageWriter<Redraw>,
) {
    let Some(device) = device else { return };
    let wanted = case.volume.as_ref().map(|v| &v.volume);
    if wanted.map(Arc::as_ptr) != preparing.volume.as_ref().map(Arc::as_ptr) {
        shown.iter().for_each(|entity| commands.entity(entity).despawn());
        redraw.write(Redraw);
        let support = TextureSupport::of(&device);
        preparing.volume = wanted.cloned();
        preparing.task = wanted
            .cloned()
            .map(|volume| AsyncComputeTaskPool::get().spawn(async move { PreparedVolume::new(volume, support) }));
    }
    let Some(result) = preparing.task.as_mut().and_then(|task| block_on(poll_once(task))) else { return };
    preparing.task = None;
    match result {
        Ok(mut prepared) => {
            let mesh = meshes.add(box_mesh(prepared.volume.grid()));
            let textures = VolumeTextures::take(&mut prepared, &mut images);
            commands.spawn((ShownVolume { prepared, textures, look: None }, Mesh3d(mesh), InPatient));
        }
        Err(error) => notices.tell(Severity::Error, format!("The volume cannot be shown in 3D: {error}.")),
    }
}

/// Gives the volume the look that the case asks for. A clip plane under the pointer comes before the plan's.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub(crate) fn show(
    case: Res<OpenCase>,
    preview: Res<Preview>,
    adapter: Option<Res<RenderAdapterInfo>>,
    mut shown: Query<(Entity, &mut ShownVolume, Option<&MeshMaterial3d<VolumeMaterial>>)>,
    mut commands: Commands,
    mut images: ResMut<Assets<Image>>,
    mut materials: ResMut<Assets<VolumeMaterial>>,
    mut notices: ResMut<Notices>,
    mut redraw: MessageWriter<Redraw>,
) {
    let look = Look { preset: case.preset.clone(), clip: preview.clip.or(case.clip).filter(|clip| clip.enabled) };
    for (entity, mut shown, material) in &mut shown {
        if shown.look.as_ref() == Some(&look) {
            continue;
        }
        let same_preset = shown.look.as_ref().is_some_and(|old| old.preset == look.preset);
        shown.look = Some(look.clone());
        redraw.write(Redraw);
        if same_preset && let Some(mut material) = material.and_then(|handle| materials.get_mut(handle)) {
            material.set_clip(look.kept());
            continue;
        }
        match new_material(&shown, &look, &mut images) {
            Ok(mut material) => {
                // Compared by name: the type belongs to wgpu, whose version is Bevy's affair.
                if adapter.as_ref().is_some_and(|a| format!("{:?}", a.device_type) == "Cpu") {
                    material.hurry();
                }
                commands.entity(entity).insert(MeshMaterial3d(materials.add(material)));
            }
            Err(error) => notices.tell(Severity::Error, format!("The volume keeps its look: {error}.")),
        }
    }
}

impl Look {
    /// The plan says what is cut away, the renderer what is kept.
    fn kept(&self) -> Option<ClipPlane> {
        self.clip.map(|clip| ClipPlane { point: clip.point, keep: -clip.normal })
    }
}

fn new_material(shown: &ShownVolume, look: &Look, images: &mut Assets<Image>) -> Result<VolumeMaterial, PresetError> {
    let volume = &shown.prepared.volume;
    let preset = if look.preset.is_empty() { Preset::suited_to(volume)? } else { Preset::named(&look.preset)? };
    let settings = RenderSettings { clip: look.kept(), ..preset.settings(volume) };
    let function = preset.transfer_function(volume)?;
    let scene = Scene { settings, ..Scene::new(volume, &function) };
    let derived = &shown.prepared.derived;
    let tables = LookTables::of(&scene, derived);
    Ok(VolumeMaterial::new(&shown.prepared, &shown.textures, &scene, derived, &tables, images))
}
