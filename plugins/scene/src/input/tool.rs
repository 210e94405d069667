//! Tools: what a hand's trigger does. A tool plugin registers itself; a panel offers it, and its options, by name.

use std::ops::DerefMut;

use bevy::prelude::*;
use fabrica_geometry::Mm;

/// A tool, as the panels list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolInfo {
    /// What programs call it.
    pub id: &'static str,
    /// What users call it.
    pub title: &'static str,
    /// How it is used, in a sentence or two.
    pub help: &'static str,
}

/// An option of a tool, drawn by the panels so that a tool needs no user interface of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOption {
    /// What programs call it.
    pub id: &'static str,
    /// What users call it.
    pub title: &'static str,
    /// What it may be.
    pub kind: OptionKind,
    /// What it is.
    pub value: OptionValue,
}

impl ToolOption {
    /// One of some names; the first is chosen.
    pub fn choice(id: &'static str, title: &'static str, names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self { id, title, kind: OptionKind::Choice(names), value: OptionValue::Chosen(0) }
    }

    /// A length between a least and a greatest one.
    pub fn length(id: &'static str, title: &'static str, least: Mm, greatest: Mm, length: Mm) -> Self {
        Self { id, title, kind: OptionKind::Length { least, greatest }, value: OptionValue::Length(length) }
    }

    /// On or off; off at first.
    pub fn toggle(id: &'static str, title: &'static str) -> Self {
        Self { id, title, kind: OptionKind::Toggle, value: OptionValue::Flag(false) }
    }

    /// A button.
    pub fn button(id: &'static str, title: &'static str) -> Self {
        Self { id, title, kind: OptionKind::Action, value: OptionValue::Flag(false) }
    }
}

/// What an option may be.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionKind {
    /// On or off.
    Toggle,
    /// A length.
    Length {
        /// The least.
        least: Mm,
        /// The greatest.
        greatest: Mm,
    },
    /// One of some names.
    Choice(Vec<String>),
    /// A button: its value is whether it was pressed; the tool sets it back.
    Action,
}

/// What an option is.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionValue {
    /// On or off; pressed or not.
    Flag(bool),
    /// A length.
    Length(Mm),
    /// Which of the names.
    Chosen(usize),
}

/// The tools that there are, and the one in use.
#[derive(Resource, Default)]
pub struct Tools {
    known: Vec<(ToolInfo, Vec<ToolOption>)>,
    /// Options that mean nothing now, by tool.
    idle: Vec<(&'static str, &'static str)>,
    /// The tool that the working hand's stick belongs to while it is in use.
    stick: Option<&'static str>,
    active: Option<&'static str>,
}

impl Tools {
    /// All tools, in the order in which their plugins were added.
    pub fn known(&self) -> impl Iterator<Item = &ToolInfo> {
        self.known.iter().map(|(info, _)| info)
    }

    /// The tool in use; none: the pointer turns the view (desktop) or does nothing (headset).
    pub fn active(&self) -> Option<&ToolInfo> {
        self.known().find(|info| Some(info.id) == self.active)
    }

    /// Whether this tool is in use.
    pub fn is_active(&self, id: &str) -> bool {
        self.active == Some(id)
    }

    /// Takes a tool into use, or lays all aside. False, and no change, where there is no such tool.
    pub fn choose(&mut self, id: Option<&str>) -> bool {
        match id {
            None => self.active = None,
            Some(id) => match self.known.iter().find(|(info, _)| info.id == id) {
                Some((info, _)) => self.active = Some(info.id),
                None => return false,
            },
        }
        true
    }

    /// Says whether the working hand's stick is a tool's while that is in use: then it does nothing else. Changes nothing
    /// where all stays as it is.
    pub fn take_stick(this: &mut impl DerefMut<Target = Self>, tool: &'static str, takes: bool) {
        if takes != (this.stick == Some(tool)) {
            this.stick = takes.then_some(tool);
        }
    }

    /// Whether the working hand's stick is the tool's that is in use.
    pub fn has_stick(&self) -> bool {
        self.stick.is_some() && self.stick == self.active
    }

    /// A tool's options.
    pub fn options(&self, tool: &str) -> &[ToolOption] {
        self.known.iter().find(|(info, _)| info.id == tool).map_or(&[], |(_, options)| options)
    }

    /// A tool's options, to be changed.
    pub fn options_mut(&mut self, tool: &str) -> &mut [ToolOption] {
        self.known.iter_mut().find(|(info, _)| info.id == tool).map_or(&mut [], |(_, options)| options)
    }

    /// Says which options mean something now. Panels draw only those that do. Changes nothing where all stay as they are.
    pub fn show_options(this: &mut impl DerefMut<Target = Self>, tool: &'static str, options: &[(&'static str, bool)]) {
        for &(option, shown) in options {
            if this.is_shown(tool, option) == shown {
                continue;
            }
            if shown {
                this.idle.retain(|idle| *idle != (tool, option));
            } else {
                this.idle.push((tool, option));
            }
        }
    }

    /// Whether an option means something now.
    pub fn is_shown(&self, tool: &str, option: &str) -> bool {
        !self.idle.iter().any(|(t, o)| *t == tool && *o == option)
    }

    /// Sets an option by what scripts write: `on` or `off`, millimetres, one of the names, `press` for a button.
    ///
    /// # Errors
    /// What is not there or cannot be, in words.
    pub fn set(&mut self, tool: &str, option: &str, value: &str) -> Result<(), String> {
        let found = self.options_mut(tool).iter_mut().find(|o| o.id == option);
        let found = found.ok_or_else(|| format!("the tool `{tool}` has no option `{option}`"))?;
        found.value = match &found.kind {
            OptionKind::Toggle if value == "on" || value == "off" => OptionValue::Flag(value == "on"),
            OptionKind::Toggle => return Err(format!("`{value}` is neither on nor off")),
            OptionKind::Action if value == "press" => OptionValue::Flag(true),
            OptionKind::Action => return Err(format!("`{option}` is a button; write press")),
            OptionKind::Length { least, greatest } => match value.parse() {
                Ok(mm) if (least.0..=greatest.0).contains(&mm) => OptionValue::Length(Mm(mm)),
                _ => return Err(format!("`{value}` is not between {least} and {greatest}")),
            },
            OptionKind::Choice(names) => match names.iter().position(|name| name == value) {
                Some(chosen) => OptionValue::Chosen(chosen),
                None => return Err(format!("`{value}` is none of {}", names.join(", "))),
            },
        };
        Ok(())
    }

    /// The name that is chosen of an option that is one of some names.
    pub fn chosen(&self, tool: &str, option: &str) -> Option<&str> {
        let found = self.options(tool).iter().find(|o| o.id == option)?;
        match (&found.kind, &found.value) {
            (OptionKind::Choice(names), OptionValue::Chosen(chosen)) => names.get(*chosen).map(String::as_str),
            _ => None,
        }
    }

    /// Whether an option that is on or off is on.
    pub fn is_on(&self, tool: &str, option: &str) -> bool {
        self.option(tool, option) == Some(&OptionValue::Flag(true))
    }

    /// An option that is a length.
    pub fn length(&self, tool: &str, option: &str) -> Option<Mm> {
        match self.option(tool, option) {
            Some(OptionValue::Length(length)) => Some(*length),
            _ => None,
        }
    }

    /// Makes a length so many times as long, as far as it may be.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use fabrica_geometry::Mm;
    /// use fabrica_scene::input::{ToolInfo, ToolOption, Tools, ToolsExt};
    ///
    /// let mut app = App::new();
    /// let radius = ToolOption::length("radius", "Radius", Mm(1.0), Mm(50.0), Mm(20.0));
    /// app.add_tool_with(ToolInfo { id: "brush", title: "Brush", help: "Paints." }, vec![radius]);
    /// let mut tools = app.world_mut().resource_mut::<Tools>();
    /// tools.scale_length("brush", "radius", 1.5);
    /// assert_eq!(tools.length("brush", "radius"), Some(Mm(30.0)));
    /// tools.scale_length("brush", "radius", 2.0);
    /// assert_eq!(tools.length("brush", "radius"), Some(Mm(50.0)));
    /// ```
    pub fn scale_length(&mut self, tool: &str, option: &str, factor: f64) {
        if let Some(length) = self.length(tool, option) {
            self.set_length(tool, option, Mm(length.0 * factor));
        }
    }

    /// Sets a length, as far as it may be.
    pub fn set_length(&mut self, tool: &str, option: &str, length: Mm) {
        let found = self.options_mut(tool).iter_mut().find(|o| o.id == option);
        if let Some(ToolOption {
            kind: OptionKind::Length { least, greatest }, value: OptionValue::Length(now), ..
        }) = found
        {
            *now = Mm(length.0.clamp(least.0, greatest.0));
        }
    }

    /// Puts other names in place of an option's; the chosen one stays chosen where it is still there. Changes nothing where
    /// they are the same.
    pub fn offer(this: &mut impl DerefMut<Target = Self>, tool: &str, option: &str, names: &[String]) {
        let same = |o: &ToolOption| o.id == option && matches!(&o.kind, OptionKind::Choice(now) if now == names);
        if this.options(tool).iter().any(same) {
            return;
        }
        let kept = this.chosen(tool, option).and_then(|name| names.iter().position(|n| n == name)).unwrap_or(0);
        if let Some(found) = this.options_mut(tool).iter_mut().find(|o| o.id == option) {
            found.kind = OptionKind::Choice(names.to_vec());
            found.value = OptionValue::Chosen(kept);
        }
    }

    /// Whether a button was pressed; it is set back.
    pub fn take_press(this: &mut impl DerefMut<Target = Self>, tool: &str, option: &str) -> bool {
        let pressed = this.is_on(tool, option);
        if pressed && let Some(found) = this.options_mut(tool).iter_mut().find(|o| o.id == option) {
            found.value = OptionValue::Flag(false);
        }
        pressed
    }

    /// An option's value.
    pub fn option(&self, tool: &str, option: &str) -> Option<&OptionValue> {
        self.options(tool).iter().find(|o| o.id == option).map(|o| &o.value)
    }
}

/// Registers tools.
pub trait ToolsExt {
    /// Adds a tool without options.
    fn add_tool(&mut self, info: ToolInfo) -> &mut Self {
        self.add_tool_with(info, Vec::new())
    }

    /// Adds a tool with its options.
    fn add_tool_with(&mut self, info: ToolInfo, options: Vec<ToolOption>) -> &mut Self;
}

impl ToolsExt for App {
    fn add_tool_with(&mut self, info: ToolInfo, options: Vec<ToolOption>) -> &mut Self {
        self.init_resource::<Tools>();
        self.world_mut().resource_mut::<Tools>().known.push((info, options));
        self
    }
}

/// A run condition: this tool is in use.
pub fn using(id: &'static str) -> impl Fn(Option<Res<Tools>>) -> bool + Clone {
    move |tools: Option<Res<Tools>>| tools.is_some_and(|tools| tools.is_active(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRUSH: ToolInfo = ToolInfo { id: "brush", title: "Brush", help: "Paints." };

    #[test]
    fn one_tool_at_a_time_and_none_that_is_not_there() {
        let mut app = App::new();
        app.add_tool(BRUSH);
        let mut tools = app.world_mut().resource_mut::<Tools>();
        assert!(tools.active().is_none());
        assert!(tools.choose(Some("brush")));
        assert!(!tools.choose(Some("saw")));
        assert_eq!(tools.active(), Some(&BRUSH));
        assert!(tools.choose(None));
        assert!(tools.active().is_none());
    }

    #[test]
    fn scripts_set_options_by_name_and_nothing_that_cannot_be() {
        let mut app = App::new();
        app.add_tool_with(
            BRUSH,
            vec![
                ToolOption::toggle("on", "On"),
                ToolOption::length("radius", "Radius", Mm(1.0), Mm(9.0), Mm(2.0)),
                ToolOption::choice("shape", "Shape", &["ball", "box"]),
                ToolOption::button("go", "Go"),
            ],
        );
        let world = app.world_mut();
        let mut tools = world.resource_mut::<Tools>();
        for (id, value) in [("on", "on"), ("radius", "3.5"), ("shape", "box"), ("go", "press")] {
            tools.set("brush", id, value).unwrap();
        }
        assert_eq!(tools.length("brush", "radius"), Some(Mm(3.5)));
        assert_eq!(tools.chosen("brush", "shape"), Some("box"));
        for (id, value) in [("on", "yes"), ("radius", "10"), ("radius", "NaN"), ("shape", "cone"), ("go", "on")] {
            assert!(tools.set("brush", id, value).is_err(), "{id} {value}");
        }
        assert!(tools.set("saw", "on", "on").is_err());
        Tools::show_options(&mut tools, "brush", &[("go", false)]);
        assert!(!tools.is_shown("brush", "go") && tools.is_shown("brush", "on"));
    }
}
