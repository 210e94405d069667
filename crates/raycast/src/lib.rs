//! The CPU renderer: reference, oracle of the GPU passes, and picture where there is no GPU.
