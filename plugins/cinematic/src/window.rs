//! The cinematic look of the 3D view.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice, RenderQueue};
use bevy::tasks::{AsyncComputeTaskPool, Task};
use fabrica_cinematic::{Film, Look, denoise};
use fabrica_plan::{ClipBox as PlannedClipBox, ClipPlane as PlannedClipPlane};
use fabrica_progress::Progress;
use fabrica_raycast::{Camera, ClipPlane, ClipSet, StructureLook};
use fabrica_scene::{CinematicPicture, CinematicView, Notices, OpenCase, Preview, Severity, View3d, clips};
use fabrica_volume::Volume;

use crate::{Engine, GpuError, GpuTracer, Order};

/// Samples after which a still picture is done.
const MOST_SAMPLES: u32 = 1024;
/// Up to so many samples noise is smoothed, where that is wanted.
const SMOOTH_UP_TO: u32 = 64;
/// The first picture is this many times smaller along each side, so that it comes at once.
const PREVIEW: u32 = 4;
const PREVIEW_SAMPLES: u32 = 2;
/// Pictures come at most this often.
const PACE: Duration = Duration::from_millis(300);

/// Shows the open case's volume in cinematic light when [`CinematicView::on`]: a coarse, smoothed picture at once after
/// every change, then better ones while nothing changes.
pub struct CinematicPlugin;

impl Plugin for CinematicPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Startup, make_image).add_systems(Update, (follow, receive).chain()).init_resource::<Tracing>();
    }
}

/// What a picture depends on.
#[derive(Clone, PartialEq)]
struct Wanted {
    preset: String,
    clip: Option<PlannedClipPlane>,
    clip_box: Option<PlannedClipBox>,
    camera: Camera,
    size: UVec2,
    denoise: bool,
}

/// A picture on its way.
struct Running {
    wanted: Wanted,
    volume: Arc<Volume>,
    progress: Progress,
    /// Held, so that the work goes on.
    _task: Task<()>,
}

/// The work that goes on, and what is kept from one picture to the next.
#[derive(Resource)]
struct Tracing {
    running: Option<Running>,
    pictures: (Sender<Message>, Mutex<Receiver<Message>>),
    /// Only task threads take it, and only one at a time traces.
    engine: Arc<Mutex<Option<Engine>>>,
    /// Counts the orders, so that a late picture of an old one is known.
    number: u64,
}

/// What the work says.
enum Message {
    Picture { number: u64, size: [u32; 2], rgba: Vec<u8>, picture: CinematicPicture },
    Failed { number: u64, error: GpuError },
}

impl Default for Tracing {
    fn default() -> Self {
        let (send, receive) = channel();
        Self { running: None, pictures: (send, Mutex::new(receive)), engine: Arc::default(), number: 0 }
    }
}

fn image(size: [u32; 2], rgba: Vec<u8>) -> Image {
    let size = Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 };
    let usage = RenderAssetUsages::RENDER_WORLD;
    Image::new(size, TextureDimension::D2, rgba, TextureFormat::Rgba8UnormSrgb, usage)
}

fn make_image(mut images: ResMut<Assets<Image>>, mut view: ResMut<CinematicView>) {
    view.image = images.add(image([1, 1], vec![0, 0, 0, 255]));
}

/// Starts anew when anything that the picture depends on has changed; stops when the look is off.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
fn follow(
    case: Res<OpenCase>,
    preview: Res<Preview>,
    view3d: Res<View3d>,
    mut view: ResMut<CinematicView>,
    mut tracing: ResMut<Tracing>,
    mut notices: ResMut<Notices>,
    device: Option<Res<RenderDevice>>,
    queue: Option<Res<RenderQueue>>,
    adapter: Option<Res<RenderAdapterInfo>>,
) {
    let volume = case.volume.as_ref().map(|v| &v.volume).filter(|_| view.on);
    let Some(volume) = volume else {
        if let Some(running) = tracing.running.take() {
            running.progress.cancel();
        }
        if view.shown.is_some() {
            view.shown = None;
        }
        return;
    };
    let wanted = Wanted {
        preset: case.preset.clone(),
        clip: preview.cutting(&case),
        clip_box: preview.boxing(&case).cloned(),
        camera: view3d.camera,
        size: view3d.size,
        denoise: view.denoise,
    };
    if let Some(running) = &tracing.running {
        if running.wanted == wanted && Arc::ptr_eq(&running.volume, volume) {
            return;
        }
        running.progress.cancel();
        if !Arc::ptr_eq(&running.volume, volume) {
            view.shown = None;
        }
    }
    let look = if wanted.preset.is_empty() { Look::suited_to(volume) } else { Look::for_preset(&wanted.preset) };
    let look = match look {
        Ok(look) => look,
        Err(error) => {
            notices.tell(Severity::Error, format!("There is no cinematic picture: {error}."));
            view.on = false;
            return;
        }
    };
    let (clips, clips_of_rest) = clips(wanted.clip_box.as_ref());
    // Structures look as the scan does; what the box treats otherwise than the rest is among them.
    let named = case.structures.iter().filter_map(|shown| {
        let clip = wanted.clip_box.as_ref()?;
        let is_cut = clip.cuts_structure(&shown.structure.name);
        let clips = if is_cut { ClipSet::ALL } else { ClipSet::NONE };
        let named = clip.named().contains(&shown.structure.name);
        named.then(|| (shown.structure.clone(), StructureLook { clips, ..StructureLook::default() }))
    });
    let order = Order {
        volume: volume.clone(),
        look,
        structures: named.collect(),
        clips,
        clips_of_rest,
        clip: wanted.clip.map(|clip| ClipPlane { point: clip.point, keep: -clip.normal }),
        camera: wanted.camera,
        size: wanted.size.max(UVec2::ONE).to_array(),
    };
    tracing.number += 1;
    // On a software device its CPU twin is faster.
    let gpu = adapter.filter(|a| format!("{:?}", a.device_type) != "Cpu").zip(device.zip(queue));
    let gpu = gpu.map(|(a, (d, q))| (d.wgpu_device().clone(), (**q.0).clone(), a.name.clone()));
    let (progress, number, denoise) = (Progress::new(), tracing.number, wanted.denoise);
    let (engine, send, watched) = (tracing.engine.clone(), tracing.pictures.0.clone(), progress.clone());
    let task = AsyncComputeTaskPool::get().spawn(async move {
        let mut engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.is_cancelled() {
            return;
        }
        let engine = engine.get_or_insert_with(|| {
            Engine::new(gpu.and_then(|(device, queue, name)| GpuTracer::new(device, queue, name).ok()))
        });
        let work = Work { number, denoise, order: &order, send: &send };
        if let Err(error) = work.run(engine, &watched)
            && !watched.is_cancelled()
        {
            // The window has gone when nobody listens.
            drop(send.send(Message::Failed { number, error }));
        }
    });
    tracing.running = Some(Running { wanted, volume: volume.clone(), progress, _task: task });
}

/// A picture in the making, on a task thread.
struct Work<'a> {
    number: u64,
    denoise: bool,
    order: &'a Order,
    send: &'a Sender<Message>,
}

impl Work<'_> {
    fn run(&self, engine: &mut Engine, progress: &Progress) -> Result<(), GpuError> {
        let size = self.order.size.map(|side| (side / PREVIEW).max(1));
        let small = Order { size, ..self.order.clone() };
        engine.take(&small, [PREVIEW_SAMPLES], progress, |film| self.show(film, size, true))?;
        let mut last: Option<Instant> = None;
        engine.take(self.order, 1..=MOST_SAMPLES, progress, |film| {
            let due = last.is_none_or(|last| last.elapsed() >= PACE);
            if due || film.samples() == MOST_SAMPLES {
                last = Some(Instant::now());
                return self.show(film, self.order.size, self.denoise && film.samples() <= SMOOTH_UP_TO);
            }
            true
        })
    }

    /// Sends the picture; no when nobody listens.
    fn show(&self, film: &Film, size: [u32; 2], denoised: bool) -> bool {
        let denoised = denoised && self.denoise;
        let light = if denoised { denoise(film) } else { film.means() };
        let Ok(image) = self.order.look.development.develop(size, &light) else { return false };
        let picture = CinematicPicture { samples: film.samples(), denoised };
        self.send.send(Message::Picture { number: self.number, size, rgba: image.rgba, picture }).is_ok()
    }
}

/// Shows the newest picture of the present order.
fn receive(
    mut tracing: ResMut<Tracing>,
    mut view: ResMut<CinematicView>,
    mut images: ResMut<Assets<Image>>,
    mut notices: ResMut<Notices>,
) {
    let Tracing { pictures, number: present, .. } = &mut *tracing;
    let received = pictures.1.get_mut().unwrap_or_else(PoisonError::into_inner);
    let newest = received.try_iter().fold(None, |newest, message| match message {
        Message::Picture { number, size, rgba, picture } if number == *present => Some((size, rgba, picture)),
        Message::Failed { number, error } if number == *present => {
            notices.tell(Severity::Error, format!("There is no cinematic picture: {error}."));
            newest
        }
        Message::Picture { .. } | Message::Failed { .. } => newest,
    });
    if let Some((size, rgba, picture)) = newest.filter(|_| view.on)
        && images.insert(view.image.id(), image(size, rgba)).is_ok()
    {
        view.shown = Some(picture);
    }
}
