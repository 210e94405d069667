//! Runs a program in a simulated headset:
//!
//! ```sh
//! cargo run -p fabrica-openxr-simulator --example headset -- crates/openxr-simulator/examples/look_around.jsonl \
//!     out/headset fabrica open CASE --vr
//! ```
//! The pictures that the script asks for are in `out/headset/pictures`, the runtime's log is `out/headset/log.txt`.
//! Debian's `hello_xr -g Vulkan2` (package libopenxr-utils) is a program to try.

#![allow(clippy::print_stderr, reason = "a program for the command line")]

use std::path::Path;
use std::process::ExitCode;

use fabrica_openxr_simulator::harness::Headset;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [script, folder, program, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: headset SCRIPT FOLDER PROGRAM [ARGUMENTS]");
        return ExitCode::from(2);
    };
    match run(Path::new(script), Path::new(folder), program, rest) {
        Ok(ended_well) if ended_well => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(script: &Path, folder: &Path, program: &str, rest: &[String]) -> Result<bool, Box<dyn std::error::Error>> {
    let lines = std::fs::read_to_string(script).map_err(|error| format!("{}: {error}", script.display()))?;
    let headset = Headset::new(folder)?;
    headset.script(&lines)?;
    let status = headset.command(program).args(rest).status().map_err(|error| format!("{program}: {error}"))?;
    eprintln!("{program} ended: {status}");
    let log = headset.log();
    let problems = log.lines().filter(|line| line.contains(": dubious: ") || line.contains(": XR_ERROR_"));
    for problem in problems {
        eprintln!("{problem}");
    }
    eprintln!("pictures: {}", headset.pictures().display());
    Ok(status.success())
}
