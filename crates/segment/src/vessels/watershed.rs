//! A watershed from two sets of markers (S. Beucher, F. Meyer, "The morphological approach to segmentation: the watershed
//! transformation", 1993), from bright to dark.

use fabrica_progress::Progress;
use fabrica_volume::Mask;

use crate::SegmentError;
use crate::bits::next_bit;

const OWN: u8 = 1;
const RIVAL: u8 = 2;

/// What of `within` belongs to `own` when both sets of markers flood it from voxel face to voxel face, the brightest
/// voxels first: each voxel goes to the one that reaches it along the brighter way. Markers keep what is theirs; what is
/// in both is the rivals'.
pub(super) fn flood(
    values: &[i16],
    own: &Mask,
    rivals: &Mask,
    within: &Mask,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    let [nx, ny, nz] = within.grid().dims();
    let mut labels = vec![0u8; values.len()];
    let mut queue = Queue::new(values);
    for (mask, label) in [(own, OWN), (rivals, RIVAL)] {
        for row in 0..ny * nz {
            let words = mask.row(row % ny, row / ny);
            let mut at = 0;
            while let Some(i) = next_bit(words, at, nx, true) {
                labels[i + nx * row] = label;
                at = i + 1;
            }
        }
        progress.check()?;
    }
    (0..labels.len()).filter(|&n| labels[n] != 0).for_each(|n| queue.push(n, values[n]));
    let plane = nx * ny;
    let mut steps = 0u32;
    while let Some(n) = queue.pop() {
        steps = steps.wrapping_add(1);
        if steps.is_multiple_of(1 << 18) {
            progress.check()?;
        }
        let (i, j, k) = (n % nx, n / nx % ny, n / plane);
        let neighbours = [
            (i > 0, n.wrapping_sub(1)),
            (i + 1 < nx, n + 1),
            (j > 0, n.wrapping_sub(nx)),
            (j + 1 < ny, n + nx),
            (k > 0, n.wrapping_sub(plane)),
            (k + 1 < nz, n + plane),
        ];
        for (_, m) in neighbours.into_iter().filter(|(there, _)| *there) {
            if labels[m] == 0 && within.get([m % nx, m / nx % ny, m / plane]) {
                labels[m] = labels[n];
                queue.push(m, values[m]);
            }
        }
    }
    Ok(Mask::from_fn(within.grid().clone(), |n| labels[n] == OWN))
}

/// Voxels by value, the brightest first; of equal ones, what came first.
struct Queue {
    low: i16,
    /// For each value, its voxels, and how many of them are taken.
    waiting: Vec<(Vec<u32>, usize)>,
    brightest: usize,
}

impl Queue {
    fn new(values: &[i16]) -> Self {
        let low = values.iter().min().copied().unwrap_or(0);
        let high = values.iter().max().copied().unwrap_or(0);
        let count = (i32::from(high) - i32::from(low)) as usize + 1;
        Self { low, waiting: vec![(Vec::new(), 0); count], brightest: 0 }
    }

    fn push(&mut self, voxel: usize, value: i16) {
        let at = (i32::from(value) - i32::from(self.low)) as usize;
        self.waiting[at].0.push(voxel as u32);
        self.brightest = self.brightest.max(at);
    }

    fn pop(&mut self) -> Option<usize> {
        loop {
            let (voxels, taken) = &mut self.waiting[self.brightest];
            if let Some(voxel) = voxels.get(*taken) {
                *taken += 1;
                return Some(*voxel as usize);
            }
            (*voxels, *taken) = (Vec::new(), 0);
            self.brightest = self.brightest.checked_sub(1)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::{Grid, LpsPoint};

    use super::*;

    #[test]
    fn the_border_follows_the_darker_voxel() {
        let values = [500, 400, 300, 200, 350, 900, 300, 10];
        let grid = Grid::axis_aligned([8, 1, 1], LpsPoint::default(), [1.0; 3]).unwrap();
        let mask = |wanted: &[usize]| Mask::from_fn(grid.clone(), |n| wanted.contains(&n));
        let within = mask(&[0, 1, 2, 3, 4, 5, 6]);
        let own = flood(&values, &mask(&[0]), &mask(&[5]), &within, &Progress::new()).unwrap();
        // 350 is reached from 900 before the way from 500 gets through 200; 200 itself by what came first, the rivals.
        assert_eq!(own, mask(&[0, 1, 2]));
        let alone = flood(&values, &mask(&[0]), &mask(&[]), &within, &Progress::new()).unwrap();
        assert_eq!(alone, within);
    }
}
