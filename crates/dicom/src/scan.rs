//! Finding the series in files and folders.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use fabrica_progress::{Cancelled, Progress};
use rayon::prelude::*;

use crate::file::{self, Reject};
use crate::image::{self, Found, SeriesKey};
use crate::unused::Unused;
use crate::{DicomError, PassedOver, Scan, series, walk};

/// Searches files and folders (with all folders in them) for DICOM, reading headers only.
///
/// File names, folders and a DICOMDIR do not matter. What is not a DICOM image or object is passed over with a reason,
/// never an error; damaged files too, and their series carries a warning, or where they do not tell their series any
/// more, all series in the same folder. Links may lead in circles.
///
/// # Errors
/// When a path of `paths` does not exist or cannot be opened, or the user cancels.
pub fn scan(paths: &[PathBuf], progress: &Progress) -> Result<Scan, DicomError> {
    progress.stage("searching folders");
    let mut unused = Unused::default();
    let files = walk::files(paths, &mut unused, progress)?;
    progress.stage("reading headers");
    let done = AtomicUsize::new(0);
    let found: Vec<(usize, Found)> = files
        .par_iter()
        .enumerate()
        .map(|(index, path)| {
            progress.check()?;
            let found = identify(path);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            progress.set(done as f32 / files.len() as f32);
            Ok((index, found))
        })
        .collect::<Result<_, Cancelled>>()?;

    let mut images: BTreeMap<SeriesKey, Vec<image::ImageRecord>> = BTreeMap::new();
    let mut damaged: BTreeMap<SeriesKey, Vec<PassedOver>> = BTreeMap::new();
    let mut objects = Vec::new();
    for (index, found) in found {
        let path = &files[index];
        match found {
            Found::Image(record) => images.entry(record.key.clone()).or_default().push(*record),
            Found::Object(object) => match object.broken {
                Some(why) => unused.pass_over(path, why),
                None => objects.push(object.object),
            },
            // Cut off before it names its series.
            Found::Damaged { series, reason } if series.series_uid.is_empty() => unused.unreadable(path, reason),
            Found::Damaged { series, reason } => {
                unused.pass_over(path, reason.clone());
                damaged.entry(series).or_default().push(PassedOver { path: path.clone(), reason });
            }
            Found::Unreadable(reason) => unused.unreadable(path, reason),
            Found::PassedOver(reason) => unused.pass_over(path, reason),
        }
    }

    progress.stage("sorting slices");
    let duplicates = Mutex::new(Vec::new());
    let mut series: Vec<crate::Series> = images
        .into_par_iter()
        .map(|(key, records)| {
            progress.check()?;
            let missing = damaged.get(&key).map(Vec::as_slice).unwrap_or_default();
            let mut dropped = Vec::new();
            let series = series::assemble(&key, records, missing, &unused.unreadable, &mut dropped);
            if let Ok(mut all) = duplicates.lock() {
                all.extend(dropped);
            }
            Ok(series)
        })
        .collect::<Result<Vec<_>, Cancelled>>()?
        .into_iter()
        .flatten()
        .collect();
    let mut passed_over = unused.passed_over;
    passed_over.extend(duplicates.into_inner().unwrap_or_default());
    passed_over.sort_by(|a, b| a.path.cmp(&b.path));
    series.sort_by(|a, b| {
        (&a.patient_id, &a.study_date, &a.study_uid, a.number, &a.uid, a.kind as u8).cmp(&(
            &b.patient_id,
            &b.study_date,
            &b.study_uid,
            b.number,
            &b.uid,
            b.kind as u8,
        ))
    });
    Ok(Scan { series, objects, passed_over })
}

fn identify(path: &std::path::Path) -> Found {
    let modified = std::fs::metadata(path).and_then(|m| m.modified()).ok();
    match file::with_header(path, |header| image::identify(path, modified, &header)) {
        Ok(found) => found,
        Err(reject @ (Reject::Foreign | Reject::Archive)) => Found::PassedOver(reject.to_string()),
        Err(reject) => Found::Unreadable(reject.to_string()),
    }
}
