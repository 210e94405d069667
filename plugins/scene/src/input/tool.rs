//! Tools: what a hand's trigger does. A tool plugin registers itself; a panel offers it, and its options, by name.

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

    /// A tool's options.
    pub fn options(&self, tool: &str) -> &[ToolOption] {
        self.known.iter().find(|(info, _)| info.id == tool).map_or(&[], |(_, options)| options)
    }

    /// A tool's options, to be changed.
    pub fn options_mut(&mut self, tool: &str) -> &mut [ToolOption] {
        self.known.iter_mut().find(|(info, _)| info.id == tool).map_or(&mut [], |(_, options)| options)
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
    move |tools: Option<Res<Tools>>| tools.is_some_and(|tools| tools.active == Some(id))
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
}
