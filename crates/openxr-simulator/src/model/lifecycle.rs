//! The session's states (xr spec 9.3): one step at a time, each told by an event.

use openxr_sys::SessionState;

use super::state::Within;
use crate::refusal::{Answer, refuse};

/// How far a session is on the way to being used.
fn rank(state: SessionState) -> u8 {
    match state {
        SessionState::SYNCHRONIZED => 2,
        SessionState::VISIBLE => 3,
        SessionState::FOCUSED => 4,
        SessionState::READY => 1,
        _ => 0,
    }
}

impl Within<'_> {
    /// Where the script and the application want the session to be.
    fn goal(&self) -> SessionState {
        let world = &*self.world;
        if self.session.exiting || world.standby {
            SessionState::STOPPING
        } else if !world.worn || !world.visible {
            SessionState::SYNCHRONIZED
        } else if !world.focused {
            SessionState::VISIBLE
        } else {
            SessionState::FOCUSED
        }
    }

    /// Moves on. Forwards only by one state a frame (`frame_ended`), backwards at once through all states between.
    pub(crate) fn move_on(&mut self, frame_ended: bool) {
        let goal = self.goal();
        if !self.session.running {
            if self.session.state == SessionState::IDLE {
                if self.session.exiting {
                    self.enter(SessionState::EXITING);
                } else if goal != SessionState::STOPPING {
                    self.enter(SessionState::READY);
                }
            }
            return;
        }
        loop {
            let next = match self.session.state {
                SessionState::READY if frame_ended || goal == SessionState::STOPPING => SessionState::SYNCHRONIZED,
                SessionState::SYNCHRONIZED if goal == SessionState::STOPPING => SessionState::STOPPING,
                SessionState::SYNCHRONIZED if frame_ended && rank(goal) > 2 => SessionState::VISIBLE,
                SessionState::VISIBLE if rank(goal) < 3 => SessionState::SYNCHRONIZED,
                SessionState::VISIBLE if frame_ended && rank(goal) > 3 => SessionState::FOCUSED,
                SessionState::FOCUSED if rank(goal) < 4 => SessionState::VISIBLE,
                _ => return,
            };
            let forwards = rank(next) > rank(self.session.state);
            self.enter(next);
            if forwards && goal != SessionState::STOPPING {
                return;
            }
        }
    }

    /// `xrBeginSession`, but for its arguments.
    pub(crate) fn begin(&mut self) -> Answer<()> {
        if self.session.running {
            refuse!(ERROR_SESSION_RUNNING, "the session has begun already");
        }
        if self.session.state != SessionState::READY {
            refuse!(ERROR_SESSION_NOT_READY, "the session is {:?}: wait for READY", self.session.state);
        }
        self.session.running = true;
        Ok(())
    }

    /// `xrEndSession`.
    pub(crate) fn end(&mut self) -> Answer<()> {
        self.running()?;
        if self.session.state != SessionState::STOPPING {
            refuse!(ERROR_SESSION_NOT_STOPPING, "the session is {:?}: wait for STOPPING", self.session.state);
        }
        self.session.running = false;
        self.session.frames.reset();
        self.world.clock.rest();
        self.enter(SessionState::IDLE);
        self.move_on(false);
        Ok(())
    }

    /// `xrRequestExitSession`.
    pub(crate) fn request_exit(&mut self) -> Answer<()> {
        self.running()?;
        self.session.exiting = true;
        self.move_on(false);
        Ok(())
    }

    /// Whether input reaches the application.
    pub(crate) fn focused(&self) -> bool {
        self.session.running && self.session.state == SessionState::FOCUSED
    }
}

impl Within<'_> {
    /// Whether the user sees the application.
    pub(crate) fn focused_or_visible(&self) -> bool {
        self.session.running && matches!(self.session.state, SessionState::FOCUSED | SessionState::VISIBLE)
    }
}
