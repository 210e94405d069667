//! A trigger, a squeeze or a button over time.

/// Over this, something is pressed; under [`RELEASED`] it is let go. Between the two it stays as it was, so that a finger
/// at rest does not flicker.
const PRESSED: f32 = 0.6;
const RELEASED: f32 = 0.4;

/// Something that can be pressed, in this frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Press {
    /// How far, 0 to 1.
    pub value: f32,
    /// It is held.
    pub held: bool,
    /// It was pressed in this frame.
    pub started: bool,
    /// It was let go in this frame.
    pub ended: bool,
}

impl Press {
    /// Takes this frame's value.
    ///
    /// ```
    /// use fabrica_scene::input::Press;
    /// let mut trigger = Press::default();
    /// let held: Vec<bool> = [0.3, 0.7, 0.5, 0.3].map(|value| { trigger.take(value); trigger.held }).into();
    /// assert_eq!(held, [false, true, true, false]);
    /// assert!(trigger.ended);
    /// ```
    pub fn take(&mut self, value: f32) {
        // What is no number is no press.
        self.value = if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
        let held = if self.held { self.value > RELEASED } else { self.value >= PRESSED };
        self.started = held && !self.held;
        self.ended = !held && self.held;
        self.held = held;
    }

    /// Takes this frame's state of a button.
    pub fn take_button(&mut self, down: bool) {
        self.take(if down { 1.0 } else { 0.0 });
    }
}
