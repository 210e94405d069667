//! The generalised winding number: how much of a surface winds around a point.
//!
//! 1 inside a closed, outward surface, 0 outside; in between near holes, where its 0.5 level closes them smoothly
//! (Jacobson, Kavan and Sorkine-Hornung, *Robust inside-outside segmentation using generalized winding numbers*, 2013).
//! Far triangles are taken together as dipoles (Barill et al., *Fast winding numbers for soups and clouds*, 2018).

use glam::DVec3;
use rayon::prelude::*;

use crate::exact::Corners;
use crate::tree::Tree;

/// How many times its own radius a group must be away to be taken as one dipole: the error is then below 0.5 %.
const FAR: f64 = 3.0;

struct Dipole {
    centre: DVec3,
    /// Sum of the triangles' normals, each as long as its area.
    normal: DVec3,
    radius: f64,
}

pub(crate) struct Winding<'a> {
    tree: &'a Tree<'a>,
    nodes: Vec<Dipole>,
}

impl<'a> Winding<'a> {
    pub(crate) fn new(tree: &'a Tree<'a>) -> Self {
        let (depth, n) = (tree.depth(), tree.order().len());
        let first_leaf = (1usize << depth) - 1;
        let count = 2 * first_leaf + 1;
        // Sums for each node from its own range of triangles: what each leaf holds, then upwards.
        let mut sums = vec![(DVec3::ZERO, DVec3::ZERO, 0.0f64); count];
        sums[first_leaf..].par_iter_mut().enumerate().for_each(|(k, sum)| {
            for &t in &tree.order()[(n * k) >> depth..(n * (k + 1)) >> depth] {
                let [a, b, c] = tree.corners(t);
                let normal = (b - a).cross(c - a) / 2.0;
                let area = normal.length();
                sum.0 += (a + b + c) / 3.0 * area;
                sum.1 += normal;
                sum.2 += area;
            }
        });
        for node in (0..first_leaf).rev() {
            let (l, r) = (sums[2 * node + 1], sums[2 * node + 2]);
            sums[node] = (l.0 + r.0, l.1 + r.1, l.2 + r.2);
        }
        let nodes = sums
            .into_par_iter()
            .enumerate()
            .map(|(node, (weighted, normal, area))| {
                let bounds = tree.bounds(node);
                let (low, high) = (corner(bounds.low), corner(bounds.high));
                let centre = if area > 0.0 { weighted / area } else { (low + high) / 2.0 };
                let radius = (centre - low).abs().max((high - centre).abs()).length();
                Dipole { centre, normal, radius }
            })
            .collect();
        Self { tree, nodes }
    }

    /// The winding number around a point.
    pub(crate) fn at(&self, p: DVec3) -> f64 {
        let (depth, n) = (self.tree.depth(), self.tree.order().len());
        let first_leaf = (1usize << depth) - 1;
        let mut sum = 0.0;
        let mut stack = [0usize; 64];
        let mut height = usize::from(n > 0);
        while height > 0 {
            height -= 1;
            let node = stack[height];
            let dipole = &self.nodes[node];
            let to = dipole.centre - p;
            let squared = to.length_squared();
            if squared > (FAR * dipole.radius).powi(2) {
                sum += to.dot(dipole.normal) / (squared * squared.sqrt());
            } else if node >= first_leaf {
                let k = node - first_leaf;
                for &t in &self.tree.order()[(n * k) >> depth..(n * (k + 1)) >> depth] {
                    sum += solid_angle(p, self.tree.corners(t));
                }
            } else if height + 2 <= stack.len() {
                stack[height] = 2 * node + 1;
                stack[height + 1] = 2 * node + 2;
                height += 2;
            }
        }
        sum / (4.0 * std::f64::consts::PI)
    }
}

fn corner(p: [f32; 3]) -> DVec3 {
    DVec3::new(p[0].into(), p[1].into(), p[2].into())
}

/// The solid angle under which a triangle is seen, positive from behind (van Oosterom and Strackee 1983).
fn solid_angle(p: DVec3, triangle: Corners) -> f64 {
    let [a, b, c] = triangle.map(|v| v - p);
    let (la, lb, lc) = (a.length(), b.length(), c.length());
    let determinant = a.dot(b.cross(c));
    let divisor = la * lb * lc + a.dot(b) * lc + b.dot(c) * la + c.dot(a) * lb;
    2.0 * determinant.atan2(divisor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabrica_surface::Mesh;

    #[test]
    fn one_inside_a_tetrahedron_nought_outside() {
        let corners = vec![[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]];
        let mesh = Mesh::new(corners, vec![[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]).unwrap();
        let tree = Tree::new(&mesh);
        let winding = Winding::new(&tree);
        assert!((winding.at(DVec3::splat(0.5)) - 1.0).abs() < 1e-9);
        assert!(winding.at(DVec3::new(3.0, 3.0, 3.0)).abs() < 1e-9);
        assert!(winding.at(DVec3::new(-30.0, 3.0, 3.0)).abs() < 1e-3);
    }
}
