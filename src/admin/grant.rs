//! Granting and revoking.

use docacl_core::Actions;
use pgrx::prelude::*;

use super::address::{self, Ref, given, named, with_id};
use super::asker::Asker;
use super::authority::Deed;
use super::period::Period;
use super::row::Row;
use super::{grants, remains, words};
use crate::error::{self, Result};
use crate::facts::{self, Principal, PrincipalKind, Resource};
use crate::scan::Snap;

#[pg_extern]
fn acl_grant(
    principal: Option<&str>,
    actions: Option<&str>,
    kind: Option<&str>,
    resource: Option<&str>,
    valid_from: default!(Option<TimestampWithTimeZone>, "NULL"),
    valid_until: default!(Option<TimestampWithTimeZone>, "NULL"),
    note: default!(Option<&str>, "NULL"),
) -> Result<bool> {
    let (who, what) = (given("principal", principal)?, given("actions", actions)?);
    let (kind, on) = (given("kind", kind)?, named("resource", resource)?);
    let asker = Asker::somebody()?;
    let target = target(&asker, kind, on)?;
    grant_on(&asker, &target.into_granted(&asker)?, who, what, Period::new(valid_from, valid_until)?, note)
}

#[pg_extern(name = "acl_grant")]
fn acl_grant_id(
    principal: Option<&str>,
    actions: Option<&str>,
    kind: Option<&str>,
    resource: Option<i64>,
    valid_from: default!(Option<TimestampWithTimeZone>, "NULL"),
    valid_until: default!(Option<TimestampWithTimeZone>, "NULL"),
    note: default!(Option<&str>, "NULL"),
) -> Result<bool> {
    let (who, what) = (given("principal", principal)?, given("actions", actions)?);
    let (kind, on) = (given("kind", kind)?, with_id("resource", resource)?);
    let asker = Asker::somebody()?;
    let target = target(&asker, kind, on)?;
    grant_on(&asker, &target.into_granted(&asker)?, who, what, Period::new(valid_from, valid_until)?, note)
}

#[pg_extern]
fn acl_revoke(
    principal: Option<&str>,
    actions: Option<&str>,
    kind: Option<&str>,
    resource: Option<&str>,
) -> Result<bool> {
    let (who, what) = (given("principal", principal)?, given("actions", actions)?);
    let (kind, on) = (given("kind", kind)?, named("resource", resource)?);
    let asker = Asker::somebody()?;
    let target = target(&asker, kind, on)?;
    revoke(&asker, &target, who, what)
}

#[pg_extern(name = "acl_revoke")]
fn acl_revoke_id(
    principal: Option<&str>,
    actions: Option<&str>,
    kind: Option<&str>,
    resource: Option<i64>,
) -> Result<bool> {
    let (who, what) = (given("principal", principal)?, given("actions", actions)?);
    let (kind, on) = (given("kind", kind)?, with_id("resource", resource)?);
    let asker = Asker::somebody()?;
    let target = target(&asker, kind, on)?;
    revoke(&asker, &target, who, what)
}

#[pg_extern]
fn acl_set_grant(
    principal: Option<&str>,
    actions: Option<&str>,
    kind: Option<&str>,
    resource: Option<&str>,
) -> Result<()> {
    let (who, what) = (given("principal", principal)?, given("actions", actions)?);
    set_grant(who, what, given("kind", kind)?, named("resource", resource)?)
}

#[pg_extern(name = "acl_set_grant")]
fn acl_set_grant_id(
    principal: Option<&str>,
    actions: Option<&str>,
    kind: Option<&str>,
    resource: Option<i64>,
) -> Result<()> {
    let (who, what) = (given("principal", principal)?, given("actions", actions)?);
    set_grant(who, what, given("kind", kind)?, with_id("resource", resource)?)
}

#[pg_extern]
fn acl_copy_grants(from_principal: Option<&str>, to_principal: Option<&str>) -> Result<()> {
    let (from, to) = (given("from_principal", from_principal)?, given("to_principal", to_principal)?);
    let asker = Asker::somebody()?;
    // It speaks of everything that a principal holds: who manages no roles shall not probe for principals by it.
    asker.require_on_account(Actions::MANAGE_ROLES, "copy grants")?;
    let (from, to) = (grantee(&asker, from)?, grantee(&asker, to)?);
    let mut held = Vec::new();
    facts::grants_of(from.id, &asker.snap, |g| held.push(g))?;
    // What follows a rule is not copied: it would stay when the rule no longer gives it.
    held.retain(|g| grants::by_hand(g) && !grants::period_of(g).is_over(super::asker::now()));
    let (mut notes, mut copies) = (grants::notes(&held)?, Vec::new());
    for grant in held {
        let resource =
            facts::resource(grant.resource, &asker.snap)?.ok_or_else(|| error::internal("a grant on nothing"))?;
        let actions = Actions::from_bits_retain(grant.actions);
        if !asker.may(Deed::Grant, &resource)? {
            return Err(error::denied(
                "not allowed to grant everything that is to be copied",
                "Copying asks for each resource what granting on it asks; an administrator may copy everything.",
            ));
        }
        check_hand_on(&asker, actions, &resource)?;
        copies.push(grants::New { note: notes.remove(&grant.id), ..copied(&grant, &to, &resource) });
    }
    grants::give_all(&copies, asker.id(), &Snap::fresh()).map(drop)
}

fn copied(grant: &facts::Grant, to: &Principal, resource: &Resource) -> grants::New {
    grants::New { principal: to.id, ..grants::New::copy(grant, resource) }
}

/// What is granted on, or revoked from.
enum Target {
    Resource(Resource),
    /// A row of the default documents table; its own list is made when something is granted.
    Row(Row),
}

impl Target {
    fn into_granted(self, asker: &Asker) -> Result<Resource> {
        match self {
            Target::Resource(resource) => Ok(resource),
            Target::Row(row) => row.list(asker),
        }
    }
}

/// That on which the asker may grant.
fn target(asker: &Asker, kind: &str, written: Ref) -> Result<Target> {
    let kind = address::kind(kind, &asker.snap)?;
    if kind.name == "document" {
        return Row::of_documents(asker, &written.to_string()).map(Target::Row);
    }
    address::resource(asker, &kind, written, Deed::Grant).map(Target::Resource)
}

/// Who may be granted to: everybody but `system`.
fn grantee(asker: &Asker, written: &str) -> Result<Principal> {
    let principal = address::principal(asker, written)?;
    if principal.kind == PrincipalKind::System {
        return Err(address::system_is_untouchable());
    }
    Ok(principal)
}

/// Grants on a resource on which the asker may grant. Whether anything changed.
pub fn grant_on(
    asker: &Asker,
    on: &Resource,
    who: &str,
    what: &str,
    period: Period,
    note: Option<&str>,
) -> Result<bool> {
    let principal = grantee(asker, who)?;
    let actions = words::granted_some(what, &on.kind, &asker.snap)?;
    check_account(&principal, on)?;
    check_hand_on(asker, actions, on)?;
    let new = grants::New {
        period,
        note: note.map(str::to_owned),
        ..grants::New::on(principal.id, on.id, on.account, actions)
    };
    grants::give(&new, asker.id(), &asker.snap)
}

/// Revokes on a resource on which the asker may grant. Whether anything changed.
pub fn revoke_on(asker: &Asker, on: &Resource, who: &str, what: &str) -> Result<bool> {
    let principal = grantee(asker, who)?;
    let actions = words::granted_some(what, &on.kind, &asker.snap)?;
    check_account(&principal, on)?;
    refuse_ruled(&principal, on, actions, &asker.snap)?;
    let changed = grants::close(principal.id, on.id, actions, asker.id())?;
    remains::notice(asker, &principal, on, actions)?;
    Ok(changed)
}

fn revoke(asker: &Asker, target: &Target, who: &str, what: &str) -> Result<bool> {
    match target {
        Target::Resource(resource) => revoke_on(asker, resource, who, what),
        Target::Row(row) => revoke_on_row(asker, row, who, what),
    }
}

/// Revokes on a row's own list. A row without one has nothing to revoke, but its location may give it all the same.
pub fn revoke_on_row(asker: &Asker, row: &Row, who: &str, what: &str) -> Result<bool> {
    let (list, location) = row.list_if_any()?;
    if let Some(list) = list {
        return revoke_on(asker, &list, who, what);
    }
    let principal = grantee(asker, who)?;
    let actions = words::granted_some(what, "document", &asker.snap)?;
    if let Some(location) = location {
        remains::notice(asker, &principal, &location, actions)?;
    }
    Ok(false)
}

/// Exactly these by hand, without limits in time.
fn set_grant(who: &str, what: &str, kind: &str, written: Ref) -> Result<()> {
    let asker = Asker::somebody()?;
    let target = target(&asker, kind, written)?;
    let principal = grantee(&asker, who)?;
    if let Target::Row(row) = &target
        && words::granted(what, "document", &asker.snap)?.is_empty()
        && row.list_if_any()?.0.is_none()
    {
        return Ok(());
    }
    let on = target.into_granted(&asker)?;
    let wanted = words::granted(what, &on.kind, &asker.snap)?;
    check_account(&principal, &on)?;
    check_hand_on(&asker, wanted, &on)?;
    grants::close(principal.id, on.id, Actions::EVERYTHING - wanted, asker.id())?;
    if !wanted.is_empty() {
        // Rows of wanted actions with a period are less than always: the new row adds what they lack.
        grants::give(&grants::New::on(principal.id, on.id, on.account, wanted), asker.id(), &Snap::fresh())?;
    }
    Ok(())
}

fn check_account(principal: &Principal, on: &Resource) -> Result<()> {
    if principal.account == Some(on.account) {
        return Ok(());
    }
    Err(error::inconsistent(
        "principal and resource are of different accounts",
        "Grants stay inside one account; set docacl.account to the account in which to work.",
    ))
}

/// 42501 for actions of administration that the asker may not give on this resource.
pub fn check_hand_on(asker: &Asker, actions: Actions, on: &Resource) -> Result<()> {
    if asker.may_hand_on(actions, on)? {
        return Ok(());
    }
    Err(error::denied(
        "not allowed to grant an action of administration that you do not hold",
        "Only an administrator gives what he does not hold himself.",
    ))
}

/// 0A000 where these actions come from a rule alone: what a rule gave, the rule would give again.
fn refuse_ruled(principal: &Principal, on: &Resource, actions: Actions, snap: &Snap) -> Result<()> {
    let held = grants::of_pair(principal.id, on.id, snap)?;
    let mine = |g: &&facts::Grant| Actions::from_bits_retain(g.actions).intersects(actions);
    if held.iter().filter(mine).any(grants::by_hand) {
        return Ok(());
    }
    let Some(ruled) = held.iter().find(mine) else { return Ok(()) };
    let rule = match ruled.source.as_str() {
        "auto" => crate::rules::of_grant(ruled.id)?,
        _ => None,
    };
    Err(error::unsupported(
        match rule {
            Some(about) => format!("this grant follows the rule on {about} and is not revoked by hand"),
            None => format!("this grant follows a rule (source {}) and is not revoked by hand", ruled.source),
        },
        "Change the data that the rule reads, or drop the rule.",
    ))
}
