//! Plays scripts of input in an app without a window. The tests of tools share it by path.

use std::path::Path;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use fabrica_geometry::Grid;
use fabrica_plan::Author;
use fabrica_scene::input::{PlayScript, Script, ScriptEnded};
use fabrica_scene::{Notices, Request, ScenePlugin};
use fabrica_session::SessionPlugin;
use fabrica_volume::{Modality, Samples, ValueUnit, Volume};

/// Whether the script has come to its end.
#[derive(Resource, Default)]
struct Ended(bool);

/// A synthetic CT.
pub fn ct(grid: Grid, values: Vec<i16>) -> Volume {
    let mut volume = Volume::new(grid, Samples::I16(values), ValueUnit::Hounsfield).unwrap();
    volume.provenance.modality = Modality::ct();
    volume.provenance.simulated = true;
    volume
}

/// An app without a window that opens a case, with the tool's plugin.
pub fn app(folder: &Path, tool: impl Plugin) -> App {
    let mut app = App::new();
    let author = Author::new("tester").unwrap();
    app.add_plugins((MinimalPlugins, ScenePlugin, SessionPlugin { author }, tool));
    app.init_resource::<Ended>().add_systems(Last, |mut ends: MessageReader<ScriptEnded>, mut ended: ResMut<Ended>| {
        ended.0 |= ends.read().count() > 0;
    });
    app.world_mut().write_message(Request::Open(vec![folder.into()]));
    app
}

/// Plays a script of less than three seconds to its end, and goes on until something holds.
pub fn play(app: &mut App, script: &str, until: impl Fn(&World) -> bool) {
    app.world_mut().resource_mut::<Ended>().0 = false;
    app.world_mut().write_message(PlayScript(Script::parse(&format!("{script}3 end\n")).unwrap()));
    let start = Instant::now();
    loop {
        app.update();
        if app.world().resource::<Ended>().0 && until(app.world()) {
            return;
        }
        let notices: Vec<String> = app.world().resource::<Notices>().0.iter().map(|n| n.text.clone()).collect();
        assert!(start.elapsed() < Duration::from_secs(120), "it never came: {notices:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
