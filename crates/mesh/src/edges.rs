//! Who shares an edge with whom.

use fabrica_surface::Mesh;
use rayon::prelude::*;

/// One triangle's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    /// The edge's vertices, the smaller first.
    pub(crate) edge: [u32; 2],
    pub(crate) triangle: u32,
    /// The triangle runs from the smaller vertex to the greater.
    pub(crate) forward: bool,
}

/// All sides of all triangles of three different vertices, sorted by edge.
pub(crate) struct Edges(Vec<Use>);

impl Edges {
    pub(crate) fn new(triangles: &[[u32; 3]]) -> Self {
        let mut uses: Vec<Use> = triangles
            .par_iter()
            .enumerate()
            .filter(|(_, t)| is_proper(**t))
            .flat_map_iter(|(n, &[a, b, c])| {
                [(a, b), (b, c), (c, a)].map(|(from, to)| Use {
                    edge: [from.min(to), from.max(to)],
                    triangle: n as u32,
                    forward: from < to,
                })
            })
            .collect();
        uses.par_sort_unstable();
        Self(uses)
    }

    pub(crate) fn of(mesh: &Mesh) -> Self {
        Self::new(mesh.triangles())
    }

    /// The uses of each edge.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &[Use]> {
        self.0.chunk_by(|a, b| a.edge == b.edge)
    }

    /// The uses of one edge.
    pub(crate) fn uses(&self, a: u32, b: u32) -> &[Use] {
        let edge = [a.min(b), a.max(b)];
        let from = self.0.partition_point(|u| u.edge < edge);
        let to = from + self.0[from..].partition_point(|u| u.edge == edge);
        &self.0[from..to]
    }
}

/// Whether a triangle has three different vertices.
#[inline]
pub(crate) fn is_proper([a, b, c]: [u32; 3]) -> bool {
    a != b && b != c && c != a
}

/// Things numbered from 0, in parts that pairs of them join (union-find with path halving).
pub(crate) struct Groups(Vec<u32>);

impl Groups {
    pub(crate) fn new(count: usize) -> Self {
        Self((0..count as u32).collect())
    }

    pub(crate) fn root(&mut self, mut at: u32) -> u32 {
        while self.0[at as usize] != at {
            let up = self.0[self.0[at as usize] as usize];
            self.0[at as usize] = up;
            at = up;
        }
        at
    }

    pub(crate) fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        // The smaller number is the root, so that numbering by roots never varies.
        self.0[a.max(b) as usize] = a.min(b);
    }

    /// The part of each thing, numbered in order of their first members, and how many there are.
    pub(crate) fn numbered(mut self) -> (Vec<u32>, usize) {
        let mut number = vec![u32::MAX; self.0.len()];
        let mut count = 0;
        let parts = (0..self.0.len() as u32)
            .map(|thing| {
                let root = self.root(thing) as usize;
                if number[root] == u32::MAX {
                    number[root] = count;
                    count += 1;
                }
                number[root]
            })
            .collect();
        (parts, count as usize)
    }
}

/// The part of each triangle: those that share a vertex hang together. And how many parts there are.
pub(crate) fn parts(mesh: &Mesh) -> (Vec<u32>, usize) {
    let mut groups = Groups::new(mesh.vertices().len());
    for &[a, b, c] in mesh.triangles() {
        groups.join(a, b);
        groups.join(b, c);
    }
    let mut number = vec![u32::MAX; mesh.vertices().len()];
    let mut count = 0;
    let of_triangle = mesh
        .triangles()
        .iter()
        .map(|t| {
            let root = groups.root(t[0]) as usize;
            if number[root] == u32::MAX {
                number[root] = count;
                count += 1;
            }
            number[root]
        })
        .collect();
    (of_triangle, count as usize)
}
