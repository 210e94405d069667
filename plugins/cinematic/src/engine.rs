//! Who traces: the graphics device, or its twin on the CPU.

use std::sync::Arc;

use fabrica_cinematic::{Blocks, CinematicError, Film, Look, Studio};
use fabrica_progress::Progress;
use fabrica_raycast::{Camera, Clip, ClipPlane, ClipSet, LabelMap, RenderError, Scene, StructureLook, Structures};
use fabrica_volume::{Mask, Structure, Volume};

use crate::{Exposure, GpuError, GpuTracer, LoadedLabels, LoadedVolume};

/// A cinematic picture to be taken.
#[derive(Clone)]
pub struct Order {
    /// Of what.
    pub volume: Arc<Volume>,
    /// How it looks.
    pub look: Look,
    /// Structures with looks of their own; the rest is as the look says.
    pub structures: Vec<(Arc<Structure>, StructureLook)>,
    /// The plane that cuts it open.
    pub clip: Option<ClipPlane>,
    /// Clips that cut as each structure's look says.
    pub clips: Vec<Clip>,
    /// Which of them cut what belongs to no structure.
    pub clips_of_rest: ClipSet,
    /// From where.
    pub camera: Camera,
    /// Width and height.
    pub size: [u32; 2],
}

/// What follows from a volume and structures, whatever their looks.
#[derive(Clone)]
struct Kept {
    volume: Arc<Volume>,
    structures: Vec<Arc<Structure>>,
    labels: Option<Arc<LabelMap>>,
    /// The labels on the device, where there is one.
    loaded: Option<Arc<LoadedLabels>>,
    blocks: Arc<Blocks>,
}

impl Kept {
    fn new(order: &Order, gpu: Option<&GpuTracer>) -> Result<Self, GpuError> {
        let structures: Vec<Arc<Structure>> = order.structures.iter().map(|(s, _)| s.clone()).collect();
        let masks: Vec<&Mask> = structures.iter().map(|s| &s.mask).collect();
        let labels = if masks.is_empty() {
            None
        } else {
            let labels = LabelMap::new(order.volume.grid(), &masks);
            Some(Arc::new(labels.map_err(|error| CinematicError::from(RenderError::Labels(error)))?))
        };
        let loaded = match (gpu, &labels) {
            (Some(gpu), Some(labels)) => Some(Arc::new(LoadedLabels::new(gpu, labels)?)),
            _ => None,
        };
        let blocks = Arc::new(Blocks::new(&order.volume, labels.as_deref()));
        Ok(Self { volume: order.volume.clone(), structures, labels, loaded, blocks })
    }

    fn serves(&self, order: &Order) -> bool {
        Arc::ptr_eq(&self.volume, &order.volume)
            && self.structures.len() == order.structures.len()
            && self.structures.iter().zip(&order.structures).all(|(a, (b, _))| Arc::ptr_eq(a, b))
    }
}

/// Traces pictures, and keeps what the next one of the same volume can use.
pub struct Engine {
    gpu: Option<GpuTracer>,
    kept: Option<Kept>,
    loaded: Option<Arc<LoadedVolume>>,
}

impl Engine {
    /// An engine on a graphics device, or on the CPU.
    pub fn new(gpu: Option<GpuTracer>) -> Self {
        Self { gpu, kept: None, loaded: None }
    }

    /// Who traces, in words.
    pub fn name(&self) -> String {
        match &self.gpu {
            Some(gpu) => format!("path tracing on {}", gpu.adapter()),
            None => "path tracing on the CPU".to_owned(),
        }
    }

    /// Takes a picture: calls `shown` with the film after every number of samples in `stops`, until it says no.
    ///
    /// # Errors
    /// When cancelled, or when the picture cannot be.
    pub fn take(
        &mut self,
        order: &Order,
        stops: impl IntoIterator<Item = u32>,
        progress: &Progress,
        mut shown: impl FnMut(&Film) -> bool,
    ) -> Result<(), GpuError> {
        let function = order.look.preset.transfer_function(&order.volume).map_err(CinematicError::from)?;
        let mut settings = order.look.preset.settings(&order.volume);
        settings.clip = order.clip;
        let kept = match self.kept.take().filter(|kept| kept.serves(order)) {
            Some(kept) => kept,
            None => Kept::new(order, self.gpu.as_ref())?,
        };
        self.kept = Some(kept.clone());
        let looks: Vec<StructureLook> = order.structures.iter().map(|(_, look)| look.clone()).collect();
        let structures = kept.labels.as_deref().map(|labels| Structures { labels, looks: &looks });
        let scene = Scene {
            settings,
            structures,
            clips: &order.clips,
            clips_of_rest: order.clips_of_rest,
            ..Scene::new(&order.volume, &function)
        };
        let studio = Studio::new(&scene, &kept.blocks, &order.look, &order.camera, order.size)?;
        let mut film = Film::new(order.size)?;
        let mut exposure: Option<Exposure> = None;
        let mut taken = 0;
        for stop in stops {
            let samples = stop.saturating_sub(taken);
            taken = taken.max(stop);
            match (&self.gpu, &mut exposure) {
                (None, _) => studio.trace(&mut film, samples, progress)?,
                (Some(gpu), Some(exposure)) => gpu.trace(exposure, samples, progress)?,
                (Some(gpu), none) => {
                    let loaded = match self.loaded.take().filter(|l| Arc::ptr_eq(l.volume(), &order.volume)) {
                        Some(loaded) => loaded,
                        None => Arc::new(LoadedVolume::new(gpu, order.volume.clone())?),
                    };
                    let exposure = none.insert(gpu.expose(&loaded, kept.loaded.as_deref(), &studio)?);
                    self.loaded = Some(loaded);
                    gpu.trace(exposure, samples, progress)?;
                }
            }
            if let (Some(gpu), Some(exposure)) = (&self.gpu, &exposure) {
                film = gpu.film(exposure)?;
            }
            if !shown(&film) {
                break;
            }
        }
        Ok(())
    }
}
