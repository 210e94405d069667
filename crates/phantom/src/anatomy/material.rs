//! Materials. Densities and attenuations are typical textbook figures at 120 kVp.

use crate::{ContrastPhase, Material};

macro_rules! materials {
    ($($field:ident: $name:literal, $density:literal, [$native:literal, $arterial:literal, $portal:literal];)*) => {
        /// Every material, with the attenuation of one contrast phase.
        #[derive(Clone, Copy)]
        pub struct Materials {
            $(pub $field: Material,)*
        }

        impl Materials {
            pub fn new(phase: ContrastPhase) -> Self {
                let pick = |values: [f64; 3]| match phase {
                    ContrastPhase::Native => values[0],
                    ContrastPhase::Arterial => values[1],
                    ContrastPhase::PortalVenous => values[2],
                };
                Self {
                    $($field: Material {
                        name: $name,
                        density: $density,
                        hounsfield: pick([$native, $arterial, $portal]),
                    },)*
                }
            }
        }
    };
}

materials! {
    air: "air", 0.0012, [-1000.0, -1000.0, -1000.0];
    lung: "lung", 0.17, [-840.0, -835.0, -830.0];
    fat: "fat", 0.95, [-102.0, -102.0, -100.0];
    skin: "skin", 1.09, [20.0, 25.0, 35.0];
    muscle: "muscle", 1.05, [52.0, 56.0, 62.0];
    wall: "hollow organ wall", 1.04, [40.0, 75.0, 85.0];
    contents: "bowel contents", 1.03, [25.0, 25.0, 25.0];
    stool: "stool", 0.98, [5.0, 5.0, 5.0];
    cortical: "cortical bone", 1.85, [1050.0, 1050.0, 1050.0];
    trabecular: "trabecular bone", 1.18, [210.0, 215.0, 225.0];
    tooth: "tooth", 2.2, [2100.0, 2100.0, 2100.0];
    cartilage: "cartilage", 1.10, [115.0, 115.0, 118.0];
    disc: "intervertebral disc", 1.09, [85.0, 85.0, 88.0];
    fluid: "cerebrospinal fluid", 1.007, [8.0, 8.0, 8.0];
    cord: "spinal cord", 1.04, [32.0, 34.0, 36.0];
    brain: "brain", 1.04, [34.0, 38.0, 40.0];
    eye: "vitreous body", 1.006, [10.0, 10.0, 10.0];
    soft: "soft tissue", 1.04, [40.0, 48.0, 55.0];
    airway_wall: "airway wall", 1.06, [30.0, 40.0, 45.0];
    myocardium: "myocardium", 1.05, [44.0, 95.0, 118.0];
    arterial_blood: "arterial blood", 1.06, [42.0, 340.0, 165.0];
    right_heart_blood: "right heart blood", 1.06, [42.0, 190.0, 160.0];
    caval_blood: "caval blood", 1.06, [42.0, 85.0, 145.0];
    portal_blood: "portal blood", 1.06, [42.0, 90.0, 195.0];
    hepatic_blood: "hepatic venous blood", 1.06, [42.0, 60.0, 185.0];
    liver: "liver", 1.06, [58.0, 70.0, 112.0];
    tumour: "liver metastasis", 1.05, [40.0, 52.0, 62.0];
    spleen: "spleen", 1.06, [48.0, 125.0, 122.0];
    cortex: "kidney cortex", 1.05, [32.0, 165.0, 190.0];
    medulla: "kidney medulla", 1.05, [32.0, 70.0, 150.0];
    urine: "urine", 1.01, [4.0, 4.0, 6.0];
    stone: "calcium oxalate stone", 2.1, [1150.0, 1150.0, 1150.0];
    pancreas: "pancreas", 1.04, [40.0, 105.0, 98.0];
    bile: "bile", 1.02, [9.0, 9.0, 9.0];
}
