//! The synthetic patient: analytic anatomy with exact truth, written as DICOM.
