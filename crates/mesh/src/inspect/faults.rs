//! The places of what keeps a mesh from being a solid.

use std::collections::{BTreeMap, HashMap};

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_surface::Mesh;
use glam::DVec3;

use super::{FaultKind, FaultPlace};
use crate::edges::{Edges, Groups, is_proper};
use crate::exact::is_flat;
use crate::tree::{corners, position};

pub(super) fn places(mesh: &Mesh, intersections: &[(u32, u32)]) -> Vec<FaultPlace> {
    let edges = Edges::of(mesh);
    let (mut open, mut branching, mut misoriented) = (Vec::new(), Vec::new(), Vec::new());
    for uses in edges.groups() {
        match uses {
            [one] => open.push(one.edge),
            [a, b] if a.forward == b.forward => misoriented.push(a.edge),
            [_, _] => {}
            _ => branching.push(uses[0].edge),
        }
    }
    let mut found = Vec::new();
    for (kind, list, what) in [
        (FaultKind::Hole, &open, "edges around"),
        (FaultKind::NonManifoldEdge, &branching, "edges"),
        (FaultKind::Orientation, &misoriented, "edges between them"),
    ] {
        found.extend(by_edges(mesh, kind, list, what));
    }
    found.extend(touching_vertices(mesh, &edges));
    found.extend(triangles(mesh));
    found.extend(by_triangles(mesh, intersections));
    found
}

/// Edges that hang together are one place.
fn by_edges(mesh: &Mesh, kind: FaultKind, edges: &[[u32; 2]], what: &str) -> Vec<FaultPlace> {
    let mut groups = Groups::new(mesh.vertices().len());
    edges.iter().for_each(|&[a, b]| groups.join(a, b));
    let mut places: BTreeMap<u32, (Vec<u32>, usize)> = BTreeMap::new();
    for &[a, b] in edges {
        let place = places.entry(groups.root(a)).or_default();
        place.0.extend([a, b]);
        place.1 += 1;
    }
    let mut places: Vec<FaultPlace> = places
        .into_values()
        .map(|(vertices, count)| place(kind, vertices.iter().map(|&v| position(mesh, v)), count, what))
        .collect();
    places.sort_by_key(|place| std::cmp::Reverse(place.count));
    places
}

fn place(kind: FaultKind, points: impl Iterator<Item = DVec3>, count: usize, what: &str) -> FaultPlace {
    let (mut low, mut high) = (DVec3::splat(f64::INFINITY), DVec3::splat(f64::NEG_INFINITY));
    for p in points {
        (low, high) = (low.min(p), high.max(p));
    }
    let size = Mm((high - low).length());
    FaultPlace { kind, at: LpsPoint((low + high) / 2.0), size, count, detail: format!("{count} {what}, {size} across") }
}

/// Vertices whose triangles are more than one fan, though their edges are manifold.
fn touching_vertices(mesh: &Mesh, edges: &Edges) -> Vec<FaultPlace> {
    let n = mesh.triangles().len();
    let mut corners = Groups::new(3 * n);
    let corner = |t: u32, v: u32| {
        let at = mesh.triangles()[t as usize].iter().position(|w| *w == v).unwrap_or(0);
        3 * t + at as u32
    };
    let mut branching = vec![false; mesh.vertices().len()];
    for uses in edges.groups() {
        for pair in uses.windows(2) {
            for v in pair[0].edge {
                corners.join(corner(pair[0].triangle, v), corner(pair[1].triangle, v));
            }
        }
        if uses.len() > 2 {
            uses[0].edge.iter().for_each(|&v| branching[v as usize] = true);
        }
    }
    let mut fan = vec![u32::MAX; mesh.vertices().len()];
    let mut touching = vec![0usize; mesh.vertices().len()];
    let mut counted = vec![false; 3 * n];
    for (t, triangle) in mesh.triangles().iter().enumerate().filter(|(_, t)| is_proper(**t)) {
        for (at, &v) in triangle.iter().enumerate() {
            let root = corners.root((3 * t + at) as u32);
            if std::mem::replace(&mut counted[root as usize], true) {
                continue;
            }
            if fan[v as usize] == u32::MAX { fan[v as usize] = root } else { touching[v as usize] += 1 }
        }
    }
    (0..mesh.vertices().len() as u32)
        .filter(|&v| touching[v as usize] > 0 && !branching[v as usize])
        .map(|v| {
            let fans = touching[v as usize] + 1;
            place(FaultKind::NonManifoldVertex, std::iter::once(position(mesh, v)), fans, "surfaces touch")
        })
        .collect()
}

/// Copies and triangles without area.
fn triangles(mesh: &Mesh) -> Vec<FaultPlace> {
    let mut copies: HashMap<[u32; 3], u32> = HashMap::new();
    let mut found = Vec::new();
    for (n, &t) in mesh.triangles().iter().enumerate() {
        let points = corners(mesh, n as u32);
        if !is_proper(t) || is_flat(points) {
            found.push(place(FaultKind::Degenerate, points.into_iter(), 1, "triangle"));
            continue;
        }
        let mut key = t;
        key.sort_unstable();
        let times = copies.entry(key).or_default();
        *times += 1;
        if *times == 2 {
            found.push(place(FaultKind::Duplicate, points.into_iter(), 1, "triangle"));
        }
    }
    found
}

/// Pairs that hang together, by a common triangle or vertex, are one place.
fn by_triangles(mesh: &Mesh, pairs: &[(u32, u32)]) -> Vec<FaultPlace> {
    let mut groups = Groups::new(mesh.vertices().len());
    let first = |t: u32| mesh.triangles()[t as usize][0];
    for &(a, b) in pairs {
        for t in [a, b] {
            mesh.triangles()[t as usize].iter().for_each(|&v| groups.join(first(t), v));
        }
        groups.join(first(a), first(b));
    }
    let mut places: BTreeMap<u32, (Vec<u32>, usize)> = BTreeMap::new();
    for &(a, b) in pairs {
        let place = places.entry(groups.root(first(a))).or_default();
        place.0.extend([a, b]);
        place.1 += 1;
    }
    let mut places: Vec<FaultPlace> = places
        .into_values()
        .map(|(triangles, count)| {
            let points = triangles.iter().flat_map(|&t| corners(mesh, t));
            place(FaultKind::SelfIntersection, points, count, "pairs of triangles meet")
        })
        .collect();
    places.sort_by_key(|place| std::cmp::Reverse(place.count));
    places
}
