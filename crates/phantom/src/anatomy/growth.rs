//! Growing trees of vessels and airways within an organ.

use fabrica_geometry::{LpsPoint, Mm};
use glam::DVec3;

use crate::random::Stream;
use crate::solid::RoundCone;
use crate::{Branch, Solid};

/// How a tree grows.
pub struct Growth<'a> {
    /// Stay this deep within this solid, mm, plus the branch's radius.
    pub within: &'a Solid,
    pub depth: f64,
    /// Stay this far from these (other trees' walls, the tumour), mm.
    pub avoid: &'a [RoundCone],
    pub clearance: f64,
    /// Branches thinner than this radius are not grown, mm.
    pub least_radius: f64,
    /// A branch's length over its radius.
    pub length: f64,
    /// No more branches than this.
    pub most: usize,
}

/// The radii of two daughters over their mother's: 0.86³ + 0.72³ ≈ 1, Murray's law.
const DAUGHTERS: [f64; 2] = [0.86, 0.72];

impl Growth<'_> {
    /// Adds branches behind the tips of a tree, breadth first. Of a few random directions the one that leads farthest
    /// from the tree so far is taken.
    pub fn grow(&self, branches: &mut Vec<Branch>, tips: &[usize], random: &mut Stream) {
        let mut queue: std::collections::VecDeque<usize> = tips.iter().copied().collect();
        let start = branches.len();
        while let Some(mother) = queue.pop_front() {
            for factor in DAUGHTERS {
                let radius = branches[mother].end_diameter.0 / 2.0 * factor;
                if radius < self.least_radius || branches.len() - start >= self.most {
                    continue;
                }
                if let Some(end) = self.best_end(branches, mother, radius, random) {
                    let from = &branches[mother];
                    let daughter = Branch {
                        parent: Some(mother),
                        generation: from.generation + 1,
                        start: from.end,
                        end: LpsPoint(end),
                        start_diameter: Mm(2.0 * radius),
                        end_diameter: Mm(2.0 * radius * 0.94),
                    };
                    queue.push_back(branches.len());
                    branches.push(daughter);
                }
            }
        }
    }

    fn best_end(&self, branches: &[Branch], mother: usize, radius: f64, random: &mut Stream) -> Option<DVec3> {
        let from = &branches[mother];
        let start = from.end.0;
        let ahead = (from.end.0 - from.start.0).normalize_or(DVec3::Z);
        let side = ahead.any_orthonormal_vector();
        let other = ahead.cross(side);
        let mut best: Option<(f64, DVec3)> = None;
        for attempt in 0..40 {
            let turn = random.between(0.0, std::f64::consts::TAU);
            let bend = random.between(18.0, 58.0).to_radians();
            let shorter = if attempt < 24 { 1.0 } else { 0.6 };
            let length = self.length * radius.max(1.6) * random.between(0.8, 1.2) * shorter;
            let way = ahead * bend.cos() + (side * turn.cos() + other * turn.sin()) * bend.sin();
            let end = start + way * length;
            let mut room = f64::INFINITY;
            let mut free = true;
            for t in [0.5, 0.75, 1.0] {
                let at = start.lerp(end, t);
                if self.within.within(at, 0.0) > -(self.depth + radius)
                    || self.avoid.iter().any(|o| o.distance(at) < radius + self.clearance)
                {
                    free = false;
                    break;
                }
            }
            if !free {
                continue;
            }
            for (number, branch) in branches.iter().enumerate() {
                if number == mother {
                    continue;
                }
                let sister = branch.parent == Some(mother);
                let gap = branch.cone().distance(end) - radius;
                if gap < 1.0 || (!sister && branch.cone().distance(start.lerp(end, 0.6)) - radius < 0.8) {
                    free = false;
                    break;
                }
                room = room.min(gap);
            }
            if free && best.is_none_or(|(most, _)| room > most) {
                best = Some((room, end));
            }
        }
        best.map(|(_, end)| end)
    }
}
