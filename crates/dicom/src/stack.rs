//! Where slices lie.
#[derive(Clone, Debug)]
pub(crate) struct Stack {}
