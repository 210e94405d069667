//! 3MF (3D Manufacturing Format, core specification 1.3).

mod read;
mod write;

pub(super) use read::read;
pub(super) use write::write;

/// The units of a model and how many millimetres each is.
const UNITS: [(&str, f64); 6] =
    [("micron", 0.001), ("millimeter", 1.0), ("centimeter", 10.0), ("inch", 25.4), ("foot", 304.8), ("meter", 1000.0)];

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use fabrica_surface::Mesh;

    use super::*;
    use crate::{Model, ModelPart};

    pub(super) fn tetrahedron(at: f32) -> Mesh {
        let corners = vec![[at, 0.0, 0.0], [at + 1.0, 0.0, 0.0], [at, 1.0, 0.0], [at, 0.0, 1.0]];
        Mesh::new(corners, vec![[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]).unwrap()
    }

    #[test]
    fn parts_come_back_with_names_and_colours() {
        let model = Model {
            parts: vec![
                ModelPart { name: "liver & <veins>".into(), colour: Some([200, 10, 7]), mesh: tetrahedron(0.25) },
                ModelPart { name: "Gefäß".into(), colour: None, mesh: tetrahedron(-7.1) },
            ],
            unit: "millimetres".into(),
        };
        let mut file = Cursor::new(Vec::new());
        write(&model, "case \"7\"", &mut file).unwrap();
        let back = read(file.get_ref()).unwrap();
        assert_eq!(back.parts, model.parts);
        for end in 0..file.get_ref().len() {
            assert!(read(&file.get_ref()[..end]).is_err(), "{end}");
        }
    }
}
