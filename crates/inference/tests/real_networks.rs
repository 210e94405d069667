//! Real networks on real scans (brainchop: see the test data's index). Skipped loudly where the data or ONNX Runtime is
//! absent.

mod common;

use common::shared;
use fabrica_inference::onnx::OnnxFile;
use fabrica_inference::{Axes, Engine, EngineChoice, Image3, Model, Network, RunSettings, find_library, predict};
use fabrica_progress::Progress;

/// White and grey matter of a T1, as brainchop runs it: an image conformed to 256³ at 1 mm, axes L-I-A, scaled to 0..1.
const GWM: &str = r#"
name = "Grey and white matter"
about = "brainchop gwm light, MIT"
[[network]]
file = "brainchop_gwm_light_3cls.onnx"
[[channel]]
name = "T1"
normalise = [{ kind = "percentile", from = [0, 100], to = [0, 1] }]
[input]
orientation = "LIA"
along = "patient"
spacing_mm = [1, 1, 1]
box = [256, 256, 256]
[output]
kind = "classes"
channels = 3
[[label]]
channel = 1
name = "White matter"
[[label]]
channel = 2
name = "Grey matter"
"#;

#[test]
fn grey_and_white_matter_as_by_the_network_alone() {
    let Some(network) = shared("models/brainchop_gwm_light_3cls.onnx") else { return };
    let Some(scan) = shared("models/test_input_t1_conformed_LIA_256.nii.gz") else { return };
    if find_library().is_none() {
        eprintln!("SKIPPED: the test needs ONNX Runtime (make setup)");
        return;
    }
    let progress = Progress::new();
    let scan = fabrica_formats::read(&scan, 0, &progress).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(&network, folder.path().join("brainchop_gwm_light_3cls.onnx")).unwrap();
    common::put(&folder.path().join("model.toml"), GWM.as_bytes());
    let model = Model::open(folder.path()).unwrap();
    let settings = RunSettings::default();
    let found = predict(&model, &[&scan], &EngineChoice::Best, &settings, &progress).unwrap();

    // The network alone, on the array as it is stored: it is conformed already, its first index is the fastest.
    let axes = Axes { order: [0, 1, 2], flipped: [false; 3] };
    let mut image = Image3::of(&scan, axes);
    let (low, high) = image.range();
    image.data.iter_mut().for_each(|v| *v = (*v - low) / (high - low));
    let engine = Engine::get(&EngineChoice::Best).unwrap();
    let mut alone = Network::load(engine, &OnnxFile::read(&network).unwrap(), settings.threads).unwrap();
    let [x, y, z] = image.sides;
    let logits = alone.run(&image.data, [1, 1, x, y, z], &progress).unwrap();
    let samples = x * y * z;
    for (structure, channel) in found.structures.iter().zip([1, 2]) {
        let (mut both, mut ours, mut theirs) = (0u64, 0u64, 0u64);
        for n in 0..samples {
            let value = |c: usize| logits.data[c * samples + n];
            let wins = (0..3).all(|c| c == channel || value(channel) > value(c));
            let at = [n / (y * z), n / z % y, n % z];
            let found = structure.mask.get(at);
            both += u64::from(wins && found);
            ours += u64::from(found);
            theirs += u64::from(wins);
        }
        let dice = 2.0 * both as f64 / (ours + theirs) as f64;
        println!("{}: Dice {dice:.5}, {:.0} mL", structure.name, structure.mask.volume().millilitres());
        assert!(dice > 0.995, "{} has Dice {dice}", structure.name);
        // A brain has some 400 to 900 mL of each.
        assert!((300.0..1000.0).contains(&structure.mask.volume().millilitres()));
    }
}
