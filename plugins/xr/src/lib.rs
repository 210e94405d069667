//! The headset through OpenXR.
