//! The key ring: what one principal holds, as one snapshot sees it.
//!
//! A ring holds the principal's own state, the grants of all its principals, the grants on `*`, and the stamps
//! under which they were read (src/freshness.rs decides whether it may be used again). Keys of resources are
//! found when a row first asks for them and kept: roles and inheritance are walked once per resource.

use std::cell::{RefCell, UnsafeCell};
use std::rc::Rc;

use docacl_core::{Actions, Key, Subject, SubjectKind, graph};
use pgrx::pg_sys;

use crate::error::{Result, internal};
use crate::facts::{self, Moment, PrincipalKind};
use crate::flat::{Reader, Writer};
use crate::freshness::Existing;
use crate::limits::Limits;
use crate::memo::{IntTable, Memo, Value};
use crate::nodes::{self, Node};
use crate::scan::Snap;
use crate::shape::{By, Reference};

/// What a stamp stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StampOf {
    /// A principal: its grants, memberships and state.
    Principal(i64),
    /// An account: parents, inherits and keys of existing resources.
    Structure(i64),
}

impl StampOf {
    /// The stamp's value under a snapshot.
    pub fn read(self, snap: &Snap) -> Result<Option<[u8; 16]>> {
        match self {
            StampOf::Principal(id) => facts::stamp(1, id, snap),
            StampOf::Structure(account) => facts::stamp(2, account, snap),
        }
    }
}

/// A stamp with the value it had.
pub type Stamp = (StampOf, Option<[u8; 16]>);

/// One sort of reference with the keys found for it.
struct Kept {
    reference: Reference,
    memo: UnsafeCell<Memo>,
}

/// What one principal holds.
pub struct Ring {
    /// The principal.
    pub id: i64,
    /// What the decision needs to know of it.
    pub subject: Subject,
    /// Its account; `system` and unknown principals have none.
    pub account: Option<i64>,
    /// Its key in the application.
    pub key: Option<String>,
    /// An API key's environment.
    pub environment: Option<i64>,
    /// All its principals, itself first.
    pub principals: Vec<i64>,
    /// The stamps that it was read under.
    pub stamps: Vec<Stamp>,
    /// The times between which no period begins or ends: from (inclusive) and until (exclusive).
    pub period: (Moment, Moment),
    granted: IntTable,
    /// The grants on rows' own lists, apart: an own_acl that names anything else opens nothing.
    granted_on_rows: IntTable,
    stars: Vec<(Rc<str>, u64)>,
    limits: Limits,
    /// Which references open, as some statement saw it (src/open.rs).
    pub opened: RefCell<Vec<crate::open::Kept>>,
    #[allow(clippy::vec_box, reason = "bound checks point to the memos: they must not move when the vector grows")]
    kept: UnsafeCell<Vec<Box<Kept>>>,
}

/// The sorts of subject, in the order in which they are written for another process.
const SUBJECTS: [SubjectKind; 4] = [SubjectKind::Nobody, SubjectKind::System, SubjectKind::User, SubjectKind::ApiKey];

/// "Now" of the rules: the start of the transaction.
pub fn now() -> Moment {
    // SAFETY: a plain read of backend state.
    unsafe { pg_sys::GetCurrentTransactionStartTimestamp() }
}

/// Whether a period holds now; narrows `period` to the time in which the answer stays the same.
pub fn holds(from: Option<Moment>, until: Option<Moment>, now: Moment, period: &mut (Moment, Moment)) -> bool {
    for boundary in [from, until].into_iter().flatten() {
        if boundary <= now {
            period.0 = period.0.max(boundary);
        } else {
            period.1 = period.1.min(boundary);
        }
    }
    from.is_none_or(|f| f <= now) && until.is_none_or(|u| now < u)
}

impl Ring {
    /// Reads what a principal holds.
    pub fn compile(id: i64, snap: &Snap) -> Result<Ring> {
        let now = now();
        let mut ring = Ring {
            id,
            subject: Subject::NOBODY,
            account: None,
            key: None,
            environment: None,
            principals: vec![id],
            stamps: vec![],
            period: (Moment::MIN, Moment::MAX),
            granted: IntTable::default(),
            granted_on_rows: IntTable::default(),
            stars: vec![],
            limits: Limits::default(),
            opened: RefCell::new(vec![]),
            kept: UnsafeCell::new(vec![]),
        };
        // The stamp is read first: facts read after it may be newer only where the snapshot is, and it is not.
        ring.stamp(StampOf::Principal(id), snap)?;
        let Some(me) = facts::principal(id, snap)? else {
            return Ok(ring);
        };
        ring.account = me.account;
        ring.key = me.key;
        ring.environment = me.environment;
        let alive = holds(None, me.valid_until, now, &mut ring.period) && me.enabled;
        ring.subject.kind = match me.kind {
            PrincipalKind::System => SubjectKind::System,
            // A role asked about, or a database role mapped to one: what its members hold through it.
            PrincipalKind::User | PrincipalKind::Role if alive => SubjectKind::User,
            PrincipalKind::ApiKey if alive => SubjectKind::ApiKey,
            _ => SubjectKind::Nobody,
        };
        ring.subject.read_only = me.read_only;
        let (SubjectKind::User | SubjectKind::ApiKey, Some(account)) = (ring.subject.kind, me.account) else {
            return Ok(ring);
        };
        ring.stamp(StampOf::Structure(account), snap)?;
        ring.gather_principals(account, me.kind == PrincipalKind::User, now, snap)?;
        ring.gather_grants(now, snap)?;
        ring.limits = Limits::of(account, snap)?;
        Ok(ring)
    }

    /// Whether no period has begun or ended between the time it was made for and this one.
    pub fn is_of_its_time(&self, now: Moment) -> bool {
        self.period.0 <= now && now < self.period.1
    }

    fn stamp(&mut self, of: StampOf, snap: &Snap) -> Result<()> {
        self.stamps.push((of, of.read(snap)?));
        Ok(())
    }

    /// principals(u): itself, its roles transitively (memberships valid now, roles enabled), everyone.
    fn gather_principals(&mut self, account: i64, is_user: bool, now: Moment, snap: &Snap) -> Result<()> {
        let everyone = if is_user { facts::built_in_role(account, "everyone", snap)?.map(|r| r.id) } else { None };
        let me_admin = facts::built_in_role(account, "administrators", snap)?.is_some_and(|r| r.id == self.id);
        let (id, mut roles, mut admin) = (self.id, Vec::new(), me_admin);
        let mut stamps = Vec::new();
        let period = &mut self.period;
        let found = graph::closure(id, |principal, out| {
            for m in facts::memberships_of(principal, snap)? {
                if holds(m.valid_from, m.valid_until, now, period) {
                    roles.push(m.role);
                }
            }
            if principal == id {
                roles.extend(everyone);
            }
            for role in roles.drain(..) {
                if stamps.contains(&role) {
                    continue;
                }
                // A disabled role leads nowhere, but its stamp says when it is enabled again.
                stamps.push(role);
                let Some(r) = facts::principal(role, snap)? else {
                    continue;
                };
                if r.kind == PrincipalKind::Role && r.enabled && r.account == Some(account) {
                    admin |= r.built_in.as_deref() == Some("administrators");
                    out.push(role);
                }
            }
            Ok(())
        })?;
        self.principals = found;
        self.subject.admin = admin;
        for role in stamps {
            self.stamp(StampOf::Principal(role), snap)?;
        }
        Ok(())
    }

    fn gather_grants(&mut self, now: Moment, snap: &Snap) -> Result<()> {
        let principals = std::mem::take(&mut self.principals);
        for principal in &principals {
            facts::grants_of(*principal, snap, |g| {
                if holds(g.valid_from, g.valid_until, now, &mut self.period) {
                    let actions = g.actions & Actions::EVERYTHING.bits();
                    let table = if g.on_row { &mut self.granted_on_rows } else { &mut self.granted };
                    table.update(g.resource, |w| w | actions);
                }
            })?;
        }
        self.principals = principals;
        // Which of the granted resources are the `*` of their kind: few accounts have more than ten such.
        if let Some(account) = self.account {
            for kind in nodes::star_kinds(snap)? {
                if let Some(star) = facts::star(account, &kind, snap)?
                    && let Some(mask) = self.granted.get(star.id)
                {
                    self.stars.push((Rc::from(kind.as_str()), mask));
                }
            }
        }
        Ok(())
    }

    /// The structure stamp of the ring's account.
    fn structure(&self) -> Option<(i64, Option<[u8; 16]>)> {
        self.stamps.iter().find_map(|(of, value)| match of {
            StampOf::Structure(account) => Some((*account, *value)),
            StampOf::Principal(_) => None,
        })
    }

    /// The actions granted on a resource itself that is no row's own list, roles included, inheritance not.
    #[inline]
    fn granted_on(&self, resource: i64) -> Actions {
        Actions::from_bits_retain(self.granted.get(resource).unwrap_or(0))
    }

    /// Every resource granted on that is no row's own list, with the actions; inheritance not.
    pub fn granted(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        self.granted.iter()
    }

    /// Every row's own list granted on, with the actions.
    pub fn granted_on_rows(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        self.granted_on_rows.iter()
    }

    /// The kinds on whose `*` something is granted, with the actions.
    pub fn stars(&self) -> impl Iterator<Item = (&str, u64)> {
        self.stars.iter().map(|(kind, mask)| (&**kind, *mask))
    }

    /// The actions granted on a row's own list.
    #[inline]
    pub fn granted_on_row(&self, list: i64) -> Actions {
        Actions::from_bits_retain(self.granted_on_rows.get(list).unwrap_or(0))
    }

    /// The limits of the ring's account.
    #[inline]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What a resource's limits leave to whoever is no admin.
    pub fn limit_on(&self, node: &Node, snap: &Snap) -> Result<Actions> {
        self.limits.on(node, self.structure(), snap)
    }

    fn star_on(&self, kind: &str) -> Actions {
        let mask = self.stars.iter().find(|(k, _)| **k == *kind).map_or(0, |(_, m)| *m);
        Actions::from_bits_retain(mask)
    }

    /// The mask that a principal holds on a resource, and whether the way up meets the environment of an API key.
    pub fn mask(&self, node: &Node, snap: &Snap) -> Result<(Actions, bool)> {
        let mut mask = Actions::empty();
        let mut inherited = true;
        let mut inside = false;
        let mut at = node.clone();
        let structure = self.structure();
        // A tree deeper than this is a cycle made by hand.
        for _ in 0..10_000 {
            if inherited {
                if &*at.kind == "document" {
                    mask |= self.granted_on_row(at.id);
                } else {
                    mask |= self.granted_on(at.id) | self.star_on(&at.kind);
                }
            }
            inside |= self.environment == Some(at.id);
            inherited &= at.inherits;
            if !inherited && self.environment.is_none() {
                return Ok((mask, inside));
            }
            let Some(parent) = at.parent else {
                return Ok((mask, inside));
            };
            at = nodes::node(parent, structure, snap)?.ok_or_else(|| internal("a resource without its parent"))?;
        }
        Err(internal("a cycle of resources"))
    }

    /// The key that a principal holds for a resource.
    pub fn key_of(&self, node: &Node, snap: &Snap) -> Result<Key> {
        if Some(node.account) != self.account {
            return Ok(Key::NONE);
        }
        let (mask, inside) = self.mask(node, snap)?;
        let outside = self.subject.kind == SubjectKind::ApiKey && node.is_scope() && !inside;
        Ok(if outside {
            Key::away(mask).limited(self.limit_on(node, snap)?)
        } else if self.subject.admin {
            Key::home(Actions::EVERYTHING)
        } else {
            Key::home(mask).limited(self.limit_on(node, snap)?)
        })
    }

    /// Where the keys found for one sort of reference are kept: the pointer stays good as long as the ring.
    pub fn keeper(&self, reference: &Reference) -> *mut Memo {
        // SAFETY: single-threaded, and no other reference into the vector lives across this call; the memos
        // are boxed, so growing the vector does not move them.
        unsafe {
            let kept = &mut *self.kept.get();
            if let Some(found) = kept.iter().find(|k| k.reference == *reference) {
                return found.memo.get();
            }
            kept.push(Box::new(Kept { reference: reference.clone(), memo: UnsafeCell::new(Memo::default()) }));
            kept.last().map_or(std::ptr::null_mut(), |k| k.memo.get())
        }
    }

    /// Looks a reference up: the resource that it names, if it is of one of the reference's kinds.
    pub fn resolve(&self, reference: &Reference, value: Value<'_>, snap: &Snap) -> Result<Option<Node>> {
        let node = match (reference.by, value) {
            (By::Id, Value::Int(id)) => nodes::node(id, self.structure(), snap)?,
            (By::Id, _) => return Err(internal("a reference by id that is no integer")),
            (By::Key, value) => {
                let key = value.to_key();
                let mut found = None;
                for kind in &reference.kinds {
                    found = found.or(facts::resource_with_key(kind, &key, snap)?);
                }
                found.map(|r| nodes::intern(&r))
            }
        };
        Ok(node.filter(|n| !n.is_star && reference.kinds.iter().any(|k| **k == *n.kind)))
    }

    /// For how many questions it is known what opens among these resources.
    pub fn opened_among(&self, existing: Existing) -> usize {
        self.opened.borrow().iter().filter(|kept| kept.is_of(existing)).count()
    }

    /// Writes all of it, for a process that sees the same: what opens only as these resources have it.
    pub fn write(&self, existing: Existing, out: &mut Writer) {
        out.int(self.id);
        let Subject { kind, admin, read_only } = self.subject;
        out.word(SUBJECTS.iter().position(|k| *k == kind).map_or(u64::MAX, |at| at as u64));
        out.word(u64::from(admin));
        out.word(u64::from(read_only));
        out.option(self.account, Writer::int);
        out.option(self.key.as_deref(), |out, key| out.bytes(key.as_bytes()));
        out.option(self.environment, Writer::int);
        out.list(self.principals.iter(), |out, id| out.int(*id));
        out.list(self.stamps.iter(), |out, (of, value)| {
            let (sort, id) = match of {
                StampOf::Principal(id) => (0, *id),
                StampOf::Structure(id) => (1, *id),
            };
            out.word(sort);
            out.int(id);
            out.option(value.as_ref(), |out, value| out.bytes(value));
        });
        out.int(self.period.0);
        out.int(self.period.1);
        self.granted.write(out);
        self.granted_on_rows.write(out);
        out.list(self.stars.iter(), |out, (kind, mask)| {
            out.bytes(kind.as_bytes());
            out.word(*mask);
        });
        self.limits.write(out);
        let opened = self.opened.borrow();
        let opened: Vec<_> = opened.iter().filter(|kept| kept.is_of(existing)).collect();
        out.list(opened.into_iter(), |out, kept| kept.write(out));
        // SAFETY: single-threaded; the reference ends before anything else runs.
        out.list(unsafe { (*self.kept.get()).iter() }, |out, kept| {
            out.list(kept.reference.kinds.iter(), |out, kind| out.bytes(kind.as_bytes()));
            out.word(u64::from(kept.reference.by == By::Key));
            // SAFETY: likewise.
            unsafe { (*kept.memo.get()).write(out) };
        });
    }

    /// Reads what [`Ring::write`] wrote.
    pub fn read(from: &mut Reader<'_>, existing: Existing) -> Option<Ring> {
        let id = from.int()?;
        let kind = *SUBJECTS.get(usize::try_from(from.word()?).ok()?)?;
        let subject = Subject { kind, admin: from.flag()?, read_only: from.flag()? };
        let account = from.option(Reader::int)?;
        let key = from.option(|from| from.text().map(str::to_owned))?;
        let environment = from.option(Reader::int)?;
        let principals = from.list(Reader::int)?;
        let stamps = from.list(|from| {
            let of = match (from.word()?, from.int()?) {
                (0, id) => StampOf::Principal(id),
                (1, id) => StampOf::Structure(id),
                _ => return None,
            };
            Some((of, from.option(|from| from.bytes()?.try_into().ok())?))
        })?;
        let period = (from.int()?, from.int()?);
        let (granted, granted_on_rows) = (IntTable::read(from)?, IntTable::read(from)?);
        let stars = from.list(|from| Some((Rc::from(from.text()?), from.word()?)))?;
        let limits = Limits::read(from)?;
        let opened = RefCell::new(from.list(|from| crate::open::Kept::read(from, existing))?);
        let kept = UnsafeCell::new(from.list(|from| {
            let kinds = from.list(|from| from.text().map(str::to_owned))?;
            let by = if from.flag()? { By::Key } else { By::Id };
            let memo = UnsafeCell::new(Memo::read(from)?);
            Some(Box::new(Kept { reference: Reference { kinds, by }, memo }))
        })?);
        #[rustfmt::skip]
        let ring = Ring {
            id, subject, account, key, environment, principals, stamps, period, granted, granted_on_rows, stars, limits, opened, kept,
        };
        Some(ring)
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> usize {
        size_of::<Ring>()
            + self.granted.bytes()
            + self.granted_on_rows.bytes()
            + self.limits.bytes()
            + self.stamps.capacity() * size_of::<Stamp>()
            + self.principals.capacity() * 8
            + self.kept_bytes()
            + self.opened.borrow().iter().map(crate::open::Kept::bytes).sum::<usize>()
    }

    fn kept_bytes(&self) -> usize {
        // SAFETY: single-threaded; the reference ends before anything else runs.
        unsafe { (*self.kept.get()).iter().map(|k| (*k.memo.get()).bytes()).sum() }
    }

    /// How many keys are held: those granted, and those found for references so far.
    pub fn keys(&self) -> usize {
        // SAFETY: single-threaded; the reference ends before anything else runs.
        let found: usize = unsafe { (*self.kept.get()).iter().map(|k| (*k.memo.get()).len()).sum() };
        self.granted.len() + self.granted_on_rows.len() + found
    }
}
