//! The plan document and its operations.
