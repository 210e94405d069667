//! What the environment variables ask for.

use std::path::PathBuf;

use crate::log::Log;
use crate::model::state::Runtime;
use crate::model::world::World;
use crate::script::Script;

/// The script's file.
pub const SCRIPT: &str = "OPENXR_SIMULATOR_SCRIPT";
/// The path of the socket to listen on.
pub const SOCKET: &str = "OPENXR_SIMULATOR_SOCKET";
/// The folder for pictures.
pub const OUT: &str = "OPENXR_SIMULATOR_OUT";
/// The log: `stderr` or a file.
pub const LOG: &str = "OPENXR_SIMULATOR_LOG";

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where pictures are saved.
pub(crate) fn output_folder() -> PathBuf {
    variable(OUT).map_or_else(|| std::env::temp_dir().join("openxr-simulator"), PathBuf::from)
}

/// The runtime as the environment wants it. What cannot be had is told when an instance is asked for.
pub(crate) fn runtime() -> Runtime {
    let (log, log_error) = match Log::new(variable(LOG).as_deref()) {
        Ok(log) => (Some(log), None),
        Err(error) => (Log::new(None).ok(), Some(format!("{LOG}: {error}"))),
    };
    let (script, script_error) = match variable(SCRIPT).map(|path| read_script(&path)) {
        None => (Script::default(), None),
        Some(Ok(script)) => (script, None),
        Some(Err(error)) => (Script::default(), Some(error)),
    };
    let mut runtime = Runtime::new(World::new(), script, log.unwrap_or_default());
    runtime.unusable = log_error.or(script_error);
    if let Some(why) = runtime.unusable.clone() {
        // The loader swallows codes, so say it where it is seen.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("openxr-simulator: {why}\n").as_bytes());
    }
    runtime
}

fn read_script(path: &str) -> Result<Script, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{SCRIPT}={path}: {error}"))?;
    Script::parse(&text).map_err(|error| format!("{SCRIPT}={path}: {error}"))
}

/// Opens the socket, once, if there is to be one.
pub(crate) fn serve() {
    #[cfg(unix)]
    if let Some(path) = variable(SOCKET) {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            std::thread::spawn(move || crate::script::socket::serve(&PathBuf::from(path)));
        });
    }
}
