//! What results are made on, for tests: a synthetic scan's provenance.

use fabrica_plan::UtcTime;
use fabrica_volume::{Modality, Provenance, Source as File};

/// The scan's hash.
pub const SHA: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

pub fn now() -> UtcTime {
    UtcTime::try_from("2026-11-25T08:00:00.000Z".to_owned()).unwrap()
}

pub fn provenance(slices: usize) -> Provenance {
    let source = |n: usize| File {
        file_name: format!("{n}.dcm"),
        sha256: SHA.into(),
        sop_instance_uid: Some(format!("1.2.826.0.1.3680043.8.498.{n}")),
    };
    Provenance {
        sources: (1..=slices).map(source).collect(),
        modality: Modality::ct(),
        patient_name: "SYNTHETIC^PHANTOM".into(),
        patient_id: "SYNTHETIC-1".into(),
        study_date: "20260101".into(),
        study_uid: Some("1.2.3.4".into()),
        series_uid: Some("1.2.3.4.5".into()),
        frame_of_reference_uid: Some("1.2.3.4.6".into()),
        simulated: true,
        ..Provenance::default()
    }
}
