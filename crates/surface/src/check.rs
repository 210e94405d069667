//! What is wrong with a mesh.

use fabrica_geometry::{LpsPoint, Mm2, Mm3};
use fabrica_progress::Progress;
use serde::{Deserialize, Serialize};

use std::collections::HashMap;

use glam::DVec3;
use rayon::prelude::*;

use crate::around::{self, ByVertex};
use crate::parts::Parts;
use crate::{Mesh, SurfaceError};

/// Everything that [`check`] finds.
///
/// An edge is a pair of vertices that a triangle joins. All counts come from the indices; coordinates only matter for
/// `volume`, `area`, `bounds`, `flat_triangles`, `coincident_vertices` and `outward`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MeshReport {
    /// Vertices.
    pub vertices: usize,
    /// Triangles.
    pub triangles: usize,
    /// Enclosed volume; only meaningful for a closed, oriented mesh. Cavities count negative.
    pub volume: Mm3,
    /// Area of all triangles.
    pub area: Mm2,
    /// Smallest and largest coordinates.
    pub bounds: Option<(LpsPoint, LpsPoint)>,
    /// Parts that share no vertex.
    pub components: usize,
    /// Parts that enclose a negative volume: the walls of cavities.
    pub cavities: usize,
    /// Edges with one triangle: the rims of holes.
    pub boundary_edges: usize,
    /// Edges with three or more triangles.
    pub non_manifold_edges: usize,
    /// Edges whose two triangles run the same way along it.
    pub misoriented_edges: usize,
    /// Vertices whose triangles do not form one fan.
    pub non_manifold_vertices: usize,
    /// Vertices that no triangle uses.
    pub unused_vertices: usize,
    /// Vertices that share their very place with another: STL, which has no indices, would merge them.
    pub coincident_vertices: usize,
    /// Triangles that name a vertex twice.
    pub degenerate_triangles: usize,
    /// Triangles of three different vertices but exactly no area.
    pub flat_triangles: usize,
    /// Triangles beyond the first with the same three vertices.
    pub duplicate_triangles: usize,
    /// Every edge has at least two triangles, and there is at least one.
    pub watertight: bool,
    /// No edge has more than two triangles.
    pub edge_manifold: bool,
    /// The triangles of each vertex form one fan.
    pub vertex_manifold: bool,
    /// Neighbours run opposite ways along their common edge.
    pub oriented: bool,
    /// Triangles face outwards: the volume is positive, and every part that faces inwards lies in one that does not.
    pub outward: bool,
}

impl MeshReport {
    /// Whether this is the surface of a solid: closed, manifold, oriented, facing outwards, and without triangles or
    /// vertices that would break it when written to a file without indices.
    pub fn is_solid(&self) -> bool {
        self.watertight
            && self.edge_manifold
            && self.vertex_manifold
            && self.oriented
            && self.outward
            && self.coincident_vertices == 0
            && self.degenerate_triangles == 0
            && self.duplicate_triangles == 0
    }

    /// What keeps this from being the surface of a solid, in words; empty when nothing does.
    pub fn faults(&self) -> Vec<String> {
        if self.triangles == 0 {
            return vec!["it has no triangle".into()];
        }
        let mut faults = Vec::new();
        for (count, what) in [
            (self.boundary_edges, "edges at holes"),
            (self.non_manifold_edges, "edges with more than two triangles"),
            (self.misoriented_edges, "edges whose triangles face opposite ways"),
            (self.non_manifold_vertices, "vertices where surfaces touch or end"),
            (self.coincident_vertices, "vertices at the place of another"),
            (self.degenerate_triangles, "triangles with a repeated vertex"),
            (self.duplicate_triangles, "repeated triangles"),
        ] {
            if count > 0 {
                faults.push(format!("{count} {what}"));
            }
        }
        if !self.outward && faults.is_empty() {
            faults.push("it faces inwards".into());
        }
        faults
    }
}

/// Checks a mesh, exactly: no tolerance anywhere.
///
/// # Errors
/// Only when the user cancels.
pub fn check(mesh: &Mesh, progress: &Progress) -> Result<MeshReport, SurfaceError> {
    progress.stage("checking the mesh");
    let (fans, (solid, coincident_vertices)) =
        rayon::join(|| check_fans(mesh, progress), || (measure(mesh), coincident(mesh).len()));
    progress.check()?;
    let fans = fans?;
    let watertight = fans.triangles > 0 && fans.boundary == 0;
    let oriented = fans.misoriented == 0 && fans.branching == 0;
    Ok(MeshReport {
        vertices: mesh.vertices().len(),
        triangles: mesh.triangles().len(),
        volume: Mm3(solid.volume),
        area: Mm2(solid.area),
        bounds: mesh.bounds(),
        components: solid.components,
        cavities: solid.cavities,
        boundary_edges: fans.boundary,
        non_manifold_edges: fans.branching,
        misoriented_edges: fans.misoriented,
        non_manifold_vertices: fans.not_one_fan,
        unused_vertices: fans.unused,
        coincident_vertices,
        degenerate_triangles: mesh.triangles().len() - fans.triangles,
        flat_triangles: solid.flat,
        duplicate_triangles: fans.duplicates,
        watertight,
        edge_manifold: fans.branching == 0,
        vertex_manifold: fans.not_one_fan == 0,
        oriented,
        outward: watertight && oriented && solid.outward,
    })
}

/// What the triangles around the vertices tell.
#[derive(Clone, Copy, Default)]
struct FanCounts {
    triangles: usize,
    boundary: usize,
    branching: usize,
    misoriented: usize,
    not_one_fan: usize,
    unused: usize,
    duplicates: usize,
}

impl FanCounts {
    fn and(self, other: Self) -> Self {
        Self {
            triangles: self.triangles + other.triangles,
            boundary: self.boundary + other.boundary,
            branching: self.branching + other.branching,
            misoriented: self.misoriented + other.misoriented,
            not_one_fan: self.not_one_fan + other.not_one_fan,
            unused: self.unused + other.unused,
            duplicates: self.duplicates + other.duplicates,
        }
    }
}

fn check_fans(mesh: &Mesh, progress: &Progress) -> Result<FanCounts, SurfaceError> {
    let links: ByVertex<[u32; 2]> = around::links(mesh);
    (0..mesh.vertices().len())
        .into_par_iter()
        .with_min_len(1 << 14)
        .try_fold(FanCounts::default, |mut counts, vertex| {
            if vertex % (1 << 14) == 0 {
                progress.check()?;
            }
            let links = links.of(vertex);
            counts.unused += usize::from(links.is_empty());
            if !links.is_empty() && !is_closed_fan(links) {
                check_links(vertex as u32, links, &mut counts);
            }
            Ok(counts)
        })
        .try_reduce(FanCounts::default, |a, b| Ok(a.and(b)))
        .map(|counts| FanCounts { triangles: links.len() / 3, ..counts })
}

/// Whether the links [v, w] of a vertex's triangles (vertex, v, w) chain up to one cycle of three or more, each passed
/// once: the common case, and then nothing is wrong around it.
fn is_closed_fan(links: &[[u32; 2]]) -> bool {
    let [start, mut at] = links[0];
    for step in 1..=links.len() {
        if at == start {
            return step == links.len() && step >= 3;
        }
        match links.iter().find(|link| link[0] == at) {
            Some(link) => at = link[1],
            None => return false,
        }
    }
    false
}

/// Counts what is wrong around a vertex, and on each edge and triangle of which it is the first vertex.
fn check_links(vertex: u32, links: &[[u32; 2]], counts: &mut FanCounts) {
    // How often each neighbour begins and ends a link.
    let mut neighbours: HashMap<u32, (usize, usize)> = HashMap::new();
    for &[v, w] in links {
        neighbours.entry(v).or_default().0 += 1;
        neighbours.entry(w).or_default().1 += 1;
    }
    for (&other, &(begins, ends)) in &neighbours {
        if vertex < other {
            match begins + ends {
                1 => counts.boundary += 1,
                2 => counts.misoriented += usize::from(begins != 1),
                _ => counts.branching += 1,
            }
        }
    }
    // One fan: no neighbour has more than two links, and they hang together.
    let index: HashMap<u32, u32> = neighbours.keys().zip(0..).map(|(&v, n)| (v, n)).collect();
    let parts = Parts::new(index.len(), links.iter().map(|&[v, w]| (index[&v], index[&w])));
    let branches = neighbours.values().any(|(begins, ends)| begins + ends > 2);
    counts.not_one_fan += usize::from(branches || parts.count() > 1);

    let mut pairs: Vec<[u32; 2]> =
        links.iter().filter(|[v, w]| vertex < *v && vertex < *w).map(|&[v, w]| [v.min(w), v.max(w)]).collect();
    let all = pairs.len();
    pairs.sort_unstable();
    pairs.dedup();
    counts.duplicates += all - pairs.len();
}

/// What the coordinates tell.
struct Solid {
    volume: f64,
    area: f64,
    flat: usize,
    components: usize,
    cavities: usize,
    outward: bool,
}

fn measure(mesh: &Mesh) -> Solid {
    let parts = Parts::of_mesh(mesh);
    let mut shells = shells(mesh, &parts);
    // A vertex without triangles is no part of the surface.
    shells.retain(|s| s.low.x <= s.high.x);
    let volume = shells.iter().map(|s| s.volume).sum();
    Solid {
        volume,
        area: shells.iter().map(|s| s.area).sum(),
        flat: flat(mesh).len(),
        components: shells.len(),
        cavities: shells.iter().filter(|s| s.volume < 0.0).count(),
        outward: volume > 0.0 && cavities_lie_inside(&shells),
    }
}

/// Twice the area of a triangle along its normal.
fn area_vector(mesh: &Mesh, triangle: [u32; 3]) -> DVec3 {
    let [a, b, c] = mesh.corners(triangle);
    (b - a).cross(c - a)
}

/// One part of a mesh.
#[derive(Clone)]
pub(crate) struct Shell {
    pub(crate) volume: f64,
    pub(crate) area: f64,
    low: DVec3,
    high: DVec3,
}

impl Shell {
    const EMPTY: Self =
        Self { volume: 0.0, area: 0.0, low: DVec3::splat(f64::INFINITY), high: DVec3::splat(f64::NEG_INFINITY) };

    fn add(&mut self, other: &Self) {
        self.volume += other.volume;
        self.area += other.area;
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }
}

/// Volume, area and bounding box of each part, in the order of the parts.
pub(crate) fn shells(mesh: &Mesh, parts: &Parts) -> Vec<Shell> {
    let origin = mesh.bounds().map_or(DVec3::ZERO, |(low, high)| (low.0 + high.0) / 2.0);
    // A piece is long against the number of parts; pieces are summed in order, so that the result never varies.
    let piece = (1 << 16).max(16 * parts.count());
    let pieces: Vec<Vec<Shell>> = mesh
        .triangles()
        .par_chunks(piece)
        .map(|triangles| {
            let mut shells = vec![Shell::EMPTY; parts.count()];
            for &t in triangles {
                let [a, b, c] = mesh.corners(t).map(|p| p - origin);
                let cross = (b - a).cross(c - a);
                let one = Shell {
                    volume: a.dot(cross) / 6.0,
                    area: cross.length() / 2.0,
                    low: a.min(b).min(c),
                    high: a.max(b).max(c),
                };
                shells[parts.of(t[0])].add(&one);
            }
            shells
        })
        .collect();
    let mut shells = vec![Shell::EMPTY; parts.count()];
    for piece in &pieces {
        shells.iter_mut().zip(piece).for_each(|(sum, shell)| sum.add(shell));
    }
    shells
}

/// Whether the box of each part with a negative volume lies in that of a greater one with a positive volume.
fn cavities_lie_inside(shells: &[Shell]) -> bool {
    let mut solids: Vec<&Shell> = shells.iter().filter(|s| s.volume > 0.0).collect();
    solids.sort_by(|a, b| b.volume.total_cmp(&a.volume));
    shells.iter().filter(|s| s.volume < 0.0).all(|cavity| {
        solids
            .iter()
            .take_while(|solid| solid.volume > -cavity.volume)
            .any(|solid| solid.low.cmple(cavity.low).all() && solid.high.cmpge(cavity.high).all())
    })
}

/// The vertices that share their very place with another.
pub(crate) fn coincident(mesh: &Mesh) -> Vec<u32> {
    // A hash finds candidates; equal places have equal hashes.
    let hash = |v: &[f32; 3]| {
        v.iter().fold(0u64, |h, &c| {
            // Adding zero makes the negative zero positive.
            (h ^ u64::from((c + 0.0).to_bits())).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        })
    };
    let mut keys: Vec<(u64, u32)> = mesh.vertices().par_iter().enumerate().map(|(n, v)| (hash(v), n as u32)).collect();
    keys.par_sort_unstable();
    let mut found: Vec<u32> = keys
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|group| group.len() > 1)
        .flat_map(|group| {
            let mut places: Vec<([u32; 3], u32)> =
                group.iter().map(|&(_, n)| (mesh.vertices()[n as usize].map(|c| (c + 0.0).to_bits()), n)).collect();
            places.sort_unstable();
            let shared = places.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1);
            shared.flatten().map(|&(_, n)| n).collect::<Vec<_>>()
        })
        .collect();
    found.sort_unstable();
    found
}

/// The triangles of three different vertices that have no area.
pub(crate) fn flat(mesh: &Mesh) -> Vec<[u32; 3]> {
    mesh.triangles()
        .par_iter()
        .copied()
        .filter(|&t| around::is_proper(t) && area_vector(mesh, t) == DVec3::ZERO)
        .collect()
}
