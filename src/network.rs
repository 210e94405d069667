//! The command line's words for running networks.

use anyhow::{Context, Result, bail};
use fabrica_inference::{EngineChoice, RunSettings};
use fabrica_volume::{Mask, Volume};

use crate::cli::NetworkArgs;

/// The engine that was asked for.
pub fn engine(args: &NetworkArgs) -> EngineChoice {
    match &args.engine {
        None => EngineChoice::Best,
        Some(name) if name.as_os_str() == "tract" => EngineChoice::Tract,
        Some(library) => EngineChoice::OnnxRuntime(library.clone()),
    }
}

/// What a run may use.
///
/// # Errors
/// When the tile or the memory makes no sense.
pub fn settings(args: &NetworkArgs) -> Result<RunSettings> {
    let mut settings = RunSettings { mirror: !args.without_mirroring, ..RunSettings::default() };
    if let Some(threads) = args.threads {
        settings.threads = threads;
    }
    if !(args.memory > 0.0 && args.memory <= 4096.0) {
        bail!("{} GiB of memory is not over 0 and at most 4096", args.memory);
    }
    settings.memory = (args.memory * f64::from(1 << 30)) as u64;
    if let Some(text) = &args.tile {
        let sides: Result<Vec<usize>, _> = text.split('x').map(str::parse).collect();
        let sides = sides.ok().and_then(|s| <[usize; 3]>::try_from(s).ok());
        let sides = sides.filter(|s| s.iter().all(|n| (1..=1024).contains(n)));
        settings.tile = Some(sides.with_context(|| format!("`{text}` is no tile such as 64x64x64"))?);
    }
    Ok(settings)
}

/// The mean of a confidence volume over a mask on the same grid, percent.
pub fn mean_confidence(confidence: &Volume, mask: &Mask) -> f64 {
    let mut sum = 0.0;
    for run in mask.runs() {
        for i in run.start..run.end {
            sum += confidence.value([i, run.j, run.k]).unwrap_or(0.0);
        }
    }
    sum / mask.count().max(1) as f64
}
