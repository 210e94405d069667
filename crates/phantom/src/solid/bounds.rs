//! Boxes around solids, and a hierarchy of them.

use glam::DVec3;

/// A box along the patient axes, mm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Least coordinates.
    pub low: DVec3,
    /// Greatest coordinates.
    pub high: DVec3,
}

impl Bounds {
    /// Holds nothing.
    pub const EMPTY: Self = Self { low: DVec3::INFINITY, high: DVec3::NEG_INFINITY };
    /// Holds everything.
    pub const ALL: Self = Self { low: DVec3::NEG_INFINITY, high: DVec3::INFINITY };

    /// The box about a centre.
    pub fn about(centre: DVec3, half: DVec3) -> Self {
        Self { low: centre - half, high: centre + half }
    }

    /// The least box around both.
    pub fn with(&self, other: &Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// What both hold.
    pub fn common(&self, other: &Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.min(other.high) }
    }

    /// Moved outwards by `by` on each side.
    pub fn grown(&self, by: f64) -> Self {
        Self { low: self.low - by, high: self.high + by }
    }

    /// How far outside a point lies; 0 inside.
    #[inline]
    pub fn distance(&self, p: DVec3) -> f64 {
        self.distance_squared(p).sqrt()
    }

    #[inline]
    fn distance_squared(&self, p: DVec3) -> f64 {
        (self.low - p).max(p - self.high).max(DVec3::ZERO).length_squared()
    }

    fn centre(&self) -> DVec3 {
        (self.low + self.high) / 2.0
    }
}

/// A binary tree of boxes over numbered items.
#[derive(Debug)]
pub struct Hierarchy {
    nodes: Vec<Branch>,
}

#[derive(Debug)]
struct Branch {
    bounds: Bounds,
    /// An item, or the second child (the first follows its parent).
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Item(usize),
    Second(usize),
}

impl Hierarchy {
    pub fn new(boxes: &[Bounds]) -> Self {
        let mut items: Vec<usize> = (0..boxes.len()).collect();
        let mut tree = Self { nodes: Vec::with_capacity(2 * boxes.len()) };
        if !items.is_empty() {
            tree.build(&mut items, boxes);
        }
        tree
    }

    fn build(&mut self, items: &mut [usize], boxes: &[Bounds]) {
        let bounds = items.iter().fold(Bounds::EMPTY, |all, &i| all.with(&boxes[i]));
        let node = self.nodes.len();
        self.nodes.push(Branch { bounds, kind: Kind::Item(items[0]) });
        if items.len() > 1 {
            let (low, high) = items
                .iter()
                .map(|&i| boxes[i].centre())
                .fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(l, h), c| (l.min(c), h.max(c)));
            let size = high - low;
            let axis = size.max_position();
            let half = items.len() / 2;
            items.select_nth_unstable_by(half, |&a, &b| {
                boxes[a].centre()[axis].total_cmp(&boxes[b].centre()[axis]).then(a.cmp(&b))
            });
            let (first, second) = items.split_at_mut(half);
            self.build(first, boxes);
            self.nodes[node].kind = Kind::Second(self.nodes.len());
            self.build(second, boxes);
        }
    }

    /// The least of `start` and the items' values. `value(item, best)` may return anything of at least `best` where the
    /// item's value is not below it. Items whose box is farther than the best so far are left out.
    #[inline]
    pub fn least(&self, p: DVec3, start: f64, value: impl Fn(usize, f64) -> f64) -> f64 {
        let Some(root) = self.nodes.first() else { return start };
        let mut best = start;
        // A balanced tree of 2^32 items is 32 deep: the stack never fills.
        let mut stack = [(0u32, 0.0f64); 40];
        stack[0] = (0, root.bounds.distance_squared(p));
        let mut depth = 1;
        while depth > 0 {
            depth -= 1;
            let (node, away) = stack[depth];
            // Inside a box (0) an item may still be deeper than a negative best.
            if away > 0.0 && (best <= 0.0 || away >= best * best) {
                continue;
            }
            match self.nodes[node as usize].kind {
                Kind::Item(item) => best = best.min(value(item, best)),
                Kind::Second(second) => {
                    let first = node as usize + 1;
                    let (d1, d2) =
                        (self.nodes[first].bounds.distance_squared(p), self.nodes[second].bounds.distance_squared(p));
                    let (first, second) = ((first as u32, d1), (second as u32, d2));
                    (stack[depth], stack[depth + 1]) = if d1 <= d2 { (second, first) } else { (first, second) };
                    depth += 2;
                }
            }
        }
        best
    }
}
