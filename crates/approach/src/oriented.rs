//! Oriented boxes around patches of a surface.
//!
//! Of a smooth surface a small patch is nearly flat, so that a box that lies in its plane is far thinner than one along the
//! coordinate axes, and branch and bound gives up far sooner (S. Gottschalk, M. Lin, D. Manocha, "OBBTree", 1996).

use glam::DVec3;

/// A box with its own axes. What it was made around lies within it, rounding included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrientedBox {
    centre: [f32; 3],
    axes: [[f32; 3]; 3],
    half: [f32; 3],
}

impl OrientedBox {
    /// Around triangles: in their mean plane where they have one, along the coordinate axes where they face all ways.
    pub fn around(triangles: impl Iterator<Item = [DVec3; 3]> + Clone) -> Self {
        let axes = axes(triangles.clone()).map(|a| a.as_vec3().to_array());
        let along = axes.map(wide);
        let (mut low, mut high) = (DVec3::INFINITY, DVec3::NEG_INFINITY);
        for p in triangles.flatten() {
            let local = DVec3::from_array(along.map(|a| a.dot(p)));
            low = low.min(local);
            high = high.max(local);
        }
        let middle = (low + high) / 2.0;
        let centre = (along[0] * middle.x + along[1] * middle.y + along[2] * middle.z).as_vec3().to_array();
        // Rounded axes are askew, and the rounded centre lies a little aside: at worst by some 10⁻⁷ of the sizes.
        let size = (high - low).length() + wide(centre).abs().max_element();
        let half = ((high - low) / 2.0 + size * 1e-6).as_vec3().to_array();
        Self { centre, axes, half }
    }

    /// Its middle.
    #[inline]
    pub fn centre(&self) -> DVec3 {
        wide(self.centre)
    }

    /// How far its points reach from the middle along a direction.
    #[inline]
    pub fn reach(&self, direction: DVec3) -> f64 {
        self.local(direction).abs().dot(wide(self.half))
    }

    /// The squared distance of a point; 0 within.
    #[inline]
    pub fn distance_squared(&self, at: DVec3) -> f64 {
        (self.local(at - self.centre()).abs() - wide(self.half)).max(DVec3::ZERO).length_squared()
    }

    /// Whether a line of unit direction comes to it within `length`.
    #[inline]
    pub fn meets(&self, from: DVec3, direction: DVec3, length: f64) -> bool {
        let (from, inverse) = (self.local(from - self.centre()), self.local(direction).recip());
        let half = wide(self.half);
        let (a, b) = ((-half - from) * inverse, (half - from) * inverse);
        let enter = nan_to(a.min(b), f64::NEG_INFINITY).max_element().max(0.0);
        let leave = nan_to(a.max(b), f64::INFINITY).min_element().min(length);
        enter <= leave + 1e-9
    }

    #[inline]
    fn local(&self, v: DVec3) -> DVec3 {
        DVec3::new(wide(self.axes[0]).dot(v), wide(self.axes[1]).dot(v), wide(self.axes[2]).dot(v))
    }
}

#[inline]
fn wide(v: [f32; 3]) -> DVec3 {
    DVec3::new(f64::from(v[0]), f64::from(v[1]), f64::from(v[2]))
}

fn nan_to(v: DVec3, instead: f64) -> DVec3 {
    DVec3::from_array(v.to_array().map(|c| if c.is_nan() { instead } else { c }))
}

/// The mean normal, the direction in which the patch is longest, and the third.
fn axes(triangles: impl Iterator<Item = [DVec3; 3]> + Clone) -> [DVec3; 3] {
    let (mut normal, mut area, mut middle, mut count) = (DVec3::ZERO, 0.0, DVec3::ZERO, 0.0);
    for [a, b, c] in triangles.clone() {
        let face = (b - a).cross(c - a);
        normal += face;
        area += face.length();
        middle += (a + b + c) / 3.0;
        count += 1.0;
    }
    // Cancelled by more than half, the sum is no direction of a patch.
    let Some(normal) = normal.try_normalize().filter(|_| normal.length() > area / 2.0) else { return DVec3::AXES };
    let middle = middle / count;
    let (x, y) = normal.any_orthonormal_pair();
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for p in triangles.flatten() {
        let (u, v) = (x.dot(p - middle), y.dot(p - middle));
        xx += u * u;
        xy += u * v;
        yy += v * v;
    }
    let (sin, cos) = (0.5 * (2.0 * xy).atan2(xx - yy)).sin_cos();
    let long = x * cos + y * sin;
    [normal, long, normal.cross(long)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tilted_square_is_flat_in_its_box() {
        let (u, v) = (DVec3::new(1.0, 1.0, 0.0).normalize(), DVec3::new(1.0, -1.0, 1.0).normalize());
        let at = |a: f64, b: f64| DVec3::new(5.0, 6.0, 7.0) + u * a + v * b;
        let square = [[at(0.0, 0.0), at(4.0, 0.0), at(4.0, 2.0)], [at(0.0, 0.0), at(4.0, 2.0), at(0.0, 2.0)]];
        let found = OrientedBox::around(square.iter().copied());
        let normal = u.cross(v);
        assert!(found.centre().distance(at(2.0, 1.0)) < 1e-5);
        assert!(found.reach(normal) < 1e-4, "{}", found.reach(normal));
        assert!((found.distance_squared(at(2.0, 1.0) + normal * 3.0) - 9.0).abs() < 1e-3);
        assert!(
            found.meets(at(2.0, 1.0) + normal * 3.0, -normal, 3.1)
                && !found.meets(at(2.0, 1.0) + normal * 3.0, -normal, 2.9)
        );
    }

    proptest! {
        /// Every point of the triangles is inside, and the bounds hold.
        #[test]
        fn holds_what_it_was_made_around(
            points in prop::collection::vec(prop::array::uniform3(-300.0..300.0f64), 3..30),
            at in prop::array::uniform3(-500.0..500.0f64),
        ) {
            let triangles: Vec<[DVec3; 3]> =
                points.chunks_exact(3).map(|t| [DVec3::from(t[0]), DVec3::from(t[1]), DVec3::from(t[2])]).collect();
            let found = OrientedBox::around(triangles.iter().copied());
            let at = DVec3::from(at);
            let direction = at.try_normalize().unwrap_or(DVec3::X);
            for p in triangles.iter().flatten() {
                prop_assert!(found.distance_squared(*p) == 0.0);
                prop_assert!(found.distance_squared(at) <= p.distance_squared(at) + 1e-6);
                prop_assert!(direction.dot(*p - found.centre()) >= -found.reach(direction) - 1e-6);
                let way = *p - at;
                prop_assert!(found.meets(at, way.normalize(), way.length()));
            }
        }
    }
}
