//! What lies around each vertex of a mesh.

use crate::Mesh;

/// Some values for each vertex, one after the other.
pub(crate) struct ByVertex<T> {
    /// Where each vertex's values begin; one more at the end.
    first: Vec<u32>,
    values: Vec<T>,
}

impl<T: Copy + Default> ByVertex<T> {
    /// One value for each corner of each triangle of three different vertices, as `value(next, after)` says of the
    /// other two corners in order.
    fn of_corners(mesh: &Mesh, value: impl Fn(u32, u32) -> T) -> Self {
        let mut first = vec![0u32; mesh.vertices().len() + 1];
        let proper = || mesh.triangles().iter().copied().filter(|&t| is_proper(t));
        for v in proper().flatten() {
            first[v as usize] += 1;
        }
        let mut sum = 0;
        for count in &mut first {
            sum += *count;
            *count = sum;
        }
        // Filled from each vertex's end, which leaves `first` at its beginning.
        let mut values = vec![T::default(); sum as usize];
        for [a, b, c] in proper() {
            for (v, next, after) in [(a, b, c), (b, c, a), (c, a, b)] {
                let at = &mut first[v as usize];
                *at -= 1;
                values[*at as usize] = value(next, after);
            }
        }
        Self { first, values }
    }

    pub(crate) fn of(&self, vertex: usize) -> &[T] {
        &self.values[self.first[vertex] as usize..self.first[vertex + 1] as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }
}

/// The side that faces each vertex in each of its triangles, from vertex to vertex.
pub(crate) fn links(mesh: &Mesh) -> ByVertex<[u32; 2]> {
    ByVertex::of_corners(mesh, |next, after| [next, after])
}

/// The next corner in each of a vertex's triangles: on a closed, oriented surface, each neighbour once.
pub(crate) fn neighbours(mesh: &Mesh) -> ByVertex<u32> {
    ByVertex::of_corners(mesh, |next, _| next)
}

/// Whether a triangle has three different vertices.
#[inline]
pub(crate) fn is_proper([a, b, c]: [u32; 3]) -> bool {
    a != b && b != c && c != a
}
