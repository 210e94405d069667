//! Structures kept in DICOM: segmentation objects and RT structure sets.
