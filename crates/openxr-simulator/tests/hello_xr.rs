//! A program that knows nothing of ours: Khronos' own sample, with Khronos' validation layer listening.

#![cfg(unix)]

mod common;

use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::RecvTimeoutError;

use fabrica_openxr_simulator::harness::{Capture, Headset, loader};

const SCRIPT: &str = r#"
{"do":"display","width":96,"height":96}
{"do":"wait","state":"FOCUSED"}
{"do":"press","hand":"left","input":"squeeze"}
{"do":"wait","frames":3}
{"do":"capture","name":"cubes"}
{"do":"recentre"}
{"do":"headset","worn":false}
{"do":"wait","frames":3}
{"do":"headset","worn":true}
{"do":"wait","state":"FOCUSED"}
{"do":"wait","frames":3}
{"do":"exit"}
"#;

#[test]
fn hello_xr_runs_and_the_validation_layer_is_silent() {
    let program = Path::new("/usr/bin/hello_xr");
    let layers = Path::new("/usr/share/openxr/1/api_layers/explicit.d");
    let layer = layers.read_dir().is_ok_and(|mut files| {
        files.any(|file| file.is_ok_and(|file| file.file_name().to_string_lossy().contains("core_validation")))
    });
    if !program.exists() || !layer || loader().is_none() || !common::vulkan::is_there() {
        eprintln!("SKIPPED: needs libopenxr-utils, openxr-layer-corevalidation, libopenxr-loader1 and a Vulkan driver");
        return;
    }
    for graphics in ["Vulkan2", "Vulkan"] {
        let folder = tempfile::tempdir().unwrap();
        let headset = Headset::new(folder.path()).unwrap();
        headset.script(SCRIPT).unwrap();
        // It ends when its standard input does: keep that open.
        let mut child = headset
            .command(program)
            .args(["-g", graphics])
            .env("XR_ENABLE_API_LAYERS", "XR_APILAYER_LUNARG_core_validation")
            .env("XR_CORE_VALIDATION_EXPORT_TYPE", "text")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id().to_string();
        let (done, ended) = std::sync::mpsc::channel::<()>();
        let watchdog = std::thread::spawn(move || {
            if ended.recv_timeout(std::time::Duration::from_secs(120)) == Err(RecvTimeoutError::Timeout) {
                let _ = std::process::Command::new("kill").arg(&pid).status();
            }
        });
        let stdin = child.stdin.take();
        let output = child.wait_with_output().unwrap();
        drop((stdin, done));
        watchdog.join().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let log = headset.log();
        assert!(output.status.success(), "{graphics}: {}\n{said}\n{log}", output.status);
        let complaint = |line: &&str| {
            line.contains("[VALID_") || line.contains("VUID") || line.contains("[Error") || line.contains("[Warning")
        };
        let complaints: Vec<&str> = said.lines().filter(complaint).collect();
        assert!(complaints.is_empty(), "{graphics}: {complaints:#?}");
        assert!(!log.contains("dubious") && !log.contains("XR_ERROR"), "{graphics}: {log}");
        assert!(log.contains("session EXITING"), "{graphics}: {log}");
        // hello_xr draws cubes on slate grey, both eyes: its clear colour is there and is not all there is.
        let capture = Capture::load(&headset.pictures(), "cubes").unwrap();
        for eye in [&capture.left, &capture.right] {
            let background = eye.pixel(0, 0).unwrap();
            let others = eye.pixels().filter(|pixel| *pixel != background).count();
            assert!(others > 100, "{graphics}: {others} pixels of cubes");
        }
    }
}
