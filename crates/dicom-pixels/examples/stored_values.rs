//! Decodes the frames of DICOM files and tells the range of their stored values; with `--raw FOLDER` also writes them as
//! little endian 32-bit integers.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "an example that says what it does")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::io::Write;
use std::path::Path;

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let raw = arguments.next_if_eq("--raw").and_then(|_| arguments.next());
    for file in arguments.map(|f| Path::new(&f).to_path_buf()) {
        let frames = match common::try_read(&file) {
            Ok(frames) => frames,
            Err(error) => {
                println!("{}: {error}", file.display());
                continue;
            }
        };
        match frames.decode_all() {
            Ok(values) => {
                let (low, high) = (values.iter().min().unwrap(), values.iter().max().unwrap());
                println!(
                    "{}: {:?}, {} frames, values {low} to {high}",
                    file.display(),
                    frames.codec,
                    frames.frames.len()
                );
                if let Some(folder) = &raw {
                    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                    let name = Path::new(file.file_name().unwrap()).with_extension("raw");
                    std::fs::File::create(Path::new(folder).join(name)).unwrap().write_all(&bytes).unwrap();
                }
            }
            Err(error) => println!("{}: {error}", file.display()),
        }
    }
}
