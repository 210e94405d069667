//! The anatomy of the synthetic patient.

use crate::{Body, PhantomOptions};

pub(crate) fn build(_options: &PhantomOptions) -> Body {
    Body::default()
}
