//! The real binary in the simulated headset: the real OpenXR loader, the simulated runtime, a software graphics device.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The longest that anything may take on a slow machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(300);

/// The runtime's manifest, written beside the library that cargo has built; or nothing (said loudly) where something that
/// is needed is missing.
pub fn manifest(folder: &Path) -> Option<PathBuf> {
    // The test runs from `deps`, beside the library that it depends on.
    let deps = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let library = [&deps, deps.parent().unwrap()].into_iter().find_map(|folder| {
        std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).find(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with("libfabrica_openxr_simulator") && name.ends_with(std::env::consts::DLL_SUFFIX)
        })
    });
    let Some(library) = library else {
        eprintln!("SKIPPED: the simulated runtime has not been built (cargo build -p fabrica-openxr-simulator)");
        return None;
    };
    let loader =
        ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"]
            .iter()
            .any(|folder| Path::new(folder).join("libopenxr_loader.so.1").exists());
    if !loader {
        eprintln!("SKIPPED: this test needs the OpenXR loader (on Debian, the package libopenxr-loader1)");
        return None;
    }
    let path = folder.join("simulator.json");
    let text = json!({ "file_format_version": "1.0.0", "runtime": { "library_path": library } });
    std::fs::write(&path, text.to_string()).unwrap();
    Some(path)
}

/// A run of the app in the simulated headset.
pub struct Rehearsal {
    app: Child,
    socket: BufReader<UnixStream>,
    trace: PathBuf,
    errors: PathBuf,
}

impl Rehearsal {
    /// Starts `fabrica open` with these arguments. The lines are commands that the simulator obeys before anything else.
    pub fn start(folder: &Path, manifest: &Path, script: &[Value], args: &[&str]) -> Self {
        let [trace, pictures, errors, socket, commands] =
            ["trace.jsonl", "pictures", "errors.txt", "simulator.socket", "script.jsonl"].map(|name| folder.join(name));
        // Where somebody wants to look at them they are kept.
        let pictures = std::env::var_os("FABRICA_PICTURES").map_or(pictures, PathBuf::from);
        let text: String = script.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(&commands, text).unwrap();
        let app = Command::new(env!("CARGO_BIN_EXE_fabrica"))
            .arg("open")
            .args(args)
            .arg("--trace")
            .arg(&trace)
            .env("USER", "tester")
            .env("XR_RUNTIME_JSON", manifest)
            .env("OPENXR_SIMULATOR_SCRIPT", &commands)
            .env("OPENXR_SIMULATOR_SOCKET", &socket)
            .env("OPENXR_SIMULATOR_OUT", &pictures)
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        let started = Instant::now();
        let stream = loop {
            match UnixStream::connect(&socket) {
                Ok(stream) => break stream,
                Err(_) if started.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(100)),
                Err(error) => {
                    panic!("the simulator does not listen: {error}\n{}", std::fs::read_to_string(&errors).unwrap())
                }
            }
        };
        Self { app, socket: BufReader::new(stream), trace, errors }
    }

    /// Tells the simulator something; gives its answer.
    pub fn tell(&mut self, command: Value) -> Value {
        writeln!(self.socket.get_mut(), "{command}").unwrap();
        let mut line = String::new();
        self.socket.read_line(&mut line).unwrap();
        let answer: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("{command}: {line:?}\n{}", self.said()));
        assert_eq!(answer["ok"], true, "{command}: {answer}\n{}", self.said());
        answer
    }

    /// Waits until the session is in this state.
    pub fn until_state(&mut self, state: &str) {
        self.tell(json!({ "do": "wait", "state": state, "timeout": PATIENCE.as_secs_f64() }));
    }

    /// Waits until the case that was opened is shown.
    pub fn until_open(&mut self) {
        self.until_state("FOCUSED");
        self.until("case", |v| v["open"] == true && v["working"] == false);
        self.until("headset", |v| v["shown"] == true);
        self.frames(10);
    }

    /// Nothing has broken a rule of OpenXR so far.
    pub fn no_problems(&mut self) {
        let told = self.tell(json!({ "do": "problems" }));
        // The loader asks for every function that it knows; that is no use of OpenXR.
        let ours = |problem: &&Value| problem["call"] != "xrGetInstanceProcAddr";
        let problems: Vec<&Value> = told["problems"].as_array().unwrap().iter().filter(ours).collect();
        assert!(problems.is_empty(), "{problems:?}");
    }

    /// Waits for so many frames.
    pub fn frames(&mut self, frames: u64) {
        self.tell(json!({ "do": "wait", "frames": frames, "timeout": PATIENCE.as_secs_f64() }));
    }

    /// What the app last said of something.
    pub fn last(&self, what: &str) -> Value {
        let text = std::fs::read_to_string(&self.trace).unwrap_or_default();
        let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.rfind(|line| line["what"] == what).map_or(Value::Null, |line| line["value"].clone())
    }

    /// Waits until the app says of something what is expected; gives that.
    pub fn until(&mut self, what: &str, expected: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let value = self.last(what);
            if expected(&value) {
                return value;
            }
            let ended = self.app.try_wait().unwrap();
            assert!(
                started.elapsed() < PATIENCE && ended.is_none(),
                "{what} is {value} and not as expected ({ended:?})\n{}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Both eyes' pictures with what is known of them.
    pub fn capture(&mut self, name: &str) -> Capture {
        let answer = self.tell(json!({ "do": "capture", "name": name }));
        let file = |what: &str| PathBuf::from(answer[what].as_str().unwrap());
        let description = serde_json::from_slice(&std::fs::read(file("description")).unwrap()).unwrap();
        let depth = file("left").with_file_name(format!("{name}_left_depth.png"));
        Capture { description, eyes: [png_rgba(&file("left")), png_rgba(&file("right"))], depth }
    }

    /// Presses a hand's button for some frames.
    pub fn click(&mut self, hand: &str, input: &str) {
        self.tell(json!({ "do": "press", "hand": hand, "input": input }));
        self.frames(4);
        self.tell(json!({ "do": "release", "hand": hand, "input": input }));
        self.frames(4);
    }

    /// Puts a hand somewhere in the stage, pointing with its ray at a place.
    pub fn point(&mut self, hand: &str, position: [f64; 3], at: [f64; 3]) {
        self.tell(json!({ "do": "hand", "hand": hand, "aim": true, "position": position, "look_at": at }));
        self.frames(4);
    }

    /// What the app has told on its error output.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.errors).unwrap_or_default()
    }

    /// Waits for the app's end: whether it was a good one.
    pub fn end(&mut self) -> bool {
        let started = Instant::now();
        loop {
            if let Some(status) = self.app.try_wait().unwrap() {
                assert!(!self.said().contains("panicked"), "it panicked:\n{}", self.said());
                return status.success();
            }
            assert!(started.elapsed() < PATIENCE, "the app does not end\n{}", self.said());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Rehearsal {
    fn drop(&mut self) {
        let _ = self.app.kill();
        let _ = self.app.wait();
    }
}

/// A picture: width, height, RGBA.
pub type Picture = (u32, u32, Vec<u8>);

/// What was submitted in a frame.
pub struct Capture {
    /// The simulator's description.
    pub description: Value,
    /// Left and right.
    pub eyes: [Picture; 2],
    /// The left eye's depth, as a file.
    depth: PathBuf,
}

impl Capture {
    /// The left eye's depth at a pixel, 0 to 1.
    pub fn depth(&self, x: usize, y: usize) -> f64 {
        let file = BufReader::new(std::fs::File::open(&self.depth).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Grayscale, png::BitDepth::Sixteen));
        let at = (y * info.width as usize + x) * 2;
        f64::from(u16::from_be_bytes([bytes[at], bytes[at + 1]])) / 65535.0
    }
}

pub fn png_rgba(path: &Path) -> Picture {
    let mut data = Vec::new();
    std::fs::File::open(path).unwrap().read_to_end(&mut data).unwrap();
    let mut decoder = png::Decoder::new(std::io::Cursor::new(data));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    pixels.truncate(info.buffer_size());
    (info.width, info.height, pixels)
}

pub fn three(value: &Value) -> [f64; 3] {
    let list = value.as_array().unwrap_or_else(|| panic!("no place: {value}"));
    std::array::from_fn(|a| list[a].as_f64().unwrap())
}

pub fn four(value: &Value) -> [f64; 4] {
    let list = value.as_array().unwrap_or_else(|| panic!("no turn: {value}"));
    std::array::from_fn(|a| list[a].as_f64().unwrap())
}
