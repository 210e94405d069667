//! The airway tree in chest CT.

use fabrica_geometry::{Mm, PatientAxis};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Volume};

use crate::holes::nearest_axis;
use crate::islands::Islands;
use crate::logic::intersection;
use crate::{Connectivity, SegmentError, erode, flood, threshold};

/// An airway tree.
#[derive(Clone, Debug)]
pub struct AirwayTree {
    /// Its lumen.
    pub mask: Mask,
    /// The greatest threshold at which it did not leak into the lung.
    pub threshold: f64,
}

/// The trachea's cross-section, mm² (adults about 100 to 400; children and ends of breathing below, giants above).
const SECTION: std::ops::RangeInclusive<f64> = 30.0..=900.0;
/// The least length over which a round, steady section counts as a trachea, mm.
const LEAST_LENGTH: f64 = 15.0;
/// How far the middle of the section may move from slice to slice, as a share of the distance between them, and mm.
const DRIFT: (f64, f64) = (1.0, 3.0);
/// Steps of the threshold, HU.
const STEP: f64 = 16.0;
/// A growth in one step by more than this share and by more than [`LEAK_ML`] is a leak.
const LEAK_SHARE: f64 = 0.4;
const LEAK_ML: f64 = 8.0;
/// The values of lung, HU, unlike those of gas, so far inside its border; at least this much is connected to a trachea.
const LUNG: std::ops::RangeInclusive<f64> = -940.0..=-500.0;
const LUNG_CORE: Mm = Mm(4.0);
const LEAST_LUNG_ML: f64 = 100.0;
/// More than any airway tree holds, mL.
const MOST_ML: f64 = 250.0;

/// One part of an axial slice.
#[derive(Clone, Copy)]
struct Section {
    voxels: f64,
    sum: [f64; 2],
    low: [usize; 2],
    high: [usize; 2],
    slice: usize,
    seed: [usize; 3],
}

/// The lumen of trachea and bronchi, without a seed: the longest stack of round axial sections of air of a trachea's
/// size within the body is the trachea; from it the region grows at a threshold that rises step by step and stops
/// before the volume explodes into the lung (K. Mori et al., "Recognition of bronchus in three-dimensional X-ray CT
/// images", ICPR 1996).
///
/// Works on axial scans: the scan's third axis must run along the body.
///
/// # Errors
/// When the scan is not axial, no trachea is found, growing leaks at once, or when cancelled.
pub fn airway_tree(
    volume: &Volume,
    body: &Mask,
    lower: f64,
    upper: f64,
    progress: &Progress,
) -> Result<AirwayTree, SegmentError> {
    let what = "airway";
    let grid = volume.grid();
    if nearest_axis(grid, PatientAxis::InferiorSuperior) != 2 {
        return Err(SegmentError::not_found(what, "the slices are not axial; give a seed in the trachea instead"));
    }
    let air = intersection(&threshold(volume, f64::NEG_INFINITY, upper.min(-700.0), progress)?, body)?;
    let (seeds, trachea_ml) = trachea(&air, progress)?;
    if seeds.is_empty() {
        return Err(SegmentError::not_found(
            what,
            "no trachea was found: no round column of air of a trachea's size inside the body. \
             The scan may not reach above the lungs; give a seed instead",
        ));
    }
    let millilitres = |mask: &Mask| mask.volume().0 / 1000.0;
    let grow = |limit: f64| -> Result<Mask, SegmentError> {
        let candidates = intersection(&threshold(volume, f64::NEG_INFINITY, limit, progress)?, body)?;
        flood(&candidates, &seeds, Connectivity::Six, progress)
    };
    // Gas in the bowel is as round as a trachea, but leads to no lung.
    let reached = erode(&grow(*LUNG.end())?, LUNG_CORE, progress)?;
    let lung = millilitres(&intersection(&reached, &threshold(volume, *LUNG.start(), *LUNG.end(), progress)?)?);
    if lung < LEAST_LUNG_ML {
        return Err(SegmentError::not_found(
            what,
            format!(
                "the longest column of air leads to {lung:.0} mL of lung only, so it is not the trachea above the lungs"
            ),
        ));
    }
    // Until noise has stopped to keep voxels of the trachea itself out, growth is no leak.
    let filled = 0.6 * trachea_ml;
    let mut best: Option<(Mask, f64, f64)> = None;
    let steps = ((upper - lower) / STEP).floor() as usize;
    for step in 0..=steps {
        let limit = lower + STEP * step as f64;
        let grown = grow(limit)?;
        let ml = millilitres(&grown);
        let before = best.as_ref().map_or(0.0, |(_, _, ml)| *ml).max(filled);
        if ml > MOST_ML || ml > before + LEAK_ML.max(before * LEAK_SHARE) && ml > 2.0 * trachea_ml {
            break;
        }
        if ml > 0.0 {
            best = Some((grown, limit, ml));
        }
    }
    let (mask, threshold, _) = best.ok_or_else(|| {
        SegmentError::not_found(
            what,
            format!("growing from the trachea leaks into the lung already at {lower} HU; give a seed and lower bounds"),
        )
    })?;
    Ok(AirwayTree { mask, threshold })
}

/// A voxel of every slice of the trachea and the volume of its sections; none when there is no trachea.
fn trachea(air: &Mask, progress: &Progress) -> Result<(Vec<[usize; 3]>, f64), SegmentError> {
    let grid = air.grid();
    let spacing = grid.spacing();
    let sections = round_sections(air, progress)?;
    // The longest stack, from slice to slice; sections come in the order of their slices.
    let mut length = vec![1usize; sections.len()];
    let mut before: Vec<Option<usize>> = vec![None; sections.len()];
    let mut first_of_slice = vec![sections.len(); grid.dims()[2] + 1];
    for (n, section) in sections.iter().enumerate().rev() {
        first_of_slice[section.slice] = n;
    }
    for n in 0..sections.len() {
        let section = sections[n];
        let Some(below) = section.slice.checked_sub(1) else { continue };
        let mut other = first_of_slice[below];
        while other < n && sections[other].slice == below {
            let near = (0..2)
                .map(|a| ((section.middle(a) - sections[other].middle(a)) * spacing[a]).powi(2))
                .sum::<f64>()
                .sqrt()
                <= DRIFT.0 * spacing[2] + DRIFT.1;
            let alike = (0.5..=2.0).contains(&(section.voxels / sections[other].voxels));
            if near && alike && length[other] + 1 > length[n] {
                length[n] = length[other] + 1;
                before[n] = Some(other);
            }
            other += 1;
        }
    }
    let Some(last) = (0..sections.len()).max_by_key(|&n| length[n]) else { return Ok((Vec::new(), 0.0)) };
    if (length[last] as f64) * spacing[2] < LEAST_LENGTH {
        return Ok((Vec::new(), 0.0));
    }
    let chain: Vec<usize> = std::iter::successors(Some(last), |&n| before[n]).collect();
    let voxels: f64 = chain.iter().map(|&n| sections[n].voxels).sum();
    Ok((chain.into_iter().map(|n| sections[n].seed).collect(), voxels * grid.voxel_volume().0 / 1000.0))
}

impl Section {
    fn middle(&self, axis: usize) -> f64 {
        self.sum[axis] / self.voxels
    }
}

/// The parts of the axial slices that have a trachea's size and are about round.
fn round_sections(air: &Mask, progress: &Progress) -> Result<Vec<Section>, SegmentError> {
    let spacing = air.grid().spacing();
    let islands = Islands::find_along(air, &[(-1, 0, 0)], progress)?;
    let mut sections: Vec<Option<Section>> = vec![None; islands.len()];
    islands.for_each_run(|island, start, end, j, k| {
        let middle = (start + end) / 2;
        let section = sections[island].get_or_insert(Section {
            voxels: 0.0,
            sum: [0.0; 2],
            low: [usize::MAX; 2],
            high: [0; 2],
            slice: k,
            seed: [middle, j, k],
        });
        let voxels = (end - start) as f64;
        section.voxels += voxels;
        section.sum[0] += voxels * (start + end - 1) as f64 / 2.0;
        section.sum[1] += voxels * j as f64;
        section.low = [section.low[0].min(start), section.low[1].min(j)];
        section.high = [section.high[0].max(end), section.high[1].max(j + 1)];
        // The run through the middle is the safest seed; rows come in order, so the last one at or above it stays.
        if (j as f64) <= section.sum[1] / section.voxels + 0.5 {
            section.seed = [middle, j, k];
        }
    });
    let round = |section: &Section| {
        let area = section.voxels * spacing[0] * spacing[1];
        let side = |a: usize| (section.high[a] - section.low[a]) as f64 * spacing[a];
        let (width, depth) = (side(0), side(1));
        SECTION.contains(&area) && area / (width * depth) > 0.55 && width.max(depth) / width.min(depth) < 2.2
    };
    Ok(sections.into_iter().flatten().filter(round).collect())
}
