//! The open case's volume in the scene.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice};
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use fabrica_plan::{ClipPlane as PlannedClipPlane, TransferFunction as PlannedFunction, VolumeLook};
use fabrica_raycast::{
    ClipPlane, Derived, LabelBlocks, LabelError, LabelMap, LightVolume, LookTables, Preset, RenderSettings, Scene,
    Shown, StructureLook, Structures,
};
use fabrica_scene::{InPatient, Notices, OpenCase, Preview, Redraw, SceneStructure, Severity, transfer_function};
use fabrica_volume::{Mask, Rgb, Structure, Volume};

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
    /// The structures with looks of their own, and which voxels belong to them.
    labels: Option<Labels>,
    /// How much light came to each place under the last look that was not under the pointer.
    light: Option<LightVolume>,
}

/// Labels of structures, made off the frame's thread.
struct Labels {
    of: Vec<Arc<Structure>>,
    map: LabelMap,
    blocks: LabelBlocks,
}

/// What the picture of a volume depends on, beside the volume.
#[derive(Clone, PartialEq)]
struct Look {
    preset: String,
    clip: Option<PlannedClipPlane>,
    function: Option<PlannedFunction>,
    /// The structures whose labels are there, with their looks and colours.
    structures: Vec<(VolumeLook, Rgb)>,
    /// Whether something is under the pointer: then the light stays as it was.
    is_preview: bool,
}

/// The volume that is being made ready, or was: with the work while it runs.
#[derive(Default)]
pub(crate) struct Preparing {
    volume: Option<Arc<Volume>>,
    task: Option<Task<Result<PreparedVolume, VolumeTextureError>>>,
}

/// The labels that are being made.
#[derive(Default)]
pub(crate) struct Labelling {
    of: Vec<Arc<Structure>>,
    task: Option<Task<Result<Labels, LabelError>>>,
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
            let volume = ShownVolume { prepared, textures, look: None, labels: None, light: None };
            commands.spawn((volume, Mesh3d(mesh), InPatient));
        }
        Err(error) => notices.tell(Severity::Error, format!("The volume cannot be shown in 3D: {error}.")),
    }
}

/// Makes labels of the structures with looks of their own when these have changed, off the frame's thread.
pub(crate) fn label(
    case: Res<OpenCase>,
    mut shown: Query<&mut ShownVolume>,
    mut labelling: Local<Labelling>,
    mut images: ResMut<Assets<Image>>,
    mut notices: ResMut<Notices>,
) {
    for mut shown in &mut shown {
        let wanted: Vec<Arc<Structure>> = distinct(&case).map(|s| s.structure.clone()).collect();
        let same =
            |of: &[Arc<Structure>]| of.len() == wanted.len() && of.iter().zip(&wanted).all(|(a, b)| Arc::ptr_eq(a, b));
        let have = shown.labels.as_ref().map_or(&[][..], |l| &l.of);
        if same(have) {
            labelling.task = None;
            labelling.of.clear();
            continue;
        }
        if wanted.is_empty() {
            shown.labels = None;
            shown.textures.set_labels(None, &mut images);
            shown.look = None;
            continue;
        }
        if labelling.task.is_none() || !same(&labelling.of) {
            labelling.of.clone_from(&wanted);
            let volume = shown.prepared.volume.clone();
            labelling.task = Some(AsyncComputeTaskPool::get().spawn(async move {
                let masks: Vec<&Mask> = wanted.iter().map(|s| &s.mask).collect();
                let map = LabelMap::new(volume.grid(), &masks)?;
                let blocks = LabelBlocks::new(&map);
                Ok(Labels { of: wanted, map, blocks })
            }));
        }
        let Some(result) = labelling.task.as_mut().and_then(|task| block_on(poll_once(task))) else { continue };
        labelling.task = None;
        match result {
            Ok(labels) => {
                shown.textures.set_labels(Some(&labels.map), &mut images);
                shown.labels = Some(labels);
                shown.look = None;
            }
            Err(error) => notices.tell(Severity::Error, format!("Structures stay as the scan in 3D: {error}.")),
        }
    }
}

/// The structures that are not shown as the scan.
fn distinct(case: &OpenCase) -> impl Iterator<Item = &SceneStructure> {
    case.structures.iter().filter(|s| s.volume_look != VolumeLook::AsScan)
}

/// Gives the volume the look that the case asks for. What is under the pointer comes before the plan's.
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
    for (entity, mut shown, material) in &mut shown {
        let look = Look::of(&case, &preview, shown.labels.as_ref());
        if shown.look.as_ref() == Some(&look) {
            continue;
        }
        let only_clip = shown.look.as_ref().is_some_and(|old| Look { clip: look.clip, ..old.clone() } == look);
        shown.look = Some(look.clone());
        redraw.write(Redraw);
        if only_clip && let Some(mut material) = material.and_then(|handle| materials.get_mut(handle)) {
            material.set_clip(look.kept());
            continue;
        }
        match new_material(&mut shown, &look, &mut images) {
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
    fn of(case: &OpenCase, preview: &Preview, labels: Option<&Labels>) -> Self {
        let dragged = |of: Option<&str>| {
            preview.function.as_ref().filter(|(name, _)| name.as_deref() == of).map(|(_, function)| function.clone())
        };
        let structures = labels.map_or(&[][..], |l| &l.of).iter().map(|structure| {
            let shown = case.structures.iter().find(|s| Arc::ptr_eq(&s.structure, structure));
            let look = match (dragged(Some(&structure.name)), shown) {
                (Some(function), _) => VolumeLook::Through(function),
                (None, Some(shown)) => shown.volume_look.clone(),
                (None, None) => VolumeLook::AsScan,
            };
            (look, shown.map_or(structure.colour, SceneStructure::colour))
        });
        Self {
            preset: case.preset.clone(),
            clip: preview.clip.or(case.clip).filter(|clip| clip.enabled),
            function: dragged(None).or_else(|| case.function.clone()),
            structures: structures.collect(),
            is_preview: preview.function.is_some(),
        }
    }

    /// The plan says what is cut away, the renderer what is kept.
    fn kept(&self) -> Option<ClipPlane> {
        self.clip.map(|clip| ClipPlane { point: clip.point, keep: -clip.normal })
    }
}

fn new_material(shown: &mut ShownVolume, look: &Look, images: &mut Assets<Image>) -> Result<VolumeMaterial, String> {
    let volume = &shown.prepared.volume;
    let preset = if look.preset.is_empty() { Preset::suited_to(volume) } else { Preset::named(&look.preset) };
    let preset = preset.map_err(|error| error.to_string())?;
    let settings = RenderSettings { clip: look.kept(), ..preset.settings(volume) };
    let function = match &look.function {
        Some(planned) => transfer_function(planned).map_err(|error| error.to_string())?,
        None => preset.transfer_function(volume).map_err(|error| error.to_string())?,
    };
    let looks = look
        .structures
        .iter()
        .map(|(look, colour)| {
            Ok(match look {
                VolumeLook::Hidden => StructureLook::hidden(),
                VolumeLook::Tinted => StructureLook { colour: Some(*colour), ..StructureLook::default() },
                VolumeLook::Through(planned) => {
                    let function = transfer_function(planned).map_err(|error| error.to_string())?;
                    StructureLook { shown: Shown::Through(function), ..StructureLook::default() }
                }
                _ => StructureLook::default(),
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    let structures = shown.labels.as_ref().map(|labels| Structures { labels: &labels.map, looks: &looks });
    let scene = Scene { settings, structures, ..Scene::new(volume, &function) };
    scene.check().map_err(|error| error.to_string())?;
    let derived = Derived { labels: shown.labels.as_ref().map(|l| l.blocks.clone()), ..shown.prepared.derived.clone() };
    let tables = if look.is_preview {
        let mut tables = LookTables::without_light(&scene, &derived);
        tables.light.clone_from(&shown.light);
        tables
    } else {
        LookTables::of(&scene, &derived)
    };
    let material = VolumeMaterial::new(&shown.prepared, &shown.textures, &scene, &derived, &tables, images);
    shown.light = tables.light;
    Ok(material)
}
