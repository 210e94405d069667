//! Slices of a grid as pictures: level tracing and filling between slices.

use fabrica_geometry::{Grid, LpsPoint, PatientAxis};
use fabrica_progress::Progress;
use fabrica_segment::{Connectivity, Islands, Seed, signed_distance};
use fabrica_volume::{Mask, Sample, Volume, with_samples};
use rayon::prelude::*;

use crate::EditError;

/// The grid's axis that runs most along an anatomical one; of equal ones the first.
pub(super) fn nearest_axis(grid: &Grid, axis: PatientAxis) -> usize {
    let component = match axis {
        PatientAxis::RightLeft => 0,
        PatientAxis::AnteriorPosterior => 1,
        PatientAxis::InferiorSuperior => 2,
    };
    let along = |a: usize| grid.axis(a).0[component].abs();
    (0..3).fold(0, |best, a| if along(a) > along(best) { a } else { best })
}

/// The slices across one axis of a grid.
struct Slices {
    dims: [usize; 3],
    across: usize,
    /// The axes along a slice's rows and columns.
    along: [usize; 2],
    /// One slice as a grid of its own.
    flat: Grid,
}

impl Slices {
    fn new(grid: &Grid, across: usize) -> Result<Self, EditError> {
        let (dims, spacing) = (grid.dims(), grid.spacing());
        let along = [[1, 2], [0, 2], [0, 1]][across];
        let size = [dims[along[0]], dims[along[1]], 1];
        let spacing = [spacing[along[0]], spacing[along[1]], 1.0];
        let flat =
            Grid::axis_aligned(size, LpsPoint::default(), spacing).map_err(|e| EditError::Tool(e.to_string()))?;
        Ok(Self { dims, across, along, flat })
    }

    fn count(&self) -> usize {
        self.dims[self.across]
    }

    fn voxel(&self, slice: usize, column: usize, row: usize) -> [usize; 3] {
        let mut at = [slice; 3];
        at[self.along[0]] = column;
        at[self.along[1]] = row;
        at
    }

    fn size(&self) -> [usize; 2] {
        self.along.map(|a| self.dims[a])
    }

    fn take(&self, mask: &Mask, slice: usize) -> Mask {
        if self.across == 2 {
            let words = self.dims[0].div_ceil(64) * self.dims[1];
            let part = mask.words()[slice * words..][..words].to_vec();
            // Of the right length.
            return Mask::from_words(self.flat.clone(), part).unwrap_or_else(|_| Mask::empty(self.flat.clone()));
        }
        Mask::from_rows(self.flat.clone(), |row, _, words| {
            for column in 0..self.size()[0] {
                let inside = mask.get(self.voxel(slice, column, row));
                words[column / 64] |= u64::from(inside) << (column % 64);
            }
        })
    }

    fn put(&self, part: &Mask, slice: usize, into: &mut Mask) {
        for run in part.runs() {
            for column in run.start..run.end {
                into.set(self.voxel(slice, column, run.j), true);
            }
        }
    }
}

/// What is at least as bright as the voxel at a point and hangs together with it in its slice, holes filled.
pub(super) fn level_tracing(
    volume: &Volume,
    at: LpsPoint,
    across: PatientAxis,
    progress: &Progress,
) -> Result<Mask, EditError> {
    let grid = volume.grid();
    let slices = Slices::new(grid, nearest_axis(grid, across))?;
    let voxel = Seed::Patient(at).voxel(grid)?;
    let slice = voxel[slices.across];
    let level = volume.value(voxel).unwrap_or(f64::NAN);
    if level.is_nan() || volume.padding.as_ref().is_some_and(|p| p.contains(&level)) {
        return Err(EditError::Tool("nothing was measured at that point, so it has no level".into()));
    }
    let bright = with_samples!(volume.samples().view(), |s| {
        Mask::from_fn(slices.flat.clone(), |index| {
            let [column, row, _] = slices.flat.position(index);
            let [i, j, k] = slices.voxel(slice, column, row);
            let value = s[grid.index(i, j, k)].to_f64();
            value >= level && !volume.padding.as_ref().is_some_and(|p| p.contains(&value))
        })
    });
    let seed = [voxel[slices.along[0]], voxel[slices.along[1]], 0];
    let part = fabrica_segment::flood(&bright, &[seed], Connectivity::TwentySix, progress)?;
    // A slice of one voxel's thickness: what does not lead to its edge is a hole.
    let filled = fabrica_segment::fill_slices(&part, PatientAxis::InferiorSuperior, None, progress)?;
    let mut mask = Mask::empty(grid.clone());
    slices.put(&filled, slice, &mut mask);
    Ok(mask)
}

/// A slice that holds something.
struct Drawn {
    slice: usize,
    mask: Mask,
    distance: Vec<f32>,
    middle: [f64; 2],
}

/// The structure with the slices between filled ones filled too: between two such slices the signed distance to the
/// outline is interpolated (S. P. Raya, J. K. Udupa, "Shape-based interpolation of multidimensional objects", IEEE
/// Trans. Med. Imaging 9(1), 1990). Where the two do not overlap at all, each is first moved, by whole voxels, to where
/// the line between their middles passes, so that a slanting vessel goes on.
pub(super) fn fill_between(mask: &Mask, across: PatientAxis, progress: &Progress) -> Result<Mask, EditError> {
    let grid = mask.grid();
    let slices = Slices::new(grid, nearest_axis(grid, across))?;
    let drawn: Vec<usize> = (0..slices.count()).filter(|&s| !slices.take(mask, s).is_empty()).collect();
    let mut result = mask.clone();
    let mut before: Option<Drawn> = None;
    for &slice in &drawn {
        progress.check()?;
        progress.set(slice as f32 / slices.count() as f32);
        let gap_before = before.as_ref().is_some_and(|b| slice > b.slice + 1);
        let gap_after = drawn.iter().find(|&&s| s > slice).is_some_and(|&next| next > slice + 1);
        if !gap_before && !gap_after {
            before = None;
            continue;
        }
        let here = Drawn::new(&slices, mask, slice, progress)?;
        if let (true, Some(before)) = (gap_before, &before) {
            let between: Vec<(usize, Mask)> = (before.slice + 1..slice)
                .into_par_iter()
                .map(|s| (s, interpolate(&slices.flat, before, &here, s)))
                .collect();
            for (s, part) in between {
                slices.put(&part, s, &mut result);
            }
        }
        before = Some(here);
    }
    Ok(result)
}

impl Drawn {
    fn new(slices: &Slices, mask: &Mask, slice: usize, progress: &Progress) -> Result<Self, EditError> {
        let mask = slices.take(mask, slice);
        let distance = signed_distance(&mask, progress)?;
        let (mut sum, mut count) = ([0u64; 2], 0u64);
        for run in mask.runs() {
            let n = (run.end - run.start) as u64;
            // Twice the sum of start..end, so that it stays whole.
            sum[0] += n * (run.start + run.end - 1) as u64;
            sum[1] += 2 * n * run.j as u64;
            count += n;
        }
        let middle = sum.map(|s| s as f64 / (2 * count.max(1)) as f64);
        Ok(Self { slice, mask, distance, middle })
    }
}

fn interpolate(flat: &Grid, before: &Drawn, after: &Drawn, slice: usize) -> Mask {
    let (weight_before, weight_after) = ((after.slice - slice) as f64, (slice - before.slice) as f64);
    let whole = weight_before + weight_after;
    let apart = before.mask.words().iter().zip(after.mask.words()).all(|(a, b)| a & b == 0);
    let shifts: [[i64; 2]; 2] = if apart {
        let part = weight_after / whole;
        let at: [f64; 2] = std::array::from_fn(|a| before.middle[a] + (after.middle[a] - before.middle[a]) * part);
        [before, after].map(|d| std::array::from_fn(|a| (at[a] - d.middle[a] + 0.5).floor() as i64))
    } else {
        [[0; 2]; 2]
    };
    let [width, height, _] = flat.dims();
    let sample = |drawn: &Drawn, [dx, dy]: [i64; 2], column: usize, row: usize| {
        let x = (column as i64 - dx).clamp(0, width as i64 - 1) as usize;
        let y = (row as i64 - dy).clamp(0, height as i64 - 1) as usize;
        f64::from(drawn.distance[x + width * y])
    };
    Mask::from_rows(flat.clone(), |row, _, words| {
        for column in 0..width {
            let value = sample(before, shifts[0], column, row) * weight_before
                + sample(after, shifts[1], column, row) * weight_after;
            words[column / 64] |= u64::from(value < 0.0) << (column % 64);
        }
    })
}

/// The island of a mask at a point.
pub(super) fn island_at(mask: &Mask, at: LpsPoint, progress: &Progress) -> Result<(Islands, usize), EditError> {
    let voxel = Seed::Patient(at).voxel(mask.grid())?;
    let islands = Islands::find(mask, Connectivity::Six, progress)?;
    let found = islands.at(voxel);
    let found = found.ok_or_else(|| EditError::Tool("there is no island of the structure at that point".into()))?;
    Ok((islands, found))
}
