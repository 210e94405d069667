//! A volume seen through a structure.

use fabrica_plan::VolumeSide;
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Samples, Volume};
use rayon::prelude::*;

use crate::EditError;

/// The volume with one value wherever it lies outside (or inside) a mask. The stored volume stays as it is; this is a
/// copy to look at, to print through, or to write elsewhere.
///
/// # Errors
/// When the mask lies on another grid, the value is not one that the volume's samples can hold exactly, or the user
/// cancels.
pub fn mask_volume(
    volume: &Volume,
    mask: &Mask,
    fill: VolumeSide,
    value: f64,
    progress: &Progress,
) -> Result<Volume, EditError> {
    Mask::empty(volume.grid().clone()).check_same_grid(mask)?;
    let mut masked = volume.clone();
    let mut samples = volume.samples().clone();
    let dims = volume.grid().dims();
    macro_rules! fill {
        ($samples:expr, $t:ty) => {{
            let stands_for = value as $t;
            if f64::from(stands_for) != value {
                return Err(EditError::Tool(format!("the volume's samples cannot hold the value {value}")));
            }
            $samples.par_chunks_mut(dims[0]).enumerate().try_for_each(|(row, values)| {
                progress.check()?;
                let words = mask.row(row % dims[1], row / dims[1]);
                for (i, sample) in values.iter_mut().enumerate() {
                    let inside = words[i / 64] >> (i % 64) & 1 == 1;
                    if inside == (fill == VolumeSide::Inside) {
                        *sample = stands_for;
                    }
                }
                Ok::<_, EditError>(())
            })?;
        }};
    }
    match &mut samples {
        Samples::U8(s) => fill!(s, u8),
        Samples::I16(s) => fill!(s, i16),
        Samples::U16(s) => fill!(s, u16),
        Samples::I32(s) => fill!(s, i32),
        Samples::F32(s) => fill!(s, f32),
        _ => return Err(EditError::Tool("this version does not know the volume's samples".into())),
    }
    let (unit, padding) = (masked.unit.clone(), masked.padding.take());
    let (mut provenance, warnings) = (std::mem::take(&mut masked.provenance), std::mem::take(&mut masked.warnings));
    let side = if fill == VolumeSide::Inside { "inside" } else { "outside" };
    provenance.steps.push(format!("{value} put {side} a structure"));
    let mut masked = Volume::new(volume.grid().clone(), samples, unit).map_err(|e| EditError::Tool(e.to_string()))?;
    (masked.padding, masked.provenance, masked.warnings) = (padding, provenance, warnings);
    Ok(masked)
}
