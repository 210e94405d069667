//! Connected parts of doubtful voxels, large ones cut into patches.

use fabrica_geometry::{LpsPoint, Mm, VoxelPoint};
use fabrica_progress::Progress;
use fabrica_segment::{Connectivity, Islands};
use fabrica_volume::Mask;

use crate::ReviewError;

/// A connected part or a patch of one.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    pub voxels: u64,
    /// Sum of the voxels' percentages.
    pub percent: u64,
    /// First and last position along each axis.
    pub low: [usize; 3],
    pub high: [usize; 3],
    /// The voxel nearest to the middle, and the square of how far it is, mm².
    middle: ([usize; 3], f64),
    sums: [u64; 3],
}

impl Blob {
    const NONE: Self = Self {
        voxels: 0,
        percent: 0,
        low: [usize::MAX; 3],
        high: [0; 3],
        middle: ([0; 3], f64::INFINITY),
        sums: [0; 3],
    };

    /// The centre of the voxel of it that is nearest to its middle.
    pub fn place(&self, mask: &Mask) -> LpsPoint {
        let [i, j, k] = self.middle.0.map(|n| n as f64);
        mask.grid().to_patient(VoxelPoint::new(i, j, k))
    }

    /// The mean of the voxels' probabilities.
    pub fn mean(&self) -> f64 {
        self.percent as f64 / (100.0 * self.voxels as f64)
    }

    fn take(&mut self, at: [usize; 3], percent: u8) {
        self.voxels += 1;
        self.percent += u64::from(percent.min(100));
        for (axis, at) in at.into_iter().enumerate() {
            self.low[axis] = self.low[axis].min(at);
            self.high[axis] = self.high[axis].max(at);
            self.sums[axis] += at as u64;
        }
    }
}

/// The parts of a mask that hang together over faces, edges or corners; one longer than `longest` along an axis of the
/// grid is cut into equal parts that are not. In the order of their first voxels, patches of one part in the grid's order.
pub(crate) fn blobs(mask: &Mask, percent: &[u8], longest: Mm, progress: &Progress) -> Result<Vec<Blob>, ReviewError> {
    let islands = Islands::find(mask, Connectivity::TwentySix, progress)?;
    let spacing = mask.grid().spacing();
    let mut whole = vec![Blob::NONE; islands.len()];
    let runs = || mask.runs().filter_map(|run| Some((islands.at([run.start, run.j, run.k])?, run)));
    for (island, run) in runs() {
        let box_ = &mut whole[island];
        let (first, last) = ([run.start, run.j, run.k], [run.end - 1, run.j, run.k]);
        for a in 0..3 {
            box_.low[a] = box_.low[a].min(first[a]);
            box_.high[a] = box_.high[a].max(last[a]);
        }
    }
    progress.check()?;
    let sides = |blob: &Blob| -> [usize; 3] { std::array::from_fn(|a| blob.high[a] - blob.low[a] + 1) };
    let parts = |blob: &Blob| -> [usize; 3] {
        let sides = sides(blob);
        // No more parts than voxels.
        std::array::from_fn(|a| ((sides[a] as f64 * spacing[a] / longest.0).ceil() as usize).clamp(1, sides[a]))
    };
    let mut first_of = Vec::with_capacity(whole.len());
    let mut count = 0;
    for blob in &whole {
        first_of.push(count);
        count += parts(blob).iter().product::<usize>();
    }
    let cut: Vec<([usize; 3], [usize; 3])> = whole.iter().map(|blob| (sides(blob), parts(blob))).collect();
    let part_of = |island: usize, at: [usize; 3]| {
        let (sides, parts) = cut[island];
        let cell: [usize; 3] = std::array::from_fn(|a| (at[a] - whole[island].low[a]) * parts[a] / sides[a]);
        first_of[island] + cell[0] + parts[0] * (cell[1] + parts[1] * cell[2])
    };
    let mut found = vec![Blob::NONE; count];
    for (island, run) in runs() {
        for i in run.start..run.end {
            let at = [i, run.j, run.k];
            found[part_of(island, at)].take(at, percent[mask.grid().index(i, run.j, run.k)]);
        }
    }
    progress.check()?;
    for (island, run) in runs() {
        for i in run.start..run.end {
            let at = [i, run.j, run.k];
            let blob = &mut found[part_of(island, at)];
            let off = |a: usize| (at[a] as f64 - blob.sums[a] as f64 / blob.voxels as f64) * spacing[a];
            let square = off(0).powi(2) + off(1).powi(2) + off(2).powi(2);
            if square < blob.middle.1 {
                blob.middle = (at, square);
            }
        }
    }
    found.retain(|blob| blob.voxels > 0);
    Ok(found)
}
