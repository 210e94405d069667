//! The socket: a command a line comes in, an answer a line goes out.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::command::{Command, Line, Until};
use crate::abi::{lock, tell, wait_for_change};

/// A client's wait ends after so many seconds, unless it says otherwise.
const PATIENCE: f64 = 60.0;

/// Listens for the rest of the process's life.
pub(crate) fn serve(path: &Path) {
    // A socket that a dead process left behind is in the way; anything else stays.
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        let _ = std::fs::remove_file(path);
    }
    let listener = match UnixListener::bind(path) {
        Ok(listener) => listener,
        Err(error) => {
            let why = format!("cannot listen on {}: {error}", path.display());
            lock().log.problem("socket", Some("failed".to_owned()), &why);
            return;
        }
    };
    for client in listener.incoming().flatten() {
        std::thread::spawn(move || talk(&client));
    }
}

fn talk(client: &UnixStream) {
    let mut writer = client;
    for line in BufReader::new(client).lines() {
        let Ok(line) = line else { return };
        let answer = match answer(&line) {
            Ok(Value::Object(mut fields)) => {
                fields.insert("ok".to_owned(), true.into());
                Value::Object(fields)
            }
            Ok(other) => json!({ "ok": true, "answer": other }),
            Err(error) => json!({ "ok": false, "error": error }),
        };
        if writer.write_all(format!("{answer}\n").as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(text: &str) -> Result<Value, String> {
    let line = Line::parse(text)?;
    if let Some(at) = line.at {
        wait(at, PATIENCE)?;
    }
    match line.command {
        Command::Wait(wanted) => wait(wanted.until()?, wanted.timeout.unwrap_or(PATIENCE)),
        Command::Capture { name } => capture(name),
        command => {
            let answer = lock().execute(command);
            tell();
            answer
        }
    }
}

fn wait(until: Until, patience: f64) -> Result<Value, String> {
    let due = lock().due(until);
    wait_until(patience, |runtime| runtime.is_due(due))?;
    Ok(json!({ "frame": lock().world.frame }))
}

fn wait_until(patience: f64, done: impl Fn(&crate::model::state::Runtime) -> bool) -> Result<(), String> {
    let started = Instant::now();
    let mut runtime = lock();
    while !done(&runtime) {
        if started.elapsed().as_secs_f64() > patience {
            let frame = runtime.world.frame;
            return Err(format!("gave up after {patience} s, at frame {frame}"));
        }
        runtime = wait_for_change(runtime, Duration::from_millis(50));
    }
    Ok(())
}

/// Answers when the pictures are on disk.
fn capture(name: Option<String>) -> Result<Value, String> {
    let (name, before) = {
        let mut runtime = lock();
        let name = name.unwrap_or_else(|| format!("frame_{:06}", runtime.world.frame));
        let before = runtime.world.saved.len();
        runtime.execute(Command::Capture { name: Some(name.clone()) })?;
        (name, before)
    };
    wait_until(PATIENCE, |runtime| runtime.world.saved.iter().skip(before).any(|saved| *saved == name))?;
    let folder = crate::environment::output_folder();
    Ok(json!({
        "name": name,
        "description": folder.join(format!("{name}.json")),
        "left": folder.join(format!("{name}_left.png")),
        "right": folder.join(format!("{name}_right.png")),
        "stereo": folder.join(format!("{name}_stereo.png")),
    }))
}
