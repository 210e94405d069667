//! Meshes come back from files as they went, and bad files are refused.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail by panicking and say what they skip"
)]

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, MeshFormat, check, read_mesh, surface_of_mask, write_mesh};
use fabrica_volume::Mask;
use proptest::prelude::*;

const FORMATS: [MeshFormat; 3] = [MeshFormat::Stl, MeshFormat::Obj, MeshFormat::Ply];

/// A large ball on the patient's left and a small one on the right, on a grid whose i runs to the right.
fn left_and_right() -> Mesh {
    let axes = [LpsVector::new(-1.0, 0.0, 0.0), LpsVector::new(0.0, 1.0, 0.0), LpsVector::new(0.0, 0.0, 1.0)];
    let grid = Grid::new([60, 30, 30], LpsPoint::new(31.7, -100.3, 555.5), axes, [1.0, 0.9, 1.3]).unwrap();
    let to_patient = grid.voxel_to_patient();
    let mask = Mask::from_fn(grid.clone(), |n| {
        let p = to_patient.transform_point3(glam::DVec3::from_array(grid.position(n).map(|i| i as f64)));
        p.distance(glam::DVec3::new(18.0, -87.0, 575.0)) < 10.0
            || p.distance(glam::DVec3::new(-18.0, -87.0, 575.0)) < 5.0
    });
    surface_of_mask(&mask, &Progress::new()).unwrap()
}

fn written(mesh: &Mesh, format: MeshFormat) -> Vec<u8> {
    let mut file = Vec::new();
    write_mesh(mesh, format, "case Müller\n42, left femur", &mut file).unwrap();
    file
}

#[test]
fn every_format_brings_the_mesh_back() {
    let mesh = left_and_right();
    let before = check(&mesh, &Progress::new()).unwrap();
    assert!(before.is_solid());
    for format in FORMATS {
        let back = read_mesh(&written(&mesh, format), format).unwrap();
        let after = check(&back, &Progress::new()).unwrap();
        if format == MeshFormat::Stl {
            // STL numbers the vertices anew.
            assert_eq!((after.vertices, after.triangles), (before.vertices, before.triangles));
            assert!(
                after.is_solid() && (after.volume.0 - before.volume.0).abs() < 1e-6 && after.bounds == before.bounds
            );
        } else {
            assert_eq!(back, mesh, "{format}");
        }
        // Left stays left: more of the surface lies at +x.
        let left = back.vertices().iter().filter(|v| v[0] > 0.0).count();
        assert!(left > 3 * (back.vertices().len() - left), "{format}");
    }
}

#[test]
fn headers_say_what_the_file_is() {
    let mesh = left_and_right();
    let stl = written(&mesh, MeshFormat::Stl);
    assert_eq!(stl.len(), 84 + 50 * mesh.triangles().len());
    assert!(stl.starts_with(b"Fabrica LPS mm case M?ller 42, left femur  "));
    assert_eq!(u32::from_le_bytes(stl[80..84].try_into().unwrap()) as usize, mesh.triangles().len());
    for format in [MeshFormat::Obj, MeshFormat::Ply] {
        let text = String::from_utf8_lossy(&written(&mesh, format)).into_owned();
        assert!(text.contains("LPS mm: case Müller 42, left femur\n"), "{format}");
    }
}

#[test]
fn an_independent_reader_agrees() {
    let mesh = left_and_right();
    let indexed = stl_io::read_stl(&mut std::io::Cursor::new(written(&mesh, MeshFormat::Stl))).unwrap();
    indexed.validate().unwrap();
    assert_eq!((indexed.vertices.len(), indexed.faces.len()), (mesh.vertices().len(), mesh.triangles().len()));
    // The stored normals face outwards, as the corners do.
    for face in &indexed.faces {
        let [a, b, c] = face.vertices.map(|v| glam::Vec3::from_array(indexed.vertices[v].0));
        assert!((b - a).cross(c - a).normalize().dot(glam::Vec3::from_array(face.normal.0)) > 0.999);
    }
}

#[test]
fn text_and_other_byte_orders_are_read() {
    let obj = b"# a square\nv 0 0 0\r\nv 1 0 0 # no\nv 1 1 0\nv 0 1 0\nvn 0 0 1\nf 1/1/1 2//1 3 -1\n";
    let square =
        Mesh::new(vec![[0.0; 3], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]], vec![[0, 1, 2], [0, 2, 3]]);
    let square = square.unwrap();
    assert_eq!(read_mesh(obj, MeshFormat::Obj).unwrap(), square);

    let ply = "ply\nformat ascii 1.0\nelement vertex 4\nproperty double x\nproperty double y\nproperty double z\n\
               property uchar red\nelement face 1\nproperty list uchar uint vertex_index\nend_header\n\
               0 0 0 9\n1 0 0 9\n1 1 0 9\n0 1 0 9\n4 0 1 2 3\n";
    assert_eq!(read_mesh(ply.as_bytes(), MeshFormat::Ply).unwrap(), square);
    let header = ply.split("end_header").next().unwrap().replace("ascii", "binary_big_endian");
    let mut big = format!("{header}end_header\n").into_bytes();
    for v in square.vertices() {
        v.iter().for_each(|&c| big.extend(f64::from(c).to_be_bytes()));
        big.push(9);
    }
    big.push(4);
    (0..4u32).for_each(|n| big.extend(n.to_be_bytes()));
    assert_eq!(read_mesh(&big, MeshFormat::Ply).unwrap(), square);

    let stl = b"solid one\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\nendfacet\nendsolid one\n";
    assert_eq!(read_mesh(stl, MeshFormat::Stl).unwrap().triangles(), [[0, 1, 2]]);
    // Binary, although it begins as a text file does.
    let mut binary = written(&square, MeshFormat::Stl);
    binary[..6].copy_from_slice(b"solid ");
    assert_eq!(read_mesh(&binary, MeshFormat::Stl).unwrap().triangles().len(), 2);
}

#[test]
fn bad_files_are_refused_with_a_reason() {
    let mut lying = written(&left_and_right(), MeshFormat::Stl);
    lying[80..84].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(read_mesh(&lying, MeshFormat::Stl).unwrap_err().to_string().contains("4294967295 triangles"));
    let huge =
        b"ply\nformat binary_little_endian 1.0\nelement vertex 99999999999999\nproperty float x\nend_header\nabcd";
    assert!(read_mesh(huge, MeshFormat::Ply).is_err());
    let nothing = b"ply\nformat ascii 1.0\nelement vertex 99999999999999\nend_header\n";
    assert!(read_mesh(nothing, MeshFormat::Ply).unwrap().is_empty());
    for (bytes, format) in [
        (&b"v 0 0\n"[..], MeshFormat::Obj),
        (b"v 0 0 nan\n", MeshFormat::Obj),
        (b"v 0 0 0\nf 1 2 3\n", MeshFormat::Obj),
        (b"v 0 0 0\nf 1 1 0\n", MeshFormat::Obj),
        (b"", MeshFormat::Obj),
        (b"", MeshFormat::Ply),
        (b"", MeshFormat::Stl),
        (b"solid but then nothing", MeshFormat::Stl),
    ] {
        assert!(read_mesh(bytes, format).is_err(), "{format}: {:?}", String::from_utf8_lossy(bytes));
    }
}

proptest! {
    #[test]
    fn no_damage_makes_a_reader_panic(
        place in any::<proptest::sample::Index>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..20),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mesh = Mesh::new(vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], vec![[0, 1, 2]]).unwrap();
        for format in FORMATS {
            let mut file = written(&mesh, format);
            let at = place.index(file.len());
            file.splice(at..(at + bytes.len()).min(file.len()), bytes.iter().copied());
            file.truncate(cut.index(file.len() + 1));
            // Either a mesh or an error.
            let _ = read_mesh(&file, format);
        }
    }
}

#[test]
fn a_backslash_continues_a_line_of_obj() {
    let text = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 0\nf 1/1/1 2/2/2 \\\r\n4 3\n";
    assert_eq!(read_mesh(text, MeshFormat::Obj).unwrap().triangles(), [[0, 1, 3], [0, 3, 2]]);
}
