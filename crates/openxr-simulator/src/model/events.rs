//! Events for `xrPollEvent`.

use std::collections::VecDeque;

use openxr_sys::{ReferenceSpaceType, SessionState};

use super::track::Nanos;

/// One event; `session` is the raw handle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Event {
    InstanceLossPending { at: Nanos },
    SessionState { session: u64, state: SessionState, at: Nanos },
    ReferenceSpaceChange { session: u64, space: ReferenceSpaceType, at: Nanos },
    InteractionProfileChanged { session: u64 },
    RefreshRate { from: f32, to: f32 },
    UserPresence { session: u64, present: bool },
    Lost { count: u32 },
}

/// What waits to be polled.
#[derive(Debug, Default)]
pub(crate) struct Events {
    queue: VecDeque<Event>,
    lost: u32,
}

/// More are lost, as the specification allows (2.20.1).
const CAPACITY: usize = 256;

impl Events {
    pub(crate) fn push(&mut self, event: Event) {
        if self.queue.len() < CAPACITY {
            self.queue.push_back(event);
        } else {
            self.lost += 1;
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        if self.lost > 0 && self.queue.len() < CAPACITY {
            return Some(Event::Lost { count: std::mem::take(&mut self.lost) });
        }
        self.queue.pop_front()
    }

    /// Events of a session that is no more are discarded.
    pub(crate) fn forget(&mut self, gone: u64) {
        self.queue.retain(|event| {
            !matches!(event, Event::SessionState { session, .. }
                | Event::ReferenceSpaceChange { session, .. }
                | Event::InteractionProfileChanged { session }
                | Event::UserPresence { session, .. } if *session == gone)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_are_counted() {
        let mut events = Events::default();
        for _ in 0..300 {
            events.push(Event::InteractionProfileChanged { session: 1 });
        }
        assert_eq!(events.pop(), Some(Event::InteractionProfileChanged { session: 1 }));
        assert_eq!(events.pop(), Some(Event::Lost { count: 44 }));
    }

    #[test]
    fn a_dead_sessions_events_go() {
        let mut events = Events::default();
        events.push(Event::InteractionProfileChanged { session: 1 });
        events.push(Event::RefreshRate { from: 72.0, to: 90.0 });
        events.forget(1);
        assert_eq!(events.pop(), Some(Event::RefreshRate { from: 72.0, to: 90.0 }));
        assert_eq!(events.pop(), None);
    }
}
