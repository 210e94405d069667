//! Small ONNX networks, made here, and volumes to run them on.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test stops where it fails, and says what it skips")]

use std::path::{Path, PathBuf};

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_volume::{Samples, ValueUnit, Volume};

/// A protocol-buffer message being written.
#[derive(Default)]
pub struct Message(pub Vec<u8>);

impl Message {
    fn varint(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.0.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.0.push(n as u8);
    }

    pub fn number(mut self, field: u64, n: u64) -> Self {
        self.varint(field << 3);
        self.varint(n);
        self
    }

    pub fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub fn message(self, field: u64, message: &Message) -> Self {
        let bytes = message.0.clone();
        self.bytes(field, &bytes)
    }
}

/// A 32-bit float tensor of a name.
pub fn tensor(name: &str, shape: &[u64], values: &[f32]) -> Message {
    let mut tensor = Message::default();
    for &side in shape {
        tensor = tensor.number(1, side);
    }
    let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    tensor.number(2, 1).text(8, name).bytes(9, &raw)
}

/// An input or output of 32-bit floats of five sides, those of space free.
pub fn port(name: &str, channels: u64) -> Message {
    let fixed = |n: u64| Message::default().number(1, n);
    let free = |name: &str| Message::default().text(2, name);
    let shape = [fixed(1), fixed(channels), free("X"), free("Y"), free("Z")]
        .iter()
        .fold(Message::default(), |shape, side| shape.message(1, side));
    let tensor = Message::default().number(1, 1).message(2, &shape);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}

pub fn node(operator: &str, inputs: &[&str], outputs: &[&str], attributes: &[Message]) -> Message {
    let mut node = Message::default();
    for input in inputs {
        node = node.text(1, input);
    }
    for output in outputs {
        node = node.text(2, output);
    }
    node = node.text(4, operator);
    attributes.iter().fold(node, |node, attribute| node.message(5, attribute))
}

pub fn model(graph: &Message, opset: u64) -> Vec<u8> {
    let set = Message::default().text(1, "").number(2, opset);
    Message::default().number(1, 8).message(8, &set).message(7, graph).0
}

/// A network whose output channel c is `weights[c] · image + biases[c]` at each sample: weights channel after channel.
pub fn pointwise(images: usize, weights: &[f32], biases: &[f32]) -> Vec<u8> {
    let channels = biases.len() as u64;
    let ints = |name: &str, values: &[u64]| {
        values.iter().fold(Message::default().text(1, name), |a, &v| a.number(8, v)).number(20, 7)
    };
    let conv = node("Conv", &["image", "w", "b"], &["logits"], &[ints("kernel_shape", &[1, 1, 1])]);
    let graph = Message::default()
        .message(1, &conv)
        .text(2, "pointwise")
        .message(5, &tensor("w", &[channels, images as u64, 1, 1, 1], weights))
        .message(5, &tensor("b", &[channels], biases))
        .message(11, &port("image", images as u64))
        .message(12, &port("logits", channels));
    model(&graph, 13)
}

/// An oblique, anisotropic, left-handed scan: values grow to the left, 1 a millimetre.
pub fn oblique_scan() -> Volume {
    let (s, c) = (0.2f64.sin(), 0.2f64.cos());
    let axes = [LpsVector::new(c, s, 0.0), LpsVector::new(s, -c, 0.0), LpsVector::new(0.0, 0.0, 1.0)];
    let grid = Grid::new([30, 26, 14], LpsPoint::new(-8.0, 12.0, -20.0), axes, [0.8, 0.9, 2.0]).unwrap();
    of_position(grid, |p| p.0.x)
}

/// A volume whose values are a function of the place.
pub fn of_position(grid: Grid, value: impl Fn(LpsPoint) -> f64) -> Volume {
    let values = (0..grid.len())
        .map(|index| {
            let [i, j, k] = grid.position(index);
            value(grid.to_patient(fabrica_geometry::VoxelPoint::new(i as f64, j as f64, k as f64))) as f32
        })
        .collect();
    Volume::new(grid, Samples::F32(values), ValueUnit::Arbitrary).unwrap()
}

/// A folder with a network and its `model.toml`.
pub fn toml_model(folder: &Path, network: &[u8], description: &str) {
    std::fs::create_dir_all(folder).unwrap();
    put(&folder.join("network.onnx"), network);
    put(&folder.join("model.toml"), description.as_bytes());
}

/// Writes a file of a test.
pub fn put(path: &Path, bytes: &[u8]) {
    use std::io::Write;
    std::fs::File::create(path).unwrap().write_all(bytes).unwrap();
}

/// A file of the shared test data, or nothing, said loudly.
pub fn shared(path: &str) -> Option<PathBuf> {
    // Links to it must hold from any folder.
    if let Ok(file) = Path::new("../../../shared/data").join(path).canonicalize() {
        return Some(file);
    }
    eprintln!("SKIPPED: the test needs ../shared/data/{path}");
    None
}
