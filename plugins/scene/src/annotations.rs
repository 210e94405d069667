//! Lines and labels in the patient that every view draws: measurements, what a tool is about to do, places to look at.

use std::collections::BTreeMap;

use bevy::prelude::*;
use fabrica_geometry::LpsPoint;
use fabrica_volume::Rgb;

/// A line through points of the patient, or a single point, with a label.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// The points, in order: one is a dot, several a line.
    pub points: Vec<LpsPoint>,
    /// Whether the last point is joined to the first.
    pub closed: bool,
    /// Whether each point has a dot.
    pub dots: bool,
    /// Its colour.
    pub colour: Rgb,
    /// What it says, where.
    pub label: Option<(LpsPoint, String)>,
}

impl Annotation {
    /// An open line.
    pub fn line(points: Vec<LpsPoint>, colour: Rgb) -> Self {
        Self { points, closed: false, dots: true, colour, label: None }
    }

    /// With a label at the middle of its points.
    pub fn says(mut self, text: impl Into<String>) -> Self {
        let sum = self.points.iter().fold(glam::DVec3::ZERO, |sum, p| sum + p.0);
        if !self.points.is_empty() {
            self.label = Some((LpsPoint(sum / self.points.len() as f64), text.into()));
        }
        self
    }

    /// Its stretches, each from one point to the next.
    pub fn stretches(&self) -> impl Iterator<Item = [LpsPoint; 2]> + '_ {
        let closing = match (self.closed, self.points.first(), self.points.last()) {
            (true, Some(&first), Some(&last)) if self.points.len() > 2 => Some([last, first]),
            _ => None,
        };
        self.points.windows(2).map(|pair| [pair[0], pair[1]]).chain(closing)
    }
}

/// All annotations, by whom they are of. A plugin sets its own and leaves the others' alone.
#[derive(Resource, Default)]
pub struct Annotations(BTreeMap<&'static str, Vec<Annotation>>);

impl Annotations {
    /// Puts these in place of the owner's earlier ones. Nothing changes when they are the same.
    pub fn set(this: &mut ResMut<Self>, owner: &'static str, annotations: Vec<Annotation>) {
        let now = this.0.get(owner).map_or(&[][..], Vec::as_slice);
        if now != annotations {
            this.0.insert(owner, annotations);
        }
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Annotation> {
        self.0.values().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_line_comes_back() {
        let points = [0.0, 1.0, 2.0].map(|x| LpsPoint::new(x, 0.0, 0.0)).to_vec();
        let mut line = Annotation::line(points.clone(), Rgb(0, 0, 0)).says("x");
        assert_eq!(line.label, Some((LpsPoint::new(1.0, 0.0, 0.0), "x".to_owned())));
        assert_eq!(line.stretches().count(), 2);
        line.closed = true;
        assert_eq!(line.stretches().last(), Some([points[2], points[0]]));
    }
}
