//! The statement trigger that refuses TRUNCATE of a protected table.

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::scan::Snap;

/// Refuses TRUNCATE of a protected table to whoever row security applies to, but for system and whoever is
/// admin of every account.
#[pg_trigger(sql = false)]
fn docacl_truncate_trigger<'a>(
    trigger: &'a pgrx::PgTrigger<'a>,
) -> Result<Option<PgHeapTuple<'a, pgrx::AllocatedByPostgres>>, pgrx::pg_sys::panic::ErrorReport> {
    let relation = trigger.relation().map_err(|e| crate::error::internal(e.to_string()))?;
    // SAFETY: a look at the session's standing towards a table that is open.
    let exempt = unsafe { pg_sys::check_enable_rls(relation.oid(), pg_sys::Oid::INVALID, true) }
        != pg_sys::CheckEnableRlsResult::RLS_ENABLED as i32;
    let snap = Snap::statement();
    if exempt || super::judge::is_admin_everywhere(&snap)? {
        return Ok(None);
    }
    Err(crate::error::denied(
        format!("permission denied to truncate table \"{}\"", relation.name()),
        "Only system, an admin of every account and sessions exempt from row security truncate a protected table.",
    ))
}
