//! Tiles: where they lie, and how their overlaps are weighted.

use crate::model::{Steps, Tiles};

/// The first samples of the tiles along one axis of `side` samples (at least the tile's), in order.
///
/// ```
/// use fabrica_inference::{Steps, starts};
/// // nnU-Net: evenly, steps of at most half a tile. MONAI: fixed steps, the last pushed back.
/// assert_eq!(starts(100, 64, 0.5, Steps::Even), [0, 18, 36]);
/// assert_eq!(starts(100, 64, 0.5, Steps::Fixed), [0, 32, 36]);
/// ```
pub fn starts(side: usize, tile: usize, overlap: f64, steps: Steps) -> Vec<usize> {
    let room = side.saturating_sub(tile);
    if room == 0 {
        return vec![0];
    }
    match steps {
        Steps::Even => {
            let wanted = tile as f64 * (1.0 - overlap);
            let count = (room as f64 / wanted).ceil() as usize + 1;
            let step = room as f64 / (count - 1) as f64;
            (0..count).map(|n| (step * n as f64).round_ties_even() as usize).collect()
        }
        Steps::Fixed => {
            let step = ((tile as f64 * (1.0 - overlap)) as usize).max(1);
            let mut starts: Vec<usize> = (0..room).step_by(step).collect();
            starts.push(room);
            starts
        }
    }
}

/// The weight of each sample of a tile, the last side fastest. Never 0, so that every sample counts.
pub fn weights(sides: [usize; 3], tiles: &Tiles) -> Vec<f32> {
    let Some(fraction) = tiles.gaussian else { return vec![1.0; sides.iter().product()] };
    let line = |n: usize| -> Vec<f64> {
        let sigma = n as f64 * fraction;
        // nnU-Net puts the peak on the sample n / 2, MONAI between the samples.
        let centre = match tiles.steps {
            Steps::Even => (n / 2) as f64,
            Steps::Fixed => (n as f64 - 1.0) / 2.0,
        };
        (0..n).map(|x| (-(x as f64 - centre).powi(2) / (2.0 * sigma * sigma)).exp()).collect()
    };
    let lines = sides.map(line);
    let mut all = Vec::with_capacity(sides.iter().product());
    for x in &lines[0] {
        for y in &lines[1] {
            all.extend(lines[2].iter().map(|z| (x * y * z) as f32));
        }
    }
    let smallest = match tiles.steps {
        // nnU-Net keeps half precision, whose smallest number is 6e-8, of a peak of 10.
        Steps::Even => 6e-9,
        Steps::Fixed => 1e-3,
    };
    all.iter_mut().for_each(|w| *w = w.max(smallest));
    all
}

/// A tile's sides for an image: at most the image's own where nothing is gained by more, grown to the tile by padding.
pub fn padded(sides: [usize; 3], tile: [usize; 3]) -> ([usize; 3], [usize; 3]) {
    let padded: [usize; 3] = std::array::from_fn(|a| sides[a].max(tile[a]));
    let before = std::array::from_fn(|a| (padded[a] - sides[a]) / 2);
    (padded, before)
}
