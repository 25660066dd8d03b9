//! What is said to whoever may not: the action and the gate that refused, and nothing else.

use docacl_core::{Actions, action};
use pgrx::pg_sys;

use crate::bound::Bound;
use crate::error::{Result, denied};
use crate::facts;
use crate::scan::Snap;

/// What the table is called.
pub unsafe fn table_name(relation: pg_sys::Relation) -> String {
    // SAFETY: an open relation's class entry.
    unsafe { std::ffi::CStr::from_ptr((*(*relation).rd_rel).relname.data.as_ptr()).to_string_lossy().into_owned() }
}

/// 42501: nobody is asking.
pub fn nobody(table: &str) -> pgrx::pg_sys::panic::ErrorReport {
    denied(
        format!("permission denied for table \"{table}\": nobody is logged in"),
        "Log in with acl_set_user, or have the database role mapped with acl_map.",
    )
}

/// 42501: docacl alone writes this column.
pub fn own_acl_refused(table: &str) -> pgrx::pg_sys::panic::ErrorReport {
    denied(
        format!("permission denied to write a row's own list in table \"{table}\""),
        "Use acl_grant_row, acl_revoke_row and acl_set_row_inherits.",
    )
}

/// 42501 naming the action and the gate that refused; `but`: a gate that is not asked.
pub fn refusal(
    table: &str,
    actions: Actions,
    bound: &Bound,
    row: &Vec<Option<pg_sys::Datum>>,
    snap: &Snap,
    but: Option<usize>,
) -> Result<pgrx::pg_sys::panic::ErrorReport> {
    let custom = facts::custom_actions(snap)?;
    let name = action::names(actions, &custom).join(", ");
    let mut gates = bound.gate_keys(row, snap)?;
    if let Some(but) = but.filter(|at| *at < gates.len()) {
        gates.remove(but);
    }
    let shut = gates.iter().find(|(_, key)| key.is_some_and(|k| !k.permits().contains(actions)));
    let hint = match shut {
        Some((gate, Some(key))) if !key.limit().contains(actions) => return Ok(limited(table, &name, gate)),
        Some((gate, _)) => {
            format!("Gate {gate} does not let {name} through; whoever administers it can grant it.")
        }
        None if gates.iter().any(|(_, key)| key.is_some()) => {
            format!("No gate of the row gives {name}, or a rule of the row forbids it.")
        }
        None => format!("The row has no gate, and {name} is not its owner's."),
    };
    let gate = shut.map(|(gate, _)| format!(" (gate \"{gate}\")")).unwrap_or_default();
    Ok(denied(format!("permission denied: {name} on table \"{table}\"{gate}"), hint))
}

/// 42501: a limit leaves the action out.
pub fn limited(table: &str, action: &str, gate: &str) -> pgrx::pg_sys::panic::ErrorReport {
    denied(
        format!("permission denied: {action} on table \"{table}\" (gate \"{gate}\")"),
        format!("A limit on what gate {gate} refers to leaves {action} out; admins of the account lift it."),
    )
}
