//! The structures' surfaces as meshes in the scene.
//!
//! Surfaces are extracted and smoothed on task threads, once for each structure; colour, opacity and visibility follow the plan
//! without extracting again. The clip plane cuts them open, as it does the volume.

use std::sync::Arc;

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_geometry::{LpsPoint, LpsVector};
use fabrica_picking::SurfaceTarget;
use fabrica_plan::{Appearance, ClipPlane};
use fabrica_progress::Progress;
use fabrica_scene::{
    InPatient, Notices, OpenCase, Preview, Redraw, SceneStructure, Severity, ShownTarget, SurfaceTargets, Work, world,
};
use fabrica_surface::{Smoothing, SurfaceError, cut_away, smooth, surface_of_mask, surface_within};
use fabrica_volume::{Rgb, Structure, Volume};

/// Shows the structures' surfaces.
pub struct SurfacesPlugin;

impl Plugin for SurfacesPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Update, (follow_case, finish_surfaces, cut_surfaces).chain());
    }
}

/// The surface of a structure in the scene.
#[derive(Component)]
struct Surface {
    structure: Arc<Structure>,
    material: Handle<StandardMaterial>,
    /// The surface, uncut, in the patient; nothing while it is being extracted.
    whole: Option<Surfaced>,
    /// The clip plane (or none) that the shown mesh was cut by; nothing before there is one.
    cut_by: Option<Option<ClipPlane>>,
    cutting: Option<Task<Mesh>>,
}

type Surfaced = Arc<fabrica_surface::Mesh>;
/// A surface, and as a target of the pointer where it has a triangle.
type Extracted = (Surfaced, Option<Arc<SurfaceTarget>>);

/// A surface that is being extracted.
#[derive(Component)]
struct Extracting {
    task: Task<Result<Extracted, SurfaceError>>,
    progress: Progress,
}

impl Drop for Extracting {
    fn drop(&mut self) {
        self.progress.cancel();
    }
}

fn follow_case(
    mut commands: Commands,
    case: Res<OpenCase>,
    mut surfaces: Query<(Entity, &Surface, &mut Visibility)>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut redraw: MessageWriter<Redraw>,
    mut targets: ResMut<SurfaceTargets>,
    mut drawn: Local<Vec<(Arc<Structure>, Appearance)>>,
) {
    if !case.is_changed() {
        return;
    }
    // A moved crosshair changes the case and no surface.
    let same = |(old, shown): (&(Arc<Structure>, Appearance), &SceneStructure)| {
        Arc::ptr_eq(&old.0, &shown.structure) && old.1 == shown.appearance
    };
    if drawn.len() == case.structures.len() && drawn.iter().zip(&case.structures).all(same) {
        return;
    }
    *drawn = case.structures.iter().map(|s| (s.structure.clone(), s.appearance)).collect();
    redraw.write_default();
    targets.0.retain(|t| case.structures.iter().any(|s| Arc::ptr_eq(&s.structure, &t.structure)));
    for (entity, surface, mut visibility) in &mut surfaces {
        match case.structures.iter().find(|s| Arc::ptr_eq(&s.structure, &surface.structure)) {
            None => commands.entity(entity).despawn(),
            Some(shown) => {
                *visibility = visible(shown);
                if let Some(mut material) = materials.get_mut(&surface.material) {
                    *material = look(shown);
                }
            }
        }
    }
    let Some(scene) = &case.volume else { return };
    for shown in &case.structures {
        if surfaces.iter().any(|(_, surface, _)| Arc::ptr_eq(&surface.structure, &shown.structure)) {
            continue;
        }
        let material = materials.add(look(shown));
        let (structure, volume) = (shown.structure.clone(), scene.volume.clone());
        let progress = Progress::new();
        let watched = progress.clone();
        let task = AsyncComputeTaskPool::get().spawn(async move { extract(&structure, &volume, &watched) });
        commands.spawn((
            Surface { structure: shown.structure.clone(), material, whole: None, cut_by: None, cutting: None },
            Extracting { task, progress },
            InPatient,
            visible(shown),
        ));
    }
}

fn visible(shown: &SceneStructure) -> Visibility {
    if shown.appearance.visible && shown.appearance.opacity > 0.0 { Visibility::Inherited } else { Visibility::Hidden }
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
        commands.entity(entity).remove::<Extracting>();
        match result {
            Ok((mesh, target)) => {
                surface.whole = Some(mesh);
                let structure = surface.structure.clone();
                targets.0.extend(target.map(|target| ShownTarget { structure, target }));
            }
            Err(SurfaceError::Cancelled(_)) => {}
            Err(error) => notices.tell(
                Severity::Error,
                format!("The surface of \"{}\" cannot be shown: {error}", surface.structure.name),
            ),
        }
    }
}

/// Shows each surface, cut by the clip plane. The one under the pointer comes before the plan's.
fn cut_surfaces(
    mut commands: Commands,
    case: Res<OpenCase>,
    preview: Res<Preview>,
    mut surfaces: Query<(Entity, &mut Surface)>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut redraw: MessageWriter<Redraw>,
) {
    let clip = preview.clip.or(case.clip).filter(|clip| clip.enabled);
    for (entity, mut surface) in &mut surfaces {
        if let Some(mesh) = surface.cutting.as_mut().and_then(|task| block_on(future::poll_once(task))) {
            surface.cutting = None;
            let shown = (Mesh3d(meshes.add(mesh)), MeshMaterial3d(surface.material.clone()));
            commands.entity(entity).insert(shown);
            redraw.write_default();
        }
        let Some(whole) = surface.whole.clone() else { continue };
        if surface.cutting.is_none() && surface.cut_by != Some(clip) {
            surface.cut_by = Some(clip);
            surface.cutting = Some(AsyncComputeTaskPool::get().spawn(async move {
                match clip {
                    Some(plane) => in_world(&cut_away(&whole, plane.point, plane.normal)),
                    None => in_world(&whole),
                }
            }));
        }
    }
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
