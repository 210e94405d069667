//! Meshes that print: checks, repair, walls, cuts.
