//! What the application showed: saved as pictures, with the poses and angles in a JSON file beside.

use std::path::{Path, PathBuf};

use openxr_sys::{CompositionLayerFlags, EnvironmentBlendMode, EyeVisibility};
use serde_json::{Value, json};

use crate::abi::lock;
use crate::compose::{Eye, Shown, compose};
use crate::model::frames::Frame;
use crate::model::layers::{Layer, Picture, ProjectionView};
use crate::model::pose::Pose;
use crate::model::state::Within;
use crate::model::track::Nanos;
use crate::picture::{self, Image};
use crate::refusal::Answer;
use crate::vulkan::{Copy, Finished};

/// Everything that is to be done with a frame once it is drawn.
pub(crate) struct Job {
    copies: Vec<(ash::vk::Image, Copy)>,
    /// One for each copy, in order: what to call it.
    names: Vec<String>,
    captures: Vec<String>,
    /// The layers for each eye, for the composed picture.
    composition: Vec<Part>,
    see_through: bool,
    folder: Option<PathBuf>,
    description: Value,
}

/// A layer to be composed. Numbers are those of the copies.
enum Part {
    Projection { copies: [usize; 2], eyes: Vec<Eye>, flags: CompositionLayerFlags },
    Quad { copy: usize, pose: Pose, size: [f32; 2], eyes: EyeVisibility, flags: CompositionLayerFlags },
    Surroundings,
}

/// Decides what of a frame is to be saved.
pub(crate) fn plan(
    within: &mut Within<'_>,
    frame: &Frame,
    time: Nanos,
    blend: EnvironmentBlendMode,
    layers: &[Layer],
) -> Answer<Job> {
    let mut job = Job {
        copies: Vec::new(),
        names: Vec::new(),
        captures: Vec::new(),
        composition: Vec::new(),
        see_through: blend != EnvironmentBlendMode::OPAQUE,
        folder: None,
        description: Value::Null,
    };
    let every = within.world.capture_every;
    let wanted = !within.world.captures.is_empty() || every > 0 && frame.number.is_multiple_of(every);
    if !wanted || layers.is_empty() {
        return Ok(job);
    }
    job.captures = std::mem::take(&mut within.world.captures);
    if every > 0 && frame.number.is_multiple_of(every) {
        job.captures.push(format!("frame_{:06}", frame.number));
    }
    job.folder = Some(crate::environment::output_folder());
    let mut described = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        described.push(describe(within, &mut job, index, layer, time)?);
    }
    job.description = json!({
        "synthetic": "a picture from a simulated headset",
        "frame": frame.number,
        "display_time_ns": time,
        "predicted_display_time_ns": frame.beat.display,
        "refresh_rate": within.world.display.rate,
        "blend_mode": format!("{blend:?}"),
        "head_in_stage": pose_json(within.world.head.at(time)),
        "layers": described,
    });
    Ok(job)
}

fn describe(within: &Within<'_>, job: &mut Job, index: usize, layer: &Layer, time: Nanos) -> Answer<Value> {
    // The first layer's pictures have short names: they are what most look for.
    let prefix = if index == 0 { String::new() } else { format!("layer{index}_") };
    let place = |space: u64| -> Answer<Option<Pose>> {
        Ok(within.in_stage(&within.space(space)?, time).map(|located| located.pose))
    };
    let mut copy = |picture: &Picture, name: String| -> Answer<usize> {
        let copy = within.session.watcher.device.prepare_copy(picture.format, picture.region)?;
        job.copies.push((picture.image, copy));
        job.names.push(name);
        Ok(job.names.len() - 1)
    };
    Ok(match layer {
        Layer::Projection { flags, space, views } => {
            let space = place(*space)?;
            let mut eyes = Vec::new();
            let mut copies = [0; 2];
            for ((view, eye), number) in views.iter().zip(["left", "right"]).zip(&mut copies) {
                *number = copy(&view.colour, format!("{prefix}{eye}"))?;
                if let Some(depth) = &view.depth {
                    copy(&depth.picture, format!("{prefix}{eye}_depth"))?;
                }
                let fov = [view.fov.angle_left, view.fov.angle_right, view.fov.angle_up, view.fov.angle_down];
                eyes.push(json!({
                    "eye": eye,
                    "pose": pose_json(view.pose),
                    "pose_in_stage": space.map(|space| pose_json(space * view.pose)),
                    "fov_radians": { "left": fov[0], "right": fov[1], "up": fov[2], "down": fov[3] },
                    "size": [view.colour.region.width, view.colour.region.height],
                    "format": view.colour.format.name,
                    "depth": view.depth.map(|depth| json!({
                        "format": depth.picture.format.name,
                        "min_depth": depth.range[0], "max_depth": depth.range[1],
                        "near_m": depth.near.to_string(), "far_m": depth.far.to_string(),
                    })),
                }));
            }
            let eye = |view: &ProjectionView| Eye {
                pose: space.unwrap_or(Pose::IDENTITY) * view.pose,
                fov: view.fov,
                width: view.colour.region.width,
                height: view.colour.region.height,
            };
            let seen = views.iter().map(eye).collect();
            job.composition.push(Part::Projection { copies, eyes: seen, flags: *flags });
            json!({ "type": "projection", "flags": flags.into_raw(), "views": eyes })
        }
        Layer::Quad { flags, space, eyes, picture, pose, size } => {
            let number = copy(picture, format!("{prefix}quad"))?;
            if let Some(space) = place(*space)? {
                let pose = space * *pose;
                job.composition.push(Part::Quad { copy: number, pose, size: *size, eyes: *eyes, flags: *flags });
            }
            json!({
                "type": "quad",
                "flags": flags.into_raw(),
                "eyes": format!("{eyes:?}"),
                "pose_in_stage": place(*space)?.map(|space| pose_json(space * *pose)),
                "size_m": size,
                "size": [picture.region.width, picture.region.height],
            })
        }
        Layer::Passthrough { runs } => {
            if *runs {
                job.composition.push(Part::Surroundings);
            }
            json!({ "type": "passthrough", "runs": runs })
        }
    })
}

/// `{"position": [x, y, z], "orientation": [x, y, z, w]}`, metres.
pub(crate) fn pose_json(pose: Pose) -> Value {
    let q = pose.orientation;
    json!({ "position": pose.position.to_array(), "orientation": [q.x, q.y, q.z, q.w] })
}

impl Job {
    /// The copies to be made, once.
    pub(crate) fn copies(&mut self) -> Vec<(ash::vk::Image, Copy)> {
        std::mem::take(&mut self.copies)
    }

    /// Called when the frame is drawn: counts it, saves what is to be saved.
    pub(crate) fn finish(self, finished: Finished, deadline: Nanos) {
        let saved = finished.pictures.and_then(|pictures| self.save(pictures));
        let mut runtime = lock();
        if !runtime.world.clock.simulated && crate::model::clock::monotonic() > deadline {
            runtime.world.counts.late += 1;
        }
        match saved {
            Ok(names) => {
                runtime.world.counts.captured += names.len() as u64;
                runtime.world.saved.extend(names);
            }
            Err(refusal) => runtime.log.problem("capture", Some("failed".to_owned()), &refusal.why),
        }
        drop(runtime);
        crate::abi::tell();
    }

    fn save(&self, pictures: Vec<(crate::vulkan::Region, crate::vulkan::Pixels)>) -> Answer<Vec<String>> {
        let Some(folder) = &self.folder else { return Ok(Vec::new()) };
        std::fs::create_dir_all(folder).map_err(|error| picture::failed(folder, &error))?;
        let images: Vec<(&String, Image)> = self
            .names
            .iter()
            .zip(pictures)
            .map(|(name, (region, pixels))| (name, Image::new(region.width, region.height, pixels)))
            .collect();
        for capture in &self.captures {
            self.save_as(folder, capture, &images)?;
        }
        Ok(self.captures.clone())
    }

    fn save_as(&self, folder: &Path, capture: &str, images: &[(&String, Image)]) -> Answer<()> {
        for (name, image) in images {
            image.save(&folder.join(format!("{capture}_{name}.png")))?;
        }
        if let (Some(left), Some(right)) = (self.composed(0, images), self.composed(1, images))
            && let Some(strip) = left.beside(&right)
        {
            strip.save(&folder.join(format!("{capture}_stereo.png")))?;
        }
        // Last, so that whoever sees it finds the pictures whole.
        picture::save_text(&folder.join(format!("{capture}.json")), &format!("{:#}\n", self.description))
    }

    /// All that an eye sees, seen with the eye of the first projection layer.
    fn composed(&self, eye: usize, images: &[(&String, Image)]) -> Option<Image> {
        let image = |number: usize| images.get(number).map(|(_, image)| image);
        let camera = self.composition.iter().find_map(|part| match part {
            Part::Projection { eyes, .. } => eyes.get(eye),
            _ => None,
        })?;
        let mine = if eye == 0 { EyeVisibility::LEFT } else { EyeVisibility::RIGHT };
        let layers: Vec<Shown<'_>> = self
            .composition
            .iter()
            .filter_map(|part| match part {
                Part::Surroundings => Some(Shown::Surroundings),
                Part::Projection { copies, flags, .. } => {
                    Some(Shown::Whole { image: image(*copies.get(eye)?)?, flags: *flags })
                }
                Part::Quad { copy, pose, size, eyes, flags } => {
                    let visible = *eyes == EyeVisibility::BOTH || *eyes == mine;
                    let size = size.map(f64::from);
                    visible.then_some(Shown::Quad { image: image(*copy)?, flags: *flags, pose: *pose, size })
                }
            })
            .collect();
        Some(compose(camera, self.see_through, &layers))
    }
}
