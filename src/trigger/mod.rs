//! The triggers of protected tables: what row security cannot see, OLD beside NEW.
//!
//! `docacl.row_trigger(spec)` judges INSERT and UPDATE ([`judge`]), checks every reference that a row carries
//! ([`references`]) for exempt sessions too, and keeps own lists with their rows. `docacl.truncate_trigger()`
//! refuses TRUNCATE to whoever is not exempt, system or admin of every account.

mod itself;
mod judge;
mod moving;
mod now;
mod parent;
mod references;
mod refusals;
mod truncate;
mod tuple;
mod written;

pub use references::{Checked, problem};

use std::ffi::CStr;
use std::rc::Rc;

use docacl_core::Actions;
use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::bound::Bound;
use crate::error::{Result, internal};
use crate::protect::Spec;
use crate::scan::Snap;
use crate::value::Type;
use crate::{freshness, identity};

/// What one statement needs.
struct Site {
    spec: Rc<Spec>,
    columns: tuple::Columns,
    parent: Option<parent::Parent>,
    /// The rows are resources themselves.
    itself: Option<itself::Itself>,
    /// Every action that an UPDATE of the table can ask.
    mapped: Actions,
    /// Row security does not apply to this session: superuser, BYPASSRLS, a foreign key's action.
    exempt: bool,
    /// Who is asking; none: nobody.
    bound: Option<BoundRow>,
    latest: now::Latest,
    references: references::Checked,
    /// The table, or the root of the partitioned one.
    root: pg_sys::Oid,
    relation: pg_sys::Oid,
    is_partition: bool,
    /// The memory context of the statement's execution.
    execution: usize,
    /// The last call, where it was an UPDATE of a partition's row.
    updated: Option<moving::Updated>,
    identity: identity::Seen,
}

impl Drop for Site {
    fn drop(&mut self) {
        // At the end of the statement, however it ends.
        moving::forget(self.execution);
        crate::made::forget(self.execution);
    }
}

/// The row's shape bound to who is asking, as it stands and as a new row.
struct BoundRow {
    old: Bound,
    new: Bound,
}

#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_docacl_row_trigger() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// The row trigger. Raw: the conversions of a comfortable trigger function cost more than the judgement.
#[doc(hidden)]
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn docacl_row_trigger(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: called by PostgreSQL; whether as a trigger is checked first.
    unsafe {
        match row_trigger(fcinfo) {
            Ok(tuple) => pg_sys::Datum::from(tuple as usize),
            Err(e) => crate::check::raise(e),
        }
    }
}

unsafe fn row_trigger(fcinfo: pg_sys::FunctionCallInfo) -> Result<pg_sys::HeapTuple> {
    // SAFETY: the context of a trigger call is its TriggerData; the tuples live as long as the call.
    unsafe {
        let context = (*fcinfo).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
            return Err(not_a_trigger());
        }
        let data = &*(context as *const pg_sys::TriggerData);
        let flinfo = (*fcinfo).flinfo;
        let site = match ((*flinfo).fn_extra as *mut Site).as_mut() {
            Some(site) => site,
            None => {
                let site = Box::into_raw(Box::new(bind(data, (*flinfo).fn_mcxt as usize)?));
                crate::check::drop_with((*flinfo).fn_mcxt, site);
                (*flinfo).fn_extra = site.cast();
                &mut *site
            }
        };
        if !site.identity.is_still() {
            return Err(crate::check::identity_changed());
        }
        let updated = site.updated.take();
        let event = data.tg_event & pg_sys::TRIGGER_EVENT_OPMASK;
        match event {
            pg_sys::TRIGGER_EVENT_INSERT => judge::insert(site, data),
            pg_sys::TRIGGER_EVENT_UPDATE => {
                moving::forget(site.execution);
                judge::update(site, data)
            }
            _ => {
                moving::forget(site.execution);
                match updated {
                    Some(updated) if moving::leaves(&updated, site.execution, site.root, data.tg_trigtuple) => {
                        Ok(data.tg_trigtuple)
                    }
                    _ => judge::delete(site, data),
                }
            }
        }
    }
}

unsafe fn bind(data: &pg_sys::TriggerData, execution: usize) -> Result<Site> {
    // SAFETY: the trigger's arguments and relation live as long as the statement.
    unsafe {
        let trigger = &*data.tg_trigger;
        if trigger.tgnargs != 1 {
            return Err(internal("docacl.row_trigger without its argument"));
        }
        let text = CStr::from_ptr(*trigger.tgargs).to_str().map_err(|_| internal("a spec that is not UTF-8"))?;
        let spec = Spec::parse(text)?;
        refuse_later_triggers(data)?;
        let columns = tuple::Columns::of(data.tg_relation, &spec)?;
        let parent = parent::Parent::of(&spec, &columns.parent)?;
        let itself = itself::Itself::of(&spec, data.tg_relation)?;
        let mapped = spec.update_actions();
        let exempt = is_exempt(data.tg_relation);
        let relation = (*data.tg_relation).rd_id;
        let is_partition = (*(*data.tg_relation).rd_rel).relispartition;
        let root = crate::protect::tree::root_of(relation);
        let snap = Snap::statement();
        let bound = match freshness::session_principal(&snap)? {
            Some(id) if !exempt => {
                let ring = freshness::ring(id, &snap)?;
                let shape = Rc::new(spec.shape());
                let types: Vec<Type> = columns.shape.iter().map(|c| Type::of(c.ty)).collect();
                let new_shape = Rc::new(shape.as_new());
                let new_types: Vec<Type> = columns.new_shape.iter().map(|c| Type::of(c.ty)).collect();
                Some(BoundRow {
                    old: Bound::new(ring.clone(), shape, &types, &snap)?,
                    new: Bound::new(ring, new_shape, &new_types, &snap)?,
                })
            }
            None if !exempt => {
                identity::refuse_nobody()?;
                None
            }
            _ => None,
        };
        Ok(Site {
            spec,
            columns,
            parent,
            itself,
            mapped,
            exempt,
            bound,
            latest: now::Latest::default(),
            references: references::Checked::default(),
            root,
            relation,
            is_partition,
            execution,
            updated: None,
            identity: identity::Seen::now(),
        })
    }
}

/// Whether row security does not apply to this session: superuser, BYPASSRLS, a foreign key's action.
unsafe fn is_exempt(relation: pg_sys::Relation) -> bool {
    let applies = |relation| {
        // SAFETY: a relation that exists.
        let standing = unsafe { pg_sys::check_enable_rls(relation, pg_sys::Oid::INVALID, true) };
        standing == pg_sys::CheckEnableRlsResult::RLS_ENABLED as i32
    };
    // SAFETY: an open relation.
    let relation = unsafe { (*relation).rd_id };
    // A partition's owner may be another than the root's, whose standing counts where the statement names the root.
    !applies(relation) || !applies(crate::protect::tree::root_of(relation))
}

fn not_a_trigger() -> pgrx::pg_sys::panic::ErrorReport {
    crate::error::unsupported(
        "a trigger function of docacl was not called by a trigger",
        "Triggers of protected tables are written by acl_protect only.",
    )
}

/// 55000 where another BEFORE ROW trigger fires after this one: it could change the row after it was judged.
unsafe fn refuse_later_triggers(data: &pg_sys::TriggerData) -> Result<()> {
    // SAFETY: the descriptor of an open relation with at least one trigger; names are C strings.
    unsafe {
        let described = &*(*data.tg_relation).trigdesc;
        let all = std::slice::from_raw_parts(described.triggers, described.numtriggers as usize);
        let mine = CStr::from_ptr((*data.tg_trigger).tgname);
        let before_row = (pg_sys::TRIGGER_TYPE_ROW | pg_sys::TRIGGER_TYPE_BEFORE) as i16;
        for other in all {
            let name = CStr::from_ptr(other.tgname);
            if other.tgtype & before_row == before_row && name > mine && other.tgenabled as u8 != b'D' {
                return Err(crate::error::wrong_state(
                    format!("trigger \"{}\" fires after docacl has judged the row", name.to_string_lossy()),
                    "Give it a name that sorts before \"~docacl_row\", or make it an AFTER trigger.",
                ));
            }
        }
    }
    Ok(())
}
