//! One question about many rows, in one byte a key.
//!
//! Whether *one* action is allowed on a row depends on two actions of each gate only: that one, and read, without
//! which nothing but putting something there is left. What is to be known of a key is then a handful of bits: a
//! [`Digest`]. The digests of a row's gates are folded, and the fold looked up in [`Answers`], which asks
//! [`decide`](crate::verdict::decide) once for every fold that is met. Nothing here decides anything.

use std::cell::Cell;

use crate::action::Actions;
use crate::key::Key;
use crate::verdict::{RowSide, Subject, Tally, decide};

/// Whether one action is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    wanted: Actions,
}

/// What a key, or several folded, says to a [`Question`]. Three bits hold what all gates have to let through, so they
/// are and-ed; five hold what one gate is enough for, so they are or-ed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(u8);

const PERMITS_READ: u8 = 1 << 0;
const PERMITS_WANTED: u8 = 1 << 1;
const HOME: u8 = 1 << 2;
const GRANTS_READ: u8 = 1 << 3;
const GRANTS_WANTED: u8 = 1 << 4;
const ENGAGED: u8 = 1 << 5;
const MISSING: u8 = 1 << 6;
const SCOPE_HOME: u8 = 1 << 7;
/// The bits of which every gate must have its own.
const ALL: u8 = PERMITS_READ | PERMITS_WANTED | HOME;

impl Digest {
    /// An absent reference that may be absent, and the fold of no gates: neutral.
    pub const ABSENT: Digest = Digest(ALL);
    /// An absent reference that the table requires.
    pub const MISSING: Digest = Digest(ALL | MISSING);

    /// The byte in which a table keeps a digest of a key; never 0.
    #[inline]
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// The digest of [`Digest::byte`]; of 0: none was kept.
    #[inline]
    pub const fn kept(byte: u8) -> Option<Digest> {
        if byte == 0 { None } else { Some(Digest(byte)) }
    }

    /// The fold of digests, given the bytes of all of them and-ed, and or-ed; 7 and 0 where there are none.
    #[inline]
    pub const fn folded(all: u8, some: u8) -> Digest {
        Digest((all & ALL) | (some & !ALL))
    }

    /// Two folds as one, in any order.
    #[inline]
    pub const fn and(self, other: Digest) -> Digest {
        Digest::folded(self.0 & other.0, self.0 | other.0)
    }

    /// Whether a gate is engaged.
    #[inline]
    pub const fn is_engaged(self) -> bool {
        self.0 & ENGAGED != 0
    }

    /// Whether these gates can no longer open, whatever gates follow: see [`Tally::is_shut`].
    #[inline]
    pub const fn is_shut(self) -> bool {
        !self.has(PERMITS_WANTED)
    }

    const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

impl Question {
    /// Whether `wanted` is allowed. `None` where it is not exactly one action: which of several a row allows does not
    /// fit into a byte.
    #[inline]
    pub const fn new(wanted: Actions) -> Option<Question> {
        if wanted.bits().is_power_of_two() { Some(Question { wanted }) } else { None }
    }

    /// What a key says.
    #[inline]
    pub const fn digest(self, key: Key) -> Digest {
        let (grants, permits) = (key.grants(), key.permits());
        Digest(
            ENGAGED
                | bit(permits.intersects(Actions::READ), PERMITS_READ)
                | bit(permits.intersects(self.wanted), PERMITS_WANTED)
                | bit(key.is_home(), HOME)
                | bit(grants.intersects(Actions::READ), GRANTS_READ)
                | bit(grants.intersects(self.wanted), GRANTS_WANTED),
        )
    }

    /// What a key of the scope gate says, which is the wall of an API key as well.
    #[inline]
    pub const fn digest_scope(self, key: Key) -> Digest {
        Digest(self.digest(key).0 | bit(key.is_home(), SCOPE_HOME))
    }

    /// Gates that say the same to this question as those folded.
    const fn tally(self, fold: Digest) -> Tally {
        Tally::summary(
            self.actions(fold.has(GRANTS_READ), fold.has(GRANTS_WANTED)),
            self.actions(fold.has(PERMITS_READ), fold.has(PERMITS_WANTED)),
            fold.is_engaged(),
            fold.has(HOME),
            fold.has(MISSING),
            fold.has(SCOPE_HOME),
        )
    }

    const fn actions(self, read: bool, wanted: bool) -> Actions {
        let read = if read { Actions::READ } else { Actions::empty() };
        let wanted = if wanted { self.wanted } else { Actions::empty() };
        read.union(wanted)
    }
}

const fn bit(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}

bitflags::bitflags! {
    /// What a row says beside its gates: [`RowSide`] in five bits.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Side: u8 {
        /// See [`RowSide::owner`].
        const OWNER = 1 << 0;
        /// See [`RowSide::owner_home`].
        const OWNER_HOME = 1 << 1;
        /// See [`RowSide::requester`].
        const REQUESTER = 1 << 2;
        /// See [`RowSide::immutable`].
        const IMMUTABLE = 1 << 3;
        /// See [`RowSide::deleted_by_other`].
        const DELETED_BY_OTHER = 1 << 4;
    }
}

impl From<Side> for RowSide {
    fn from(side: Side) -> RowSide {
        RowSide {
            owner: side.contains(Side::OWNER),
            owner_home: side.contains(Side::OWNER_HOME),
            requester: side.contains(Side::REQUESTER),
            immutable: side.contains(Side::IMMUTABLE),
            deleted_by_other: side.contains(Side::DELETED_BY_OTHER),
        }
    }
}

/// Every fold and every side.
const FOLDS: usize = 1 << 13;
const NO: u8 = 1;
const YES: u8 = 2;

/// The answers to one question of one sort of subject, each decided when it is first asked.
#[derive(Debug)]
pub struct Answers {
    subject: Subject,
    question: Question,
    /// 0: not yet asked.
    answers: Box<[Cell<u8>; FOLDS]>,
}

impl Answers {
    /// Nothing asked yet.
    pub fn new(subject: Subject, question: Question) -> Answers {
        Answers { subject, question, answers: Box::new([const { Cell::new(0) }; FOLDS]) }
    }

    /// Who asks what.
    pub fn are_for(&self, subject: Subject, question: Question) -> bool {
        self.subject == subject && self.question == question
    }

    /// Of a row that says nothing beside its gates, if it was asked before.
    #[inline(always)]
    pub fn kept(&self, fold: Digest) -> Option<bool> {
        match self.answers.get(usize::from(fold.0)).map_or(0, Cell::get) {
            0 => None,
            answer => Some(answer == YES),
        }
    }

    /// Whether the question's action is allowed on a row with gates folded so, and this side.
    #[inline]
    pub fn get(&self, fold: Digest, side: Side) -> bool {
        let at = usize::from(side.bits()) << 8 | usize::from(fold.0);
        match self.answers.get(at) {
            Some(answer) if answer.get() != 0 => answer.get() == YES,
            kept => self.ask(fold, side, kept),
        }
    }

    #[cold]
    fn ask(&self, fold: Digest, side: Side, kept: Option<&Cell<u8>>) -> bool {
        let wanted = self.question.wanted;
        let yes = decide(&self.subject, &self.question.tally(fold), &side.into()).allows_any(wanted);
        if let Some(answer) = kept {
            answer.set(if yes { YES } else { NO });
        }
        yes
    }
}
