//! Measurements with their errors.
