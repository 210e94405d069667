//! The structures' surfaces as meshes in the scene.
//!
//! Surfaces are extracted and smoothed on task threads, once for each structure; colour, opacity and visibility follow the plan
//! without extracting again. The clip plane cuts them open, as it does the volume. A structure that is edited is shown as its
//! voxels are, and followed block by block ([`live`]); when it has come to rest its smooth surface is extracted again.

mod live;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bevy::asset::RenderAssetUsages;
use bevy::ecs::system::SystemParam;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_geometry::{LpsPoint, LpsVector};
use fabrica_picking::SurfaceTarget;
use fabrica_plan::{Appearance, ClipPlane};
use fabrica_progress::Progress;
use fabrica_scene::{
    Anatomy, Editing, Notices, OpenCase, Preview, Redraw, SceneStructure, Severity, ShownTarget, SurfaceTargets, Work,
    world,
};
use fabrica_surface::{Smoothing, SurfaceError, cut_away, smooth, surface_of_mask, surface_within};
use fabrica_volume::{Rgb, Structure, Volume};

use live::Live;

/// Shows the structures' surfaces.
pub struct SurfacesPlugin;

impl Plugin for SurfacesPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Update, (follow_case, finish_surfaces, follow_edits, smooth_at_rest, cut_surfaces).chain());
    }
}

/// How long a structure must stay as it is before its smooth surface is extracted again.
const REST: Duration = Duration::from_millis(700);

/// The surface of a structure in the scene.
#[derive(Component)]
struct Surface {
    /// As it is now.
    structure: Arc<Structure>,
    /// When it became so, since the start.
    since: Duration,
    material: Handle<StandardMaterial>,
    /// The smooth surface, uncut, in the patient, and what it is of; nothing while the first is being extracted.
    whole: Option<(Arc<Structure>, Surfaced)>,
    /// The clip planes that the shown mesh was cut by; nothing before there is one.
    cut_by: Option<Vec<ClipPlane>>,
    cutting: Option<Task<Mesh>>,
    live: Live,
}

impl Surface {
    /// Whether the smooth surface is of the structure as it is now.
    fn is_smooth(&self) -> bool {
        self.whole.as_ref().is_some_and(|(of, _)| Arc::ptr_eq(of, &self.structure))
    }

    /// Whether the structure is the one that the editing tool has in hand.
    fn is_edited(&self, editing: &Editing) -> bool {
        editing.structure.as_deref() == Some(self.structure.name.as_str())
    }
}

type Surfaced = Arc<fabrica_surface::Mesh>;
/// A surface, and as a target of the pointer where it has a triangle.
type Extracted = (Surfaced, Option<Arc<SurfaceTarget>>);

/// A surface that is being extracted, and of what.
#[derive(Component)]
struct Extracting {
    of: Arc<Structure>,
    task: Task<Result<Extracted, SurfaceError>>,
    progress: Progress,
}

impl Extracting {
    fn start(structure: &Arc<Structure>, volume: &Arc<Volume>) -> Self {
        let (of, volume) = (structure.clone(), volume.clone());
        let progress = Progress::new();
        let watched = progress.clone();
        let extracted = of.clone();
        let task = AsyncComputeTaskPool::get().spawn(async move { extract(&extracted, &volume, &watched) });
        Self { of, task, progress }
    }
}

impl Drop for Extracting {
    fn drop(&mut self) {
        self.progress.cancel();
    }
}

/// Whether a structure is another state of one that is shown: an edit, not another structure.
fn follows(new: &Structure, old: &Structure) -> bool {
    new.name == old.name && new.mask.grid() == old.mask.grid()
}

#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
fn follow_case(
    mut commands: Commands,
    case: Res<OpenCase>,
    preview: Res<Preview>,
    time: Res<Time>,
    mut surfaces: Query<(Entity, &mut Surface, &mut Visibility, Has<Extracting>)>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut redraw: MessageWriter<Redraw>,
    mut targets: ResMut<SurfaceTargets>,
    mut drawn: Local<Vec<(Arc<Structure>, Appearance)>>,
) {
    if !case.is_changed() && !preview.is_changed() {
        return;
    }
    // The plan's, and what a tool would make.
    let structures = || case.structures.iter().chain(&preview.structures);
    // A moved crosshair changes the case and no surface.
    let same = |(old, shown): (&(Arc<Structure>, Appearance), &SceneStructure)| {
        Arc::ptr_eq(&old.0, &shown.structure) && old.1 == shown.appearance
    };
    if drawn.len() == structures().count() && drawn.iter().zip(structures()).all(same) {
        return;
    }
    *drawn = structures().map(|s| (s.structure.clone(), s.appearance)).collect();
    redraw.write_default();
    targets.0.retain(|t| case.structures.iter().any(|s| follows(&s.structure, &t.structure)));
    let Some(scene) = &case.volume else {
        surfaces.iter().for_each(|(entity, ..)| commands.entity(entity).despawn());
        return;
    };
    let mut known: Vec<String> = Vec::new();
    for (entity, mut surface, mut visibility, extracting) in &mut surfaces {
        let Some(shown) = structures().find(|s| follows(&s.structure, &surface.structure)) else {
            commands.entity(entity).despawn();
            continue;
        };
        known.push(surface.structure.name.clone());
        if !Arc::ptr_eq(&shown.structure, &surface.structure) {
            surface.structure = shown.structure.clone();
            surface.since = time.elapsed();
            // The first one goes on: it is what the edit is shown on.
            if surface.whole.is_some() && extracting {
                commands.entity(entity).remove::<Extracting>();
            }
        }
        *visibility = visible(shown);
        if let Some(mut material) = materials.get_mut(&surface.material) {
            *material = look(shown);
        }
    }
    for shown in structures().filter(|s| !known.contains(&s.structure.name)) {
        let surface = Surface {
            structure: shown.structure.clone(),
            since: time.elapsed(),
            material: materials.add(look(shown)),
            whole: None,
            cut_by: None,
            cutting: None,
            live: Live::default(),
        };
        let extracting = Extracting::start(&shown.structure, &scene.volume);
        commands.spawn((surface, extracting, Anatomy, visible(shown)));
    }
}

fn visible(shown: &SceneStructure) -> Visibility {
    if shown.appearance.is_seen() { Visibility::Inherited } else { Visibility::Hidden }
}

fn look(shown: &SceneStructure) -> StandardMaterial {
    let Rgb(r, g, b) = shown.colour();
    let opacity = shown.appearance.opacity as f32;
    StandardMaterial {
        base_color: Color::srgb_u8(r, g, b).with_alpha(opacity),
        alpha_mode: if opacity < 1.0 { AlphaMode::Blend } else { AlphaMode::Opaque },
        perceptual_roughness: 0.6,
        reflectance: 0.3,
        // Open or cut surfaces show their inside, not nothing.
        cull_mode: None,
        double_sided: true,
        ..default()
    }
}

fn extract(structure: &Structure, volume: &Volume, progress: &Progress) -> Result<Extracted, SurfaceError> {
    // One that is yet to be drawn.
    if structure.mask.is_empty() {
        return Ok((Surfaced::default(), None));
    }
    // As it will be printed: by intensity where the border is a threshold.
    let mut surface = match structure.isovalue {
        Some(value) => surface_within(&structure.mask, volume, value, progress)?,
        None => surface_of_mask(&structure.mask, progress)?,
    };
    smooth(&mut surface, structure.mask.grid(), &Smoothing::default(), progress)?;
    let target = SurfaceTarget::new(&surface).ok().map(Arc::new);
    Ok((Arc::new(surface), target))
}

fn finish_surfaces(
    mut commands: Commands,
    mut extracting: Query<(Entity, &mut Surface, &mut Extracting)>,
    mut notices: ResMut<Notices>,
    mut work: ResMut<Work>,
    mut targets: ResMut<SurfaceTargets>,
) {
    work.beside = extracting
        .iter()
        .map(|(_, surface, running)| (format!("Surface of {}", surface.structure.name), running.progress.clone()))
        .collect();
    for (entity, mut surface, mut extracting) in &mut extracting {
        let Some(result) = block_on(future::poll_once(&mut extracting.task)) else { continue };
        let structure = extracting.of.clone();
        commands.entity(entity).remove::<Extracting>();
        match result {
            Ok((mesh, target)) => {
                surface.whole = Some((structure.clone(), mesh));
                surface.cut_by = None;
                targets.0.retain(|t| !follows(&structure, &t.structure));
                targets.0.extend(target.map(|target| ShownTarget { structure, target }));
            }
            Err(SurfaceError::Cancelled(_)) => {}
            Err(error) => {
                let name = &structure.name;
                notices.tell(Severity::Error, format!("The surface of \"{name}\" cannot be shown: {error}"));
                // What is shown in blocks stays.
                if let Some((of, _)) = &mut surface.whole {
                    *of = structure;
                }
            }
        }
    }
}

/// What showing meshes takes.
#[derive(SystemParam)]
struct Show<'w, 's> {
    commands: Commands<'w, 's>,
    meshes: ResMut<'w, Assets<Mesh>>,
    redraw: MessageWriter<'w, Redraw>,
}

/// Shows edited structures in blocks as they change.
fn follow_edits(
    case: Res<OpenCase>,
    preview: Res<Preview>,
    editing: Res<Editing>,
    mut surfaces: Query<(Entity, &mut Surface)>,
    mut notices: ResMut<Notices>,
    mut show: Show,
) {
    let Some(scene) = &case.volume else { return };
    for (entity, mut surface) in &mut surfaces {
        let clips = preview.planes_cutting(&case, Some(&surface.structure.name));
        if let Some(made) = surface.live.task.as_mut().and_then(|task| block_on(future::poll_once(task))) {
            surface.live.task = None;
            match made {
                Ok(made) => show_blocks(entity, &mut surface, made, &mut show),
                Err(error) => {
                    let name = &surface.structure.name;
                    notices.tell(Severity::Error, format!("The surface of \"{name}\" does not follow: {error}"));
                }
            }
        }
        // The smooth surface is shown until the first blocks are there, and again when it has been extracted anew.
        let smooth = surface.is_smooth() && !surface.is_edited(&editing);
        if surface.whole.is_none() || smooth || surface.live.task.is_some() {
            continue;
        }
        let known = surface.live.made_for.as_ref();
        if known.is_none_or(|(of, by)| !Arc::ptr_eq(of, &surface.structure) || *by != clips) {
            let structure = surface.structure.clone();
            let work = surface.live.work(structure, scene.volume.clone(), clips);
            surface.live.task = Some(AsyncComputeTaskPool::get().spawn(work));
        }
    }
}

fn show_blocks(entity: Entity, surface: &mut Surface, made: live::Made, show: &mut Show) {
    for (at, mesh) in surface.live.take(made) {
        let known = surface.live.shown.get(&at).copied();
        match (mesh, known) {
            (Some(mesh), Some(block)) => {
                show.commands.entity(block).insert(Mesh3d(show.meshes.add(mesh)));
            }
            (Some(mesh), None) => {
                let drawn = (Mesh3d(show.meshes.add(mesh)), MeshMaterial3d(surface.material.clone()));
                let block = show.commands.spawn((drawn, Transform::default(), ChildOf(entity))).id();
                surface.live.shown.insert(at, block);
            }
            (None, _) => {
                if let Some(block) = surface.live.shown.remove(&at) {
                    show.commands.entity(block).despawn();
                }
            }
        }
    }
    // They take the place of the smooth surface.
    surface.cutting = None;
    if surface.cut_by.take().is_some() {
        show.commands.entity(entity).remove::<Mesh3d>();
    }
    show.redraw.write_default();
}

/// Extracts the smooth surface of what was edited, once that has come to rest.
fn smooth_at_rest(
    mut commands: Commands,
    time: Res<Time>,
    case: Res<OpenCase>,
    editing: Res<Editing>,
    surfaces: Query<(Entity, &Surface), Without<Extracting>>,
) {
    let Some(scene) = &case.volume else { return };
    if editing.painting.is_some() {
        return;
    }
    for (entity, surface) in &surfaces {
        let rests = time.elapsed().saturating_sub(surface.since) >= REST && !surface.is_edited(&editing);
        if surface.whole.is_some() && !surface.is_smooth() && rests && surface.live.task.is_none() {
            commands.entity(entity).insert(Extracting::start(&surface.structure, &scene.volume));
        }
    }
}

/// Shows each smooth surface, cut by the clip plane and the clip box. The one under the pointer comes before the plan's.
fn cut_surfaces(
    case: Res<OpenCase>,
    preview: Res<Preview>,
    editing: Res<Editing>,
    mut surfaces: Query<(Entity, &mut Surface)>,
    mut show: Show,
) {
    for (entity, mut surface) in &mut surfaces {
        let clips = preview.planes_cutting(&case, Some(&surface.structure.name));
        // The one in hand is shown so until its blocks are there, and again when it is laid aside.
        if !surface.is_smooth() || (surface.is_edited(&editing) && !surface.live.shown.is_empty()) {
            continue;
        }
        if let Some(mesh) = surface.cutting.as_mut().and_then(|task| block_on(future::poll_once(task))) {
            surface.cutting = None;
            let shown = (Mesh3d(show.meshes.add(mesh)), MeshMaterial3d(surface.material.clone()));
            show.commands.entity(entity).insert(shown);
            surface.live.clear(&mut show.commands);
            show.redraw.write_default();
        }
        let Some((_, whole)) = surface.whole.clone() else { continue };
        if surface.cutting.is_none() && surface.cut_by.as_ref() != Some(&clips) {
            surface.cut_by = Some(clips.clone());
            surface.cutting = Some(AsyncComputeTaskPool::get().spawn(async move { in_world(&cut_by(&whole, &clips)) }));
        }
    }
}

/// What clip planes leave of a surface.
fn cut_by<'a>(surface: &'a fabrica_surface::Mesh, clips: &[ClipPlane]) -> Cow<'a, fabrica_surface::Mesh> {
    clips.iter().fold(Cow::Borrowed(surface), |left, clip| Cow::Owned(cut_away(&left, clip.point, clip.normal)))
}

/// A surface as Bevy draws it.
fn in_world(surface: &fabrica_surface::Mesh) -> Mesh {
    let positions: Vec<[f32; 3]> = surface
        .vertices()
        .iter()
        .map(|&[x, y, z]| world::point_to_world(LpsPoint::new(x.into(), y.into(), z.into())).to_array())
        .collect();
    // The way to the world is a rotation and a scale: directions turn with it, triangles stay counter-clockwise.
    let normals: Vec<[f32; 3]> = surface
        .vertex_normals()
        .into_iter()
        .map(|[x, y, z]| world::direction_to_world(LpsVector::new(x.into(), y.into(), z.into())).to_array())
        .collect();
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_indices(Indices::U32(surface.triangles().as_flattened().to_vec()))
}
