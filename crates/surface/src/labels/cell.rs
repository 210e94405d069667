//! Cells of eight voxels, and those that have to be taken apart.
//!
//! A cell with one vertex, at which all borders within it meet, is right where each label in it takes one piece of the
//! cell's surface, without a hole. Elsewhere a label would touch itself in that vertex. Such a cell is taken apart: its
//! middle becomes one more sample, with a label of its own; each face makes a pyramid with the middle, or two tetrahedra
//! where two opposite corners of the face are joined across it. In each of these no label can touch itself. Both cells
//! beside such a face see it, and take it apart alike.

use std::sync::LazyLock;

use glam::DVec3;

/// The corners of each face, in a ring; face `2 * axis + side`.
const FACES: [[usize; 4]; 6] = [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]];

/// How a face is cut in two: nowhere, or from corner 0 of its ring to 2, or from 1 to 3.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Split {
    No,
    First,
    Second,
}

/// Whether the corners in a set and those out of it are each one piece of a cell's surface, and no face has two opposite
/// corners in the set alone.
static ONE_PIECE: LazyLock<[bool; 256]> = LazyLock::new(|| {
    std::array::from_fn(|set| {
        let opposite = FACES.iter().any(|ring| {
            let [a, b, c, d] = ring.map(|corner| set >> corner & 1 == 1);
            a == c && b == d && a != b
        });
        !opposite && connected(set) && connected(!set & 255)
    })
});

/// Whether corners hang together along the edges of the cell.
fn connected(set: usize) -> bool {
    let mut reached = set & set.wrapping_neg();
    for _ in 0..8 {
        let along = |bits: usize, axis: usize| {
            let low = [0b0101_0101, 0b0011_0011, 0b0000_1111][axis];
            (bits & low) << (1 << axis) | (bits & !low) >> (1 << axis)
        };
        reached |= (along(reached, 0) | along(reached, 1) | along(reached, 2)) & set;
    }
    reached == set
}

/// Whether one vertex is enough for a cell.
#[inline]
pub(super) fn is_simple(corners: &[u16; 8]) -> bool {
    let mut left = 255usize;
    while left != 0 {
        let label = corners[left.trailing_zeros() as usize];
        let set = corners.iter().enumerate().fold(0, |set, (c, l)| set | usize::from(*l == label) << c);
        if !ONE_PIECE[set] {
            return false;
        }
        left &= !set;
    }
    true
}

/// Which of two labels that both could be joined is: the one of fewer voxels, so that what is thin stays whole.
pub(super) struct Order {
    counts: Vec<u64>,
}

impl Order {
    /// From how many voxels each label has. What lies around all structures gives way to all.
    pub(super) fn new(mut counts: Vec<u64>) -> Self {
        if let Some(outside) = counts.first_mut() {
            *outside = u64::MAX;
        }
        Self { counts }
    }

    fn key(&self, label: u16) -> (u64, u16) {
        (self.counts.get(usize::from(label)).copied().unwrap_or(0), label)
    }

    fn split(&self, [a, b, c, d]: [u16; 4]) -> Split {
        match (a == c && b != a && d != a, b == d && a != b && c != b) {
            (false, false) => Split::No,
            (true, false) => Split::First,
            (false, true) => Split::Second,
            (true, true) if self.key(a) < self.key(b) => Split::First,
            (true, true) => Split::Second,
        }
    }
}

/// A cell that is taken apart.
pub(super) struct Parted {
    /// Which.
    pub(super) at: [usize; 3],
    pub(super) corners: [u16; 8],
    /// The label of its middle.
    pub(super) middle: u16,
    splits: [Split; 6],
    /// The vertex in each piece: two for a face, of which the second is only there where it is split.
    vertices: [u32; 12],
}

impl Parted {
    pub(super) fn new(at: [usize; 3], corners: [u16; 8], order: &Order) -> Self {
        // The label of most corners; of several, that which gives way least.
        let count = |label: u16| corners.iter().filter(|l| **l == label).count();
        let middle = corners.iter().copied().max_by_key(|&l| (count(l), std::cmp::Reverse(order.key(l)))).unwrap_or(0);
        let splits = FACES.map(|ring| order.split(ring.map(|c| corners[c])));
        Self { at, corners, middle, splits, vertices: [u32::MAX; 12] }
    }

    /// Gives each piece that a border passes through a vertex: the first `first`, the others from `next` on. Tells where
    /// each lies, in voxels.
    pub(super) fn number(&mut self, first: u32, next: &mut u32, mut place: impl FnMut(u32, DVec3)) {
        let mut first = Some(first);
        for face in 0..6 {
            for half in 0..2 {
                let Some((around, middle)) = self.piece(face, half) else { continue };
                if around.iter().all(|&c| self.corners[c] == self.middle) {
                    continue;
                }
                let vertex = first.take().unwrap_or_else(|| {
                    *next += 1;
                    *next - 1
                });
                self.vertices[2 * face + half] = vertex;
                place(vertex, self.lowest() + middle);
            }
        }
    }

    /// How many vertices [`Parted::number`] gives.
    pub(super) fn count(&self) -> usize {
        let mut next = 1;
        let mut copy = Self { vertices: self.vertices, ..*self };
        copy.number(0, &mut next, |_, _| ());
        next as usize
    }

    /// The corners of a piece and its vertex's place in the cell.
    fn piece(&self, face: usize, half: usize) -> Option<(Vec<usize>, DVec3)> {
        let ring = FACES[face];
        let from = match (self.splits[face], half) {
            (Split::No, 0) => {
                let middle = ring.iter().map(|&c| corner(c)).sum::<DVec3>() / 4.0;
                return Some((ring.to_vec(), middle.lerp(DVec3::splat(0.5), 0.25)));
            }
            (Split::No, _) => return None,
            (Split::First, half) => 2 * half,
            (Split::Second, half) => 1 + 2 * half,
        };
        let three: Vec<usize> = (0..3).map(|n| ring[(from + n) % 4]).collect();
        let sum: DVec3 = three.iter().map(|&c| corner(c)).sum();
        Some((three, (sum + DVec3::splat(0.5)) / 4.0))
    }

    /// The vertex of the piece of a face that holds the cell's edge between two corners.
    pub(super) fn vertex(&self, face: usize, a: usize, b: usize) -> u32 {
        let ring = FACES[face];
        let edge = (0..4).find(|&n| {
            let (c, d) = (ring[n], ring[(n + 1) % 4]);
            (c, d) == (a, b) || (c, d) == (b, a)
        });
        let half = match (self.splits[face], edge.unwrap_or(0)) {
            (Split::First, 2 | 3) | (Split::Second, 0 | 3) => 1,
            _ => 0,
        };
        self.vertices[2 * face + half]
    }

    /// The borders between the middle and corners: the corner, where the border crosses (in voxels), and the vertices
    /// around, counter-clockwise seen from the corner in a right-handed grid.
    pub(super) fn spokes(&self) -> impl Iterator<Item = (usize, DVec3, Vec<u32>)> + '_ {
        (0..8).filter(|&c| self.corners[c] != self.middle).map(|c| {
            let axes = if c.count_ones() % 2 == 1 { [0, 1, 2] } else { [0, 2, 1] };
            let mut ring = Vec::with_capacity(6);
            for t in 0..3 {
                let face = 2 * axes[t] + (c >> axes[t] & 1);
                // Two faces share the edge along the third axis.
                for along in [axes[(t + 1) % 3], axes[(t + 2) % 3]] {
                    let vertex = self.vertex(face, c, c ^ 1 << along);
                    if ring.last() != Some(&vertex) {
                        ring.push(vertex);
                    }
                }
            }
            (c, self.lowest() + (corner(c) + DVec3::splat(0.5)) / 2.0, ring)
        })
    }

    /// Where corner 0 lies, in voxels.
    fn lowest(&self) -> DVec3 {
        DVec3::from_array(self.at.map(|n| n as f64 - 1.0))
    }
}

fn corner(c: usize) -> DVec3 {
    DVec3::new((c & 1) as f64, (c >> 1 & 1) as f64, (c >> 2 & 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_simple_where_every_label_is_one_piece_without_a_hole() {
        assert!(is_simple(&[0, 0, 0, 0, 0, 0, 0, 1]));
        assert!(is_simple(&[1, 2, 3, 4, 5, 6, 7, 8]));
        // Joined across an edge of the voxels, or only a corner.
        assert!(!is_simple(&[1, 0, 0, 1, 0, 0, 0, 0]));
        assert!(!is_simple(&[1, 0, 0, 0, 0, 0, 0, 1]));
        assert!(!is_simple(&[1, 2, 3, 1, 0, 0, 0, 0]));
        // A ring around four corners and a diagonal of others.
        assert!(is_simple(&[1, 1, 1, 1, 2, 2, 3, 3]));
    }

    #[test]
    fn the_rarer_label_is_joined_and_the_outside_last() {
        let order = Order::new(vec![1, 100, 10]);
        assert!(order.split([1, 2, 1, 2]) == Split::Second);
        assert!(order.split([0, 1, 0, 1]) == Split::Second);
        assert!(order.split([1, 0, 1, 2]) == Split::First);
        assert!(order.split([1, 1, 0, 0]) == Split::No && order.split([0, 1, 2, 3]) == Split::No);
    }
}
