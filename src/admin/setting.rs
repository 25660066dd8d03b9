//! Settings of accounts, environments and companies, for the application to read: docacl itself reads none of them.
//!
//! A company's own goes before its environment's, that before the account's. Along the tree, not along `inherits`:
//! that speaks of grants.

use docacl_core::Actions;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::address::{self, Ref, given, named, with_id};
use super::asker::Asker;
use super::{names, write};
use crate::error::{self, Result};
use crate::facts::{self, Kind, Resource};
use crate::jsonb::Jsonb;
use crate::scan::Snap;

/// The kinds that have settings, outermost first.
const KINDS: [&str; 3] = ["account", "environment", "company"];

#[pg_extern]
fn acl_set(kind: Option<&str>, resource: Option<&str>, name: Option<&str>, value: Option<Jsonb>) -> Result<()> {
    set(given("kind", kind)?, named("resource", resource)?, given("name", name)?, value)
}

#[pg_extern(name = "acl_set")]
fn acl_set_id(kind: Option<&str>, resource: Option<i64>, name: Option<&str>, value: Option<Jsonb>) -> Result<()> {
    set(given("kind", kind)?, with_id("resource", resource)?, given("name", name)?, value)
}

#[pg_extern(stable, parallel_safe)]
fn acl_setting(kind: Option<&str>, resource: Option<&str>, name: Option<&str>) -> Result<Option<Jsonb>> {
    effective(given("kind", kind)?, named("resource", resource)?, given("name", name)?)
}

#[pg_extern(name = "acl_setting", stable, parallel_safe)]
fn acl_setting_id(kind: Option<&str>, resource: Option<i64>, name: Option<&str>) -> Result<Option<Jsonb>> {
    effective(given("kind", kind)?, with_id("resource", resource)?, given("name", name)?)
}

fn set(word: &str, written: Ref, name: &str, value: Option<Jsonb>) -> Result<()> {
    let asker = Asker::somebody()?;
    let kind = kind_with_settings(word, &asker.snap)?;
    let allowed = |r: &Resource| may_configure(&asker, r);
    let resource = address::resource_where(&asker, &kind, written, &allowed, || refused(&kind.name, written))?;
    names::check("name", name)?;
    match value {
        None => write::run(
            "DELETE FROM docacl.setting WHERE resource_id = $1 AND name = $2",
            &[resource.id.into(), name.into()],
        ),
        Some(value) => write::run(
            "INSERT INTO docacl.setting AS s (account_id, resource_id, name, value, set_by) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (resource_id, name) DO UPDATE SET value = excluded.value, set_by = excluded.set_by, set_at = excluded.set_at
             WHERE s.value <> excluded.value",
            &[resource.account.into(), resource.id.into(), name.into(), value.into(), asker.id().into()],
        ),
    }
    .map(drop)
}

/// The value that holds for a resource: its own, else that of what it lies in.
fn effective(word: &str, written: Ref, name: &str) -> Result<Option<Jsonb>> {
    let asker = Asker::under(Snap::statement())?;
    let kind = kind_with_settings(word, &asker.snap)?;
    if asker.principal.is_none() && !asker.is_above() {
        return Ok(None);
    }
    let visible = |r: &Resource| sees(&asker, r);
    let mut at = match address::resource_where(&asker, &kind, written, &visible, || error::null("")) {
        Ok(found) => found,
        // Whoever does not administer the account is told nothing of what he may not see, not even that.
        Err(unknown) => return if asker.is_admin()? { Err(unknown) } else { Ok(None) },
    };
    loop {
        if let Some(value) = facts::setting(at.id, name, &asker.snap)? {
            return Ok(Some(value));
        }
        match at.parent.map(|up| facts::resource(up, &asker.snap)).transpose()?.flatten() {
            Some(up) => at = up,
            None => return Ok(None),
        }
    }
}

fn kind_with_settings(word: &str, snap: &Snap) -> Result<Kind> {
    let kind = address::kind(word, snap)?;
    if KINDS.contains(&kind.name.as_str()) {
        return Ok(kind);
    }
    Err(error::bad(
        format!("kind {} has no settings", kind.name),
        format!("Kinds with settings are: {}.", KINDS.join(", ")),
    ))
}

/// Line "settings" of the table of authority. Configure is granted on the account or an environment and reaches the
/// companies below.
fn may_configure(asker: &Asker, resource: &Resource) -> Result<bool> {
    Ok(asker.is_above()
        || resource.account == asker.account()?
            && (asker.is_admin()? || asker.actions_on(resource)?.contains(Actions::CONFIGURE)))
}

/// Whether the asker sees the settings of a resource: where he sees it, or configures it.
pub fn sees(asker: &Asker, resource: &Resource) -> Result<bool> {
    Ok(asker.sees(resource)? || may_configure(asker, resource)?)
}

fn refused(kind: &str, written: Ref) -> ErrorReport {
    error::denied(
        format!("not allowed to configure {kind} \"{written}\""),
        "It needs configure on the account or on the environment.",
    )
}
