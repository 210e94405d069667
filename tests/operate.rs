//! Taking parts out and putting implants in, on the synthetic patient, through the real binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]
#![allow(clippy::print_stderr, reason = "skipped tests say so")]

mod common;

use common::{refuses, words, works};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn a_tumour_with_its_margin_comes_out_and_goes_back() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name).display().to_string();
    works(words("phantom --region abdomen --pixel 2 --slice 2 --noise 0 --out").into_iter().chain([at("patient")]));
    works(["import", &at("patient"), "--case", &at("case")]);
    let case = at("case");
    let size = |name: &str| {
        let found = json(&works(["measure", &case, "--size", name, "--json"]));
        found["measurements"][0]["quantities"][0]["value"].as_f64().unwrap()
    };
    let whole = size("liver");
    let ask = ["resect", &case, "--structure", "liver", "--tumour", "liver tumour", "--margin", "10", "--json"];
    let tried = json(&works(ask.iter().chain(&["--try"])));
    assert_eq!((&tried["done"], size("liver")), (&Value::Bool(false), whole));
    let done = json(&works(ask.iter().chain(&["--name", "segment"])));
    assert_eq!(done["simulated"], true);
    // A ball of the tumour's volume with the margin around it; no rounder shape would take less, and the liver ends nowhere near.
    let (out, stays) = (done["resected"].as_f64().unwrap(), done["remaining"].as_f64().unwrap());
    let ball = |radius: f64| 4.0 / 3.0 * std::f64::consts::PI * radius.powi(3);
    let expected = ball((size("liver tumour") / ball(1.0)).cbrt() + 10.0);
    assert!((out - expected).abs() < 0.1 * expected, "{out} {expected}");
    assert!((out + stays - whole).abs() < 0.03 * whole, "{out} {stays} {whole}");
    let margin = &done["margin"];
    assert!((margin["least"].as_f64().unwrap() - 10.0).abs() <= margin["error"].as_f64().unwrap() + 1.0, "{margin}");
    assert_eq!(margin["left_behind"].as_f64(), Some(0.0));
    assert!(size("segment") > 0.0 && size("liver") < whole);
    // The piece is a structure like any other; its name is taken now.
    assert!(refuses(ask.iter().chain(&["--name", "segment"])).contains("segment"));
    assert!(works(["resect", &case, "-s", "liver", "--name", "segment", "--put-back"]).contains("are back in liver"));
    assert!((size("liver") - whole).abs() < 1e-6 * whole);
    // Where nothing is, nothing is taken out, and nothing is left half done.
    let nowhere = ["resect", &case, "-s", "liver", "--beyond", "0,0,5000:0,0,1", "--name", "none"];
    assert!(refuses(nowhere).contains("nothing of \"liver\""));
    assert!((size("liver") - whole).abs() < 1e-6 * whole);
    assert!(!works(["info", &case]).contains("\"none\""));
}

#[test]
fn a_window_in_the_skull_is_closed_from_the_sound_side() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name).display().to_string();
    works(words("phantom --region head --pixel 1.2 --slice 1.2 --noise 0 --out").into_iter().chain([at("patient")]));
    works(["import", &at("patient"), "--case", &at("case")]);
    let case = at("case");
    // Through the left side of the skull, 40 mm across.
    let info = works(["info", &case, "--json"]);
    assert!(info.contains("\"skull\""), "{info}");
    let (from, to) = ("84,10,560", "40,8,552");
    let done = json(&works([
        "resect",
        &case,
        "-s",
        "skull",
        "--name",
        "bone flap",
        "--window",
        from,
        to,
        "--diameter",
        "40",
        "--json",
    ]));
    // 1,257 mm² of a plate of 6.5 mm, met at a slant.
    let out = done["resected"].as_f64().unwrap();
    assert!(out > 7_500.0 && out < 12_000.0, "{out}");
    let stl = at("implant.stl");
    let made =
        json(&works(["implant", &case, "cranial", "--skull", "skull", "--hole", "bone flap", "--out", &stl, "--json"]));
    let departure = made["departure_from_hole_mean_and_greatest"][0].as_f64().unwrap();
    assert!(departure < 1.0, "{made}");
    assert!(made["least_gap"].as_f64().unwrap() > 0.2, "{made}");
    works(["mesh", "check", &stl]);
    // It is a structure of the case too, and says where it comes from.
    assert!(works(["info", &case]).contains("cranial implant"));
    let again = refuses(["implant", &case, "cranial", "--skull", "skull", "--hole", "bone flap"]);
    assert!(again.contains("cranial implant"), "{again}");
    assert!(
        refuses(["implant", &case, "cranial", "--skull", "skul", "--hole", "bone flap", "--name", "b"])
            .contains("skul")
    );
}
