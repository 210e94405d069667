//! How an instrument stands.

use fabrica_approach::{ApproachError, Path, Pose};
use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_scene::input::Hands;
use glam::DVec3;

/// How much of an instrument's end the hand holds, mm.
const HELD: f64 = 40.0;
/// A drag on a slice is a direction from here on, mm.
const DRAGS: f64 = 1.0;

/// How an instrument stands: where it enters and which way; how deep is the tool's option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stand {
    /// Where it enters.
    pub entry: LpsPoint,
    /// Which way it goes, unit length.
    pub forward: LpsVector,
}

impl Stand {
    /// With its tip this deep. Its upper side is as near to superior as can be.
    pub fn pose(&self, depth: Mm) -> Result<Pose, ApproachError> {
        let target = LpsPoint(self.entry.0 + self.forward.0 * depth.0.max(1e-3));
        Pose::along(&Path { entry: self.entry, target })
    }

    /// As a drag from the entry to a point of a slice says, with its depth; nothing while that is no direction yet.
    pub fn dragged(entry: LpsPoint, to: LpsPoint) -> Option<(Self, Mm)> {
        let depth = entry.distance(to);
        let forward = LpsVector((to - entry).0.try_normalize()?);
        (depth.0 >= DRAGS).then_some((Self { entry, forward }, depth))
    }

    /// At an entry, aiming at a point, or along a line of sight where there is none.
    pub fn aiming(entry: LpsPoint, at: Option<LpsPoint>, sight: DVec3) -> Option<Self> {
        let way = at.map_or(sight, |at| (at - entry).0);
        Some(Self { entry, forward: LpsVector(way.try_normalize()?) })
    }
}

/// Where an instrument of this length is in the working hand; nothing where the hand is nowhere or the panel has it.
pub fn in_hand(hands: &Hands, length: Mm) -> Option<Pose> {
    let hand = hands.working();
    let (place, ray) = (hand.grip.place?, hand.pointer.ray?);
    if hand.pointer.taken {
        return None;
    }
    // The hand is about its end; short ones are held at the finger tips.
    let tip = ray.at(Mm((length.0 - HELD).max(HELD / 2.0)));
    // The hand's upper side; where that lies along the ray, any will do.
    Pose::new(tip, ray.direction, place.up)
        .or_else(|_| Pose::new(tip, ray.direction, LpsVector(ray.direction.0.any_orthonormal_vector())))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drag_is_a_direction_and_a_depth() -> Result<(), ApproachError> {
        let entry = LpsPoint::new(0.0, -50.0, 0.0);
        assert_eq!(Stand::dragged(entry, LpsPoint::new(0.0, -49.5, 0.0)), None);
        let Some((stand, depth)) = Stand::dragged(entry, LpsPoint::new(0.0, -20.0, 40.0)) else { unreachable!() };
        assert!((depth.0 - 50.0).abs() < 1e-9);
        let pose = stand.pose(Mm(10.0))?;
        assert!(pose.tip().distance(LpsPoint::new(0.0, -44.0, 8.0)).0 < 1e-9);
        let aimed = Stand::aiming(entry, Some(LpsPoint::new(30.0, -50.0, 0.0)), DVec3::Y).map(|s| s.forward);
        assert_eq!(aimed, Some(LpsVector::new(1.0, 0.0, 0.0)));
        assert_eq!(Stand::aiming(entry, Some(entry), DVec3::Y), None);
        Ok(())
    }
}
