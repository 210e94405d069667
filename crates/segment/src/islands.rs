//! Islands: connected parts of a mask.
//!
//! Found by union-find over runs instead of voxels (as in L. He, Y. Chao, K. Suzuki, "A run-based two-scan labeling
//! algorithm", IEEE Trans. Image Process. 17(5), 2008), slabs of slices in parallel and then joined.

use fabrica_geometry::{Grid, Mm3};
use fabrica_progress::Progress;
use fabrica_volume::Mask;
use rayon::prelude::*;

use crate::bits::{any_in_span, set_span};
use crate::connectivity::{RowStep, step_row};
use crate::rows::mask_from_rows;
use crate::runs::RunTable;
use crate::{Connectivity, Seed, SegmentError};

/// The islands of a mask. They are numbered from 0 in the order in which their first voxels come (k, then j, then i).
pub struct Islands {
    grid: Grid,
    runs: RunTable,
    /// The island of each run.
    labels: Vec<u32>,
    voxels: Vec<u64>,
}

impl Islands {
    /// Finds the islands.
    ///
    /// # Errors
    /// When cancelled, or when the mask has more than 2³² runs.
    pub fn find(mask: &Mask, connectivity: Connectivity, progress: &Progress) -> Result<Self, SegmentError> {
        let steps: Vec<RowStep> = connectivity.earlier_rows().collect();
        Self::find_along(mask, &steps, progress)
    }

    /// Finds islands whose runs are joined only along the given steps to earlier rows.
    pub(crate) fn find_along(mask: &Mask, steps: &[RowStep], progress: &Progress) -> Result<Self, SegmentError> {
        let [_, ny, nz] = mask.grid().dims();
        progress.check()?;
        let runs = RunTable::of(mask)?;
        progress.check()?;
        let mut parents: Vec<u32> = (0..runs.spans.len() as u32).collect();

        // Each slab joins its own runs, with parents counted from the slab's first run.
        let slab = nz.div_ceil(rayon::current_num_threads() * 2).max(1);
        let mut slabs = Vec::new();
        let mut rest = parents.as_mut_slice();
        for low in (0..nz).step_by(slab) {
            let high = (low + slab).min(nz);
            let (mine, others) = rest.split_at_mut((runs.first[high * ny] - runs.first[low * ny]) as usize);
            slabs.push((low, high, mine));
            rest = others;
        }
        slabs.into_par_iter().try_for_each(|(low, high, parents)| {
            let base = runs.first[low * ny];
            parents.iter_mut().for_each(|p| *p -= base);
            for k in low..high {
                progress.check()?;
                for j in 0..ny {
                    for &(dj, dk, reach) in steps {
                        if let Some((nj, nk)) = step_row(j, k, (dj, dk), ny, nz)
                            && nk >= low
                        {
                            join_rows(&runs, parents, base, j + ny * k, nj + ny * nk, reach);
                        }
                    }
                }
            }
            parents.iter_mut().for_each(|p| *p += base);
            Ok::<(), SegmentError>(())
        })?;
        for k in (slab..nz).step_by(slab) {
            for j in 0..ny {
                for &(dj, dk, reach) in steps {
                    if dk < 0
                        && let Some((nj, nk)) = step_row(j, k, (dj, dk), ny, nz)
                    {
                        join_rows(&runs, &mut parents, 0, j + ny * k, nj + ny * nk, reach);
                    }
                }
            }
        }
        progress.check()?;

        // A parent never comes after its child, so one pass in order gives every run its island.
        let mut labels = parents;
        let mut voxels = Vec::new();
        for run in 0..labels.len() {
            let parent = labels[run] as usize;
            let span = runs.spans[run];
            labels[run] = if parent == run {
                voxels.push(0);
                (voxels.len() - 1) as u32
            } else {
                labels[parent]
            };
            voxels[labels[run] as usize] += u64::from(span.end - span.start);
        }
        Ok(Self { grid: mask.grid().clone(), runs, labels, voxels })
    }

    pub(crate) fn grid(&self) -> &Grid {
        &self.grid
    }

    /// How many islands there are.
    pub fn len(&self) -> usize {
        self.voxels.len()
    }

    /// Whether the mask was empty.
    pub fn is_empty(&self) -> bool {
        self.voxels.is_empty()
    }

    /// The number of voxels of each island.
    pub fn voxels(&self) -> &[u64] {
        &self.voxels
    }

    /// The volume of an island.
    ///
    /// # Panics
    /// When there is no such island.
    pub fn volume(&self, island: usize) -> Mm3 {
        self.grid.voxel_volume() * self.voxels[island] as f64
    }

    /// The islands from the largest to the smallest; of equal ones the first comes first.
    pub fn by_size(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|&island| std::cmp::Reverse(self.voxels[island]));
        order
    }

    /// The island that holds voxel (i, j, k), if one does.
    pub fn at(&self, [i, j, k]: [usize; 3]) -> Option<usize> {
        let [_, ny, nz] = self.grid.dims();
        if j >= ny || k >= nz {
            return None;
        }
        let row = self.runs.row(j + ny * k);
        let spans = &self.runs.spans[row.clone()];
        let after = spans.partition_point(|span| span.start as usize <= i);
        let found = after.checked_sub(1)?;
        (i < spans[found].end as usize).then(|| self.labels[row.start + found] as usize)
    }

    /// The mask of those islands for which `keep` says so.
    ///
    /// # Errors
    /// When cancelled.
    pub fn keep(&self, keep: impl Fn(usize) -> bool + Sync, progress: &Progress) -> Result<Mask, SegmentError> {
        let kept: Vec<bool> = (0..self.len()).map(keep).collect();
        let ny = self.grid.dims()[1];
        mask_from_rows(&self.grid, progress, |j, k, words| {
            for run in self.runs.row(j + ny * k) {
                if kept[self.labels[run] as usize] {
                    let span = self.runs.spans[run];
                    set_span(words, span.start as usize, span.end as usize);
                }
            }
        })
    }

    /// Which islands share a voxel with another mask.
    ///
    /// # Errors
    /// When the mask lies on another grid.
    pub fn touching(&self, other: &Mask) -> Result<Vec<bool>, SegmentError> {
        Mask::empty(self.grid.clone()).check_same_grid(other)?;
        let mut touching = vec![false; self.len()];
        self.for_each_run(|island, start, end, j, k| {
            touching[island] = touching[island] || any_in_span(other.row(j, k), start, end);
        });
        Ok(touching)
    }

    /// Calls `see(island, start, end, j, k)` for every run.
    pub(crate) fn for_each_run(&self, mut see: impl FnMut(usize, usize, usize, usize, usize)) {
        let [_, ny, nz] = self.grid.dims();
        for row in 0..ny * nz {
            for run in self.runs.row(row) {
                let span = self.runs.spans[run];
                see(self.labels[run] as usize, span.start as usize, span.end as usize, row % ny, row / ny);
            }
        }
    }
}

/// Joins the touching runs of two rows. Both are sorted, so one walk over both finds every touching pair.
fn join_rows(runs: &RunTable, parents: &mut [u32], base: u32, row: usize, other: usize, reach: usize) {
    let (mine, theirs) = (runs.row(row), runs.row(other));
    let reach = reach as u32;
    let (mut a, mut b) = (mine.start, theirs.start);
    while a < mine.end && b < theirs.end {
        let (left, right) = (runs.spans[a], runs.spans[b]);
        if left.start < right.end + reach && right.start < left.end + reach {
            join(parents, a as u32 - base, b as u32 - base);
        }
        if left.end < right.end {
            a += 1;
        } else {
            b += 1;
        }
    }
}

fn root(parents: &mut [u32], mut run: u32) -> u32 {
    loop {
        let parent = parents[run as usize];
        if parent == run {
            return run;
        }
        let grandparent = parents[parent as usize];
        parents[run as usize] = grandparent;
        run = grandparent;
    }
}

fn join(parents: &mut [u32], a: u32, b: u32) {
    let (a, b) = (root(parents, a), root(parents, b));
    parents[a.max(b) as usize] = a.min(b);
}

/// The `count` largest islands; all when there are fewer. Of equally large ones the first along k, j, i is kept.
///
/// # Errors
/// When `count` is 0, or cancelled.
pub fn largest_islands(
    mask: &Mask,
    count: usize,
    connectivity: Connectivity,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    if count == 0 {
        return Err(SegmentError::Parameter("0 islands were asked for; keep at least 1".into()));
    }
    let islands = Islands::find(mask, connectivity, progress)?;
    let mut kept = vec![false; islands.len()];
    for island in islands.by_size().into_iter().take(count) {
        kept[island] = true;
    }
    islands.keep(|island| kept[island], progress)
}

/// The islands that hold at least one of the seeds.
///
/// # Errors
/// When a seed lies outside the grid, when no seed lies on an island, or when cancelled.
pub fn islands_at(
    mask: &Mask,
    seeds: &[Seed],
    connectivity: Connectivity,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    let seeds = Seed::voxels(seeds, mask.grid())?;
    let found = crate::flood::flood(mask, &seeds, connectivity, progress)?;
    if found.is_empty() {
        return Err(SegmentError::not_found("islands", "no seed lies on the structure; point at a part of it"));
    }
    Ok(found)
}

/// The mask without its islands smaller than `least`.
///
/// # Errors
/// When `least` is not a finite volume, or when cancelled.
pub fn remove_small_islands(
    mask: &Mask,
    least: Mm3,
    connectivity: Connectivity,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    if !least.0.is_finite() {
        return Err(SegmentError::Parameter(format!("{} mm³ is not a volume", least.0)));
    }
    let islands = Islands::find(mask, connectivity, progress)?;
    islands.keep(|island| islands.volume(island) >= least, progress)
}
