//! Pictures from the command line: right sides, right marks in the metadata, on the CPU and where there is a device on the GPU.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]
#![allow(clippy::print_stderr, reason = "skipped tests say so")]

mod common;

use common::{refuses, words, works};

#[test]
fn the_picture_of_the_synthetic_head_is_right_and_says_what_it_is() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name).display().to_string();
    works(words("phantom --region abdomen --pixel 3 --slice 3 --noise 0 --out").into_iter().chain([at("p")]));
    works(["import", &at("p"), "--case", &at("case")]);
    let line = |mode: &str, more: &str, out: &str| {
        let text = format!("render {} --mode {mode} --size 300x300 {more} --out {}", at("case"), at(out));
        works(words(&text));
        let mut reader =
            png::Decoder::new(std::io::BufReader::new(std::fs::File::open(at(out)).unwrap())).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((frame.width, frame.height), (300, 300));
        let text: String =
            reader.info().uncompressed_latin1_text.iter().map(|t| format!("{}={}\n", t.keyword, t.text)).collect();
        (pixels, text)
    };
    let (pixels, text) = line("volume", "--renderer cpu --preset ct-bone", "volume.png");
    assert!(text.contains("Data=SYNTHETIC") && text.contains("Look=ct-bone"), "{text}");
    assert!(pixels.chunks(4).filter(|p| p[0] > 60).count() > 1000, "the bones are not to be seen");

    // The liver's surface from the front: on the image's left, as the patient faces us.
    let (pixels, _) = line("surface", "--structure liver", "liver.png");
    let (mut left, mut right) = (0, 0);
    for (n, pixel) in pixels.chunks(4).enumerate() {
        let (x, y) = (n % 300, n / 300);
        // Clear of the marks at the edges and in the corners.
        if (80..220).contains(&y) && (40..260).contains(&x) && pixel[0].max(pixel[1]) > 50 {
            if x < 150 { left += 1 } else { right += 1 }
        }
    }
    assert!(left > 3 * right && left > 500, "liver pixels: {left} on the left, {right} on the right");
    line("slices", "--preset abdomen", "slices.png");

    // The same bones in studio light; the file says how it was made.
    let (pixels, text) = line("cinematic", "--device cpu --preset cinematic-bone --samples 3", "cinematic.png");
    for said in ["Look=cinematic-bone", "Samples per pixel=3", "Denoised=no", "Lights=studio", "Data=SYNTHETIC"] {
        assert!(text.contains(said), "{said} is not in {text}");
    }
    assert!(pixels.chunks(4).filter(|p| p[0] > 90).count() > 1000, "the bones are not to be seen");
    let more = "--device cpu --samples 2 --denoise --lights theatre --aperture 5 --structure liver --hide spleen";
    let (_, text) = line("cinematic", more, "cinematic.png");
    assert!(text.contains("Denoised=yes") && text.contains("Lights=theatre"), "{text}");
    let lights = format!("render {} --mode cinematic --lights moon --out {}", at("case"), at("moon.png"));
    assert!(refuses(words(&lights)).contains("studio, theatre"));
}
