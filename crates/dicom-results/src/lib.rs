//! Results as DICOM: segmentations, measurements, views, models; and back.
