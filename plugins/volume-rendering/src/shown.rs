//! The open case's volume in the scene.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice};
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use fabrica_geometry::Mm;
use fabrica_plan::{
    ClipBox as PlannedClipBox, ClipPlane as PlannedClipPlane, TransferFunction as PlannedFunction, VolumeLook,
};
use fabrica_raycast::{
    Clip, ClipBox, ClipPlane, ClipSet, ClipShape, Derived, Followed, LabelMap, LookTables, Preset, RenderSettings,
    Scene, Shown, StructureLook, Structures, TransferFunction, VoxelBox,
};
use fabrica_scene::{Anatomy, Notices, OpenCase, Preview, Redraw, SceneStructure, Severity, clips, transfer_function};
use fabrica_volume::{Rgb, Volume};

use crate::box_mesh::box_mesh;
use crate::labels::Labels;
use crate::material::{VolumeMaterial, VolumeTextures};
use crate::texture::{PreparedVolume, TextureSupport, VolumeTextureError};

/// A volume that is drawn.
#[derive(Component)]
pub struct ShownVolume {
    pub(crate) prepared: PreparedVolume,
    pub(crate) textures: VolumeTextures,
    /// What its material was made for; nothing before there is one.
    pub(crate) look: Option<Look>,
    /// The structures with looks of their own, and which voxels belong to them; away while a task follows an edit.
    pub(crate) labels: Option<Arc<Labels>>,
    /// What the material's tables were made from, with their light; the light of the last look that was not under the
    /// pointer. Away while a task follows an edit.
    pub(crate) drawn: Option<Drawn>,
    /// A task has the labels and the tables.
    pub(crate) following: bool,
    /// Labels were edited since the light was worked out.
    pub(crate) stale_light: bool,
}

/// What the picture of a volume depends on, beside the volume.
#[derive(Clone, PartialEq)]
pub(crate) struct Look {
    preset: String,
    clip: Option<PlannedClipPlane>,
    clip_box: Option<PlannedClipBox>,
    function: Option<PlannedFunction>,
    /// The structures whose labels are there, with their looks and colours, and whether the clip box cuts them.
    structures: Vec<(VolumeLook, Rgb, bool)>,
    /// Whether something is under the pointer: then the light stays as it was.
    is_preview: bool,
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
            let volume = ShownVolume {
                prepared,
                textures,
                look: None,
                labels: None,
                drawn: None,
                following: false,
                stale_light: false,
            };
            commands.spawn((volume, Mesh3d(mesh), Anatomy));
        }
        Err(error) => notices.tell(Severity::Error, format!("The volume cannot be shown in 3D: {error}.")),
    }
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
        if shown.following {
            continue;
        }
        let look = Look::of(&case, &preview, shown.labels.as_deref());
        if shown.look.as_ref() == Some(&look) {
            continue;
        }
        let only_clip = shown.look.as_ref().is_some_and(|old| look.differs_in_clips_alone(old));
        shown.look = Some(look.clone());
        redraw.write(Redraw);
        if only_clip && let Some(mut material) = material.and_then(|handle| materials.get_mut(handle)) {
            let (clips, _) = clips(look.clip_box.as_ref());
            material.set_clips(look.kept(), &clips, shown.prepared.volume.grid());
            if let Some(drawn) = &mut shown.drawn {
                drawn.settings.clip = look.kept();
                drawn.clips = clips;
            }
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
            // By name: an edited structure keeps its look while its labels follow.
            let shown = case.structures.iter().find(|s| s.structure.name == structure.name);
            let look = match (dragged(Some(&structure.name)), shown) {
                (Some(function), _) => VolumeLook::Through(function),
                (None, Some(shown)) => shown.volume_look.clone(),
                (None, None) => VolumeLook::AsScan,
            };
            let is_cut = preview.boxing(case).is_some_and(|clip| clip.cuts_structure(&structure.name));
            (look, shown.map_or(structure.colour, SceneStructure::colour), is_cut)
        });
        Self {
            preset: case.preset.clone(),
            clip: preview.cutting(case),
            clip_box: preview.boxing(case).cloned(),
            function: dragged(None).or_else(|| case.function.clone()),
            structures: structures.collect(),
            is_preview: preview.function.is_some() || preview.clip_box.is_some(),
        }
    }

    /// Whether nothing but clips has moved, so that all tables stay: a plane, which they do not know, or a box that is under
    /// the pointer, whose tables hold wherever it is.
    fn differs_in_clips_alone(&self, before: &Self) -> bool {
        let box_moves = self.is_preview && self.clip_box.is_some() && before.clip_box.is_some();
        let clip_box = if box_moves { &self.clip_box } else { &before.clip_box };
        let cuts_rest = |look: &Self| look.clip_box.as_ref().map(PlannedClipBox::cuts_rest);
        cuts_rest(self) == cuts_rest(before)
            && Self { clip: self.clip, clip_box: clip_box.clone(), ..before.clone() } == *self
    }

    /// The plan says what is cut away, the renderer what is kept.
    fn kept(&self) -> Option<ClipPlane> {
        self.clip.map(|clip| ClipPlane { point: clip.point, keep: -clip.normal })
    }
}

/// A look as renderers take it, with the tables that follow from it.
#[derive(Clone)]
pub(crate) struct Drawn {
    settings: RenderSettings,
    function: TransferFunction,
    looks: Vec<StructureLook>,
    clips: Vec<Clip>,
    clips_of_rest: ClipSet,
    pub tables: LookTables,
}

impl Drawn {
    /// The scene of a volume with this look.
    pub fn scene<'a>(&'a self, volume: &'a Volume, labels: Option<&'a LabelMap>) -> Scene<'a> {
        Scene {
            settings: self.settings,
            structures: labels.map(|labels| Structures { labels, looks: &self.looks }),
            clips: &self.clips,
            clips_of_rest: self.clips_of_rest,
            ..Scene::new(volume, &self.function)
        }
    }

    /// Lets the tables follow labels that have changed inside boxes.
    pub fn follow(&mut self, volume: &Volume, derived: &Derived, labels: &LabelMap, within: &[VoxelBox]) -> Followed {
        let scene = Scene {
            settings: self.settings,
            structures: Some(Structures { labels, looks: &self.looks }),
            clips: &self.clips,
            clips_of_rest: self.clips_of_rest,
            ..Scene::new(volume, &self.function)
        };
        self.tables.follow_labels(&scene, derived, within)
    }
}

/// The clips of a box that is under the pointer, so far out that no place counts as empty because of it: it will move.
fn unbounded(clips: &[Clip]) -> Vec<Clip> {
    let far = |clip: &Clip| match clip.shape {
        ClipShape::Box(shape) => Clip { shape: ClipShape::Box(ClipBox { half: [Mm(1e6); 3], ..shape }), ..*clip },
        ClipShape::Plane(_) => *clip,
    };
    clips.iter().map(far).collect()
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
        .map(|(look, colour, is_cut)| {
            let plain =
                StructureLook { clips: if *is_cut { ClipSet::ALL } else { ClipSet::NONE }, ..StructureLook::default() };
            Ok(match look {
                VolumeLook::Hidden => StructureLook::hidden(),
                VolumeLook::Tinted => StructureLook { colour: Some(*colour), ..plain },
                VolumeLook::Through(planned) => {
                    let function = transfer_function(planned).map_err(|error| error.to_string())?;
                    StructureLook { shown: Shown::Through(function), ..plain }
                }
                _ => plain,
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    let labels = shown.labels.as_deref();
    let (clips, clips_of_rest) = clips(look.clip_box.as_ref());
    let scene = Scene {
        settings,
        structures: labels.map(|l| Structures { labels: &l.map, looks: &looks }),
        clips: &clips,
        clips_of_rest,
        ..Scene::new(volume, &function)
    };
    scene.check().map_err(|error| error.to_string())?;
    let derived = Derived { labels: labels.map(|l| l.blocks.clone()), ..shown.prepared.derived.clone() };
    let tables = if look.is_preview {
        let clips = unbounded(&clips);
        let mut tables = LookTables::without_light(&Scene { clips: &clips, ..scene }, &derived);
        tables.light = shown.drawn.take().and_then(|drawn| drawn.tables.light);
        tables
    } else {
        LookTables::of(&scene, &derived)
    };
    let material = VolumeMaterial::new(&shown.prepared, &shown.textures, &scene, &derived, &tables, images);
    shown.stale_light &= look.is_preview;
    shown.drawn = Some(Drawn { settings, function, looks, clips, clips_of_rest, tables });
    Ok(material)
}
