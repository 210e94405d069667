//! What hangs together.

use crate::Mesh;

/// Things numbered from 0, in parts that pairs of them join.
pub(crate) struct Parts {
    part: Vec<u32>,
    count: usize,
}

impl Parts {
    /// The parts of `things` that the pairs join.
    pub(crate) fn new(things: usize, pairs: impl Iterator<Item = (u32, u32)>) -> Self {
        // Union-find with path halving; the smaller number is the root, so roots come before what hangs on them.
        let mut parent: Vec<u32> = (0..things as u32).collect();
        for (a, b) in pairs {
            let (a, b) = (root(&mut parent, a), root(&mut parent, b));
            if a < b {
                parent[b as usize] = a;
            } else {
                parent[a as usize] = b;
            }
        }
        let mut count = 0;
        for at in 0..things {
            let up = parent[at] as usize;
            parent[at] = if up == at {
                count += 1;
                count as u32 - 1
            } else {
                parent[up]
            };
        }
        Self { part: parent, count }
    }

    /// The parts of a mesh that share no vertex. A vertex without triangles is a part of its own.
    pub(crate) fn of_mesh(mesh: &Mesh) -> Self {
        Self::new(mesh.vertices().len(), mesh.triangles().iter().flat_map(|&[a, b, c]| [(a, b), (a, c)]))
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn of(&self, thing: u32) -> usize {
        self.part[thing as usize] as usize
    }
}

fn root(parent: &mut [u32], mut at: u32) -> u32 {
    while parent[at as usize] != at {
        let up = parent[parent[at as usize] as usize];
        parent[at as usize] = up;
        at = up;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_join_parts() {
        let parts = Parts::new(7, [(5, 6), (0, 3), (6, 3)].into_iter());
        assert_eq!(parts.count(), 4);
        assert_eq!(parts.of(5), parts.of(0));
        assert_ne!(parts.of(1), parts.of(2));
        assert!((0..7).all(|n| parts.of(n) < 4));
    }
}
