//! Where the surface passes through itself: taking the place out and closing it again.

use fabrica_progress::Progress;

use super::work::Work;
use super::{cut, holes};
use crate::MeshError;
use crate::edges::{Edges, Groups, parts};
use crate::intersections::{intersecting_pairs, meet};
use crate::tree::{Tree, triangle_box};

/// Rounds until it is given up; each takes a wider ring around what still meets.
const ROUNDS: usize = 6;
/// A place that is more than this share of its part is not cut out: it is no local fault.
const LOCAL: f64 = 0.1;

/// What [`untie`] did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Untied {
    /// Triangles taken out.
    pub(crate) removed: usize,
}

/// Takes out the triangles that pass through others, with rings around them, and fills the holes. What crosses on a
/// large share of a part stays as it is.
pub(crate) fn untie(work: &mut Work, progress: &Progress) -> Result<Untied, MeshError> {
    let mut done = Untied::default();
    let mut first_new = 0;
    for round in 0..=ROUNDS {
        progress.check()?;
        *work = Work::of(work.mesh()?);
        let mesh = fabrica_surface::Mesh::new(work.vertices.clone(), work.triangles.clone())?;
        let tree = Tree::new(&mesh);
        // After the first round only new triangles can meet others.
        let pairs = if round == 0 { intersecting_pairs(&tree, progress)? } else { new_pairs(&tree, first_new) };
        let bad = local_places(&mesh, &pairs);
        if bad.is_empty() || round == ROUNDS {
            break;
        }
        let gone = widen(&mesh, &bad, round);
        done.removed += gone.iter().filter(|g| **g).count();
        let keep: Vec<bool> = gone.iter().map(|g| !g).collect();
        let whole = areas(work, &parts(&mesh).0, &vec![true; gone.len()]);
        let (part, _) = parts(&mesh);
        work.keep(&keep);
        let of: Vec<u32> = part.iter().zip(&keep).filter(|(_, k)| **k).map(|(p, _)| *p).collect();
        cut::cut_apart(work);
        remove_debris(work, &of, &whole)?;
        first_new = work.triangles.len();
        holes::fill(work, progress)?;
        first_new -= remove_flat_pieces(work, first_new)?;
    }
    Ok(done)
}

/// Pairs of which one is new: from a number on.
fn new_pairs(tree: &Tree<'_>, first: usize) -> Vec<(u32, u32)> {
    let mesh = tree.mesh();
    let mut pairs = Vec::new();
    for t in first as u32..mesh.triangles().len() as u32 {
        tree.overlapping(&triangle_box(mesh, t), |other| {
            if other != t && ((other as usize) < first || other < t) && meet(mesh, t.min(other), t.max(other)) {
                pairs.push((t.min(other), t.max(other)));
            }
            true
        });
    }
    pairs.sort_unstable();
    pairs
}

/// The triangles of those pairs whose place is a small share of each part that takes part.
fn local_places(mesh: &fabrica_surface::Mesh, pairs: &[(u32, u32)]) -> Vec<u32> {
    let mut triangles: Vec<u32> = pairs.iter().flat_map(|&(a, b)| [a, b]).collect();
    triangles.sort_unstable();
    triangles.dedup();
    let index = |t: u32| triangles.binary_search(&t).unwrap_or(0) as u32;
    let mut groups = Groups::new(triangles.len());
    for &(a, b) in pairs {
        groups.join(index(a), index(b));
    }
    let mut by_vertex: Vec<(u32, u32)> =
        triangles.iter().zip(0..).flat_map(|(&t, n)| mesh.triangles()[t as usize].map(|v| (v, n))).collect();
    by_vertex.sort_unstable();
    for pair in by_vertex.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        groups.join(pair[0].1, pair[1].1);
    }
    let (place, count) = groups.numbered();
    let (part, part_count) = parts(mesh);
    let area = |t: u32| {
        let [a, b, c] = crate::tree::corners(mesh, t);
        (b - a).cross(c - a).length() / 2.0
    };
    let mut whole = vec![0.0; part_count];
    for t in 0..mesh.triangles().len() as u32 {
        whole[part[t as usize] as usize] += area(t);
    }
    // The area of each place in each part that it touches.
    let mut shares = std::collections::HashMap::new();
    for (n, &t) in triangles.iter().enumerate() {
        *shares.entry((place[n], part[t as usize])).or_insert(0.0) += area(t);
    }
    let mut local = vec![true; count];
    for ((place, part), area) in shares {
        local[place as usize] &= area <= LOCAL * whole[part as usize];
    }
    triangles.iter().zip(&place).filter(|(_, p)| local[**p as usize]).map(|(&t, _)| t).collect()
}

/// Flags of some triangles and of those within some rings around them.
fn widen(mesh: &fabrica_surface::Mesh, bad: &[u32], rings: usize) -> Vec<bool> {
    let mut gone = vec![false; mesh.triangles().len()];
    bad.iter().for_each(|&t| gone[t as usize] = true);
    let mut touched = vec![false; mesh.vertices().len()];
    for _ in 0..rings {
        for (t, _) in mesh.triangles().iter().zip(&gone).filter(|(_, g)| **g) {
            t.iter().for_each(|&v| touched[v as usize] = true);
        }
        for (t, g) in mesh.triangles().iter().zip(&mut gone) {
            *g |= t.iter().any(|&v| touched[v as usize]);
        }
    }
    gone
}

fn areas(work: &Work, part: &[u32], wanted: &[bool]) -> Vec<f64> {
    let count = part.iter().map(|p| *p as usize + 1).max().unwrap_or(0);
    let mut areas = vec![0.0; count];
    for (t, &p) in part.iter().enumerate().filter(|(t, _)| wanted[*t]) {
        areas[p as usize] += work.area(t as u32);
    }
    areas
}

/// Removes closed pieces that enclose nothing: two sides of a leftover triangle. Returns how many of the triangles before
/// `first_new` went.
fn remove_flat_pieces(work: &mut Work, first_new: usize) -> Result<usize, MeshError> {
    let mesh = fabrica_surface::Mesh::new(work.vertices.clone(), work.triangles.clone())?;
    let (shells, part) = super::orient::shells(&mesh);
    let flat = |p: u32| {
        let shell = &shells[p as usize];
        shell.triangles <= 8 && shell.volume.abs() <= 1e-7 * shell.area.powf(1.5)
    };
    let keep: Vec<bool> = part.iter().map(|&p| !flat(p)).collect();
    let before = keep.iter().take(first_new).filter(|k| !**k).count();
    work.keep(&keep);
    Ok(before)
}

/// Removes pieces that cutting has left over: less than a hundredth of the part that they come from, and open.
fn remove_debris(work: &mut Work, of: &[u32], whole: &[f64]) -> Result<(), MeshError> {
    let mesh = fabrica_surface::Mesh::new(work.vertices.clone(), work.triangles.clone())?;
    let (piece, count) = parts(&mesh);
    let area = areas(work, &piece, &vec![true; piece.len()]);
    let mut open = vec![false; count];
    for uses in Edges::new(&work.triangles).groups().filter(|uses| uses.len() == 1) {
        open[piece[uses[0].triangle as usize] as usize] = true;
    }
    let keep: Vec<bool> = piece
        .iter()
        .zip(of)
        .map(|(&piece, &part)| !open[piece as usize] || area[piece as usize] >= 0.01 * whole[part as usize])
        .collect();
    work.keep(&keep);
    Ok(())
}
