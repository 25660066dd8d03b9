//! A shape bound to a ring: the decision about rows, for one principal and one statement.
//!
//! This is where a row's columns become a [`Tally`] for `docacl_core::verdict::decide`. Policies, `acl_can`,
//! the trigger and the explanations come through here; nothing else decides.

mod quick;

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use docacl_core::verdict::{Verdict, decide};
use docacl_core::{Actions, Key, RowSide, SubjectKind, Tally};
use pgrx::pg_sys;

use crate::error::{Result, internal};
use crate::facts;
use crate::memo::{Memo, Value};
use crate::ring::Ring;
use crate::scan::Snap;
use crate::shape::{Argument, By, Reference, Shape};
use crate::value::{Type, inline_bytes, inline_text, parse_uuid, read_text, read_uuid, read_value};

pub use quick::Quick;

/// The arguments of one row.
pub trait Row {
    /// The argument at a position; `None` where it is null.
    fn get(&self, at: usize) -> Option<pg_sys::Datum>;
}

impl Row for [Option<pg_sys::Datum>] {
    #[inline]
    fn get(&self, at: usize) -> Option<pg_sys::Datum> {
        <[_]>::get(self, at).copied().flatten()
    }
}

/// More references to nothing than this are not kept.
const MOST_NOTHING: usize = 10_000;

struct BoundReference {
    at: usize,
    ty: Type,
    reference: Reference,
    memo: *mut Memo,
}

struct BoundGate {
    own: Option<usize>,
    references: Vec<BoundReference>,
    constant: Option<Key>,
    required: bool,
    scope: bool,
}

/// A column that names a principal, compared with who is asking.
struct BoundPrincipal {
    at: usize,
    ty: Type,
    by: By,
    me_int: Option<i64>,
    me_uuid: Option<u128>,
    me_text: Option<String>,
}

/// A shape bound to a ring.
pub struct Bound {
    pub ring: Rc<Ring>,
    pub shape: Rc<Shape>,
    gates: Vec<BoundGate>,
    owner: Option<BoundPrincipal>,
    requester: Option<BoundPrincipal>,
    immutable: Option<(usize, Type)>,
    deleted: Option<(usize, Type)>,
    deleted_by: Option<BoundPrincipal>,
    /// Nothing but the gates can open a row: the first that shuts ends the question.
    only_gates: bool,
    /// Where a gate is engaged, nothing but the gates has a say.
    gates_suffice: bool,
    /// References to nothing met in this statement, so that each is looked up once.
    nothing: RefCell<HashSet<(usize, String)>>,
}

impl Bound {
    /// Binds a shape, given the types of its arguments.
    pub fn new(ring: Rc<Ring>, shape: Rc<Shape>, types: &[Type], snap: &Snap) -> Result<Bound> {
        let arguments = shape.arguments();
        if arguments.len() != types.len() {
            return Err(internal("a row check with the wrong number of arguments"));
        }
        let mut bound = Bound {
            gates: shape
                .gates
                .iter()
                .map(|g| BoundGate {
                    own: None,
                    references: vec![],
                    constant: None,
                    required: g.required,
                    scope: g.gate == "scope",
                })
                .collect(),
            owner: None,
            requester: None,
            immutable: None,
            deleted: None,
            deleted_by: None,
            only_gates: !ring.subject.admin && shape.requester.is_none(),
            gates_suffice: shape.requester.is_none() && !shape.immutable && !shape.deleted,
            nothing: RefCell::new(HashSet::new()),
            ring,
            shape: shape.clone(),
        };
        for (at, (argument, ty)) in arguments.into_iter().zip(types.iter().copied()).enumerate() {
            match argument {
                Argument::Own(g) => bound.gates[g].own = Some(at),
                Argument::Reference(g, r) => {
                    let reference = shape.gates[g].refs[r].clone();
                    check_type(reference.by, ty)?;
                    let memo = bound.ring.keeper(&reference);
                    bound.gates[g].references.push(BoundReference { at, ty, reference, memo });
                }
                Argument::Owner => bound.owner = Some(bound.principal(at, ty, shape.owner)?),
                Argument::Requester => bound.requester = Some(bound.principal(at, ty, shape.requester)?),
                Argument::DeletedBy => bound.deleted_by = Some(bound.principal(at, ty, shape.deleted_by)?),
                Argument::Immutable => bound.immutable = Some((at, ty)),
                Argument::Deleted => bound.deleted = Some((at, ty)),
            }
        }
        for (bound_gate, gate) in bound.gates.iter_mut().zip(&shape.gates) {
            if !gate.constant.is_empty() {
                bound_gate.constant = Some(function_key(&bound.ring, &gate.constant, snap)?);
            }
        }
        Ok(bound)
    }

    fn principal(&self, at: usize, ty: Type, by: Option<By>) -> Result<BoundPrincipal> {
        let by = by.unwrap_or(By::Id);
        check_type(by, ty)?;
        let (mut me_int, mut me_uuid, mut me_text) = (None, None, None);
        match by {
            By::Id => me_int = Some(self.ring.id),
            By::Key => {
                if let Some(key) = &self.ring.key {
                    me_int = key.parse().ok().filter(|i: &i64| i.to_string() == *key);
                    me_uuid = parse_uuid(key);
                    me_text = Some(key.clone());
                }
            }
        }
        Ok(BoundPrincipal { at, ty, by, me_int, me_uuid, me_text })
    }

    /// Everything the principal may do with the row.
    pub fn verdict(&self, row: &(impl Row + ?Sized), snap: &Snap) -> Result<Verdict> {
        let (tally, side) = self.side_of(row, snap)?;
        Ok(decide(&self.ring.subject, &tally, &side))
    }

    /// The answer to every question about every row, where who is asking decides it alone.
    pub fn any_row(&self) -> Option<bool> {
        match self.ring.subject.kind {
            SubjectKind::System => Some(true),
            SubjectKind::Nobody => Some(false),
            _ => None,
        }
    }

    /// Whether any of `wanted` is allowed on the row: the same decision, ended at the first gate that shuts.
    #[inline]
    pub fn any(&self, wanted: Actions, row: &(impl Row + ?Sized), snap: impl Fn() -> Snap) -> Result<bool> {
        if let Some(answer) = self.any_row() {
            return Ok(answer);
        }
        let mut tally = Tally::new();
        for gate in &self.gates {
            if !self.tally_kept(gate, row, &mut tally) {
                self.tally(gate, row, &mut tally, &snap())?;
            }
            if self.only_gates && tally.is_shut(wanted) {
                return Ok(false);
            }
        }
        let side = if tally.engaged() == 0 || !self.gates_suffice {
            self.side(&tally, row, snap)?
        } else {
            RowSide::default()
        };
        Ok(decide(&self.ring.subject, &tally, &side).allows_any(wanted))
    }

    /// Folds a gate whose keys are all known; false where one has to be looked up (nothing is folded then).
    #[inline(always)]
    fn tally_kept(&self, gate: &BoundGate, row: &(impl Row + ?Sized), tally: &mut Tally) -> bool {
        let mut key = gate.constant;
        for r in &gate.references {
            let Some(datum) = row.get(r.at) else { continue };
            // Ids are bigint: first, and without the detour over a value of any type.
            // SAFETY: the memo belongs to the ring that `self` holds; nobody writes to it during this read.
            let known = unsafe {
                match r.ty {
                    Type::Int8 => (*r.memo).get_int(datum.value() as i64),
                    Type::Int4 => (*r.memo).get_int(i64::from(datum.value() as i32)),
                    Type::Int2 => (*r.memo).get_int(i64::from(datum.value() as i16)),
                    // A uuid datum points to 16 bytes, which live as long as the row.
                    Type::Uuid => (*r.memo).get(Value::Uuid(read_uuid(datum))),
                    Type::Text => inline_text(datum).and_then(|text| (*r.memo).get(Value::Text(text))),
                    _ => None,
                }
            };
            let Some(known) = known else { return false };
            key = Some(known);
            break;
        }
        if let Some(own) = gate.own.and_then(|at| row.get(at)) {
            match own_key(&self.ring, own.value() as i64, key) {
                Some(k) => key = Some(k),
                None => return false,
            }
        }
        match key {
            Some(key) if gate.scope => tally.engage_scope(key),
            Some(key) => tally.engage(key),
            None => tally.absent(gate.required),
        }
        true
    }

    /// Folds a gate, looking up what is not known yet.
    #[cold]
    fn tally(&self, gate: &BoundGate, row: &(impl Row + ?Sized), tally: &mut Tally, snap: &Snap) -> Result<()> {
        match self.gate_key(gate, row, snap)? {
            Some(key) if gate.scope => tally.engage_scope(key),
            Some(key) => tally.engage(key),
            None => tally.absent(gate.required),
        }
        Ok(())
    }

    fn gate_key(&self, gate: &BoundGate, row: &(impl Row + ?Sized), snap: &Snap) -> Result<Option<Key>> {
        let mut key = gate.constant;
        for r in &gate.references {
            if let Some(datum) = row.get(r.at) {
                key = Some(self.look_up(r, datum, snap)?);
                break;
            }
        }
        let Some(own) = gate.own.and_then(|at| row.get(at)) else {
            return Ok(key);
        };
        let own = own.value() as i64;
        if let Some(k) = own_key(&self.ring, own, key) {
            return Ok(Some(k));
        }
        // A list without a location beside it: the list itself says whose it is.
        let node = facts::resource(own.unsigned_abs() as i64, snap)?.filter(|r| r.kind == "document");
        Ok(Some(match node {
            Some(r) if Some(r.account) == self.ring.account => {
                if self.ring.subject.admin {
                    Key::home(Actions::EVERYTHING)
                } else {
                    let limit = self.ring.limit_on(&crate::nodes::intern(&r), snap)?;
                    Key::home(self.ring.granted_on_row(r.id)).limited(limit)
                }
            }
            _ => Key::NONE,
        }))
    }

    /// The key of a reference; kept in the ring where the reference names something.
    fn look_up(&self, r: &BoundReference, datum: pg_sys::Datum, snap: &Snap) -> Result<Key> {
        let text;
        let value = match r.ty {
            Type::Text => {
                text = read_text(datum)?;
                Value::Text(&text)
            }
            ty => read_value(ty, datum)?,
        };
        // SAFETY: see tally_kept; the borrow ends before anything else runs.
        if let Some(key) = unsafe { (*r.memo).get(value) } {
            return Ok(key);
        }
        let asked = (r.at, value.to_key());
        if self.nothing.borrow().contains(&asked) {
            return Ok(Key::NONE);
        }
        match self.ring.resolve(&r.reference, value, snap)? {
            Some(node) => {
                let key = self.ring.key_of(&node, snap)?;
                // SAFETY: the look-ups above are over; nothing else holds the memo.
                unsafe {
                    let memo = &mut *r.memo;
                    if memo.bytes() > crate::identity::cache_bytes() {
                        memo.clear();
                    }
                    memo.put(value, key);
                }
                Ok(key)
            }
            None => {
                // Not kept in the ring: what does not exist now may exist for the next statement.
                let mut nothing = self.nothing.borrow_mut();
                if nothing.len() >= MOST_NOTHING {
                    nothing.clear();
                }
                nothing.insert(asked);
                Ok(Key::NONE)
            }
        }
    }

    /// The snapshot is taken only where an owner has to be looked up: taking one costs more than the rest.
    fn side(&self, tally: &Tally, row: &(impl Row + ?Sized), snap: impl Fn() -> Snap) -> Result<RowSide> {
        let mut side = RowSide::default();
        if tally.engaged() == 0
            && let Some(owner) = &self.owner
        {
            side.owner = owner.is_me(row)?;
            side.owner_home =
                side.owner || (self.ring.subject.admin && owner.account(row, &snap())? == self.ring.account);
        }
        if let Some(requester) = &self.requester {
            side.requester = requester.is_me(row)?;
        }
        side.immutable = is_set(self.immutable, row);
        if is_set(self.deleted, row) {
            side.deleted_by_other = match &self.deleted_by {
                Some(by) => !by.is_me(row)?,
                None => true,
            };
        }
        Ok(side)
    }

    /// Whether a reference of the row, by key, is one that `known` says of: its kinds and the key.
    pub fn refers(&self, row: &(impl Row + ?Sized), known: impl Fn(&[String], &str) -> bool) -> Result<bool> {
        for r in self.gates.iter().flat_map(|g| &g.references).filter(|r| r.reference.by == By::Key) {
            let Some(datum) = row.get(r.at) else { continue };
            let key = if r.ty == Type::Text { read_text(datum)? } else { read_value(r.ty, datum)?.to_key() };
            if known(&r.reference.kinds, &key) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What was not there may be there for the next statement.
    pub fn next_statement(&self) {
        self.nothing.borrow_mut().clear();
    }

    /// What the gates and the row's other columns say, as they are decided by: for explanations.
    pub fn side_of(&self, row: &(impl Row + ?Sized), snap: &Snap) -> Result<(Tally, RowSide)> {
        let mut tally = Tally::new();
        for gate in &self.gates {
            self.tally(gate, row, &mut tally, snap)?;
        }
        let side = self.side(&tally, row, || Snap::again(snap))?;
        Ok((tally, side))
    }

    /// Every gate of the row with its key, in the order of the shape: for messages and explanations.
    pub fn gate_keys(&self, row: &(impl Row + ?Sized), snap: &Snap) -> Result<Vec<(String, Option<Key>)>> {
        let mut out = Vec::new();
        for (bound, gate) in self.gates.iter().zip(&self.shape.gates) {
            out.push((gate.gate.clone(), self.gate_key(bound, row, snap)?));
        }
        Ok(out)
    }
}

/// The key of a row's own list, given that of its location. Positive: the list adds to the location; negative:
/// it stands instead of it. A list is always of its location's account, so the location says whether it is home. Either
/// way the row lies where it lies: the location's limit is the list's.
#[inline]
fn own_key(ring: &Ring, own: i64, location: Option<Key>) -> Option<Key> {
    let location = location?;
    if ring.subject.admin && location.is_home() {
        return Some(location);
    }
    let granted = ring.granted_on_row(own.unsigned_abs() as i64);
    Some(if own > 0 { location.with(granted) } else { location.instead(granted) })
}

/// The key of the function that the table asks, in the account of who is asking.
fn function_key(ring: &Ring, names: &[String], snap: &Snap) -> Result<Key> {
    let Some(account) = ring.account else {
        return Ok(Key::NONE);
    };
    match crate::login::enter::of_table(names, account, ring.id, snap)? {
        Some(function) => ring.key_of(&crate::nodes::intern(&function), snap),
        None => Ok(Key::NONE),
    }
}

fn check_type(by: By, ty: Type) -> Result<()> {
    match (by, ty) {
        (By::Id, Type::Int2 | Type::Int4 | Type::Int8) => Ok(()),
        (By::Key, Type::Int2 | Type::Int4 | Type::Int8 | Type::Uuid | Type::Text) => Ok(()),
        _ => Err(internal("a row check with an argument of the wrong type")),
    }
}

fn is_set(flag: Option<(usize, Type)>, row: &(impl Row + ?Sized)) -> bool {
    match flag {
        Some((at, Type::Bool)) => row.get(at).is_some_and(|d| d.value() & 0xff != 0),
        Some((at, _)) => row.get(at).is_some(),
        None => false,
    }
}

impl BoundPrincipal {
    fn is_me(&self, row: &(impl Row + ?Sized)) -> Result<bool> {
        let Some(datum) = row.get(self.at) else {
            return Ok(false);
        };
        Ok(match self.ty {
            Type::Text => self.me_text.as_deref() == Some(read_text(datum)?.as_str()),
            ty => match read_value(ty, datum)? {
                Value::Int(i) => self.me_int == Some(i),
                Value::Uuid(u) => self.me_uuid == Some(u),
                Value::Text(_) => false,
            },
        })
    }

    /// [`BoundPrincipal::is_me`] without a call or a copy; `None` where it takes one. Of a text's bytes in UTF-8 only.
    #[inline]
    fn is_me_kept(&self, row: &impl Row) -> Option<bool> {
        let Some(datum) = row.get(self.at) else {
            return Some(false);
        };
        match self.ty {
            Type::Text => inline_bytes(datum).map(|t| self.me_text.as_ref().is_some_and(|me| me.as_bytes() == t)),
            // SAFETY: a uuid datum.
            Type::Uuid => Some(self.me_uuid == Some(unsafe { read_uuid(datum) })),
            Type::Int8 => Some(self.me_int == Some(datum.value() as i64)),
            Type::Int4 => Some(self.me_int == Some(i64::from(datum.value() as i32))),
            Type::Int2 => Some(self.me_int == Some(i64::from(datum.value() as i16))),
            Type::Bool | Type::Other => None,
        }
    }

    fn account(&self, row: &(impl Row + ?Sized), snap: &Snap) -> Result<Option<i64>> {
        let Some(datum) = row.get(self.at) else {
            return Ok(None);
        };
        let text = if self.ty == Type::Text { read_text(datum)? } else { read_value(self.ty, datum)?.to_key() };
        let principal = match self.by {
            By::Id => match text.parse() {
                Ok(id) => facts::principal(id, snap)?,
                Err(_) => None,
            },
            By::Key => facts::principal_with_key(&text, snap)?,
        };
        Ok(principal.and_then(|p| p.account))
    }
}
