//! The plan's transfer functions as renderers take them.

use fabrica_plan::TransferFunction as PlannedFunction;
use fabrica_raycast::{ControlPoint, TransferFunction, TransferFunctionError};

/// A function of the plan as renderers take it.
///
/// # Errors
/// None for functions that the plan has let in.
pub fn transfer_function(planned: &PlannedFunction) -> Result<TransferFunction, TransferFunctionError> {
    let points = planned.points.iter();
    let points = points.map(|p| ControlPoint { value: p.value, colour: p.colour, opacity: p.opacity }).collect();
    TransferFunction::new(points, planned.opacity_length)
}
