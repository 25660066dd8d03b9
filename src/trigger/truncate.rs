//! The statement trigger that refuses TRUNCATE of a protected table.

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::error::{self, Result};
use crate::scan::Snap;

#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_docacl_truncate_trigger() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// Refuses TRUNCATE to whoever row security applies to, but for system and whoever is admin of every account.
#[doc(hidden)]
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn docacl_truncate_trigger(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: called by PostgreSQL as a trigger, which is checked first; a statement trigger returns nothing.
    unsafe {
        if let Err(e) = judge(fcinfo) {
            crate::check::raise(e);
        }
        pg_sys::Datum::from(0usize)
    }
}

unsafe fn judge(fcinfo: pg_sys::FunctionCallInfo) -> Result<()> {
    // SAFETY: the context of a trigger call is its TriggerData, whose relation is open.
    unsafe {
        let context = (*fcinfo).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
            return Err(super::not_a_trigger());
        }
        let relation = (*(context as *const pg_sys::TriggerData)).tg_relation;
        if super::is_exempt(relation) || super::judge::is_admin_everywhere(&Snap::statement())? {
            return Ok(());
        }
        Err(error::denied(
            format!("permission denied to truncate table \"{}\"", super::refusals::table_name(relation)),
            "Only system, an admin of every account and sessions exempt from row security truncate a protected table.",
        ))
    }
}
