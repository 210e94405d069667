//! The way to a target, on the synthetic patient, through the real binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]
#![allow(clippy::print_stderr, reason = "skipped tests say so")]

mod common;

use common::{refuses, words, works};
use serde_json::Value;

#[test]
fn ways_to_the_tumour_are_found_told_and_kept() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name).display().to_string();
    let line = "phantom --region abdomen --pixel 2 --slice 2 --noise 0 --out";
    works(words(line).into_iter().chain([at("patient")]));
    works(["import", &at("patient"), "--case", &at("case")]);
    works(["segment", &at("case"), "--preset", "skin", "--name", "skin"]);
    let case = at("case");
    let ask = |more: &[&str]| -> Vec<String> {
        let start = ["approach", &case, "--target", "liver tumour", "--instrument", "needle 1.3 mm"];
        start.iter().chain(more).map(|w| (*w).to_owned()).collect()
    };
    let avoid = ["--avoid", "portal vein=2,5", "--avoid", "hepatic veins", "--avoid", "bones=1", "--entry", "skin"];
    let (json, page, map) = (at("a.json"), at("a.html"), at("a.csv"));
    let more = ["--through", "liver", "--entries", "3000", "--json", &json, "--report", &page, "--map", &map];
    let said = works(ask(&[&avoid[..], &more, &["--save", "biopsy"]].concat()));
    assert!(said.contains("Soft tissue is rigid here"), "{said}");

    let found: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!(found["simulated"], true);
    let ways = found["assessed"].as_array().unwrap();
    assert!(!ways.is_empty());
    // The tumour lies in the liver, on the right: so do its ways in, and they cross the liver.
    assert!(found["target"][0][0].as_f64().unwrap() < 0.0);
    for way in ways {
        assert_ne!(way["alarm"], "stop", "{way}");
        assert!(way["length"].as_f64().unwrap() <= 150.0);
        assert!(way["crossings"].as_array().unwrap().iter().any(|c| c["structure"] == "liver"), "{way}");
        assert!(way["crossings"].as_array().unwrap().iter().all(|c| c["structure"] == "liver"), "{way}");
    }
    let page = std::fs::read_to_string(&page).unwrap();
    assert!(page.contains("Simulated data") && page.contains("liver tumour"));
    assert!(std::fs::read_to_string(&map).unwrap().lines().count() > 1000);

    // A given way through a vein is told as one.
    let target = found["target"][0].as_array().unwrap();
    let from = format!("{},{},{}", 40.0, target[1], target[2]);
    let through = works(ask(&["--avoid", "aorta", "--avoid", "hepatic veins", "--from", &from, "--json", &json]));
    assert!(through.contains("way 1"), "{through}");

    let wrong = refuses(ask(&["--avoid", "portal vain", "--entry", "skin"]));
    assert!(wrong.contains("portal vain") && wrong.contains("portal vein"), "{wrong}");
    let list = works(["approach", "--list"]);
    assert!(list.contains("endoscope 4 mm 30°") && list.contains("craniotome"), "{list}");
    assert!(
        refuses([
            "approach",
            &case,
            "--target",
            "1,2,3",
            "--avoid",
            "aorta",
            "--from",
            "0,0,0",
            "--instrument",
            "spoon"
        ])
        .contains("spoon")
    );
}
