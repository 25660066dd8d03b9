//! `acl_may(row, action)`: whether who is asking may do something with a row that is at hand, for worklists.
//!
//! Where the row is a table's own (`acl_may(d, 'approve')` of `documents d`) the planner puts the policy's own check in
//! its place: see [`inline`]. What is here decides about every other row of a protected table's type: one out of a
//! function, a sub-select or a row constructor, and where the action is not known before the statement runs.
//!
//! A row may be made up. What is answered is what `acl_can_row` would answer of such a row, which depends on nothing
//! but the asker's own keys and on the references in the row that he made up himself.

mod inline;

use std::cell::RefCell;
use std::ffi::{CString, c_void};
use std::rc::Rc;

use docacl_core::kind;
use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::ask::asked;
use crate::check::{drop_with, identity_changed, raise};
use crate::error::{self, Result, wrong_object, wrong_state};
use crate::protect::functions::name_of;
use crate::protect::target::{self, Target};
use crate::protect::{Spec, parent};
use crate::scan::Snap;
use crate::{freshness, identity};

#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_docacl_may() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// `acl_may("row" record, action text) → boolean`.
#[doc(hidden)]
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn docacl_may(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: PostgreSQL calls with a valid fcinfo of two arguments.
    match unsafe { may(fcinfo) } {
        Ok(open) => pg_sys::Datum::from(open),
        Err(e) => raise(e),
    }
}

/// What one call site remembers between rows.
struct Site {
    identity: identity::Seen,
    rows: RefCell<Option<Rows>>,
}

/// Where the deciding columns are in the rows of a relation.
struct Rows {
    relation: pg_sys::Oid,
    target: Rc<Target>,
    columns: Vec<usize>,
}

unsafe fn may(fcinfo: pg_sys::FunctionCallInfo) -> Result<bool> {
    // SAFETY: a valid fcinfo of two arguments, a record and a text; fn_extra is ours.
    unsafe {
        let args = std::slice::from_raw_parts((*fcinfo).args.as_ptr(), 2);
        let flinfo = (*fcinfo).flinfo;
        let site = match ((*flinfo).fn_extra as *const Site).as_ref() {
            Some(site) => site,
            None => {
                let site = Box::into_raw(Box::new(Site { identity: identity::Seen::now(), rows: RefCell::new(None) }));
                drop_with((*flinfo).fn_mcxt, site);
                (*flinfo).fn_extra = site as *mut c_void;
                &*site
            }
        };
        if !site.identity.is_still() {
            return Err(identity_changed());
        }
        if args[1].isnull {
            return Err(error::null("action"));
        }
        let snap = Snap::statement();
        let wanted = asked(&crate::value::read_text(args[1].value)?, kind::APPLICABLE_TO_ROWS, &snap)?;
        if args[0].isnull {
            // What an outer join has in the place of a row that is not there.
            return Ok(false);
        }
        // DatumGetHeapTupleHeader, which 18 has as an inline function.
        let header: pg_sys::HeapTupleHeader = pg_sys::pg_detoast_datum(args[0].value.cast_mut_ptr()).cast();
        let datum = &(*header).t_choice.t_datum;
        let relation = pg_sys::get_typ_typrelid(datum.datum_typeid);
        let target = protected(relation)?;
        let mut rows = site.rows.borrow_mut();
        let rows = match rows.as_mut() {
            Some(rows) if rows.relation == relation && Rc::ptr_eq(&rows.target, &target) => rows,
            _ => {
                let columns = columns(relation, &target.spec)?;
                let columns = columns.iter().map(|attno| usize::from((attno - 1).unsigned_abs())).collect();
                rows.insert(Rows { relation, target, columns })
            }
        };
        let Some(id) = freshness::session_principal(&snap)? else {
            identity::refuse_nobody()?;
            return Ok(false);
        };
        let row = deform(header, &rows.columns);
        let verdict = parent::verdict(&rows.target, &freshness::ring(id, &snap)?, &row, &snap)?;
        Ok(verdict.of_existing().actions.contains(wanted))
    }
}

/// These columns of a row that is a value.
unsafe fn deform(header: pg_sys::HeapTupleHeader, columns: &[usize]) -> Vec<Option<pg_sys::Datum>> {
    // SAFETY: a composite value, which says its type and its length; columns that it is too short for are filled in
    // as in a table that was altered.
    unsafe {
        let datum = &(*header).t_choice.t_datum;
        let mut tuple = pg_sys::HeapTupleData {
            t_len: pgrx::varlena::varsize_any(header.cast()) as u32,
            t_data: header,
            ..Default::default()
        };
        let descriptor = pg_sys::lookup_rowtype_tupdesc(datum.datum_typeid, datum.datum_typmod);
        let natts = usize::try_from((*descriptor).natts).unwrap_or(0);
        let (mut values, mut nulls) = (vec![pg_sys::Datum::from(0usize); natts], vec![true; natts]);
        pg_sys::heap_deform_tuple(&mut tuple, descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
        if (*descriptor).tdrefcount >= 0 {
            pg_sys::DecrTupleDescRefCount(descriptor);
        }
        let cell = |at: &usize| match nulls.get(*at) {
            Some(false) => values.get(*at).copied(),
            _ => None,
        };
        columns.iter().map(cell).collect()
    }
}

/// The protected table whose rows are of this relation's type: 42809 where there is none.
fn protected(relation: pg_sys::Oid) -> Result<Rc<Target>> {
    if relation == pg_sys::Oid::INVALID {
        return Err(wrong_object(
            "the row is not of a table's type",
            "Hand over a row of a protected table by the name that it has in FROM: acl_may(d, 'read') FROM documents d.",
        ));
    }
    target::known(relation)?.ok_or_else(|| match name_of(relation) {
        Ok(name) => wrong_object(
            format!("{name} is not protected"),
            "Hand over a row of a table that acl_protect protects; of a view, a row of the table below it.",
        ),
        Err(e) => e,
    })
}

/// Attribute numbers of the columns that decide about a relation's rows: those of the shape, then those that name the
/// parent's row. By name: in a partition they may stand elsewhere.
fn columns(relation: pg_sys::Oid, spec: &Spec) -> Result<Vec<i16>> {
    let mut names = spec.shape_columns();
    names.extend(spec.parent.iter().flat_map(|p| p.column.columns()).map(String::as_str));
    names.into_iter().map(|name| column(relation, name)).collect()
}

fn column(relation: pg_sys::Oid, name: &str) -> Result<i16> {
    let text = CString::new(name).map_err(|_| error::internal("a column with a zero byte"))?;
    // SAFETY: a look-up in the catalogue's caches.
    match unsafe { pg_sys::get_attnum(relation, text.as_ptr()) } {
        attno if attno > 0 => Ok(attno),
        _ => Err(wrong_state(
            format!("column \"{name}\" of a protected table is gone"),
            "Protect the table again with acl_protect.",
        )),
    }
}
