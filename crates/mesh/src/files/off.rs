//! Geomview OFF (http://www.geomview.org, the OOGL manual), text.

use fabrica_surface::Mesh;

use crate::MeshError;

pub(super) fn read(bytes: &[u8]) -> Result<Mesh, MeshError> {
    let text = std::str::from_utf8(bytes).map_err(|e| error("it is not text", e.valid_up_to()))?;
    let mut words = Words { text, at: 0 };
    let header = words.next();
    if !header.is_some_and(|w| matches!(w, "OFF" | "COFF" | "NOFF" | "CNOFF")) {
        return Err(error("it does not begin with \"OFF\"", 0));
    }
    let [vertex_count, face_count, _] = [words.count()?, words.count()?, words.count()?];
    // Each number takes two bytes at least, so a header cannot ask for more than there can be.
    if vertex_count.saturating_add(face_count) > bytes.len() {
        return Err(error(
            &format!("it says {vertex_count} vertices and {face_count} faces, but ends before"),
            words.at,
        ));
    }
    let mut vertices = Vec::with_capacity(vertex_count);
    for _ in 0..vertex_count {
        let mut v = [0f32; 3];
        for c in &mut v {
            *c = words.number()?;
        }
        // Colours and normals follow on the line, where there are any.
        words.skip_line();
        vertices.push(v);
    }
    let mut triangles = Vec::with_capacity(face_count);
    for _ in 0..face_count {
        let corners = words.count()?;
        let mut first = [0u32; 2];
        for n in 0..corners {
            let at = words.at;
            let index = u32::try_from(words.count()?).map_err(|_| error("a face names a vertex that cannot be", at))?;
            if n < 2 {
                first[n] = index;
            } else {
                triangles.push([first[0], first[1], index]);
                first[1] = index;
            }
        }
        words.skip_line();
    }
    Ok(Mesh::new(vertices, triangles)?)
}

fn error(problem: &str, at: usize) -> MeshError {
    MeshError::File { format: "OFF", problem: problem.into(), place: format!("byte {at}") }
}

struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        loop {
            let rest = &self.text[self.at..];
            let start = self.at + (rest.len() - rest.trim_ascii_start().len());
            let rest = &self.text[start..];
            if rest.starts_with('#') {
                self.at = start + rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            let length = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
            self.at = start + length;
            return (length > 0).then(|| &rest[..length]);
        }
    }

    fn count(&mut self) -> Result<usize, MeshError> {
        let word = self.next().ok_or_else(|| error("it ends early", self.at))?;
        word.parse().map_err(|_| error(&format!("\"{}\" is no count or index", short(word)), self.at))
    }

    fn number(&mut self) -> Result<f32, MeshError> {
        let word = self.next().ok_or_else(|| error("it ends early", self.at))?;
        let number: Option<f32> = word.parse().ok();
        number
            .filter(|n| n.is_finite())
            .ok_or_else(|| error(&format!("\"{}\" is not a finite number", short(word)), self.at))
    }

    fn skip_line(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.find('\n').unwrap_or(rest.len());
    }
}

/// The beginning of a word, for a message.
fn short(word: &str) -> String {
    word.chars().take(20).collect()
}
