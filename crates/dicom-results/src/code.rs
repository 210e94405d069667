//! Coded concepts (PS3.3 8.8).

use dicom_core::VR;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use fabrica_plan::{QuantityKind, Unit};
use fabrica_volume::ValueUnit;

use crate::object::{clean, object, text};

/// A coded concept. Concepts of the scheme `99FABRICA` are this program's own, where no standard one says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Coded {
    pub value: String,
    pub scheme: String,
    pub meaning: String,
}

impl Coded {
    pub fn new(value: &str, scheme: &str, meaning: &str) -> Self {
        Self { value: value.into(), scheme: scheme.into(), meaning: meaning.into() }
    }

    pub fn dcm(value: &str, meaning: &str) -> Self {
        Self::new(value, "DCM", meaning)
    }

    pub fn sct(value: &str, meaning: &str) -> Self {
        Self::new(value, "SCT", meaning)
    }

    fn own(value: &str, meaning: &str) -> Self {
        Self::new(value, "99FABRICA", meaning)
    }

    pub fn item(&self) -> InMemDicomObject {
        object(|i| {
            text(i, tags::CODE_VALUE, VR::SH, &clean(&self.value, 16));
            text(i, tags::CODING_SCHEME_DESIGNATOR, VR::SH, &clean(&self.scheme, 16));
            text(i, tags::CODE_MEANING, VR::LO, &clean(&self.meaning, 64));
        })
    }
}

/// What a value is, and how it was derived (CID 7464), if it says so.
pub(crate) fn of_quantity(kind: QuantityKind, unit: &Unit) -> (Coded, Option<Coded>) {
    let hounsfield = matches!(unit, Unit::Image(ValueUnit::Hounsfield));
    let of_image = if hounsfield {
        Coded::dcm("112031", "Attenuation Coefficient")
    } else {
        Coded::own("image-value", "Image Value")
    };
    let minimum = Some(Coded::sct("255605001", "Minimum"));
    let maximum = Some(Coded::sct("56851009", "Maximum"));
    let diameter = Coded::sct("81827009", "Diameter");
    match kind {
        QuantityKind::Length => (Coded::sct("410668003", "Length"), None),
        QuantityKind::StraightLength => (Coded::dcm("121206", "Distance"), None),
        QuantityKind::Tortuosity => (Coded::own("tortuosity", "Tortuosity"), None),
        QuantityKind::Angle => (Coded::dcm("110859", "Angle"), None),
        QuantityKind::Area => (Coded::sct("42798000", "Area"), None),
        QuantityKind::Perimeter => (Coded::sct("131191004", "Perimeter"), None),
        QuantityKind::Volume => (Coded::sct("118565006", "Volume"), None),
        QuantityKind::VoxelVolume => (Coded::own("voxel-volume", "Volume of Voxels"), None),
        QuantityKind::SurfaceArea => (Coded::new("C0JK", "IBSI", "Surface Area of Mesh"), None),
        QuantityKind::MinimumDiameter => (diameter, minimum),
        QuantityKind::MaximumDiameter => (diameter, maximum),
        QuantityKind::AreaEquivalentDiameter => (Coded::own("area-diameter", "Area-equivalent Diameter"), None),
        QuantityKind::Value => (of_image, None),
        QuantityKind::Mean => (of_image, Some(Coded::sct("373098007", "Mean"))),
        QuantityKind::StandardDeviation => (of_image, Some(Coded::sct("386136009", "Standard Deviation"))),
        QuantityKind::Minimum => (of_image, minimum),
        QuantityKind::Maximum => (of_image, maximum),
        QuantityKind::Median => (of_image, Some(Coded::sct("373099004", "Median"))),
        other => (Coded::own("quantity", other.name()), None),
    }
}

/// In UCUM.
pub(crate) fn of_unit(unit: &Unit) -> Coded {
    let ucum = |value: &str, meaning: &str| Coded::new(value, "UCUM", meaning);
    match unit {
        Unit::Millimetre => ucum("mm", "mm"),
        Unit::SquareMillimetre => ucum("mm2", "mm2"),
        Unit::CubicMillimetre => ucum("mm3", "mm3"),
        Unit::Degree => ucum("deg", "deg"),
        Unit::Image(ValueUnit::Hounsfield) => ucum("[hnsf'U]", "Hounsfield unit"),
        Unit::Image(ValueUnit::BecquerelPerMillilitre) => ucum("Bq/ml", "Becquerels/milliliter"),
        _ => ucum("1", "no units"),
    }
}
