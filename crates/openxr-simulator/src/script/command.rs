//! The commands, as they are written: one JSON object a line. Described for users in the crate's documentation.

use glam::{DQuat, DVec3, EulerRot};
use openxr_sys::SessionState;
use serde::Deserialize;
use serde_json::Value;

use crate::model::devices::Side;
use crate::model::pose::Pose;

/// A line of a script: a command and perhaps when.
#[derive(Debug)]
pub(crate) struct Line {
    pub at: Option<Until>,
    pub command: Command,
}

/// What to wait for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Until {
    /// The so-many-th frame of the process.
    Frame(u64),
    /// So many frames from now.
    Frames(u64),
    /// So long from now.
    Nanos(i64),
    /// So long after the first session began.
    Time(i64),
    State(SessionState),
}

/// What can be told to the simulator.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Command {
    Display(Display),
    System(System),
    Clock {
        simulated: Option<bool>,
        latency_periods: Option<i64>,
    },
    Head(PoseSpec),
    Hand(HandPose),
    Track {
        of: Tracked,
        on: bool,
    },
    Controllers {
        profile: Option<String>,
        hand: Option<Side>,
    },
    Press {
        hand: Side,
        input: String,
        #[serde(default = "one")]
        value: f64,
    },
    Release {
        hand: Side,
        input: String,
    },
    Click {
        hand: Side,
        input: String,
        #[serde(default = "three")]
        frames: u64,
    },
    Stick {
        hand: Side,
        x: f64,
        y: f64,
        #[serde(default = "thumbstick")]
        input: String,
    },
    Shape {
        hand: Side,
        shape: Option<String>,
        curls: Option<[f64; 5]>,
        pinch: Option<f64>,
    },
    Joints {
        hand: Side,
        joints: Option<Vec<[f64; 8]>>,
    },
    Headset {
        worn: bool,
    },
    Standby {
        on: bool,
    },
    Visible {
        on: bool,
    },
    Focus {
        on: bool,
    },
    Exit,
    Recentre,
    Bounds {
        size: Option<[f64; 2]>,
    },
    RefreshRate {
        hz: f32,
    },
    Fail {
        function: String,
        result: String,
        #[serde(default = "always")]
        times: u32,
    },
    Fault(Fault),
    Capture {
        name: Option<String>,
    },
    CaptureEvery {
        frames: u64,
    },
    Wait(Wait),
    Note {
        text: String,
    },
    State,
    Problems,
    Haptics,
}

fn one() -> f64 {
    1.0
}
fn three() -> u64 {
    3
}
fn always() -> u32 {
    u32::MAX
}
fn thumbstick() -> String {
    "thumbstick".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Display {
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub rates: Option<Vec<f32>>,
    pub eye_distance_mm: Option<f64>,
    pub fov_degrees: Option<[f64; 4]>,
    pub blend_modes: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct System {
    pub name: Option<String>,
    pub hand_tracking: Option<bool>,
    pub formats: Option<Vec<String>>,
    /// Extensions that this runtime shall not have.
    pub without: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tracked {
    Head,
    Left,
    Right,
    LeftFingers,
    RightFingers,
}

/// A pose, in the stage (metres), and how long it takes to get there.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PoseSpec {
    pub position: Option<[f64; 3]>,
    pub orientation: Option<[f64; 4]>,
    pub yaw_pitch_roll: Option<[f64; 3]>,
    pub look_at: Option<[f64; 3]>,
    pub over: Option<f64>,
    pub over_frames: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandPose {
    pub hand: Side,
    /// The pose is that of the ray, not of the grip.
    #[serde(default)]
    pub aim: bool,
    pub position: Option<[f64; 3]>,
    pub orientation: Option<[f64; 4]>,
    pub yaw_pitch_roll: Option<[f64; 3]>,
    pub look_at: Option<[f64; 3]>,
    pub over: Option<f64>,
    pub over_frames: Option<u64>,
}

impl HandPose {
    pub(crate) fn split(self) -> (Side, bool, PoseSpec) {
        let Self { hand, aim, position, orientation, yaw_pitch_roll, look_at, over, over_frames } = self;
        (hand, aim, PoseSpec { position, orientation, yaw_pitch_roll, look_at, over, over_frames })
    }
}

impl PoseSpec {
    /// The pose; what is not said stays as it is in `now`.
    pub(crate) fn pose(&self, now: Pose) -> Result<Pose, String> {
        let position = self.position.map_or(now.position, DVec3::from_array);
        let given = [self.orientation.is_some(), self.yaw_pitch_roll.is_some(), self.look_at.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            return Err("give one of orientation, yaw_pitch_roll and look_at".to_owned());
        }
        let orientation = if let Some([x, y, z, w]) = self.orientation {
            let turn = DQuat::from_xyzw(x, y, z, w);
            if !turn.is_finite() || (turn.length() - 1.0).abs() > 0.01 {
                return Err("orientation is no unit quaternion [x, y, z, w]".to_owned());
            }
            turn.normalize()
        } else if let Some([yaw, pitch, roll]) = self.yaw_pitch_roll {
            DQuat::from_euler(EulerRot::YXZ, yaw.to_radians(), pitch.to_radians(), roll.to_radians())
        } else if let Some(target) = self.look_at {
            Pose::looking_at(position, DVec3::from_array(target)).ok_or("look_at is the position itself")?.orientation
        } else {
            now.orientation
        };
        if !position.is_finite() || !orientation.is_finite() {
            return Err("the pose is not finite".to_owned());
        }
        Ok(Pose::new(position, orientation))
    }
}

#[derive(Debug, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Fault {
    SessionLoss {
        #[serde(default)]
        after: f64,
    },
    InstanceLoss {
        #[serde(default)]
        after: f64,
    },
    RuntimeDeath,
    RuntimeBack,
    SlowCompositor {
        ms: f64,
    },
    NoHeadset {
        on: bool,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wait {
    frames: Option<u64>,
    seconds: Option<f64>,
    state: Option<String>,
    /// On the socket: give up after so many seconds.
    pub timeout: Option<f64>,
}

/// Seconds of a script as nanoseconds: 0 to a day.
pub(crate) fn nanos(seconds: f64) -> Result<i64, String> {
    if !(0.0..=86_400.0).contains(&seconds) {
        return Err(format!("{seconds} s: a time lies between 0 and 86400 s"));
    }
    Ok((seconds * 1e9) as i64)
}

/// A number of frames that a script may wait for or move over.
pub(crate) fn frames(count: u64) -> Result<u64, String> {
    if count > 100_000_000 {
        return Err(format!("{count} frames are too many"));
    }
    Ok(count)
}

impl Wait {
    pub(crate) fn until(&self) -> Result<Until, String> {
        match (self.frames, self.seconds, &self.state) {
            (Some(count), None, None) => Ok(Until::Frames(frames(count)?)),
            (None, Some(seconds), None) => Ok(Until::Nanos(nanos(seconds)?)),
            (None, None, Some(state)) => Ok(Until::State(session_state(state)?)),
            _ => Err("wait for one of frames, seconds and state".to_owned()),
        }
    }
}

fn session_state(name: &str) -> Result<SessionState, String> {
    (0..=9)
        .map(SessionState::from_raw)
        .find(|state| format!("{state:?}") == name)
        .ok_or_else(|| format!("\"{name}\" is no session state: IDLE, READY, SYNCHRONIZED, VISIBLE, FOCUSED, ..."))
}

impl Line {
    /// Reads a line; `frame` and `time` say when.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let object = value.as_object_mut().ok_or("a line is one JSON object")?;
        let at = match (object.remove("frame"), object.remove("time")) {
            (None, None) => None,
            (Some(frame), None) => Some(Until::Frame(frame.as_u64().ok_or("frame is a number of frames")?)),
            (None, Some(time)) => Some(Until::Time(nanos(time.as_f64().ok_or("time is a number of seconds")?)?)),
            _ => return Err("give frame or time, not both".to_owned()),
        };
        let command = serde_json::from_value(value).map_err(|error| error.to_string())?;
        Ok(Self { at, command })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let line = Line::parse(r#"{"frame":12,"do":"press","hand":"left","input":"trigger"}"#).unwrap();
        assert_eq!(line.at, Some(Until::Frame(12)));
        assert!(matches!(line.command, Command::Press { hand: Side::Left, value: 1.0, .. }));
        assert!(matches!(Line::parse(r#"{"do":"exit"}"#).unwrap().command, Command::Exit));
        let line = Line::parse(r#"{"do":"fault","fault":"slow_compositor","ms":5}"#).unwrap();
        assert!(matches!(line.command, Command::Fault(Fault::SlowCompositor { ms: 5.0 })));
    }

    #[test]
    fn every_line_of_the_documentation_and_the_examples_is_understood() {
        let documentation = include_str!("../lib.rs");
        let lines =
            documentation.lines().filter_map(|line| line.strip_prefix("//! {\"")).map(|rest| format!("{{\"{rest}"));
        let script: Vec<String> = lines.filter(|line| line.contains("\"do\"")).collect();
        assert!(script.len() >= 8, "{script:?}");
        for line in script {
            Line::parse(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
        crate::script::Script::parse(include_str!("../../examples/look_around.jsonl")).unwrap();
    }

    #[test]
    fn torn_lines_and_wild_numbers_are_refused_in_peace() {
        let line = r#"{"frame":12,"do":"hand","hand":"left","aim":true,"position":[0,1,2],"over":1e300}"#;
        for end in 0..line.len() {
            assert!(Line::parse(&line[..end]).is_err());
        }
        assert!(nanos(1e300).is_err() && nanos(-1.0).is_err() && nanos(f64::NAN).is_err());
        assert_eq!(nanos(1.5), Ok(1_500_000_000));
        assert!(Line::parse(r#"{"time":-3,"do":"exit"}"#).is_err());
        assert!(frames(u64::MAX).is_err());
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        for bad in [
            r#"{"do":"dance"}"#,
            r#"{"do":"press","hand":"left","input":"a","valu":1}"#,
            r#"{"do":"head","positon":[0,0,0]}"#,
            r#"{"frame":1,"time":2,"do":"exit"}"#,
            r#"[1]"#,
            r#"{"do":"hand","hand":"middle"}"#,
        ] {
            assert!(Line::parse(bad).is_err(), "{bad}");
        }
        let wait = Line::parse(r#"{"do":"wait","state":"FOKUSED"}"#).unwrap();
        let Command::Wait(wait) = wait.command else { panic!() };
        assert!(wait.until().is_err());
    }

    #[test]
    fn poses() {
        let spec = PoseSpec { yaw_pitch_roll: Some([90.0, 0.0, 0.0]), ..PoseSpec::default() };
        let pose = spec.pose(Pose::at(1.0, 2.0, 3.0)).unwrap();
        assert_eq!(pose.position, DVec3::new(1.0, 2.0, 3.0));
        // A turn to the left looks along −X.
        assert!((pose.orientation * DVec3::NEG_Z - DVec3::NEG_X).length() < 1e-12);
        let both = PoseSpec { look_at: Some([0.0; 3]), ..spec };
        assert!(both.pose(Pose::IDENTITY).is_err());
    }
}
