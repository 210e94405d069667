//! What an ONNX file says of itself, read without running anything.
//!
//! The format is one protocol-buffer message, `ModelProto` (onnx/onnx.proto, IR version 13). Only what is needed to refuse
//! a file is read: operator sets, inputs, outputs, operators, and whether weights lie in other files. Every length is
//! checked against the bytes that are there, and nesting is bounded.

mod wire;

use std::collections::BTreeSet;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::InferenceError;
use wire::{Field, Value, fields};

/// The newest operator set of the default domain that the engine is known to run.
const NEWEST_OPSET: u64 = 25;
/// Larger files are no protocol buffers (their limit is 2 GiB).
const LARGEST: u64 = 1 << 31;
/// How deep graphs may hold graphs.
const DEEPEST: u32 = 16;

/// A side of a tensor: a number, or a name for one that is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// Fixed.
    Fixed(u64),
    /// Free, by name (possibly empty).
    Free(String),
}

/// An input or output of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// ONNX element type; 1 is 32-bit float.
    pub element_type: u64,
    /// Its sides, or nothing where the file does not say.
    pub shape: Option<Vec<Side>>,
}

/// A network's bytes with what they say of themselves.
#[derive(Clone, Debug)]
pub struct OnnxFile {
    /// The file's name, for messages.
    pub name: String,
    /// The whole file.
    pub bytes: Vec<u8>,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Version of the default operator set.
    pub opset: u64,
    /// The inputs that are not weights.
    pub inputs: Vec<Port>,
    /// The outputs.
    pub outputs: Vec<Port>,
    /// The operators, each once, with the domain in front where it is not the default one.
    pub operators: BTreeSet<String>,
}

impl OnnxFile {
    /// Reads a file and checks it.
    ///
    /// # Errors
    /// When it cannot be read, is no ONNX model, is of a newer operator set than the engine runs, keeps weights in other
    /// files (which could name any file of the machine), or does not have one image as its only input.
    pub fn read(path: &Path) -> Result<Self, InferenceError> {
        let size = std::fs::metadata(path).map_err(InferenceError::io(path))?.len();
        if size > LARGEST {
            return Err(InferenceError::model(
                path,
                format!("{size} bytes are more than an ONNX file may have (2 GiB)"),
            ));
        }
        let bytes = std::fs::read(path).map_err(InferenceError::io(path))?;
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Self::of(name, bytes).map_err(|what| InferenceError::model(path, what))
    }

    /// As [`OnnxFile::read`], of bytes in memory. The error says what is wrong.
    ///
    /// # Errors
    /// As [`OnnxFile::read`].
    pub fn of(name: String, bytes: Vec<u8>) -> Result<Self, String> {
        let summary = Summary::of_model(&bytes).map_err(|what| format!("this is no ONNX model: {what}"))?;
        let opset = summary.opset.ok_or("this is no ONNX model: it names no operator set")?;
        if opset > NEWEST_OPSET {
            return Err(format!(
                "operator set {opset} is newer than {NEWEST_OPSET}, the newest that is known to run; export it with an older one"
            ));
        }
        if let Some(tensor) = summary.external {
            return Err(format!(
                "the weights of {tensor:?} lie in another file; export the model with all weights inside (save_as_external_data=False)"
            ));
        }
        let inputs: Vec<Port> = summary.inputs.into_iter().filter(|i| !summary.weights.contains(&i.name)).collect();
        if inputs.len() != 1 {
            let names: Vec<_> = inputs.iter().map(|i| i.name.as_str()).collect();
            return Err(format!("it has the inputs {names:?}; one image is expected"));
        }
        if summary.outputs.is_empty() {
            return Err("it has no output".into());
        }
        for port in inputs.iter().chain(&summary.outputs) {
            if let Some(shape) = &port.shape
                && shape.len() != 5
            {
                let sides = shape.len();
                return Err(format!(
                    "{:?} has {sides} sides; batch, channel and three of space are expected",
                    port.name
                ));
            }
        }
        if inputs.iter().any(|i| i.element_type != 1) {
            return Err(format!(
                "its input has ONNX element type {}; 1 (32-bit float) is expected",
                inputs[0].element_type
            ));
        }
        let sha256 = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        Ok(Self { name, sha256, opset, inputs, outputs: summary.outputs, operators: summary.operators, bytes })
    }
}

#[derive(Default)]
struct Summary {
    opset: Option<u64>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    weights: BTreeSet<String>,
    operators: BTreeSet<String>,
    external: Option<String>,
}

type Read<T> = Result<T, String>;

impl Summary {
    fn of_model(bytes: &[u8]) -> Read<Self> {
        let mut summary = Self::default();
        let mut graphs = 0;
        for field in fields(bytes) {
            let Field { number, value } = field?;
            match (number, value) {
                (8, Value::Bytes(set)) => summary.operator_set(set)?,
                (7, Value::Bytes(graph)) => {
                    graphs += 1;
                    summary.graph(graph, 0)?;
                }
                // Functions of the model's own: their nodes count like the graph's.
                (25, Value::Bytes(function)) => summary.nodes_of(function, 7, 0)?,
                _ => {}
            }
        }
        if graphs == 1 { Ok(summary) } else { Err(format!("it holds {graphs} graphs")) }
    }

    fn operator_set(&mut self, bytes: &[u8]) -> Read<()> {
        let (mut domain, mut version) = (String::new(), 0);
        for field in fields(bytes) {
            match field? {
                Field { number: 1, value: Value::Bytes(text) } => domain = words(text),
                Field { number: 2, value: Value::Number(n) } => version = n,
                _ => {}
            }
        }
        if domain.is_empty() || domain == "ai.onnx" {
            self.opset = Some(version);
        }
        Ok(())
    }

    fn graph(&mut self, bytes: &[u8], depth: u32) -> Read<()> {
        if depth > DEEPEST {
            return Err(format!("graphs are nested more than {DEEPEST} deep"));
        }
        for field in fields(bytes) {
            match field? {
                Field { number: 1, value: Value::Bytes(node) } => self.node(node, depth)?,
                Field { number: 5, value: Value::Bytes(tensor) } => {
                    let name = self.tensor(tensor)?;
                    self.weights.insert(name);
                }
                Field { number: 15, value: Value::Bytes(sparse) } => {
                    for part in fields(sparse) {
                        if let Field { number: 1 | 2, value: Value::Bytes(tensor) } = part? {
                            self.tensor(tensor)?;
                        }
                    }
                }
                Field { number: 11, value: Value::Bytes(port) } if depth == 0 => self.inputs.push(read_port(port)?),
                Field { number: 12, value: Value::Bytes(port) } if depth == 0 => self.outputs.push(read_port(port)?),
                _ => {}
            }
        }
        Ok(())
    }

    fn nodes_of(&mut self, bytes: &[u8], number: u64, depth: u32) -> Read<()> {
        for field in fields(bytes) {
            let field = field?;
            if let (true, Value::Bytes(node)) = (field.number == number, field.value) {
                self.node(node, depth)?;
            }
        }
        Ok(())
    }

    fn node(&mut self, bytes: &[u8], depth: u32) -> Read<()> {
        let (mut operator, mut domain) = (String::new(), String::new());
        for field in fields(bytes) {
            match field? {
                Field { number: 4, value: Value::Bytes(text) } => operator = words(text),
                Field { number: 7, value: Value::Bytes(text) } => domain = words(text),
                Field { number: 5, value: Value::Bytes(attribute) } => self.attribute(attribute, depth)?,
                _ => {}
            }
        }
        self.operators.insert(if domain.is_empty() { operator } else { format!("{domain}::{operator}") });
        Ok(())
    }

    fn attribute(&mut self, bytes: &[u8], depth: u32) -> Read<()> {
        for field in fields(bytes) {
            match field? {
                Field { number: 5 | 10, value: Value::Bytes(tensor) } => {
                    self.tensor(tensor)?;
                }
                Field { number: 6 | 11, value: Value::Bytes(graph) } => self.graph(graph, depth + 1)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Gives the tensor's name, and notes if its numbers lie in another file.
    fn tensor(&mut self, bytes: &[u8]) -> Read<String> {
        let (mut name, mut outside) = (String::new(), false);
        for field in fields(bytes) {
            match field? {
                Field { number: 8, value: Value::Bytes(text) } => name = words(text),
                Field { number: 13, .. } | Field { number: 14, value: Value::Number(1) } => outside = true,
                _ => {}
            }
        }
        if outside {
            self.external = Some(name.clone());
        }
        Ok(name)
    }
}

fn read_port(bytes: &[u8]) -> Read<Port> {
    let mut port = Port { name: String::new(), element_type: 0, shape: None };
    for field in fields(bytes) {
        match field? {
            Field { number: 1, value: Value::Bytes(text) } => port.name = words(text),
            Field { number: 2, value: Value::Bytes(kind) } => {
                for part in fields(kind) {
                    if let Field { number: 1, value: Value::Bytes(tensor) } = part? {
                        read_tensor_type(tensor, &mut port)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(port)
}

fn read_tensor_type(bytes: &[u8], port: &mut Port) -> Read<()> {
    for field in fields(bytes) {
        match field? {
            Field { number: 1, value: Value::Number(n) } => port.element_type = n,
            Field { number: 2, value: Value::Bytes(shape) } => {
                let mut sides = Vec::new();
                for side in fields(shape) {
                    if let Field { number: 1, value: Value::Bytes(side) } = side? {
                        sides.push(read_side(side)?);
                    }
                }
                port.shape = Some(sides);
            }
            _ => {}
        }
    }
    Ok(())
}

fn read_side(bytes: &[u8]) -> Read<Side> {
    let mut side = Side::Free(String::new());
    for field in fields(bytes) {
        match field? {
            Field { number: 1, value: Value::Number(n) } => side = Side::Fixed(n),
            Field { number: 2, value: Value::Bytes(text) } => side = Side::Free(words(text)),
            _ => {}
        }
    }
    Ok(side)
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
