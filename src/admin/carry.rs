//! Grants carried over: from one resource to another, and all the way down a tree.

use docacl_core::Actions;
use pgrx::prelude::*;

use super::address::{self, Ref, given, named, with_id};
use super::asker::Asker;
use super::authority::{Deed, needs};
use super::row::Row;
use super::{grant, grants, resource, write};
use crate::error::{self, Result};
use crate::facts::{self, Grant, Resource};
use crate::scan::Snap;

macro_rules! copy_resource_grants {
    ($function:ident, $from:ty, $read_from:ident, $to:ty, $read_to:ident) => {
        #[pg_extern(name = "acl_copy_resource_grants")]
        fn $function(kind: Option<&str>, from_resource: Option<$from>, to_resource: Option<$to>) -> Result<()> {
            let (from, to) = ($read_from("from_resource", from_resource)?, $read_to("to_resource", to_resource)?);
            copy(given("kind", kind)?, from, to)
        }
    };
}

copy_resource_grants!(acl_copy_resource_grants, &str, named, &str, named);
copy_resource_grants!(acl_copy_resource_grants_id, i64, with_id, i64, with_id);
copy_resource_grants!(acl_copy_resource_grants_to_id, &str, named, i64, with_id);
copy_resource_grants!(acl_copy_resource_grants_from_id, i64, with_id, &str, named);

#[pg_extern]
fn acl_apply_to_children(kind: Option<&str>, resource: Option<&str>) -> Result<()> {
    apply(given("kind", kind)?, named("resource", resource)?)
}

#[pg_extern(name = "acl_apply_to_children")]
fn acl_apply_to_children_id(kind: Option<&str>, resource: Option<i64>) -> Result<()> {
    apply(given("kind", kind)?, with_id("resource", resource)?)
}

/// Grants on one resource what is granted on another itself, periods and notes included.
fn copy(word: &str, from: Ref, to: Ref) -> Result<()> {
    let asker = Asker::somebody()?;
    let kind = address::kind(word, &asker.snap)?;
    let (held, to) = if kind.name == "document" {
        let from = Row::of_documents(&asker, &from.to_string())?;
        let to = Row::of_documents(&asker, &to.to_string())?;
        // A row without a list has nothing to give, and then the other needs none either.
        match from.list_if_any()?.0 {
            Some(list) => (live(&list)?, to.list(&asker)?),
            None => return Ok(()),
        }
    } else {
        // Whoever copies grants is told by it what they are: it takes on both what granting takes.
        let from = address::resource(&asker, &kind, from, Deed::Grant)?;
        let to = address::resource(&asker, &kind, to, Deed::Grant)?;
        if from.account != to.account {
            return Err(error::inconsistent(
                "the resources are of different accounts",
                "Grants stay inside one account: grant anew in the other.",
            ));
        }
        (live(&from)?, to)
    };
    let mut notes = grants::notes(&held)?;
    let mut copies = Vec::new();
    for held in held {
        let new = grants::New { note: notes.remove(&held.id), ..grants::New::copy(&held, &to) };
        grant::check_hand_on(&asker, new.actions, &to)?;
        copies.push(new);
    }
    grants::give_all(&copies, asker.id(), &Snap::fresh()).map(drop)
}

/// The grants on a resource that are not over. Not those of rules: a copy would stay when the rule no longer gives it.
fn live(resource: &Resource) -> Result<Vec<Grant>> {
    let now = super::asker::now();
    let mut held = facts::grants_on(resource.id, &Snap::fresh())?;
    held.retain(|g| grants::by_hand(g) && !grants::period_of(g).is_over(now));
    Ok(held)
}

/// Makes everything below a resource take what holds on it, and nothing else: what was granted there by hand ends, and all of it
/// inherits. Rows' own lists stay: they are about single rows.
fn apply(word: &str, written: Ref) -> Result<()> {
    let asker = Asker::somebody()?;
    let kind = address::kind(word, &asker.snap)?;
    if kind.name == "document" {
        return Err(error::bad(
            "nothing lies below a document",
            "Name what holds documents; see acl_set_row_inherits for a row's own list.",
        ));
    }
    let top = address::resource(&asker, &kind, written, Deed::Grant)?;
    // Nothing may be put below, or moved away, while it is being looked at.
    write::lock_structure(top.account)?;
    let below = below(&top, &Snap::latest())?;
    for resource in &below {
        if !asker.may(Deed::Grant, resource)? {
            return Err(error::denied(
                format!("not allowed to change the grants on everything below {} \"{written}\"", kind.name),
                needs(Deed::Grant, &resource.kind),
            ));
        }
    }
    if below.iter().any(|r| !r.inherits) && !asker.is_admin()? {
        // What they take from now on is given by who lets them.
        let taken = facts::grants_on(top.id, &asker.snap)?.into_iter().chain(resource::inherited(&top, &asker.snap)?);
        for held in taken {
            grant::check_hand_on(&asker, Actions::from_bits_retain(held.actions), &top)?;
        }
    }
    let ids: Vec<i64> = below.iter().map(|r| r.id).collect();
    write::run(
        "UPDATE docacl.grants SET revoked_at = now(), revoked_by = $2
         WHERE resource_id = ANY ($1) AND revoked_at IS NULL AND source IN ('manual', 'creator') AND (valid_until IS NULL OR valid_until > now())",
        &[ids.clone().into(), asker.id().into()],
    )?;
    write::run("UPDATE docacl.resource SET inherits = true WHERE id = ANY ($1) AND NOT inherits", &[ids.into()])
        .map(drop)
}

/// Everything below a resource, rows' own lists aside.
fn below(top: &Resource, snap: &Snap) -> Result<Vec<Resource>> {
    let mut out = Vec::new();
    let mut level = vec![top.id];
    while !level.is_empty() {
        let met = out.len();
        facts::resources_below(&level, snap, |r| out.push(r))?;
        level = out.iter().skip(met).map(|r: &Resource| r.id).collect();
    }
    Ok(out)
}
