//! Time: OpenXR's nanoseconds, and when frames are shown.

use super::track::Nanos;
pub(crate) use crate::abi::monotonic;

/// The display's beat.
#[derive(Debug)]
pub(crate) struct Clock {
    /// `true`: every `xrWaitFrame` returns at once and time moves by exactly one period, so that a run is the same on
    /// any machine. `false`: frames come at the display's rate by the wall clock.
    pub simulated: bool,
    /// One frame.
    pub period: Nanos,
    /// Display time is so many periods after `xrWaitFrame` returns.
    pub latency: i64,
    /// When the last `xrWaitFrame` returned or will return.
    beat: Nanos,
    /// While frames run: `None`. Else when they stopped: from then on simulated time goes with the wall clock.
    idle_since: Option<Nanos>,
}

/// One turn of the frame loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Beat {
    /// When the application may go on.
    pub wake: Nanos,
    /// When the frame is shown.
    pub display: Nanos,
    /// Beats that went by without a frame since the last.
    pub missed: u64,
}

impl Clock {
    pub(crate) fn new(hz: f64) -> Self {
        let now = monotonic();
        Self { simulated: false, period: period(hz), latency: 2, beat: now, idle_since: Some(now) }
    }

    pub(crate) fn now(&self) -> Nanos {
        match (self.simulated, self.idle_since) {
            (false, _) => monotonic(),
            (true, None) => self.beat,
            (true, Some(since)) => self.beat + (monotonic() - since),
        }
    }

    /// The next frame, for somebody who asks now; `delay` is added by a slow compositor.
    pub(crate) fn next(&mut self, delay: Nanos) -> Beat {
        let first = self.idle_since.is_some();
        if first {
            self.beat = self.now();
            self.idle_since = None;
        }
        let mut missed = 0;
        if self.simulated {
            self.beat += self.period + delay;
        } else {
            let ready = monotonic() + delay;
            let beats = ((ready - self.beat).max(0) as f64 / self.period as f64).ceil().max(1.0) as i64;
            self.beat += beats * self.period;
            missed = if first { 0 } else { beats.unsigned_abs().saturating_sub(1) };
        }
        Beat { wake: self.beat, display: self.beat + self.latency * self.period, missed }
    }

    /// Frames have stopped.
    pub(crate) fn rest(&mut self) {
        self.beat = self.now();
        self.idle_since = Some(monotonic());
    }
}

/// A period in nanoseconds.
pub(crate) fn period(hz: f64) -> Nanos {
    (1e9 / hz).round() as Nanos
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simulated_time_goes_by_periods() {
        let mut clock = Clock { simulated: true, ..Clock::new(100.0) };
        let first = clock.next(0);
        let second = clock.next(0);
        assert_eq!(second.wake - first.wake, 10_000_000);
        assert_eq!(second.display - second.wake, 20_000_000);
        assert_eq!(clock.now(), second.wake);
        assert_eq!(clock.next(5_000_000).wake - second.wake, 15_000_000);
    }

    #[test]
    fn real_beats_keep_their_phase_and_count_what_was_missed() {
        let mut clock = Clock::new(1000.0);
        let first = clock.next(0);
        std::thread::sleep(std::time::Duration::from_millis(5));
        let second = clock.next(0);
        assert_eq!((second.wake - first.wake) % clock.period, 0);
        assert!(second.missed >= 3);
    }
}
