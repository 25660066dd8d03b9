//! The same decision for one action, row by row: what a policy calls for every row of a scan.
//!
//! A gate costs one byte of a table (src/digests.rs), the row's verdict one more of another, in which core's own
//! `decide` has left it. Nothing here decides, calls PostgreSQL, allocates or panics; whatever is not known is left to
//! [`Bound::any`], which looks it up. In builds with debug assertions src/check.rs compares the two for every row.
//!
//! Measured (1 million rows, four gates, half of them seen; the same scan with one comparison of the last gate's column
//! is 1): one pass over 64-bit masks with an early end 1.22 by the clock on a busy machine, this 1.09 in processor
//! time, where four comparisons take 1.22. The check itself has 17 ns a row of samples (a comparison 1 ns): half of them
//! where it waits for a byte or for a jump that depends on the row. One more column is reached than in the comparison,
//! the owner's.
//! Reasoned, not measured apart: there is no end at the first gate that shuts, because its jump is foreseen as badly as
//! the verdict itself, and so no order of gates either.

use std::cell::RefCell;
use std::rc::Rc;

use docacl_core::digest::{Answers, Digest, Question, Side};
use docacl_core::{Actions, Key};
use pgrx::pg_sys;

use super::{Bound, BoundGate, BoundReference, Row, own_key};
use crate::digests::Digests;
use crate::memo::Memo;
use crate::value::{Type, inline_bytes, read_uuid};

/// A bound shape with one question about its rows.
pub struct Quick {
    /// The gates of one bigint reference and nothing else, which most are: read without asking what they are.
    plain: Box<[Plain]>,
    /// Those are all the gates, and where one of them is engaged nothing else of the row counts.
    all_plain: bool,
    answers: Rc<Answers>,
    others: Box<[Gate]>,
    bound: Bound,
}

/// A gate of one bigint reference. The pointers of columns are good as long as the ring that the [`Bound`] holds.
struct Plain {
    at: usize,
    digests: *const Digests,
    absent: Digest,
    memo: *const Memo,
}

/// A reference.
struct Column {
    at: usize,
    read: Read,
    /// How far an integer is shifted up and down again, which leaves as much of the datum as its type has.
    shift: u32,
    digests: *const Digests,
    memo: *const Memo,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    Int,
    Uuid,
    Text,
}

/// A gate of another sort: with a list of the row's own, several references or none, uuids or texts.
struct Gate {
    own: Option<usize>,
    references: Box<[Column]>,
    constant: Option<Key>,
    absent: Digest,
    question: Question,
    scope: bool,
}

/// What the key of an integer says; `None` where it is not known.
#[inline]
fn of_integer(value: i64, digests: *const Digests, memo: *const Memo) -> Option<Digest> {
    // SAFETY: both belong to the ring that the bound shape holds; nobody writes to them during this read.
    unsafe { (*digests).get(value).or_else(|| (*memo).get_int(value).map(|key| (*digests).digest(key))) }
}

impl Plain {
    /// `None` where its key is not known.
    #[inline]
    fn digest(&self, row: &impl Row) -> Option<Digest> {
        match row.get(self.at) {
            Some(datum) => of_integer(datum.value() as i64, self.digests, self.memo),
            None => Some(self.absent),
        }
    }
}

impl Column {
    fn integer(&self, datum: pg_sys::Datum) -> i64 {
        ((datum.value() as i64) << self.shift) >> self.shift
    }

    #[inline]
    fn digest(&self, datum: pg_sys::Datum) -> Option<Digest> {
        if self.read == Read::Int {
            return of_integer(self.integer(datum), self.digests, self.memo);
        }
        // SAFETY: as above.
        self.key(datum).map(|key| unsafe { (*self.digests).digest(key) })
    }

    /// The key of a present reference.
    #[inline]
    fn key(&self, datum: pg_sys::Datum) -> Option<Key> {
        // SAFETY: as above; a uuid datum points to 16 bytes, which live as long as the row.
        unsafe {
            match self.read {
                Read::Int => (*self.memo).get_int(self.integer(datum)),
                Read::Uuid => (*self.memo).get_uuid(read_uuid(datum)),
                Read::Text => (*self.memo).get_text(inline_bytes(datum)?),
            }
        }
    }
}

impl Gate {
    #[inline]
    fn digest(&self, bound: &Bound, row: &impl Row) -> Option<Digest> {
        let own = self.own.and_then(|at| row.get(at));
        let reference = self.references.iter().find_map(|column| row.get(column.at).map(|datum| (column, datum)));
        match (own, reference) {
            (None, Some((column, datum))) => column.digest(datum),
            (None, None) => Some(self.constant.map_or(self.absent, |key| self.of(key))),
            (Some(own), reference) => {
                let key = match reference {
                    Some((column, datum)) => Some(column.key(datum)?),
                    None => self.constant,
                };
                own_key(&bound.ring, own.value() as i64, key).map(|key| self.of(key))
            }
        }
    }

    fn of(&self, key: Key) -> Digest {
        if self.scope { self.question.digest_scope(key) } else { self.question.digest(key) }
    }
}

impl Quick {
    /// The bound shape itself where the question or the shape has no quick form.
    pub fn new(bound: Bound, wanted: Actions) -> std::result::Result<Quick, Box<Bound>> {
        match Quick::parts(&bound, wanted) {
            Some((plain, others, answers)) => {
                let all_plain = others.is_empty() && bound.gates_suffice;
                Ok(Quick { plain: plain.into(), all_plain, answers, others: others.into(), bound })
            }
            None => Err(Box::new(bound)),
        }
    }

    fn parts(bound: &Bound, wanted: Actions) -> Option<(Vec<Plain>, Vec<Gate>, Rc<Answers>)> {
        let question = Question::new(wanted)?;
        let principals = [&bound.owner, &bound.requester, &bound.deleted_by];
        let references = || bound.gates.iter().flat_map(|gate| &gate.references);
        let texts = references().map(|r| r.ty).chain(principals.into_iter().flatten().map(|p| p.ty));
        // Keys are kept in UTF-8, and other bytes would have to be converted first.
        // SAFETY: a plain read of backend state.
        let utf8 = unsafe { pg_sys::GetDatabaseEncoding() } == pg_sys::pg_enc::PG_UTF8 as i32;
        // Of two walls the last would count.
        let walls = bound.gates.iter().filter(|gate| gate.scope).count();
        if walls > 1 || !utf8 && texts.into_iter().any(|ty| ty == Type::Text) {
            return None;
        }
        let (mut plain, mut others) = (vec![], vec![]);
        for gate in &bound.gates {
            let absent = if gate.required { Digest::MISSING } else { Digest::ABSENT };
            let columns =
                gate.references.iter().map(|r| Column::new(gate, r, question)).collect::<Option<Vec<Column>>>()?;
            match columns.as_slice() {
                [Column { at, read: Read::Int, shift: 0, digests, memo }]
                    if gate.own.is_none() && gate.constant.is_none() =>
                {
                    plain.push(Plain { at: *at, digests: *digests, absent, memo: *memo });
                }
                _ => {
                    let (own, constant, scope) = (gate.own, gate.constant, gate.scope);
                    others.push(Gate { own, references: columns.into(), constant, absent, question, scope });
                }
            }
        }
        Some((plain, others, answers(bound, question)))
    }

    /// The shape, for everything else.
    pub fn bound(&self) -> &Bound {
        &self.bound
    }

    /// [`Quick::any`] for the row that most are: all gates plain, their keys in arrays, the answer kept. `None` otherwise.
    #[inline(always)]
    pub fn any_plain(&self, row: &impl Row) -> Option<bool> {
        if !self.all_plain {
            return None;
        }
        // No early end where a gate shuts the row: see above.
        let (mut all, mut some) = (Digest::ABSENT.byte(), 0);
        for gate in &self.plain {
            let byte = match row.get(gate.at) {
                // SAFETY: the digests belong to the ring that the bound shape holds; nobody writes during this read.
                Some(datum) => unsafe { (*gate.digests).byte(datum.value() as i64) },
                None => gate.absent.byte(),
            };
            if byte == 0 {
                return None;
            }
            all &= byte;
            some |= byte;
        }
        let fold = Digest::folded(all, some);
        if fold.is_engaged() { self.answers.kept(fold) } else { None }
    }

    /// Whether the action is allowed on the row; `None` where something is not known.
    #[inline]
    pub fn any(&self, row: &impl Row) -> Option<bool> {
        let mut fold = Digest::ABSENT;
        for gate in &self.plain {
            match gate.digest(row) {
                Some(digest) => fold = fold.and(digest),
                None => return self.shut_by_others(row),
            }
        }
        for gate in &self.others {
            match gate.digest(&self.bound, row) {
                Some(digest) => fold = fold.and(digest),
                None => return self.shut_by_others(row),
            }
        }
        let suffice = self.bound.gates_suffice && fold.is_engaged();
        let side = if suffice { Side::empty() } else { side(&self.bound, fold, row)? };
        // A limit is part of what a gate permits, but it binds the requester too, whom no gate has to permit anything:
        // a digest does not tell the two apart.
        if side.contains(Side::REQUESTER) && !self.bound.ring.limits().is_empty() {
            return None;
        }
        Some(self.answers.get(fold, side))
    }

    /// Of a row with a key that is not known: false where the other gates shut it. A key that never makes a difference
    /// is never looked up, so there may be many such rows.
    #[inline(never)]
    fn shut_by_others(&self, row: &impl Row) -> Option<bool> {
        let plain = self.plain.iter().filter_map(|gate| gate.digest(row));
        let others = self.others.iter().filter_map(|gate| gate.digest(&self.bound, row));
        let shut = plain.chain(others).any(Digest::is_shut);
        if shut && self.bound.only_gates { Some(false) } else { None }
    }
}

impl Column {
    fn new(gate: &BoundGate, reference: &BoundReference, question: Question) -> Option<Column> {
        let (read, shift) = match reference.ty {
            Type::Int8 => (Read::Int, 0),
            Type::Int4 => (Read::Int, 32),
            Type::Int2 => (Read::Int, 48),
            Type::Uuid => (Read::Uuid, 0),
            Type::Text => (Read::Text, 0),
            Type::Bool | Type::Other => return None,
        };
        let memo = reference.memo;
        // SAFETY: the memo belongs to the ring; nothing else looks into it now.
        let digests = unsafe { (*memo).digests(question, gate.scope) };
        Some(Column { at: reference.at, read, shift, digests, memo })
    }
}

/// As [`Bound::side`], where nobody has to be looked up.
fn side(bound: &Bound, fold: Digest, row: &impl Row) -> Option<Side> {
    let mut side = Side::empty();
    if !fold.is_engaged()
        && let Some(owner) = &bound.owner
    {
        if owner.is_me_kept(row)? {
            side |= Side::OWNER | Side::OWNER_HOME;
        } else if bound.ring.subject.admin {
            return None;
        }
    }
    if let Some(requester) = &bound.requester {
        side.set(Side::REQUESTER, requester.is_me_kept(row)?);
    }
    side.set(Side::IMMUTABLE, super::is_set(bound.immutable, row));
    if super::is_set(bound.deleted, row) {
        let by_me = match &bound.deleted_by {
            Some(by) => by.is_me_kept(row)?,
            None => false,
        };
        side.set(Side::DELETED_BY_OTHER, !by_me);
    }
    Some(side)
}

/// The answers are those of a sort of subject, so users share them: a backend has a few tables of 8 kB.
fn answers(bound: &Bound, question: Question) -> Rc<Answers> {
    const MOST: usize = 32;
    thread_local! {
        static ANSWERS: RefCell<Vec<Rc<Answers>>> = const { RefCell::new(Vec::new()) };
    }
    let subject = bound.ring.subject;
    ANSWERS.with_borrow_mut(|kept| {
        if let Some(found) = kept.iter().find(|a| a.are_for(subject, question)) {
            return found.clone();
        }
        if kept.len() >= MOST {
            kept.clear();
        }
        let new = Rc::new(Answers::new(subject, question));
        kept.push(new.clone());
        new
    })
}
