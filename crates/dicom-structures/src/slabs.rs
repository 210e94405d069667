//! Parallel planes, and the slab around each in which it stands for the tissue.

/// Planes nearer than this are one, mm; positions come as decimal strings, rounded.
pub(crate) const SAME: f64 = 0.02;
/// Gaps of more than this many usual distances are left empty.
const WIDE: f64 = 1.5;
/// Gaps within this factor of the smallest are regular.
const REGULAR: f64 = 1.1;

/// Nobody draws planes farther apart: then they are islands, mm.
const WIDEST: f64 = 10.0;

/// The distances between planes that may be neighbours: more than `least`, and not too wide.
pub(crate) fn gaps(positions: &[f64], least: f64) -> Vec<f64> {
    let mut sorted = positions.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.windows(2).map(|w| w[1] - w[0]).filter(|gap| *gap > least && *gap <= WIDEST).collect()
}

/// The smallest of these distances that is there at least twice.
pub(crate) fn repeated(mut gaps: Vec<f64>) -> Option<f64> {
    gaps.sort_by(f64::total_cmp);
    gaps.windows(2).find(|w| w[1] <= w[0] * REGULAR).map(|w| w[0])
}

/// One plane's slab.
#[derive(Clone, Debug)]
struct Slab {
    /// Position of the plane along the normal.
    position: f64,
    members: Vec<usize>,
    from: f64,
    to: f64,
}

/// Slabs that do not overlap, in order.
#[derive(Clone, Debug)]
pub(crate) struct Slabs {
    slabs: Vec<Slab>,
    /// Gaps that are left empty: from and to.
    pub(crate) gaps: Vec<(f64, f64)>,
}

impl Slabs {
    /// Slabs around planes at these positions, mm, in any order; several may be equal.
    ///
    /// A slab reaches half way to its neighbours. At the ends and at wide gaps it reaches half the usual distance:
    /// `distance`, that of the whole set of structures, as two islands of one structure lie apart by any distance.
    /// Only a structure most of whose gaps, three or more, are alike and its smallest was drawn at a wider distance.
    pub(crate) fn new(positions: &[f64], distance: f64) -> Self {
        let mut order: Vec<usize> = (0..positions.len()).collect();
        order.sort_by(|&a, &b| positions[a].total_cmp(&positions[b]));
        let mut slabs: Vec<Slab> = Vec::new();
        for n in order {
            let position = positions[n];
            match slabs.last_mut() {
                Some(last) if position - last.position < SAME => last.members.push(n),
                _ => slabs.push(Slab { position, members: vec![n], from: position, to: position }),
            }
        }
        let mut own = gaps(positions, SAME);
        own.sort_by(f64::total_cmp);
        let usual = match own.as_slice() {
            [smallest, _, _, ..] if own[own.len() / 2] <= smallest * REGULAR => smallest.max(distance),
            _ => distance,
        };
        // A slice exactly half way goes to the upper plane, and so does one that rounding puts a little below: each
        // plane then stands for the same number of slices.
        let shift = usual * 0.02;
        let mut gaps = Vec::new();
        for n in 0..slabs.len() {
            let position = slabs[n].position;
            slabs[n].from = position - usual / 2.0 - shift;
            slabs[n].to = position + usual / 2.0 - shift;
            if n > 0 {
                let distance = position - slabs[n - 1].position;
                if distance <= usual * WIDE {
                    let middle = position - distance / 2.0 - shift.min(distance * 0.02);
                    slabs[n - 1].to = middle;
                    slabs[n].from = middle;
                } else {
                    gaps.push((slabs[n - 1].position, position));
                }
            }
        }
        Self { slabs, gaps }
    }

    /// The slab that holds a position, by its place in the order.
    pub(crate) fn at(&self, position: f64) -> Option<usize> {
        let n = self.slabs.partition_point(|s| s.from <= position).checked_sub(1)?;
        (position < self.slabs[n].to).then_some(n)
    }

    /// What lies in each slab's plane, in order, by its number in the list given.
    pub(crate) fn members(&self) -> impl Iterator<Item = &[usize]> {
        self.slabs.iter().map(|s| s.members.as_slice())
    }
}
