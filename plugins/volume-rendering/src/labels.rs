//! The structures' labels of the volume that is shown. They are made and followed off the frame's thread; of an edited
//! structure only the blocks that have changed are looked at and sent to the device.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use fabrica_plan::VolumeLook;
use fabrica_raycast::{Derived, Followed, LabelBlocks, LabelError, LabelMap, LightVolume, VoxelBox};
use fabrica_scene::{Notices, OpenCase, Redraw, SceneStructure, Severity};
use fabrica_volume::{Mask, Structure, Volume};

use crate::material::VolumeMaterial;
use crate::patches::TexturePatches;
use crate::shown::{Drawn, ShownVolume};

/// Labels of structures.
pub(crate) struct Labels {
    pub of: Vec<Arc<Structure>>,
    pub map: LabelMap,
    pub blocks: LabelBlocks,
}

/// The labels that are being made or followed.
#[derive(Default)]
pub(crate) struct Labelling {
    of: Vec<Arc<Structure>>,
    /// There can be no labels of `of`, which was told once.
    refused: bool,
    task: Option<Task<Result<Labelled, LabelError>>>,
}

/// What a task brings back.
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
enum Labelled {
    /// Labels made anew.
    Anew(Labels),
    /// Labels and tables that have followed an edit.
    Edited { labels: Labels, drawn: Drawn, derived: Derived, within: Vec<VoxelBox>, followed: Followed },
}

/// Makes the labels of the structures with looks of their own when these have changed.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub(crate) fn label(
    case: Res<OpenCase>,
    mut shown: Query<(&mut ShownVolume, Option<&MeshMaterial3d<VolumeMaterial>>)>,
    mut labelling: Local<Labelling>,
    mut images: ResMut<Assets<Image>>,
    mut materials: ResMut<Assets<VolumeMaterial>>,
    mut patches: ResMut<TexturePatches>,
    mut notices: ResMut<Notices>,
    mut redraw: MessageWriter<Redraw>,
) {
    for (mut shown, material) in &mut shown {
        let wanted: Vec<Arc<Structure>> = distinct(&case).map(|s| s.structure.clone()).collect();
        if !shown.following {
            let have = shown.labels.as_ref().map_or(&[][..], |l| &l.of);
            if same(have, &wanted) {
                *labelling = Labelling::default();
                continue;
            }
            if wanted.is_empty() {
                *labelling = Labelling::default();
                shown.labels = None;
                shown.textures.set_labels(None, &mut images);
                shown.look = None;
                continue;
            }
            let asked = same(&labelling.of, &wanted);
            if asked && labelling.refused {
                continue;
            }
            if labelling.task.is_none() || !asked {
                let Some(task) = start(&mut shown, &wanted) else { continue };
                *labelling = Labelling { of: wanted, refused: false, task: Some(task) };
            }
        }
        let Some(result) = labelling.task.as_mut().and_then(|task| block_on(poll_once(task))) else { continue };
        labelling.task = None;
        shown.following = false;
        match result {
            Ok(Labelled::Anew(labels)) => {
                shown.textures.set_labels(Some(&labels.map), &mut images);
                shown.labels = Some(Arc::new(labels));
                shown.look = None;
            }
            Ok(Labelled::Edited { labels, drawn, derived, within, followed }) => {
                match material.and_then(|handle| materials.get_mut(handle)) {
                    Some(mut material) => {
                        let scene = drawn.scene(&shown.prepared.volume, Some(&labels.map));
                        let parts = (&within[..], followed);
                        patches.0.extend(material.follow_labels(&scene, &derived, &drawn.tables, parts, &mut images));
                        shown.stale_light = drawn.tables.light.is_some();
                    }
                    None => {
                        shown.textures.set_labels(Some(&labels.map), &mut images);
                        shown.look = None;
                    }
                }
                shown.labels = Some(Arc::new(labels));
                shown.drawn = Some(drawn);
                redraw.write(Redraw);
            }
            Err(error) => {
                labelling.refused = true;
                shown.labels = None;
                shown.textures.set_labels(None, &mut images);
                shown.look = None;
                notices.tell(Severity::Error, format!("Structures stay as the scan in 3D: {error}."));
            }
        }
    }
}

/// Starts making labels: by following an edit where the structures are those that there are labels of.
fn start(shown: &mut ShownVolume, wanted: &[Arc<Structure>]) -> Option<Task<Result<Labelled, LabelError>>> {
    let volume = shown.prepared.volume.clone();
    let of = wanted.to_vec();
    let known = shown.labels.as_ref().is_some_and(|l| names(&l.of).eq(names(&of)));
    if !known || shown.drawn.is_none() || shown.look.is_none() {
        return Some(AsyncComputeTaskPool::get().spawn(async move { anew(&volume, of).map(Labelled::Anew) }));
    }
    let labels = match Arc::try_unwrap(shown.labels.take()?) {
        Ok(labels) => labels,
        // The light is being worked out from them: wait for it.
        Err(shared) => {
            shown.labels = Some(shared);
            return None;
        }
    };
    let drawn = shown.drawn.take()?;
    let derived = shown.prepared.derived.clone();
    shown.following = true;
    Some(AsyncComputeTaskPool::get().spawn(async move { follow(&volume, labels, drawn, derived, of) }))
}

fn follow(
    volume: &Arc<Volume>,
    mut labels: Labels,
    mut drawn: Drawn,
    derived: Derived,
    of: Vec<Arc<Structure>>,
) -> Result<Labelled, LabelError> {
    let (before, after) = (masks(&labels.of), masks(&of));
    let Some(changed) = LabelMap::changes(&before, &after) else { return anew(volume, of).map(Labelled::Anew) };
    let within = VoxelBox::of_blocks(&changed, labels.map.dims());
    for &part in &within {
        labels.map.update(&after, part)?;
        labels.blocks.update(&labels.map, part);
    }
    let derived = Derived { labels: Some(labels.blocks.clone()), ..derived };
    let followed = drawn.follow(volume, &derived, &labels.map, &within);
    labels.of = of;
    Ok(Labelled::Edited { labels, drawn, derived, within, followed })
}

fn anew(volume: &Volume, of: Vec<Arc<Structure>>) -> Result<Labels, LabelError> {
    let map = LabelMap::new(volume.grid(), &masks(&of))?;
    let blocks = LabelBlocks::new(&map);
    Ok(Labels { of, map, blocks })
}

/// Works out the light anew after an edit, which shows in the old light until then.
pub(crate) fn light(
    mut shown: Query<(&mut ShownVolume, Option<&MeshMaterial3d<VolumeMaterial>>)>,
    mut task: Local<Option<Task<LightVolume>>>,
    mut images: ResMut<Assets<Image>>,
    mut materials: ResMut<Assets<VolumeMaterial>>,
    mut redraw: MessageWriter<Redraw>,
) {
    for (mut shown, material) in &mut shown {
        if !shown.stale_light || shown.following {
            // Made for what is no longer shown.
            *task = None;
            continue;
        }
        let shown = &mut *shown;
        let (Some(labels), Some(drawn)) = (&shown.labels, &mut shown.drawn) else { continue };
        let Some(running) = task.as_mut() else {
            let (labels, look, volume) = (labels.clone(), drawn.clone(), shown.prepared.volume.clone());
            *task = Some(AsyncComputeTaskPool::get().spawn(async move {
                LightVolume::new(&look.scene(&volume, Some(&labels.map)), &look.tables.materials)
            }));
            continue;
        };
        let Some(light) = block_on(poll_once(running)) else { continue };
        *task = None;
        shown.stale_light = false;
        drawn.tables.light = Some(light);
        if let Some(mut material) = material.and_then(|handle| materials.get_mut(handle)) {
            material.set_light(&drawn.tables, &mut images);
            redraw.write(Redraw);
        }
    }
}

/// The structures that are not shown as the scan, or not cut as what belongs to none is.
fn distinct(case: &OpenCase) -> impl Iterator<Item = &SceneStructure> {
    let boxed = case.clip_box.as_ref().filter(|clip| clip.enabled).map_or(&[][..], |clip| clip.named());
    case.structures.iter().filter(|s| s.volume_look != VolumeLook::AsScan || boxed.contains(&s.structure.name))
}

fn same(of: &[Arc<Structure>], wanted: &[Arc<Structure>]) -> bool {
    of.len() == wanted.len() && of.iter().zip(wanted).all(|(a, b)| Arc::ptr_eq(a, b))
}

fn names(of: &[Arc<Structure>]) -> impl Iterator<Item = &str> {
    of.iter().map(|s| s.name.as_str())
}

fn masks(of: &[Arc<Structure>]) -> Vec<&Mask> {
    of.iter().map(|s| &s.mask).collect()
}
