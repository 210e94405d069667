//! Printable models as DICOM objects are written, read back byte by byte, and by independent tools where they are installed.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

mod common;

use std::process::Command;

use fabrica_dicom_results::{
    ModelKind, PrintableModel, ResultError, Source, encapsulated_model, read_encapsulated_model, to_bytes,
};
use fabrica_geometry::{Grid, LpsPoint};

use common::{SHA, now, provenance};

/// One triangle as binary STL: 80 bytes of header, a count, 50 bytes.
fn stl() -> Vec<u8> {
    let mut bytes = vec![b' '; 80];
    bytes.extend(1u32.to_le_bytes());
    for c in [0.0f32, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0] {
        bytes.extend(c.to_le_bytes());
    }
    bytes.extend([0, 0]);
    bytes
}

#[test]
fn a_model_comes_back_byte_for_byte() {
    let (provenance, grid) = (provenance(3), Grid::axis_aligned([4, 4, 3], LpsPoint::default(), [1.0; 3]).unwrap());
    let source = Source { provenance: &provenance, grid: &grid, sha256: SHA };
    let stl = stl();
    let obj = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n#".to_vec();
    assert_eq!((stl.len() % 2, obj.len() % 2), (0, 1));
    let folder = tempfile::tempdir().unwrap();
    for (kind, bytes, modified) in [(ModelKind::Stl, &stl, false), (ModelKind::Obj, &obj, true)] {
        let model = PrintableModel { name: "Aorta", kind, bytes, modified };
        let file = to_bytes(&encapsulated_model(&source, &model, now()).unwrap()).unwrap();
        assert_eq!(file, to_bytes(&encapsulated_model(&source, &model, now()).unwrap()).unwrap());
        let read = read_encapsulated_model(file.as_slice()).unwrap();
        assert_eq!((&read.bytes, read.kind, read.modified), (bytes, kind, Some(modified)));
        assert_eq!(read.name, "SYNTHETIC Aorta");
        assert_eq!(read.frame_of_reference_uid.as_deref(), Some("1.2.3.4.6"));
        assert_eq!(read.source_instances.len(), 3);

        let path = folder.path().join(format!("{kind:?}.dcm"));
        std::fs::write(&path, &file).unwrap();
        for (tool, fault) in [("dciodvfy", "Error"), ("dcmdump", "E: ")] {
            match Command::new(tool).arg(&path).output() {
                Err(_) => eprintln!("SKIPPED: {tool} is not installed"),
                Ok(output) => {
                    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
                    // The validator of today does not know these objects; it looks at their elements all the same.
                    let unknown = "Error - Information Object Not found";
                    let faults: Vec<_> = said.lines().filter(|l| l.starts_with(fault) && *l != unknown).collect();
                    assert!(faults.is_empty(), "{tool}: {faults:#?}");
                }
            }
        }
        for wrong in [&file[..100], &file[..file.len() / 2], b"nonsense"] {
            assert!(read_encapsulated_model(wrong).is_err());
        }
    }
    let empty = PrintableModel { name: "", kind: ModelKind::Stl, bytes: &[], modified: false };
    assert!(matches!(encapsulated_model(&source, &empty, now()), Err(ResultError::Nothing(_))));
}
