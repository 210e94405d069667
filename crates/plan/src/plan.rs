//! The plan document.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use loro::{ExportMode, Frontiers, LoroDoc, LoroList, LoroValue, VersionVector};

use crate::history::History;
use crate::record::{self, Entry};
use crate::{
    Action, Author, EditOperation, OpId, Operation, Overwrite, PlanError, PlanState, Program, Review, ReviewOperation,
    ReviewSubject, Stroke, UtcTime,
};

/// The list of records in the CRDT document.
const HISTORY: &str = "history";

/// One copy of a plan. See the [crate's documentation](crate) for how it works.
///
/// # Example
/// ```
/// use fabrica_geometry::LpsPoint;
/// use fabrica_plan::{Author, Operation, Plan};
/// let anna = Author::new("Anna")?;
/// let mut plan = Plan::new();
/// plan.apply(Operation::SetCrosshair { at: LpsPoint::new(12.0, -3.0, 40.0) }, &anna)?;
/// let mut colleague = Plan::from_bytes(&plan.snapshot()?)?;
/// plan.undo(&anna)?;
/// colleague.import_updates(&plan.export_updates(&colleague.version())?)?;
/// assert_eq!(colleague.state().crosshair, None);
/// assert_eq!(colleague.history().len(), 2);
/// # Ok::<(), fabrica_plan::PlanError>(())
/// ```
#[derive(Debug)]
pub struct Plan {
    doc: LoroDoc,
    history: History,
    state: PlanState,
    /// Names of the case's structures and ids of its volumes, once they were declared.
    structures: Option<BTreeSet<String>>,
    volumes: Option<BTreeSet<String>>,
}

/// What an operation, an undo or a redo became.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// Its id.
    pub id: OpId,
    /// When it was done.
    pub time: UtcTime,
    /// What it was; for undo and redo with the id of the operation meant.
    pub action: Action,
}

/// Which operations a copy of a plan holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanVersion(VersionVector);

impl PlanVersion {
    /// As bytes, to send to a colleague's machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.encode()
    }

    /// From what [`PlanVersion::to_bytes`] gave.
    ///
    /// # Errors
    /// When the bytes are something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PlanError> {
        guarded(|| VersionVector::decode(bytes).map_err(|e| PlanError::Damaged(e.to_string()))).map(Self)
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self::new()
    }
}

impl Plan {
    /// An empty plan.
    pub fn new() -> Self {
        Self {
            doc: LoroDoc::new(),
            history: History::default(),
            state: PlanState::default(),
            structures: None,
            volumes: None,
        }
    }

    /// A plan from what [`Plan::snapshot`] or [`Plan::export_updates`] gave.
    ///
    /// # Errors
    /// As [`Plan::import_updates`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PlanError> {
        let mut plan = Self::new();
        plan.import_updates(bytes)?;
        Ok(plan)
    }

    /// Says which structures and volumes the case has, so that operations on others are refused. Until then every
    /// name is taken. This is no part of the document: the case knows what it holds.
    pub fn declare(&mut self, structures: impl IntoIterator<Item = String>, volumes: impl IntoIterator<Item = String>) {
        self.structures = Some(structures.into_iter().collect());
        self.volumes = Some(volumes.into_iter().collect());
    }

    /// What the plan says now.
    pub fn state(&self) -> &PlanState {
        &self.state
    }

    /// All that was ever done, in the order in which it takes effect, which is the same in every copy of the plan.
    pub fn history(&self) -> &[Entry] {
        self.history.entries()
    }

    /// An entry of the history.
    pub fn entry(&self, id: OpId) -> Option<&Entry> {
        self.history.get(id)
    }

    /// What the plan said after its first `count` entries: replay. More than there are means all.
    pub fn state_after(&self, count: usize) -> PlanState {
        let entries = self.history.entries();
        let past = &entries[..count.min(entries.len())];
        let history = History::of(past.iter().cloned());
        PlanState::of(past, |id| history.is_undone(id))
    }

    /// Whether an operation is undone at present.
    pub fn is_undone(&self, id: OpId) -> bool {
        self.history.is_undone(&id)
    }

    /// Does an operation.
    ///
    /// # Errors
    /// When a value is out of range, or it refers to a structure, a volume or a part of the plan that is not there.
    /// The plan then stays as it was.
    pub fn apply(&mut self, operation: Operation, author: &Author) -> Result<Applied, PlanError> {
        self.apply_at(operation, author, UtcTime::now())
    }

    /// As [`Plan::apply`], at a time of the caller's choosing: scripts that must come out the same each time.
    ///
    /// # Errors
    /// As [`Plan::apply`].
    pub fn apply_at(&mut self, operation: Operation, author: &Author, time: UtcTime) -> Result<Applied, PlanError> {
        operation.check()?;
        self.check_names(&operation)?;
        self.check_allowed(&operation)?;
        let id = self.next_id();
        let entry = Entry { id, author: author.clone(), time, action: Action::Do(operation) };
        if let Action::Do(operation) = &entry.action {
            self.state.step(&entry, operation)?;
        }
        let stored = self.record(&entry);
        if stored.is_err() {
            self.refold();
        }
        stored.map(|()| self.keep(entry))
    }

    /// Takes back the author's last operation that is not yet undone. What others did since stays.
    ///
    /// # Errors
    /// When the author has nothing to undo.
    pub fn undo(&mut self, author: &Author) -> Result<Applied, PlanError> {
        let id =
            self.next_undo(author).ok_or_else(|| PlanError::Nothing { author: author.to_string(), what: "undo" })?;
        self.reverse(Action::Undo(id), author)
    }

    /// Does again what the author undid last, as long as they did nothing else since.
    ///
    /// # Errors
    /// When the author has nothing to redo.
    pub fn redo(&mut self, author: &Author) -> Result<Applied, PlanError> {
        let id =
            self.next_redo(author).ok_or_else(|| PlanError::Nothing { author: author.to_string(), what: "redo" })?;
        self.reverse(Action::Redo(id), author)
    }

    /// What [`Plan::undo`] would take back.
    pub fn next_undo(&self, author: &Author) -> Option<OpId> {
        self.history.next_undo(author)
    }

    /// What [`Plan::redo`] would do again.
    pub fn next_redo(&self, author: &Author) -> Option<OpId> {
        self.history.next_redo(author)
    }

    /// Which operations this copy holds.
    pub fn version(&self) -> PlanVersion {
        PlanVersion(self.doc.oplog_vv())
    }

    /// The operations that a copy of version `since` lacks, as bytes for [`Plan::import_updates`].
    ///
    /// # Errors
    /// When the CRDT library cannot encode them.
    pub fn export_updates(&self, since: &PlanVersion) -> Result<Vec<u8>, PlanError> {
        self.doc.export(ExportMode::updates(&since.0)).map_err(|e| PlanError::Encoding(e.to_string()))
    }

    /// The whole plan with its history, as bytes for [`Plan::from_bytes`].
    ///
    /// # Errors
    /// When the CRDT library cannot encode it.
    pub fn snapshot(&self) -> Result<Vec<u8>, PlanError> {
        self.doc.export(ExportMode::Snapshot).map_err(|e| PlanError::Encoding(e.to_string()))
    }

    /// Takes in the operations of another copy. In which order and how often does not matter. Gives how many were new.
    ///
    /// # Errors
    /// When the bytes are damaged, build on operations that are not here, hold what cannot be read, or would remove
    /// something from the history. The plan then stays as it was.
    pub fn import_updates(&mut self, bytes: &[u8]) -> Result<usize, PlanError> {
        self.import_all([bytes])
    }

    /// As [`Plan::import_updates`] with several pieces, all of them or none: much faster than one by one.
    ///
    /// # Errors
    /// As [`Plan::import_updates`].
    pub fn import_all<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<usize, PlanError> {
        let pieces: Vec<_> = pieces.into_iter().map(<[u8]>::to_vec).collect();
        let import = |doc: &LoroDoc| {
            guarded(|| {
                let status = doc.import_batch(&pieces).map_err(|e| PlanError::Damaged(e.to_string()))?;
                Ok(status.pending.is_some())
            })
        };
        // Damage must not reach this copy: first into an empty document, where it does no harm.
        import(&LoroDoc::new())?;
        let before = self.doc.oplog_frontiers();
        let incomplete = import(&self.doc);
        let taken = incomplete.and_then(|i| if i { Err(PlanError::Incomplete) } else { self.read_back() });
        match taken {
            Ok(history) => {
                let new = history.entries().len() - self.history.entries().len();
                self.history = history;
                self.refold();
                Ok(new)
            }
            Err(error) => {
                self.return_to(&before)?;
                Err(error)
            }
        }
    }

    /// Takes the plan back to what it held at `version`, as if what came later had never been done here: for when it
    /// could not be saved.
    ///
    /// # Errors
    /// When this copy never was at `version`.
    pub fn forget_after(&mut self, version: &PlanVersion) -> Result<(), PlanError> {
        let frontiers = self.doc.try_vv_to_frontiers(&version.0).map_err(|e| PlanError::Damaged(e.to_string()))?;
        self.return_to(&frontiers)?;
        self.history = History::default();
        self.history = self.read_back()?;
        self.refold();
        Ok(())
    }

    fn check_names(&self, operation: &Operation) -> Result<(), PlanError> {
        if let Some(known) = &self.structures {
            let created = &self.state.edits.created;
            let unknown = |name: &&str| !known.contains(*name) && !created.contains_key(*name);
            if let Some(name) = operation.structures().into_iter().find(unknown) {
                let known = known.iter().chain(created.keys()).cloned().collect();
                return Err(PlanError::UnknownStructure { name: name.into(), known });
            }
        }
        if let (Some(id), Some(known)) = (operation.volume(), &self.volumes)
            && !known.contains(id)
        {
            return Err(PlanError::UnknownVolume { id: id.into(), known: known.iter().cloned().collect() });
        }
        Ok(())
    }

    /// Checks what holds for operations that are made here and now, not for those that come from elsewhere: nobody can
    /// heed a lock that they have not heard of.
    fn check_allowed(&self, operation: &Operation) -> Result<(), PlanError> {
        match operation {
            Operation::Edit(EditOperation::Create { structure, .. })
                if self.structures.as_ref().is_some_and(|known| known.contains(structure)) =>
            {
                Err(PlanError::Exists { kind: "structure", name: structure.clone() })
            }
            Operation::Edit(EditOperation::Stroke(stroke)) => self.check_locks(stroke),
            Operation::Review(ReviewOperation::Decide { seen, .. }) => {
                let now = self.history().len() as u64;
                if *seen == now { Ok(()) } else { Err(PlanError::Unseen { seen: *seen, now }) }
            }
            _ => Ok(()),
        }
    }

    fn check_locks(&self, stroke: &Stroke) -> Result<(), PlanError> {
        let locked = &self.state.edits.locked;
        let refuse = |name: &str| match locked.get(name) {
            Some(by) => Err(PlanError::Locked { structure: name.into(), by: by.to_string() }),
            None => Ok(()),
        };
        stroke.targets().try_for_each(refuse)?;
        match &stroke.overwrite {
            Overwrite::None => Ok(()),
            Overwrite::Only(names) => names.iter().try_for_each(|name| refuse(name)),
            Overwrite::AllBut(names) => locked.keys().filter(|l| !names.contains(l)).try_for_each(|name| refuse(name)),
        }
    }

    /// What makes the voxels of the structures now.
    pub fn program(&self) -> Program {
        Program::of(&self.history, usize::MAX)
    }

    /// What made the voxels of the structures after the first `count` entries.
    pub fn program_after(&self, count: usize) -> Program {
        Program::of(&self.history, count)
    }

    /// Whether a review was made of what the plan (or its subject) is now: its reviewer saw all that comes before it in
    /// the history, and nothing that touches its subject came after.
    pub fn is_current(&self, review: &Review) -> bool {
        let entries = self.history();
        let Some(at) = entries.iter().position(|e| e.id == review.id) else { return false };
        let touches = |action: &Action| {
            let operation = match action {
                Action::Do(operation) => Some(operation),
                Action::Undo(id) | Action::Redo(id) => self.entry(*id).and_then(|e| match &e.action {
                    Action::Do(operation) => Some(operation),
                    _ => None,
                }),
            };
            match (&review.subject, operation) {
                (_, Some(Operation::Review(_) | Operation::Validation(_)) | None) => false,
                (ReviewSubject::Plan, Some(_)) => true,
                (ReviewSubject::Structure(name), Some(Operation::Edit(operation))) => operation.may_change(name),
                (ReviewSubject::Structure(_), Some(_)) => false,
            }
        };
        // A colleague's work that the reviewer had not seen may have come in before the review.
        let unseen = at as u64 != review.seen
            && (review.subject == ReviewSubject::Plan || entries[..at].iter().any(|e| touches(&e.action)));
        !unseen && !entries[at + 1..].iter().any(|e| touches(&e.action))
    }

    fn reverse(&mut self, action: Action, author: &Author) -> Result<Applied, PlanError> {
        if let Action::Undo(id) | Action::Redo(id) = &action
            && let Some(Action::Do(Operation::Edit(EditOperation::Stroke(stroke)))) = self.entry(*id).map(|e| &e.action)
        {
            self.check_locks(stroke)?;
        }
        let entry = Entry { id: self.next_id(), author: author.clone(), time: UtcTime::now(), action };
        self.record(&entry)?;
        let applied = self.keep(entry);
        self.refold();
        Ok(applied)
    }

    /// The id that the next record gets from the CRDT.
    fn next_id(&self) -> OpId {
        let peer = self.doc.peer_id();
        loro::ID::new(peer, self.doc.oplog_vv().get(&peer).copied().unwrap_or(0)).into()
    }

    fn list(&self) -> LoroList {
        self.doc.get_list(HISTORY)
    }

    fn record(&self, entry: &Entry) -> Result<(), PlanError> {
        let text = record::encode(&entry.author, entry.time, &entry.action)?;
        self.list().push(text).map_err(|e| PlanError::Encoding(e.to_string()))?;
        self.doc.commit();
        Ok(())
    }

    fn keep(&mut self, entry: Entry) -> Applied {
        let applied = Applied { id: entry.id, time: entry.time, action: entry.action.clone() };
        self.history.push(entry);
        applied
    }

    fn refold(&mut self) {
        self.state = PlanState::of(self.history.entries(), |id| self.history.is_undone(id));
    }

    /// The history as the document has it now. Everything that was there before must still be.
    fn read_back(&self) -> Result<History, PlanError> {
        if let LoroValue::Map(roots) = self.doc.get_value()
            && let Some(other) = roots.keys().find(|k| *k != HISTORY)
        {
            return Err(PlanError::Damaged(format!("it holds `{other}`, which this version does not know")));
        }
        let list = self.list();
        let mut entries = Vec::with_capacity(list.len());
        let mut known = 0;
        for (index, value) in list.to_vec().into_iter().enumerate() {
            let damaged = || PlanError::Damaged(format!("entry {index} of its history is no record"));
            let id: OpId = list.get_id_at(index).ok_or_else(damaged)?.into();
            if let Some(entry) = self.history.get(id) {
                known += 1;
                entries.push(entry.clone());
            } else {
                let LoroValue::String(text) = value else { return Err(damaged()) };
                entries.push(record::decode(id, &text)?);
            }
        }
        if known < self.history.entries().len() {
            return Err(PlanError::Rewrites);
        }
        Ok(History::of(entries))
    }

    fn return_to(&mut self, frontiers: &Frontiers) -> Result<(), PlanError> {
        self.doc = if frontiers.is_empty() {
            LoroDoc::new()
        } else {
            self.doc.fork_at(frontiers).map_err(|e| PlanError::Damaged(e.to_string()))?
        };
        Ok(())
    }
}

/// Runs a piece of the CRDT library on bytes from outside. A panic in there, which only crafted bytes cause, becomes
/// an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, PlanError>) -> Result<T, PlanError> {
    std::panic::catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(PlanError::Damaged("the CRDT library gave up on it".into())))
}
