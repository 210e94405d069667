//! What one slice view is to show.

use std::sync::Arc;

use bevy::prelude::{UVec2, Vec2};
use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_raycast::{OverlayStyle, SliceOrientation, SlicePlane, StructureOverlay, Window};
use fabrica_scene::{SceneStructure, SceneVolume, SliceCommand};
use fabrica_volume::{Rgb, Structure, Volume};

/// The opacity of a structure's area over a slice, where the plan shows it solid: the scan stays readable under it.
const AREA_OPACITY: f64 = 0.35;

/// The part of a slice that is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Framing {
    /// Pixels of the view.
    pub size: UVec2,
    /// 1 fits the whole scan.
    pub zoom: f64,
    /// How far the picture's middle lies from the scan's.
    pub shift: LpsVector,
}

impl Default for Framing {
    fn default() -> Self {
        Self { size: UVec2::ZERO, zoom: 1.0, shift: LpsVector::default() }
    }
}

impl Framing {
    /// Follows a command; `shown` is what the user sees now.
    pub fn obey(&mut self, command: SliceCommand, shown: Option<(SlicePlane, [u32; 2])>) {
        match command {
            SliceCommand::Resize { size, .. } => self.size = size,
            SliceCommand::Zoom { factor, .. } => self.zoom = (self.zoom * f64::from(factor)).clamp(0.2, 50.0),
            SliceCommand::Pan { by: Vec2 { x, y }, .. } => {
                let Some((plane, _)) = shown else { return };
                let mm = plane.mm_per_pixel.0;
                self.shift = self.shift + plane.right * (-f64::from(x) * mm) + plane.down * (-f64::from(y) * mm);
            }
        }
    }
}

/// A picture that is wanted. Two equal jobs make equal pictures.
#[derive(Clone)]
pub struct Job {
    volume: Arc<Volume>,
    structures: Vec<(Arc<Structure>, Rgb, f32)>,
    /// The plane to show.
    pub plane: SlicePlane,
    /// Pixels.
    pub size: [u32; 2],
    /// How values become grey.
    pub window: Window,
}

impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.volume, &other.volume)
            && self.plane == other.plane
            && self.size == other.size
            && self.window == other.window
            && self.structures.len() == other.structures.len()
            && self
                .structures
                .iter()
                .zip(&other.structures)
                .all(|(a, b)| Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1 && a.2 == b.2)
    }
}

impl Job {
    /// What a view is to show, or nothing before its size is known.
    pub fn new<'a>(
        orientation: SliceOrientation,
        framing: &Framing,
        scene: &SceneVolume,
        at: LpsPoint,
        window: fabrica_plan::Window,
        structures: impl Iterator<Item = &'a SceneStructure>,
    ) -> Option<Self> {
        if framing.size.min_element() < 2 {
            return None;
        }
        let size = framing.size.to_array();
        let fitted = SlicePlane::fitted(orientation, at, scene.volume.grid().bounds(), size);
        let plane = SlicePlane {
            centre: fitted.centre + framing.shift,
            mm_per_pixel: Mm(fitted.mm_per_pixel.0 / framing.zoom),
            ..fitted
        };
        let structures = structures
            .filter(|s| s.appearance.visible)
            .map(|s| (s.structure.clone(), s.colour(), (s.appearance.opacity * AREA_OPACITY) as f32))
            .collect();
        let window = Window { centre: window.centre, width: window.width };
        Some(Self { volume: scene.volume.clone(), structures, plane, size, window })
    }

    /// The scan.
    pub fn volume(&self) -> &Volume {
        &self.volume
    }

    /// The structures over it.
    pub fn overlays(&self) -> impl Iterator<Item = StructureOverlay<'_>> {
        self.structures.iter().map(|(structure, colour, opacity)| StructureOverlay {
            mask: &structure.mask,
            colour: *colour,
            opacity: *opacity,
            style: OverlayStyle::Both,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panning_moves_the_picture_with_the_pointer() {
        let (right, down) = SliceOrientation::Axial.directions();
        let plane = SlicePlane { centre: LpsPoint::default(), right, down, mm_per_pixel: Mm(2.0) };
        let mut framing = Framing { size: UVec2::splat(100), ..Framing::default() };
        framing.obey(SliceCommand::Pan { view: 0, by: Vec2::new(10.0, -5.0) }, Some((plane, [100, 100])));
        // 10 pixels of 2 mm to the right: the middle of the picture lies 20 mm to the patient's right (image left).
        assert_eq!(framing.shift, LpsVector::new(-20.0, 10.0, 0.0));
    }
}
