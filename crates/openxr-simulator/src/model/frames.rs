//! The order of the frame loop (xr spec 10.4): wait, begin, end.

use super::clock::Beat;
use crate::refusal::{Answer, Refusal};

/// A frame between `xrWaitFrame` and `xrEndFrame`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Counted over the life of the process, from 1.
    pub number: u64,
    pub beat: Beat,
    pub render: bool,
}

/// Where the frame loop is.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    waited: Option<Frame>,
    begun: Option<Frame>,
    /// A thread is inside `xrWaitFrame`.
    pub waiting: bool,
    /// The last frame of `xrWaitFrame`.
    pub newest: Option<Frame>,
}

impl Frames {
    /// Whether `xrWaitFrame` may return: the frame before it has begun.
    pub(crate) fn may_wait(&self) -> bool {
        self.waited.is_none() && !self.waiting
    }

    pub(crate) fn waited(&mut self, frame: Frame) {
        self.waited = Some(frame);
        self.newest = Some(frame);
    }

    /// `xrBeginFrame`: tells whether it gave up a frame that had begun.
    pub(crate) fn begin(&mut self) -> Answer<bool> {
        let Some(frame) = self.waited.take() else {
            return Err(Refusal::order("xrBeginFrame without an xrWaitFrame before it"));
        };
        Ok(self.begun.replace(frame).is_some())
    }

    /// The frame that `xrEndFrame` ends; it stays begun until [`Frames::end`].
    pub(crate) fn current(&self) -> Answer<Frame> {
        self.begun.ok_or_else(|| Refusal::order("xrEndFrame without an xrBeginFrame before it"))
    }

    pub(crate) fn end(&mut self) {
        self.begun = None;
    }

    pub(crate) fn reset(&mut self) {
        *self = Self { waiting: self.waiting, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u64) -> Frame {
        Frame { number, beat: Beat { wake: 1, display: 2, missed: 0 }, render: true }
    }

    #[test]
    fn the_order_is_kept() {
        let mut frames = Frames::default();
        assert!(frames.begin().is_err() && frames.current().is_err());
        frames.waited(frame(1));
        assert!(!frames.may_wait(), "the next xrWaitFrame waits for xrBeginFrame");
        assert!(!frames.begin().unwrap());
        assert!(frames.may_wait() && frames.begin().is_err());
        frames.waited(frame(2));
        assert!(frames.begin().unwrap(), "frame 1 is discarded");
        assert_eq!(frames.current().unwrap().number, 2);
        frames.end();
        assert!(frames.current().is_err());
    }
}
