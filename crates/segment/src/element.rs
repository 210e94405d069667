//! Structuring elements as rows, and dilation by them, 64 voxels at a time.

use fabrica_progress::Progress;
use fabrica_volume::Mask;

use crate::SegmentError;
use crate::bits::trim;
use crate::connectivity::step_row;
use crate::rows::mask_from_rows;

/// A squared distance counts as within the radius up to this factor, so that a voxel exactly on the ball belongs
/// whatever the rounding.
pub(crate) const ON_THE_BALL: f64 = 1.0 + 1e-6;

/// A structuring element that is symmetric about its middle: for each row (dj, dk) the half-width along i.
pub(crate) struct Element {
    /// (half-width, rows with it), half-widths falling.
    widths: Vec<(usize, Vec<(isize, isize)>)>,
}

impl Element {
    pub fn new(mut rows: Vec<(usize, (isize, isize))>) -> Self {
        rows.sort_by_key(|&(width, _)| std::cmp::Reverse(width));
        let mut widths: Vec<(usize, Vec<(isize, isize)>)> = Vec::new();
        for (width, row) in rows {
            match widths.last_mut() {
                Some((last, rows)) if *last == width => rows.push(row),
                _ => widths.push((width, vec![row])),
            }
        }
        Self { widths }
    }

    /// The voxels whose centres lie within `radius` mm.
    pub fn ball(radius: f64, spacing: [f64; 3]) -> Self {
        let square = radius * radius * ON_THE_BALL;
        let reach = |a: usize| (square.sqrt() / spacing[a]).floor() as isize;
        let mut rows = Vec::new();
        for dk in -reach(2)..=reach(2) {
            for dj in -reach(1)..=reach(1) {
                let (y, z) = (dj as f64 * spacing[1], dk as f64 * spacing[2]);
                let rest = square - y * y - z * z;
                if rest >= 0.0 {
                    rows.push(((rest.sqrt() / spacing[0]).floor() as usize, (dj, dk)));
                }
            }
        }
        Self::new(rows)
    }

    /// How many rows a ball would have, about.
    pub fn ball_rows(radius: f64, spacing: [f64; 3]) -> f64 {
        std::f64::consts::PI * (radius / spacing[1] + 0.5) * (radius / spacing[2] + 0.5)
    }

    /// The displacements of all voxels, as (row, half-width).
    pub fn iter(&self) -> impl Iterator<Item = ((isize, isize), usize)> {
        self.widths.iter().flat_map(|(width, rows)| rows.iter().map(|&row| (row, *width)))
    }
}

/// What a row holds.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    Nothing,
    Something,
    All,
}

/// Every voxel that the element, put on a voxel of the mask, covers. Nothing comes in from beyond the grid.
///
/// Rows of the element with the same half-width are joined first; then the widest are grown by the difference to the
/// next, joined with those, and so on, so that growing along i costs as much as the widest row alone.
pub(crate) fn dilate_by(mask: &Mask, element: &Element, progress: &Progress) -> Result<Mask, SegmentError> {
    let [nx, ny, nz] = mask.grid().dims();
    let row_words = mask.row_words();
    let holds: Vec<Holds> = (0..ny * nz)
        .map(|row| {
            let words = mask.row(row % ny, row / ny);
            if words.iter().all(|&w| w == 0) {
                Holds::Nothing
            } else if is_full(words, nx) {
                Holds::All
            } else {
                Holds::Something
            }
        })
        .collect();
    mask_from_rows(mask.grid(), progress, |j, k, out| {
        if holds[j + ny * k] == Holds::All {
            out.fill(u64::MAX);
            return;
        }
        let mut scratch = Scratch::new(row_words);
        let mut grown = 0;
        let mut any = false;
        for (n, (width, rows)) in element.widths.iter().enumerate() {
            if n > 0 && any {
                widen(out, grown - width, nx, &mut scratch);
            }
            grown = *width;
            for &step in rows {
                let Some((j, k)) = step_row(j, k, step, ny, nz) else { continue };
                match holds[j + ny * k] {
                    Holds::Nothing => {}
                    Holds::All => {
                        out.fill(u64::MAX);
                        return;
                    }
                    Holds::Something => {
                        any = true;
                        for (out, word) in out.iter_mut().zip(mask.row(j, k)) {
                            *out |= word;
                        }
                    }
                }
            }
        }
        if any {
            widen(out, grown, nx, &mut scratch);
        }
    })
}

fn is_full(words: &[u64], nx: usize) -> bool {
    let spare = words.len() * 64 - nx;
    words.split_last().is_some_and(|(last, rest)| *last == u64::MAX >> spare && rest.iter().all(|&w| w == u64::MAX))
}

struct Scratch(Vec<u64>);

impl Scratch {
    fn new(words: usize) -> Self {
        Self(vec![0; words])
    }
}

/// Grows the runs of a row by `by` voxels at both ends, in doubling steps.
fn widen(row: &mut [u64], by: usize, nx: usize, scratch: &mut Scratch) {
    let mut left = by;
    // After growing by `have`, every run has at least `have` + 1 voxels, also at the row's ends, so that a step of that
    // many leaves no gap.
    let mut have = 0;
    while left > 0 {
        let step = left.min(have + 1);
        scratch.0.copy_from_slice(row);
        or_shifted(row, &scratch.0, step);
        trim(row, nx);
        have += step;
        left -= step;
    }
}

/// Joins a row with itself shifted by `by` voxels up and down.
fn or_shifted(row: &mut [u64], from: &[u64], by: usize) {
    let (words, bits) = (by / 64, by % 64);
    let n = row.len();
    for at in 0..n.saturating_sub(words) {
        // Towards higher i: bit i comes from i - by.
        let to = at + words;
        row[to] |= from[at] << bits;
        // Towards lower i: bit i comes from i + by.
        row[at] |= from[to] >> bits;
        if bits > 0 && to + 1 < n {
            row[to + 1] |= from[at] >> (64 - bits);
            row[at] |= from[to + 1] << (64 - bits);
        }
    }
}
