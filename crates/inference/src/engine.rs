//! The engine that runs networks: ONNX Runtime where its shared library is to be had, else tract.
//!
//! One engine serves the whole process: the library `ort` keeps one interface. It is chosen at the first call of
//! [`Engine::get`] and stays.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use fabrica_progress::Progress;
use ort::environment::Environment;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{RunOptions, Session};
use ort::value::TensorRef;

use crate::InferenceError;
use crate::onnx::OnnxFile;

/// The environment variable that names ONNX Runtime's library.
pub const LIBRARY_VARIABLE: &str = "FABRICA_ONNXRUNTIME";
/// How often a running network looks whether the user has cancelled.
const LOOK: Duration = Duration::from_millis(50);

/// Which engine to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// ONNX Runtime where it is found, else tract.
    #[default]
    Best,
    /// ONNX Runtime from this library, or an error.
    OnnxRuntime(PathBuf),
    /// tract, which is built in. Slow: about a hundred times ONNX Runtime's time, and ten times its memory.
    Tract,
}

/// The engine of this process.
#[derive(Debug)]
pub struct Engine {
    environment: Environment,
    /// What it is, in words: name, version, where from, and whether it is slow.
    pub description: String,
    /// Whether it is the slow one.
    pub is_fallback: bool,
}

static ENGINE: OnceLock<Engine> = OnceLock::new();
static CHOOSING: Mutex<()> = Mutex::new(());

impl Engine {
    /// The engine of this process; the first call chooses it.
    ///
    /// # Errors
    /// When the named library, or the one found, cannot be used. With [`EngineChoice::Best`] only when a library is there
    /// and broken: that is to be told, not passed over.
    pub fn get(choice: &EngineChoice) -> Result<&'static Self, InferenceError> {
        let _one = CHOOSING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = ENGINE.get() {
            return Ok(engine);
        }
        let engine = match choice {
            EngineChoice::OnnxRuntime(library) => Self::onnx_runtime(library)?,
            EngineChoice::Tract => Self::tract()?,
            EngineChoice::Best => match find_library() {
                Some(library) => Self::onnx_runtime(&library)?,
                None => Self::tract()?,
            },
        };
        Ok(ENGINE.get_or_init(|| engine))
    }

    fn onnx_runtime(library: &Path) -> Result<Self, InferenceError> {
        let failed = |what: String| InferenceError::Runtime(format!("{}: {what}", library.display()));
        // `ort` panics on a library that is something else; looked at first, it cannot be.
        let version = ort::util::probe(library).ok_or_else(|| failed("this is no ONNX Runtime library".into()))?;
        let builder = ort::init_from(library).map_err(|e| failed(e.to_string()))?;
        let environment =
            builder.with_name("fabrica").with_telemetry(false).build().map_err(|e| failed(e.to_string()))?;
        let description = format!("ONNX Runtime 1.{version} ({})", library.display());
        Ok(Self { environment, description, is_fallback: false })
    }

    fn tract() -> Result<Self, InferenceError> {
        ort::set_api(ort_tract::api());
        let environment = ort::init()
            .with_name("fabrica")
            .with_telemetry(false)
            .build()
            .map_err(|e| InferenceError::Runtime(e.to_string()))?;
        let description = "tract (built in; slow: about a hundred times ONNX Runtime's time)".into();
        Ok(Self { environment, description, is_fallback: true })
    }
}

/// Where ONNX Runtime's library is: the variable [`LIBRARY_VARIABLE`], the folder that `make setup` fills
/// (`$XDG_CACHE_HOME/fabrica/onnxruntime`), beside the program, or where the system keeps libraries.
pub fn find_library() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(LIBRARY_VARIABLE).filter(|v| !v.is_empty()) {
        return Some(named.into());
    }
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .filter(|v| !v.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
    let program = std::env::current_exe().ok();
    let folders = [
        cache.map(|c| c.join("fabrica/onnxruntime")),
        program.as_deref().and_then(Path::parent).map(Path::to_owned),
        Some("/usr/local/lib".into()),
        Some("/usr/lib".into()),
        Some(format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH).into()),
    ];
    folders.into_iter().flatten().find_map(|folder| library_in(&folder))
}

fn library_in(folder: &Path) -> Option<PathBuf> {
    let plain = format!("{}onnxruntime{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name == plain || name.starts_with(&format!("{plain}."))
        })
        .collect();
    found.sort();
    found.pop()
}

/// Numbers with five sides: batch, channel and three of space, the last fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// The sides.
    pub shape: [usize; 5],
    /// The numbers.
    pub data: Vec<f32>,
}

/// A network that is loaded.
#[derive(Debug)]
pub struct Network {
    /// Its file's name.
    pub name: String,
    session: Session,
}

impl Network {
    /// Loads a network that was checked.
    ///
    /// # Errors
    /// When the engine refuses it: an unknown operator, weights of the wrong shape, damage within.
    pub fn load(engine: &Engine, file: &OnnxFile, threads: usize) -> Result<Self, InferenceError> {
        let failed =
            |e: &dyn std::fmt::Display| InferenceError::Network { network: file.name.clone(), what: e.to_string() };
        let builder = Session::builder(&engine.environment).map_err(|e| failed(&e))?;
        let mut builder = builder
            .with_intra_threads(threads.max(1))
            .map_err(|e| failed(&e))?
            .with_optimization_level(GraphOptimizationLevel::All)
            .map_err(|e| failed(&e))?;
        // From memory: what was checked is what runs, and no path of the model's is followed.
        let session = builder.commit_from_memory(&file.bytes).map_err(|e| failed(&e))?;
        if session.inputs().len() != 1 || session.outputs().is_empty() {
            return Err(failed(&"one image in and at least one out are expected"));
        }
        Ok(Self { name: file.name.clone(), session })
    }

    /// Runs the network on an image of sides `shape`, the last fastest, and gives its first output.
    ///
    /// # Errors
    /// When the engine fails (too little memory, sides that do not fit), the output is not five-sided or holds numbers
    /// that are not finite, or the user cancels: a running network is then stopped at once.
    pub fn run(&mut self, data: &[f32], shape: [usize; 5], progress: &Progress) -> Result<Tensor, InferenceError> {
        progress.check()?;
        let name = self.name.clone();
        let failed = |e: &dyn std::fmt::Display| InferenceError::Network { network: name.clone(), what: e.to_string() };
        let sides = shape.map(|n| n as i64);
        let input = TensorRef::from_array_view((sides, data)).map_err(|e| failed(&e))?;
        let options = RunOptions::new().map_err(|e| failed(&e))?;
        let done = AtomicBool::new(false);
        let outputs = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    std::thread::park_timeout(LOOK);
                    if progress.is_cancelled() {
                        options.terminate().ok();
                        return;
                    }
                }
            });
            let outputs = self.session.run_with_options(ort::inputs![input], &options);
            done.store(true, Ordering::Relaxed);
            outputs
        });
        progress.check()?;
        let outputs = outputs.map_err(|e| failed(&e))?;
        let (sides, numbers) = outputs[0].try_extract_tensor::<f32>().map_err(|e| failed(&e))?;
        let sides: Vec<usize> = sides.iter().map(|&n| usize::try_from(n).unwrap_or(0)).collect();
        let Ok(shape_out) = <[usize; 5]>::try_from(sides.as_slice()) else {
            return Err(failed(&format!(
                "its output has the sides {sides:?}; batch, class and three of space are expected"
            )));
        };
        if shape_out[2..] != shape[2..] || shape_out[0] != shape[0] {
            let what =
                format!("for an image of {:?} it gave {:?}; the same size is expected", &shape[2..], &shape_out[2..]);
            return Err(failed(&what));
        }
        if numbers.iter().any(|v| !v.is_finite()) {
            return Err(InferenceError::NotFinite {
                network: self.name.clone(),
                at: format!("a tile of {:?}", &shape[2..]),
            });
        }
        Ok(Tensor { shape: shape_out, data: numbers.to_vec() })
    }
}
