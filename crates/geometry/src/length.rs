//! Lengths, areas and volumes that carry their unit.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $suffix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub f64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let precision = f.precision().unwrap_or(2);
                write!(f, "{:.*} {}", precision, self.0, $suffix)
            }
        }

        impl std::ops::Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl std::ops::Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl std::ops::Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }
    };
}

unit!(
    /// A length in millimetres.
    Mm,
    "mm"
);
unit!(
    /// An area in square millimetres.
    Mm2,
    "mm²"
);
unit!(
    /// A volume in cubic millimetres. 1 mL is 1,000 mm³.
    Mm3,
    "mm³"
);

impl Mm3 {
    /// The same volume in millilitres.
    pub fn millilitres(self) -> f64 {
        self.0 / 1000.0
    }
}
