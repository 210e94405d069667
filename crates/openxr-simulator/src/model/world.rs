//! The simulated world: what the script sets. It outlives instances and sessions.

use std::collections::BTreeMap;

use openxr_sys::{EnvironmentBlendMode, Fovf, Result as Code};

use super::clock::{Clock, period};
use super::devices::{Hand, Side};
use super::pose::Pose;
use super::track::{Nanos, Track};

/// What the display shows.
#[derive(Debug, Clone)]
pub(crate) struct Display {
    /// Pixels an eye.
    pub width: u32,
    pub height: u32,
    /// The rates that `XR_FB_display_refresh_rate` offers; the first is used at the start.
    pub rates: Vec<f32>,
    pub rate: f32,
    /// Between the eyes, metres.
    pub eye_distance: f64,
    /// Left, right, up and down angles of the left eye, degrees; the right eye's are mirrored.
    pub fov_degrees: [f64; 4],
    pub blend_modes: Vec<EnvironmentBlendMode>,
}

impl Display {
    /// An eye's field of view, radians.
    pub(crate) fn fov(&self, eye: usize) -> Fovf {
        let [left, right, up, down] = self.fov_degrees.map(|angle| angle.to_radians() as f32);
        if eye == 0 {
            Fovf { angle_left: left, angle_right: right, angle_up: up, angle_down: down }
        } else {
            Fovf { angle_left: -right, angle_right: -left, angle_up: up, angle_down: down }
        }
    }

    /// Where an eye is in the head.
    pub(crate) fn head_from_eye(&self, eye: usize) -> Pose {
        Pose::at(self.eye_distance * if eye == 0 { -0.5 } else { 0.5 }, 0.0, 0.0)
    }
}

/// A rumble that the application asked for.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Haptic {
    /// The frame in which it was asked for.
    pub frame: u64,
    pub hand: String,
    /// Nanoseconds; −1: the shortest that the device can.
    pub duration: i64,
    /// Hertz; 0: the device's choice.
    pub frequency: f32,
    /// 0 to 1; `None`: the application stopped the motor.
    pub amplitude: Option<f32>,
}

/// A call that the script lets fail.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub result: Code,
    /// How many times yet.
    pub times: u32,
}

/// Counts over the life of the process.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub(crate) struct Counts {
    /// Returns of `xrWaitFrame`.
    pub waited: u64,
    /// Successful `xrEndFrame` with at least one layer.
    pub submitted: u64,
    /// Successful `xrEndFrame` without layers.
    pub empty: u64,
    /// Begun frames given up by another `xrBeginFrame`.
    pub discarded: u64,
    /// Frames whose drawing ended after they should have been shown.
    pub late: u64,
    /// Beats of the display for which `xrWaitFrame` was called too late.
    pub missed: u64,
    /// Pictures saved.
    pub captured: u64,
}

/// Everything that is there before and after the application.
pub(crate) struct World {
    pub clock: Clock,
    pub display: Display,
    pub system_name: String,
    pub hand_tracking: bool,
    /// The swapchain formats offered, by name; `None`: all.
    pub formats: Option<Vec<String>>,
    /// Extensions that the runtime does not offer.
    pub without: Vec<String>,
    /// Width and depth of the play space, metres.
    pub bounds: Option<(f64, f64)>,
    pub head: Track,
    pub hands: [Hand; 2],
    /// Where LOCAL is in the stage.
    pub local: Pose,
    pub worn: bool,
    pub standby: bool,
    pub visible: bool,
    pub focused: bool,
    /// Frames since the process began: as many as `xrWaitFrame` returned.
    pub frame: u64,
    pub counts: Counts,
    pub haptics: Vec<Haptic>,
    pub failures: BTreeMap<String, Failure>,
    /// The headset is not plugged in.
    pub no_headset: bool,
    /// Added to every frame by a slow compositor.
    pub slow: Nanos,
    /// The runtime's process is dead: every call answers `XR_ERROR_INSTANCE_LOST`.
    pub dead: bool,
    /// Names of captures that the next frame with layers is to be saved under.
    pub captures: Vec<String>,
    /// Names of captures that have been saved.
    pub saved: Vec<String>,
    /// Every so many frames are saved.
    pub capture_every: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        let head = Pose::at(0.0, 1.6, 0.0);
        Self {
            clock: Clock::new(90.0),
            display: Display {
                width: 640,
                height: 640,
                rates: vec![90.0, 72.0, 120.0],
                rate: 90.0,
                eye_distance: 0.064,
                fov_degrees: [-50.0, 42.0, 45.0, -48.0],
                blend_modes: vec![EnvironmentBlendMode::OPAQUE, EnvironmentBlendMode::ALPHA_BLEND],
            },
            system_name: "Fabrica simulated headset".to_owned(),
            hand_tracking: true,
            formats: None,
            without: Vec::new(),
            bounds: Some((3.0, 2.0)),
            head: Track::new(head),
            hands: [Hand::new(Side::Left), Hand::new(Side::Right)],
            local: head.levelled(false),
            worn: true,
            standby: false,
            visible: true,
            focused: true,
            frame: 0,
            counts: Counts::default(),
            haptics: Vec::new(),
            failures: BTreeMap::new(),
            no_headset: false,
            slow: 0,
            dead: false,
            captures: Vec::new(),
            saved: Vec::new(),
            capture_every: 0,
        }
    }

    pub(crate) fn hand(&self, side: Side) -> &Hand {
        let [left, right] = &self.hands;
        if side == Side::Left { left } else { right }
    }

    pub(crate) fn hand_mut(&mut self, side: Side) -> &mut Hand {
        let [left, right] = &mut self.hands;
        if side == Side::Left { left } else { right }
    }

    /// Another refresh rate; returns the old one if it changed.
    pub(crate) fn set_rate(&mut self, hz: f32) -> Option<f32> {
        let old = self.display.rate;
        self.display.rate = hz;
        self.clock.period = period(hz.into());
        (old.to_bits() != hz.to_bits()).then_some(old)
    }
}
