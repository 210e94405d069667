//! The plan's transfer functions and clip box as renderers take them.

use fabrica_plan::{ClipBox, TransferFunction as PlannedFunction};
use fabrica_raycast::{Clip, ClipSet, ClipShape, ControlPoint, Keep, TransferFunction, TransferFunctionError};

/// A function of the plan as renderers take it.
///
/// # Errors
/// None for functions that the plan has let in.
pub fn transfer_function(planned: &PlannedFunction) -> Result<TransferFunction, TransferFunctionError> {
    let points = planned.points.iter();
    let points = points.map(|p| ControlPoint { value: p.value, colour: p.colour, opacity: p.opacity }).collect();
    TransferFunction::new(points, planned.opacity_length)
}

/// The clips of a plan's clip box as renderers take them, and which of them cut what belongs to no structure. Structures
/// that the box does not cut have looks that say so ([`StructureLook::clips`](fabrica_raycast::StructureLook)).
pub fn clips(planned: Option<&ClipBox>) -> (Vec<Clip>, ClipSet) {
    let Some(planned) = planned else { return (Vec::new(), ClipSet::ALL) };
    let &ClipBox { centre, axes, half, enabled, .. } = planned;
    let shape = ClipShape::Box(fabrica_raycast::ClipBox { centre, axes, half, keep: Keep::Inside });
    (vec![Clip { shape, enabled }], if planned.cuts_rest() { ClipSet::ALL } else { ClipSet::NONE })
}
