//! The visible surface of a volume.

use fabrica_geometry::{LpsPoint, Mm, VoxelPoint};
use fabrica_raycast::{RenderMode, TransferFunction};
use fabrica_volume::{Mask, Volume};
use glam::DVec3;

use crate::Sight;

/// Steps a voxel along the ray.
const STEPS_A_VOXEL: f64 = 2.0;
/// What is at least so opaque has a surface.
const SOLID: f64 = 0.5;
/// What is less opaque in a layer of the reference length cannot be seen.
const VISIBLE: f64 = 0.02;
/// Most voxels that are looked at for the visible bounds, about.
const LOOKED_AT: f64 = 2e6;

/// How a part of a volume is seen along a ray.
#[derive(Clone, Copy, Debug)]
pub struct Visible<'a> {
    /// Its transfer function.
    pub function: &'a TransferFunction,
    /// How far it is seen: what is cut away or hidden is not. All parts' lines of sight lie on one ray.
    pub sight: Option<Sight>,
}

impl Visible<'_> {
    fn holds(&self, distance: f64) -> bool {
        self.sight.is_some_and(|sight| (sight.near.0..=sight.far.0).contains(&distance))
    }
}

/// How far from its origin a line of sight meets what the picture of a volume shows there: in a composite picture where
/// half of the light is taken, in a maximum intensity projection the brightest place. Other projections show no place.
/// Structures' voxels are seen as their structures are, all else as the rest is.
pub fn visible_point(
    volume: &Volume,
    mode: &RenderMode,
    rest: Visible<'_>,
    structures: &[(&Mask, Visible<'_>)],
) -> Option<Mm> {
    let grid = volume.grid();
    let structures: Vec<_> = structures.iter().filter(|(mask, _)| mask.grid().dims() == grid.dims()).collect();
    let sights = || structures.iter().map(|(_, seen)| seen).chain([&rest]).filter_map(|seen| seen.sight);
    // From where anything is seen to where nothing is any more.
    let sight =
        sights().reduce(|a, b| Sight { near: Mm(a.near.0.min(b.near.0)), far: Mm(a.far.0.max(b.far.0)), ..a })?;
    let (near, far) = within(volume, &sight)?;
    let step = grid.finest_spacing().0 / STEPS_A_VOXEL;
    let count = ((far - near) / step).ceil().clamp(1.0, 1e6) as usize;
    let places = (0..count).map(|n| near + (n as f64 + 0.5) * step).take_while(|d| *d < far);
    // The value at a place, and who is there and seen.
    let seen_at = |distance: f64| {
        let at = grid.to_voxel(sight.at(Mm(distance)));
        let voxel = at.0.round().max(DVec3::ZERO).to_array().map(|n| n as usize);
        let holds = |mask: &Mask| (0..3).all(|a| voxel[a] < grid.dims()[a]) && mask.get(voxel);
        let mut there: Vec<&Visible<'_>> =
            structures.iter().filter(|(mask, _)| holds(mask)).map(|(_, seen)| seen).collect();
        if there.is_empty() {
            there.push(&rest);
        }
        there.retain(|seen| seen.holds(distance));
        (!there.is_empty()).then(|| volume.interpolate(at).map(|value| (value, there))).flatten()
    };
    match mode {
        RenderMode::Composite => {
            let mut clear = 1.0;
            for distance in places {
                let Some((value, there)) = seen_at(distance) else { continue };
                for seen in there {
                    let layers = step / seen.function.reference_length().0.max(1e-6);
                    clear *= (1.0 - seen.function.at(value).1.min(1.0)).powf(layers);
                }
                if 1.0 - clear >= SOLID {
                    return Some(Mm(distance));
                }
            }
            None
        }
        RenderMode::Mip(_) => places
            .filter_map(|distance| Some((distance, seen_at(distance)?.0)))
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(distance, _)| Mm(distance)),
        _ => None,
    }
}

/// The part of a line of sight within the scan.
fn within(volume: &Volume, sight: &Sight) -> Option<(f64, f64)> {
    let grid = volume.grid();
    let to_voxel = grid.patient_to_voxel();
    let (origin, direction) =
        (to_voxel.transform_point3(sight.ray.origin.0), to_voxel.transform_vector3(sight.ray.direction.0));
    let (mut near, mut far) = (sight.near.0, sight.far.0);
    for axis in 0..3 {
        let (low, high) = (-0.5, grid.dims()[axis] as f64 - 0.5);
        if direction[axis].abs() < 1e-12 {
            if !(low..=high).contains(&origin[axis]) {
                return None;
            }
            continue;
        }
        let (a, b) = ((low - origin[axis]) / direction[axis], (high - origin[axis]) / direction[axis]);
        near = near.max(a.min(b));
        far = far.min(a.max(b));
    }
    (near < far && far.is_finite()).then_some((near, far))
}

/// The box, along the patient's axes, around what a transfer function makes visible; none if that is nothing. So coarsely
/// that scans of any size take milliseconds.
pub fn visible_bounds(volume: &Volume, function: &TransferFunction) -> Option<(LpsPoint, LpsPoint)> {
    let grid = volume.grid();
    let dims = grid.dims();
    let stride = ((grid.len() as f64 / LOOKED_AT).cbrt().ceil() as usize).max(1);
    let range = |axis: usize| (0..dims[axis]).step_by(stride);
    let (mut low, mut high) = (DVec3::INFINITY, DVec3::NEG_INFINITY);
    for k in range(2) {
        for j in range(1) {
            for i in range(0) {
                if volume.value([i, j, k]).is_some_and(|value| function.at(value).1 >= VISIBLE) {
                    let at = grid.to_patient(VoxelPoint(DVec3::new(i as f64, j as f64, k as f64))).0;
                    (low, high) = (low.min(at), high.max(at));
                }
            }
        }
    }
    if !low.is_finite() {
        return None;
    }
    let margin = DVec3::splat(grid.spacing().into_iter().fold(0.0, f64::max) * stride as f64);
    Some((LpsPoint(low - margin), LpsPoint(high + margin)))
}
