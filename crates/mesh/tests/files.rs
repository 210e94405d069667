//! Models come back from files as they went, and garbage is refused at once, in words.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::io::Cursor;

use fabrica_mesh::{Model, ModelFormat, read_model, write_model};
use fabrica_surface::Mesh;
use proptest::prelude::*;

fn model() -> Model {
    let corners = vec![[0.1, -7.25, 3e-3], [100.7, 0.0, 0.0], [0.0, 1.5, 0.0], [0.0, 0.0, 88.125]];
    Model::of("tooth", Mesh::new(corners, vec![[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]).unwrap())
}

fn written(format: ModelFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    write_model(&model(), format, "case 7", &mut file).unwrap();
    file.into_inner()
}

const READABLE: [ModelFormat; 5] =
    [ModelFormat::Stl, ModelFormat::StlText, ModelFormat::Obj, ModelFormat::Ply, ModelFormat::ThreeMf];

#[test]
fn every_format_keeps_every_coordinate() {
    let corners = |model: &Model| {
        let mesh = model.merged().unwrap();
        mesh.triangles().iter().map(|t| t.map(|v| mesh.vertices()[v as usize])).collect::<Vec<_>>()
    };
    for format in READABLE {
        assert_eq!(corners(&read_model(&written(format), format).unwrap()), corners(&model()), "{format:?}");
    }
}

#[test]
fn truncated_files_are_refused() {
    for format in READABLE {
        let file = written(format);
        for end in (0..file.len() - 12).step_by(7) {
            // A text may end after a whole line or object and still be one.
            let read = read_model(&file[..end], format);
            let whole_text = matches!(format, ModelFormat::Obj | ModelFormat::StlText) && read.is_ok();
            assert!(whole_text || read.is_err(), "{format:?} cut at {end}");
        }
    }
}

#[test]
fn lies_are_told() {
    let mut many = written(ModelFormat::Stl);
    many[80..84].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = read_model(&many, ModelFormat::Stl).unwrap_err().to_string();
    assert!(error.contains("4294967295"), "{error}");

    let mut nan = written(ModelFormat::Stl);
    nan[96..100].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(read_model(&nan, ModelFormat::Stl).is_err());

    // Text that is long enough to be binary, and binary that begins with "solid".
    let mut liar = written(ModelFormat::StlText);
    liar[..5].copy_from_slice(b"SOLAR");
    assert!(read_model(&liar, ModelFormat::Stl).is_err());
    let mut binary = written(ModelFormat::Stl);
    binary[..6].copy_from_slice(b"solid ");
    assert!(read_model(&binary, ModelFormat::Stl).is_ok());

    assert!(read_model(b"OFF 4000000000 1 0\n", ModelFormat::Off).is_err());
    assert!(read_model(b"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 nan\n3 0 1 2\n", ModelFormat::Off).is_err());
    assert!(read_model(b"ply\nformat ascii 1.0\nelement vertex 0\nend_header\n", ModelFormat::Ply).is_err());
    assert!(read_model(b"", ModelFormat::ThreeMf).is_err());
}

#[test]
fn the_unit_of_3mf_is_kept() {
    let text = |unit: &str| {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        for (name, body) in [
            ("_rels/.rels", r#"<Relationships><Relationship Target="/3D/a.model" Id="r" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>"#.to_owned()),
            ("3D/a.model", format!(r#"<model unit="{unit}"><resources><object id="1"><mesh><vertices><vertex x="0" y="0" z="0"/><vertex x="1" y="0" z="0"/><vertex x="0" y="1" z="0"/></vertices><triangles><triangle v1="0" v2="1" v3="2"/></triangles></mesh></object></resources><build><item objectid="1" transform="1 0 0 0 1 0 0 0 1 10 20 30"/></build></model>"#)),
        ] {
            zip.start_file(name, options).unwrap();
            std::io::Write::write_all(&mut zip, body.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let inch = read_model(&text("inch"), ModelFormat::ThreeMf).unwrap();
    assert_eq!(inch.parts[0].mesh.vertices()[1], [(11.0 * 25.4) as f32, (20.0 * 25.4) as f32, (30.0 * 25.4) as f32]);
    assert!(inch.unit.contains("inch"));
    assert!(read_model(&text("parsec"), ModelFormat::ThreeMf).is_err());
}

proptest! {
    #[test]
    fn garbage_never_panics(mut at in 0usize..2000, bytes in proptest::collection::vec(any::<u8>(), 1..40)) {
        for format in READABLE {
            let mut file = written(format);
            at = at.min(file.len() - 1);
            let end = (at + bytes.len()).min(file.len());
            file[at..end].copy_from_slice(&bytes[..end - at]);
            let _ = read_model(&file, format);
            let _ = read_model(&bytes, format);
        }
    }
}
