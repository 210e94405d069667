//! Times decoding: `time_codecs FRAMES FILE...` reads the files, then decodes their frames over and over until FRAMES are
//! done, on all cores, and prints `{"name": ..., "seconds": [...]}`. Reading is not in the time.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "an example that says what it does")]
#![allow(dead_code, reason = "shares its reader with tests that use all of it")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::path::Path;
use std::time::Instant;

use rayon::prelude::*;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let frames: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(100);
    let files: Vec<_> = arguments.map(|f| common::read(Path::new(&f))).collect();
    let work: Vec<_> = files.iter().flat_map(|f| f.frames.iter().map(move |frame| (f, frame))).collect();
    let work: Vec<_> = work.iter().cycle().take(frames).collect();
    let start = Instant::now();
    // The decoded frames are kept, as those of a volume would be.
    let decoded: Vec<Vec<i32>> = work
        .par_iter()
        .map(|(file, frame)| {
            let mut values = vec![0i16; file.layout.pixels()];
            fabrica_dicom_pixels::decode_frame_with(file.codec, &file.layout, frame, &mut values, |v| v as i16)
                .unwrap();
            vec![i32::from(values[values.len() / 2])]
        })
        .collect();
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(decoded.len(), frames);
    println!("{{\"name\": \"decode\", \"frames\": {frames}, \"seconds\": [{seconds}]}}");
}
