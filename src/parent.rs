//! `docacl.parent_check`: what the policy of a table with a parent calls for every row.
//!
//! As `row_check`, it raises nothing that depends on a row and binds once per statement. Every parent's row is read
//! once, past row security, under the statement's snapshot: it is the verdict about it that is asked for.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::rc::Rc;

use docacl_core::Actions;
use docacl_core::SubjectKind;
use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::check::{completed_transactions, drop_with, identity_changed, raise};
use crate::error::{Result, internal};
use crate::login::cursors::Reading;
use crate::protect::{parent, target};
use crate::ring::Ring;
use crate::scan::Snap;
use crate::value::{Type, read_text, read_value};
use crate::{freshness, identity};

/// Arguments before the columns: the wanted actions and the parent.
const FIXED: usize = 2;

/// More verdicts than this are not kept.
const MOST_KEPT: usize = 50_000;

/// The parent's rows that were asked about, by key.
type Known = RefCell<HashMap<Vec<String>, bool>>;

/// What one statement needs for one call site.
struct Site {
    wanted: Actions,
    parent: pg_sys::Oid,
    types: Vec<pg_sys::Oid>,
    /// None: nobody is asking.
    ring: Option<Rc<Ring>>,
    identity: identity::Seen,
    known: Known,
    /// The row may have waited for another session: judge it by what is granted then, too.
    rechecks: bool,
    latest: RefCell<Option<Latest>>,
    _reading: Option<Reading>,
}

/// What is granted, and what the parent's rows are, at some moment after the statement began.
struct Latest {
    ring: Rc<Ring>,
    known: Known,
    completed: u64,
}

impl Site {
    /// The key of the parent's row, comparable and apart from the row's memory.
    fn key(&self, values: &[pg_sys::Datum]) -> Result<Vec<String>> {
        self.types
            .iter()
            .zip(values)
            .map(|(ty, value)| match Type::of(*ty) {
                Type::Text => read_text(*value),
                ty => Ok(read_value(ty, *value)?.to_key()),
            })
            .collect()
    }

    fn look(
        &self,
        ring: &Rc<Ring>,
        key: Vec<String>,
        values: &[pg_sys::Datum],
        known: &Known,
        snap: &Snap,
    ) -> Result<bool> {
        let verdict = parent::of_parent(self.parent, ring, &self.types, values, snap, 1)?;
        let open = verdict.actions.contains(self.wanted);
        let mut known = known.borrow_mut();
        if known.len() >= MOST_KEPT {
            known.clear();
        }
        known.insert(key, open);
        Ok(open)
    }

    fn opens(&self, ring: &Rc<Ring>, values: &[pg_sys::Datum]) -> Result<bool> {
        let key = self.key(values)?;
        let known = self.known.borrow().get(&key).copied();
        let open = match known {
            Some(open) => open,
            None => self.look(ring, key.clone(), values, &self.known, &Snap::statement())?,
        };
        if open && self.rechecks { self.opens_now(ring, key, values) } else { Ok(open) }
    }

    /// As in `row_check`: a row that was waited for must open by what is granted now as well. A snapshot is taken
    /// only where some transaction has completed since, or the key is new.
    fn opens_now(&self, ring: &Rc<Ring>, key: Vec<String>, values: &[pg_sys::Datum]) -> Result<bool> {
        let completed = completed_transactions();
        let current = self.latest.borrow().as_ref().is_some_and(|l| l.completed == completed);
        if !current {
            let ring = freshness::ring_now(ring.id, completed)?;
            *self.latest.borrow_mut() = Some(Latest { ring, known: Known::default(), completed });
        }
        match self.latest.borrow().as_ref() {
            Some(latest) => {
                let known = latest.known.borrow().get(&key).copied();
                match known {
                    Some(open) => Ok(open),
                    None => self.look(&latest.ring, key, values, &latest.known, &Snap::latest()),
                }
            }
            None => Ok(false),
        }
    }
}

#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_docacl_parent_check() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// `docacl.parent_check(wanted bigint, parent regclass, VARIADIC "any") → boolean`: whether who is asking may do all
/// of `wanted` with the parent's row of this key.
#[doc(hidden)]
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn docacl_parent_check(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: PostgreSQL calls with a valid fcinfo.
    unsafe {
        match check(fcinfo) {
            Ok(open) => pg_sys::Datum::from(open),
            Err(e) => raise(e),
        }
    }
}

unsafe fn check(fcinfo: pg_sys::FunctionCallInfo) -> Result<bool> {
    // SAFETY: a valid fcinfo; fn_extra is ours; nargs arguments are there.
    unsafe {
        let flinfo = (*fcinfo).flinfo;
        let site = match ((*flinfo).fn_extra as *const Site).as_ref() {
            Some(site) => site,
            None => {
                let site = Box::into_raw(Box::new(bind(fcinfo)?));
                drop_with((*flinfo).fn_mcxt, site);
                (*flinfo).fn_extra = site as *mut c_void;
                &*site
            }
        };
        if !site.identity.is_still() {
            return Err(identity_changed());
        }
        let Some(ring) = &site.ring else { return Ok(false) };
        match ring.subject.kind {
            SubjectKind::System => return Ok(true),
            SubjectKind::Nobody => return Ok(false),
            _ => {}
        }
        let nargs = usize::try_from((*fcinfo).nargs).unwrap_or(0);
        let arguments = std::slice::from_raw_parts((*fcinfo).args.as_ptr(), nargs);
        let values: Option<Vec<pg_sys::Datum>> =
            arguments.iter().skip(FIXED).map(|a| if a.isnull { None } else { Some(a.value) }).collect();
        let Some(values) = values else { return Ok(false) };
        site.opens(ring, &values)
    }
}

/// Binds a call site to who is asking and to the statement's snapshot.
unsafe fn bind(fcinfo: pg_sys::FunctionCallInfo) -> Result<Site> {
    // SAFETY: a valid fcinfo with at least the fixed arguments; checked below.
    unsafe {
        let flinfo = (*fcinfo).flinfo;
        let nargs = usize::try_from((*fcinfo).nargs).unwrap_or(0);
        if nargs <= FIXED {
            return Err(internal("parent_check without its arguments"));
        }
        let fixed = std::slice::from_raw_parts((*fcinfo).args.as_ptr(), FIXED);
        if fixed.iter().any(|a| a.isnull) {
            return Err(crate::error::null("wanted and parent"));
        }
        let wanted = Actions::from_bits_retain(fixed[0].value.value() as u64);
        let parent = pg_sys::Oid::from(fixed[1].value.value() as u32);
        let types: Vec<pg_sys::Oid> = (FIXED..nargs).map(|at| pg_sys::get_fn_expr_argtype(flinfo, at as i32)).collect();
        if wanted.is_empty() || !types.iter().all(|ty| Type::of(*ty).is_key()) {
            return Err(internal("parent_check with arguments that acl_protect does not write"));
        }
        target::of(parent)?;
        let snap = Snap::statement();
        let ring = match freshness::session_principal(&snap)? {
            Some(id) => Some(freshness::ring(id, &snap)?),
            None => {
                identity::refuse_nobody()?;
                None
            }
        };
        Ok(Site {
            wanted,
            parent,
            types,
            _reading: ring.as_ref().map(|_| Reading::begin()),
            ring,
            identity: identity::Seen::now(),
            known: Known::default(),
            // A parallel worker neither locks rows nor may take a snapshot.
            rechecks: pg_sys::XactIsoLevel < pg_sys::XACT_REPEATABLE_READ as i32
                && !pg_sys::IsInParallelMode()
                && wanted != Actions::READ,
            latest: RefCell::new(None),
        })
    }
}
