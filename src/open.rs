//! Which references open: for one principal and one gate, every resource whose key lets one of the wanted actions
//! through. The planner turns it into an index condition (src/planner.rs), so it must never leave one out: a row
//! that refers to anything else is closed by this gate alone, whatever the others say.
//!
//! `permits` of a union of masks is the union of their `permits`, so what opens is what lies below a grant that
//! permits, as far as it inherits, and every resource of a kind whose `*` permits.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::c_void;
use std::rc::Rc;

use docacl_core::{Actions, Key, SubjectKind};
use pgrx::pg_sys;
use pgrx::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{self, Result, wrong_state};
use crate::facts::{self, Resource};
use crate::flat::{Reader, Writer};
use crate::ring::Ring;
use crate::scan::Snap;
use crate::shape::{By, Reference};
use crate::{freshness, identity};

/// What an array lists. As text in the conditions: see src/planner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum What {
    /// The resources that a reference may name.
    Resources(Reference),
    /// Rows' own lists, both as they add to a location and as they stand instead of it.
    Lists { lists: bool },
    /// Owners whose intray is open.
    Owner { owner: By },
    /// Whoever requested a row.
    Requester { requester: By },
    /// None at all.
    Nothing { nothing: bool },
}

/// A reference whose rows may be open.
struct Open {
    id: i64,
    key: Option<String>,
}

/// Whether a mask lets any of the wanted actions through its gate.
fn permits(mask: u64, wanted: Actions) -> bool {
    Key::home(Actions::from_bits_retain(mask)).permits().intersects(wanted)
}

/// Everything that opens, by kind.
pub struct Opened {
    by_kind: Vec<(String, Vec<Open>)>,
}

impl Opened {
    fn of<'a>(&'a self, reference: &'a Reference) -> impl Iterator<Item = &'a Open> {
        self.by_kind.iter().filter(|(kind, _)| reference.kinds.contains(kind)).flat_map(|(_, open)| open)
    }

    fn take(&mut self, resource: &Resource) {
        if resource.is_star {
            return;
        }
        let open = Open { id: resource.id, key: resource.key.clone() };
        match self.by_kind.iter_mut().find(|(kind, _)| *kind == resource.kind) {
            Some((_, all)) => all.push(open),
            None => self.by_kind.push((resource.kind.clone(), vec![open])),
        }
    }
}

/// Walks from what is granted down to all that inherits it: once for all gates, because every statement that the
/// planner offers an index to would else walk for each.
fn walk(ring: &Ring, account: i64, wanted: Actions, snap: &Snap) -> Result<Opened> {
    let mut out = Opened { by_kind: vec![] };
    let mut seen = HashSet::new();
    let mut below: Vec<i64> = Vec::new();
    let granted: Vec<i64> = ring.granted().filter(|(_, mask)| permits(*mask, wanted)).map(|(id, _)| id).collect();
    facts::resources_of(&granted, snap, |r| {
        if r.account == account && seen.insert(r.id) {
            out.take(&r);
            below.push(r.id);
        }
    })?;
    for (kind, mask) in ring.stars() {
        if permits(mask, wanted) {
            facts::of_kind(account, kind, snap, |r| {
                if seen.insert(r.id) {
                    out.take(&r);
                    below.push(r.id);
                }
            })?;
        }
    }
    // Level by level: a tree has few, and each is read in one scan.
    while !below.is_empty() {
        let parents = std::mem::take(&mut below);
        facts::resources_below(&parents, snap, |child| {
            if child.inherits && seen.insert(child.id) {
                out.take(&child);
                below.push(child.id);
            }
        })?;
    }
    Ok(out)
}

/// What opens for a ring that is no admin's. The ring is of its time; resources have no periods. `exact`: as this
/// snapshot sees it, as an index condition needs it; else as it was seen since the ring was compiled, which is good
/// enough for an estimate.
fn opened(ring: &Ring, account: i64, wanted: Actions, snap: &Snap, exact: bool) -> Result<Rc<Opened>> {
    /// SELECT's, UPDATE's and DELETE's policies ask for different actions.
    const MOST_KEPT: usize = 4;
    let existing = freshness::existing(snap);
    let serves = |k: &&Kept| k.wanted == wanted && (!exact || k.existing == existing);
    let known = ring.opened.borrow().iter().find(serves).map(|k| k.opened.clone());
    if let Some(known) = known {
        return Ok(known);
    }
    let opened = Rc::new(walk(ring, account, wanted, snap)?);
    let mut kept = ring.opened.borrow_mut();
    kept.retain(|k| k.wanted != wanted);
    if kept.len() >= MOST_KEPT {
        kept.remove(0);
    }
    kept.push(Kept { wanted, existing, opened: opened.clone() });
    Ok(opened)
}

/// What opened among the resources that there were.
pub struct Kept {
    wanted: Actions,
    existing: freshness::Existing,
    opened: Rc<Opened>,
}

impl Kept {
    /// Whether it says what opens among these.
    pub fn is_of(&self, existing: freshness::Existing) -> bool {
        self.existing == existing
    }

    /// Writes it, but for what there was: whoever reads it has to know.
    pub fn write(&self, out: &mut Writer) {
        out.word(self.wanted.bits());
        out.list(self.opened.by_kind.iter(), |out, (kind, open)| {
            out.bytes(kind.as_bytes());
            out.list(open.iter(), |out, open| {
                out.int(open.id);
                out.option(open.key.as_deref(), |out, key| out.bytes(key.as_bytes()));
            });
        });
    }

    /// Reads what [`Kept::write`] wrote of these resources.
    pub fn read(from: &mut Reader<'_>, existing: freshness::Existing) -> Option<Kept> {
        let wanted = Actions::from_bits_retain(from.word()?);
        let by_kind = from.list(|from| {
            let kind = from.text()?.to_owned();
            let open = from.list(|from| {
                Some(Open { id: from.int()?, key: from.option(|from| from.text().map(str::to_owned))? })
            })?;
            Some((kind, open))
        })?;
        Some(Kept { wanted, existing, opened: Rc::new(Opened { by_kind }) })
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> usize {
        let keys = |o: &Open| size_of::<Open>() + o.key.as_ref().map_or(0, String::len);
        self.opened.by_kind.iter().flat_map(|(_, open)| open).map(keys).sum()
    }
}

/// About how many references open, at most: what the planner asks before it asks which.
pub fn at_most(ring: &Ring, reference: &Reference, wanted: Actions) -> Option<usize> {
    let everything = ring.subject.admin
        || ring.account.is_none()
        || ring.stars().any(|(kind, mask)| reference.kinds.iter().any(|k| k == kind) && permits(mask, wanted));
    if everything { None } else { Some(ring.granted().count()) }
}

/// The open references as an array: bigint[] of ids or integer keys, uuid[] or text[] of keys.
pub enum Array {
    Ints(Vec<i64>),
    Uuids(Vec<pgrx::Uuid>),
    Texts(Vec<String>),
}

/// Which array.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Ints,
    Uuids,
    Texts,
}

impl Array {
    /// How many references.
    pub fn len(&self) -> usize {
        match self {
            Array::Ints(v) => v.len(),
            Array::Uuids(v) => v.len(),
            Array::Texts(v) => v.len(),
        }
    }

    /// The array as PostgreSQL has it.
    pub fn into_datum(self) -> Option<pg_sys::Datum> {
        match self {
            Array::Ints(v) => v.into_datum(),
            Array::Uuids(v) => v.into_datum(),
            Array::Texts(v) => v.into_datum(),
        }
    }
}

/// What opens for a ring, exactly or for an estimate: see [`opened`]. 55000 for `system`, whom no list can serve: it sees
/// dangling references too.
pub fn array(ring: &Ring, what: &What, wanted: Actions, of: Of, snap: &Snap, exact: bool) -> Result<Array> {
    let nothing = || Ok(collect(std::iter::empty(), By::Id, of));
    let account = match (ring.subject.kind, ring.account) {
        (SubjectKind::Nobody, _) => return nothing(),
        (SubjectKind::System, _) | (_, None) => {
            // SAFETY: marks cached plans; touches no catalogue and raises nothing.
            unsafe { pg_sys::ResetPlanCache() };
            return Err(wrong_state(
                "a plan made for a user cannot be run as system",
                "Run the statement again: it is planned anew.",
            ));
        }
        (_, Some(account)) => account,
    };
    let admin = ring.subject.admin;
    let me = Open { id: ring.id, key: ring.key.clone() };
    match what {
        What::Resources(reference) if admin => {
            let mut all = Opened { by_kind: vec![] };
            for kind in &reference.kinds {
                facts::of_kind(account, kind, snap, |r| all.take(&r))?;
            }
            Ok(collect(all.of(reference), reference.by, of))
        }
        What::Resources(reference) => {
            let opened = opened(ring, account, wanted, snap, exact)?;
            Ok(collect(opened.of(reference), reference.by, of))
        }
        What::Lists { .. } => {
            let mut lists = Vec::new();
            let mut list = |id| lists.extend([Open { id, key: None }, Open { id: -id, key: None }]);
            if admin {
                facts::lists_of(account, snap, &mut list)?;
            } else {
                ring.granted_on_rows().filter(|(_, mask)| permits(*mask, wanted)).for_each(|(id, _)| list(id));
            }
            Ok(collect(lists.iter(), By::Id, of))
        }
        // An admin's is every intray of his account.
        What::Owner { owner } if admin => {
            let principals = facts::principals_of(account, snap)?.into_iter();
            let all: Vec<Open> = principals.map(|p| Open { id: p.id, key: p.key }).collect();
            Ok(collect(all.iter(), *owner, of))
        }
        What::Owner { owner: by } | What::Requester { requester: by } => Ok(collect(std::iter::once(&me), *by, of)),
        What::Nothing { .. } => nothing(),
    }
}

fn collect<'a>(open: impl Iterator<Item = &'a Open>, by: By, of: Of) -> Array {
    let key = |o: &'a Open| o.key.as_deref();
    match (of, by) {
        (Of::Ints, By::Id) => Array::Ints(open.map(|o| o.id).collect()),
        (Of::Ints, By::Key) => Array::Ints(open.filter_map(key).filter_map(|k| k.parse().ok()).collect()),
        (Of::Uuids, _) => Array::Uuids(
            open.filter_map(key)
                .filter_map(crate::value::parse_uuid)
                .map(|bits| pgrx::Uuid::from_bytes(bits.to_be_bytes()))
                .collect(),
        ),
        (Of::Texts, _) => Array::Texts(open.filter_map(key).map(str::to_owned).collect()),
    }
}

/// A plan with more values to ask an index for is not meant for whoever runs it: the next run plans anew.
pub const MOST_SHARED: usize = 10_000;

/// The array of one execution of a statement: the executor asks again at every rescan of an inner index scan.
struct Site {
    identity: identity::Seen,
    array: pg_sys::Datum,
    /// Once per execution is right only while the snapshot is the same; a plan lives longer in PL/pgSQL.
    moment: freshness::Moment,
}

macro_rules! open_function {
    ($name:ident, $finfo:ident, $of:expr) => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        pub extern "C" fn $finfo() -> &'static pg_sys::Pg_finfo_record {
            const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
            &V1
        }

        /// The references that open for whoever is asking, by the statement's snapshot: see the module.
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        #[pg_guard]
        pub unsafe extern "C-unwind" fn $name(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
            // SAFETY: PostgreSQL calls with a valid fcinfo of two arguments, none of them null (STRICT).
            match unsafe { open(fcinfo, $of) } {
                Ok(datum) => datum,
                Err(e) => crate::check::raise(e),
            }
        }
    };
}

open_function!(docacl_open_ids, pg_finfo_docacl_open_ids, Of::Ints);
open_function!(docacl_open_uuids, pg_finfo_docacl_open_uuids, Of::Uuids);
open_function!(docacl_open_texts, pg_finfo_docacl_open_texts, Of::Texts);

unsafe fn open(fcinfo: pg_sys::FunctionCallInfo, of: Of) -> Result<pg_sys::Datum> {
    // SAFETY: see the caller; fn_extra is ours, its memory is fn_mcxt's.
    unsafe {
        let args = std::slice::from_raw_parts((*fcinfo).args.as_ptr(), 2);
        let snap = Snap::statement();
        let flinfo = (*fcinfo).flinfo;
        if let Some(site) = ((*flinfo).fn_extra as *const RefCell<Site>).as_ref() {
            let site = site.borrow();
            if !site.identity.is_still() {
                return Err(crate::check::identity_changed());
            }
            if site.moment == freshness::moment(&snap) {
                return Ok(site.array);
            }
        }
        let wanted = Actions::from_bits_retain(args[0].value.value() as u64);
        let text = crate::value::read_text(args[1].value)?;
        let what: What = serde_json::from_str(&text).map_err(|e| {
            error::bad(
                format!("malformed condition: {e}"),
                "Index conditions on protected tables are written by docacl only.",
            )
        })?;
        let built = match freshness::session_principal(&snap)? {
            Some(id) => array(&*freshness::ring(id, &snap)?, &what, wanted, of, &snap, true)?,
            None => {
                identity::refuse_nobody()?;
                collect(std::iter::empty(), By::Id, of)
            }
        };
        if built.len() > MOST_SHARED {
            // Whoever made the plan sees less than who runs it.
            pg_sys::ResetPlanCache();
        }
        let old = pg_sys::MemoryContextSwitchTo((*flinfo).fn_mcxt);
        let datum = built.into_datum();
        pg_sys::MemoryContextSwitchTo(old);
        let datum = datum.ok_or_else(|| error::internal("an array without a datum"))?;
        let made = Site { identity: identity::Seen::now(), array: datum, moment: freshness::moment(&snap) };
        match ((*flinfo).fn_extra as *const RefCell<Site>).as_ref() {
            Some(site) => *site.borrow_mut() = made,
            None => {
                let site = Box::into_raw(Box::new(RefCell::new(made)));
                crate::check::drop_with((*flinfo).fn_mcxt, site);
                (*flinfo).fn_extra = site as *mut c_void;
            }
        }
        Ok(datum)
    }
}
