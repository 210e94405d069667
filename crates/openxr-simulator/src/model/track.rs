//! How a tracked thing moves: poses at times, with straight motion between them.

use super::pose::{Pose, Velocity};

/// Nanoseconds of OpenXR time.
pub(crate) type Nanos = i64;

/// Poses are forgotten after so long; nothing asks for a time further back.
const MEMORY: Nanos = 10_000_000_000;

type Key = (Nanos, Pose);

/// The path of a head or hand through the stage.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    keys: Vec<Key>,
    /// Whether the tracking system sees it.
    pub tracked: bool,
}

impl Track {
    pub(crate) fn new(pose: Pose) -> Self {
        Self { keys: vec![(0, pose)], tracked: true }
    }

    /// From `start` on moves to `pose`, which is reached after `over` (0: at once).
    pub(crate) fn move_to(&mut self, start: Nanos, pose: Pose, over: Nanos) {
        let here = self.at(start);
        self.keys.retain(|(time, _)| *time < start && *time > start - MEMORY);
        if over <= 0 {
            // Two keys a nanosecond apart: a jump, which has no velocity.
            self.keys.push((start - 1, here));
            self.keys.push((start, pose));
        } else {
            self.keys.push((start, here));
            self.keys.push((start + over, pose));
        }
    }

    pub(crate) fn at(&self, time: Nanos) -> Pose {
        match self.around(time) {
            (Some(before), Some(after)) => {
                let share = (time - before.0) as f64 / (after.0 - before.0).max(1) as f64;
                before.1.between(after.1, share)
            }
            (Some(only), None) | (None, Some(only)) => only.1,
            (None, None) => Pose::IDENTITY,
        }
    }

    pub(crate) fn velocity(&self, time: Nanos) -> Velocity {
        let still = Velocity { linear: glam::DVec3::ZERO, angular: glam::DVec3::ZERO };
        let (Some(before), Some(after)) = self.around(time) else { return still };
        if after.0 - before.0 <= 1 {
            return still;
        }
        let seconds = (after.0 - before.0) as f64 * 1e-9;
        let mut turn = after.1.orientation * before.1.orientation.inverse();
        if turn.w < 0.0 {
            turn = -turn;
        }
        Velocity { linear: (after.1.position - before.1.position) / seconds, angular: turn.to_scaled_axis() / seconds }
    }

    fn around(&self, time: Nanos) -> (Option<Key>, Option<Key>) {
        let index = self.keys.partition_point(|(key, _)| *key <= time);
        (index.checked_sub(1).and_then(|i| self.keys.get(i)).copied(), self.keys.get(index).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_straight_and_stops() {
        let mut track = Track::new(Pose::at(0.0, 1.0, 0.0));
        track.move_to(1_000_000_000, Pose::at(1.0, 1.0, 0.0), 2_000_000_000);
        assert_eq!(track.at(500).position.x, 0.0);
        assert_eq!(track.at(2_000_000_000).position.x, 0.5);
        assert_eq!(track.velocity(2_000_000_000).linear.x, 0.5);
        assert_eq!(track.at(9_000_000_000).position.x, 1.0);
        assert_eq!(track.velocity(9_000_000_000).linear.x, 0.0);
    }

    #[test]
    fn a_jump_has_no_velocity() {
        let mut track = Track::new(Pose::IDENTITY);
        track.move_to(100, Pose::at(1.0, 0.0, 0.0), 0);
        assert_eq!(track.at(99).position.x, 0.0);
        assert_eq!(track.at(100).position.x, 1.0);
        assert_eq!(track.velocity(100).linear.x, 0.0);
    }

    #[test]
    fn a_new_goal_starts_from_where_it_is() {
        let mut track = Track::new(Pose::IDENTITY);
        track.move_to(1000, Pose::at(1.0, 0.0, 0.0), 1000);
        track.move_to(1500, Pose::at(0.0, 0.0, 0.0), 1000);
        assert_eq!(track.at(1500).position.x, 0.5);
        assert_eq!(track.at(2000).position.x, 0.25);
    }
}
