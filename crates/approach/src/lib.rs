//! Rehearsing an approach: instruments, trajectories, clearances.
