//! Keeps the library in memory once it is loaded: loaders unload a runtime with its last instance, but the world that
//! it simulates, and the threads that serve its socket, live as long as the process.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-link-arg-cdylib=-Wl,-z,nodelete");
    }
}
