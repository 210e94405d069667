//! `fabrica bench`: how the app runs on this machine.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bevy::app::AppExit;
use bevy::diagnostic::DiagnosticsStore;
use bevy::prelude::*;
use bevy::render::diagnostic::RenderDiagnosticsPlugin;
use bevy::render::renderer::RenderAdapterInfo;
use fabrica_plan::Operation;
use fabrica_raycast::Preset;
use fabrica_scene::presence::Headset;
use fabrica_scene::{Do, OpenCase, Work};
use fabrica_xr::{FrameTimes, Pacing};

use crate::app::{self, Options, Place};
use crate::author::author;
use crate::cli::{BenchArgs, BenchHeadsetArgs, BenchWhat};
use crate::terminal::say;

/// Frames between a change and the measurement: what changed is drawn by then.
const WARM_UP: u32 = 30;

/// What is measured, one after the other.
pub struct Measuring {
    frames: u32,
    looks: VecDeque<String>,
    with_case: bool,
}

/// Runs the command.
pub fn run(args: &BenchArgs) -> Result<()> {
    match &args.what {
        BenchWhat::Headset(args) => headset(args),
        BenchWhat::Render(args) => super::bench_render::run(args),
    }
}

fn headset(args: &BenchHeadsetArgs) -> Result<()> {
    let all = Preset::all()?;
    let looks: VecDeque<String> = if args.look.is_empty() {
        all.iter().map(|preset| preset.name.clone()).collect()
    } else {
        for look in &args.look {
            Preset::named(look)?;
        }
        args.look.iter().cloned().collect()
    };
    if args.frames < 10 {
        bail!("a measurement of fewer than 10 frames says nothing");
    }
    let mut paths = Vec::new();
    let mut copy = None;
    if let Some(case) = &args.case {
        // Looks are operations of the plan: they go into a copy that is thrown away.
        let folder = std::env::temp_dir().join(format!("fabrica-bench-{}", std::process::id()));
        copy_folder(case, &folder).with_context(|| format!("{} cannot be copied", case.display()))?;
        paths.push(folder.clone());
        copy = Some(folder);
    }
    let measuring = Measuring { frames: args.frames, looks, with_case: args.case.is_some() };
    let result =
        app::run(Options { paths, place: Place::Headset, bench: Some(measuring), ..Options::new(author(None)?) });
    if let Some(folder) = copy {
        std::fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
    }
    result
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// How far the measurements are.
#[derive(Resource)]
struct Bench {
    asked: Measuring,
    now: Step,
    since: u32,
    begun: FrameTimes,
}

#[derive(Clone, PartialEq)]
enum Step {
    /// The headset is waited for.
    Start,
    Room,
    /// The case is waited for.
    Opening,
    Look(String),
}

/// Measures instead of waiting for the user.
pub fn add(app: &mut App, asked: Measuring) {
    let bench = Bench { asked, now: Step::Start, since: 0, begun: FrameTimes::default() };
    app.insert_resource(bench).add_plugins(RenderDiagnosticsPlugin).add_systems(Update, measure);
}

#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
fn measure(
    mut bench: ResMut<Bench>,
    pacing: Res<Pacing>,
    headset: Res<Headset>,
    case: Res<OpenCase>,
    work: Res<Work>,
    adapter: Option<Res<RenderAdapterInfo>>,
    diagnostics: Res<DiagnosticsStore>,
    mut operations: MessageWriter<Do>,
    mut exit: MessageWriter<AppExit>,
) {
    let bench = &mut *bench;
    if !headset.shown {
        return;
    }
    bench.since += 1;
    let frames = bench.asked.frames + WARM_UP;
    let next = match &bench.now {
        Step::Start => {
            let device = adapter.as_ref().map_or("", |a| a.name.as_str());
            say(format_args!("{} on {device}, {:.0} Hz", headset.told, headset.refresh_hz));
            say("what            CPU main  CPU render  GPU an eye   waited   missed of 10,000   resolution");
            Some(if bench.asked.with_case { Step::Opening } else { Step::Room })
        }
        Step::Room => (bench.since >= frames).then(|| {
            bench.print("empty room", &pacing, &diagnostics);
            Step::Opening
        }),
        Step::Opening => {
            let settled = case.volume.is_some() && work.running.is_none() && work.beside.is_empty();
            if !bench.asked.with_case {
                exit.write(AppExit::Success);
                return;
            }
            (settled && bench.since > WARM_UP).then(|| bench.next_look()).flatten()
        }
        Step::Look(name) => {
            let name = name.clone();
            let done = bench.since >= frames;
            if done {
                bench.print(&name, &pacing, &diagnostics);
            }
            match done.then(|| bench.next_look()) {
                Some(None) => {
                    exit.write(AppExit::Success);
                    return;
                }
                Some(next) => next,
                None => None,
            }
        }
    };
    if bench.since == WARM_UP {
        bench.begun = pacing.times().clone();
    }
    let Some(next) = next else { return };
    if let (Step::Look(preset), Some(scene)) = (&next, &case.volume) {
        operations.write(Do(Operation::SetRenderPreset { volume: scene.id.clone(), preset: preset.clone() }));
    }
    (bench.now, bench.since) = (next, 0);
}

impl Bench {
    fn next_look(&mut self) -> Option<Step> {
        self.asked.looks.pop_front().map(Step::Look)
    }

    fn print(&self, what: &str, pacing: &Pacing, diagnostics: &DiagnosticsStore) {
        let now = pacing.times();
        let shown = (now.shown - self.begun.shown) as usize;
        let missed = now.missed - self.begun.missed;
        let median = |of: &dyn Fn(&fabrica_xr::FrameCost) -> Duration| {
            let mut all: Vec<Duration> = now.recent().rev().take(shown).map(of).collect();
            all.sort_unstable();
            all.get(all.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1000.0
        };
        // The passes of both eyes bear the same names; each name's average is that of one eye.
        let gpu: f64 =
            diagnostics.iter().filter(|d| d.path().as_str().ends_with("elapsed_gpu")).filter_map(|d| d.average()).sum();
        let gpu = if gpu > 0.0 { format!("{gpu:>8.2} ms") } else { "not known".into() };
        let scales: Vec<f32> = now.recent().rev().take(shown).map(|cost| cost.scale).collect();
        let least = scales.iter().copied().fold(1.0, f32::min);
        let last = scales.first().copied().unwrap_or(1.0);
        say(format_args!(
            "{what:<15} {:>5.2} ms    {:>5.2} ms  {gpu}  {:>4.1} ms   {:>8.0}           {:.0} %, at the end {:.0} %",
            median(&|c| c.main),
            median(&|c| c.render),
            median(&|c| c.waited),
            missed as f64 * 10_000.0 / (shown as u64 + missed).max(1) as f64,
            least * 100.0,
            last * 100.0,
        ));
    }
}
