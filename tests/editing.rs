//! Editing from the command line and from a script, and replay, on the synthetic patient.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]
#![allow(clippy::print_stderr, clippy::disallowed_methods, reason = "skipped tests say so; a test's files are its own")]

mod common;

use common::{fabrica, refuses, words, works};
use serde_json::Value;

#[test]
fn a_structure_is_drawn_edited_and_replayed() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name).display().to_string();
    works(words("phantom --region head --pixel 3 --slice 3 --noise 0 --out").into_iter().chain([at("p")]));
    let case = at("case");
    works(["import", &at("p"), "--case", &case, "--without-structures"]);
    let info = || -> Value { serde_json::from_str(&works(["info", &case, "--json"])).unwrap() };
    let origin = &info()["volumes"][0]["origin_lps_mm"];
    let place = |a: usize, by: f64| origin[a].as_f64().unwrap() + by;
    // 60, 60 and 30 mm from the scan's first corner, whatever its axes.
    let point = |x: f64| format!("{},{},{}", place(0, 60.0 + x), place(1, 60.0), place(2, 30.0));

    let script = at("script.txt");
    let text = format!(
        "# a lesion drawn by hand\n\
         --structure lesion create\n\
         --structure rest create\n\
         --structure lesion brush --radius 10 --at {} --at {}\n\
         --structure rest --overwrite all brush --radius 6 --at {}\n\
         --structure lesion smooth gaussian=3 --with rest\n\
         --structure lesion progress completed\n\
         {{\"set_crosshair\":{{\"at\":[1.0,2.0,3.0]}}}}\n",
        point(0.0),
        point(10.0),
        point(20.0)
    );
    std::fs::write(&script, text).unwrap();
    let told = works(["edit", &case, "--by", "Anna", "--script", &script]);
    assert!(told.contains("brush") && told.contains("lesion: +"), "{told}");
    let voxels = |name: &str| {
        let info = info();
        let structures = info["structures"].as_array().unwrap().clone();
        structures.iter().find(|s| s["name"] == name).unwrap()["voxels"].as_u64().unwrap()
    };
    let lesion = voxels("lesion");
    // A capsule of 10 mm and 10 mm length has 7.3 mL, 271 voxels; the other ball takes some.
    assert!((180..290).contains(&lesion), "{lesion}");

    // Trying out changes nothing; undo and redo are each user's own.
    works(["edit", &case, "--structure", "lesion", "--try", "logic", "clear"]);
    assert_eq!(voxels("lesion"), lesion);
    works(["edit", &case, "--by", "Ben", "--structure", "lesion", "margin", "-3"]);
    let shrunk = voxels("lesion");
    assert!(shrunk < lesion);
    works(["edit", &case, "--by", "Ben", "undo"]);
    assert_eq!(voxels("lesion"), lesion);
    works(["edit", &case, "--by", "Ben", "redo"]);
    assert_eq!(voxels("lesion"), shrunk);
    assert!(refuses(["edit", &case, "--by", "Cleo", "undo"]).contains("nothing to undo"));
    works(["edit", &case, "--structure", "lesion", "lock"]);
    let stroke = ["edit", case.as_str(), "--structure", "lesion", "logic", "clear"];
    assert!(refuses(stroke).contains("locked"));

    // Replay: every step, and a case of how things were before Ben came.
    let steps: Vec<Value> =
        works(["replay", &case, "--json", "--voxels"]).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(steps.len(), 11);
    assert_eq!((&steps[2]["what"], &steps[2]["author"]), (&Value::from("brush"), &Value::from("Anna")));
    assert_eq!(steps[4]["voxels"]["lesion"], lesion);
    assert_eq!(steps[9]["voxels"]["lesion"], shrunk);
    works(["replay", &case, "--until", "5", "--to-case", &at("then")]);
    let then: Value = serde_json::from_str(&works(["info", &at("then"), "--json"])).unwrap();
    assert_eq!(then["structures"].as_array().unwrap().len(), 2);
    assert_eq!(then["structures"][0]["voxels"], lesion);
    assert_eq!(info()["audit"]["intact"], true);

    // A script that fails says where, and what was done before stays. (The next voxel is 3 mm away.)
    std::fs::write(&script, "--structure rest margin 4\n--structure rest brush --radius 3\n").unwrap();
    let before = voxels("rest");
    assert!(refuses(["edit", &case, "--script", &script]).contains("line 2"));
    assert!(voxels("rest") > before);
    assert!(refuses(["edit", &case]).contains("say what to do"));
    let _ = fabrica(["edit", "--help"]);
}

/// Copies a folder.
fn copy(from: &str, to: &str) {
    std::fs::create_dir(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let name = item.unwrap().file_name().into_string().unwrap();
        let [from, to] = [from, to].map(|folder| format!("{folder}/{name}"));
        if std::fs::metadata(&from).unwrap().is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(&from, &to).map(|_| ()).unwrap();
        }
    }
}

#[test]
fn two_colleagues_plans_become_one_whoever_merges() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name).display().to_string();
    works(words("phantom --region head --pixel 4 --slice 4 --noise 0 --out").into_iter().chain([at("p")]));
    let [anna, ben] = ["anna", "ben"].map(at);
    works(["import", &at("p"), "--case", &anna, "--without-structures"]);
    let info = |case: &str| -> Value { serde_json::from_str(&works(["info", case, "--json"])).unwrap() };
    let origin = info(&anna)["volumes"][0]["origin_lps_mm"].clone();
    let point = |x: f64| {
        let place = |a: usize, by: f64| origin[a].as_f64().unwrap() + by;
        format!("{},{},{}", place(0, x), place(1, 80.0), place(2, 60.0))
    };
    let brush = |case: &str, by: &str, x: f64, more: &[&str]| {
        let at = point(x);
        let mut line = vec!["edit", case, "--by", by, "--structure", "lesion"];
        line.extend(["brush", "--radius", "9", "--at", &at]);
        line.extend(more);
        works(line);
    };
    works(["edit", &anna, "--by", "Anna", "--structure", "lesion", "create"]);
    brush(&anna, "Anna", 60.0, &[]);
    copy(&anna, &ben);
    // Apart: Anna goes on to one side, Ben to the other, and he takes some away again.
    brush(&anna, "Anna", 70.0, &[]);
    brush(&ben, "Ben", 50.0, &[]);
    brush(&ben, "Ben", 62.0, &["--erase"]);
    let voxels = |case: &str| info(case)["structures"][0]["voxels"].as_u64().unwrap();
    assert_ne!(voxels(&anna), voxels(&ben));

    let told = works(["merge", &anna, &ben, "--by", "Anna"]);
    assert!(told.contains("2 operation(s)") && told.contains("2 by Ben"), "{told}");
    assert!(works(["merge", &ben, &anna, "--by", "Ben"]).contains("1 by Anna"));
    assert_eq!(voxels(&anna), voxels(&ben));
    let order = |case: &str| -> Vec<String> {
        let steps = works(["replay", case, "--json", "--voxels"]);
        let step = |line: &str| -> Value { serde_json::from_str(line).unwrap() };
        steps.lines().map(|line| format!("{} {}", step(line)["author"], step(line)["voxels"])).collect()
    };
    assert_eq!(order(&anna), order(&ben));
    assert!(works(["merge", &anna, &ben]).contains("Nothing is new"));
    assert_eq!(info(&anna)["audit"]["intact"], true);
    // Each still takes back their own.
    let before = voxels(&ben);
    works(["edit", &ben, "--by", "Anna", "undo"]);
    assert_ne!(voxels(&ben), before);

    // Another patient's case is no copy.
    works(words("phantom --region head --pixel 5 --slice 4 --noise 0 --out").into_iter().chain([at("q")]));
    works(["import", &at("q"), "--case", &at("other")]);
    let before = voxels(&anna);
    assert!(refuses(["merge", &anna, &at("other")]).contains("no copy of the same case"));
    assert_eq!(voxels(&anna), before);
}

/// On a real head: bone by preset, a lesion drawn beside it and grown into the bone's shade, undone and played back.
#[test]
fn a_real_head_is_edited_and_played_back() {
    let Some(scan) = common::shared_data("ct_nifti_labels/head_ct_invesalius/head_ct.nii.gz") else { return };
    let temporary = tempfile::tempdir().unwrap();
    let case = temporary.path().join("case").display().to_string();
    works(["import", &scan.display().to_string(), "--case", &case, "--ct"]);
    works(["segment", &case, "--preset", "bone"]);
    let info = || -> Value { serde_json::from_str(&works(["info", &case, "--json"])).unwrap() };
    let voxels = |name: &str| {
        let info = info();
        let structures = info["structures"].as_array().unwrap().clone();
        structures.iter().find(|s| s["name"] == name).map(|s| s["voxels"].as_u64().unwrap())
    };
    let bone = info()["structures"][0]["name"].as_str().unwrap().to_owned();
    let before = voxels(&bone).unwrap();
    let edit = |words: &[&str]| {
        let line: Vec<&str> =
            ["edit", case.as_str(), "--by", "Anna"].into_iter().chain(words.iter().copied()).collect();
        works(line)
    };
    edit(&["--structure", "lesion", "create"]);
    // In the middle of the head, where there is brain: 5 mL less what is no soft tissue.
    let volume = info()["volumes"][0].clone();
    let axes: Vec<char> = volume["orientation"].as_str().unwrap().chars().collect();
    let mut at: Vec<f64> = (0..3).map(|a| volume["origin_lps_mm"][a].as_f64().unwrap()).collect();
    for (axis, letter) in axes.iter().enumerate() {
        let half = volume["size"][axis].as_f64().unwrap() * volume["spacing_mm"][axis].as_f64().unwrap() / 2.0;
        match letter {
            'L' => at[0] += half,
            'R' => at[0] -= half,
            'P' => at[1] += half,
            'A' => at[1] -= half,
            'S' => at[2] += half,
            _ => at[2] -= half,
        }
    }
    let at = format!("{},{},{}", at[0], at[1], at[2]);
    edit(&["--structure", "lesion", "--values", "-20..100", "brush", "--radius", "10", "--at", &at]);
    let drawn = voxels("lesion").unwrap();
    assert!(drawn > 0);
    edit(&["--structure", "lesion", "margin", "3"]);
    edit(&["--structure", &bone, "islands", "largest=1"]);
    assert!(voxels("lesion").unwrap() > drawn);
    let largest = voxels(&bone).unwrap();
    assert!(largest < before, "{largest} of {before}");
    edit(&["undo"]);
    assert_eq!(voxels(&bone), Some(before));
    edit(&["redo"]);
    let steps: Vec<Value> =
        works(["replay", &case, "--json", "--voxels"]).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(steps.last().unwrap()["voxels"][&bone], largest);
    assert_eq!(info()["audit"]["intact"], true);
}
