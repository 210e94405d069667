//! The history of a plan and what of it is undone.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::record::Entry;
use crate::{Action, Author, OpId};

/// Entries in their order, and for each user what can be undone and redone.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    entries: Vec<Entry>,
    index: HashMap<OpId, usize>,
    undone: HashSet<OpId>,
    stacks: BTreeMap<Author, Stacks>,
}

#[derive(Clone, Debug, Default)]
struct Stacks {
    done: Vec<OpId>,
    undone: Vec<OpId>,
}

impl History {
    /// The history of these entries.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut history = Self::default();
        entries.into_iter().for_each(|e| history.push(e));
        history
    }

    /// Adds an entry. Undo and redo of what is not the author's own, or already so, change nothing.
    pub fn push(&mut self, entry: Entry) {
        match &entry.action {
            Action::Do(operation) if operation.is_undoable() => {
                let stacks = self.stacks.entry(entry.author.clone()).or_default();
                stacks.done.push(entry.id);
                stacks.undone.clear();
            }
            Action::Do(_) => {}
            Action::Undo(id) => {
                if let Some(stacks) = self.stacks_of(*id, &entry.author)
                    && take(&mut stacks.done, *id)
                {
                    stacks.undone.push(*id);
                    self.undone.insert(*id);
                }
            }
            Action::Redo(id) => {
                // What a later operation took off the redo stack can be redone by another copy that had not seen it.
                let was_undone = self.undone.contains(id);
                if let Some(stacks) = self.stacks_of(*id, &entry.author)
                    && was_undone
                {
                    take(&mut stacks.undone, *id);
                    stacks.done.push(*id);
                    self.undone.remove(id);
                }
            }
        }
        self.index.insert(entry.id, self.entries.len());
        self.entries.push(entry);
    }

    fn stacks_of(&mut self, id: OpId, author: &Author) -> Option<&mut Stacks> {
        let entry = self.entries.get(*self.index.get(&id)?)?;
        if entry.author != *author {
            return None;
        }
        self.stacks.get_mut(author)
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn get(&self, id: OpId) -> Option<&Entry> {
        self.entries.get(*self.index.get(&id)?)
    }

    pub fn is_undone(&self, id: &OpId) -> bool {
        self.undone.contains(id)
    }

    pub fn next_undo(&self, author: &Author) -> Option<OpId> {
        self.stacks.get(author)?.done.last().copied()
    }

    pub fn next_redo(&self, author: &Author) -> Option<OpId> {
        self.stacks.get(author)?.undone.last().copied()
    }
}

/// Takes an id off a stack, wherever it lies. Whether it was there.
fn take(stack: &mut Vec<OpId>, id: OpId) -> bool {
    // Nearly always on top.
    let at = stack.iter().rposition(|i| *i == id);
    at.map(|at| stack.remove(at)).is_some()
}
