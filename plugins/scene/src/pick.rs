//! What a line of sight meets: what the user points at in the 3D view or in the room.

use std::sync::Arc;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_picking::{Ray, Sight, Visible, visible_point};
use fabrica_plan::{TransferFunction as PlannedFunction, VolumeLook};
use fabrica_raycast::{ClipPlane, Preset, RenderMode, TransferFunction};
use fabrica_volume::Volume;

use crate::input::{Hands, PatientRay, Press, SlicePointer};
use crate::world::PatientPose;
use crate::{OpenCase, Preview, SurfaceTargets};

/// The look that the volume has in the 3D view.
pub fn preset(case: &OpenCase) -> Option<Preset> {
    let volume = &case.volume.as_ref()?.volume;
    if case.preset.is_empty() { Preset::suited_to(volume).ok() } else { Preset::named(&case.preset).ok() }
}

/// Finds what is pointed at.
#[derive(SystemParam)]
pub struct Picker<'w, 's> {
    case: Res<'w, OpenCase>,
    preview: Res<'w, Preview>,
    targets: Res<'w, SurfaceTargets>,
    look: Local<'s, Option<Look>>,
}

/// Follows the pointer, whatever with.
#[derive(SystemParam)]
pub struct Pointing<'w, 's> {
    /// The pointer on the slice views.
    pub slice: Res<'w, SlicePointer>,
    /// The hands. How far the working one reaches is told here.
    pub hands: ResMut<'w, Hands>,
    patient: Res<'w, PatientPose>,
    picker: Picker<'w, 's>,
}

/// Where the pointer is in the patient, and its press there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pointed {
    /// Where; nothing where only air is.
    pub at: Option<LpsPoint>,
    /// The press.
    pub press: Press,
    /// It is on a slice.
    pub on_slice: bool,
    /// The line of sight, where there is one.
    pub sight: Option<PatientRay>,
}

impl Pointing<'_, '_> {
    /// On a slice, else on what the working hand's ray meets; nowhere, and without a press, where a panel has the ray.
    pub fn pointed(&mut self) -> Pointed {
        if self.slice.is_at_work() {
            let at = self.slice.place.map(|place| place.at);
            return Pointed { at, press: self.slice.press, on_slice: true, sight: None };
        }
        let hand = *self.hands.working();
        if hand.pointer.taken {
            return Pointed::default();
        }
        let (press, sight) = (hand.pointer.trigger, hand.pointer.ray);
        let at = sight.and_then(|ray| self.picker.first(ray)).map(|picked| picked.at);
        if let (Some(at), Some(ray)) = (at, sight) {
            self.hands.get_mut(hand.hand).pointer.reach = Some(self.patient.length_to_room(at.distance(ray.origin)));
        }
        Pointed { at, press, on_slice: false, sight }
    }
}

/// How a volume looks, made once and kept while it looks so.
struct Look {
    volume: Arc<Volume>,
    preset: String,
    /// The plan's own transfer function, where it has one.
    planned: Option<PlannedFunction>,
    function: TransferFunction,
    mode: RenderMode,
}

impl Look {
    /// Where the volume's picture is met: what structures hide, and what a clip box cuts of them or spares, counts.
    fn first(&self, case: &OpenCase, sight: &impl Fn(Option<&str>) -> Option<Sight>) -> Option<Mm> {
        let boxed = case.clip_box.as_ref().map_or(&[][..], |clip| clip.named());
        let distinct =
            case.structures.iter().filter(|s| s.volume_look != VolumeLook::AsScan || boxed.contains(&s.structure.name));
        let own: Vec<_> = distinct
            .map(|shown| {
                let function = match &shown.volume_look {
                    VolumeLook::Through(planned) => crate::transfer_function(planned).ok(),
                    _ => None,
                };
                (shown, function)
            })
            .collect();
        let parts: Vec<_> = own
            .iter()
            .map(|(shown, function)| {
                let function = function.as_ref().unwrap_or(&self.function);
                let is_hidden = shown.volume_look == VolumeLook::Hidden;
                let sight = sight(Some(&shown.structure.name)).filter(|_| !is_hidden);
                (&shown.structure.mask, Visible { function, sight })
            })
            .collect();
        visible_point(&self.volume, &self.mode, Visible { function: &self.function, sight: sight(None) }, &parts)
    }
}

/// What is pointed at.
#[derive(Clone, Debug, PartialEq)]
pub struct Picked {
    /// Where.
    pub at: LpsPoint,
    /// The structure whose surface it is; nothing where the volume itself is seen there.
    pub structure: Option<String>,
}

impl Picker<'_, '_> {
    /// The nearest thing seen along a ray: a surface that is shown, or the visible surface of the volume; the clip plane
    /// counts. Nothing where only air is seen.
    pub fn first(&mut self, ray: PatientRay) -> Option<Picked> {
        self.follow_look();
        let ray = Ray { origin: ray.origin, direction: ray.direction };
        let (case, preview) = (&*self.case, &*self.preview);
        // What of the ray is left for a structure, or for what belongs to none.
        let sight = |structure: Option<&str>| {
            let planes = preview.planes_cutting(case, structure).into_iter();
            Sight::new(ray, planes.map(|clip| ClipPlane { point: clip.point, keep: -clip.normal }))
        };
        let surfaces = self.targets.0.iter().filter_map(|target| {
            let shown = case.structures.iter().find(|s| Arc::ptr_eq(&s.structure, &target.structure))?;
            let sight = sight(Some(&target.structure.name)).filter(|_| shown.appearance.is_seen())?;
            Some((target.target.first(&sight)?, Some(target.structure.name.clone())))
        });
        let volume = self.look.as_ref().and_then(|look| look.first(case, &sight));
        let nearest = surfaces.chain(volume.map(|met| (met, None))).min_by(|a, b| a.0.0.total_cmp(&b.0.0));
        nearest.map(|(Mm(met), structure)| Picked { at: LpsPoint(ray.origin.0 + ray.direction.0 * met), structure })
    }

    fn follow_look(&mut self) {
        let Some(scene) = &self.case.volume else {
            *self.look = None;
            return;
        };
        let known = |look: &Look| {
            Arc::ptr_eq(&look.volume, &scene.volume)
                && look.preset == self.case.preset
                && look.planned == self.case.function
        };
        if self.look.as_ref().is_some_and(known) {
            return;
        }
        let volume = scene.volume.clone();
        *self.look = preset(&self.case).and_then(|found| {
            let planned = self.case.function.clone();
            let function = match &planned {
                Some(planned) => crate::transfer_function(planned).ok()?,
                None => found.transfer_function(&volume).ok()?,
            };
            let mode = found.settings(&volume).mode;
            Some(Look { volume, preset: self.case.preset.clone(), planned, function, mode })
        });
    }
}
