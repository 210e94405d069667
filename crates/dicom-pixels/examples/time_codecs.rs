//! Times decoding: `time_codecs FRAMES FILE...` decodes the frames of the files over and over until FRAMES are done, on all
//! cores, once with reading the files (`"name": "read"`) and once without (`"name": "decode"`). Each run prints a line of JSON.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "an example that says what it does")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::path::PathBuf;
use std::time::Instant;

use fabrica_dicom_pixels::decode_frame_with;
use rayon::prelude::*;

/// Decodes into 16-bit values, as those of a volume would be; returns how many frames these were.
fn decode(file: &common::Frames, frames: &[Vec<u8>]) -> usize {
    let mut values = vec![0i16; file.layout.pixels()];
    for frame in frames {
        decode_frame_with(file.codec, &file.layout, frame, &mut values, |v| v as i16).unwrap();
        std::hint::black_box(&values);
    }
    frames.len()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let frames: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(100);
    let paths: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    let files: Vec<_> = paths.iter().map(|f| common::read(f)).collect();
    let run = |name: &str, work: &(dyn Fn() -> usize + Sync)| {
        let start = Instant::now();
        let done = work();
        println!("{{\"name\": \"{name}\", \"frames\": {done}, \"seconds\": [{}]}}", start.elapsed().as_secs_f64());
    };

    let single: Vec<_> = files.iter().flat_map(|f| f.frames.chunks(1).map(move |frame| (f, frame))).collect();
    let single: Vec<_> = single.iter().cycle().take(frames).collect();
    run("decode", &|| single.par_iter().map(|(file, frame)| decode(file, frame)).sum());

    let repeated: Vec<_> = paths.iter().cycle().take(frames).collect();
    run("read", &|| {
        let read = |path: &PathBuf| {
            let file = common::read(path);
            decode(&file, &file.frames)
        };
        repeated.par_iter().map(|path| read(path)).sum()
    });
}
