//! The anatomy of the synthetic patient: an adult lying on the back, arms out of the scan.
//!
//! Positions and sizes are round figures within the range of adult anatomy, not measurements of anyone. The origin lies
//! at the height of the first lumbar vertebra's centre.

mod abdomen;
mod bones;
mod build;
mod chest;
mod growth;
mod head;
mod material;
mod spine;
mod trunk;

use build::Builder;
use material::Materials;
use trunk::Trunk;

use crate::{Body, PhantomOptions};

pub(crate) fn build(options: &PhantomOptions) -> Body {
    let mut builder = Builder::new(Materials::new(options.contrast));
    let trunk = Trunk::new();
    // What is added first wins: contents before walls before what surrounds them.
    let chest = chest::Chest::new(&trunk, options.seed);
    let abdomen = abdomen::Abdomen::new(&trunk, options);
    abdomen.add_contents(&mut builder);
    chest.add_airway(&mut builder);
    chest.add_vessels_and_heart(&mut builder);
    abdomen.add_vessels(&mut builder);
    if options.head {
        head::add(&mut builder);
    }
    spine::add_canal(&mut builder);
    bones::add(&mut builder, &trunk, options.head);
    abdomen.add_organs(&mut builder);
    chest.add_lungs(&mut builder);
    trunk.add_layers(&mut builder, options.head);
    builder.finish()
}
