//! The environment in which a program finds the simulator, and a line to it.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Capture;
use crate::{LOG, OUT, SCRIPT, SOCKET};

/// Why the simulator cannot be used here.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// The runtime's library is not where Cargo builds it.
    #[error("{0} is not built: run `cargo build -p fabrica-openxr-simulator`")]
    Library(String),
    /// The Khronos loader.
    #[error("the OpenXR loader is not installed (Debian: libopenxr-loader1)")]
    Loader,
    /// The disk.
    #[error("{path}: {error}")]
    Disk {
        /// What was to be written or read.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The program under test.
    #[error("{0}")]
    Answer(String),
}

const LIBRARY: &str =
    if cfg!(target_os = "macos") { "libfabrica_openxr_simulator.dylib" } else { "libfabrica_openxr_simulator.so" };

/// The runtime's library: beside the running test or program, where Cargo puts both.
fn library() -> Result<PathBuf, Missing> {
    let missing = || Missing::Library(LIBRARY.to_owned());
    let here = std::env::current_exe().map_err(|_| missing())?;
    let folders = here.ancestors().skip(1).take(3).flat_map(|folder| [folder.to_owned(), folder.join("deps")]);
    folders.map(|folder| folder.join(LIBRARY)).find(|path| path.is_file()).ok_or_else(missing)
}

/// The Khronos loader's library, if it is installed where Linux systems put it.
#[must_use]
pub fn loader() -> Option<PathBuf> {
    let machine = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    let folders = [machine.as_str(), "/usr/lib64", "/usr/lib", "/usr/local/lib", "/usr/local/lib64"];
    folders.iter().map(|folder| Path::new(folder).join("libopenxr_loader.so.1")).find(|path| path.exists())
}

/// A simulated headset for one program: files in a folder.
#[derive(Debug)]
pub struct Headset {
    folder: PathBuf,
}

impl Headset {
    /// Prepares `folder` (made if need be): the runtime's manifest, and a name under which programs that ask for
    /// `libopenxr_loader.so` find the installed `libopenxr_loader.so.1`.
    ///
    /// # Errors
    /// [`Missing`], if the library is not built, the loader not installed, or the folder cannot be written.
    pub fn new(folder: &Path) -> Result<Self, Missing> {
        let library = library()?;
        let loader = loader().ok_or(Missing::Loader)?;
        let disk = |path: &Path| {
            let path = path.to_owned();
            move |error| Missing::Disk { path, error }
        };
        std::fs::create_dir_all(folder).map_err(disk(folder))?;
        let folder = folder.canonicalize().map_err(disk(folder))?;
        let headset = Self { folder };
        let manifest = json!({
            "file_format_version": "1.0.0",
            "runtime": { "name": "Fabrica OpenXR simulator", "library_path": library },
        });
        headset.put("runtime.json", &format!("{manifest:#}\n"))?;
        #[cfg(unix)]
        {
            let link = headset.folder.join("libopenxr_loader.so");
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(loader, &link).map_err(disk(&link))?;
        }
        Ok(headset)
    }

    fn put(&self, name: &str, text: &str) -> Result<(), Missing> {
        let path = self.folder.join(name);
        let written = std::fs::File::create(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| Missing::Disk { path, error })
    }

    /// The script that the program will run under (see the crate's documentation).
    ///
    /// # Errors
    /// [`Missing::Disk`].
    pub fn script(&self, lines: &str) -> Result<(), Missing> {
        self.put("script.jsonl", lines)
    }

    /// Where pictures are saved.
    #[must_use]
    pub fn pictures(&self) -> PathBuf {
        self.folder.join("pictures")
    }

    /// What the runtime has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log.txt")).unwrap_or_default()
    }

    /// The environment variables that a program needs to find the simulator.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let path = |name: &str| self.folder.join(name).into_os_string();
        let mut libraries = self.folder.clone().into_os_string();
        if let Some(others) = std::env::var_os("LD_LIBRARY_PATH") {
            libraries.push(":");
            libraries.push(others);
        }
        let mut variables = vec![
            ("XR_RUNTIME_JSON", path("runtime.json")),
            ("LD_LIBRARY_PATH", libraries),
            (SOCKET, self.socket().into_os_string()),
            (OUT, path("pictures")),
            (LOG, path("log.txt")),
        ];
        if self.folder.join("script.jsonl").exists() {
            variables.push((SCRIPT, path("script.jsonl")));
        }
        variables
    }

    /// A socket's path may have about 100 characters only; a deep folder would be too long.
    fn socket(&self) -> PathBuf {
        let plain = self.folder.join("socket");
        if plain.as_os_str().len() < 100 {
            return plain;
        }
        let hash = plain
            .as_os_str()
            .as_encoded_bytes()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        std::env::temp_dir().join(format!("openxr-simulator-{hash:016x}"))
    }

    /// A command that runs under the simulator.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(self.environment());
        command
    }

    /// Waits for the program to make its OpenXR instance, and opens a line to the runtime in it.
    ///
    /// # Errors
    /// [`Missing::Answer`] after `patience`.
    #[cfg(unix)]
    pub fn connect(&self, patience: Duration) -> Result<Remote, Missing> {
        Remote::open(&self.socket(), self.pictures(), patience)
            .map_err(|error| Missing::Answer(format!("{error}; the runtime's log:\n{}", self.log())))
    }
}

/// A line to the runtime inside a running program.
#[cfg(unix)]
#[derive(Debug)]
pub struct Remote {
    reader: BufReader<std::os::unix::net::UnixStream>,
    pictures: PathBuf,
}

#[cfg(unix)]
impl Remote {
    /// A line to the runtime that this process itself runs under.
    ///
    /// # Errors
    /// [`Missing::Answer`], if the environment names no socket or nobody answers there.
    pub fn of_environment(patience: Duration) -> Result<Self, Missing> {
        let socket = std::env::var_os(SOCKET).ok_or_else(|| Missing::Answer(format!("{SOCKET} is not set")))?;
        Self::open(Path::new(&socket), crate::environment::output_folder(), patience)
    }

    fn open(socket: &Path, pictures: PathBuf, patience: Duration) -> Result<Self, Missing> {
        let started = Instant::now();
        loop {
            match std::os::unix::net::UnixStream::connect(socket) {
                Ok(stream) => return Ok(Self { reader: BufReader::new(stream), pictures }),
                Err(error) if started.elapsed() > patience => {
                    let seconds = patience.as_secs_f32();
                    return Err(Missing::Answer(format!("no OpenXR instance after {seconds} s ({error})")));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// Says a command (see the crate's documentation) and waits for its answer, a JSON object.
    ///
    /// # Errors
    /// [`Missing::Answer`] with the runtime's words, or when the program is gone.
    pub fn say(&mut self, command: &Value) -> Result<Value, Missing> {
        let gone = |error: std::io::Error| Missing::Answer(format!("{command}: the program is gone: {error}"));
        self.reader.get_mut().write_all(format!("{command}\n").as_bytes()).map_err(gone)?;
        let mut line = String::new();
        if self.reader.read_line(&mut line).map_err(gone)? == 0 {
            return Err(Missing::Answer(format!("{command}: the program is gone")));
        }
        let answer: Value = serde_json::from_str(&line).map_err(|error| Missing::Answer(format!("{line}: {error}")))?;
        if answer.get("ok") == Some(&Value::Bool(true)) {
            Ok(answer)
        } else {
            Err(Missing::Answer(format!("{command}: {answer}")))
        }
    }

    /// Saves the next frame that has layers, and reads it.
    ///
    /// # Errors
    /// [`Missing`], when there is no such frame within a minute or its files cannot be read.
    pub fn capture(&mut self, name: &str) -> Result<Capture, Missing> {
        self.say(&json!({ "do": "capture", "name": name }))?;
        Capture::load(&self.pictures, name)
    }
}
