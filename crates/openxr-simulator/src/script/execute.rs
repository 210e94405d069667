//! What each command does.

use glam::{DQuat, DVec3};
use openxr_sys::{EnvironmentBlendMode, ReferenceSpaceType, Result as Code, SessionState};
use serde_json::{Value, json};

use super::command::{Command, Display, Fault, PoseSpec, System, Tracked, frames, nanos};
use crate::model::devices::{Side, grip_from_aim};
use crate::model::events::Event;
use crate::model::extensions;
use crate::model::pose::Pose;
use crate::model::profiles;
use crate::model::skeleton::Shape;
use crate::model::state::Runtime;
use crate::model::track::Nanos;
use crate::model::world::Failure;

impl Runtime {
    /// Runs a command. What it answers is what a client of the socket gets.
    pub(crate) fn execute(&mut self, command: Command) -> Result<Value, String> {
        match command {
            Command::Display(display) => self.set_display(display)?,
            Command::System(system) => self.set_system(system)?,
            Command::Clock { simulated, latency_periods } => {
                self.world.clock.simulated = simulated.unwrap_or(self.world.clock.simulated);
                self.world.clock.latency = latency_periods.unwrap_or(self.world.clock.latency).clamp(1, 10);
            }
            Command::Head(spec) => {
                let start = self.motion_start();
                let pose = spec.pose(self.world.head.at(start))?;
                let over = self.duration(&spec)?;
                self.world.head.move_to(start, pose, over);
            }
            Command::Hand(hand) => {
                let (side, aim, spec) = hand.split();
                let start = self.motion_start();
                let to_aim = if aim { grip_from_aim() } else { Pose::IDENTITY };
                let pose = spec.pose(self.world.hand(side).grip.at(start) * to_aim)? * to_aim.inverse();
                let over = self.duration(&spec)?;
                self.world.hand_mut(side).grip.move_to(start, pose, over);
            }
            Command::Track { of, on } => match of {
                Tracked::Head => self.world.head.tracked = on,
                Tracked::Left => self.world.hand_mut(Side::Left).grip.tracked = on,
                Tracked::Right => self.world.hand_mut(Side::Right).grip.tracked = on,
                Tracked::LeftFingers => self.world.hand_mut(Side::Left).fingers_tracked = on,
                Tracked::RightFingers => self.world.hand_mut(Side::Right).fingers_tracked = on,
            },
            Command::Controllers { profile, hand } => self.set_controllers(profile.as_deref(), hand)?,
            Command::Press { hand, input, value } => self.press(hand, &input, value)?,
            Command::Release { hand, input } => self.press(hand, &input, 0.0)?,
            Command::Click { hand, input, frames: count } => {
                let release = self.world.frame + frames(count)?;
                self.press(hand, &input, 1.0)?;
                self.script.later.push((release, Command::Release { hand, input }));
            }
            Command::Stick { hand, x, y, input } => {
                let reach = DVec3::new(x, y, 0.0).length();
                if !reach.is_finite() || reach > 1.000_001 {
                    return Err("a stick reaches no further than 1".to_owned());
                }
                let inputs = &mut self.world.hand_mut(hand).inputs;
                inputs.insert(format!("{input}/x"), x);
                inputs.insert(format!("{input}/y"), y);
            }
            Command::Shape { hand, shape, curls, pinch } => {
                let hand = self.world.hand_mut(hand);
                if let Some(name) = shape {
                    hand.shape = Shape::named(&name).ok_or("the shapes are open, fist, point and pinch")?;
                }
                hand.shape.curls = curls.unwrap_or(hand.shape.curls);
                hand.shape.pinch = pinch.unwrap_or(hand.shape.pinch);
                hand.joints = None;
            }
            Command::Joints { hand, joints } => self.set_joints(hand, joints)?,
            Command::Headset { worn } => {
                self.world.worn = worn;
                if let Some(instance) = &mut self.instance
                    && instance.has("XR_EXT_user_presence")
                    && let Some(session) = &instance.session
                {
                    instance.events.push(Event::UserPresence { session: session.raw, present: worn });
                }
                self.settle();
            }
            Command::Standby { on } => {
                self.world.standby = on;
                self.settle();
            }
            Command::Visible { on } => {
                self.world.visible = on;
                self.settle();
            }
            Command::Focus { on } => {
                self.world.focused = on;
                self.settle();
            }
            Command::Exit => {
                let mut session = self.scripted_session()?;
                session.session.exiting = true;
                session.move_on(false);
            }
            Command::Recentre => self.recentre(),
            Command::Bounds { size } => {
                if size.is_some_and(|size| !size.iter().all(|length| (0.0..=1000.0).contains(length))) {
                    return Err("bounds are width and depth, 0 to 1000 m".to_owned());
                }
                self.world.bounds = size.map(|[width, depth]| (width, depth));
                self.space_changed(&[ReferenceSpaceType::STAGE]);
            }
            Command::RefreshRate { hz } => {
                if !(1.0..=1000.0).contains(&hz) {
                    return Err("a refresh rate lies between 1 and 1000 Hz".to_owned());
                }
                self.set_rate(hz);
            }
            Command::Fail { function, result, times } => {
                let result = code(&result)?;
                self.world.failures.insert(function, Failure { result, times });
            }
            Command::Fault(fault) => self.fault(fault)?,
            Command::Capture { name } => {
                let name = name.unwrap_or_else(|| format!("frame_{:06}", self.world.frame));
                if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
                    return Err("a capture's name has letters, digits, '-', '_' and '.' only".to_owned());
                }
                self.world.captures.push(name);
            }
            Command::CaptureEvery { frames } => self.world.capture_every = frames,
            Command::Wait(_) => return Err("only a script's line or a client can wait".to_owned()),
            Command::Note { text } => self.log.note(&text),
            Command::State => return Ok(self.state()),
            Command::Problems => return Ok(json!({ "problems": self.log.problems, "count": self.log.count })),
            Command::Haptics => return Ok(json!({ "haptics": self.world.haptics })),
        }
        Ok(json!({}))
    }

    /// Motions begin when the frame that is being made is shown.
    fn motion_start(&self) -> Nanos {
        let session = self.instance.as_ref().and_then(|instance| instance.session.as_ref());
        session.and_then(|session| session.frames.newest).map_or_else(|| self.now(), |frame| frame.beat.display)
    }

    fn duration(&self, spec: &PoseSpec) -> Result<Nanos, String> {
        let count = frames(spec.over_frames.unwrap_or(0))?;
        Ok(nanos(spec.over.unwrap_or(0.0))? + count as Nanos * self.world.clock.period)
    }

    fn set_display(&mut self, new: Display) -> Result<(), String> {
        let display = &mut self.world.display;
        display.width = new.width.unwrap_or(display.width);
        display.height = new.height.unwrap_or(display.height);
        if !(16..=4096).contains(&display.width) || !(16..=4096).contains(&display.height) {
            return Err("a display has 16 to 4096 pixels each way".to_owned());
        }
        if let Some(mm) = new.eye_distance_mm {
            if !(0.0..=200.0).contains(&mm) {
                return Err("eyes are 0 to 200 mm apart".to_owned());
            }
            display.eye_distance = mm / 1000.0;
        }
        if let Some(fov) = new.fov_degrees {
            let [left, right, up, down] = fov;
            if !(left < right && down < up && fov.iter().all(|angle| angle.abs() < 89.0)) {
                return Err("fov_degrees are [left, right, up, down] of the left eye, left < right, down < up".into());
            }
            display.fov_degrees = fov;
        }
        if let Some(names) = new.blend_modes {
            let known =
                [EnvironmentBlendMode::OPAQUE, EnvironmentBlendMode::ADDITIVE, EnvironmentBlendMode::ALPHA_BLEND];
            let find = |name: &String| known.iter().copied().find(|mode| format!("{mode:?}") == *name);
            let modes: Option<Vec<_>> = names.iter().map(find).collect();
            display.blend_modes = modes
                .filter(|modes| !modes.is_empty())
                .ok_or("blend_modes are OPAQUE, ADDITIVE and ALPHA_BLEND, the preferred first")?;
        }
        if let Some(rates) = new.rates {
            let first = *rates.first().ok_or("rates needs at least one rate in Hz")?;
            if !rates.iter().all(|hz| (1.0..=1000.0).contains(hz)) {
                return Err("a refresh rate lies between 1 and 1000 Hz".to_owned());
            }
            display.rates = rates;
            self.set_rate(first);
        }
        Ok(())
    }

    fn set_system(&mut self, new: System) -> Result<(), String> {
        let world = &mut self.world;
        if let Some(name) = new.name {
            world.system_name = name;
        }
        world.hand_tracking = new.hand_tracking.unwrap_or(world.hand_tracking);
        if let Some(names) = new.without {
            for name in &names {
                if !extensions::offered(false, &[]).any(|(known, _)| known == name) {
                    return Err(format!("\"{name}\" is no extension of the simulator"));
                }
            }
            world.without = names;
        }
        if let Some(formats) = new.formats {
            for name in &formats {
                if !crate::vulkan::supported().iter().any(|format| format.name == name) {
                    return Err(format!("\"{name}\" is no format of the simulator"));
                }
            }
            world.formats = Some(formats);
        }
        Ok(())
    }

    fn set_controllers(&mut self, profile: Option<&str>, hand: Option<Side>) -> Result<(), String> {
        let profile = match profile {
            None => None,
            Some(name) => {
                let full = format!("/interaction_profiles/{}", name.trim_start_matches("/interaction_profiles/"));
                Some(profiles::named(&full).ok_or_else(|| format!("\"{name}\" is no interaction profile known here"))?)
            }
        };
        for side in hand.map_or(vec![Side::Left, Side::Right], |side| vec![side]) {
            let hand = self.world.hand_mut(side);
            hand.profile = profile.map(|profile| profile.path.to_owned());
            hand.inputs.clear();
        }
        Ok(())
    }

    /// `input` is a name (`trigger`, `a`) or a component (`trigger/touch`).
    fn press(&mut self, side: Side, input: &str, value: f64) -> Result<(), String> {
        if !(-1.0..=1.0).contains(&value) {
            return Err("an input's value lies between −1 and 1".to_owned());
        }
        let component = match input {
            "trigger" | "squeeze" => format!("{input}/value"),
            _ if input.contains('/') => input.to_owned(),
            _ => format!("{input}/click"),
        };
        let hand = self.world.hand_mut(side);
        let subpath = format!("/input/{component}");
        let held = hand.profile.as_deref().and_then(profiles::named).ok_or("that hand holds no controller")?;
        let input_name = component.split('/').next().unwrap_or_default().to_owned();
        let prefix = format!("/input/{input_name}");
        let has = held.components.iter().any(|component| {
            component.subpath == subpath
                || component.subpath.strip_prefix(&prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if !has || !held.has_user(side.user()) {
            return Err(format!("{} has no input \"{input_name}\"", held.path));
        }
        if value == 0.0 {
            hand.inputs.remove(&component);
        } else {
            hand.inputs.insert(component, value);
        }
        Ok(())
    }

    fn set_joints(&mut self, side: Side, joints: Option<Vec<[f64; 8]>>) -> Result<(), String> {
        let hand = self.world.hand_mut(side);
        let Some(joints) = joints else {
            hand.joints = None;
            return Ok(());
        };
        let joints: Vec<_> = joints
            .into_iter()
            .map(|[x, y, z, qx, qy, qz, qw, radius]| {
                (Pose::new(DVec3::new(x, y, z), DQuat::from_xyzw(qx, qy, qz, qw).normalize()), radius)
            })
            .collect();
        if joints.iter().any(|(pose, radius)| {
            !pose.position.is_finite() || !pose.orientation.is_finite() || radius.is_nan() || *radius <= 0.0
        }) {
            return Err("a joint is [x, y, z, qx, qy, qz, qw, radius] with a radius above 0".to_owned());
        }
        let joints: Box<[_]> = joints.into_boxed_slice();
        hand.joints = Some(joints.try_into().map_err(|_| "a hand has 26 joints")?);
        Ok(())
    }

    fn scripted_session(&mut self) -> Result<crate::model::state::Within<'_>, String> {
        let raw = self.instance.as_ref().and_then(|instance| Some(instance.session.as_ref()?.raw));
        self.session(raw.ok_or("there is no session")?).map_err(|refusal| refusal.why)
    }

    /// The wishes of the script take effect on the session, if there is one.
    fn settle(&mut self) {
        if let Ok(mut session) = self.scripted_session() {
            session.move_on(false);
        }
    }

    fn recentre(&mut self) {
        let head = self.world.head.at(self.now());
        self.world.local = head.levelled(false);
        self.space_changed(&[ReferenceSpaceType::LOCAL, ReferenceSpaceType::LOCAL_FLOOR]);
    }

    fn space_changed(&mut self, spaces: &[ReferenceSpaceType]) {
        let at = self.now();
        if let Some(instance) = &mut self.instance
            && let Some(session) = &instance.session
        {
            for space in spaces {
                if *space != ReferenceSpaceType::LOCAL_FLOOR || instance.extensions.contains("XR_EXT_local_floor") {
                    instance.events.push(Event::ReferenceSpaceChange { session: session.raw, space: *space, at });
                }
            }
        }
    }

    /// Also what `xrRequestDisplayRefreshRateFB` does.
    pub(crate) fn set_rate(&mut self, hz: f32) {
        if let Some(from) = self.world.set_rate(hz)
            && let Some(instance) = &mut self.instance
            && instance.has("XR_FB_display_refresh_rate")
        {
            instance.events.push(Event::RefreshRate { from, to: hz });
        }
    }

    fn fault(&mut self, fault: Fault) -> Result<(), String> {
        match fault {
            Fault::SessionLoss { after } => {
                let mut session = self.scripted_session()?;
                session.session.lost_at = Some(session.now + nanos(after)?);
                session.enter(SessionState::LOSS_PENDING);
            }
            Fault::InstanceLoss { after } => {
                let at = self.now() + nanos(after)?;
                let instance = self.instance.as_mut().ok_or("there is no instance")?;
                instance.lost_at = Some(at);
                instance.events.push(Event::InstanceLossPending { at });
            }
            Fault::RuntimeDeath => self.world.dead = true,
            Fault::RuntimeBack => self.world.dead = false,
            Fault::SlowCompositor { ms } => self.world.slow = nanos(ms / 1000.0)?,
            Fault::NoHeadset { on } => self.world.no_headset = on,
        }
        Ok(())
    }

    fn state(&self) -> Value {
        let session = self.instance.as_ref().and_then(|instance| instance.session.as_ref());
        json!({
            "frame": self.world.frame,
            "instance": self.instance.is_some(),
            "session": session.map(|session| format!("{:?}", session.state)),
            "running": session.is_some_and(|session| session.running),
            "counts": self.world.counts,
            "captures_wanted": self.world.captures.len(),
            "refresh_rate": self.world.display.rate,
            "profiles": session.and_then(|session| session.attached.as_ref()).map(|attached| {
                attached.profiles.iter().map(|(user, profile)| (*user, profile.path)).collect::<std::collections::BTreeMap<_, _>>()
            }),
            "problems": self.log.count,
            "haptics": self.world.haptics.len(),
            "script": self.script_state(),
        })
    }
}

/// A result by its name in the specification.
fn code(name: &str) -> Result<Code, String> {
    let bare = name.trim_start_matches("XR_");
    (-60..=9)
        .map(Code::from_raw)
        .find(|code| format!("{code:?}") == bare)
        .ok_or_else(|| format!("\"{name}\" is no XrResult of the core specification"))
}
