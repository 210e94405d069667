//! An approach rehearsed in the window of the real binary: on a virtual display, by a script of input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]
#![allow(clippy::print_stderr, clippy::disallowed_methods, reason = "skipped tests say so; a test's files are its own")]

mod common;

use std::process::Command;

use common::{words, works};
use serde_json::Value;

/// What a structure is to instruments, as a line of a script.
fn role(structure: &str, role: &str, stop: f64) -> String {
    let watch = serde_json::json!({ "role": role, "stop": stop, "warn": 5.0 });
    let operation = serde_json::json!({ "approach": { "watch": { "structure": structure, "watch": watch } } });
    format!("0 do {operation}\n")
}

/// Plays a script in the window on a virtual display.
fn play(case: &str, script: &str, trace: &str) {
    let output = Command::new("xvfb-run")
        .args([
            "-a",
            "-s",
            "-screen 0 640x480x24",
            env!("CARGO_BIN_EXE_fabrica"),
            "open",
            case,
            "--desktop",
            "--size",
            "640x400",
        ])
        .args(["--script", script, "--trace", trace])
        .env("USER", "tester")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !said.contains("panicked"), "{said}");
}

#[test]
fn a_needle_is_rehearsed_in_the_window_and_reported() {
    if Command::new("xvfb-run").arg("--help").output().is_err() {
        eprintln!("SKIPPED: this test needs a virtual display (on Debian, the package xvfb)");
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name).display().to_string();
    works(words("phantom --region abdomen --pixel 5 --slice 5 --noise 0 --out").into_iter().chain([at("patient")]));
    let case = at("case");
    works(["import", &at("patient"), "--case", &case, "--without-structures"]);
    works(["segment", &case, "--preset", "skin", "--name", "skin"]);
    // The vessel is drawn by hand: a ball of 8 mm in the middle of the belly.
    works(["edit", &case, "--by", "tester", "--structure", "vessel", "create"]);
    works(["edit", &case, "--by", "tester", "--structure", "vessel", "brush", "--radius", "8", "--at", "40,0,0"]);

    // From the left through the vessel, 20 mm above it, recorded and kept; then a candidate from the map.
    let script = role("skin", "entry", 2.0)
        + &role("vessel", "avoid", 3.0)
        + "0.1 tool instrument\n0.1 option instrument instrument needle 1.3 mm\n0.2 option instrument record on\n\
           0.5 slice at 220 0 20 axial\n0.6 slice press\n0.8 slice at 100 0 20 axial\n1.0 slice at 30 0 20 axial\n\
           1.2 slice release\n1.3 slice gone\n1.4 option instrument keep press\n2.2 option instrument record off\n\
           2.3 tool trajectory\n2.3 option trajectory instrument needle 1.3 mm\n\
           2.3 option trajectory what map of entries\n2.4 slice at 30 0 20 axial\n2.5 slice press\n2.6 slice release\n\
           2.7 option trajectory take press\n5 end\n";
    std::fs::write(at("script.txt"), script).unwrap();
    play(&case, &at("script.txt"), &at("trace.jsonl"));

    works(["report", &case, "--out", &at("report.json")]);
    let report: Value = serde_json::from_slice(&std::fs::read(at("report.json")).unwrap()).unwrap();
    let ways = report["approach"]["trajectories"].as_array().unwrap();
    let trace = std::fs::read_to_string(at("trace.jsonl")).unwrap();
    assert_eq!(ways.len(), 2, "{report:#}\n{trace}");
    let clearance = |way: &Value| {
        let found = &way["assessment"]["clearances"][0];
        assert_eq!(found["structure"], "vessel", "{way}");
        (found["distance"].as_f64().unwrap(), found["error"].as_f64().unwrap())
    };
    // The needle of 1.27 mm passes 20 mm from the middle of a ball of 8 mm: 20 - 8 - 0.635 = 11.4 mm, within its ±.
    let (distance, error) = clearance(&ways[0]);
    assert!((distance - 11.365).abs() < error.min(4.0), "{distance} ± {error}");
    assert_eq!(ways[0]["target"], serde_json::json!([30.0, 0.0, 20.0]));
    assert!(clearance(&ways[1]).0 > 3.0);
    let kept = &report["approach"]["rehearsals"][0];
    assert_eq!(kept["record"]["instrument"], "needle 1.3 mm");
    assert!(!kept["record"]["samples"].as_array().unwrap().is_empty());

    works(["report", &case, "--out", &at("report.html")]);
    let page = std::fs::read_to_string(at("report.html")).unwrap();
    for said in ["SYNTHETIC", "Trajectory 1", "Trajectory 2", "Rehearsal 1", "vessel", "the surface of entry", "rigid"]
    {
        assert!(page.contains(said), "{said}");
    }
    // Undone like everything else.
    works(["edit", &case, "--by", "tester", "undo"]);
    works(["edit", &case, "--by", "tester", "undo"]);
    works(["report", &case, "--out", &at("report.json")]);
    let report: Value = serde_json::from_slice(&std::fs::read(at("report.json")).unwrap()).unwrap();
    assert_eq!(report["approach"]["trajectories"].as_array().unwrap().len(), 1);
}
