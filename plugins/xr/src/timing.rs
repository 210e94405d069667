//! Frames: how long they take, how many come too late, and how finely they can be drawn.

use std::collections::VecDeque;
use std::time::Duration;

/// A frame's costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrameCost {
    /// The processor's work on the main thread, from the runtime's wake-up to the next wait.
    pub main: Duration,
    /// The processor's work on the render thread, without waiting for images.
    pub render: Duration,
    /// How long the runtime held the app in its wait.
    pub waited: Duration,
    /// Displays that passed without a new picture before this one.
    pub missed: u32,
    /// Share of the pixels along a side that was drawn.
    pub scale: f32,
}

/// Frames that have been shown.
#[derive(Clone, Debug, Default)]
pub struct FrameTimes {
    recent: VecDeque<FrameCost>,
    /// How many frames were shown.
    pub shown: u64,
    /// How many displays passed without a new picture.
    pub missed: u64,
    last_display: Option<i64>,
}

/// Frames that are remembered: some seconds.
const REMEMBERED: usize = 512;

impl FrameTimes {
    /// How many displays were missed before the one at this time, both nanoseconds. The first frame after a pause misses
    /// none.
    ///
    /// ```
    /// use fabrica_xr::FrameTimes;
    /// let mut times = FrameTimes::default();
    /// // At 100 Hz a display every 10 ms; the one at 20 ms was missed.
    /// assert_eq!([10, 30, 40].map(|ms| times.missed_before(ms * 1_000_000, 10_000_000)), [0, 1, 0]);
    /// ```
    pub fn missed_before(&mut self, display: i64, period: i64) -> u32 {
        let missed = match self.last_display.replace(display) {
            Some(last) if period > 0 && display > last => {
                // Rounded: runtimes' predictions shake a little.
                ((display - last + period / 2) / period - 1).clamp(0, 10_000) as u32
            }
            _ => 0,
        };
        self.missed += u64::from(missed);
        missed
    }

    /// The display pauses: the next frame is the first again.
    pub fn pause(&mut self) {
        self.last_display = None;
    }

    /// A frame was shown.
    pub fn add(&mut self, cost: FrameCost) {
        self.shown += 1;
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(cost);
    }

    /// The latest frames.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = &FrameCost> {
        self.recent.iter()
    }

    /// The median of something over the latest frames; zero without any.
    pub fn median(&self, of: impl Fn(&FrameCost) -> Duration) -> Duration {
        let mut all: Vec<Duration> = self.recent.iter().map(of).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied().unwrap_or_default()
    }

    /// Missed displays per 10,000.
    pub fn missed_per_ten_thousand(&self) -> f64 {
        self.missed as f64 * 10_000.0 / (self.shown + self.missed).max(1) as f64
    }
}

/// Holds the display's rate by drawing fewer pixels.
///
/// The display is the judge: missed displays lower the scale at once, and it rises slowly while the runtime has time left to
/// wait. A step down is larger than a step up and is followed by a pause, so that the picture does not pump.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResolutionControl {
    scale: f32,
    /// Frames since the last change.
    calm: u32,
    /// Missed displays since the last change.
    missed: u32,
    /// Frames with time left since the last change.
    easy: u32,
}

const LEAST: f32 = 0.4;
const DOWN: f32 = 0.85;
const UP: f32 = 1.05;
/// Frames after a change until the next.
const PAUSE: u32 = 20;
/// Missed displays in a row of frames that make it change.
const TOO_MANY: u32 = 2;
/// Frames with time left before it grows.
const EASY: u32 = 180;
/// Share of the period that must be left.
const LEFT: f32 = 0.25;

impl Default for ResolutionControl {
    fn default() -> Self {
        Self { scale: 1.0, calm: 0, missed: 0, easy: 0 }
    }
}

impl ResolutionControl {
    /// Share of the pixels along a side to draw.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// Takes a frame: how many displays it missed, and which share of the period the runtime waited.
    pub fn take(&mut self, missed: u32, share_waited: f32) {
        self.calm += 1;
        self.missed += missed;
        self.easy = if missed == 0 && share_waited > LEFT { self.easy + 1 } else { 0 };
        if self.calm < PAUSE {
            return;
        }
        if self.missed >= TOO_MANY && self.scale > LEAST {
            self.change((self.scale * DOWN).max(LEAST));
        } else if self.easy >= EASY && self.scale < 1.0 {
            self.change((self.scale * UP).min(1.0));
        } else if self.calm >= 4 * PAUSE {
            // A single miss now and then is nobody's fault.
            (self.calm, self.missed) = (PAUSE, 0);
        }
    }

    fn change(&mut self, scale: f32) {
        *self = Self { scale, calm: 0, missed: 0, easy: 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_is_too_slow_draws_less_until_it_is_not() {
        let mut control = ResolutionControl::default();
        // In time only below 0.6 of the side.
        for _ in 0..2000 {
            let slow = control.scale() > 0.6;
            control.take(u32::from(slow), if slow { 0.0 } else { 0.1 });
        }
        assert!((0.4..0.61).contains(&control.scale()), "{}", control.scale());
    }

    #[test]
    fn it_grows_back_when_there_is_time_and_never_over_all() {
        let mut control = ResolutionControl { scale: 0.5, ..Default::default() };
        for _ in 0..10_000 {
            control.take(0, 0.6);
        }
        assert_eq!(control.scale(), 1.0);
    }

    #[test]
    fn one_miss_changes_nothing() {
        let mut control = ResolutionControl::default();
        for frame in 0..1000 {
            control.take(u32::from(frame % 100 == 50), 0.1);
        }
        assert_eq!(control.scale(), 1.0);
    }

    #[test]
    fn it_never_vanishes() {
        let mut control = ResolutionControl::default();
        for _ in 0..10_000 {
            control.take(5, 0.0);
        }
        assert_eq!(control.scale(), LEAST);
    }

    #[test]
    fn a_pause_of_the_display_is_no_miss() {
        let mut times = FrameTimes::default();
        times.missed_before(0, 10);
        times.pause();
        assert_eq!(times.missed_before(1000, 10), 0);
        assert_eq!(times.missed_before(1020, 10), 1);
        assert_eq!(times.missed, 1);
    }
}
