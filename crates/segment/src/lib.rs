//! Separates structures without AI: thresholds, growing, islands, morphology, logic.
