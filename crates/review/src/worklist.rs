//! The worklist: where a network was in doubt, the largest expected error first.

use fabrica_geometry::{LpsPoint, Mm3, VoxelPoint};
use fabrica_plan::{DoubtSide, DoubtfulRegion, Specks, WorkList};
use fabrica_progress::Progress;
use fabrica_volume::Mask;

use crate::blobs::{Blob, blobs};
use crate::content::content_sha256;
use crate::{Calibration, Evidence, ReviewError, ReviewSettings};

/// Which structure a list is of, and who found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListOf {
    /// The structure's name.
    pub structure: String,
    /// The id of its file in the case ([`fabrica_case::StructureEntry::id`]).
    pub base: String,
    /// The network, with the hash of its file where known.
    pub found_by: String,
}

/// Lists the doubtful regions of a structure: those whose probability of being right is below the threshold, the largest
/// expected error (volume times the probability of being wrong) first. The same evidence gives the same list.
///
/// By hand: 30 voxels of 1 mm³ at 60 % inside a structure that is otherwise sure, more than two voxels from its border,
/// are one region of 30 mm³ with an expected error of 12 mm³.
///
/// # Errors
/// When settings or evidence make no sense, or the user cancels.
///
/// # Performance
/// A few passes over bits and one over the doubtful voxels: about a second for 512³.
pub fn worklist(
    of: &ListOf,
    evidence: &Evidence<'_>,
    calibration: &Calibration,
    settings: &ReviewSettings,
    progress: &Progress,
) -> Result<WorkList, ReviewError> {
    settings.check()?;
    calibration.check()?;
    progress.stage(format!("where {} is in doubt", of.structure));
    let doubt = evidence.doubt(calibration, settings, progress)?;
    let mut all: Vec<(DoubtSide, Blob)> = Vec::new();
    for (side, mask) in [(DoubtSide::Inside, &doubt.inside), (DoubtSide::Outside, &doubt.outside)] {
        all.extend(blobs(mask, evidence.percent, settings.longest, progress)?.into_iter().map(|blob| (side, blob)));
    }
    let voxel = evidence.mask.grid().voxel_volume();
    // Where there are too many, the smallest go, all of a size together.
    let mut sizes: Vec<u64> = all.iter().map(|(_, b)| b.voxels).filter(|n| *n >= settings.least_voxels).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let least = sizes.get(settings.most).map_or(settings.least_voxels, |n| n + 1);
    let error = |blob: &Blob| voxel * (blob.voxels as f64 * (1.0 - calibration.of(blob.mean())));
    let mut specks =
        Specks { count: 0, volume: Mm3(0.0), expected_error: Mm3(0.0), smaller_than: voxel * least as f64 };
    for (_, blob) in all.iter().filter(|(_, b)| b.voxels < least) {
        specks.count += 1;
        specks.volume = specks.volume + voxel * blob.voxels as f64;
        specks.expected_error = specks.expected_error + error(blob);
    }
    all.retain(|(_, b)| b.voxels >= least);
    // The sort is stable, so that equal ones stay in the order of their first voxels.
    all.sort_by(|(_, a), (_, b)| error(b).0.total_cmp(&error(a).0));
    let regions = (1..).zip(&all).map(|(number, (side, blob))| DoubtfulRegion {
        number,
        side: *side,
        at: blob.place(evidence.mask),
        low: blob.low.map(|n| n as u32),
        high: blob.high.map(|n| n as u32),
        volume: voxel * blob.voxels as f64,
        probability: calibration.of(blob.mean()),
        expected_error: error(blob),
        content: content_sha256(evidence.mask, blob.low, blob.high),
    });
    Ok(WorkList {
        structure: of.structure.clone(),
        base: of.base.clone(),
        found_by: of.found_by.clone(),
        calibration: calibration.words(),
        threshold: settings.threshold,
        regions: regions.collect(),
        specks,
    })
}

/// The smallest box along the patient's axes around a region's voxels: its least and greatest coordinates.
pub fn bounds(mask: &Mask, region: &DoubtfulRegion) -> (LpsPoint, LpsPoint) {
    let end = |corner: usize, a: usize| {
        if corner >> a & 1 == 1 { f64::from(region.high[a]) + 0.5 } else { f64::from(region.low[a]) - 0.5 }
    };
    let corners = (0..8).map(|c| mask.grid().to_patient(VoxelPoint::new(end(c, 0), end(c, 1), end(c, 2))).0);
    let (low, high) = corners.fold((None, None), |(low, high): (Option<_>, Option<_>), c| {
        (Some(low.map_or(c, |l| c.min(l))), Some(high.map_or(c, |h| c.max(h))))
    });
    (LpsPoint(low.unwrap_or_default()), LpsPoint(high.unwrap_or_default()))
}
