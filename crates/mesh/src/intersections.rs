//! Where a surface passes through itself, exactly.

use fabrica_progress::Progress;
use fabrica_surface::Mesh;

use crate::MeshError;
use crate::edges::is_proper;
use crate::exact::{meet_beyond_corner, meet_beyond_edge, triangles_meet};
use crate::tree::{Tree, position};

/// All pairs of triangles that meet anywhere but in the corner or edge that they share, the smaller number first.
///
/// Exact for the coordinates of the mesh: no tolerance, and touching counts. Triangles without area, and copies with
/// the same three vertices, are other faults, and not told here.
///
/// # Errors
/// Only when the user cancels.
///
/// # Example
/// ```
/// use fabrica_mesh::self_intersections;
/// use fabrica_progress::Progress;
/// use fabrica_surface::Mesh;
/// // A triangle in z = 0, pierced by one that stands on its middle.
/// let corners = vec![
///     [0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [0.0, 4.0, 0.0],
///     [1.0, 1.0, -1.0], [1.0, 1.0, 1.0], [1.5, 0.5, 1.0],
/// ];
/// let mesh = Mesh::new(corners, vec![[0, 1, 2], [3, 4, 5]]).unwrap();
/// assert_eq!(self_intersections(&mesh, &Progress::new()).unwrap(), [(0, 1)]);
/// ```
pub fn self_intersections(mesh: &Mesh, progress: &Progress) -> Result<Vec<(u32, u32)>, MeshError> {
    let tree = Tree::new(mesh);
    intersecting_pairs(&tree, progress)
}

pub(crate) fn intersecting_pairs(tree: &Tree<'_>, progress: &Progress) -> Result<Vec<(u32, u32)>, MeshError> {
    progress.check()?;
    let mesh = tree.mesh();
    let mut pairs = tree.pairs(|a, b, all| {
        if !progress.is_cancelled() && meet(mesh, a, b) {
            all.push((a, b));
        }
    });
    progress.check()?;
    pairs.sort_unstable();
    Ok(pairs)
}

/// Whether two triangles of a mesh meet beyond what they share.
pub(crate) fn meet(mesh: &Mesh, a: u32, b: u32) -> bool {
    let (s, t) = (mesh.triangles()[a as usize], mesh.triangles()[b as usize]);
    if !is_proper(s) || !is_proper(t) {
        return false;
    }
    let at = |v: u32| position(mesh, v);
    // Positions in s and t of the corners that they share.
    let mut shared = [(0usize, 0usize); 3];
    let mut count = 0;
    for (i, v) in s.iter().enumerate() {
        if let Some(j) = t.iter().position(|w| w == v) {
            shared[count] = (i, j);
            count += 1;
        }
    }
    match count {
        0 => triangles_meet(s.map(at), t.map(at)),
        1 => {
            let (i, j) = shared[0];
            let others = |t: [u32; 3], n: usize| [at(t[(n + 1) % 3]), at(t[(n + 2) % 3])];
            meet_beyond_corner(at(s[i]), others(s, i), others(t, j))
        }
        2 => {
            let third = |t: [u32; 3], a: usize, b: usize| at(t[3 - a - b]);
            let ((i, j), (k, l)) = (shared[0], shared[1]);
            meet_beyond_edge(at(s[i]), at(s[k]), third(s, i, k), third(t, j, l))
        }
        _ => false,
    }
}
