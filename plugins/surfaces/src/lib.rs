//! The structures' surfaces as meshes in the scene.
//!
//! Surfaces are extracted and smoothed on task threads, once for each structure; colour, opacity and visibility follow the plan
//! without extracting again.

use std::sync::Arc;

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_geometry::LpsPoint;
use fabrica_progress::Progress;
use fabrica_scene::{Notices, OpenCase, Redraw, SceneStructure, Severity, world};
use fabrica_surface::{Smoothing, SurfaceError, smooth, surface_of_mask};
use fabrica_volume::{Rgb, Structure};

/// Shows the structures' surfaces.
pub struct SurfacesPlugin;

impl Plugin for SurfacesPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Update, (follow_case, finish_surfaces).chain());
    }
}

/// The surface of a structure in the scene.
#[derive(Component)]
struct Surface {
    structure: Arc<Structure>,
    material: Handle<StandardMaterial>,
}

/// A surface that is being extracted.
#[derive(Component)]
struct Extracting {
    task: Task<Result<Mesh, SurfaceError>>,
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
) {
    if !case.is_changed() {
        return;
    }
    redraw.write_default();
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
    for shown in &case.structures {
        if surfaces.iter().any(|(_, surface, _)| Arc::ptr_eq(&surface.structure, &shown.structure)) {
            continue;
        }
        let material = materials.add(look(shown));
        let structure = shown.structure.clone();
        let progress = Progress::new();
        let watched = progress.clone();
        let task = AsyncComputeTaskPool::get().spawn(async move { extract(&structure, &watched) });
        commands.spawn((
            Surface { structure: shown.structure.clone(), material },
            Extracting { task, progress },
            Transform::default(),
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

fn extract(structure: &Structure, progress: &Progress) -> Result<Mesh, SurfaceError> {
    let mut surface = surface_of_mask(&structure.mask, progress)?;
    smooth(&mut surface, structure.mask.grid(), &Smoothing::default(), progress)?;
    let to_world =
        |[x, y, z]: [f32; 3]| world::point_to_world(LpsPoint::new(f64::from(x), f64::from(y), f64::from(z))).to_array();
    // The way to the world is a rotation and a scale: directions turn with it, triangles stay counter-clockwise.
    let normals: Vec<[f32; 3]> = surface.vertex_normals().into_iter().map(|[x, y, z]| [x, z, -y]).collect();
    let (vertices, triangles) = surface.into_parts();
    let positions: Vec<[f32; 3]> = vertices.into_iter().map(to_world).collect();
    Ok(Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_indices(Indices::U32(triangles.into_flattened())))
}

fn finish_surfaces(
    mut commands: Commands,
    mut extracting: Query<(Entity, &Surface, &mut Extracting)>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut notices: ResMut<Notices>,
    mut redraw: MessageWriter<Redraw>,
) {
    for (entity, surface, mut extracting) in &mut extracting {
        let Some(result) = block_on(future::poll_once(&mut extracting.task)) else { continue };
        let mut entity = commands.entity(entity);
        entity.remove::<Extracting>();
        match result {
            Ok(mesh) => {
                entity.insert((Mesh3d(meshes.add(mesh)), MeshMaterial3d(surface.material.clone())));
                redraw.write_default();
            }
            Err(SurfaceError::Cancelled(_)) => {}
            Err(error) => notices.tell(
                Severity::Error,
                format!("The surface of \"{}\" cannot be shown: {error}", surface.structure.name),
            ),
        }
    }
}
