//! The frame loop.

use std::time::Duration;

use openxr_sys::{
    EnvironmentBlendMode, FrameBeginInfo, FrameEndInfo, FrameState, FrameWaitInfo, Handle, Result as Code, Session,
    Time,
};

use super::call::{call, call_waiting, lock, wait_for_change};
use super::layers;
use super::pointers::{input, optional_input, output_struct};
use super::system::MAX_LAYERS;
use crate::capture;
use crate::model::frames::Frame;
use crate::model::spaces::check_time;
use crate::model::state::Runtime;
use crate::model::track::Nanos;
use crate::refusal::{Answer, Refusal, refuse};

/// So long `xrWaitFrame` waits for `xrBeginFrame` before the log says that it does.
const DUBIOUS_WAIT: u32 = 50;

pub(super) unsafe extern "system" fn wait_frame(
    session: Session,
    info: *const FrameWaitInfo,
    state: *mut FrameState,
) -> Code {
    call_waiting("xrWaitFrame", |mut runtime| {
        let raw = session.into_raw();
        let checked = (|| {
            runtime.session(raw)?.running()?;
            // SAFETY: structures of the application, checked.
            unsafe {
                optional_input(info)?;
                output_struct(state)
            }
        })();
        let out = match checked {
            Ok(out) => out,
            Err(refusal) => return (runtime, Err(refusal)),
        };
        // The frame before must have begun (xr spec 10.4.2). No error is foreseen where it never does: one waits.
        let mut turns = 0;
        loop {
            match runtime.session(raw).and_then(|within| within.running().map(|()| within.session.frames.may_wait())) {
                Ok(true) => break,
                Ok(false) => {}
                Err(refusal) => return (runtime, Err(refusal)),
            }
            turns += 1;
            if turns == DUBIOUS_WAIT {
                runtime.log.problem("xrWaitFrame", None, "has waited 5 s for the xrBeginFrame of the frame before");
            }
            runtime = wait_for_change(runtime, Duration::from_millis(100));
            runtime.run_script();
        }
        let beat = match begin_waiting(&mut runtime, raw) {
            Ok(beat) => beat,
            Err(refusal) => return (runtime, Err(refusal)),
        };
        // The wait itself must not keep others out.
        let now = runtime.now();
        if beat.wake > now {
            drop(runtime);
            std::thread::sleep(Duration::from_nanos((beat.wake - now).unsigned_abs()));
            runtime = lock();
        }
        let answer = end_waiting(&mut runtime, raw, beat).map(|frame| {
            let next = out.next();
            out.write(FrameState {
                ty: FrameState::TYPE,
                next,
                predicted_display_time: Time::from_nanos(frame.beat.display),
                predicted_display_period: openxr_sys::Duration::from_nanos(runtime.world.clock.period),
                should_render: frame.render.into(),
            });
            Code::SUCCESS
        });
        (runtime, answer)
    })
}

fn begin_waiting(runtime: &mut Runtime, session: u64) -> Answer<crate::model::clock::Beat> {
    let within = runtime.session(session)?;
    within.session.frames.waiting = true;
    let slow = within.world.slow;
    Ok(within.world.clock.next(slow))
}

fn end_waiting(runtime: &mut Runtime, session: u64, beat: crate::model::clock::Beat) -> Answer<Frame> {
    if let Ok((_, instance)) = runtime.any_session(session)
        && let Some(session) = &mut instance.session
    {
        session.frames.waiting = false;
    }
    runtime.session(session)?.running()?;
    let world = &mut runtime.world;
    world.frame += 1;
    world.counts.waited += 1;
    world.counts.missed += beat.missed;
    runtime.log.frame = world.frame;
    let number = world.frame;
    let within = runtime.session(session)?;
    let render = matches!(within.session.state, openxr_sys::SessionState::VISIBLE | openxr_sys::SessionState::FOCUSED);
    let frame = Frame { number, beat, render };
    within.session.frames.waited(frame);
    // The script's lines for this frame act before the application sees it.
    runtime.run_script();
    Ok(frame)
}

pub(super) unsafe extern "system" fn begin_frame(session: Session, info: *const FrameBeginInfo) -> Code {
    call("xrBeginFrame", |runtime| {
        let within = runtime.session(session.into_raw())?;
        // SAFETY: a structure of the application, checked.
        unsafe { optional_input(info)? };
        within.running()?;
        if within.session.frames.begin()? {
            within.world.counts.discarded += 1;
            return Ok(Code::FRAME_DISCARDED);
        }
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn end_frame(session: Session, info: *const FrameEndInfo) -> Code {
    call("xrEndFrame", |runtime| {
        let mut within = runtime.session(session.into_raw())?;
        // SAFETY: a structure of the application, checked.
        let info = unsafe { input(info)? };
        within.running()?;
        let frame = within.session.frames.current()?;
        let time = check_time(info.display_time)?;
        check_blend_mode(info.environment_blend_mode, &within.world.display.blend_modes)?;
        if info.layer_count > MAX_LAYERS {
            refuse!(ERROR_LAYER_LIMIT_EXCEEDED, "{} layers, but at most {MAX_LAYERS}", info.layer_count);
        }
        // SAFETY: the layers are checked as they are read.
        let layers = unsafe { layers::read(&within, info)? };
        if (time - frame.beat.display).abs() > within.world.clock.period {
            let off = (time - frame.beat.display) as f64 * 1e-6;
            let why = format!("displayTime is {off:+.1} ms off the predicted one of this frame");
            within.log.problem("xrEndFrame", None, &why);
        }
        if !frame.render && !layers.is_empty() {
            within.log.problem("xrEndFrame", None, "layers, although shouldRender was XR_FALSE: work for nothing");
        }
        let mut job = capture::plan(&mut within, &frame, time, info.environment_blend_mode, &layers)?;
        let watcher = std::sync::Arc::clone(&within.session.watcher);
        let deadline: Nanos = frame.beat.display;
        let copies = job.copies();
        watcher.end_frame(copies, Box::new(move |finished| job.finish(finished, deadline)))?;
        within.session.frames.end();
        if layers.is_empty() {
            within.world.counts.empty += 1;
        } else {
            within.world.counts.submitted += 1;
        }
        within.move_on(true);
        Ok(Code::SUCCESS)
    })
}

fn check_blend_mode(mode: EnvironmentBlendMode, offered: &[EnvironmentBlendMode]) -> Answer<()> {
    if offered.contains(&mode) {
        return Ok(());
    }
    if format!("{mode:?}").parse::<i32>().is_ok() {
        return Err(Refusal::invalid(format!("{} is no environment blend mode", mode.into_raw())));
    }
    refuse!(ERROR_ENVIRONMENT_BLEND_MODE_UNSUPPORTED, "{mode:?} is none of those offered: {offered:?}")
}
