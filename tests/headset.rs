//! The headset end to end: the real binary, the real OpenXR loader, the simulated runtime, software Vulkan.
//!
//! Each test is a run of its own. Software draws: where nothing depends on the picture it is small, and only the tests that
//! look for the ball to the pixel have large ones.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]
#![allow(clippy::print_stderr, reason = "skipped tests say so")]
#![allow(clippy::disallowed_methods, reason = "a test's files are its own")]

mod common;
#[path = "common/headset.rs"]
mod driving;

#[path = "headset/ball.rs"]
mod ball;
#[path = "headset/bare_hands.rs"]
mod bare_hands;
#[path = "headset/controllers.rs"]
mod controllers;
#[path = "headset/panel.rs"]
mod panel;
#[path = "headset/rehearsal.rs"]
mod rehearsal;
#[path = "headset/resolution.rs"]
mod resolution;
#[path = "headset/tools.rs"]
mod tools;

/// The simulator is linked so that cargo builds it before the tests.
use fabrica_openxr_simulator as _;
