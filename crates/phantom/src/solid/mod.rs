//! Analytic solids with a distance bound.
//!
//! A solid is the set where a continuous *field* is negative. Every field is 1-Lipschitz (two points' values differ by
//! at most their distance), so that its absolute value never exceeds the distance to the surface. This is all that
//! sampling needs: a block of space whose centre has a value beyond the block's radius lies wholly inside or outside.
//! Minimum, maximum, negation, blending and offsets keep the property, so solids compose freely.

mod bounds;
mod loft;
mod shape;
mod tube;

use std::sync::Arc;

pub use bounds::Bounds;
use bounds::Hierarchy;
use glam::{DMat3, DVec3};
pub use loft::{Loft, Section};
use shape::{Ellipsoid, RoundedBox, Triangle};
pub use tube::{RoundCone, Tube, curve};

/// A solid in patient millimetres. Clones share the shape.
#[derive(Clone, Debug)]
pub struct Solid(Arc<Node>);

#[derive(Debug)]
struct Node {
    shape: Shape,
    bounds: Bounds,
}

#[derive(Debug)]
enum Shape {
    Empty,
    Ellipsoid(Ellipsoid),
    RoundedBox(RoundedBox),
    Triangle(Triangle),
    HalfSpace { normal: DVec3, offset: f64 },
    Loft(Loft),
    Tube(Tube),
    Union { parts: Vec<Solid>, hierarchy: Hierarchy },
    Intersection(Solid, Solid),
    Difference(Solid, Solid),
    Blend { first: Solid, second: Solid, width: f64 },
    Offset { solid: Solid, by: f64 },
}

impl Solid {
    fn new(shape: Shape, bounds: Bounds) -> Self {
        Self(Arc::new(Node { shape, bounds }))
    }

    /// Nothing.
    pub fn empty() -> Self {
        Self::new(Shape::Empty, Bounds::EMPTY)
    }

    /// A ball.
    pub fn ball(centre: DVec3, radius: f64) -> Self {
        Self::ellipsoid(centre, DVec3::splat(radius), DMat3::IDENTITY)
    }

    /// An ellipsoid with these semi-axes along the columns of a rotation.
    pub fn ellipsoid(centre: DVec3, radii: DVec3, axes: DMat3) -> Self {
        let shape = Ellipsoid::new(centre, radii, axes);
        let bounds = shape.bounds();
        Self::new(Shape::Ellipsoid(shape), bounds)
    }

    /// A box of these half sides, rounding included, along the columns of a rotation. `rounding` is clamped to the
    /// smallest half side.
    pub fn rounded_box(centre: DVec3, half: DVec3, rounding: f64, axes: DMat3) -> Self {
        let shape = RoundedBox::new(centre, half, rounding, axes);
        let bounds = shape.bounds();
        Self::new(Shape::RoundedBox(shape), bounds)
    }

    /// A triangular plate: all within `radius` of the triangle.
    pub fn plate(corners: [DVec3; 3], radius: f64) -> Self {
        let shape = Triangle::new(corners, radius);
        let bounds = shape.bounds();
        Self::new(Shape::Triangle(shape), bounds)
    }

    /// All on the side of a plane that `outward` points away from.
    pub fn half_space(on_plane: DVec3, outward: DVec3) -> Self {
        let normal = outward.normalize_or_zero();
        Self::new(Shape::HalfSpace { normal, offset: normal.dot(on_plane) }, Bounds::ALL)
    }

    /// A capsule or cone with rounded ends.
    pub fn round_cone(from: DVec3, to: DVec3, radius_from: f64, radius_to: f64) -> Self {
        Self::tube(vec![RoundCone::new(from, to, radius_from, radius_to)])
    }

    /// A chain or tree of round cones.
    pub fn tube(segments: Vec<RoundCone>) -> Self {
        if segments.is_empty() {
            return Self::empty();
        }
        let tube = Tube::new(segments);
        let bounds = tube.bounds();
        Self::new(Shape::Tube(tube), bounds)
    }

    /// A tube along a smooth curve through points, each with a radius.
    pub fn tube_along(points: &[(DVec3, f64)], step: f64) -> Self {
        Self::tube(tube::chain(&curve(points, step)))
    }

    /// A solid of cross sections across z.
    pub fn loft(loft: Loft) -> Self {
        let bounds = loft.bounds();
        Self::new(Shape::Loft(loft), bounds)
    }

    /// All that is in any of the parts. Unions and tubes among them are taken apart, so that one hierarchy of small boxes
    /// holds it all.
    pub fn union(parts: impl IntoIterator<Item = Solid>) -> Self {
        let mut flat = Vec::new();
        let mut segments = Vec::new();
        for part in parts {
            part.take_apart(&mut flat, &mut segments);
        }
        if !segments.is_empty() {
            flat.push(Self::tube(segments));
        }
        if flat.len() < 2 {
            return flat.pop().unwrap_or_else(Self::empty);
        }
        let boxes: Vec<Bounds> = flat.iter().map(Solid::bounds).collect();
        let bounds = boxes.iter().fold(Bounds::EMPTY, |all, b| all.with(b));
        let hierarchy = Hierarchy::new(&boxes);
        Self::new(Shape::Union { parts: flat, hierarchy }, bounds)
    }

    fn take_apart(&self, parts: &mut Vec<Solid>, segments: &mut Vec<RoundCone>) {
        match &self.0.shape {
            Shape::Empty => {}
            Shape::Union { parts: inner, .. } => inner.iter().for_each(|part| part.take_apart(parts, segments)),
            Shape::Tube(tube) => segments.extend(tube.segments()),
            _ => parts.push(self.clone()),
        }
    }

    /// What is in both.
    pub fn and(&self, other: &Solid) -> Self {
        let bounds = self.bounds().common(&other.bounds());
        Self::new(Shape::Intersection(self.clone(), other.clone()), bounds)
    }

    /// What is in this one but not in the other.
    pub fn minus(&self, other: &Solid) -> Self {
        if other.is_nothing() {
            return self.clone();
        }
        Self::new(Shape::Difference(self.clone(), other.clone()), self.bounds())
    }

    /// The union with its inner edge filled over about `width` mm.
    pub fn blend(&self, other: &Solid, width: f64) -> Self {
        let bounds = self.bounds().with(&other.bounds()).grown(width / 4.0);
        Self::new(Shape::Blend { first: self.clone(), second: other.clone(), width }, bounds)
    }

    /// The set where the field is below `by`: grown by up to `by` mm, or shrunk where it is negative. For fields that
    /// are exact distances (all shapes but ellipsoids and lofts) the surface moves by just `by` along its normal.
    pub fn offset(&self, by: f64) -> Self {
        match &self.0.shape {
            // The least of several less `by` is the least of each less `by`.
            Shape::Union { parts, .. } => return Self::union(parts.iter().map(|part| part.offset(by))),
            Shape::Tube(tube) => {
                let moved = |c: &RoundCone| RoundCone::new(c.from, c.to, c.radius_from + by, c.radius_to + by);
                let kept = |c: &RoundCone| c.radius_from > 0.0 && c.radius_to > 0.0;
                return Self::tube(tube.segments().iter().map(moved).filter(kept).collect());
            }
            _ => {}
        }
        let bounds = if by > 0.0 { self.bounds().grown(by) } else { self.bounds() };
        Self::new(Shape::Offset { solid: self.clone(), by }, bounds)
    }

    /// A box that holds all of it.
    pub fn bounds(&self) -> Bounds {
        self.0.bounds
    }

    fn is_nothing(&self) -> bool {
        matches!(self.0.shape, Shape::Empty)
    }

    /// Whether a point belongs.
    pub fn contains(&self, p: DVec3) -> bool {
        self.within(p, 0.0) < 0.0
    }

    /// The field: 1-Lipschitz, negative inside.
    pub fn field(&self, p: DVec3) -> f64 {
        self.within(p, f64::INFINITY)
    }

    /// The field where it is below `limit` (at least 0); from there on any value of at least `limit` and no more than
    /// the distance to the solid. Far parts are then never looked at.
    ///
    /// Outside its box, a solid's field is at least the distance to the box. This keeps it 1-Lipschitz (the greater of
    /// two such functions), and makes leaving out what is far exact.
    #[inline]
    pub fn within(&self, p: DVec3, limit: f64) -> f64 {
        let away = self.0.bounds.distance(p);
        if away > limit {
            return away;
        }
        let field = self.shape_within(p, limit);
        if away > 0.0 { field.max(away) } else { field }
    }

    #[inline]
    fn shape_within(&self, p: DVec3, limit: f64) -> f64 {
        match &self.0.shape {
            Shape::Empty => f64::INFINITY,
            Shape::Ellipsoid(s) => s.field(p),
            Shape::RoundedBox(s) => s.field(p),
            Shape::Triangle(s) => s.field(p),
            Shape::HalfSpace { normal, offset } => normal.dot(p) - offset,
            Shape::Loft(s) => s.field(p),
            // A limit of 0 still has to tell inside from outside.
            Shape::Tube(s) => s.within(p, limit.max(f64::MIN_POSITIVE)),
            Shape::Union { parts, hierarchy } => {
                hierarchy.least(p, limit.max(f64::MIN_POSITIVE), |part, best| parts[part].within(p, best.max(0.0)))
            }
            Shape::Intersection(a, b) => {
                let first = a.within(p, limit);
                if first > limit { first } else { first.max(b.within(p, limit)) }
            }
            Shape::Difference(a, b) => {
                let first = a.within(p, limit);
                // Beyond -first the other cannot matter.
                if first > limit { first } else { first.max(-b.within(p, (-first).max(0.0))) }
            }
            Shape::Blend { first, second, width } => {
                let a = first.within(p, limit + width);
                // Where the other is at least a + width away, it changes nothing.
                let b = second.within(p, (a + width).max(0.0).min(limit + width));
                let h = (width - (a - b).abs()).max(0.0) / width;
                a.min(b) - h * h * width / 4.0
            }
            Shape::Offset { solid, by } => solid.within(p, (limit + by).max(0.0)) - by,
        }
    }

    /// The volume where a closed form is known, in mm³.
    pub fn closed_form_volume(&self) -> Option<f64> {
        use std::f64::consts::PI;
        match &self.0.shape {
            Shape::Empty => Some(0.0),
            Shape::Ellipsoid(e) => Some(4.0 / 3.0 * PI * e.radii.x * e.radii.y * e.radii.z),
            Shape::RoundedBox(b) => {
                let ([x, y, z], r) = ((2.0 * b.inner).to_array(), b.rounding);
                // Steiner: box, slabs, quarter cylinders, one ball.
                Some(
                    x * y * z
                        + 2.0 * r * (x * y + y * z + z * x)
                        + PI * r * r * (x + y + z)
                        + 4.0 / 3.0 * PI * r.powi(3),
                )
            }
            Shape::Tube(t) => t.closed_form_volume(),
            _ => None,
        }
    }
}
