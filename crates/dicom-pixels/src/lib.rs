//! Decodes the pixel data of DICOM frames in every transfer syntax that scanners use.
