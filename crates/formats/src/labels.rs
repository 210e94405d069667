//! Structures from label maps.

use std::collections::HashMap;

use fabrica_geometry::Grid;
use fabrica_volume::{Mask, Rgb, Structure};

use crate::Problem;

/// More values than this are no label map, but an image.
pub(crate) const MAX_LABELS: usize = 1024;
/// Masks larger than this in sum are refused.
const MAX_BYTES: usize = 8 << 30;

/// Masks that are filled voxel by voxel in any number at once.
pub(crate) struct LabelMasks {
    grid: Grid,
    row_words: usize,
    nx: usize,
    words: Vec<Vec<u64>>,
}

impl LabelMasks {
    pub(crate) fn new(grid: &Grid, count: usize) -> Result<Self, Problem> {
        let nx = grid.dims()[0];
        let mut masks = Self { grid: grid.clone(), row_words: nx.div_ceil(64), nx, words: Vec::new() };
        for _ in 0..count {
            masks.add()?;
        }
        Ok(masks)
    }

    fn add(&mut self) -> Result<usize, Problem> {
        let length = self.row_words * (self.grid.len() / self.nx);
        let bytes = length.saturating_mul(8).saturating_mul(self.words.len() + 1);
        if self.words.len() >= MAX_LABELS {
            return Err(Problem::Unsupported(format!("there are more than {MAX_LABELS} values: this is no label map")));
        }
        if bytes > MAX_BYTES {
            return Err(Problem::TooLarge(bytes as u64));
        }
        let mut words = Vec::new();
        words.try_reserve_exact(length).map_err(|_| Problem::TooLarge(bytes as u64))?;
        words.resize(length, 0);
        self.words.push(words);
        Ok(self.words.len() - 1)
    }

    /// Adds the voxel of a linear index to mask `n`.
    #[inline]
    pub(crate) fn set(&mut self, n: usize, voxel: usize) {
        let (i, row) = (voxel % self.nx, voxel / self.nx);
        self.words[n][row * self.row_words + i / 64] |= 1 << (i % 64);
    }

    pub(crate) fn into_masks(self) -> impl Iterator<Item = Mask> {
        let Self { grid, row_words, words, .. } = self;
        let ny = grid.dims()[1];
        words.into_iter().map(move |words| {
            Mask::from_rows(grid.clone(), |j, k, row| {
                let start = (j + ny * k) * row_words;
                row.copy_from_slice(&words[start..start + row_words]);
            })
        })
    }
}

/// Finds the values of a label map as they come.
pub(crate) struct Labels {
    masks: LabelMasks,
    index: HashMap<i64, usize>,
    /// The last value and its mask: neighbours are mostly alike.
    last: (i64, usize),
    voxel: usize,
    problem: Option<Problem>,
}

impl Labels {
    pub(crate) fn new(grid: &Grid) -> Result<Self, Problem> {
        let masks = LabelMasks::new(grid, 0)?;
        Ok(Self { masks, index: HashMap::new(), last: (0, 0), voxel: 0, problem: None })
    }

    /// Takes the next voxel's value.
    #[inline]
    pub(crate) fn take(&mut self, label: i64) {
        if label != 0 && self.problem.is_none() {
            if self.last.0 != label {
                let n = match self.index.get(&label) {
                    Some(&n) => n,
                    None => match self.masks.add() {
                        Ok(n) => n,
                        Err(problem) => {
                            self.problem = Some(problem);
                            return;
                        }
                    },
                };
                self.index.insert(label, n);
                self.last = (label, n);
            }
            self.masks.set(self.last.1, self.voxel);
        }
        self.voxel += 1;
    }

    /// One structure a value, in order of the values. A mask of a single value is named after its file.
    pub(crate) fn into_structures(self, file_name: &str) -> Result<Vec<Structure>, Problem> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let mut labels: Vec<(i64, usize)> = self.index.into_iter().collect();
        labels.sort_unstable();
        let mut masks: Vec<Option<Mask>> = self.masks.into_masks().map(Some).collect();
        let single = labels.len() == 1;
        let stem = file_name.split('.').next().unwrap_or_default();
        Ok(labels
            .into_iter()
            .enumerate()
            .filter_map(|(place, (label, n))| {
                Some(Structure {
                    name: if single && !stem.is_empty() { stem.to_owned() } else { format!("Label {label}") },
                    colour: Rgb::palette(place),
                    mask: masks[n].take()?,
                    code: None,
                    origin: format!("value {label} of {file_name}"),
                    isovalue: None,
                })
            })
            .collect())
    }
}
