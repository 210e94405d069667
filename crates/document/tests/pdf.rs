//! The PDF, taken apart by hand.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Read;

use fabrica_document::{Attachment, Block, Document, DocumentError, Picture, Table};

/// The streams of a file, unpacked.
fn streams(pdf: &[u8]) -> Vec<Vec<u8>> {
    let find = |from: usize, what: &[u8]| pdf[from..].windows(what.len()).position(|w| w == what).map(|n| from + n);
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some(start) = find(at, b">>\nstream\n") {
        let start = start + 10;
        let end = find(start, b"\nendstream").unwrap();
        let mut data = Vec::new();
        flate2::read::ZlibDecoder::new(&pdf[start..end]).read_to_end(&mut data).unwrap();
        all.push(data);
        at = end;
    }
    all
}

fn page() -> Document {
    let mut page = Document::new("Report");
    page.foot = "abc".into();
    page.push(Block::Alert("Not a cleared medical device.".into()));
    page.push(Block::Heading("Section".into()));
    let mut table = Table::new(&["What", "How much"]);
    for n in 0..200 {
        table.row(&[&format!("row {n}"), &"long words that go on and on ".repeat(n % 9)]);
    }
    page.push(Block::Table(table));
    page.push(Block::Fixed("    four spaces before".into()));
    page
}

#[test]
fn every_object_lies_where_the_file_says() {
    let mut page = page();
    page.attachments.push(Attachment { name: "x.json".into(), mime: "application/json", bytes: b"{\"a\":1}".to_vec() });
    let pdf = page.pdf().unwrap();
    let text = String::from_utf8_lossy(&pdf);
    let start: usize = text.rsplit("startxref\n").next().unwrap().lines().next().unwrap().parse().unwrap();
    let table = std::str::from_utf8(&pdf[start..]).unwrap();
    let offsets: Vec<usize> =
        table.lines().skip(3).take_while(|l| l.ends_with(" n ")).map(|l| l[..10].parse().unwrap()).collect();
    assert!(offsets.len() > 10);
    for (n, offset) in offsets.iter().enumerate() {
        assert!(pdf[*offset..].starts_with(format!("{} 0 obj\n", n + 1).as_bytes()), "object {}", n + 1);
    }
    // 200 rows take several pages.
    let pages = text.matches("/Type/Page/Parent").count();
    assert!((4..12).contains(&pages), "{pages}");
    assert!(streams(&pdf).iter().any(|data| data == b"{\"a\":1}"), "the file inside is whole");
}

#[test]
fn what_the_fonts_do_not_have_is_written_by_its_number_and_the_page_says_so() {
    // The pages' contents are glyph numbers; what they mean is in the fonts' maps.
    let letters = |title: &str| {
        let pdf = Document::new(title).pdf().unwrap();
        let maps: Vec<String> = streams(&pdf)
            .iter()
            .filter_map(|s| String::from_utf8(s.clone()).ok())
            .filter(|s| s.contains("beginbfchar"))
            .collect();
        let known = |c: char| maps.iter().any(|map| map.contains(&format!("<{:04X}>\n", u32::from(c))));
        (known('['), known('ж'), known('é'), known('山'))
    };
    // French, Russian: set as they are, without a note (which has a bracket in it).
    assert_eq!(letters("Жанна é ж"), (false, true, true, false));
    // Japanese; Arabic, which joins and runs from right to left; an accent of its own; a sign that turns the line round.
    for title in ["山田", "ندى", "e\u{301}", "a\u{202E}b"] {
        assert_eq!(letters(title), (true, false, false, false), "{title}");
    }
}

#[test]
fn a_picture_that_is_none_is_an_error() {
    let mut page = page();
    page.push(Block::Pictures(vec![Picture { caption: "front".into(), png: b"no picture".to_vec() }]));
    assert!(matches!(page.pdf(), Err(DocumentError::Picture(name, _)) if name == "front"));
}
