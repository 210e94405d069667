//! Images as networks see them: 32-bit floats, three sides, the last fastest.

use fabrica_volume::{Sample, Volume, with_samples};
use rayon::prelude::*;

/// A scalar image of three sides, the last fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Image3 {
    /// The sides.
    pub sides: [usize; 3],
    /// The values.
    pub data: Vec<f32>,
}

/// Which axis of the scan (0 = i, 1 = j, 2 = k) each axis of the image is, and whether it runs the other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axes {
    /// The scan's axis for each of the image's.
    pub order: [usize; 3],
    /// Whether the image's axis runs against it.
    pub flipped: [bool; 3],
}

impl Image3 {
    /// An image of one value.
    pub fn filled(sides: [usize; 3], value: f32) -> Self {
        Self { sides, data: vec![value; sides.iter().product()] }
    }

    /// The scan's values with its axes in another order.
    ///
    /// ```
    /// use fabrica_geometry::{Grid, LpsPoint};
    /// use fabrica_inference::{Axes, Image3};
    /// use fabrica_volume::{Samples, ValueUnit, Volume};
    /// // Two samples along i: 10 and 20. Slices, rows, columns, the columns backwards.
    /// let grid = Grid::axis_aligned([2, 1, 1], LpsPoint::default(), [1.0; 3]).unwrap();
    /// let scan = Volume::new(grid, Samples::I16(vec![10, 20]), ValueUnit::Hounsfield).unwrap();
    /// let axes = Axes { order: [2, 1, 0], flipped: [false, false, true] };
    /// assert_eq!(Image3::of(&scan, axes).data, [20.0, 10.0]);
    /// ```
    pub fn of(scan: &Volume, axes: Axes) -> Self {
        let grid = scan.grid();
        let dims = grid.dims();
        let sides = axes.order.map(|a| dims[a]);
        let strides = [1, dims[0], dims[0] * dims[1]];
        let place = |axis: usize, n: usize| {
            let n = if axes.flipped[axis] { sides[axis] - 1 - n } else { n };
            n * strides[axes.order[axis]]
        };
        let step = strides[axes.order[2]];
        let mut image = Self::filled(sides, 0.0);
        with_samples!(scan.samples().view(), |samples| {
            image.data.par_chunks_mut(sides[2]).enumerate().for_each(|(row, values)| {
                let start = place(0, row / sides[1]) + place(1, row % sides[1]);
                for (n, value) in values.iter_mut().enumerate() {
                    let along = if axes.flipped[2] { sides[2] - 1 - n } else { n };
                    *value = samples[start + along * step].to_f32();
                }
            });
        });
        image
    }

    /// The part from `first` on with these sides.
    ///
    /// # Panics
    /// When the part reaches outside.
    pub fn crop(&self, first: [usize; 3], sides: [usize; 3]) -> Self {
        let mut part = Self::filled(sides, 0.0);
        part.data.par_chunks_mut(sides[2]).enumerate().for_each(|(row, values)| {
            let (x, y) = (first[0] + row / sides[1], first[1] + row % sides[1]);
            let start = (x * self.sides[1] + y) * self.sides[2] + first[2];
            values.copy_from_slice(&self.data[start..start + sides[2]]);
        });
        part
    }

    /// The smallest and the largest value.
    pub fn range(&self) -> (f32, f32) {
        self.data
            .par_chunks(1 << 16)
            .map(|chunk| {
                chunk.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)))
            })
            .reduce(|| (f32::INFINITY, f32::NEG_INFINITY), |a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// The first and the last index along each axis of the values that pass, or nothing when none does.
    pub fn bounds_where(&self, pass: impl Fn(f32) -> bool + Sync) -> Option<([usize; 3], [usize; 3])> {
        let [_, ny, nz] = self.sides;
        self.data
            .par_chunks(nz)
            .enumerate()
            .filter_map(|(row, values)| {
                let first = values.iter().position(|&v| pass(v))?;
                let last = values.iter().rposition(|&v| pass(v))?;
                Some(([row / ny, row % ny, first], [row / ny, row % ny, last]))
            })
            .reduce_with(|a, b| {
                (std::array::from_fn(|n| a.0[n].min(b.0[n])), std::array::from_fn(|n| a.1[n].max(b.1[n])))
            })
    }
}
