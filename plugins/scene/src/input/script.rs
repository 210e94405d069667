//! Scripts of input: what hands would do, as text. Tests and `fabrica open --script` play them.
//!
//! A line is a time and what happens then; `#` starts a comment. Times are seconds from the start and do not fall. A
//! script's second is thirty frames, however long those take: on a slow machine nothing is left out.
//!
//! ```text
//! # hand      what
//! 0.0 right at 0.2 1.2 -0.3 toward 0 1.0 -0.8      # metres in the room: the hand, and what it points at
//! 0.0 left lps 10 -150 30 from 10 -400 30          # the same in patient millimetres, L P S
//! 1.0 right to 0.1 1.2 -0.3 toward 0 1 -0.8 over 1 # moves there within a second
//! 1.0 right trigger 1                              # also: squeeze 0..1, stick X Y
//! 1.2 right trigger 0
//! 1.5 right primary down                           # also: secondary, menu, stickpress; up
//! 2.0 right gone                                   # no longer seen
//! 2.0 slice at 10 20 30 axial                      # the pointer on a slice view: a point of the slice through it
//! 2.0 slice press                                  # also: slice release, slice gone
//! 2.0 tool measure                                 # takes a tool into use; `tool none` lays it aside
//! 2.0 option measure kind angle                    # sets a tool's option: a name, mm, on, off; `press` for a button
//! 2.5 do {"set_crosshair":{"at":[10,20,30]}}       # any operation of the plan, as the plan's file has it
//! 3.0 undo                                         # also: redo
//! 3.0 segment bone                                 # makes a structure by a preset; the script waits until that is done
//! 3.0 look anterior                                # turns the 3D view: anterior, posterior, left, right, superior, inferior
//! 3.0 picture measured                             # the window as a picture, once all of it is drawn (fabrica open --pictures)
//! 3.0 place supine                                 # also: prone, left-side, right-side, standing, life-size
//! 4.0 end                                          # ends the program when everything is saved
//! ```

use bevy::math::{Vec2, Vec3};
use fabrica_geometry::{LpsPoint, LpsVector};
use fabrica_raycast::{NamedView, SliceOrientation};

use super::{Hand, SlicePlace};
use crate::presence::MovePatient;

/// A script.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// What happens, in order of time.
    pub lines: Vec<Line>,
}

/// A line of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// When, seconds from the script's start.
    pub seconds: f32,
    /// What happens then.
    pub step: Step,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A hand is there, or moves there.
    Aim {
        /// Which hand.
        hand: Hand,
        /// Where and which way.
        aim: Aim,
        /// How long it takes, seconds.
        over: f32,
    },
    /// A hand is not seen any more.
    Gone(Hand),
    /// The trigger is this far pressed, 0 to 1.
    Trigger(Hand, f32),
    /// The squeeze is this far pressed, 0 to 1.
    Squeeze(Hand, f32),
    /// The stick is pushed: to the right, away from the user.
    Stick(Hand, Vec2),
    /// A button (`primary`, `secondary`, `menu`, `stickpress`) goes down or up.
    Button(Hand, String, bool),
    /// The pointer on the slice views is there, or nowhere.
    SliceAt(Option<SlicePlace>),
    /// The pointer on the slice views presses, or lets go.
    SlicePress(bool),
    /// A tool is taken into use, or laid aside.
    Tool(Option<String>),
    /// A tool's option is set: tool, option, value.
    Option(String, String, String),
    /// An operation on the plan, as JSON.
    Do(String),
    /// The last operation is taken back.
    Undo,
    /// And done again.
    Redo,
    /// A structure is made by a preset.
    Segment(String),
    /// The 3D view looks from a named side.
    Look(NamedView),
    /// A picture of the window is kept under a name.
    Picture(String),
    /// The patient is laid.
    Move(MovePatient),
    /// The program ends.
    End,
}

/// Where a hand is and what it points at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    /// In the room, metres.
    Room {
        /// The hand.
        at: Vec3,
        /// What it points at.
        toward: Vec3,
    },
    /// In the patient.
    Patient {
        /// What it points at.
        toward: LpsPoint,
        /// The hand.
        from: LpsPoint,
    },
}

/// Why a script cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the script: {reason}")]
pub struct ScriptError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl Script {
    /// Reads a script.
    ///
    /// ```
    /// use fabrica_scene::input::{Hand, Script, Step};
    /// let script = Script::parse("0 right trigger 1\n0.5 right trigger 0 # let go\n").unwrap();
    /// assert_eq!(script.lines[1].step, Step::Trigger(Hand::Right, 0.0));
    /// assert!(Script::parse("1 right trigger 1\n0 end").is_err());
    /// ```
    ///
    /// # Errors
    /// Which line cannot be read, and why.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut lines: Vec<Line> = Vec::new();
        for (index, text) in text.lines().enumerate() {
            let error = |reason: String| ScriptError { line: index + 1, reason };
            // Operations are JSON, in which a # may stand for itself.
            let text = if text.contains(" do ") { text } else { text.split('#').next().unwrap_or_default() }.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let line = parse_line(text).map_err(error)?;
            if lines.last().is_some_and(|before| line.seconds < before.seconds) {
                return Err(error("its time is before that of the line above".into()));
            }
            lines.push(line);
        }
        Ok(Self { lines })
    }

    /// Seconds from the start to the end of the last step.
    pub fn duration(&self) -> f32 {
        let end = |line: &Line| line.seconds + if let Step::Aim { over, .. } = line.step { over } else { 0.0 };
        self.lines.iter().map(end).fold(0.0, f32::max)
    }
}

fn parse_line(text: &str) -> Result<Line, String> {
    let (time, what) = text.split_once(char::is_whitespace).ok_or("a time and what happens then are wanted")?;
    let seconds = number(time)?;
    if seconds < 0.0 {
        return Err("its time is negative".into());
    }
    let what = what.trim();
    if let Some(json) = what.strip_prefix("do ") {
        return Ok(Line { seconds, step: Step::Do(json.trim().to_owned()) });
    }
    let words: Vec<&str> = what.split_whitespace().collect();
    let step = match words.as_slice() {
        ["undo"] => Step::Undo,
        ["redo"] => Step::Redo,
        ["end"] => Step::End,
        ["tool", "none"] => Step::Tool(None),
        ["tool", name] => Step::Tool(Some((*name).to_owned())),
        ["option", tool, option, value @ ..] if !value.is_empty() => {
            Step::Option((*tool).to_owned(), (*option).to_owned(), value.join(" "))
        }
        ["segment", preset] => Step::Segment((*preset).to_owned()),
        ["look", from] => {
            let named = NamedView::ALL.into_iter().find(|view| view.name() == *from);
            Step::Look(named.ok_or_else(|| format!("there is no view `{from}`"))?)
        }
        ["picture", name] if name.chars().all(|c| c.is_alphanumeric() || "-_".contains(c)) => {
            Step::Picture((*name).to_owned())
        }
        ["picture", ..] => return Err("a picture's name has letters, digits, - and _".into()),
        ["slice", "press"] => Step::SlicePress(true),
        ["slice", "release"] => Step::SlicePress(false),
        ["slice", "gone"] => Step::SliceAt(None),
        ["slice", "at", l, p, s, view] => Step::SliceAt(Some(slice_place([l, p, s], view)?)),
        ["place", name] => Step::Move(MovePatient::named(name).ok_or_else(|| format!("there is no place `{name}`"))?),
        ["left", rest @ ..] => of_hand(Hand::Left, rest)?,
        ["right", rest @ ..] => of_hand(Hand::Right, rest)?,
        _ => return Err(format!("`{what}` is no step")),
    };
    Ok(Line { seconds, step })
}

fn of_hand(hand: Hand, words: &[&str]) -> Result<Step, String> {
    Ok(match words {
        ["gone"] => Step::Gone(hand),
        ["trigger", value] => Step::Trigger(hand, share(value)?),
        ["squeeze", value] => Step::Squeeze(hand, share(value)?),
        ["stick", x, y] => Step::Stick(hand, Vec2::new(number(x)?, number(y)?)),
        [button @ ("primary" | "secondary" | "menu" | "stickpress"), way @ ("down" | "up")] => {
            Step::Button(hand, (*button).to_owned(), *way == "down")
        }
        ["at", rest @ ..] | ["to", rest @ ..] => {
            let (numbers, over) = numbers(rest, "toward")?;
            let [a, b] = numbers.map(Vec3::from_array);
            Step::Aim { hand, aim: Aim::Room { at: a, toward: distinct(a, b)? }, over }
        }
        ["lps", rest @ ..] => {
            let (numbers, over) = numbers(rest, "from")?;
            let [a, b] = numbers.map(Vec3::from_array);
            distinct(a, b)?;
            let [toward, from] = [a, b].map(|p| LpsPoint(p.as_dvec3()));
            Step::Aim { hand, aim: Aim::Patient { toward, from }, over }
        }
        _ => return Err(format!("`{} {}` is no step", hand.name(), words.join(" "))),
    })
}

/// `X Y Z word X Y Z [over S]`.
fn numbers(words: &[&str], between: &str) -> Result<([[f32; 3]; 2], f32), String> {
    let (places, over) = match words {
        [places @ .., "over", seconds] => (places, number(seconds)?),
        places => (places, 0.0),
    };
    match places {
        [a, b, c, word, d, e, f] if *word == between => {
            Ok(([[number(a)?, number(b)?, number(c)?], [number(d)?, number(e)?, number(f)?]], over.max(0.0)))
        }
        _ => Err(format!("`X Y Z {between} X Y Z` is wanted, perhaps with `over SECONDS`")),
    }
}

fn slice_place(at: [&str; 3], view: &str) -> Result<SlicePlace, String> {
    let orientation = match view {
        "axial" => SliceOrientation::Axial,
        "coronal" => SliceOrientation::Coronal,
        "sagittal" => SliceOrientation::Sagittal,
        _ => return Err(format!("there is no slice view `{view}`; there are axial, coronal, sagittal")),
    };
    let (right, down) = orientation.directions();
    let coordinate = |word: &str| {
        word.parse().ok().filter(|n: &f64| n.is_finite()).ok_or_else(|| format!("`{word}` is no coordinate in mm"))
    };
    let at = LpsPoint::new(coordinate(at[0])?, coordinate(at[1])?, coordinate(at[2])?);
    Ok(SlicePlace { at, normal: LpsVector(right.0.cross(down.0)) })
}

fn distinct(from: Vec3, to: Vec3) -> Result<Vec3, String> {
    if from.distance(to) < 1e-6 { Err("the hand is where it points".into()) } else { Ok(to) }
}

fn number(word: &str) -> Result<f32, String> {
    word.parse().ok().filter(|n: &f32| n.is_finite()).ok_or_else(|| format!("`{word}` is no number"))
}

fn share(word: &str) -> Result<f32, String> {
    number(word)
        .and_then(|n| if (0.0..=1.0).contains(&n) { Ok(n) } else { Err(format!("`{word}` is not between 0 and 1")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_is_read() {
        let text = "\n# a comment\n\
            0.0 right at 0.2 1.2 -0.3 toward 0 1.0 -0.8 # there\n\
            0.0 left lps 10 -150 30 from 10 -400 30\n\
            1.0 right to 0.1 1.2 -0.3 toward 0 1 -0.8 over 1\n\
            1.0 right squeeze 0.5\n1.0 left stick -1 0.5\n1.5 right menu down\n\
            2 slice at 1 2 3.5 axial\n2 slice press\n2 slice gone\n2 option measure kind angle between lines\n\
            2 tool none\n2 segment bone\n2 look anterior\n2 picture a-1\n2 tool measure\n2 do {\"a\":\"#\"}\n2 undo\n2 redo\n2 place prone\n2 left gone\n3 end\n";
        let script = Script::parse(text).unwrap();
        assert_eq!(script.lines.len(), 21);
        let kind = ["measure", "kind", "angle between lines"].map(str::to_owned);
        assert_eq!(script.lines[9].step, Step::Option(kind[0].clone(), kind[1].clone(), kind[2].clone()));
        assert_eq!(
            script.lines[2].step,
            Step::Aim {
                hand: Hand::Right,
                aim: Aim::Room { at: Vec3::new(0.1, 1.2, -0.3), toward: Vec3::new(0.0, 1.0, -0.8) },
                over: 1.0,
            }
        );
        assert_eq!(script.lines[13].step, Step::Picture("a-1".into()));
        assert_eq!(script.lines[15].step, Step::Do("{\"a\":\"#\"}".into()));
        assert_eq!(script.duration(), 3.0);
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, line) in [
            ("0 right trigger 2", 1),
            ("\n\nnow end", 3),
            ("0 right at 1 2 3 toward 1 2 3", 1),
            ("0 right at 1 2", 1),
            ("0 fly", 1),
            ("0 end\n1 place upside-down", 2),
            ("0 right stick NaN 0", 1),
            ("0 slice at 1 2 3 oblique", 1),
            ("0 picture ../x", 1),
            ("0 look sideways", 1),
            ("0 option measure kind", 1),
        ] {
            let error = Script::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{error}");
        }
    }
}
