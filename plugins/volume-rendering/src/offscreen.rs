//! Pictures without a window.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bevy::camera::{RenderTarget, Viewport};
use bevy::core_pipeline::prepass::DepthPrepass;
use bevy::core_pipeline::tonemapping::{DebandDither, Tonemapping};
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::gpu_readback::{Readback, ReadbackComplete};
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_resource::{TextureFormat, TextureUsages};
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice};
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use fabrica_raycast::{
    Camera as PatientCamera, Derived, Image as Picture, LabelBlocks, LabelMap, LookTables, RenderError, RenderSettings,
    Scene, TransferFunction, VoxelBox,
};
use fabrica_scene::camera as scene_camera;
use fabrica_volume::{BlockSet, Volume};

use crate::VolumeMaterialPlugin;
use crate::box_mesh::box_mesh;
use crate::material::{VolumeMaterial, VolumeTextures};
use crate::patches::{TexturePatch, TexturePatches};
use crate::texture::{PreparedVolume, TextureSupport, VolumeTextureError};

/// Frames drawn before the picture: assets travel one frame after they were made, pipelines and bind groups follow.
/// They show nothing wrong, only less: so their number is generous, and only a corner is drawn, which costs little.
const WARM_UP_FRAMES: u32 = 4;
const WARM_UP_CORNER: UVec2 = UVec2::new(4, 4);
/// Frames to wait for the picture at most.
const PATIENCE_FRAMES: u32 = 400;

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OffscreenError {
    /// There is no graphics device.
    #[error("no graphics device was found (on Debian, the package mesa-vulkan-drivers gives one in software): {0}")]
    NoDevice(String),
    /// The device cannot draw this volume.
    #[error(transparent)]
    Volume(#[from] VolumeTextureError),
    /// What was asked for cannot be drawn.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The device gave no picture back.
    #[error("the graphics device gave no picture back; use the CPU renderer")]
    NoPicture,
}

/// A renderer without a window: a Bevy app whose frames are run by hand. It keeps the last volume on the device.
pub struct OffscreenRenderer {
    app: App,
    loaded: Option<Loaded>,
    adapter: String,
}

struct Loaded {
    prepared: PreparedVolume,
    textures: VolumeTextures,
    mesh: Handle<Mesh>,
    /// What the last scene was drawn with.
    last: Option<Last>,
}

struct Last {
    derived: Derived,
    tables: LookTables,
    material: VolumeMaterial,
    /// Bytes of labels and of the skipping structure that were sent in part; nothing where they were sent whole.
    sent: Option<usize>,
}

/// What was put into the world for a picture.
struct Stage {
    shown: Entity,
    /// The cameras with the images that they draw into.
    eyes: Vec<(Entity, Handle<Image>)>,
}

impl Loaded {
    /// Sends all of a scene to the device.
    fn whole(
        &mut self,
        scene: &Scene<'_>,
        support: TextureSupport,
        images: &mut Assets<Image>,
    ) -> Result<Last, VolumeTextureError> {
        let derived = Derived {
            labels: scene.structures.map(|s| LabelBlocks::new(s.labels)),
            fused: scene.fused.map(|f| fabrica_raycast::BlockRanges::new(f.volume)),
            ..self.prepared.derived.clone()
        };
        let tables = LookTables::of(scene, &derived);
        self.textures.take_scene(scene, support, images)?;
        let material = VolumeMaterial::new(&self.prepared, &self.textures, scene, &derived, &tables, images);
        Ok(Last { derived, tables, material, sent: None })
    }
}

impl Last {
    /// Follows an edit; gives the patches that the device needs.
    fn edited(
        mut self,
        scene: &Scene<'_>,
        labels: &LabelMap,
        within: &[VoxelBox],
        images: &mut Assets<Image>,
    ) -> (Self, Vec<TexturePatch>) {
        within.iter().for_each(|&part| self.derived.follow_labels(labels, part));
        let followed = self.tables.follow_labels(scene, &self.derived, within);
        self.tables.renew_light(scene);
        let parts = (within, followed);
        let patches = self.material.follow_labels(scene, &self.derived, &self.tables, parts, images);
        self.material.set_light(&self.tables, images);
        self.sent = Some(patches.iter().map(|patch| patch.texels.len()).sum());
        (self, patches)
    }
}

impl OffscreenRenderer {
    /// Starts the device.
    ///
    /// # Errors
    /// [`OffscreenError::NoDevice`] where there is none.
    pub fn new() -> Result<Self, OffscreenError> {
        probe()?;
        let mut app = App::new();
        app.add_plugins(
            DefaultPlugins
                .build()
                .disable::<WinitPlugin>()
                .disable::<LogPlugin>()
                .disable::<bevy::app::TerminalCtrlCHandlerPlugin>()
                .disable::<PipelinedRenderingPlugin>()
                .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
                .set(fabrica_scene::graphics::render_plugin()),
        );
        app.add_plugins(VolumeMaterialPlugin);
        while app.plugins_state() == bevy::app::PluginsState::Adding {
            bevy::tasks::tick_global_task_pools_on_main_thread();
        }
        app.finish();
        app.cleanup();
        let adapter = app
            .get_sub_app(RenderApp)
            .and_then(|render| render.world().get_resource::<RenderAdapterInfo>())
            .map_or_else(String::new, |info| format!("{} ({:?})", info.name, info.backend));
        Ok(Self { app, loaded: None, adapter })
    }

    /// The device's name.
    pub fn adapter(&self) -> &str {
        &self.adapter
    }

    /// A picture of a volume: that of [`fabrica_raycast::render_volume`], to within the device's precision.
    ///
    /// # Errors
    /// When the device cannot hold the volume, or the size, the camera or a setting cannot give a picture.
    pub fn render(
        &mut self,
        volume: &Arc<Volume>,
        function: &TransferFunction,
        camera: &PatientCamera,
        size: [u32; 2],
        settings: &RenderSettings,
    ) -> Result<Picture, OffscreenError> {
        let shown = volume.clone();
        let scene = Scene { settings: *settings, ..Scene::new(&shown, function) };
        self.render_scene(volume, &scene, camera, size)
    }

    /// A picture of a scene of this volume: that of [`fabrica_raycast::render_scene`], to within the device's
    /// precision. The scene's meshes are left out.
    ///
    /// # Errors
    /// When the device cannot hold the scene, or the size, the camera or the scene cannot give a picture.
    pub fn render_scene(
        &mut self,
        volume: &Arc<Volume>,
        scene: &Scene<'_>,
        camera: &PatientCamera,
        size: [u32; 2],
    ) -> Result<Picture, OffscreenError> {
        self.draw(volume, scene, camera, size, None)
    }

    /// [`OffscreenRenderer::render_scene`] of the scene that was drawn last, of which nothing but the labels has changed,
    /// and these in no other blocks: only these blocks are sent to the device. Beside the picture gives how many bytes
    /// of labels and of the skipping structure were sent; nothing where there was no such scene, and all were sent.
    ///
    /// # Errors
    /// As [`OffscreenRenderer::render_scene`].
    pub fn render_edited(
        &mut self,
        volume: &Arc<Volume>,
        scene: &Scene<'_>,
        camera: &PatientCamera,
        size: [u32; 2],
        changed: &BlockSet,
    ) -> Result<(Picture, Option<usize>), OffscreenError> {
        let picture = self.draw(volume, scene, camera, size, Some(changed))?;
        Ok((picture, self.loaded.as_ref().and_then(|l| l.last.as_ref()?.sent)))
    }

    fn draw(
        &mut self,
        volume: &Arc<Volume>,
        scene: &Scene<'_>,
        camera: &PatientCamera,
        size: [u32; 2],
        changed: Option<&BlockSet>,
    ) -> Result<Picture, OffscreenError> {
        let mut picture = Picture::filled(size, scene.settings.background)?;
        let stage = self.stage(volume, scene, &[*camera], size, changed)?;
        let data = match stage.eyes.first() {
            Some((eye, target)) => self.read_back(*eye, target),
            None => None,
        };
        self.strike(stage);
        let row = size[0] as usize * 4;
        // Rows come back padded to a multiple of 256 bytes.
        let padded = row.next_multiple_of(256);
        let data = data.ok_or(OffscreenError::NoPicture)?;
        let rows = picture.rgba.chunks_exact_mut(row).zip(data.chunks(padded));
        rows.for_each(|(to, from)| {
            if let Some(from) = from.get(..row) {
                to.copy_from_slice(from);
            }
        });
        picture.rgba.chunks_exact_mut(4).for_each(|pixel| pixel[3] = 255);
        Ok(picture)
    }

    /// How long frames of a scene take, with every camera drawn from one set of resources in each frame: from the
    /// start of the frame until the device is done. Frames before the first counted one warm up.
    ///
    /// # Errors
    /// As [`OffscreenRenderer::render_scene`].
    pub fn time_frames(
        &mut self,
        volume: &Arc<Volume>,
        scene: &Scene<'_>,
        cameras: &[PatientCamera],
        size: [u32; 2],
        frames: usize,
    ) -> Result<Vec<Duration>, OffscreenError> {
        let stage = self.stage(volume, scene, cameras, size, None)?;
        for _ in 0..WARM_UP_FRAMES {
            self.app.update();
        }
        for (eye, _) in &stage.eyes {
            if let Some(mut camera) = self.app.world_mut().get_mut::<Camera>(*eye) {
                camera.viewport = None;
            }
        }
        let mut times = Vec::with_capacity(frames);
        for n in 0..=frames {
            let start = Instant::now();
            self.app.update();
            let device = self.app.world().get_resource::<RenderDevice>();
            if let Some(Err(error)) = device.map(|d| d.poll(wgpu::PollType::wait_indefinitely())) {
                return Err(OffscreenError::NoDevice(error.to_string()));
            }
            if n > 0 {
                times.push(start.elapsed());
            }
        }
        self.strike(stage);
        Ok(times)
    }

    /// Puts a scene and cameras before it, all but a corner of whose pictures is left out.
    fn stage(
        &mut self,
        volume: &Arc<Volume>,
        scene: &Scene<'_>,
        cameras: &[PatientCamera],
        size: [u32; 2],
        changed: Option<&BlockSet>,
    ) -> Result<Stage, OffscreenError> {
        scene.check()?;
        Picture::filled(size, scene.settings.background)?;
        let transforms = cameras.iter().map(scene_camera::transform).collect::<Result<Vec<_>, _>>()?;
        self.load(volume)?;
        let Some(loaded) = &mut self.loaded else { return Err(OffscreenError::NoPicture) };
        let world = self.app.world_mut();
        let Some(support) = world.get_resource::<RenderDevice>().map(TextureSupport::of) else {
            return Err(OffscreenError::NoDevice("the renderer did not start".into()));
        };
        let mut images = world.resource_mut::<Assets<Image>>();
        let last = match (changed, scene.structures, loaded.last.take()) {
            (Some(changed), Some(structures), Some(last)) => {
                let within = VoxelBox::of_blocks(changed, structures.labels.dims());
                let (last, patches) = last.edited(scene, structures.labels, &within, &mut images);
                world.resource_mut::<TexturePatches>().0.extend(patches);
                last
            }
            _ => loaded.whole(scene, support, &mut images)?,
        };
        let mut images = world.resource_mut::<Assets<Image>>();
        let material = last.material.clone();
        loaded.last = Some(last);
        let mesh = loaded.mesh.clone();
        let targets: Vec<Handle<Image>> = cameras
            .iter()
            .map(|_| {
                let mut target = Image::new_target_texture(size[0], size[1], TextureFormat::Rgba8UnormSrgb, None);
                target.texture_descriptor.usage |= TextureUsages::COPY_SRC;
                images.add(target)
            })
            .collect();
        let material = world.resource_mut::<Assets<VolumeMaterial>>().add(material);
        let shown = world.spawn((Mesh3d(mesh), MeshMaterial3d(material), Transform::default())).id();
        let background = scene.settings.background;
        let eyes = cameras
            .iter()
            .zip(transforms)
            .zip(targets)
            .enumerate()
            .map(|(order, ((camera, transform), target))| {
                let clear = Color::srgb_u8(background.0, background.1, background.2);
                let corner = Viewport { physical_size: WARM_UP_CORNER.min(UVec2::from_array(size)), ..default() };
                let eye = (
                    Camera3d::default(),
                    Camera {
                        order: order as isize,
                        clear_color: ClearColorConfig::Custom(clear),
                        viewport: Some(corner),
                        ..default()
                    },
                    RenderTarget::Image(target.clone().into()),
                    Msaa::Off,
                    // The shader ends rays at opaque things by it.
                    DepthPrepass,
                    Tonemapping::None,
                    DebandDither::Disabled,
                    transform,
                    scene_camera::projection(camera, size.into()),
                );
                (world.spawn(eye).id(), target)
            })
            .collect();
        Ok(Stage { shown, eyes })
    }

    /// Takes a scene away again.
    fn strike(&mut self, stage: Stage) {
        let world = self.app.world_mut();
        world.despawn(stage.shown);
        for (eye, _) in stage.eyes {
            world.despawn(eye);
        }
        // The handles are gone; one frame lets the device forget what they held.
        self.app.update();
    }

    /// Puts a volume onto the device, unless it is there.
    fn load(&mut self, volume: &Arc<Volume>) -> Result<(), OffscreenError> {
        if self.loaded.as_ref().is_some_and(|l| Arc::ptr_eq(&l.prepared.volume, volume)) {
            return Ok(());
        }
        self.loaded = None;
        let world = self.app.world_mut();
        let Some(device) = world.get_resource::<RenderDevice>() else {
            return Err(OffscreenError::NoDevice("the renderer did not start".into()));
        };
        let mut prepared = PreparedVolume::new(volume.clone(), TextureSupport::of(device))?;
        let textures = VolumeTextures::take(&mut prepared, &mut world.resource_mut::<Assets<Image>>());
        let mesh = world.resource_mut::<Assets<Mesh>>().add(box_mesh(volume.grid()));
        self.loaded = Some(Loaded { prepared, textures, mesh, last: None });
        Ok(())
    }

    /// Draws one whole picture and runs frames until it has come back from the device.
    fn read_back(&mut self, eye: Entity, target: &Handle<Image>) -> Option<Vec<u8>> {
        for _ in 0..WARM_UP_FRAMES {
            self.app.update();
        }
        self.app.world_mut().get_mut::<Camera>(eye)?.viewport = None;
        let received: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();
        let slot = received.clone();
        let reader = self
            .app
            .world_mut()
            .spawn(Readback::texture(target.clone()))
            .observe(move |event: On<ReadbackComplete>| {
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(event.data.clone());
            })
            .id();
        let mut data = None;
        for frame in 0..PATIENCE_FRAMES {
            self.app.update();
            if frame == 0 {
                // Drawn; the rest is waiting.
                self.app.world_mut().get_mut::<Camera>(eye)?.is_active = false;
            }
            data = received.lock().unwrap_or_else(PoisonError::into_inner).take();
            if data.is_some() {
                break;
            }
        }
        self.app.world_mut().despawn(reader);
        data
    }
}

/// Looks for a device first, since Bevy ends the program where it finds none.
fn probe() -> Result<(), OffscreenError> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: fabrica_scene::graphics::backends(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    bevy::tasks::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()))
        .map(drop)
        .map_err(|error| OffscreenError::NoDevice(error.to_string()))
}
