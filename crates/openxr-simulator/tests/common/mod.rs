//! Tests of the runtime through the real loader. Each runs in a process of its own: a process has one runtime.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(unsafe_code, reason = "OpenXR and Vulkan are C interfaces; wrong use is what is tested")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "helpers of tests")]

pub mod client;
pub mod vulkan;

use fabrica_openxr_simulator::harness::{Headset, loader};

const CHILD: &str = "OPENXR_SIMULATOR_TEST_CHILD";

/// Runs `body` in a child process under the simulator with `script`. `name` is the test's own name.
pub fn under_simulator(name: &str, script: &str, body: impl FnOnce()) {
    under_simulator_with(name, script, &[], body);
}

/// As [`under_simulator`], with more environment variables.
pub fn under_simulator_with(name: &str, script: &str, more: &[(&str, &str)], body: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some() {
        return body();
    }
    if loader().is_none() || !vulkan::is_there() {
        eprintln!(
            "SKIPPED {name}: needs the OpenXR loader and a Vulkan driver (libopenxr-loader1, mesa-vulkan-drivers)"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let headset = Headset::new(folder.path()).unwrap();
    headset.script(script).unwrap();
    let output = headset
        .command(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .envs(more.iter().copied())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n--- stdout\n{}\n--- stderr\n{}\n--- the runtime's log\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        headset.log()
    );
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("1 passed"), "the child ran no test called {name}:\n{stdout}");
}

/// A line to the runtime of this process.
pub fn remote() -> fabrica_openxr_simulator::harness::Remote {
    fabrica_openxr_simulator::harness::Remote::of_environment(std::time::Duration::from_secs(10)).unwrap()
}
