//! What headers say, do not say, and lie about.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail by panicking and say what they skip"
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use fabrica_formats::{Compression, FormatError, Problem, probe, read, read_labels, write_nifti, write_nrrd};
use fabrica_geometry::{Grid, LpsPoint};
use fabrica_progress::Progress;
use fabrica_volume::{GeometryIssue, Samples, ValueUnit, Volume};
use proptest::prelude::*;

fn save(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    path
}

fn volume() -> Volume {
    let grid = Grid::axis_aligned([4, 3, 2], LpsPoint::new(-10.0, 20.0, 30.0), [0.5, 1.0, 2.0]).unwrap();
    Volume::new(grid, Samples::I16((0..24).collect()), ValueUnit::Arbitrary).unwrap()
}

/// A NIfTI-1 of ours without extension, to be changed by the test.
fn nifti() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.nii");
    write_nifti(&volume(), &path, &Progress::new()).unwrap();
    let bytes = fs::read(path).unwrap();
    let mut plain = bytes[..352].to_vec();
    plain[348] = 0;
    plain[108..112].copy_from_slice(&352f32.to_ne_bytes());
    plain.extend_from_slice(&bytes[bytes.len() - 48..]);
    plain
}

fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    bytes[at..at + field.len()].copy_from_slice(field);
}

fn read_bytes(name: &str, bytes: &[u8]) -> Result<Volume, FormatError> {
    let folder = tempfile::tempdir().unwrap();
    read(&save(folder.path(), name, bytes), 0, &Progress::new())
}

fn issues(volume: &Volume) -> Vec<GeometryIssue> {
    volume.warnings.iter().map(|w| w.issue.clone()).collect()
}

#[test]
fn sound_nifti_has_no_warnings() {
    let read = read_bytes("v.nii", &nifti()).unwrap();
    assert_eq!(issues(&read), []);
    assert!(read.grid().coincides(volume().grid(), fabrica_geometry::Mm(1e-3)));
    assert_eq!(read.provenance.sources[0].sha256.len(), 64);
    assert_eq!(read.provenance.description, "v.nii");
}

#[test]
fn nifti_without_orientation_warns_of_laterality() {
    let mut bytes = nifti();
    put(&mut bytes, 252, &[0; 4]);
    let read = read_bytes("v.nii", &bytes).unwrap();
    assert!(matches!(issues(&read)[..], [GeometryIssue::LateralityAssumed { .. }]), "{:?}", issues(&read));
    assert_eq!((read.grid().orientation_code().as_str(), read.grid().spacing()), ("RAS", [0.5, 1.0, 2.0]));
}

#[test]
fn sform_and_qform_that_disagree_warn() {
    let mut bytes = nifti();
    put(&mut bytes, 268, &40f32.to_ne_bytes()); // qform 30 mm to the side
    let read = read_bytes("v.nii", &bytes).unwrap();
    assert!(matches!(&issues(&read)[..], [GeometryIssue::Contradiction { reason }] if reason.contains("30.00 mm")));
    // The scanner's coordinates (code 1) win over others: here the qform's.
    put(&mut bytes, 254, &2i16.to_ne_bytes());
    let read = read_bytes("v.nii", &bytes).unwrap();
    assert_eq!(read.grid().origin().0.x, -40.0);
}

#[test]
fn units_are_converted_or_warned_of() {
    for (code, factor, warns) in [(1u8, 1000.0, false), (2, 1.0, false), (3, 0.001, false), (0, 1.0, true)] {
        let mut bytes = nifti();
        bytes[123] = code;
        let read = read_bytes("v.nii", &bytes).unwrap();
        assert!((read.grid().spacing()[1] / factor - 1.0).abs() < 1e-6);
        assert_eq!(!issues(&read).is_empty(), warns);
    }
    let mut bytes = nifti();
    bytes[123] = 5;
    assert!(read_bytes("v.nii", &bytes).unwrap_err().to_string().contains("xyzt_units"));
}

#[test]
fn sheared_nifti_is_refused_with_its_angle() {
    let mut bytes = nifti();
    // k leans by 0.5 mm over its 2 mm towards y: atan(0.25) = 14.036°.
    put(&mut bytes, 280 + 16 + 8, &0.5f32.to_ne_bytes());
    let error = read_bytes("v.nii", &bytes).unwrap_err();
    assert!(error.to_string().contains("14.036°"), "{error}");
}

#[test]
fn slope_and_intercept_give_real_world_values_in_the_narrowest_type() {
    let scaled = |slope: f32, intercept: f32| {
        let mut bytes = nifti();
        put(&mut bytes, 112, &slope.to_ne_bytes());
        put(&mut bytes, 116, &intercept.to_ne_bytes());
        read_bytes("v.nii", &bytes).unwrap().samples().clone()
    };
    assert_eq!(scaled(0.0, 7.0), Samples::I16((0..24).collect()));
    assert_eq!(scaled(f32::NAN, 7.0), Samples::I16((0..24).collect()));
    assert_eq!(scaled(1.0, -1024.0), Samples::I16((-1024..-1000).collect()));
    assert_eq!(scaled(5000.0, 0.0), Samples::I32((0..24).map(|v| v * 5000).collect()));
    assert_eq!(scaled(0.5, 0.0), Samples::F32((0..24).map(|v| v as f32 / 2.0).collect()));
}

#[test]
fn nonsense_in_a_nifti_header_is_refused_and_named() {
    let cases: [(usize, &[u8], &str); 9] = [
        (40, &9i16.to_ne_bytes(), "dim[0]"),
        (42, &(-4i16).to_ne_bytes(), "dim[1]"),
        (70, &128i16.to_ne_bytes(), "colours"),
        (70, &77i16.to_ne_bytes(), "datatype"),
        (72, &8i16.to_ne_bytes(), "bitpix"),
        (68, &1007i16.to_ne_bytes(), "vectors"),
        (108, &f32::NAN.to_ne_bytes(), "vox_offset"),
        (344, b"ni1\0", "second file"),
        (344, b"\0\0\0\0", "ANALYZE"),
    ];
    for (at, field, wanted) in cases {
        let mut bytes = nifti();
        put(&mut bytes, at, field);
        let error = read_bytes("v.nii", &bytes).unwrap_err().to_string();
        assert!(error.contains(wanted), "{wanted}: {error}");
    }
}

#[test]
fn a_header_that_lies_about_size_is_refused_before_memory_is_taken() {
    let mut bytes = nifti();
    for axis in 0..3 {
        put(&mut bytes, 42 + 2 * axis, &32_767i16.to_ne_bytes());
    }
    assert!(matches!(read_bytes("v.nii", &bytes).unwrap_err().problem, Problem::Truncated { .. }));
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&bytes).unwrap();
    assert!(matches!(read_bytes("v.nii.gz", &gz.finish().unwrap()).unwrap_err().problem, Problem::Truncated { .. }));
    let header = "NRRD0004\ntype: double\ndimension: 3\nsizes: 60000 60000 60000\nencoding: raw\nendian: little\n\
                  space: LPS\nspace directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\n\n";
    assert!(matches!(read_bytes("v.nrrd", header.as_bytes()).unwrap_err().problem, Problem::Truncated { .. }));
}

#[test]
fn damaged_compressed_data_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.nii.gz");
    write_nifti(&volume(), &path, &Progress::new()).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 0xff;
    assert!(matches!(read_bytes("v.nii.gz", &bytes).unwrap_err().problem, Problem::Damaged(_)));
}

#[test]
fn foreign_and_empty_files_are_told_apart() {
    let told = |bytes: &[u8]| read_bytes("x", bytes).unwrap_err().to_string();
    assert!(told(b"").contains("empty"));
    assert!(told(b"<!DOCTYPE html>").contains("no NIfTI"));
    let mut dicom = vec![0; 128];
    dicom.extend_from_slice(b"DICM");
    assert!(told(&dicom).contains("DICOM"));
    assert!(read(Path::new("/nowhere/at/all.nii"), 0, &Progress::new()).is_err());
}

const NRRD: &str = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 2\nencoding: ascii\n";
const ASCII: &str = "\n1 2 3 4\n5 6 7 8\n";

fn nrrd(fields: &str) -> Result<Volume, FormatError> {
    read_bytes("v.nrrd", format!("{NRRD}{fields}{ASCII}").as_bytes())
}

#[test]
fn nrrd_spaces_come_out_as_lps() {
    let at = "space directions: (2,0,0) (0,3,0) (0,0,4)\nspace origin: (10,20,30)\n";
    for (space, code, origin) in [
        ("left-posterior-superior", "LPS", [10.0, 20.0, 30.0]),
        ("RAS", "RAS", [-10.0, -20.0, 30.0]),
        ("LAS", "LAS", [10.0, -20.0, 30.0]),
    ] {
        let read = nrrd(&format!("space: {space}\n{at}")).unwrap();
        assert_eq!(read.grid().orientation_code(), code);
        assert_eq!(read.grid().origin().0.to_array(), origin);
        assert_eq!(issues(&read), []);
        assert_eq!(read.samples(), &Samples::U8((1..9).collect()));
    }
    for vague in ["", "space: scanner-xyz\n", "space dimension: 3\n"] {
        let read = nrrd(&format!("{vague}{at}")).unwrap();
        assert!(matches!(issues(&read)[..], [GeometryIssue::LateralityAssumed { .. }]), "{vague}");
    }
    assert!(nrrd(&format!("space: 3D-right-handed-time\n{at}")).unwrap_err().to_string().contains("space"));
}

#[test]
fn nrrd_with_spacings_only_warns_and_centres_cells() {
    let read = nrrd("spacings: 2 3 4\naxis mins: 10 NaN 0\ncenterings: cell cell node\nunits: \"mm\" \"mm\" \"mm\"\n")
        .unwrap();
    assert_eq!(read.grid().origin().0.to_array(), [11.0, 0.0, 0.0]);
    assert!(matches!(issues(&read)[..], [GeometryIssue::LateralityAssumed { .. }]));
    let read = nrrd("axis mins: 0 0 0\naxis maxs: 4 4 4\ncenterings: cell node cell\nunits: cm mm mm\n").unwrap();
    assert_eq!(read.grid().spacing(), [20.0, 4.0, 2.0]);
    assert!(nrrd("").unwrap_err().to_string().contains("voxel size"));
}

#[test]
fn nrrd_time_points_are_chosen_whether_they_run_first_or_last() {
    let at = "encoding: ascii\ntype: short\ndimension: 4\nspace: LPS\nspace origin: (0,0,0)\n";
    let folder = tempfile::tempdir().unwrap();
    let first =
        format!("NRRD0004\n{at}sizes: 3 2 1 1\nspace directions: none (1,0,0) (0,1,0) (0,0,1)\n\n1 2 3 4 5 6\n");
    let last = format!("NRRD0004\n{at}sizes: 2 1 1 3\nspace directions: (1,0,0) (0,1,0) (0,0,1) none\n\n1 4 2 5 3 6\n");
    for (name, text) in [("first.nrrd", first), ("last.nrrd", last)] {
        let path = save(folder.path(), name, text.as_bytes());
        assert_eq!(probe(&path).unwrap().time_points, 3);
        for (time, values) in [[1, 4], [2, 5], [3, 6]].into_iter().enumerate() {
            assert_eq!(read(&path, time, &Progress::new()).unwrap().samples(), &Samples::I16(values.to_vec()));
        }
        let error = read(&path, 3, &Progress::new()).unwrap_err();
        assert!(matches!(error.problem, Problem::TimePoint { wanted: 3, held: 3 }));
    }
}

#[test]
fn colours_and_vectors_are_no_volume() {
    let text = "NRRD0004\nencoding: ascii\ntype: uchar\ndimension: 4\nsizes: 3 1 1 1\nkinds: RGB-color domain domain domain\n\n1 2 3\n";
    assert!(read_bytes("c.nrrd", text.as_bytes()).unwrap_err().to_string().contains("rgb-color"));
}

#[test]
fn detached_data_lies_beside_its_header_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), "v.raw", &[0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    let header = |file: &str| {
        format!(
            "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 2\nencoding: raw\nbyte skip: -1\nspace: LPS\n\
             space directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\ndata file: {file}\n"
        )
    };
    let path = save(folder.path(), "v.nhdr", header("v.raw").as_bytes());
    let read_back = read(&path, 0, &Progress::new()).unwrap();
    assert_eq!(read_back.samples(), &Samples::U8((1..9).collect()));
    assert_eq!(read_back.provenance.sources.len(), 2);
    for outside in ["../v.raw", "/etc/hostname"] {
        let path = save(folder.path(), "v.nhdr", header(outside).as_bytes());
        assert!(read(&path, 0, &Progress::new()).unwrap_err().to_string().contains("outside"));
    }
}

#[test]
fn label_maps_give_a_structure_for_each_value() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "{NRRD}space: LPS\nspace directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\n\n0 2 2 7\n0 0 7 2\n"
    );
    let structures = read_labels(&save(folder.path(), "l.nrrd", text.as_bytes()), &Progress::new()).unwrap();
    let told: Vec<_> = structures.iter().map(|s| (s.name.as_str(), s.mask.count())).collect();
    assert_eq!(told, [("Label 2", 3), ("Label 7", 2)]);
    let fractions = text.replace("uchar", "float").replace("7 2\n", "7 2.5\n");
    let error = read_labels(&save(folder.path(), "f.nrrd", fractions.as_bytes()), &Progress::new()).unwrap_err();
    assert!(error.to_string().contains("2.5 is no whole number"), "{error}");
}

/// A project of 2×3×2 voxels in a tar, with this property list.
fn project(list: &str, matrix: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, content) in [("x/other.dat", &b"junk"[..]), ("x/main.plist", list.as_bytes()), ("x/matrix.dat", matrix)]
    {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, name, content).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn plist(more: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>modality</key><string>CT</string><key>matrix</key><dict>\
         <key>dtype</key><string>int16</string><key>filename</key><string>matrix.dat</string><key>shape</key>\
         <array><integer>2</integer><integer>3</integer><integer>2</integer></array></dict><key>spacing</key><array>\
         <real>0.5</real><real>0.6</real><integer>2</integer></array>{more}</dict></plist>"
    )
}

#[test]
fn invesalius_projects_warn_of_laterality() {
    let values: Vec<i16> = (0..12).collect();
    let matrix: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    for (more, code) in [
        ("<key>orientation</key><integer>1</integer>", "LAS"),
        ("<key>orientation</key><integer>3</integer>", "RPS"),
        ("<key>affine</key><array><real>1</real><real>0</real></array>", "LAS"),
        ("<key>affine</key><array><array><real>1</real><real>0.5</real></array></array>", "RPS"),
    ] {
        let read = read_bytes("p.inv3", &project(&plist(more), &matrix)).unwrap();
        assert_eq!((read.grid().dims(), read.grid().spacing()), ([2, 3, 2], [0.5, 0.6, 2.0]));
        assert_eq!(read.samples(), &Samples::I16(values.clone()));
        assert_eq!(read.grid().orientation_code(), code);
        assert!(matches!(issues(&read)[..], [GeometryIssue::LateralityAssumed { .. }]));
        assert_eq!(read.unit, ValueUnit::Hounsfield);
    }
    let short = read_bytes("p.inv3", &project(&plist(""), &matrix[..10])).unwrap_err();
    assert!(matches!(short.problem, Problem::Truncated { promised: 24, held: 10 }));
    let deep = plist(&format!("<key>x</key>{}", "<array>".repeat(100_000)));
    assert!(read_bytes("p.inv3", &project(&deep, &matrix)).unwrap_err().to_string().contains("too deep"));
}

/// Sound files of every format.
fn sound() -> Vec<(&'static str, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v");
    let mut files = vec![("v.nii", nifti()), ("p.inv3", project(&plist(""), &[1; 24]))];
    for compression in [Compression::None, Compression::Gzip] {
        write_nrrd(&volume(), &path, compression, &Progress::new()).unwrap();
        files.push(("v.nrrd", fs::read(&path).unwrap()));
    }
    files
}

#[test]
fn files_cut_off_anywhere_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in sound() {
        for length in 0..bytes.len() - 1 {
            let path = save(folder.path(), name, &bytes[..length]);
            // A project is whole once its matrix is; what is behind it does not matter.
            let read = read(&path, 0, &Progress::new());
            assert!(read.is_err() || name == "p.inv3", "{name} cut to {length} of {}", bytes.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// Bytes changed anywhere give a volume or an error, never a panic.
    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let folder = tempfile::tempdir().unwrap();
        for (name, mut bytes) in sound() {
            for (at, value) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            let path = save(folder.path(), name, &bytes);
            let _ = probe(&path);
            let _ = read(&path, 0, &Progress::new());
            let _ = read_labels(&path, &Progress::new());
        }
    }
}
