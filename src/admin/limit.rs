//! `acl_set_limit`: the most that anybody but admins and system may do to rows under a resource.
//!
//! Admins only: a manager who could lift a limit would not be bound by it. For the same reason nobody else moves a
//! resource out from under one ([`check_move`]). Otherwise a limit says nothing about the resource itself: whoever may
//! rename it or grant on it may go on to.

use docacl_core::{Actions, action, kind as core_kind};
use pgrx::prelude::*;

use super::address::{self, Ref, given, named, with_id};
use super::asker::Asker;
use super::{words, write};
use crate::error::{self, Result};
use crate::facts::{self, Kind, Resource};
use crate::limits::Limits;
use crate::scan::Snap;

#[pg_extern]
fn acl_set_limit(kind: Option<&str>, resource: Option<&str>, actions: Option<&str>) -> Result<()> {
    set(given("kind", kind)?, named("resource", resource)?, actions)
}

#[pg_extern(name = "acl_set_limit")]
fn acl_set_limit_id(kind: Option<&str>, resource: Option<i64>, actions: Option<&str>) -> Result<()> {
    set(given("kind", kind)?, with_id("resource", resource)?, actions)
}

fn set(word: &str, written: Ref, actions: Option<&str>) -> Result<()> {
    let asker = Asker::somebody()?;
    let kind = address::kind(word, &asker.snap)?;
    refuse_without_rows(&kind)?;
    let allowed = |r: &Resource| may_limit(&asker, r);
    let resource = address::resource_where(&asker, &kind, written, &allowed, || {
        error::denied(
            format!("not allowed to set or lift the limit of {} \"{written}\"", kind.name),
            "It needs the account's admin role, a superuser or system: whoever else could would not be bound by it.",
        )
    })?;
    match actions {
        None => write::run("DELETE FROM docacl.resource_limit WHERE resource_id = $1", &[resource.id.into()]),
        Some(actions) => {
            let most = words::of_rows(actions, &asker.snap)?;
            write::run(
                "INSERT INTO docacl.resource_limit AS l (resource_id, account_id, actions, set_by) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (resource_id) DO UPDATE SET actions = excluded.actions, set_by = excluded.set_by, set_at = excluded.set_at
                 WHERE l.actions <> excluded.actions",
                &[resource.id.into(), resource.account.into(), (most.bits() as i64).into(), asker.id().into()],
            )
        }
    }
    .map(drop)
}

fn may_limit(asker: &Asker, resource: &Resource) -> Result<bool> {
    Ok(asker.is_above() || resource.account == asker.account()? && asker.is_admin()?)
}

/// 22023 for what no row lies under: queues and forms, and single rows.
fn refuse_without_rows(kind: &Kind) -> Result<()> {
    let built_in = core_kind::built_in(&kind.name);
    if kind.name == "document" {
        return Err(error::bad(
            "a limit is set on what rows lie under, not on one row",
            "Limit its location or another resource that it refers to, or make the row immutable.",
        ));
    }
    if built_in.is_some_and(|k| k.gate.is_none()) {
        return Err(error::bad(
            format!("no rows lie under kind {}", kind.name),
            "A limit is set on a resource that rows refer to: a location, a document type, a project, a company …",
        ));
    }
    Ok(())
}

/// 42501 where a move would take a resource out from under a limit, and the asker could not lift it.
pub fn check_move(asker: &Asker, resource: &Resource, parent: Option<i64>, snap: &Snap) -> Result<()> {
    if may_limit(asker, resource)? {
        return Ok(());
    }
    let limits = Limits::of(resource.account, snap)?;
    let before = limits.on_resource(resource, snap)?;
    let after = limits.on_resource(&Resource { parent, ..resource.clone() }, snap)?;
    if before.contains(after) {
        return Ok(());
    }
    Err(error::denied(
        format!("not allowed to move {} \"{}\" out from under a limit", resource.kind, resource.name),
        "Rows under it would be less limited than they are: that needs the account's admin role.",
    ))
}

/// 42501 where a form would put a document under a limit that leaves neither add nor complete_form.
pub fn check_form(asker: &Asker, form: &Resource, parts: [i64; 2]) -> Result<()> {
    if may_limit(asker, form)? {
        return Ok(());
    }
    let limits = Limits::of(form.account, &asker.snap)?;
    for part in parts {
        if let Some(part) = facts::resource(part, &asker.snap)?
            && !limits.on_resource(&part, &asker.snap)?.intersects(Actions::ADD | Actions::COMPLETE_FORM)
        {
            return Err(error::denied(
                format!("form \"{}\" makes no documents now", form.name),
                "A limit on its document type or its location leaves no room for new ones; admins of the account lift it.",
            ));
        }
    }
    Ok(())
}

/// 42501 where a limit leaves an action out of what may be done with a row that is a resource itself, and with all under
/// it: such a row is asked what resources are asked, which no limit is about, and is a row all the same.
pub fn require(asker: &Asker, resource: &Resource, action: Actions) -> Result<()> {
    if may_limit(asker, resource)? {
        return Ok(());
    }
    let snap = Snap::latest();
    if Limits::of(resource.account, &snap)?.on_resource(resource, &snap)?.contains(action) {
        return Ok(());
    }
    let name = action::names(action, &[]).join(", ");
    Err(error::denied(
        format!("permission denied: {name} of a {} under a limit", resource.kind),
        format!("A limit on it or on what it lies in leaves {name} out; admins of the account lift it."),
    ))
}

/// The same of one that comes to lie there: add.
pub fn require_place(asker: &Asker, kind: &Kind, parent: Option<i64>) -> Result<()> {
    let new = Resource {
        id: 0,
        account: asker.account()?,
        kind: kind.name.clone(),
        parent,
        inherits: false,
        is_star: false,
        name: String::new(),
        key: None,
        relation: None,
        row_key: None,
    };
    require(asker, &new, Actions::ADD)
}
