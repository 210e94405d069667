//! Writes generated broken meshes as STL and OBJ: `broken_meshes FOLDER COUNT`.

use std::path::Path;

use fabrica_mesh::{Model, ModelFormat, write_model};

#[path = "../tests/common/broken.rs"]
#[allow(clippy::unwrap_used, dead_code, missing_docs, reason = "shared with tests")]
mod broken;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count] = &arguments[..] else { return Err("usage: broken_meshes FOLDER COUNT".into()) };
    for number in 0..count.parse()? {
        let made = broken::broken(number);
        let faults = made.faults.join(", ");
        let mut file = std::fs::File::create(Path::new(folder).join(format!("broken-{number:04}.obj")))?;
        write_model(&Model::of(&faults, made.mesh), ModelFormat::Obj, &faults, &mut file)?;
    }
    Ok(())
}
