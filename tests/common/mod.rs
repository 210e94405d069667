//! Runs the real binary.

#![allow(dead_code, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a run of the program said.
pub struct Ran {
    pub ok: bool,
    pub out: String,
    pub err: String,
}

/// Runs `fabrica` with these arguments, without a display.
pub fn fabrica<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Ran {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_fabrica"))
        .args(args)
        .env("USER", "tester")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .expect("the binary runs");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!err.contains("panicked"), "it panicked:\n{err}");
    Ran { ok: output.status.success(), out: String::from_utf8_lossy(&output.stdout).into_owned(), err }
}

/// As [`fabrica`], and insists that it succeeds.
pub fn works<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> String {
    let ran = fabrica(args);
    assert!(ran.ok, "it failed:\n{}\n{}", ran.out, ran.err);
    ran.out
}

/// As [`fabrica`], and insists that it refuses; gives what it said.
pub fn refuses<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> String {
    let ran = fabrica(args);
    assert!(!ran.ok, "it should have refused:\n{}", ran.out);
    assert!(ran.err.starts_with("error: ") || ran.err.contains("\nerror: "), "no error was told:\n{}", ran.err);
    ran.err
}

/// The words of a command line.
pub fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// The folder of real test data, or nothing (said loudly) where it is absent.
pub fn shared_data(part: &str) -> Option<PathBuf> {
    let path = Path::new("../shared/data").join(part);
    if !path.exists() {
        eprintln!("SKIPPED: this test needs ../shared/data/{part}");
        return None;
    }
    Some(path)
}

/// The triangles of a binary STL file.
pub fn stl_triangles(path: &Path) -> Vec<[[f64; 3]; 3]> {
    let bytes = std::fs::read(path).expect("the STL is there");
    let count = u32::from_le_bytes(bytes[80..84].try_into().unwrap()) as usize;
    assert_eq!(bytes.len(), 84 + 50 * count, "the STL's length is not what its header says");
    let number = |at: usize| f64::from(f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()));
    let corner = |at: usize| [number(at), number(at + 4), number(at + 8)];
    (0..count).map(|n| 84 + 50 * n + 12).map(|at| [corner(at), corner(at + 12), corner(at + 24)]).collect()
}

/// The volume inside a closed surface, mm³, by the divergence theorem; positive when it faces outwards.
pub fn enclosed(triangles: &[[[f64; 3]; 3]]) -> f64 {
    let det = |[a, b, c]: &[[f64; 3]; 3]| {
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
    };
    triangles.iter().map(det).sum::<f64>() / 6.0
}

/// The least and the greatest coordinates.
pub fn bounds(triangles: &[[[f64; 3]; 3]]) -> ([f64; 3], [f64; 3]) {
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for corner in triangles.iter().flatten() {
        for a in 0..3 {
            low[a] = low[a].min(corner[a]);
            high[a] = high[a].max(corner[a]);
        }
    }
    (low, high)
}
