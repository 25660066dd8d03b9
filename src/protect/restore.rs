//! Restoring a dump: pg_dump writes the policies of an extension's tables out, although CREATE EXTENSION has made them
//! already (it knows no initial policies as it knows initial privileges). Before such a policy is made again, the one
//! that is there goes.

use std::ffi::CStr;

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::check::raise;
use crate::error::{Result, internal};

/// The name of every policy on docacl's own tables.
const POLICY: &CStr = c"docacl_sees";

#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_docacl_restore_policy() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// `docacl.restore_policy()`: an event trigger on the start of CREATE POLICY.
#[doc(hidden)]
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn docacl_restore_policy(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: PostgreSQL calls with a valid fcinfo.
    if let Err(e) = unsafe { replace(fcinfo) } {
        raise(e);
    }
    pg_sys::Datum::from(0usize)
}

unsafe fn replace(fcinfo: pg_sys::FunctionCallInfo) -> Result<()> {
    // SAFETY: a context of that tag is an EventTriggerData, whose parse tree lives as long as the command; names in it
    // are null or C strings.
    let table = unsafe {
        let context = (*fcinfo).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_EventTriggerData {
            return Err(internal("restore_policy is an event trigger"));
        }
        let tree = (*(context as *mut pg_sys::EventTriggerData)).parsetree;
        if tree.is_null() || (*tree).type_ != pg_sys::NodeTag::T_CreatePolicyStmt {
            return Ok(());
        }
        let statement = &*(tree as *mut pg_sys::CreatePolicyStmt);
        let table = &*statement.table;
        if CStr::from_ptr(statement.policy_name) != POLICY
            || table.schemaname.is_null()
            || CStr::from_ptr(table.schemaname) != c"docacl"
        {
            return Ok(());
        }
        CStr::from_ptr(table.relname).to_string_lossy().into_owned()
    };
    // As whoever restores: who does not own the table is refused here as he would be in a moment.
    let table = pgrx::spi::quote_identifier(table);
    Spi::run(&format!("DROP POLICY IF EXISTS docacl_sees ON docacl.{table}")).map_err(|e| internal(e.to_string()))
}
