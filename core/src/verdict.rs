//! What a subject may do with one row. This is the one decision procedure: policies, checks, the write
//! trigger and explanations fold a row's gates into a [`Tally`] and ask [`decide`].
//!
//! Everything starts closed: an empty [`Tally`] with no owner allows nothing.

use crate::action::Actions;
use crate::key::Key;

/// What sort of principal is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// Unknown, disabled or expired: may nothing.
    Nobody,
    /// A user.
    User,
    /// An API key, walled into its environment.
    ApiKey,
    /// `system`: passes every check.
    System,
}

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// What sort of principal.
    pub kind: SubjectKind,
    /// Whether the admin role of its account is among its principals.
    pub admin: bool,
    /// Whether it is read-only.
    pub read_only: bool,
}

impl Subject {
    /// The subject that may nothing.
    pub const NOBODY: Subject = Subject { kind: SubjectKind::Nobody, admin: false, read_only: false };
}

/// The gates of a row, folded one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    grants: u64,
    permits: u64,
    /// What the limits of all engaged resources leave. `permits` lies within it.
    limits: u64,
    engaged: u32,
    all_home: bool,
    missing_required: bool,
    scope_home: bool,
}

impl Default for Tally {
    fn default() -> Self {
        Self::new()
    }
}

impl Tally {
    /// No gate seen yet.
    #[inline]
    pub const fn new() -> Tally {
        Tally {
            grants: 0,
            permits: u64::MAX,
            limits: u64::MAX,
            engaged: 0,
            all_home: true,
            missing_required: false,
            scope_home: false,
        }
    }

    /// Gates folded elsewhere, as far as the actions given go (`core::digest`). Nothing is said of limits, so it is
    /// for rows that nobody requested, or without limits: there `permits` says all.
    pub(crate) const fn summary(
        grants: Actions,
        permits: Actions,
        engaged: bool,
        all_home: bool,
        missing_required: bool,
        scope_home: bool,
    ) -> Tally {
        let (grants, permits, engaged) = (grants.bits(), permits.bits(), engaged as u32);
        Tally { grants, permits, limits: u64::MAX, engaged, all_home, missing_required, scope_home }
    }

    /// A gate whose reference is present.
    #[inline]
    pub const fn engage(&mut self, key: Key) {
        self.grants |= key.grants().bits();
        self.permits &= key.permits().bits();
        self.limits &= key.limit_bits();
        self.engaged = self.engaged.saturating_add(1);
        self.all_home = self.all_home && key.is_home();
    }

    /// The scope gate, present: as [`Tally::engage`], and it is the wall of an API key.
    #[inline]
    pub const fn engage_scope(&mut self, key: Key) {
        self.engage(key);
        self.scope_home = key.is_home();
    }

    /// A gate whose reference is absent. Neutral, unless the table requires it.
    #[inline]
    pub const fn absent(&mut self, required: bool) {
        self.missing_required = self.missing_required || required;
    }

    /// How many gates are engaged.
    #[inline]
    pub const fn engaged(&self) -> u32 {
        self.engaged
    }

    /// Whether every engaged resource is of the subject's own account.
    #[inline]
    pub const fn all_home(&self) -> bool {
        self.all_home
    }

    /// The most that the limits of the engaged resources leave; everything where there are none.
    #[inline]
    pub const fn limits(&self) -> Actions {
        Actions::from_bits_retain(self.limits & Actions::EVERYTHING.bits())
    }

    /// Whether these gates can no longer open for `wanted`, whatever gates follow (the subject's own
    /// rules, admin and requester, aside).
    #[inline]
    pub const fn is_shut(&self, wanted: Actions) -> bool {
        self.permits & wanted.bits() == 0
    }

    /// What the gates allow together: given by some, permitted by all.
    #[inline]
    const fn through_gates(&self) -> Actions {
        if self.missing_required {
            return Actions::empty();
        }
        Actions::from_bits_retain(self.grants & self.permits)
    }
}

/// What a row says beside its gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowSide {
    /// The subject owns the row.
    pub owner: bool,
    /// The row's owner is of the subject's account (asked only where no gate is engaged).
    pub owner_home: bool,
    /// The subject requested the row.
    pub requester: bool,
    /// The row is immutable.
    pub immutable: bool,
    /// The row is marked deleted, and not by the subject.
    pub deleted_by_other: bool,
}

/// By which rule a verdict was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nobody is asking.
    Nobody,
    /// `system` passes every check.
    System,
    /// An API key outside its environment.
    ApiKeyWall,
    /// The admin of the account.
    Admin,
    /// No gate is engaged: the row lies in its owner's intray.
    Intray,
    /// The gates decided.
    Gates,
    /// The requester of the row.
    Requester,
    /// The row is marked deleted by somebody else.
    Deleted,
}

bitflags::bitflags! {
    /// What took actions away, or gave them, on the way to a verdict: what an explanation prints. Written by [`decide`]
    /// itself, so that no explanation is a second calculation.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Because: u8 {
        /// A required gate is absent.
        const REQUIRED_MISSING = 1 << 0;
        /// Without read only putting something there is left.
        const NO_READ = 1 << 1;
        /// The requester's view and edit were added.
        const REQUESTER = 1 << 2;
        /// A read-only user has at most guest.
        const READ_ONLY = 1 << 3;
        /// The row is immutable.
        const IMMUTABLE = 1 << 4;
        /// add, import, export and store are asked of places and of new rows.
        const OF_PLACES = 1 << 5;
        /// A limit took what a gate gives, or what a requester would have.
        const LIMITED = 1 << 6;
    }
}

/// What is allowed, by which rule, and what else had a part in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Everything the subject may do with the row.
    pub actions: Actions,
    /// The rule that decided.
    pub rule: Rule,
    /// What took away or gave beside it.
    pub because: Because,
}

impl Verdict {
    const fn nothing(rule: Rule) -> Verdict {
        Verdict { actions: Actions::empty(), rule, because: Because::empty() }
    }

    const fn everything(rule: Rule) -> Verdict {
        Verdict { actions: Actions::EVERYTHING, rule, because: Because::empty() }
    }

    /// Whether a policy that asks for any of `wanted` opens. Only the policy of INSERT asks add, and asks it of a new
    /// row; every other question is about a row that exists.
    #[inline]
    pub fn allows_any(self, wanted: Actions) -> bool {
        let verdict = if wanted == Actions::ADD {
            self
        } else if wanted.contains(Actions::WRITE) {
            self.of_updated(wanted)
        } else {
            self.of_existing()
        };
        verdict.actions.intersects(wanted)
    }

    /// The same verdict, asked by an UPDATE of a table whose columns ask the actions `mapped`: as
    /// [`Verdict::of_existing`], but a table that maps a column to store, say, has places for rows.
    #[inline]
    pub const fn of_updated(self, mapped: Actions) -> Verdict {
        let kept = Actions::OF_PLACES.intersection(mapped).intersection(self.actions);
        let verdict = self.of_existing();
        Verdict { actions: verdict.actions.union(kept), ..verdict }
    }

    /// The same verdict, asked about a row that exists: add, import, export and store are asked of places
    /// and of new rows only (admin and system aside).
    #[inline]
    pub const fn of_existing(self) -> Verdict {
        match self.rule {
            Rule::System | Rule::Admin => self,
            _ => {
                let taken = self.actions.intersects(Actions::OF_PLACES);
                let because = if taken { self.because.union(Because::OF_PLACES) } else { self.because };
                Verdict { actions: self.actions.difference(Actions::OF_PLACES), rule: self.rule, because }
            }
        }
    }
}

/// What `subject` may do with a row of these gates and this side.
#[inline]
pub const fn decide(subject: &Subject, gates: &Tally, side: &RowSide) -> Verdict {
    match subject.kind {
        SubjectKind::Nobody => return Verdict::nothing(Rule::Nobody),
        SubjectKind::System => return Verdict::everything(Rule::System),
        SubjectKind::ApiKey if !gates.scope_home => return Verdict::nothing(Rule::ApiKeyWall),
        _ => {}
    }
    let is_user = matches!(subject.kind, SubjectKind::User);
    if subject.admin && (if gates.engaged == 0 { side.owner_home } else { gates.all_home }) {
        return Verdict::everything(Rule::Admin);
    }
    let mut rule = Rule::Gates;
    let mut because = Because::empty();
    if gates.engaged > 0 && gates.missing_required {
        because = because.union(Because::REQUIRED_MISSING);
    }
    let mut allowed = if gates.engaged == 0 {
        rule = Rule::Intray;
        if is_user && side.owner { Actions::CHANGE } else { Actions::empty() }
    } else {
        gates.through_gates()
    };
    if gates.engaged > 0 && gates.grants & !gates.limits != 0 {
        because = because.union(Because::LIMITED);
    }
    if !allowed.contains(Actions::READ) {
        if !Actions::BLIND.contains(allowed) {
            because = because.union(Because::NO_READ);
        }
        allowed = allowed.intersection(Actions::BLIND);
    }
    if is_user && side.requester && gates.all_home {
        let his = Actions::VIEW.union(Actions::EDIT);
        // A limit binds the requester like everybody, and one without read shows nothing to him either.
        let left = his.intersection(gates.limits());
        if left.bits() != his.bits() {
            because = because.union(Because::LIMITED);
        }
        if left.contains(Actions::READ) {
            if !allowed.contains(left) {
                rule = Rule::Requester;
                because = because.union(Because::REQUESTER);
            }
            allowed = allowed.union(left);
        }
    }
    if subject.read_only {
        if !Actions::GUEST.contains(allowed) {
            because = because.union(Because::READ_ONLY);
        }
        allowed = allowed.intersection(Actions::GUEST);
    }
    if side.immutable {
        if allowed.intersects(Actions::CHANGES_IMMUTABLE) {
            because = because.union(Because::IMMUTABLE);
        }
        allowed = allowed.difference(Actions::CHANGES_IMMUTABLE);
    }
    if side.deleted_by_other {
        return Verdict::nothing(Rule::Deleted);
    }
    Verdict { actions: allowed, rule, because }
}

/// What a subject may do with a resource itself, given its key for it.
///
/// `inside_wall`: for an API key, whether a scope resource lies inside its environment (resources of other
/// families always do).
#[inline]
pub const fn decide_on(subject: &Subject, key: Key, inside_wall: bool) -> Verdict {
    match subject.kind {
        SubjectKind::Nobody => return Verdict::nothing(Rule::Nobody),
        SubjectKind::System => return Verdict::everything(Rule::System),
        SubjectKind::ApiKey if !inside_wall => return Verdict::nothing(Rule::ApiKeyWall),
        _ => {}
    }
    if subject.admin && key.is_home() {
        return Verdict::everything(Rule::Admin);
    }
    let mut allowed = key.mask();
    let mut because = Because::empty();
    if subject.read_only {
        if !Actions::GUEST.union(Actions::ENTER).contains(allowed) {
            because = Because::READ_ONLY;
        }
        allowed = allowed.intersection(Actions::GUEST.union(Actions::ENTER));
    }
    Verdict { actions: allowed, rule: Rule::Gates, because }
}
