//! One file a command.

pub mod accept;
pub mod approach;
pub mod bench;
pub mod bench_render;
pub mod demo;
pub mod edit;
pub mod export;
mod export_dicom;
pub mod gallery;
pub mod implant;
pub mod import;
pub mod info;
pub mod measure;
pub mod merge;
pub mod mesh;
pub mod models;
pub mod open;
pub mod phantom;
pub mod print;
pub mod render;
pub mod replay;
pub mod report;
pub mod resect;
pub mod review;
pub mod segment;
pub mod series;
mod unvalidated;

use anyhow::{Result, bail};
use fabrica_case::Case;

/// The volume that a command works on: the one asked for, or the first.
fn volume_id(case: &Case, asked: Option<&str>) -> Result<String> {
    let known = || case.volumes().iter().map(|v| v.id.as_str()).collect::<Vec<_>>().join(", ");
    match asked {
        None => match case.volumes().first() {
            Some(first) => Ok(first.id.clone()),
            None => bail!("the case has no volume"),
        },
        Some(id) if case.volumes().iter().any(|v| v.id == id) => Ok(id.to_owned()),
        Some(id) => bail!("the case has no volume \"{id}\"; it has {}", known()),
    }
}
