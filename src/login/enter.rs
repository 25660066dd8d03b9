//! Which function (screen) is in use. It never widens: it swaps the function asked of a table for another that serves
//! the table, and closes tables that it does not serve.

use pgrx::prelude::*;

use crate::admin::address::{self, Ref};
use crate::admin::asker::Asker;
use crate::error::{self, Result};
use crate::facts::Resource;
use crate::scan::Snap;
use crate::{freshness, identity, lookup};

/// Enters a function; null leaves it. Local means for the transaction.
#[pg_extern(volatile, parallel_unsafe)]
fn acl_enter(function: Option<&str>, local: default!(Option<bool>, "true")) -> Result<()> {
    let local = local.ok_or_else(|| error::null("local"))?;
    super::require_block("acl_enter", local)?;
    let Some(written) = function else {
        return identity::enter(None, local);
    };
    identity::refuse_lasting(local)?;
    let asker = Asker::now()?;
    let kind = address::kind("function", &asker.snap)?;
    let visible = |r: &Resource| asker.sees(r);
    let found =
        address::resource_where(&asker, &kind, Ref::Name(written), &visible, || error::unknown("function", written))?;
    if found.is_star {
        return Err(error::bad("all functions cannot be entered", "Name one of them."));
    }
    identity::enter(Some(found.id), local)
}

/// The function that a table with constants asks of a principal: the first that the table names; for who has entered
/// one, that one if the table names it, else none, which closes the row. Questions about others than the session's
/// principal are about who has entered none.
pub fn of_table(names: &[String], account: i64, principal: i64, snap: &Snap) -> Result<Option<Resource>> {
    let resolve = |name: &str| -> Result<Option<Resource>> {
        Ok(match lookup::by_name_or_path(account, "function", name, snap)?.as_slice() {
            [one] if !one.is_star => Some(one.clone()),
            _ => None,
        })
    };
    match entered_by(principal, snap)? {
        None => names.first().map_or(Ok(None), |name| resolve(name)),
        Some(entered) => {
            for name in names {
                if let Some(found) = resolve(name)?
                    && found.id == entered
                {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        }
    }
}

/// The function that a principal has entered, if it is the session's.
pub fn entered_by(principal: i64, snap: &Snap) -> Result<Option<i64>> {
    match identity::entered() {
        Some(entered) if freshness::session_principal(snap)? == Some(principal) => Ok(Some(entered)),
        _ => Ok(None),
    }
}
