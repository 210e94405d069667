//! Volumes and label maps in NIfTI, NRRD and InVesalius files.
