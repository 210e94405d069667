//! Editing masks by deterministic strokes.
